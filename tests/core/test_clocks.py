"""The contract's clocks: limits at their boundary seconds, pauses, reopenings, stages, and what holds for any clock."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops_console.core import clocks
from ops_console.core import tickets as core
from ops_console.core.clocks import BREACHED, MET, RUNNING, WHY_PAUSED, WHY_RUNNING, WHY_SOLVED, Clock
from ops_console.core.tickets import Suspension, TicketFacts
from tests.core.builders import (
    HOUR,
    LIMITS,
    MINUTE,
    REPORT,
    after,
    at,
    calendar,
    event,
    on_site,
    reported,
    suspended,
    terms,
    ticket,
)

CALENDAR = calendar()
ARRIVED = "2026-03-05 10:00:00"  # where the repair clock of `on_site` begins; its limit ends at 14:00
LATE = at("2026-03-20 18:00")


def clocks_of(facts: TicketFacts, klass: str | None = None) -> dict[str, Clock]:
    """The ticket's clocks by kind, its class read from the report unless given."""
    found = clocks.clocks_of(facts, terms(), klass or clocks.class_of(facts.reported_at, CALENDAR))
    return {clock.kind: clock for clock in found}


def repair(*events: core.Event) -> Clock:
    """The repair clock of a ticket whose engineer arrived at ARRIVED."""
    return clocks_of(on_site(*events))["repair"]


def restored(when: str) -> core.Event:
    return event(core.RESTORE, when)


def response(seconds: float, *, start: str = REPORT, type: str = "故障") -> Clock:
    """The response or hotline clock of a ticket answered so many seconds after its report."""
    facts = ticket(reported(start, type), event(core.RESPONDED, after(seconds, start)))
    return clocks_of(facts)["response" if type == "故障" else "hotline"]


# Which clocks a ticket has


def test_a_fault_has_a_response_clock_alone_while_nobody_must_come() -> None:
    facts = ticket(reported())
    assert list(clocks_of(facts)) == ["response"]


def test_a_fault_that_needs_a_visit_has_an_arrival_clock_from_the_report_too() -> None:
    found = clocks_of(ticket(reported(needs_onsite=True)))
    assert list(found) == ["response", "arrival"]
    assert found["arrival"].runs == ((at(REPORT), None),)
    assert found["arrival"].limit.limit_seconds == 2 * HOUR


def test_the_repair_clock_begins_with_the_arrival_and_is_not_there_before() -> None:
    assert repair().runs == ((at(ARRIVED), None),)
    assert repair().limit.limit_seconds == 4 * HOUR


def test_a_visit_to_a_fault_that_needed_none_starts_no_repair_clock() -> None:
    facts = ticket(reported(), event(core.ARRIVED, ARRIVED))
    assert list(clocks_of(facts)) == ["response"]


@pytest.mark.parametrize("type", ["咨询", "缺陷", "指令性任务", "告知宣传"])
@pytest.mark.parametrize("channel", core.CHANNELS)
def test_every_other_type_has_the_hotline_clock_whatever_its_channel(type: str, channel: str) -> None:
    told = reported(type=type, needs_onsite=True)
    facts = ticket(core.Event(**{**vars(told), "channel": channel}), event(core.ARRIVED, ARRIVED))
    found = clocks_of(facts)
    assert list(found) == ["hotline"]
    assert found["hotline"].limit.limit_seconds == 2 * HOUR


def test_a_clock_still_in_time_when_its_ticket_is_cancelled_is_gone() -> None:
    assert clocks_of(ticket(reported(), event(core.CANCEL, after(30 * MINUTE)))) == {}


def test_to_decline_in_time_is_to_answer_in_time_and_leaves_nothing_else_to_judge() -> None:
    found = clocks_of(ticket(reported(needs_onsite=True), event(core.DECLINED, after(30 * MINUTE))))
    assert {kind: clocks.result(clock, LATE) for kind, clock in found.items()} == {"response": MET}


@pytest.mark.parametrize("kind", [core.CANCEL, core.DECLINED])
def test_withdrawing_a_ticket_undoes_no_breach(kind: str) -> None:
    clock = clocks_of(ticket(reported(), event(kind, after(30 * MINUTE + 1))))["response"]
    assert clock.stopped_at == at(REPORT) + timedelta(minutes=30, seconds=1)
    assert clocks.result(clock, LATE) == BREACHED


