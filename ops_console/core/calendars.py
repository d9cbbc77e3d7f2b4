"""Working hours: which instants count, how much working time lies between two, and where a working duration ends.

Not for statutory days (`statutory`), time limits or pauses, and not for the clock: callers bring every instant.

Conventions: windows are half-open `[open, close)`; a duration that exactly fills a window ends at its closing instant;
time is really elapsed time, so a window across a clock change is an hour longer or shorter. Where the clock of the zone
goes back, a local time means its first occurrence; where it jumps, a skipped local time means the jump.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from functools import lru_cache, partial
from itertools import accumulate
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ops_console.core.errors import CalendarInvalid, CalendarSearchExceeded
from ops_console.core.hours import Hours, Spans, read_day, read_hours, write_hours

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SEARCH_YEARS = 200
FIRST_YEAR, LAST_YEAR = 2, 9998

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MINUTE = 60_000_000
_DAY = timedelta(days=1)
_MIDNIGHT, _MIDNIGHT_AGAIN = time(), time(fold=1)


@dataclass(frozen=True)
class Calendar:
    """The working hours of one zone: weekly hours, closed days, and dated hours (`shifts`) that replace a day's.

    A shift wins over `closed`; a shift without hours closes its day. A span across midnight is given as two.
    Raises CalendarInvalid when a zone, day or time cannot be read, spans overlap, or there are no hours at all.
    """

    zone: str
    week: Mapping[str, Hours]
    closed: Iterable[date | str] = ()
    shifts: Mapping[date, Hours] | Mapping[str, Hours] = field(default_factory=dict)
    _clock: ZoneInfo = field(init=False, repr=False, compare=False)
    _year: Callable[[int], _Year] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        weekly = _read_week(self.week)
        closed = frozenset(read_day(day) for day in self.closed)
        shifts = _read_shifts(self.shifts)
        if not any(weekly) and not any(shifts.values()):
            raise CalendarInvalid("日历没有任何工作时段，请至少填写一天的工作时间。")
        clock, dated = _read_zone(self.zone), {**dict.fromkeys(closed, ()), **shifts}
        week = {key: write_hours(spans) for key, spans in zip(WEEKDAYS, weekly, strict=True) if spans}
        own = {
            "week": MappingProxyType(week),
            "closed": closed,
            "shifts": MappingProxyType({day: write_hours(spans) for day, spans in sorted(shifts.items())}),
            "_clock": clock,
            # Safe across threads, and holds no reference to self: a calendar goes when its last user does.
            "_year": lru_cache(maxsize=SEARCH_YEARS + 1)(partial(_reckon_year, clock, weekly, dated)),
        }
        for name, setting in own.items():
            object.__setattr__(self, name, setting)

    def is_working(self, at: datetime) -> bool:
        """Given an aware instant, return whether it lies in hours: the opening does, the closing does not."""
        moment = _moment(at)
        return self._year(self._year_of(moment)).is_open(moment)

    def add(self, start: datetime, seconds: int | float) -> datetime:
        """Given an aware start and working seconds, return the UTC instant at which they are used up.

        With hours 08:00-18:00, 17:30 plus 30 min is 18:00, not the next opening; 0 s outside hours is the next opening.
        Raises CalendarSearchExceeded when SEARCH_YEARS hold too few hours, CalendarInvalid when seconds are negative.
        """
        moment, wanted = _moment(start), _duration(seconds)
        first = self._year_of(moment)
        position = self._year(first).worked(moment) + wanted
        for year in self._years(first, step=1):
            found = year.filled(position) if wanted else year.opened(position)
            if found is not None:
                return _instant(found)
            position -= year.total
        raise _exceeded(start)

    def subtract(self, start: datetime, seconds: int | float) -> datetime:
        """Given an aware instant and working seconds, return the UTC instant so much before it: `add` mirrored.

        Windows are `(open, close]` here: with hours 08:00-18:00, 18:00 less 10 h is 08:00; 0 s outside hours is the
        last closing. Raises CalendarSearchExceeded and CalendarInvalid as `add` does.
        """
        moment, wanted = _moment(start), _duration(seconds)
        last = self._year_of(moment)
        from_end = self._year(last).total - self._year(last).worked(moment) + wanted
        for year in self._years(last, step=-1):
            position = year.total - from_end
            found = year.opened(position) if wanted else year.filled(position)
            if found is not None:
                return _instant(found)
            from_end -= year.total
        raise _exceeded(start)

    def between(self, a: datetime, b: datetime) -> int | float:
        """Given two aware instants, return the working seconds in `[a, b)`; 0 when b precedes a.

        An int when whole, else a float exact to the microsecond.
        Raises CalendarSearchExceeded when they lie more than SEARCH_YEARS apart.
        """
        first, last = _moment(a), _moment(b)
        if last <= first:
            return 0
        *full, final = self._years_between(first, last)
        microseconds = sum(year.total for year in full) + final.worked(last) - (full or [final])[0].worked(first)
        seconds, rest = divmod(microseconds, 1_000_000)
        return microseconds / 1_000_000 if rest else seconds

    def spans(self, a: datetime, b: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Given two aware instants, return the working intervals inside `[a, b)`, in UTC and in order.

        They add up to `between`; windows that touch stay apart. Raises CalendarSearchExceeded as `between` does.
        """
        first, last = _moment(a), _moment(b)
        years = self._years_between(first, last) if first < last else []
        pieces = (piece for year in years for piece in year.clipped(first, last))
        return ((_instant(opening), _instant(closing)) for opening, closing in pieces)

    def _year_of(self, moment: int) -> int:
        """Given microseconds of UTC, return the local year whose spans are the next to consider."""
        if not _EARLIEST <= moment < _LATEST:
            raise CalendarSearchExceeded(
                "时刻超出日历可推算的 %(first)s 年至 %(last)s 年，请核对日期。", first=FIRST_YEAR, last=LAST_YEAR
            )
        year = _instant(moment).astimezone(self._clock).year
        return year + (moment >= self._year(year).end)  # a clock set back at New Year shows the old year once more

    def _years(self, first: int, *, step: int) -> Iterator[_Year]:
        """Given a year and a direction, return the years to search: a bounded number of them."""
        years = range(first, first + step * (SEARCH_YEARS + 1), step)
        return (self._year(year) for year in years if FIRST_YEAR <= year <= LAST_YEAR)

    def _years_between(self, first: int, last: int) -> list[_Year]:
        """Given two moments in order, return the years that `[first, last)` touches."""
        years = range(self._year_of(first), self._year_of(last - 1) + 1)
        if len(years) > SEARCH_YEARS + 1:
            raise CalendarSearchExceeded(
                "%(start)s 与 %(end)s 相隔超过 %(years)s 年，日历不作推算，请核对日期。",
                start=_instant(first),
                end=_instant(last),
                years=SEARCH_YEARS,
            )
        return [self._year(year) for year in years]


