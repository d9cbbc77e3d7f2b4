"""The quick log in a real browser: a line and Enter, the bare Enter, chips, pasted chat, a dropped connection."""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from ops_console.core.moments import ZONE
from tests.browser.conftest import House, Visit
from tests.browser.served import DESKTOP, PHONE, Visitor
from tests.pictures import picture

pytestmark = pytest.mark.browser

LINE = "门诊收费 王护士 支付宝缴费成功但HIS未到账 电话"
BOX = "#quick-line"


def open_box(visit: Visit, house: House, width: int = DESKTOP) -> Visitor:
    visitor = visit(house.served, storage_state=house.vendor, width=width)
    visitor.page.goto("/log")
    expect(visitor.page.locator(BOX)).to_be_focused()
    return visitor


def row(house: House, number: str) -> dict[str, Any]:
    """The ticket as the database keeps it."""
    with sqlite3.connect(f"file:{Path(house.served.folder) / 'data' / 'console.db'}?mode=ro", uri=True) as database:
        database.row_factory = sqlite3.Row
        return dict(database.execute("SELECT * FROM ticket WHERE number = ?", (number,)).fetchone())


def saved(page: Page, before: str = "") -> str:
    """The number that the strip tells, another than the one before; the box is empty again and in focus."""
    told = page.locator("[data-number]")
    if before:
        expect(told).not_to_have_text(before)
    expect(told).to_have_text(re.compile("GD-"))
    expect(page.locator(BOX)).to_have_value("")
    expect(page.locator(BOX)).to_be_focused()
    return told.inner_text()


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00").astimezone(ZONE)


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_line_and_enter_log_the_ticket_and_the_next_box_is_empty_and_focused(
    visit: Visit, house: House, width: int
) -> None:
    visitor = open_box(visit, house, width)
    page = visitor.page
    page.locator(BOX).press_sequentially(LINE)
    expect(page.locator("select[name=module]")).to_have_value("门诊缴费")
    expect(page.locator("input[name=department]")).to_have_value("门诊收费处")
    assert visitor.overhang() == ""
    page.keyboard.press("Enter")
    kept = row(house, saved(page))
    names = ("type", "module", "channel", "department", "reporter", "title")
    assert [kept[name] for name in names] == [
        "故障", "门诊缴费", "电话", "门诊收费处", "王护士", "支付宝缴费成功但HIS未到账",
    ]  # fmt: skip
    assert kept["responded_at"] == kept["reported_at"]
    assert visitor.overhang() == ""


