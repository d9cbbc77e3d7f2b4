"""Makes the README's pictures from a running console with the imported year. For developers; needs chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
IMAGES = PROJECT / "docs" / "images"
SHEET = PROJECT / "tests" / "data" / "tickets-2026.csv"
PORT = 8765
BASE = f"http://127.0.0.1:{PORT}"
OWN_PASSWORD = "Guan-Li-7788-Xyz"  # noqa: S105 - of a throw-away console
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Given an empty folder, start a console in it; return its process and the vendor's one-time password."""
    environment = {
        **os.environ, "OPS_DATA": str(folder), "OPS_SERVER__PORT": str(PORT), "OPS_SERVER__PUBLIC_URL": BASE,
    }  # fmt: skip
    process = subprocess.Popen(  # noqa: S603 - our own console
        [sys.executable, "-m", "ops_console"], cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"vendor\t\S+ (\S+)", line)
        if found:
            return process, found[1]
    raise SystemExit("the console did not print its first accounts")


def sign_in(page: Page, password: str) -> None:
    """Given a page and a one-time password, sign the vendor in and set a password."""
    page.goto(BASE)
    page.fill("#account", "vendor")
    page.fill("#password", password)
    page.click("main button")
    page.fill("#current_password", password)
    page.fill("#new_password", OWN_PASSWORD)
    page.fill("#repeated", OWN_PASSWORD)
    page.click("main button")


def import_year(page: Page) -> None:
    """Given a signed-in page, import the year's sheet and wait for the result."""
    page.goto(f"{BASE}/import")
    page.set_input_files("#file", str(SHEET))
    page.click("main form button.btn-primary")
    page.click("button:has-text('2344')", timeout=60_000)
    page.wait_for_selector("a[href='/dashboard']:has-text('查看')", timeout=60_000)


def take(page: Page) -> None:
    """Given a signed-in page over the imported year, take the three pictures."""
    page.set_viewport_size({"width": 1360, "height": 880})
    page.goto(f"{BASE}/dashboard?month=2026-04")
    page.wait_for_selector("[data-chart] svg")
    page.screenshot(path=IMAGES / "dashboard.png")
    page.goto(f"{BASE}/tickets/GD-20260407-00706?clock=repair")
    page.screenshot(path=IMAGES / "ticket.png")
    page.set_viewport_size({"width": 375, "height": 760})
    page.goto(f"{BASE}/tickets?month=2026-04&breached=1")
    page.screenshot(path=IMAGES / "phone.png")


def main() -> int:
    """Start, import, take the pictures, stop."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        process, password = start(Path(folder))
        try:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
            page = browser.new_page(locale="zh-CN")
            sign_in(page, password)
            import_year(page)
            take(page)
            browser.close()
        finally:
            process.terminate()
            process.wait(20)
    return 0


if __name__ == "__main__":
    sys.exit(main())
