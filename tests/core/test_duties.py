"""What is owed, when, and what it comes to: months, halves and years, go-live, events, grace, the last second."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from ops_console.core.contract_facts import BROKEN, KEPT, NOT_APPLICABLE, OPEN, Dues
from ops_console.core.contracts import GO_LIVE, HALF, MONTH, RELEASE, REQUEST, YEAR, Minimum
from ops_console.core.duties import (
    DELIVERED,
    DUE_SOON,
    LATE,
    MISSED,
    OVERDUE,
    PLANNED,
    WAIVED,
    Duty,
    Period,
    Trigger,
    check_gap,
    check_time,
    due_of,
    dues_of,
    last_second,
    periodic,
    periods,
    state_of,
    told,
    triggered,
)
from ops_console.core.duties import KEPT as DONE_IN_TIME
from ops_console.core.duty_warnings import next_look, stage_at
from ops_console.core.errors import Refused
from ops_console.core.moments import day_start
from ops_console.core.terms import contract_years
from tests.core.builders import at, calendar, terms
from tests.duties import CLAUSES, INSPECTION, clause, task

YEARS = ((date(2026, 1, 1), date(2026, 12, 31)), (date(2027, 1, 1), date(2027, 12, 31)))
START, SECOND = date(2026, 1, 1), timedelta(seconds=1)


def starts(unit: str, live_on: date, until: date, years: Any = YEARS) -> list[date]:
    return [period.start for period in periods(unit, live_on, years, until)]


# -- periods ----------------------------------------------------------------------------------------------------------


def test_a_month_is_owed_as_soon_as_it_has_begun_and_not_before() -> None:
    assert starts(MONTH, START, date(2026, 3, 1)) == [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
    assert starts(MONTH, START, date(2026, 2, 28)) == [date(2026, 1, 1), date(2026, 2, 1)]
    assert starts(MONTH, START, date(2025, 12, 31)) == []


@pytest.mark.parametrize(
    ("live_on", "first"),
    [
        (date(2026, 3, 1), date(2026, 3, 1)), (date(2026, 3, 2), date(2026, 4, 1)),
        (date(2026, 2, 28), date(2026, 3, 1)), (date(2024, 5, 5), date(2026, 1, 1)),
    ],
)  # fmt: skip
def test_a_month_that_began_before_go_live_is_not_owed(live_on: date, first: date) -> None:
    assert starts(MONTH, live_on, date(2026, 6, 1))[0] == first


@pytest.mark.parametrize(
    ("month", "last"),
    [("2026-02", date(2026, 2, 28)), ("2028-02", date(2028, 2, 29)), ("2026-04", date(2026, 4, 30)),
     ("2026-12", date(2026, 12, 31)), ("2027-01", date(2027, 1, 31))],
)  # fmt: skip
def test_a_month_is_due_in_the_last_second_of_its_last_day(month: str, last: date) -> None:
    given = terms(starts_on=START, ends_on=date(2028, 12, 31), clauses=(clause(Minimum, "C-33", "巡检", INSPECTION),))
    first = date.fromisoformat(f"{month}-01")
    (duty,) = [d for d in periodic(given, first) if d.period_start == first]
    assert duty.due_at == at(f"{last} 23:59:59")
    assert (duty.month, duty.due_on) == (month, last)


def test_a_report_is_due_days_after_its_month_and_a_test_days_before_its_years_end() -> None:
    report = clause(Minimum, "C-58", "考核", task("monthly", "月报", period=MONTH, due_days=8, grace_days=5))
    year = clause(Minimum, "C-51", "渗透测试", task("pentest", "渗透测试", period=YEAR, due_days=-30))
    given = terms(starts_on=START, ends_on=date(2027, 12, 31), clauses=(report, year))
    due = {duty.key: (duty.due_at, duty.grace_until) for duty in periodic(given, date(2026, 2, 1))}
    assert due["C-58/monthly/2026-01-01/1"] == (at("2026-02-08 23:59:59"), at("2026-02-13 23:59:59"))
    assert due["C-58/monthly/2026-02-01/1"] == (at("2026-03-08 23:59:59"), at("2026-03-13 23:59:59"))
    assert due["C-51/pentest/2026-01-01/1"] == (at("2026-12-01 23:59:59"), at("2026-12-01 23:59:59"))


def test_halves_and_years_are_the_contracts() -> None:
    years = contract_years(terms(starts_on=date(2026, 3, 15), ends_on=date(2028, 3, 14)))
    assert periods(HALF, date(2026, 3, 15), years, date(2026, 9, 15)) == (
        Period(date(2026, 3, 15), date(2026, 9, 15)), Period(date(2026, 9, 15), date(2027, 3, 15)),
    )  # fmt: skip
    assert periods(YEAR, date(2026, 3, 15), years, date(2027, 3, 15)) == (
        Period(date(2026, 3, 15), date(2027, 3, 15)), Period(date(2027, 3, 15), date(2028, 3, 15)),
    )  # fmt: skip


def test_a_half_year_of_the_31st_turns_where_february_ends() -> None:
    years = contract_years(terms(starts_on=date(2026, 8, 31), ends_on=date(2028, 8, 30)))
    assert starts(HALF, date(2026, 8, 31), date(2028, 8, 30), years) == [
        date(2026, 8, 31), date(2027, 3, 1), date(2027, 8, 31), date(2028, 3, 1),
    ]  # fmt: skip


def test_a_leap_days_contract_has_its_years_from_the_first_of_march() -> None:
    years = contract_years(terms(starts_on=date(2024, 2, 29), ends_on=date(2026, 2, 27)))
    assert starts(YEAR, date(2024, 2, 29), date(2026, 1, 1), years) == [date(2024, 2, 29), date(2025, 3, 1)]
    assert starts(HALF, date(2024, 2, 29), date(2024, 8, 29), years) == [date(2024, 2, 29), date(2024, 8, 29)]


def test_a_contract_year_from_the_15th_has_twelve_months_the_last_one_cut_short() -> None:
    years = contract_years(terms(starts_on=date(2026, 3, 15), ends_on=date(2027, 3, 14)))
    found = periods(MONTH, date(2026, 3, 15), years, date(2027, 12, 31))
    assert len(found) == 12
    assert (found[0].start, found[-1]) == (date(2026, 4, 1), Period(date(2027, 3, 1), date(2027, 3, 15)))


def test_a_clause_has_its_own_go_live_and_owes_as_often_as_its_task_says() -> None:
    twice = task("twice", "回访", period=MONTH, count=2)
    late = clause(Minimum, "C-90", "回访", twice, go_live_on=date(2026, 5, 1))
    given = terms(starts_on=START, go_live_on=date(2026, 4, 1), clauses=(late, CLAUSES[4]))
    keys = [duty.key for duty in periodic(given, date(2026, 5, 31))]
    assert keys == [
        "C-33/inspection/2026-04-01/1", "C-33/inspection/2026-05-01/1", "C-90/twice/2026-05-01/1",
        "C-90/twice/2026-05-01/2",
    ]  # fmt: skip


def test_what_repeats_another_clause_or_binds_the_hospital_owes_nothing() -> None:
    repeated = clause(Minimum, "C-41", "重复", INSPECTION, duplicate_of="C-19")
    own = clause(Minimum, "C-53", "工作条件", INSPECTION, bound="hospital")
    assert periodic(terms(starts_on=START, clauses=(repeated, own)), date(2026, 6, 1)) == ()
    assert periodic(terms(starts_on=START), date(2026, 6, 1)) == ()


# -- events -----------------------------------------------------------------------------------------------------------


FIVE = task("manual", "操作说明", event=RELEASE, workdays=5)
NOTICE = task("notice", "首页告知", event=GO_LIVE, minutes=30, same_day=True)


@pytest.mark.parametrize(
    ("when", "until"),
    [
        ("2026-03-05 10:00", "2026-03-12 23:59:59"),  # Thursday: the weekend between
        ("2026-03-07 10:00", "2026-03-13 23:59:59"),  # Saturday: Monday is the first
        ("2026-09-25 23:59", "2026-10-09 23:59:59"),  # the holiday between, the 8th to work again
        ("2026-12-31 08:00", "2027-01-08 23:59:59"),  # the year's edge
        ("2028-02-24 08:00", "2028-03-02 23:59:59"),  # leap February
    ],
)
def test_working_days_are_counted_from_the_day_after_and_end_with_the_day(when: str, until: str) -> None:
    found = due_of(FIVE, at(when), calendar())
    assert (found.at, found.provisional) == (at(until), False)


def test_a_year_nobody_entered_is_reckoned_by_weekdays_and_provisional() -> None:
    found = due_of(FIVE, at("2026-12-30 08:00"), calendar(2026))
    assert (found.at, found.provisional) == (at("2027-01-06 23:59:59"), True)
    assert due_of(FIVE, at("2026-12-21 08:00"), calendar(2026)).provisional is False
    assert due_of(NOTICE, at("2027-12-30 08:00"), calendar(2026)).provisional is False


@pytest.mark.parametrize(
    ("when", "until"),
    [("2026-03-05 10:00", "2026-03-05 10:30"), ("2026-03-05 23:29:59", "2026-03-05 23:59:59"),
     ("2026-03-05 23:45", "2026-03-05 23:59:59"), ("2026-03-05 00:00", "2026-03-05 00:30")],
)  # fmt: skip
def test_a_notice_is_due_in_half_an_hour_and_the_same_day(when: str, until: str) -> None:
    assert due_of(NOTICE, at(when), calendar()).at == at(until)


@pytest.mark.parametrize("when", ["2026-03-05 00:00", "2026-03-05 23:59:59"])
def test_the_same_day_alone_is_until_its_end(when: str) -> None:
    archive = task("archive", "归档", event=RELEASE, same_day=True)
    assert due_of(archive, at(when), calendar()).at == at("2026-03-05 23:59:59")


def test_without_a_limit_it_is_due_with_the_event() -> None:
    notes, when = task("notes", "更新说明", event=RELEASE), at("2026-03-05 10:00")
    assert due_of(notes, when, calendar()).at == when


def test_an_event_makes_the_duties_of_its_tasks_from_go_live_to_the_contracts_end() -> None:
    given = terms(starts_on=START, go_live_on=date(2026, 3, 5), clauses=CLAUSES)

    def made(when: str, **rest: Any) -> list[str]:
        return [d.key for d in triggered(given, Trigger(RELEASE, "7", at(when), **rest), calendar())]

    three = ["C-13/notes/release:7/1", "C-30/manual/release:7/1", "C-30/video/release:7/1"]
    assert made("2026-03-05 00:00") == three
    assert made("2026-03-04 23:59:59") == []
    assert made("2027-12-31 23:59") == three
    assert made("2028-01-01 00:00") == []
    assert made("2026-04-01 08:00", only=("C-30", "video")) == three[2:]


# -- states -----------------------------------------------------------------------------------------------------------


def duty(**given: Any) -> Duty:
    due_at = given.pop("due_at", at("2026-03-31 23:59:59"))
    wanted = {"period_start": date(2026, 3, 1), "period_end": date(2026, 4, 1), "grace_until": due_at, **given}
    return Duty("k", "C-33", "inspection", "系统巡检", "合同", due_at, **wanted)


DUE = at("2026-03-31 23:59:59")


@pytest.mark.parametrize(
    ("when", "grace", "state"),
    [
        (DUE - timedelta(days=7, seconds=1), 0, PLANNED), (DUE - timedelta(days=7), 0, DUE_SOON), (DUE, 0, DUE_SOON),
        (DUE + SECOND, 0, MISSED), (DUE + SECOND, 3, OVERDUE), (DUE + timedelta(days=3), 3, OVERDUE),
        (DUE + timedelta(days=3, seconds=1), 3, MISSED),
    ],
)  # fmt: skip
def test_undone_it_is_planned_soon_overdue_and_missed_by_the_second(when: datetime, grace: int, state: str) -> None:
    assert state_of(duty(grace_until=DUE + timedelta(days=grace)), when) == state


@pytest.mark.parametrize(
    ("done_at", "state"),
    [(DUE, DONE_IN_TIME), (DUE + SECOND, LATE), (DUE + timedelta(days=3), LATE),
     (DUE + timedelta(days=3, seconds=1), MISSED)],
)  # fmt: skip
def test_it_is_judged_by_when_it_was_done_not_by_when_it_was_accepted(done_at: datetime, state: str) -> None:
    delivered = duty(delivered_at=done_at, grace_until=DUE + timedelta(days=3))
    assert state_of(delivered, DUE + timedelta(days=20)) == DELIVERED
    assert state_of(replace(delivered, accepted_at=DUE + timedelta(days=5)), DUE + timedelta(days=20)) == state


def test_waived_is_waived_whatever_was_done() -> None:
    waived = duty(waived_at=DUE, delivered_at=DUE + SECOND, accepted_at=DUE + SECOND, waived_reason="停机")
    assert state_of(waived, DUE) == WAIVED
    assert str(told(waived, DUE)) == "已豁免：停机"


def test_duties_are_counted_for_their_clause() -> None:
    soon = DUE + timedelta(days=1)
    graced = duty(grace_until=DUE + timedelta(days=3))
    kept = duty(delivered_at=DUE, accepted_at=soon)
    assert dues_of([], soon) == Dues()
    assert dues_of([kept, duty(delivered_at=DUE), duty(), graced, duty(waived_at=DUE)], soon) == Dues(
        kept=1, late=1, missed=1, open=1, waived=1
    )
    assert dues_of([duty()], DUE) == Dues(open=1)
    assert dues_of([replace(graced, delivered_at=soon)], soon) == Dues(late=1)  # accepted or not, it was late
    assert dues_of([replace(graced, delivered_at=DUE + timedelta(days=4))], soon) == Dues(missed=1)


@pytest.mark.parametrize(
    ("duties", "outcome"),
    [((), NOT_APPLICABLE), ((duty(delivered_at=DUE, accepted_at=DUE),), KEPT), ((duty(delivered_at=DUE),), OPEN),
     ((duty(),), BROKEN), ((duty(waived_at=DUE),), NOT_APPLICABLE)],
)  # fmt: skip
def test_a_clause_judges_them(duties: tuple[Duty, ...], outcome: str) -> None:
    assert CLAUSES[4].judge(dues_of(duties, DUE + SECOND)).outcome == outcome  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "when", "sentence"),
    [
        ({}, "2026-03-30 23:00", "还有 1 天"), ({}, "2026-03-31 00:00", "今天到期"),
        ({}, "2026-04-01 00:00", "没有完成"),
        ({"grace_until": DUE + timedelta(days=2)}, "2026-04-01 00:00", "前完成的算迟"),
        ({"delivered_at": DUE}, "2026-04-01 00:00", "等待甲方验收"),
        ({"delivered_at": DUE + SECOND, "accepted_at": DUE + SECOND}, "2026-04-02 00:00", "算缺"),
    ],
)  # fmt: skip
def test_its_state_is_told_in_a_sentence(given: dict[str, Any], when: str, sentence: str) -> None:
    assert sentence in str(told(duty(**given), at(when)))


def test_nothing_is_done_ahead_or_before_its_period() -> None:
    now = at("2026-03-20 10:00")
    check_time(duty(), now, now)
    check_time(duty(), at("2026-03-01 00:00"), now)
    for wrong in (now + SECOND, at("2026-02-28 23:59:59")):
        with pytest.raises(Refused) as refused:
            check_time(duty(), wrong, now)
        assert refused.value.field == "at"


def test_a_release_may_be_told_of_before_it_and_a_request_not_be_answered_before() -> None:
    begun = at("2026-03-10 10:00")
    release = duty(period_start=None, event=RELEASE, begun_at=begun)
    check_time(release, begun - timedelta(days=3), begun)
    with pytest.raises(Refused):
        check_time(replace(release, event=REQUEST), begun - SECOND, begun)


def test_two_runs_too_close_count_once() -> None:
    first = at("2026-03-31 23:00")
    check_gap(INSPECTION, at("2026-04-15 00:10"), [first])
    for wrong in ("2026-04-01 08:00", "2026-04-14 23:59", "2026-03-17 08:00"):
        with pytest.raises(Refused):
            check_gap(INSPECTION, at(wrong), [first])
    check_gap(task("x", "x", period=MONTH), first, [first])


# -- telling ----------------------------------------------------------------------------------------------------------


def stages(given: Duty, since: datetime) -> list[tuple[str, str]]:
    """Every stage from an instant on, as one who never sleeps would see it."""
    found, now = [], next_look(given, since)
    while now is not None:
        stage = stage_at(given, now)
        found.append((f"{now.astimezone(DUE.tzinfo):%m-%dT%H:%M:%S}", str(stage)))
        now = next_look(given, now)
    return found


def test_people_are_told_7_3_1_and_0_days_before_and_once_it_passed() -> None:
    assert stages(duty(), at("2026-03-01 00:00")) == [
        ("03-24T00:00:00", "7"), ("03-28T00:00:00", "3"), ("03-30T00:00:00", "1"), ("03-31T00:00:00", "0"),
        ("03-31T16:00:00", MISSED),
    ]  # fmt: skip
    graced = duty(grace_until=DUE + timedelta(days=2))
    assert [stage for _, stage in stages(graced, at("2026-03-31 12:00"))] == [OVERDUE, MISSED]


def test_what_is_due_within_the_hour_is_told_at_once_and_what_is_far_off_not_at_all() -> None:
    short = duty(due_at=at("2026-03-05 07:30"))
    assert stage_at(short, at("2026-03-05 06:30")) == "0"
    assert stage_at(duty(), at("2026-03-20 10:00")) is None
    assert stage_at(duty(), at("2026-06-20 10:00")) == MISSED
    assert next_look(duty(), at("2026-06-20 10:00")) is None


def test_the_last_second_of_a_day_is_its_own() -> None:
    assert last_second(date(2026, 2, 28)) + SECOND == day_start(date(2026, 3, 1))
