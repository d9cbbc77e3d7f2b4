"""Pages of breach cases: who sees which, one step at a time, hostile texts, the notice as PDF, the exports."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from ops_console.core.breach_acts import Account
from ops_console.core.breaches import STATES
from ops_console.core.terms import Settlement
from ops_console.services import breach_accounts
from ops_console.web.audit import KIND_NAMES
from ops_console.web.breaches import EVENT_NAMES, FACT_NAMES
from tests.breach_cases import CHIEF, LEADER, MANAGER, OFFICER, act, agree, case_in, clue, seen, version
from tests.conftest import VENDOR, log_ticket
from tests.web.conftest import Site, everything
from tests.web.pages import Browser, Page
from tests.web.test_documents import HOSTILE, pdf, read
from tests.web.test_tickets import HOSTILE_TEXT, dangers

PARTIES = ("hospital", "officer", "leader", "vendor", "manager")


@pytest.fixture
def agreed(site: Site) -> Site:
    """A console whose contract has the clause and a fee."""
    agree(site.console)
    return site


def address(number: str, act: str = "") -> str:
    return f"/breaches/{number}/{act}".rstrip("/")


def fields(site: Site, number: str, **given: str) -> dict[str, str]:
    return {"version": str(version(site.console, number)), **given}


def primary(page: Page) -> list[str]:
    """The words of the primary buttons in the page's content, its head apart."""
    return [button.text for button in page.main.all("button", "btn-primary")]


# -- the list ---------------------------------------------------------------------------------------------------------


def test_an_empty_list_explains_what_a_breach_case_is(agreed: Site) -> None:
    for role in PARTIES:
        page = agreed.as_(role).get("/breaches")
        assert "瞒报、未及时上报、敏感信息泄露、网络泄密" in page.text
        assert "普通故障不是安全事故" in page.text
        assert "如出现安全事故的" in page.text  # the contract's own words
        assert ("登记线索" in page.text) is (role != "leader"), role
        assert page.tree.faults == []


def test_a_contract_without_the_clause_says_only_what_is_known(site: Site) -> None:
    agree(site.console, clauses=())
    page = site.as_("hospital").get("/breaches")
    assert page.status == 200
    assert "合同原文" not in page.text


@pytest.mark.parametrize("role", ["auditor", "administrator", "security", "audit_administrator"])
def test_nobody_else_has_the_pages(agreed: Site, role: str) -> None:
    number = case_in(agreed.console, "filed")
    browser = agreed.as_(role)
    for path in ("/breaches", "/breaches/new", "/breaches/clues", address(number), address(number, "print")):
        answer = browser.get(path)
        assert answer.status == 403, path
        assert number not in answer.main.text
    assert "安全事故" not in [link.text for link in browser.get("/people").root.all("a", "rail-entry")]


def test_tabs_count_and_filters_narrow(agreed: Site) -> None:
    made = {state: case_in(agreed.console, state) for state in STATES}
    hospital = agreed.as_("hospital")
    page = hospital.get("/breaches")
    assert page.main.one("p", "sentence").text == "5 起在办。"
    assert [tab.text for tab in page.root.all("a", "tab")] == [
        "全部 8", "线索 1", "已立案，待乙方陈述 1", "待认定 1", "认定成立，待审批 1", "已审批，待执行 1", "已执行 1",
        "认定不成立 1", "已撤销 1",
    ]  # fmt: skip
    assert hospital.get("/breaches?state=upheld").numbers == [made["upheld"]]
    assert len(hospital.get("/breaches?category=told_late&month=2026-11").numbers) == 8
    assert hospital.get("/breaches?category=leaked").numbers == []
    assert len(hospital.get("/breaches?state=x&category=x&month=x&page=x").numbers) == 8
    for role in ("vendor", "manager"):
        assert set(agreed.as_(role).get("/breaches").numbers) == set(made.values()) - {made["clue"], made["withdrawn"]}


