"""Importing sheets: everything or nothing, never twice, found again after a crash."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.services import imports, jobs, tickets
from ops_console.services.jobs import LEASE, LostRun, Run
from ops_console.store import audit
from ops_console.store import jobs as run_store
from ops_console.store.audit import EventRow
from ops_console.store.clocks import ClockRow
from ops_console.store.jobs import RunRow
from ops_console.store.tickets import TicketRow
from tests.conftest import DATA, HOSPITAL, VENDOR, FakeClock, ask_import, do, import_sheet
from tests.services.test_tickets import assert_rows_are_what_the_events_come_to, at_once
from tests.sheets import row, rows, write_sheet

Sheet = Callable[..., Path]
COUNTS = ("rows", "imported", "completed", "corrected", "unchanged")


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    """Writes rows to a file of their own."""
    made: list[Path] = []

    def write(*given: dict[str, str]) -> Path:
        made.append(write_sheet(tmp_path / f"{len(made)}.csv", *given))
        return made[-1]

    return write


def counts(result: dict[str, Any]) -> tuple[int, ...]:
    return tuple(result[name] for name in COUNTS)


def stored(console: Console) -> tuple[int, int, int]:
    """How many tickets, clocks and events there are."""
    with console.read() as session:
        return tuple(  # type: ignore[return-value]
            session.scalar(select(func.count()).select_from(kind)) or 0 for kind in (TicketRow, ClockRow, EventRow)
        )


def pairs(result: dict[str, Any]) -> list[tuple[int, str]]:
    return [(error["row"], error["column"]) for error in result["errors"]]


def test_the_year_is_imported_whole_and_its_workbook_is_600_unchanged_rows(year_console: Console) -> None:
    before = stored(year_console)
    assert before[0] == 2344
    status, again = import_sheet(year_console, DATA / "tickets-2026.csv")
    assert (status, counts(again), again["errors"]) == ("done", (2344, 0, 0, 0, 2344), [])
    status, workbook = import_sheet(year_console, DATA / "tickets-600.xlsx")
    assert (status, counts(workbook), workbook["errors"]) == ("done", (600, 0, 0, 0, 600), [])
    status, chinese = import_sheet(year_console, DATA / "tickets-200-gb18030.csv")
    assert (status, counts(chinese), chinese["errors"]) == ("done", (200, 0, 0, 0, 200), [])
    assert stored(year_console) == before
    assert workbook["left"] == chinese["left"] == []
    with year_console.read() as session:
        assert audit.first_broken(session) is None


def test_an_old_encoding_is_read(console: Console) -> None:
    status, result = import_sheet(console, DATA / "tickets-200-gb18030.csv")
    assert (status, counts(result)) == ("done", (200, 200, 0, 0, 0))
    with console.read() as session:
        assert "药房" in session.scalars(select(TicketRow.department)).all()


def test_the_messy_sheet_is_refused_at_exactly_its_faults_and_nothing_is_written(console: Console) -> None:
    before = stored(console)
    status, result = import_sheet(console, DATA / "tickets-messy.csv")
    expected = json.loads((DATA / "tickets-messy.expected.json").read_text(encoding="utf-8"))
    assert status == "done"
    assert result["refused"]
    assert pairs(result) == [(fault["row"], fault["column"]) for fault in expected]
    assert counts(result) == (201, 0, 0, 0, 0)
    assert stored(console) == before


def test_with_bad_rows_skipped_the_others_are_imported(console: Console) -> None:
    status, result = import_sheet(console, DATA / "tickets-messy.csv", skip_bad=True)
    assert (status, counts(result), len(result["errors"])) == ("done", (201, 190, 0, 0, 0), 11)
    assert stored(console)[0] == 190
    _, again = import_sheet(console, DATA / "tickets-messy.csv", skip_bad=True)
    assert (counts(again), len(again["errors"])) == ((201, 0, 0, 0, 190), 11)


def test_a_dry_run_counts_what_would_happen_and_writes_nothing(console: Console, sheet: Sheet) -> None:
    import_sheet(console, sheet(row(), row(单号="GD-2", 处理人="")))
    before = stored(console)
    changed = [row(响应时间="2026-11-19 09:11"), row(单号="GD-2"), row(单号="GD-3")]
    status, result = import_sheet(console, sheet(*changed), dry_run=True)
    assert (status, counts(result)) == ("done", (3, 1, 1, 1, 0))
    assert stored(console) == before


def test_a_dry_run_that_is_tried_again_counts_right(
    console: Console, sheet: Sheet, clock: FakeClock, dying: Any
) -> None:
    run_id = ask_import(console, sheet(*rows(450)), dry_run=True)
    dying(after=1)
    console.runs().execute(run_id)
    clock.at += LEASE + timedelta(seconds=1)
    console.runs().reap()
    console.runs().execute(run_id)
    assert counts(result_of(console, run_id)) == (450, 450, 0, 0, 0)
    assert stored(console)[0] == 0


def test_a_blank_now_filled_is_completed_and_a_blank_removes_nothing(console: Console, sheet: Sheet) -> None:
    blank = row(恢复时间="", 确认时间="", 处理过程="", 满意度="", 报修科室="", 处理人="")
    import_sheet(console, sheet(blank))
    _, filled = import_sheet(console, sheet(row()))
    assert counts(filled) == (1, 0, 1, 0, 0)
    _, emptied = import_sheet(console, sheet(blank))
    assert counts(emptied) == (1, 0, 0, 0, 1)
    with console.read() as session:
        facts = tickets.view(session, console.book(session), row()["单号"], VENDOR).facts
    assert (facts.state, facts.rating, facts.department, facts.handler) == ("已关闭", 5, "药房", "何工")
    assert facts.personal["process"] == "已修复。"
    assert_rows_are_what_the_events_come_to(console)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"响应时间": "2026-11-19 09:40:00"}, "responded_at"),
        ({"报修时间": "2026-11-19 08:59:00"}, "reported_at"),
        ({"到场时间": "2026-11-19 10:30:00"}, "arrived_at"),
        ({"恢复时间": "2026-11-19 11:30:00"}, "restored_at"),
        ({"确认时间": "2026-11-19 12:30:00"}, "confirmed_at"),
        ({"录入时间": "2026-11-19 09:05:00"}, "recorded_at"),
        ({"类型": "咨询"}, "type"),
    ],
)
def test_a_changed_time_or_type_is_proposed_once_and_waits_for_the_hospital(
    console: Console, sheet: Sheet, changed: dict[str, str], field: str
) -> None:
    import_sheet(console, sheet(row()))
    before = clocks(console)
    _, result = import_sheet(console, sheet(row(**changed)))
    assert counts(result) == (1, 0, 0, 1, 0)
    assert clocks(console) == before
    with console.read() as session:
        facts = tickets.view(session, console.book(session), row()["单号"], VENDOR).facts
    assert [proposal.field for proposal in facts.waiting] == [field]
    _, again = import_sheet(console, sheet(row(**changed)))
    assert counts(again) == (1, 0, 0, 0, 1)


def clocks(console: Console) -> dict[str, tuple[int | None, str | None]]:
    with console.read() as session:
        found = session.execute(select(ClockRow.kind, ClockRow.active_seconds, ClockRow.result))
        return {kind: (active, result) for kind, active, result in found}


def test_needs_onsite_changed_is_a_proposal_too(console: Console, sheet: Sheet) -> None:
    import_sheet(console, sheet(row(需到场="否", 到场时间="")))
    _, result = import_sheet(console, sheet(row(需到场="是", 到场时间="")))
    assert counts(result) == (1, 0, 0, 1, 0)


def test_once_the_hospital_approves_the_clocks_change(console: Console, sheet: Sheet, clock: FakeClock) -> None:
    import_sheet(console, sheet(row()))
    import_sheet(console, sheet(row(响应时间="2026-11-19 09:40:00")))
    clock.forward(minutes=1)
    do(console, row()["单号"], core.CORRECTION_DECIDED, HOSPITAL, field="responded_at", approved=True)
    assert clocks(console)["response"] == (2400, "breached")
    assert_rows_are_what_the_events_come_to(console)


def test_other_cells_that_differ_are_left_and_told(console: Console, sheet: Sheet) -> None:
    import_sheet(console, sheet(row()))
    _, result = import_sheet(console, sheet(row(标题="打不开了", 渠道="QQ", 满意度="1", 联系电话="855406")))
    assert counts(result) == (1, 0, 0, 0, 1)
    left = {item["column"]: (item["known"], item["given"]) for item in result["left"]}
    assert left == {"标题": ("打不开", "打不开了"), "渠道": ("电话", "QQ"), "满意度": ("5", "1")}


def test_both_completed_and_corrected_counts_as_corrected(console: Console, sheet: Sheet) -> None:
    import_sheet(console, sheet(row(满意度="")))
    _, result = import_sheet(console, sheet(row(响应时间="2026-11-19 09:40:00")))
    assert counts(result) == (1, 0, 0, 1, 0)


def test_imported_events_carry_their_grade_and_both_times(console: Console, sheet: Sheet) -> None:
    import_sheet(console, sheet(row()))
    with console.read() as session:
        listed = tickets.view(session, console.book(session), row()["单号"], VENDOR).events
    assert {event.grade for event in listed} == {"导入"}
    report, *others = listed
    assert (report.occurred_at.minute, report.recorded_at.minute) == (0, 1)
    assert {event.recorded_at for event in others} == {console.now()}


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the process die between two batches, once."""

    def arm(*, after: int) -> None:
        left = [after]
        keep = Run.checkpoint

        def checkpoint(self: Run, *given: Any) -> None:
            keep(self, *given)
            left[0] -= 1
            if left[0] == -1:
                raise LostRun("killed")

        monkeypatch.setattr(Run, "checkpoint", checkpoint)

    return arm


