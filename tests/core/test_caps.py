"""Yearly caps: what counts in which contract year, warnings, the meter's stages, the forecast; entries' lives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from ops_console.core import cap_entries, caps
from ops_console.core.cap_entries import (
    CAP_ACCEPTED,
    CAP_APPROVED,
    CAP_ASKED,
    CAP_BESIDE,
    CAP_DEFERRED,
    CAP_HELD,
    CAP_RETURNED,
    acts_open,
    check_merge,
    check_speaker,
    check_start,
    fold,
    may_withdraw,
)
from ops_console.core.caps import CapEntry, CapYear, count, forecast, reached, year_of
from ops_console.core.contract_facts import KEPT, OPEN
from ops_console.core.contracts import YearlyCap
from ops_console.core.errors import Refused
from ops_console.core.readings import Option, Question
from ops_console.core.terms import Opening, Terms
from ops_console.core.tickets import Event
from tests.caps import CAPS, CHIEF, ENGINEER, MANAGER, OFFICER
from tests.core.builders import at, terms

DAY = date(2026, 11, 20)


def with_caps(**given: Any) -> Terms:
    return terms(clauses=CAPS, **given)


def entry(number: int = 1, **given: Any) -> CapEntry:
    """An entry asked for on 1 November; times as Shanghai text."""
    values: dict[str, Any] = {"requested_at": "2026-11-01 09:00", "recorded_at": "2026-11-01 09:00", **given}
    moments = {name: at(value) if isinstance(value, str) else value for name, value in values.items() if "_at" in name}
    plain = {name: value for name, value in values.items() if "_at" not in name}
    clause, side = plain.pop("clause", "C-29"), plain.pop("side", "hospital")
    return CapEntry(number, 1, clause, plain.pop("year", 2), "需求", "医务科", side, **moments, **plain)


def approved(number: int, when: str, **given: Any) -> CapEntry:
    return entry(number, state=caps.RESERVED, approved_at=when, requested_at=when, recorded_at=when, **given)


def of(clause: str, *entries: CapEntry, day: date = DAY, as_of: date | None = None, **given: Any) -> CapYear:
    found = count(with_caps(**given), entries, day, as_of or day)
    return next(year for year in found if year.clause == clause)


def numbers(year: CapYear) -> tuple[int, int, int, int]:
    return year.used, year.reserved, year.asked, year.held


# -- which contract year ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "year"),
    [
        ("2025-12-31 23:59:59", 1), ("2026-01-01 00:00:00", 2), ("2026-12-31 23:59:59", 2),
        ("2027-01-01 00:00:00", 3), ("2025-01-01 00:00:00", 1), ("2027-12-31 23:59:59", 3),
    ],
)  # fmt: skip
def test_an_approval_counts_in_the_contract_year_of_its_shanghai_day(when: str, year: int) -> None:
    known = with_caps()
    counted = {
        number: next(y.taken for y in count(known, [approved(1, when)], day, date(2027, 12, 31)) if y.clause == "C-29")
        for number, day in ((1, date(2025, 6, 1)), (2, date(2026, 6, 1)), (3, date(2027, 6, 1)))
    }
    assert counted == {number: int(number == year) for number in (1, 2, 3)}


def test_a_contract_that_begins_on_a_leap_day_has_its_years_from_march() -> None:
    leap = with_caps(starts_on=date(2024, 2, 29), ends_on=date(2028, 2, 28), counts_from=date(2024, 2, 29))
    for day, number in (
        (date(2024, 2, 29), 1), (date(2025, 2, 28), 1), (date(2025, 3, 1), 2), (date(2028, 2, 28), 4),
    ):  # fmt: skip
        found = year_of(leap, day)
        assert found is not None and found[0] == number, day
    assert year_of(leap, date(2024, 2, 28)) is None
    assert year_of(leap, date(2028, 2, 29)) is None


def test_a_contract_year_is_no_calendar_year() -> None:
    july = with_caps(starts_on=date(2025, 7, 1), ends_on=date(2027, 6, 30), counts_from=date(2025, 7, 1))
    before, after = approved(1, "2026-06-30 23:59:59"), approved(2, "2026-07-01 00:00:00")
    for day, ids in ((date(2026, 6, 30), [1]), (date(2026, 7, 1), [2])):
        year = next(y for y in count(july, [before, after], day, date(2026, 7, 1)) if y.clause == "C-29")
        assert [one.id for one in year.entries] == ids


def test_outside_the_term_and_without_caps_nothing_is_counted() -> None:
    assert count(with_caps(), [approved(1, "2026-05-01 09:00")], date(2028, 1, 1), date(2028, 1, 1)) == ()
    assert count(terms(), [approved(1, "2026-05-01 09:00")], DAY, DAY) == ()


def test_an_empty_year_is_nothing_used_of_four_eight_eight_eight() -> None:
    years = count(with_caps(), [], DAY, DAY)
    assert [(year.clause, year.taken, year.limit, year.left, year.stage) for year in years] == [
        ("C-12", 0, 4, 4, caps.FREE), ("C-25", 0, 8, 8, caps.FREE), ("C-29", 0, 8, 8, caps.FREE),
        ("C-31", 0, 8, 8, caps.FREE),
    ]  # fmt: skip


# -- what counts ------------------------------------------------------------------------------------------------------


def test_asked_and_held_do_not_count_reserved_used_and_the_opening_do() -> None:
    year = of(
        "C-29", entry(1), entry(2, state=caps.HELD, held_at="2026-11-02 09:00"), approved(3, "2026-11-03 09:00"),
        replace(approved(4, "2026-03-03 09:00"), state=caps.USED, accepted_at=at("2026-04-01 09:00")),
        replace(approved(5, "2026-03-03 09:00"), state=caps.RETURNED, returned_at=at("2026-04-01 09:00")),
        openings=(Opening("C-29", 2, 5, "会签单"), Opening("C-29", 1, 7), Opening("C-31", 2, 1)),
    )  # fmt: skip
    assert (numbers(year), year.opening, year.document, year.taken, year.left) == ((1, 1, 1, 1), 5, "会签单", 7, 1)


@pytest.mark.parametrize("way", caps.BESIDE)
def test_what_an_order_or_goodwill_settled_is_done_beside_the_cap(way: str) -> None:
    year = of("C-29", approved(1, "2026-11-03 09:00", way=way), approved(2, "2026-11-03 09:00"))
    assert (year.taken, year.beside) == (1, 1)


def test_what_was_deferred_waits_for_its_year_and_counts_there_once_approved() -> None:
    held = entry(1, state=caps.HELD, held_at="2026-11-02 09:00")
    deferred = replace(
        held,
        state=caps.ASKED,
        way=caps.DEFERRED,
        deferred_at=at("2026-11-05 09:00"),
        not_before=date(2027, 1, 1),
        year=3,
    )
    assert numbers(of("C-29", deferred)) == (0, 0, 0, 0)
    assert numbers(of("C-29", deferred, day=date(2027, 6, 1), as_of=DAY)) == (0, 0, 1, 0)
    assert numbers(of("C-29", deferred, as_of=date(2026, 11, 4))) == (0, 0, 0, 1)  # as it stood before
    begun = replace(deferred, state=caps.RESERVED, approved_at=at("2027-01-01 00:00"))
    assert of("C-29", begun, day=date(2027, 1, 1)).taken == 1
    assert of("C-29", begun, as_of=date(2027, 1, 1)).taken == 0


def test_as_of_a_day_what_came_later_is_unseen() -> None:
    one = replace(
        approved(1, "2026-03-31 23:59:59"), state=caps.RETURNED, accepted_at=at("2026-05-01 09:00"),
        returned_at=at("2026-06-01 00:00:00"),
    )  # fmt: skip
    for day, seen in (
        (date(2026, 3, 30), (0, 0, 0, 0)), (date(2026, 3, 31), (0, 1, 0, 0)), (date(2026, 5, 1), (1, 0, 0, 0)),
        (date(2026, 5, 31), (1, 0, 0, 0)), (date(2026, 6, 1), (0, 0, 0, 0)),
    ):  # fmt: skip
        assert numbers(of("C-29", one, day=day)) == seen, day


def test_a_question_answered_otherwise_changes_the_limit() -> None:
    other = Option("ten", "十次", (("C-29.limit", "10"),))
    asked = Question("K4", ("C-29",), "几次", (Option("eight", "八次"), other))
    known = with_caps(questions=(asked,), chosen=(("K4", "ten"),))
    year = next(y for y in count(caps.in_effect(known), [], DAY, DAY) if y.clause == "C-29")
    assert year.limit == 10


def test_the_clause_is_judged_by_the_use() -> None:
    clause = next(one for one in CAPS if one.id == "C-29")
    assert isinstance(clause, YearlyCap)
    low = clause.judge(of("C-29").use)
    assert (low.outcome, low.numerator, low.denominator) == (KEPT, 0, 8)
    assert clause.judge(of("C-29", entry(2, state=caps.HELD, held_at="2026-11-02 09:00")).use).outcome == OPEN


# -- warnings, stages, forecast ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("taken", "limit", "mark"),
    [(0, 8, None), (5, 8, None), (6, 8, 6), (7, 8, 6), (8, 8, 8), (9, 8, 8), (2, 4, 2), (1, 2, None), (2, 2, 2)],
)
def test_both_are_warned_at_two_below_and_at_the_cap(taken: int, limit: int, mark: int | None) -> None:
    assert reached(taken, limit) == mark


def test_a_meter_is_never_more_than_near_before_it_is_full_and_low_is_free() -> None:
    for used, stage in ((0, caps.FREE), (5, caps.FREE), (6, caps.NEAR), (7, caps.NEAR), (8, caps.FULL), (9, caps.FULL)):
        assert of("C-29", openings=(Opening("C-29", 2, used),)).stage == stage, used


@pytest.mark.parametrize(
    ("taken", "as_of", "by_end"),
    [
        (0, "2026-06-29", None), (1, "2026-06-29", None), (2, "2026-06-29", 4), (4, "2026-12-31", 4),
        (8, "2026-09-30", 11), (9, "2026-12-31", 9), (2, "2026-01-29", None), (2, "2026-01-30", 24),
    ],
)  # fmt: skip
def test_the_count_by_the_years_end_is_rounded_and_silent_where_it_would_guess(
    taken: int, as_of: str, by_end: int | None
) -> None:
    found = forecast(taken, 8, date(2026, 1, 1), date(2026, 12, 31), date.fromisoformat(as_of))
    assert found.by_end == by_end


@pytest.mark.parametrize(
    ("taken", "as_of", "on"),
    [
        (0, "2026-06-29", None), (1, "2026-06-29", None), (6, "2026-06-29", "2026-08-28"), (8, "2026-06-29", None),
        (4, "2026-12-31", None), (2, "2026-01-01", "2026-01-04"), (7, "2026-01-31", "2026-02-05"),
    ],
)  # fmt: skip
def test_the_forecast_is_whole_days_rounded_up_and_silent_where_it_would_guess(
    taken: int, as_of: str, on: str | None
) -> None:
    found = forecast(taken, 8, date(2026, 1, 1), date(2026, 12, 31), date.fromisoformat(as_of))
    assert (found.on.isoformat() if found.on else None) == on
    assert "%" not in str(found.told)


# -- an entry's life --------------------------------------------------------------------------------------------------


def happened(kind: str, when: str, **facts: Any) -> Event:
    moment: datetime = at(when)
    texts = {"title": "需求", "requester": "医务科"} if kind == CAP_ASKED else {}
    return Event(kind, moment, moment, "who", "hospital", facts=facts, personal=texts)


ASKED = happened(CAP_ASKED, "2026-11-01 09:00", contract=1, clause="C-29", year=2, side="hospital", ticket="GD-1")
HELD = happened(CAP_HELD, "2026-11-02 09:00", year=2)


@pytest.mark.parametrize(
    ("events", "state", "year"),
    [
        ((), caps.ASKED, 2),
        ((HELD,), caps.HELD, 2),
        ((happened(CAP_APPROVED, "2026-11-03 09:00", year=2),), caps.RESERVED, 2),
        (
            (happened(CAP_APPROVED, "2026-11-03 09:00", year=2), happened(CAP_ACCEPTED, "2026-11-04 09:00")),
            caps.USED,
            2,
        ),
        ((HELD, happened(CAP_DEFERRED, "2026-11-03 09:00", year=3, not_before="2027-01-01")), caps.ASKED, 3),
        (
            (HELD, happened(CAP_BESIDE, "2026-11-03 09:00", year=2, way="order", document="BG-1", fee=0)),
            caps.RESERVED,
            2,
        ),
        ((happened(CAP_RETURNED, "2026-11-03 09:00", why="withdrawn"),), caps.RETURNED, 2),
        ((happened("attached", "2026-11-03 09:00"),), caps.ASKED, 2),
    ],
)
def test_events_come_to_a_state_and_a_year(events: tuple[Event, ...], state: str, year: int) -> None:
    made = fold(7, (ASKED, *events))
    assert (made.id, made.ticket, made.title, made.state, made.year) == (7, "GD-1", "需求", state, year)
    assert made.state_at(at("2026-12-31 00:00")) == state
    assert made.state_at(at("2026-10-31 00:00")) is None


def test_a_fee_of_nothing_is_a_fee() -> None:
    told = happened(CAP_BESIDE, "2026-11-03 09:00", year=2, way="order", document="BG-1", fee=0)
    made = fold(7, (ASKED, HELD, told))
    assert (made.fee, made.document, made.is_beside) == (0, "BG-1", True)


def test_work_begins_only_once_both_agreed_where_the_clause_wants_it() -> None:
    with pytest.raises(Refused, match="双方确认需求单"):
        check_start(entry(), DAY, agreement_first=True)
    check_start(entry(sheet_on=DAY), DAY, agreement_first=True)
    check_start(entry(), DAY, agreement_first=False)


def test_what_was_deferred_does_not_begin_before_its_day() -> None:
    deferred = entry(not_before=date(2027, 1, 1))
    with pytest.raises(Refused, match="2027-01-01"):
        check_start(deferred, date(2026, 12, 31), agreement_first=False)
    check_start(deferred, date(2027, 1, 1), agreement_first=False)


@pytest.mark.parametrize("state", [caps.RESERVED, caps.USED, caps.RETURNED])
def test_what_is_begun_or_returned_is_not_approved_again(state: str) -> None:
    with pytest.raises(Refused, match="现在是"):
        check_start(entry(state=state), DAY, agreement_first=False)


@pytest.mark.parametrize(
    ("state", "actor", "side", "may"),
    [
        (caps.ASKED, OFFICER, "hospital", True), (caps.HELD, OFFICER, "hospital", True),
        (caps.ASKED, ENGINEER, "hospital", False), (caps.ASKED, ENGINEER, "vendor", True),
        (caps.ASKED, CHIEF, "vendor", True), (caps.ASKED, OFFICER, "vendor", False),
        (caps.RESERVED, CHIEF, "hospital", False), (caps.USED, CHIEF, "hospital", False),
    ],
)  # fmt: skip
def test_the_asking_side_takes_back_alone_only_what_is_not_begun(state: str, actor: Any, side: str, may: bool) -> None:
    assert may_withdraw(entry(state=state, side=side), actor) is may


def test_what_both_may_agree_upon_follows_the_state() -> None:
    assert acts_open(entry(), agreement_first=True) == ("sheet", "retype", "split", "merge")
    assert acts_open(entry(ticket="GD-1"), agreement_first=False) == ("split", "merge")
    held = acts_open(entry(state=caps.HELD), agreement_first=False)
    assert held == ("order", "goodwill", "deferred", "retype", "split", "merge")
    assert acts_open(entry(state=caps.RESERVED), agreement_first=True) == ("retype", "return", "split", "merge")
    for state in (caps.USED, caps.RETURNED):
        assert acts_open(entry(state=state), agreement_first=True) == ()


def test_money_and_scope_are_the_heads_words_and_goodwill_is_the_vendors_offer() -> None:
    for act in ("sheet", "order"):
        check_speaker(act, CHIEF, proposes=True)
        check_speaker(act, MANAGER, proposes=False)
        for actor in (ENGINEER, OFFICER):
            with pytest.raises(Refused, match="项目经理"):
                check_speaker(act, actor, proposes=True)
    check_speaker("goodwill", ENGINEER, proposes=True)
    check_speaker("goodwill", CHIEF, proposes=False)
    with pytest.raises(Refused, match="自愿免费"):
        check_speaker("goodwill", CHIEF, proposes=True)


@pytest.mark.parametrize(
    "into", [None, entry(1), entry(2, clause="C-25"), entry(2, state=caps.USED), entry(2, state=caps.RETURNED)]
)
def test_an_entry_becomes_part_of_another_live_one_of_its_clause_alone(into: CapEntry | None) -> None:
    with pytest.raises(Refused) as refused:
        check_merge(entry(1), into)
    assert refused.value.field == "into"
    check_merge(entry(1), entry(2))


def test_every_act_and_event_has_a_name() -> None:
    assert set(cap_entries.ACT_NAMES) == set(cap_entries.ACTS)
    assert set(caps.STATE_NAMES) == set(caps.STATES)
    assert set(cap_entries.APPLY) | {CAP_ASKED} == set(cap_entries.EVENT_NAMES)
