"""Whether the console stays as it is under mixed load: memory every ten seconds, errors, the chain at the end.

Run `python -m benchmarks.soak --size 100000 --minutes 15`; a folder that is not there yet is loaded first, and copied:
a copy is written to.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import linear_regression

from benchmarks import figures, load, pages, servers
from benchmarks.create import AIM_SIZE, UNLIMITED, Script, form, scratch, token_of
from benchmarks.pages import MEMORY_AIM
from benchmarks.quick import LINES
from benchmarks.servers import Browser, Server
from ops_console.console import utc_now
from ops_console.store import audit

READERS, EVERY_SECONDS, SETTLE_SHARE = 6, 10.0, 1 / 3
FLAT_MIB = 5.0  # so much more at the end than after a third, by the line through all measures between: within noise
Act = Callable[[], bool]


@dataclass(frozen=True)
class Soaked:
    """What a soak found: resident MiB by second, acts and errors by kind, and the first broken entry of the chain."""

    memory: tuple[tuple[float, float], ...]
    acts: Counter[str]
    errors: Counter[str]
    broken: int | None

    @property
    def growth(self) -> float:
        """How many MiB more the end has than the first third, by the line through the measures of the rest."""
        until = self.memory[-1][0]
        rest = [(at, mib) for at, mib in self.memory if at >= until * SETTLE_SHARE]
        slope = linear_regression([at for at, _ in rest], [mib for _, mib in rest]).slope
        return slope * (rest[-1][0] - rest[0][0])


def reads(browser: Browser, numbers: Sequence[str]) -> Iterator[tuple[str, Act]]:
    """Given a signed-in browser and numbers of tickets, yield what a reader looks at, for ever."""
    wanted = [
        ("list", servers.query("/tickets")), ("open list", servers.query("/tickets", open="1")),
        ("search", servers.query("/search", q="缴费")), ("list with words", servers.query("/tickets", q="门诊缴费")),
        ("dashboard", servers.query("/dashboard", month=pages.MONTH)), ("unread", "/unread"), ("quick log", "/log"),
    ]  # fmt: skip
    for number in cycle(numbers):
        for name, path in wanted:
            yield name, lambda path=path: browser.get(path).status == 200  # type: ignore[misc]
        yield "ticket", lambda number=number: browser.get(f"/tickets/{number}").status == 200  # type: ignore[misc]


def writes(browser: Browser, script: Script) -> Iterator[tuple[str, Act]]:
    """Given a signed-in browser and a script with a token, yield what a writer does, for ever."""
    by_form, token = form(browser), servers.token_of(browser.get("/log").text)

    def by_box(line: str) -> bool:
        answer = browser.post("/log", {"csrf_token": token, "act": "save", "line": line}, {"X-Requested-With": "fetch"})
        return answer.status == 200 and "data-number" in answer.text

    for line in cycle(LINES):
        yield "create, API", script.create
        yield "create, page", by_form
        yield "create, quick log", lambda line=line: by_box(line)  # type: ignore[misc]


def keep_on(acts: Iterator[tuple[str, Act]], stop: threading.Event) -> tuple[Counter[str], Counter[str]]:
    """Given acts and when to stop, do them one after the other; return how often each was done, and failed."""
    done: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for name, act in acts:
        if stop.is_set():
            return done, failed
        try:
            is_right = act()
        except OSError:
            is_right = False
        done[name] += 1
        failed[name] += not is_right
    return done, failed


def soak(server: Server, folder: Path, password: str, minutes: float, numbers: Sequence[str]) -> Soaked:
    """Given a server, its folder and for how long, load it by readers and two writers and return what was found."""
    token, stop = token_of(folder), threading.Event()
    tasks = [reads(servers.sign_in(server, password), numbers[n:]) for n in range(READERS)]
    tasks += [writes(servers.sign_in(server, password), Script(server.port, token)) for _ in range(2)]
    with ThreadPoolExecutor(len(tasks)) as pool:
        under_way = [pool.submit(keep_on, acts, stop) for acts in tasks]
        try:
            memory = tuple(_watched(server, minutes * 60))
        finally:
            stop.set()
        done = [one.result() for one in under_way]
    acts, errors = (sum((part[place] for part in done), Counter()) for place in (0, 1))
    console = load.open_console(folder, utc_now)
    with console.read() as session:
        broken = audit.first_broken(session)
    console.close()
    return Soaked(memory, acts, errors, broken)


def _watched(server: Server, seconds: float) -> Iterator[tuple[float, float]]:
    """The server's memory at once, every ten seconds, and at the end."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        yield passed, server.resident_mib()
        time.sleep(min(EVERY_SECONDS, seconds - passed))
    yield seconds, server.resident_mib()


# -- telling -----------------------------------------------------------------------------------------------------


def report(size: int, minutes: float, found: Soaked) -> str:
    """Given what a soak found, return the section of README.md."""
    method = (
        f"`python -m ops_console` on a copy of the folder with {figures.number(size)} tickets, {minutes:g} minutes: "
        f"{READERS} clients read pages (lists, search, dashboard, tickets, quick log) and 2 write (API, form, quick "
        f"log), each without a pause; the server's resident memory every {EVERY_SECONDS:g} s. Growth: by the line "
        "through the measures after the first third, from there to the end. The chain is walked at the end. Aims "
        f"({figures.AIMS}): ≤ {MEMORY_AIM} MiB, growth ≤ {FLAT_MIB:g} MiB, no error."
    )
    sizes = [mib for _, mib in found.memory]
    is_flat = max(sizes) <= MEMORY_AIM and found.growth <= FLAT_MIB
    memory = figures.table(
        ["after, min", "MiB"], [[f"{at / 60:.1f}", f"{mib:.0f}"] for at, mib in _some(found.memory)]
    )  # fmt: skip
    acts = figures.table(
        ["act", "done", "failed"], [[name, found.acts[name], found.errors[name]] for name in sorted(found.acts)]
    )
    told = (
        f"Memory: at most {max(sizes):.0f} MiB, growth {found.growth:+.1f} MiB {figures.mark(is_flat)}. Requests: "
        f"{figures.number(found.acts.total())} ({found.acts.total() / minutes / 60:.0f}/s), "
        f"{found.errors.total()} failed {figures.mark(not found.errors.total())}. Chain at the end: "
        f"{'whole' if found.broken is None else f'broken at {found.broken}'} {figures.mark(found.broken is None)}."
    )
    return figures.section("Soak", method, told, memory, acts)


def _some(memory: Sequence[tuple[float, float]], wanted: int = 12) -> list[tuple[float, float]]:
    """About so many of the measures, the first and the last among them."""
    step = max(1, (len(memory) - 1) // wanted)
    return [*islice(memory[:-1], 0, None, step), memory[-1]]


def run(size: int, minutes: float) -> str:
    """Given a size and for how many minutes, soak and return the section."""
    with scratch(size) as folder:
        numbers = pages.numbers_of(folder, size)
        with servers.running(folder, **UNLIMITED) as server:
            password = servers.take_account(server, folder)
            return report(size, minutes, soak(server, folder, password, minutes, numbers))


def main() -> None:
    """Soak a copy of the folder asked for."""
    asked = figures.arguments(
        __doc__, size=(int, AIM_SIZE, "number of tickets"), minutes=(float, 15.0, "how long")
    )  # fmt: skip
    figures.give("soak", run(asked.size, asked.minutes), readme=asked.readme)


if __name__ == "__main__":
    main()
