"""The page of delegations: the chief names a colleague, who then signs on the pages and no longer than lent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ops_console.core.moments import ZONE
from tests.conftest import FakeClock
from tests.signing import OCTOBER, frozen_october, standing
from tests.web.conftest import Site
from tests.web.pages import Page

WHERE = "/month/2026-10/signatures"


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


def delegate(site: Site, role: str = "hospital", account: str = "officer", days: int = 3, **given: str) -> Page:
    first = site.clock.at.astimezone(ZONE).date()
    last = first + timedelta(days=days - 1)
    told = {"account": account, "first": first.isoformat(), "last": last.isoformat(), "reason": "外出", **given}
    return site.as_(role).post("/delegations", **told)


def test_a_delegate_signs_on_the_page_and_the_signature_says_for_whom(site: Site, clock: FakeClock) -> None:
    digest = frozen_october(site.console, clock)
    officer = site.as_("officer")
    assert officer.post(f"{WHERE}/login", digest=digest).status == 403
    assert delegate(site).status == 302
    page = officer.get(WHERE)
    assert "您正受 hospital某 委托" in page.text and page.main.all("form", action=f"{WHERE}/login?contract=1")
    assert officer.post(f"{WHERE}/login", digest=digest).status == 302
    assert "受 hospital某 委托" in site.as_("manager").get(WHERE).text
    assert standing(site.console).signatures[0].delegated_by == "hospital某"
    assert officer.get("/payments").status == 200
    refused = delegate(site, "officer", "leader")
    assert refused.status == 403 and "受托人不能再委托" in refused.text
    assert officer.post("/delegations/1/revoke", reason="x").status == 403
    assert site.as_("hospital").post("/delegations/1/revoke", reason="回来了").status == 302
    assert officer.post(f"{WHERE}/withdrawal", reason="x").status == 403
    assert officer.get("/payments").status == 403


def test_what_was_typed_is_kept_beside_the_fault(site: Site) -> None:
    page = delegate(site, days=61, reason="长假")
    assert page.status == 400 and "最多委托 60 天" in page.main.one("p", id="fault-last").text
    assert page.main.one("input", id="reason")["value"] == "长假"
    assert page.main.one("select", id="account").chosen == ["officer"]
    for wrong in ({"first": "昨天"}, {"last": ""}, {"account": "manager"}, {"reason": " "}):
        assert delegate(site, **wrong).status == 400  # type: ignore[arg-type]


def test_everybody_of_the_parties_sees_the_list_and_two_roles_the_form(site: Site) -> None:
    assert delegate(site).status == 302
    assert delegate(site, "manager", "vendor").status == 302
    for role, forms in (("hospital", 1), ("manager", 1), ("officer", 0), ("vendor", 0), ("auditor", 0)):
        page = site.as_(role).get("/delegations")
        assert page.tree.faults == [] and page.text.count("委托中") == 2
        assert len(page.main.all("form", action="/delegations")) == forms, role
    for role in ("leader", "auditor"):
        assert delegate(site, role).status == 403


def test_the_other_party_takes_nothing_back(site: Site) -> None:
    delegate(site)
    assert site.as_("manager").post("/delegations/1/revoke", reason="x").status == 404
    late = site.as_("hospital").post("/delegations/1/revoke", reason=" ")
    assert late.status == 400 and "写明原因" in late.text
