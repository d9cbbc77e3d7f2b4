"""The signing page: who signed and how strong, every form, the exact bytes, what an old page or another role gets."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from ops_console.core.signatures import STRENGTHS
from tests.conftest import FakeClock
from tests.signing import (
    CHIEF,
    MANAGER,
    OCTOBER,
    PDF,
    confirm_key,
    frozen_october,
    past_the_days,
    register,
    row_of,
    sign,
    signed,
    standing,
)
from tests.web.conftest import Site
from tests.web.pages import Page

WHERE = "/month/2026-10/signatures"


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


@pytest.fixture
def digest(site: Site, clock: FakeClock) -> str:
    """October frozen, nobody has signed."""
    return frozen_october(site.console, clock)


def post(site: Site, role: str, form: str, **given: Any) -> Page:
    seen = {"digest": standing(site.console).digest, **given}
    return site.as_(role).post(f"{WHERE}/{form}", **seen)


def test_the_page_says_what_is_signed_and_offers_signers_every_way(site: Site, digest: str) -> None:
    for role in ("hospital", "manager", "officer", "vendor", "leader", "auditor"):
        page = site.as_(role).get(WHERE)
        assert page.status == 200 and page.tree.faults == []
        assert digest in page.text and digest[:12] in page.text and "sha256sum month.json" in page.text
        offered = [form["action"] for form in page.main.all("form") if "/signatures/" in form.get("action")]
        assert bool(offered) is (role in ("hospital", "manager")), role
    page = site.as_("hospital").get(WHERE)
    for strength in STRENGTHS.values():
        assert strength in page.text
    assert "https 和主机名" in page.text  # served at an address: no authenticators, and it says so


def test_both_sign_on_the_page_and_see_each_other(site: Site, digest: str) -> None:
    answer = post(site, "hospital", "login", reservation="对 <b>A1</b> 有保留")
    assert answer.status == 302
    page = site.as_("manager").get(WHERE)
    assert "hospital某" in page.text and STRENGTHS["login"] in page.text
    assert "对 <b>A1</b> 有保留" in page.text and "<b>A1</b>" not in page.html
    assert "甲方已签署，等待乙方" in page.text
    page = site.as_("manager").send(f"{WHERE}/login", digest=digest)
    assert "双方已签署" in page.text and not page.main.all("form", action=f"{WHERE}/login?contract=1")
    assert row_of(site.console).state == "locked"


def test_an_old_page_is_told_and_what_was_typed_is_kept(site: Site, digest: str) -> None:
    page = site.as_("hospital").post(f"{WHERE}/login", digest="f" * 64, reservation="保留这句话")
    assert page.status == 400
    assert "不是您看到的那一版" in page.text
    assert "保留这句话" in page.main.one("textarea", id="reservation-login").text


def test_without_a_fresh_factor_it_is_asked_for_first(site: Site, clock: FakeClock, digest: str) -> None:
    hospital = site.as_("hospital")
    clock.forward(minutes=6)
    asked = hospital.post(f"{WHERE}/login", digest=digest, reservation="写好了的")
    assert asked.status == 200 and asked.main.one("input", name="reservation")["value"] == "写好了的"
    assert standing(site.console).signatures == ()
    page = hospital.get(WHERE)
    assert page.main.all("input", name="factor_code")  # beside the files, which would not wait on another page


def test_the_exact_bytes_are_downloaded(site: Site, digest: str) -> None:
    answer = site.as_("auditor").get("/month/2026-10/month.json")
    assert hashlib.sha256(answer.body).hexdigest() == digest
    assert answer.headers["Content-Disposition"] == 'attachment; filename="month.json"'
    assert json.loads(answer.body)["month"] == "2026-10"
    assert site.as_("auditor").get("/month/2026-09/month.json").status == 404


def test_a_month_that_is_not_frozen_has_no_signing_page(site: Site, digest: str) -> None:
    for where in ("/month/2026-11/signatures", "/month/2026-10/signatures?contract=99", "/month/2026-11/month.json"):
        assert site.as_("hospital").get(where).status == 404
    assert site.as_("hospital").get("/month/2026-13/signatures").status == 400
    assert site.as_("hospital").post("/month/2026-11/signatures/login", digest=digest).status == 404


def test_an_offline_signature_is_uploaded_or_pasted(site: Site, digest: str) -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    confirm_key(site.console, register(site.console, private))
    content = site.as_("hospital").get("/month/2026-10/month.json").body
    page = site.as_("hospital").get(WHERE)
    assert "openssl pkeyutl -sign -inkey key.pem -rawin" in page.text
    wrong = post(site, "hospital", "offline", file=(io.BytesIO(signed(private, b"other")), "month.sig"))
    assert wrong.status == 400 and "都不相符" in wrong.text
    huge = post(site, "hospital", "offline", file=(io.BytesIO(b"x" * 100_000), "month.sig"))
    assert huge.status == 400 and "超过 16 KiB" in huge.text
    assert post(site, "hospital", "offline").status == 400
    made = signed(private, content)
    assert post(site, "hospital", "offline", file=(io.BytesIO(made), "month.sig")).status == 302
    page = site.as_("manager").get(WHERE)
    assert STRENGTHS["offline_key"] in page.text and "签名相符" in page.text
    assert post(site, "hospital", "withdrawal", reason="换一种写法").status == 302
    assert post(site, "hospital", "offline", signature=made.hex()).status == 302


def test_a_stamped_paper_is_entered_with_its_scan(site: Site, digest: str) -> None:
    page = site.as_("hospital").get(WHERE)
    assert page.main.one("section", "stamps").all("div", "stamp-box")
    given = {"code": "000000000000", "stamped_by": "王科长", "file": (io.BytesIO(PDF), "a.pdf")}
    wrong = post(site, "hospital", "paper", **given)
    assert wrong.status == 400 and "与现在这一版" in wrong.text
    assert wrong.main.one("input", id="paper-name")["value"] == "王科长"
    given = {"code": digest[:12].upper(), "stamped_by": "王科长", "file": (io.BytesIO(PDF), "盖章页.pdf")}
    assert post(site, "hospital", "paper", **given).status == 302
    page = site.as_("manager").get(WHERE)
    assert "王科长" in page.text and "纸质盖章（以纸面为准）" in page.text and "盖章页.pdf" in page.text
    assert site.as_("manager").get("/proofs/1").status == 200
    empty = post(site, "manager", "paper", code=digest[:12], stamped_by="李经理")
    assert empty.status == 400 and "扫描件" in empty.text


def test_refusing_asking_withdrawing_and_locking_alone(site: Site, clock: FakeClock, digest: str) -> None:
    refused = post(site, "manager", "refusal", reason=" ")
    assert refused.status == 400 and "写明原因" in refused.text
    assert post(site, "manager", "refusal", reason="扣款没有依据").status == 302
    page = site.as_("hospital").get(WHERE)
    assert "扣款没有依据" in page.text and "拒签" in page.text
    assert post(site, "hospital", "login").status == 302
    assert post(site, "manager", "alone").status == 403
    assert "由甲方办理" in post(site, "manager", "alone").text
    page = site.as_("hospital").get(WHERE)
    assert page.main.all("form", action=f"{WHERE}/alone?contract=1")
    assert "甲方单方认定，乙方未签" in site.as_("hospital").send(f"{WHERE}/alone", digest=digest).text
    assert row_of(site.console).outcome == "without_vendor"


def test_the_vendor_asks_the_hospital(site: Site, clock: FakeClock, digest: str) -> None:
    sign(site.console, MANAGER)
    past_the_days(site.console, clock)
    site = again(site, "manager")
    page = site.as_("manager").get(WHERE)
    assert "甲方至" in page.text and "未签" in page.text
    assert site.as_("manager").post(f"{WHERE}/request").status == 302
    again_asked = site.as_("manager").post(f"{WHERE}/request")
    assert again_asked.status == 400 and "今天已于" in again_asked.text
    assert "催请甲方签署" in site.as_("hospital").get(WHERE).text


def again(site: Site, role: str) -> Site:
    """Sign in anew where the clock ran past a session's life."""
    site._signed_in.pop(role, None)
    return site


