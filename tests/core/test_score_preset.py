"""The example sheet of 100 points: sound, computed from known measures, and worth what the practice behind it says."""

from __future__ import annotations

from itertools import groupby

import pytest

from ops_console.core.measures import FROM_ENTRY, TASK_NAMES, known
from ops_console.core.plain import made, plain
from ops_console.core.score_checks import advice, check_sheet
from ops_console.core.score_facts import VALUE, Hit, Measured, Ref
from ops_console.core.score_preset import PRESET
from ops_console.core.scores import FULL, Sheet, score, total


def test_it_is_sound_and_comes_to_a_hundred() -> None:
    assert check_sheet(PRESET) == ()
    assert advice(PRESET) == ()
    assert sum(item.weight for item in PRESET.items) == FULL
    groups = [sum(item.weight for item in items) // 100 for _, items in groupby(PRESET.items, lambda item: item.group)]
    assert groups == [30, 20, 14, 14, 8, 8, 6]
    wanted = "A1 A2 A3 A4 A5 B1 B2 B3 C1 C2 C3 C4 C5 D1 D2 D3 D4 E1 E2 F1 F2 G1 G2"
    assert " ".join(item.code for item in PRESET.items) == wanted


def test_every_item_is_computed_and_names_its_clauses() -> None:
    for item in PRESET.items:
        assert not item.by_hand
        assert item.measures
        assert item.clauses
        assert all(known(name) for name in item.measures)
    tasks = {name.partition(":")[2] for name in PRESET.measures if ":" in name}
    assert tasks == set(TASK_NAMES)


def test_what_people_have_to_enter_for_it() -> None:
    entered = {name for name in PRESET.measures if (found := known(name)) and found.source == FROM_ENTRY}
    assert entered == {
        "spot_check_failed", "inspection_incomplete", "finding_without_ticket", "vulnerability_overdue",
        "change_failed", "availability", "absent_half_days", "arrived_late_at_work", "engineer_changed",
        "engineer_vacant_days", "falsified", "complaints",
    }  # fmt: skip


def test_it_is_kept_as_json_and_comes_back() -> None:
    assert made(Sheet, plain(PRESET)) == PRESET


def test_an_empty_month_has_full_marks() -> None:
    found = score(PRESET, {name: Measured() for name in PRESET.measures})
    assert total(PRESET, {one.code: one.deducted for one in found}) == FULL
    assert all(one.empty for one in found)


def test_a_month_of_which_nobody_entered_anything_says_what_is_missing() -> None:
    found = score(PRESET, {})
    assert all(one.missing and one.deducted == 0 for one in found)


def hits(count: int, kind: str = "duty") -> Measured:
    refs = tuple(Ref(kind, str(n)) for n in range(count))
    return Measured(refs, tuple(Hit(ref) for ref in refs), count, count)


def averaged(numerator: int, denominator: int) -> Measured:
    refs = tuple(Ref("ticket", str(n)) for n in range(denominator))
    return Measured(refs, (), numerator, denominator, unit=VALUE)


def shared(numerator: int, denominator: int) -> Measured:
    refs = tuple(Ref("ticket", str(n)) for n in range(denominator))
    return Measured(refs, tuple(Hit(ref) for ref in refs[:numerator]), numerator, denominator)


@pytest.mark.parametrize(
    ("code", "facts", "deducted"),
    [
        ("A1", {"response_work_broken": hits(2), "response_work_unproven": Measured()}, 200),
        ("A1", {"response_work_unproven": hits(3)}, 150),
        ("A2", {"response_off_broken": hits(1)}, 150), ("A2", {"response_off_unproven": hits(1)}, 75),
        ("A3", {"arrival_broken": hits(9)}, 600), ("A4", {"repair_broken": hits(1), "repair_over_8h": hits(1)}, 300),
        ("A5", {"hotline_broken": hits(1, "ticket"), "spot_check_failed": hits(1)}, 250),
        ("B1", {"duty_missed:inspection": hits(1)}, 600), ("B1", {"inspection_incomplete": hits(1)}, 200),
        ("B2", {"duty_missed:statistics": hits(1)}, 300), ("B2", {"duty_late:reconcile": hits(1)}, 100),
        ("B3", {"duty_missed:pentest": hits(1)}, 400), ("B3", {"duty_missed:password": hits(1)}, 200),
        ("B3", {"duty_missed:patch": hits(1)}, 100), ("C1", {"duty_missed:video": hits(1)}, 200),
        ("C2", {"duty_missed:plan": hits(1)}, 150), ("C3", {"duty_missed:faq": hits(1)}, 100),
        ("C4", {"duty_late:notice": hits(1)}, 100), ("C5", {"delivery_late": hits(1)}, 50),
        ("D1", {"reopened": shared(1, 19)}, 100), ("D1", {"reopened": shared(1, 20)}, 100),
        ("D1", {"reopened": shared(3, 100)}, 0), ("D1", {"reopened": shared(9, 100)}, 500),
        ("D2", {"recurring": hits(1)}, 100), ("D3", {"change_failed": hits(3)}, 200),
        ("D4", {"availability": averaged(9990, 100)}, 0), ("D4", {"availability": averaged(9989, 100)}, 100),
        ("D4", {"availability": averaged(9899, 100)}, 400),
        ("E1", {"absent_half_days": hits(1), "arrived_late_at_work": hits(0)}, 100),
        ("E1", {"arrived_late_at_work": hits(2)}, 50), ("E2", {"engineer_changed": hits(1)}, 300),
        ("F1", {"late_without_proof": hits(3)}, 50), ("F1", {"falsified": hits(1)}, 400),
        ("F2", {"with_evidence": shared(98, 100)}, 0), ("F2", {"with_evidence": shared(97, 100)}, 100),
        ("F2", {"with_evidence": shared(100, 100), "falsified": hits(1)}, 400),
        ("G1", {"rating": averaged(30, 9)}, 0), ("G1", {"rating": averaged(45, 10)}, 0),
        ("G1", {"rating": averaged(44, 10)}, 100), ("G2", {"complaints": hits(1)}, 100),
    ],
)  # fmt: skip
def test_each_item_deducts_what_the_example_says(code: str, facts: dict[str, Measured], deducted: int) -> None:
    found = score(PRESET, {**{name: Measured() for name in PRESET.measures}, **facts})
    assert {one.code: one.deducted for one in found}[code] == deducted


def test_falsification_weighs_more_than_any_omission() -> None:
    whole = {name: Measured() for name in PRESET.measures}
    fake = total(PRESET, {one.code: one.deducted for one in score(PRESET, {**whole, "falsified": hits(1)})})
    for name in PRESET.measures:
        if name.startswith("duty_missed"):
            omitted = total(PRESET, {one.code: one.deducted for one in score(PRESET, {**whole, name: hits(1)})})
            assert fake < omitted
