"""Yearly caps: what of them is used in a contract year, what is left, when both are warned, when it will run out.

Not for what may happen to an entry (`core/cap_entries.py`) and not for who may do it. A cap limits what the hospital
may ask for free; using little of it is never a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from ops_console.core.assessment_facts import MonthFacts
from ops_console.core.contract_facts import CapUse
from ops_console.core.contracts import YearlyCap
from ops_console.core.moments import ZONE
from ops_console.core.months import last_day
from ops_console.core.readings import effective
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.terms import Terms, contract_years

ASKED, RESERVED, USED, RETURNED, HELD = "asked", "reserved", "used", "returned", "held"
STATES = (ASKED, HELD, RESERVED, USED, RETURNED)
LIVE = (ASKED, HELD, RESERVED, USED)
STATE_NAMES = {
    ASKED: "拟占用", HELD: "超额待商定", RESERVED: "已占用", USED: "已核销", RETURNED: "已退回",
}  # fmt: skip
# Why an entry was returned.
WITHDRAWN, CANCELLED, RETYPED, MERGED, EXEMPT, TICKET_ENDED, GIVEN_BACK = (
    "withdrawn", "cancelled", "retyped", "merged", "exempt", "ticket_ended", "given_back",
)  # fmt: skip
WHY_NAMES = {
    WITHDRAWN: "提出方撤回", CANCELLED: "甲方取消", RETYPED: "双方改类型", MERGED: "并入另一项",
    EXEMPT: "上线告知，不占额度", TICKET_ENDED: "工单已办结", GIVEN_BACK: "双方退回占用",
}  # fmt: skip
# How what is over the cap was settled; what is done by an order or freely is done beside the cap and counts in none.
ORDER, GOODWILL, DEFERRED = "order", "goodwill", "deferred"
BESIDE = (ORDER, GOODWILL)
FREE, NEAR, FULL = "free", "near", "full"
MARGIN = 2  # warned at N−2 and at N (domain §1.9)
LEAST_FOR_FORECAST = 2
EARLIEST = 30  # days of the year before its whole count is told: two on the first day would come to 730


@dataclass(frozen=True)
class CapEntry:
    """One 次: one requirement sheet with one acceptance, as its events leave it. Instants are aware UTC.

    `year` is the contract year, from 1, that it counts in or is asked for; once approved, that of the approval's
    Shanghai day. `sheet_on` is the day both parties agreed on the requirement sheet. `why` tells why it was returned,
    `way` how it was settled over the cap, with the `document` and the `fee` in 分. `not_before`: deferred to that day.
    """

    id: int
    contract_id: int
    clause: str
    year: int
    title: str
    requester: str
    side: str
    requested_at: datetime
    recorded_at: datetime
    recorded_by: str = ""
    ticket: str = ""
    state: str = ASKED
    sheet_on: date | None = None
    held_at: datetime | None = None
    approved_at: datetime | None = None
    approved_by: str = ""
    accepted_at: datetime | None = None
    accepted_by: str = ""
    returned_at: datetime | None = None
    why: str = ""
    way: str = ""
    document: str = ""
    fee: int | None = None
    deferred_at: datetime | None = None
    not_before: date | None = None
    into: int | None = None

    @property
    def is_beside(self) -> bool:
        """Whether it is done beside the cap: by a change order, or freely by the vendor."""
        return self.way in BESIDE

    def state_at(self, at: datetime) -> str | None:
        """Given an instant, return the state it had then, or None before it was recorded."""
        if at < self.recorded_at:
            return None
        for moment, state in (
            (self.returned_at, RETURNED), (self.accepted_at, USED), (self.approved_at, RESERVED),
            (self.deferred_at, ASKED), (self.held_at, HELD),
        ):  # fmt: skip
            if moment is not None and moment <= at:
                return state
        return ASKED


@dataclass(frozen=True)
class Forecast:
    """When a cap runs out at the pace of the year so far: `on` is None where it lasts the year, or is too early.

    `by_end`: how many it comes to at the year's end at this pace, None while it is too early to tell.
    """

    on: date | None
    told: Sentence
    by_end: int | None = None


@dataclass(frozen=True)
class CapYear:
    """One cap in one contract year as of a day: the counts of its meter, and the entries behind them.

    `beside` counts what was done beyond it by an order or freely. All but `entries` of a past state is as of `as_of`.
    """

    clause: str
    name: str
    limit: int
    agreement_first: bool
    year: int
    first: date
    last: date
    as_of: date
    opening: int
    document: str
    used: int
    reserved: int
    asked: int
    held: int
    beside: int
    entries: tuple[CapEntry, ...] = ()

    @property
    def taken(self) -> int:
        """What counts: the opening balance, 已占用 and 已核销."""
        return self.opening + self.reserved + self.used

    @property
    def left(self) -> int:
        """How many the hospital may still ask for free this year."""
        return max(self.limit - self.taken, 0)

    @property
    def stage(self) -> str:
        """FREE below N−2, NEAR from there, FULL at N: low is never anything but free."""
        if self.taken >= self.limit:
            return FULL
        return NEAR if self.taken >= self.limit - MARGIN > 0 else FREE

    @property
    def use(self) -> CapUse:
        """The counts as the clause is judged by them."""
        return CapUse(self.opening, self.used, self.reserved, self.asked, self.held)

    @property
    def forecast(self) -> Forecast:
        """When it will be used up at this year's pace. Whole days, rounded up; the opening balance counts in."""
        return forecast(self.taken, self.limit, self.first, self.last, self.as_of)


