"""The folder of a demo: built aside and put in its place when it is whole, never where a real console lies.

Not for what is in it. A folder is a demo's when the mark stands in it; any other that is not empty is left alone.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from ops_console.adapters.alone import Alone, hold_alone
from ops_console.core.demo_places import MARK
from ops_console.core.errors import Refused

FORMAT = 1  # of the mark and the year: another one is built anew
BUILDING, BUILT = "building", "built"


@dataclass(frozen=True)
class Mark:
    """What stands in a demo's folder: its day as it was asked for, up to when it was built, how many tickets."""

    day: str
    until: str
    tickets: int
    state: str = BUILT
    format: int = FORMAT


class DemoFolder:
    """The demo beside a data folder: `./data` has its demo in `./data-demo`."""

    def __init__(self, data_folder: Path) -> None:
        is_own = (data_folder / MARK).exists()
        self.path = data_folder if is_own else data_folder.with_name(f"{data_folder.name}-demo")
        self._aside = self.path.with_name(f"{self.path.name}.building")
        self._old = self.path.with_name(f"{self.path.name}.old")
        self._lock: Alone | None = None

    def mark(self) -> Mark | None:
        """Return what stands there, or None when no whole demo does. Raises Refused when something else lies there."""
        for folder in (self.path, self._aside, self._old):
            _refuse_foreign(folder)
        return _read(self.path)

    def begin(self, day: str) -> tuple[Path, bool]:
        """Given the day, return an empty folder to build in, and whether an interrupted build lay there.

        Raises Refused while another process builds there; the system gives its lock up when that one ends.
        """
        self.mark()
        self._lock = hold_alone(
            self.path.with_name(f"{self.path.name}.lock"),
            Refused("另一个进程正在这里建演示年；请等它建完，或先停止它。"),
        )
        was_interrupted = self._aside.exists()
        _remove(self._aside)
        self._aside.mkdir(mode=0o700, parents=True)
        _write(self._aside, Mark(day, "", 0, BUILDING))
        return self._aside, was_interrupted

    def finish(self, day: str, until: datetime, tickets: int) -> None:
        """Given what was built, put it in its place; an older demo is gone with it."""
        _write(self._aside, Mark(day, until.isoformat(), tickets))
        _remove(self._old)
        if self.path.exists():
            self.path.rename(self._old)
        self._aside.rename(self.path)
        _remove(self._old)
        if self._lock is not None:
            self._lock.release(forget=True)


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not (folder / MARK).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(
            "%(folder)s 里不是演示数据，没有改动它；请移走它，或换一个数据目录（OPS_DATA）。", folder=str(folder)
        )


def _read(folder: Path) -> Mark | None:
    try:
        found = Mark(**json.loads((folder / MARK).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.state == BUILT and found.format == FORMAT else None


def _write(folder: Path, mark: Mark) -> None:
    handle = os.open(folder / MARK, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(mark), file, ensure_ascii=False)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
