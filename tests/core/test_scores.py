"""Points of a month: what each item deducts, exactly, once a fact, never past its weight; what may cut money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_console.core.score_facts import NOTHING, VALUE, Hit, Measured, Ref
from ops_console.core.score_preset import GRADES, PRESET
from ops_console.core.scores import (
    AT_LEAST,
    AT_MOST,
    FULL,
    HOSPITAL_ALONE,
    MACHINE,
    VENDOR_ALONE,
    Band,
    Item,
    Scored,
    Sheet,
    Step,
    score,
    total,
)


def ticket(number: int) -> Ref:
    return Ref("ticket", f"GD-{number:03d}")


def measured(*hits: int, of: int = 0, count: int = 1, two_sided: bool = True) -> Measured:
    """The tickets that were hit, by number, of so many."""
    found = tuple(Hit(ticket(n), count, two_sided) for n in hits)
    return Measured(tuple(ticket(n) for n in range(1, of + 1)), found, len(hits), of)


def ratio(numerator: int, denominator: int, *, unit: str = "percent") -> Measured:
    population = tuple(ticket(n) for n in range(denominator))
    return Measured(population, (), numerator, denominator, unit=unit)


def item(code: str = "A1", weight: int = 800, *steps: Step, **given: object) -> Item:
    return Item(code, "组", code, weight, steps=steps, **given)  # type: ignore[arg-type]


def sheet(*items: Item, **given: object) -> Sheet:
    return Sheet("表", items, GRADES, **given)  # type: ignore[arg-type]


def scored(made: Sheet | Item, **facts: Measured) -> tuple[Scored, ...]:
    return score(made if isinstance(made, Sheet) else sheet(made), facts)


def test_each_hit_deducts_and_never_more_than_the_item_weighs() -> None:
    slow = item("A1", 300, Step("slow", 100), Step("unproven", 50))
    (found,) = scored(slow, slow=measured(1, 2, of=9), unproven=measured(3, of=9))
    assert (found.deducted, found.numerator, found.denominator, found.empty) == (250, 3, 9, False)
    assert [(one.ref.id, one.points) for one in found.deductions] == [("GD-001", 100), ("GD-002", 100), ("GD-003", 50)]
    (all_of_it,) = scored(slow, slow=measured(*range(1, 9), of=9), unproven=measured(of=9))
    assert all_of_it.deducted == 300


def test_an_items_own_ceiling_counts_before_its_weight() -> None:
    (found,) = scored(item("A1", 800, Step("slow", 100), most=250), slow=measured(1, 2, 3, 4, of=4))
    assert found.deducted == 250


def test_where_nothing_happened_the_marks_are_full_and_it_is_said() -> None:
    (found,) = scored(item("A1", 800, Step("slow", 100)), slow=measured(of=0))
    assert (found.deducted, found.empty, found.missing) == (0, True, ())
    (kept,) = scored(item("A1", 800, Step("slow", 100)), slow=measured(of=4))
    assert (kept.deducted, kept.empty) == (0, False)


def test_what_nobody_could_tell_deducts_nothing_and_is_not_called_nothing_happened() -> None:
    for facts in ({}, {"slow": NOTHING}):
        (found,) = scored(item("A1", 800, Step("slow", 100)), **facts)
        assert (found.deducted, found.empty, found.missing) == (0, False, ("slow",))


@pytest.mark.parametrize(
    ("numerator", "denominator", "points"),
    [
        (3, 100, 0),
        (301, 10_000, 100),
        (5, 100, 100),
        (501, 10_000, 300),
        (8, 100, 300),
        (8001, 100_000, 500),
        (0, 9, 0),
    ],
)
def test_bands_are_exact_at_their_limits(numerator: int, denominator: int, points: int) -> None:
    bands = (Band(300, 0), Band(500, 100), Band(800, 300))
    reopened = item("D1", 500, measure="reopened", bands=bands, otherwise=500)
    (found,) = scored(reopened, reopened=ratio(numerator, denominator))
    assert found.deducted == points


@pytest.mark.parametrize(
    ("stars", "rated", "points"), [(45, 10, 0), (449, 100, 100), (42, 10, 100), (38, 10, 200), (379, 100, 400)]
)
def test_bands_of_an_average_are_in_its_own_unit(stars: int, rated: int, points: int) -> None:
    bands = (Band(450, 0), Band(420, 100), Band(380, 200))
    rating = item("G1", 400, measure="rating", compare=AT_LEAST, bands=bands, otherwise=400)
    (found,) = scored(rating, rating=ratio(stars, rated, unit=VALUE))
    assert found.deducted == points


def test_fewer_facts_than_the_bands_ask_for_count_by_steps_and_are_marked() -> None:
    bands = (Band(300, 0),)
    given = {"measure": "reopened", "bands": bands, "otherwise": 500, "few": 20}
    by_steps, no_steps = item("D1", 500, Step("reopened", 100), **given), item("D1", 500, **given)
    (found,) = scored(by_steps, reopened=measured(1, of=19))
    assert (found.deducted, found.too_few) == (100, True)
    (found,) = scored(by_steps, reopened=measured(1, of=20))
    assert (found.deducted, found.too_few) == (500, False)  # 5 %
    (found,) = scored(no_steps, reopened=measured(1, of=19))
    assert (found.deducted, found.too_few, found.empty) == (0, True, False)
    (found,) = scored(no_steps, reopened=measured(of=0))
    assert (found.too_few, found.empty) == (False, True)


def test_the_first_free_ones_of_a_month_do_not_deduct() -> None:
    late = item("F1", 400, Step("late", 50, free=2))
    for hits, points in ((2, 0), (3, 50), (5, 150)):
        (found,) = scored(late, late=measured(*range(1, hits + 1), of=9))
        assert found.deducted == points
    given_back = replace(measured(8, of=9, count=-1), hits=(Hit(ticket(1)), Hit(ticket(8), -1)))
    (found,) = scored(late, late=given_back)
    assert [one.points for one in found.deductions] == [-50]  # what is given back uses up no free one


def test_a_fact_deducts_in_one_item_alone_the_larger_and_on_a_tie_the_first() -> None:
    first, second, third = (item(code, 600, Step(code, n)) for code, n in (("A1", 100), ("A4", 150), ("D2", 150)))
    made = sheet(first, second, third)
    found = scored(made, A1=measured(1, 2, of=5), A4=measured(1, of=5), D2=measured(1, of=5))
    assert [one.deducted for one in found] == [100, 150, 0]
    assert [(one.ref.id, one.points, one.instead) for one in found[0].deductions] == [
        ("GD-001", 0, "A4"), ("GD-002", 100, ""),
    ]  # fmt: skip
    assert [one.instead for one in found[2].deductions] == ["A4"]
    everywhere = scored(replace(made, one_item_a_fact=False), A1=measured(1, of=5), A4=measured(1, of=5), D2=NOTHING)
    assert [one.deducted for one in everywhere] == [100, 150, 0]


def test_within_an_item_too_a_fact_costs_once_the_larger() -> None:
    repair = item("A4", 600, Step("broken", 150), Step("over_8h", 300))
    (found,) = scored(repair, broken=measured(1, 2, of=3), over_8h=measured(2, of=3))
    assert found.deducted == 450
    assert len(found.deductions) == 2


def test_a_correction_gives_back_but_never_more_than_the_month_deducts() -> None:
    slow = item("A1", 800, Step("slow", 100))
    (found,) = scored(slow, slow=Measured((ticket(9),), (Hit(ticket(1), -1), Hit(ticket(9))), 0, 1))
    assert (found.deducted, [one.points for one in found.deductions]) == (0, [-100, 100])
    (found,) = scored(slow, slow=Measured((), (Hit(ticket(1), -1),), -1, 0))
    assert (found.deducted, found.empty) == (0, False)
    assert total(sheet(replace(slow, weight=FULL)), {"A1": found.deducted}) == FULL


def test_what_a_fact_had_been_is_given_back_beside_what_it_has_become() -> None:
    slow = item("A1", 800, Step("broken", 100), Step("unproven", 50))
    was_unproven = {"broken": measured(1), "unproven": measured(1, count=-1)}
    (found,) = scored(slow, **was_unproven)
    assert found.deducted == 50
    first, second = item("A1", 800, Step("slow", 100)), item("A4", 600, Step("late", 150))
    found_two = scored(sheet(first, second), slow=measured(1, 2, count=-1), late=measured(1, of=1))
    assert [one.deducted for one in found_two] == [0, 150]
    assert [one.points for one in found_two[0].deductions] == [-100, -100]


def test_one_sided_facts_score_and_do_not_cut_money() -> None:
    slow = item("A1", 800, Step("slow", 100))
    hits = (Hit(ticket(1)), Hit(ticket(2), two_sided=False))
    (found,) = scored(slow, slow=Measured((ticket(1), ticket(2)), hits, 2, 2))
    assert (found.deducted, found.for_money) == (200, 100)
    for who, money in ((HOSPITAL_ALONE, 0), (VENDOR_ALONE, 0), (MACHINE, 100)):
        (found,) = scored(replace(slow, observed_by=who), slow=Measured((ticket(1), ticket(2)), hits, 2, 2))
        assert (found.deducted, found.for_money) == (200, money)


def test_a_band_cuts_money_only_where_both_stand_behind_its_figure() -> None:
    given = {"measure": "availability", "compare": AT_LEAST, "bands": (Band(9990, 0),), "otherwise": 400}
    for fair, money in ((True, 400), (False, 0)):
        entry = Measured((), (Hit(Ref("entry", "availability"), two_sided=fair),), 9950, 100, unit=VALUE)
        (found,) = scored(item("D4", 400, **given), availability=entry)
        assert (found.deducted, found.for_money) == (400, money)


def test_falsification_takes_each_item_that_says_so_whole() -> None:
    proof = item("F2", 400, measure="with_evidence", compare=AT_LEAST, bands=(Band(9800, 0),), zeroed_by="falsified")
    late = item("F1", 400, Step("late", 50), zeroed_by="falsified")
    facts = {"with_evidence": ratio(99, 100), "late": measured(1, of=2), "falsified": measured(7, of=7)}
    found = scored(sheet(late, proof), **facts)
    assert [(one.deducted, one.for_money) for one in found] == [(400, 400), (400, 400)]
    assert {one.deductions[0].ref.kind for one in found} == {"zero"}
    facts["falsified"] = measured(7, of=7, two_sided=False)
    assert [(one.deducted, one.for_money) for one in scored(sheet(late, proof), **facts)] == [(400, 0), (400, 0)]
    facts["falsified"] = measured(of=3)
    assert [one.deducted for one in scored(sheet(late, proof), **facts)] == [50, 0]
    facts["falsified"] = NOTHING
    assert [one.missing for one in scored(sheet(late, proof), **facts)] == [("falsified",), ("falsified",)]


def test_by_hand_nothing_is_computed() -> None:
    (found,) = scored(item("X1", 500, Step("slow", 100), by_hand=True), slow=measured(1, of=1))
    assert (found.deducted, found.for_money, found.deductions, found.missing, found.empty) == (0, 0, (), (), False)


@pytest.mark.parametrize(
    ("points", "grade"),
    [(10_000, "优秀"), (9000, "优秀"), (8999, "良好"), (8000, "良好"), (7999, "合格"), (6999, "基本合格"),
     (5999, "不合格"), (0, "不合格")],
)  # fmt: skip
def test_grades_begin_at_their_points(points: int, grade: str) -> None:
    found = PRESET.grade_of(points)
    assert found is not None
    assert found.name == grade


def test_without_grades_there_is_none() -> None:
    assert Sheet("表", (), ()).grade_of(10_000) is None


NAMES = ("a", "b", "c")
POINTS = st.integers(0, 1200)
REFS = st.builds(Ref, st.sampled_from(["ticket", "duty"]), st.sampled_from("12345"))
HITS = st.lists(st.builds(Hit, REFS, st.sampled_from([1, 1, 1, -1]), st.booleans()), max_size=8).map(tuple)
FACTS = st.one_of(
    st.just(NOTHING),
    st.builds(
        Measured, st.lists(REFS, max_size=6).map(tuple), HITS, st.integers(-3, 20), st.integers(0, 20),
        unit=st.sampled_from(["percent", VALUE]),
    ),
)  # fmt: skip
ITEMS = st.builds(
    Item, st.uuids().map(str), st.just("组"), st.just("项"), st.integers(1, 900),
    steps=st.lists(st.builds(Step, st.sampled_from(NAMES), POINTS, st.integers(0, 3)), max_size=3).map(tuple),
    measure=st.sampled_from(("", *NAMES)), compare=st.sampled_from([AT_MOST, AT_LEAST]),
    bands=st.lists(st.builds(Band, POINTS, POINTS), max_size=3).map(tuple), otherwise=POINTS, few=st.integers(0, 5),
    most=st.integers(0, 2000), by_hand=st.booleans(), observed_by=st.sampled_from(["both", "vendor"]),
    zeroed_by=st.sampled_from(("", "", "c")),
)  # fmt: skip
SHEETS = st.builds(Sheet, st.just("表"), st.lists(ITEMS, min_size=1, max_size=8).map(tuple), st.just(()), st.booleans())


@given(SHEETS, st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, FACTS)))
def test_whatever_happened_points_stay_within_their_bounds(made: Sheet, facts: Mapping[str, Measured]) -> None:
    found = score(made, facts)
    for one, given_item in zip(found, made.items, strict=True):
        assert 0 <= one.deducted <= given_item.weight
        assert 0 <= one.for_money <= given_item.weight
        assert one.deducted <= given_item.ceiling
        assert not (one.empty and one.missing)
        assert not one.empty or one.deducted == 0
    points = total(made, {one.code: one.deducted for one in found})
    assert 0 <= points <= sum(one.weight for one in made.items)
    assert score(made, facts) == found


@given(SHEETS, st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, FACTS)))
def test_no_fact_deducts_in_two_items(made: Sheet, facts: Mapping[str, Measured]) -> None:
    found = score(replace(made, one_item_a_fact=True), facts)
    counted = [
        (one.ref, one.points > 0) for scored_item in found for one in scored_item.deductions
        if one.points and one.ref.kind not in ("ratio", "zero")
    ]  # fmt: skip
    assert len(counted) == len(set(counted))