@lru_cache(maxsize=16)
def in_effect(terms: Terms) -> Terms:
    """Given a contract's terms, return them with what their questions' answers set, made once."""
    return effective(terms)


def cap_name(clause: YearlyCap) -> str:
    """Given a cap's clause, return the short name of what it limits: its ticket types, else the words of the clause."""
    return "、".join(clause.types) or clause.key


def year_of(terms: Terms, day: date) -> tuple[int, date, date] | None:
    """Given terms and a Shanghai day, return its contract year (from 1), first and last day; None outside the term."""
    years = enumerate(contract_years(terms), 1)
    return next(((number, first, last) for number, (first, last) in years if first <= day <= last), None)


def as_frozen(terms: Terms, facts: MonthFacts) -> tuple[CapYear, ...]:
    """Given a contract's terms in effect and a month's facts, return its caps as meters show them."""
    day = last_day(facts.month, facts.as_of)
    found, made = year_of(terms, day), []
    for fact in facts.caps:
        clause = terms.clause(fact.clause)
        if found is None or not isinstance(clause, YearlyCap):
            continue
        _number, first, last = found
        papers = [one.document for one in terms.openings if (one.clause, one.year) == (fact.clause, fact.year)]
        made.append(CapYear(
            fact.clause, cap_name(clause), fact.limit, clause.agreement_first, fact.year, first, last, min(day, last),
            fact.opening, "、".join(one for one in papers if one), fact.used, fact.reserved, fact.asked, fact.held, 0,
        ))  # fmt: skip
    return tuple(made)


def local_day(at: datetime) -> date:
    """Given an instant, return its day in Shanghai: what every count goes by."""
    return at.astimezone(ZONE).date()


def last_instant(day: date) -> datetime:
    """Given a Shanghai day, return its last microsecond: what stands then has happened on or before that day."""
    following = day + timedelta(days=1)
    return datetime(following.year, following.month, following.day, tzinfo=ZONE) - timedelta(microseconds=1)


def count(terms: Terms, entries: Iterable[CapEntry], day: date, as_of: date) -> tuple[CapYear, ...]:
    """Given terms in effect, entries of the contract, a day of the year wanted and the day as of which, return each
    cap's year, in the order of the contract's clauses; none where the day is outside the contract's term.

    By the Shanghai day on which the hospital approved the start: approved on the year's last day at 23:59:59 it
    counts in that year.
    """
    found = year_of(terms, day)
    if found is None:
        return ()
    known, at = tuple(entries), last_instant(as_of)
    caps = (clause for clause in terms.clauses if isinstance(clause, YearlyCap))
    return tuple(_cap_year(terms, cap, known, found, at) for cap in caps)