def test_a_list_asks_the_same_number_of_statements_whatever_it_shows(agreed: Site) -> None:
    hospital = agreed.as_("hospital")
    hospital.get("/breaches")
    counts = []
    for _ in range(2):
        with agreed.statements() as said:
            hospital.get("/breaches")
        counts.append(len(said))
        for state in ("clue", "filed", "heard"):
            case_in(agreed.console, state)
    assert counts[0] >= counts[1] - 1  # the texts of a page are fetched at once, where it has any
    assert counts[1] <= 14


# -- who sees what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_each_party_sees_what_is_theirs_to_see_and_one_step_at_most(agreed: Site, state: str) -> None:
    number = case_in(agreed.console, state)
    acts = {
        "clue": ("hospital", "立案"), "filed": ("vendor manager", "提交乙方陈述"), "heard": ("hospital", "作出认定"),
        "upheld": ("leader", "批准扣款"), "approved": ("hospital", "登记执行"),
    }  # fmt: skip
    roles, button = acts.get(state, ("", ""))
    for role in PARTIES:
        for path in (address(number), address(number, "print")):
            page = agreed.as_(role).get(path)
            if role in ("vendor", "manager") and state in ("clue", "withdrawn"):
                assert page.status == 404
                assert page.main.text.replace(number, "") == agreed.as_(role).get(
                    "/breaches/AQ-2026-999"
                ).main.text.replace("AQ-2026-999", "")
                continue
            assert page.status == 200
            assert page.tree.faults == []
            if path.endswith("print"):
                assert page.main.all("form") == []
                continue
            expected = [button] if role in roles.split() else []
            if role in ("vendor", "manager") and state in ("approved", "executed"):
                expected = ["提交回执"]
            assert primary(page) == expected, (state, role)


def test_the_two_parties_words_stand_side_by_side(agreed: Site) -> None:
    number = clue(agreed.console, CHIEF, what="两点零五分患者先报", receiver="王科员")
    act(agreed.console, "file", number, CHIEF)
    act(agreed.console, "tell", number, MANAGER, what="一点五十分已在群里回复")
    for role in PARTIES:
        page = agreed.as_(role).get(address(number))
        assert "两点零五分患者先报" in page.main.one("section", id="account-hospital").text
        assert "一点五十分已在群里回复" in page.main.one("section", id="account-vendor").text
        mine = {"hospital": "hospital", "officer": "hospital", "vendor": "vendor", "manager": "vendor"}.get(role)
        forms = [f["action"] for f in page.main.all("form") if f["action"].endswith("/account")]
        assert bool(forms) is (mine is not None)
        if mine:
            assert page.main.one("section", id=f"account-{mine}").all("form")


def test_clocks_tick_for_the_console_script_and_say_where_limits_are_set(agreed: Site) -> None:
    now = agreed.clock()
    number = clue(agreed.console, CHIEF, known_at=now - timedelta(minutes=20))
    page = agreed.as_("hospital").get(address(number))
    (chip,) = page.main.all("span", "chip-running")
    assert (chip["data-due"], chip["data-limit"]) == ((now + timedelta(minutes=10)).isoformat(), "1800")
    assert chip.text == "报信息科 剩 10 分"
    assert "limits_told" in page.text

    agree(agreed.console, settlement=Settlement(limits_told=(("区卫健局", 120),)))
    chips = agreed.as_("hospital").get(address(number)).main.all("span", "chip-running")
    assert [chip.text for chip in chips] == ["报信息科 剩 10 分", "区卫健局 剩 2 小时"]
    agreed.clock.forward(minutes=10, seconds=1)
    agreed.prove("hospital")
    (over,) = agreed.as_("hospital").get(address(number)).main.all("span", "chip-broken")
    assert over["data-over"] == "已超时"
    act(agreed.console, "file", number, CHIEF)
    vendor = agreed.as_("manager").get(address(number))
    assert ("区卫健局" in vendor.text, "甲方对外报送" in vendor.text, "limits_told" in vendor.text) == (False,) * 3


def test_the_prepared_report_holds_basic_facts_alone(agreed: Site) -> None:
    number = clue(agreed.console, CHIEF, what="详细经过不在首报里", systems="门诊缴费", impact="不能缴费")
    text = agreed.as_("officer").get(address(number)).main.one("textarea", id="report-text").text
    for wanted in ("单位：", "系统：门诊缴费", "类型：未及时上报", "影响：不能缴费", "已采取的措施：已切换", number):
        assert wanted in text
    assert "详细经过" not in text


