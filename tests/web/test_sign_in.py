"""Signing in and out, whose session it is and how long, locks, cookies, headers, and what a request may claim."""

from __future__ import annotations

import io
import json
import os
import re
from pathlib import Path

import pytest
from flask import session
from sqlalchemy import select

from ops_console.services.sessions import whose
from ops_console.store.audit import EventRow
from ops_console.store.people import SessionRow
from ops_console.web.app import HEADERS, create_app
from ops_console.web.proxies import TrustedProxies
from tests.conftest import FakeClock, make_console
from tests.web.conftest import Site, everything, open_site, person
from tests.web.pages import PASSWORD, Browser

NEW = "Another-Long-2-secret"
HTTPS = {"OPS_SERVER__PUBLIC_URL": "https://ops.example.org", "OPS_SERVER__TRUSTED_PROXIES": "10.0.0.5"}


@pytest.fixture
def secure_site(tmp_path: Path, sqlite_template: Path, clock: FakeClock):  # type: ignore[no-untyped-def]
    """A console whose pages are reached by https through the proxy 10.0.0.5."""
    made = open_site(tmp_path / "data", sqlite_template, clock, **HTTPS)
    made.app.wsgi_app = TrustedProxies(made.app.wsgi_app, made.console.settings.server.trusted_proxies)  # type: ignore
    yield made
    made.console.close()


def sources(site: Site) -> list[str]:
    """Return where each session came from."""
    with site.console.read() as session:
        return list(session.scalars(select(SessionRow.source).order_by(SessionRow.created_at, SessionRow.token_hash)))


# -- sessions ---------------------------------------------------------------------------------------------------------


def test_signing_in_begins_a_new_session(site: Site) -> None:
    browser = site.browser()
    token = browser.token
    before = browser.cookie()

    browser.sign_in("vendor")

    assert before
    assert browser.cookie() not in ("", before)
    assert browser.token != token


def test_planted_session_is_not_signed_in_by_its_victim(site: Site) -> None:
    """Session fixation: the attacker's cookie, put into the victim's browser, stays a stranger's."""
    attacker, victim = site.browser(), site.browser()
    assert attacker.token
    victim.client.set_cookie("ops", attacker.cookie(), domain="127.0.0.1")

    assert victim.sign_in("hospital").status == 302

    assert victim.get("/tickets").status == 200
    assert attacker.get("/tickets").location.startswith("/sign-in")


def test_token_of_before_signing_in_is_dead_after_it(site: Site) -> None:
    browser = site.browser()
    old = browser.token
    browser.sign_in("vendor")

    assert browser.ask("POST", "/tickets/new", data={"csrf_token": old, "title": "x"}).status == 400


def test_signing_out_ends_the_session_on_the_server(site: Site) -> None:
    browser = site.signed_in("vendor")
    kept = browser.cookie()

    answer = browser.post("/sign-out")

    assert answer.location == "/sign-in"
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    replayed = site.browser()
    replayed.client.set_cookie("ops", kept, domain="127.0.0.1")
    assert replayed.get("/tickets").location == "/sign-in?next=/tickets"
    assert sources(site) == []


def test_cookie_of_somebody_who_signed_in_again_keeps_to_its_own_session(site: Site) -> None:
    first, second = site.signed_in("vendor"), site.signed_in("vendor")
    first.post("/sign-out")

    assert second.get("/tickets").status == 200


@pytest.mark.parametrize("cookie", ["", "x", "eyJfdXNlcl9pZCI6IjEifQ.aAAAAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA", "a" * 4000])
def test_cookie_made_up_is_a_strangers(site: Site, cookie: str) -> None:
    browser = site.browser()
    browser.client.set_cookie("ops", cookie, domain="127.0.0.1")

    assert browser.get("/tickets").status == 302


def test_session_ends_after_twenty_idle_minutes(site: Site) -> None:
    browser = site.signed_in("vendor")
    site.clock.forward(minutes=20)
    assert browser.get("/tickets").status == 200
    site.clock.forward(minutes=20, seconds=1)

    assert browser.get("/tickets").location.startswith("/sign-in")
    assert browser.post("/sign-out").status == 401


