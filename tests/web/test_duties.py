"""The pages of duties: a month for everybody, delivering for the vendor, the hospital's word, waiving, asking."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ops_console.core.contracts import MONTH, Minimum
from ops_console.services import deliveries
from tests.conftest import FakeClock, log_ticket
from tests.duties import (
    ENGINEER,
    agree,
    clause,
    done,
    plan,
    released,
    shanghai,
    task,
    the,
    without_clauses,
)
from tests.web.conftest import Site
from tests.web.pages import Browser, Page

CHECK = "C-33/inspection/2026-11-01/1"
HAN = re.compile(r"[\u3400-\u9fff]")
OF_THE_CLAUSES = ("每月至少 1 次Inspection", "凭证文件", "巡检清单")  # words that the clauses bring, tested with them


@pytest.fixture
def clock() -> FakeClock:
    """Here it is Friday 20 November, 10 o'clock in Shanghai."""
    return FakeClock(shanghai("2026-11-20 10:00"))


@pytest.fixture
def owed(site: Site) -> int:
    """A contract with clauses, this month's duties made; the inspection's id."""
    agree(site.console)
    plan(site.console)
    return the(site.console, CHECK).id


def file_(text: str = "checklist", name: str = "巡检表.txt") -> Any:
    return (io.BytesIO(text.encode()), name)


def deliver(browser: Browser, duty_id: int, **given: Any) -> Page:
    fields = {"file": file_(), "code": "E11", **given}
    return browser.post(f"/duties/{duty_id}/delivery", **{k: v for k, v in fields.items() if v is not None})


def state(page: Page) -> str:
    return page.main.one("h1").all("span", "chip")[0].text


def delivery_of(page: Page) -> str:
    return page.main.all("input", name="delivery")[0]["value"]


def test_a_month_is_seen_by_everybody_with_its_counts_and_its_rows(site: Site, owed: int) -> None:
    for role in ("hospital", "officer", "leader", "vendor", "manager", "auditor"):
        page = site.as_(role).get("/duties")
        assert page.status == 200
        assert page.tree.faults == []
        assert page.main.one("p", "sentence").text == "本月到期 3 项： 未到期 3 。"
        rows = page.main.one("table", "duty-table").one("tbody").all("tr")
        assert [row["data-href"] for row in rows][-1] == f"/duties/{owed}"
        assert [a.text for a in page.main.all("a", "day-item")] == ["对账异常处理", "运营数据统计", "系统巡检"]
        assert ("提出要求" in page.main.text) is (role in ("hospital", "officer"))
    assert site.as_("administrator").get("/duties").status == 403


def test_without_clauses_the_page_says_what_would_be_here(site: Site) -> None:
    without_clauses(site.console)
    page = site.as_("vendor").get("/duties")
    assert "合同里还没有列出义务" in page.main.one("section", "empty-page").text
    assert page.main.all("table") == []


def test_the_address_narrows_the_month_and_nonsense_counts_as_not_said(site: Site, owed: int) -> None:
    auditor = site.as_("auditor")

    def rows(query: str) -> int:
        tables = auditor.get(f"/duties?{query}").main.all("table", "duty-table")
        return len(tables[0].one("tbody").all("tr")) if tables else 0

    found = {query: rows(query) for query in (
        "month=2026-11", "clause=C-27", "clause=C-99", "state=planned", "state=kept", "month=2026-10",
        "month=x&state=x",
    )}  # fmt: skip
    assert list(found.values()) == [3, 2, 0, 3, 0, 0, 3]
    assert "这个月没有这种状态的义务" in auditor.get("/duties?state=kept").main.text
    assert "上线日之前的不生成" in auditor.get("/duties?month=2026-10").main.text
    chips = auditor.get("/duties?clause=C-27&state=planned").main.all("a", "tag-chip")
    assert [chip.text for chip in chips] == ["C-27", "未到期"]


