"""今日收尾: what today still lacks and what tomorrow asks for, each row with the one act that settles it.

Not for doing these acts (`services/tickets.py`, `services/descriptions.py`, `services/attachments.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from threading import Lock
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.moments import ZONE, day_start
from ops_console.core.people import Actor
from ops_console.core.terms import Terms
from ops_console.core.tickets import SUSPENDED
from ops_console.services.contracts import Book
from ops_console.store import closing as store

STARTS, MORNING = time(17, 50), time(10, 0)
# Sections in the order of the page.
EMPTY, PARTLY, CHECK_IN, EVIDENCE, LATE = "empty", "partly", "check_in", "evidence", "late"
# Why a ticket is on the next working day's list.
OVERDUE, DUE, LATE_DELIVERY, DELIVERY, ON_HOLD = "overdue", "due", "late_delivery", "delivery", "on_hold"
DUTIES = (OVERDUE, DUE, LATE_DELIVERY, DELIVERY, ON_HOLD)
LOOK_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True)
class Section:
    """One kind of thing left to do, and its tickets."""

    key: str
    rows: Sequence[Any]


@dataclass(frozen=True)
class Duty:
    """One thing that the next working day asks for: why (a word of DUTIES), by when (a day or an instant), of what."""

    why: str
    due: date | datetime | None
    row: Any


@dataclass(frozen=True)
class Closing:
    """What is left of today, which clocks run out before its end, and what is known until the next working day."""

    sections: tuple[Section, ...]
    tonight: tuple[Duty, ...]
    tomorrow: tuple[Duty, ...]
    next_day: date

    @property
    def is_done(self) -> bool:
        """Whether today leaves nothing undone."""
        return not any(section.rows for section in self.sections)


def closing(session: Session, book: Book, actor: Actor, now: datetime) -> Closing:
    """Given who asks and now, return what today still lacks and what tomorrow asks for. Seven statements."""
    actor.need("tickets.record")
    began = day_start(now.astimezone(ZONE).date())
    blanks = store.lacking_content(session)
    left = (
        Section(EMPTY, [row for row in blanks if not row.title]),
        Section(PARTLY, [row for row in blanks if row.title]),
        Section(CHECK_IN, store.not_checked_in(session)),
        Section(EVIDENCE, store.without_proof(session, began, proving_types(book.at(now).terms))),
        Section(LATE, store.late_without_proof(session, began)),
    )
    today = now.astimezone(ZONE).date()
    next_day = book.calendars[book.at(now).id].next_workday(today)
    duties = _duties(session, next_day, datetime.combine(next_day, MORNING, tzinfo=ZONE), now)
    ends = day_start(today + timedelta(days=1))
    tonight: list[Duty] = []
    later: list[Duty] = []
    for duty in duties:
        (tonight if isinstance(duty.due, datetime) and duty.due < ends else later).append(duty)
    return Closing(left, tuple(tonight), tuple(later), next_day)


def today(session: Session, actor: Actor, now: datetime) -> tuple[Duty, ...]:
    """Given who asks and now, return what today asks for until its end. Two statements."""
    actor.need("tickets.record")
    day = now.astimezone(ZONE).date()
    return _duties(session, day, day_start(day + timedelta(days=1)), now)


def _duties(session: Session, day: date, until: datetime, now: datetime) -> tuple[Duty, ...]:
    """What a day asks for: what is overdue, due until an instant of it, agreed for it or before, suspended."""
    running = store.due_before(session, until)
    known, this_day = store.promised_or_suspended(session, day), now.astimezone(ZONE).date()
    promised = sorted((row for row in known if row.agreed_on and row.agreed_on <= day), key=lambda row: row.agreed_on)
    return (
        *(Duty(OVERDUE if row.due_at < now else DUE, row.due_at, row) for row in running),
        *(Duty(DELIVERY if row.agreed_on >= this_day else LATE_DELIVERY, row.agreed_on, row) for row in promised),
        *(Duty(ON_HOLD, None, row) for row in known if row.state == SUSPENDED),
    )


def proving_types(terms: Terms) -> tuple[str, ...]:
    """Given the contract's terms, return the types whose limits name them: what is judged by the minute is proved."""
    return tuple(sorted({name for limit in terms.limits for name in limit.types}))


def is_time(now: datetime) -> bool:
    """Given now, say whether it is the end of the day in Shanghai: from 17:50."""
    return now.astimezone(ZONE).time() >= STARTS


class Reminder:
    """Whether a mark stands in the menu: looked up once a minute and process. Safe across threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: tuple[datetime, bool] | None = None

    def stands(self, session: Session, book: Book, now: datetime) -> bool:
        """Given now, say whether it is the end of the day and something is left. At most one statement."""
        if not is_time(now):
            return False
        with self._lock:
            if self._seen is None or not timedelta() <= now - self._seen[0] < LOOK_AGAIN:
                began = day_start(now.astimezone(ZONE).date())
                self._seen = (now, store.anything(session, began, proving_types(book.at(now).terms)))
            return self._seen[1]

    def forget(self) -> None:
        """Look anew the next time."""
        with self._lock:
            self._seen = None