def test_session_ends_twelve_hours_after_it_began_however_busy(site: Site) -> None:
    browser = site.signed_in("vendor")
    for _ in range(48):
        site.clock.forward(minutes=15)
        assert browser.get("/tickets").status == 200
    site.clock.forward(seconds=1)

    assert browser.get("/tickets").location.startswith("/sign-in")


def test_page_that_refreshes_itself_keeps_no_session_alive(site: Site) -> None:
    browser = site.signed_in("vendor")
    for _ in range(4):
        site.clock.forward(minutes=5)
        assert browser.get("/tickets", hx="poll").status == 200
    site.clock.forward(seconds=1)

    answer = browser.get("/tickets", hx="poll")

    assert answer.status == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/tickets"


def test_form_sent_after_the_session_ended_is_told_so_and_does_nothing(site: Site) -> None:
    browser = site.signed_in("vendor")
    token = browser.token
    site.clock.forward(hours=1)
    before = everything(site.console)

    answer = browser.ask("POST", "/tickets/new", data={"csrf_token": token, "title": "打不开"})

    assert answer.status == 401
    assert "请在新窗口登录" in answer.text
    assert everything(site.console) == before


# -- locks ------------------------------------------------------------------------------------------------------------


def fail(browser: Browser, account: str, times: int) -> list[int]:
    return [browser.sign_in(account, "wrong-password-1").status for _ in range(times)]


def test_five_failures_lock_that_account_for_that_address_alone(site: Site) -> None:
    here, elsewhere = site.browser(address="10.9.8.7"), site.browser(address="10.9.8.8")
    assert fail(here, "hospital", 5) == [401] * 5

    refused = here.sign_in("hospital")

    assert refused.status == 401
    assert "此处对该账号的登录已锁定到 2026-11-20 18:15；在别处登录不受影响" in refused.text
    assert here.get("/tickets").status == 302
    assert here.sign_in("vendor").status == 302
    assert elsewhere.sign_in("hospital").status == 302


def test_lock_ends_after_fifteen_minutes(site: Site) -> None:
    here = site.browser()
    fail(here, "hospital", 5)
    site.clock.forward(minutes=14, seconds=59)
    assert here.sign_in("hospital").status == 401
    site.clock.forward(seconds=1)

    assert here.sign_in("hospital").status == 302


def test_browser_that_signed_in_before_is_not_locked_by_its_address(site: Site) -> None:
    """Abuse 7: the vendor at the same desk, or behind the same gateway, cannot lock the chief out on signing day."""
    chief = site.signed_in("hospital")
    chief.post("/sign-out")
    fail(site.browser(), "hospital", 6)

    assert site.browser().sign_in("hospital").status == 401
    assert chief.sign_in("hospital").status == 302
    assert sources(site)[0].startswith("device:")


def test_known_browser_has_a_lock_of_its_own(site: Site) -> None:
    chief = site.signed_in("hospital")
    chief.post("/sign-out")

    assert fail(chief, "hospital", 5) == [401] * 5
    assert "已锁定" in chief.sign_in("hospital").text
    assert site.browser().sign_in("hospital").status == 302


def test_known_browser_is_known_for_its_own_accounts_alone(site: Site) -> None:
    """The vendor's own known browser gives no second bucket for guesses at the hospital's account."""
    vendor = site.signed_in("vendor")
    vendor.post("/sign-out")
    fail(vendor, "hospital", 5)

    assert "已锁定" in site.browser().sign_in("hospital").text


def is_clean(site: Site, browser: Browser) -> bool:
    """Say whether the session of that browser is on a device that the vendor never used."""
    with site.console.read() as reading, site.app.test_request_context(headers={"Cookie": f"ops={browser.cookie()}"}):
        guest = whose(reading, site.console.policy, session["_user_id"], site.console.now())
    assert guest is not None
    return guest.actor.on_clean_device


