"""Instants, months and hours: whole seconds, and the months and hours of Shanghai."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ops_console.core.errors import Refused
from ops_console.core.moments import (
    MOST_MONTHS,
    hour_of,
    month_of,
    month_start,
    months_between,
    parse_month,
    shift_month,
    whole,
)
from tests.core.builders import at


def test_an_instant_is_cut_to_the_second_and_turned_to_utc() -> None:
    local = datetime(2026, 3, 5, 9, 2, 3, 999_999, tzinfo=timezone(timedelta(hours=8)))
    assert whole(local) == datetime(2026, 3, 5, 1, 2, 3, tzinfo=UTC)
    assert whole(local).tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        whole(datetime(2026, 3, 5, 9, 2))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("when", "month", "hour"),
    [
        ("2026-03-01 00:00:00", "2026-03", 0),
        ("2026-03-01 07:59:59", "2026-03", 7),  # still February in UTC
        ("2026-02-28 23:59:59", "2026-02", 23),
        ("2028-02-29 12:00:00", "2028-02", 12),
        ("2026-12-31 23:59:59", "2026-12", 23),
        ("2027-01-01 00:00:00", "2027-01", 0),
    ],
)
def test_months_and_hours_are_those_of_shanghai(when: str, month: str, hour: int) -> None:
    assert (month_of(at(when)), hour_of(at(when))) == (month, hour)


def test_a_month_begins_at_midnight_in_shanghai_and_belongs_to_itself() -> None:
    assert month_start("2026-03") == datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert month_of(month_start("2026-03")) == "2026-03"
    assert month_of(month_start("2026-03") - timedelta(seconds=1)) == "2026-02"


@pytest.mark.parametrize("text", ["2026-01", "2026-12", "1999-07"])
def test_a_month_as_typed_is_read(text: str) -> None:
    assert parse_month(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-13", "2026-00", "2026-3", "2026-03-01", " 2026-03", "2026-03\n", "２０２６-03", "0000-01"],
)
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_month(text)
    assert caught.value.field == "month"


@pytest.mark.parametrize(
    ("month", "steps", "expected"),
    [("2026-03", 0, "2026-03"), ("2026-12", 1, "2027-01"), ("2026-01", -1, "2025-12"), ("2026-03", -11, "2025-04")],
)
def test_months_are_shifted_across_years(month: str, steps: int, expected: str) -> None:
    assert shift_month(month, steps) == expected


def test_both_ends_of_a_range_of_months_are_included() -> None:
    assert months_between("2025-11", "2026-02") == ("2025-11", "2025-12", "2026-01", "2026-02")
    assert months_between("2026-02", "2026-02") == ("2026-02",)


def test_a_reversed_range_is_refused() -> None:
    with pytest.raises(Refused, match="早于起始月份") as caught:
        months_between("2026-02", "2026-01")
    assert caught.value.field == "to"


def test_the_longest_range_is_bounded() -> None:
    assert len(months_between("2026-01", shift_month("2026-01", MOST_MONTHS - 1))) == MOST_MONTHS
    with pytest.raises(Refused, match="一次最多统计 600 个月"):
        months_between("2026-01", shift_month("2026-01", MOST_MONTHS))
