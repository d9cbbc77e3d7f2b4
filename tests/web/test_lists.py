"""Any list of a page leaves as CSV or XLSX by one road: whole, recorded, for those who may read it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import openpyxl
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from sqlalchemy import select

from ops_console.core.caps import CapEntry
from ops_console.core.detectors import BACKDATED, Flag
from ops_console.core.people import ROLES, actor_of
from ops_console.core.public_reports import PER_BROWSER
from ops_console.core.score_preset import PRESET
from ops_console.core.sentences import sentence
from ops_console.services import delegations, devices, flags, jobs, locations, people, scores
from ops_console.services.delegations import NewDelegation
from ops_console.services.people import NewPerson
from ops_console.store import caps
from ops_console.store.audit import EventRow
from ops_console.web.lists import LISTS
from tests.breach_cases import case_in
from tests.conftest import HOSPITAL, NOON, VENDOR, ask_import, import_sheet, log_ticket
from tests.duties import agree, released
from tests.sheets import row, write_sheet
from tests.signing import CHIEF, register
from tests.web.conftest import Site
from tests.web.pages import Page

NAMES = (
    "account-acts", "breaches", "caps", "classes", "clauses", "closing", "contract_clauses", "delegations", "devices",
    "differences", "duties", "entries", "events", "flags", "import-errors", "import-left", "locations", "month-clocks",
    "months",
    "payments", "pending", "people", "releases", "rights", "roles", "runs", "scores", "sessions", "signing-keys",
    "tokens", "weekly",
)  # fmt: skip

READS = ("vendor", "hospital", "auditor", "administrator")
ADMINISTRATOR = actor_of("administrator", "系统管理员", "administrator")


def lines(answer: Page) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.html.removeprefix("\ufeff"))))


def file_of(name: str, run_id: int = 1) -> str:
    """The address that makes the file of a list, with what it must be told."""
    asked = {
        "weekly": "?department=儿科", "month-clocks": "?month=2026-11", "import-errors": f"?run={run_id}",
        "import-left": f"?run={run_id}",
    }  # fmt: skip
    return f"/lists/{name}/export{asked.get(name, '')}"


def a_faulty_import(site: Site, folder: Path) -> int:
    """See that an import left an error and a cell it did not take, and return its run's id."""
    import_sheet(site.console, write_sheet(folder / "one.csv", row()))
    other = write_sheet(folder / "two.csv", row(报修人="王护士"), row(单号="GD-20261119-00002", 报修时间="昨天"))
    run_id = ask_import(site.console, other, skip_bad=True)
    site.console.runs().execute(run_id)
    return run_id


def test_every_list_is_here() -> None:
    assert tuple(sorted(LISTS)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_list_leaves_for_its_readers_alone(site: Site, tmp_path: Path, name: str) -> None:
    run_id = a_faulty_import(site, tmp_path) if name.startswith("import-") else 0
    for role, (_side, rights) in ROLES.items():
        status = site.as_(role).post(file_of(name, run_id), format="csv").status
        assert status == (200 if LISTS[name].right in rights else 403), role


def fill(site: Site) -> None:
    """See that every list has a row."""
    console = site.console
    number = log_ticket(console, title="打不开", reported_at=NOON - timedelta(hours=1), department="儿科")
    log_ticket(console, type="客户化开发")
    with console.write() as session:
        caps.add(session, CapEntry(0, 1, "C-29", 2, "需求", "", "hospital", NOON, NOON), ticket_id=None, dedup_key="x")
        flags.keep(session, "2026-11", [Flag(BACKDATED, (number,), sentence("响应时间"))], console.now())
        locations.add(session, "儿科,儿科护士站", set(), console.public_secrets, actor=HOSPITAL, now=console.now())
        (sticker,) = locations.stickers(session, [1], console.public_secrets, HOSPITAL, console.now())
        devices.register(session, "b" * 43, "护士站", "儿科", HOSPITAL, console.now())
        checked = jobs.ask(session, job="recheck", key="recheck/1", params={}, actor=HOSPITAL, now=console.now())
        here = console.book(session).at(console.now())
        both = [replace(actor, proved_until=console.now()) for actor in (HOSPITAL, VENDOR)]
        made = scores.propose(
            session, here.contract_id, here.terms, PRESET, "2026-11", "约定", actor=both[0], now=console.now(),
            last_frozen=lambda *_: "",
        )  # fmt: skip
        digest = scores.of_subject(session, here.contract_id, made, "sheet").digest
        scores.confirm(
            session, here.contract_id, here.terms, made, digest, actor=both[1], now=console.now(),
            last_frozen=lambda *_: "",
        )  # fmt: skip
        by, new = replace(ADMINISTRATOR, proved_until=console.now()), NewPerson("he", "何工", "vendor")
        people.add_account(session, console.policy, new, people.one_time(console.hasher), by, console.now())
        lent = NewDelegation("officer", NOON.date(), NOON.date(), "外出")
        delegations.delegate(session, lent, both[0], console.now())
    register(console, ed25519.Ed25519PrivateKey.generate(), CHIEF)
    case_in(console, "clue")
    agree(console)
    released(console)
    console.runs().execute(checked)  # the cap's entry above has no event
    nurse = site.browser()
    for n in range(PER_BROWSER + 1):
        typed = {"kind": "broken", "module": "报告查询", "title": "蓝屏了", "reporter": "王护士", "phone": "61234567"}
        assert nurse.post("/report", key=str(n), place=sticker.token, **typed).status == 200


def test_every_list_leaves_whole_in_both_forms(site: Site, tmp_path: Path) -> None:
    fill(site)
    run_id = a_faulty_import(site, tmp_path)
    site.as_("hospital").post("/account/tokens", name="网关", scopes="tickets:read", days="30")
    for name, found in LISTS.items():
        reader = next(role for role, (_side, rights) in ROLES.items() if found.right in rights and role in READS)
        where = file_of(name, run_id)
        rows = lines(site.as_(reader).post(where, format="csv"))
        assert rows, name
        assert list(rows[0]) == list(found.columns), name
        reader_ = site.as_(reader)
        answer = reader_.client.post(
            where, data={"csrf_token": reader_.token, "format": "xlsx"}, base_url=reader_.origin
        )
        assert answer.status_code == 200, name
        sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
        assert sheet is not None
        assert sheet.max_row == len(rows) + 1 + (name == "events"), name  # that the first was taken is an event
    (waiting,) = lines(site.as_("vendor").post("/lists/pending/export", format="csv"))
    told = waiting["来自"], waiting["类型"], waiting["系统模块"], waiting["内容"]
    assert told == ("儿科护士站", "故障", "报告查询", "蓝屏了")


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("on=138%200000%201234", "on=138 **** 1234"),
        ("q=%E7%8E%8B%E5%B0%8F%E6%98%8E&subject=ticket", "q=&subject=ticket"),
        ("on=%ff%fe", "on=%FF%FE"),
    ],
)
def test_what_narrowed_a_list_is_recorded_masked_and_without_words(site: Site, query: str, kept: str) -> None:
    vendor = site.as_("vendor")
    answer = vendor.post(f"/lists/roles/export?{query}", format="csv")
    assert answer.status == 200
    with site.console.read() as session:
        event = session.scalars(select(EventRow).where(EventRow.kind == "exported")).one()
    assert json.loads(event.facts)["filter"] == kept


