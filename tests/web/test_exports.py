"""The list's export buttons: a small list comes at once, a large one as a run, each with its event."""

from __future__ import annotations

import csv
import io
import json

import pytest
from sqlalchemy import select

from ops_console.services import exports
from ops_console.store.audit import EventRow
from tests.web.conftest import Site
from tests.web.pages import Browser, Page


def press(browser: Browser, format: str, **query: str) -> Page:
    """Open the list and press the button of that format."""
    form = browser.get("/tickets", **query).root.one("form", "export")
    return browser.post(form["action"], format=format)


def events(site: Site) -> list[EventRow]:
    with site.console.read() as session:
        return list(session.scalars(select(EventRow).where(EventRow.kind == "exported")))


@pytest.mark.parametrize("role", ["vendor", "hospital", "auditor"])
def test_the_narrowed_list_comes_as_a_download_and_is_recorded(year_site: Site, role: str) -> None:
    answer = press(year_site.as_(role), "csv", month="2026-03", type="故障")

    lines = list(csv.DictReader(io.StringIO(answer.html.removeprefix("\ufeff"))))
    assert {(line["类型"], line["报修时间"][:7]) for line in lines} == {("故障", "2026-03")}
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    (event,) = events(year_site)
    assert (event.actor, json.loads(event.facts)) == (
        role,
        {
            "filter": {"types": ["故障"], "first_month": "2026-03", "last_month": "2026-03"},
            "format": "csv",
            "rows": len(lines),
        },
    )
    assert list(year_site.console.files.exports.iterdir()) == []


def test_a_large_list_is_made_by_a_run_and_only_its_asker_gets_it(
    year_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 2343)
    vendor = year_site.as_("vendor")
    answer = press(vendor, "xlsx")
    assert answer.status == 302
    assert "正在导出" in vendor.get(answer.location).text

    year_site.run_jobs()

    page = vendor.get(answer.location)
    assert "已导出 2344 件" in page.text
    link = page.main.one("a", "btn-primary")["href"]
    assert vendor.client.get(link, base_url=vendor.origin).data.startswith(b"PK")
    assert year_site.as_("hospital").get(link).status == 404
    assert year_site.as_("hospital").get(answer.location).status == 404
    (made,) = year_site.console.files.exports.iterdir()
    made.unlink()
    assert vendor.get(link).status == 404
    assert "已过 24 小时" in vendor.get(answer.location).text


def test_an_unknown_format_is_refused(year_site: Site) -> None:
    vendor = year_site.as_("vendor")

    assert vendor.post("/tickets/export", format="exe").status == 400
    assert events(year_site) == []
