"""The pages of caps and classes: meters, lists, an entry's acts, the five ways, what a ticket's page says of both."""

from __future__ import annotations

import io
from typing import Any

import pytest

from ops_console.core import tickets as core
from ops_console.core.terms import Opening
from ops_console.services import caps
from tests.caps import ENGINEER, MANAGER, accept, approve, ask, fill, load_caps, load_without_caps
from tests.conftest import HOSPITAL, VENDOR, do, log_ticket
from tests.services.test_caps import CHIEF, confirm, propose
from tests.web.conftest import Site
from tests.web.pages import Node, Page


@pytest.fixture
def house(site: Site) -> Site:
    """A site whose contract has the four caps, five of eight customisations used before."""
    load_caps(site.console, Opening("C-31", 2, 5, "会签单 2026-01"))
    return site


def tile(page: Page, clause: str) -> Node:
    return next(one for one in page.root.all("article", "cap-tile") if clause in one.text)


def cells(page: Page, clause: str) -> list[str]:
    meter = tile(page, clause).one("div", "cap-meter")
    return [" ".join(cell["class"].split()[1:]) for cell in meter.all("span", "cap-cell")]


def of(site: Site, entry_id: int) -> Any:
    with site.console.read() as session:
        return caps.store.one(session, entry_id)


def held_one(site: Site) -> int:
    fill(site.console, "C-29", 8)
    made = ask(site.console, title="第 9 项 <b>")
    assert approve(site.console, made) == "held"
    return made


# -- the meters and the list ------------------------------------------------------------------------------------------


def test_a_meter_marks_the_opening_fills_what_counts_and_hatches_what_is_asked(house: Site) -> None:
    done = fill(house.console, "C-29", 3)
    accept(house.console, done[0])
    ask(house.console, "C-29")
    page = house.as_("hospital").get("/caps")
    assert cells(page, "C-31") == ["cap-opening"] * 5 + [""] * 3
    assert cells(page, "C-29") == ["cap-solid"] * 3 + ["cap-asked"] + [""] * 4
    assert cells(page, "C-12") == [""] * 4
    assert "3 / 8" in tile(page, "C-29").text
    assert "已核销 1 已占用 2 拟占用 1" in tile(page, "C-29").text
    assert tile(page, "C-29").one("div", "cap-meter")["aria-label"].startswith("3 / 8：期初 0")
    assert "会签单 2026-01" in page.html
    assert page.tree.faults == []


def test_low_use_is_no_failure_and_full_is_said_in_a_word_never_red(house: Site) -> None:
    page = house.as_("hospital").get("/caps")
    assert "用不满不算乙方未完成" in page.text
    assert "cap-free" in tile(page, "C-29").one("div", "cap-meter")["class"]
    fill(house.console, "C-29", 6)
    assert "还剩 2 次" in tile(house.as_("hospital").get("/caps"), "C-29").text
    fill(house.console, "C-29", 2)
    full = tile(house.as_("hospital").get("/caps"), "C-29")
    assert "已用满" in full.text and "cap-full" in full.one("div", "cap-meter")["class"]
    for one in (page, house.as_("hospital").get("/caps")):
        assert not [n for n in one.main.walk() if "broken" in n.get("class") or "danger" in n.get("class")]


def test_the_forecast_is_told_for_the_present_year_alone(house: Site) -> None:
    fill(house.console, "C-29", 7)
    told = "324 天用了 7 次，按此速度约 2027-01-06"
    page = house.as_("hospital").get("/caps")
    assert "324 天用了 7 次，按此速度本合同年够用" in tile(page, "C-29").text
    assert told not in page.text
    assert "按此速度" not in house.as_("hospital").get("/caps?year=2027-01-01").text