# -- acts through forms -----------------------------------------------------------------------------------------------


def test_a_case_goes_its_whole_way_through_the_pages(agreed: Site) -> None:
    officer, hospital, vendor, leader = (agreed.as_(role) for role in ("officer", "hospital", "vendor", "leader"))
    ticket = log_ticket(agreed.console)
    page = officer.get("/breaches/new", tickets=ticket, category="told_late")
    assert page.main.one("input", name="tickets")["value"] == ticket
    typed = {
        "key": page.main.one("input", name="key")["value"], "category": "told_late", "what": "支付中断未及时上报",
        "occurred_at": "2026-11-20T16:00", "known_at": "2026-11-20T16:10:00", "tickets": f"{ticket}，",
    }  # fmt: skip
    answer = officer.post("/breaches/new", **typed)
    assert answer.location == "/breaches/AQ-2026-001"
    assert officer.post("/breaches/new", **typed).location == answer.location  # a double click
    number = "AQ-2026-001"
    for browser, path, given, told in (
        (hospital, "filing", {"category": "told_late"}, "已立案，已通知乙方陈述"),
        (vendor, "statement", {"statement": "当时在抢修"}, "已提交乙方陈述"),
        (hospital, "finding", {"upheld": "yes", "category": "told_late", "occurred_at": "2026-11-20T16:00:00",
                               "known_at": "2026-11-20T16:10", "reason": "群消息为证"}, "已记下认定"),
        (leader, "decision", {"approved": "yes"}, "已记下审批意见"),
        (hospital, "execution", {"month": "2026-11"}, "已登记执行"),
    ):  # fmt: skip
        agreed.prove("hospital")
        agreed.prove("leader")
        page = browser.send(address(number, path), **fields(agreed, number, **given))
        assert told in page.notes, (path, page.notes)
    page = vendor.send(address(number, "acknowledgement"), **fields(agreed, number, objection="时间不符"))
    assert "已阅，有异议：时间不符" in page.text
    assert "扣款 ¥100,000.00" in page.text
    assert "壹拾万元整" in page.text
    assert ticket in page.main.one("section", id="related").text


@pytest.mark.parametrize(
    ("state", "path", "role", "given"),
    [
        ("clue", "filing", "hospital", {"category": "told_late"}),
        ("heard", "finding", "hospital", {"upheld": "no", "category": "told_late", "reason": "查无此事"}),
        ("upheld", "decision", "leader", {"approved": "yes"}),
        ("approved", "execution", "hospital", {"month": "2026-11"}),
        ("heard", "withdrawal", "hospital", {"reason": "登记有误"}),
    ],
)
def test_acts_of_weight_ask_for_the_second_factor_first(
    agreed: Site, state: str, path: str, role: str, given: dict[str, str]
) -> None:
    number = case_in(agreed.console, state)
    browser = agreed.browser()
    browser.sign_in(role)
    sent = fields(agreed, number, **given)
    before = everything(agreed.console)

    asked = browser.post(address(number, path), **sent)

    assert "验证第二因素" in asked.text
    assert asked.main.one("input", name="version")["value"] == sent["version"]
    assert everything(agreed.console) == before


def test_a_stale_page_is_told_and_what_was_typed_is_kept(agreed: Site) -> None:
    number = case_in(agreed.console, "filed")
    stale = fields(agreed, number, statement="我们的陈述")
    act(agreed.console, "tell", number, OFFICER, what="甲方补充")
    manager = agreed.as_("manager")
    before = everything(agreed.console)
    answer = manager.post(address(number, "statement"), **stale)
    assert answer.status == 400
    assert "有了变化" in answer.main.all("div", "note-danger")[0].text
    assert answer.main.one("textarea", id="statement").text == "我们的陈述"
    assert everything(agreed.console) == before


