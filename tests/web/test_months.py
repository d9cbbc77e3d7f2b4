"""The month on one screen: what it says in every state and to every role, and that every figure opens its rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import urlsplit

import pytest
from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.measures import MEASURES
from ops_console.core.money import ADVANCE, QUARTER_NODE, Fee, Node
from ops_console.core.people import Actor
from ops_console.core.score_preset import PRESET
from ops_console.core.terms import Opening
from ops_console.services import assessments, duties, entries
from ops_console.services.entries import NewEntry
from ops_console.services.month_words import Desk
from tests.breach_cases import case_in
from tests.caps import approve, ask
from tests.conftest import FakeClock, do, log_ticket
from tests.duties import done, plan, the, without_clauses
from tests.services.test_scores import confirm, propose
from tests.signing import (
    CHIEF,
    MANAGER,
    OCTOBER,
    OFFICER,
    amend,
    contract,
    freeze_next,
    pen,
    sign,
    standing,
    terms_of,
)
from tests.web.conftest import Site
from tests.web.pages import Node as Element
from tests.web.pages import Page

READERS = ("hospital", "officer", "leader", "manager", "vendor", "auditor")
OTHERS = ("administrator", "security", "audit_administrator")
CHECK = "C-33/inspection/2026-10-01/1"
MONTH = "/month/2026-10"


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


@pytest.fixture
def house(site: Site) -> Site:
    """The shipped contract, live from October, with a fee; October's duties are planned."""
    amend(site.console, go_live_on=date(2026, 10, 1), fee=Fee(93_600_000))
    plan(site.console)
    return site


def late_answer(site: Site, clock: FakeClock, **given: object) -> str:
    """A fault answered after 31 minutes; return its number."""
    number = log_ticket(site.console, **given)
    clock.forward(minutes=31)
    do(site.console, number, core.RESPONDED)
    return number


def rich_october(site: Site, clock: FakeClock) -> None:
    """Nothing left out: kept and broken clocks, a pause, caps, duties of all kinds, a case, a sheet, entries, words."""
    console = site.console
    amend(console, openings=(Opening("C-31", 2, 5, "盘点表第 3 页"),))
    late_answer(site, clock, title="打不开处方")
    onsite = log_ticket(console, needs_onsite=True)
    for kind in (core.RESPONDED, core.ARRIVED):
        do(console, onsite, kind)
    do(console, onsite, core.SUSPEND, reason="等医院停机窗口", cause="甲方原因")
    clock.forward(minutes=1)
    do(console, onsite, core.SUSPENSION_DECIDED, CHIEF, approved=True)
    clock.forward(minutes=90)
    do(console, onsite, core.RESUMED)
    do(console, onsite, core.RESTORE)
    clock.forward(minutes=2)
    do(console, onsite, core.CONFIRMED, CHIEF)
    log_ticket(console, type="咨询", title="怎么退号")
    log_ticket(console, type="指令性任务", title="省级检查")
    for title in ("模板调整", "新增表单"):
        approve(console, ask(console, "C-25", title=title))
    ask(console, "C-29", title="问诊模板")
    done(console, CHECK)
    case_in(console, "executed")


def on_the_first(site: Site, clock: FakeClock) -> None:
    """It is 2 November, 10 o'clock: October is a draft."""
    clock.at = datetime(2026, 11, 2, 2, tzinfo=OCTOBER.tzinfo)
    site._signed_in.clear()


def later(site: Site, clock: FakeClock, at: datetime) -> None:
    clock.at = at
    site._signed_in.clear()


def sentence(page: Page) -> str:
    return page.main.all("p", "sentence")[0].text


def sheet_for_october(site: Site, clock: FakeClock) -> None:
    """The preset, agreed in September for October on."""
    at = clock.at
    clock.at = datetime(2026, 9, 20, 2, tzinfo=OCTOBER.tzinfo)
    confirm(site.console, propose(site.console, PRESET, "2026-10"))
    clock.at = at


def enter(site: Site, name: str, value: entries.Value) -> None:
    with site.console.write() as session:
        entries.enter(
            session, site.console.book(session), NewEntry("2026-10", MEASURES[name], value), OFFICER,
            site.console.now(), last_frozen=assessments.last_frozen,
        )  # fmt: skip


# -- states and roles -------------------------------------------------------------------------------------------------


