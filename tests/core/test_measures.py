"""What each measure comes to, counted from facts built by hand: of which, which of them, how many of how many."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ops_console.core.assessment_facts import DutyFact, Entry, JudgedClock, MonthFacts, Pause, TicketFact
from ops_console.core.contract_facts import BROKEN, KEPT, NOT_APPLICABLE, OPEN, UNPROVEN
from ops_console.core.measure_counts import OF_TICKETS
from ops_console.core.measures import (
    FROM_DUTIES,
    FROM_ENTRY,
    FROM_TICKETS,
    MEASURES,
    known,
    mean_of,
    measure,
    measure_all,
)
from ops_console.core.score_facts import NOTHING, VALUE, Hit, Measured, Ref
from ops_console.core.tickets import SUSPENSION_CAUSES

AT = datetime(2026, 9, 7, 2, tzinfo=UTC)
AS_OF = datetime(2026, 10, 12, tzinfo=UTC)
PLAIN = TicketFact("GD-1", "故障", "门诊缴费", "work", "digest", AT, AT, "已关闭")
CLOCK = JudgedClock("GD-1", "C-15", "response", "work", "2026-09", KEPT, 600, KEPT, 600)


def month(**given: object) -> MonthFacts:
    return MonthFacts("2026-09", AS_OF, **given)  # type: ignore[arg-type]


def clocks(*judged: JudgedClock) -> MonthFacts:
    return month(judged=judged)


def clock(number: str, outcome: str, **given: object) -> JudgedClock:
    return replace(CLOCK, number=number, outcome=outcome, **given)  # type: ignore[arg-type]


def ticket(number: str, **given: object) -> TicketFact:
    return replace(PLAIN, number=number, **given)  # type: ignore[arg-type]


def numbers(found: Measured) -> tuple[list[str], list[str]]:
    """What was looked at, and what of it counts."""
    return [ref.id for ref in found.population], [hit.ref.id for hit in found.hits]


def test_every_measure_of_tickets_is_counted_and_every_count_has_a_name() -> None:
    assert set(OF_TICKETS) == {one.name for one in MEASURES.values() if one.source == FROM_TICKETS}
    assert all(one.meaning for one in MEASURES.values() if one.source == FROM_ENTRY)


CLOCKED = [
    ("response_work_broken", {"clock": "response", "klass": "work"}, BROKEN),
    ("response_work_unproven", {"clock": "response", "klass": "work"}, UNPROVEN),
    ("response_off_broken", {"clock": "response", "klass": "off"}, BROKEN),
    ("response_off_unproven", {"clock": "response", "klass": "off"}, UNPROVEN),
    ("arrival_broken", {"clock": "arrival", "klass": "off"}, BROKEN),
    ("arrival_unproven", {"clock": "arrival"}, UNPROVEN),
    ("repair_broken", {"clock": "repair"}, BROKEN),
    ("repair_unproven", {"clock": "repair", "klass": "off"}, UNPROVEN),
    ("hotline_broken", {"clock": "hotline"}, BROKEN),
    ("hotline_unproven", {"clock": "hotline"}, UNPROVEN),
]


@pytest.mark.parametrize(("name", "which", "outcome"), CLOCKED)
def test_a_clocks_measure_counts_its_own_clock_and_outcome(name: str, which: dict[str, str], outcome: str) -> None:
    facts = clocks(
        clock("GD-1", outcome, **which), clock("GD-2", KEPT, **which), clock("GD-3", OPEN, **which),
        clock("GD-4", BROKEN if outcome == UNPROVEN else UNPROVEN, **which),
        *(clock("GD-5", outcome, clock=other) for other in ("response", "arrival", "repair", "hotline")
          if other != which["clock"]),
    )  # fmt: skip
    found = measure(name, facts)
    assert numbers(found) == (["GD-1", "GD-2", "GD-4"], ["GD-1"])
    assert (found.numerator, found.denominator, found.unit) == (1, 3, "percent")


def test_response_is_told_apart_by_class() -> None:
    facts = clocks(clock("GD-1", BROKEN), clock("GD-2", BROKEN, klass="off"))
    assert numbers(measure("response_work_broken", facts)) == (["GD-1"], ["GD-1"])
    assert numbers(measure("response_off_broken", facts)) == (["GD-2"], ["GD-2"])


def test_a_clock_settled_later_counts_where_it_settles_and_a_corrected_one_only_by_its_change() -> None:
    facts = clocks(
        clock("GD-1", BROKEN, month="2026-08"),  # had been open there
        clock("GD-2", KEPT, month="2026-08", was=BROKEN), clock("GD-3", BROKEN, month="2026-08", was=KEPT),
        clock("GD-4", BROKEN, month="2026-08", was=UNPROVEN, two_sided=False),
        clock("GD-5", NOT_APPLICABLE, month="2026-08", was=KEPT),
    )  # fmt: skip
    broken, unproven = measure("response_work_broken", facts), measure("response_work_unproven", facts)
    assert [ref.id for ref in broken.population] == ["GD-1"]
    assert [(hit.ref.id, hit.count, hit.two_sided) for hit in broken.hits] == [
        ("GD-1", 1, True), ("GD-2", -1, True), ("GD-3", 1, True), ("GD-4", 1, False),
    ]  # fmt: skip
    assert (broken.numerator, broken.denominator) == (2, 1)
    assert [(hit.ref.id, hit.count) for hit in unproven.hits] == [("GD-4", -1)]


@pytest.mark.parametrize(
    ("outcome", "was", "hours", "seconds", "counts"),
    [(BROKEN, None, 8, 0, False), (BROKEN, None, 8, 1, True), (KEPT, None, 9, 0, False), (BROKEN, KEPT, 9, 0, True),
     (BROKEN, BROKEN, 9, 0, False), (UNPROVEN, None, 9, 0, False), (OPEN, None, 9, 0, False)],
)  # fmt: skip
def test_a_long_repair_is_past_eight_hours(
    outcome: str, was: str | None, hours: int, seconds: int, counts: bool
) -> None:
    spent = int(timedelta(hours=hours, seconds=seconds).total_seconds())
    found = measure("repair_over_8h", clocks(clock("GD-1", outcome, clock="repair", was=was, seconds=spent)))
    assert bool(found.hits) is counts
    assert found.denominator == (was is None and outcome != OPEN)


def test_reopened_are_of_what_was_closed() -> None:
    closed, again = ticket("GD-1", closed_at=AT), ticket("GD-2", reopenings=(AT,))
    found = measure("reopened", month(tickets=(closed, again, ticket("GD-3"))))
    assert numbers(found) == (["GD-1", "GD-2"], ["GD-2"])


def test_recurring_are_of_faults_that_stand() -> None:
    fault = ticket("GD-1", is_fault=True)
    others = (ticket("GD-2", is_fault=True, recurs=True), ticket("GD-3", recurs=True),
              ticket("GD-4", is_fault=True, recurs=True, withdrawn="已取消"))  # fmt: skip
    assert numbers(measure("recurring", month(tickets=(fault, *others)))) == (["GD-1", "GD-2"], ["GD-2"])


DUE = date(2026, 9, 10)
DELIVERED = datetime(2026, 9, 10, 15, 59, 59, tzinfo=UTC)  # the last second of that day in Shanghai


NEXT_DAY = DELIVERED + timedelta(days=1)
BY_HOSPITAL, BY_OTHERS = SUSPENSION_CAUSES


def delivery(at: datetime | None, *pauses: Pause) -> TicketFact:
    return ticket("GD-1", agreed_on=DUE, restorations=(at,) if at else (), pauses=pauses)


@pytest.mark.parametrize(
    ("made", "is_late"),
    [
        (delivery(DELIVERED), False),
        (delivery(DELIVERED + timedelta(seconds=1)), True),
        (delivery(None), True),
        (delivery(NEXT_DAY, Pause(AT, AT + timedelta(days=1), BY_HOSPITAL)), False),
        (delivery(NEXT_DAY, Pause(AT, AT + timedelta(days=1), BY_OTHERS)), True),
        (delivery(NEXT_DAY, Pause(AT, None, BY_HOSPITAL)), False),
        (delivery(NEXT_DAY, Pause(AT + timedelta(days=9), None, BY_HOSPITAL)), True),
    ],
)  # fmt: skip
def test_a_demand_is_late_after_its_agreed_day_less_what_the_hospital_held_up(made: TicketFact, is_late: bool) -> None:
    found = measure("delivery_late", month(tickets=(made,)))
    assert (found.numerator, found.denominator) == (int(is_late), 1)


def test_a_demand_counts_in_the_month_of_its_agreed_day() -> None:
    mine, next_month = delivery(None), ticket("GD-2", agreed_on=date(2026, 10, 1))
    earlier = ticket("GD-3", agreed_on=date(2026, 9, 30))
    withdrawn, none = ticket("GD-4", agreed_on=DUE, withdrawn="已取消"), ticket("GD-5")
    facts = month(tickets=(mine, next_month, withdrawn, none), carried=(earlier,))
    assert numbers(measure("delivery_late", facts)) == (["GD-1", "GD-3"], ["GD-1", "GD-3"])


def test_late_entries_and_proof() -> None:
    bare, long = ticket("GD-1", late_entries=2, late_bare=1), ticket("GD-2", late_entries=1, late_long=1)
    shown = ticket("GD-3", closed_at=AT, needs_evidence=True, has_evidence=True)
    bare_too, open_one = ticket("GD-4", closed_at=AT, needs_evidence=True), ticket("GD-5", needs_evidence=True)
    facts = month(tickets=(bare, long, shown, bare_too, open_one))
    assert numbers(measure("late_without_proof", facts)) == (["GD-1", "GD-2"], ["GD-1"])
    assert numbers(measure("late_over_24h", facts)) == (["GD-1", "GD-2"], ["GD-2"])
    assert numbers(measure("with_evidence", facts)) == (["GD-3", "GD-4"], ["GD-3"])


def test_the_rating_is_an_average_of_those_who_rated() -> None:
    found = measure("rating", month(tickets=(ticket("GD-1", rating=5), ticket("GD-2", rating=4), ticket("GD-3"))))
    assert (found.numerator, found.denominator, found.hits, found.unit) == (9, 2, (), VALUE)
    assert numbers(found)[0] == ["GD-1", "GD-2"]


def duty(number: int, state: str, task: str = "inspection") -> DutyFact:
    return DutyFact(str(number), "C-33", task, "月度巡检", state, AT)


def test_duties_are_counted_by_task_and_state_the_waived_and_open_apart() -> None:
    states = ("kept", "late", "missed", "waived", "open")
    facts = month(duties=(*(duty(n, state) for n, state in enumerate(states, 1)), duty(9, "missed", "manual")))
    missed, late = measure("duty_missed:inspection", facts), measure("duty_late:inspection", facts)
    assert (numbers(missed), numbers(late)) == ((["1", "2", "3"], ["3"]), (["1", "2", "3"], ["2"]))
    assert (missed.numerator, missed.denominator, missed.hits[0].ref.kind) == (1, 3, "duty")
    assert numbers(measure("duty_missed:manual", facts)) == (["9"], ["9"])
    assert measure("duty_missed:video", facts) == Measured()


def test_an_entry_is_so_many_facts_of_so_many() -> None:
    facts = month(entries=(Entry("complaints", 2, 3, "hospital", confirmed=True),))
    found = measure("complaints", facts)
    assert (found.numerator, found.denominator) == (2, 3)
    assert numbers(found) == (["complaints/1", "complaints/2", "complaints/3"], ["complaints/1", "complaints/2"])
    assert measure("falsified", facts) == NOTHING
    uncounted = measure("complaints", month(entries=(Entry("complaints", 2, 0, "hospital"),)))
    assert (len(uncounted.hits), uncounted.population) == (2, ())
    assert measure("complaints", month(entries=(Entry("complaints", 0, 0, "hospital"),))) == Measured()


@pytest.mark.parametrize(
    ("side", "confirmed", "counted", "as_ratio"),
    [("hospital", False, False, False), ("hospital", True, True, True), ("vendor", False, True, False),
     ("vendor", True, True, True)],
)  # fmt: skip
def test_what_one_side_entered_needs_the_others_word_unless_it_speaks_against_itself(
    side: str, confirmed: bool, counted: bool, as_ratio: bool
) -> None:
    entries = (Entry("complaints", 1, 1, side, confirmed), Entry("availability", 9995, 100, side, confirmed, True))
    facts = month(entries=entries)
    assert measure("complaints", facts).hits == (Hit(Ref("entry", "complaints/1"), two_sided=counted),)
    assert measure("availability", facts).hits == (Hit(Ref("entry", "availability"), two_sided=as_ratio),)


def test_a_ratio_is_one_number() -> None:
    found = measure("availability", month(entries=(Entry("availability", 9995, 100, "vendor", is_ratio=True),)))
    assert (found.numerator, found.denominator, found.unit, found.population) == (9995, 100, VALUE, ())


@pytest.mark.parametrize("name", [one.name for one in MEASURES.values() if one.source != FROM_ENTRY])
def test_of_an_empty_month_nothing_is_counted_and_nothing_is_missing(name: str) -> None:
    wanted = f"{name}:inspection" if MEASURES[name].takes else name
    found = measure(wanted, month())
    assert (found.population, found.hits, found.numerator, found.denominator, found.missing) == ((), (), 0, 0, False)


@pytest.mark.parametrize(
    "name", ["", "nothing", "duty_missed", "duty_missed:", "duty_missed:Inspection", "duty_late:a b", "reopened:x"]
)
def test_a_name_that_is_not_of_the_list_is_missing(name: str) -> None:
    assert known(name) is None
    assert measure(name, month()) == NOTHING


def test_all_at_once_is_each_once() -> None:
    found = measure_all(["reopened", "nothing", "reopened"], month())
    assert list(found) == ["reopened", "nothing"]
    assert known("duty_late:inspection") is MEASURES["duty_late"]
    assert MEASURES["duty_late"].source == FROM_DUTIES


def test_a_mean_is_told_as_its_value_rounded_half_up_and_nothing_else_is_a_mean() -> None:
    assert [mean_of("rating", n, 8) for n in (33, 37, 40)] == ["4.13", "4.63", "5.00"]
    assert mean_of("availability", 9995, 100) == "99.95"
    assert [mean_of(name, 5, 77) for name in ("reopened", "duty_missed:inspection", "", "unknown")] == [""] * 4
    assert mean_of("rating", 0, 0) == ""
