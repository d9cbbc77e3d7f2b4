"""Calendars: facts from peers, laws for any calendar, a brute-force oracle, clock changes, bounds and refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ops_console.core.calendars import SEARCH_YEARS, WEEKDAYS, Calendar
from ops_console.core.errors import CalendarInvalid, CalendarSearchExceeded
from ops_console.core.hours import Hours, cut, read_hours

CASES = json.loads((Path(__file__).parent.parent / "data" / "calendar-cases.json").read_text(encoding="utf-8"))

DAY = [("08:00", "12:00"), ("14:00", "18:00")]
OFFICE = dict.fromkeys(WEEKDAYS[:5], DAY)
ALWAYS = dict.fromkeys(WEEKDAYS, [("00:00", "24:00")])
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def berlin(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Peers' facts


def calendar_of(case: dict) -> Calendar:
    shifts = dict(case.get("shifts", {}))
    for day, breaks in case.get("breaks", {}).items():
        weekday = WEEKDAYS[date.fromisoformat(day).weekday()]
        shifts[day] = cut(shifts.get(day, case["week"].get(weekday, [])), breaks)
    return Calendar(case["tz"], case["week"], closed=case["holidays"], shifts=shifts)


def instant_of(case: dict, text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(case["tz"]))


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_calendar_agrees_with_the_facts_of_its_peers(case: dict) -> None:
    calendar, start = calendar_of(case), instant_of(case, case["start"])
    match case["op"]:
        case "is_working":
            assert calendar.is_working(start) is case["expected"]
        case "between":
            assert calendar.between(start, instant_of(case, case["end"])) == case["expected"]
        case "add":
            assert calendar.add(start, case["seconds"]) == instant_of(case, case["expected"])
        case "sub":
            assert calendar.subtract(start, case["seconds"]) == instant_of(case, case["expected"])
        case other:
            pytest.fail(f"unknown op {other}")


def test_there_are_73_facts() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES) == 73


# Conventions, at the second


@pytest.mark.parametrize(
    ("local", "working"),
    [
        ("2026-03-02T07:59:59", False),
        ("2026-03-02T08:00:00", True),
        ("2026-03-02T11:59:59.999999", True),
        ("2026-03-02T12:00:00", False),
        ("2026-03-02T14:00:00", True),
        ("2026-03-02T18:00:00", False),
        ("2026-03-07T10:00:00", False),
    ],
)
def test_opening_instant_is_in_hours_and_closing_instant_is_not(local: str, working: bool) -> None:
    assert Calendar("Asia/Shanghai", OFFICE).is_working(shanghai(local)) is working


@pytest.mark.parametrize(
    ("start", "seconds", "expected"),
    [
        ("2026-03-02T17:30:00", 1800, "2026-03-02T18:00:00"),
        ("2026-03-02T17:30:00", 1801, "2026-03-03T08:00:01"),
        ("2026-03-02T11:00:00", 3600, "2026-03-02T12:00:00"),
        ("2026-03-02T08:00:00", 8 * 3600, "2026-03-02T18:00:00"),
        ("2026-03-06T18:00:00", 1, "2026-03-09T08:00:01"),
        ("2026-03-02T18:00:00", 0, "2026-03-03T08:00:00"),
        ("2026-03-02T12:00:00", 0, "2026-03-02T14:00:00"),
        ("2026-03-02T08:00:00", 0, "2026-03-02T08:00:00"),
        ("2026-03-02T10:00:00", 0, "2026-03-02T10:00:00"),
        ("2026-03-07T10:00:00", 0, "2026-03-09T08:00:00"),
        ("2026-03-02T10:00:00", 0.25, "2026-03-02T10:00:00.250000"),
    ],
)
def test_a_filled_window_ends_at_its_closing_instant(start: str, seconds: float, expected: str) -> None:
    assert Calendar("Asia/Shanghai", OFFICE).add(shanghai(start), seconds) == shanghai(expected)


@pytest.mark.parametrize(
    ("start", "seconds", "expected"),
    [
        ("2026-03-02T08:30:00", 1800, "2026-03-02T08:00:00"),
        ("2026-03-03T08:30:00", 1801, "2026-03-02T17:59:59"),
        ("2026-03-02T18:00:00", 8 * 3600, "2026-03-02T08:00:00"),
        ("2026-03-09T08:00:00", 1, "2026-03-06T17:59:59"),
        ("2026-03-03T08:00:00", 0, "2026-03-02T18:00:00"),
        ("2026-03-02T14:00:00", 0, "2026-03-02T12:00:00"),
        ("2026-03-02T18:00:00", 0, "2026-03-02T18:00:00"),
        ("2026-03-02T10:00:00", 0, "2026-03-02T10:00:00"),
        ("2026-03-07T10:00:00", 0, "2026-03-06T18:00:00"),
    ],
)
def test_subtract_mirrors_add(start: str, seconds: float, expected: str) -> None:
    assert Calendar("Asia/Shanghai", OFFICE).subtract(shanghai(start), seconds) == shanghai(expected)


def test_results_are_in_utc() -> None:
    calendar = Calendar("Asia/Shanghai", OFFICE)
    start = shanghai("2026-03-02T10:00:00")
    answers = [
        calendar.add(start, 60),
        calendar.subtract(start, 60),
        *next(calendar.spans(start, start + timedelta(days=1))),
    ]
    assert all(answer.tzinfo is UTC for answer in answers)


def test_between_is_whole_unless_an_instant_is_not() -> None:
    calendar = Calendar("Asia/Shanghai", OFFICE)
    opening = shanghai("2026-03-02T08:00:00")
    assert isinstance(calendar.between(opening, opening + timedelta(hours=1)), int)
    assert calendar.between(opening, opening + timedelta(microseconds=1)) == 0.000001
    assert calendar.between(opening + timedelta(microseconds=1), shanghai("2026-03-03T00:00:00")) == 8 * 3600 - 0.000001


def test_reversed_pair_is_zero() -> None:
    calendar = Calendar("Asia/Shanghai", OFFICE)
    assert calendar.between(shanghai("2026-03-03T10:00:00"), shanghai("2026-03-02T10:00:00")) == 0
    assert list(calendar.spans(shanghai("2026-03-03T10:00:00"), shanghai("2026-03-02T10:00:00"))) == []


def test_spans_are_clipped_to_the_instants_asked_for() -> None:
    spans = Calendar("Asia/Shanghai", OFFICE).spans(shanghai("2026-03-06T17:00:00"), shanghai("2026-03-09T09:30:00"))
    assert list(spans) == [
        (utc("2026-03-06T09:00:00"), utc("2026-03-06T10:00:00")),
        (utc("2026-03-09T00:00:00"), utc("2026-03-09T01:30:00")),
    ]


def test_touching_spans_are_one_stretch_of_work() -> None:
    calendar = Calendar("Asia/Shanghai", {"mon": [("08:00", "12:00"), ("12:00", "24:00")], "tue": [("00:00", "01:00")]})
    assert calendar.add(shanghai("2026-03-02T12:00:00"), 0) == shanghai("2026-03-02T12:00:00")
    assert calendar.subtract(shanghai("2026-03-03T00:00:00"), 0) == shanghai("2026-03-03T00:00:00")
    assert calendar.add(shanghai("2026-03-02T08:00:00"), 17 * 3600) == shanghai("2026-03-03T01:00:00")


def test_shift_wins_over_a_closed_day_and_an_empty_shift_closes_one() -> None:
    calendar = Calendar(
        "Asia/Shanghai",
        OFFICE,
        closed=[date(2026, 3, 2), "2026-03-03"],
        shifts={date(2026, 3, 2): [("09:00", "10:00")], date(2026, 3, 4): [], date(2026, 3, 7): [("08:00", "09:00")]},
    )
    worked = [calendar.between(shanghai(f"2026-03-0{day}"), shanghai(f"2026-03-0{day + 1}")) for day in range(2, 8)]
    assert worked == [3600, 0, 0, 8 * 3600, 8 * 3600, 3600]


def test_dates_may_be_dates_or_text_and_hours_lists_or_tuples() -> None:
    as_text = Calendar(
        "UTC", {"mon": [["08:00", "12:00"]]}, closed=["2026-03-02"], shifts={"2026-03-09": [["08:00", "09:00"]]}
    )
    as_dates = Calendar(
        "UTC",
        {"mon": (("08:00", "12:00"),)},
        closed={date(2026, 3, 2)},
        shifts={date(2026, 3, 9): [("08:00", "09:00")]},
    )
    assert as_text == as_dates


def test_spans_of_a_day_may_come_in_any_order() -> None:
    assert Calendar("UTC", {"mon": list(reversed(DAY))}) == Calendar("UTC", {"mon": DAY})


def test_calendar_cannot_be_changed_from_outside() -> None:
    week = {"mon": [["08:00", "12:00"]]}
    calendar = Calendar("UTC", week)
    week["mon"][0][1] = "18:00"
    assert calendar.between(utc("2026-03-02"), utc("2026-03-03")) == 4 * 3600
    with pytest.raises(AttributeError):
        calendar.zone = "Asia/Shanghai"  # type: ignore[misc]
    with pytest.raises(TypeError):
        calendar.week["tue"] = DAY  # type: ignore[index]


def test_year_end_and_leap_day_are_days_like_any_other() -> None:
    calendar = Calendar("Asia/Shanghai", ALWAYS)
    assert calendar.add(shanghai("2026-12-31T22:00:00"), 4 * 3600) == shanghai("2027-01-01T02:00:00")
    assert calendar.subtract(shanghai("2027-01-01T02:00:00"), 4 * 3600) == shanghai("2026-12-31T22:00:00")
    assert calendar.between(shanghai("2024-02-29"), shanghai("2024-03-01")) == 86_400


def test_many_threads_get_the_same_answer() -> None:
    calendar = Calendar("Europe/Berlin", OFFICE)
    starts = [berlin("2001-01-01") + timedelta(days=97 * number) for number in range(100)] * 4
    with ThreadPoolExecutor(8) as threads:
        ends = list(threads.map(lambda start: calendar.add(start, 1_000_000), starts))
    assert ends == [Calendar("Europe/Berlin", OFFICE).add(start, 1_000_000) for start in starts[:100]] * 4


# Clock changes: Berlin springs forward on 2026-03-29 (02:00 → 03:00) and falls back on 2026-10-25 (03:00 → 02:00).

SUNDAY = {"sun": [("01:00", "04:00")]}


def test_a_window_across_a_skipped_hour_is_an_hour_shorter() -> None:
    calendar = Calendar("Europe/Berlin", SUNDAY)
    assert calendar.between(berlin("2026-03-29"), berlin("2026-03-30")) == 2 * 3600
    assert calendar.add(berlin("2026-03-29T01:30:00"), 3600) == berlin("2026-03-29T03:30:00")


def test_a_window_across_a_repeated_hour_is_an_hour_longer() -> None:
    calendar = Calendar("Europe/Berlin", SUNDAY)
    assert calendar.between(berlin("2026-10-25"), berlin("2026-10-26")) == 4 * 3600
    assert calendar.add(berlin("2026-10-25T01:30:00"), 3600 + 1800) == berlin("2026-10-25T02:00:00", fold=1).astimezone(
        UTC
    )


def test_a_skipped_opening_is_the_jump() -> None:
    calendar = Calendar("Europe/Berlin", {"sun": [("02:30", "04:00")]})
    assert calendar.add(berlin("2026-03-29"), 0) == berlin("2026-03-29T03:00:00")
    assert calendar.between(berlin("2026-03-29"), berlin("2026-03-30")) == 3600


def test_a_skipped_closing_is_the_jump() -> None:
    calendar = Calendar("Europe/Berlin", {"sun": [("01:00", "02:30")]})
    assert calendar.between(berlin("2026-03-29"), berlin("2026-03-30")) == 3600
    assert calendar.subtract(berlin("2026-03-30"), 0) == berlin("2026-03-29T03:00:00")


def test_a_window_that_the_clock_skips_has_no_time() -> None:
    calendar = Calendar("Europe/Berlin", {"sun": [("02:10", "02:50")]})
    assert calendar.between(berlin("2026-03-29"), berlin("2026-03-30")) == 0
    assert calendar.add(berlin("2026-03-29"), 0) == berlin("2026-04-05T02:10:00")


def test_a_repeated_opening_or_closing_means_its_first_occurrence() -> None:
    calendar = Calendar("Europe/Berlin", {"sun": [("01:00", "02:30"), ("02:30", "02:45")]})
    assert calendar.between(berlin("2026-10-25"), berlin("2026-10-26")) == 5400 + 900
    assert calendar.is_working(berlin("2026-10-25T02:35:00", fold=0))
    assert not calendar.is_working(berlin("2026-10-25T02:35:00", fold=1))


def test_a_day_that_a_zone_skipped_has_no_hours() -> None:
    calendar = Calendar("Pacific/Apia", ALWAYS)  # 2011-12-30 did not happen in Samoa
    apia = ZoneInfo("Pacific/Apia")
    assert calendar.between(datetime(2011, 12, 29, tzinfo=apia), datetime(2012, 1, 1, tzinfo=apia)) == 2 * 86_400


def test_shanghai_reckons_elapsed_time_through_its_old_summer_time() -> None:
    calendar = Calendar("Asia/Shanghai", ALWAYS)
    assert calendar.between(shanghai("1988-04-17"), shanghai("1988-04-18")) == 23 * 3600
    assert calendar.between(shanghai("1988-09-11"), shanghai("1988-09-12")) == 25 * 3600


# Laws, for any calendar

ZONES = ["Asia/Shanghai", "UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe"]
AROUND = datetime(2018, 1, 1, tzinfo=UTC)


def written(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def days_hours(draw: st.DrawFn, least: int = 0) -> list[tuple[str, str]]:
    marks = draw(st.lists(st.integers(0, 1440), min_size=2 * least, max_size=6, unique=True))
    edges = sorted(marks[: len(marks) // 2 * 2])
    spans = list(zip(edges[::2], edges[1::2], strict=True))
    if len(spans) > 1 and draw(st.booleans()):
        spans[1] = (spans[0][1], spans[1][1])  # touching
    return [(written(opening), written(closing)) for opening, closing in spans]


dates = st.dates(date(2017, 12, 20), date(2019, 1, 10))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    week = draw(st.dictionaries(st.sampled_from(WEEKDAYS), days_hours(least=1), min_size=1))
    closed = draw(st.frozensets(dates, max_size=12))
    shifts = draw(st.dictionaries(dates, days_hours(), max_size=6))
    return Calendar(draw(st.sampled_from(ZONES)), week, closed=closed, shifts=shifts)


def instants(days: int = 380) -> st.SearchStrategy[datetime]:
    offsets = st.one_of(
        st.integers(0, days * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
        st.timedeltas(timedelta(0), timedelta(days=days)),
    )
    return offsets.map(lambda offset: AROUND + offset)


# A calendar may hold one minute a week: 60 000 s are then 19 years, well within the bound of the search.
durations = st.one_of(
    st.integers(0, 60_000),
    st.integers(0, 1000).map(lambda n: n * 60),
    st.integers(1, 6 * 10**10).map(lambda n: n / 10**6),
)
laws = settings(max_examples=80, deadline=None)


def microseconds(seconds: int | float) -> int:
    """Floats of seconds do not add up exactly; the microseconds they stand for do."""
    return round(Fraction(seconds) * 1_000_000)


@laws
@given(calendars(), instants(), durations)
def test_between_start_and_its_sum_is_the_duration(calendar: Calendar, start: datetime, seconds: int | float) -> None:
    assert calendar.between(start, calendar.add(start, seconds)) == seconds


@laws
@given(calendars(), instants(), durations)
def test_between_a_difference_and_its_end_is_the_duration(
    calendar: Calendar, end: datetime, seconds: int | float
) -> None:
    assert calendar.between(calendar.subtract(end, seconds), end) == seconds


@laws
@given(calendars(), instants(), durations, durations)
def test_adding_twice_is_adding_the_sum(calendar: Calendar, start: datetime, x: int | float, y: int | float) -> None:
    assume(y > 0)
    total = (microseconds(x) + microseconds(y)) / 1_000_000
    assert calendar.add(calendar.add(start, x), y) == calendar.add(start, total)


@laws
@given(calendars(), instants(), durations, durations)
def test_subtracting_twice_is_subtracting_the_sum(
    calendar: Calendar, end: datetime, x: int | float, y: int | float
) -> None:
    assume(y > 0)
    total = (microseconds(x) + microseconds(y)) / 1_000_000
    assert calendar.subtract(calendar.subtract(end, x), y) == calendar.subtract(end, total)


@laws
@given(calendars(), instants(), durations)
def test_subtract_undoes_add(calendar: Calendar, start: datetime, seconds: int | float) -> None:
    assume(seconds > 0)
    assert calendar.subtract(calendar.add(start, seconds), seconds) == calendar.add(start, 0)
    assert calendar.add(calendar.subtract(start, seconds), seconds) == calendar.subtract(start, 0)


@laws
@given(calendars(), instants(), durations, durations)
def test_add_is_monotone(calendar: Calendar, start: datetime, x: int | float, y: int | float) -> None:
    less, more = sorted((x, y))
    assert start <= calendar.add(start, 0)
    assert calendar.add(start, less) <= calendar.add(start, more)


@laws
@given(calendars(), st.lists(instants(), min_size=3, max_size=3).map(sorted))
def test_between_is_additive(calendar: Calendar, points: list[datetime]) -> None:
    a, b, c = points
    parts = microseconds(calendar.between(a, b)) + microseconds(calendar.between(b, c))
    assert microseconds(calendar.between(a, c)) == parts


@laws
@given(calendars(), instants())
def test_zero_added_is_the_next_working_instant_and_zero_subtracted_the_last(calendar: Calendar, at: datetime) -> None:
    following, before = calendar.add(at, 0), calendar.subtract(at, 0)
    assert before <= at <= following
    assert calendar.is_working(following)
    assert (following == at) == calendar.is_working(at)
    assert calendar.between(before, following) == 0
    assert calendar.is_working(before - timedelta(microseconds=1))


@laws
@given(calendars(), st.lists(instants(60), min_size=2, max_size=2).map(sorted))
def test_spans_are_ordered_apart_and_add_up_to_between(calendar: Calendar, points: list[datetime]) -> None:
    a, b = points
    spans = list(calendar.spans(a, b))
    assert all(a <= opening < closing <= b for opening, closing in spans)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))
    assert all(calendar.is_working(opening) for opening, _ in spans)
    total = sum((closing - opening for opening, closing in spans), timedelta(0))
    assert total == timedelta(microseconds=microseconds(calendar.between(a, b)))


# A brute-force oracle: every minute, by the clock on the wall

MINUTE = timedelta(minutes=1)


def minutes_worked(calendar: Calendar, a: datetime, b: datetime) -> Iterator[bool]:
    """Given whole minutes of UTC, tell of each whether it is worked, from the local clock alone.

    A clock set back counts as standing still until it has caught up: that is what *first occurrence* means.
    """
    zone = ZoneInfo(calendar.zone)
    shown = datetime.min  # noqa: DTZ901
    at = a - timedelta(hours=3)
    while at < b:
        shown = max(shown, at.astimezone(zone).replace(tzinfo=None))
        if at >= a:
            minute = shown.hour * 60 + shown.minute
            yield any(
                opening <= minute < closing for opening, closing in read_hours(hours_on(calendar, shown.date()), "day")
            )
        at += MINUTE


def hours_on(calendar: Calendar, day: date) -> Hours:
    shifts: Mapping = calendar.shifts
    if day in shifts:
        return shifts[day]
    return () if day in calendar.closed else calendar.week.get(WEEKDAYS[day.weekday()], ())


CHANGES = [
    utc("2018-03-25T01:00:00"),  # Berlin forward
    utc("2018-10-28T01:00:00"),  # Berlin back
    utc("2018-03-11T07:00:00"),  # New York forward
    utc("2018-11-04T06:00:00"),  # New York back
    utc("2018-02-18T02:00:00"),  # São Paulo back, at midnight
    utc("2018-11-04T03:00:00"),  # São Paulo forward, at midnight
    utc("2018-03-31T15:00:00"),  # Lord Howe back, by half an hour
    utc("2018-10-06T15:30:00"),  # Lord Howe forward, by half an hour
    utc("2018-01-01T00:00:00"),  # New Year
]


@settings(max_examples=60, deadline=None)
@given(calendars(), st.sampled_from(CHANGES), st.integers(0, 2000), st.integers(1, 2500))
@example(Calendar("Europe/Berlin", {"sun": [("02:10", "02:50")], "mon": DAY}), CHANGES[1], 300, 600)
@example(Calendar("America/Sao_Paulo", ALWAYS), CHANGES[5], 700, 1400)
def test_calendar_agrees_with_counting_every_minute(
    calendar: Calendar, change: datetime, lead: int, length: int
) -> None:
    a = change - lead * MINUTE
    b = a + length * MINUTE
    worked = list(minutes_worked(calendar, a, b))
    assert calendar.between(a, b) == 60 * sum(worked)
    assert [calendar.is_working(a + number * MINUTE) for number in range(0, length, 7)] == worked[::7]


@pytest.mark.parametrize(
    "zone", ["Pacific/Apia", "Asia/Manila", "America/Juneau", "Africa/Monrovia", "Asia/Tehran", "Africa/Casablanca"]
)
def test_add_and_between_agree_through_the_oddest_clock_changes(zone: str) -> None:
    calendar = Calendar(zone, OFFICE | {"sun": [("00:00", "00:45"), ("23:10", "24:00")]})
    for start in (utc("1844-12-25"), utc("1867-10-10"), utc("1971-12-20"), utc("2011-12-20"), utc("2026-02-01")):
        for hours in range(1, 400, 7):
            at = start + timedelta(hours=hours)
            assert calendar.between(start, calendar.add(start, hours * 3600)) == hours * 3600
            assert calendar.subtract(calendar.add(at, 1), 1) == calendar.add(at, 0)


# Bounds


def test_add_beyond_the_last_dated_hours_is_refused_by_name() -> None:
    calendar = Calendar("Asia/Shanghai", {}, shifts={"2020-01-01": [("08:00", "09:00")]})
    assert calendar.add(shanghai("2019-12-01"), 3600) == shanghai("2020-01-01T09:00:00")
    with pytest.raises(CalendarSearchExceeded):
        calendar.add(shanghai("2019-12-01"), 3601)
    with pytest.raises(CalendarSearchExceeded):
        calendar.add(shanghai("2026-03-02"), 0)


def test_subtract_before_the_first_dated_hours_is_refused_by_name() -> None:
    calendar = Calendar("Asia/Shanghai", {}, shifts={"2020-01-01": [("08:00", "09:00")]})
    assert calendar.subtract(shanghai("2026-03-02"), 3600) == shanghai("2020-01-01T08:00:00")
    with pytest.raises(CalendarSearchExceeded):
        calendar.subtract(shanghai("2026-03-02"), 3601)
    with pytest.raises(CalendarSearchExceeded):
        calendar.subtract(shanghai("2019-12-31"), 0)


@pytest.mark.parametrize("seconds", [10**11, 10**400, 1e300])
def test_a_duration_longer_than_the_search_is_refused_by_name(seconds: int | float) -> None:
    calendar = Calendar("Asia/Shanghai", {"mon": [("08:00", "09:00")]})
    with pytest.raises(CalendarSearchExceeded, match="没有足够的工作时间"):
        calendar.add(shanghai("2026-03-02"), seconds)
    with pytest.raises(CalendarSearchExceeded, match="没有足够的工作时间"):
        calendar.subtract(shanghai("2026-03-02"), seconds)


@pytest.mark.parametrize("day", [date.max, date.min])
def test_dated_hours_at_the_ends_of_time_are_never_reached(day: date) -> None:
    calendar = Calendar("Asia/Shanghai", {}, shifts={day: [("00:00", "24:00")]})
    with pytest.raises(CalendarSearchExceeded):
        calendar.add(shanghai("2026-03-02"), 0)
    with pytest.raises(CalendarSearchExceeded):
        calendar.subtract(shanghai("2026-03-02"), 0)


@pytest.mark.parametrize("at", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_instants_at_the_ends_of_time_are_refused_by_name(at: datetime, zone: str) -> None:
    calendar = Calendar(zone, ALWAYS)
    with pytest.raises(CalendarSearchExceeded):
        calendar.is_working(at)
    with pytest.raises(CalendarSearchExceeded):
        calendar.add(at, 1)
    with pytest.raises(CalendarSearchExceeded):
        calendar.subtract(at, 1)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_search_near_the_ends_of_time_is_refused_by_name(zone: str) -> None:
    calendar = Calendar(zone, ALWAYS)
    with pytest.raises(CalendarSearchExceeded):
        calendar.add(utc("9998-12-30T23:59:59"), 10 * 86_400)
    with pytest.raises(CalendarSearchExceeded):
        calendar.subtract(utc("0002-01-02"), 10 * 86_400)


def test_instants_too_far_apart_are_refused_by_name() -> None:
    calendar = Calendar("UTC", {"mon": [("08:00", "09:00")]})
    far = utc("2026-01-02").replace(year=2026 + SEARCH_YEARS + 1)
    with pytest.raises(CalendarSearchExceeded, match="相隔超过 200 年"):
        calendar.between(utc("2026-01-01"), far)
    with pytest.raises(CalendarSearchExceeded):
        calendar.spans(utc("2026-01-01"), far)


# Refusals


@pytest.mark.parametrize("zone", ["", "Asia/Nowhere", "Asia", "../etc/passwd", "北京", None, 8])
def test_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(CalendarInvalid, match="无法识别，请用 IANA 名称"):
        Calendar(zone, OFFICE)


@pytest.mark.parametrize("key", ["monday", "Mon", "周一", "", 0])
def test_unknown_weekday_is_refused(key: str) -> None:
    with pytest.raises(CalendarInvalid, match="日历中的星期"):
        Calendar("UTC", OFFICE | {key: DAY})


@pytest.mark.parametrize(
    ("week", "shifts"), [({}, {}), ({"mon": []}, {}), ({}, {"2026-03-02": []}), ({"mon": []}, {"2026-03-02": []})]
)
def test_calendar_without_any_hours_is_refused(week: dict, shifts: dict) -> None:
    with pytest.raises(CalendarInvalid, match="没有任何工作时段"):
        Calendar("UTC", week, shifts=shifts)


@pytest.mark.parametrize(
    ("hours", "sentence"),
    [
        ([("08:00", "12:00"), ("11:59", "13:00")], "mon 的时段 08:00–12:00 与 11:59–13:00 重叠"),
        ([("08:00", "18:00"), ("12:00", "13:00")], "重叠"),
        ([("08:00", "12:00"), ("08:00", "12:00")], "重叠"),
        ([("18:00", "08:00")], "mon 的时段 18:00–08:00 结束不晚于开始"),
        ([("08:00", "08:00")], "结束不晚于开始"),
        ([("24:00", "24:00")], "结束不晚于开始"),
        ([("8:00", "12:00")], "mon 的时间 8:00 写法不对"),
        ([("08:00", "24:01")], "时间 24:01 写法不对"),
        ([("08:60", "12:00")], "写法不对"),
        ([("08:00", "23:59:59")], "写法不对"),
        ([("０８:00", "12:00")], "写法不对"),
        ([(800, 1200)], "写法不对"),
        ([("08:00",)], "写法不对"),
        ([("08:00", "12:00", "13:00")], "写法不对"),
        (["08:00-12:00"], "写法不对"),
        ([None], "写法不对"),
        ("08:00", "写法不对"),
        (None, "写法不对"),
    ],
)
def test_hours_that_cannot_be_reckoned_with_are_refused(hours: Hours, sentence: str) -> None:
    with pytest.raises(CalendarInvalid, match=sentence):
        Calendar("UTC", {"mon": hours})
    with pytest.raises(CalendarInvalid, match=sentence.replace("mon", "2026-03-02")):
        Calendar("UTC", OFFICE, shifts={"2026-03-02": hours})


@pytest.mark.parametrize(
    "day", ["2026-02-29", "20260302", "2026-W10-1", "2026/03/02", "", None, 20260302, utc("2026-03-02")]
)
def test_days_that_cannot_be_read_are_refused(day: str) -> None:
    with pytest.raises(CalendarInvalid, match="写法不对"):
        Calendar("UTC", OFFICE, closed=[day])
    with pytest.raises(CalendarInvalid, match="写法不对"):
        Calendar("UTC", OFFICE, shifts={day: DAY})


def test_a_day_with_two_sets_of_hours_is_refused() -> None:
    with pytest.raises(CalendarInvalid, match="2026-03-02 的时段填写了两次"):
        Calendar("UTC", OFFICE, shifts={date(2026, 3, 2): DAY, "2026-03-02": []})


def test_naive_instants_are_refused() -> None:
    calendar, naive, aware = Calendar("UTC", OFFICE), datetime(2026, 3, 2, 10), utc("2026-03-02T10:00:00")  # noqa: DTZ001
    with pytest.raises(CalendarInvalid, match="2026-03-02T10:00:00 没有时区"):
        calendar.is_working(naive)
    with pytest.raises(CalendarInvalid, match="没有时区"):
        calendar.add(naive, 0)
    with pytest.raises(CalendarInvalid, match="没有时区"):
        calendar.subtract(naive, 0)
    with pytest.raises(CalendarInvalid, match="没有时区"):
        calendar.between(aware, naive)
    with pytest.raises(CalendarInvalid, match="没有时区"):
        calendar.spans(naive, aware)


@pytest.mark.parametrize("seconds", [-1, -0.0000001, float("-inf"), float("inf"), float("nan")])
def test_durations_that_are_negative_or_not_finite_are_refused(seconds: float) -> None:
    calendar = Calendar("UTC", OFFICE)
    with pytest.raises(CalendarInvalid, match="时长"):
        calendar.add(utc("2026-03-02"), seconds)
    with pytest.raises(CalendarInvalid, match="时长"):
        calendar.subtract(utc("2026-03-02"), seconds)
