"""Makes the README's pictures from the demo year, at half past ten of one day, on a clock that stands still.

For developers; needs chromium. The same day gives the same pictures, whatever the host's clock says.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from ops_console import main as console_main  # noqa: E402 - run as a file, the project is not yet on the path
from ops_console.services import locations  # noqa: E402
from ops_console.services.demo_house import actor_named  # noqa: E402

IMAGES = PROJECT / "docs" / "images"
DAY = "2026-11-26"
PORT = 8765
BASE = f"http://127.0.0.1:{PORT}"
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
DESK, PHONE = {"width": 1360, "height": 880}, {"width": 375, "height": 760}
CHIEF, ENGINEER = "zhou.min", "li.wei"
LINE = "门诊收费 王护士 支付宝缴费成功但HIS未到账 微信群"
LARGEST, LARGEST_OF_ALL = 250_000, 1_500_000


def build() -> dict[str, Any]:
    """Build the demo of the day; return its folder, its end and its accounts as the command tells them."""
    command = [sys.executable, "-m", "ops_console", "demo", "--today", DAY, "--build-only", "--json"]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own
    return dict(json.loads(done.stdout))


class Quiet(WSGIRequestHandler):
    """Says nothing of each request."""

    def log(self, type: str, message: str, *args: Any) -> None:
        """Given a line for the log, leave it out."""


@contextmanager
def served(told: dict[str, Any]):  # type: ignore[no-untyped-def]
    """Given what was built, serve it, a minute later than it ends, and yield the console."""
    at = datetime.fromisoformat(told["until"]) + timedelta(minutes=1)
    console = console_main.open_console(folder=told["folder"], now=lambda: at)
    server = make_server("127.0.0.1", PORT, console_main.application(console), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield console
    finally:
        server.shutdown()
        thread.join()
        console.close()


def sticker(console: Any) -> str:
    """Given the console, return the address that the sticker at the cash desk carries."""
    with console.write() as session:
        chief, secrets = actor_named(CHIEF), console.public_secrets
        row = next(p.row for p in locations.listing(session, chief) if p.row.department == "门诊收费处")
        [made] = locations.stickers(session, [row.id], secrets, chief, console.now())
    return f"{BASE}/r/{made.token}"


def page_of(browser: Browser, told: dict[str, Any], account: str = "", view: dict[str, int] = DESK) -> Page:
    """Given a browser and an account (none: a stranger), return a page of its own, signed in."""
    page = browser.new_context(locale="zh-CN", viewport=view).new_page()  # type: ignore[arg-type]
    page.set_default_timeout(120_000)
    if account:
        page.goto(f"{BASE}/sign-in")
        page.fill("#account", account)
        page.fill("#password", next(a["password"] for a in told["accounts"] if a["account"] == account))
        page.click("main button")
        page.wait_for_selector(".rail")
    return page


def take(page: Page, name: str) -> None:
    """Given a page, keep what it shows. The mark of the demo stays: what is invented shall be known as such."""
    page.screenshot(path=IMAGES / f"{name}.png")


def at_the_desk(browser: Browser, told: dict[str, Any]) -> None:
    """The month that cost its fee, its duties, a ticket whose answer was corrected, the vendor's quick log."""
    chief = page_of(browser, told, CHIEF)
    for name, path in (("month", "/month/2026-09"), ("duties", "/duties?month=2026-11")):
        chief.goto(f"{BASE}{path}")
        take(chief, name)
    chief.goto(f"{BASE}/dashboard?month=2026-11")
    chief.wait_for_selector("[data-chart] svg")
    take(chief, "dashboard")
    chief.goto(f"{BASE}/tickets?month=2026-04&unproven=1&type=故障")
    chief.click("tbody a >> nth=0")
    take(chief, "ticket")
    engineer = page_of(browser, told, ENGINEER)
    engineer.goto(f"{BASE}/log")
    engineer.locator("#quick-line").press_sequentially(LINE)
    engineer.wait_for_timeout(1500)
    take(engineer, "quick-log")


def on_the_phone(browser: Browser, told: dict[str, Any], address: str) -> None:
    """The engineer's open tickets; a nurse who scans the sticker, and her receipt."""
    engineer = page_of(browser, told, ENGINEER, PHONE)
    engineer.goto(f"{BASE}/tickets?open=1")
    engineer.evaluate("scrollTo({top: document.querySelector('table').offsetTop - 60, behavior: 'instant'})")
    engineer.wait_for_timeout(500)
    take(engineer, "phone")
    nurse = page_of(browser, told, view=PHONE)
    nurse.goto(address)
    nurse.check("[name=kind][value=broken]", force=True)
    nurse.fill("#title", "缴费成功但没有到账")
    take(nurse, "report")
    nurse.click(".public-send")
    nurse.wait_for_selector(".public-number")
    take(nurse, "receipt")


def main() -> int:
    """Build, serve, take the pictures, see that they are small."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        os.environ |= {
            "OPS_DATA": f"{folder}/data", "OPS_SERVER__PORT": str(PORT), "OPS_SERVER__PUBLIC_URL": BASE
        }  # fmt: skip
        told = build()
        with served(told) as console:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
            at_the_desk(browser, told)
            on_the_phone(browser, told, sticker(console))
            browser.close()
    sizes = {path.name: path.stat().st_size for path in sorted(IMAGES.glob("*.png"))}
    print(sizes)
    return int(max(sizes.values()) > LARGEST or sum(sizes.values()) > LARGEST_OF_ALL)


if __name__ == "__main__":
    sys.exit(main())
