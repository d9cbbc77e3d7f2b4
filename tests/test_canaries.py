"""Personal numbers typed on any road into the console are in clear nowhere: not in a file, a row, a message, a log.

A new road is one entry of ROADS.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import select

from ops_console.adapters.logs import SafeFormatter
from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.errors import Refused
from ops_console.core.public_reports import PER_BROWSER
from ops_console.services import jobs, public_reports, sample_acts
from ops_console.services.public_reports import Report
from ops_console.services.sample_acts import Heard
from ops_console.services.samples import Which
from ops_console.store import messages, samples
from ops_console.store.jobs import RunRow
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, import_sheet, log_ticket
from tests.sheets import row, write_sheet
from tests.web.conftest import open_site

CANARIES = ("11010519491231002X", "13912345678", "6222021234567890128", "77889966")
CANARY = f"身份证 {CANARIES[0]} 手机 {CANARIES[1]} 卡 {CANARIES[2]} 病历号 {CANARIES[3]}"
DIALLED = f"{CANARIES[1]} 转 {CANARIES[2]}"  # a number to call back holds no other text
FORMS = ("title", "description", "reporter", "phone", "department")


def by_form(console: Console, folder: Path) -> None:
    """A ticket logged, every free text a canary."""
    log_ticket(console, **dict.fromkeys(FORMS, CANARY))


def by_sheet(console: Console, folder: Path) -> None:
    """A sheet imported, found at fault, imported again with other texts, and corrected."""
    texts = dict.fromkeys(("报修科室", "报修人", "联系电话", "标题", "问题描述", "处理人", "处理过程"), CANARY)
    first = write_sheet(folder / f"{CANARIES[1]}.csv", row(**texts))
    assert import_sheet(console, first)[0] == "done"
    other = row(**{**texts, "标题": f"另 {CANARY}", "恢复时间": "2026-11-19 11:30:00"})
    faulty = row(单号="GD-20261119-00002", 类型=CANARY, 报修时间=CANARY, 联系电话=CANARY)
    assert import_sheet(console, write_sheet(folder / "two.csv", other, faulty), skip_bad=True)[0] == "done"
    for file in (
        console.files.folder / "uploads"
    ).iterdir():  # kept for its days on purpose: the one place where a sheet is whole
        file.unlink()
    for file in folder.glob("*.csv"):
        file.unlink()


def by_moves(console: Console, folder: Path) -> None:
    """Every reason and text that moving a ticket on asks for."""
    number = log_ticket(console)
    do(console, number, core.RESPONDED)
    do(console, number, core.SUSPEND, reason=CANARY)
    do(console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=False, reason=CANARY)
    do(console, number, core.RESUMED)
    do(console, number, core.RESTORE, personal={"process": CANARY})
    do(console, number, core.RESTORE_REJECTED, HOSPITAL, reason=CANARY)
    do(console, number, core.CANCEL, HOSPITAL, reason=CANARY)


def by_job(console: Console, folder: Path) -> None:
    """A job that is asked with, fails with, and tells canaries."""
    with console.write() as session:
        asked = {"file": "0" * 64, "name": CANARY}
        run_id = jobs.ask(session, job="import-tickets", key="canary", params=asked, actor=VENDOR, now=console.now())
    console.runs().execute(run_id)


def by_message(console: Console, folder: Path) -> None:
    """A message that quotes what was typed."""
    with console.write() as session:
        messages.put(
            session, dedup_key="canary", audience="both", kind="canary", payload={"title": CANARY, "of": [CANARY]},
            created_at=console.now(), expires_at=console.now(),
        )  # fmt: skip


def by_public_report(console: Console, folder: Path) -> None:
    """More reports without an account than a browser may send: the last ones wait for a look, one is turned away."""
    for n in range(PER_BROWSER + 3):
        with console.write() as session:
            sent = public_reports.sender(session, "phone", "192.0.2.7", (), None)
            said = Report(key=str(n), kind="broken", module="门诊缴费", title=CANARY, reporter=CANARY, phone=DIALLED)
            book = console.book(session)
            made = public_reports.receive(session, book, said, sent, console.public_secrets, console.now())
    with console.write() as session:
        public_reports.reject(session, made.report_id, CANARY, HOSPITAL, console.now())
    with console.write() as session:
        public_reports.accept(session, console.book(session), made.report_id - 1, HOSPITAL, console.now())


def by_sample(console: Console, folder: Path) -> None:
    """A sample check whose seed is refused, with a reason, a note, and an original shown for a reason."""
    log_ticket(console, department="药房", phone=DIALLED)
    told = {"actor": HOSPITAL, "now": console.now() + timedelta(days=20), "is_locked": lambda month: False}
    for number in (0, 1):
        with console.write() as session:
            which = Which(1, "2026-11", number)
            sample_acts.commit(session, console.book(session), which, CANARY, **told)  # type: ignore[arg-type]
    which = Which(1, "2026-11", 2)
    for seed in (CANARY, "4 2 6 1"):
        with console.write() as session, suppress(Refused):
            digest = samples.of_month(session, 1, "2026-11")[0].digest
            sample_acts.draw(session, which, digest, seed, **told)  # type: ignore[arg-type]
    with console.write() as session:
        sample_acts.answer(session, which, Heard(1, "true", CANARY), **told)  # type: ignore[arg-type]
    sealer, until = console.sealer("personal"), datetime.max.replace(tzinfo=UTC)
    proved = {**told, "actor": replace(HOSPITAL, account="hospital", proved_until=until)}
    sample_acts.reveal_phone(console.write, sealer, which, 1, CANARY, **proved)  # type: ignore[arg-type]


def by_log(console: Console, folder: Path) -> None:
    """Code that logs what it should not."""
    logging.getLogger("ops_console.canary").warning("said=%s", CANARY)
    try:
        raise ValueError(CANARY)
    except ValueError:
        logging.getLogger("ops_console.canary").exception("failed")


Road = Callable[[Console, Path], None]
ROADS: tuple[Road, ...] = (by_form, by_sheet, by_moves, by_job, by_message, by_public_report, by_sample, by_log)
PAGES = ("/tickets", "/jobs", "/import", "/reports/pending")


def in_clear(held: bytes) -> list[str]:
    """Return the canaries that can be read in these bytes, also as UTF-16 or base64 writes them."""
    return [
        canary
        for canary in CANARIES
        if canary.encode() in held
        or canary.encode("utf-16-le") in held
        or any(_as_base64(canary.encode(), n) in held for n in (0, 1, 2))
    ]


def _as_base64(canary: bytes, before: int) -> bytes:
    """What base64 makes of a canary behind so many other bytes: the characters that no neighbour has a part in."""
    first, last = -(-before * 8 // 6), (before + len(canary)) * 8 // 6
    return base64.b64encode(b"x" * before + canary)[first:last]


def test_the_search_itself_finds_a_canary() -> None:
    assert in_clear(f"x{CANARY}".encode()) == list(CANARIES)
    assert in_clear(base64.b64encode(CANARY.encode()))


@pytest.mark.parametrize("road", ROADS, ids=lambda road: road.__name__)
def test_no_canary_is_in_clear_anywhere(road: Road, tmp_path: Path, sqlite_template: Path, clock: FakeClock) -> None:
    said, logger = StringIO(), logging.getLogger()
    handler = logging.StreamHandler(said)
    handler.setFormatter(SafeFormatter())
    logger.addHandler(handler)
    site = open_site(tmp_path / "data", sqlite_template, clock)
    console = site.console
    try:
        road(console, tmp_path)
    finally:
        logger.removeHandler(handler)
    with console.read() as session:
        runs = session.scalars(select(RunRow)).all()
    pages = "".join(
        site.as_("hospital").get(path).html for path in ("/tickets", "/jobs", "/import", "/reports/pending")
    )
    console.close()  # the last connection writes the log of SQLite into its file
    files = [path for path in tmp_path.rglob("*") if path.is_file()]

    assert any(path.name == "console.db" for path in files)
    assert {path.name: in_clear(path.read_bytes()) for path in files if in_clear(path.read_bytes())} == {}
    assert in_clear(said.getvalue().encode()) == []
    assert in_clear(pages.encode()) == []
    assert in_clear(repr([(run.params, run.result, run.error, run.note) for run in runs]).encode()) == []
