"""A month's facts as they are frozen: plain values from which every figure of the month can be computed again.

Not for computing (`core/assessments.py`) nor for finding them (`services/assessments.py`). No text that people typed:
published form in `docs/assessment-format.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from ops_console.core.clocks import (
    BREACHED,
    MET,
    RUNNING,
    Clock,
    active_seconds,
    clocks_of,
    raw,
    result,
    standing,
)
from ops_console.core.contract_facts import BROKEN, KEPT, NOT_APPLICABLE, OPEN
from ops_console.core.contract_facts import UNPROVEN as NOT_PROVEN
from ops_console.core.moments import ZONE
from ops_console.core.terms import Terms
from ops_console.core.tickets import Stamp, Suspension, TicketFacts

RECURS_WITHIN = timedelta(days=30)
OUTCOMES_OF_CLOCKS = {MET: KEPT, BREACHED: BROKEN, RUNNING: OPEN, "unproven": NOT_PROVEN}


@dataclass(frozen=True)
class Pause:
    """A suspension that the hospital approved: from, until (None while open), whose cause it was."""

    start: datetime
    end: datetime | None = None
    cause: str = ""


@dataclass(frozen=True)
class TicketFact:
    """What a ticket's events came to at the cut-off, without names and texts.

    `terms` is the digest of the contract version that judges it. `unproven` names the times that do not count as
    proven, `one_sided` those that the hospital alone claimed late and the vendor did not accept. `grades` are (time,
    grade). `late_*` count times recorded late: all, without proof, later than a day.
    """

    number: str
    type: str
    module: str
    klass: str
    terms: str
    reported_at: datetime
    recorded_at: datetime
    state: str
    needs_onsite: bool = False
    provisional: bool = False
    cause: str = ""
    channel: str = ""
    mode: str = ""
    responded_at: datetime | None = None
    arrived_at: datetime | None = None
    restorations: tuple[datetime, ...] = ()
    reopenings: tuple[datetime, ...] = ()
    pauses: tuple[Pause, ...] = ()
    withdrawn: str = ""
    withdrawn_at: datetime | None = None
    closed_at: datetime | None = None
    closure: str = ""
    unproven: tuple[str, ...] = ()
    one_sided: tuple[str, ...] = ()
    grades: tuple[tuple[str, str], ...] = ()
    from_hospital: bool = False
    rating: int | None = None
    agreed_on: date | None = None
    is_fault: bool = False
    recurs: bool = False
    late_entries: int = 0
    late_bare: int = 0
    late_long: int = 0
    corrections: int = 0
    needs_evidence: bool = False
    has_evidence: bool = False
    minutes: int = 0
    cost_owner: str = ""

    @property
    def is_closed(self) -> bool:
        """Whether the restore that stands was confirmed."""
        return self.closed_at is not None

    @property
    def restored_at(self) -> datetime | None:
        """When the service was restored for good, or None while it is not."""
        return self.restorations[-1] if len(self.restorations) > len(self.reopenings) else None

    @property
    def is_delivered_late(self) -> bool:
        """Whether it was restored after the day agreed on, in Shanghai."""
        if self.agreed_on is None or self.restored_at is None:
            return False
        return self.restored_at.astimezone(ZONE).date() > self.agreed_on


@dataclass(frozen=True)
class Earlier:
    """What a frozen month said of one clock: its month, the ticket, the limit and the outcome."""

    month: str
    number: str
    limit: str
    outcome: str


@dataclass(frozen=True)
class JudgedClock:
    """One clock judged in a month. `was` is what an earlier frozen month said of it (None: judged here first), `month`
    the month of its report. Seconds are whole: with approved pauses taken off, and `raw` without.
    """

    number: str
    limit: str
    clock: str
    klass: str
    month: str
    outcome: str
    seconds: int
    raw_outcome: str
    raw_seconds: int
    was: str | None = None
    two_sided: bool = True


@dataclass(frozen=True)
class DutyFact:
    """A duty of the month at the cut-off: `state` is kept, late, missed, waived or open."""

    id: str
    clause: str
    task: str
    name: str
    state: str
    due_at: datetime
    delivered_at: datetime | None = None
    accepted_at: datetime | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class CapFact:
    """A cap in the contract year that the month lies in, as of the cut-off."""

    clause: str
    year: int
    limit: int
    opening: int
    used: int
    reserved: int
    asked: int
    held: int


@dataclass(frozen=True)
class CaseFact:
    """A breach case: its category, in which month it falls, and whether it was upheld, approved and executed."""

    number: str
    category: str
    month: str
    state: str
    upheld: bool = False
    executed: bool = False


@dataclass(frozen=True)
class Penalty:
    """A deduction that lands in this month: of which month it is the fee (分), by which clause and cases."""

    month: str
    clause: str
    amount: int
    basis: str


@dataclass(frozen=True)
class Entry:
    """A fact entered for the month: its measure, `numerator` of `denominator`, by whose side, confirmed by the other.

    `is_ratio`: the two are a ratio (99.95 is 9995 over 100), not things counted one by one.
    """

    name: str
    numerator: int
    denominator: int
    side: str
    confirmed: bool = False
    is_ratio: bool = False
    evidence: tuple[str, ...] = ()

    @property
    def two_sided(self) -> bool:
        """Whether both parties stand behind it: else it scores and cannot cut money."""
        return self.confirmed


@dataclass(frozen=True)
class MonthFacts:
    """All that a month is computed from, as of the cut-off.

    `carried` are tickets of earlier frozen months that may have changed since, `earlier` what those months said of
    their clocks; `judged` follows from these and `tickets`.
    """

    month: str
    as_of: datetime
    tickets: tuple[TicketFact, ...] = ()
    carried: tuple[TicketFact, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    duties: tuple[DutyFact, ...] = ()
    caps: tuple[CapFact, ...] = ()
    cases: tuple[CaseFact, ...] = ()
    penalties: tuple[Penalty, ...] = ()
    entries: tuple[Entry, ...] = ()
    judged: tuple[JudgedClock, ...] = ()


def judged(facts: MonthFacts, terms: dict[str, Terms]) -> MonthFacts:
    """Given a month's facts and contract versions by digest, return the facts with every clock judged.

    Of the month's own tickets each clock, running ones as open (未结). Of earlier months only what had been open there
    and is not now (结转), or what came out otherwise since (更正): every clock is judged exactly once, and told again
    only where its outcome changed.
    """
    found = [
        _judged(ticket, clock, facts) for ticket in facts.tickets for clock in clocks_at(ticket, terms[ticket.terms])
    ]
    known = {ticket.number: ticket for ticket in facts.carried}
    for before in facts.earlier:
        ticket = known[before.number]
        clock = next((c for c in clocks_at(ticket, terms[ticket.terms]) if c.limit.id == before.limit), None)
        now = _judged(ticket, clock, facts) if clock is not None else _gone(ticket, before)
        if now.outcome != before.outcome and now.outcome != OPEN:
            found.append(replace(now, was=None if before.outcome == OPEN else before.outcome, month=before.month))
    return replace(facts, judged=tuple(sorted(found, key=lambda one: (one.month, one.number, one.limit))))


def _gone(ticket: TicketFact, before: Earlier) -> JudgedClock:
    """A clock that a correction left the ticket without: another type, nobody needed on site any more."""
    nothing = NOT_APPLICABLE
    return JudgedClock(ticket.number, before.limit, "", ticket.klass, before.month, nothing, 0, nothing, 0)


def _judged(ticket: TicketFact, clock: Clock, facts: MonthFacts) -> JudgedClock:
    bare = raw(clock)
    sides = {f"{clock.limit.start_event}_at", f"{clock.limit.stop_event}_at"}
    return JudgedClock(
        number=ticket.number, limit=clock.limit.id, clock=clock.kind, klass=ticket.klass, month=facts.month,
        outcome=OUTCOMES_OF_CLOCKS[standing(clock, facts.as_of)], seconds=active_seconds(clock, facts.as_of),
        raw_outcome=OUTCOMES_OF_CLOCKS[result(bare, facts.as_of)], raw_seconds=active_seconds(bare, facts.as_of),
        two_sided=not sides & set(ticket.one_sided),
    )  # fmt: skip


def clocks_at(ticket: TicketFact, terms: Terms) -> tuple[Clock, ...]:
    """Given a ticket's frozen facts and its contract version, return its clocks, exactly as the console has them."""
    return clocks_of(_facts_of(ticket), terms, ticket.klass, provisional=ticket.provisional)


def _facts_of(ticket: TicketFact) -> TicketFacts:
    times = {
        "reported_at": ticket.reported_at, "responded_at": ticket.responded_at, "arrived_at": ticket.arrived_at,
        "restored_at": ticket.restored_at,
    }  # fmt: skip
    stamps = {name: _stamp(at, name in ticket.unproven) for name, at in times.items() if at is not None}
    return TicketFacts(
        number=ticket.number, type=ticket.type, module=ticket.module, channel=ticket.channel,
        needs_onsite=ticket.needs_onsite, reported_at=ticket.reported_at, recorded_at=ticket.recorded_at,
        responded_at=ticket.responded_at, arrived_at=ticket.arrived_at, restorations=ticket.restorations,
        reopenings=ticket.reopenings, withdrawn=ticket.withdrawn, withdrawn_at=ticket.withdrawn_at, stamps=stamps,
        suspensions=tuple(Suspension(p.start, p.end, True, "", p.cause) for p in ticket.pauses),
    )  # fmt: skip


def _stamp(at: datetime, unproven: bool) -> Stamp:
    return Stamp(at, at, "", "vendor", "", "D" if unproven else "B")
