"""Compliance: the contract's own figures, by the stored rows and by the events, at any instant."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.errors import Refused
from ops_console.core.people import actor_of
from ops_console.services import reports
from ops_console.store.clocks import ClockRow, TallyRow
from tests.conftest import DATA, HOSPITAL, VENDOR, FakeClock, do, import_sheet, log_ticket, make_console
from tests.sheets import row, write_sheet

LATER = datetime(2026, 10, 7, 2, 59, 27, tzinfo=UTC)


def plain(found: reports.Summary) -> dict[str, Any]:
    return {m: {c: {k: n.as_json() for k, n in cs.items()} for c, cs in ms.items()} for m, ms in found.items()}


def sla(console: Console, first: str = "2026-01", last: str = "2026-12", **given: datetime) -> dict[str, Any]:
    with console.read() as session:
        return plain(
            reports.sla(
                session, console.book(session), first, last, VENDOR, now=console.now(), as_of=given.get("as_of")
            )
        )


def roads(console: Console) -> tuple[dict[str, Any], dict[str, Any]]:
    """The report as of now, by the stored rows and by the events."""
    return sla(console), sla(console, as_of=console.now())


def fresh_tally(console: Console) -> set[tuple[Any, ...]]:
    names = ("contract_id", "month", "kind", "klass", "result", "raw_result")
    with console.read() as session:
        columns = [getattr(ClockRow, name) for name in names]
        query = select(*columns, func.count()).where(ClockRow.result.is_not(None)).group_by(*columns)
        return {tuple(cell) for cell in session.execute(query)}


def kept_tally(console: Console) -> set[tuple[Any, ...]]:
    names = ("contract_id", "month", "kind", "klass", "result", "raw_result", "n")
    with console.read() as session:
        query = select(*(getattr(TallyRow, name) for name in names)).where(TallyRow.n != 0)
        return {tuple(cell) for cell in session.execute(query)}


def expected(name: str) -> dict[str, Any]:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def test_the_year_comes_to_the_figures_both_parties_expect(year_console: Console) -> None:
    figures = expected("tickets-2026.expected.json")
    assert sla(year_console, "2026-01", "2026-11") == figures
    assert sla(year_console, "2026-01", "2026-11", as_of=year_console.now()) == figures
    assert fresh_tally(year_console) == kept_tally(year_console)


def test_the_year_as_of_an_october_morning_comes_to_the_figures_expected_then(year_console: Console) -> None:
    found = sla(year_console, "2026-01", "2026-11", as_of=LATER)
    assert found == expected("tickets-2026.expected-1007T1059.json")


def test_a_range_of_months_holds_only_those_months(year_console: Console) -> None:
    figures = expected("tickets-2026.expected.json")
    assert sla(year_console, "2026-03", "2026-04") == {month: figures[month] for month in ("2026-03", "2026-04")}
    assert sla(year_console, "2025-01", "2025-12") == {}


def test_a_class_without_clocks_is_absent(console: Console) -> None:
    log_ticket(console, at=datetime(2026, 11, 20, 1, 0, tzinfo=UTC))
    assert sla(console) == {"2026-11": {"response": {"work": {"breached": 1, "met": 0, "running": 0, "total": 1}}}}


def test_both_roads_agree_after_moves_corrections_and_a_clock_that_goes_away(
    console: Console, clock: FakeClock
) -> None:
    clock.at = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    number = log_ticket(console, needs_onsite=True)
    other = log_ticket(console, needs_onsite=True)
    gone = log_ticket(console, type="咨询")
    assert roads(console)[0] == roads(console)[1]
    clock.forward(minutes=31)
    for ticket in (number, other):
        do(console, ticket, core.RESPONDED)
    clock.forward(minutes=20)
    do(console, number, core.ARRIVED)
    do(console, other, core.ONSITE_DECIDED, HOSPITAL, needs_onsite=False)  # the arrival clock goes away
    do(console, gone, core.CANCEL, HOSPITAL, reason="误报")
    assert roads(console)[0] == roads(console)[1]
    clock.forward(hours=1)
    do(console, number, core.SUSPEND, reason="等待运营商")
    do(console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=True)
    clock.forward(hours=30)
    assert roads(console)[0] == roads(console)[1]
    do(console, number, core.RESUMED)
    clock.forward(hours=2)
    do(console, number, core.RESTORE)
    stored, folded = roads(console)
    assert stored == folded
    assert stored["2026-11"]["repair"]["work"] == {"breached": 0, "met": 1, "running": 0, "total": 1}
    assert stored["2026-11"]["arrival"]["work"]["total"] == 1
    assert "hotline" not in stored["2026-11"]
    assert fresh_tally(console) == kept_tally(console)


def test_the_raw_reading_stands_beside_the_adjusted_one(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    number = log_ticket(console, needs_onsite=True)
    do(console, number, core.RESPONDED)
    do(console, number, core.ARRIVED)
    do(console, number, core.SUSPEND, reason="等待运营商")
    do(console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=True)
    clock.forward(hours=9)
    do(console, number, core.RESUMED)
    do(console, number, core.RESTORE)
    with console.read() as session:
        book = console.book(session)
        for as_of in (None, console.now()):
            found = reports.sla(session, book, "2026-11", "2026-11", VENDOR, now=console.now(), as_of=as_of)
            count = found["2026-11"]["repair"]["work"]
            assert (count.met, count.breached, count.raw_met, count.raw_breached) == (1, 0, 0, 1)


def test_what_is_reported_after_the_instant_is_absent_and_what_happens_later_unseen(
    console: Console, clock: FakeClock
) -> None:
    start = clock.at = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    number = log_ticket(console)
    clock.forward(minutes=10)
    do(console, number, core.RESPONDED)
    assert sla(console, as_of=start - timedelta(seconds=1)) == {}
    running = {"2026-11": {"response": {"work": {"breached": 0, "met": 0, "running": 1, "total": 1}}}}
    assert sla(console, as_of=start) == running
    assert sla(console, as_of=start + timedelta(minutes=9)) == running
    met = {"2026-11": {"response": {"work": {"breached": 0, "met": 1, "running": 0, "total": 1}}}}
    assert sla(console, as_of=start + timedelta(minutes=10)) == met


def test_a_clock_at_its_limit_runs_and_a_second_later_is_breached(console: Console, clock: FakeClock) -> None:
    start = clock.at = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
    log_ticket(console)
    for seconds, result in ((1800, "running"), (1801, "breached")):
        clock.at = start + timedelta(seconds=seconds)
        for found in roads(console):
            assert found["2026-11"]["response"]["work"][result] == 1, seconds


def test_a_report_corrected_into_another_month_still_counts_in_the_old_one_as_of_before(
    console: Console, clock: FakeClock, tmp_path: Any
) -> None:
    wrong = row(报修时间="2026-11-01 00:10:00", 响应时间="2026-11-01 00:20:00", 录入时间="2026-11-19 09:01:00")
    import_sheet(console, write_sheet(tmp_path / "a.csv", wrong))
    imported = console.now()
    clock.forward(hours=1)
    import_sheet(console, write_sheet(tmp_path / "b.csv", {**wrong, "报修时间": "2026-10-31 23:58:00"}))
    clock.forward(hours=1)
    do(console, wrong["单号"], core.CORRECTION_DECIDED, HOSPITAL, field="reported_at", approved=True)
    assert list(sla(console)) == ["2026-10"]
    assert list(sla(console, as_of=console.now())) == ["2026-10"]
    assert list(sla(console, as_of=imported)) == ["2026-11"]
    assert list(sla(console, "2026-11", "2026-11", as_of=imported)) == ["2026-11"]
    assert fresh_tally(console) == kept_tally(console)


def test_a_month_with_provisional_clocks_is_not_locked(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2027, 1, 5, 1, 0, tzinfo=UTC)
    log_ticket(console)
    log_ticket(console, at=datetime(2026, 11, 20, 1, 0, tzinfo=UTC))
    with console.read() as session:
        with pytest.raises(Refused, match="暂定"):
            reports.refuse_lock(session, "2027-01")
        reports.refuse_lock(session, "2026-11")


def test_the_dashboard_counts_what_the_report_counts(year_console: Console) -> None:
    figures = expected("tickets-2026.expected.json")["2026-10"]
    with year_console.read() as session:
        board = reports.dashboard(session, "2026-10", HOSPITAL, now=year_console.now())
    tiles = {(tile.clock, tile.klass): tile.count.as_json() for tile in board.tiles}
    assert tiles == {(clock, klass): n for clock, classes in figures.items() for klass, n in classes.items()}
    breached = sum(n["breached"] for n in tiles.values())
    assert sum(n for _, n in board.by_module) == sum(n for _, n in board.by_hour) == breached
    assert board.months == tuple(f"2025-{m}" for m in (11, 12)) + tuple(f"2026-{m:02d}" for m in range(1, 11))
    assert board.trend["hotline"]["2026-10"].total == sum(n["total"] for n in figures["hotline"].values())


def test_an_administrator_reads_no_report(sqlite_console: Console) -> None:
    administrator = actor_of("sysadmin", "系统管理员", "administrator")
    with sqlite_console.read() as session, pytest.raises(Refused):
        book = sqlite_console.book(session)
        reports.sla(session, book, "2026-01", "2026-02", administrator, now=sqlite_console.now())


def test_a_clock_row_lost_behind_the_consoles_back_changes_only_the_stored_road(year_console: Console) -> None:
    with year_console.write() as session:
        session.execute(delete(ClockRow).where(ClockRow.month == "2026-10", ClockRow.kind == "hotline"))
    assert sla(year_console, "2026-10", "2026-10", as_of=year_console.now()) == {
        "2026-10": expected("tickets-2026.expected.json")["2026-10"]
    }


def test_figures_do_not_depend_on_who_opens_the_database(year_console: Console, tmp_path: Any, kind: str) -> None:
    if kind == "postgresql":
        other = make_console(tmp_path / "other", FakeClock(), year_console.settings.database_url)
    else:
        other = make_console(year_console.settings.data_folder, FakeClock())
    assert sla(other) == sla(year_console)
    other.close()