@dataclass(frozen=True, slots=True)
class _Year:
    """The working spans of one local year in microseconds of UTC; `before` is what was worked before each opening.

    A position is a point on the year's working time alone. The closing of a span and the opening of the next are one
    position: `filled` answers with the closing, `opened` with the opening, both with None when it is in another year.
    """

    opens: tuple[int, ...]
    closes: tuple[int, ...]
    before: tuple[int, ...]
    total: int
    end: int

    def is_open(self, moment: int) -> bool:
        span = bisect_right(self.opens, moment) - 1
        return span >= 0 and moment < self.closes[span]

    def worked(self, moment: int) -> int:
        span = bisect_right(self.opens, moment) - 1
        return 0 if span < 0 else self.before[span] + min(moment, self.closes[span]) - self.opens[span]

    def filled(self, position: int) -> int | None:
        if not 0 < position <= self.total:
            return None
        span = bisect_left(self.before, position) - 1
        return self.opens[span] + position - self.before[span]

    def opened(self, position: int) -> int | None:
        if not 0 <= position < self.total:
            return None
        span = bisect_right(self.before, position) - 1
        return self.opens[span] + position - self.before[span]

    def clipped(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        touched = slice(bisect_right(self.closes, first), bisect_left(self.opens, last))
        for opening, closing in zip(self.opens[touched], self.closes[touched], strict=True):
            yield max(opening, first), min(closing, last)


def _read_week(week: Mapping[str, Hours]) -> tuple[Spans, ...]:
    for key in week:
        if key not in WEEKDAYS:
            raise CalendarInvalid("日历中的星期 %(key)s 无法识别，请用 %(known)s。", key=key, known="、".join(WEEKDAYS))
    return tuple(read_hours(week.get(key, ()), key) for key in WEEKDAYS)


def _read_shifts(shifts: Mapping[date, Hours] | Mapping[str, Hours]) -> dict[date, Spans]:
    read: dict[date, Spans] = {}
    for key, hours in shifts.items():
        day = read_day(key)
        if day in read:
            raise CalendarInvalid("日历中 %(day)s 的时段填写了两次，请只保留一次。", day=day.isoformat())
        read[day] = read_hours(hours, day.isoformat())
    return read


def _read_zone(zone: str) -> ZoneInfo:
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, TypeError, AttributeError, OSError) as exc:  # OSError: a folder, "Asia"
        raise CalendarInvalid("时区 %(zone)s 无法识别，请用 IANA 名称，如 Asia/Shanghai。", zone=zone) from exc


