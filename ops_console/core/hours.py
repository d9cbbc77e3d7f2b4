"""Hours and days as people write them: reads one day's working spans and one date, and cuts breaks out of hours.

Not for reckoning with them (`calendars`) and not for statutory days (`statutory`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import pairwise

from ops_console.core.errors import CalendarInvalid
from ops_console.core.sentences import sentence

Hours = Sequence[Sequence[str]]
"""One day's hours as written: [("08:00", "12:00"), ("14:00", "24:00")], tuples or lists."""

Spans = tuple[tuple[int, int], ...]
"""One day's hours as read: half-open spans in minutes after local midnight, sorted, apart or touching."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")


def cut(hours: Hours, breaks: Hours) -> list[tuple[str, str]]:
    """Given one day's hours and its breaks, return the hours that remain, sorted.

    >>> cut([("08:00", "18:00")], [("12:00", "13:30")])
    [('08:00', '12:00'), ('13:30', '18:00')]

    Raises CalendarInvalid when either cannot be read or overlaps itself.
    """
    remaining = list(read_hours(hours, sentence("工作时间")))
    for start, end in read_hours(breaks, sentence("休息时间")):
        pieces = [piece for a, b in remaining for piece in ((a, min(b, start)), (max(a, end), b))]
        remaining = [(opening, closing) for opening, closing in pieces if opening < closing]
    return list(write_hours(remaining))


def read_day(day: date | str) -> date:
    """Given a date or its ISO text `2027-01-01`, return the date. Raises CalendarInvalid when it is neither."""
    if isinstance(day, date) and not isinstance(day, datetime):
        return day
    try:
        parsed = date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        parsed = None
    if parsed is None or parsed.isoformat() != day:  # Python also takes 20270101 and 2027-W01-1, which people misread
        raise CalendarInvalid("日期 %(day)s 写法不对，请写成 2027-01-01 这样的年-月-日。", day=day)
    return parsed


def read_hours(hours: Hours, place: object) -> Spans:
    """Given one day's hours and the place to blame (`mon`, `2027-01-01`), return its spans.

    Raises CalendarInvalid when they cannot be read, end before they begin, or overlap; touching spans are allowed.
    """
    if isinstance(hours, str) or not isinstance(hours, Sequence):
        raise CalendarInvalid(
            '日历中 %(place)s 的时段 %(hours)s 写法不对，请写成 [["08:00", "12:00"]]。', place=place, hours=hours
        )
    spans = tuple(sorted(_read_span(span, place) for span in hours))
    for first, second in pairwise(spans):
        if second[0] < first[1]:
            one, other = ("–".join(span) for span in write_hours((first, second)))
            raise CalendarInvalid(
                "日历中 %(place)s 的时段 %(one)s 与 %(other)s 重叠，请合并或错开。", place=place, one=one, other=other
            )
    return spans


def write_hours(spans: Iterable[tuple[int, int]]) -> tuple[tuple[str, str], ...]:
    """Given spans in minutes, return the hours as written, so that `read_hours` returns the spans again."""
    return tuple((f"{a // 60:02}:{a % 60:02}", f"{b // 60:02}:{b % 60:02}") for a, b in spans)


def _read_span(span: Sequence[str], place: object) -> tuple[int, int]:
    if isinstance(span, str) or not isinstance(span, Sequence) or len(span) != 2:
        raise CalendarInvalid(
            '日历中 %(place)s 的时段 %(span)s 写法不对，请写成 ["08:00", "12:00"]。', place=place, span=span
        )
    opening, closing = (_read_time(time, place) for time in span)
    if opening >= closing:
        raise CalendarInvalid(
            "日历中 %(place)s 的时段 %(span)s 结束不晚于开始，请更正；跨零点的时段请分成两段，前一段到 24:00。",
            place=place,
            span="–".join(span),
        )
    return opening, closing


def _read_time(time: str, place: object) -> int:
    if not isinstance(time, str) or not _TIME.fullmatch(time):
        raise CalendarInvalid(
            "日历中 %(place)s 的时间 %(time)s 写法不对，请写成 00:00 至 24:00 的“时:分”，如 08:30。",
            place=place,
            time=time,
        )
    return int(time[:2]) * 60 + int(time[3:])