def test_the_page_has_the_button_and_the_file_holds_what_it_shows(site: Site) -> None:
    number = log_ticket(site.console, title="=1+1 公式", reported_at=NOON - timedelta(hours=1), department="儿科")
    vendor = site.as_("vendor")
    form = vendor.get("/closing").main.one("form", "export")
    answer = vendor.post(form["action"], format="csv")
    assert answer.html.startswith("\ufeff")
    assert "filename*=UTF-8''%E4%BB%8A%E6%97%A5%E6%94%B6%E5%B0%BE-" in answer.headers["Content-Disposition"]
    row = next(line for line in lines(answer) if line["事项"] == "已超时")
    assert (row["单号"], row["报修时间"], row["标题"]) == (number, "2026-11-20 17:00:00", "'=1+1 公式")
    with site.console.read() as session:
        event = session.scalars(select(EventRow).where(EventRow.kind == "exported")).one()
    assert (event.subject_id, event.actor) == ("closing", "vendor")
    assert json.loads(event.facts) == {"list": "closing", "filter": "", "format": "csv", "rows": len(lines(answer))}
    assert list(site.console.files.exports.iterdir()) == []


def test_a_list_leaves_as_its_address_narrows_it(year_site: Site) -> None:
    auditor = year_site.as_("auditor")
    page = auditor.get("/audit", subject="ticket", kind="arrived")
    answer = auditor.post(page.main.one("form", "export")["action"], format="csv")
    with year_site.console.read() as session:
        count = len(session.scalars(select(EventRow.seq).where(EventRow.kind == "arrived")).all())
    assert [line["事件"] for line in lines(answer)] == ["到场签到"] * count
    assert count > 50  # more than the page shows at once


def test_a_workbook_is_in_the_readers_language(site: Site) -> None:
    vendor = site.as_("vendor")
    vendor.post("/language", language="en", back="/")
    answer = vendor.client.post(
        "/lists/roles/export", data={"csrf_token": vendor.token, "format": "xlsx"}, base_url=vendor.origin
    )
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    header = [cell.value for cell in sheet[1]]
    assert header[0] == "Right" and not any("一" <= char <= "鿿" for name in header for char in str(name))


def test_what_is_no_list_or_format_is_refused(site: Site) -> None:
    vendor = site.as_("vendor")
    assert vendor.post("/lists/secrets/export", format="csv").status == 404
    assert vendor.post("/lists/roles/export", format="exe").status == 400


def test_what_an_import_did_not_take_leaves_as_a_file_from_its_page(site: Site, tmp_path: Path) -> None:
    run_id = a_faulty_import(site, tmp_path)
    vendor = site.as_("vendor")
    errors, left = vendor.get(f"/import/{run_id}").main.all("form", "export")
    (error,) = lines(vendor.post(errors["action"], format="csv"))
    assert (error["行"], error["列"], error["单元格内容"]) == ("3", "报修时间", "昨天")
    assert "昨天" in error["说明"] or "时间" in error["说明"]
    (cell,) = lines(vendor.post(left["action"], format="csv"))
    assert cell == {"行": "2", "列": "报修人", "已有": "刘药师", "表中": "王护士"}
    assert vendor.post("/lists/import-errors/export?run=999", format="csv").status == 404