def test_a_clock_stopped_before_its_ticket_is_withdrawn_keeps_its_result() -> None:
    facts = ticket(reported(), event(core.RESPONDED, after(60)), event(core.CANCEL, after(HOUR)))
    assert clocks.result(clocks_of(facts)["response"], LATE) == MET


def test_a_clock_of_which_the_contract_says_nothing_does_not_exist() -> None:
    bare = terms(limits=LIMITS[:1])
    assert clocks.clocks_of(ticket(reported()), bare, "off") == ()


# Class


@pytest.mark.parametrize(
    ("when", "klass"),
    [
        ("2026-03-05 07:59:59", "off"),
        ("2026-03-05 08:00:00", "work"),
        ("2026-03-05 12:30:00", "work"),
        ("2026-03-05 17:59:59", "work"),
        ("2026-03-05 18:00:00", "off"),
        ("2026-03-07 10:00:00", "off"),  # a Saturday
        ("2026-10-10 10:00:00", "work"),  # a make-up Saturday
        ("2026-10-10 18:00:00", "off"),
        ("2026-10-05 10:00:00", "off"),  # a Monday inside a holiday
        ("2026-12-31 17:59:59", "work"),
        ("2026-12-31 23:59:59", "off"),
        ("2027-01-01 10:00:00", "off"),
        ("2028-02-29 10:00:00", "work"),  # a leap day, a Tuesday
    ],
)
def test_the_class_is_read_from_the_report(when: str, klass: str) -> None:
    assert clocks.class_of(at(when), CALENDAR) == klass


def test_a_break_at_noon_is_off_hours_where_the_contract_has_one() -> None:
    with_break = calendar(breaks=(("12:00", "13:30"),))
    asked = ("11:59:59", "12:00:00", "13:29:59", "13:30:00")
    assert [clocks.class_of(at(f"2026-03-05 {t}"), with_break) for t in asked] == ["work", "off", "off", "work"]


def test_the_class_of_the_report_counts_for_the_repair_that_begins_in_another() -> None:
    begun = (reported("2026-03-05 17:50", needs_onsite=True), event(core.RESPONDED, "2026-03-05 17:55"))
    found = clocks_of(ticket(*begun, event(core.ARRIVED, "2026-03-05 19:30")))
    assert {kind: clock.klass for kind, clock in found.items()} == dict.fromkeys(found, "work")


def test_a_provisional_class_marks_every_clock() -> None:
    found = clocks.clocks_of(on_site(), terms(), "work", provisional=True)
    assert [clock.provisional for clock in found] == [True, True, True]


# Limits


@pytest.mark.parametrize(
    ("start", "type", "limit"),
    [
        (REPORT, "故障", 30 * MINUTE),
        ("2026-03-05 18:00:00", "故障", 60 * MINUTE),
        ("2026-10-10 17:59:59", "故障", 30 * MINUTE),
        ("2026-10-05 09:00:00", "故障", 60 * MINUTE),
        (REPORT, "咨询", 120 * MINUTE),
        ("2026-03-07 03:00:00", "咨询", 120 * MINUTE),
        ("2026-12-31 23:50:00", "故障", 60 * MINUTE),
        ("2028-02-28 23:45:00", "故障", 60 * MINUTE),
    ],
)
def test_an_answer_at_the_limit_is_kept_and_one_second_later_is_not(start: str, type: str, limit: int) -> None:
    kept, broken = response(limit, start=start, type=type), response(limit + 1, start=start, type=type)
    assert (clocks.result(kept, LATE.replace(year=2029)), clocks.result(broken, LATE.replace(year=2029))) == (
        MET,
        BREACHED,
    )
    assert (clocks.breaks_at(kept), clocks.breaks_at(broken)) == (None, after(limit, start))
    assert clocks.active_seconds(broken, LATE.replace(year=2029)) == limit + 1


@pytest.mark.parametrize(("minutes", "result"), [(120, MET), (121, BREACHED)])
def test_the_arrival_counts_from_the_report_and_not_from_the_answer(minutes: int, result: str) -> None:
    facts = on_site(arrived=(datetime.fromisoformat(REPORT) + timedelta(minutes=minutes)).isoformat(" "))
    assert clocks.result(clocks_of(facts)["arrival"], LATE) == result


