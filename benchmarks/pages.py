"""What a page costs: the real console on a loaded folder, asked by signed-in browsers at 1 and at 8 connections.

Run `python -m benchmarks.pages --sizes 10000`; a folder that is not there yet is loaded first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from random import Random

from sqlalchemy import text

from benchmarks import figures, load, servers
from benchmarks.servers import Browser, Server

CONNECTIONS = (1, 8)
SETTLE_SECONDS, WARM = 4.0, 10
MONTH = "2026-10"
AIM_SIZE = 100_000
MEMORY_AIM = 180  # MiB, flat


@dataclass(frozen=True)
class Page:
    """A page: the addresses asked for in turn, each with a text that its answer must hold, and the aims at 100 000."""

    name: str
    asked: tuple[tuple[str, str], ...]
    aim_ms: float | None = None
    aim_rate: float | None = None


@dataclass(frozen=True)
class Cost:
    """What a page cost at a number of connections: wall milliseconds, answers per second, server CPU per answer."""

    page: Page
    connections: int
    p50: float
    p95: float
    rate: float
    cpu: float


@dataclass(frozen=True)
class Measured:
    """All pages at one size, and the server's memory: after the first answers, and at the end."""

    count: int
    costs: tuple[Cost, ...]
    before_mib: float
    after_mib: float


def pages_of(count: int, numbers: Sequence[str]) -> tuple[Page, ...]:
    """Given a size and numbers of tickets, return what is asked for."""
    listed = servers.query("/tickets", type="故障", module="门诊缴费")
    return (
        Page("list, first page", ((servers.query("/tickets"), numbers[0]),), 12, 120),
        Page("list, type and module", ((listed, "统计对象：故障、门诊缴费的工单"),), 12, 120),
        Page("list, with a breach", ((servers.query("/tickets", breached="1"), "统计对象：有超时的工单"),), 12, 120),
        Page("list, open (the vendor's first page)", ((servers.query("/tickets", open="1"), "共 30 件"),), 12, 120),
        Page("detail, random tickets", tuple((f"/tickets/{n}", f">{n}</span>") for n in numbers[1:]), 12, 120),
        Page(
            f"dashboard, {MONTH}", ((servers.query("/dashboard", month=MONTH), f"<h1>时限达标 · {MONTH}</h1>"),), 40, 40
        ),
    )  # fmt: skip


def numbers_of(folder: Path, count: int, wanted: int = 200) -> list[str]:
    """Given a loaded folder, return the number of the newest ticket and numbers of random ones."""
    console = load.open_console(folder)
    ids = [count, *Random(count).sample(range(1, count + 1), min(wanted, count))]
    with console.read() as session:
        found = [session.scalar(text("SELECT number FROM ticket WHERE id = :id"), {"id": one}) for one in ids]
    console.close()
    return [str(one) for one in found]


def ask(browser: Browser, asked: Sequence[tuple[str, str]]) -> list[float]:
    """Given a browser and addresses, ask for them one after the other and return the milliseconds of each answer.

    Raises ValueError when an answer is not the page.
    """
    taken = []
    for path, expected in asked:
        began = time.perf_counter()
        answer = browser.get(path)
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status != 200 or expected not in answer.text:
            raise ValueError(f"{path}: {answer.status}, without {expected!r}")
    return taken


