"""What all benchmarks share: percentiles, Markdown tables, the machine in one line, and the sections of README.md.

Not for measuring anything.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from math import ceil
from pathlib import Path
from statistics import median
from time import perf_counter

import psutil

from benchmarks.calendars import processor

README = Path(__file__).resolve().parent / "README.md"
SECTIONS = (  # in the order of README.md
    "load", "pages", "search", "create", "quick", "reporting", "soak", "chain", "imports", "reports", "freezing",
    "chief", "papers", "packages", "start", "demo", "calendars", "detectors",
)  # fmt: skip
AIMS = "own aims"  # the source of every figure in a column named so
HEAD = """# Figures

Written by `python -m benchmarks.run_all`; a section alone by `python -m benchmarks.NAME --readme`. Each section names
when and where it was measured. Aims are what we set ourselves before measuring (source: own aims); a figure that misses
its aim is marked ✗.

Common method: embedded SQLite, everything on loopback and on one machine, server and client share its cores. Times are
wall times of a whole answer as the client sees it. The disk cache is warm: dropping it needs root.
`pace` is how quick the processor was just after a section was measured: the processor seconds of one fixed loop, five
times. The host is shared, so the same code took up to twice as long at another hour; compare sections by it. `load` is
that of the minute before: above 0.5, other work ran on the machine too, and the section is to be measured again.
"""


def timed(act: Callable[[], object]) -> float:
    """Given an act, do it and return the seconds it took."""
    began = perf_counter()
    act()
    return perf_counter() - began


def percentile(values: Sequence[float], share: float) -> float:
    """Given values and a share from 0 to 1, return the value that so large a part does not exceed (nearest rank)."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def spread(seconds: Sequence[float]) -> str:
    """Given the seconds of several runs, return the median and, from two runs on, the least and the most."""
    middle = f"{median(seconds):.2f}"
    return middle if len(seconds) == 1 else f"{middle} ({min(seconds):.2f}–{max(seconds):.2f})"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Given a header and rows, return a Markdown table; the first column is text, the others figures."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def number(count: int) -> str:
    """Given a count, return it with thin groups of three: `100 000`."""
    return f"{count:,}".replace(",", " ")


def machine() -> str:
    """Given nothing, return date and machine in one line."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{datetime.now(UTC):%Y-%m-%d} · {processor()}, {os.cpu_count()} cores · {memory:.0f} GiB · "
        f"{platform.system()} {platform.release()} · Python {platform.python_version()} · "
        f"SQLite {sqlite3.sqlite_version}"
    )


@cache
def load_before() -> float:
    """Given nothing, return the machine's load of the minute before the first call: what others did there."""
    return os.getloadavg()[0]


def busy() -> str:
    """Given nothing, return the machine's load before the script began: much above 0, others worked there too."""
    return f" · load {load_before():.1f} before the start"


def pace() -> str:
    """Given nothing, return how quick the processor is now: the seconds of a fixed loop, five times, least to most.

    A guest whose host is shared is now quick, now slow; figures of one hour are compared by it with those of another.
    """
    took = []
    for _ in range(5):
        began, total = time.process_time(), 0
        for n in range(3_000_000):
            total += n * n % 7
        took.append(time.process_time() - began)
    return f" · pace {min(took):.2f}–{max(took):.2f} s"


def mark(is_met: bool) -> str:
    """Given whether an aim is met, return the mark that says so."""
    return "✓" if is_met else "✗"


def section(title: str, method: str, *parts: str) -> str:
    """Given a title, how it was measured and Markdown parts, return a section of README.md."""
    return "\n\n".join([f"## {title}", f"{machine()}{busy()}{pace()}", f"Method: {method}", *parts])


def write_section(name: str, text: str, readme: Path = README) -> None:
    """Given a name of SECTIONS and its new text, put it into the README; the other sections stay as they are."""
    kept = dict(re.findall(r"<!-- (\w+) -->\n(.*?)\n<!-- /\1 -->", _read(readme), re.DOTALL))
    kept[name] = text
    parts = [f"<!-- {key} -->\n{kept[key]}\n<!-- /{key} -->" for key in SECTIONS if key in kept]
    readme.write_text("\n\n".join([HEAD.strip(), *parts]) + "\n", encoding="utf-8")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def sizes(text: str) -> tuple[int, ...]:
    """Given `10000,100000`, return the numbers of tickets."""
    return tuple(int(part) for part in text.split(","))


def arguments(told: str | None, **more: tuple[Callable[[str], object], object, str]) -> argparse.Namespace:
    """Given a script's sentence and its own options (type, default, help), return what was asked for."""
    load_before()
    parser = argparse.ArgumentParser(description=told)
    parser.add_argument("--readme", action="store_true", help="write the section into benchmarks/README.md")
    for name, (kind, default, words) in more.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default, help=f"{words} ({default})")
    return parser.parse_args()


def give(name: str, text: str, *, readme: bool) -> None:
    """Given a section's name and text, print it, and write it into the README where asked."""
    print(text)
    if readme:
        write_section(name, text)
