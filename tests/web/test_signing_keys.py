"""The page of keys: registering, comparing fingerprints from paper, revoking, the sheet for both stamps."""

from __future__ import annotations

import io

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from ops_console.core.signing_keys import grouped
from ops_console.services import signing_keys
from tests.signing import CHIEF, MANAGER, pem_of, register
from tests.web.conftest import Site
from tests.web.pages import Page


def fingerprint(site: Site, key_id: int = 1) -> str:
    with site.console.read() as session:
        return signing_keys.find(session, key_id, CHIEF).fingerprint


def test_a_key_is_registered_compared_and_revoked_on_the_page(site: Site) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    chief, manager = site.as_("hospital"), site.as_("manager")
    sent = chief.post("/signing-keys", label="保险柜 <i>U</i> 盘", file=(io.BytesIO(pem_of(private)), "pub.pem"))
    assert sent.status == 302
    shown = grouped(fingerprint(site))
    for browser in (chief, manager, site.as_("auditor")):
        page = browser.get("/signing-keys")
        assert page.tree.faults == [] and shown in page.text and "保险柜 <i>U</i> 盘" in page.text
    assert not site.as_("auditor").get("/signing-keys").main.all("form", enctype="multipart/form-data")
    sheet = manager.get("/signing-keys/1/sheet")
    assert shown in sheet.text and len(sheet.main.all("div", "stamp-box")) == 2
    wrong = manager.post("/signing-keys/1/confirm", fingerprint=fingerprint(site), typed="00000000")
    assert wrong.status == 400 and "登记单" in wrong.text
    right = manager.post("/signing-keys/1/confirm", fingerprint=fingerprint(site), typed=fingerprint(site)[-8:])
    assert right.status == 302
    assert "双方已确认" in chief.get("/signing-keys").text
    assert manager.post("/signing-keys/1/revoke", reason="x").status == 400
    assert chief.post("/signing-keys/1/revoke", reason="遗失").status == 302
    assert "已吊销" in chief.get("/signing-keys").text


def test_a_private_key_is_refused_and_never_shown_again(site: Site) -> None:
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    page = site.as_("hospital").post("/signing-keys", label="钥匙", pem=pem.decode())
    assert page.status == 400 and "这是私钥" in page.text
    assert "PRIVATE" not in page.html and page.main.one("input", id="label")["value"] == "钥匙"


def test_where_authenticators_do_not_work_the_page_says_why(site: Site) -> None:
    page = site.as_("hospital").get("/signing-keys")
    assert "https 和主机名" in page.text and not page.main.all("form", action="/signing-keys/authenticator")
    refused: Page = site.as_("hospital").post("/signing-keys/authenticator", label="钥匙", asked="", answer="{}")
    assert refused.status == 400 and "https 和主机名" in refused.text


@pytest.mark.parametrize("role", ["officer", "vendor", "leader", "auditor"])
def test_others_look_and_do_nothing(site: Site, role: str) -> None:
    register(site.console, ed25519.Ed25519PrivateKey.generate(), MANAGER)
    assert site.as_(role).get("/signing-keys").status == 200
    for act in ("confirm", "refuse", "revoke"):
        assert site.as_(role).post(f"/signing-keys/1/{act}", reason="x").status == 403
    assert site.as_(role).post("/signing-keys", label="x", pem="x").status == 403


def test_unknown_keys_are_unknown_pages(site: Site) -> None:
    assert site.as_("hospital").get("/signing-keys/9/sheet").status == 404
    assert site.as_("hospital").post("/signing-keys/9/revoke", reason="x").status == 404
