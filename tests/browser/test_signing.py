"""Signing in a real browser: a security key registers and signs, and the pages fit a desk and a phone without findings.

Served within the test's own process: a month is frozen long after the clock of whoever runs this.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from playwright.sync_api import CDPSession, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from ops_console.core.signatures import STRENGTHS, WEBAUTHN
from ops_console.store import assessments, signing_keys
from tests.browser.conftest import Visit
from tests.browser.served import DESKTOP, PHONE, Visitor
from tests.browser.test_access import findings
from tests.conftest import FakeClock
from tests.real_services import free_port
from tests.signing import (
    CHIEF,
    MANAGER,
    OCTOBER,
    confirm_key,
    freeze_next,
    frozen_october,
    register,
    sign,
    standing,
)
from tests.web.conftest import Site, open_site
from tests.web.pages import PASSWORD

pytestmark = pytest.mark.browser
DEVICE = {
    "protocol": "ctap2", "transport": "usb", "hasResidentKey": False, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip
PAGES = (
    "/month/2026-11/signatures", "/month/2026-10/signatures", "/signing-keys", "/signing-keys/1/sheet", "/delegations",
    "/payments?year=2", "/payments/month/2026-10?year=2",
)  # fmt: skip


class Silent(WSGIRequestHandler):
    """Logs nothing."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing of a request."""


@pytest.fixture(scope="module")
def signing_site(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[tuple[Site, Any]]:
    """A console on localhost whose clock stands in November 2026, October frozen; and what a visitor opens."""
    port = free_port()
    base = f"http://localhost:{port}"
    folder = tmp_path_factory.mktemp("signing") / "data"
    clock = FakeClock(OCTOBER)
    site = open_site(folder, sqlite_template, clock, OPS_SERVER__PUBLIC_URL=base, OPS_SERVER__PORT=str(port))
    frozen_october(site.console, clock)
    server = make_server("localhost", port, site.app, threaded=True, request_handler=Silent)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield site, SimpleNamespace(base=base)
    server.shutdown()
    thread.join()
    site.console.close()


def come_in(site: Site, visitor: Visitor, role: str) -> None:
    """Sign in as the account of that role, its second factor given."""
    visitor.sign_in(role, PASSWORD)
    visitor.page.wait_for_load_state()
    site.prove(role)


def plugged_in(visitor: Visitor, **given: Any) -> tuple[CDPSession, str]:
    """Plug a virtual security key into that visitor's browser."""
    session = visitor.context.new_cdp_session(visitor.page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": {**DEVICE, **given}})
    return session, made["authenticatorId"]


def test_a_security_key_registers_and_signs_the_month(signing_site: tuple[Site, Any], visit: Visit) -> None:
    site, served = signing_site
    chief = visit(served)
    come_in(site, chief, "hospital")
    session, device = plugged_in(chief)
    page = chief.page

    page.goto("/signing-keys")
    page.fill("#device-label", "科长的安全密钥")
    page.click("text=登记安全密钥 >> nth=-1")
    expect(page.locator("article").first).to_contain_text("科长的安全密钥")
    confirm_key(site.console, 1)

    session.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.goto("/month/2026-10/signatures")
    page.click("summary:has-text('WebAuthn')")
    page.click("text=用安全密钥签署")
    expect(page.locator("[data-webauthn-fault]")).to_be_visible()
    assert standing(site.console).signatures == ()

    session.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    page.click("text=用安全密钥签署")
    expect(page.locator(".signed").first).to_contain_text(STRENGTHS[WEBAUTHN])
    expect(page.locator("body")).to_contain_text("现在用登记的公钥核验，签名相符。")
    (one,) = standing(site.console).signatures
    assert (one.method, one.account) == (WEBAUTHN, "hospital")
    assert sign(site.console, MANAGER) == "both"


def settle(site: Site) -> None:
    """See that October is locked, a key registered and November frozen, whatever test came before."""
    for actor in (CHIEF, MANAGER):
        if standing(site.console).of(actor.side) is None:
            sign(site.console, actor)
    with site.console.read() as session:
        frozen = assessments.heading(session, 1, "2026-11") is not None
        keys = signing_keys.of_contract(session, 1)
    if not keys:
        register(site.console, ed25519.Ed25519PrivateKey.generate())
    if not frozen:
        freeze_next(site.console, site.clock, "2026-11")


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pages_fit_and_have_no_serious_finding(
    signing_site: tuple[Site, Any], visit: Visit, width: int, language: str
) -> None:
    site, served = signing_site
    settle(site)
    visitor = visit(served, width=width)
    visitor.speak(language)
    come_in(site, visitor, "hospital")
    found = []
    for path in PAGES:
        found += findings(visitor, path)
        visitor.page.evaluate("document.querySelectorAll('main details').forEach(one => { one.open = true; })")
        overhang = visitor.overhang()
        found += [f"{path}: {overhang}"] if overhang else []
    assert found == []
