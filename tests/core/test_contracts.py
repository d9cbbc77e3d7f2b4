"""The contract as data: written and read again, compared, counted in years, and which version is in force."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ops_console.core.contradictions import check_terms
from ops_console.core.errors import CalendarInvalid, Refused
from ops_console.core.terms import (
    Change,
    DayOverride,
    Reading,
    Terms,
    contract_years,
    differences,
    is_within,
    terms_from_json,
    version_at,
)
from tests.core.builders import BOTH, LIMITS, at, limit, terms, version

OVERRIDE = DayOverride(2027, ("2027-01-01..2027-01-03",), ("2027-01-10",))


# Limits


@pytest.mark.parametrize(
    ("given", "type", "needs_onsite", "covered"),
    [
        ({"types": ("故障",)}, "故障", False, True),
        ({"types": ("故障",)}, "咨询", False, False),
        ({"types": ()}, "咨询", False, True),
        ({"types": (), "except_types": ("故障",)}, "故障", False, False),
        ({"types": (), "except_types": ("故障",)}, "指令性任务", True, True),
        ({"needs_onsite": True}, "故障", True, True),
        ({"needs_onsite": True}, "故障", False, False),
        ({"needs_onsite": False}, "故障", True, False),
        ({"needs_onsite": None}, "故障", True, True),
    ],
)
def test_a_limit_says_which_tickets_it_is_about(
    given: dict[str, Any], type: str, needs_onsite: bool, covered: bool
) -> None:
    made = limit("response", BOTH, 30, "reported", "responded", **given)
    assert made.covers(type=type, needs_onsite=needs_onsite) is covered


@pytest.mark.parametrize(
    ("clock", "klass", "id"),
    [
        ("response", "work", "C-15"),
        ("response", "off", "C-16"),
        ("arrival", "work", "C-17"),
        ("arrival", "off", "C-17"),
        ("repair", "off", "C-18"),
        ("hotline", "work", "C-38"),
    ],
)
def test_clock_and_class_name_the_limit(clock: str, klass: str, id: str) -> None:
    found = terms().limit_for(clock, klass)
    assert found is not None
    assert found.id == id


def test_a_clock_that_the_contract_does_not_name_has_no_limit() -> None:
    assert terms(limits=LIMITS[:1]).limit_for("response", "off") is None


# JSON and digest


def test_terms_written_as_json_are_read_again_as_they_were() -> None:
    whole = terms(overrides=(OVERRIDE,), breaks=(("12:00", "13:30"),), hours=(("08:00", "18:00"), ("19:00", "24:00")))
    assert terms_from_json(whole.as_json()) == whole


def test_the_json_is_sorted_without_blanks_and_keeps_chinese() -> None:
    text = terms().as_json()
    assert text == json.dumps(json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert '"hospital":"甲方医院"' in text
    assert '"starts_on":"2025-01-01"' in text


def test_the_digest_is_the_sha256_of_the_json_and_the_same_after_reading() -> None:
    whole = terms(overrides=(OVERRIDE,))
    assert whole.digest() == hashlib.sha256(whole.as_json().encode("utf-8")).hexdigest()
    assert terms_from_json(whole.as_json()).digest() == whole.digest()


@pytest.mark.parametrize(
    "given",
    [
        {"name": "另一份合同"},
        {"hours": (("08:00", "17:59"),)},
        {"breaks": (("12:00", "13:00"),)},
        {"overrides": (OVERRIDE,)},
        {"readings": ()},
        {"limits": (*LIMITS[1:], replace(LIMITS[0], limit_seconds=1801))},
        {"limits": LIMITS[::-1]},
        {"counts_from": date(2025, 1, 2)},
    ],
    ids=lambda given: next(iter(given)),
)
def test_any_other_term_gives_another_digest(given: dict[str, Any]) -> None:
    assert terms(**given).digest() != terms().digest()


# Differences


def paths(new: Terms, old: Terms | None = None) -> list[tuple[str, str | None, str | None]]:
    return [(c.path, c.old, c.new) for c in differences(old or terms(), new)]


def changed_limit(**given: Any) -> Terms:
    return terms(limits=(*LIMITS[:3], replace(LIMITS[3], **given), *LIMITS[4:]))


def test_equal_terms_have_no_differences() -> None:
    assert differences(terms(), terms()) == ()


def test_a_changed_limit_is_named_by_its_clause_and_shows_both_values() -> None:
    assert differences(terms(), changed_limit(limit_seconds=7200)) == (
        Change("limits[C-18].limit_seconds", "14400", "7200"),
    )


def test_changed_types_and_flags_are_shown_as_they_are_written() -> None:
    assert paths(changed_limit(types=("故障", "缺陷"), pausable=False)) == [
        ("limits[C-18].pausable", "True", "False"),
        ("limits[C-18].types", '["故障"]', '["故障", "缺陷"]'),
    ]


def test_an_added_reading_shows_each_of_its_parts_and_nothing_before() -> None:
    added = terms(readings=(*terms().readings, Reading("R-02", "二.3", "补充约定", "热线两小时")))
    assert paths(added) == [
        ("readings[R-02].basis", None, "补充约定"),
        ("readings[R-02].clause", None, "二.3"),
        ("readings[R-02].id", None, "R-02"),
        ("readings[R-02].text", None, "热线两小时"),
    ]


def test_a_removed_limit_shows_each_of_its_parts_and_nothing_after() -> None:
    gone = differences(terms(), terms(limits=LIMITS[:4]))
    assert {change.path.split(".")[0] for change in gone} == {"limits[C-38]"}
    assert {change.new for change in gone} == {None}
    assert len(gone) == 15


def test_changed_hours_breaks_and_dates_are_shown() -> None:
    changed = terms(hours=(("08:30", "17:30"),), breaks=(("12:00", "13:00"),), counts_from=date(2026, 7, 1))
    assert paths(changed) == [
        ("breaks", "[]", '[["12:00", "13:00"]]'),
        ("counts_from", "2025-01-01", "2026-07-01"),
        ("hours", '[["08:00", "18:00"]]', '[["08:30", "17:30"]]'),
    ]


def test_reviewed_days_are_compared_year_by_year() -> None:
    before = terms(overrides=(OVERRIDE, DayOverride(2026, (), ())))
    after = terms(overrides=(DayOverride(2026, (), ()), replace(OVERRIDE, workdays=())))
    assert paths(after, before) == [("overrides[2027].workdays", '["2027-01-10"]', "[]")]


def test_the_order_of_the_limits_in_the_file_is_no_difference() -> None:
    assert differences(terms(), terms(limits=LIMITS[::-1])) == ()


def test_reviewed_days_are_read_as_statutory_days() -> None:
    days = OVERRIDE.days()
    assert (days.closed, days.workdays) == (
        frozenset({date(2027, 1, 1), date(2027, 1, 2), date(2027, 1, 3)}),
        frozenset({date(2027, 1, 10)}),
    )


def test_reviewed_days_of_another_year_are_refused() -> None:
    with pytest.raises(CalendarInvalid, match="不在 2027 年内"):
        DayOverride(2027, ("2026-12-31",), ()).days()


# Contract years


def years(first: str, last: str) -> list[tuple[str, str]]:
    span = terms(starts_on=date.fromisoformat(first), ends_on=date.fromisoformat(last))
    return [(a.isoformat(), b.isoformat()) for a, b in contract_years(span)]


def test_the_shipped_term_has_three_contract_years() -> None:
    assert years("2025-01-01", "2027-12-31") == [
        ("2025-01-01", "2025-12-31"),
        ("2026-01-01", "2026-12-31"),
        ("2027-01-01", "2027-12-31"),
    ]


def test_a_contract_year_begins_on_the_day_the_contract_began() -> None:
    assert years("2025-07-15", "2026-12-31") == [("2025-07-15", "2026-07-14"), ("2026-07-15", "2026-12-31")]


def test_a_contract_begun_on_a_leap_day_begins_its_other_years_on_1_march() -> None:
    assert years("2024-02-29", "2028-12-31") == [
        ("2024-02-29", "2025-02-28"),
        ("2025-03-01", "2026-02-28"),
        ("2026-03-01", "2027-02-28"),
        ("2027-03-01", "2028-02-28"),
        ("2028-02-29", "2028-12-31"),
    ]


def test_a_contract_that_ends_on_an_anniversary_has_one_last_year_of_a_day() -> None:
    assert years("2025-01-01", "2026-01-01")[-1] == ("2026-01-01", "2026-01-01")


@pytest.mark.parametrize(
    ("when", "inside"),
    [
        ("2024-12-31 23:59:59", False),
        ("2025-01-01 00:00:00", True),
        ("2027-12-31 23:59:59", True),
        ("2028-01-01 00:00:00", False),
    ],
)
def test_the_term_is_whole_shanghai_days(when: str, inside: bool) -> None:
    assert is_within(terms(), at(when)) is inside


# The version in force

FIRST = version(1)
SECOND = version(2, counts_from=date(2026, 7, 1))


@pytest.mark.parametrize(
    ("when", "number"),
    [
        ("2024-06-01 12:00:00", 1),  # before any date: the first
        ("2025-01-01 00:00:00", 1),
        ("2026-06-30 23:59:59", 1),
        ("2026-07-01 00:00:00", 2),
        ("2030-01-01 00:00:00", 2),
    ],
)
def test_the_latest_version_whose_shanghai_day_has_come_is_in_force(when: str, number: int) -> None:
    assert version_at([SECOND, FIRST], at(when)).version == number


def test_of_two_versions_that_count_from_one_day_the_higher_is_in_force() -> None:
    third = version(3, counts_from=SECOND.terms.counts_from)
    assert version_at([third, FIRST, SECOND], at("2026-07-01")).version == 3


def test_a_later_version_may_count_from_an_earlier_day() -> None:
    early = version(3, counts_from=date(2026, 3, 1))
    assert version_at([FIRST, SECOND, early], at("2026-04-01")).version == 3
    assert version_at([FIRST, SECOND, early], at("2026-08-01")).version == 2


def test_without_any_version_there_is_nothing_in_force() -> None:
    with pytest.raises(Refused, match="还没有生效的合同版本"):
        version_at([], at("2026-07-01"))


# What contradicts itself


def test_the_tender_s_terms_are_sound() -> None:
    assert check_terms(terms()) == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"ends_on": date(2025, 1, 1)}, "contract.ends_on：合同终止日必须晚于起始日"),
        ({"counts_from": date(2024, 12, 31)}, "contract.counts_from：生效日必须在合同期内"),
        ({"counts_from": date(2028, 1, 1)}, "contract.counts_from：生效日必须在合同期内"),
        ({"limits": LIMITS[1:]}, "contract.time_limit：时限 response 缺少 work 类别"),
        ({"limits": LIMITS[:4]}, "contract.time_limit：时限 hotline 缺少 off 类别"),
        ({"limits": (*LIMITS, replace(LIMITS[0], id="C-99"))}, "contract.time_limit：时限 response 的 work 类别重复"),
        ({"limits": (*LIMITS[:4], replace(LIMITS[4], id="C-18"))}, "contract.time_limit：时限编号 C-18 重复"),
        ({"readings": terms().readings * 2}, "contract.reading：口径编号 R-01 重复"),
        ({"overrides": (OVERRIDE, DayOverride(2027, (), ()))}, "working_time.override：年份 2027 重复"),
    ],
)
def test_terms_that_contradict_themselves_are_named_with_their_path(given: dict[str, Any], problem: str) -> None:
    assert problem in check_terms(terms(**given))


def test_all_problems_are_told_at_once() -> None:
    assert len(check_terms(terms(ends_on=date(2024, 1, 1), limits=()))) == 2 + 8
