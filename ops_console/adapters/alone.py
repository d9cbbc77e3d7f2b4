"""A lock file that one process at a time holds for its life; the system gives it up when that process ends.

Not for competing work within the database: that is `store/locks.py`.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from ops_console.core.errors import Refused

logger = logging.getLogger(__name__)


class Alone:
    """A lock that is held, until `release` or until nobody has it any more."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path, self._file = path, file

    def release(self, *, forget: bool = False) -> None:
        """Give the lock up; with `forget` its file goes too."""
        if forget:
            with suppress(OSError):  # Windows removes no file that is open
                self._path.unlink()
        self._file.close()


def hold_alone(path: Path, refusal: Refused) -> Alone:
    """Given a lock file and what to say while another process holds it, return the lock. Raises that refusal."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
    try:
        _lock(file.fileno())
    except (BlockingIOError, PermissionError):
        file.close()
        raise refusal from None
    except OSError as exc:  # a file system that knows no locks must not keep a console from starting
        logger.warning("no lock on %s: %s", path, exc.strerror)
    return Alone(path, file)


def _lock(handle: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
