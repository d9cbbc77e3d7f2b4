"""A breach case (安全事故认定, C-55 to C-57): its words, its states, who sees it, and what it costs which month.

Not for who may do what (`core/breach_acts.py`), its clocks (`core/breach_clocks.py`) or clues (`core/breach_clues.py`).
A plain outage is none: hiding it or telling it late is (K8).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ops_console.core.contract_facts import Cases
from ops_console.core.moments import ZONE, month_of, shift_month
from ops_console.core.people import HOSPITAL, VENDOR, Actor, Permission
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.terms import Terms

SUBJECT = "breach"  # of its events and its files
CLAUSE = "C-55"
CONCEALED, TOLD_LATE, LEAKED, DISCLOSED, OTHER = "concealed", "told_late", "leaked", "disclosed", "other"
CATEGORY_NAMES = {
    CONCEALED: "故障瞒报", TOLD_LATE: "未及时上报", LEAKED: "敏感信息泄露", DISCLOSED: "网络泄密",
    OTHER: "其他安全事故",
}  # fmt: skip
CATEGORIES = tuple(CATEGORY_NAMES)
CLUE, FILED, HEARD, UPHELD = "clue", "filed", "heard", "upheld"
APPROVED, EXECUTED, NOT_UPHELD, WITHDRAWN = "approved", "executed", "not_upheld", "withdrawn"
STATE_NAMES = {
    CLUE: "线索", FILED: "已立案，待乙方陈述", HEARD: "待认定", UPHELD: "认定成立，待审批", APPROVED: "已审批，待执行",
    EXECUTED: "已执行", NOT_UPHELD: "认定不成立", WITHDRAWN: "已撤销",
}  # fmt: skip
STATES = tuple(STATE_NAMES)
OPEN = (CLUE, FILED, HEARD, UPHELD, APPROVED)
OCCURRENCE, DISCOVERY, FINDING = "occurrence", "discovery", "finding"
MONTH_NAMES = {OCCURRENCE: "发生之月", DISCOVERY: "发现之月", FINDING: "认定之月"}
SEES: tuple[Permission, ...] = ("breaches.record", "breaches.find", "breaches.approve")


@dataclass(frozen=True)
class Case:
    """A case as it stands, without a word that anybody typed. `month` is whose fee it would cost, "" while unknown.

    The instants are those found; before a finding the hospital's word, where it gave none the vendor's. `is_silent`:
    the vendor said nothing until its time ended. `is_early`: it happened before the clause is judged. `booked_month`:
    the month whose settlement its execution was recorded for.
    """

    id: int
    number: str
    contract_id: int
    category: str
    state: str
    raised_side: str
    raised_at: datetime
    occurred_at: datetime | None = None
    discovered_at: datetime | None = None
    known_at: datetime | None = None
    reported_at: datetime | None = None
    filed_at: datetime | None = None
    statement_due_at: datetime | None = None
    stated_at: datetime | None = None
    is_silent: bool = False
    upheld: bool | None = None
    found_at: datetime | None = None
    found_by: str = ""
    approved_at: datetime | None = None
    approved_by: str = ""
    executed_at: datetime | None = None
    executed_by: str = ""
    withdrawn_at: datetime | None = None
    month: str = ""
    month_rule: str = OCCURRENCE
    booked_month: str = ""
    is_early: bool = False

    @property
    def counts(self) -> bool:
        """Whether it costs anything: upheld, approved by the hospital's leader, and its execution recorded."""
        return bool(self.upheld and self.approved_at and self.executed_at)


def may_see(actor: Actor, raised_side: str, filed_at: datetime | None) -> bool:
    """Given who looks, who raised a case and when it was filed (None: a clue yet), say whether they see it.

    The hospital's clue is the hospital's alone until it is filed; what the vendor raises, it has told the hospital.
    """
    if not any(actor.may(right) for right in SEES):
        return False
    return actor.side == HOSPITAL or (actor.side == VENDOR and (filed_at is not None or raised_side == VENDOR))


def is_secret(raised_side: str, filed_at: datetime | None) -> bool:
    """Given who raised a case and when it was filed, say whether it is the hospital's alone."""
    return raised_side == HOSPITAL and filed_at is None


# -- whose month ------------------------------------------------------------------------------------------------------


def paying_month(
    rule: str, *, occurred_at: datetime | None, discovered_at: datetime | None, found_at: datetime | None
) -> str:
    """Given the rule (C-55 “当月”) and the instants, return the Shanghai month that pays, "" while unknown.

    By `occurrence` unless the parties agreed on another reading; 23:59:59 of the last day is still that month.
    """
    at = {OCCURRENCE: occurred_at, DISCOVERY: discovered_at, FINDING: found_at}.get(rule)
    return month_of(at) if at is not None else ""


