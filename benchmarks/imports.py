"""How quickly a ticket sheet is imported, through the terminal into a fresh folder: the year, and 20 000 rows.

Run `python -m benchmarks.imports`.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter

from benchmarks import figures, servers
from benchmarks.history import SHEET

RUNS, LARGE_ROWS = 3, 20_000
YEAR_AIM_SECONDS = 10.0


@dataclass(frozen=True)
class Import:
    """One sheet imported some times: its name, its rows, the seconds of each run of the whole command."""

    name: str
    rows: int
    seconds: tuple[float, ...]
    aim_seconds: float | None = None


def import_once(sheet: Path) -> tuple[int, float]:
    """Given a sheet, import it into a fresh folder and return its rows and the seconds of the whole command.

    Raises ValueError when not every row became a ticket.
    """
    with tempfile.TemporaryDirectory(prefix="ops-benchmark-") as folder:
        began = perf_counter()
        told = servers.command(Path(folder), "import", "tickets", str(sheet), "--json")
        seconds = perf_counter() - began
    result = json.loads(told)
    if result["errors"] or result["imported"] != result["rows"]:
        raise ValueError(f"{sheet.name}: {told[:500]}")
    return int(result["rows"]), seconds


def measure(name: str, sheet: Path, runs: int, aim_seconds: float | None = None) -> Import:
    """Given a sheet and how often to import it, return the figures."""
    found = [import_once(sheet) for _ in range(runs)]
    return Import(name, found[0][0], tuple(seconds for _, seconds in found), aim_seconds)


def write_large(sheet: Path, rows: int) -> None:
    """Given a path and a number of rows, write the year's rows over and over, each with a number of its own."""
    with (
        SHEET.open(encoding="utf-8-sig", newline="") as source,
        sheet.open("w", encoding="utf-8", newline="") as target,
    ):
        known = list(csv.DictReader(source))
        writer = csv.DictWriter(target, fieldnames=list(known[0]))
        writer.writeheader()
        for place, row in enumerate(islice(cycle(known), rows)):
            writer.writerow({**row, "单号": f"{row['单号']}-{place // len(known)}"})


def report(made: Sequence[Import]) -> str:
    """Given the figures, return the section of README.md."""
    rows = [
        [
            one.name, figures.number(one.rows), figures.spread(one.seconds),
            f"{one.rows / sorted(one.seconds)[len(one.seconds) // 2]:.0f}", _aim(one),
        ]
        for one in made
    ]  # fmt: skip
    method = (
        "`python -m ops_console import tickets FILE --json` into a folder that does not exist yet: the time of the "
        "whole command, Python's start and the making of the database included; median (least–most). Checked: each row "
        f"became a ticket, no error. Aim for the year ({figures.AIMS}): under {YEAR_AIM_SECONDS:.0f} s."
    )
    return figures.section("Import", method, figures.table(["sheet", "rows", "s", "rows/s", "aim"], rows))


def _aim(one: Import) -> str:
    if one.aim_seconds is None:
        return ""
    return f"< {one.aim_seconds:.0f} s {'✓' if max(one.seconds) < one.aim_seconds else '✗'}"


def run() -> str:
    """Given nothing, measure and return the section."""
    with tempfile.TemporaryDirectory(prefix="ops-benchmark-") as folder:
        large = Path(folder) / "large.csv"
        write_large(large, LARGE_ROWS)
        year = measure("the year, `tests/data/tickets-2026.csv`", SHEET, RUNS, YEAR_AIM_SECONDS)
        return report([year, measure("its rows over and over", large, 1)])


def main() -> None:
    """Measure the imports."""
    asked = figures.arguments(__doc__)
    figures.give("imports", run(), readme=asked.readme)


if __name__ == "__main__":
    main()