def _moment(at: datetime) -> int:
    """Given an aware datetime, return its microseconds of UTC. Raises CalendarInvalid when it is naive."""
    if at.utcoffset() is None:
        raise CalendarInvalid("时刻 %(at)s 没有时区，无法按日历推算；请给出带时区的时刻。", at=at.isoformat())
    return (at - _EPOCH) // _MICROSECOND


def _instant(moment: int) -> datetime:
    return _EPOCH + timedelta(microseconds=moment)


def _duration(seconds: int | float) -> int:
    """Given seconds, return microseconds. By Fraction: a float times a million would lose one after 71 years."""
    try:
        microseconds = round(Fraction(seconds) * 1_000_000)
    except (ValueError, OverflowError) as exc:
        raise CalendarInvalid("时长 %(seconds)s 不是有限的秒数，无法推算。", seconds=seconds) from exc
    if seconds < 0:
        raise CalendarInvalid("时长 %(seconds)s 秒为负，无法推算；请给出不小于 0 的秒数。", seconds=seconds)
    return microseconds


def _reckon_year(clock: ZoneInfo, weekly: tuple[Spans, ...], dated: Mapping[date, Spans], year: int) -> _Year:
    """Given a zone, weekly and dated spans and a local year, return the year without the spans that its clock skips."""
    days = map(date.fromordinal, range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()))
    hours = ((day, dated[day] if day in dated else weekly[day.weekday()]) for day in days)
    spans = [span for day, written in hours if written for span in _in_utc(clock, day, written) if span[0] < span[1]]
    worked = tuple(accumulate((closing - opening for opening, closing in spans), initial=0))
    return _Year(
        opens=tuple(opening for opening, _ in spans),
        closes=tuple(closing for _, closing in spans),
        before=worked[:-1],
        total=worked[-1],
        end=_first_shown(clock, datetime(year + 1, 1, 1)),  # noqa: DTZ001 - a local time
    )


def _in_utc(clock: ZoneInfo, day: date, spans: Spans) -> Spans:
    """Given a local day and its spans in minutes, return them in microseconds of UTC."""
    midnight = datetime.combine(day, _MIDNIGHT)
    if clock.utcoffset(midnight) == clock.utcoffset(datetime.combine(day + _DAY, _MIDNIGHT_AGAIN)):
        # No change that day: in the tz database of 2026 no zone changes its clock twice within 3 days.
        start = (datetime.combine(day, _MIDNIGHT, clock) - _EPOCH) // _MICROSECOND
        return tuple([(start + opening * _MINUTE, start + closing * _MINUTE) for opening, closing in spans])
    shown = {minute: _first_shown(clock, midnight + timedelta(minutes=minute)) for span in spans for minute in span}
    return tuple((shown[opening], shown[closing]) for opening, closing in spans)


def _first_shown(clock: ZoneInfo, wall: datetime) -> int:
    """Given a naive local time, return the first microsecond of UTC at which the clock shows it or more."""
    early, late = (_moment(wall.replace(tzinfo=clock, fold=fold)) for fold in (0, 1))
    if early <= late:  # equal but for a repeated hour
        return early
    seconds = range(late // 1_000_000, early // 1_000_000 + 1)  # a skipped hour: the jump is in here, on a whole second
    shown = bisect_left(seconds, True, key=lambda second: _local(clock, second * 1_000_000) >= wall)
    return seconds[shown] * 1_000_000


def _local(clock: ZoneInfo, moment: int) -> datetime:
    return _instant(moment).astimezone(clock).replace(tzinfo=None)


def _exceeded(start: datetime) -> CalendarSearchExceeded:
    return CalendarSearchExceeded(
        "%(start)s 前后 %(years)s 年内没有足够的工作时间，无法推算；请核对时长和日历。",
        start=start,
        years=SEARCH_YEARS,
    )


_EARLIEST = _moment(datetime(FIRST_YEAR, 1, 2, tzinfo=UTC))  # a day inside, so that no zone shows another year
_LATEST = _moment(datetime(LAST_YEAR, 12, 31, tzinfo=UTC))
