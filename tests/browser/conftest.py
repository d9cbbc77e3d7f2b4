"""One Chromium, one served console and the year's sheet imported through its pages, for all tests of a module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from tests.browser.served import Served, Visitor, visiting
from tests.conftest import DATA
from tests.real_services import chromium_path, require

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
SHEET = DATA / "tickets-2026.csv"
Visit = Callable[..., Visitor]


@dataclass(frozen=True)
class Year:
    """A console that holds the year, the addresses of its check and import, and what keeps its vendor signed in."""

    served: Served
    preview: str
    result: str
    vendor: StorageState


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A running Chromium; skips (or in CI fails) without one. Of a module: its event loop must not outlive it."""
    path = chromium_path()
    require("chromium", path, "no Chromium in PATH (apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A console of the test's own, freshly started and empty."""
    made = Served(tmp_path)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def year(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    """A console whose vendor signed in for the first time and imported the year, all through its pages."""
    made = Served(tmp_path_factory.mktemp("served"))
    try:
        made.start()
        with visiting(chromium, made) as vendor:
            vendor.first_sign_in("vendor")
            yield import_year(vendor)
    finally:
        made.stop()


def import_year(vendor: Visitor) -> Year:
    """Given a vendor who just signed in, upload the year's sheet, see what it would do, import it, see the result."""
    page = vendor.page
    page.locator(".rail-entry", has_text="导入台账").click()
    page.set_input_files("#file", SHEET)
    page.get_by_role("button", name="检查文件").click()
    expect(page.locator("h1")).to_have_text("检查结果")
    apply = page.get_by_role("button", name="导入 2344 行")
    expect(apply).to_be_visible(timeout=60_000)
    expect(page.get_by_text("只检查，还没有写入。")).to_be_visible()
    preview = page.url
    apply.click()
    expect(page.locator("#progress")).to_be_visible()
    expect(page.get_by_role("link", name="查看时限达标")).to_be_visible(timeout=60_000)
    assert counts(vendor) == {"行数": 2344, "新增": 2344, "补全": 0, "提出更正": 0, "无变化": 0, "错误": 0}
    return Year(vendor.served, preview, page.url, vendor.context.storage_state())


def counts(visitor: Visitor) -> dict[str, int]:
    """Given a visitor at a check's or an import's result, return its counts by name."""
    names, numbers = visitor.page.locator(".counts dt"), visitor.page.locator(".counts dd")
    return dict(zip(names.all_inner_texts(), map(int, numbers.all_inner_texts()), strict=True))


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """Opens browsers: `visit(served, width=…)`. In the end there may be no error on any page they saw.

    Neither a script's nor a refused answer's nor one of the content policy.
    """
    with ExitStack() as stack:
        yield lambda served, **given: stack.enter_context(visiting(chromium, served, **given))


@pytest.fixture
def visit_as_vendor(visit: Visit, year: Year) -> Visit:
    """Opens browsers on the console of the year, its vendor already signed in."""
    return lambda **given: visit(year.served, storage_state=year.vendor, **given)