def running(site: Site, clock: FakeClock) -> None:
    late_answer(site, clock)


def draft(site: Site, clock: FakeClock) -> None:
    running(site, clock)
    on_the_first(site, clock)


def overdue(site: Site, clock: FakeClock) -> None:
    running(site, clock)
    later(site, clock, datetime(2026, 11, 20, 2, tzinfo=OCTOBER.tzinfo))


def frozen(site: Site, clock: FakeClock) -> None:
    running(site, clock)
    freeze_next(site.console, clock, "2026-10")
    site._signed_in.clear()


def signed_by_hospital(site: Site, clock: FakeClock) -> None:
    frozen(site, clock)
    sign(site.console, CHIEF)


def signed_by_vendor(site: Site, clock: FakeClock) -> None:
    frozen(site, clock)
    sign(site.console, MANAGER)


def signed_by_both(site: Site, clock: FakeClock) -> None:
    signed_by_hospital(site, clock)
    sign(site.console, MANAGER)


def closed_alone(site: Site, clock: FakeClock) -> None:
    signed_by_hospital(site, clock)
    later(site, clock, standing(site.console).answer_by)
    with site.console.write() as session:
        pen(site.console, session, CHIEF).lock_alone(standing(site.console).digest)


STATES: dict[str, tuple[Callable[[Site, FakeClock], None], str, str, str]] = {
    # what was done, which month, its state, what is said of who does what next and by when
    "running": (running, "2026-10", "进行中", "次月第 5 个工作日（2026-11-06）结束时冻结"),
    "draft": (draft, "2026-10", "草稿", "2026-11-06（第 5 个工作日）结束时由控制台冻结事实；此前乙方说明"),
    "overdue": (overdue, "2026-10", "草稿", "应于 2026-11-06 冻结，已过期：控制台每天凌晨自动冻结，医院也可以现在冻结"),
    "frozen": (frozen, "2026-10", "事实已冻结", "等待双方签署；乙方的答复期到"),
    "signed by the hospital": (signed_by_hospital, "2026-10", "事实已冻结", "甲方已签署，等待乙方；答复期到"),
    "signed by the vendor": (signed_by_vendor, "2026-10", "事实已冻结", "乙方已签署，等待甲方"),
    "signed by both": (signed_by_both, "2026-10", "已锁定", "双方已签署"),
    "closed by the hospital alone": (closed_alone, "2026-10", "已锁定", "甲方单方认定，乙方未签"),
    "before go-live": (running, "2026-09", "历史（未考核）", "起始考核日（2026-10-01）之前的月份只作参考"),
    "ahead": (running, "2026-12", "未到", "这个月还没有开始"),
}


@pytest.mark.parametrize("state", STATES)
def test_every_state_says_to_every_role_who_does_what_next(house: Site, clock: FakeClock, state: str) -> None:
    arrange, month, word, told = STATES[state]
    arrange(house, clock)
    for role in READERS:
        page = house.as_(role).get(f"/month/{month}")
        assert (page.status, page.tree.faults) == (200, []), role
        assert word in sentence(page) and told in sentence(page), (role, sentence(page))
        offered = {urlsplit(form["action"]).path.rpartition("/")[2] for form in page.main.all("form", method="post")}
        is_open = state in ("draft", "overdue", "frozen")  # once one side signed, it must take that back first
        assert ("先由签署方撤回签署" in page.text) is (state in ("signed by the hospital", "signed by the vendor"))
        may_object = is_open and role in ("hospital", "manager", "vendor")
        assert ("objections" in offered) is may_object, (role, offered)
        assert ("freeze" in offered) is (is_open and role == "hospital"), (role, offered)
    for role in OTHERS:
        assert house.as_(role).get(f"/month/{month}").status == 403


def test_what_is_in_the_way_of_freezing_is_said(house: Site, clock: FakeClock) -> None:
    later(house, clock, datetime(2026, 12, 20, 2, tzinfo=OCTOBER.tzinfo))
    assert "请先冻结 2026-10" in sentence(house.as_("hospital").get("/month/2026-11"))
    answer = house.as_("hospital").post("/month/2026-11/freeze")
    assert answer.status == 400 and "请先冻结 2026-10" in answer.notes[0]