def test_natural_minutes_run_on_across_closing_time() -> None:
    clock = clocks_of(ticket(reported("2026-03-05 17:50")))["response"]
    assert clocks.deadline(clock) == at("2026-03-05 18:20")
    assert clocks.active_seconds(clock, at("2026-03-05 18:20")) == 30 * MINUTE


def test_a_report_before_opening_keeps_its_hour_across_opening_time() -> None:
    clock = clocks_of(ticket(reported("2026-03-05 07:50")))["response"]
    assert clocks.deadline(clock) == at("2026-03-05 08:50")


def test_an_unstopped_clock_is_running_at_its_limit_and_breached_a_second_later() -> None:
    clock = clocks_of(ticket(reported()))["response"]
    assert clocks.result(clock, after(30 * MINUTE)) == RUNNING
    assert clocks.result(clock, after(30 * MINUTE + 1)) == BREACHED


def test_fractions_of_a_second_at_t_do_not_break_a_clock() -> None:
    clock = clocks_of(ticket(reported()))["response"]
    assert clocks.result(clock, after(30 * MINUTE + 0.999999)) == RUNNING


def test_an_answer_in_the_second_of_the_report_is_kept_without_any_interval() -> None:
    clock = response(0)
    assert (clocks.result(clock, LATE), clocks.intervals(clock, LATE)) == (MET, ())


def test_a_stop_before_the_start_counts_as_no_time_and_not_as_negative_time() -> None:
    clock = repair(restored("2026-03-05 09:30"))  # only a correction accepted by halves can bring this about
    assert (clocks.active_seconds(clock, LATE), clocks.result(clock, LATE)) == (0, MET)


# Pauses


def test_an_approved_pause_is_taken_off_and_the_raw_reading_stands_beside_it() -> None:
    clock = repair(*suspended("2026-03-05 11:00", "2026-03-05 12:00"), restored("2026-03-05 15:00"))
    assert (clocks.active_seconds(clock, LATE), clocks.result(clock, LATE)) == (4 * HOUR, MET)
    bare = clocks.raw(clock)
    assert (clocks.active_seconds(bare, LATE), clocks.result(bare, LATE)) == (5 * HOUR, BREACHED)


def test_with_a_pause_taken_off_the_limit_is_still_exact_to_the_second() -> None:
    clock = repair(*suspended("2026-03-05 11:00", "2026-03-05 12:00"), restored("2026-03-05 15:00:01"))
    assert clocks.result(clock, LATE) == BREACHED
    assert clocks.breaks_at(clock) == clocks.deadline(clock) == at("2026-03-05 15:00")


@pytest.mark.parametrize("word", [None, False])
def test_a_pause_that_the_hospital_did_not_approve_counts_as_running(word: bool | None) -> None:
    clock = repair(*suspended("2026-03-05 11:00", "2026-03-05 12:00", approved=word), restored("2026-03-05 15:00"))
    assert clocks.result(clock, LATE) == BREACHED
    assert {interval.why for interval in clocks.intervals(clock, LATE)} == {WHY_RUNNING}


def test_a_pause_moves_the_repair_clock_alone() -> None:
    begun = (reported(needs_onsite=True), *suspended(REPORT, "2026-03-06 09:00"))
    found = clocks_of(ticket(*begun, event(core.RESPONDED, after(31 * MINUTE)), event(core.ARRIVED, after(3 * HOUR))))
    assert clocks.result(found["response"], LATE) == clocks.result(found["arrival"], LATE) == BREACHED
    assert (found["response"].pauses, found["arrival"].pauses) == ((), ())


