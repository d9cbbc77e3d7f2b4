"""The pages of reports without an account: what strangers see, what vendors never see, sealed answers, the worker."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from ops_console.core import tickets as core
from ops_console.services import descriptions, locations
from ops_console.store.audit import EventRow
from ops_console.store.public_reports import PublicReportRow
from ops_console.store.tickets import TicketRow
from tests.conftest import HOSPITAL, VENDOR, do
from tests.web.conftest import Site, everything
from tests.web.pages import Browser, Page
from tests.web.test_rights import ASKED, address

PLACE = "门诊收费处 3 号窗口"
REPORT = {"kind": "broken", "module": "报告查询", "title": "蓝屏了", "reporter": "王护士", "phone": "61234567"}


@pytest.fixture
def token(site: Site) -> str:
    """A sticker's token."""
    at = site.console
    with at.write() as session:
        locations.add(session, f"门诊收费处,{PLACE}", set(), at.public_secrets, actor=HOSPITAL, now=at.now())
        (sticker,) = locations.stickers(session, [1], at.public_secrets, HOSPITAL, at.now())
    return sticker.token


def report(browser: Browser, token: str = "", **given: str) -> Page:
    return browser.post("/report", **{"key": "k", "place": token, **REPORT, **given})


def leave(browser: Browser) -> None:
    """Sign out; the forms of the session that ended are worth nothing afterwards."""
    browser.post("/sign-out")
    browser._token = ""


def code_of(page: Page) -> str:
    return page.root.one("b", css="public-code").text


def status_of(page: Page) -> str:
    return "/s/" + re.findall(r"/s/([\w-]{22})\"", page.html)[0]


