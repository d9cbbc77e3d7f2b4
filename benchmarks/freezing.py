"""Closing a month: gathering its facts, judging every clock, keeping documents, by its tickets.

Run `python -m benchmarks.freezing --sizes 250,2500,25000`; a folder that is not there yet is loaded first.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import event

from benchmarks import children, figures, history, houses
from benchmarks.houses import House
from ops_console.core.moments import shift_month
from ops_console.store.assessments import of_month

RUNS, FEW, AIM_SECONDS = 5, 2_500, 30.0


@dataclass(frozen=True)
class Freezing:
    """A month frozen at one size: seconds of each run, statements, peak of the process, size of its documents."""

    name: str
    count: int
    seconds: tuple[float, ...]
    statements: int
    idle_mib: float
    peak_mib: float
    bytes: int


def freeze_here(folder: Path, month: str) -> dict[str, Any]:
    """Given a folder and a month of it that is not frozen, freeze it in this process and return what that took."""
    clock = houses.Clock(history.END)
    console = houses.opened(folder, clock)
    said: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            said.append(statement)

    with console.read() as session:  # the book and its calendars, as a console at work has them
        console.book(session)
    idle = children.peak_mib()
    event.listen(console.database.engine, "before_cursor_execute", hear)
    seconds = figures.timed(lambda: houses.freeze(console, clock, month))
    event.remove(console.database.engine, "before_cursor_execute", hear)
    peak = children.peak_mib()
    with console.read() as session:
        row = of_month(session, houses.contract_of(console), month)
        assert row is not None
        size = sum(len(text.encode()) for text in (row.contract, row.facts, row.result))
        tickets = json.loads(row.facts.partition("\n")[0])["counts"]["tickets"]
    console.close()
    return {"seconds": seconds, "statements": len(said), "idle": idle, "peak": peak, "bytes": size, "tickets": tickets}


def measure(count: int) -> Freezing:
    """Given a size, freeze its month on copies of its folder, a process each. Raises ValueError when tickets lack."""
    made = measured(figures.number(count), houses.a_month(count), houses.MONTH, RUNS if count <= FEW else 1)
    if made.count != count:
        raise ValueError(f"not every ticket is in the frozen month: {made.count} of {count}")
    return made


def measure_last(count: int) -> Freezing:
    """Given how many tickets in ten years, freeze the month after all those that are frozen already."""
    house = houses.ten_years(count)
    name = f"last of {figures.number(count)} in {len(house.frozen) + 1} months"
    return measured(name, house, shift_month(house.frozen[-1], 1), RUNS)


def measured(name: str, house: House, month: str, times: int) -> Freezing:
    """Given a house, a month of it and how often, freeze it on copies of the folder, a process each."""
    runs = []
    for _ in range(times):
        with tempfile.TemporaryDirectory(prefix="ops-benchmark-") as root:
            folder = houses.copy_of(house.folder, Path(root) / "data")
            child = children.run(folder, "--child", str(folder), month, module="benchmarks.freezing")
            runs.append(json.loads(child.printed))
    return Freezing(
        name, runs[0]["tickets"], tuple(run["seconds"] for run in runs), runs[0]["statements"], runs[0]["idle"],
        max(run["peak"] for run in runs), runs[0]["bytes"],
    )  # fmt: skip


def report(made: Sequence[Freezing]) -> str:
    """Given the figures of each size, return the section of README.md."""
    header = ["tickets", "s", "aim", "ms a ticket", "statements", "peak, MiB", "before it, MiB", "documents, MB"]
    rows = [
        [
            one.name, figures.spread(one.seconds), _aim(one),
            f"{min(one.seconds) * 1000 / one.count:.2f}", one.statements, f"{one.peak_mib:.0f}", f"{one.idle_mib:.0f}",
            children.megabytes(one.bytes),
        ]
        for one in made
    ]  # fmt: skip
    method = (
        f"`services.freezes.freeze_month` of {houses.MONTH} (of 2026-11 after ten years) with its commit, in a process "
        f"of its own on a copy of the folder, {RUNS} runs up to {figures.number(FEW)} tickets, else one; five events a "
        "ticket, the tender's "
        "clauses, its duties done, the preset as scoring sheet. Statements: those sent; a list of rows inserted at "
        "once counts as one. Peak: the most memory the process held; before it: with the console open. Checked: the "
        f"frozen facts hold every ticket. Aim ({figures.AIMS}; 25 000): < {AIM_SECONDS:g} s."
    )
    return figures.section("Closing a month", method, figures.table(header, rows))


def _aim(one: Freezing) -> str:
    return f"< {AIM_SECONDS:g} s {figures.mark(min(one.seconds) < AIM_SECONDS)}" if one.count >= 25_000 else ""


def run(sizes: Sequence[int], years: int) -> str:
    """Given sizes and how many tickets in ten years (0: without), load what lacks, measure and return the section."""
    return report([*(measure(count) for count in sizes), *([measure_last(years)] if years else ())])


def main() -> None:
    """Measure the sizes asked for; with `--child FOLDER MONTH` freeze that folder's month here."""
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(freeze_here(Path(sys.argv[2]), sys.argv[3])))
        return
    asked = figures.arguments(
        __doc__, sizes=(figures.sizes, houses.SIZES, "numbers of tickets"),
        years=(int, houses.IN_TEN_YEARS, "tickets in ten years, 0: without"),
    )  # fmt: skip
    figures.give("freezing", run(asked.sizes, asked.years), readme=asked.readme)


if __name__ == "__main__":
    main()