def test_a_month_whose_two_readings_collide_cannot_be_settled_and_says_which(house: Site, clock: FakeClock) -> None:
    terms = terms_of(house.console)
    amend(house.console, limits=(*terms.limits[:4], replace(terms.limits[4], except_types=())), questions=(), chosen=())
    late_answer(house, clock)
    later(house, clock, datetime(2026, 11, 20, 2, tzinfo=OCTOBER.tzinfo))
    for role in READERS:
        page = house.as_(role).get(MONTH)
        assert "已过期：双方先在“合同条款与口径”排定" in sentence(page)
        (note,) = [note for note in page.notes if "口径互相冲突" in note]
        assert "故障 工作时间 C-15 / C-38" in note
    answer = house.as_("hospital").post(f"{MONTH}/freeze")
    assert answer.status == 400 and any("同时适用（C-15、C-38）" in note for note in answer.notes)


def test_addresses_that_are_no_month_or_no_contract(house: Site) -> None:
    chief = house.as_("hospital")
    assert [chief.get(f"/month/{month}").status for month in ("2026-13", "26-10", "october")] == [400, 400, 400]
    assert chief.get(MONTH, contract="99").status == 404
    assert "历史（未考核）" in sentence(chief.get("/month/1999-01"))
    for path in ("clocks/C-99/kept", "clocks/C-15/best", "duties/C-33/best", "duties/C-15/every", "tickets/best",
                 "caps/C-33", "clauses/C-15", "clauses/C-33", "items/A1"):  # fmt: skip
        assert chief.get(f"{MONTH}/{path}").status == 404, path


def test_a_month_without_tickets_has_no_percentage(house: Site, clock: FakeClock) -> None:
    on_the_first(house, clock)
    page = house.as_("hospital").get(MONTH)
    tiles = page.main.all("article", "tile")
    assert len(tiles) == 5 and all("本月无发生" in tile.text and "%" not in tile.text for tile in tiles)
    assert "0 / 0" in page.main.one("section", id="credibility").text


def test_a_contract_without_clauses_has_its_limits_and_says_what_it_lacks(site: Site, clock: FakeClock) -> None:
    without_clauses(site.console)
    amend(site.console, go_live_on=date(2026, 10, 1))
    late_answer(site, clock)
    page = site.as_("hospital").get(MONTH)
    assert len(page.main.all("article", "tile")) == 5
    for words in ("合同里没有年度额度", "本月没有到期的义务", "合同数据里没有写运维费用", "还没有双方确认的评分表"):
        assert words in page.main.text
    assert not page.main.all("section", id="clauses")
    assert "合同数据里没有写运维费用" in site.as_("hospital").get(f"{MONTH}/money").text


# -- figures ----------------------------------------------------------------------------------------------------------


def links(element: Element) -> list[tuple[str, str]]:
    """Every link to a page inside: its address without the anchor, its text."""
    found = [(link["href"].partition("#")[0], link.text) for link in element.all("a") if link.get("href")]
    return [(address, text) for address, text in found if address]


def rows_of(page: Page) -> list[Element]:
    return [row for row in page.main.all("tr") if row.all("td")]


NUMBER = re.compile(r"\d+")
SECOND = re.compile(r"/(tickets/GD-|duties/\d|caps/\d|breaches/|month/[\d-]+/(entries|items)|months/[\d-]+/entries)")


