"""Duties that change after their month was frozen land in a later month as corrections, once, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ops_console.console import Console
from ops_console.core.assessment_facts import DutyFact
from ops_console.core.entries import Value
from ops_console.core.errors import Refused
from ops_console.core.measures import MEASURES
from ops_console.services import assessments, deliveries, duties, entries, freezes, signatures
from ops_console.services.assessments import Month
from ops_console.services.entries import NewEntry
from ops_console.services.month_words import Desk
from ops_console.services.signatures import Sign
from ops_console.store.assessed_duties import SaidDutyRow
from tests.conftest import FakeClock, log_ticket
from tests.duties import CHIEF, MANAGER, OFFICER, agree, done, plan, released, shanghai, the
from tests.services.test_corrections import until_somebody_waits
from tests.signing import contract, standing

CHECK, NEXT = "C-33/inspection/2026-10-01/1", "C-33/inspection/2026-11-01/1"
STATISTICS = "C-27/statistics/2026-10-01/1"


@pytest.fixture
def clock() -> FakeClock:
    """Here it is the morning of 20 October in Shanghai."""
    return FakeClock(shanghai("2026-10-20 10:00"))


@pytest.fixture
def house(console: Console) -> Console:
    """A contract with duties from October on, October's planned."""
    agree(console, date(2026, 10, 1))
    plan(console)
    return console


def look(console: Console, month: str) -> Month:
    with console.read() as session:
        return assessments.of_month(session, console.book(session), contract(console), month, CHIEF, console.now())


def freeze(console: Console, clock: FakeClock, month: str, reason: str = "") -> None:
    """Move the clock past the day on which the month's facts are frozen, if it is before it, and freeze them."""
    clock.at = max(clock.at, look(console, month).life.freezes_at + timedelta(minutes=10))
    plan(console)
    with console.write() as session:
        freezes.freeze_month(
            session, console.book(session), contract(console), month, actor=CHIEF, now=clock.at, reason=reason
        )


def told(console: Console, month: str) -> dict[str, DutyFact]:
    """Given a month, return the duties it tells of, by task and month."""
    return {f"{one.task} {one.month}".strip(): one for one in look(console, month).facts.duties}


def act(console: Console, what: Callable[..., Any], *given: Any, **named: Any) -> Any:
    with console.write() as session:
        return what(session, *given, **named)


def accept(console: Console, key: str, delivery: int) -> None:
    act(console, deliveries.accept, the(console, key).id, delivery, claim_counts=None, actor=OFFICER, now=console.now())


def test_one_waived_after_the_freeze_is_a_correction_of_the_next_month_alone(house: Console, clock: FakeClock) -> None:
    freeze(house, clock, "2026-10")
    before = look(house, "2026-10")
    assert told(house, "2026-10")["inspection"].state == "missed"
    act(house, duties.waive, the(house, CHECK).id, "停机检修", CHIEF, house.now())
    assert look(house, "2026-10").assessment == before.assessment
    one = told(house, "2026-11")["inspection 2026-10"]
    assert (one.state, one.was, one.is_counted) == ("waived", "missed", False)
    line = next(line for line in look(house, "2026-11").assessment.clauses if line.clause == "C-33")
    assert line.denominator <= 1, "a correction is not in the number"
    freeze(house, clock, "2026-11")
    assert "inspection 2026-10" in told(house, "2026-11")
    clock.at = shanghai("2026-12-20 10:00")
    assert not [one for one in look(house, "2026-12").facts.duties if one.id == str(the(house, CHECK).id)]


def test_one_sent_back_after_the_freeze_is_missed_and_done_again_late(house: Console, clock: FakeClock) -> None:
    delivery = done(house, CHECK)
    freeze(house, clock, "2026-10")
    assert told(house, "2026-10")["inspection"].state == "kept", "without a word until the freeze it counts as kept"
    assert "inspection 2026-10" not in told(house, "2026-11"), "and stays so"
    act(house, deliveries.reject, the(house, CHECK).id, delivery, "没有清单", actor=OFFICER, now=house.now())
    one = told(house, "2026-11")["inspection 2026-10"]
    assert (one.state, one.was) == ("missed", "kept")
    freeze(house, clock, "2026-11")
    act(house, duties.waive, the(house, CHECK).id, "查实做过", CHIEF, house.now())
    one = told(house, "2026-12")["inspection 2026-10"]
    assert (one.state, one.was, one.month) == ("waived", "missed", "2026-10")


def test_accepting_in_time_after_the_freeze_changes_nothing(house: Console, clock: FakeClock) -> None:
    delivery = done(house, CHECK)
    freeze(house, clock, "2026-10")
    accept(house, CHECK, delivery)
    assert "inspection 2026-10" not in told(house, "2026-11")


def test_a_waiver_taken_back_makes_it_count_where_that_is_told(house: Console, clock: FakeClock) -> None:
    act(house, duties.waive, the(house, CHECK).id, "停机检修", CHIEF, house.now())
    freeze(house, clock, "2026-10")
    act(house, duties.take_back_waiver, the(house, CHECK).id, CHIEF, house.now())
    one = told(house, "2026-11")["inspection 2026-10"]
    assert (one.state, one.was, one.is_counted) == ("missed", None, True)


