"""What the vendor owes by a date: for which periods and events, when it is due, and what state it is in.

Not for the clauses (`core/contracts.py`), rows (`store/duties.py`), who may say what (`services/duties.py`) or messages
(`core/duty_warnings.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ops_console.core.contract_facts import OPEN, Dues
from ops_console.core.contracts import GO_LIVE, HALF, MONTH, RELEASE, Clause, Task
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE, day_start, month_of
from ops_console.core.people import HOSPITAL
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.terms import Terms, contract_years
from ops_console.core.working_time import WorkingCalendar

PLANNED, DUE_SOON, OVERDUE, DELIVERED = "planned", "due_soon", "overdue", "delivered"
KEPT, LATE, MISSED, WAIVED = "kept", "late", "missed", "waived"
STATES = (OVERDUE, DUE_SOON, PLANNED, DELIVERED, KEPT, LATE, MISSED, WAIVED)
STATE_NAMES = {
    OVERDUE: "逾期", DUE_SOON: "将到期", PLANNED: "未到期", DELIVERED: "待验收", KEPT: "按期完成", LATE: "迟",
    MISSED: "缺", WAIVED: "已豁免",
}  # fmt: skip
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
SOON = 7 * DAY
EARLIEST = 30 * DAY  # what announces a release may be done so long before it
HALF_YEAR = 6


@dataclass(frozen=True)
class Duty:
    """One thing owed: under which clause and task, for a period (half-open days) or after an event, and until when.

    `delivered_at` is the time that counts: the one claimed, or that of its recording where the hospital does not take
    the claim. A delivery that the hospital rejected is none. `grace_until` is `due_at` where there is no grace.
    `provisional`: reckoned in a year whose holidays nobody entered.
    """

    key: str
    clause: str
    task: str
    name: str
    basis: str
    due_at: datetime
    grace_until: datetime
    id: int = 0
    period_start: date | None = None
    period_end: date | None = None
    event: str = ""
    ref: str = ""
    begun_at: datetime | None = None
    provisional: bool = False
    delivered_at: datetime | None = None
    accepted_at: datetime | None = None
    waived_at: datetime | None = None
    waived_reason: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def month(self) -> str:
        """The Shanghai month that it belongs to: that of its due date."""
        return month_of(self.due_at)

    @property
    def due_on(self) -> date:
        """The Shanghai day on which it is due."""
        return self.due_at.astimezone(ZONE).date()

    @property
    def begins_at(self) -> datetime:
        """The first instant at which doing it counts: a release may be told of before it, a request not answered."""
        if self.period_start is not None:
            return day_start(self.period_start)
        assert self.begun_at is not None, self.key
        return self.begun_at - EARLIEST if self.event in (RELEASE, GO_LIVE) else self.begun_at


@dataclass(frozen=True)
class Period:
    """One period of a task, from its first day until the day after its last one."""

    start: date
    end: date


@dataclass(frozen=True)
class Due:
    """When something is due, and whether that was reckoned without the holidays of a year."""

    at: datetime
    provisional: bool = False


def last_second(day: date) -> datetime:
    """Given a Shanghai day, return its last whole second: what is done then is still done on that day."""
    return day_start(day + DAY) - SECOND


def owing(terms: Terms) -> Iterator[tuple[Clause, Task]]:
    """Given terms, yield what the vendor owes, clause by clause; one that repeats another clause owes nothing twice."""
    for clause in terms.clauses:
        if clause.bound != HOSPITAL and not clause.duplicate_of:
            yield from ((clause, task) for task in clause.tasks)


def periods(unit: str, live_on: date, years: Sequence[tuple[date, date]], until: date) -> tuple[Period, ...]:
    """Given `month`, `half` or `year`, the clause's go-live, the contract's years and a day, return what is owed by it.

    Months are the calendar's, halves and years the contract's. A period is owed when it begins on or after go-live and
    within the contract, as soon as it has begun: a month in which the console went live is nobody's fault, and one that
    the contract's end cuts short is owed until that end, so that a year that begins on the 15th has twelve of them.
    """
    first, last = years[0][0], years[-1][1]
    cut = ((start, min(end, last + DAY)) for start, end in _spans(unit, years))
    return tuple(Period(start, end) for start, end in cut if max(first, live_on) <= start <= min(last, until))


def _spans(unit: str, years: Sequence[tuple[date, date]]) -> Iterator[tuple[date, date]]:
    if unit == MONTH:
        yield from _months(years[0][0], years[-1][1])
        return
    for start, last in years:
        middle = _months_after(start, HALF_YEAR)
        if unit == HALF and middle <= last:
            yield from ((start, middle), (middle, last + DAY))
        else:
            yield start, last + DAY


def _months(first: date, last: date) -> Iterator[tuple[date, date]]:
    start = first.replace(day=1)
    while start <= last:
        following = _months_after(start, 1)
        yield start, following
        start = following


def _months_after(day: date, months: int) -> date:
    """A day that the month lacks is the first of the next one, as with the anniversary of 29 February."""
    index = day.year * 12 + day.month - 1 + months
    first = date(index // 12, index % 12 + 1, 1)
    return min(first + timedelta(days=day.day - 1), (first + timedelta(days=31)).replace(day=1))


def due_of(task: Task, event_at: datetime, calendar: WorkingCalendar) -> Due:
    """Given a task, when its event happened and the contract's working time, return when it is due.

    n working days: the end of the nth working day after the event's day. Minutes: so long after the event, and where
    `same_day` not later than the end of its Shanghai day. `same_day` alone: the end of that day. None of them: when the
    event happens.
    """
    day = event_at.astimezone(ZONE).date()
    if task.workdays:
        for _ in range(task.workdays):
            day = calendar.next_workday(day)
        at = last_second(day)
        return Due(at, calendar.is_provisional(event_at) or calendar.is_provisional(at))
    at = event_at + timedelta(minutes=task.minutes)
    if not task.same_day:
        return Due(at)
    return Due(min(at, last_second(day)) if task.minutes else last_second(day))


def periodic(terms: Terms, until: date) -> tuple[Duty, ...]:
    """Given terms in effect and a day, return every duty of a period that has begun by then, oldest first."""
    years = contract_years(terms)
    found = [
        _of_period(clause, task, period, n)
        for clause, task in owing(terms)
        if task.period
        for period in periods(task.period, terms.live_on(clause.id), years, until)
        for n in range(1, task.count + 1)
    ]
    return tuple(sorted(found, key=lambda duty: (duty.due_at, duty.key)))


def _of_period(clause: Clause, task: Task, period: Period, n: int) -> Duty:
    due = last_second(period.end - DAY + task.due_days * DAY)
    return Duty(
        f"{clause.id}/{task.key}/{period.start.isoformat()}/{n}", clause.id, task.key, task.name, task.basis,
        due, due + task.grace_days * DAY, period_start=period.start, period_end=period.end,
    )  # fmt: skip


@dataclass(frozen=True)
class Trigger:
    """Something that happened and makes duties: its kind (`core/contracts.EVENT_NAMES`), which one, and when.

    `only`: the one (clause, task) that it is about; None: every task of that event.
    """

    kind: str
    ref: str
    at: datetime
    only: tuple[str, str] | None = None


def triggered(terms: Terms, what: Trigger, calendar: WorkingCalendar) -> tuple[Duty, ...]:
    """Given terms in effect, an event and the working time, return the duties it makes: none before go-live."""
    day = what.at.astimezone(ZONE).date()
    return tuple(
        _of_event(clause, task, what, due_of(task, what.at, calendar), n)
        for clause, task in owing(terms)
        if task.event == what.kind and what.only in (None, (clause.id, task.key))
        if terms.live_on(clause.id) <= day <= terms.ends_on
        for n in range(1, task.count + 1)
    )


def _of_event(clause: Clause, task: Task, what: Trigger, due: Due, n: int) -> Duty:
    return Duty(
        f"{clause.id}/{task.key}/{what.kind}:{what.ref}/{n}", clause.id, task.key, task.name, task.basis,
        due.at, due.at + task.grace_days * DAY, event=what.kind, ref=what.ref, begun_at=what.at,
        provisional=due.provisional,
    )  # fmt: skip


def result_of(duty: Duty, done_at: datetime) -> str:
    """Given a duty and when it was done, return what that comes to; the due second itself is in time."""
    if done_at <= duty.due_at:
        return KEPT
    return LATE if done_at <= duty.grace_until else MISSED


def state_of(duty: Duty, at: datetime) -> str:
    """Given a duty and an instant, return its state. Judged by when it was done, never by when it was accepted."""
    if duty.waived_at is not None:
        return WAIVED
    if duty.delivered_at is not None:
        return DELIVERED if duty.accepted_at is None else result_of(duty, duty.delivered_at)
    if at > duty.due_at:
        return OVERDUE if at <= duty.grace_until else MISSED
    return DUE_SOON if duty.due_at - at <= SOON else PLANNED


def dues_of(duties: Iterable[Duty], at: datetime) -> Dues:
    """Given duties and an instant, return them counted for their clause's `judge`.

    Open is what may still be kept: not due, or done in time and not accepted. What is past its due time is at least
    late, accepted or not, and missed once its grace has passed without it.
    """
    counts = dict.fromkeys((KEPT, LATE, MISSED, OPEN, WAIVED), 0)
    for duty in duties:
        counts[counted_as(duty, at)] += 1
    return Dues(**counts)


def counted_as(duty: Duty, at: datetime) -> str:
    """Given a duty and an instant, return as what it counts then: kept, late, missed, open or waived (`dues_of`)."""
    if duty.waived_at is not None:
        return WAIVED
    result = result_of(duty, duty.delivered_at or at)
    return OPEN if result == KEPT and duty.accepted_at is None else result


def told(duty: Duty, at: datetime) -> Sentence:
    """Given a duty and an instant, return its state in one sentence, with the times it goes by."""
    state, due = state_of(duty, at), duty.due_at
    if state == WAIVED:
        return sentence("已豁免：%(reason)s", reason=duty.waived_reason)
    if duty.delivered_at is not None:
        return _told_done(duty, duty.delivered_at)
    if state == OVERDUE:
        return sentence("%(due)s 到期，还没有完成；%(grace)s 前完成的算迟", due=due, grace=duty.grace_until)
    if state == MISSED:
        return sentence("%(due)s 到期，没有完成", due=due)
    days = (duty.due_on - at.astimezone(ZONE).date()).days
    if not days:
        return sentence("今天到期，最晚 %(due)s", due=due)
    return sentence("%(due)s 到期，还有 %(n)s 天", due=due, n=days)


def _told_done(duty: Duty, done: datetime) -> Sentence:
    words = {
        KEPT: "%(done)s 完成，不晚于 %(due)s", LATE: "%(done)s 完成，晚于 %(due)s",
        MISSED: "%(done)s 才补做，应于 %(due)s 完成，算缺",
    }  # fmt: skip
    which = sentence(words[result_of(duty, done)], done=done, due=duty.due_at)
    return which if duty.accepted_at else sentence("%(which)s；等待甲方验收", which=which)


def check_time(duty: Duty, at: datetime, now: datetime) -> None:
    """Given a duty and when it is said to be done, let it pass. Raises Refused for a time ahead or before its begin."""
    if at > now:
        raise Refused("完成时间不能晚于现在，请改正时间。", field="at")
    if at < duty.begins_at:
        raise Refused("这一项从 %(begins)s 起算，更早的不能算在这一项里。", field="at", begins=duty.begins_at)


def check_gap(task: Task, at: datetime, others: Iterable[datetime]) -> None:
    """Given a task, when it was done and when its other runs were, let it pass. Raises Refused for one too close.

    Days are Shanghai days: with 15 of them between, 31 March and 1 April are one inspection, 31 March and 15 April two.
    """
    day = at.astimezone(ZONE).date()
    for other in others:
        if abs((other.astimezone(ZONE).date() - day).days) < task.min_gap_days:
            raise Refused(
                "与 %(other)s 的一次相隔不足 %(n)s 天，按约定两次只算一次；请再做一次后登记。", field="at",
                other=other, n=task.min_gap_days,
            )  # fmt: skip
