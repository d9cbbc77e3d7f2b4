"""The main job in a real browser: from the year's sheet to a breach's explanation, at desktop and phone width.

Not for what each number should be (`tests/services`), nor for who may see which page (`tests/web`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from ops_console.console import PROJECT
from tests.browser.conftest import House, Visit
from tests.browser.served import DESKTOP, PHONE, Served, Visitor, serving, visiting
from tests.conftest import DATA

pytestmark = pytest.mark.browser

SHEET = DATA / "tickets-2026.csv"
MONTH = "/dashboard?month=2026-04"
PAUSED = "/tickets/GD-20260407-00706?clock=repair"
ADDRESSES = (
    "/tickets", "/tickets?month=2026-04&breached=1", "/tickets?month=2026-04&clock=response&class=work&result=met",
    "/tickets?q=nowhere", PAUSED, MONTH, "/dashboard?month=2025-01", "/import", "/contract", "/system", "/people",
    "/tickets/new", "/password",
)  # fmt: skip
WIDTHS = pytest.mark.parametrize("width", [DESKTOP, PHONE])
APRIL = json.loads((DATA / "tickets-2026.expected.json").read_text(encoding="utf-8"))["2026-04"]
THUMB = 40  # px: the least height of what a thumb should hit
LATER = "2027-07-01"


@dataclass(frozen=True)
class Imported(House):
    """A console that holds the year, and the addresses of its check and its import."""

    preview: str
    result: str


@pytest.fixture(scope="module")
def year(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    """A console whose vendor signed in for the first time and imported the year, all through its pages."""
    with serving(tmp_path_factory.mktemp("served")) as made, visiting(chromium, made) as vendor:
        vendor.first_sign_in("vendor")
        yield import_year(vendor)


def import_year(vendor: Visitor) -> Imported:
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
    return Imported(vendor.served, vendor.context.storage_state(), preview, page.url)


def counts(visitor: Visitor) -> dict[str, int]:
    """Given a visitor at a check's or an import's result, return its counts by name."""
    names, numbers = visitor.page.locator(".counts dt"), visitor.page.locator(".counts dd")
    return dict(zip(names.all_inner_texts(), map(int, numbers.all_inner_texts()), strict=True))


@WIDTHS
def test_a_breach_on_the_dashboard_leads_to_its_rows_and_to_the_ticket_with_its_explanation(
    year: Imported, visit: Visit, width: int
) -> None:
    vendor = visit(year.served, width=width)
    vendor.sign_in("vendor")
    page = vendor.page
    page.goto(MONTH)
    assert vendor.overhang() == ""
    tile = page.locator("article.tile", has=page.get_by_role("heading", name="排除 工作时间"))
    open_the_rows(vendor, tile.locator("a.broken"))
    expect(page.locator("h1 + .rule")).to_contain_text("4 小时")
    expect(page.locator("h1 + .rule")).to_contain_text("二.1.⑦")
    open_the_first_ticket(vendor)
    explain(page, "repair")
    assert vendor.overhang() == ""


def open_the_rows(visitor: Visitor, number: Locator) -> None:
    """Given a number on the dashboard, follow it: the list is of exactly as many tickets."""
    page = visitor.page
    told = int(re.sub(r"\D", "", number.inner_text()))
    assert told == APRIL["repair"]["work"]["breached"] > 0
    number.click()
    expect(page).to_have_url(re.compile("result=breached"))
    expect(page.locator(".population")).to_contain_text(f"共 {told} 件")
    expect(page.locator("tbody tr")).to_have_count(told)
    assert visitor.overhang() == ""


def open_the_first_ticket(visitor: Visitor) -> None:
    """Follow a list's first row by a click anywhere on it."""
    page = visitor.page
    row = page.locator("tbody tr").first
    number = row.locator(".cell-number").inner_text()
    row.locator(".cell-title").click()
    expect(page.locator(".population .number")).to_have_text(number)


def explain(page: Page, kind: str) -> None:
    """Given a ticket's page and a clock that broke, open its explanation: intervals that count, and the verdict."""
    clock = page.locator(f"#clock-{kind}")
    expect(clock.locator(".clock-body")).to_be_hidden()
    expect(clock.locator("summary .chip-broken")).to_contain_text("超时")
    clock.get_by_text("为什么").click()
    expect(clock.locator(".rule")).to_contain_text("二.1.⑦")
    expect(clock.locator("tbody tr").first.locator("td")).to_have_count(6)
    expect(clock.locator("tbody tr").first.locator("td").nth(2)).to_have_text("计时")
    expect(clock.locator(".clock-body p > b")).to_contain_text("超时")


