"""The demo year as one list of stories: what comes by chance and what is written beforehand, up to an instant.

Not for the present around now (`core/demo_now.py`): that depends on the moment, this on the day alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ops_console.core.demo import FIRST, LAST, days, expected, reports
from ops_console.core.demo_lives import story_of
from ops_console.core.demo_steps import Story
from ops_console.core.demo_storylines import is_scripted, storylines
from ops_console.core.demo_words import Stock
from ops_console.core.moments import ZONE, day_start, whole
from ops_console.core.working_time import WorkingCalendar

SAME_DAY = (10, 30)  # a day other than the clock's is shown as it was at half past ten


@dataclass(frozen=True)
class Year:
    """What the year is drawn from: the texts, the working calendar, the types nobody is asked about, and its scale."""

    stock: Stock
    calendar: WorkingCalendar
    sampled: frozenset[str]
    scale: float = 1.0


def begun() -> datetime:
    """Return when the demo's house is furnished: before the year, for new accounts sign nothing on their first day."""
    return whole(day_start(FIRST) - timedelta(days=3) + timedelta(hours=9))


def moment_of(today: date | None, now: datetime) -> datetime:
    """Given the wished day (None: the clock's own) and the clock, return the moment up to which the year is built.

    The clock's day is built up to now, another up to its half past ten; past the contract year, up to its end.
    Before it, the first morning.
    """
    at = whole(now) if today is None else whole(day_start(today) + timedelta(hours=SAME_DAY[0], minutes=SAME_DAY[1]))
    first = whole(day_start(FIRST) + timedelta(hours=SAME_DAY[0], minutes=SAME_DAY[1]))
    last = whole(day_start(LAST + timedelta(days=1))) - timedelta(seconds=1)
    return min(max(at, first), last)


def is_within(today: date | None, now: datetime) -> bool:
    """Given the wished day and the clock, say whether the day lies in the contract year."""
    return FIRST <= (today or now.astimezone(ZONE).date()) <= LAST


def stories(year: Year, until: datetime) -> list[Story]:
    """Given what the year is drawn from and an instant, return the stories reported by then."""
    means, last = expected(year.calendar), until.astimezone(ZONE).date()
    drawn = [
        story_of(report, year.stock, year.calendar, year.sampled)
        for day in days() if day <= last
        for report in reports(day, year.calendar, means, year.scale)
        if report.at <= until and not is_scripted(report.at)
    ]  # fmt: skip
    written = storylines(year.stock, year.calendar, year.sampled)
    return [*drawn, *(story for story in written if story.steps[0].at <= until)]
