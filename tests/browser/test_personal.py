"""The original of a masked text in a real browser: asked for, swapped in without leaving the page, gone on reload."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import ARGUMENTS, House, Visit
from tests.browser.served import DESKTOP, PHONE, Visitor, serving, visiting
from tests.real_services import chromium_path

pytestmark = pytest.mark.browser
NUMBER = "13800001234"


def with_a_number(vendor: Visitor) -> Visitor:
    """Let the vendor log a ticket that holds a number."""
    page = vendor.page
    page.goto("/tickets/new")
    page.fill("[name=title]", f"患者来电 {NUMBER} 打不开缴费页")
    page.fill("[name=phone]", NUMBER)
    page.locator("main form button.btn-primary").first.click()
    expect(page.locator("#masked .original")).to_have_count(2)
    return vendor


def reveal(page: Page) -> None:
    first = page.locator(".original").first
    first.locator("summary").click()
    first.locator("[name=reason]").fill("回电核实")
    first.locator("form button").click()
    expect(page.locator(".original-whole")).to_contain_text(NUMBER)


BRIEF = """
from datetime import timedelta
from ops_console.services import personal
personal.SHOWN_FOR = timedelta(seconds=3)
import runpy
runpy.run_module("ops_console", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def brief(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A console that shows originals for three seconds, its vendor with a second factor just given."""
    with serving(tmp_path_factory.mktemp("brief"), "-c", BRIEF) as made:
        with visiting(chromium, made) as vendor:
            vendor.first_sign_in("vendor")
            vendor.enrol_factor()
            kept = vendor.context.storage_state()
        yield House(made, kept)


@pytest.fixture(scope="module")
def remembering(chromium: Browser) -> Iterator[Browser]:
    """A Chromium that keeps left pages for the back button, as people's do; one under test does not."""
    started = chromium.browser_type.launch(
        executable_path=chromium_path(), args=ARGUMENTS, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield started
    started.close()


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_an_original_is_swapped_in_for_its_reason(visit: Visit, brief: House, width: int) -> None:
    vendor = visit(brief.served, storage_state=brief.vendor, width=width)
    page, address = with_a_number(vendor).page, vendor.page.url

    reveal(page)

    assert page.url == address
    assert vendor.overhang() == ""
    page.reload()
    expect(page.locator("#masked .original-whole")).to_have_count(0)
    assert NUMBER not in page.content()


def test_an_original_is_masked_again_on_time_and_never_by_the_back_button(remembering: Browser, brief: House) -> None:
    with visiting(remembering, brief.served, storage_state=brief.vendor) as vendor:
        page = with_a_number(vendor).page
        reveal(page)
        page.goto("/account")
        page.go_back()
        expect(page.locator("#masked .original").first).to_be_visible()
        page.wait_for_timeout(3500)
        assert NUMBER not in page.content()
        reveal(page)
        expect(page.locator(".original-whole")).to_have_count(0, timeout=6000)
        assert NUMBER not in page.content()
        expect(page.locator("#masked form").first).to_be_attached()  # and can be asked for again

        reveal(page)
        assert not vendor.problems
        brief.served.stop()  # nobody answers any more
        expect(page.locator(".original-whole")).to_have_count(0, timeout=6000)
        assert NUMBER not in page.content()
        page.wait_for_timeout(500)
        vendor.problems.clear()  # of the unanswered request
    brief.served.start()


def test_without_javascript_the_page_masks_itself_again(remembering: Browser, brief: House) -> None:
    with visiting(remembering, brief.served, storage_state=brief.vendor) as vendor:
        address = with_a_number(vendor).page.locator("#masked form").first.get_attribute("action")
    with visiting(remembering, brief.served, storage_state=brief.vendor, java_script_enabled=False) as plain:
        page = plain.page
        page.goto(str(address))
        reveal(page)
        expect(page.locator(".original-whole")).to_have_count(0, timeout=8000)
        page.go_back()
        assert NUMBER not in page.content()
        page.goto(str(address))
        reveal(page)
        page.goto("/account")
        page.wait_for_timeout(3500)
        page.go_back()
        expect(page.locator("h1")).to_have_text("查看原文")
        assert NUMBER not in page.content()
