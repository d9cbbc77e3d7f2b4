"""Every clock of every history is judged exactly once over all months, whatever is corrected or logged late."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from ops_console.core.assessments import assess
from ops_console.core.clocks import standing
from ops_console.core.contract_facts import NOT_APPLICABLE, OPEN
from ops_console.core.frozen_months import assessment_of, basis_of, rejudged
from ops_console.core.judged_clocks import COUNTED, OUTCOMES_OF_CLOCKS, clocks_at
from ops_console.core.measures import measure
from ops_console.core.terms import VersionInForce
from tests.core.builders import BOTH, LIMITS, limit, version
from tests.histories import House, lived

LATER = (  # from 15 February: an hour less on site, another limit for what is extracted, no hotline limit by that name
    *LIMITS[:3], replace(LIMITS[3], limit_seconds=3 * 3600, exception_to=("C-99",)),
    limit("repair", BOTH, 480, "arrived", "restored", id="C-99", needs_onsite=True),
    limit("hotline", BOTH, 90, "reported", "responded", id="C-39", types=(), except_types=("故障",), clause="二.3"),
)  # fmt: skip
VERSIONS: tuple[VersionInForce, ...] = (
    version(1, go_live_on=date(2026, 1, 1)),
    version(2, go_live_on=date(2026, 1, 1), limits=LATER, counts_from=date(2026, 2, 15)),
)


def final(made: House) -> dict[tuple[str, str], str]:
    """Given a house, return what every clock of its tickets came to at last: those that an assessed month may judge."""
    found = {}
    for number in made.taken:
        fact = made.fact(made.tickets[number], made.now)
        if fact is not None:
            for clock in clocks_at(fact, made.terms[fact.terms]):
                found[number, clock.limit.id] = OUTCOMES_OF_CLOCKS[standing(clock, made.now)]
    return found


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([4, 10, 25]))
def test_every_clock_is_counted_once_and_the_corrections_add_up_to_what_it_is(seed: int, bursts: int) -> None:
    made = lived(seed, VERSIONS, bursts)

    told = [(frozen.month, one) for frozen in made.months for one in frozen.facts.judged]
    counted = Counter((one.number, one.limit) for _, one in told if one.was is None and one.outcome in COUNTED)
    assert set(counted.values()) <= {1}
    in_a_month = Counter((month, one.number, one.limit) for month, one in told)
    assert set(in_a_month.values()) <= {1}
    last = {(one.number, one.limit): one.outcome for _, one in told}
    for key, outcome in final(made).items():
        if outcome != OPEN:  # one that runs again stays as it was told until it has settled anew
            assert last[key] == outcome, key
            assert counted[key] == 1, key
    for key in last.keys() - final(made).keys():
        assert last[key] == NOT_APPLICABLE, key


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([4, 10, 25]))
def test_the_months_figures_add_up_to_the_clocks_that_were_told_of(seed: int, bursts: int) -> None:
    made = lived(seed, VERSIONS, bursts)

    last = {(one.number, one.limit): one for frozen in made.months for one in frozen.facts.judged}
    once = {key for key, said in made.said.items() if said.counted}
    lines = [line for frozen in made.months for line in frozen.assessment.limits]
    for name in {line.limit for line in lines}:
        mine = [line for line in lines if line.limit == name]
        assert sum(line.population for line in mine) == sum(limit_id == name for _, limit_id in once)
    for kind in ("arrival", "hotline", "repair"):
        for outcome in ("broken", "unproven"):
            found = [measure(f"{kind}_{outcome}", frozen.facts) for frozen in made.months]
            now = sum(one.clock == kind and one.outcome == outcome for one in last.values())
            assert sum(one.numerator for one in found) == now, (kind, outcome)
            assert sum(one.denominator for one in found) == sum(last[key].clock == kind for key in once)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_a_frozen_month_is_the_same_whenever_it_is_computed_again_from_its_documents(seed: int) -> None:
    made = lived(seed, VERSIONS, 10)

    for frozen in made.months:
        basis, facts = basis_of(frozen.documents), rejudged(frozen.documents)
        assert facts == frozen.facts
        assert assess(facts, basis) == assessment_of(frozen.documents) == frozen.assessment


def test_random_histories_hold_what_they_are_meant_to_hold() -> None:
    houses = [lived(seed, VERSIONS, 25) for seed in range(12)]

    told = [(frozen, one) for made in houses for frozen in made.months for one in frozen.facts.judged]
    assert {one.outcome for _, one in told} == {*COUNTED, OPEN, NOT_APPLICABLE}
    assert sum(one.was is not None for _, one in told) > 20, "corrected"
    assert sum(one.was is None and one.month != frozen.month for frozen, one in told) > 20, "carried"
    assert any(one.seconds != one.raw_seconds for _, one in told), "pauses taken off"
    late = [
        fact for made in houses for frozen in made.months for fact in frozen.facts.tickets
        if f"{fact.reported_at:%Y-%m}" < frozen.month
    ]  # fmt: skip
    assert len(late) > 5, "logged or moved into a month that was frozen"
    assert any(len(frozen.basis.versions) == 2 for made in houses for frozen in made.months)
