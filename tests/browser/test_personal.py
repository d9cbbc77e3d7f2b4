"""The original of a masked text in a real browser: asked for, swapped in without leaving the page, gone on reload."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.served import DESKTOP, PHONE, Served

NUMBER = "13800001234"


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_an_original_is_swapped_in_for_its_reason(visit: Visit, served: Served, width: int) -> None:
    vendor = visit(served, width=width)
    vendor.first_sign_in("vendor")
    page = vendor.page
    page.goto("/tickets/new")
    page.fill("[name=title]", f"患者来电 {NUMBER} 打不开缴费页")
    page.fill("[name=phone]", NUMBER)
    page.locator("main form button.btn-primary").first.click()
    expect(page.locator("#masked .original")).to_have_count(2)
    address = page.url

    first = page.locator("#masked .original").first
    first.locator("summary").click()
    first.locator("[name=reason]").fill("回电核实")
    first.locator("form button").click()

    expect(page.locator("#masked .original-whole")).to_contain_text(NUMBER)
    assert page.url == address
    assert vendor.overhang() == ""
    page.reload()
    expect(page.locator("#masked .original-whole")).to_have_count(0)
    assert NUMBER not in page.content()
