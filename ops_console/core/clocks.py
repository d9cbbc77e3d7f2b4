"""The contract's clocks: what runs, what is paused, what is kept, when to look again, and why.

Not for reading facts from a ticket (`core/tickets.py` folds them) and not for storing anything.
Natural seconds throughout; the working calendar decides the class alone (agreed reading, domain §1.7).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import zip_longest

from ops_console.core.contracts import OFF, WORK, TimeLimit
from ops_console.core.moments import ZONE, whole
from ops_console.core.terms import Terms
from ops_console.core.tickets import REJECTED, RETRACTED, Suspension, TicketFacts
from ops_console.core.trust import all_proven
from ops_console.core.working_time import WorkingCalendar

MET, BREACHED, RUNNING, UNPROVEN = "met", "breached", "running", "unproven"
STAGES = (50, 80, 100)
WHY_RUNNING, WHY_PAUSED, WHY_REFUSED, WHY_SOLVED = "running", "paused", "pause_not_approved", "solved"


@dataclass(frozen=True)
class Interval:
    """A stretch of a clock's life (UTC instants, half-open), whether it counts, and the code of the reason."""

    start: datetime
    end: datetime
    counted: bool
    why: str

    @property
    def seconds(self) -> int:
        """The length in whole seconds."""
        return int((self.end - self.start).total_seconds())


@dataclass(frozen=True)
class Clock:
    """One contract clock of one ticket: facts, not a counter.

    `runs` are (start, stop or None); `pauses` the approved suspensions that may move this clock. `proven`: the times
    that it starts and stops by count as proven.
    """

    limit: TimeLimit
    klass: str
    provisional: bool
    runs: tuple[tuple[datetime, datetime | None], ...]
    pauses: tuple[Suspension, ...]
    proven: bool = True

    @property
    def kind(self) -> str:
        """The clock's kind: response, arrival, repair or hotline."""
        return self.limit.clock

    @property
    def started_at(self) -> datetime:
        """When the first run began."""
        return self.runs[0][0]

    @property
    def stopped_at(self) -> datetime | None:
        """When the last run ended, or None while it runs."""
        return self.runs[-1][1]


def class_of(reported_at: datetime, calendar: WorkingCalendar) -> str:
    """Given a report time, return `work` or `off`: fixed once, for all clocks of the ticket (C-15, C-16).

    A report at 17:59:59 on a working day is `work`, one at 18:00:00 is `off`.
    """
    return WORK if calendar.is_working(reported_at) else OFF


def clocks_of(facts: TicketFacts, terms: Terms, klass: str, *, provisional: bool = False) -> tuple[Clock, ...]:
    """Given a ticket's facts, the contract's terms and the ticket's class, return the clocks that the ticket has.

    `provisional` marks clocks whose class was reckoned without the year's statutory days (暂定). A declined or
    cancelled ticket keeps what had stopped or was broken by then: withdrawing it undoes no breach. To decline is to
    answer, by a named person and about the matter: it stops the clock of the first response. A ticket taken back
    within its first minute never was. Nothing reported before a limit's go-live is judged by it.
    """
    if facts.withdrawn == RETRACTED:
        return ()
    found = []
    day = facts.reported_at.astimezone(ZONE).date()
    for limit in terms.limits_for(type=facts.type, needs_onsite=facts.needs_onsite, klass=klass):
        if day < terms.live_on(limit.id):
            continue
        runs = _runs(limit, facts)
        if runs:
            proven = all_proven((f"{limit.start_event}_at", f"{limit.stop_event}_at"), facts.stamps)
            found.append(Clock(limit, klass, provisional, runs, _pauses(facts) if limit.pausable else (), proven))
    if facts.withdrawn_at is None:
        return tuple(found)
    return _left_standing(found, facts.withdrawn_at, answered=facts.withdrawn == REJECTED)


def _left_standing(clocks: Iterable[Clock], at: datetime, *, answered: bool) -> tuple[Clock, ...]:
    judged = [c for c in clocks if result(c, at) != RUNNING or (answered and c.limit.stop_event == "responded")]
    return tuple(replace(c, runs=(*c.runs[:-1], (c.runs[-1][0], c.runs[-1][1] or at))) for c in judged)


def _pauses(facts: TicketFacts) -> tuple[Suspension, ...]:
    return tuple(replace(s, ended_at=facts.suspension_end(s)) for s in facts.suspensions)


def _runs(limit: TimeLimit, facts: TicketFacts) -> tuple[tuple[datetime, datetime | None], ...]:
    start = facts.moment(limit.start_event)
    if start is None:
        return ()
    if limit.stop_event != "restored":
        return ((start, facts.moment(limit.stop_event)),)
    begun = [max(at, start) for at in (start, *facts.reopenings)]  # nothing runs before the clock's start
    ended = [max(at, start) for at in facts.restorations]
    return tuple(zip_longest(begun, ended[: len(begun)]))


