"""The hands that services ask for; Console passes adapters, tests pass fakes that remember."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


class KeyWrapper(Protocol):
    """What makes data keys, each wrapped by the master key."""

    def fresh(self, purpose: str, version: int) -> bytes:
        """Given a purpose and a version, return a new data key, wrapped."""
        ...


class Sealer(Protocol):
    """Sealing of values that the database may not hold in clear, each bound to its place."""

    def seal(self, plaintext: bytes, *, table: str, row: int | str, field: str) -> bytes:
        """Given bytes and the place they are kept in, return them sealed."""
        ...

    def open(self, sealed: bytes, *, table: str, row: int | str, field: str) -> bytes:
        """Given sealed bytes and the place they were found in, return the plaintext. Raises Unsealable."""
        ...
