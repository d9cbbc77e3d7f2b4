"""Keys, lists that refresh themselves, news, and forms that are not lost, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Visit
from tests.browser.served import OWN_PASSWORD, PHONE, Visitor, serving, visiting

pytestmark = pytest.mark.browser
EXPECTED = ("ERR_INTERNET_DISCONNECTED", "401")  # what the browser itself says of a connection cut on purpose


@pytest.fixture(scope="module")
def house(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """A console with both parties signed in, and two tickets: the vendor's and the hospital's."""
    with serving(tmp_path_factory.mktemp("served")) as made:
        states: dict[str, object] = {"served": made}
        for account in ("vendor", "hospital"):
            with visiting(chromium, made) as visitor:
                visitor.first_sign_in(account)
                visitor.page.goto("/tickets")
                visitor.page.wait_for_load_state("networkidle")  # the first look has begun
                states[account] = visitor.context.storage_state()
        yield states


@pytest.fixture
def vendor(house: dict[str, object], visit: Visit) -> Visitor:
    """The vendor, just signed in."""
    return visit(house["served"], storage_state=house["vendor"])


@pytest.fixture
def hospital(house: dict[str, object], visit: Visit) -> Visitor:
    """The hospital, just signed in."""
    return visit(house["served"], storage_state=house["hospital"])


def log(page: Page, title: str) -> str:
    """Log a ticket through the form and return its number."""
    page.goto("/tickets/new")
    page.fill("[name=title]", title)
    page.locator("main form button.btn-primary").last.click()
    expect(page.locator("h1")).to_have_text(title)
    return page.locator(".population .number").inner_text()


def refreshed(page: Page) -> None:
    """Twenty seconds and a little pass."""
    page.clock.fast_forward("00:21")


def looked_again(page: Page) -> None:
    """Twenty seconds and a little pass, and the page's turn that follows them, which ends with the news, is over."""
    with page.expect_request_finished(lambda asked: asked.url.endswith("/unread")):
        refreshed(page)


def forgive(visitor: Visitor) -> None:
    """What was cut on purpose is no fault of the page."""
    visitor.problems[:] = [told for told in visitor.problems if not any(word in told for word in EXPECTED)]


def test_keys_search_move_open_and_are_listed(vendor: Visitor) -> None:
    page = vendor.page
    first = log(page, "键盘甲")
    log(page, "键盘乙")
    page.goto("/tickets")
    page.keyboard.press("/")
    expect(page.locator("[data-global-search]")).to_be_focused()
    page.keyboard.type("j?n键盘甲")
    expect(page.locator("[data-global-search]")).to_have_value("j?n键盘甲")
    page.fill("[data-global-search]", "键盘")
    page.keyboard.press("Enter")
    expect(page.locator(".hits mark")).to_have_text(["键盘", "键盘"])
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("键盘甲")
    assert page.url.endswith(first)
    page.keyboard.press("r")
    expect(page.get_by_role("button", name="登记响应")).to_be_focused()
    page.keyboard.press("Shift+?")
    expect(page.locator("dialog.keys")).to_be_visible()
    expect(page.locator("[data-keys-here]")).to_contain_text("登记响应")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.keys")).not_to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("d")
    page.wait_for_url("**/dashboard")
    page.keyboard.press("n")
    page.wait_for_url("**/log")


def test_a_phone_has_a_search_button(house: dict[str, object], visit: Visit) -> None:
    phone = visit(house["served"], storage_state=house["vendor"], width=PHONE).page
    phone.goto("/tickets")
    expect(phone.locator("[data-global-search]")).not_to_be_visible()
    phone.locator("[data-search-open]").click()
    expect(phone.locator("main [name=q]")).to_be_focused()


def test_a_list_refreshes_itself_and_keeps_where_one_is(vendor: Visitor, hospital: Visitor) -> None:
    page = vendor.page
    kept = log(page, "先有的")
    page.clock.install()
    page.goto("/tickets")
    page.locator(".cell-number a", has_text=kept).focus()
    log(hospital.page, "医院新报的")
    expect(page.locator(".cell-title", has_text="医院新报的")).to_have_count(0)
    refreshed(page)
    fresh = page.locator("tr.news", has_text="医院新报的")
    expect(fresh).to_be_visible()
    expect(page.locator(".cell-number a", has_text=kept)).to_be_focused()
    expect(page.locator("[data-unread]")).to_contain_text("1")
    fresh.locator(".cell-number a").click()
    expect(page.locator("h1")).to_have_text("医院新报的")
    page.wait_for_load_state("networkidle")
    page.goto("/tickets")
    expect(page.locator("tr.news")).to_have_count(0)
    expect(page.locator("[data-unread]")).not_to_be_visible()