def result_of(console: Console, run_id: int) -> dict[str, Any]:
    with console.read() as session:
        status, result, error = jobs.outcome(session, run_id)
    assert status == "done", error
    return result or {}


def test_killed_between_batches_the_next_attempt_goes_on_and_doubles_nothing(
    console: Console, sheet: Sheet, clock: FakeClock, dying: Any
) -> None:
    run_id = ask_import(console, sheet(*rows(450)))
    dying(after=1)  # the first batch is committed, the second is under way
    assert not console.runs().execute(run_id)
    assert stored(console)[0] == 200
    clock.at += LEASE + timedelta(seconds=1)
    assert console.runs().reap() == 1
    assert console.runs().execute(run_id)
    assert counts(result_of(console, run_id)) == (450, 450, 0, 0, 0)
    assert stored(console)[0] == 450
    with console.read() as session:
        assert session.get_one(RunRow, run_id).attempt == 2
        assert audit.first_broken(session) is None
    assert_rows_are_what_the_events_come_to(console)


def test_a_batch_whose_lease_was_lost_is_undone(
    console: Console, sheet: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = ask_import(console, sheet(*rows(250)))
    keep = Run.checkpoint

    def overtaken(self: Run, session: Any, done: int, *given: Any) -> None:
        if done > 200:
            self.token -= 1  # as if somebody else had claimed it meanwhile
        keep(self, session, done, *given)

    monkeypatch.setattr(Run, "checkpoint", overtaken)
    assert not console.runs().execute(run_id)
    assert stored(console)[0] == 200
    with console.read() as session:
        assert session.get_one(RunRow, run_id).done == 200


def test_progress_can_be_seen_from_another_session(
    console: Console, sheet: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = ask_import(console, sheet(*rows(450)))
    seen: list[tuple[int, int, str]] = []
    take = imports._take

    def watched(*given: Any, **options: Any) -> None:
        with console.read() as session:
            kept = run_store.run(session, run_id)
            assert kept is not None
            seen.append((kept.done, kept.total, kept.status))
        take(*given, **options)

    monkeypatch.setattr(imports, "_take", watched)
    console.runs().execute(run_id)
    assert seen == [(0, 0, "running"), (200, 450, "running"), (400, 450, "running")]


def test_two_imports_of_one_sheet_at_once_import_it_once(console: Console, sheet: Sheet) -> None:
    path = sheet(*rows(250))
    runs = [ask_import(console, path), ask_import(console, path)]
    at_once(*[lambda r=run_id: console.runs().execute(r) for run_id in runs])
    results = [counts(result_of(console, run_id)) for run_id in runs]
    assert sum(result[1] for result in results) == 250
    assert sum(result[4] for result in results) == 250
    assert stored(console)[0] == 250


def test_a_missing_column_is_one_error(console: Console, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "单号,类型,系统模块,渠道,标题,报修时间,录入时间\nGD-1,故障,门诊缴费,电话,打不开,x,y\n", encoding="utf-8"
    )
    status, result = import_sheet(console, path)
    assert (status, pairs(result), counts(result)) == ("done", [(1, "需到场")], (0, 0, 0, 0, 0))


def test_a_file_that_is_no_sheet_fails_with_a_sentence(console: Console, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7 nothing")
    run_id = ask_import(console, path)
    console.runs().execute(run_id)
    with console.read() as session:
        status, result, error = jobs.outcome(session, run_id)
    assert (status, result) == ("failed", None)
    assert "不是工单表" in str(error)


def test_unknown_columns_are_told_and_ignored(console: Console, tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "a.csv", row())
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{lines[0]},备注\n{lines[1]},别管\n", encoding="utf-8")
    status, result = import_sheet(console, path)
    assert (status, counts(result), result["unknown_columns"]) == ("done", (1, 1, 0, 0, 0), ["备注"])


def test_a_suspension_given_later_moves_the_repair_clock(console: Console, sheet: Sheet) -> None:
    import_sheet(console, sheet(row(恢复时间="2026-11-19 15:00", 确认时间="")))
    assert clocks(console)["repair"] == (18000, "breached")
    paused = {
        "挂起开始": "2026-11-19 11:00",
        "挂起结束": "2026-11-19 13:00",
        "挂起原因": "等待运营商",
        "挂起批准": "是",
    }
    _, result = import_sheet(console, sheet(row(恢复时间="2026-11-19 15:00", 确认时间="", **paused)))
    assert counts(result) == (1, 0, 1, 0, 0)
    assert clocks(console)["repair"] == (10800, "met")
    with console.read() as session:
        assert session.scalars(select(ClockRow.raw_result).where(ClockRow.kind == "repair")).one() == "breached"
