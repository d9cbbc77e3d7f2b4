"""How long the console takes from its start until it answers HTTP: on an empty folder, again, and on loaded folders.

Run `python -m benchmarks.start --sizes 10000`; a folder that is not there yet is loaded first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import figures, load, servers

RUNS, AIM_SECONDS = 5, 1.5


@dataclass(frozen=True)
class Start:
    """Starts of one kind: what was started, the seconds of each, and the memory when it first answered."""

    name: str
    seconds: tuple[float, ...]
    mib: float
    has_aim: bool


def start_once(folder: Path) -> tuple[float, float]:
    """Given a data folder, start the console, stop it, and return the seconds until it answered and its memory then."""
    with servers.running(folder) as server:
        return server.start_seconds, server.resident_mib()


def measure(name: str, folders: Sequence[Path], *, has_aim: bool) -> Start:
    """Given the folders to start on, one after the other, return the figures."""
    found = [start_once(folder) for folder in folders]
    return Start(name, tuple(seconds for seconds, _ in found), found[-1][1], has_aim)


def report(made: Sequence[Start]) -> str:
    """Given the figures, return the section of README.md."""
    rows = [[one.name, figures.spread(one.seconds), f"{one.mib:.0f}", _aim(one)] for one in made]
    method = (
        f"`python -m ops_console` until `/healthz` answers 200, asked every 10 ms; {RUNS} starts each, median "
        "(least–most); an empty folder is migrated and gets its first accounts. `run.py` adds its own look at the "
        "environment before. "
        f"Aim for every start but the first ({figures.AIMS}): ≤ {AIM_SECONDS} s."
    )
    return figures.section("Start", method, figures.table(["start", "s", "memory, MiB", "aim"], rows))


def _aim(one: Start) -> str:
    if not one.has_aim:
        return ""
    return f"≤ {AIM_SECONDS} s {'✓' if sorted(one.seconds)[len(one.seconds) // 2] <= AIM_SECONDS else '✗'}"


def run(sizes: Sequence[int]) -> str:
    """Given sizes, load what is missing, measure and return the section."""
    for count in sizes:
        load.ready(count)
    with tempfile.TemporaryDirectory(prefix="ops-benchmark-") as root:
        folders = [Path(root) / str(n) for n in range(RUNS)]
        made = [
            measure("first, empty folder", folders, has_aim=False),
            measure("second, the same folder", folders, has_aim=True),
        ]
    for count in sizes:
        name = f"{figures.number(count)} tickets"
        made.append(measure(name, [load.folder_of(count)] * RUNS, has_aim=True))
    return report(made)


def main() -> None:
    """Measure the starts."""
    asked = figures.arguments(__doc__, sizes=(figures.sizes, (10_000,), "numbers of tickets"))
    figures.give("start", run(asked.sizes), readme=asked.readme)


if __name__ == "__main__":
    main()
