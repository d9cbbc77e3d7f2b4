"""Instants, months and hours as the contract reads them: whole seconds, Shanghai months.

Not for working time: that is the calendar's (`core/calendars.py`).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ops_console.core.errors import Refused

ZONE = ZoneInfo("Asia/Shanghai")
MONTH = re.compile(r"(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])")  # with room to shift it to both sides
MOST_MONTHS = 600


def whole(at: datetime) -> datetime:
    """Given an aware instant, return it in UTC cut to the whole second, as every clock compares it.

    Raises ValueError when `at` has no zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"naive datetime: {at!r}")
    return at.astimezone(UTC).replace(microsecond=0)


def month_of(at: datetime) -> str:
    """Given an aware instant, return its Shanghai month, such as `2026-03`."""
    return at.astimezone(ZONE).strftime("%Y-%m")


def hour_of(at: datetime) -> int:
    """Given an aware instant, return its Shanghai hour of day, 0 to 23."""
    return at.astimezone(ZONE).hour


def parse_month(text: str) -> str:
    """Given a month as typed, return it. Raises Refused when it is not `YYYY-MM`."""
    if not MONTH.fullmatch(text or ""):
        raise Refused("“%(value)s”不是月份；请写成 2026-03 这样的年月。", value=text, field="month")
    return text


def month_start(month: str) -> datetime:
    """Given `2026-03`, return the instant (UTC) at which that month begins in Shanghai."""
    year, number = (int(part) for part in month.split("-"))
    return datetime(year, number, 1, tzinfo=ZONE).astimezone(UTC)


def day_start(day: date) -> datetime:
    """Given a Shanghai day, return the instant (UTC) at which it begins."""
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


def local_moment(text: str) -> datetime:
    """Given a Shanghai time as a form sends it, `2026-03-05T09:12` or with a blank, return the instant in UTC.

    Raises Refused when it is none.
    """
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refused("时间请写成 2026-03-05 09:12。", field="occurred_at") from None
    return (at.replace(tzinfo=ZONE) if at.tzinfo is None else at).astimezone(UTC)


def shift_month(month: str, steps: int) -> str:
    """Given a month and a number of steps (may be negative), return the month so many steps away."""
    year, number = (int(part) for part in month.split("-"))
    index = year * 12 + number - 1 + steps
    return f"{index // 12:04d}-{index % 12 + 1:02d}"


def months_between(first: str, last: str) -> tuple[str, ...]:
    """Given two months, return all from the first to the last, both included.

    Raises Refused when the last lies before the first or they are more than MOST_MONTHS.
    """
    first, last = parse_month(first), parse_month(last)
    if last < first:
        raise Refused("结束月份 %(last)s 早于起始月份 %(first)s，请调换。", first=first, last=last, field="to")
    months = [first]
    while months[-1] != last:
        if len(months) == MOST_MONTHS:
            raise Refused("一次最多统计 %(n)s 个月，请缩小范围。", n=MOST_MONTHS, field="to")
        months.append(shift_month(months[-1], 1))
    return tuple(months)
