"""Hours as people write them: cutting breaks out of a day, and reading what was written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops_console.core.errors import CalendarInvalid
from ops_console.core.hours import Hours, cut, read_hours, write_hours

MINUTES_OF_A_DAY = range(24 * 60)


@pytest.mark.parametrize(
    ("breaks", "remaining"),
    [
        ([], [("08:00", "18:00")]),
        ([("12:00", "13:30")], [("08:00", "12:00"), ("13:30", "18:00")]),
        ([("07:00", "09:00")], [("09:00", "18:00")]),
        ([("17:00", "24:00")], [("08:00", "17:00")]),
        ([("08:00", "09:00"), ("17:00", "18:00")], [("09:00", "17:00")]),
        ([("15:00", "15:15"), ("12:00", "13:00")], [("08:00", "12:00"), ("13:00", "15:00"), ("15:15", "18:00")]),
        ([("00:00", "08:00")], [("08:00", "18:00")]),
        ([("18:00", "24:00")], [("08:00", "18:00")]),
        ([("00:00", "24:00")], []),
    ],
)
def test_breaks_are_cut_out_of_the_hours(breaks: Hours, remaining: list[tuple[str, str]]) -> None:
    assert cut([("08:00", "18:00")], breaks) == remaining


def test_one_break_may_cut_two_spans() -> None:
    assert cut([["17:00", "19:00"], ["20:00", "22:00"]], [["18:00", "21:00"]]) == [
        ("17:00", "18:00"),
        ("21:00", "22:00"),
    ]


def test_breaks_that_overlap_are_refused_and_the_sentence_says_so() -> None:
    with pytest.raises(CalendarInvalid, match="休息时间 的时段 12:00–13:00 与 12:30–14:00 重叠"):
        cut([("08:00", "18:00")], [("12:00", "13:00"), ("12:30", "14:00")])


def test_hours_that_end_before_they_begin_are_refused_and_the_sentence_says_so() -> None:
    with pytest.raises(CalendarInvalid, match="工作时间 的时段 22:00–06:00 结束不晚于开始"):
        cut([("22:00", "06:00")], [])


edges = st.lists(st.integers(0, 1440), max_size=8, unique=True).map(sorted)
days_spans = edges.map(lambda marks: tuple(zip(marks[::2], marks[1::2], strict=False)))


@given(days_spans)
def test_written_hours_read_back_the_same(spans: tuple[tuple[int, int], ...]) -> None:
    assert read_hours(write_hours(spans), "mon") == spans


@settings(max_examples=50)
@given(days_spans, days_spans)
def test_what_remains_is_worked_and_no_break(
    hours: tuple[tuple[int, int], ...], breaks: tuple[tuple[int, int], ...]
) -> None:
    def minutes(spans: tuple[tuple[int, int], ...]) -> set[int]:
        return {minute for opening, closing in spans for minute in MINUTES_OF_A_DAY[opening:closing]}

    remaining = read_hours(cut(write_hours(hours), write_hours(breaks)), "remaining")
    assert minutes(remaining) == minutes(hours) - minutes(breaks)