@pytest.mark.parametrize("is_frozen", [False, True])
def test_every_figure_opens_exactly_its_rows_and_every_row_its_ticket(
    house: Site, clock: FakeClock, is_frozen: bool
) -> None:
    sheet_for_october(house, clock)
    rich_october(house, clock)
    enter(house, "complaints", entries.Value(1, 2))
    on_the_first(house, clock)
    with house.console.write() as session:
        desk = desk_of(house, session, MANAGER)
        desk.object("C-15", "医院的电话打到了旧号码")
        desk.object("C-33", "巡检表已交")
        desk.object("money", "扣款没有依据")
    if is_frozen:
        freeze_next(house.console, clock, "2026-10")
        house._signed_in.clear()
    chief = house.as_("hospital")
    page = chief.get(MONTH)
    seen: dict[str, int] = {}
    for address, text in dict.fromkeys(links(page.main)):
        answer = chief.ask("GET", address)
        assert answer.status == 200, (address, text)
        path = urlsplit(address).path
        if re.search(r"/month/2026-10/(clocks|duties|tickets|clauses)/", path):
            assert "规则：" in answer.main.all("p", "population")[0].text, address
            rows = rows_of(answer)
            shown = NUMBER.findall(re.sub(r"C-\d+", "", text))
            if shown and "处" not in text:  # corrections are counted one by one, several of a ticket
                assert len(rows) == int(shown[-1]), (address, text)
                seen[path.split("/")[3]] = seen.get(path.split("/")[3], 0) + len(rows)
            for row in rows:
                assert any(SECOND.search(second) for second, _ in links(row)), (address, row.text)
    assert seen["clocks"] and seen["duties"] and seen["tickets"] and seen["clauses"], seen
    paths = {urlsplit(address).path for address, _ in links(page.main)}
    for wanted in ("caps/C-12", "caps/C-25", "caps/C-29", "caps/C-31", "duties/C-33/kept", "duties/C-33/owed",
                   "tickets/from_hospital", "tickets/unproven", "tickets/corrections", "tickets/late", "money",
                   "clauses/C-07", "clocks/C-15/broken", "clocks/C-18/adjusted", "clocks/C-15/raw"):  # fmt: skip
        assert f"{MONTH}/{wanted}" in paths, wanted
    for row in rows_of_section(page.main.one("section", id="sheet")):
        figures = [cell for cell in row.all("td")[2:5] if NUMBER.search(cell.text)]
        assert all(cell.all("a") for cell in figures), row.text


def desk_of(site: Site, session: Session, actor: Actor) -> Desk:
    """Given a writing session and who speaks, return the desk of October's words."""
    book = site.console.book(session)
    return Desk(session, book, contract(site.console), "2026-10", actor=actor, now=site.console.now())


@pytest.mark.parametrize("role", READERS)
def test_no_role_finds_a_dead_link_on_the_screen(house: Site, clock: FakeClock, role: str) -> None:
    rich_october(house, clock)
    on_the_first(house, clock)
    reader = house.as_(role)
    page = reader.get(MONTH)
    anchors = {element.get("id") for element in page.root.walk()}
    for link in page.main.all("a"):
        address, _, anchor = link.get("href").partition("#")
        if address:
            assert reader.ask("GET", address).status == 200, (role, address)
        elif anchor:
            assert anchor in anchors, (role, anchor)


def test_the_tile_has_three_readings_and_the_broken_one_in_words(house: Site, clock: FakeClock) -> None:
    number = late_answer(house, clock, title="打不开处方")
    tile = house.as_("auditor").get(MONTH).main.all("article", "tile")[0]
    assert "C-15 响应 工作时间" in tile.text and "0 / 1 0.0%" in tile.text
    assert "超时 1" in tile.text and "（计入）" in tile.text
    page = house.as_("auditor").get(f"{MONTH}/clocks/C-15/broken")
    assert "C-15 响应 · 超时 1" in page.main.one("h1").text
    assert "工作时间故障响应时间不超过0.5小时" in page.main.one("p", "sentence").text
    (row,) = rows_of(page)
    assert number in row.text and "打不开处方" in row.text and "31 分" in row.text


def test_a_caps_meter_counts_forecasts_and_is_never_coloured_for_low_use(house: Site, clock: FakeClock) -> None:
    amend(house.console, openings=(Opening("C-31", 2, 6, "盘点表第 3 页"),))
    approve(house.console, ask(house.console, "C-25", title="告知海报"))
    caps = house.as_("hospital").get(MONTH).main.one("section", id="caps")
    assert "C-31 客户化开发 6 / 8 还剩 2 次" in caps.text
    assert "按此速度本合同年够用；到合同年末（2026-12-31）约 8 次" in caps.text
    assert "次数太少，不作预测" in caps.text and "用不满不算未完成" in caps.text
    assert not caps.all("span", "chip-broken") and "red" not in caps.text
    meters = caps.all("div", "cap-meter")
    assert [meter.get("class").split()[1] for meter in meters] == ["cap-free", "cap-free", "cap-free", "cap-near"]
    opened = house.as_("hospital").get(f"{MONTH}/caps/C-31")
    assert "C-31 客户化开发 · 6 / 8" in opened.main.one("h1").text
    assert [row.text for row in rows_of(opened)] == ["期初已用 6 次 盘点表第 3 页"]
    (row,) = rows_of(house.as_("hospital").get(f"{MONTH}/caps/C-25"))
    assert "告知海报" in row.text and "已占用" in row.text


