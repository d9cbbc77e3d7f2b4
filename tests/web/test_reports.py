"""The dashboard: its numbers are the report's, and each number opens exactly the rows it counts."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import DATA, import_sheet, log_ticket
from tests.sheets import rows, write_sheet
from tests.web.conftest import Site
from tests.web.pages import Browser, Node, Page
from tests.web.test_tickets import dangers, statements

EXPECTED = json.loads((DATA / "tickets-2026.expected.json").read_text())
MONTHS = [f"2026-{month:02d}" for month in range(1, 12)]
CLOCKS = {"响应": "response", "到场": "arrival", "排除": "repair", "热线": "hotline"}
CLASSES = {"工作时间": "work", "非工作时间": "off"}
FOLLOWED: dict[str, tuple[int, int, list[str]]] = {}  # the months share most of their trend: each address once


@pytest.fixture
def chief(year: Site) -> Browser:
    """The hospital's chief, looking at the year."""
    return year.as_("hospital")


def number_of(link: Node) -> int | None:
    found = re.search(r"\d+", link.text)
    return int(found[0]) if found else None


def number_links(page: Page) -> list[tuple[str, int]]:
    """Return (address, number) of every link that shows a number of tickets or clocks."""
    found = [(a["href"], number_of(a)) for a in page.main.all("a") if a["href"].startswith("/tickets")]
    return [(address, number) for address, number in found if number is not None]


def rounded(part: int, whole: int) -> Decimal:
    """Return the percentage to one place as a person would round it; what is not all is never 100.0."""
    exact = (Decimal(100 * part) / whole).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return exact if part == whole else min(exact, Decimal("99.9"))


def follow(browser: Browser, address: str) -> tuple[int, int, list[str]]:
    """Return how many tickets the list says it is about, how many rows it has, and the rules in its head."""
    if address not in FOLLOWED:
        page = browser.get(address)
        assert page.status == 200
        FOLLOWED[address] = (page.count, len(page.numbers), [rule.text for rule in page.root.all("p", "rule")])
    return FOLLOWED[address]


@pytest.mark.parametrize("month", MONTHS)
def test_tiles_show_the_numbers_of_the_report(chief: Browser, month: str) -> None:
    page = chief.get(f"/dashboard?month={month}")
    seen: dict[str, dict[str, dict[str, int]]] = {}
    for tile in page.root.all("article", "tile"):
        clock, klass = tile.one("h2").text.split()
        told = tile.one("p", "tile-links").text
        total, breached, running = (
            int((re.search(rf"{word} (\d+)", told) or [0, 0])[1]) for word in ("全部", "超时", "进行中")
        )
        count = {"total": total, "breached": breached, "running": running, "met": total - breached - running}
        seen.setdefault(CLOCKS[clock], {})[CLASSES[klass]] = count
        main = tile.one("p", "tile-main").text
        if count["met"] + breached:
            judged = count["met"] + breached
            assert main == f"{count['met']} / {judged} {rounded(count['met'], judged)}%"
        else:
            assert main == "尚无结果"

    assert seen == EXPECTED[month]


@pytest.mark.parametrize("month", MONTHS)
def test_every_number_opens_exactly_the_rows_it_counts(chief: Browser, month: str) -> None:
    links = number_links(chief.get(f"/dashboard?month={month}"))

    assert len(links) > 40
    for address, number in links:
        count, shown, told = follow(chief, address)
        assert (count, shown) == (number, min(number, 50)), address
        asked = parse_qs(urlsplit(address).query)
        if "clock" in asked:
            assert told, address
            assert all("合同" in rule or "补充约定" in rule for rule in told)


@pytest.mark.parametrize("month", MONTHS)
def test_second_click_opens_a_ticket_whose_clock_is_broken(chief: Browser, month: str) -> None:
    for tile in chief.get(f"/dashboard?month={month}").root.all("article", "tile-broken"):
        address = tile.one("a", "broken")["href"]
        kind = parse_qs(urlsplit(address).query)["clock"][0]
        for cell in chief.get(address).root.all("td", "cell-number")[:2]:
            page = chief.get(cell.one("a")["href"])
            clock = page.root.one("details", id=f"clock-{kind}")
            assert "clock-breached" in clock["class"].split()
            assert tile.one("p", "tile-rule").text == clock.one("p", "rule").text


def test_sentence_of_the_month_counts_its_tickets(chief: Browser) -> None:
    with (DATA / "tickets-2026.csv").open(encoding="utf-8-sig", newline="") as file:
        reported = Counter(line["报修时间"][:7] for line in csv.DictReader(file))

    for month in MONTHS:
        page = chief.get(f"/dashboard?month={month}")
        assert page.root.one("p", "sentence").text.startswith(f"本月报修 {reported[month]} 件")
        assert (
            f"统计对象：{month}（北京时间）报修的工单的时限，截至 2026-11-20 18:00"
            in page.root.one("p", "population").text
        )


