"""The hands that services ask for; Console passes adapters, tests pass fakes that remember."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from ops_console.core.statutory import YearDays

OpenSession = Callable[[], AbstractContextManager[Session]]
Now = Callable[[], datetime]


class StatutoryDays(Protocol):
    """Where the statutory days of a year come from."""

    def of(self, year: int) -> YearDays:
        """Given a year, return its days. Raises UnknownYear when the source has none for it."""
        ...


class PasswordHasher(Protocol):
    """One-way hashing of passwords."""

    def hash(self, password: str) -> str:
        """Given a password, return its salted hash."""
        ...

    def matches(self, stored: str, password: str) -> bool:
        """Given a stored hash and a password, say whether they belong together, in the same time either way."""
        ...

    def is_outdated(self, stored: str) -> bool:
        """Given a stored hash, say whether it should be made anew with today's parameters."""
        ...


class Sheet(Protocol):
    """A ticket sheet as read from a file: where its header stood, and its rows still to be checked."""

    header_row: int
    unknown: Sequence[str]
    missing: Sequence[str]
    rows: Sequence[Any]


class SheetReader(Protocol):
    """Reading workbooks and text tables."""

    def __call__(self, path: Path, *, name: str, required: Sequence[str], known: Sequence[str]) -> Sheet:
        """Given a file, the name people know it by and the columns, return its Sheet. Raises SheetUnreadable."""
        ...


class SheetWriter(Protocol):
    """Writing a sheet of texts into a file."""

    def __call__(self, path: Path, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
        """Given a new file's path, column names and rows, write them and return how many rows."""
        ...


class FileKeeper(Protocol):
    """Where files that belong to tickets lie, by hash."""

    def attachment(self, digest: str) -> Path:
        """Given the SHA-256 of an attachment, return its path."""
        ...

    def keep_thumbnail(self, digest: str, content: bytes) -> None:
        """Given a picture's SHA-256 and its small picture, keep that."""
        ...