def test_browser_on_which_the_vendor_signed_in_once_is_never_clean_again(site: Site) -> None:
    chief, shared = site.signed_in("hospital"), site.signed_in("hospital")
    assert is_clean(site, chief)
    assert is_clean(site, shared)
    shared.sign_in("vendor")
    shared.sign_in("hospital")

    assert not is_clean(site, shared)
    assert is_clean(site, chief)


def test_session_of_the_hospital_is_clean_no_longer_once_the_vendor_signs_in_beside_it(site: Site) -> None:
    chief = site.signed_in("hospital")
    device = chief.cookie("ops-device")
    copied = site.browser()
    copied.client.set_cookie("ops-device", device, domain="127.0.0.1")
    copied.sign_in("vendor")

    assert not is_clean(site, chief)


def test_device_is_kept_by_its_hash_alone(site: Site) -> None:
    browser = site.signed_in("hospital")

    (kept,) = everything(site.console)["device"]

    assert not any(part in kept for part in browser.cookie("ops-device").split(".") if part)


def test_made_up_device_cookies_are_worth_nothing(site: Site) -> None:
    browser = site.browser()
    for guess in range(5):
        browser.client.set_cookie("ops-device", f"device-{guess}", domain="127.0.0.1")
        browser.sign_in("hospital", "wrong-password-1")

    assert "已锁定" in site.browser().sign_in("hospital").text


def test_unknown_disabled_and_known_accounts_get_the_same_answer(site: Site) -> None:
    with site.console.write() as session:
        gone = person("gone", "vendor")
        gone.disabled_at = site.clock()
        session.add(gone)

    def answer(account: str, password: str) -> tuple[int, str]:
        page = site.browser(address=f"10.1.1.{len(account + password)}").sign_in(account, password)
        html = re.sub(r'name="csrf_token" value="[^"]*"', "", page.html)
        return page.status, html.replace(account, "…")

    assert answer("hospital", "wrong-password-1") == answer("nobody", "wrong-password-1") == answer("gone", PASSWORD)


def test_answer_to_a_wrong_password_comes_slower_each_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("ops_console.services.sign_in.DELAYS", (0.0, 0.0, 0.25, 0.5, 1.0))
    monkeypatch.setattr("ops_console.web.sign_in.time.sleep", slept.append)

    fail(site.browser(), "hospital", 5)

    assert slept == [0.25, 0.5, 1.0, 1.0]


@pytest.mark.parametrize(
    ("account", "password"), [("", ""), ("hospital", ""), ("", PASSWORD), ("hospital", "x" * 129), ("x" * 41, PASSWORD)]
)
def test_incomplete_sign_in_is_told_so(site: Site, account: str, password: str) -> None:
    answer = site.browser().sign_in(account, password)

    assert answer.status == 400
    assert "请填写账号和密码。" in answer.notes
    assert everything(site.console)["sign_in_failure"] == []


def test_account_is_found_however_it_is_written(site: Site) -> None:
    assert site.browser().sign_in("  Hospital ").status == 302


# -- where to, after signing in ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
        "/\tevil.example", "/\n/evil.example", "/\r\nSet-Cookie: x=1", "evil.example", " //evil.example",
        "/ok\\..\\evil", "///evil.example", "http:evil.example", "/%09/evil\x00",
    ],
)  # fmt: skip
def test_signing_in_leads_nowhere_else(site: Site, wanted: str) -> None:
    answer = site.browser().sign_in("vendor", next=wanted)

    assert (answer.status, answer.headers["Location"]) == (302, "/")


@pytest.mark.parametrize("wanted", ["/tickets", "/tickets?month=2026-03&module=%E9%97%A8%E8%AF%8A", "/dashboard"])
def test_signing_in_leads_back_to_the_page_asked_for(site: Site, wanted: str) -> None:
    browser = site.browser()
    asked = browser.get(wanted)
    form = browser.get(asked.location).root.one("form", css="", method="post", action=asked.location)

    assert form["action"].startswith("/sign-in?next=")
    assert browser.sign_in("vendor", next=wanted).location == wanted