def test_another_contract_year_is_chosen_by_its_first_day(house: Site) -> None:
    fill(house.console, "C-29", 2)
    now, other, wrong = (house.as_("auditor").get(f"/caps{q}") for q in ("", "?year=2025-01-01", "?year=x"))
    assert [("2 / 8" in tile(p, "C-29").text) for p in (now, other, wrong)] == [True, False, True]
    assert [len(p.root.all("tr", **{"data-href": ""})) for p in (other,)] == [0]
    assert now.root.one("select", name="year").chosen == ["2026-01-01"]
    assert "第 1 合同年" in other.root.one("h1").text


def test_the_list_narrows_by_clause_and_state_and_counts_in_its_tabs(house: Site) -> None:
    done = fill(house.console, "C-29", 3)
    accept(house.console, done[0])
    ask(house.console, "C-25", title="海报")
    hospital = house.as_("hospital")
    for query, n in (
        ("", 4), ("?state=used", 1), ("?clause=C-25", 1), ("?clause=C-29&state=reserved", 2), ("?state=x&page=x", 4),
        ("?state=held", 0), ("?clause=C-99", 0), ("?page=9", 0),
    ):  # fmt: skip
        assert len(hospital.get(f"/caps{query}").root.all("td", "cap-title")) == n, query
    tabs = [one.text for one in hospital.get("/caps").root.all("a", "tab")]
    assert tabs == ["全部 4", "拟占用 1", "超额待商定 0", "已占用 2", "已核销 1", "已退回 0"]


def test_a_contract_without_caps_says_so(site: Site) -> None:
    load_without_caps(site.console)
    page = site.as_("hospital").get("/caps")
    assert page.status == 200
    assert "没有年度额度条款" in page.text
    assert "登记额度需求" not in page.main.text
    assert "没有可用的年度额度" in site.as_("hospital").get("/caps/new").text


def test_pages_ask_few_statements_whatever_they_show(house: Site) -> None:
    hospital = house.as_("hospital")
    hospital.get("/caps")
    with house.statements() as few:
        hospital.get("/caps")
    fill(house.console, "C-29", 8)
    with house.statements() as many:
        hospital.get("/caps")
    assert len(few) == len(many) <= 8
    with house.statements() as entry:
        assert hospital.get("/caps/1").status == 200
    assert len(entry) <= 12
    for address in ("/classes", "/classes/order"):
        hospital.get(address)
        with house.statements() as said:
            hospital.get(address)
        assert len(said) <= 6, address


# -- asking for one ---------------------------------------------------------------------------------------------------


def key_of(page: Page) -> str:
    return page.root.one("input", name="key")["value"]


def test_a_ticket_fills_the_form_and_a_double_click_asks_once(house: Site) -> None:
    number = log_ticket(house.console, type="政策性修改", title="按新规调整 <i>", department="医务科")
    officer = house.as_("officer")
    page = officer.get("/caps/new", ticket=number)
    assert page.root.one("input", name="title")["value"] == "按新规调整 <i>"
    assert page.root.one("input", name="requester")["value"] == "医务科"
    chosen = [one["value"] for one in page.root.all("input", name="clause") if "checked" in one.attributes]
    assert chosen == ["C-29"]
    fields = {"clause": "C-29", "title": "按新规调整", "ticket": number, "key": key_of(page)}
    first, second = officer.post("/caps/new", **fields), officer.post("/caps/new", **fields)
    assert (first.status, first.location, second.location) == (302, "/caps/1", "/caps/1")
    assert of(house, 1).ticket == number


def test_a_refused_form_keeps_what_was_typed_and_names_the_field(house: Site) -> None:
    vendor = house.as_("vendor")
    key = key_of(vendor.get("/caps/new"))
    page = vendor.post("/caps/new", clause="C-25", title="开启告知", is_notice="yes", key=key, asked_on="2026-02-30")
    assert (page.status, page.root.one("p", "fault")["id"]) == (400, "fault-asked_on")
    page = vendor.post("/caps/new", clause="C-25", title="开启告知", is_notice="yes", key=key)
    assert page.status == 400
    assert "C-24" in page.root.one("p", "fault").text
    assert (page.root.one("input", name="title")["value"], key_of(page)) == ("开启告知", key)
    assert vendor.get("/caps/new", ticket="GD-0").status == 404


