"""What is entered for a month: values as typed, which entry counts, sheets of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ops_console.core.entries import (
    CONFIRMED,
    ENTERED,
    FORM,
    IMPORT,
    MODULE,
    OBJECTED,
    WITHDRAWN,
    Entered,
    Value,
    by_measure,
    counting,
    entered_measure,
    measures_of,
    read_value,
    value_in_words,
)
from ops_console.core.entry_sheets import COLUMNS, read_entries
from ops_console.core.errors import Refused
from ops_console.core.measures import MEASURES
from ops_console.core.score_preset import PRESET
from ops_console.core.ticket_sheets import RawRow

AT = datetime(2026, 11, 1, tzinfo=UTC)
FIRST = Entered(1, 1, "complaints", FORM, "vendor", Value(1, 2), ENTERED, "yf", AT)


def entry(number: int, **given: object) -> Entered:
    return replace(FIRST, id=number, number=number, **given)  # type: ignore[arg-type]


def test_the_sheet_names_what_is_to_be_entered() -> None:
    names = [one.name for one in measures_of(PRESET)]
    assert names[0] == "spot_check_failed"
    assert len(names) == len(set(names)) == 12
    assert measures_of(None) == ()


@pytest.mark.parametrize(
    ("name", "count", "of", "value"),
    [
        ("complaints", "2", "3", Value(2, 3)), ("complaints", "０", "", Value(0, 0)), ("complaints", "2",
        "", Value(2, 0)),
        ("complaints", "2.0", "3.0", Value(2, 3)), ("availability", "99.95", "x", Value(9995, 100, True)),
        ("availability", "100%", "", Value(10_000, 100, True)), ("complaints", "10000", "", Value(10_000, 0)),
    ],
)  # fmt: skip
def test_values_are_read(name: str, count: str, of: str, value: Value) -> None:
    assert read_value(MEASURES[name], count, of) == value


@pytest.mark.parametrize(
    ("name", "count", "of", "field"),
    [
        ("complaints", "", "", "numerator"), ("complaints", "-1", "", "numerator"), ("complaints", "1.5", "",
        "numerator"),
        ("complaints", "10001", "", "numerator"), ("complaints", "1", "x", "denominator"),
        ("complaints", "4", "3", "denominator"), ("availability", "100.01", "", "numerator"),
        ("availability", "99.999", "", "numerator"), ("complaints", "٣", "", "numerator"),
    ],
)  # fmt: skip
def test_what_is_no_value_is_refused_at_its_field(name: str, count: str, of: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        read_value(MEASURES[name], count, of)
    assert refused.value.field == field


@pytest.mark.parametrize("name", ["response_work_broken", "nothing", ""])
def test_what_is_counted_elsewhere_is_not_entered(name: str) -> None:
    with pytest.raises(Refused):
        entered_measure(name)


def test_facts_are_known_by_what_people_call_them() -> None:
    assert entered_measure(" 有效投诉 ") is entered_measure("complaints")


@pytest.mark.parametrize(
    ("value", "words"),
    [(Value(9995, 100, True), "99.95"), (Value(2, 3), "2 / 3"), (Value(2, 0), "2"), (Value(0, 0), "本月无发生"),
     (Value(0, 5), "0 / 5")],
)  # fmt: skip
def test_values_in_words(value: Value, words: str) -> None:
    assert str(value_in_words(value)) == words


@pytest.mark.parametrize(
    ("entries", "number"),
    [
        ([], None), ([entry(1)], 1), ([entry(1), entry(2)], 2), ([entry(1), entry(2, state=WITHDRAWN)], 1),
        ([entry(1, state=WITHDRAWN)], None),
        ([entry(1, state=CONFIRMED), entry(2)], 1),  # the vendor alone does not undo what both agreed on
        ([entry(1, state=CONFIRMED), entry(2, side="hospital")], 2), ([entry(1, side="hospital"), entry(2)], 1),
        ([entry(1), entry(2, side="hospital", state=OBJECTED)], 2),
        ([entry(1, side="hospital"), entry(2, state=CONFIRMED)], 2),
        ([entry(1, source=IMPORT), entry(2)], 1), ([entry(1, source=IMPORT, state=WITHDRAWN), entry(2)], 2),
        ([entry(1, source=MODULE), entry(2, source=IMPORT), entry(3, side="hospital")], 1),
        ([entry(2), entry(1)], 2),
    ],
)  # fmt: skip
def test_which_entry_counts(entries: list[Entered], number: int | None) -> None:
    found = counting(entries)
    assert (found.number if found else None) == number


def test_entries_by_measure_are_newest_first() -> None:
    found = by_measure([entry(1), entry(3), entry(2, measure="falsified")])
    assert {name: [one.number for one in many] for name, many in found.items()} == {
        "complaints": [3, 1],
        "falsified": [2],
    }


def raw(number: int, *cells: object) -> RawRow:
    return RawRow(number, dict(zip(COLUMNS, cells, strict=False)))  # type: ignore[arg-type]


def test_a_sheet_of_entries_is_read() -> None:
    rows = [raw(2, "有效投诉", 2.0, 3.0, "两起"), raw(3, "关键模块可用率（%）", 99.95, None, ""), raw(4, None, None)]
    found, faults = read_entries(rows)
    assert faults == []
    assert [(one.row, one.measure.name, one.value, one.note) for one in found] == [
        (2, "complaints", Value(2, 3), "两起"), (3, "availability", Value(9995, 100, True), ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        (("没有这个", 1), "事实"), (("有效投诉", "两"), "次数"), (("有效投诉", 3, 2), "总数"),
        (("有效投诉", 1, 2, "说" * 501), "说明"),
        (("有效投诉", 1, 2, "\x07"), "说明"), (("=1+1", 1), "事实"), (("有效投诉", None), "次数"),
    ],
)  # fmt: skip
def test_each_fault_of_a_sheet_has_its_cell(cells: tuple[object, ...], column: str) -> None:
    found, faults = read_entries([raw(2, *cells)])
    assert (found, [(fault.row, fault.column) for fault in faults]) == ([], [(2, column)])


def test_a_fact_stands_once_in_a_sheet() -> None:
    _, faults = read_entries([raw(2, "有效投诉", 1), raw(3, "complaints", 2)])
    assert [(fault.row, str(fault.sentence)) for fault in faults] == [(3, "与第 2 行是同一事实；每个事实只写一行。")]