def test_nobody_else_gets_through_to_the_acts(site: Site, digest: str) -> None:
    for role in ("officer", "leader", "vendor", "auditor", "administrator", "security", "audit_administrator"):
        for form in ("login", "offline", "webauthn", "paper", "withdrawal", "refusal", "request", "alone"):
            assert post(site, role, form, reason="x").status == 403, (role, form)
    assert standing(site.console).signatures == ()


def test_the_panel_for_the_months_page(site: Site, digest: str) -> None:
    with site.app.test_request_context():
        source = (
            '{% set panel = signing_panel_of(1, "2026-10") %}{% if panel %}{% set month = "2026-10" %}'
            '{% set contract = 1 %}{% include "signatures/_signing.html" %}{% endif %}'
        )
        assert site.app.jinja_env.from_string(source)  # what the month's page takes in compiles


def test_a_changed_database_is_said_in_red(site: Site, digest: str) -> None:
    sign(site.console, CHIEF)
    with site.console.write() as session:
        row = session.get(type(row_of(site.console)), row_of(site.console).id)
        assert row is not None
        row.result = row.result.replace("2026-10", "2026-12", 1)
    page = site.as_("manager").get(WHERE)
    assert any("数据库里的内容被改动过" in note for note in page.notes)


def test_the_audit_page_tells_signing_in_words(site: Site, digest: str) -> None:
    sign(site.console, CHIEF)
    sign(site.console, MANAGER)
    page = site.as_("auditor").get("/audit", subject="month")
    for word in ("签署月度考核", "锁定月度考核", "月度考核", "登录确认", "双方已签署"):
        assert word in page.main.text, word