@pytest.mark.parametrize(
    ("role", "first"),
    [
        ("vendor", "/tickets?open=1"),
        ("hospital", "/month"),
        ("leader", "/month"),
        ("manager", "/mirror"),
        ("auditor", "/contract/clauses"),
        ("administrator", "/system"),
    ],
)
def test_first_page_depends_on_the_role(site: Site, role: str, first: str) -> None:
    browser = site.signed_in(role)

    assert browser.get("/").location == first
    assert browser.get(first).status == 200


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\n//evil.example", ""]
)
def test_language_switch_leads_nowhere_else(site: Site, back: str) -> None:
    answer = site.browser().post("/language", language="en", back=back)

    assert answer.headers["Location"] == "/"


# -- passwords --------------------------------------------------------------------------------------------------------


def test_first_password_is_changed_before_anything_else(site: Site) -> None:
    administrator, newcomer = site.signed_in("administrator"), site.browser()
    made = administrator.post("/people", account="newcomer", name="新人", role="vendor")
    one_time = made.root.one("code", "secret").text
    site.as_("security").post("/people/newcomer/confirm")

    assert newcomer.sign_in("newcomer", one_time, next="/dashboard").location == "/password"
    assert "您现在用的是一次性密码" in newcomer.get("/password").text
    old = newcomer.cookie()
    answer = newcomer.post("/password", current_password=one_time, new_password=NEW, repeated=NEW)

    assert answer.location == "/"
    assert newcomer.cookie() != old
    newcomer.forget_token()
    assert newcomer.get("/tickets").status == 200
    assert site.browser().sign_in("newcomer", one_time).status == 401
    assert site.browser().sign_in("newcomer", NEW).status == 302


def test_changing_the_password_ends_every_other_session(site: Site) -> None:
    here, there = site.signed_in("vendor"), site.signed_in("vendor")

    here.post("/password", current_password=PASSWORD, new_password=NEW, repeated=NEW)

    assert here.get("/tickets").status == 200
    assert there.get("/tickets").status == 302


@pytest.mark.parametrize(
    ("current", "new", "repeated", "told"),
    [
        ("wrong-password-1", NEW, NEW, "当前密码不对。"),
        (PASSWORD, NEW, "Different-7-words", "两次输入的新密码不一样。"),
        (PASSWORD, "Short1!", "Short1!", "12"),
        (PASSWORD, PASSWORD, PASSWORD, "新密码不能与当前密码相同。"),
        (PASSWORD, "Vendor-Vendor-1", "Vendor-Vendor-1", "账号"),
        (PASSWORD, "", "", "请填写三个密码栏。"),
        (PASSWORD, "Aa1-" * 40, "Aa1-" * 40, "请填写三个密码栏。"),
    ],
)
def test_refused_password_is_told_beside_its_field_and_kept_nowhere(
    site: Site, current: str, new: str, repeated: str, told: str
) -> None:
    browser = site.signed_in("vendor")

    answer = browser.post("/password", current_password=current, new_password=new, repeated=repeated)

    assert answer.status == 400
    assert any(told in note for note in answer.notes), answer.notes
    assert len(answer.notes) == 1
    for typed in filter(None, (current, new, repeated)):
        assert typed not in answer.html
    assert all(not box.get("value") for box in answer.root.all("input", type="password"))
    assert site.browser().sign_in("vendor").status == 302


def test_wrong_password_is_not_in_the_answer(site: Site) -> None:
    answer = site.browser().sign_in("vendor", "my-secret-typo-1")

    assert "my-secret-typo-1" not in answer.html
    assert answer.root.one("input", name="account")["value"] == "vendor"


def test_guessing_the_current_password_is_locked_too(site: Site) -> None:
    browser = site.signed_in("vendor")
    for _ in range(5):
        browser.post("/password", current_password="wrong-1", new_password=NEW, repeated=NEW)

    answer = browser.post("/password", current_password=PASSWORD, new_password=NEW, repeated=NEW)

    assert answer.status == 400
    assert "已锁定" in answer.text


def test_signing_in_out_and_failing_are_events(site: Site) -> None:
    browser = site.browser(address="10.2.3.4")
    browser.sign_in("vendor", "wrong-password-1")
    browser.sign_in("vendor")
    browser.post("/sign-out")

    with site.console.read() as session:
        rows = session.scalars(select(EventRow).where(EventRow.subject == "person").order_by(EventRow.seq))
        kinds = [(row.kind, json.loads(row.facts).get("source")) for row in rows]
    assert kinds == [("sign_in_failed", "10.2.3.4"), ("signed_in", "10.2.3.4"), ("signed_out", None)]