def test_a_frozen_meter_stands_and_says_what_changed_since(house: Site, clock: FakeClock) -> None:
    first = ask(house.console, "C-29", title="问诊模板")
    freeze_next(house.console, clock, "2026-10")
    house._signed_in.clear()
    assert "冻结之后" not in house.as_("hospital").get(f"{MONTH}/caps/C-29").text
    clock.at = datetime(2026, 10, 30, 2, tzinfo=OCTOBER.tzinfo)  # told later, of a day within the month
    approve(house.console, first)
    page = house.as_("hospital").get(f"{MONTH}/caps/C-29")
    assert "C-29 政策性修改 · 0 / 8" in page.main.one("h1").text
    assert any("冻结之后，这些需求又有变化" in note for note in page.notes)


def test_the_matrix_of_duties_counts_what_is_owed(house: Site, clock: FakeClock) -> None:
    done(house.console, CHECK)
    later(house, clock, datetime(2026, 11, 20, 2, tzinfo=OCTOBER.tzinfo))  # past every grace
    section = house.as_("hospital").get(MONTH).main.one("section", id="duties")
    rows = {row.all("td")[0].text: row.text for row in rows_of_section(section)}
    assert "1 / 1 按期" in rows["C-33"] and "0 / 2 缺失" in rows["C-27"]
    page = house.as_("hospital").get(f"{MONTH}/duties/C-27/missed")
    assert "C-27" in page.main.one("h1").text and "缺失 2" in page.main.one("h1").text
    assert "每月至少1次" in page.main.one("p", "sentence").text


def rows_of_section(section: Element) -> list[Element]:
    return [row for row in section.all("tr") if row.all("td")]


def test_a_duty_waived_after_the_freeze_is_a_correction_of_the_next_month(house: Site, clock: FakeClock) -> None:
    freeze_next(house.console, clock, "2026-10")
    with house.console.write() as session:
        duties.waive(session, the(house.console, CHECK).id, "停机检修", CHIEF, clock.at)
    house._signed_in.clear()
    section = house.as_("auditor").get("/month/2026-11").main.one("section", id="duties")
    assert "更正 1" in section.text
    page = house.as_("auditor").get("/month/2026-11/duties/C-33/corrected")
    (row,) = rows_of(page)
    assert "豁免" in row.text and "更正：原为缺失（2026-10）" in row.text
    assert "更正" not in house.as_("auditor").get(MONTH).main.one("section", id="duties").text


# -- words ------------------------------------------------------------------------------------------------------------


def test_every_line_that_was_not_kept_can_be_explained(house: Site, clock: FakeClock) -> None:
    number = late_answer(house, clock)
    on_the_first(house, clock)
    vendor = house.as_("vendor")
    page = vendor.get(f"{MONTH}/unexplained")
    wanted = [address for address, text in links(page.main) if text == "说明原因"]
    total = len(wanted)
    assert total >= 2 and f"{total} 项未达标还没有乙方说明" in sentence(vendor.get(MONTH))
    assert vendor.post(f"{MONTH}/explanations/C-15/broken", number=number, text="当时在抢修").status == 302
    assert "当时在抢修" in vendor.get(f"{MONTH}/clocks/C-15/broken").text
    for address in dict.fromkeys(wanted):
        for form in vendor.ask("GET", address).main.all("form", method="post"):
            if "/duties/" in form["action"]:
                duty = form.one("input", name="duty")["value"]
                assert vendor.post(form["action"], duty=duty, text="医院停机").status == 302
    assert "还没有乙方说明" not in sentence(vendor.get(MONTH))
    assert "没有等待说明的未达标项" in vendor.get(f"{MONTH}/unexplained").text
    assert house.as_("hospital").post(f"{MONTH}/duties/C-33/every", duty="1", text="代写").status == 403


def test_an_empty_explanation_is_refused_beside_the_row(house: Site, clock: FakeClock) -> None:
    on_the_first(house, clock)
    answer = house.as_("vendor").post(f"{MONTH}/duties/C-33/every", duty=str(the(house.console, CHECK).id), text=" ")
    assert answer.status == 400 and answer.notes and answer.main.one("h1").text.startswith("C-33")


