"""What working time costs: a one-year `between`, a working year `add`ed, a calendar made and first asked.

Not a test: nothing fails here. Run `python benchmarks/calendars.py [calls]`; it prints a Markdown table for README.md.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, quantiles
from time import perf_counter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run from anywhere, without installing the package

from ops_console.adapters.statutory_days import StatutoryDays  # noqa: E402
from ops_console.core.calendars import Calendar  # noqa: E402
from ops_console.core.statutory import YearDays, statutory_calendar  # noqa: E402

HOURS = [("08:00", "12:00"), ("14:00", "18:00")]
WORKING_YEAR_SECONDS = 248 * 8 * 3600
NEW_YEAR_2026 = datetime(2025, 12, 31, 16, tzinfo=UTC)  # midnight in Shanghai
NEW_YEAR_2027 = datetime(2026, 12, 31, 16, tzinfo=UTC)
NINETEEN_YEARS_ON = datetime(2044, 12, 31, 16, tzinfo=UTC)


def timed(question: Callable[[], object], calls: int) -> list[float]:
    """Given a question and how often to ask it, return the milliseconds each call took."""
    taken = []
    for _ in range(calls):
        began = perf_counter()
        question()
        taken.append((perf_counter() - began) * 1000)
    return taken


def make(years: list[YearDays]) -> Calendar:
    return statutory_calendar("Asia/Shanghai", HOURS, years)


def questions(years: list[YearDays]) -> dict[str, Callable[[], object]]:
    """Given the statutory years, return what is measured, by name; the calendar of the first three is warm."""
    calendar = make(years)
    return {
        "one-year `between` (2026)": lambda: calendar.between(NEW_YEAR_2026, NEW_YEAR_2027),
        "19-year `between`": lambda: calendar.between(NEW_YEAR_2026, NINETEEN_YEARS_ON),
        "`add` of a working year (248 × 8 h)": lambda: calendar.add(NEW_YEAR_2026, WORKING_YEAR_SECONDS),
        "`subtract` of a working year": lambda: calendar.subtract(NEW_YEAR_2027, WORKING_YEAR_SECONDS),
        f"construction ({len(years)} statutory years)": lambda: make(years),
        "construction and first one-year `between`": lambda: make(years).between(NEW_YEAR_2026, NEW_YEAR_2027),
    }


def processor() -> str:
    """Given nothing, return the name of the processor as Linux tells it, else as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main(calls: int = 2000) -> None:
    years = [StatutoryDays().of(year) for year in range(2024, 2027)]
    today = datetime.now(UTC).date()
    print(f"{today} · {processor()} · Python {platform.python_version()} · {platform.system()}")
    print(f"Method: {calls} calls each, one thread, `perf_counter` around every call, after one call to warm up.\n")
    print("| question | mean, ms | p95, ms |\n|---|---:|---:|")
    for name, question in questions(years).items():
        question()
        taken = timed(question, calls)
        print(f"| {name} | {fmean(taken):.4f} | {quantiles(taken, n=20)[-1]:.4f} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
