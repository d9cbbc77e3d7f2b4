"""Every duty is counted once over all months, and the corrections add up to what it is at last."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from ops_console.core.assessment_facts import DutyFact, MonthFacts
from ops_console.core.judged_duties import COUNTED, SaidDuty, heard, told
from ops_console.core.measures import measure
from ops_console.core.moments import month_of, month_start, shift_month

MONTHS = ("2026-10", "2026-11", "2026-12", "2027-01", "2027-02")
STATES = ("kept", "late", "missed", "waived")


def duty(id: str = "1", state: str = "missed", month: str = "2026-10", **given: object) -> DutyFact:
    due = month_start(shift_month(month, 1)) - timedelta(seconds=1)
    return DutyFact(id, "C-33", "inspection", "系统巡检", state, due, **given)  # type: ignore[arg-type]


def test_a_duty_of_the_month_is_told_as_it_is_and_one_logged_late_names_its_month() -> None:
    mine, late = duty(month="2026-11"), duty("2", "kept")
    assert told("2026-11", [mine, late], {}) == (replace(late, month="2026-10"), mine)


def test_what_changed_since_is_a_correction_and_what_did_not_is_not_told_again() -> None:
    said = {"1": SaidDuty("2026-10", "missed"), "2": SaidDuty("2026-10", "kept")}
    (one,) = told("2026-11", [duty("1", "waived"), duty("2", "kept")], said)
    assert (one.id, one.state, one.was, one.month, one.is_counted) == ("1", "waived", "missed", "2026-10", False)


def test_what_was_waived_and_is_owed_after_all_is_counted_where_that_is_told() -> None:
    (one,) = told("2026-11", [duty("1", "missed")], {"1": SaidDuty("2026-10", "waived", counted=False)})
    assert (one.was, one.month, one.is_counted) == (None, "2026-10", True)


def test_one_that_is_open_again_stays_as_it_was_told_until_it_settles() -> None:
    said = {"1": SaidDuty("2026-10", "missed")}
    assert told("2026-11", [duty("1", "open", "2026-12")], said) == ()
    (one,) = told("2026-12", [duty("1", "kept", "2026-12")], said)
    assert (one.was, one.state, one.month) == ("missed", "kept", "2026-10")


def test_points_are_given_back_for_what_was_waived_and_taken_for_what_was_sent_back() -> None:
    waived, rejected = duty("1", "waived", was="missed"), duty("2", "missed", was="kept")
    facts = MonthFacts("2026-11", waived.due_at, duties=(waived, rejected, duty("3", "kept", "2026-11")))
    found = measure("duty_missed:inspection", facts)
    assert [(hit.ref.id, hit.count) for hit in found.hits] == [("1", -1), ("2", 1)]
    assert (found.numerator, found.denominator) == (0, 1)
    assert [ref.id for ref in found.population] == ["3"]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32))
def test_over_all_months_each_duty_counts_once_and_the_measures_add_up(seed: int) -> None:
    random = Random(seed)
    months, said, now = MONTHS, {}, {}  # type: ignore[var-annotated]
    tellings: list[MonthFacts] = []
    for turn, month in enumerate((*months, *(shift_month(months[-1], n) for n in (1, 2)))):
        for number in range(turn * 3, turn * 3 + 3):
            if turn < len(months):  # one in four is registered a month late
                now[str(number)] = duty(str(number), random.choice(STATES), month)
        hidden = {one for one in now if one not in said and random.random() < 0.25 and turn < len(months)}
        for name in random.sample(sorted(now), len(now) // 2):
            state = random.choice((*STATES, "open"))
            due = shift_month(month, 1) if state == "open" else month_of(now[name].due_at)
            now[name] = duty(name, state, due)
        if turn >= len(months):  # at last everything has settled
            now = {name: duty(name, random.choice(STATES) if one.state == "open" else one.state,
                              month_of(one.due_at)) for name, one in now.items()}  # fmt: skip
        seen = [one for name, one in now.items() if name not in hidden and (name in said or one.state != "open")]
        found = told(month, seen, said)
        assert len({one.id for one in found}) == len(found)
        for one in found:
            said[one.id] = heard(said.get(one.id), one.month or month, one.state)
        tellings.append(MonthFacts(month, month_start(month), duties=found))

    last = {one.id: one for facts in tellings for one in facts.duties}
    assert {name: one.state for name, one in last.items()} == {name: one.state for name, one in now.items()}
    counted = Counter(
        one.id for facts in tellings for one in facts.duties if one.is_counted and one.state in COUNTED
    )  # fmt: skip
    assert set(counted.values()) <= {1}
    assert {name for name, one in now.items() if one.state in COUNTED} <= counted.keys()
    for wanted in ("missed", "late"):
        found_ones = [measure(f"duty_{wanted}:inspection", facts) for facts in tellings]
        assert sum(one.numerator for one in found_ones) == sum(one.state == wanted for one in now.values())
        assert sum(one.denominator for one in found_ones) == len(counted)