# -- one entry --------------------------------------------------------------------------------------------------------


def test_the_chief_approves_and_accepts_with_a_second_factor(house: Site) -> None:
    made = ask(house.console)
    hospital = house.as_("hospital")
    page = hospital.send(f"/caps/{made}/approve")
    assert "已占用" in page.root.one("p", "population").text
    assert "甲方批准开工" in page.text and "计入 1 次，上限 8 次" in page.text
    house.clock.forward(minutes=6)  # the factor is no longer fresh: it is asked for, nothing is done
    fresh = house.signed_in("hospital")
    house.clock.forward(minutes=6)
    asked = fresh.post(f"/caps/{made}/accept", reason="已上线")
    assert "动态口令" in asked.text and of(house, made).state == "reserved"
    assert "已核销" in house.as_("hospital").send(f"/caps/{made}/accept", reason="已上线").text
    assert of(house, made).state == "used"


@pytest.mark.parametrize("role", ["vendor", "manager", "officer", "leader", "auditor"])
def test_nobody_else_sees_or_does_the_chiefs_acts(house: Site, role: str) -> None:
    made = ask(house.console)
    browser = house.as_(role)
    page = browser.get(f"/caps/{made}")
    assert page.status == 200
    assert "批准开工，占用一次" not in page.text
    assert browser.post(f"/caps/{made}/approve").status == 403
    assert browser.post(f"/caps/{made}/accept").status == 403


def test_the_one_over_the_cap_shows_five_ways_and_who_may_take_each(house: Site) -> None:
    made = held_one(house)
    assert of(house, made).state == "held"
    chief, engineer, manager, officer = (
        house.as_(role).get(f"/caps/{made}").root.one("section", "cap-over")
        for role in ("hospital", "vendor", "manager", "officer")
    )
    for panel in (chief, engineer, manager, officer):
        assert [one.text[0] for one in panel.all("summary")] == list("①②③④⑤")

    def acts(panel: Node) -> list[str]:
        return sorted(one["value"] for one in panel.all("input", name="act"))

    assert acts(chief) == ["deferred", "order", "retype"]
    assert acts(engineer) == ["deferred", "goodwill", "retype"]
    assert acts(manager) == ["deferred", "goodwill", "order", "retype"]
    assert acts(officer) == []
    withdraws = [bool(p.all("form", action=f"/caps/{made}/withdraw")) for p in (chief, engineer, officer)]
    assert withdraws == [True, False, True]
    held = house.as_("hospital").get("/caps")
    assert "1 项超额待商定，商定前不开工。" in held.text
    assert "故障、缺陷和指令性任务不占额度" in held.text
    assert held.tree.faults == house.as_("manager").get(f"/caps/{made}").tree.faults == []


def test_a_change_order_is_put_forward_confirmed_and_begun_beside_the_cap(house: Site) -> None:
    made = held_one(house)
    manager, chief = house.as_("manager"), house.as_("hospital")
    where = f"/caps/{made}/agreements"
    refused = manager.post(where, act="order", document="BG-2026-03", amount="一百", reason="另行开发")
    assert refused.status == 400
    assert refused.root.one("input", name="document")["value"] == "BG-2026-03"
    assert manager.post(where, act="order", document="BG-2026-03", amount="1,200", reason="另行开发").status == 302
    page = chief.get(f"/caps/{made}")
    waiting = page.root.one("section", id="waiting")
    assert "变更单或补充协议 ：BG-2026-03 · ¥1,200.00" in waiting.text
    digest = waiting.one("input", name="digest")["value"]
    assert "代表本方确认" not in manager.get(f"/caps/{made}").text
    assert "代表本方确认" not in house.as_("officer").get(f"/caps/{made}").text
    after = chief.send(f"{where}/1", word="yes", digest=digest)
    assert "额度外：变更单或补充协议" in after.text
    assert of(house, made).state == "reserved"
    assert "额度外 1" in tile(chief.get("/caps"), "C-29").text


