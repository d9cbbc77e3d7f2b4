"""What the console asks of its host: whether a time source keeps its clock, what code runs, who may write files.

Not for setting anything.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

CODE = (
    "ops_console/**/*.py",
    "templates/**/*",
    "migrations/**/*.py",
    "docs/verify_chain.py",
    "docs/recalculate_month.py",
    "docs/evidence_viewer.html",
    "run.py",
    "requirements/*.lock",
)
PLUGINS = ("checks/**/*", "playbooks/**/*")
STA_UNSYNC, STA_NANO, TIME_ERROR = 0x0040, 0x2000, 5


@dataclass(frozen=True)
class TimeSource:
    """Whether a time source keeps the host's clock (None: not known), and its offset in microseconds where known."""

    synchronised: bool | None
    offset_microseconds: int | None


class _Timex(ctypes.Structure):
    """`struct timex` of Linux, as far as it is read; the rest is room."""

    _fields_ = [
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("rest", ctypes.c_char * 256),
    ]  # fmt: skip


def time_source() -> TimeSource:
    """Return what the kernel says of its clock; only looking needs no right."""
    if not sys.platform.startswith("linux"):
        return TimeSource(None, None)
    told = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(told))
    except (OSError, AttributeError):
        return TimeSource(None, None)
    if state < 0:
        return TimeSource(None, None)
    kept = state != TIME_ERROR and not told.status & STA_UNSYNC
    offset = told.offset // 1000 if told.status & STA_NANO else told.offset
    return TimeSource(kept, offset if kept else None)


def elapsed() -> timedelta:
    """Return how long the host has been up, sleep included: what no setting of the clock changes."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return timedelta(seconds=time.monotonic() if clock is None else time.clock_gettime(clock))


def tree_hash(project: Path, patterns: tuple[str, ...]) -> str:
    """Given the project's folder and patterns, return one hash over the names and contents of the files."""
    digest = hashlib.sha256()
    files = {path for pattern in patterns for path in project.glob(pattern) if path.is_file() and _counts(path)}
    for path in sorted(files):
        name = path.relative_to(project).as_posix()
        digest.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}\n".encode())
    return digest.hexdigest()


def _counts(path: Path) -> bool:
    return "__pycache__" not in path.parts and not path.name.startswith(".")


def open_to_others(paths: list[Path]) -> list[str]:
    """Given files and folders, return those that others than the owner may write (and all below the folders)."""
    return [str(path) for path in _everything(paths) if path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)]


def readable_by_others(paths: list[Path]) -> list[str]:
    """Given files and folders, return those that others than the owner may read."""
    return [str(path) for path in paths if path.exists() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)]


def _everything(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_symlink() or not path.exists():
            continue
        yield path
        if path.is_dir():
            for folder, folders, files in os.walk(path):
                yield from (found for name in (*folders, *files) if not (found := Path(folder) / name).is_symlink())


def free_mib(folder: Path) -> int:
    """Given a folder, return how many MiB its disk has free."""
    return shutil.disk_usage(folder).free >> 20


def has_chinese_fonts() -> bool:
    """Say whether the fonts that documents are set in are installed."""
    return find_spec("pylopdf_fonts_zh_cn") is not None