@pytest.mark.parametrize(
    ("pauses", "counted"),
    [
        ([("09:10", "10:30")], 4.5),  # begins before the arrival: only what lies after it
        ([("09:10", "09:50")], 5),  # wholly before the arrival
        ([("14:00", "16:00")], 4),  # ends after the restore
        ([("15:00", "16:00")], 5),  # begins with the restore
        ([("16:00", "17:00")], 5),  # wholly after it
        ([("11:00", "11:00")], 5),  # of no length
        ([("11:00", "12:00"), ("12:00", "13:00")], 3),  # adjacent
        ([("11:00", "12:30"), ("12:00", "13:00")], 3),  # overlapping: their common half hour is taken off once
        ([("11:00", "14:00"), ("12:00", "13:00")], 2),  # one inside the other
        ([("11:00", "12:00"), ("13:00", "13:30")], 3.5),  # apart
        ([("09:00", "18:00")], 0),  # all of it
    ],
)
def test_of_pauses_only_their_part_inside_the_run_is_taken_off(pauses: list[tuple[str, str]], counted: float) -> None:
    spans = tuple(Suspension(at(f"2026-03-05 {a}"), at(f"2026-03-05 {b}"), True, "") for a, b in pauses)
    clock = Clock(LIMITS[3], "work", False, ((at(ARRIVED), at("2026-03-05 15:00")),), spans)
    assert clocks.active_seconds(clock, LATE) == counted * HOUR


def test_an_open_pause_runs_to_t() -> None:
    clock = repair(*suspended("2026-03-05 11:00"))
    now = at("2026-03-09 11:00")
    assert (clocks.active_seconds(clock, now), clocks.result(clock, now)) == (HOUR, RUNNING)
    assert (clocks.breaks_at(clock), clocks.deadline(clock)) == (None, None)


def test_an_open_pause_ends_with_the_restore() -> None:
    clock = repair(*suspended("2026-03-05 11:00"), restored("2026-03-06 11:00"))
    assert (clocks.active_seconds(clock, LATE), clocks.result(clock, LATE)) == (HOUR, MET)


def test_a_pause_that_nobody_ended_does_not_come_back_when_the_ticket_is_reopened() -> None:
    done = (restored("2026-03-05 12:00"), event(core.CONFIRMED, "2026-03-05 12:30"))
    clock = repair(*suspended("2026-03-05 11:00"), *done, event(core.REOPENED, "2026-03-05 13:00"))
    assert clocks.active_seconds(clock, at("2026-03-05 14:00")) == 2 * HOUR
    assert clocks.deadline(clock) == at("2026-03-05 16:00")


def test_a_breach_before_a_pause_stays_a_breach() -> None:
    clock = repair(*suspended("2026-03-05 14:30"))
    assert (clocks.result(clock, LATE), clocks.breaks_at(clock)) == (BREACHED, at("2026-03-05 14:00"))


def test_every_interval_says_whether_it_counts_and_why() -> None:
    clock = repair(*suspended("2026-03-05 11:00", "2026-03-05 12:00"), restored("2026-03-05 13:00"))
    told = [(i.start, i.seconds, i.counted, i.why) for i in clocks.intervals(clock, LATE)]
    assert told == [
        (at("2026-03-05 10:00"), HOUR, True, WHY_RUNNING),
        (at("2026-03-05 11:00"), HOUR, False, WHY_PAUSED),
        (at("2026-03-05 12:00"), HOUR, True, WHY_RUNNING),
    ]


# Restores taken back


def test_a_rejected_restore_never_stopped_the_clock() -> None:
    clock = repair(restored("2026-03-05 13:00"), event(core.RESTORE_REJECTED, "2026-03-05 13:30"))
    assert clock.runs == ((at(ARRIVED), None),)
    assert clocks.result(clock, at("2026-03-05 14:00:01")) == BREACHED


def test_the_restore_after_a_rejected_one_counts() -> None:
    first = (restored("2026-03-05 12:00"), event(core.RESTORE_REJECTED, "2026-03-05 12:30"))
    clock = repair(*first, restored("2026-03-05 13:30"))
    assert clocks.active_seconds(clock, LATE) == 3.5 * HOUR


def reopened() -> tuple[core.Event, ...]:
    """Restored after two hours, confirmed, reopened a day later."""
    return (
        restored("2026-03-05 12:00"),
        event(core.CONFIRMED, "2026-03-05 16:00"),
        event(core.REOPENED, "2026-03-06 12:00"),
    )


