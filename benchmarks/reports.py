"""The year's compliance report on both roads: from what is stored, and as of an instant from the events.

Run `python -m benchmarks.reports --sizes 10000`; a folder that is not there yet is loaded first.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks import figures, load, servers
from ops_console.console import Console
from ops_console.core.people import terminal_actor
from ops_console.services import reports

FIRST, LAST = "2026-01", "2026-11"
STORED_CALLS, FOLDED_CALLS, AIM_MS = 20, 3, 60.0
FEW = 10_000  # up to so many tickets the slow road is measured more than once


@dataclass(frozen=True)
class Report:
    """The year's report at one size: clocks in it, milliseconds in the process, seconds of the command."""

    count: int
    clocks: int
    stored_ms: tuple[float, ...]
    folded_seconds: tuple[float, ...]
    stored_command: float
    folded_command: float


def measure(count: int) -> Report:
    """Given a size whose folder is loaded, return the figures. Raises ValueError when the two roads differ."""
    folder, now = load.folder_of(count), datetime.now(UTC)
    console = load.open_console(folder, lambda: now)
    try:
        stored, folded = _asker(console, now, None), _asker(console, now, now)
        if stored() != (told := folded()):
            raise ValueError("the stored and the folded report differ")
        stored_ms = tuple(figures.timed(stored) * 1000 for _ in range(STORED_CALLS))
        folded_seconds = tuple(figures.timed(folded) for _ in range(FOLDED_CALLS if count <= FEW else 1))
    finally:
        console.close()
    arguments = "report", "sla", "--from", FIRST, "--to", LAST, "--json"
    plain, plain_seconds = _command(folder, *arguments)
    at_now, at_now_seconds = _command(folder, *arguments, "--as-of", now.isoformat())
    if plain != at_now:
        raise ValueError("the two roads of the command differ")
    clocks = sum(n.total for kinds in told.values() for classes in kinds.values() for n in classes.values())
    return Report(count, clocks, stored_ms, folded_seconds, plain_seconds, at_now_seconds)


def _asker(console: Console, now: datetime, as_of: datetime | None) -> Callable[[], reports.Summary]:
    def ask() -> reports.Summary:
        with console.read() as session:
            book = console.book(session)
            return reports.sla(session, book, FIRST, LAST, terminal_actor("figures"), now=now, as_of=as_of)

    return ask


def _command(folder: Path, *arguments: str) -> tuple[object, float]:
    began = time.perf_counter()
    told = servers.command(folder, *arguments)
    return json.loads(told), time.perf_counter() - began


def report(made: Sequence[Report]) -> str:
    """Given the figures of each size, return the section of README.md."""
    header = ["tickets", "clocks in it", "stored, ms", "aim", "as of T, s", "stored, command, s", "as of T, command, s"]
    rows = [
        [
            figures.number(one.count), figures.number(one.clocks), f"{median(one.stored_ms):.1f}", _aim(one),
            figures.spread(one.folded_seconds), f"{one.stored_command:.2f}", f"{one.folded_command:.2f}",
        ]
        for one in made
    ]  # fmt: skip
    method = (
        f"`report sla --from {FIRST} --to {LAST}`: within a process (median of {STORED_CALLS} calls; the road as of T: "
        f"{FOLDED_CALLS} up to {figures.number(FEW)} tickets, else one) and as the whole command with Python's start. "
        "Stored: from the tally and the clocks still going. As of T: every ticket of the months folded and judged "
        "anew. Checked: with T = now both roads give equal numbers. "
        f"Aim for the stored road ({figures.AIMS}): ≤ {AIM_MS:.0f} ms."
    )
    return figures.section("Report of a year", method, figures.table(header, rows))


def _aim(one: Report) -> str:
    return f"≤ {AIM_MS:.0f} ms {'✓' if median(one.stored_ms) <= AIM_MS else '✗'}"


def run(sizes: Sequence[int]) -> str:
    """Given sizes, load what is missing, measure and return the section."""
    for count in sizes:
        load.ready(count)
    return report([measure(count) for count in sizes])


def main() -> None:
    """Measure the sizes asked for."""
    asked = figures.arguments(__doc__, sizes=(figures.sizes, (10_000,), "numbers of tickets"))
    figures.give("reports", run(asked.sizes), readme=asked.readme)


if __name__ == "__main__":
    main()
