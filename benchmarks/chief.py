"""The chief's screen over ten years of data: the first answer of a new process, and the answers after it.

Run `python -m benchmarks.chief`; a folder that is not there yet is loaded first, every month frozen in turn: minutes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from benchmarks import figures, houses, servers
from benchmarks.houses import House
from ops_console.core.moments import shift_month

COUNT, COLD, WARM, ACCOUNT = houses.IN_TEN_YEARS, 5, 40, "hospital"
AIM_COLD_MS, AIM_WARM_MS = 1000.0, 300.0


@dataclass(frozen=True)
class Screen:
    """One page: milliseconds of the first answers of new processes, of the answers afterwards, and its size."""

    name: str
    cold_ms: tuple[float, ...]
    warm_ms: tuple[float, ...]
    bytes: int


def pages(house: House) -> tuple[tuple[str, str, str], ...]:
    """Given the house, return (what it is, address, a text of it) of each page measured."""
    newest, oldest = house.frozen[-1], house.frozen[0]
    middle = house.frozen[len(house.frozen) // 2]
    return (
        ("the month to settle (`/month`: frozen, to be signed)", "/month", newest),
        ("a signed month in the middle", f"/month/{middle}", middle),
        ("the first month", f"/month/{oldest}", oldest),
        ("the month that runs (reckoned anew)", f"/month/{shift_month(newest, 1)}", shift_month(newest, 1)),
        ("all months (`/months`)", "/months", oldest),
        ("rows of a figure (C-15, all)", f"/month/{newest}/clocks/C-15/population", "C-15"),
    )


def measure(house: House) -> tuple[tuple[Screen, ...], float]:
    """Given the house, return each page's figures, and the server's memory in MiB after all of them."""
    with servers.running(house.folder) as server:
        password = servers.take_account(server, house.folder, ACCOUNT)
        cookies = servers.sign_in(server, password, ACCOUNT).cookies
    found, memory = [], 0.0
    for name, address, text in pages(house):
        cold, warm, size = [], (), 0
        for turn in range(COLD):
            with servers.running(house.folder) as server:
                browser = servers.Browser(server.port)
                browser.cookies = dict(cookies)
                ask = _asker(browser, address, text)
                cold.append(figures.timed(ask) * 1000)
                if turn == COLD - 1:
                    warm = tuple(figures.timed(ask) * 1000 for _ in range(WARM))
                    size = len(browser.get(address).text.encode())
                    memory = max(memory, server.resident_mib())
                browser.close()
        found.append(Screen(name, tuple(cold), warm, size))
    return tuple(found), memory


def _asker(browser: servers.Browser, address: str, text: str) -> Callable[[], None]:
    def ask() -> None:
        answer = browser.get(address)
        if answer.status != 200 or text not in answer.text:
            raise ValueError(f"{address}: {answer.status}, without {text}")

    return ask


def report(house: House, made: tuple[Screen, ...], memory: float) -> str:
    """Given the house and the figures, return the section of README.md."""
    header = ["page", "cold, ms", "aim", "warm p50, ms", "warm p95, ms", "aim ", "KB"]
    rows = [
        [
            one.name, f"{median(one.cold_ms):.0f} ({min(one.cold_ms):.0f}–{max(one.cold_ms):.0f})",
            _aim(median(one.cold_ms), AIM_COLD_MS), f"{median(one.warm_ms):.0f}",
            f"{figures.percentile(one.warm_ms, 0.95):.0f}", _aim(median(one.warm_ms), AIM_WARM_MS),
            f"{one.bytes / 1000:.0f}",
        ]
        for one in made
    ]  # fmt: skip
    months = len(house.frozen)
    method = (
        f"`python -m ops_console` on a folder with {figures.number(house.count)} tickets reported from "
        f"{house.frozen[0]} to 2026-11, {months} months of them frozen, all but the last signed by both; signed in as "
        f"the hospital's chief, one connection. Cold: the very first page of a process that answers `/healthz`, "
        f"{COLD} processes, median (least–most); warm: {WARM} answers after it. Every answer is checked (status 200 "
        f"and a text of that page). Aims ({figures.AIMS}): cold ≤ {AIM_COLD_MS:g} ms, warm p50 ≤ {AIM_WARM_MS:g} ms."
    )
    told = f"Resident memory of the server afterwards: at most {memory:.0f} MiB."
    return figures.section("The chief's screen", method, figures.table(header, rows), told)


def _aim(found: float, most: float) -> str:
    return f"≤ {most:g} ms {figures.mark(found <= most)}"


def run(count: int) -> str:
    """Given how many tickets, load what is missing, measure and return the section."""
    house = houses.ten_years(count)
    return report(house, *measure(house))


def main() -> None:
    """Measure the size asked for."""
    asked = figures.arguments(__doc__, count=(int, COUNT, "tickets in ten years"))
    figures.give("chief", run(asked.count), readme=asked.readme)


if __name__ == "__main__":
    main()
