"""How long a breach case may take to be told: the vendor's word to the hospital (C-57), the hospital's own reports.

Not for a ticket's clocks (`core/clocks.py`). Natural time, whole seconds, the limit included; nothing pauses. The
hospital's limits are what the parties' configuration says, never what this console takes for law.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops_console.core.breach_acts import Account
from ops_console.core.breaches import FILED, NOT_UPHELD, WITHDRAWN, Case
from ops_console.core.moments import whole
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.terms import Settlement

INTERNAL = "报信息科"
MET, BREACHED, UNPROVEN, RUNNING = "met", "breached", "unproven", "running"
STAGES = (50, 80, 100)
COUNTDOWN, STATEMENT_NEAR, STATEMENT_OVER = "breach_countdown", "breach_statement_due", "breach_statement_over"
NEAR = timedelta(days=1)


@dataclass(frozen=True)
class Countdown:
    """One limit on telling: its name, when it began, its length in seconds, when it was kept (None: not yet).

    `is_internal`: the vendor's own, to the hospital. `is_proven`: not the vendor alone says that it was kept.
    """

    name: str
    started_at: datetime
    limit_seconds: int
    stopped_at: datetime | None = None
    is_internal: bool = False
    is_proven: bool = True

    @property
    def due_at(self) -> datetime:
        """The last instant at which it is kept."""
        return self.started_at + timedelta(seconds=self.limit_seconds)

    def result(self, now: datetime) -> str:
        """Given now, return `met`, `breached`, `unproven` (only the vendor says it was told) or `running`.

        30 min 00 s against 30 min is kept, 30 min 01 s is not (C-57).
        """
        if self.stopped_at is None:
            return BREACHED if whole(now) > self.due_at else RUNNING
        if self.stopped_at > self.due_at:
            return BREACHED
        return MET if self.is_proven else UNPROVEN

    def stages(self) -> tuple[tuple[int, datetime], ...]:
        """Return the (stage, instant) pairs at 50, 80 and 100 per cent, none once it is kept.

        The last is one second past the limit: at the limit itself nothing is broken.
        """
        if self.stopped_at is not None:
            return ()
        at = [self.started_at + timedelta(seconds=self.limit_seconds * stage // 100) for stage in STAGES]
        return tuple(zip(STAGES, (*at[:-1], at[-1] + timedelta(seconds=1)), strict=True))


def internal(case: Case, accounts: Mapping[str, Account], settlement: Settlement) -> Countdown | None:
    """Given a case, what each side said and the contract's settlement, return the vendor's clock.

    From when the vendor knew to when the hospital's IT department was told; None while the first is not known. A case
    that the vendor raised here is told by that, at the console's own time, if nothing earlier is known.
    """
    if case.known_at is None:
        return None
    began, seconds = whole(case.known_at), settlement.security_minutes * 60
    seen_here = whole(case.raised_at) if case.raised_side == VENDOR else None
    claimed = whole(case.reported_at) if case.reported_at else None
    told = claimed if case.found_at and claimed else min(filter(None, (claimed, seen_here)), default=None)
    said_by_hospital = case.found_at is not None or accounts.get(HOSPITAL, Account()).reported_at is not None
    proven = said_by_hospital or (seen_here is not None and seen_here <= began + timedelta(seconds=seconds))
    return Countdown(INTERNAL, began, seconds, max(told, began) if told else None, True, proven)


def hospital_knew_at(case: Case, accounts: Mapping[str, Account]) -> datetime:
    """Given a case and what each side said, return from when the hospital's own limits run: the first it knew of it.

    What the vendor raised here, it knew at that moment; what it raised itself, when it says it found it.
    """
    known = [whole(case.raised_at)]
    if case.raised_side == HOSPITAL and (found := accounts.get(HOSPITAL, Account()).discovered_at):
        known.append(whole(found))
    if told := accounts.get(HOSPITAL, Account()).reported_at:
        known.append(whole(told))
    return min(known)


def hospitals_own(
    case: Case, accounts: Mapping[str, Account], settlement: Settlement, told: Mapping[str, datetime]
) -> tuple[Countdown, ...]:
    """Given a case, what each side said, the settlement and when each receiver was told, return the hospital's limits.

    None where the configuration names none. Each stops with the first report logged to the receiver of that name, or
    with the hospital's word that none is needed.
    """
    began = hospital_knew_at(case, accounts)
    return tuple(
        Countdown(name, began, minutes * 60, whole(told[name]) if name in told else None)
        for name, minutes in settlement.limits_told
    )


def countdowns(
    case: Case, accounts: Mapping[str, Account], settlement: Settlement, told: Mapping[str, datetime]
) -> tuple[Countdown, ...]:
    """Given a case and what is known of it, return its clocks, the vendor's first.

    Of one that came to nothing only what had stopped is left: nobody is pressed any more.
    """
    own = internal(case, accounts, settlement)
    found = (*((own,) if own else ()), *hospitals_own(case, accounts, settlement, told))
    if case.state in (WITHDRAWN, NOT_UPHELD):
        return tuple(one for one in found if one.stopped_at is not None)
    return found


# -- what is to be said, and when -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reminder:
    """That something about a case is to be said at an instant: a kind of message, its key, how far a clock is."""

    at: datetime
    kind: str
    key: str
    stage: int = 0
    is_internal: bool = False


def reminders(case: Case, clocks: Sequence[Countdown]) -> tuple[Reminder, ...]:
    """Given a case and its clocks, return all that is to be said about it in time, oldest first.

    A key holds when its clock began: a corrected time is told anew.
    """
    found = [
        Reminder(at, COUNTDOWN, f"{index}/{clock.started_at:%Y%m%dT%H%M%S}/{stage}", stage, clock.is_internal)
        for index, clock in enumerate(clocks)
        for stage, at in clock.stages()
    ]
    if case.state == FILED and case.statement_due_at is not None:
        due = case.statement_due_at
        found += [Reminder(due - NEAR, STATEMENT_NEAR, "statement/1"), Reminder(due, STATEMENT_OVER, "statement/0")]
    return tuple(sorted(found, key=lambda one: (one.at, one.key)))


def next_moment(found: Iterable[Reminder], after: datetime) -> datetime | None:
    """Given reminders and an instant, return when the next one after it is to be said, or None."""
    return min((one.at for one in found if one.at > after), default=None)
