"""Reporting without an account in a real browser: steps and time on a phone, drafts without network, stickers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from ops_console.core.public_reports import Secrets
from tests.browser.conftest import Visit
from tests.browser.served import DESKTOP, PHONE, Served, Visitor, serving, visiting
from tests.pictures import photo_with_place, picture

PLACE = "门诊收费处 3 号窗口"
PLACES = f"门诊收费处,{PLACE},门诊缴费\n药房,药房发药窗口\n心内科,心内科护士站"
NO_DRAFTS = """() => new Promise(done => {
    const opening = indexedDB.open("report", 1);
    opening.onsuccess = () => {
        const asked = opening.result.transaction("report-drafts").objectStore("report-drafts").count();
        asked.onsuccess = () => { opening.result.close(); done(asked.result === 0); };
    };
})"""


@dataclass(frozen=True)
class House:
    """A console with places, and the token of the first one's sticker."""

    served: Served
    token: str
    sheet: bytes


@pytest.fixture(scope="module")
def house(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The hospital adds its places and prints their stickers, through the pages."""
    with serving(tmp_path_factory.mktemp("reports")) as served:
        with visiting(chromium, served) as hospital:
            hospital.first_sign_in("hospital")
            sheet = _print_stickers(hospital)
        secrets = Secrets((served.folder / "data" / "secret.key").read_bytes())
        yield House(served, secrets.token("sticker", f"1:{PLACE}"), sheet)


def _print_stickers(hospital: Visitor) -> bytes:
    page = hospital.page
    page.goto("/locations")
    page.fill("#lines", PLACES)
    page.get_by_role("button", name="添加位置").click()
    expect(page.locator(".note-success")).to_contain_text("已添加 3 个位置")
    assert hospital.overhang() == ""
    with page.expect_download() as downloaded:
        page.get_by_role("button", name="打印选中的报修贴").click()
    return Path(downloaded.value.path()).read_bytes()


def test_the_sheet_of_stickers_is_a_pdf(house: House) -> None:
    assert house.sheet.startswith(b"%PDF-")


def test_a_report_from_a_phone_takes_two_taps_and_a_line(house: House, visit: Visit) -> None:
    phone = visit(house.served, width=PHONE)
    page: Page = phone.page
    line = "缴费成功没到账"
    page.goto(f"/r/{house.token}")
    expect(page.locator(".public-place")).to_contain_text(PLACE)
    assert phone.overhang() == ""
    page.locator(".tap", has_text="报告查询").click()
    page.fill("#title", line)
    page.get_by_role("button", name="提交报修").click()
    expect(page.locator(".public-done")).to_contain_text("已收到")
    assert phone.overhang() == ""
    assert len(page.locator(".public-code").inner_text()) == 4
    page.get_by_role("link", name="查看进度").click()
    expect(page.locator(".public-state")).to_contain_text("待响应")
    assert phone.overhang() == ""
    page.goto(f"/r/{house.token}")
    expect(page.locator(".public-row").first).to_contain_text("待响应")
    assert line not in page.content()


def test_the_form_fits_one_screen_of_a_phone(house: House, visit: Visit) -> None:
    page = visit(house.served, width=PHONE).page
    page.goto(f"/r/{house.token}")
    box = page.get_by_role("button", name="提交报修").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= 760


def test_a_photo_is_scaled_shown_removed_and_sent(house: House, visit: Visit, tmp_path: Path) -> None:
    large = tmp_path / "IMG_0001.jpg"
    large.write_bytes(photo_with_place((4000, 3000)))
    phone = visit(house.served, width=PHONE, has_touch=True, is_mobile=True)
    page = phone.page
    page.goto(f"/r/{house.token}")
    page.locator(".tap", has_text="门诊缴费").click()
    for shown in (1, 2):
        page.locator("[data-photo-pick]").last.set_input_files(large)
        expect(page.locator(".photo-list canvas")).to_have_count(shown)
    page.locator(".photo-list button").first.click()
    expect(page.locator(".photo-list canvas")).to_have_count(1)
    assert phone.overhang() == ""
    page.get_by_role("button", name="提交报修").click()
    expect(page.locator(".public-card")).to_contain_text("已附 1 张照片")
    (kept,) = (house.served.folder / "data" / "attachments").iterdir()
    with Image.open(kept) as sent:
        assert sent.size == (1200, 1600)  # turned as the phone was held
        assert not sent.getexif()


def test_the_shared_pc_asks_for_the_department(house: House, visit: Visit) -> None:
    pc = visit(house.served, width=DESKTOP)
    pc.page.goto("/报修")
    pc.page.fill("[name=department]", "心内科")
    pc.page.locator(".tap", has_text="门诊缴费").click()
    pc.page.get_by_role("button", name="提交报修").click()
    expect(pc.page.locator(".public-done")).to_contain_text("已收到")


def test_a_draft_without_network_waits_in_the_phone(house: House, visit: Visit, tmp_path: Path) -> None:
    phone = visit(house.served, width=PHONE, has_touch=True, is_mobile=True)
    page = phone.page
    page.goto(f"/r/{house.token}")
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.context.set_offline(True)
    page.goto(f"/r/{house.token}")
    expect(page.locator(".note-warning").first).to_contain_text("现在没有网络")
    page.locator(".tap", has_text="门诊缴费").click()
    page.fill("#title", "断网时写的")
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture())
    page.locator("[data-photo-pick]").last.set_input_files(photo)
    expect(page.locator(".photo-list canvas")).to_have_count(1)
    page.get_by_role("button", name="存在手机里").click()
    expect(page.locator("[data-kept]")).to_be_visible()
    phone.context.set_offline(False)  # the page notices by itself
    expect(page.locator("[data-drafts]")).to_contain_text("1")
    page.get_by_role("button", name="现在发送").click()
    expect(page.locator(".public-done")).to_contain_text("已收到")
    expect(page.locator(".public-card")).to_contain_text("已附 1 张照片")
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    page.goto(f"/r/{house.token}")
    page.wait_for_function(NO_DRAFTS)
    expect(page.locator("[data-drafts]")).not_to_be_visible()
    phone.problems[:] = [told for told in phone.problems if "ERR_INTERNET_DISCONNECTED" not in told]


def test_a_shared_pc_keeps_nothing(house: House, visit: Visit) -> None:
    pc = visit(house.served, width=DESKTOP)
    pc.page.goto(f"/r/{house.token}")
    assert pc.page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length)") == 0
    assert pc.page.evaluate("localStorage.length") == 0
    assert pc.page.evaluate("indexedDB.databases().then(all => all.length)") == 0