def test_a_month_to_come_shows_dashed_what_it_will_bring(site: Site, owed: int) -> None:
    page = site.as_("hospital").get("/duties?month=2026-12")
    assert [one.text for one in page.main.all("span", "day-expected")] == ["对账异常处理", "运营数据统计", "系统巡检"]
    assert "虚线框" in page.main.text


def test_a_page_asks_the_same_number_of_statements_whatever_it_shows(site: Site, clock: FakeClock) -> None:
    hospital = site.as_("hospital")
    agree(site.console, date(2026, 1, 1))
    plan(site.console)
    released(site.console)
    hospital.get("/duties")
    with site.statements() as full:
        hospital.get("/duties?month=2026-11")
    with site.statements() as few:
        hospital.get("/duties?month=2026-10")
    assert abs(len(full) - len(few)) <= 1  # the titles of releases, where there are any
    assert len(full) <= 15


def test_the_vendor_delivers_and_the_hospital_accepts(site: Site, owed: int) -> None:
    vendor, officer = site.as_("vendor"), site.as_("officer")
    page = vendor.get(f"/duties/{owed}")
    assert (state(page), page.tree.faults) == ("未到期", [])
    assert "每月至少 1 次系统巡检" in page.main.text
    answer = deliver(vendor, owed, note="<b>全部</b>")
    assert (answer.status, answer.location) == (302, f"/duties/{owed}")
    page = vendor.get(f"/duties/{owed}")
    assert state(page) == "待验收"
    assert "<b>全部</b>" in page.main.text
    assert "已登记完成，等待甲方验收" in page.text
    assert vendor.post(f"/duties/{owed}/acceptance", delivery=delivery_of(page)).status == 403
    seen = officer.get(f"/duties/{owed}")
    officer.post(f"/duties/{owed}/acceptance", delivery=delivery_of(seen))
    assert state(officer.get(f"/duties/{owed}")) == "按期完成"
    again = officer.post(f"/duties/{owed}/acceptance", delivery=delivery_of(seen))  # a double click
    assert (again.status, "已经验收" in again.text) == (400, True)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"file": None}, "请附上凭证文件"), ({"code": "E2"}, "请选择凭证的种类"),
        ({"at": "2026-11-20T10:01"}, "不能晚于现在"),
        ({"at": "2026-10-31T10:00"}, "起算"), ({"at": "yesterday"}, "时间请写成"), ({"note": "长" * 501}, "说明最多"),
        ({"at": "0001-01-01T00:00"}, ""),
    ],
)  # fmt: skip
def test_a_refused_delivery_keeps_what_was_typed(site: Site, owed: int, given: dict[str, Any], told: str) -> None:
    answer = deliver(site.as_("vendor"), owed, **{"note": "二层机房", **given})
    assert answer.status == 400
    assert told in answer.main.text
    assert answer.main.one("textarea", name="note").text == given.get("note", "二层机房")
    assert state(answer) == "未到期"


def test_a_late_claim_asks_the_hospital_which_time_counts(site: Site, owed: int, clock: FakeClock) -> None:
    clock.at = shanghai("2026-12-01 09:00")
    deliver(site.as_("vendor"), owed, at="2026-11-30T16:00")
    officer = site.as_("officer")
    page = officer.get(f"/duties/{owed}")
    assert "所报完成时间 2026-11-30 16:00:00，2026-12-01 09:00:00 才登记（等级 C）" in page.main.text
    refused = officer.post(f"/duties/{owed}/acceptance", delivery=delivery_of(page))
    assert (refused.status, "请选择认可所报时间" in refused.main.text) == (400, True)
    officer.post(f"/duties/{owed}/acceptance", delivery=delivery_of(page), claim_counts="no")
    page = officer.get(f"/duties/{owed}")
    assert state(page) == "缺"
    assert [one.text for one in page.main.all("del")] == ["2026-11-30 16:00:00"]