# -- cookies ----------------------------------------------------------------------------------------------------------


def flags(line: str) -> set[str]:
    return {part.split("=")[0].strip() for part in line.split(";")[1:]}


def test_cookies_on_plain_loopback(site: Site) -> None:
    browser = site.browser()
    answer = browser.sign_in("vendor")
    language = browser.post("/language", language="en", back="/")

    for line in (answer.cookie("ops"), answer.cookie("ops-device"), language.cookie("lang")):
        assert {"HttpOnly", "SameSite", "Path"} <= flags(line)
        assert "SameSite=Lax" in line
        assert "Domain" not in flags(line)
        assert "Secure" not in flags(line)


def test_cookies_under_https(secure_site: Site) -> None:
    browser = through_proxy(secure_site)
    answer = browser.sign_in("vendor")
    language = browser.post("/language", language="en", back="/")

    for line in (answer.cookie("__Host-ops"), answer.cookie("ops-device"), language.cookie("lang")):
        assert {"Secure", "HttpOnly", "SameSite", "Path"} <= flags(line)
        assert "Domain" not in flags(line)
        assert "Path=/;" in f"{line};"
    assert browser.get("/tickets").status == 200


def test_password_and_token_are_not_in_the_cookie_of_the_browser(site: Site) -> None:
    browser = site.signed_in("vendor")

    held = everything(site.console)["sign_in_session"]

    assert PASSWORD not in browser.cookie()
    assert not any(part in held[0] for part in browser.cookie().split(".") if part)


# -- hosts, proxies, headers ------------------------------------------------------------------------------------------


def through_proxy(site: Site, **headers: str) -> Browser:
    """Return a browser behind the trusted proxy, which speaks https to it."""
    browser = site.browser(address="10.0.0.5", origin="http://ops.example.org")
    told = {"HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_FOR": "172.16.3.9"}
    told |= {"HTTP_REFERER": "https://ops.example.org/", **headers}
    browser.client.environ_base |= told  # type: ignore[operator]
    return browser


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1.evil.example", "http://10.0.0.1:8000"])
@pytest.mark.parametrize("path", ["/sign-in", "/tickets", "/static/console.css", "/nowhere", "/healthz"])
def test_wrong_host_is_refused(site: Site, origin: str, path: str) -> None:
    answer = site.browser(origin=origin).get(path)

    assert answer.status == 400
    assert "evil" not in answer.headers.get("Location", "")
    assert HEADERS.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("host", ["", "a b", "evil.example:80:80", "[", "127.0.0.1:99999", "évil"])
def test_host_that_cannot_be_read_is_refused(site: Site, host: str) -> None:
    answer = site.browser().ask("GET", "/sign-in", environ_overrides={"HTTP_HOST": host})

    assert answer.status == 400
    assert "请用 http://127.0.0.1:8000 打开" in answer.html


@pytest.mark.parametrize("origin", ["http://localhost:8000", "http://127.0.0.1:1234", "http://[::1]:8000"])
def test_names_of_loopback_are_ours(site: Site, origin: str) -> None:
    assert site.browser(origin=origin).get("/sign-in").status == 200


def test_loopback_names_are_not_ours_where_only_a_public_name_is(tmp_path: Path, sqlite_template: Path) -> None:
    environment = {**HTTPS, "OPS_SERVER__HOST": "0.0.0.0"}
    site = open_site(tmp_path / "data", sqlite_template, FakeClock(), **environment)

    assert site.browser().get("/sign-in").status == 400
    assert site.browser(origin="https://ops.example.org").get("/sign-in").status == 200
    site.console.close()