def test_the_other_party_refuses_with_a_reason_and_the_proposer_takes_back(house: Site) -> None:
    made = held_one(house)
    vendor, chief = house.as_("vendor"), house.as_("hospital")
    where = f"/caps/{made}/agreements"
    vendor.post(where, act="goodwill", reason="工作量小")
    assert chief.post(f"{where}/1", word="no", answer=" ").status == 400
    assert chief.post(f"{where}/1", word="maybe").status == 400
    assert chief.post(f"{where}/1", word="no", answer="按变更单办").status == 302
    assert "对方答复：按变更单办" in vendor.get(f"/caps/{made}").text
    vendor.post(where, act="deferred", reason="明年做")
    assert vendor.post(f"{where}/2", word="back").status == 302
    assert chief.post(f"{where}/99", word="yes", digest="x").status == 404
    assert of(house, made).state == "held"


def test_what_both_put_off_stays_in_sight_in_the_year_that_asked_for_it(house: Site) -> None:
    made = held_one(house)
    confirm(house.console, propose(house.console, made, "deferred", ENGINEER), CHIEF)
    page = house.as_("hospital").get("/caps").text
    assert "双方商定转入以后的合同年" in page
    assert "2027-01-01 起" in page.partition("双方商定转入以后的合同年")[2]
    later = house.as_("hospital").get("/caps?year=2027-01-01").text
    assert "双方商定转入以后的合同年" not in later


def test_the_sheet_is_uploaded_agreed_upon_and_then_work_may_begin(house: Site) -> None:
    made = ask(house.console, "C-31")
    chief, manager = house.as_("hospital"), house.as_("manager")
    page = chief.get(f"/caps/{made}")
    assert "先确认需求单" in page.text and "批准开工，占用一次" not in page.text
    refused = chief.post(f"/caps/{made}/approve")
    assert (refused.status, "双方确认需求单" in refused.text) == (400, True)
    assert chief.post(f"/caps/{made}/proofs", code="E9").status == 400
    file = (io.BytesIO(b"%PDF-1.4 a sheet"), "<b>需求单.pdf")
    assert chief.post(f"/caps/{made}/proofs", code="E9", file=file).status == 302
    page = chief.get(f"/caps/{made}")
    proof = page.root.one("select", name="proof").all("option")[0]["value"]
    day = page.root.one("input", name="agreed_on")["value"]
    assert day == "2026-11-20"
    chief.post(f"/caps/{made}/agreements", act="sheet", proof=proof, agreed_on=day, reason="双方已谈妥")
    seen = manager.get(f"/caps/{made}").root.one("section", id="waiting")
    assert "需求单.pdf" in seen.text
    manager.post(f"/caps/{made}/agreements/1", word="yes", digest=seen.one("input", name="digest")["value"])
    assert "批准开工，占用一次" in chief.get(f"/caps/{made}").text


def test_what_was_typed_is_shown_as_text(house: Site) -> None:
    made = ask(house.console, title='<script>alert(1)</script>"><img src=x>', requester="<b>科室")
    for address in ("/caps", f"/caps/{made}"):
        page = house.as_("vendor").get(address)
        assert "<script>alert" not in page.html.replace("<script src", "")
        assert page.tree.faults == []


def test_an_unknown_entry_is_not_found(house: Site) -> None:
    hospital = house.as_("hospital")
    assert hospital.get("/caps/99").status == 404
    for act in ("approve", "accept", "withdraw"):
        assert hospital.post(f"/caps/99/{act}", reason="x").status == 404
    assert hospital.post("/caps/99/proofs", file=(io.BytesIO(b"x"), "a.txt")).status == 404


