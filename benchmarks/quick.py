"""What the quick log's box costs: from Enter to the next empty box, in a real Chromium, alone and beside others.

Run `python -m benchmarks.quick --size 100000`; a folder that is not there yet is loaded first, and copied: a copy is
written to.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import Page, sync_playwright

from benchmarks import figures, servers
from benchmarks.create import AIM_SIZE, scratch
from benchmarks.servers import HOST, Browser, Server
from tests.real_services import chromium_path

AIM_MS, OTHERS = 150, 7
LINES = (
    "门诊收费 王护士 支付宝缴费成功但HIS未到账 电话", "药房 刘药师 打印机卡纸 当面", "住院部 李护士 医嘱打不开 电话",
    "检验科 张技师 报告查询很慢 电话", "急诊 陈医生 电子病历登录不上 当面",
)  # fmt: skip
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
# From the key to the next frame that shows the empty box in focus and the ticket's number; in milliseconds.
WATCH = """() => {
  const box = document.querySelector("[data-quick-line]");
  let pressed = 0, before = "";
  const number = () => (document.querySelector("[data-part=outcome] [data-number]") || {}).textContent || "";
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { pressed = performance.now(); before = number(); window.taken = null; }
  }, true);
  new MutationObserver(() => {
    if (!pressed || number() === before || box.value || document.activeElement !== box) { return; }
    const began = pressed;
    pressed = 0;
    requestAnimationFrame(() => setTimeout(() => { window.taken = performance.now() - began; }));
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
}"""


@dataclass(frozen=True)
class Taken:
    """How long the box took, beside so many others who log as well; and how many of these acts failed."""

    others: int
    milliseconds: tuple[float, ...]
    logged_by_others: int
    errors: int


@contextmanager
def box(server: Server, password: str) -> Iterator[Page]:
    """Given a server and the vendor's password, yield the quick log's page in a Chromium, signed in and watched."""
    session = servers.sign_in(server, password)
    base = f"http://{HOST}:{server.port}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(ARGUMENTS))
        context = browser.new_context(base_url=base, locale="zh-CN", viewport={"width": 1280, "height": 800})
        context.add_cookies([{"name": n, "value": v, "url": base} for n, v in session.cookies.items()])
        page = context.new_page()
        page.goto("/log")
        page.evaluate(WATCH)
        yield page
        browser.close()


def log_line(page: Page, line: str) -> float:
    """Given the box's page and a line, type it, press Enter and return the milliseconds to the next empty box."""
    page.locator("[data-quick-line]").fill(line)
    page.keyboard.press("Enter")
    taken = page.wait_for_function("() => window.taken", timeout=30_000).json_value()
    return float(taken)


def others_log(browser: Browser, stop: threading.Event) -> tuple[int, int]:
    """Given a signed-in browser, log by the box without a pause until told to stop; return how often, and failures."""
    token = servers.token_of(browser.get("/log").text)
    logged = failed = 0
    while not stop.is_set():
        form = {"csrf_token": token, "act": "save", "line": LINES[logged % len(LINES)]}
        answer = browser.post("/log", form, {"X-Requested-With": "fetch"})
        is_kept = answer.status == 200 and "data-number" in answer.text
        logged, failed = logged + 1, failed + (not is_kept)
    return logged, failed


def measure(server: Server, password: str, lines: int, others: int) -> Taken:
    """Given a server, how many lines and beside how many others, return how long the box took."""
    stop, found = threading.Event(), []
    with ThreadPoolExecutor(max(1, others)) as pool:
        beside = [pool.submit(others_log, servers.sign_in(server, password), stop) for _ in range(others)]
        try:
            with box(server, password) as page:
                log_line(page, LINES[0])
                found = [log_line(page, LINES[place % len(LINES)]) for place in range(lines)]
        finally:
            stop.set()
        done = [one.result() for one in beside]
    return Taken(others, tuple(found), sum(n for n, _ in done), sum(failed for _, failed in done))


# -- telling -----------------------------------------------------------------------------------------------------


def report(size: int, found: list[Taken]) -> str:
    """Given the figures, return the section of README.md."""
    method = (
        f"`python -m ops_console` on a copy of the folder with {figures.number(size)} tickets; a headless Chromium on "
        f"`/log`, {len(found[0].milliseconds)} lines a figure: from the key Enter to the next frame that shows the "
        f"empty box in focus and the new ticket's number. Beside {OTHERS} others: as many clients log by the same "
        f"box's request without a pause meanwhile. Aim ({figures.AIMS}): p50 ≤ {AIM_MS} ms, no error."
    )
    header = ["clients", "p50 ms", "p95 ms", "longest ms", "errors", "aim"]
    rows = [
        [
            f"{1 + t.others}", f"{figures.percentile(t.milliseconds, 0.5):.0f}",
            f"{figures.percentile(t.milliseconds, 0.95):.0f}", f"{max(t.milliseconds):.0f}", t.errors, _aim(t),
        ]
        for t in found
    ]  # fmt: skip
    return figures.section("Quick log", method, figures.table(header, rows))


def _aim(taken: Taken) -> str:
    is_met = figures.percentile(taken.milliseconds, 0.5) <= AIM_MS and not taken.errors
    return f"≤ {AIM_MS} ms {figures.mark(is_met)}"


def run(size: int, lines: int) -> str:
    """Given a size and how many lines a figure, measure and return the section."""
    with scratch(size) as folder, servers.running(folder) as server:
        password = servers.take_account(server, folder)
        return report(size, [measure(server, password, lines, others) for others in (0, OTHERS)])


def main() -> None:
    """Measure the size asked for."""
    asked = figures.arguments(
        __doc__, size=(int, AIM_SIZE, "number of tickets"), lines=(int, 60, "lines a figure")
    )  # fmt: skip
    figures.give("quick", run(asked.size, asked.lines), readme=asked.readme)


if __name__ == "__main__":
    main()
