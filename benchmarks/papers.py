"""Papers at the terminal: a month's report in each form, the year's report; the terminal's own start apart.

Run `python -m benchmarks.papers`; folders that are not there yet are loaded first.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import children, figures, houses
from benchmarks.children import Child

RUNS, MONTH_COUNT, YEARS_COUNT = 3, 250, houses.IN_TEN_YEARS
AIM_MONTH_SECONDS, AIM_YEAR_SECONDS = 5.0, 60.0
FORMATS = ("pdf", "docx", "xlsx", "json")
BEGINNINGS = {"pdf": b"%PDF-", "docx": b"PK", "xlsx": b"PK", "json": b"{"}


@dataclass(frozen=True)
class Paper:
    """One paper: seconds of each run, those of the processor without the terminal's start, peak, bytes, aim."""

    name: str
    seconds: tuple[float, ...]
    without_start: float
    peak_mib: float
    size: int
    aim: float


def start_of(folder: Path) -> Child:
    """Given a folder, run a command that opens the console and says little: the terminal's start."""
    return children.run(folder, "jobs", "list")


def measure(name: str, folder: Path, format: str, aim: float, *arguments: str) -> Paper:
    """Given a paper's name, a folder, a format, an aim and the report's arguments, make it; ValueError for none."""
    runs, starts, size = [], [], 0
    for _ in range(RUNS):
        starts.append(start_of(folder))  # in turn: others may work on the machine
        with tempfile.TemporaryDirectory(prefix="ops-benchmark-") as root:
            out = Path(root) / f"paper.{format}"
            runs.append(children.run(folder, "report", *arguments, "--format", format, "--out", str(out)))
            content = out.read_bytes()
            if not content.startswith(BEGINNINGS[format]):
                raise ValueError(f"{name}: not a {format} file")
            size = len(content)
    without = min(one.processor for one in runs) - min(one.processor for one in starts)
    seconds, peak = children.spread_of(runs)
    return Paper(name, seconds, without, peak, size, aim)


def report(starts: Sequence[float], made: Sequence[Paper], months: int) -> str:
    """Given the terminal's starts, the figures and how many months the house has, return the section of README.md."""
    header = ["paper", "command, s", "aim", "paper alone, processor s", "peak, MiB", "KB"]
    rows = [
        [
            one.name, figures.spread(one.seconds), f"< {one.aim:g} s {figures.mark(median(one.seconds) < one.aim)}",
            f"{max(one.without_start, 0):.2f}", f"{one.peak_mib:.0f}", f"{one.size / 1000:.0f}",
        ]
        for one in made
    ]  # fmt: skip
    method = (
        f"`python -m ops_console report …` into a file, the whole command, {RUNS} runs, median (least–most); peak: the "
        f"most memory the process held. The month has {MONTH_COUNT} tickets; the year is one of a house with "
        f"{figures.number(YEARS_COUNT)} tickets in {months} frozen months. The terminal's start is that of `jobs "
        f"list`, which opens the console and says little: {figures.spread(starts)} s. The paper alone: the processor's "
        "seconds of the command less those of a start made in turn with it. Aims (set before measuring): a month "
        f"< {AIM_MONTH_SECONDS:g} s, the year < {AIM_YEAR_SECONDS:g} s. Checked: each file begins as its format does."
    )
    return figures.section("Papers", method, figures.table(header, rows))


def run(count: int) -> str:
    """Given how many tickets in ten years, load what is missing, measure and return the section."""
    month, years = houses.a_frozen_month(MONTH_COUNT), houses.ten_years(count)
    starts = [start_of(month.folder).seconds for _ in range(RUNS)]
    made = [
        measure(f"month, {format}", month.folder, format, AIM_MONTH_SECONDS, "month", houses.MONTH)
        for format in FORMATS
    ]
    for kind, span, format in (
        ("quarter", "2026Q3", "pdf"), ("year", "2026", "pdf"), ("year", "2026", "xlsx"), ("acceptance", "2026", "docx"),
    ):  # fmt: skip
        made.append(measure(f"{kind} {span}, {format}", years.folder, format, AIM_YEAR_SECONDS, kind, span))
    return report(starts, made, len(years.frozen))


def main() -> None:
    """Measure the size asked for."""
    asked = figures.arguments(__doc__, count=(int, YEARS_COUNT, "tickets in ten years"))
    figures.give("papers", run(asked.count), readme=asked.readme)


if __name__ == "__main__":
    main()
