"""The chinesecalendar package as a source of statutory days."""

from __future__ import annotations

from datetime import date, datetime
from importlib.metadata import version
from zoneinfo import ZoneInfo

import pytest

from ops_console.adapters.statutory_days import StatutoryDays
from ops_console.core.errors import UnknownYear
from ops_console.core.statutory import statutory_calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
EIGHT_HOURS = 8 * 3600


def working_days_by_month(year: int) -> list[int | float]:
    hours = [("08:00", "12:00"), ("14:00", "18:00")]
    calendar = statutory_calendar("Asia/Shanghai", hours, [StatutoryDays().of(year)])
    months = [datetime(year + number // 12, number % 12 + 1, 1, tzinfo=SHANGHAI) for number in range(13)]
    return [calendar.between(months[number], months[number + 1]) / EIGHT_HOURS for number in range(12)]


def test_2026_has_248_working_days() -> None:
    assert working_days_by_month(2026) == [21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23]
    assert sum(working_days_by_month(2026)) == 248


def test_2025_has_248_working_days() -> None:
    assert sum(working_days_by_month(2025)) == 248


def test_make_up_days_of_2026_are_its_six_worked_weekend_days() -> None:
    expected = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]
    assert sorted(StatutoryDays().of(2026).workdays) == [date.fromisoformat(day) for day in expected]


def test_days_off_name_the_whole_holiday_with_its_weekend() -> None:
    closed = StatutoryDays().of(2026).closed
    assert {date(2026, 10, day) for day in range(1, 8)} <= closed
    assert date(2026, 10, 17) not in closed  # a plain Saturday is no statutory day


def test_days_off_and_make_up_days_never_meet_in_any_known_year() -> None:
    source = StatutoryDays()
    for year in range(2004, source.latest_known_year() + 1):
        known = source.of(year)
        assert known.closed and not known.closed & known.workdays
        assert {day.year for day in known.closed | known.workdays} == {year}


def test_source_names_the_package_and_its_version() -> None:
    assert StatutoryDays().of(2026).source == f"chinesecalendar {version('chinesecalendar')}"


@pytest.mark.parametrize("year", [0, 1, 2003, 9999, 10_000])
def test_a_year_without_data_is_unknown_and_never_guessed(year: int) -> None:
    with pytest.raises(UnknownYear, match=f"{year} 年的法定节假日安排尚未录入") as refusal:
        StatutoryDays().of(year)
    assert refusal.value.year == year


def test_the_year_after_the_last_known_one_is_unknown() -> None:
    source = StatutoryDays()
    assert source.latest_known_year() >= 2026
    with pytest.raises(UnknownYear):
        source.of(source.latest_known_year() + 1)
