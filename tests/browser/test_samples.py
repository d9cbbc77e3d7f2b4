"""The sample check in a real browser: keys and thumbs, on a desk and on a phone, without a serious finding of axe."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ops_console.core import tickets as core
from ops_console.core.moments import month_of, month_start, shift_month
from tests.browser.conftest import Visit
from tests.browser.served import DESKTOP, HEIGHTS, PHONE, Served, Visitor, serving
from tests.browser.test_access import AXE, RUN
from tests.conftest import FakeClock, do, log_ticket
from tests.web.conftest import open_site
from tests.web.pages import PASSWORD

pytestmark = pytest.mark.browser
MONTH = shift_month(month_of(datetime.now(UTC)), -1)
PAGE = f"/months/{MONTH}/sample"
THUMB = 44


@pytest.fixture
def checked(tmp_path: Path, sqlite_template: Path) -> Iterator[Served]:
    """A console with a dozen tickets of the month that ended last, and an officer who has been there for long."""
    clock = FakeClock(month_start(MONTH) + timedelta(days=8, hours=10))
    site = open_site(tmp_path / "data", sqlite_template, clock)
    for n in range(12):
        title = "退费没有到账，患者在窗口等候，反复刷新仍显示处理中" if n % 2 else "打不开"
        phone = "13800001234" if n % 3 else ""
        number = log_ticket(site.console, title=title, department="门诊收费处", reporter="王护士", phone=phone)
        clock.forward(minutes=20)
        do(site.console, number, core.RESPONDED)
    site.console.close()
    with serving(tmp_path) as made:
        yield made


def officer(visit: Visit, served: Served, width: int) -> Visitor:
    visitor = visit(served, width=width)
    visitor.sign_in("officer", PASSWORD)
    visitor.page.wait_for_url("**/dashboard**")
    return visitor


def press(visitor: Visitor, key: str) -> None:
    with visitor.page.expect_navigation():
        visitor.page.keyboard.press(key)


def test_ten_calls_by_keys_alone_and_then_by_thumb_on_a_phone(visit: Visit, checked: Served) -> None:
    desk = officer(visit, checked, DESKTOP)
    page = desk.page
    page.goto(PAGE)
    page.click("form[action$=list] button")
    expect(page.locator("#seed")).to_be_focused()
    page.keyboard.type("骰子 4 2 6 1")
    press(desk, "Enter")
    for done, key in enumerate("1231", 1):
        press(desk, key)
        expect(page.locator("p.sentence")).to_have_text(f"已回访 {done} / 10 件。")
    press(desk, "u")
    expect(page.locator("p.sentence")).to_have_text("已回访 3 / 10 件。")
    page.fill("input[name=note]", "1 2 3")  # typed, not pressed
    expect(page.locator("p.sentence")).to_have_text("已回访 3 / 10 件。")

    phone = officer(visit, checked, PHONE)
    for language in ("zh", "en"):
        phone.speak(language)
        phone.page.goto(PAGE)
        assert phone.overhang() == ""
        for button in phone.page.locator("button.tap").all():
            box = button.bounding_box()
            assert box is not None
            assert box["height"] >= THUMB and box["width"] >= THUMB
            assert box["y"] >= 0 and box["y"] + box["height"] <= HEIGHTS[PHONE], "within reach without scrolling"
    with phone.page.expect_navigation():
        phone.page.click("button.tap-true")
    expect(phone.page.locator("p.sentence")).to_have_text("Called about 4 of 10.")


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_no_step_has_a_serious_finding(visit: Visit, checked: Served, width: int) -> None:
    visitor = officer(visit, checked, width)
    page, found = visitor.page, []
    steps = (
        lambda: page.click("form[action$=list] button"),
        lambda: (page.fill("#seed", "4261"), page.click("form[action$=seed] button")),
        lambda: page.click("button.tap-false"),
        lambda: page.click("form[action$=finish] button"),
    )
    page.goto(PAGE)
    for step in (*steps, None):
        page.evaluate(AXE)
        found += page.evaluate(RUN)
        assert visitor.overhang() == ""
        if step is not None:
            with page.expect_navigation():
                step()
    assert found == []
