"""The contract's working time: statutory workdays with make-up days, at the contract's hours.

Not the arithmetic of working seconds: that is `core/calendars.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from ops_console.core.calendars import Calendar
from ops_console.core.errors import UnknownYear
from ops_console.core.hours import cut
from ops_console.core.moments import day_start
from ops_console.core.statutory import YearDays, merge_override, statutory_calendar
from ops_console.core.terms import Terms, VersionInForce

YEARS_BEFORE = 3  # sheets reach back before the contract; what the source knows of them is no guess
OPEN_DAYS = ("workday", "makeup")
MOST_DAYS = 366
KnownYears = Callable[[int], YearDays]


@dataclass(frozen=True)
class WorkingCalendar:
    """A calendar of working time and the years whose statutory days it knows."""

    calendar: Calendar
    zone: ZoneInfo
    years: tuple[YearDays, ...]

    def is_working(self, at: datetime) -> bool:
        """Given an aware instant, say whether it lies in working time: opening included, closing not."""
        return self.calendar.is_working(at)

    def is_provisional(self, at: datetime) -> bool:
        """Given an aware instant, say whether its year is unknown, so that weekdays alone were reckoned (暂定)."""
        return self.year_of(at) is None

    def year_of(self, at: datetime) -> YearDays | None:
        """Given an aware instant, return the statutory days of its year, or None when they are unknown."""
        year = at.astimezone(self.zone).year
        return next((days for days in self.years if days.year == year), None)

    def day_kind(self, at: datetime) -> str:
        """Given an aware instant, return what its day is: `workday`, `weekend`, `holiday` or `makeup`."""
        day, known = at.astimezone(self.zone).date(), self.year_of(at)
        if known and day in known.workdays:
            return "makeup"
        if known and day in known.closed:
            return "holiday"
        return "weekend" if day.weekday() >= 5 else "workday"

    def next_workday(self, day: date) -> date:
        """Given a day, return the first working day after it: Friday's is the Monday, or a Saturday of 调休."""
        for _ in range(MOST_DAYS):
            day += timedelta(days=1)
            if self.day_kind(day_start(day)) in OPEN_DAYS:
                break
        return day


def working_calendar(version: VersionInForce, later: Iterable[VersionInForce], known: KnownYears) -> WorkingCalendar:
    """Given a version, all confirmed versions and the source of statutory days, return the version's working time.

    The version's own overrides win over the source. A year that neither knows is taken from the first version
    proposed after it that knows it (give them oldest first): a provisional year is settled by what both parties
    confirmed afterwards, never by what they had before.
    """
    terms = version.terms
    newer = [other.terms for other in later if other.id > version.id]
    years = []
    for year in range(terms.starts_on.year - YEARS_BEFORE, terms.ends_on.year + 2):
        days = _days_of(year, terms, newer, known)
        if days is not None:
            years.append(days)
    hours = cut(terms.hours, terms.breaks)
    return WorkingCalendar(statutory_calendar(terms.zone, hours, years), ZoneInfo(terms.zone), tuple(years))


def _days_of(year: int, terms: Terms, newer: Iterable[Terms], known: KnownYears) -> YearDays | None:
    try:
        base: YearDays | None = known(year)
    except UnknownYear:
        base = None
    own = _override(year, terms)
    if own is None and base is None:
        own = next((found for other in newer if (found := _override(year, other)) is not None), None)
    return merge_override(base, own) if own is not None else base


def _override(year: int, terms: Terms) -> YearDays | None:
    return next((override.days() for override in terms.overrides if override.year == year), None)


def missing_years(calendar: WorkingCalendar, terms: Terms, today: date) -> tuple[int, ...]:
    """Given working time, its terms and today, return the unknown years that a banner must name.

    The current year, and from October on the next one, as far as the contract reaches.
    """
    asked = [today.year] + ([today.year + 1] if today.month >= 10 else [])
    known = {days.year for days in calendar.years}
    return tuple(y for y in asked if y not in known and terms.starts_on.year <= y <= terms.ends_on.year)