def test_what_is_sent_back_says_why_and_may_be_taken_after_all(site: Site, owed: int) -> None:
    vendor, officer = site.as_("vendor"), site.as_("officer")
    deliver(vendor, owed)
    page = officer.get(f"/duties/{owed}")
    refused = officer.post(f"/duties/{owed}/rejection", delivery=delivery_of(page), reason=" ")
    assert refused.status == 400
    officer.post(f"/duties/{owed}/rejection", delivery=delivery_of(page), reason="少了两个系统")
    page = vendor.get(f"/duties/{owed}")
    assert (state(page), "退回：少了两个系统" in page.main.text) == ("未到期", True)
    assert "改为验收退回的这一次" in officer.get(f"/duties/{owed}").main.text


def test_the_vendor_takes_its_word_back(site: Site, owed: int) -> None:
    vendor = site.as_("vendor")
    deliver(vendor, owed)
    page = vendor.get(f"/duties/{owed}")
    vendor.post(f"/duties/{owed}/delivery/taken-back", delivery=delivery_of(page))
    assert state(vendor.get(f"/duties/{owed}")) == "未到期"
    assert vendor.post(f"/duties/{owed}/delivery/taken-back", delivery="x").status == 400


def test_the_hospital_notes_what_it_saw(site: Site, owed: int) -> None:
    deliver(site.as_("officer"), owed, file=None)
    assert state(site.as_("vendor").get(f"/duties/{owed}")) == "按期完成"


def test_waiving_asks_for_the_second_factor_and_is_taken_back(site: Site, owed: int) -> None:
    hospital, path = site.as_("hospital"), f"/duties/{owed}/waiver"
    with site.console.write() as session:
        from sqlalchemy import update

        from ops_console.store.people import SessionRow

        session.execute(update(SessionRow).values(factor_at=None))
    asked = hospital.post(path, reason="停机检修")
    assert (asked.status, asked.root.one("input", name="reason")["value"]) == (200, "停机检修")
    assert state(site.as_("vendor").get(f"/duties/{owed}")) == "未到期"
    hospital = site.as_("hospital")  # proved again
    assert hospital.post(path, reason="").status == 400
    hospital.post(path, reason="停机检修")
    page = hospital.get(f"/duties/{owed}")
    assert (state(page), "已豁免：停机检修" in page.main.text) == ("已豁免", True)
    hospital.post(f"{path}/taken-back")
    assert state(hospital.get(f"/duties/{owed}")) == "未到期"


def test_evidence_is_added_linked_and_downloaded(site: Site, owed: int) -> None:
    vendor, number = site.as_("vendor"), log_ticket(site.console)
    assert vendor.post(f"/duties/{owed}/files").status == 400
    vendor.post(f"/duties/{owed}/files", file=file_(), code="E11")
    for kind, ref, status in (("ticket", number, 302), ("ticket", "GD-9", 400), ("reference", "堡垒机 88", 302)):
        answer = vendor.post(f"/duties/{owed}/links", kind=kind, ref=ref)
        assert answer.status == status
        if status == 400:
            assert answer.main.one("input", name="ref")["value"] == ref
    page = site.as_("officer").get(f"/duties/{owed}")
    evidence = page.main.one("section", id="evidence")
    assert {a["href"] for a in evidence.all("a")} >= {"/proofs/1", f"/tickets/{number}"}
    answer = site.as_("officer").get("/proofs/1")
    assert answer.body == b"checklist"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert site.as_("officer").post(f"/duties/{owed}/links/1/removal").status == 400
    assert vendor.post(f"/duties/{owed}/links/1/removal").status == 302
    assert vendor.post(f"/duties/{owed}/links/1/removal").status == 404


