"""When people are told of a duty that is coming or has passed: 7, 3, 1 and 0 days before, once it passed, once missed.

Not for the messages themselves (`services/duty_plans.py`), nor for channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ops_console.core.duties import DAY, MISSED, OVERDUE, SECOND, Duty
from ops_console.core.moments import day_start

DAYS_BEFORE = (7, 3, 1, 0)
MORNING = timedelta(hours=8)  # of the Shanghai day: nobody is woken for what is due in a week
LAST_HOUR = timedelta(hours=1)
PASSED = (OVERDUE, MISSED)
DUE_KIND, MISSED_KIND = "duty_due", "duty_missed"


def looks(duty: Duty) -> Iterator[tuple[datetime, str]]:
    """Given a duty, yield when people are told of it and the stage (`7`, `3`, `1`, `0`, OVERDUE, MISSED), in order.

    On the due day at 8:00, or an hour before what is due earlier than that. OVERDUE only where a grace follows.
    """
    for days in DAYS_BEFORE:
        morning = day_start(duty.due_on - days * DAY) + MORNING
        yield min(morning, duty.due_at - LAST_HOUR) if days == 0 else morning, str(days)
    if duty.grace_until > duty.due_at:
        yield duty.due_at + SECOND, OVERDUE
    yield duty.grace_until + SECOND, MISSED


def stage_at(duty: Duty, at: datetime) -> str | None:
    """Given a duty that nobody did and an instant, return the one stage to tell of then, or None: it is far off."""
    passed = [stage for moment, stage in looks(duty) if moment <= at]
    return passed[-1] if passed else None


def next_look(duty: Duty, after: datetime) -> datetime | None:
    """Given a duty that nobody did and an instant, return when the next stage begins; None after the last one."""
    return next((moment for moment, _stage in looks(duty) if moment > after), None)
