"""A house of tickets in memory that lives a random history and freezes its months as the console does.

For tests of what months say of clocks, and of programs that recompute a month. No database.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from ops_console.core import tickets as core
from ops_console.core.assessment_facts import (
    CapFact,
    CaseFact,
    DutyFact,
    Earlier,
    Entry,
    MonthFacts,
    Penalty,
    TicketFact,
)
from ops_console.core.assessments import Adjustment, Assessment, Basis, assess
from ops_console.core.clocks import class_of
from ops_console.core.corrections import check_correction, standing_value
from ops_console.core.errors import Refused
from ops_console.core.frozen_months import Beside, FrozenMonth, freeze
from ops_console.core.frozen_tickets import JudgedBy, ticket_fact
from ops_console.core.judged_clocks import COUNTED, judged
from ops_console.core.moments import day_start, month_of, month_start, shift_month
from ops_console.core.months import year_and_place
from ops_console.core.moves import check_move
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.terms import Terms, VersionInForce, version_at
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import Event, TicketFacts, written
from ops_console.core.working_time import WorkingCalendar, working_calendar
from tests.core.builders import YEARS, known

FIRST_MONTH, MONTHS = "2026-01", 4
BEGIN = datetime(2025, 12, 30, 1, tzinfo=UTC)
TYPES = ("故障", "故障", "咨询", "数据提取", "指令性任务", "接口与上传")
MODULES = ("门诊缴费", "报告查询")
CAUSES = ("程序缺陷", "接口异常")
NEXT = {  # what mostly happens to a ticket in this state
    core.WAITING: (core.RESPONDED,),
    core.WORKING: (core.ARRIVED, core.RESTORE, core.ONSITE_DECIDED),
    core.ON_SITE: (core.RESTORE, core.SUSPEND, core.SUSPEND),
    core.SUSPENDED: (core.SUSPENSION_DECIDED, core.SUSPENSION_DECIDED, core.RESUMED),
    core.RESTORED: (core.CONFIRMED, core.CONFIRMED, core.RESTORE_REJECTED, core.TIMES_ACCEPTED),
    core.CLOSED: (core.REOPENED, "correction"),
}
SELDOM = (
    core.DECLINED, core.CANCEL, core.ONSITE_DECIDED, core.TIMES_ACCEPTED, core.TAKEN_BACK, core.SUSPEND, "correction",
    "correction", "correction", "correction",
)  # fmt: skip
CORRECTED = ("reported_at", "reported_at", "responded_at", "arrived_at", "restored_at", "type", "needs_onsite")


@dataclass
class Ticket:
    """A ticket's events in the order recorded, and what its first judgement fixed."""

    number: str
    events: list[Event]
    klass: str = ""
    version: VersionInForce | None = None
    reported_at: datetime | None = None

    def facts(self, at: datetime | None = None) -> TicketFacts | None:
        """Given an instant, return what the events come to by then."""
        return fold(self.number, self.events, at)


@dataclass
class Frozen:
    """A month as it was frozen: what it was made of, and its documents."""

    month: str
    facts: MonthFacts
    basis: Basis
    assessment: Assessment
    documents: FrozenMonth
    tickets: tuple[str, ...]