def test_a_refused_form_keeps_what_was_typed_beside_its_fault(agreed: Site) -> None:
    hospital = agreed.as_("hospital")
    answer = hospital.post("/breaches/new", key="k", category="", what="经过一二三", occurred_at="昨天", impact="影响")
    assert answer.status == 400
    assert answer.main.one("textarea", name="what").text == "经过一二三"
    number = case_in(agreed.console, "heard")
    answer = hospital.post(
        address(number, "finding"),
        **fields(agreed, number, upheld="yes", category="leaked", reason="理由", known_at=""),
    )
    assert answer.status == 400
    assert "还不知道发生时间" in answer.text
    assert answer.main.one("textarea", id="find-reason").text == "理由"
    assert "checked" in answer.main.one("input", type="radio", name="upheld", value="yes").attributes
    for path, given, told in (
        ("finding", {"reason": "x"}, "请选择认定结论"), ("links", {"flags": "x"}, "没有这一处疑点"),
        ("files", {}, "请先选择要上传的文件"), ("dispatches", {"sent_at": ""}, "请填写报送时间"),
        ("account", {"what": "x", "occurred_at": "2026-13-40T00:00"}, "时间请写成"),
    ):  # fmt: skip
        answer = hospital.post(address(number, path), **fields(agreed, number, **given))
        assert (answer.status, told in answer.text) == (400, True), path


def test_a_leader_has_to_choose(agreed: Site) -> None:
    number = case_in(agreed.console, "upheld")
    answer = agreed.as_("leader").post(address(number, "decision"), **fields(agreed, number))
    assert (answer.status, "请选择批准或退回" in answer.text) == (400, True)


def test_what_is_not_theirs_to_see_answers_like_what_is_not_there(agreed: Site) -> None:
    number = clue(agreed.console)
    manager = agreed.as_("manager")
    before = everything(agreed.console)
    for path in ("account", "links", "files", "statement", "acknowledgement", "withdrawal", "notice"):
        for of in (number, "AQ-2026-999"):
            answer = manager.post(address(of, path), **fields(agreed, number, what="x", statement="x", reason="x"))
            assert answer.status == 404, (path, of)
    assert manager.get("/breaches/clues").status == 404
    assert everything(agreed.console) == before


# -- what may be a clue -----------------------------------------------------------------------------------------------


def test_what_may_be_a_clue_leads_to_the_form_filled_in(agreed: Site) -> None:
    nurse = log_ticket(agreed.console, actor=OFFICER, channel="扫码", title="支付回调中断")
    agreed.clock.forward(minutes=45)
    own = log_ticket(agreed.console, title="支付回调中断", reported_at=agreed.clock() - timedelta(minutes=40))
    for role in ("hospital", "officer"):
        page = agreed.as_(role).get("/breaches/clues")
        row = page.main.one("tbody").one("tr")
        assert (own in row.text, nurse in row.text, "晚 45 分" in row.text) == (True, True, True)
        form = agreed.as_(role).get(row.all("a")[-1]["href"])
        assert form.main.one("input", name="tickets")["value"] == f"{own}、{nurse}"
        assert form.main.one("select", name="category").chosen == ["told_late"]
    assert "没有值得核实的记录" in agreed.as_("hospital").get("/breaches/clues?month=2026-01").text
    assert agreed.as_("hospital").get("/breaches/clues?month=x").status == 200


# -- hostile --------------------------------------------------------------------------------------------------------


def hostile_case(site: Site, text: str) -> str:
    """A case with that text wherever people type, approved."""
    told: dict[str, Any] = dict.fromkeys(("what", "known_how", "systems", "impact", "measures"), text)
    number = clue(site.console, CHIEF, **told, receiver=text[:40], place=text[:100])
    with site.console.write() as session:
        file = site.console.files.keep_attachment(io.BytesIO(b"x"), f"{text[:60]}.txt")
        breach_accounts.attach(session, number, file, CHIEF, site.console.now())
    act(site.console, "file", number, CHIEF)
    act(site.console, "tell", number, MANAGER, **told)
    act(site.console, "state", number, MANAGER, text=text)
    act(site.console, "dispatch", number, OFFICER, text=text, receiver=text[:60], sender=text[:40])
    act(site.console, "find", number, CHIEF, reason=text)
    act(site.console, "return", number, LEADER, reason=text)
    act(site.console, "find", number, CHIEF, reason=text)
    act(site.console, "approve", number, LEADER, reason=text)
    act(site.console, "acknowledge", number, MANAGER, objection=text)
    return number


