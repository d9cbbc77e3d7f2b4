"""The page of the ten questions: proposing, confirming, refusing, ranking, a month under another answer, the sheet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ops_console.console import PROJECT
from ops_console.core.score_preset import PRESET
from ops_console.core.terms import terms_from_json
from ops_console.services import contracts, freezes
from ops_console.store import contracts as store
from ops_console.store.audit import EventRow
from tests.conftest import FakeClock, do, log_ticket
from tests.services import test_scores
from tests.services.test_readings import HOSPITAL, VENDOR
from tests.web.conftest import Site, everything, open_site
from tests.web.pages import Browser, Page
from tests.web.test_documents import pdf, read
from tests.web.test_tickets import HOSTILE_TEXT, dangers, statements

GIVEN = {"effective_from": "2026-11-01", "reason": "双方例会商定"}


def propose(browser: Browser, **fields: str) -> Page:
    return browser.send("/contract/readings", **{**GIVEN, **fields})


def agree(site: Site, **fields: str) -> None:
    propose(site.as_("vendor"), **fields)
    hospital = site.as_("hospital")
    form = next(
        one for one in hospital.get("/contract/readings").main.one("section", "proposed").all("form")
        if one["action"].endswith("/confirm")
    )  # fmt: skip
    hospital.send(form["action"], digest=form.one("input", name="digest")["value"], back="/contract/readings")


@pytest.mark.parametrize("role", ["hospital", "officer", "leader", "vendor", "manager", "auditor"])
def test_the_ten_questions_stand_there_with_their_answers_and_what_they_matter(site: Site, role: str) -> None:
    page = site.as_(role).get("/contract/readings")

    assert "问题 10 个：0 个双方已确认，10 个按默认" in page.main.text
    shown = page.main.all("section", "question")
    assert [one["id"] for one in shown] == [f"K{n}" for n in range(1, 11)]
    for one, question in zip(shown, site.console.settings.terms.questions, strict=True):
        assert question.question in one.text
        assert question.matters in one.text
        assert one.text.count("默认") >= 1
        assert "另一种" in one.text
        for option in question.options:
            assert option.sentence in one.text
    may = role in ("hospital", "vendor", "manager")
    assert bool(page.main.all("section", id="propose")) is may


def test_an_answer_goes_from_a_proposal_to_what_counts(site: Site) -> None:
    page = propose(site.as_("vendor"), K1="hotline", K7="capped")
    assert "已提出，等待对方确认" in page.notes[0]
    sheet = page.main.one("section", "proposed")
    assert "vendor（乙方）提出于" in sheet.text
    assert "双方例会商定" in sheet.text
    assert "一律按热线的 2 小时，故障也不例外。" in sheet.text
    assert "本方已确认，等待对方。" in sheet.text

    hospital = site.as_("hospital")
    form = hospital.get("/contract/readings").main.one("section", "proposed").all("form")[0]
    page = hospital.send(
        form["action"], digest=form.one("input", name="digest")["value"], back=form.one("input", name="back")["value"]
    )

    assert "2 个双方已确认，8 个按默认" in page.main.text
    first = page.main.all("section", "question")[0]
    assert "双方确认，自 2026-11-01 起计（第 2 版）" in first.text
    assert [radio["value"] for radio in first.all("input", type="radio") if "checked" in radio.attributes] == [
        "hotline"
    ]


def test_what_is_left_alone_is_not_agreed_upon_unless_all_is_ticked(site: Site) -> None:
    defaults = {question.id: question.default.id for question in site.console.settings.terms.questions}
    page = propose(site.as_("hospital"), **defaults)
    assert (page.status, "没有改动" in page.main.text) == (400, True)

    agreed = propose(site.as_("hospital"), all="1", **defaults)

    assert "已提出" in agreed.notes[0]
    assert agreed.main.one("section", "proposed").all("table")[0].text.count("默认：") == 10


def test_a_no_with_its_reason_is_seen_by_the_other_party(site: Site) -> None:
    propose(site.as_("vendor"), K1="hotline")
    hospital = site.as_("hospital")

    empty = hospital.post("/contract/2/refuse", answer=" ")
    assert (empty.status, "请写明原因" in empty.text) == (400, True)
    page = hospital.send("/contract/2/refuse", answer="要按更严的", back="/contract")

    assert "已记下本方不同意" in page.notes[0]
    assert not page.main.all("section", "proposed")
    assert "要按更严的" in site.as_("vendor").get("/contract").main.text


def test_what_was_proposed_is_taken_back(site: Site) -> None:
    propose(site.as_("vendor"), K1="hotline")
    assert site.as_("hospital").post("/contract/2/withdraw").status == 400

    page = site.as_("vendor").send("/contract/2/withdraw", back="/contract/readings")

    assert "已撤回" in page.notes[0]
    assert not page.main.all("section", "proposed")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"K1": "hotline", "effective_from": ""}, "请选择从哪一天起计"),
        ({"K1": "hotline", "effective_from": "2024-01-01"}, "起计日须在合同期"),
        ({"K1": "hotline", "reason": " "}, "请写明原因"),
        ({"K1": "nonsense"}, "请为问题 K1 选一个答案"),
        ({"K1": HOSTILE_TEXT[0]}, "请为问题 K1 选一个答案"),
    ],
)
def test_what_is_refused_is_told_beside_its_field_and_what_was_typed_is_kept(
    site: Site, fields: dict[str, str], told: str
) -> None:
    vendor = site.as_("vendor")
    before = everything(site.console)

    page = propose(vendor, **{"K2": "all", **fields})

    assert (page.status, told in page.main.text) == (400, True)
    chosen = page.main.all("section", "question")[1].all("input", type="radio")
    assert [radio["value"] for radio in chosen if "checked" in radio.attributes] == ["all"]
    assert page.main.one("input", id="propose-reason")["value"] == {**GIVEN, **fields}["reason"]
    assert not dangers(page)
    assert everything(site.console) == before


@pytest.mark.parametrize("role", ["auditor", "officer", "leader", "administrator"])
def test_nobody_but_who_may_confirm_contracts_acts_here(site: Site, role: str) -> None:
    propose(site.as_("vendor"), K1="hotline")
    browser = site.as_(role)
    before = everything(site.console)
    for address in ("/contract/readings", "/contract/ranks", "/contract/2/refuse", "/contract/2/withdraw"):
        assert browser.post(address, **GIVEN, K1="hotline", answer="x").status == 403
    assert everything(site.console) == before


def test_without_a_fresh_second_factor_the_form_waits_for_the_code(site: Site, clock: FakeClock) -> None:
    vendor = site.signed_in("vendor")
    clock.forward(minutes=6)

    page = vendor.post("/contract/readings", **GIVEN, K1="hotline")

    assert "动态口令" in page.text
    with site.console.read() as session:
        assert len(store.versions(session)) == 1


# Conflicts


@pytest.fixture
def colliding(site: Site) -> Site:
    """A console in whose contract two limits claim the answer to a fault."""
    terms = site.console.settings.terms
    limits = (*terms.limits[:4], replace(terms.limits[4], except_types=()))
    with site.console.write() as session:
        contracts.load(session, replace(terms, limits=limits, counts_from=date(2026, 11, 1)), site.console.now())
        made = store.versions(session)[0]
        for actor in (HOSPITAL, VENDOR):
            contracts.confirm(session, made.id, made.digest, actor, site.console.now())
    return site


def test_a_conflict_is_shown_in_red_with_what_to_do(colliding: Site) -> None:
    for address in ("/contract", "/contract/clauses"):
        note = colliding.as_("auditor").get(address).main.one("div", "note-danger")
        assert "不能结算" in note.text
        assert "C-15、C-38 都适用，没有排出先后" in note.text
        assert note.all("a", href="/contract/readings#conflicts")
    assert "冲突" in colliding.as_("vendor").get("/contract/clauses", q="C-38").main.text


def test_the_parties_rank_them_and_the_conflict_is_gone(colliding: Site) -> None:
    vendor = colliding.as_("vendor")
    section = vendor.get("/contract/readings").main.one("section", id="conflicts")
    assert len(section.all("form")) == 1
    together = [one["value"] for one in section.all("input", name="limits")]
    assert together == ["C-15,C-38", "C-16,C-38"]

    page = vendor.send(
        "/contract/ranks", **GIVEN, limits=together,
        **{"first-C-15,C-38": "C-15", "first-C-16,C-38": "C-16"},
    )  # fmt: skip
    assert "C-15 优先于 C-38" in page.main.one("section", "proposed").text
    assert page.main.all("section", id="conflicts")  # until the other party said yes

    hospital = colliding.as_("hospital")
    form = hospital.get("/contract").main.one("section", "proposed").all("form")[0]
    hospital.send(form["action"], digest=form.one("input", name="digest")["value"])
    assert not hospital.get("/contract/readings").main.all("section", id="conflicts")


def test_a_rank_without_a_choice_is_refused(colliding: Site) -> None:
    for fields in ({}, {"first-C-15,C-38": "C-17"}):
        page = colliding.as_("vendor").send("/contract/ranks", **GIVEN, limits="C-15,C-38", **fields)
        assert (page.status, "哪一项时限优先" in page.main.text) == (400, True)


# Another answer


def late_fault(site: Site, clock: FakeClock) -> str:
    clock.at = datetime.fromisoformat("2026-10-09T09:00:00+08:00")
    number = log_ticket(site.console)
    clock.forward(minutes=100)
    do(site.console, number, "responded")
    clock.at = datetime.fromisoformat("2026-11-20T18:00:00+08:00")
    return number


def test_a_month_is_looked_at_under_another_answer_beside_the_present_one(site: Site, clock: FakeClock) -> None:
    number, hospital = late_fault(site, clock), site.as_("hospital")
    before = everything(site.console)

    page = hospital.get("/contract/readings", answer="K1/hotline", month="2026-10")

    section = page.main.one("section", id="what-if")
    shown = {cells[0]: cells[1:3] for tr in section.all("tr") if len(cells := [td.text for td in tr.all("td")]) > 2}
    assert shown["C-15 工作时间故障响应 不同"] == ["0/1 0.0%", "无"]
    assert shown["C-38 2小时内响应 不同"] == ["无", "1/1 100.0%"]
    assert "结果不同的工单 1 件" in section.text
    assert section.all("a", href=f"/tickets/{number}")
    assert "有 1 件工单结果不同" in page.main.all("section", "question")[0].text
    assert everything(site.console) == before


def what_if(browser: Browser, month: str, answer: str = "K1/hotline") -> Any:
    return browser.get("/contract/readings", answer=answer, month=month).main.one("section", id="what-if")


def test_score_clauses_and_caps_stand_beside_one_another_with_what_differs_marked(site: Site, clock: FakeClock) -> None:
    test_scores.confirm(site.console, test_scores.propose(site.console, PRESET, "2026-11"))
    number = log_ticket(site.console, at=datetime.fromisoformat("2026-11-03T09:00:00+08:00"))
    do(site.console, number, "responded", at=datetime.fromisoformat("2026-11-03T09:45:00+08:00"))
    auditor = site.as_("auditor")
    before = everything(site.console)

    section = what_if(auditor, "2026-11")

    differing = [(tr.all("td")[0].text, tr) for tr in section.all("tr", "differs")]
    points = dict(differing)["得分 不同"]
    old, new = (Decimal(td.text) for td in points.all("td")[1:3])
    assert new == old + 1
    item = next(tr for name, tr in differing if name.startswith("A1 "))
    assert [td.text for td in item.all("td")[1:3]] == ["1/1，扣 1", "本月无发生 ，扣 0"]
    assert item.all("a", href="/contract/clauses#C-15")
    assert item.all("a")[0]["href"].startswith("/month/2026-11/items/A1")
    clause = next(tr for name, tr in differing if name.startswith("C-15 ") and "未达标" in tr.text)
    assert "换成这个答案：故障的响应适用 C-38 的 2 小时" in clause.text
    names = [tr.all("td")[0].text for tr in section.all("tr") if tr.all("td")]
    assert names.count("应付") == 1
    assert sum(name.startswith("年度额度：") for name in names) == 4
    assert "不保存，不改动任何结果" in section.text
    assert everything(site.console) == before


@pytest.mark.parametrize("answer", ["K7/capped", "K9/lead", "K3/material", "K2/all"])
def test_a_month_that_no_answer_touches_says_so(site: Site, clock: FakeClock, answer: str) -> None:
    section = what_if(site.as_("hospital"), "2026-11", answer)
    assert "这个月没有差别" in section.text
    assert not section.all("tr", "differs")


def test_a_frozen_month_says_that_no_answer_moves_it(site: Site, clock: FakeClock) -> None:
    with site.console.write() as session:
        row = store.versions(session)[0]
        row.terms = replace(terms_from_json(row.terms), go_live_on=date(2026, 10, 1)).as_json()
    site.console.shelf.forget()
    late_fault(site, clock)
    hospital = site.as_("hospital")
    assert what_if(hospital, "2026-10").all("tr", "differs")
    with site.console.write() as session:
        freezes.freeze_month(session, site.console.book(session), 1, "2026-10", actor=HOSPITAL, now=clock.at)

    section = what_if(hospital, "2026-10")

    assert "2026-10 的结果是“事实已冻结”：任何答案都不改动它" in section.text
    assert not section.all("tr", "differs")
    assert "结果不同的工单 0 件" in section.text
    assert "2026-09 是“历史（未考核）”，不考核" in what_if(hospital, "2026-09").text


def test_the_open_month_s_screen_leads_there(site: Site) -> None:
    main = site.as_("hospital").get("/month/2026-11").main
    (link,) = (one for one in main.all("a") if "换一个口径" in one.text)
    assert link["href"].endswith("month=2026-11#what-if")


@pytest.mark.parametrize(
    "asked", [{"answer": "K1/x", "month": "2026-10"}, {"answer": "K1/hotline", "month": "x"}, {"answer": "/"}]
)
def test_what_is_not_to_be_compared_shows_no_comparison(site: Site, asked: dict[str, str]) -> None:
    page = site.as_("auditor").get("/contract/readings", **asked)
    assert page.status == 200
    assert "统计对象" not in page.main.text


def test_after_both_agreed_the_dashboard_counts_by_it(site: Site, clock: FakeClock) -> None:
    late_fault(site, clock)
    assert "1 件有超时" in site.as_("hospital").get("/dashboard", month="2026-10").main.text
    agree(site, K1="hotline", effective_from="2026-10-01")
    site.run_jobs()
    assert "没有超时" in site.as_("hospital").get("/dashboard", month="2026-10").main.text


# The sheet of go-live, opening balances, history


@pytest.fixture
def opened(tmp_path: Path, sqlite_template: Path, clock: FakeClock) -> Iterator[Site]:
    """A console whose contract went live in October with an opening balance."""
    text = (PROJECT / "config.toml").read_text(encoding="utf-8")
    opening = '[[contract.opening]]\nclause = "C-31"\nyear = 2\nused = 5\ndocument = "额度核对单"\n'
    text = text.replace("[contract.settlement] ", opening + "[contract.settlement] ", 1)
    text = text.replace("counts_from = 2025-01-01", "counts_from = 2025-01-01\ngo_live_on = 2026-10-15", 1)
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    made = open_site(tmp_path / "data", sqlite_template, clock, OPS_CONFIG=str(tmp_path / "config.toml"))
    yield made
    made.console.close()


def test_the_sheet_says_what_counts_and_leaves_room_for_both_stamps(opened: Site, tmp_path: Path) -> None:
    agree(opened, K1="hotline")
    text = read(pdf(opened.as_("hospital"), "/contract/go-live-sheet"), tmp_path)

    terms = opened.console.settings.terms
    for words in (
        "上线确认单", terms.number, "2026-10-15", "C-31", "额度核对单", "还没有挂上期初依据的扫描件",
        "一律按热线的 2 小时", "双方确认，自 2026-11-01", "甲方（盖章）", "乙方（盖章）", "审计链 #",
    ):  # fmt: skip
        assert words in text, words
    for question in terms.questions:
        assert question.id in text
    assert text.count("默认，双方未另行商定") == 9
    with opened.console.read() as session:
        digest = store.versions(session)[0].digest
        printed = session.scalars(select(EventRow).where(EventRow.kind == "printed")).all()
    assert digest[:16] in text
    assert [(row.subject, row.subject_id) for row in printed] == [("contract", "1")]


def test_the_sheet_is_read_by_everybody_who_reads_the_contract_and_by_nobody_else(site: Site) -> None:
    for role in ("vendor", "auditor"):
        assert pdf(site.as_(role), "/contract/go-live-sheet")[:4] == b"%PDF"
    assert site.browser().ask("POST", "/contract/go-live-sheet").status == 401


def test_the_sheet_speaks_english_where_the_page_does(site: Site, tmp_path: Path) -> None:
    vendor = site.signed_in("vendor")
    vendor.client.set_cookie("lang", "en", domain="127.0.0.1")
    text = read(pdf(vendor, "/contract/go-live-sheet"), tmp_path)
    assert "Go-live confirmation sheet" in text
    assert "Hospital (stamp)" in text


def test_a_warning_stands_until_a_scan_hangs_by_the_opening_balance(opened: Site) -> None:
    hospital = opened.as_("hospital")
    assert "还没有挂上期初依据的扫描件" in hospital.get("/contract").main.text

    nothing = hospital.ask(
        "POST", "/contract/scans", data={"csrf_token": hospital.token}, content_type="multipart/form-data"
    )
    assert (nothing.status, "请先选择要上传的文件" in nothing.text) == (400, True)
    fields = {"csrf_token": hospital.token, "file": (io.BytesIO(b"%PDF-1.7\n%%EOF\n"), "核对单.pdf")}
    hospital.ask("POST", "/contract/scans", data=fields, content_type="multipart/form-data")

    section = hospital.get("/contract").main.one("section", id="openings")
    assert "还没有挂上" not in section.text
    assert "核对单.pdf" in section.text
    assert "E9 协议或审批" in section.text
    assert "核对单.pdf" in opened.as_("auditor").get("/contract").main.text
    auditor = opened.as_("auditor")
    answer = auditor.ask(
        "POST", "/contract/scans", data={**fields, "csrf_token": auditor.token, "file": (io.BytesIO(b"x"), "x.txt")},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert answer.status == 403


@pytest.mark.parametrize(
    ("month", "told"),
    [
        ("2026-09", "历史（未考核）"),
        ("2026-10", "这个月在此之前报修的工单不计时限"),
        ("2026-11", ""),
        ("2024-06", "历史（未考核）"),
    ],
)
def test_a_month_before_go_live_is_history(opened: Site, clock: FakeClock, month: str, told: str) -> None:
    clock.at = datetime.fromisoformat("2026-10-14T23:59:59+08:00")
    log_ticket(opened.console)
    clock.at = datetime.fromisoformat("2026-10-15T00:00:00+08:00")
    log_ticket(opened.console)
    clock.at = datetime.fromisoformat("2026-11-20T18:00:00+08:00")

    page = opened.as_("hospital").get("/dashboard", month=month)

    assert told in page.main.text
    if not told:
        assert "历史" not in page.main.text
    if month == "2026-10":
        assert "2 件" in page.main.text
        assert sum("全部 1" in one.text for one in page.main.all("article", "tile")) == 1


def test_a_ticket_of_before_go_live_says_that_it_is_history(opened: Site, clock: FakeClock) -> None:
    clock.at = datetime.fromisoformat("2026-10-14T23:59:59+08:00")
    number = log_ticket(opened.console)
    clock.forward(seconds=1)
    later = log_ticket(opened.console)
    assert "合同自 2026-10-15 起考核，这件工单在此之前报修" in opened.as_("vendor").get(f"/tickets/{number}").main.text
    assert "历史（未考核）" not in opened.as_("vendor").get(f"/tickets/{later}").main.text


def test_the_sequence_of_contracts_stands_on_the_page(site: Site) -> None:
    terms = replace(
        site.console.settings.terms, number="YW-2028-001", vendor="丙公司", starts_on=date(2028, 1, 1),
        ends_on=date(2030, 12, 31), counts_from=date(2028, 1, 1),
    )  # fmt: skip
    assert "合同的先后" not in site.as_("auditor").get("/contract").main.text
    with site.console.write() as session:
        contracts.load(session, terms, site.console.now())
        made = store.versions(session)[0]
        for actor in (HOSPITAL, VENDOR):
            contracts.confirm(session, made.id, made.digest, actor, site.console.now())
    page = site.as_("auditor").get("/contract")
    assert "YW-2028-001" in page.main.text
    assert "丙公司" in page.main.text
    assert site.as_("vendor").get("/contract/readings", contract="2").main.text.count("YW-2028-001") >= 1
    page = site.as_("vendor").send(
        "/contract/readings", contract="2", K1="hotline", effective_from="2028-01-01", reason="新合同按热线"
    )
    assert "已提出" in page.notes[0]
    with site.console.read() as session:
        assert store.versions(session)[0].contract_id == 2


def test_statements_of_the_page_are_few(year: Site) -> None:
    assert statements(year, "/contract/readings") <= 40