def intervals(clock: Clock, at: datetime) -> tuple[Interval, ...]:
    """Given a clock and an instant T, return every interval of its life up to T, counted or not, in order.

    A pause not ended by T runs to T or to the restore; a pause that nobody approved counts as running.
    """
    found: list[Interval] = []
    now, solved_at = whole(at), None
    for start, stop in clock.runs:
        if solved_at is not None:
            found.append(Interval(solved_at, min(start, now), False, WHY_SOLVED))
        found += _pieces(clock, start, min(stop or now, now))
        solved_at = stop
    return tuple(interval for interval in found if interval.end > interval.start)


def _pieces(clock: Clock, start: datetime, end: datetime) -> Iterator[Interval]:
    cursor = start
    for low, high in _merged(clock.pauses, start, end):
        if low > cursor:
            yield Interval(cursor, low, True, WHY_RUNNING)
        yield Interval(low, high, False, WHY_PAUSED)
        cursor = high
    if end > cursor:
        yield Interval(cursor, end, True, WHY_RUNNING)


def _merged(pauses: Iterable[Suspension], start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    clipped = sorted((max(p.started_at, start), min(p.ended_at or end, end)) for p in pauses if p.approved)
    merged: list[tuple[datetime, datetime]] = []
    for low, high in clipped:
        if high <= low:
            continue
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def active_seconds(clock: Clock, at: datetime) -> int:
    """Given a clock and T, return the seconds that count by T: runs less the approved pauses inside them."""
    return sum(interval.seconds for interval in intervals(clock, at) if interval.counted)


def raw(clock: Clock) -> Clock:
    """Given a clock, return it without its pauses: the raw reading shown beside the adjusted one."""
    return replace(clock, pauses=())


FAR = timedelta(days=36500)


def moment_of(clock: Clock, seconds: int) -> datetime | None:
    """Given a clock and an amount, return the instant at which that much active time is passed.

    As far as is known: an open run goes on, an open approved pause never ends. None when it is never passed.
    A run that stops at exactly that amount has not passed it.
    """
    left = seconds
    for interval in intervals(clock, clock.runs[-1][0] + FAR):
        if not interval.counted:
            continue
        if interval.seconds > left:
            return interval.start + timedelta(seconds=left)
        left -= interval.seconds
    return None


def breaks_at(clock: Clock) -> datetime | None:
    """Given a clock, return its deadline if it was or will be passed, as far as is known; None when kept or paused.

    The clock is breached at any T later than this instant (inclusive limit: at the deadline itself it is kept).
    """
    return moment_of(clock, clock.limit.limit_seconds)


def deadline(clock: Clock) -> datetime | None:
    """Given a clock, return the instant by which it had or has to stop; None while an approved pause is open."""
    last_start = clock.runs[-1][0]
    open_ended = replace(clock, runs=(*clock.runs[:-1], (last_start, None)))
    return moment_of(open_ended, clock.limit.limit_seconds)


def result(clock: Clock, at: datetime) -> str:
    """Given a clock and T, return `met`, `breached` or `running`, in whole seconds, the limit inclusive.

    30 min 00 s against a limit of 30 min is met, 30 min 01 s is breached.
    """
    passed = breaks_at(clock)
    if passed is not None and passed < whole(at):
        return BREACHED
    return RUNNING if clock.stopped_at is None else MET


def standing(clock: Clock, at: datetime) -> str:
    """Given a clock and T, return its result, or `unproven` where it would be met by times that nobody proved.

    What is breached by the claimed times stays breached: nobody need prove what speaks against himself (domain §5.1).
    """
    found = result(clock, at)
    return UNPROVEN if found == MET and not clock.proven else found


def stage_moments(clock: Clock) -> tuple[tuple[int, datetime], ...]:
    """Given a running clock, return its (stage, instant) pairs at 50, 80 and 100 per cent of the limit.

    The last is one second past the deadline: at the deadline itself nothing is broken. Empty once stopped.
    """
    if clock.stopped_at is not None:
        return ()
    found = []
    for stage in STAGES:
        moment = moment_of(clock, clock.limit.limit_seconds * stage // 100)
        if moment is not None:
            found.append((stage, moment + timedelta(seconds=1) if stage == 100 else moment))
    return tuple(found)


def next_look_at(clock: Clock, after: datetime) -> datetime | None:
    """Given a clock and an instant, return the first moment later than it at which the stage changes, or None."""
    return next((moment for _, moment in stage_moments(clock) if moment > after), None)


def stages_due(clock: Clock, since: datetime, now: datetime) -> tuple[int, ...]:
    """Given a clock, the stored moment and now, return the stages whose moment lies in [since, now]."""
    return tuple(stage for stage, moment in stage_moments(clock) if since <= moment <= now)