def is_before_live(terms: Terms, occurred_at: datetime | None) -> bool:
    """Given the contract's terms and when it happened, say whether that was before the clause is judged."""
    return occurred_at is not None and occurred_at.astimezone(ZONE).date() < terms.live_on(CLAUSE)


def month_fee(terms: Terms, month: str) -> int | None:
    """Given a contract's terms and a month, return its fee in 分; None without a fee, or outside the contract."""
    first, last = terms.starts_on, f"{terms.ends_on:%Y-%m}"
    if terms.fee is None or not f"{first:%Y-%m}" <= month <= last:
        return None
    year, number = (int(part) for part in month.split("-"))
    return terms.fee.of_month(month, ((year - first.year) * 12 + number - first.month) % 12)


# -- the sum ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """What the cases of one month (`origin`) come to in another or the same, in 分 (None: the fee is not known).

    `is_carried`: the month itself was settled before, so that it lands later (结转).
    """

    origin: str
    amount: int | None
    numbers: tuple[str, ...]
    why: Sentence
    is_carried: bool = False


@dataclass(frozen=True)
class Deduction:
    """What is deducted in a month under C-55, line by line; no lines: nothing."""

    month: str
    lines: tuple[Line, ...] = ()

    @property
    def amount(self) -> int | None:
        """The sum in 分; None where a line's is not known."""
        amounts = [line.amount for line in self.lines]
        known = [amount for amount in amounts if amount is not None]
        return sum(known) if len(known) == len(amounts) else None


FeeOfMonth = Callable[[str], int | None]


def deduction(
    cases: Iterable[Case], fee_of_month: FeeOfMonth, month: str, settled_months: Collection[str] = ()
) -> Deduction:
    """Given a contract's cases, the fee of a month (分, None: unknown), a month and the settled ones, return the sum.

    The month's fee once, however many cases of it count (C-55; domain §1.6): the first executed bears it. A case whose
    month is settled lands in the first month after it that is not, unless its execution was recorded for another.
    What is not upheld, not approved or not executed costs nothing; nor what happened before the clause is judged.
    """
    counting = sorted((case for case in cases if case.counts and case.month), key=_order)
    lines = []
    for case in counting:
        if landing(case, settled_months) == month:
            lines.append(_line(case, counting, fee_of_month, month))
    return Deduction(month, tuple(lines))


def _order(case: Case) -> tuple[str, datetime, str]:
    assert case.executed_at is not None
    return case.month, case.executed_at, case.number


def landing(case: Case, settled_months: Collection[str]) -> str:
    """Given a case whose month is known and the settled months, return the month in which it is deducted.

    The one its execution was recorded for; else its own, or the first after it that is not settled.
    """
    if case.booked_month:
        return case.booked_month
    month = case.month
    while month in settled_months:
        month = shift_month(month, 1)
    return month


def _line(case: Case, counting: Sequence[Case], fee_of_month: FeeOfMonth, month: str) -> Line:
    carried = month != case.month
    if case.is_early:
        why = sentence("发生在上线日之前，不考核，不扣款")
        return Line(case.month, 0, (case.number,), why, carried)
    first = next(other for other in counting if other.month == case.month and not other.is_early)
    if first is not case:
        why = sentence("%(month)s 的运维费用已因 %(number)s 扣除一次，不重复扣", month=case.month, number=first.number)
        return Line(case.month, 0, (case.number,), why, carried)
    fee = fee_of_month(case.month)
    if fee is None:
        why = sentence("合同没有填写 %(month)s 的运维费用，算不出金额", month=case.month)
    elif carried:
        why = sentence("结转：%(month)s 已冻结，当月运维费用在本月扣除", month=case.month)
    else:
        why = sentence("经认定和审批，扣除当月运维费用一次")
    return Line(case.month, fee, (case.number,), why, carried)


def counted(cases: Iterable[Case], month: str) -> Cases:
    """Given cases and a month, return how many of that month stand approved and how many wait: what C-55 is judged by.

    Clues count for nothing: nobody has said yet that there is a case.
    """
    of_month = [case for case in cases if case.month == month]
    upheld = sum(1 for case in of_month if case.state in (APPROVED, EXECUTED))
    return Cases(upheld, sum(1 for case in of_month if case.state in (FILED, HEARD, UPHELD)))
