"""The draw anybody can repeat, who may be drawn, and what the answers come to."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from decimal import Decimal, getcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops_console.core import tickets as core
from ops_console.core.clocks import clocks_of
from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.sample_results import Tally, per_cent, tally, told, wilson
from ops_console.core.samples import (
    NEAR,
    OTHER,
    STRATA,
    VENDOR_ALONE,
    Candidate,
    SampleList,
    check_seed,
    draw,
    is_candidate,
    is_vendors_alone,
    list_from_json,
    strata_of,
)
from ops_console.core.tickets import PURGED, Event, TicketFacts
from tests.core.builders import after, event, reported, terms, ticket

NONCE = "00112233445566778899aabbccddeeff"
SEEDS = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=4, max_size=20)
KINDS = st.sampled_from([(NEAR,), (VENDOR_ALONE,), (OTHER,), (NEAR, VENDOR_ALONE)])


def listed(*kinds: tuple[str, ...], size: int = 10) -> SampleList:
    """A list of one candidate for each tuple of strata, numbered."""
    found = tuple(Candidate(f"GD-{n:05}", strata) for n, strata in enumerate(kinds, 1))
    return SampleList("YW-2025-001", "2026-10", size, NONCE, found)


LISTS = st.builds(lambda kinds, size: listed(*kinds, size=size), st.lists(KINDS, max_size=40), st.integers(1, 12))


# -- the draw ---------------------------------------------------------------------------------------------------------


def test_a_known_list_and_seed_give_this_very_sample() -> None:
    """A vector for other implementations: a change here breaks every draw made so far."""
    made = listed(*[(STRATA[n % 3],) for n in range(12)], size=5)
    assert made.digest() == hashlib.sha256(made.as_json().encode()).hexdigest()
    assert made.digest() == "0bcf7fe3952bffff0c20a05c55ecc04b944ebcf179b1fb82d91385c5f5eaf590"
    assert draw(made, "4 2 6 1") == ("GD-00004", "GD-00005", "GD-00009", "GD-00010", "GD-00001")


@given(LISTS, SEEDS)
def test_the_sample_is_of_the_size_asked_without_repeats_and_from_every_stratum(made: SampleList, seed: str) -> None:
    drawn = draw(made, seed)

    assert len(drawn) == len(set(drawn)) == min(made.size, len(made.candidates))
    strata = {one.number: one.strata for one in made.candidates}
    there = {stratum for kinds in strata.values() for stratum in kinds}
    if made.size >= len(there):
        assert {stratum for number in drawn for stratum in strata[number]} == there


@given(LISTS, SEEDS, st.randoms(use_true_random=False))
def test_the_same_list_and_seed_give_the_same_sample_in_whatever_order_it_is_kept(made, seed, random) -> None:  # type: ignore[no-untyped-def]
    shuffled = list(made.candidates)
    random.shuffle(shuffled)
    other = replace(made, candidates=tuple(shuffled))

    assert other.digest() == made.digest()
    assert draw(other, seed) == draw(list_from_json(made.as_json()), seed) == draw(made, seed)


@given(LISTS, KINDS)
def test_a_ticket_added_taken_away_or_of_another_stratum_is_another_list(made: SampleList, kind: tuple) -> None:  # type: ignore[type-arg]
    added = replace(made, candidates=(*made.candidates, Candidate("GD-99999", kind)))
    assert added.digest() != made.digest()
    if made.candidates:
        first, *rest = made.candidates
        assert replace(made, candidates=tuple(rest)).digest() != made.digest()
        moved = Candidate(first.number, (OTHER,) if first.strata != (OTHER,) else (NEAR,))
        assert replace(made, candidates=(moved, *rest)).digest() != made.digest()


def test_another_seed_or_nonce_draws_others() -> None:
    made = listed(*[(OTHER,)] * 60)
    by_seed = {draw(made, f"seed {n}") for n in range(50)}
    by_nonce = {draw(replace(made, nonce=f"{n:032x}"), "seed") for n in range(50)}
    assert len(by_seed) == len(by_nonce) == 50


def test_what_is_near_its_limit_is_drawn_as_often_as_its_weight_says() -> None:
    """After one of each stratum, the rest by weight: of 30 near and 30 others, four near for each other."""
    made = listed(*[(NEAR,), (OTHER,)] * 200, size=12)
    drawn = Counter(int(number[3:]) % 2 for n in range(400) for number in draw(made, f"seed {n}")[2:])
    share = drawn[1] / sum(drawn.values())
    assert 0.77 < share < 0.83


def test_a_ticket_of_two_strata_has_both_weights_and_stands_for_both() -> None:
    assert Candidate("GD-1", (NEAR, VENDOR_ALONE)).weight == 7
    both = listed((NEAR, VENDOR_ALONE), *[(OTHER,)] * 5, size=2)
    for n in range(20):
        first, second = draw(both, f"seed {n}")
        assert first == "GD-00001"
        assert second != first


@pytest.mark.parametrize(("size", "wanted"), [(1, {NEAR}), (2, {NEAR, VENDOR_ALONE})])
def test_a_sample_smaller_than_the_strata_begins_with_the_doubtful(size: int, wanted: set[str]) -> None:
    made = listed((OTHER,), (VENDOR_ALONE,), (NEAR,), size=size)
    strata = {one.number: one.strata[0] for one in made.candidates}
    assert {strata[number] for number in draw(made, "seed")} == wanted


def test_nothing_to_draw_from_draws_nothing() -> None:
    assert draw(listed(), "seed") == ()


@pytest.mark.parametrize("typed", ["", "abc", "   ab  ", "x" * 101, "ab\ncd", "ab\x00cd", "\ud800abcd"])
def test_a_seed_that_is_too_short_too_long_or_unprintable_is_refused(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        check_seed(typed)
    assert refused.value.field == "seed"


def test_a_seed_is_taken_as_typed_but_for_blanks_around_it() -> None:
    assert check_seed("  骰子 4 2 ") == "骰子 4 2"
    assert check_seed("x" * 100) == "x" * 100
    assert check_seed("1234") == "1234"


# -- candidates and strata --------------------------------------------------------------------------------------------


def graded(made: Event, grade: str, side: str = VENDOR) -> Event:
    return replace(made, grade=grade, side=side)


def answered(seconds: float, grade: str = "B", *, report: str = "B", side: str = VENDOR) -> TicketFacts:
    """A fault of a workday (30 minutes to answer), reported and answered so, by the vendor unless told."""
    return ticket(graded(reported(), report, side), graded(event(core.RESPONDED, after(seconds)), grade))


def strata(facts: TicketFacts, seconds: float = 86400) -> tuple[str, ...]:
    return strata_of(facts, clocks_of(facts, terms(), "work"), after(seconds))


@pytest.mark.parametrize(
    ("seconds", "near"), [(0, False), (24 * 60 - 1, False), (24 * 60, True), (30 * 60, True), (30 * 60 + 1, True)]
)
def test_a_clock_is_near_from_four_fifths_of_its_limit(seconds: int, near: bool) -> None:
    assert (NEAR in strata(answered(seconds))) is near


def test_a_clock_that_still_runs_has_used_what_it_has_by_then() -> None:
    waiting = ticket(graded(reported(), "B"))
    assert NEAR not in strata(waiting, 24 * 60 - 1)
    assert NEAR in strata(waiting, 24 * 60)


@pytest.mark.parametrize(
    ("facts", "alone"),
    [
        (answered(60), True),
        (answered(60, "C", report="C"), True),
        (answered(60, "D", report="D"), False),  # counts for nothing: nobody need ask
        (answered(60, "导入", report="导入"), False),
        (answered(60, report="A", side=HOSPITAL), False),
        (answered(60, report="B", side=HOSPITAL), False),
    ],
)  # fmt: skip
def test_times_are_the_vendors_alone_where_nobody_of_the_hospital_stands_behind_any(
    facts: TicketFacts, alone: bool
) -> None:
    assert is_vendors_alone(facts.stamps.values()) is alone
    assert (VENDOR_ALONE in strata(facts)) is alone


def test_a_restore_that_the_hospital_confirmed_is_not_the_vendors_alone() -> None:
    done = [graded(reported(), "B"), graded(event(core.RESTORE, after(60)), "B")]
    assert is_vendors_alone(ticket(*done).stamps.values())
    confirmed = graded(event(core.CONFIRMED, after(90)), "A", HOSPITAL)
    assert not is_vendors_alone(ticket(*done, confirmed).stamps.values())


def test_what_is_neither_belongs_to_the_others() -> None:
    assert strata(answered(60, report="A", side=HOSPITAL)) == (OTHER,)
    assert strata(answered(25 * 60)) == (NEAR, VENDOR_ALONE)


@pytest.mark.parametrize(
    ("personal", "department", "may"),
    [
        ({"phone": "8021"}, "", True),
        ({"reporter": "王护士"}, "", True),
        ({}, "药房", True),
        ({}, "", False),
        ({"phone": PURGED, "reporter": PURGED}, "", False),
    ],
)
def test_a_ticket_is_a_candidate_where_there_is_somebody_to_ask(
    personal: dict[str, str], department: str, may: bool
) -> None:
    assert is_candidate(replace(answered(60), personal=personal, department=department)) is may


def test_a_withdrawn_ticket_is_no_candidate() -> None:
    gone = ticket(reported(), event(core.CANCEL, after(60), side=HOSPITAL))
    assert not is_candidate(gone)


# -- what the answers come to -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "n", "wanted"),
    [
        (7, 8, (5291, 9776)), (0, 10, (0, 2775)), (10, 10, (7225, 10000)), (1, 1, (2065, 10000)),
        (0, 1, (0, 7935)), (5, 10, (2366, 7634)), (9, 10, (5958, 9821)),
    ],
)  # fmt: skip
def test_the_interval_is_wilsons(hits: int, n: int, wanted: tuple[int, int]) -> None:
    assert wilson(hits, n) == wanted


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_agrees_with_many_digits(given: tuple[int, int]) -> None:
    hits, n = given
    getcontext().prec = 60
    z, p = Decimal("1.96"), Decimal(hits) / n
    middle, root = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)).sqrt()
    low, high = ((middle + sign * root) / (1 + z * z / n) * 10000 for sign in (-1, 1))

    found = wilson(hits, n)

    assert abs(found[0] - low) <= Decimal("0.500001") and abs(found[1] - high) <= Decimal("0.500001")
    share = tally(n, ["true"] * hits + ["false"] * (n - hits)).share
    assert share is not None
    assert 0 <= found[0] <= share <= found[1] <= 10000
    assert all(isinstance(value, int) for value in (*found, share))


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (Tally(10, 7, 1, 2), "抽 10 件，打通 8 件，属实 7 件（87.5%，区间 52.9%–97.8%）"),
        (Tally(10, 10), "抽 10 件，打通 10 件，属实 10 件（100%，区间 72.3%–100%）"),
        (Tally(10, 0, 10), "抽 10 件，打通 10 件，属实 0 件（0%，区间 0%–27.8%）"),
        (Tally(10, 0, 0, 10), "抽 10 件，回访 10 件，打通 0 件，没有可算的比例"),
        (Tally(10), "抽 10 件，回访 0 件，打通 0 件，没有可算的比例"),
        (Tally(10, 3, 1, 1), "抽 10 件，回访 5 件，打通 4 件，属实 3 件（75%，区间 30.1%–95.4%）"),
        (Tally(4, 4), "抽 4 件，打通 4 件，属实 4 件（100%，区间 51%–100%）"),
    ],
)
def test_a_tally_is_told_with_its_counts(found: Tally, sentence: str) -> None:
    assert str(told(found)) == sentence


def test_nobody_reached_has_no_share_and_no_interval() -> None:
    for found in (Tally(0), Tally(10, unreachable=10)):
        assert (found.share, found.interval) == (None, None)


def test_answers_are_counted_and_blanks_are_not() -> None:
    found = tally(6, ["true", "", "false", "unreachable", "true", ""])
    assert (found.true, found.false, found.unreachable, found.reached, found.asked) == (2, 1, 1, 3, 4)


@pytest.mark.parametrize(
    ("given", "text"), [(0, "0%"), (5, "0.1%"), (4, "0%"), (8750, "87.5%"), (9999, "99.9%"), (10000, "100%")]
)
def test_hundredths_are_told_with_one_decimal_half_up(given: int, text: str) -> None:
    assert per_cent(given) == text