def test_a_reopened_ticket_runs_on_and_the_solved_time_does_not_count() -> None:
    clock = repair(*reopened(), restored("2026-03-06 14:00"))
    told = [(interval.seconds, interval.counted, interval.why) for interval in clocks.intervals(clock, LATE)]
    assert told == [(2 * HOUR, True, WHY_RUNNING), (24 * HOUR, False, WHY_SOLVED), (2 * HOUR, True, WHY_RUNNING)]
    assert clocks.result(clock, LATE) == MET


def test_a_reopened_ticket_is_breached_a_second_after_what_was_left() -> None:
    clock = repair(*reopened())
    assert clocks.deadline(clock) == at("2026-03-06 14:00")
    asked = ("2026-03-06 14:00:00", "2026-03-06 14:00:01")
    assert [clocks.result(clock, at(moment)) for moment in asked] == [RUNNING, BREACHED]


def test_a_reopening_right_after_arrival_and_restore_in_one_second_leaves_no_gap() -> None:
    done = (restored(ARRIVED), event(core.CONFIRMED, ARRIVED), event(core.REOPENED, "2026-03-05 12:00"))
    told = [(i.start, i.why) for i in clocks.intervals(repair(*done), at("2026-03-05 13:00"))]
    assert told == [(at(ARRIVED), WHY_SOLVED), (at("2026-03-05 12:00"), WHY_RUNNING)]


def test_what_was_solved_from_afar_before_the_first_visit_does_not_count_as_repair() -> None:
    remote = (reported(), event(core.RESPONDED, REPORT), restored("2026-03-05 09:30"))
    again = (event(core.CONFIRMED, "2026-03-05 09:40"), event(core.REOPENED, "2026-03-05 10:00"))
    visit = (event(core.ONSITE_DECIDED, "2026-03-05 10:10", needs_onsite=True), event(core.ARRIVED, "2026-03-05 11:00"))
    clock = clocks_of(ticket(*remote, *again, *visit, restored("2026-03-05 13:00")))["repair"]
    assert clock.started_at == at("2026-03-05 11:00")
    assert clocks.active_seconds(clock, LATE) == 2 * HOUR


# Stages


def test_stages_come_at_half_at_four_fifths_and_one_second_past_the_limit() -> None:
    clock = clocks_of(ticket(reported()))["response"]
    found = [(50, after(15 * MINUTE)), (80, after(24 * MINUTE)), (100, after(30 * MINUTE + 1))]
    assert list(clocks.stage_moments(clock)) == found


def test_the_moment_of_the_last_stage_is_the_first_at_which_the_clock_is_breached() -> None:
    clock = clocks_of(ticket(reported()))["response"]
    moment = dict(clocks.stage_moments(clock))[100]
    assert [clocks.result(clock, t) for t in (moment - timedelta(seconds=1), moment)] == [RUNNING, BREACHED]


def test_a_pause_moves_the_stages_after_it() -> None:
    moments = dict(clocks.stage_moments(repair(*suspended("2026-03-05 11:00", "2026-03-05 13:00"))))
    assert moments == {
        50: at("2026-03-05 14:00"),
        80: at("2026-03-05 15:12"),
        100: at("2026-03-05 16:00:01"),
    }


def test_a_paused_clock_has_no_stages_ahead_and_nothing_to_look_at() -> None:
    clock = repair(*suspended("2026-03-05 12:30"))
    assert clocks.stage_moments(clock) == ((50, at("2026-03-05 12:00")),)
    assert clocks.next_look_at(clock, at("2026-03-05 12:30")) is None


def test_a_stopped_clock_has_no_stages() -> None:
    clock = repair(restored("2026-03-05 18:00"))
    assert (clocks.stage_moments(clock), clocks.next_look_at(clock, at(ARRIVED))) == ((), None)


@pytest.mark.parametrize(
    ("seconds", "following"),
    [
        (0, 15 * MINUTE),
        (15 * MINUTE - 1, 15 * MINUTE),
        (15 * MINUTE, 24 * MINUTE),
        (24 * MINUTE, 30 * MINUTE + 1),
        (30 * MINUTE, 30 * MINUTE + 1),
        (30 * MINUTE + 1, None),
    ],
)
def test_the_next_look_is_the_first_stage_still_ahead(seconds: int, following: int | None) -> None:
    clock = clocks_of(ticket(reported()))["response"]
    assert clocks.next_look_at(clock, after(seconds)) == (None if following is None else after(following))


