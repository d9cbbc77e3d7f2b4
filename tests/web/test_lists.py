"""Any list of a page leaves as CSV or XLSX by one road: whole, recorded, for those who may read it."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import openpyxl
import pytest
from sqlalchemy import select

from ops_console.core.people import ROLES
from ops_console.store.audit import EventRow
from ops_console.web.lists import LISTS
from tests.conftest import NOON, log_ticket
from tests.web.conftest import Site
from tests.web.pages import Page

NAMES = (
    "account-acts", "closing", "devices", "events", "locations", "months", "pending", "people", "rights", "roles",
    "runs", "weekly",
)  # fmt: skip


def lines(answer: Page) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.html.removeprefix("\ufeff"))))


def test_every_list_is_here() -> None:
    assert tuple(sorted(LISTS)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_list_leaves_for_its_readers_alone(site: Site, name: str) -> None:
    for role, (_side, rights) in ROLES.items():
        status = site.as_(role).post(f"/lists/{name}/export", format="csv").status
        assert status == (200 if LISTS[name].right in rights else 403), role


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