def test_an_objection_waits_for_the_other_partys_answer(house: Site, clock: FakeClock) -> None:
    late_answer(house, clock)
    on_the_first(house, clock)
    manager, chief = house.as_("manager"), house.as_("hospital")
    assert manager.post(f"{MONTH}/objections", target="C-15", text="医院的 <b>电话</b> 打到了旧号码").status == 302
    for role in READERS:
        page = house.as_(role).get(MONTH)
        assert "1 条异议待答复" in sentence(page)
        assert "<b>电话</b>" not in page.html and "医院的 <b>电话</b> 打到了旧号码" in page.text
    form = chief.get(MONTH).main.one("article", "dispute").one("form")
    assert not manager.get(MONTH).main.one("article", "dispute").all("form")
    refused = chief.post(form["action"], outcome="", text="号码没有变过")
    assert refused.status == 400 and "请选择对异议的答复" in refused.notes[0]
    assert chief.post(form["action"], outcome="rejected", text="号码没有变过").status == 302
    page = manager.get(MONTH)
    assert "异议不成立" in page.text and "条异议待答复" not in sentence(page)


def test_the_hospital_adjusts_an_item_beside_the_computed_value(house: Site, clock: FakeClock) -> None:
    sheet_for_october(house, clock)
    late_answer(house, clock)
    on_the_first(house, clock)
    chief = house.as_("hospital")
    wrong = chief.post(f"{MONTH}/items/A1", deducted="9", text="情有可原")
    assert wrong.status == 400 and "最多扣 8 分" in " ".join(wrong.notes)
    assert wrong.main.one("textarea", id="adjust-text").text == "情有可原"
    assert chief.post(f"{MONTH}/items/A1", deducted="0.5", text="情有可原").status == 302
    page = chief.get(MONTH)
    row = next(row for row in rows_of_section(page.main.one("section", id="sheet")) if row.text.startswith("A1"))
    assert [cell.text for cell in row.all("td")[1:6]] == ["8", "1/1", "1", "0.5", "7.5"] and "情有可原" in row.text
    assert house.as_("manager").post(f"{MONTH}/items/A1", deducted="0", text="x").status == 403
    item = chief.get(f"{MONTH}/items/A1")
    (fact,) = rows_of_section(item.main.one("section", id="population"))
    assert "打不开" in fact.text and "发生" in fact.text
    assert "本项看的全部事实：1 个" in item.text and "医院调整为扣 0.5" in item.text


def test_facts_are_frozen_and_frozen_anew_from_the_page(house: Site, clock: FakeClock) -> None:
    late_answer(house, clock)
    on_the_first(house, clock)
    early = house.as_("hospital").post(f"{MONTH}/freeze")
    assert early.status == 400 and "才冻结" in early.notes[0]
    later(house, clock, datetime(2026, 11, 10, 2, tzinfo=OCTOBER.tzinfo))
    assert house.as_("manager").post(f"{MONTH}/freeze").status == 403
    page = house.as_("hospital").send(f"{MONTH}/freeze")
    assert "第 1 版" in sentence(page)
    bare = house.as_("hospital").post(f"{MONTH}/freeze", text="")
    assert bare.status == 400
    assert "第 2 版" in sentence(house.as_("hospital").send(f"{MONTH}/freeze", text="补记了一张工单"))


# -- money ------------------------------------------------------------------------------------------------------------


def test_the_payable_line_of_a_month_with_a_node_a_quarter_and_none(house: Site) -> None:
    money = house.as_("hospital").get(MONTH).main.one("section", id="money")
    assert "¥78,000.00" in money.text and "柒万捌仟元整" in money.text and "付款节点：按月（2026-10）" in money.text
    assert "合同数据里没有写付款节点，按月计" in house.as_("hospital").get(f"{MONTH}/money").text
    amend(house.console, nodes=(Node("q", QUARTER_NODE, 2500, "验收合格"),))
    money = house.as_("hospital").get(MONTH).main.one("section", id="money")
    assert "按季（2026-10 至 2026-12），合同年费用的 25%，验收合格" in money.text
    (sheet,) = [address for address, text in links(money) if text == "付款单"]
    assert "q/2026-10" in sheet and house.as_("hospital").ask("GET", sheet).status == 200
    assert not [text for _, text in links(house.as_("vendor").get(MONTH).main.one("section", id="money"))
                if text == "付款单"]  # fmt: skip
    amend(house.console, nodes=(Node("a", ADVANCE, 10000),))
    money = house.as_("hospital").get(MONTH).main.one("section", id="money")
    assert "合同的付款节点不含这个月，当月金额只作结算依据" in money.text