def test_the_bare_enter_stamps_a_call_and_the_content_follows_with_one_click(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    page.keyboard.press("Enter")
    number = saved(page)
    kept = row(house, number)
    assert (kept["channel"], kept["title"], kept["responded_at"]) == ("电话", "", kept["reported_at"])
    page.locator(f"[data-fill='{number}']").click()
    expect(page.locator(".quick-filling")).to_contain_text(number)
    page.locator(BOX).fill("药房刘药师 处方打不开")
    page.keyboard.press("Enter")
    assert saved(page) == number
    filled = row(house, number)
    assert (filled["title"], filled["type"], filled["reporter"]) == ("处方打不开", "故障", "刘药师")
    assert filled["reported_at"] == kept["reported_at"]
    expect(page.locator(f"[data-fill='{number}']")).to_have_count(0)


def test_one_key_stamps_who_stands_at_the_desk(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    page.keyboard.press("F9")
    assert row(house, saved(page))["channel"] == "当面"


def test_a_chat_line_asks_when_it_was_said_and_a_digit_answers(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    page.locator(BOX).fill("检验科 张医生 报告打不开 QQ")
    page.keyboard.press("Enter")
    expect(page.locator("[data-asks]")).to_be_visible()
    expect(page.locator(BOX)).to_have_value("检验科 张医生 报告打不开 QQ")
    page.keyboard.press("3")
    kept = row(house, saved(page))
    assert kept["channel"] == "QQ"
    assert shanghai(kept["responded_at"]) - shanghai(kept["reported_at"]) == timedelta(minutes=10)


def test_a_field_set_by_hand_stays_and_teaches_the_next_line(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    page.locator(BOX).fill("导诊台 自助屏黑屏 电话")
    page.select_option("select[name=module]", "就医指南")
    page.locator(BOX).press("End")
    page.keyboard.type("了")
    page.wait_for_timeout(400)
    expect(page.locator("select[name=module]")).to_have_value("就医指南")
    page.keyboard.press("Enter")
    assert row(house, saved(page))["module"] == "就医指南"
    page.locator(BOX).fill("自助屏打不开 电话")
    expect(page.locator("select[name=module]")).to_have_value("就医指南")


def test_a_guess_that_was_under_way_does_not_undo_a_choice(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    held: list[Route] = []
    page.route("**/log/guess", lambda route: route.continue_() if held else held.append(route))
    page.locator(BOX).fill("导诊台 自助屏黑屏 电话")
    page.wait_for_timeout(300)
    assert len(held) == 1
    page.select_option("select[name=module]", "就医指南")
    page.wait_for_timeout(300)
    held[0].continue_()
    expect(page.locator("select[name=channel]")).to_have_value("电话")
    expect(page.locator("select[name=module]")).to_have_value("就医指南")


def test_what_was_logged_is_taken_back_and_the_same_again_keeps_its_fields(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    page.locator(BOX).fill("公卫科 赵会计 随访表打不开 当面")
    page.keyboard.press("Enter")
    number = saved(page)
    page.get_by_role("link", name="同上再来一条").click()
    expect(page.locator("input[name=department]")).to_have_value("公卫科")
    page.locator(BOX).fill("随访表又打不开了")
    page.keyboard.press("Enter")
    again = saved(page)
    assert [row(house, again)[name] for name in ("department", "reporter", "channel")] == ["公卫科", "赵会计", "当面"]
    page.get_by_role("button", name="撤回").click()
    expect(page.locator(".note-success")).to_contain_text(again)
    assert row(house, again)["state"] == "已撤回"
    assert row(house, number)["state"] != "已撤回"


def test_a_pasted_screenshot_goes_with_the_line(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    page.locator(BOX).fill("药房 处方打不开 电话")
    page.evaluate(
        """async () => { const canvas = document.createElement("canvas"); canvas.width = canvas.height = 8;
        canvas.getContext("2d").fillRect(0, 0, 8, 8);
        const blob = await new Promise(done => canvas.toBlob(done, "image/png")), data = new DataTransfer();
        data.items.add(new File([blob], "image.png", { type: "image/png" }));
        document.querySelector("#quick-line").dispatchEvent(
            new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })); }"""
    )
    expect(page.locator(".quick-thumb")).to_have_count(1)
    page.locator(BOX).press("Enter")
    number = saved(page)
    expect(page.locator(".quick-thumb")).to_have_count(0)
    with sqlite3.connect(f"file:{Path(house.served.folder) / 'data' / 'console.db'}?mode=ro", uri=True) as database:
        kept = database.execute(
            "SELECT kind, width FROM attachment WHERE ticket_id = ?", (row(house, number)["id"],)
        ).fetchall()
    assert kept == [("png", 8)]


def test_a_file_that_is_not_taken_is_told_at_once_and_the_good_ones_stay(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    trouble = page.locator("[data-picture-trouble]")
    good = [{"name": f"good-{n}.png", "mimeType": "image/png", "buffer": picture()} for n in range(7)]
    bad = {"name": "bad.exe", "mimeType": "application/octet-stream", "buffer": b"MZ"}
    page.set_input_files("[data-pictures]", [bad, good[0]])
    expect(trouble).to_contain_text("“bad.exe”不是图片")
    expect(page.locator(".quick-thumb")).to_have_count(1)
    page.set_input_files("[data-pictures]", good[1:])
    expect(trouble).to_contain_text("“good-6.png”没有加上：一次最多 6 张图片")
    expect(page.locator(".quick-thumb")).to_have_count(6)
    page.locator(".quick-thumb").first.click()
    expect(trouble).to_be_hidden()
    page.set_input_files(
        "[data-pictures]", [{"name": "broken.png", "mimeType": "image/png", "buffer": b"MZ\x90\x00" * 40}]
    )
    expect(page.locator(".quick-thumb")).to_have_count(6)
    page.locator(BOX).fill("药房 处方打不开 电话")
    page.locator(BOX).press("Enter")
    saved(page)
    expect(page.locator("[data-part=outcome] .fault")).to_contain_text("“broken.png”没有附上")


def test_a_day_without_a_time_asks_and_a_time_of_that_day_answers(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    yesterday = datetime.now(ZONE) - timedelta(days=1)
    page.locator(BOX).fill("昨天 检验科 张医生 报告打不开 电话")
    page.keyboard.press("Enter")
    expect(page.locator("[data-asks]")).to_contain_text("开头的“昨天”读不出是几点")
    page.locator("input[name=said_at]").fill("23:59")
    page.locator("button[name=said][value=at]").click()
    kept = row(house, saved(page))
    assert f"{shanghai(kept['reported_at']):%Y-%m-%d %H:%M}" == f"{yesterday:%Y-%m-%d} 23:59"


def test_the_day_that_a_line_names_is_shown_before_it_is_kept(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    page.locator(BOX).fill("昨天 23:59 检验科 张医生 报告打不开 电话")
    day = f"{datetime.now(ZONE) - timedelta(days=1):%m-%d}"
    expect(page.locator(".quick-field-time")).to_contain_text(day)
    expect(page.locator("input[name=reported]")).to_have_value("23:59")


def test_pasted_chat_becomes_drafts_with_their_own_times(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    said = datetime.now(ZONE) - timedelta(minutes=20)
    at = f"{said:%Y-%m-%d %H:%M:%S}"
    block = f"王护士 {at}\n扫码付失败\n李工 {at}\n收到\n陈医生 2020-01-01 08:00:00\n白屏\n"
    block += f"李工(乙方) {at}\n收到，马上看"
    for _ in range(9):  # what waits for content once stood between the box and the drafts
        before = page.locator("[data-number]").inner_text() if page.locator("[data-number]").count() else ""
        page.keyboard.press("F9")
        saved(page, before)
    page.evaluate(
        """text => { const box = document.querySelector("#quick-line"), data = new DataTransfer();
        data.setData("text/plain", text); box.value = text;
        box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true })); }""",
        block,
    )
    drafts = page.locator(".quick-draft")
    expect(drafts).to_have_count(4)
    expect(page.locator("[data-drafts-head]")).to_be_focused()
    expect(page.locator("[data-drafts-head]")).to_be_in_viewport()
    expect(drafts.nth(0)).to_be_in_viewport()
    gap = page.evaluate(
        """() => document.querySelector("[data-part=drafts]").getBoundingClientRect().top
            - document.querySelector("[data-quick]").getBoundingClientRect().bottom"""
    )
    assert 0 <= gap < 60
    expect(drafts.nth(3).locator("[type=checkbox]")).not_to_be_checked()
    expect(drafts.nth(0).locator("[type=checkbox]")).to_be_checked()
    expect(drafts.nth(1).locator("[type=checkbox]")).not_to_be_checked()
    expect(drafts.nth(2).locator("[type=checkbox]")).to_be_disabled()
    page.get_by_role("button", name="登记打勾的").click()
    expect(page.locator(".note-success")).to_contain_text("已登记 1 件")


def test_a_dropped_connection_and_an_ended_session_leave_the_line_in_the_box(visit: Visit, house: House) -> None:
    visitor = open_box(visit, house)
    page = visitor.page
    page.locator(BOX).fill(LINE)
    page.wait_for_timeout(400)
    page.context.set_offline(True)
    page.keyboard.press("Enter")
    expect(page.locator("[data-trouble]")).to_contain_text("连不上控制台")
    expect(page.locator(BOX)).to_have_value(LINE)
    page.context.set_offline(False)
    page.context.clear_cookies(name="ops")
    page.keyboard.press("Enter")
    expect(page.locator("[data-trouble]")).to_contain_text("登录已结束")
    expect(page.locator(BOX)).to_have_value(LINE)
    page.context.add_cookies(house.vendor["cookies"])
    page.keyboard.press("Enter")
    saved(page)
    visitor.problems.clear()  # what is told above is what a browser tells of it


def test_the_key_n_leads_to_the_box_from_anywhere(visit: Visit, house: House) -> None:
    page = open_box(visit, house).page
    page.goto("/dashboard")
    page.keyboard.press("n")
    expect(page.locator(BOX)).to_be_focused()
