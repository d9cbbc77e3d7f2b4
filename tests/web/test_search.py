"""The search page and the words of a list: newest first, what was found marked, nothing of it trusted as HTML."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest

from ops_console.core.people import SYSTEM
from ops_console.core.search import HIT_LIMIT, LONGEST
from ops_console.services import search
from ops_console.services.jobs import ask
from tests.conftest import NOON, do, log_ticket
from tests.web.conftest import Site, everything
from tests.web.pages import Browser, Page

HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' OR 1=1--", '" OR "', "a* NOT b", "NEAR(a b)",
    "a^2", "{{7*7}}", "%s", "100%", "_", "%(q)s", "😀", "col:卡", "a\\", "a AND", "(((", "卡纸\x00", "-卡", "+卡",
    "ticket_pieces MATCH 'a'",
)  # fmt: skip
TOO_MUCH = [("。", "只有标点"), ("卡" * (LONGEST + 1), "最多 100 个字"), ("a b c d e f g h i", "最多找 8 个词")]


def hits(page: Page) -> list[str]:
    """The numbers of the hits shown."""
    return [item.one("span", "number").text.replace(" ", "") for item in page.root.one("ol", "hits").all("li")]


def marks(page: Page) -> list[str]:
    """What is marked on the page."""
    return [mark.text for mark in page.main.all("mark")]


@pytest.fixture
def vendor(site: Site) -> Browser:
    """The vendor of an empty house."""
    return site.as_("vendor")


def test_hits_are_listed_newest_first_with_what_was_found_marked(site: Site, vendor: Browser) -> None:
    first = log_ticket(site.console, title="打印机卡纸", at=NOON - timedelta(minutes=9))
    told = "早上起\n打印机卡纸，重启无效"
    other = log_ticket(site.console, title="ＨＩＳ慢", description=told, at=NOON - timedelta(minutes=2))
    log_ticket(site.console, title="登录失败")

    page = vendor.get("/search", q="卡纸")

    assert hits(page) == [other, first]
    assert marks(page) == ["卡纸", "卡纸"]
    assert "早上起 打印机卡纸，重启无效" in page.main.one("p", "hit-passage").text.replace(" 卡纸 ", "卡纸")
    assert "共 2 件" in page.main.text
    assert page.main.all("a", href=f"/tickets/{first}")


@pytest.mark.parametrize(("typed", "marked"), [("his", ["ＨＩＳ"]), ("打", ["打"]), ("打印 二楼", ["打印", "二楼"])])
def test_words_of_any_length_and_width_are_found(site: Site, vendor: Browser, typed: str, marked: list[str]) -> None:
    log_ticket(site.console, title="ＨＩＳ里打印", department="门诊二楼")
    assert sorted(marks(vendor.get("/search", q=typed))) == sorted(marked)


def test_a_number_typed_exactly_leads_to_the_ticket_and_a_part_of_it_to_the_hits(site: Site, vendor: Browser) -> None:
    number = log_ticket(site.console)
    assert vendor.get("/search", q=f" {number.lower()}").location == f"/tickets/{number}"
    page = vendor.get("/search", q=number[5:])
    assert (page.status, hits(page), marks(page)) == (200, [number], [number[5:]])


def test_an_empty_search_says_what_can_be_looked_for(vendor: Browser) -> None:
    page = vendor.get("/search")
    assert page.status == 200
    assert "可以输入单号或其中一段" in page.main.text


def test_nothing_found_says_what_to_try(site: Site, vendor: Browser) -> None:
    log_ticket(site.console)
    page = vendor.get("/search", q="龘龘", type="故障")
    assert "没有找到含“龘龘”的工单" in page.main.text
    assert "换一个更短的词" in page.main.text
    assert [a["href"] for a in page.main.all("a", "btn")] == [f"/search?q={quote('龘龘')}"]


@pytest.mark.parametrize("path", ["/search", "/tickets"])
@pytest.mark.parametrize(("typed", "told"), TOO_MUCH)
def test_what_cannot_be_looked_for_is_told_beside_the_field(vendor: Browser, path: str, typed: str, told: str) -> None:
    page = vendor.get(path, q=typed)
    assert page.status == 400
    assert told in page.main.one("p", id="fault-q").text
    assert page.main.one("input", name="q")["value"] == typed
    assert page.main.one("input", name="q")["aria-describedby"] == "fault-q"


@pytest.mark.parametrize("path", ["/search", "/tickets"])
@pytest.mark.parametrize("typed", HOSTILE)
def test_hostile_words_are_words(site: Site, vendor: Browser, path: str, typed: str) -> None:
    shown = typed.replace("\x00", "")
    log_ticket(site.console, title=f"甲{shown}乙")
    page = vendor.get(path, q=typed)
    assert page.status in (200, 400)
    assert not page.tree.faults
    assert "<script>alert" not in page.html and "<img src=x" not in page.html
    if page.status == 200:
        assert "".join(marks(page)).replace(" ", "") != ""


def test_filters_narrow_the_hits_and_are_kept_while_turning_pages(site: Site, vendor: Browser) -> None:
    for at in range(25):
        log_ticket(site.console, title="卡纸", type="咨询" if at % 5 == 0 else "故障", at=NOON - timedelta(minutes=at))
    page = vendor.get("/search", q="卡纸", type="咨询")
    assert len(hits(page)) == 5
    assert vendor.get("/search", q="卡纸", type="咨询", page="2").main.one("h2").text == "没有第 2 页"
    following = vendor.get("/search", q="卡纸").main.one("a", rel="next")["href"]
    assert f"q={quote('卡纸')}" in following
    assert len(hits(vendor.get(following))) == 5


def test_a_list_is_narrowed_by_words_together_with_its_filters_and_sorts(site: Site, vendor: Browser) -> None:
    made = [
        log_ticket(site.console, title=title, type=kind, at=NOON - timedelta(minutes=at))
        for at, (title, kind) in enumerate([("卡纸", "故障"), ("卡纸", "咨询"), ("慢", "故障"), ("又卡纸", "故障")])
    ]
    page = vendor.get("/tickets", q="卡纸", type="故障")
    assert page.numbers == [made[0], made[3]]
    assert page.count == 2
    assert marks(page) == ["卡纸", "卡纸"]
    assert vendor.get("/tickets", q="卡纸", sort="reported", order="asc").numbers == [made[3], made[1], made[0]]
    assert vendor.get("/tickets", q="卡纸", sort="number", order="asc").numbers == sorted([made[0], made[1], made[3]])
    assert [n.replace(" ", "") for n in vendor.get("/tickets", q=made[2][5:]).numbers] == [made[2]]
    assert "含“卡纸”" in page.main.one("p", "chosen").text


def test_more_hits_than_are_counted_say_so(site: Site, vendor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops_console.core.search.HIT_LIMIT", 40)
    monkeypatch.setattr("ops_console.web.search.HIT_LIMIT", 40)
    for at in range(41):
        log_ticket(site.console, title="卡纸", at=NOON - timedelta(seconds=at))
    page = vendor.get("/search", q="卡纸", page="2")
    assert "超过 40 件" in page.main.text
    assert "第 2 页，共 2 页" in page.main.text
    assert not page.main.all("a", rel="next")
    assert HIT_LIMIT == 1000


def test_a_search_asks_the_same_number_of_statements_however_many_hits(site: Site, vendor: Browser) -> None:
    counts = []
    vendor.get("/search", q="打印机卡", type="故障")  # what is asked once a session is asked
    for _ in range(3):
        for _ in range(6):
            log_ticket(site.console, title="卡纸 打印机卡")
        with site.statements() as said:
            vendor.get("/search", q="打印机卡", type="故障")
        counts.append(len(said))
    assert len(set(counts)) == 1
    assert counts[0] <= 8


def test_while_the_index_is_being_filled_the_page_says_how_far_it_is(site: Site, vendor: Browser) -> None:
    with site.console.write() as session:
        ask(session, job=search.JOB, key=search.FIRST_RUN, params={}, actor=SYSTEM, now=NOON)
    assert "正在建立索引，已完成 0/0" in vendor.get("/search", q="卡").main.one("div", role="status").text
    site.run_jobs()
    assert not vendor.get("/search", q="卡").main.all("div", role="status")


def test_searching_changes_no_row(site: Site, vendor: Browser) -> None:
    number = log_ticket(site.console)
    before = everything(site.console)
    for typed in ("打", number, "", "。", "没有"):
        vendor.get("/search", q=typed)
    assert everything(site.console) == before


def test_a_note_of_the_hospital_alone_is_not_in_the_index(site: Site, vendor: Browser) -> None:
    from ops_console.core.tickets import Event
    from ops_console.services.ticket_rows import write
    from ops_console.store import audit, tickets

    number = log_ticket(site.console)
    with site.console.write() as session:
        row = tickets.lock(session, number)
        assert row is not None
        events = audit.of_tickets(session, [row.id])[row.id]
        noted = Event("noted", NOON, NOON, "hospital", "hospital", personal={"note": "私下的话", "text": "私下的话"})
        write(session, site.console.book(session), {number: [*events, noted]}, {number: row}, NOON, new=1)
    assert not vendor.get("/search", q="私下").main.all("ol", "hits")


def test_who_may_not_read_tickets_is_refused_and_has_no_box(site: Site) -> None:
    administrator = site.as_("administrator")
    assert administrator.get("/search", q="卡").status == 403
    assert not administrator.get("/system").root.all("form", role="search")


def test_what_a_move_tells_is_found_at_once(site: Site, vendor: Browser) -> None:
    number = log_ticket(site.console)
    do(site.console, number, "responded")
    do(site.console, number, "restored", personal={"process": "更换硒鼓"})
    assert hits(vendor.get("/search", q="硒鼓")) == [number]