@dataclass
class House:
    """Tickets, contract versions, frozen months; `random` decides what happens, `now` only goes on."""

    random: Random
    versions: tuple[VersionInForce, ...]
    now: datetime = BEGIN
    tickets: dict[str, Ticket] = field(default_factory=dict)
    months: list[Frozen] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    said: dict[tuple[str, str], Earlier] = field(default_factory=dict)
    seq: int = 0

    def __post_init__(self) -> None:
        self.calendars: dict[int, WorkingCalendar] = {
            version.id: working_calendar(version, (), known(*YEARS)) for version in self.versions
        }

    # -- what happens -------------------------------------------------------------------------------------------------

    def live(self, until: datetime, bursts: int) -> None:
        """Given an instant and a number, let so many short bursts of acts happen until then; then it is that instant.

        In each something happens to one ticket, new or old, every few minutes.
        """
        span = int((until - self.now).total_seconds())
        for start in sorted(self.now + timedelta(seconds=self.random.randrange(span)) for _ in range(bursts)):
            self.now = max(self.now, start)
            is_new = not self.tickets or self.random.random() < 0.5
            ticket = self.report() if is_new else self.tickets[self.random.choice(list(self.tickets))]
            for _ in range(self.random.randint(1, 6)):
                self.now += timedelta(seconds=self.random.choice((1, 60, 600, 1799, 3600, 7200, 14_400)))
                self.act(ticket)
        self.now = max(self.now, until)

    def _event(self, kind: str, at: datetime, side: str, grade: str = "B", **facts: object) -> Event:
        self.seq += 1
        return Event(kind, at, self.now, "someone", side, "电话", grade, facts=facts, seq=self.seq)

    def report(self) -> Ticket:
        """Log a ticket: mostly just now, sometimes days late, as a sheet brings it in."""
        late = timedelta(days=self.random.randint(1, 40)) if self.random.random() < 0.15 else timedelta()
        at = max(self.now - late, BEGIN)
        number = f"GD-{len(self.tickets) + 1:04d}"
        event = self._event(
            core.REPORTED, at, self.random.choice((HOSPITAL, VENDOR)), "D" if late else self.random.choice("AB"),
            type=self.random.choice(TYPES), module=self.random.choice(MODULES), needs_onsite=self.random.random() < 0.5,
        )  # fmt: skip
        ticket = self.tickets[number] = Ticket(number, [event])
        self._judge(ticket)
        return ticket

    def act(self, ticket: Ticket) -> None:
        """Let something happen to a ticket, if its life allows it."""
        facts = ticket.facts()
        assert facts is not None
        usual = NEXT.get(facts.state, SELDOM)
        kind = self.random.choice(usual if self.random.random() < 0.8 else SELDOM)
        try:
            events = self._correction(facts) if kind == "correction" else [self._move(ticket, facts, kind)]
        except Refused:
            return
        ticket.events += events
        self._judge(ticket)

    def _move(self, ticket: Ticket, facts: TicketFacts, kind: str) -> Event:
        late = self.random.choice((0, 0, 0, 600, 7200))
        at = max(self.now - timedelta(seconds=late), facts.reported_at)
        told: dict[str, object] = {}
        if kind == core.TAKEN_BACK:
            if self.random.random() < 0.7 or facts.withdrawn:
                raise Refused("x")
            told = {"events": [ticket.events[-1].seq]}
        elif kind == core.TIMES_ACCEPTED:
            told = {name: written(stamp.at) for name, stamp in facts.stamps.items()} | {
                "approved": self.random.random() < 0.7
            }
        else:
            check_move(facts, kind, at, declinable=facts.type != "指令性任务")
        if kind == core.ONSITE_DECIDED:
            told = {"needs_onsite": not facts.needs_onsite}
        if kind == core.SUSPENSION_DECIDED:
            told = {"approved": self.random.random() < 0.7}
        if kind == core.SUSPEND:
            told = {"cause": self.random.choice(core.SUSPENSION_CAUSES), "reason": "等"}
        if kind == core.RESTORE:
            told = {
                "cause": self.random.choice(CAUSES), "mode": self.random.choice(core.MODES),
                "cost_owner": self.random.choice(core.COST_OWNERS), "minutes": "20",
            }  # fmt: skip
        if kind == core.CONFIRMED:
            told = {"rating": self.random.choice(("", "3", "5"))}
        hospitals = (
            core.CONFIRMED, core.RESTORE_REJECTED, core.REOPENED, core.SUSPENSION_DECIDED, core.CANCEL,
            core.TIMES_ACCEPTED,
        )  # fmt: skip
        side = HOSPITAL if kind in hospitals or self.random.random() < 0.1 else VENDOR
        grade = self.random.choice("CD") if late >= 7200 else "A" if side == HOSPITAL else "B"
        return self._event(kind, at, side, grade, **told)

    def _correction(self, facts: TicketFacts) -> list[Event]:
        name = self.random.choice(CORRECTED)
        old = standing_value(facts, name)
        if name == "type":
            new = self.random.choice(TYPES)
        elif name == "needs_onsite":
            new = "false" if facts.needs_onsite else "true"
        else:
            if not old:
                raise Refused("x")
            days = self.random.choice((0, 0, 0, -1, -20, 20)) if name == "reported_at" else 0
            shift = timedelta(days=days, seconds=self.random.choice((-3600, -60, -1, 1, 60, 3600)))
            new = written(datetime.fromisoformat(old) + shift)
        check_correction(facts, name, new, self.now)
        asked = self._event(core.CORRECTION_PROPOSED, self.now, VENDOR, field=name, old=old, new=new)
        word = self._event(
            core.CORRECTION_DECIDED, self.now, HOSPITAL, field=name, new=new, approved=self.random.random() < 0.9
        )
        return [asked, word]

    def _judge(self, ticket: Ticket) -> None:
        """Fix version and class by the report, as the console does at the first judgement and after a correction."""
        facts = ticket.facts()
        assert facts is not None
        if ticket.reported_at != facts.reported_at:
            ticket.reported_at, ticket.version = facts.reported_at, version_at(self.versions, facts.reported_at)
            ticket.klass = class_of(facts.reported_at, self.calendars[ticket.version.id])

    # -- months -------------------------------------------------------------------------------------------------------

    @property
    def terms(self) -> dict[str, Terms]:
        """The contract versions by digest."""
        return {version.terms.digest(): version.terms for version in self.versions}

    def fact(self, ticket: Ticket, at: datetime) -> TicketFact | None:
        """Given a ticket and the cut-off, return its fact."""
        facts = ticket.facts(at)
        if facts is None:
            return None
        assert ticket.version is not None
        by = JudgedBy(ticket.version.terms.digest(), ticket.klass, False, lambda _at: timedelta(minutes=15))
        is_fault = facts.type == "故障"
        return ticket_fact(
            facts, by, is_fault=is_fault, recurs=int(ticket.number[-1]) % 5 == 0, needs_evidence=is_fault,
            has_evidence=int(ticket.number[-1]) % 3 > 0,
        )  # fmt: skip

    def gather(self, month: str, *, among: Iterable[str] | None = None) -> tuple[MonthFacts, tuple[str, ...]]:
        """Given a month, return its facts as of now with every clock judged, and the tickets it takes."""
        frozen = [one.month for one in self.months]
        live = day_start(self.version_of(month).terms.live_on())
        found = {
            number: fact for number, one in self.tickets.items()
            if (among is None or number in among) and (fact := self.fact(one, self.now)) is not None
        }  # fmt: skip
        own = tuple(
            fact for number, fact in sorted(found.items())
            if number not in self.taken and fact.reported_at >= live
            and (month_of(fact.reported_at) == month or month_of(fact.reported_at) in frozen)
        )  # fmt: skip
        carried = tuple(fact for number, fact in sorted(found.items()) if number in self.taken)
        numbers = {fact.number for fact in carried}
        earlier = tuple(one for key, one in sorted(self.said.items()) if key[0] in numbers)
        facts = judged(MonthFacts(month, self.now, own, carried, earlier), self.terms)
        told = {one.number for one in facts.judged}
        kept = tuple(one for one in carried if one.number in told)
        facts = replace(facts, carried=kept, earlier=tuple(one for one in earlier if one.number in told))
        return facts, tuple(fact.number for fact in own)

    def version_of(self, month: str) -> VersionInForce:
        """Given a month, return the version in force at its end."""
        return version_at(self.versions, month_start(shift_month(month, 1)) - timedelta(seconds=1))

    def freeze(self, month: str, extra: Extra | None = None) -> Frozen:
        """Given a month and what stands beside its tickets, freeze it: keep what it says of every clock."""
        facts, tickets = self.gather(month)
        version, extra = self.version_of(month), extra or Extra()
        facts = replace(
            facts, duties=extra.duties, caps=extra.caps, cases=extra.cases, penalties=extra.penalties,
            entries=extra.entries,
        )  # fmt: skip
        used = {one.terms for one in (*facts.tickets, *facts.carried)} | {version.terms.digest()}
        year, place = year_and_place(version.terms, month)
        fee = version.terms.fee.of_month(month, place) if version.terms.fee and year else None
        basis = Basis(
            version.terms, {digest: terms for digest, terms in self.terms.items() if digest in used}, extra.sheet, fee,
            extra.money_basis, extra.adjustments,
        )  # fmt: skip
        found = assess(facts, basis)
        terms = version.terms
        beside = Beside(
            terms.number, terms.name, terms.hospital, terms.vendor, self.seq, "0" * 64, terms.digest(),
            made_by="ops-console",
        )  # fmt: skip
        frozen = Frozen(month, facts, basis, found, freeze(facts, basis, found, beside), tickets)
        self._keep(frozen)
        return frozen

    def _keep(self, frozen: Frozen) -> None:
        assert not self.taken & set(frozen.tickets)
        self.taken |= set(frozen.tickets)
        self.months.append(frozen)
        for one in frozen.facts.judged:
            key, counts = (one.number, one.limit), one.outcome in COUNTED
            first = self.said.get(key) or Earlier(
                one.month, one.number, one.limit, one.outcome, one.clock, one.klass, counts
            )
            self.said[key] = replace(first, outcome=one.outcome, counted=first.counted or counts)


@dataclass(frozen=True)
class Extra:
    """What a month has besides tickets."""

    duties: tuple[DutyFact, ...] = ()
    caps: tuple[CapFact, ...] = ()
    cases: tuple[CaseFact, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    entries: tuple[Entry, ...] = ()
    sheet: object = None
    money_basis: str = ""
    adjustments: tuple[Adjustment, ...] = ()


def house(seed: int, versions: tuple[VersionInForce, ...]) -> House:
    """Given a seed and contract versions, return an empty house."""
    return House(Random(seed), versions)


def lived(seed: int, versions: tuple[VersionInForce, ...], bursts: int) -> House:
    """Given a seed, contract versions and how much happens in a month, return a house after some months.

    Each is frozen in its turn, at its very end or some days later, and some more months pass in which what is still to
    settle may settle.
    """
    made, month = house(seed, versions), FIRST_MONTH
    for turn in range(MONTHS + 3):
        late = timedelta(days=made.random.choice((0, 0, 3, 8)))
        until = max(month_start(shift_month(month, 1)) + late, made.now + timedelta(hours=1))
        made.live(until, bursts if turn < MONTHS else bursts // 2)
        made.freeze(month)
        month = shift_month(month, 1)
    return made
