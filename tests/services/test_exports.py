"""Exporting tickets: what comes back in is what went out; nothing in a cell becomes a formula."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select

from ops_console.adapters.sheets_out import WRITERS, wide, write_csv, write_workbook
from ops_console.console import Console
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.ticket_lists import Filter
from ops_console.core.ticket_sheets import COLUMNS
from ops_console.services import exports, flags, jobs, people
from ops_console.services.exports import Export
from ops_console.services.imports import known_facts
from ops_console.store.audit import EventRow
from ops_console.store.jobs import RunRow
from ops_console.store.tickets import TicketRow
from tests.conftest import HOSPITAL, VENDOR, FakeClock, copy_sqlite, import_sheet, log_ticket, make_console

FORMATS = pytest.mark.parametrize("format", ["csv", "xlsx"])


def export(console: Console, path: Path, chosen: Filter = Filter()) -> int:  # noqa: B008 - a frozen value
    wanted = Export(chosen, path.suffix[1:], console.now())
    return exports.write(console.read, WRITERS, path, wanted, VENDOR)  # type: ignore[arg-type]


def facts(console: Console) -> dict[str, object]:
    with console.read() as session:
        return dict(known_facts(session, session.scalars(select(TicketRow.number)).all()))


@FORMATS
def test_the_years_export_changes_nothing_here_and_makes_the_same_tickets_in_an_empty_console(
    year_console: Console, sqlite_template: Path, tmp_path: Path, format: str
) -> None:
    out = tmp_path / f"out.{format}"
    assert export(year_console, out) == 2344
    copy_sqlite(sqlite_template, tmp_path / "other")
    other = make_console(tmp_path / "other", FakeClock())

    status, here = import_sheet(year_console, out)
    assert (status, here["unchanged"], here["imported"], here["left"]) == ("done", 2344, 0, [])

    status, there = import_sheet(other, out)
    assert (status, there["imported"], there["errors"]) == ("done", 2344, [])
    assert there["unknown_columns"] == []
    assert facts(other) == facts(year_console)
    other.close()


HOSTILE = [
    "=1+1", "+cmd|' /C calc'!A0", "-2", "@SUM(A1)", "＝1", "\u3000=1", "\u00a0@x", "'=1", "''-1", "第一行\n=2", "http://x.y/",
    "=HYPERLINK(\"http://x\")", "007", "1e5", "a,b;c\t\"d\"", "#NAME?", "{=1}", "_x0041_",
]  # fmt: skip


@FORMATS
def test_whatever_people_typed_is_text_in_the_file_and_comes_back_exactly(
    console: Console, sqlite_template: Path, tmp_path: Path, format: str
) -> None:
    for number, given in enumerate(HOSTILE):
        log_ticket(console, title=given, description=given, reporter=given[:20], department=f"科{number}")

    out = tmp_path / f"out.{format}"
    export(console, out)

    for cell in cells(out):
        assert not cell.lstrip(" \u00a0\u3000").startswith(("=", "+", "-", "@", "＝")) or format == "xlsx"
    copy_sqlite(sqlite_template, tmp_path / "other")
    other = make_console(tmp_path / "other", FakeClock())
    assert import_sheet(other, out)[1]["errors"] == []
    trimmed = [text.strip(" \u3000\u00a0") for text in HOSTILE]
    assert [f.personal["description"] for f in facts(other).values()] == trimmed  # type: ignore[attr-defined]
    other.close()


def cells(path: Path) -> list[str]:
    """Every cell of a file as a spreadsheet meets it; of a workbook, that each is text is asserted here."""
    if path.suffix == ".csv":
        assert path.read_bytes().startswith(b"\xef\xbb\xbf")
        return [cell for line in csv.reader(io.StringIO(path.read_text("utf-8-sig"))) for cell in line]
    inside = zipfile.ZipFile(path).read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in inside
    assert b"hyperlink" not in inside
    sheet = openpyxl.load_workbook(path).worksheets[0]
    found = [cell for line in sheet.iter_rows() for cell in line if cell.value is not None]
    assert {cell.data_type for cell in found} <= {"s", "inlineStr"}
    return [str(cell.value) for cell in found]


def test_columns_are_those_of_the_sheet_and_wide_enough_for_chinese(console: Console, tmp_path: Path) -> None:
    log_ticket(console, title="终端与外设打不开", module="医共体互联网健康咨询及诊疗服务")
    export(console, tmp_path / "out.xlsx")

    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]

    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    assert sheet.column_dimensions["C"].width >= wide("医共体互联网健康咨询及诊疗服务")
    assert sheet.freeze_panes == "A2"


def test_only_what_the_list_is_narrowed_to_goes_out(year_console: Console, tmp_path: Path) -> None:
    chosen = Filter(types=("故障",), first_month="2026-03", last_month="2026-03")

    count = export(year_console, tmp_path / "out.csv", chosen)

    lines = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8-sig"))))
    assert len(lines) == count > 0
    assert {line["类型"] for line in lines} == {"故障"}
    assert {line["报修时间"][:7] for line in lines} == {"2026-03"}


def test_a_large_export_is_a_run_that_leaves_its_file_and_one_event(year_console: Console) -> None:
    wanted = Export(Filter(), "csv", year_console.now())
    with year_console.write() as session:
        run_id = exports.ask(session, wanted, HOSPITAL, year_console.now())

    year_console.runs().execute(run_id)

    with year_console.read() as session:
        run = exports.find(session, run_id, HOSPITAL)
        (event,) = session.scalars(select(EventRow).where(EventRow.kind == "exported")).all()
        with pytest.raises(NotFound):
            exports.find(session, run_id, VENDOR)
    assert (run.status, json.loads(run.result)["rows"], run.done) == ("done", 2344, 2344)
    assert (event.actor, event.side) == ("hospital", "hospital")
    assert json.loads(event.facts) == {"filter": {}, "format": "csv", "rows": 2344}
    assert len(year_console.files.export(run_id).read_text("utf-8-sig").splitlines()) > 2344
    assert [path.name for path in year_console.files.exports.iterdir()] == [str(run_id)]


@pytest.mark.parametrize("actor", [terminal_actor("root"), actor_of("a", "a", "administrator")])
def test_without_the_right_nothing_is_asked_for(console: Console, actor: Actor) -> None:
    with console.write() as session, pytest.raises(Refused):
        exports.ask(session, Export(Filter(), "csv", console.now()), actor, console.now())
    with console.write() as session, pytest.raises(Refused):
        exports.ask(session, Export(Filter(), "exe", console.now()), VENDOR, console.now())


def test_past_the_most_it_is_refused_and_no_half_file_stays(
    year_console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MOST", 2343)
    with year_console.write() as session:
        run_id = exports.ask(session, Export(Filter(), "csv", year_console.now()), VENDOR, year_console.now())

    year_console.runs().execute(run_id)

    with year_console.read() as session:
        assert exports.find(session, run_id, VENDOR).status == "failed"
    assert list(year_console.files.exports.iterdir()) == []


@pytest.mark.parametrize("writer", [write_csv, write_workbook])
def test_writing_many_rows_needs_little_memory(tmp_path: Path, writer: object) -> None:
    rows = ([f"GD-{n}", *["打印机卡纸"] * 23] for n in range(5_000))
    tracemalloc.start()
    writer(tmp_path / "out", COLUMNS, rows)  # type: ignore[operator]
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 8 << 20


def test_a_day_later_the_file_is_gone(year_console: Console, clock: FakeClock) -> None:
    path = year_console.files.export(7)
    path.write_bytes(b"x")
    year_console.files.sweep(datetime.now(UTC) - timedelta(hours=24))
    assert path.exists()
    year_console.files.sweep(datetime.now(UTC) + timedelta(seconds=1))
    assert not path.exists()


def test_a_list_narrowed_by_words_exports_its_hits_alone(console: Console, tmp_path: Path) -> None:
    """It used to export every ticket: words are found by the index, not by the list's own conditions."""
    found = log_ticket(console, title="支付宝退款失败")
    log_ticket(console, title="打印机卡纸")
    other = log_ticket(console, title="退款未到账", type="咨询")
    for chosen, numbers in ((Filter(q="退款"), [found, other]), (Filter(q="退款", types=("咨询",)), [other])):
        out = tmp_path / f"{len(numbers)}.csv"
        with console.read() as session:
            assert exports.count(session, Export(chosen, "csv", console.now()), VENDOR) == len(numbers)
        assert export(console, out, chosen) == len(numbers)
        assert [line["单号"] for line in csv.DictReader(io.StringIO(out.read_text("utf-8-sig")))] == numbers