def _cap_year(
    terms: Terms, cap: YearlyCap, entries: Sequence[CapEntry], year: tuple[int, date, date], at: datetime
) -> CapYear:
    number, first, last = year
    mine = [entry for entry in entries if entry.clause == cap.id and year_at(terms, entry, at) == number]
    states = [(entry.state_at(at), entry.is_beside) for entry in mine]
    opening = [one for one in terms.openings if one.clause == cap.id and one.year == number]
    return CapYear(
        cap.id, cap_name(cap), cap.limit, cap.agreement_first, number, first, last, min(local_day(at), last),
        sum(one.used for one in opening), "、".join(one.document for one in opening if one.document),
        used=states.count((USED, False)), reserved=states.count((RESERVED, False)),
        asked=sum(state == ASKED for state, _ in states), held=sum(state == HELD for state, _ in states),
        beside=states.count((RESERVED, True)) + states.count((USED, True)), entries=tuple(mine),
    )  # fmt: skip


def year_at(terms: Terms, entry: CapEntry, at: datetime) -> int | None:
    """Given terms, an entry and an instant, return the contract year (from 1) it belonged to then, or None.

    Approved: the year of the approval. Deferred: the year it waits for. Not decided yet: the year of the instant, for
    that is where an approval now would count. Returned undecided, or held: that of when it happened.
    """
    state = entry.state_at(at)
    if state is None:
        return None
    if entry.approved_at is not None and entry.approved_at <= at:
        return _number(terms, local_day(entry.approved_at))
    if state == ASKED:
        now = local_day(at)
        is_deferred = entry.not_before is not None and entry.deferred_at is not None and entry.deferred_at <= at
        return _number(terms, max(now, entry.not_before) if is_deferred and entry.not_before else now)
    moment = entry.held_at if state == HELD else entry.returned_at
    return _number(terms, local_day(moment)) if moment is not None else None


def _number(terms: Terms, day: date) -> int | None:
    found = year_of(terms, min(max(day, terms.starts_on), terms.ends_on))
    return found[0] if found else None


def reached(taken: int, limit: int) -> int | None:
    """Given what counts of a cap now, return the highest warning it stands at (N−2 or N), or None below both.

    >>> reached(5, 8), reached(6, 8), reached(7, 8), reached(8, 8), reached(1, 2)
    (None, 6, 6, 8, None)
    """
    return next((mark for mark in (limit, limit - MARGIN) if 0 < mark <= taken), None)


def forecast(taken: int, limit: int, first: date, last: date, as_of: date) -> Forecast:
    """Given what counts of a cap, its year and the day, return when it runs out at this pace.

    >>> forecast(6, 8, date(2026, 1, 1), date(2026, 12, 31), date(2026, 6, 29)).on  # 6 in 180 days: 2 more in 60
    datetime.date(2026, 8, 28)
    """
    if taken < min(LEAST_FOR_FORECAST, limit):
        return Forecast(None, sentence("次数太少，不作预测"))
    days, whole = max((as_of - first).days + 1, 1), (last - first).days + 1
    by_end = max(taken, (2 * taken * whole + days) // (2 * days)) if days >= EARLIEST else None
    if taken >= limit:
        return Forecast(None, sentence("本合同年已用满"), by_end)
    on = as_of + timedelta(days=-(-(limit - taken) * days // taken))
    known = {"n": taken, "days": days}
    if on > last:
        return Forecast(None, sentence("%(days)s 天用了 %(n)s 次，按此速度本合同年够用", **known), by_end)
    told = sentence("%(days)s 天用了 %(n)s 次，按此速度约 %(on)s 用满", on=on.isoformat(), **known)
    return Forecast(on, told, by_end)