def test_the_list_leaves_as_a_file_with_its_words_and_sums(house: Site) -> None:
    made = held_one(house)
    agreed = propose(house.console, made, "order", MANAGER, document="BG-1", amount="0")
    digest = house.as_("hospital").get(f"/caps/{made}").root.one("input", name="digest")["value"]
    house.as_("hospital").post(f"/caps/{made}/agreements/{agreed}", word="yes", digest=digest)
    form = house.as_("auditor").get("/caps?state=reserved").main.one("form", "export")
    text = house.as_("auditor").post(form["action"], format="csv").html
    lines = text.strip().splitlines()
    assert len(lines) == 10
    assert "变更单或补充协议,BG-1,0.00" in text
    assert "拟占用" not in text


# -- a ticket's page --------------------------------------------------------------------------------------------------


def section(page: Page) -> Node:
    return page.root.one("section", id="class")


def test_a_ticket_says_what_its_class_waits_for_and_what_is_left(house: Site) -> None:
    number = log_ticket(house.console, type="客户化开发")
    where = f"/tickets/{number}"
    mine, theirs = house.as_("vendor").get(where), house.as_("hospital").get(where)
    assert "分类待确认" in section(mine).text and "客户化开发 5 / 8" in section(mine).text
    assert "确认分类：客户化开发" not in mine.text
    assert "确认分类：客户化开发" in theirs.text
    page = house.as_("hospital").send(f"{where}/class/confirmed", type="客户化开发", exempt="no")
    assert "双方已确认" in section(page).text
    (link,) = [a for a in section(page).all("a") if a["href"].startswith("/caps/")]
    assert (link["href"], "拟占用" in section(page).text) == ("/caps/1", True)
    assert house.as_("hospital").post(f"{where}/class/confirmed", type="客户化开发").status == 400
    assert page.tree.faults == []


def test_a_plain_fault_says_nothing_of_classes_and_caps(house: Site) -> None:
    number = log_ticket(house.console)
    assert house.as_("hospital").get(f"/tickets/{number}").root.all("section", id="class") == []


def test_classes_that_wait_are_confirmed_from_their_list_with_one_tap(house: Site) -> None:
    number = log_ticket(house.console, type="政策性修改", title="新规 <b>")
    log_ticket(house.console, actor=HOSPITAL, type="客户化开发")
    hospital, vendor = house.as_("hospital"), house.as_("vendor")
    page = hospital.get("/classes")
    assert "1 件等我方确认或答复。" in page.text
    assert [one.text for one in page.root.all("a", "tab")][:2] == ["等我方 1", "全部未定 2"]
    form = page.main.one("form", action=f"/tickets/{number}/class/confirmed")
    fields = {one["name"]: one["value"] for one in form.all("input") if one["name"] != "csrf_token"}
    answer = hospital.post(form["action"], **fields)
    assert (answer.status, answer.location) == (302, "/classes")
    assert "没有等我方确认的分类。" in hospital.get("/classes").text
    assert "1 件等我方确认或答复。" in vendor.get("/classes").text
    assert house.as_("auditor").get("/classes").main.all("button", "btn-primary") == []
    elsewhere = vendor.post(
        "/tickets/GD-20261120-00002/class/confirmed", type="客户化开发", back="https://evil.example/"
    )
    assert elsewhere.location.startswith("/tickets/")


def test_an_objection_is_shown_on_both_pages_and_answered(house: Site) -> None:
    number = log_ticket(house.console, actor=HOSPITAL, type="指令性任务")
    where = f"/tickets/{number}/class"
    vendor, hospital = house.as_("vendor"), house.as_("hospital")
    refused = vendor.post(f"{where}/objections", form="class-object", wished="客户化开发", reason=" ")
    assert refused.status == 400
    assert refused.root.one("select", name="wished").chosen == ["客户化开发"]
    page = vendor.send(f"{where}/objections", form="class-object", wished="客户化开发", reason="没有上级文件")
    assert "乙方异议： 指令性任务 → 客户化开发 待答复" in section(page).text
    assert "有异议，待答复" in hospital.get("/classes?tab=objected").text
    assert "没有上级文件" in hospital.get("/classes?tab=objections").text
    kept = hospital.send(f"{where}/answers", wished="客户化开发", upheld="no", reason="文件随后附上")
    assert "对方维持原分类" in section(kept).text and "文件随后附上" in section(kept).text
    assert "各执己见" in vendor.get("/classes?tab=differed").text


