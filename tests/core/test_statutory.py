"""Statutory days: reading what a site writes, merging it over a source, and the calendar both make."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ops_console.core.calendars import Calendar
from ops_console.core.errors import CalendarInvalid
from ops_console.core.statutory import YearDays, merge_override, parse_days, statutory_calendar

HOURS = [("08:00", "12:00"), ("14:00", "18:00")]
NEW_YEAR = ["2027-01-01..2027-01-03"]


def seconds_on(calendar: Calendar, day: str) -> int | float:
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return calendar.between(start, start + timedelta(days=1))


def days(*texts: str) -> frozenset[date]:
    return frozenset(map(date.fromisoformat, texts))


def test_days_and_ranges_are_read_with_both_ends() -> None:
    read = parse_days(2027, ["2027-01-01..2027-01-03", "2027-05-01"], ["2027-02-14"], "config.toml")
    assert read == YearDays(
        year=2027,
        closed=days("2027-01-01", "2027-01-02", "2027-01-03", "2027-05-01"),
        workdays=days("2027-02-14"),
        source="config.toml",
    )


def test_a_range_of_one_day_and_a_day_named_twice_are_one_day() -> None:
    assert parse_days(2027, ["2027-01-01..2027-01-01", "2027-01-01"], [], "x").closed == days("2027-01-01")


def test_a_year_may_be_written_without_any_days() -> None:
    assert parse_days(2027, [], [], "x") == YearDays(2027, frozenset(), frozenset(), "x")


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        ("2027-02-29", "日期 2027-02-29 写法不对"),
        ("2027/01/01", "写法不对"),
        ("元旦", "写法不对"),
        ("", "写法不对"),
        ("2027-01-01..", "写法不对"),
        ("..2027-01-01", "写法不对"),
        ("2027-01-01..2027-01-02..2027-01-03", "写法不对"),
        ("2027-01-03..2027-01-01", "日期范围 2027-01-03..2027-01-01 结束早于开始"),
        ("2026-12-31", "日期 2026-12-31 不在 2027 年内"),
        ("2026-12-31..2027-01-02", "不在 2027 年内"),
        ("2027-12-31..2028-01-01", "不在 2027 年内"),
        ("0001-01-01..9999-12-31", "不在 2027 年内"),
        (20270101, "写法不对"),
        (None, "写法不对"),
    ],
)
def test_items_that_cannot_be_read_are_refused(item: str, sentence: str) -> None:
    with pytest.raises(CalendarInvalid, match=sentence):
        parse_days(2027, [item], [], "config.toml")
    with pytest.raises(CalendarInvalid, match=sentence):
        parse_days(2027, [], [item], "config.toml")


def test_a_day_that_is_both_off_and_worked_is_refused() -> None:
    with pytest.raises(CalendarInvalid, match="2027-01-02、2027-01-03 既是放假又是调休上班"):
        parse_days(2027, NEW_YEAR, ["2027-01-02..2027-01-03"], "config.toml")


def test_an_override_alone_is_the_year() -> None:
    override = parse_days(2027, NEW_YEAR, [], "config.toml")
    assert merge_override(None, override) == override


def test_an_override_adds_days_and_takes_them_from_the_other_side() -> None:
    base = YearDays(2027, days("2027-01-01", "2027-01-04"), days("2027-02-14", "2027-02-20"), "chinesecalendar 1.12.0")
    override = YearDays(2027, days("2027-02-14", "2027-03-01"), days("2027-01-04", "2027-02-27"), "config.toml")
    assert merge_override(base, override) == YearDays(
        year=2027,
        closed=days("2027-01-01", "2027-02-14", "2027-03-01"),
        workdays=days("2027-01-04", "2027-02-20", "2027-02-27"),
        source="chinesecalendar 1.12.0；config.toml",
    )


def test_an_override_of_another_year_is_refused() -> None:
    with pytest.raises(CalendarInvalid, match="2027 年的补录不能并入 2026 年"):
        merge_override(parse_days(2026, [], [], "a"), parse_days(2027, [], [], "b"))


def test_statutory_calendar_closes_days_off_and_opens_make_up_days() -> None:
    year = parse_days(2027, NEW_YEAR, ["2027-02-14"], "config.toml")
    calendar = statutory_calendar("Asia/Shanghai", HOURS, [year])
    assert seconds_on(calendar, "2027-01-01") == 0
    assert seconds_on(calendar, "2027-01-04") == 8 * 3600
    assert seconds_on(calendar, "2027-02-13") == 0
    assert seconds_on(calendar, "2027-02-14") == 8 * 3600


def test_statutory_calendar_reckons_an_unknown_year_by_weekday() -> None:
    calendar = statutory_calendar("Asia/Shanghai", HOURS, [])
    assert seconds_on(calendar, "2027-01-01") == 8 * 3600
    assert seconds_on(calendar, "2027-01-02") == 0


def test_statutory_calendar_refuses_a_year_given_twice() -> None:
    year = parse_days(2027, NEW_YEAR, [], "config.toml")
    with pytest.raises(CalendarInvalid, match="2027 年的节假日安排给出了两份"):
        statutory_calendar("Asia/Shanghai", HOURS, [year, year])


def test_statutory_calendar_refuses_a_workday_without_hours() -> None:
    with pytest.raises(CalendarInvalid, match="没有任何工作时段"):
        statutory_calendar("Asia/Shanghai", [], [parse_days(2027, NEW_YEAR, ["2027-02-14"], "config.toml")])
