"""What is typed comes back as a sheet, or as what is wrong beside each field; the buttons change the form alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_console.core.score_drafts import (
    BANDS,
    HAND,
    BandForm,
    GradeForm,
    ItemForm,
    SheetForm,
    StepForm,
    form_of,
    hundredths,
    item_of,
    opened,
    read,
    tidy,
    weights,
)
from ops_console.core.score_edits import edited
from ops_console.core.score_preset import PRESET
from ops_console.core.scores import AT_LEAST, FULL, Band, Step
from ops_console.core.sentences import sentence

FORM = form_of(PRESET)
ONE = ItemForm("A1", "组", "响应", "100", "C-15 C-16、C-17", steps=(StepForm("response_work_broken", "1.5", ""),))


def one(**changed: object) -> SheetForm:
    return SheetForm("表", (replace(ONE, **changed),), (GradeForm("好", "60", "100"), GradeForm("差", "0", "80")))  # type: ignore[arg-type]


def test_a_sheet_becomes_texts_and_the_same_sheet_again() -> None:
    found = read(tidy(FORM))
    assert (found.faults, found.sheet) == ({}, PRESET)
    assert weights(FORM) == FULL


def test_texts_become_values() -> None:
    found = read(one(most="２５．５分", few="", steps=(StepForm("reopened", "0.25", "2"),)))
    assert found.sheet is not None
    (item,) = found.sheet.items
    assert (item.most, item.clauses, item.steps) == (2550, ("C-15", "C-16", "C-17"), (Step("reopened", 25, 2),))


def test_bands_take_what_they_need_and_other_ways_do_not() -> None:
    bands = (BandForm("99.9%", "0"), BandForm("99", "40"))
    typed = {"measure": "availability", "compare": AT_LEAST, "bands": bands, "otherwise": "100", "few": "10"}
    found = read(one(mode=BANDS, steps=(), **typed))
    assert found.sheet is not None
    (item,) = found.sheet.items
    assert (item.bands, item.otherwise, item.few, item.compare) == (
        (Band(9990, 0), Band(9900, 4000)),
        FULL,
        10,
        AT_LEAST,
    )
    stepped = read(one(**typed)).sheet
    assert stepped is not None
    assert (stepped.items[0].bands, stepped.items[0].measure) == ((), "")
    by_hand = read(one(mode=HAND, zeroed_by="falsified", **typed)).sheet
    assert by_hand is not None
    assert (by_hand.items[0].by_hand, by_hand.items[0].steps, by_hand.items[0].zeroed_by) == (True, (), "")


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"weight": "一百"}, "items.0.weight"), ({"weight": ""}, "items.0.weight"),
        ({"weight": "1,5"}, "items.0.weight"),
        ({"most": "x"}, "items.0.most"), ({"steps": (StepForm("reopened", "1.234"),)}, "items.0.steps.0.points"),
        ({"steps": (StepForm("reopened", "1", "两次"),)}, "items.0.steps.0.free"),
        ({"steps": (StepForm("", "1"),)}, "items.0.steps.0.measure"), ({"mode": BANDS}, "items.0.mode"),
        ({"mode": BANDS, "measure": "reopened", "bands": (BandForm("", "1"),)}, "items.0.bands.0.limit"),
        ({"code": ""}, "items.0.code"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_beside_its_field_once(changed: dict[str, object], place: str) -> None:
    found = read(one(**changed))
    assert found.sheet is None
    assert place in found.faults


def test_an_unknown_word_of_a_list_falls_back_and_a_wrong_observer_is_told() -> None:
    found = read(one(mode="x", compare="y", basis="z"))
    assert found.sheet is not None
    assert (found.sheet.items[0].basis, found.sheet.items[0].compare) == ("补充约定", "at_most")
    assert "items.0.observed_by" in read(one(observed_by="nobody")).faults


def test_rows_that_nobody_filled_go_away_before_reading() -> None:
    form = one(steps=(StepForm(), StepForm("reopened", "1")), bands=(BandForm(),))
    form = replace(form, items=(*form.items, ItemForm(is_open=True)), grades=(*form.grades, GradeForm()))
    found = tidy(form)
    assert len(found.items) == 1
    assert found.items[0].steps == (StepForm("reopened", "1"),)
    assert (found.items[0].bands, len(found.grades)) == ((), 2)


def test_items_with_a_fault_are_shown() -> None:
    faults = {"items.2.weight": sentence("x"), "grades.0.name": sentence("x"), "items": sentence("x")}
    shown = opened(FORM, {place: told for place, told in faults.items() if place != "items"})
    assert [n for n, item in enumerate(shown.items) if item.is_open] == [2]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 150), (" 3 分 ", 300), ("99.95%", 9995), ("０．５", 50), ("", None), ("-1", None), ("1e3", None),
     ("123456", None), ("1.", None), ("٣", None)],
)  # fmt: skip
def test_numbers_as_people_type_them(text: str, value: int | None) -> None:
    assert hundredths(text) == value


def test_what_can_be_read_of_a_half_typed_item_is_told() -> None:
    item = item_of(replace(ONE, weight="", steps=(StepForm("reopened", "x"),)))
    assert (item.weight, item.steps) == (0, (Step("reopened", 0),))


def codes(form: SheetForm) -> str:
    return " ".join(item.code or "?" for item in form.items[:4])


@pytest.mark.parametrize(
    ("act", "begin", "place"),
    [
        ("add-item:0", "? A1 A2 A3", "items.0"), ("add-item:1", "A1 ? A2 A3", "items.1"),
        ("remove-item:1", "A1 A3 A4 A5", "items.1"), ("up:1", "A2 A1 A3 A4", "items.0"),
        ("down:1", "A1 A3 A2 A4", "items.2"), ("up:0", "A1 A2 A3 A4", "items.0"),
        ("down:22", "A1 A2 A3 A4", "items.22"), ("open:1", "A1 A2 A3 A4", "items.1"),
        ("add-item:99", "A1 A2 A3 A4", ""), ("nonsense", "A1 A2 A3 A4", ""), ("up:x", "A1 A2 A3 A4", ""),
        ("up:-1", "A1 A2 A3 A4", ""), ("up", "A1 A2 A3 A4", ""), ("remove-item:9999", "A1 A2 A3 A4", ""),
        ("add-step:99", "A1 A2 A3 A4", ""), ("add-grade", "A1 A2 A3 A4", "grades.5"),
    ],
)  # fmt: skip
def test_acts_change_the_form_and_say_where_to_go_on(act: str, begin: str, place: str) -> None:
    done = edited(FORM, act)
    assert (codes(done.form), done.place) == (begin, place)


def test_rows_of_an_item_are_added_and_removed() -> None:
    done = edited(FORM, "add-step:0")
    assert (len(done.form.items[0].steps), done.form.items[0].is_open, done.place) == (3, True, "items.0.steps.2")
    done = edited(done.form, "remove-step:0:0")
    assert [step.measure for step in done.form.items[0].steps] == ["response_work_unproven", ""]
    done = edited(done.form, "add-band:0")
    assert done.form.items[0].bands == (BandForm(),)
    done = edited(done.form, "remove-band:0:0")
    assert done.form.items[0].bands == ()
    assert not edited(done.form, "close:0").form.items[0].is_open
    assert len(edited(FORM, "remove-grade:0").form.grades) == 4


def test_a_new_item_continues_the_group_above() -> None:
    assert edited(FORM, "add-item:5").form.items[5].group == "响应与恢复"


def test_no_more_rows_than_there_may_be() -> None:
    form = FORM
    for _ in range(200):
        form = edited(edited(edited(form, "add-item:0").form, "add-step:0").form, "add-grade").form
    assert (len(form.items), len(form.grades)) == (100, 8)
    for _ in range(20):
        form = edited(edited(form, "add-step:0").form, "add-band:0").form
    assert (len(form.items[0].steps), len(form.items[0].bands)) == (12, 8)


@given(st.lists(st.from_regex(r"[a-z-]{2,12}(:\d{1,3}){0,2}", fullmatch=True), max_size=6))
def test_no_act_breaks_the_form(acts: list[str]) -> None:
    form = FORM
    for act in acts:
        form = edited(form, act).form
    read(tidy(form))
