"""Bytes kept under their own hash: written aside, synced, then renamed, so that a half file is never counted.

Not for what the bytes are (`adapters/attachments.py`); names that people typed never reach this module's paths.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from ops_console.core.errors import ConsoleError, NoRoom

logger = logging.getLogger(__name__)
CHUNK = 1 << 20
NOT_KEPT = "文件没有存下（%(reason)s）；请清理数据目录所在磁盘后重试，已有的内容没有丢失。"
NO_ROOM = "磁盘剩余空间不足 %(mib)s MiB，文件没有存下；请系统管理员清理磁盘后重试，已有的内容没有丢失。"


class Draft:
    """A file written aside: its path, hash and size. `keep()` gives it its place; otherwise it is gone afterwards."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self._folder = path, folder
        self.size, self.digest = 0, ""

    def write(self, stream: IO[bytes], longest: int, too_large: ConsoleError) -> None:
        """Given a stream, take at most `longest` bytes of it. Raises `too_large` past that, without reading on."""
        hashed = hashlib.sha256()
        with self.path.open("xb") as file:
            os.fchmod(file.fileno(), 0o600) if hasattr(os, "fchmod") else None
            while chunk := stream.read(min(CHUNK, longest + 1 - self.size)):
                self.size += len(chunk)
                if self.size > longest:
                    raise too_large
                hashed.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        self.digest = hashed.hexdigest()

    def keep(self) -> None:
        """Give it its place. Two that bring the same bytes at once both succeed: either file is the same."""
        self.path.replace(self._folder / self.digest)
        _sync(self._folder)


class BlobFolder:
    """One folder of files by hash. `reserve` bytes of the disk are left to the database."""

    def __init__(self, folder: Path, reserve: int = 0) -> None:
        self.folder, self.reserve = folder, reserve

    def prepare(self) -> None:
        """Make the folder, for its owner alone."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def draft(self, stream: IO[bytes], longest: int, too_large: ConsoleError, reserves: int = 1) -> Iterator[Draft]:
        """Given a stream, yield it written aside. Raises Refused when it is too large or the disk does not take it.

        With fewer than `reserves` times the reserve left, the disk is as good as full.
        """
        made = Draft(self.folder / f".{secrets.token_hex(8)}.part", self.folder)
        try:
            self._look_for_room(self.reserve * reserves)
            made.write(stream, longest, too_large)
            yield made
        except OSError as exc:
            logger.warning("file not kept folder=%s reason=%s", self.folder, exc)
            raise NoRoom(NOT_KEPT, field="file", reason=exc.strerror or "") from exc
        finally:
            with contextlib.suppress(OSError):
                made.path.unlink(missing_ok=True)

    def _look_for_room(self, needed: int) -> None:
        if needed and shutil.disk_usage(self.folder).free < needed:
            raise NoRoom(NO_ROOM, field="file", mib=needed >> 20)

    def path(self, digest: str) -> Path:
        """Given the SHA-256 of a file, return where it is."""
        if len(digest) != 64 or not all(c in "0123456789abcdef" for c in digest):
            raise ValueError("not a digest")
        return self.folder / digest

    def digests(self) -> Iterator[str]:
        """Return the SHA-256 of every file that is kept."""
        return (path.name for path in self.folder.iterdir() if not path.name.startswith("."))

    def sweep(self, before: datetime) -> int:
        """Given an instant, remove what was left half written before it; return how many files that were."""
        return remove_older(self.folder.glob(".*.part"), before)


def remove_older(paths: Iterable[Path], before: datetime) -> int:
    """Given files and an instant, remove those last written before it; return how many that were."""
    return sum(_is_removed(path, before.timestamp()) for path in list(paths))


def _is_removed(path: Path, before: float) -> bool:
    """Looked at once more where nobody writes: a file that is brought anew at this very moment is put back."""
    aside = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        if path.stat().st_mtime >= before:
            return False
        path.rename(aside)
    except FileNotFoundError:  # another process was quicker
        return False
    if aside.stat().st_mtime >= before:
        aside.replace(path)
        return False
    aside.unlink()
    return True


def _sync(folder: Path) -> None:
    """A renamed file survives a power cut only once its folder is on the disk too; Windows has no such call."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