def test_a_directive_asks_for_its_order_and_the_hospital_rules_by_the_order_of_categories(house: Site) -> None:
    number = log_ticket(house.console, type="客户化开发")
    where = f"/tickets/{number}/class"
    hospital = house.as_("hospital")
    assert "甲方定类" not in house.as_("vendor").get(f"/tickets/{number}").text
    assert "1 上级指令性任务 →" in section(hospital.get(f"/tickets/{number}")).text
    refused = hospital.post(f"{where}/rulings", form="class-rule", type="指令性任务", reason="省里要求")
    assert refused.status == 400
    assert refused.root.one("p", id="fault-order").text.startswith("定为“指令性任务”要附上")
    page = hospital.send(f"{where}/rulings", type="指令性任务", reason="省里要求", order="省卫健委〔2026〕8 号")
    assert "甲方定类，待乙方表态" in section(page).text and "省卫健委〔2026〕8 号" in section(page).text
    assert "确认分类：指令性任务" in house.as_("vendor").get(f"/tickets/{number}").text
    assert house.as_("vendor").post(f"{where}/rulings", type="缺陷", reason="x").status == 400


def test_go_live_notices_are_told_exempt_by_both(house: Site) -> None:
    number = log_ticket(house.console, type="告知宣传")
    where = f"/tickets/{number}/class"
    page = house.as_("hospital").send(f"{where}/exempt", exempt="yes")
    assert "上线告知，不占额度" in section(page).text
    page = house.as_("vendor").send(f"{where}/confirmed", type="告知宣传", exempt="yes")
    assert "双方已确认" in section(page).text
    assert [a for a in section(page).all("a") if a["href"].startswith("/caps/")] == []


def test_the_order_of_categories_answers_what_fits_first(house: Site) -> None:
    auditor = house.as_("auditor")
    page = auditor.get("/classes/order")
    assert [row.all("td")[0].text for row in page.root.all("tbody")[0].all("tr")] == list("123456678")
    assert page.root.all("div", "note") == []
    for query, told in (
        ("is=custom&is=policy", "第 5 条：政策性修改"), ("is=specialist&is=directive", "第 1 条：上级指令性任务"),
        ("is=nonsense", "没有一条符合"),
    ):  # fmt: skip
        assert told in auditor.get(f"/classes/order?{query}").root.one("div", "note").text


def test_the_ticket_of_a_held_one_says_that_work_waits(house: Site) -> None:
    fill(house.console, "C-29", 8)
    number = log_ticket(house.console, type="政策性修改")
    house.as_("hospital").post(f"/tickets/{number}/class/confirmed", type="政策性修改")
    house.as_("hospital").post("/caps/9/approve")
    page = house.as_("vendor").get(f"/tickets/{number}")
    assert "超额待商定 商定前不开工" in section(page).text
    do(house.console, number, core.RESPONDED, VENDOR)
    assert (
        house.as_("hospital").get("/caps/9").root.one("section", "cap-over").all("a", href=f"/tickets/{number}#retype")
    )


def test_a_waiting_proposal_is_one_at_a_time(house: Site) -> None:
    made = held_one(house)
    for act in ("goodwill", "deferred"):
        propose(house.console, made, act, ENGINEER)
    page = house.as_("hospital").get(f"/caps/{made}")
    assert "推迟到下一合同年 ：2027-01-01 起" in page.root.one("section", id="waiting").text
    assert "已撤回" in page.text