def test_the_hospital_asks_and_the_form_sent_twice_asks_once(site: Site, owed: int) -> None:
    officer = site.as_("officer")
    form = officer.get("/duties/request")
    key = form.main.one("input", name="key")["value"]
    assert [one["value"] for one in form.main.all("input", name="what")] == ["C-13/faq", "C-46/password"]
    refused = officer.post("/duties/request", key=key, what="C-46/password", text="")
    assert (refused.status, refused.main.one("input", name="key")["value"]) == (400, key)
    first = officer.post("/duties/request", key=key, what="C-46/password", text="<i>数据库</i>")
    second = officer.post("/duties/request", key=key, what="C-46/password", text="<i>数据库</i>")
    assert (first.status, first.location) == (302, second.location)
    page = site.as_("vendor").get(first.location)
    assert "<i>数据库</i>" in page.main.text
    assert "2026-11-25 23:59:59" in page.main.text
    assert site.as_("vendor").get("/duties/request").status == 403


def test_nothing_to_ask_for_is_said(site: Site) -> None:
    without_clauses(site.console)
    assert "现在没有可以提出的要求" in site.as_("officer").get("/duties/request").main.text


def test_todays_duties_stand_on_the_vendors_first_pages(site: Site, owed: int, clock: FakeClock) -> None:
    vendor = site.as_("vendor")
    assert vendor.get("/tickets?open=1").main.all("p", "owed-today") == []
    clock.at = shanghai("2026-11-30 09:00")
    vendor = site.signed_in("vendor")
    for path in ("/tickets?open=1", "/closing"):
        line = vendor.get(path).main.one("p", "owed-today")
        assert line.text == "义务：今天到期 3 项"
        assert [a["href"] for a in line.all("a")] == ["/duties"]
    clock.at = shanghai("2026-12-01 09:00")
    vendor = site.signed_in("vendor")
    assert "逾期未完成 3 项" in vendor.get("/closing").main.one("p", "owed-today").text


def test_a_form_leads_back_only_within_the_console(site: Site, owed: int) -> None:
    vendor = site.as_("vendor")
    assert deliver(vendor, owed, back="https://elsewhere.example/").location == f"/duties/{owed}"
    made = released(site.console)
    notes = the(site.console, f"C-13/notes/release:{made}/1").id
    answer = deliver(vendor, notes, code="E7", back=f"/releases/{made}")
    assert answer.location == f"/releases/{made}"


def test_an_unknown_duty_is_not_found(site: Site, owed: int) -> None:
    vendor = site.as_("vendor")
    assert vendor.get("/duties/99").status == 404
    assert deliver(vendor, 99).status == 404
    assert vendor.get("/duties/99999999999").status == 404


def test_a_list_leaves_as_the_month_has_it(site: Site, owed: int) -> None:
    done(site.console, CHECK)
    answer = site.as_("auditor").post("/lists/duties/export?month=2026-11&clause=C-33", format="csv")
    assert "系统巡检,2026-11,待验收" in answer.html


def test_english_pages_hold_no_word_of_ours_in_chinese(site: Site, clock: FakeClock) -> None:
    latin = replace(task("look", "Inspection", period=MONTH, evidence=("E11",)), basis="合同")
    text = {"section": "2.3", "text": "Once a month.", "signs": "Officer", "rule": "Monthly"}
    agree(site.console, clauses=(clause(Minimum, "C-33", "Inspection", latin, **text),))
    plan(site.console)
    key = "C-33/look/2026-11-01/1"
    for role in ("officer", "vendor"):
        browser = site.as_(role)
        browser.post("/language", language="en", back="/")
        for path in (
            "/duties", "/duties?month=2026-12", "/duties?month=2026-01", f"/duties/{the(site.console, key).id}",
            "/releases", "/releases/new", "/releases/new?kind=version",
        ):  # fmt: skip
            page = browser.get(path)
            told = page.main.text
            for words in OF_THE_CLAUSES:
                told = told.replace(words, "")
            assert not HAN.search(told), (path, told)


def test_the_audit_page_has_words_for_what_happened(site: Site, owed: int) -> None:
    delivery = done(site.console, CHECK)
    with site.console.write() as session:
        deliveries.take_back(session, owed, delivery, ENGINEER, site.console.now())
    page = site.as_("auditor").get("/audit?subject=duty")
    assert "撤回完成登记" in page.main.text
    assert "duty_" not in page.main.text