def test_a_list_does_not_move_under_selected_text(vendor: Visitor, hospital: Visitor) -> None:
    page = vendor.page
    log(page, "被选中的")
    page.clock.install()
    page.goto("/tickets")
    page.locator(".cell-title", has_text="被选中的").first.select_text()
    log(hospital.page, "选中时报的")
    looked_again(page)
    expect(page.locator(".cell-title", has_text="选中时报的")).to_have_count(0)
    page.evaluate("window.getSelection().removeAllRanges()")
    refreshed(page)
    expect(page.locator(".cell-title", has_text="选中时报的")).to_have_count(1)


def test_a_lost_connection_is_told_and_its_return_too(vendor: Visitor) -> None:
    page = vendor.page
    page.clock.install()
    page.goto("/tickets")
    vendor.context.set_offline(True)
    refreshed(page)
    expect(page.locator("[data-notice=offline]")).to_be_visible()
    vendor.context.set_offline(False)
    expect(page.locator("[data-notice=offline]")).not_to_be_visible()
    forgive(vendor)


def test_a_form_sent_without_a_connection_stays_and_can_be_sent_again(vendor: Visitor) -> None:
    page = vendor.page
    page.goto("/tickets/new")
    page.fill("[name=title]", "断网时填写的标题")
    vendor.context.set_offline(True)
    page.locator("main form button.btn-primary").last.click()
    expect(page.locator("[data-notice=offline]")).to_be_visible()
    expect(page.locator("[name=title]")).to_have_value("断网时填写的标题")
    vendor.context.set_offline(False)
    page.locator("main form button.btn-primary").last.click()
    expect(page.locator("h1")).to_have_text("断网时填写的标题")
    forgive(vendor)


def test_a_form_outlives_its_session_and_goes_out_after_signing_in_again(vendor: Visitor) -> None:
    page = vendor.page
    page.goto("/tickets/new")
    page.fill("[name=title]", "登录结束前填写的标题")
    vendor.context.clear_cookies()
    page.locator("main form button.btn-primary").last.click()
    notice = page.locator("[data-notice=signed-out]")
    expect(notice).to_be_visible()
    expect(page.locator("[name=title]")).to_have_value("登录结束前填写的标题")
    with vendor.context.expect_page() as opened:
        notice.get_by_role("link").click()
    sign_in(opened.value, "vendor")
    page.locator("main form button.btn-primary").last.click()
    expect(page.locator("h1")).to_have_text("登录结束前填写的标题")
    forgive(vendor)


def test_a_form_is_not_sent_in_the_name_of_another_account(vendor: Visitor) -> None:
    page = vendor.page
    page.goto("/tickets/new")
    page.fill("[name=title]", "别人的")
    vendor.context.clear_cookies()
    other = vendor.context.new_page()
    other.goto("/sign-in")
    sign_in(other, "hospital")
    page.locator("main form button.btn-primary").last.click()
    expect(page.locator("[data-notice=other-account]")).to_be_visible()
    expect(page.locator("[name=title]")).to_have_value("别人的")
    other.goto("/search?q=别人的")
    expect(other.locator(".hits")).to_have_count(0)
    forgive(vendor)


def sign_in(page: Page, account: str) -> None:
    """Fill in the sign-in page that is open, and see that it let one in."""
    page.fill("#account", account)
    page.fill("#password", OWN_PASSWORD)
    page.click("main form button")
    expect(page.locator(".rail")).to_be_visible()


def test_without_scripts_the_way_back_still_has_what_was_typed(house: dict[str, object], chromium: Browser) -> None:
    visitor = Visitor(chromium, house["served"], storage_state=house["vendor"], java_script_enabled=False)  # type: ignore[arg-type]
    page = visitor.page
    page.goto("/tickets/new")
    page.fill("[name=title]", "没有脚本时填写的标题")
    visitor.context.clear_cookies()
    page.locator("main form button.btn-primary").last.click()
    expect(page.locator("main")).to_contain_text("填写的内容还在")
    window = visitor.context.new_page()
    window.goto("/sign-in")
    sign_in(window, "vendor")
    page.go_back()
    expect(page.locator("[name=title]")).to_have_value("没有脚本时填写的标题")
    page.locator("main form button.btn-primary").last.click()
    expect(page.locator("h1")).to_have_text("没有脚本时填写的标题")
    visitor.context.close()
