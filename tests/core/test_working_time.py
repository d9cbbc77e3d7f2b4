"""The contract's working time: statutory days, the parties' overrides, and years that nobody knows yet."""

from __future__ import annotations

from datetime import date

import pytest

from ops_console.core.terms import DayOverride
from ops_console.core.working_time import WorkingCalendar, missing_years, working_calendar
from tests.core.builders import at, calendar, known, terms, version

CLOSED_MONDAY = DayOverride(2026, ("2026-03-09",), ())
WORKED_SATURDAY = DayOverride(2026, (), ("2026-10-03",))
YEAR_2027 = DayOverride(2027, ("2027-01-01..2027-01-03",), ("2027-01-10",))


def works(made: WorkingCalendar, *days: str) -> list[bool]:
    return [made.is_working(at(f"{day} 10:00")) for day in days]


def with_days(*overrides: DayOverride, years: tuple[int, ...] = (2025, 2026, 2027)) -> WorkingCalendar:
    return calendar(*years, overrides=overrides)


# Statutory days


@pytest.mark.parametrize(
    ("day", "kind", "working"),
    [
        ("2026-03-05", "workday", True),
        ("2026-03-07", "weekend", False),
        ("2026-01-01", "holiday", False),
        ("2026-01-03", "holiday", False),  # a Saturday inside a holiday
        ("2026-01-04", "makeup", True),  # a Sunday
        ("2026-12-31", "workday", True),
        ("2027-01-01", "holiday", False),
        ("2027-01-04", "workday", True),
    ],
)
def test_each_day_is_of_one_kind(day: str, kind: str, working: bool) -> None:
    made = calendar()
    assert made.day_kind(at(f"{day} 10:00")) == kind
    assert works(made, day) == [working]


def test_the_day_is_that_of_shanghai() -> None:
    made = calendar()
    assert [made.day_kind(at(f"{t}")) for t in ("2026-01-03 23:59:59", "2026-01-04 00:00:00")] == ["holiday", "makeup"]


def test_hours_and_breaks_are_half_open() -> None:
    made = calendar(breaks=(("12:00", "13:30"),))
    asked = ("07:59:59", "08:00:00", "11:59:59", "12:00:00", "13:30:00", "17:59:59", "18:00:00")
    told = [made.is_working(at(f"2026-03-05 {moment}")) for moment in asked]
    assert told == [False, True, True, False, True, True, False]


# Overrides


def test_what_the_parties_reviewed_wins_over_the_source() -> None:
    made = with_days(CLOSED_MONDAY)
    assert works(made, "2026-03-09", "2026-03-10") == [False, True]
    assert works(with_days(WORKED_SATURDAY), "2026-10-03", "2026-10-02") == [True, False]


def test_days_that_the_parties_did_not_review_stay_as_the_source_has_them() -> None:
    assert works(with_days(CLOSED_MONDAY), "2026-01-02", "2026-01-04") == [False, True]


def test_a_reviewed_year_names_both_sources() -> None:
    year = with_days(CLOSED_MONDAY).year_of(at("2026-03-05"))
    assert year is not None
    assert year.source == "test；合同口径"


def test_a_year_that_only_the_parties_know_is_known() -> None:
    made = with_days(YEAR_2027, years=(2025, 2026))
    assert works(made, "2027-01-01", "2027-01-10") == [False, True]
    assert not made.is_provisional(at("2027-06-01"))


# Years nobody knows


def test_an_unknown_year_is_reckoned_by_weekday_and_provisional() -> None:
    made = calendar(2025, 2026)
    assert made.is_provisional(at("2027-01-01 00:00:00"))
    assert not made.is_provisional(at("2026-12-31 23:59:59"))
    assert works(made, "2027-01-01", "2027-01-02", "2027-01-10") == [True, False, False]
    assert made.day_kind(at("2027-01-01 10:00")) == "workday"


def settled(years: tuple[int, ...], *numbers: int, judged: int = 1) -> WorkingCalendar:
    """The working time of version `judged`, where the versions named by number know 2027; all three are confirmed."""
    versions = [version(n, overrides=(YEAR_2027,) if n in numbers else ()) for n in (1, 2, 3)]
    return working_calendar(versions[judged - 1], versions, known(*years))


def test_a_year_unknown_to_a_version_is_settled_by_a_later_confirmed_one() -> None:
    made = settled((2025, 2026), 3)
    assert not made.is_provisional(at("2027-01-01"))
    assert works(made, "2027-01-01", "2027-01-10") == [False, True]


def test_a_year_is_not_settled_by_what_the_parties_had_before_and_dropped() -> None:
    assert settled((2025, 2026), 1, judged=2).is_provisional(at("2027-01-01"))


def test_the_first_later_version_that_knows_the_year_settles_it() -> None:
    other = DayOverride(2027, ("2027-01-04",), ())
    versions = [version(1), version(2, overrides=(YEAR_2027,)), version(3, overrides=(other,))]
    made = working_calendar(versions[0], versions, known(2025, 2026))
    assert works(made, "2027-01-01", "2027-01-04") == [False, True]


def test_a_later_version_s_days_do_not_change_a_year_that_the_source_knows() -> None:
    versions = [version(1), version(2, overrides=(CLOSED_MONDAY,))]
    assert works(working_calendar(versions[0], versions, known(2025, 2026)), "2026-03-09") == [True]
    assert works(working_calendar(versions[1], versions, known(2025, 2026)), "2026-03-09") == [False]


# The banner


@pytest.mark.parametrize(
    ("today", "years", "missing"),
    [
        (date(2026, 9, 30), (2025, 2026), ()),
        (date(2026, 10, 1), (2025, 2026), (2027,)),
        (date(2026, 12, 31), (2025, 2026), (2027,)),
        (date(2026, 12, 31), (2025, 2026, 2027), ()),
        (date(2026, 5, 1), (2025,), (2026,)),
        (date(2026, 11, 1), (2025,), (2026, 2027)),
        (date(2027, 12, 1), (2025, 2026, 2027), ()),  # 2028 is past the contract's end
        (date(2028, 3, 1), (2025, 2026, 2027), ()),
        (date(2024, 12, 1), (2026, 2027), (2025,)),  # 2024 is before its start
    ],
)
def test_the_years_to_warn_of_are_this_one_and_from_october_the_next(
    today: date, years: tuple[int, ...], missing: tuple[int, ...]
) -> None:
    assert missing_years(calendar(*years), terms(), today) == missing
