"""The screens of a contract's last month and of its final settlement, which both parties sign like any month."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tests import breach_cases
from tests.conftest import FakeClock
from tests.signing import CHIEF, MANAGER, OCTOBER, freeze_next, frozen_october, sign
from tests.web.conftest import Site


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


@pytest.fixture
def over(site: Site, clock: FakeClock) -> None:
    """A contract that ended with October, frozen; a case of that month was approved and executed after it."""
    frozen_october(site.console, clock, ends_on=date(2026, 10, 31))
    at = OCTOBER + timedelta(hours=3)
    times = {"occurred_at": at, "known_at": at, "reported_at": at + timedelta(hours=2)}
    number = breach_cases.case_in(site.console, "approved", times=times)
    breach_cases.act(site.console, "execute", number, breach_cases.CHIEF, month="2026-11", note="结转")


@pytest.mark.parametrize("role", ["hospital", "manager", "auditor"])
def test_the_last_month_tells_what_came_after_it(site: Site, over: None, role: str) -> None:
    page = site.as_(role).get("/month/2026-10")
    section = page.main.one("section", id="final")
    assert "扣款 ¥78,000.00，计入合同终期结算" in section.text
    assert section.all("a", href="/month/2026-11?contract=1")
    assert page.tree.faults == []


def test_the_settlement_has_no_fee_and_no_score(site: Site, over: None) -> None:
    page = site.as_("hospital").get("/month/2026-11")
    assert page.main.one("h1").text.startswith("合同终期结算")
    assert "于 2026-10-31 到期" in page.main.one("p", id="final-note").text
    assert "终期应扣 ¥78,000.00" in page.main.one("section", "money").text
    assert "由乙方退还" in page.main.one("section", "money").text
    assert "终期结算不计分" in page.main.text
    assert not page.main.all("section", id="final")
    assert page.tree.faults == []
    assert "合同终期结算" in site.as_("hospital").get("/months").main.text


def test_it_is_frozen_and_signed_by_both_and_then_stands(site: Site, clock: FakeClock, over: None) -> None:
    freeze_next(site.console, clock, "2026-11")
    assert sign(site.console, CHIEF, month="2026-11") == ""
    assert sign(site.console, MANAGER, month="2026-11") == "both"
    page = site.as_("hospital").get("/month/2026-11")
    assert "双方已签署" in page.main.text
    assert "没有计入上面的付款" in site.as_("hospital").get("/payments?year=2").main.text


def test_it_speaks_english(site: Site, over: None) -> None:
    auditor = site.signed_in("auditor")
    auditor.client.set_cookie("lang", "en", domain="127.0.0.1")
    assert "Final settlement of the contract" in auditor.get("/month/2026-11").main.one("h1").text
