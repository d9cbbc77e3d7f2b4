"""How long a report without an account takes on a phone: the machine's part in a real Chromium, a person's estimated.

Run `python -m benchmarks.reporting --size 100000`; a folder that is not there yet is loaded first, and copied: a copy
is written to.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from benchmarks import figures, load, servers
from benchmarks.create import AIM_SIZE, scratch
from benchmarks.quick import ARGUMENTS
from benchmarks.servers import HOST, Server
from ops_console.console import utc_now
from ops_console.core.people import actor_of
from ops_console.services import locations
from tests.pictures import photo_with_place
from tests.real_services import chromium_path

AIM_SECONDS, REPORTS, LINE = 20.0, 10, "缴费成功没到账"
PHONE = {"width": 375, "height": 760}
# Keystroke-level estimates of a person with a phone: to see and tap a target, to type a character by pinyin, to read
# the form, and to take a photo with the phone's camera and accept it.
TAP, CHARACTER, READ, PHOTO = 1.5, 0.8, 4.0, 4.0
BY_HAND = READ + 3 * TAP + len(LINE) * CHARACTER


@dataclass(frozen=True)
class Taken:
    """Seconds of the machine's part of each report, from the address to the form and from 提交 to the receipt."""

    name: str
    machine: tuple[float, ...]
    person: float


def stickers(folder: Path, count: int) -> list[str]:
    """Given a data folder, add so many places and return the addresses of their stickers."""
    console = load.open_console(folder, utc_now)
    hospital = actor_of("hospital", "信息科长", "hospital")
    try:
        with console.write() as session:
            lines = "\n".join(f"门诊收费处,收费窗口 {n}" for n in range(count))
            locations.add(session, lines, set(), console.public_secrets, actor=hospital, now=utc_now())
            made = locations.stickers(session, range(1, count + 1), console.public_secrets, hospital, utc_now())
        return [sticker.token for sticker in made]
    finally:
        console.close()


def report_once(chromium: Browser, server: Server, token: str, photo: Path | None) -> float:
    """Given a phone's browser and a sticker, report once and return the seconds that the machine took."""
    context = chromium.new_context(
        base_url=f"http://{HOST}:{server.port}", viewport=PHONE, is_mobile=True, has_touch=True, locale="zh-CN"
    )  # fmt: skip
    page = context.new_page()
    seconds = figures.timed(lambda: (page.goto(f"/r/{token}"), expect(page.locator("#title")).to_be_visible()))
    page.locator(".tap", has_text="报告查询").click()
    page.fill("#title", LINE)
    if photo is not None:
        chosen, shown = page.locator("[data-photo-pick]").last, page.locator(".photo-list canvas")
        seconds += figures.timed(lambda: (chosen.set_input_files(photo), expect(shown).to_be_visible()))
    button = page.get_by_role("button", name="提交报修")
    seconds += figures.timed(lambda: (button.click(), expect(page.locator(".public-done")).to_be_visible()))
    context.close()
    return seconds


def measure(server: Server, tokens: Sequence[str]) -> list[Taken]:
    """Given a server and stickers, return what reports took without a photo and with one of twelve megapixels."""
    half = len(tokens) // 2
    with tempfile.TemporaryDirectory() as root, sync_playwright() as playwright:
        photo = Path(root) / "IMG_0001.jpg"
        photo.write_bytes(photo_with_place((4000, 3000)))
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        report_once(chromium, server, tokens[0], None)
        bare = tuple(report_once(chromium, server, token, None) for token in tokens[:half])
        shown = tuple(report_once(chromium, server, token, photo) for token in tokens[half:])
        chromium.close()
    return [Taken("two taps and a line", bare, BY_HAND), Taken("with a photo", shown, BY_HAND + 2 * TAP + PHOTO)]


def report(size: int, found: Sequence[Taken]) -> str:
    """Given the figures, return the section of README.md."""
    method = (
        f"`python -m ops_console` on a copy of the folder with {figures.number(size)} tickets; a headless Chromium of "
        f"375 px, {REPORTS} reports a figure, a browser and a sticker of its own each. Machine: from the address to "
        "the form, from the chosen photo (12 megapixels) to its preview, from the button to the receipt. Person: "
        f"keystroke-level estimates ({READ:g} s to read, {TAP:g} s a tap, {CHARACTER:g} s a character by pinyin, "
        f"{PHOTO:g} s to take a photo), the line “{LINE}”. Aim ({figures.AIMS}): together under {AIM_SECONDS:g} s."
    )
    rows = [
        [
            t.name, f"{figures.percentile(t.machine, 0.5):.2f}", f"{max(t.machine):.2f}", f"{t.person:.1f}",
            f"{figures.percentile(t.machine, 0.5) + t.person:.1f}",
            f"< {AIM_SECONDS:g} s {figures.mark(max(t.machine) + t.person < AIM_SECONDS)}",
        ]
        for t in found
    ]  # fmt: skip
    header = ["report", "machine p50 s", "longest s", "person s", "together s", "aim"]
    return figures.section("Report without an account", method, figures.table(header, rows))


def run(size: int) -> str:
    """Given a size, measure and return the section."""
    with scratch(size) as folder:
        tokens = stickers(folder, 2 * REPORTS)
        with servers.running(folder) as server:
            return report(size, measure(server, tokens))


def main() -> None:
    """Measure the size asked for."""
    asked = figures.arguments(__doc__, size=(int, AIM_SIZE, "number of tickets"))
    figures.give("reporting", run(asked.size), readme=asked.readme)


if __name__ == "__main__":
    main()