@pytest.mark.parametrize("large", [False, True])
def test_words_looked_for_stand_in_clear_in_no_row_of_an_export(console: Console, tmp_path: Path, large: bool) -> None:
    log_ticket(console, title="王小明的退款没有到账")
    wanted = Export(Filter(q="王小明"), "csv", console.now())
    with console.write() as session:
        if large:
            run_id = exports.ask(session, wanted, VENDOR, console.now())
        else:
            exports.note(session, wanted, 1, VENDOR, console.now())
    if large:
        console.runs().execute(run_id)
        assert "王小明" in console.files.export(run_id).read_text("utf-8-sig")

    with console.read() as session:
        (event,) = session.scalars(select(EventRow).where(EventRow.kind == "exported")).all()
        assert json.loads(event.facts) == {"filter": {"q": True}, "format": "csv", "rows": 1}
        kept = [json.loads(params) for params in session.scalars(select(RunRow.params))]
        assert "王小明" not in str(kept)


def test_each_use_case_asks_for_the_right_itself(console: Console, tmp_path: Path) -> None:
    nobody, auditor = actor_of("a", "a", "administrator"), actor_of("b", "b", "auditor")
    wanted = Export(Filter(), "csv", console.now())
    with pytest.raises(Refused):
        exports.write(console.read, WRITERS, tmp_path / "x.csv", wanted, nobody)  # type: ignore[arg-type]
    assert list(tmp_path.glob("*.csv")) == []
    taken = exports.TakenList("closing", "tickets.record", (), "csv", 1)
    for act in (
        lambda session: exports.note_list(session, taken, auditor, console.now()),
        lambda session: flags.waiting(session, "2026-11", nobody),
        lambda session: people.who_may_work(session, nobody),
        lambda session: jobs.ask(
            session, job="import-tickets", key="k", params={}, actor=auditor, now=console.now()
        ),
    ):  # fmt: skip
        with console.write() as session, pytest.raises(Refused, match="没有这项权限"):
            act(session)