def test_what_a_release_registered_late_owes_in_a_frozen_month_is_told_in_the_next(
    house: Console, clock: FakeClock
) -> None:
    at = house.now()
    freeze(house, clock, "2026-10")
    released(house, released_at=at)
    assert not [one for one in look(house, "2026-10").facts.duties if one.task == "manual"]
    one = told(house, "2026-11")["manual 2026-10"]
    assert (one.was, one.is_counted) == (None, True)
    freeze(house, clock, "2026-11")
    clock.at = shanghai("2026-12-28 10:00")
    assert "manual 2026-10" not in {key for key, one in told(house, "2026-12").items() if one.was is None}


def test_late_within_its_grace_and_never_done_becomes_missed_in_the_month_after(
    house: Console, clock: FakeClock
) -> None:
    clock.at = shanghai("2026-10-23 10:00")
    released(house)
    freeze(house, clock, "2026-10")
    assert told(house, "2026-10")["manual"].state == "late"
    clock.at = shanghai("2026-12-20 10:00")
    one = told(house, "2026-11")["manual 2026-10"]
    assert (one.state, one.was) == ("missed", "late")


def test_freezing_anew_says_the_same_and_counts_nothing_twice(house: Console, clock: FakeClock) -> None:
    freeze(house, clock, "2026-10")
    with house.read() as session:
        first = sorted((row.duty_id, row.month, row.state) for row in session.scalars(select(SaidDutyRow)))
    act(house, duties.waive, the(house, STATISTICS).id, "停机检修", CHIEF, house.now())
    freeze(house, clock, "2026-10", reason="豁免了一项")
    assert told(house, "2026-10")["statistics"].state == "waived"
    assert "statistics 2026-10" not in told(house, "2026-11")
    with house.read() as session:
        again = sorted((row.duty_id, row.month, row.state) for row in session.scalars(select(SaidDutyRow)))
    assert [one[:2] for one in again] == [one[:2] for one in first]


def test_a_month_behind_another_draft_takes_its_own_duties_alone(house: Console, clock: FakeClock) -> None:
    freeze(house, clock, "2026-10")
    clock.at = shanghai("2026-12-20 10:00")
    plan(house)
    assert {one.due_at.astimezone(UTC) for one in look(house, "2026-12").facts.duties} == {
        datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
    }


# -- who comes in between ---------------------------------------------------------------------------------------------


def enter(console: Console, session: Session) -> None:
    """Enter a fact of October, as the form does."""
    new = NewEntry("2026-10", MEASURES["complaints"], Value(1, 4))
    entries.enter(
        session, console.book(session), new, OFFICER, console.now(), last_frozen=assessments.last_frozen
    )  # fmt: skip


def beside(console: Console, act: Callable[[], object]) -> tuple[Thread, list[object]]:
    """Begin an act in another session, see that it waits, and return it with what it will come to."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(act())
        except Refused as refused:
            results.append(refused)

    thread = Thread(target=run)
    thread.start()
    until_somebody_waits(console)
    return thread, results


@pytest.mark.parametrize("kind", ["postgresql"])  # SQLite's writers take turns by themselves
def test_an_entry_that_comes_while_a_month_is_being_frozen_waits_and_is_refused(
    house: Console, clock: FakeClock
) -> None:
    log_ticket(house)
    clock.at = look(house, "2026-10").life.freezes_at + timedelta(minutes=10)

    def enter_alone() -> None:
        with house.write() as session:
            enter(house, session)

    with house.write() as session:
        freezes.freeze_month(session, house.book(session), 1, "2026-10", actor=CHIEF, now=clock.at)
        thread, results = beside(house, enter_alone)
    thread.join()
    assert "已经冻结" in str(results[0])
    with house.read() as session:
        assert entries.of_month(session, contract(house), "2026-10") == ()
    assert look(house, "2026-10").facts.entries == ()


@pytest.mark.parametrize("kind", ["postgresql"])  # SQLite's writers take turns by themselves
def test_freezing_waits_for_an_entry_that_is_being_made_and_has_it(house: Console, clock: FakeClock) -> None:
    clock.at = look(house, "2026-10").life.freezes_at + timedelta(minutes=10)
    with house.write() as session:
        enter(house, session)
        thread, results = beside(house, lambda: freeze(house, clock, "2026-10"))
    thread.join()
    assert results == [None]
    assert [(one.name, one.numerator) for one in look(house, "2026-10").facts.entries] == [("complaints", 1)]


@pytest.mark.parametrize("kind", ["postgresql"])  # SQLite's writers take turns by themselves
def test_a_word_that_comes_while_a_month_is_being_signed_waits_and_is_refused(house: Console, clock: FakeClock) -> None:
    freeze(house, clock, "2026-10")
    digest = standing(house).digest

    def explain() -> None:
        with house.write() as session:
            desk = Desk(session, house.book(session), contract(house), "2026-10", actor=MANAGER, now=house.now())
            desk.explain("duty/1", "当时停机")

    with house.write() as session:
        signatures.sign(
            session, house.book(session), house.signing, contract(house), "2026-10", Sign(digest_seen=digest),
            actor=CHIEF, now=house.now(),
        )  # fmt: skip
        thread, results = beside(house, explain)
    thread.join()
    assert "已有一方签署" in str(results[0])
    assert standing(house).digest == digest
