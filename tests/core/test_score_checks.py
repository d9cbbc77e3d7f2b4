"""What is wrong with a sheet is told with its place; what practice warns of may be agreed upon all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops_console.core.score_checks import MOST_ITEMS, advice, check_sheet, points_text
from ops_console.core.score_preset import PRESET
from ops_console.core.scores import AT_LEAST, Band, Grade, Item, Sheet, Step

SOUND = Item("A1", "组", "响应", 10_000, ("C-15",), (Step("response_work_broken", 100),))


def places(*items: Item, **given: object) -> dict[str, str]:
    made = replace(PRESET, items=items or (SOUND,), **given)  # type: ignore[arg-type]
    return {problem.place: str(problem.sentence) for problem in check_sheet(made)}


def test_a_sound_sheet_has_no_problem() -> None:
    assert places() == {}


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"weight": 9_900}, "items"), ({"weight": 0}, "items.0.weight"), ({"code": " "}, "items.0.code"),
        ({"code": "A" * 11}, "items.0.code"), ({"name": ""}, "items.0.name"), ({"name": "名\x07"}, "items.0.name"),
        ({"group": "组" * 41}, "items.0.group"), ({"rule": "规" * 501}, "items.0.rule"),
        ({"clauses": ("C-15",) * 13}, "items.0.clauses"), ({"clauses": ("C" * 13,)}, "items.0.clauses"),
        ({"most": 10_001}, "items.0.most"), ({"steps": ()}, "items.0.mode"),
        ({"observed_by": "x"}, "items.0.observed_by"),
        ({"steps": (Step("nothing", 100),)}, "items.0.steps.0.measure"),
        ({"steps": (Step("duty_missed", 100),)}, "items.0.steps.0.measure"),
        ({"steps": (Step("reopened", 0),)}, "items.0.steps.0.points"),
        ({"steps": (Step("reopened", 1, -1),)}, "items.0.steps.0.free"),
        ({"steps": (Step("reopened", 1), Step("reopened", 2))}, "items.0.steps.1.measure"),
        ({"steps": tuple(Step("reopened", 1) for _ in range(13))}, "items.0.mode"),
        ({"zeroed_by": "nothing"}, "items.0.zeroed_by"), ({"bands": (Band(300, 0),)}, "items.0.measure"),
        ({"measure": "reopened", "bands": (Band(300, 0), Band(300, 100))}, "items.0.bands.1.limit"),
        ({"measure": "reopened", "bands": (Band(300, 0), Band(200, 100))}, "items.0.bands.1.limit"),
        ({"measure": "reopened",
        "compare": AT_LEAST, "bands": (Band(300, 0), Band(400, 100))}, "items.0.bands.1.limit"),
        ({"measure": "reopened", "bands": (Band(300, 200), Band(500, 100))}, "items.0.bands.1.points"),
        ({"measure": "reopened", "bands": (Band(300, 0), Band(500, 200)), "otherwise": 100}, "items.0.otherwise"),
        ({"measure": "reopened", "bands": (Band(300, 0),), "few": -1}, "items.0.few"),
        ({"measure": "reopened", "bands": tuple(Band(n, 0) for n in range(1, 10))}, "items.0.mode"),
    ],
)  # fmt: skip
def test_each_contradiction_has_its_place(changed: dict[str, object], place: str) -> None:
    assert place in places(replace(SOUND, **changed))  # type: ignore[arg-type]


def test_codes_are_not_repeated_and_there_are_some_items_but_not_too_many() -> None:
    half = replace(SOUND, weight=5_000)
    assert places(half, half) == {"items.1.code": "编号 A1 与前面的项目重复。"}
    many = [replace(SOUND, code=f"A{n}", weight=100) for n in range(MOST_ITEMS + 1)]
    assert "items" in places(*many)
    assert check_sheet(Sheet("表", (), ()))[0].place == "items"


@pytest.mark.parametrize(
    ("grades", "place"),
    [
        ((Grade("好", 8000), Grade("好", 8000), Grade("差", 0)), "grades.1.points_from"),
        ((Grade("好", 8000), Grade("差", 100)), "grades"), ((Grade("", 0),), "grades.0.name"),
        ((Grade("好", 10_001), Grade("差", 0)), "grades.0.points_from"), ((Grade("好", 0, 10_001),), "grades.0.ratio"),
        ((Grade("好", 8000, 9000), Grade("差", 0, 9500)), "grades.1.ratio"),
        ((Grade("好", 0, follows="谈" * 21),), "grades.0.follows"),
        (tuple(Grade(f"{n}", 9000 - n * 1000) for n in range(10)), "grades"),
    ],
)  # fmt: skip
def test_grades_go_down_to_nothing(grades: tuple[Grade, ...], place: str) -> None:
    assert place in places(grades=grades)


def test_a_sheet_without_grades_or_by_hand_is_sound() -> None:
    assert places(grades=()) == {}
    assert places(replace(SOUND, by_hand=True, steps=())) == {}


def test_advice_warns_where_faking_pays_and_where_hands_give_most_points() -> None:
    omitting = replace(SOUND, steps=(Step("duty_missed:inspection", 500), Step("falsified", 300)))
    (told,) = advice(replace(PRESET, items=(omitting,)))
    assert "造假比不做更划算" in str(told)
    assert advice(replace(PRESET, items=(replace(omitting, zeroed_by="falsified"),))) == ()
    by_hand = replace(SOUND, code="B", weight=5_100, by_hand=True, steps=())
    first = replace(omitting, weight=4_900, zeroed_by="falsified")
    (told,) = advice(replace(PRESET, items=(first, by_hand)))
    assert "人工评分占 51 分" in str(told)


@pytest.mark.parametrize(("points", "text"), [(0, "0"), (5, "0.05"), (150, "1.5"), (10_000, "100"), (-1234, "-12.34")])
def test_points_are_written_without_idle_zeros(points: int, text: str) -> None:
    assert points_text(points) == text
