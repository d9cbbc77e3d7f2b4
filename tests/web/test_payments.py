"""The finance pages: a year's payments, one payment as a paper, what the hospital enters, the workbook."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from ops_console.core.moments import ZONE
from ops_console.core.money import BOND, QUARTER_NODE, Node
from tests.conftest import FakeClock
from tests.signing import CHIEF, MANAGER, OCTOBER, frozen_october, sign
from tests.web.conftest import Site

SHEET = "/payments/month/2026-10"


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


@pytest.fixture
def paid(site: Site, clock: FakeClock) -> None:
    """October signed by both."""
    frozen_october(site.console, clock)
    sign(site.console, CHIEF)
    sign(site.console, MANAGER)


def test_the_year_is_listed_for_those_who_settle_it(site: Site, paid: None) -> None:
    for role in ("hospital", "leader", "manager", "auditor"):
        page = site.as_(role).get("/payments")
        assert page.status == 200 and page.tree.faults == []
        row = next(row for row in page.main.all("tr") if row.get("id") == "month/2026-10")
        assert "¥78,000.00" in row.text and "待付款" in row.text
        sheet = site.as_(role).get(SHEET)
        assert "柒万捌仟元整" in sheet.text and "双方已签署" in sheet.text and sheet.tree.faults == []
        assert bool(sheet.main.all("form", action=f"{SHEET}?contract=1&year=2")) is (role in ("hospital", "leader"))
    for role in ("officer", "vendor", "administrator"):
        assert site.as_(role).get("/payments").status == 403
        assert site.as_(role).get(SHEET).status == 403
    assert "付款" in site.as_("leader").get("/payments").root.one("nav", "rail").text
    assert "/payments" not in site.as_("vendor").get("/delegations").root.one("nav", "rail").text


def test_years_and_unknown_places(site: Site, paid: None) -> None:
    assert "第 1 合同年" in site.as_("hospital").get("/payments?year=1").text
    for where in ("/payments?year=9", "/payments?contract=9", "/payments/month/2020-01", "/payments/x"):
        assert site.as_("hospital").get(where).status == 404
    assert site.as_("hospital").get("/payments?year=x&contract=y").status == 200


def test_the_hospital_enters_invoice_and_payment(site: Site, clock: FakeClock, paid: None) -> None:
    today = clock.at.astimezone(ZONE).date()
    wrong = site.as_("hospital").post(SHEET, invoice="24442000000012345678", paid_on=(today + timedelta(days=1)))
    assert wrong.status == 400 and "不能晚于今天" in wrong.main.one("p", id="fault-paid_on").text
    assert wrong.main.one("input", id="invoice")["value"] == "24442000000012345678"
    page = site.as_("leader").send(SHEET, invoice="24442000000012345678", paid_on=today, amount="78,000")
    assert "已付款" in page.text and "24442000000012345678" in page.text
    for role in ("manager", "officer", "auditor"):
        assert site.as_(role).post(SHEET, invoice="1").status == 403
    assert site.as_("hospital").post("/payments/month/2020-01", invoice="1").status == 404


def test_unsigned_months_are_named_and_linked(site: Site, clock: FakeClock) -> None:
    frozen_october(site.console, clock, nodes=(Node("m", QUARTER_NODE), Node("b", BOND, share=500)))
    clock.forward(days=70)  # the quarter is over
    page = site.as_("hospital").get("/payments?year=2")
    row = next(row for row in page.main.all("tr") if row.get("id") == "m/2026-10")
    assert "待签署" in row.text and [a.text for a in row.all("a")][1:] == ["2026-10", "2026-11", "2026-12"]
    assert "没有签署的月份" in site.as_("hospital").get("/payments/m/2026-10?year=2").text
    last = site.as_("hospital").get("/payments?year=3")
    assert "政府采购法实施条例第48条" in last.text and "不计入付款" in last.text


def test_the_year_leaves_as_a_file(site: Site, paid: None) -> None:
    manager = site.as_("manager")
    form = manager.get("/payments?year=2").main.one("form", "export")
    answer = manager.post(form["action"], format="csv")
    rows = {row["起"]: row for row in csv.DictReader(io.StringIO(answer.html.removeprefix("\ufeff")))}
    assert (rows["2026-10"]["实付（元）"], rows["2026-10"]["大写"]) == ("78000.00", "柒万捌仟元整")
    assert manager.post(form["action"], format="xlsx").status == 200
