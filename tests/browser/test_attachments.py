"""Files and signatures with a real browser: chosen, pasted and blacked out before they leave it; signed by hand."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.conftest import House, Visit
from tests.browser.served import DESKTOP, PHONE, Visitor
from tests.pictures import PDF, picture

pytestmark = pytest.mark.browser


@pytest.fixture(params=[DESKTOP, PHONE])
def vendor(house: House, visit: Visit, request: pytest.FixtureRequest) -> Visitor:
    """A vendor looking at a ticket just logged, at each width."""
    made = visit(house.served, storage_state=house.vendor, width=request.param)
    page = made.page
    page.goto("/tickets/new")
    page.select_option("[name=module]", "门诊缴费")
    page.fill("[name=title]", "打不开")
    page.locator("main form.sheet button.btn-primary").click()
    expect(page).to_have_url(re.compile("/tickets/GD-"))
    return made


def bytes_kept(house: House) -> set[Path]:
    """The files of attachments in the console's folder."""
    return {path for path in (house.served.folder / "data" / "attachments").iterdir() if len(path.name) == 64}


def kept(page: Page) -> list[str]:
    return page.locator(".file-name").all_inner_texts()


def test_files_wait_in_a_queue_and_one_bad_one_does_not_lose_the_others(vendor: Visitor, tmp_path: Path) -> None:
    page = vendor.page
    for name, content in (("a.png", picture()), ("b.pdf", PDF), ("leer.txt", b"")):
        (tmp_path / name).write_bytes(content)

    page.set_input_files("#attach-file", [tmp_path / name for name in ("a.png", "b.pdf", "leer.txt")])
    expect(page.locator(".attach-queue li")).to_have_count(3)
    page.locator("[data-attach-send]").click()

    expect(page.locator(".file-name")).to_have_text(["a.png", "b.pdf"])
    expect(page.locator(".attach-queue li")).to_have_count(1)
    expect(page.locator(".attach-state")).to_contain_text("是空文件，没有上传")
    expect(page.locator(".file-picture img")).to_be_visible(timeout=30_000)
    assert not vendor.overhang()


def test_a_pasted_picture_is_blacked_out_before_it_leaves(vendor: Visitor, house: House) -> None:
    page, before = vendor.page, bytes_kept(house)
    ground = (255, 255, 255) if vendor.width == DESKTOP else (255, 255, 254)  # bytes that are kept already add no file
    page.evaluate(
        """async bytes => {
            const file = new File([new Uint8Array(bytes)], "paste.png", {type: "image/png"});
            const data = new DataTransfer();
            data.items.add(file);
            document.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, cancelable: true}));
        }""",
        list(picture("PNG", (400, 300), "#" + bytes(ground).hex())),
    )
    page.locator(".attach-queue button", has_text="涂黑").click()
    box = page.locator("[data-redact-canvas]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.75)
    page.mouse.up()
    page.locator("[data-redact-done]").click()
    page.locator("[data-attach-send]").click()
    expect(page.locator(".file-name")).to_have_text(["paste-redacted.png"])

    (stored,) = bytes_kept(house) - before
    with Image.open(io.BytesIO(stored.read_bytes())) as kept_picture:
        seen = kept_picture.convert("RGB")
        assert seen.size == (400, 300)
        assert [seen.getpixel(at) for at in ((200, 150), (110, 85), (390, 290))] == [(0, 0, 0), (0, 0, 0), ground]


def test_a_user_signs_by_hand_and_the_signature_stands_with_the_ticket(vendor: Visitor) -> None:
    page = vendor.page
    page.get_by_role("link", name="请用户在屏幕上签字").click()
    page.fill("#signer", "王护士")
    page.get_by_role("button", name="提交签字").click()
    expect(page.get_by_text("请先在框内签名。")).to_be_visible()
    pad = page.locator("[data-sign-pad]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 30)
    page.mouse.down()
    for step in range(1, 12):
        page.mouse.move(box["x"] + 20 + step * 20, box["y"] + 30 + (step % 3) * 25)
    page.mouse.up()
    page.get_by_role("button", name="提交签字").click()

    expect(page.locator(".file-marks", has_text="手写签名")).to_be_visible()
    expect(page.locator("td", has_text="王护士")).to_be_visible()
    assert kept(page) == ["signature.png"]
    assert not vendor.overhang()