def test_forwarded_address_is_believed_from_the_trusted_proxy_alone(secure_site: Site) -> None:
    claims = {"HTTP_X_FORWARDED_FOR": "6.6.6.6", "HTTP_X_REAL_IP": "6.6.6.6", "HTTP_FORWARDED": "for=6.6.6.6"}
    spoofed = secure_site.browser(address="10.9.9.9", origin="http://ops.example.org")
    spoofed.client.environ_base |= claims  # type: ignore[operator]
    spoofed.sign_in("vendor", "wrong-password-1")
    through_proxy(secure_site, HTTP_X_FORWARDED_FOR="6.6.6.6, 172.16.3.9").sign_in("vendor", "wrong-password-1")

    failed = everything(secure_site.console)["sign_in_failure"]

    assert [re.findall(r"\d+\.\d+\.\d+\.\d+", row) for row in failed] == [["10.9.9.9"], ["172.16.3.9"]]


def test_lock_is_not_shaken_off_by_claiming_other_addresses(site: Site) -> None:
    """Without a trusted proxy the wrapper takes the headers away, whatever they say."""
    site.app.wsgi_app = TrustedProxies(site.app.wsgi_app, ())  # type: ignore[method-assign]
    browser = site.browser()
    for last in range(5):
        browser.client.environ_base["HTTP_X_FORWARDED_FOR"] = f"6.6.6.{last}"  # type: ignore[index]
        browser.sign_in("hospital", "wrong-password-1")

    assert "已锁定" in browser.sign_in("hospital").text


def answers(site: Site) -> dict[int, dict[str, str]]:
    """Return one answer's headers by status, of all the statuses that a person can meet."""
    browser, large = site.signed_in("vendor"), io.BytesIO(b"x" * (34 << 20))
    site.app.view_functions["jobs.index"] = lambda: 1 / 0
    token = browser.token
    told = [
        site.browser().ask("POST", "/tickets/new"), site.browser().get("/tickets"), browser.get("/tickets"),
        browser.get("/tickets/GD-0"), browser.get("/nowhere"), browser.ask("DELETE", "/tickets"),
        browser.post("/people"),
        browser.ask("POST", "/import", data={"csrf_token": token, "file": (large, "x.csv")}),
        browser.ask("POST", "/tickets/new", data={"csrf_token": token, "title": "x" * (3 << 20)}),
        browser.get("/system"), browser.ask("POST", "/tickets/new"),
    ]  # fmt: skip
    return {page.status: dict(page.headers) for page in told}


def test_every_answer_has_the_headers_and_is_kept_by_nobody(site: Site) -> None:
    found = answers(site)

    assert set(found) == {200, 302, 400, 401, 403, 404, 405, 413, 500}
    for status, headers in found.items():
        assert HEADERS.items() <= headers.items(), status
        assert headers["Cache-Control"] == "no-store", status
        assert "Strict-Transport-Security" not in headers
        assert not [name for name in headers if name.startswith("Access-Control") or name in ("Server", "X-Powered-By")]
        assert headers["Content-Type"].lower() == "text/html; charset=utf-8", status


def test_policy_lets_nothing_run_but_our_own_files() -> None:
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))

    assert policy["default-src"] == policy["base-uri"] == policy["object-src"] == policy["frame-ancestors"] == "'none'"
    assert (
        policy["script-src"] == policy["connect-src"] == policy["form-action"] == policy["style-src-elem"] == "'self'"
    )
    assert "unsafe-eval" not in HEADERS["Content-Security-Policy"]


