"""Restores that nobody answers: closed by silence after three working days, counted apart, signed by nobody."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.people import SYSTEM
from ops_console.core.silence import silence_ends
from ops_console.services import jobs
from ops_console.store import tickets as rows
from tests.conftest import HOSPITAL, FakeClock, do, log_ticket
from tests.core.builders import at, calendar


@pytest.mark.parametrize(
    ("restored", "days", "ends"),
    [
        ("2026-03-05 11:00", 3, "2026-03-11 00:00"),  # Thursday: Friday, Monday, Tuesday
        ("2026-03-05 23:59:59", 1, "2026-03-07 00:00"),
        ("2026-03-06 00:00", 1, "2026-03-10 00:00"),  # Friday: Monday
        ("2026-09-30 09:00", 3, "2026-10-11 00:00"),  # before the holiday: 8, 9 and the make-up Saturday 10 October
        ("2026-03-05 11:00", 0, "2026-03-06 00:00"),
    ],
)
def test_silence_ends_with_the_last_of_the_working_days(restored: str, days: int, ends: str) -> None:
    assert silence_ends(at(restored), days, calendar()) == at(ends)


def run(console: Console) -> dict[str, object]:
    with console.write() as session:
        run_id = jobs.ask(
            session, job="confirm-by-silence", key=f"t/{console.now()}", params={}, actor=SYSTEM, now=console.now()
        )
    console.runs().execute(run_id)
    with console.read() as session:
        status, result, error = jobs.outcome(session, run_id)
    assert status == "done", error
    return result or {}


def restored(console: Console, clock: FakeClock) -> str:
    number = log_ticket(console)
    do(console, number, core.RESPONDED)
    do(console, number, core.RESTORE)
    return number


def row(console: Console, number: str) -> tuple[str, str]:
    with console.read() as session:
        found = rows.by_number(session, number)
        assert found is not None
        return found.state, found.closure


def test_a_restore_is_closed_by_silence_to_the_second(console: Console, clock: FakeClock) -> None:
    number = restored(console, clock)  # Friday 2026-11-20 18:00: Monday, Tuesday, Wednesday
    clock.at = datetime(2026, 11, 25, 15, 59, 59, tzinfo=UTC)
    assert (run(console), row(console, number)) == ({"closed": 0}, ("待确认", ""))
    clock.forward(seconds=1)
    assert (run(console), row(console, number)) == ({"closed": 1}, ("已关闭", "silence"))
    clock.forward(hours=1)
    assert run(console) == {"closed": 0}


def test_a_word_of_the_hospital_comes_before_silence(console: Console, clock: FakeClock) -> None:
    signed, refused = restored(console, clock), restored(console, clock)
    do(console, signed, core.CONFIRMED, HOSPITAL)
    do(console, refused, core.RESTORE_REJECTED, HOSPITAL, reason="还是打不开")
    clock.forward(days=10)
    assert run(console) == {"closed": 0}
    assert [row(console, n) for n in (signed, refused)] == [("已关闭", "signed"), ("处理中", "")]


def test_a_fault_that_comes_back_after_silence_is_reopened(console: Console, clock: FakeClock) -> None:
    number = restored(console, clock)
    clock.at = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)
    run(console)
    clock.forward(days=2)
    do(console, number, core.REOPENED, HOSPITAL, reason="又打不开")
    assert row(console, number) == ("处理中", "")


def test_more_restores_than_a_batch_are_all_closed(console: Console, clock: FakeClock, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("ops_console.services.silences.BATCH", 2)
    numbers = [restored(console, clock) for _ in range(5)]
    clock.forward(days=10)
    assert run(console) == {"closed": 5}
    assert {row(console, n) for n in numbers} == {("已关闭", "silence")}
