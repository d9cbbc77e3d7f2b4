"""Times as sheets hold them: date cells, bare serial numbers and typed text, read to naive local datetimes.

Not for judging a time: whether it is in order is `ticket_sheets`' business, and business hours are the calendars'.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from ops_console.core.sheet_text import as_code

EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 - what a sheet holds bears no zone
EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - as above; workbooks once made on a Mac
SECONDS_PER_DAY = 86400
YEARS = range(1900, 9999)

# Five digits before the point, 1927 to 2173: a count or a year typed into a time column is no time.
SERIAL_FROM, SERIAL_BELOW = 10_000, 100_000

_TYPED = re.compile(r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2}) +([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")


@dataclass(frozen=True)
class SheetTime:
    """A date cell: its naive local datetime, and whether its number format shows a time of day."""

    moment: datetime
    has_time: bool


SheetValue = str | int | float | SheetTime | None


def parse_time(text: str, epoch: datetime = EPOCH_1900) -> datetime | None:
    """Given a typed time (`2026-3-5 09:02[:03]`, `2026/3/5 9:02[:03]`, a serial, also full-width), return it naive.

    None when it cannot be read, a date without a time included. A whole serial is midnight, as spreadsheets store it.
    >>> parse_time("２０２６/3/5 9:02")
    datetime.datetime(2026, 3, 5, 9, 2)
    """
    code = as_code(text)
    if _SERIAL.fullmatch(code):
        return read_time(float(code), epoch)
    match = _TYPED.fullmatch(code)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match.group(place) or 0) for place in (1, 3, 4, 5, 6, 7))
    if year not in YEARS:
        return None
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - local, `to_utc` gives it its zone
    except ValueError:
        return None


def from_serial(number: float, epoch: datetime = EPOCH_1900) -> datetime:
    """Given a spreadsheet's serial number of days since the epoch, return the naive datetime, to the nearest second."""
    return epoch + timedelta(seconds=math.floor(number * SECONDS_PER_DAY + 0.5))


def to_second(moment: datetime) -> datetime:
    """Given a datetime, return it at the nearest whole second."""
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)


def read_time(value: SheetValue, epoch: datetime = EPOCH_1900) -> datetime | None:
    """Given a cell's value and its workbook's epoch, return the naive datetime, or None when it cannot be read."""
    if isinstance(value, str):
        return parse_time(value, epoch)
    if isinstance(value, SheetTime):
        return _read_date_cell(value)
    if value is None or not SERIAL_FROM <= value < SERIAL_BELOW:
        return None
    return from_serial(value, epoch)


def to_utc(moment: datetime, zone: tzinfo) -> datetime:
    """Given a naive local datetime and its zone, return the aware UTC datetime."""
    return moment.replace(tzinfo=zone).astimezone(UTC)


def _read_date_cell(cell: SheetTime) -> datetime | None:
    if cell.moment.year not in YEARS:
        return None
    moment = to_second(cell.moment)
    shows_no_time = not cell.has_time and moment.time() == time(0)
    return None if shows_no_time else moment
