"""The offline viewer of an evidence package in a real browser: figures open their rows, no network is asked."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from ops_console.adapters.evidence import ZipPacker
from ops_console.console import PROJECT
from ops_console.core.evidence import Head, signatures_document
from tests.conftest import FakeClock, copy_sqlite, make_console
from tests.evidence import lived_october, take
from tests.signing import CHIEF, OCTOBER, sign
from tests.test_recalculate_month import rich_month

pytestmark = pytest.mark.browser
HOSTILE = "</script><img src=x onerror=alert(1)><script>alert(2)</script>"


@pytest.fixture(scope="module")
def package(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """An unpacked package of October, and the month's tickets."""
    folder, clock = tmp_path_factory.mktemp("evidence"), FakeClock(OCTOBER)
    copy_sqlite(sqlite_template, folder / "data")
    console = make_console(folder / "data", clock)
    numbers = lived_october(console, clock)
    sign(console, CHIEF)
    take(console, folder / "m.zip")
    console.close()
    with zipfile.ZipFile(folder / "m.zip") as packed:
        packed.extractall(folder / "m")
    return folder / "m", numbers


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page that fails the test when it asks anything of a network or logs a fault."""
    context = chromium.new_context(viewport={"width": 375, "height": 800})
    made, faults = context.new_page(), []
    made.on("request", lambda r: None if r.url.startswith("file:") else faults.append(r.url))
    made.on("console", lambda message: faults.append(message.text))
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on("dialog", lambda dialog: (faults.append("dialog"), dialog.dismiss()))
    yield made
    context.close()
    assert faults == []


def test_a_figure_opens_its_rows_and_a_row_its_ticket_with_its_events(
    page: Page, package: tuple[Path, list[str]]
) -> None:
    folder, numbers = package
    page.goto((folder / "index.html").as_uri())
    assert page.inner_text("h1") == "2026-10 月度考核证据包"
    assert json.loads((folder / "signatures.json").read_text("utf-8"))["over_sha256"] in page.inner_text("main")
    assert "信息科长" in page.inner_text("main")
    page.get_by_role("link", name="C-15").first.wait_for()
    page.click('a[href="#/limit/C-15/broken"]')
    assert numbers[1] in page.inner_text("main")
    page.get_by_role("link", name=numbers[1]).click()
    told = page.inner_text("main")
    for word in ("报修", "响应", "事件（审计链）", "乙方"):
        assert word in told
    page.get_by_text("返回").click()
    page.wait_for_function("location.hash === '#/limit/C-15/broken'")
    page.get_by_text("English").click()
    assert "Broken" in page.inner_text("main")
    page.goto((folder / "index.html").as_uri() + "#/ticket/" + numbers[0])
    link = page.locator('a[href^="files/"]').first
    assert (folder / str(link.get_attribute("href"))).exists()
    assert "含患者信息" in page.inner_text("main") or "patients' data" in page.inner_text("main")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_an_address_that_leads_nowhere_says_so(page: Page, package: tuple[Path, list[str]]) -> None:
    for where in ("#/ticket/GD-0", "#/clause/C-99", "#/item/Z", "#/constructor/x"):
        page.goto("about:blank")
        page.goto((package[0] / "index.html").as_uri() + where)
        assert page.inner_text("main")


def hostile(value: Any) -> Any:
    """Every text of the documents, ended by something that would run if it were not a text."""
    if isinstance(value, dict):
        return {key: hostile(one) for key, one in value.items()}
    if isinstance(value, list):
        return [hostile(one) for one in value]
    known = ("kept", "broken", "open", "unproven", "work", "off", "tickets", "duties", "month")
    is_code = isinstance(value, str) and (value in known or len(value) == 64 or value[:2] in ("20", "GD", "C-", "A1"))
    return value if is_code or not isinstance(value, str) else value + HOSTILE


def test_nothing_that_stands_in_the_data_runs(page: Page, tmp_path: Path) -> None:
    documents = rich_month().documents
    head = Head("YW", rich_month().month, 1, documents.digest)
    facts = [json.loads(line) for line in documents.facts.splitlines()]
    kinds = [fact["fact"] for fact in facts]
    facts = [{**hostile(fact), "fact": kind} for fact, kind in zip(facts, kinds, strict=True)]
    number = next(fact["number"] for fact in facts if fact["fact"] == "tickets")
    event = {
        "seq": 1, "subject_id": number, "kind": HOSTILE, "occurred_at": 0, "recorded_at": 0, "actor": HOSTILE,
        "side": "vendor", "grade": HOSTILE, "facts": {HOSTILE: HOSTILE},
    }  # fmt: skip
    data = {
        "contract": hostile(json.loads(documents.contract)), "month": hostile(json.loads(documents.result)),
        "signatures": json.loads(signatures_document(head, "frozen", "", None, [])), "facts": facts, "files": [],
        "held": True, "timelines": [event],
    }  # fmt: skip
    data["contract"]["main"] = json.loads(documents.contract)["main"]
    packer = ZipPacker(PROJECT / "docs", lambda digest: tmp_path / digest)
    file = tmp_path / "index.html"
    file.write_text("".join(packer.viewer([json.dumps(data, ensure_ascii=False)])), encoding="utf-8")
    page.goto(file.as_uri())
    assert HOSTILE in page.inner_text("main")
    page.goto(file.as_uri() + f"#/ticket/{number}")
    page.wait_for_timeout(100)
    assert HOSTILE in page.inner_text("main")
    assert page.locator("main img").count() == 0
