"""The second factor's pages: asked of administrators at sign-in, of signers before they sign, never passed by."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete

from ops_console.core.factors import code_of, counter_at
from ops_console.store.factors import FactorRow
from tests.web.conftest import Site
from tests.web.pages import PASSWORD, Browser, Page

ADD = {"account": "newone", "name": "新人", "role": "auditor"}


@pytest.fixture
def bare(site: Site) -> Site:
    """A console whose accounts have no second factor yet."""
    with site.console.write() as session:
        session.execute(delete(FactorRow))
    return site


def seed_on(page: Page) -> str:
    return page.root.one("code", "secret").text.replace(" ", "")


def code(site: Site, seed: str, steps: int = 0) -> str:
    return code_of(seed, counter_at(site.clock()) + steps)


def enrol(site: Site, browser: Browser) -> str:
    seed = seed_on(browser.post("/factor/new", act="begin", kind="totp"))
    browser.post("/factor/new", act="confirm", kind="totp", factor_code=code(site, seed), current_password=PASSWORD)
    browser.forget_token()
    return seed


@pytest.mark.parametrize("role", ["administrator", "security", "audit_administrator"])
def test_administrator_without_a_factor_sees_the_enrolment_alone(bare: Site, role: str) -> None:
    browser = bare.browser()
    browser.sign_in(role)

    for address in ("/people", "/account", "/password", "/factor", "/"):
        assert browser.get(address).location == "/factor/new"
    assert browser.get("/factor/new").status == 200


def test_enrolment_shows_picture_and_secret_and_opens_the_console(bare: Site) -> None:
    browser = bare.browser()
    browser.sign_in("administrator")
    page = browser.post("/factor/new", act="begin", kind="totp")
    assert page.root.all("img")[0]["src"].startswith("data:image/svg+xml")
    assert re.fullmatch(r"[A-Z2-7]{32}", seed_on(page))
    old = browser.cookie()

    enrol(bare, browser)

    assert browser.cookie() != old
    assert browser.get("/people").status == 200


@pytest.mark.parametrize(
    ("wrong", "field"), [({"factor_code": "000000"}, "factor_code"), ({"current_password": "x"}, "current_password")]
)
def test_enrolment_needs_the_password_and_a_right_code(bare: Site, wrong: dict[str, str], field: str) -> None:
    browser = bare.browser()
    browser.sign_in("administrator")
    seed = seed_on(browser.post("/factor/new", act="begin", kind="totp"))
    given = {"factor_code": code(bare, seed), "current_password": PASSWORD, **wrong}

    answer = browser.post("/factor/new", act="confirm", kind="totp", **given)

    assert answer.status == 400
    assert answer.root.all("p", "fault", id=f"fault-{field}")
    assert browser.get("/people").location == "/factor/new"


def test_signing_in_again_asks_for_the_code(bare: Site) -> None:
    first = bare.browser()
    first.sign_in("administrator")
    seed = enrol(bare, first)
    again = bare.browser()
    assert again.sign_in("administrator").location == "/"
    assert again.get("/people").location == "/factor"
    assert again.post("/people", **ADD).location == "/factor"
    assert again.post("/factor", factor_code="000000").status == 400
    bare.clock.forward(seconds=60)

    assert again.post("/factor", factor_code=code(bare, seed)).status == 302
    again.forget_token()
    assert again.get("/people").status == 200


def test_form_waits_while_the_code_is_asked_for(bare: Site) -> None:
    browser = bare.browser()
    browser.sign_in("administrator")
    seed = enrol(bare, browser)
    bare.clock.forward(minutes=5, seconds=1)

    asked = browser.post("/people", **ADD)
    carried = {box["name"]: box["value"] for box in asked.root.all("input", type="hidden")}
    assert {name: carried.get(name) for name in ADD} == ADD
    assert "newone" not in browser.get("/people").root.all("tbody")[0].text

    wrong = browser.post("/people", **ADD, factor_code="000000")
    assert wrong.status == 400
    made = browser.post("/people", **ADD, factor_code=code(bare, seed))
    assert made.root.one("code", "secret").text
    browser.forget_token()
    assert browser.post("/people/newone/unlock").status == 302  # fresh for five minutes


def test_signer_without_a_factor_is_led_to_enrol(bare: Site) -> None:
    chief = bare.browser()
    chief.sign_in("hospital")

    assert chief.post("/contract/1/confirm", digest="0" * 64).location.startswith("/factor/new")


def test_card_is_shown_once_and_its_first_code_puts_it_in_use(bare: Site) -> None:
    chief = bare.browser()
    chief.sign_in("hospital")
    page = chief.post("/factor/new", act="begin", kind="card")
    codes = [item.text.replace(" ", "") for item in page.root.all("ol", "code-card")[0].all("code")]
    assert len(codes) == 60
    assert not any(code in chief.get("/factor/new").html.replace(" ", "") for code in codes)

    chief.post("/factor/new", act="confirm", kind="card", factor_code=codes[0], current_password=PASSWORD)
    chief.forget_token()

    assert "还剩 59 个号码" in chief.get("/account").text


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_way_back_after_the_code_stays_on_the_console(bare: Site, wanted: str) -> None:
    chief = bare.browser()
    chief.sign_in("hospital")
    seed = enrol(bare, chief)
    bare.clock.forward(seconds=60)

    assert chief.ask(
        "POST", "/factor", query_string={"next": wanted},
        data={"csrf_token": chief.token, "factor_code": code(bare, seed)},
    ).location == "/"  # fmt: skip


def test_flood_from_one_address_is_stopped_over_all_accounts(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops_console.services.sign_in.TRIES_A_MINUTE", 3)
    here = site.browser(address="2001:db8:1:2::1")
    for account in ("a1", "a2", "a3"):
        here.sign_in(account, "wrong-password-1")
    neighbour = site.browser(address="2001:db8:1:2:ffff::9")
    assert "次数过多" in neighbour.sign_in("vendor").text
    assert site.browser(address="2001:db8:1:3::1").sign_in("vendor").status == 302
    site.clock.forward(minutes=1)

    assert here.sign_in("vendor").status == 302


def test_own_sessions_are_listed_and_ended(site: Site) -> None:
    here, there, other = site.signed_in("vendor"), site.signed_in("vendor"), site.signed_in("hospital")
    page = here.get("/account")
    (number,) = [box["value"] for box in page.main.all("input", name="number")]
    assert other.post("/account/sessions/end", number=number).status == 404

    here.post("/account/sessions/end", number=number)

    assert there.get("/tickets").status == 302
    assert here.get("/tickets").status == 200


def test_administrators_end_anybodys_session(site: Site) -> None:
    vendor, administrator = site.signed_in("vendor"), site.as_("administrator")
    row = next(tr for tr in administrator.get("/people").main.all("tr") if tr.all("td") and
               tr.all("td")[0].text == "vendor" and tr.all("input", name="number"))  # fmt: skip

    administrator.post("/people/sessions/end", number=row.one("input", name="number")["value"])

    assert vendor.get("/tickets").status == 302
