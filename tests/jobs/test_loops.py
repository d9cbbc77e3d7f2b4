"""Time in one process: the two loops, the bell, and what becomes of moments that passed while nothing ran."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ops_console.console import PROJECT, Console
from ops_console.jobs import loops as module
from ops_console.jobs.loops import Loops, last_due, ring
from ops_console.jobs.schedule import PLANS, Plan
from ops_console.services import duty_plans
from ops_console.services.jobs import LEASE, Job
from ops_console.store import jobs as store
from ops_console.store import messages
from ops_console.store.jobs import RunRow
from ops_console.store.messages import OutboxRow
from ops_console.store.tickets import TicketRow
from tests.conftest import FakeClock, ask_import, copy_sqlite, log_ticket, make_console
from tests.duties import agree
from tests.services.test_tickets import at_once
from tests.sheets import rows, write_sheet

NINE = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
HOURLY = Plan("tidy", {"hour": "*", "minute": "25"}, catch_up=False)
NIGHTLY = Plan("recheck", {"hour": "3", "minute": "10"}, catch_up=True)


@pytest.fixture
def loops(console: Console, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loops]:
    """Loops that look often; started by the test, stopped after it."""
    monkeypatch.setattr(module, "DUE_SECONDS", 0.05)
    monkeypatch.setattr(module, "UNSENT_SECONDS", 0.05)
    made = Loops(console)
    yield made
    if made._bell is not None:
        made.stop()


def until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.03)


def runs(console: Console) -> list[RunRow]:
    with console.read() as session:
        return list(session.scalars(select(RunRow).order_by(RunRow.id)))


def test_a_planned_time_rung_twice_is_one_row(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 11, 19, 19, 10, 1, tzinfo=UTC)  # 03:10:01 in Shanghai
    assert ring(console, NIGHTLY) is not None
    assert ring(console, NIGHTLY) is None
    assert [run.key for run in runs(console)] == ["recheck@2026-11-20T03:10+0800"]


def test_two_schedulers_ringing_at_once_insert_one_row(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 11, 19, 19, 10, 1, tzinfo=UTC)
    at_once(lambda: ring(console, NIGHTLY), lambda: ring(console, NIGHTLY))
    assert len(runs(console)) == 1


def test_the_last_planned_time_is_the_latest_not_later_than_now() -> None:
    at = datetime(2026, 11, 19, 19, 10, tzinfo=UTC)
    assert last_due(NIGHTLY, at) == at
    assert last_due(NIGHTLY, at - timedelta(seconds=1)) == at - timedelta(days=1)
    assert last_due(HOURLY, NINE) == NINE - timedelta(minutes=35)


def test_a_missed_time_is_caught_up_or_skipped_with_its_reason_as_the_plan_says(
    console: Console, clock: FakeClock, loops: Loops
) -> None:
    for plan in PLANS:
        ring(console, plan)
    for run in runs(console):
        console.runs().execute(run.id)
    clock.forward(days=1)
    before = len(runs(console))
    loops.start()
    until(lambda: [r.status for r in runs(console)[before:] if r.job == "recheck"] == ["done"])
    missed = {run.job: run for run in runs(console)[before:]}
    assert missed["tidy"].status == "skipped"
    assert "跳过" in json.loads(missed["tidy"].error or "{}")["sentence"]
    assert missed["tidy"].attempt == 0


def test_a_fresh_house_has_missed_nothing(console: Console, loops: Loops) -> None:
    loops.start()
    loops.stop()
    loops._bell = None
    assert [run.job for run in runs(console)] == [duty_plans.JOB]  # asked for at every start


def test_what_became_owed_while_nothing_ran_is_made_and_told_at_the_start(
    console: Console, clock: FakeClock, loops: Loops
) -> None:
    agree(console, date(2026, 11, 1))
    clock.at = datetime(2026, 12, 30, 1, tzinfo=UTC)
    loops.start()

    def said() -> list[str]:
        with console.read() as session:
            return list(session.scalars(select(OutboxRow.kind).where(OutboxRow.kind.like("duty_%"))))

    until(lambda: sorted(said()) == ["duty_due"] * 3 + ["duty_missed"] * 3)  # December's in a day, November's passed


def test_both_loops_leave_their_heartbeats(console: Console, loops: Loops) -> None:
    loops.start()

    def beats() -> list[str]:
        with console.read() as session:
            return [row.name for row in store.heartbeats(session)]

    until(lambda: beats() == ["due", "unsent"])
    with console.read() as session:
        assert {row.owner for row in store.heartbeats(session)} == {console.owner}


def test_the_loops_do_what_is_asked_notice_what_is_due_and_mark_what_is_late(
    console: Console, clock: FakeClock, loops: Loops, tmp_path: Path
) -> None:
    clock.at = NINE
    log_ticket(console)
    run_id = ask_import(console, write_sheet(tmp_path / "a.csv", *rows(20)))
    clock.at = NINE + timedelta(minutes=25)
    loops.start()
    until(lambda: runs(console)[0].status == "done")

    def states() -> list[tuple[str, str]]:
        with console.read() as session:
            told = select(OutboxRow).where(OutboxRow.kind == "clock_warning").order_by(OutboxRow.id)  # duties tell too
            return [(row.kind, row.state) for row in session.scalars(told)]

    until(lambda: states() == [("clock_warning", "expired"), ("clock_warning", "waiting")])
    with console.read() as session:
        assert session.scalar(select(func.count()).select_from(TicketRow)) == 21
    assert runs(console)[0].id == run_id


def test_a_loop_that_meets_an_error_goes_on(console: Console, loops: Loops, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def broken(*_given: object) -> int:
        calls.append(1)
        raise RuntimeError("once")

    monkeypatch.setattr("ops_console.services.messages.expire", broken)
    loops.start()
    until(lambda: len(calls) > 2)


def test_a_run_whose_process_died_is_done_by_the_next_one(console: Console, clock: FakeClock, loops: Loops) -> None:
    console.jobs["count"] = Job("count", lambda run: {"attempt": run.attempt}, True, "计数")
    with console.write() as session:
        run_id = store.enqueue(
            session, key="count/1", job="count", params={}, due_at=console.now(), requested_by="test", now=console.now()
        )
        assert run_id is not None
        store.claim(session, run_id, "dead", console.now(), console.now() + LEASE)
    clock.at += LEASE + timedelta(seconds=1)
    loops.start()
    until(lambda: runs(console)[0].status == "done")
    assert json.loads(runs(console)[0].result or "") == {"attempt": 2}


def test_a_run_due_later_waits(console: Console, clock: FakeClock) -> None:
    with console.write() as session:
        store.enqueue(
            session, key="later", job="tidy", params={}, due_at=console.now() + timedelta(minutes=1),
            requested_by="test", now=console.now(),
        )  # fmt: skip
    with console.read() as session:
        assert store.queued(session, console.now()) == []
        assert len(store.queued(session, clock.forward(minutes=1))) == 1


def test_a_message_is_counted_by_state(console: Console) -> None:
    with console.write() as session:
        messages.put(
            session, dedup_key="a", audience="both", kind="test", payload={}, created_at=console.now(),
            expires_at=console.now(),
        )  # fmt: skip
    with console.read() as session:
        assert messages.counts(session) == {"waiting": 1}
        assert [row.dedup_key for row in messages.newest(session)] == ["a"]


def test_a_sheet_is_imported_at_the_terminal_while_the_loops_run_on_the_same_file(
    tmp_path: Path, sqlite_template: Path
) -> None:
    copy_sqlite(sqlite_template, tmp_path / "data")
    console = make_console(tmp_path / "data", FakeClock(datetime.now(UTC)))
    loops = Loops(console)
    loops.start()
    try:
        sheet = write_sheet(tmp_path / "a.csv", *rows(450))
        environment = {**os.environ, "OPS_DATA": str(tmp_path / "data"), "PYTHONPATH": str(PROJECT)}
        done = subprocess.run(
            [sys.executable, "-m", "ops_console", "import", "tickets", str(sheet), "--json"],
            env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    finally:
        loops.stop()
    result = json.loads(done.stdout)
    assert (done.returncode, result["imported"], result["errors"]) == (0, 450, []), done.stderr
    with console.read() as session:
        assert session.scalar(select(func.count()).select_from(TicketRow)) == 450
    console.close()
