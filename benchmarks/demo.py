"""How long the demo year takes to build, whole, up to a day.

Run `python -m benchmarks.demo --day 2026-11-26`.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import figures, servers

AIM_SECONDS, DAY = 120.0, "2026-11-26"


@dataclass(frozen=True)
class Built:
    """What was built, in which seconds of the clock and of the processor."""

    tickets: int
    seconds: float
    processor: float


def build(day: str) -> Built:
    """Given a day, build the year up to it in a folder of its own, by the command that people use."""
    with tempfile.TemporaryDirectory(prefix="ops-benchmark-") as root:
        told: list[bytes] = []
        command = [sys.executable, "-m", "ops_console", "demo", "--today", day, "--build-only", "--json"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)

        def act() -> None:
            told.append(
                subprocess.run(
                    command, check=True, capture_output=True, cwd=servers.PROJECT,
                    env=servers.environment(Path(root) / "data"),
                ).stdout
            )  # fmt: skip

        seconds = figures.timed(act)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Built(json.loads(told[0])["tickets"], seconds, used)


def run(day: str) -> str:
    """Given a day, measure and return the section."""
    built = build(day)
    method = (
        f"`python -m ops_console demo --today {day} --build-only` into a folder that does not exist yet: the whole "
        f"command, every ticket through the use cases. Aim ({figures.AIMS}): under {AIM_SECONDS:g} s."
    )
    row = [
        day, figures.number(built.tickets), f"{built.seconds:.0f}", f"{built.processor:.0f}",
        f"< {AIM_SECONDS:g} s {figures.mark(built.seconds < AIM_SECONDS)}",
    ]  # fmt: skip
    header = ["up to", "tickets", "s", "processor s", "aim"]
    return figures.section("Demo year", method, figures.table(header, [row]))


def main() -> None:
    """Measure the day asked for."""
    asked = figures.arguments(__doc__, day=(str, DAY, "up to when"))
    figures.give("demo", run(asked.day), readme=asked.readme)


if __name__ == "__main__":
    main()