@WIDTHS
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_is_wider_than_its_window(year: Imported, visit_as_vendor: Visit, width: int, language: str) -> None:
    vendor = visit_as_vendor(width=width)
    vendor.speak(language)
    overhangs = {}
    for address in (*ADDRESSES, year.preview, year.result):
        vendor.page.goto(address)
        overhangs[address] = vendor.overhang()
    assert {address: told for address, told in overhangs.items() if told} == {}


@WIDTHS
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_sign_in_page_is_no_wider_than_its_window(year: Imported, visit: Visit, width: int, language: str) -> None:
    stranger = visit(year.served, width=width)
    stranger.speak(language)
    stranger.page.goto("/sign-in")
    assert stranger.overhang() == ""


def test_the_phone_menu_opens_and_leads_to_every_page(visit_as_vendor: Visit) -> None:
    vendor = visit_as_vendor(width=PHONE)
    page = vendor.page
    page.goto("/tickets")
    names = ["工单列表", "登记工单", "导入台账", "时限达标", "合同版本", "运行状况", "账号管理"]
    for name in names:
        entry = page.locator(".rail-entry", has_text=name)
        expect(entry).to_be_hidden()
        page.locator(".rail-button").click()
        expect(entry).to_be_visible()
        assert vendor.overhang() == ""
        assert height(entry) >= THUMB
        entry.click()
        expect(page.locator(".rail-entry.active")).to_have_text(name)


def test_a_new_fault_counts_down_and_offers_buttons_for_a_thumb(visit_as_vendor: Visit) -> None:
    vendor = visit_as_vendor(width=PHONE)
    page = vendor.page
    page.goto("/tickets")
    log_fault(page, "叫号屏不刷新")
    left = page.locator("#clock-response [data-left]")
    expect(left).to_contain_text("剩")
    first = left.inner_text()
    expect(left).not_to_have_text(first, timeout=3_000)
    assert "登记响应" in thumb_buttons(page)
    page.locator(".ask summary", has_text="驳回工单").click()
    assert thumb_buttons(page).count("驳回工单") == 2  # with the one below the reason
    assert vendor.overhang() == ""
    page.get_by_role("button", name="登记响应").click()
    expect(page.locator(".note")).to_have_text("已登记：响应")
    expect(page.locator("#clock-response summary")).to_contain_text("达标")


def log_fault(page: Page, title: str) -> None:
    """Given a signed-in page, log a fault reported now."""
    page.goto("/tickets/new")
    page.fill("#title", title)
    page.select_option("#type", "故障")
    page.get_by_role("button", name="登记工单").click()
    expect(page.locator("h1")).to_have_text(title)


def thumb_buttons(page: Page) -> list[str]:
    """Given a ticket's page, return what can be pressed in its bar of actions; a thumb must hit each."""
    buttons = page.locator(".actions .btn:visible")
    assert [button.inner_text() for button in buttons.all() if height(button) < THUMB] == []
    return buttons.all_inner_texts()


def height(shown: Locator) -> float:
    """Given something visible, return its height in pixels."""
    box = shown.bounding_box()
    assert box is not None
    return box["height"]


@WIDTHS
def test_every_chart_of_the_dashboard_is_drawn_with_bars(visit_as_vendor: Visit, width: int) -> None:
    vendor = visit_as_vendor(width=width)
    vendor.page.goto(MONTH)
    charts = vendor.page.locator("[data-chart]")
    expect(charts).to_have_count(6)  # a trend of each of four clocks, modules, hours
    for chart in charts.all():
        expect(chart.locator("svg path[fill='#c92a2a']").first).to_be_attached()
    assert vendor.overhang() == ""


def test_the_switch_shows_the_same_page_in_english_and_back(visit_as_vendor: Visit) -> None:
    page = visit_as_vendor().page
    page.goto("/tickets?month=2026-04&breached=1")
    population, chinese = page.locator(".population"), page.locator("h1").inner_text()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).not_to_have_text(re.compile("[一-鿿]"))
    expect(population).not_to_have_text(re.compile("[一-鿿]"))
    expect(page).to_have_url(re.compile(r"/tickets\?month=2026-04&breached=1$"))
    page.get_by_role("button", name="中文").click()
    expect(page.locator("h1")).to_have_text(chinese)