def test_a_report_needs_no_account_and_no_script(site: Site, token: str) -> None:
    nurse = site.browser()
    form = nurse.get(f"/r/{token}")
    assert (form.status, form.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert PLACE in form.text
    receipt = report(nurse, token)
    assert receipt.status == 200
    with site.console.read() as session:
        row = session.scalars(select(TicketRow)).one()
        mark = session.scalars(select(EventRow.hash).where(EventRow.kind == "reported")).one()[:12]
    assert row.number in receipt.text
    assert mark in receipt.text
    assert nurse.get(status_of(receipt)).root.one("code").text == mark


def test_past_the_days_reports_of_an_address_it_says_whom_to_call(
    site: Site, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops_console.core.public_reports.PER_DAY", 1)
    assert report(site.browser(), token).status == 200
    page = report(site.browser(), token, key="k2", title="打印不了")
    assert page.status == 429
    assert "请拨打服务热线报修" in page.root.one("div", role="alert").text
    assert page.root.one("input", name="title")["value"] == "打印不了"


def test_a_report_and_its_answer_go_through_over_https(site: Site, token: str) -> None:
    """Their pages send no Referer, so none may be asked for."""
    nurse = Browser(site.app, origin="https://127.0.0.1:8000")
    receipt = report(nurse, token)
    assert receipt.status == 200, receipt.text
    number, status = re.findall(r"GD-\d{8}-\d{5}", receipt.html)[0], status_of(receipt)
    site.clock.forward(minutes=1)
    do(site.console, number, core.RESPONDED)
    do(site.console, number, core.RESTORE)
    assert nurse.post(status, answer="restored").status == 303
    stranger = nurse.ask("POST", "/report", data={"key": "x", "place": token, **REPORT, "csrf_token": "made up"})
    assert (stranger.status, "页面已过期" in stranger.text) == (400, True)


@pytest.mark.parametrize("path", ["/报修", "/report"])
def test_the_shared_pages_addresses_both_open(site: Site, path: str) -> None:
    assert site.browser().get(path).status == 200


def test_an_unknown_sticker_leads_to_the_open_page(site: Site) -> None:
    answer = site.browser().get("/r/AAAAAAAAAAAAAAAAAAAAAA")
    assert answer.status == 404
    assert answer.root.one("a", css="btn-primary")["href"] == "/%E6%8A%A5%E4%BF%AE" or "/report" in answer.html


def test_public_pages_never_repeat_what_somebody_typed(site: Site, token: str) -> None:
    nurse = site.browser()
    receipt = report(nurse, token)
    status = status_of(receipt)
    for browser in (nurse, site.browser()):
        for path in (f"/r/{token}", "/report", status, "/contacts", "/report/offline"):
            shown = browser.get(path).html
            typed = ("王护士", "61234567", *(() if path == status else ("蓝屏了",)))  # the secret address tells its own
            assert not any(text in shown for text in typed), path


def test_no_face_shows_the_code_to_a_vendor(site: Site, token: str) -> None:
    """Walks every page there is as a vendor (and every other role) with the code known."""
    receipt = report(site.browser(), token)
    code, number = code_of(receipt), re.findall(r"GD-\d{8}-\d{5}", receipt.html)[0]
    word = re.compile(rf"(?<![\w:.-]){code}(?![\w:.-])")
    for role in ("vendor", "hospital", "auditor", "administrator"):
        browser = site.signed_in(role)
        pages = [address(rule).replace("GD-20261120-00001", number) for _, method, rule in ASKED if method == "GET"]
        for page in [*pages, f"/tickets?number={number}", status_of(receipt)]:
            if "static" not in page and not page.endswith(".js"):
                assert not word.search(browser.get(page).html), (role, page)
    with site.console.read() as session:
        assert code not in {str(value) for row in session.execute(select(PublicReportRow)) for value in vars(row[0])}


def test_a_code_from_elsewhere_closes_and_a_wrong_one_does_not(site: Site, token: str) -> None:
    receipt = report(site.browser(), token)
    number, status, code = re.findall(r"GD-\d{8}-\d{5}", receipt.html)[0], status_of(receipt), code_of(receipt)
    site.clock.forward(minutes=1)
    do(site.console, number, core.RESPONDED)
    do(site.console, number, core.RESTORE)
    other = site.browser()
    assert "确认码" in other.get(status).text
    refused = other.post(status, answer="restored", code=f"{(int(code) + 1) % 10000:04d}")
    assert refused.status == 400
    assert "确认码不对" in refused.text
    assert other.post(status, answer="restored", code=code, stars="5").status == 303
    assert "已关闭" in other.get(status).text


def restored(site: Site, receipt: Page) -> str:
    """Let the vendor answer and restore what was reported, and return its number."""
    number = re.findall(r"GD-\d{8}-\d{5}", receipt.html)[0]
    site.clock.forward(minutes=1)
    do(site.console, number, core.RESPONDED)
    do(site.console, number, core.RESTORE)
    return number


def test_a_status_page_says_what_was_reported_and_where_masked(site: Site, token: str) -> None:
    title = "13800001234 的报告打不开，已经试过三次，还是不行"
    receipt = report(site.browser(), token, title=title)
    number = restored(site, receipt)
    with site.console.write() as session:
        told = descriptions.CompleteTicket(number, title="患者张三的报告")
        descriptions.complete(session, site.console.book(session), told, VENDOR, site.console.now())
    for browser in (site.browser(), site.as_("vendor")):
        page = browser.get(status_of(receipt))
        assert ("报告查询" in page.text, PLACE in page.text, "138****1234 的报告打不开" in page.text) == (
            True,
            True,
            True,
        )
        assert not any(hidden in page.html for hidden in ("13800001234", "还是不行", "王护士", "61234567", "张三"))


def test_a_report_that_waits_says_what_it_is_too(site: Site, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops_console.core.public_reports.PER_BROWSER", 0)
    page = site.browser().get(status_of(report(site.browser(), token, title="13800001234 打不开")))
    assert ("等待核实" in page.text, PLACE in page.text, "138****1234 打不开" in page.text) == (True, True, True)
    assert not any(hidden in page.html for hidden in ("13800001234", "王护士", "61234567"))


def test_who_says_not_repaired_is_told_that_it_was_noted_and_the_page_keeps_it(site: Site, token: str) -> None:
    nurse = site.browser()
    receipt = report(nurse, token)
    status, number = status_of(receipt), restored(site, receipt)
    site.clock.forward(minutes=1)

    answer = nurse.post(status, answer="not_restored", reason="还是打不开，打 13800001234")

    assert (answer.status, answer.headers["Location"]) == (303, status)
    noted = nurse.get(status).root.one("section", id="answered")
    assert "已记录，工程师已收到提醒" in noted.text
    assert "您的答复： 没修好 · 2026-11-20 18:02:00" in noted.text
    assert "您写的原因：还是打不开，打 138****1234" in noted.text
    site.clock.forward(minutes=1)
    do(site.console, number, core.RESTORE)
    page = nurse.get(status)
    assert not page.root.all("section", id="answered")
    assert "没修好 · 2026-11-20 18:02:00 还是打不开" in page.text
    assert "13800001234" not in page.html


def test_who_confirms_is_told_that_it_was_noted(site: Site, token: str) -> None:
    nurse = site.browser()
    receipt = report(nurse, token)
    restored(site, receipt)
    nurse.post(status_of(receipt), answer="restored", stars="4")
    noted = nurse.get(status_of(receipt)).root.one("section", id="answered").text
    assert ("已记录您的确认" in noted, "已恢复 · 4 星 · 2026-11-20 18:01:00" in noted) == (True, True)


def test_what_the_hospital_says_signed_in_is_not_shown_as_the_reporters(site: Site, token: str) -> None:
    receipt = report(site.browser(), token)
    number = restored(site, receipt)
    do(site.console, number, core.RESTORE_REJECTED, HOSPITAL, reason="科里的话")
    page = site.browser().get(status_of(receipt))
    assert (page.root.all("section", id="answered"), "科里的话" in page.text) == ([], False)


def test_no_code_asks_for_the_code_and_counts_no_try(site: Site, token: str) -> None:
    receipt = report(site.browser(), token)
    restored(site, receipt)
    refused = site.browser().post(status_of(receipt), answer="restored", code=" ")
    assert refused.status == 400
    assert "请输入报修回执上的 4 位确认码" in refused.root.one("div", role="alert").text
    with site.console.read() as session:
        assert session.scalars(select(PublicReportRow.code_tries)).one() == 0


@pytest.mark.parametrize(("language", "told"), [("zh", "回电号码至少要有 3 位数字"), ("en", "at least 3 digits")])
def test_a_number_nobody_can_dial_is_refused_and_the_form_keeps_what_was_typed(
    site: Site, token: str, language: str, told: str
) -> None:
    nurse = site.browser()
    nurse.client.set_cookie("lang", language, domain="127.0.0.1")
    page = report(nurse, token, phone="abc")
    assert page.status == 400
    assert told in page.root.one("p", id="fault-phone").text
    assert [page.root.one("input", name=name)["value"] for name in ("phone", "title")] == ["abc", "蓝屏了"]
    with site.console.read() as session:
        assert session.scalars(select(TicketRow.id)).all() == []


def test_looking_at_a_status_page_confirms_nothing(site: Site, token: str) -> None:
    receipt = report(site.browser(), token)
    number, status = re.findall(r"GD-\d{8}-\d{5}", receipt.html)[0], status_of(receipt)
    site.clock.forward(minutes=1)
    do(site.console, number, core.RESPONDED)
    do(site.console, number, core.RESTORE)
    before = everything(site.console)
    for method in ("GET", "HEAD"):
        site.browser().ask(method, status + "?answer=restored&stars=5")
    assert everything(site.console) == before


def test_a_refused_field_keeps_what_was_typed(site: Site, token: str) -> None:
    answer = report(site.browser(), token, phone="1" * 101)
    assert answer.status == 400
    assert answer.root.one("input", name="title")["value"] == "蓝屏了"
    assert answer.root.all("p", css="fault")


@pytest.mark.parametrize("hostile", ["<svg onload=alert(1)>", "=cmd|'/c calc'!A1", "{{7*7}}", "<@all>[点此](http://x)"])
def test_hostile_texts_stay_texts_on_the_staff_pages(site: Site, token: str, hostile: str) -> None:
    report(site.browser(), token, title=hostile)
    number = "GD-20261120-00001"
    page = site.as_("vendor").get(f"/tickets/{number}")
    assert hostile in page.text
    assert "<svg onload" not in page.html


def test_a_registered_browser_brings_its_department_and_grade_a(site: Site) -> None:
    pc = site.signed_in("hospital")
    assert pc.post("/devices", label="护士站 1 号机", department="心内科").status == 302
    leave(pc)
    form = pc.get("/报修")
    assert form.root.one("input", name="department")["value"] == "心内科"
    report(pc)
    with site.console.read() as session:
        assert session.scalars(select(EventRow.grade).where(EventRow.kind == "reported")).one() == "A"


def test_a_vendor_who_signs_in_there_ends_that(site: Site) -> None:
    pc = site.signed_in("hospital")
    pc.post("/devices", label="护士站 1 号机", department="心内科")
    leave(pc)
    pc.sign_in("vendor")
    leave(pc)
    report(pc)
    with site.console.read() as session:
        assert session.scalars(select(EventRow.grade).where(EventRow.kind == "reported")).one() == "B"


def test_the_worker_may_speak_for_stickers_alone(site: Site) -> None:
    answer = site.browser().get("/report-worker.js")
    assert answer.headers["Service-Worker-Allowed"] == "/r"
    assert "javascript" in answer.headers["Content-Type"]
    policy = answer.headers["Content-Security-Policy"]
    assert "worker-src 'self'" in policy
    assert "camera=(self)" in answer.headers["Permissions-Policy"]


def test_waiting_reports_are_taken_in_by_one_click(site: Site, token: str) -> None:
    nurse = site.browser()
    for n in range(7):
        report(nurse, token, key=str(n), title=f"第 {n} 次")
    vendor = site.as_("vendor")
    shown = vendor.get("/reports/pending")
    assert "第 6 次" in shown.text
    assert "不受理" not in [button.text for button in shown.root.all("button")]
    assert vendor.post("/reports/pending/7/accept").status == 302
    assert "第 6 次" not in vendor.get("/reports/pending").text
    with site.console.read() as session:
        assert len(session.scalars(select(TicketRow.id)).all()) == 7


def test_stickers_are_printed_for_the_hospital_alone(site: Site, token: str) -> None:
    printed = site.as_("hospital").post("/locations/stickers", ids="1")
    assert (printed.status, printed.headers["Content-Type"]) == (200, "application/pdf")
    assert printed.body.startswith(b"%PDF-")
    assert site.as_("vendor").post("/locations/stickers", ids="1").status == 403
