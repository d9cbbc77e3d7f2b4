"""Commands and functions as processes of their own: how long they took, and the most memory each held.

The peak is the process's own (`VmHWM`), read by itself at its end: what the parent held does not count, as it does in
the rusage of a child. Not for servers (`benchmarks/servers.py`).
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import PROJECT, environment

# Runs the module named first with the rest as its arguments; at the end its peak is written where the file says.
RUNNER = """
import atexit, runpy, sys
def tell(path=sys.argv[1]):
    lines = open("/proc/self/status").read().splitlines()
    open(path, "w").write(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
atexit.register(tell)
sys.argv = sys.argv[2:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Child:
    """What a process came to: the seconds from its start to its end, those of the processor, its peak in MiB."""

    seconds: float
    processor: float
    peak_mib: float
    printed: str


def run(folder: Path, *arguments: str, module: str = "ops_console") -> Child:
    """Given a data folder, a module and its arguments, run it on the folder. Raises RuntimeError when it fails."""
    with tempfile.TemporaryDirectory(prefix="ops-benchmark-") as aside:
        told = Path(aside) / "peak"
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", RUNNER, str(told), module, *arguments], cwd=PROJECT, env=environment(folder),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            raise RuntimeError(f"{module} {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Child(seconds, processor, int(told.read_text()) / 1024, done.stdout)


def peak_mib() -> float:
    """Given nothing, return the most memory that this very process has held."""
    lines = Path(f"/proc/{os.getpid()}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 1024


def megabytes(size: int) -> str:
    """Given bytes, return them in MB with two digits that count."""
    return f"{size / 1e6:.2g}" if size < 10_000_000 else f"{size / 1e6:.0f}"


def spread_of(children: Sequence[Child]) -> tuple[tuple[float, ...], float]:
    """Given runs of the same command, return the seconds of each and the highest peak."""
    return tuple(one.seconds for one in children), max(one.peak_mib for one in children)