def cost(server: Server, browsers: Sequence[Browser], page: Page, requests: int) -> Cost:
    """Given signed-in browsers, a page and how often to ask for it in all, return what it cost."""
    turns = list(islice(cycle(page.asked), requests))
    shares = [turns[start :: len(browsers)] for start in range(len(browsers))]
    for browser in browsers:
        ask(browser, turns[: max(1, WARM // len(browsers))])
    used, began = server.cpu_seconds(), time.perf_counter()
    with ThreadPoolExecutor(len(browsers)) as pool:
        taken = [ms for part in pool.map(ask, browsers, shares) for ms in part]
    passed, used = time.perf_counter() - began, server.cpu_seconds() - used
    return Cost(
        page, len(browsers), figures.percentile(taken, 0.5), figures.percentile(taken, 0.95), len(taken) / passed,
        used * 1000 / len(taken),
    )  # fmt: skip


def measure(count: int, requests: int, asked: Callable[[int, Sequence[str]], tuple[Page, ...]] = pages_of) -> Measured:
    """Given a number of tickets whose folder is loaded, how many answers a figure and the pages, return all figures."""
    folder = load.folder_of(count)
    pages = asked(count, numbers_of(folder, count))
    with servers.running(folder) as server:
        password = servers.take_account(server, folder)
        browsers = [servers.sign_in(server, password) for _ in range(max(CONNECTIONS))]
        for page in pages:
            ask(browsers[0], page.asked[:1])
        time.sleep(SETTLE_SECONDS)  # the open tickets' clocks, long broken, are noticed by the sweep meanwhile
        before = server.resident_mib()
        costs = tuple(cost(server, browsers[:n], page, requests) for n in CONNECTIONS for page in pages)
        for browser in browsers:
            browser.close()
        return Measured(count, costs, before, server.resident_mib())


# -- telling -----------------------------------------------------------------------------------------------------


def report(measured: Sequence[Measured], requests: int) -> str:
    """Given the figures of each size, return the section of README.md."""
    method = (
        f"`python -m ops_console` on a loaded folder, {requests} answers a figure after {WARM} to warm up; the client "
        "is a process of its own (a thread a connection) on the same cores; connections are kept alive, each with a "
        "session of its own, signed in as the vendor; every answer is checked (status 200 and a text of that page). "
        "CPU is the server's, user and system, all threads. p50 at 1 connection and answers per second at 8 have an "
        f"aim at {figures.number(AIM_SIZE)} tickets ({figures.AIMS}): ✓ met, ✗ missed."
    )
    return figures.section("Pages", method, *(_of_connections(measured, n) for n in CONNECTIONS), _memory(measured))


def _of_connections(measured: Sequence[Measured], connections: int) -> str:
    per_size = "p50 ms", "p95 ms", "per s", "CPU ms"
    header = ["page", *(f"{figures.number(m.count)}: {what}" for m in measured for what in per_size)]
    header += ["aim", "growth"]
    rows = []
    for place in range(len(_costs(measured[0], connections))):
        costs = [_costs(m, connections)[place] for m in measured]
        cells = [cell for c in costs for cell in (f"{c.p50:.1f}", f"{c.p95:.1f}", f"{c.rate:.0f}", f"{c.cpu:.1f}")]
        rows.append([costs[0].page.name, *cells, _aim(measured, costs), _growth(costs)])
    plural = "connection" if connections == 1 else "connections"
    note = "growth: p50 at the largest size over that at the smallest (aim: ≤ 1.3)."
    return f"### {connections} {plural}\n\n{figures.table(header, rows)}\n\n{note}"


def _costs(measured: Measured, connections: int) -> list[Cost]:
    return [cost for cost in measured.costs if cost.connections == connections]


def _aim(measured: Sequence[Measured], costs: Sequence[Cost]) -> str:
    """The aim of a page, and whether it is met at the size that it is about."""
    page = costs[0].page
    is_single = costs[0].connections == 1
    aim: float | None = page.aim_ms if is_single else page.aim_rate
    if aim is None:
        return ""
    told = f"≤ {aim:g} ms" if is_single else f"≥ {aim:g}/s"
    at = next((c for m, c in zip(measured, costs, strict=True) if m.count == AIM_SIZE), None)
    if at is None:
        return told
    return f"{told} {figures.mark(at.p50 <= aim if is_single else at.rate >= aim)}"


def _growth(costs: Sequence[Cost]) -> str:
    return f"{costs[-1].p50 / costs[0].p50:.2f}" if len(costs) > 1 else "–"


def _memory(measured: Sequence[Measured]) -> str:
    rows = [
        [figures.number(m.count), f"{m.before_mib:.0f}", f"{m.after_mib:.0f}", _memory_aim(m)] for m in measured
    ]  # fmt: skip
    header = ["tickets", "after the first answers, MiB", "after all, MiB", "aim"]
    return f"### Resident memory of the server\n\n{figures.table(header, rows)}"


def _memory_aim(measured: Measured) -> str:
    told = f"≤ {MEMORY_AIM}, flat"
    return f"{told} {figures.mark(measured.after_mib <= MEMORY_AIM)}" if measured.count == AIM_SIZE else told


def run(sizes: Sequence[int], requests: int) -> str:
    """Given sizes and how many answers a figure, load what is missing, measure and return the section."""
    for count in sizes:
        load.ready(count)
    return report([measure(count, requests) for count in sizes], requests)


def main() -> None:
    """Measure the sizes asked for."""
    asked = figures.arguments(
        __doc__, sizes=(figures.sizes, (10_000,), "numbers of tickets"), requests=(int, 300, "answers a figure")
    )
    figures.give("pages", run(asked.sizes, asked.requests), readme=asked.readme)


if __name__ == "__main__":
    main()