def test_a_c55_deduction_stands_in_its_own_box_and_opens_its_case(house: Site, clock: FakeClock) -> None:
    number = case_in(house.console, "executed")
    page = house.as_("hospital").get(MONTH)
    money = page.main.one("section", id="money")
    assert "合同约定扣款 C-55 −¥78,000.00" in money.text and "零元整" in money.text
    assert "未及时上报 · 经认定和审批，扣当月费用" in page.main.one("section", id="cases").text
    opened = house.as_("hospital").get(f"{MONTH}/money")
    (row,) = [row for row in rows_of(opened) if "C-55" in row.text]
    assert (f"/breaches/{number}", number) in links(row)
    assert house.as_("hospital").get(f"/breaches/{number}").status == 200
    for role in ("auditor",):
        auditor = house.as_(role).get(f"{MONTH}/money")
        assert number in auditor.text


# -- many months ------------------------------------------------------------------------------------------------------


def test_the_list_of_months_has_each_from_go_live_on(house: Site, clock: FakeClock) -> None:
    signed_by_both(house, clock)
    for role in READERS:
        rows = rows_of(house.as_(role).get("/months"))
        assert [row.all("a")[0].text for row in rows] == ["2026-11", "2026-10"]
        assert "已锁定" in rows[1].text and "¥78,000.00" in rows[1].text and "双方已签署" in rows[1].text
    assert house.as_("administrator").get("/months").status == 403


def test_a_months_statements_do_not_grow_with_its_tickets(house: Site, clock: FakeClock) -> None:
    late_answer(house, clock)
    chief = house.as_("hospital")

    def statements() -> int:
        with house.statements() as said:
            assert chief.get(MONTH).status == 200
        return len(said)

    statements()
    few = statements()
    for _ in range(8):
        log_ticket(house.console)
    assert statements() == few


# -- the vendor's mirror ----------------------------------------------------------------------------------------------


def test_the_mirror_is_the_vendors_alone(house: Site) -> None:
    for role in ("manager", "vendor"):
        assert house.as_(role).get("/mirror").status == 200
    for role in ("hospital", "officer", "leader", "auditor", *OTHERS):
        assert house.as_(role).get("/mirror").status == 403


def test_the_mirror_tells_duties_by_how_soon_explanations_free_work_and_the_hospitals_delay(
    house: Site, clock: FakeClock
) -> None:
    rich_october(house, clock)
    manager = house.as_("manager")
    page = manager.get("/mirror", month="now")
    due = page.main.one("section", id="due").text
    assert "7 天内 0" in due and "15 天内" in due and "30 天内" in due and "运营数据统计" in due
    tiles = [tile.text for tile in page.main.all("article", "tile")]
    assert "因甲方原因挂起 1 小时 31 分" in tiles[2] and "1 件" in tiles[2]
    assert "恢复后等待甲方确认 2 分" in tiles[3]
    free = page.main.one("section", id="free").text
    assert "C-04" in free
    assert "C-31 客户化开发 5 / 8" in page.main.one("section", id="forecast").text
    for address, text in dict.fromkeys(links(page.main)):
        answer = manager.ask("GET", address)
        assert answer.status == 200, address
        if "/tickets/held" in address or "/tickets/awaited" in address:
            assert len(rows_of(answer)) == int(NUMBER.findall(text)[0])
    on_the_first(house, clock)
    page = house.as_("manager").get("/mirror")
    assert "2026-10 有" in sentence(page) and "项待说明" in sentence(page) and "冻结" in sentence(page)
    later(house, clock, datetime(2026, 11, 20, 2, tzinfo=OCTOBER.tzinfo))
    page = house.as_("manager").get("/mirror")
    assert "已到冻结日，还没有冻结" in sentence(page)
    assert "已过期" in page.main.one("section", id="due").text


def test_an_empty_house_has_an_empty_mirror(site: Site) -> None:
    without_clauses(site.console)
    page = site.as_("manager").get("/mirror")
    assert "没有等待说明的未达标项" in sentence(page)
    for words in ("没有。", "合同里没有年度额度", "没有按 C-02 至 C-04 不收费的工单", "本月无发生"):
        assert words in page.main.text