def test_the_stages_due_are_those_since_the_stored_moment_that_have_come() -> None:
    clock = clocks_of(ticket(reported()))["response"]
    stored = after(15 * MINUTE)
    asked = (stored, after(24 * MINUTE - 1), after(24 * MINUTE), after(2 * HOUR))
    assert [clocks.stages_due(clock, stored, now) for now in asked] == [(50,), (50,), (50, 80), (50, 80, 100)]


# What holds for any clock

OFFSETS = st.integers(0, 40_000)


@st.composite
def any_clock(draw: st.DrawFn) -> Clock:
    """A repair clock with up to three runs and up to four suspensions, approved or not, open or not, in any order."""
    edges = [after(n) for n in sorted(draw(st.sets(OFFSETS, min_size=1, max_size=6)))]
    runs = tuple((a, edges[i + 1] if i + 1 < len(edges) else None) for i, a in enumerate(edges) if i % 2 == 0)
    length = st.none() | st.integers(0, 9_000)
    drawn = draw(st.lists(st.tuples(OFFSETS, length, st.sampled_from([True, True, False, None])), max_size=4))
    pauses = [Suspension(after(n), None if m is None else after(n + m), word, "") for n, m, word in drawn]
    return Clock(LIMITS[3], "work", False, runs, tuple(pauses))


MOMENTS = st.integers(-100, 60_000).map(after)
QUICK = settings(max_examples=150, deadline=None)


@QUICK
@given(any_clock(), MOMENTS)
def test_active_time_is_the_sum_of_the_counted_intervals(clock: Clock, now: datetime) -> None:
    counted = sum(i.seconds for i in clocks.intervals(clock, now) if i.counted)
    assert clocks.active_seconds(clock, now) == counted >= 0


@QUICK
@given(any_clock(), MOMENTS)
def test_intervals_tile_the_clock_s_life_without_gap_or_overlap(clock: Clock, now: datetime) -> None:
    found = clocks.intervals(clock, now)
    end = min(clock.stopped_at or now, now)
    edges = [clock.started_at, *(interval.end for interval in found)]
    assert [interval.start for interval in found] == edges[:-1]
    assert edges[-1] == max(end, clock.started_at)
    assert all(interval.end > interval.start for interval in found)


@QUICK
@given(any_clock(), MOMENTS)
def test_a_clock_is_breached_at_t_exactly_when_more_than_its_limit_is_counted_by_t(clock: Clock, now: datetime) -> None:
    over = clocks.active_seconds(clock, now) > clock.limit.limit_seconds
    passed = clocks.breaks_at(clock)
    assert (clocks.result(clock, now) == BREACHED) == over == (passed is not None and passed < now)


@QUICK
@given(any_clock(), MOMENTS)
def test_pauses_never_add_time(clock: Clock, now: datetime) -> None:
    assert clocks.active_seconds(clocks.raw(clock), now) >= clocks.active_seconds(clock, now)


@QUICK
@given(any_clock(), MOMENTS)
def test_the_order_of_the_pauses_makes_no_difference(clock: Clock, now: datetime) -> None:
    turned = Clock(clock.limit, clock.klass, clock.provisional, clock.runs, clock.pauses[::-1])
    assert clocks.intervals(turned, now) == clocks.intervals(clock, now)


@QUICK
@given(any_clock(), st.integers(0, 20_000))
def test_the_moment_of_an_amount_is_where_that_amount_is_passed(clock: Clock, seconds: int) -> None:
    moment = clocks.moment_of(clock, seconds)
    if moment is None:
        assert clocks.active_seconds(clock, LATE) <= seconds
    else:
        assert clocks.active_seconds(clock, moment) == seconds
        assert clocks.active_seconds(clock, moment + timedelta(seconds=1)) == seconds + 1


@QUICK
@given(any_clock(), MOMENTS)
def test_the_next_look_lies_ahead_and_no_stage_lies_before_it(clock: Clock, now: datetime) -> None:
    following = clocks.next_look_at(clock, now)
    ahead = [moment for _, moment in clocks.stage_moments(clock) if moment > now]
    assert following == (min(ahead) if ahead else None)