def test_crash_tells_a_number_and_nothing_else(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    browser = site.signed_in("vendor")
    site.app.view_functions["tickets.index"] = lambda: {}["the secret inside"]

    answer = browser.get("/tickets")

    number = re.search(r"编号 ([0-9a-f]{8}) ", answer.main.text)
    assert answer.status == 500
    assert number is not None
    assert number[1] in caplog.text
    assert "secret inside" not in answer.html
    assert "Traceback" not in answer.html


def test_crash_before_anybody_is_known_is_a_page_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database gone: not even who asks can be found, and the page of the error asks it nothing."""
    browser = site.signed_in("vendor")
    monkeypatch.setattr("ops_console.services.sessions.whose", lambda *_: 1 / 0)

    answer = browser.get("/tickets")

    assert answer.status == 500
    assert "控制台内部出错" in answer.text
    assert HEADERS.items() <= dict(answer.headers).items()


def test_errors_of_somebody_signed_in_keep_the_frame(site: Site) -> None:
    browser = site.signed_in("vendor")
    for answer in (browser.get("/nowhere"), browser.ask("DELETE", "/tickets"), browser.ask("POST", "/tickets/new")):
        assert answer.root.all("nav", "rail")
    assert browser.get("/sign-in").status == 200


def test_transport_security_is_asked_for_under_https_alone(secure_site: Site) -> None:
    secure = through_proxy(secure_site).get("/sign-in")
    plain = secure_site.browser(address="10.9.9.9", origin="http://ops.example.org")
    plain.client.environ_base["HTTP_X_FORWARDED_PROTO"] = "https"  # type: ignore[index]

    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in plain.get("/sign-in").headers


def test_static_files_are_kept_by_browsers_and_carry_no_cookie(site: Site) -> None:
    browser = site.signed_in("vendor")

    answer = browser.get("/static/console.css")

    assert "max-age=2592000" in answer.headers["Cache-Control"]
    assert "Set-Cookie" not in answer.headers
    assert HEADERS.items() <= dict(answer.headers).items()
    assert browser.get("/static/gone.css").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    ["/static/../config.toml", "/static/%2e%2e/%2e%2e/app.py", "/static/..%2f..%2fapp.py", "/static//etc/passwd"],
)
def test_static_files_end_at_their_folder(site: Site, path: str) -> None:
    assert site.browser().get(path).status in (302, 308, 404)


@pytest.mark.parametrize("name", ["DEBUG", "FLASK_DEBUG", "FLASK_ENV", "FLASK_SECRET_KEY", "OPS_DEBUG"])
def test_environment_turns_no_debugger_on(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1" if name != "FLASK_ENV" else "development")
    site = open_site(tmp_path / "data", sqlite_template, FakeClock(), **os.environ)
    browser = site.signed_in("vendor")
    site.app.view_functions["tickets.index"] = lambda: 1 / 0

    answer = browser.get("/tickets")

    assert not site.app.debug
    assert not site.app.testing
    assert answer.status == 500
    assert "ZeroDivisionError" not in answer.html
    assert browser.get("/console").status == 404
    assert len(site.app.config["SECRET_KEY"]) == 32
    site.console.close()


def test_plain_http_beyond_loopback_is_told_on_every_page(tmp_path: Path, sqlite_template: Path) -> None:
    environment = {
        "OPS_SERVER__HOST": "0.0.0.0", "OPS_SERVER__ALLOW_PLAIN_HTTP": "true",
        "OPS_SERVER__PUBLIC_URL": "http://ops.example.org:8000",
    }  # fmt: skip
    site = open_site(tmp_path / "data", sqlite_template, FakeClock(), **environment)
    stranger, vendor = (site.browser(origin="http://ops.example.org:8000") for _ in range(2))
    vendor.sign_in("vendor")

    for page in (stranger.get("/sign-in"), stranger.get("/nowhere"), vendor.get("/tickets"), vendor.get("/password")):
        assert "未加密的 HTTP" in page.root.one("div", "banner-danger").text
    site.console.close()


def test_key_that_signs_cookies_is_the_data_folders_own(tmp_path: Path, sqlite_template: Path) -> None:
    first = open_site(tmp_path / "one", sqlite_template, FakeClock())
    other = open_site(tmp_path / "two", sqlite_template, FakeClock())
    browser, stranger = first.signed_in("vendor"), other.browser()
    stranger.client.set_cookie("ops", browser.cookie(), domain="127.0.0.1")

    assert stranger.get("/tickets").status == 302
    again = create_app(make_console(tmp_path / "one", FakeClock()))
    assert again.config["SECRET_KEY"] == first.app.config["SECRET_KEY"]
    secret = (tmp_path / "one" / "secret.key").read_bytes()
    assert len({again.config["SECRET_KEY"], again.config["WTF_CSRF_SECRET_KEY"], secret}) == 3
    for site in (first, other):
        site.console.close()
