"""The sweep: every stage of every clock is noticed once, at its time, by whichever process comes first."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.services import clocks, messages
from ops_console.store import clocks as store
from ops_console.store import messages as outbox
from ops_console.store.clocks import ClockRow
from ops_console.store.messages import OutboxRow
from tests.conftest import HOSPITAL, FakeClock, do, import_sheet, log_ticket
from tests.services.test_tickets import at_once
from tests.sheets import row, write_sheet

NINE = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)  # 09:00 on a working Friday: 30 minutes to respond


def sweep(console: Console) -> int:
    return clocks.sweep(console.read, console.write, console.book, console.now())


def told(console: Console) -> list[tuple[str, int]]:
    """Clock and stage of every warning or breach in the outbox."""
    with console.read() as session:
        rows = session.scalars(
            select(OutboxRow).where(OutboxRow.kind.startswith("clock_")).order_by(OutboxRow.id)
        ).all()
    return [(payload["clock"], payload["stage"]) for payload in (json.loads(r.payload) for r in rows)]


def message(console: Console, stage: int) -> OutboxRow:
    with console.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.dedup_key.endswith(f"/{stage}"))).all()
    (found,) = rows
    return found


def next_look(console: Console, kind: str) -> datetime | None:
    with console.read() as session:
        return session.scalars(select(ClockRow.next_look_at).where(ClockRow.kind == kind)).one()


def at(minutes: float, seconds: int = 0) -> datetime:
    return NINE + timedelta(minutes=minutes, seconds=seconds)


def test_each_stage_is_noticed_once_at_its_moment(console: Console, clock: FakeClock) -> None:
    clock.at = NINE
    log_ticket(console)
    seen = {}
    for moment in (at(0), at(14, 59), at(15), at(15, 2), at(23, 59), at(24), at(30), at(30, 1), at(31), at(600)):
        clock.at = moment
        sweep(console)
        sweep(console)
        seen[(moment - NINE).total_seconds()] = [stage for _, stage in told(console)]
    assert seen == {
        0: [], 899: [], 900: [50], 902: [50], 1439: [50], 1440: [50, 80], 1800: [50, 80], 1801: [50, 80, 100],
        1860: [50, 80, 100], 36000: [50, 80, 100],
    }  # fmt: skip
    assert next_look(console, "response") is None


def test_a_notice_says_whom_it_is_for_what_is_due_and_how_long_it_holds(console: Console, clock: FakeClock) -> None:
    clock.at = NINE
    number = log_ticket(console)
    for moment in (at(15), at(24), at(30, 1)):
        clock.at = moment
        sweep(console)
    rows = {stage: message(console, stage) for stage in (50, 80, 100)}
    assert [(r.audience, r.kind) for r in rows.values()] == [
        ("vendor", "clock_warning"), ("vendor", "clock_warning"), ("both", "clock_breached"),
    ]  # fmt: skip
    assert [r.expires_at for r in rows.values()] == [at(24), at(30, 1), at(30, 1) + timedelta(hours=24)]
    payload: dict[str, Any] = json.loads(rows[100].payload)
    assert (payload["ticket"], payload["limit"], payload["limit_seconds"]) == (number, "C-15", 1800)
    assert datetime.fromisoformat(payload["due_at"]) == at(30)


def test_two_sweeps_at_once_notice_a_stage_once(console: Console, clock: FakeClock) -> None:
    clock.at = NINE
    for _ in range(5):
        log_ticket(console)
    clock.at = at(15)
    moved = at_once(lambda: sweep(console), lambda: sweep(console), lambda: sweep(console))
    assert sum(map(int, map(str, moved))) == 5
    assert told(console) == [("response", 50)] * 5


def test_a_moment_already_past_when_the_fact_is_recorded_fires_nothing(
    console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    open_row = row(响应时间="", 到场时间="", 恢复时间="", 确认时间="", 满意度="", 处理过程="", 处理方式="", 处理人="")
    clock.at = datetime(2026, 11, 19, 2, 15, tzinfo=UTC)  # 10:15, reported at 09:00: response broken, arrival past 50 %
    import_sheet(console, write_sheet(tmp_path / "a.csv", {**open_row, "录入时间": "2026-11-19 09:00"}))
    assert next_look(console, "response") is None
    sweep(console)
    assert told(console) == []
    clock.at = datetime(2026, 11, 19, 2, 36, tzinfo=UTC)
    sweep(console)
    assert told(console) == [("arrival", 80)]


def test_after_an_outage_the_missed_stages_are_rows_that_have_expired(console: Console, clock: FakeClock) -> None:
    clock.at = NINE
    log_ticket(console)
    clock.at = at(45)
    assert sweep(console) == 1
    assert told(console) == [("response", 50), ("response", 80), ("response", 100)]
    assert [message(console, stage).expires_at for stage in (50, 80, 100)] == [
        at(24), at(30, 1), at(30, 1) + timedelta(hours=24),
    ]  # fmt: skip
    assert messages.expire(console.read, console.write, console.now()) == 2
    assert [message(console, stage).state for stage in (50, 80, 100)] == ["expired", "expired", "waiting"]


def test_an_answer_silences_its_clock(console: Console, clock: FakeClock) -> None:
    clock.at = NINE
    number = log_ticket(console)
    clock.at = at(10)
    do(console, number, core.RESPONDED)
    clock.at = at(60)
    assert sweep(console) == 0
    assert told(console) == []


def test_a_stage_that_came_before_the_sweep_is_not_lost_to_another_move(console: Console, clock: FakeClock) -> None:
    clock.at = NINE
    number = log_ticket(console)
    clock.at = at(15, 1)
    do(console, number, core.ONSITE_DECIDED, needs_onsite=True)
    clock.at = at(15, 2)
    sweep(console)
    assert told(console) == [("response", 50)]
    clock.at = at(30, 2)
    do(console, number, core.ONSITE_DECIDED, HOSPITAL, needs_onsite=False)
    sweep(console)
    assert told(console) == [("response", 50), ("response", 80), ("response", 100)]


def repairing(console: Console, clock: FakeClock) -> str:
    """A ticket whose repair clock runs from 09:00 on."""
    clock.at = NINE
    number = log_ticket(console, needs_onsite=True)
    do(console, number, core.RESPONDED)
    do(console, number, core.ARRIVED)
    return number


def test_a_paused_clock_is_silent_and_goes_on_where_it_stopped(console: Console, clock: FakeClock) -> None:
    number = repairing(console, clock)
    clock.at = at(60)
    do(console, number, core.SUSPEND, reason="等待运营商")
    do(console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=True)
    assert next_look(console, "repair") is None
    clock.at = at(600)
    sweep(console)
    assert told(console) == []
    do(console, number, core.RESUMED)
    assert next_look(console, "repair") == at(660)
    clock.at = at(660)
    sweep(console)
    assert told(console) == [("repair", 50)]


def test_a_pause_that_nobody_approved_stops_nothing(console: Console, clock: FakeClock) -> None:
    number = repairing(console, clock)
    clock.at = at(60)
    do(console, number, core.SUSPEND, reason="等待运营商")
    clock.at = at(240, 1)
    sweep(console)
    assert told(console) == [("repair", 50), ("repair", 80), ("repair", 100)]
    do(console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=False)
    with console.read() as session:
        assert session.scalars(select(ClockRow.breaks_at).where(ClockRow.kind == "repair")).one() == at(240)


def test_a_stage_passed_twice_because_of_a_late_approval_is_told_once(console: Console, clock: FakeClock) -> None:
    number = repairing(console, clock)
    clock.at = at(110)
    do(console, number, core.SUSPEND, reason="等待运营商")
    clock.at = at(121)
    sweep(console)
    do(console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=True)
    do(console, number, core.RESUMED)
    clock.at = at(140)
    sweep(console)
    assert told(console) == [("repair", 50)]


def test_the_hotline_clock_is_swept_too(console: Console, clock: FakeClock) -> None:
    clock.at = NINE
    log_ticket(console, type="咨询", channel="微信群")
    clock.at = at(60)
    sweep(console)
    assert told(console) == [("hotline", 50)]


def test_a_cancelled_ticket_has_no_clock_to_sweep(console: Console, clock: FakeClock) -> None:
    clock.at = NINE
    number = log_ticket(console)
    do(console, number, core.CANCEL, HOSPITAL, reason="误报")
    clock.at = at(60)
    assert sweep(console) == 0
    with console.read() as session:
        assert session.scalars(select(ClockRow.id)).all() == []


def test_a_message_past_its_time_is_marked_and_never_unmarked(console: Console, clock: FakeClock) -> None:
    with console.write() as session:
        for key, minutes in (("short", 1), ("long", 60)):
            outbox.put(
                session, dedup_key=key, audience="both", kind="test", payload={}, created_at=console.now(),
                expires_at=console.now() + timedelta(minutes=minutes),
            )  # fmt: skip
    states = []
    for minutes in (0, 1, -30):
        clock.forward(minutes=minutes)
        messages.expire(console.read, console.write, console.now())
        with console.read() as session:
            states.append(session.scalars(select(OutboxRow.state).order_by(OutboxRow.dedup_key)).all())
    assert states == [["waiting", "waiting"], ["waiting", "expired"], ["waiting", "expired"]]


def test_a_message_is_kept_once_whatever_is_asked(console: Console) -> None:
    kept = []
    for payload in ({"n": 1}, {"n": 2}):
        with console.write() as session:
            kept.append(
                outbox.put(
                    session, dedup_key="same", audience="both", kind="test", payload=payload,
                    created_at=console.now(), expires_at=console.now(),
                )
            )  # fmt: skip
    assert kept == [True, False]


def test_the_sweep_looks_through_its_index(year_console: Console) -> None:
    query = "SELECT id FROM clock WHERE next_look_at <= '2026-01-01' ORDER BY next_look_at, id LIMIT 200"
    explain = "EXPLAIN QUERY PLAN " if year_console.database.is_sqlite else "EXPLAIN "
    with year_console.read() as session:
        if not year_console.database.is_sqlite:
            session.execute(text("SET LOCAL enable_seqscan = off"))  # few open clocks: the planner would not bother
        plan = "\n".join(str(line) for line in session.execute(text(explain + query)))
    assert "ix_clock_next_look_at" in plan


def test_a_claim_of_a_moment_that_moved_on_fails(console: Console, clock: FakeClock) -> None:
    clock.at = NINE
    log_ticket(console)
    with console.read() as session:
        ((clock_id, _ticket, seen),) = store.due(session, at(15))
    with console.write() as session:
        assert store.claim(session, clock_id, seen, at(24))
    with console.write() as session:
        assert not store.claim(session, clock_id, seen, at(24))


def test_an_explanation_names_clause_class_calendar_and_every_interval(console: Console, clock: FakeClock) -> None:
    number = repairing(console, clock)
    clock.at = at(60)
    do(console, number, core.SUSPEND, reason="等待运营商")
    do(console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=True)
    clock.at = at(120)
    do(console, number, core.RESUMED)
    clock.at = at(180)
    with console.read() as session:
        found = {e.clock.kind: e for e in clocks.explanations(session, console.book(session), number, console.now())}
    repair = found["repair"]
    said = " ".join(str(s) for s in (repair.headline, repair.class_why, repair.version, repair.verdict))
    assert "二.1.⑦" in said
    assert "C-18" in said
    assert "工作日" in said
    assert "chinesecalendar" in said
    assert [(line.interval.counted, line.total_seconds) for line in repair.lines] == [
        (True, 3600), (False, 3600), (True, 7200),
    ]  # fmt: skip
    assert (repair.active_seconds, repair.raw_seconds, repair.result) == (7200, 10800, "running")
    assert repair.deadline == at(300)


def test_a_clock_row_without_its_ticket_facts_does_not_stop_the_sweep(console: Console, clock: FakeClock) -> None:
    clock.at = NINE
    log_ticket(console)
    log_ticket(console)
    with console.write() as session:
        session.execute(update(ClockRow).where(ClockRow.ticket_id == 1).values(kind="arrival"))
    clock.at = at(15)
    sweep(console)
    assert told(console) == [("response", 50)]
    assert sweep(console) == 0


@pytest.mark.parametrize("stage", [50, 80, 100])
def test_within_thirty_seconds_means_at_the_first_sweep_after_the_moment(
    sqlite_console: Console, clock: FakeClock, stage: int
) -> None:
    clock.at = NINE
    log_ticket(sqlite_console)
    moment = {50: at(15), 80: at(24), 100: at(30, 1)}[stage]
    clock.at = moment - timedelta(seconds=1)
    sweep(sqlite_console)
    clock.at = moment
    sweep(sqlite_console)
    assert told(sqlite_console)[-1] == ("response", stage)
