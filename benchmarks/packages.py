"""A month's evidence package, by its tickets: the whole command, its memory, the size of the file.

Run `python -m benchmarks.packages --sizes 250,2500,25000`; a folder that is not there yet is loaded first.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import children, figures, houses

RUNS, FEW, AIM_SECONDS, AIM_MIB = 3, 2_500, 60.0, 500.0


@dataclass(frozen=True)
class Package:
    """The package of one size: seconds of each run, the peak of the process, its bytes, packed and unpacked."""

    count: int
    seconds: tuple[float, ...]
    peak_mib: float
    size: int
    unpacked: int


def measure(count: int) -> Package:
    """Given a size, make its package. Raises ValueError when a run makes other bytes or lacks a file."""
    house = houses.a_frozen_month(count)
    runs, digests, size, unpacked = [], set(), 0, 0
    for _ in range(RUNS if count <= FEW else 1):
        with tempfile.TemporaryDirectory(prefix="ops-benchmark-") as root:
            out = Path(root) / "package.zip"
            child = children.run(house.folder, "evidence", houses.MONTH, "--out", str(out), "--json")
            digests.add(json.loads(child.printed)["sha256"])
            size, unpacked = _measured(out)
            runs.append(replace(child, printed=""))
    if len(digests) != 1:
        raise ValueError("two packages of the same month differ")
    return Package(count, *children.spread_of(runs), size, unpacked)


def _measured(path: Path) -> tuple[int, int]:
    with zipfile.ZipFile(path) as packed:
        names = set(packed.namelist())
        if not {"manifest.json", "facts.jsonl", "timelines.jsonl", "chain.jsonl", "index.html"} <= names:
            raise ValueError(f"a file lacks: {sorted(names)}")
        return path.stat().st_size, sum(one.file_size for one in packed.infolist())


def report(made: Sequence[Package]) -> str:
    """Given the figures of each size, return the section of README.md."""
    header = ["tickets", "command, s", "aim", "peak, MiB", "aim ", "zip, MB", "unpacked, MB"]
    rows = [
        [
            figures.number(one.count), figures.spread(one.seconds), _aim(one, AIM_SECONDS, min(one.seconds), "s"),
            f"{one.peak_mib:.0f}", _aim(one, AIM_MIB, one.peak_mib, "MiB"), children.megabytes(one.size),
            children.megabytes(one.unpacked),
        ]
        for one in made
    ]  # fmt: skip
    method = (
        f"`python -m ops_console evidence {houses.MONTH} --out FILE.zip` on the frozen month, Python's start and its "
        f"end included, {RUNS} runs up to {figures.number(FEW)} tickets, else one; peak: the most memory the process "
        "held. Without files of evidence, which are copied piece by piece. Checked: the runs make the same bytes. Aims "
        f"({figures.AIMS}; 25 000): < {AIM_SECONDS:g} s, ≤ {AIM_MIB:g} MiB."
    )
    return figures.section("Evidence package", method, figures.table(header, rows))


def _aim(one: Package, most: float, found: float, unit: str) -> str:
    return f"≤ {most:g} {unit} {figures.mark(found <= most)}" if one.count >= 25_000 else ""


def run(sizes: Sequence[int]) -> str:
    """Given sizes, load what is missing, measure and return the section."""
    return report([measure(count) for count in sizes])


def main() -> None:
    """Measure the sizes asked for."""
    asked = figures.arguments(__doc__, sizes=(figures.sizes, houses.SIZES, "numbers of tickets"))
    figures.give("packages", run(asked.sizes), readme=asked.readme)


if __name__ == "__main__":
    main()
