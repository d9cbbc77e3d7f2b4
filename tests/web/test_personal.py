"""A ticket's page shows masked texts; their originals for a reason and five minutes, with and without JavaScript."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from ops_console.store.factors import FactorRow
from ops_console.store.people import SessionRow
from ops_console.store.personal import RevealRow
from tests.conftest import FakeClock, log_ticket
from tests.web.conftest import Site, everything, open_site
from tests.web.pages import Browser, Page
from tests.web.test_factors import code, enrol

PHONE, SHOWN = "13800001234", "138****1234"


@pytest.fixture
def number(site: Site) -> str:
    return log_ticket(site.console, phone=PHONE, title="打不开", description="<b>卡</b> 6222021234567890128")


def places(browser: Browser, number: str) -> list[str]:
    return [form["action"] for form in browser.get(f"/tickets/{number}").root.all("form")]


def place(browser: Browser, number: str, field: str = "phone") -> str:
    return next(place for place in places(browser, number) if place.endswith(f"/{field}"))


def part(browser: Browser, method: str, path: str, **fields: str) -> Page:
    data = {"csrf_token": browser.token, **fields} if method == "POST" else None
    return browser.ask(method, path, data=data, headers={"HX-Request": "true"})


def test_the_ticket_shows_masked_texts_and_where_to_ask(site: Site, number: str) -> None:
    page = site.as_("vendor").get(f"/tickets/{number}")
    assert PHONE not in page.html
    assert SHOWN in page.root.one("section", id="masked").text
    assert len(page.root.all("div", "original")) == 2


def test_an_auditor_sees_masked_texts_and_no_button(site: Site, number: str) -> None:
    page = site.as_("auditor").get(f"/tickets/{number}")
    assert SHOWN in page.text
    assert not page.root.one("section", id="masked").all("form")
    path = place(site.as_("vendor"), number)
    assert site.as_("auditor").get(path).status == 403
    assert site.as_("auditor").post(path, reason="x").status == 403


def test_the_vendor_is_shown_nothing_of_the_hospitals_note(site: Site, number: str) -> None:
    told = f"患者家属 {PHONE} 投诉乙方"
    page = site.as_("hospital").post(f"/tickets/{number}/notes", note=told)
    assert page.status == 302
    path = next(p for p in places(site.as_("hospital"), number) if p.endswith("/note"))
    vendor = site.as_("vendor")

    assert "投诉乙方" not in vendor.get(f"/tickets/{number}").html
    assert not [place for place in places(vendor, number) if place.endswith("/note")]
    assert vendor.get(path).status == 404
    assert vendor.post(path, reason="回电核实").status == 404


def test_without_javascript_a_page_shows_the_original_until_when(site: Site, number: str, clock: FakeClock) -> None:
    browser = site.as_("hospital")
    path = place(browser, number)
    assert PHONE not in browser.get(path).html
    answer = browser.post(path, reason="回电核实")
    assert (answer.status, answer.location) == (303, path)
    page = browser.get(path)
    assert page.root.one("p", "original-whole").text == PHONE
    assert "18:05:00" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert 300 <= int(page.headers["Refresh"]) <= 301
    assert page.tree.faults == []
    clock.forward(minutes=5)
    again = browser.get(path)
    assert PHONE not in again.html
    assert "Refresh" not in again.headers
    assert again.root.one("input", name="reason").get("value") == ""


def test_with_javascript_the_part_is_replaced_and_fetched_again_at_its_end(
    site: Site, number: str, clock: FakeClock
) -> None:
    browser = site.as_("vendor")
    path = place(browser, number)
    answer = part(browser, "POST", path, reason="回电核实")
    shown = answer.root.one("div", "original")
    assert shown.one("p", "original-whole").text == PHONE
    assert (shown["hx-get"], shown["data-original-seconds"]) == (path, "301")
    assert shown.one("p", "original-whole")["data-masked"] == SHOWN
    assert answer.headers["Cache-Control"] == "no-store"
    clock.forward(seconds=301)
    later = part(browser, "GET", path)
    assert PHONE not in later.html
    assert later.root.one("form")["action"] == path


def test_a_reveal_without_reason_is_told_beside_the_field(site: Site, number: str) -> None:
    browser = site.as_("vendor")
    path = place(browser, number)
    answer = browser.post(path, reason=" ")
    assert answer.status == 400
    assert "请写明查看原文的原因" in answer.root.one("p", "fault").text
    assert PHONE not in answer.html
    told = part(browser, "POST", path, reason="长" * 201)
    assert told.root.one("p", "fault").text
    assert told.root.one("input", name="reason")["value"] == "长" * 201
    with site.console.read() as session:
        assert session.scalars(select(RevealRow)).all() == []


def test_a_stale_factor_is_asked_for_in_place_and_counts_once(site: Site, number: str, clock: FakeClock) -> None:
    browser = site.signed_in("vendor")
    path = place(browser, number)
    seed = enrol(site, browser)
    clock.forward(minutes=6)
    asked = part(browser, "POST", path, reason="回电核实")
    assert "请先验证第二因素" in asked.root.one("p", "fault").text
    assert asked.root.one("input", name="reason")["value"] == "回电核实"
    assert asked.root.one("input", name="factor_code").get("autofocus") is not None
    wrong = part(browser, "POST", path, reason="回电核实", factor_code="000000")
    assert "验证码不对" in wrong.root.one("p", "fault").text
    assert reveals(site) == 0
    given = code(site, seed)
    whole = part(browser, "POST", path, reason="回电核实", factor_code=given)
    assert whole.root.one("p", "original-whole").text == PHONE
    clock.forward(minutes=5, seconds=1)
    again = part(browser, "POST", path, reason="回电核实", factor_code=given)
    assert "已经用过" in again.root.one("p", "fault").text
    assert reveals(site) == 1


def test_without_javascript_the_page_asks_for_code_and_reason_at_once(
    site: Site, number: str, clock: FakeClock
) -> None:
    browser = site.signed_in("hospital")
    path = place(browser, number)
    seed = enrol(site, browser)
    clock.forward(minutes=6)
    assert browser.get(path).root.one("input", name="factor_code")
    assert browser.post(path, reason="回电核实", factor_code=code(site, seed)).status == 303
    assert PHONE in browser.get(path).html


def test_whoever_has_no_second_factor_is_told_where_to_enrol_one(site: Site, number: str) -> None:
    with site.console.write() as session:
        session.execute(delete(FactorRow))
        session.execute(update(SessionRow).values(factor_at=None))
    browser = site.browser()
    browser.sign_in("vendor")
    masked = browser.get(f"/tickets/{number}").root.one("section", id="masked")
    assert "须先启用第二因素" in masked.text
    assert masked.all("form") == []
    (phone,) = [a["href"] for a in masked.all("a") if a["href"].endswith("phone")]
    assert phone.startswith("/factor/new?next=/tickets/")
    seq = phone.rsplit("/", 2)[1]
    answer = browser.post(f"/tickets/{number}/originals/{seq}/phone", reason="回电核实")
    assert answer.status == 400
    assert PHONE not in answer.html
    assert reveals(site) == 0


def reveals(site: Site) -> int:
    with site.console.read() as session:
        return len(session.scalars(select(RevealRow)).all())


def test_looking_at_an_original_again_changes_no_row(site: Site, number: str) -> None:
    browser = site.as_("vendor")
    path = place(browser, number)
    browser.post(path, reason="回电核实")
    before = everything(site.console)
    assert PHONE in browser.get(path).html
    assert everything(site.console) == before


def test_what_was_typed_is_text_on_the_page(site: Site, number: str) -> None:
    browser = site.as_("vendor")
    path = place(browser, number, "description")
    browser.post(path, reason="核实")
    page = browser.get(path)
    assert page.root.one("p", "original-whole").text == "<b>卡</b> 6222021234567890128"


def test_unknown_places_are_not_found(site: Site, number: str) -> None:
    for path in (f"/tickets/{number}/originals/99/phone", "/tickets/GD-1/originals/2/phone"):
        assert site.as_("vendor").get(path).status == 404
        assert site.as_("vendor").post(path, reason="x").status == 404


def test_over_plain_http_beyond_loopback_no_original_is_shown(tmp_path: Path, sqlite_template: Path) -> None:
    environment = {
        "OPS_SERVER__HOST": "0.0.0.0", "OPS_SERVER__ALLOW_PLAIN_HTTP": "true",
        "OPS_SERVER__PUBLIC_URL": "http://ops.example.org:8000",
    }  # fmt: skip
    site = open_site(tmp_path / "data", sqlite_template, FakeClock(), **environment)
    number = log_ticket(site.console, phone=PHONE)
    browser = site.signed_in("vendor", origin="http://ops.example.org:8000")
    answer = browser.post(place(browser, number), reason="回电核实")
    assert answer.status == 400
    assert PHONE not in answer.html
    site.console.close()


def test_the_events_tell_who_saw_what_and_why(site: Site, number: str) -> None:
    browser = site.as_("vendor")
    browser.post(place(browser, number), reason="回电核实")
    text = browser.get(f"/tickets/{number}").root.all("table", "list-events")[-1].text
    assert "查看原文" in text
    assert "回电核实" in text
    assert "联系电话" in text
