"""Statutory days from the chinesecalendar package, which carries the State Council's yearly notices.

Not for overrides and not for years it lacks: it never guesses, since a year without make-up days is silently wrong.
"""

from __future__ import annotations

from datetime import date
from importlib.metadata import version

from ops_console.core.errors import UnknownYear
from ops_console.core.statutory import YearDays


class StatutoryDays:
    """The source of statutory days: one release of chinesecalendar (1.11.0 knows 2004 to 2026)."""

    def of(self, year: int) -> YearDays:
        """Given a year, return its days off and make-up workdays. Raises UnknownYear when the package lacks it."""
        import chinese_calendar  # here and not above: it builds its tables when imported

        try:
            first, last = date(year, 1, 1), date(year, 12, 31)
            closed = chinese_calendar.get_holidays(first, last, include_weekends=False)
            worked = chinese_calendar.get_workdays(first, last)
        except (NotImplementedError, ValueError) as exc:  # ValueError: no year of ours, such as 0
            raise UnknownYear(year) from exc
        return YearDays(
            year=year,
            closed=frozenset(closed),
            workdays=frozenset(day for day in worked if day.weekday() >= 5),
            source=f"chinesecalendar {version('chinesecalendar')}",
        )

    def latest_known_year(self) -> int:
        """Given nothing, return the last year the package knows: the year after it is the one to remind people of."""
        import chinese_calendar

        return max(chinese_calendar.holidays).year
