"""The host's clock stepping is an event of its own: found between two turns of the loop, and at the next start."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.people import SYSTEM
from ops_console.jobs.loops import Loops
from ops_console.services import anchors, host_clock
from ops_console.store import audit
from ops_console.store import jobs as store
from ops_console.store.audit import EventRow
from tests.conftest import NOON, FakeClock, log_ticket


class Uptime:
    """How long the host has been up: moves on with nobody's clock."""

    def __init__(self) -> None:
        self.passed = timedelta(days=3)

    def __call__(self) -> timedelta:
        return self.passed


@pytest.fixture
def uptime(console: Console) -> Uptime:
    made = Uptime()
    console.elapsed = made
    return made


@pytest.fixture
def loops(console: Console, uptime: Uptime) -> Loops:
    """Loops that were never started: the test turns them by hand."""
    return Loops(console)


def steps(console: Console) -> list[dict[str, int]]:
    with console.read() as session:
        query = select(EventRow.facts).where(EventRow.subject == "host", EventRow.kind == "clock_stepped")
        return [json.loads(facts) for facts in session.scalars(query.order_by(EventRow.seq))]


def turn(loops: Loops, clock: FakeClock, uptime: Uptime, *, wall: float, passed: float) -> None:
    clock.forward(seconds=wall)
    uptime.passed += timedelta(seconds=passed)
    loops.due_once()


def test_the_loop_notes_a_step_back_and_forward_and_nothing_else(
    console: Console, clock: FakeClock, uptime: Uptime, loops: Loops
) -> None:
    turn(loops, clock, uptime, wall=2, passed=2)
    turn(loops, clock, uptime, wall=0, passed=2)  # 2 s back: within what a time source corrects
    turn(loops, clock, uptime, wall=62, passed=2)
    turn(loops, clock, uptime, wall=7200, passed=7200)  # the host slept
    assert steps(console) == []
    turn(loops, clock, uptime, wall=-3600, passed=2)
    turn(loops, clock, uptime, wall=2, passed=2)
    turn(loops, clock, uptime, wall=600, passed=2)
    assert [found["seconds"] for found in steps(console)] == [-3602, 598]
    first = steps(console)[0]
    assert first["after"] - first["before"] == -3600 * 1_000_000


def test_a_step_is_chained_with_the_tickets_of_that_time(
    console: Console, clock: FakeClock, uptime: Uptime, loops: Loops
) -> None:
    log_ticket(console, at=NOON)
    turn(loops, clock, uptime, wall=-600, passed=2)
    log_ticket(console)
    with console.read() as session:
        assert audit.first_broken(session) is None
        kinds = session.scalars(select(EventRow.kind).order_by(EventRow.seq)).all()
    assert kinds[-3:] == ["reported", "clock_stepped", "reported"]


def test_a_start_notes_a_clock_that_stands_before_what_was_recorded(console: Console, clock: FakeClock) -> None:
    with console.write() as session:
        store.beat(session, "due", "host", clock(), "")

    def start(at: timedelta) -> int | None:
        return host_clock.look_back(console.read, console.write, NOON + at, "host/1")

    assert start(timedelta(days=30)) is None  # how far forward cannot be known
    assert start(timedelta(seconds=-2)) is None
    assert start(timedelta(seconds=-3)) == -3
    with console.read() as session:
        assert audit.first_broken(session) is None
    assert len(steps(console)) == 1


def test_a_start_compares_with_the_chains_head_when_the_heartbeat_was_taken_away(
    console: Console, clock: FakeClock
) -> None:
    log_ticket(console)
    anchors.make_today(console.anchoring(), SYSTEM, clock())
    assert host_clock.look_back(console.read, console.write, NOON - timedelta(hours=1), "host/1") == -3600
