"""A month's facts as they are frozen: plain values from which every figure of the month can be computed again.

Not for judging clocks (`core/judged_clocks.py`), computing (`core/assessments.py`) nor finding the facts
(`services/month_facts.py`). No text that people typed: published form in `docs/assessment-format.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ops_console.core.moments import ZONE

RECURS_WITHIN = timedelta(days=30)


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
    """What frozen months said of one clock: `outcome` the last of them; month, kind of clock and class the first.

    `counted`: one of them counted it as kept, broken or unproven, so that it is not to be counted again.
    """

    month: str
    number: str
    limit: str
    outcome: str
    clock: str
    klass: str
    counted: bool = True


def clock_target(limit: str, number: str) -> str:
    """Given a limit's id and a ticket's number, return what words about that clock name."""
    return f"{limit}/{number}"


def duty_target(duty_id: str) -> str:
    """Given a duty's id, return what words about it name."""
    return f"duty/{duty_id}"


@dataclass(frozen=True)
class JudgedClock:
    """One clock judged in a month. `was` is what earlier frozen months said of it (None: none of them counted it).

    `month` is that of its report and `klass` its class; both stay what they were when it was first told of. Seconds are
    whole: with approved pauses taken off, and `raw` without.
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

    @property
    def target(self) -> str:
        """What words about it name."""
        return clock_target(self.limit, self.number)


@dataclass(frozen=True)
class DutyFact:
    """A duty at the cut-off: `state` is kept, late, missed, waived or open.

    `was` is what earlier frozen months said of it (None: none of them counted it): told again, it is a correction.
    `month` is the month that it was first told in, or that of its due date; "" for the month of these facts.
    """

    id: str
    clause: str
    task: str
    name: str
    state: str
    due_at: datetime
    delivered_at: datetime | None = None
    accepted_at: datetime | None = None
    evidence: tuple[str, ...] = ()
    was: str | None = None
    month: str = ""

    @property
    def target(self) -> str:
        """What words about it name."""
        return duty_target(self.id)

    @property
    def is_counted(self) -> bool:
        """Whether it stands in this month's numbers: told here for the first time."""
        return self.was is None


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

    `tickets` are those that this month takes: reported in it, and those of earlier frozen months that none of them
    took, for they were logged or moved there later. `carried` were taken by an earlier month and may have changed
    since, `earlier` is what frozen months said of their clocks; `judged` follows from these and `tickets`.
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