@pytest.mark.parametrize("text", HOSTILE_TEXT)
def test_hostile_texts_stay_texts(agreed: Site, text: str) -> None:
    number = hostile_case(agreed, text.strip() or "x")
    for role in PARTIES:
        for path in (address(number), address(number, "print"), "/breaches"):
            page = agreed.as_(role).get(path)
            assert page.status == 200
            assert not dangers(page)
            assert page.tree.faults == []


def test_a_hostile_file_name_is_a_name_and_the_file_a_download(agreed: Site) -> None:
    number = case_in(agreed.console, "filed")
    hospital = agreed.as_("hospital")
    sent = {"csrf_token": hospital.token, "file": (io.BytesIO(b"<script>1</script>"), '../../"><svg onload=x>.html')}
    answer = hospital.client.post(address(number, "files"), data=sent, base_url=hospital.origin)
    assert answer.status_code == 400  # sniffed: no file of a kind that is taken
    sent = {"csrf_token": hospital.token, "file": (io.BytesIO(b"a log"), '../../"><svg onload=x>.txt')}
    answer = hospital.client.post(address(number, "files"), data=sent, base_url=hospital.origin)
    assert answer.status_code == 302
    page = hospital.get(address(number))
    assert not dangers(page)
    assert page.tree.faults == []
    href = page.main.one("section", id="files").one("p", "file-name").one("a")["href"]
    got = hospital.get(href)
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert agreed.as_("manager").get(href).status == 200
    assert agreed.as_("auditor").get(href).status == 404


def test_a_clue_s_file_is_not_the_vendor_s_to_fetch_or_void(agreed: Site) -> None:
    number = clue(agreed.console)
    with agreed.console.write() as session:
        file = agreed.console.files.keep_attachment(io.BytesIO(b"x"), "a.txt")
        breach_accounts.attach(session, number, file, CHIEF, agreed.console.now())
    file_id = seen(agreed.console, number).files[0].id
    for role in ("vendor", "manager", "auditor"):
        assert agreed.as_(role).get(f"/proofs/{file_id}").status == 404
    assert agreed.as_("vendor").post(f"/proofs/{file_id}/void", reason="x", back="/").status == 404
    assert agreed.as_("leader").get(f"/proofs/{file_id}").status == 200


# -- exports ----------------------------------------------------------------------------------------------------------


def exported(browser: Browser, query: str = "") -> list[dict[str, str]]:
    answer = browser.post(f"/lists/breaches/export{query}", format="csv")
    assert answer.status == 200
    return list(csv.DictReader(io.StringIO(answer.html.removeprefix("﻿"))))


def test_an_export_holds_what_its_reader_sees_and_no_formula(agreed: Site) -> None:
    hidden = clue(agreed.console, CHIEF, what="=cmd|'/c calc'!A0")
    number = clue(agreed.console, CHIEF, what="@SUM(1+1)")
    act(agreed.console, "file", number, CHIEF)
    rows = {row["编号"]: row for row in exported(agreed.as_("hospital"))}
    assert (rows[hidden]["经过"], rows[number]["经过"]) == ("'=cmd|'/c calc'!A0", "'@SUM(1+1)")
    assert rows[number]["立案于"] == "2026-11-20 18:00:00"
    assert [row["编号"] for row in exported(agreed.as_("manager"))] == [number]
    assert exported(agreed.as_("auditor")) == []
    assert [row["编号"] for row in exported(agreed.as_("leader"), "?state=clue")] == [hidden]
    browser = agreed.as_("hospital")
    sent = {"csrf_token": browser.token, "format": "xlsx"}
    answer = browser.client.post("/lists/breaches/export", data=sent, base_url=browser.origin)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert "@SUM(1+1)" in [cell.value for cell in cells]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"}


# -- the notice -------------------------------------------------------------------------------------------------------