def test_a_list_filters_and_sorts_without_javascript(year: Imported, visit: Visit) -> None:
    vendor = visit(year.served, java_script_enabled=False)
    vendor.sign_in("vendor")
    page = vendor.page
    page.goto("/tickets?month=2026-04")
    page.get_by_label("类型", exact=True).select_option("缺陷")
    page.get_by_role("button", name="筛选").click()
    expect(page).to_have_url(re.compile("month=2026-04"))
    assert set(page.locator("tbody td:nth-child(4)").all_inner_texts()) == {"缺陷"}
    page.locator("thead").get_by_role("link", name="单号").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("单号")
    numbers = page.locator("tbody .cell-number").all_inner_texts()
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) > 1
    assert set(page.locator("tbody td:nth-child(4)").all_inner_texts()) == {"缺陷"}


def test_a_sheet_is_checked_without_javascript_by_refreshing_the_page(visit_as_vendor: Visit) -> None:
    vendor = visit_as_vendor(java_script_enabled=False)
    page = vendor.page
    page.goto("/import")
    page.set_input_files("#file", SHEET)
    page.get_by_role("button", name="检查文件").click()
    refresh, done = page.get_by_role("link", name="刷新进度"), page.locator(".counts")
    expect(refresh).to_be_visible()
    for _ in range(120):
        if not refresh.count():
            break
        refresh.click()
        page.wait_for_timeout(250)
    expect(done).to_be_visible()
    assert counts(vendor) == {"行数": 2344, "新增": 0, "补全": 0, "提出更正": 0, "无变化": 2344, "错误": 0}


def test_an_empty_console_says_on_every_page_what_to_do_next(served: Served, visit: Visit) -> None:
    hospital = visit(served, width=PHONE)
    hospital.first_sign_in("hospital")
    page = hospital.page
    for address in ("/tickets", "/dashboard"):
        page.goto(address)
        expect(page.get_by_role("heading", name="还没有工单")).to_be_visible()
        expect(page.locator(".empty-page a[href='/import']")).to_be_visible()
        assert hospital.overhang() == ""
    page.goto("/import")
    expect(page.get_by_text("还没有导入过。")).to_be_visible()
    assert hospital.overhang() == ""


def test_a_changed_contract_is_in_force_once_both_parties_confirmed_it(served: Served, visit: Visit) -> None:
    vendor, hospital = visit(served), visit(served)
    vendor.first_sign_in("vendor")
    hospital.first_sign_in("hospital")
    for visitor in (vendor, hospital):
        visitor.enrol_factor()
        visitor.page.goto("about:blank")  # nothing is under way when the console goes
    served.stop()
    served.start(OPS_CONFIG=str(changed_contract(served.folder)))
    for visitor in (vendor, hospital):
        visitor.page.goto("/contract")
        expect(visitor.page.locator(".proposed h2")).to_contain_text(f"第 2 版，自 {LATER} 起计")
        assert {"2 小时 → 1 小时 30 分", f"2025-01-01 → {LATER}"} <= set(differences(visitor.page))
    confirm(vendor.page)
    expect(vendor.page.get_by_text("本方已确认，等待对方。")).to_be_visible()
    expect(vendor.page.locator(".proposed")).to_contain_text("尚未确认")
    confirm(hospital.page)
    expect(hospital.page.locator(".proposed")).to_have_count(0)
    expect(hospital.page.locator("summary", has_text="第 2 版")).to_contain_text(f"生效 · 自 {LATER} 起计")


def changed_contract(folder: Path) -> Path:
    """Given a folder, put a config file there whose hotline limit is 90 minutes from a later day on."""
    before, hotline = (PROJECT / "config.toml").read_text(encoding="utf-8").split('id = "C-38"', 1)
    before = before.replace("counts_from = 2025-01-01", f"counts_from = {LATER}")
    hotline = hotline.replace("limit_minutes = 120", "limit_minutes = 90")
    path = folder / "config.toml"
    path.write_text(f'{before}id = "C-38"{hotline}', encoding="utf-8")
    return path


def differences(page: Page) -> list[str]:
    """Given the contract's page, return what the proposed version changes, as `old → new`."""
    rows = page.locator(".proposed .list-diff tbody tr").all()
    return [" → ".join(row.locator("td").all_inner_texts()[1:]) for row in rows]


def confirm(page: Page) -> None:
    """Given the contract's page, confirm the proposed version for one's own side; the question is answered yes."""
    page.reload()
    page.get_by_role("button", name="代表本方确认第 2 版").click()
    expect(page.locator(".note-success")).to_have_text("已代表本方确认这一合同版本。")
