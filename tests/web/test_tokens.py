"""The page of one's own tokens: made and shown once, listed without their secret, revoked, and nobody else's."""

from __future__ import annotations

import re

from sqlalchemy import select

from ops_console.store.tokens import TokenRow
from tests.web.conftest import Site

TEXT = re.compile(r"ops_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}")


def rows(site: Site) -> list[TokenRow]:
    with site.console.read() as session:
        return list(session.scalars(select(TokenRow).order_by(TokenRow.id)))


def test_a_token_is_shown_once_and_then_only_its_beginning(site: Site) -> None:
    browser = site.as_("vendor")
    assert "还没有令牌" in browser.get("/account/tokens").main.text

    made = browser.post("/account/tokens", name="监控平台报修", scopes=["tickets:write", "tickets:read"], days="30")

    (text,) = TEXT.findall(made.main.text)
    shown = browser.get("/account/tokens").main.text
    assert "监控平台报修" in shown
    assert text[:12] in shown
    assert text[-43:] not in shown
    assert "未使用" in shown
    (row,) = rows(site)
    assert row.scopes == "tickets:read tickets:write"
    assert (row.expires_at - row.created_at).days == 30


def test_what_is_wrong_is_told_beside_the_field_and_what_was_typed_stays(site: Site) -> None:
    browser = site.as_("vendor")
    for given, field in (
        ({"name": "", "scopes": ["tickets:read"], "days": "30"}, "name"),
        ({"name": "x" * 61, "scopes": ["tickets:read"], "days": "30"}, "name"),
        ({"name": "x", "days": "30"}, "scopes"),
        ({"name": "x", "scopes": ["everything"], "days": "30"}, "scopes"),
        ({"name": "x", "scopes": ["tickets:read"], "days": "366"}, "days"),
        ({"name": "x", "scopes": ["tickets:read"], "days": "-1"}, "days"),
        ({"name": "x", "scopes": ["tickets:read"], "days": "９"}, "days"),
    ):
        answer = browser.post("/account/tokens", **given)
        assert answer.status == 400
        assert answer.root.one("p", "fault", id=f"fault-{field}").text
        assert answer.root.one("input", id="name")["value"] == given["name"]
    assert rows(site) == []


def test_revoking_asks_names_the_token_and_ends_it(site: Site) -> None:
    browser = site.as_("vendor")
    browser.post("/account/tokens", name="脚本", scopes="tickets:read", days="7")
    (row,) = rows(site)
    form = browser.get("/account/tokens").root.one("form", action=f"/account/tokens/{row.id}/revoke")
    assert f"ops_{row.prefix}" in form["data-confirm"]

    page = browser.send(f"/account/tokens/{row.id}/revoke")

    assert f"令牌 ops_{row.prefix} 已吊销。" in page.text
    assert "已吊销" in page.main.text
    assert page.root.all("form", action=f"/account/tokens/{row.id}/revoke") == []
    assert rows(site)[0].revoked_at == site.clock()
    assert browser.post(f"/account/tokens/{row.id}/revoke").status == 404


def test_nobody_sees_or_revokes_anothers_token(site: Site) -> None:
    site.as_("hospital").post("/account/tokens", name="医院脚本", scopes="tickets:read", days="7")
    (row,) = rows(site)
    assert "医院脚本" not in site.as_("vendor").get("/account/tokens").text
    assert site.as_("vendor").post(f"/account/tokens/{row.id}/revoke").status == 404
    assert rows(site)[0].revoked_at is None


def test_only_what_ones_role_may_is_offered_and_an_administrator_has_no_tokens(site: Site) -> None:
    def offered(role: str) -> list[str]:
        return [box["value"] for box in site.as_(role).get("/account/tokens").root.all("input", name="scopes")]

    assert offered("hospital") == [
        "tickets:read", "tickets:write", "tickets:decide", "reports:read", "catalogue:read",
    ]  # fmt: skip
    assert offered("auditor") == ["tickets:read", "reports:read", "catalogue:read"]
    assert site.as_("administrator").get("/account/tokens").status == 403
    assert "/account/tokens" not in site.as_("administrator").get("/system").html


def test_a_hostile_name_stays_text(site: Site) -> None:
    name = "<svg onload=alert(1)>\"'{{ 7 }}%(n)s"
    made = site.as_("vendor").post("/account/tokens", name=name, scopes="tickets:read", days="7")
    assert name in made.main.text
    assert "<svg onload" not in made.html
