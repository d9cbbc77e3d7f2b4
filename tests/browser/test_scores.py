"""The editor of the scoring sheet in a real Chromium: sums as one types, rows without leaving, keys that do no harm."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import House, Visit, keep_house
from tests.browser.served import DESKTOP, OVERHANG, PHONE

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def house(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An empty console whose vendor has signed in: they edit as well as the hospital."""
    with keep_house(chromium, tmp_path_factory.mktemp("scores")) as made:
        yield made


def editor(visit: Visit, house: House, width: int = DESKTOP) -> Page:
    page: Page = visit(house.served, storage_state=house.vendor, width=width).page
    page.goto("/scores/edit?from=preset")
    return page


def test_the_sum_of_weights_follows_what_is_typed(visit: Visit, house: House) -> None:
    page = editor(visit, house)
    total = page.locator("[data-weight-sum]")
    expect(total).to_have_text("分值合计 100 / 100")
    page.fill("[name='i0.weight']", "９．５分")
    expect(total).to_have_text("分值合计 101.5 / 100")
    expect(total).to_have_class("score-sum score-sum-wrong")
    page.fill("[name='i0.weight']", "x")
    expect(total).to_have_text("分值合计 92 / 100")


def test_rows_come_and_go_without_leaving_the_page_or_losing_a_word(visit: Visit, house: House) -> None:
    page = editor(visit, house)
    page.fill("[name='name']", "本院评分表")
    page.click("button[value='open:0']")
    expect(page.locator("[name='i0.name']")).to_be_focused()
    expect(page.locator("#item-0 .score-part >> nth=0")).to_be_hidden()  # bands: not this way of deducting
    page.select_option("[name='i0.mode']", "bands")
    expect(page.locator("#item-0 .score-part >> nth=0")).to_be_visible()
    page.select_option("[name='i0.mode']", "hand")
    expect(page.locator("#item-0 .score-part >> nth=1")).to_be_hidden()
    page.select_option("[name='i0.mode']", "steps")
    page.click("button[value='add-step:0']")
    expect(page.locator("[name='i0.step_measure'] >> nth=2")).to_be_focused()
    page.click("button[value='add-item:1']")
    expect(page.locator("[name='i1.code']")).to_be_focused()
    expect(page.locator("[name='name']")).to_have_value("本院评分表")
    page.click("button[value='remove-item:1']")
    expect(page.locator("[data-item]")).to_have_count(23)
    assert page.url.endswith("/scores/edit?from=preset")


def test_enter_in_a_field_removes_and_moves_nothing(visit: Visit, house: House) -> None:
    page = editor(visit, house)
    page.fill("[name='name']", "本院评分表")
    page.press("[name='i3.name']", "Enter")
    page.wait_for_url("**/scores/edit")
    expect(page.locator("[data-item]")).to_have_count(23)
    expect(page.locator("[name='i3.code']")).to_have_value("A4")
    expect(page.locator("[name='name']")).to_have_value("本院评分表")


@pytest.mark.parametrize("path", ["/scores", "/scores/edit?from=preset", "/scores/money", "/months/2026-11/entries"])
def test_nothing_hangs_over_the_edge_of_a_phone(visit: Visit, house: House, path: str) -> None:
    page = editor(visit, house, PHONE)
    if "edit" in path:
        page.click("button[value='open:13']")
        expect(page.locator("[name='i13.few']")).to_be_visible()
    else:
        page.goto(path)
    assert page.evaluate(OVERHANG, PHONE) == ""
