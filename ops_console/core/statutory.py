"""Statutory days: a year's days off and make-up workdays (调休), how they are written, and the calendar they make.

Not for where they come from (`adapters/statutory_days` and config.toml) and not for reckoning with hours (`calendars`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ops_console.core.calendars import WEEKDAYS, Calendar
from ops_console.core.errors import CalendarInvalid
from ops_console.core.hours import read_day


@dataclass(frozen=True)
class YearDays:
    """One year's days off (weekends inside a holiday may be among them), make-up workdays, and who says so."""

    year: int
    closed: frozenset[date]
    workdays: frozenset[date]
    source: str


def statutory_calendar(zone: str, hours: Sequence[tuple[str, str]], years: Iterable[YearDays]) -> Calendar:
    """Given a zone, a workday's hours and the years known, return the Calendar.

    It works Monday to Friday less days off, and on make-up workdays. A year not given is reckoned by weekday alone:
    whoever shows its figures marks them 暂定.
    Raises CalendarInvalid when a year is given twice or the hours cannot be reckoned with.
    """
    known: dict[int, YearDays] = {}
    for days in years:
        if days.year in known:
            raise CalendarInvalid("%(year)s 年的节假日安排给出了两份，请先合并为一份。", year=days.year)
        known[days.year] = days
    return Calendar(
        zone=zone,
        week=dict.fromkeys(WEEKDAYS[:5], hours),
        closed=frozenset[date]().union(*(days.closed for days in known.values())),
        shifts={day: hours for days in known.values() for day in days.workdays},
    )


def merge_override(base: YearDays | None, override: YearDays) -> YearDays:
    """Given what a source knows of a year and a site's override, return both together; the override wins day by day.

    A day the override closes is no workday any more, and the reverse. Without a base the override is the year.
    Raises CalendarInvalid when they are of different years.
    """
    if base is None:
        return override
    if base.year != override.year:
        raise CalendarInvalid(
            "%(override)s 年的补录不能并入 %(base)s 年的节假日安排，请核对年份。",
            override=override.year,
            base=base.year,
        )
    return YearDays(
        year=base.year,
        closed=(base.closed | override.closed) - override.workdays,
        workdays=(base.workdays | override.workdays) - override.closed,
        source=f"{base.source}；{override.source}",
    )


def parse_days(year: int, holidays: Sequence[str], workdays: Sequence[str], source: str) -> YearDays:
    """Given a year's days off and make-up workdays as written, return its YearDays.

    Each item is a day or a range with both ends: "2027-01-01", "2027-01-01..2027-01-03".
    Raises CalendarInvalid for a bad date, a reversed range, a day outside the year, or a day that is both.
    """
    closed = frozenset(day for item in holidays for day in _read_item(year, item))
    worked = frozenset(day for item in workdays for day in _read_item(year, item))
    if both := sorted(closed & worked):
        listed = "、".join(day.isoformat() for day in both)
        raise CalendarInvalid("%(year)s 年的 %(days)s 既是放假又是调休上班，请只保留一处。", year=year, days=listed)
    return YearDays(year=year, closed=closed, workdays=worked, source=source)


def _read_item(year: int, item: str) -> list[date]:
    written = item.split("..", 1) if isinstance(item, str) else [item]
    first, last = read_day(written[0]), read_day(written[-1])
    if last < first:
        raise CalendarInvalid("日期范围 %(item)s 结束早于开始，请更正。", item=item)
    if first.year != year or last.year != year:
        raise CalendarInvalid("日期 %(item)s 不在 %(year)s 年内，请填到所属年份。", item=item, year=year)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
