"""A console served by a process of its own, and people who look at it with a real Chromium.

Not for what a page should show (`test_year.py`), nor for pages without a browser (`tests/web`).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Response, expect

from ops_console.console import PROJECT
from ops_console.core.factors import code_of, counter_at
from tests.real_services import free_port

DESKTOP, PHONE = 1360, 375
HEIGHTS = {DESKTOP: 880, PHONE: 760}
OWN_PASSWORD = "Guan-Li-7788-Xyz"
START_SECONDS = 90  # of a machine whose cores are all busy


class Served:
    """A console in a process and a data folder of its own; started again it keeps its port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.program: tuple[str, ...] = ("-m", "ops_console")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **environment: str) -> None:
        """Start it with these settings and wait until it answers."""
        given = {name: value for name, value in os.environ.items() if not name.startswith("OPS_")}
        own = {"OPS_DATA": str(self.folder / "data"), "OPS_SERVER__PORT": str(self.port)}
        given |= own | {"OPS_SERVER__PUBLIC_URL": self.base} | environment
        with (self.folder / "said").open("ab") as said, (self.folder / "log").open("ab") as log:
            command = [sys.executable, *self.program]
            self._process = subprocess.Popen(command, cwd=PROJECT, env=given, stdout=said, stderr=log)
        self._wait()

    def _wait(self) -> None:
        assert self._process is not None
        opener = build_opener(ProxyHandler({}))
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                opener.open(f"{self.base}/healthz", timeout=2).close()
                return
            except (URLError, OSError):
                time.sleep(0.05)
        raise AssertionError(f"the console did not answer: {self.log}")

    def stop(self) -> None:
        """End the process, known by its id."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)

    def one_time_password(self, account: str) -> str:
        """Given an account, return the password that the first start printed for it."""
        said = (self.folder / "said").read_text(encoding="utf-8")
        found = re.search(rf"账号 {account}\t一次性密码 (\S+)", said)
        assert found is not None, said
        return found[1]

    @property
    def log(self) -> str:
        """The end of what it logged."""
        return (self.folder / "log").read_text(encoding="utf-8")[-3000:]


@contextmanager
def serving(folder: Path, *program: str) -> Iterator[Served]:
    """Given a folder and what Python is to run (nothing: the console), serve it while the block runs."""
    made = Served(folder)
    made.program = program or made.program
    try:
        made.start()
        yield made
    finally:
        made.stop()


class Visitor:
    """A person at a browser of their own: one page, and everything that went wrong on it."""

    def __init__(self, browser: Browser, served: Served, *, width: int = DESKTOP, **given: Any) -> None:
        self.served, self.width = served, width
        self.context = browser.new_context(
            base_url=served.base, locale="zh-CN", viewport={"width": width, "height": HEIGHTS[width]}, **given
        )
        self.context.set_default_timeout(15_000)
        self.problems: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.problems.append(f"{self.page.url}: {error}"))
        self.page.on("response", self._answered)
        self.page.on("dialog", Dialog.accept)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):  # a breach of the content policy is an error too
            self.problems.append(f"{self.page.url}: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"{self.page.url}: {response.status} {response.url}")

    def sign_in(self, account: str, password: str = OWN_PASSWORD) -> None:
        """Fill in the sign-in page and send it."""
        self.page.goto("/sign-in")
        self.page.fill("#account", account)
        self.page.fill("#password", password)
        self.page.click("main form button")

    def set_password(self, one_time: str) -> None:
        """Fill in the page that asks for a password of one's own, and send it."""
        self.page.fill("#current_password", one_time)
        self.page.fill("#new_password", OWN_PASSWORD)
        self.page.fill("#repeated", OWN_PASSWORD)
        self.page.click("main form button")
        expect(self.page).not_to_have_url(re.compile("/password$"))
        self.page.wait_for_load_state()

    def first_sign_in(self, account: str) -> None:
        """Sign in with the printed one-time password and set one's own."""
        one_time = self.served.one_time_password(account)
        self.sign_in(account, one_time)
        self.set_password(one_time)

    def enrol_factor(self) -> None:
        """Enrol an authenticator app: type its first code and the password, as a person does with a phone."""
        self.page.goto("/factor/new")
        self.page.click("button[value=totp]")
        expect(self.page.locator(".qr img")).to_be_visible()
        seed = self.page.inner_text("code.secret").replace(" ", "")
        self.page.fill("#factor_code", code_of(seed, counter_at(datetime.now(UTC))))
        self.page.fill("#current_password", OWN_PASSWORD)
        self.page.locator("form", has=self.page.locator("#factor_code")).locator("button").click()
        expect(self.page).not_to_have_url(re.compile("/factor/new"))

    def speak(self, language: str) -> None:
        """Ask for pages in `zh` or `en` from now on."""
        self.context.add_cookies([{"name": "lang", "value": language, "url": self.served.base}])

    def overhang(self) -> str:
        """Return which elements make the page wider than the window, or nothing."""
        return str(self.page.evaluate(OVERHANG, self.width))


OVERHANG = """width => document.documentElement.scrollWidth <= width ? "" :
    document.documentElement.scrollWidth + " px: " + Array.from(document.body.querySelectorAll("*"))
        .filter(element => element.getBoundingClientRect().right > width + 0.5)
        .slice(0, 6).map(element => element.tagName + "." + element.className).join(" ")"""


@contextmanager
def visiting(browser: Browser, served: Served, **given: Any) -> Iterator[Visitor]:
    """Given a browser, a console and a context's settings, yield a visitor; then nothing may have gone wrong."""
    visitor = Visitor(browser, served, **given)
    try:
        yield visitor
    finally:
        visitor.context.close()
    assert not visitor.problems, "\n".join(visitor.problems)