def test_trend_is_the_report_of_twelve_months(chief: Browser) -> None:
    table = chief.get("/dashboard?month=2026-11").root.one("table", "list-months")

    assert [th.text for th in table.one("thead").all("th")][1:] == ["25-12", *(month[2:] for month in MONTHS)]
    for line in table.one("tbody").all("tr"):
        clock = CLOCKS[line.one("th").text]
        cells = [cell.text for cell in line.all("td")][1:]
        for month, cell in zip(MONTHS, cells, strict=True):
            counts = EXPECTED[month].get(clock, {}).values()
            met, broken = (sum(count[name] for count in counts) for name in ("met", "breached"))
            assert cell == f"{met} / {met + broken}" + (f" −{broken}" if broken else "")


def test_chart_draws_what_the_table_says(chief: Browser) -> None:
    page = chief.get("/dashboard?month=2026-05")
    values = json.loads(page.root.one("script", id="chart-values").text)

    assert values["months"] == [
        "2025-06",
        "2025-07",
        "2025-08",
        "2025-09",
        "2025-10",
        "2025-11",
        "2025-12",
        *MONTHS[:5],
    ]
    breached = {clock["name"]: clock["breached"] for clock in values["clocks"]}
    for name, kind in CLOCKS.items():
        wanted = [
            sum(c["breached"] for c in EXPECTED.get(month, {}).get(kind, {}).values()) for month in values["months"]
        ]
        assert breached[name] == wanted
    modules = [[cell.text for cell in tr.all("td")] for tr in page.root.all("table", "list-plain")[1].all("tr")]
    assert [[name, str(n)] for name, n in values["modules"]] == modules


def test_newest_month_with_tickets_comes_first(chief: Browser) -> None:
    page = chief.get("/dashboard")

    assert page.root.one("h1").text == "时限达标 · 2026-11"
    options = [option.text for option in page.root.one("select", name="month").all("option")]
    assert options == MONTHS[::-1]
    around = [a["href"] for a in page.root.one("form", "month").all("a")]
    assert around == ["/dashboard?month=2026-10", "/dashboard?month=2026-12"]


def test_month_without_tickets_says_so(chief: Browser) -> None:
    page = chief.get("/dashboard?month=2025-11")

    assert "这个月没有工单。" in page.text
    assert "本月无发生" in page.text
    assert "%" not in page.main.text.replace("百分比", "")


def test_empty_console_says_what_comes_here(site: Site) -> None:
    vendor, auditor = site.as_("vendor").get("/dashboard"), site.as_("auditor").get("/dashboard")

    assert "导入台账之后，这里按月显示" in vendor.text
    assert [a["href"] for a in vendor.root.one("section", "empty-page").all("a")] == ["/import"]
    assert auditor.root.one("section", "empty-page").all("a") == []


@pytest.mark.parametrize(
    "month",
    ["x", "2026-13", "2026-00", "9999-12", "0001-01", "0000-00", "1900-01", "2999-12", "1899-12", "2026-1", "%00", "😀",
     "%ED%A0%80", "' OR 1=1--", "%3Csvg%20onload=alert(1)%3E", "9" * 3000, "2026-03%0a", "２０２６-０３", "%25(n)s"],
)  # fmt: skip
def test_hostile_months_are_answered(chief: Browser, month: str) -> None:
    page = chief.get(f"/dashboard?month={month}")

    assert page.status == 200
    assert not dangers(page)
    assert not page.tree.faults


def test_month_that_is_none_is_told_and_the_newest_shown(chief: Browser) -> None:
    page = chief.get("/dashboard?month=spring")

    assert any("“spring”不是月份" in note for note in page.notes)
    assert page.root.one("h1").text == "时限达标 · 2026-11"


def test_provisional_clocks_are_told_and_opened(site: Site) -> None:
    site.clock.forward(days=60)  # into 2027, whose days are not known yet
    number = log_ticket(site.console)
    page = site.as_("hospital").get("/dashboard?month=2027-01")

    note = page.root.one("div", "note-warning")
    assert "本月有 1 个时限按暂定日历计算，本月不能锁定。" in note.text
    assert site.as_("hospital").get(note.one("a")["href"]).numbers == [number]
    assert "2027 年节假日安排尚未录入" in page.text


def test_english_switch_is_kept_by_the_browser(year: Site) -> None:
    browser = year.signed_in("hospital")
    page = browser.get("/dashboard?month=2026-03")
    form = page.root.all("form", action="/language")[0]
    answer = browser.post("/language", language="en", back=form.one("input", name="back")["value"])

    assert answer.location == "/dashboard?month=2026-03"
    english = browser.get(answer.location)
    assert english.root.one("html")["lang"] == "en"
    assert "2026-03" in english.root.one("h1").text
    assert not re.search(r"达标|超时|工单|本月", english.main.text)
    back = browser.send("/language", language="zh", back="/dashboard?month=2026-03")
    assert back.text == page.text


def test_statements_of_the_dashboard_do_not_grow(
    site: Site, year: Site, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import_sheet(site.console, write_sheet(tmp_path_factory.mktemp("some") / "some.csv", *rows(20)))

    few, many = (statements(here, "/dashboard?month=2026-11") for here in (site, year))

    assert few == many <= 11