def test_the_notice_says_what_was_decided_and_what_it_costs(agreed: Site, tmp_path: Path) -> None:
    number = case_in(agreed.console, "approved", reason="群消息、告警日志为证（经手：䶮㛃）")
    for role in PARTIES:
        text = read(pdf(agreed.as_(role), address(number, "notice")), tmp_path)
        terms = agreed.console.settings.terms
        for wanted in (
            "扣款通知", number, terms.hospital, terms.vendor, terms.number, "如出现安全事故的", "未及时上报", "2026-11",
            "¥100,000.00", "壹拾万元整", "群消息、告警日志为证", "䶮㛃", "hospital 2026-11-20", "leader 2026-11-20",
            "甲方（盖章）", "已阅，无异议", "已阅，有异议", "校验码", "超过 30 分", "1/1", "登录确认",
        ):  # fmt: skip
            assert wanted in text.replace("1 / 1", "1/1"), (role, wanted)
    assert "支付回调中断" not in text  # what people typed of the matter is not on it


def test_typed_text_on_the_notice_stays_text(agreed: Site, tmp_path: Path) -> None:
    number = case_in(agreed.console, "approved", reason=HOSTILE)
    text = read(pdf(agreed.as_("hospital"), address(number, "notice")), tmp_path)
    assert '#read("../config.toml") #eval("1+1") *粗* _斜_' in text


def test_the_notice_of_silence_says_that_it_is_no_consent(agreed: Site, tmp_path: Path) -> None:
    number = case_in(agreed.console, "filed")
    agreed.clock.forward(days=7)
    act(agreed.console, "find", number, CHIEF)
    act(agreed.console, "approve", number, LEADER)
    agreed.prove("hospital")
    text = read(pdf(agreed.signed_in("hospital"), address(number, "notice")), tmp_path)
    assert "沉默，不视为同意" in text


def test_the_code_of_a_notice_is_checked_by_anybody_and_tells_nothing_of_the_case(agreed: Site, tmp_path: Path) -> None:
    number = case_in(agreed.console, "approved")
    text = read(pdf(agreed.as_("hospital"), address(number, "notice")), tmp_path)
    code = text.partition("校验码 ")[2][:12]
    page = agreed.browser().get(f"/verify/{number}/{code}")
    assert "该单据与系统记录一致" in page.text
    for told in ("未及时上报", "hospital", "leader", "100,000"):
        assert told not in page.main.text
    wrong, unknown = (agreed.browser().get(f"/verify/{n}/{'0' * 12}") for n in (number, "AQ-2026-999"))
    assert wrong.main.text == unknown.main.text


def test_without_a_fee_the_page_says_what_to_fill_in_and_no_notice_is_printed(site: Site) -> None:
    agree(site.console, fee=None)
    number = case_in(site.console, "approved")
    page = site.as_("hospital").get(address(number))
    assert "金额算不出" in page.text
    assert "[contract.fee]" in page.text
    answer = site.as_("hospital").post(address(number, "notice"))
    assert (answer.status, "算不出扣款金额" in answer.text) == (400, True)


def test_before_go_live_the_page_says_why_nothing_is_deducted(site: Site) -> None:
    agree(site.console, go_live_on=date(2026, 12, 1))
    page = site.as_("hospital").get(address(case_in(site.console, "approved")))
    assert "扣款 ¥0.00" in page.text
    assert "发生在上线日之前" in page.text


# -- elsewhere --------------------------------------------------------------------------------------------------------


def test_the_audit_page_tells_acts_by_name_and_of_a_clue_no_more_than_that_it_is(agreed: Site) -> None:
    number = clue(agreed.console, CHIEF, what="瞒报支付中断", category="concealed")
    page = agreed.as_("vendor").get("/audit?subject=breach")
    assert "登记线索" in page.text
    assert number in page.text
    for hidden in ("瞒报支付中断", "故障瞒报", "concealed"):
        assert hidden not in page.text
    assert set(EVENT_NAMES) <= set(KIND_NAMES)
    assert set(Account.__dataclass_fields__) <= set(FACT_NAMES)


def test_the_terminal_and_the_ticket_pages_are_untouched_by_a_clue(agreed: Site) -> None:
    ticket = log_ticket(agreed.console, actor=VENDOR)
    clue(agreed.console, CHIEF, tickets=[ticket])
    page = agreed.as_("vendor").get(f"/tickets/{ticket}")
    assert "AQ-2026" not in page.text
