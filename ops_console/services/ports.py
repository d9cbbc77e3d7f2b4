"""The hands that services ask for; Console passes adapters, tests pass fakes that remember."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from ops_console.core.anchors import Anchor
from ops_console.core.evidence import Packed
from ops_console.core.score_columns import Line
from ops_console.core.signing_keys import Credential, PublicKey, RelyingParty
from ops_console.core.statutory import YearDays

OpenSession = Callable[[], AbstractContextManager[Session]]
Now = Callable[[], datetime]
Cell = str | int | Decimal
LastFrozen = Callable[[Session, int], str]  # of a contract: the last month whose facts are frozen, "" for none


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


class TableReader(Protocol):
    """Reading a small workbook whose columns are named afterwards."""

    def __call__(self, path: Path, *, name: str) -> Sequence[Line]:
        """Given a file and the name people know it by, return its rows of texts. Raises SheetUnreadable."""
        ...


class SheetWriter(Protocol):
    """Writing a sheet into a file: texts, and numbers where they are numbers."""

    def __call__(self, path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, title: str = ...) -> int:
        """Given a new file's path, column names, rows and what they are, write them and return how many rows."""
        ...


class FileKeeper(Protocol):
    """Where files that belong to tickets lie, by hash."""

    def attachment(self, digest: str) -> Path:
        """Given the SHA-256 of an attachment, return its path."""
        ...

    def keep_thumbnail(self, digest: str, content: bytes) -> None:
        """Given a picture's SHA-256 and its small picture, keep that."""
        ...

    def attachments(self) -> list[str]:
        """Return the SHA-256 of every attachment that is kept, whether anything refers to it or not."""
        ...

    def forget_attachments(self, digests: Iterable[str], before: datetime) -> int:
        """Given hashes that nothing refers to and an instant, delete such files unless they came anew since then."""
        ...


class AnchorShelf(Protocol):
    """The anchors kept beside the database."""

    def read(self) -> list[Anchor]:
        """Return every kept anchor, oldest first."""
        ...

    def add(self, anchors: list[Anchor]) -> None:
        """Given anchors, keep them after the others."""
        ...


class AnchorCourier(Protocol):
    """Bringing anchors to where a party receives them."""

    folders: Sequence[str]

    def check(self, kind: str, address: str) -> str:
        """Given a receiver as typed, return its address as it is kept. Raises Refused naming the field."""
        ...

    def deliver(self, kind: str, address: str, anchor: Anchor) -> str:
        """Given a receiver and an anchor, return what proves that it arrived. Raises Refused when it did not."""
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


class KeyReader(Protocol):
    """What reads public keys and checks signatures by them."""

    def read_public_key(self, content: bytes) -> PublicKey:
        """Given an uploaded public key, return it. Raises Refused for a private key and for what is no fit key."""
        ...

    def is_signed(self, pem: str, data: bytes, signature: bytes) -> bool:
        """Given a registered key, bytes and a signature, say whether its private half made it over them."""
        ...


class Authenticators(Protocol):
    """What checks the answers of authenticators (WebAuthn)."""

    def registered(self, party: RelyingParty, challenge: bytes, answer: str) -> Credential:
        """Given for whom, the challenge and the answer, return the key. Raises Refused for one not to be taken."""
        ...

    def asserted(self, party: RelyingParty, challenge: bytes, answer: str, *, cose: str, sign_count: int) -> int:
        """Given what was to be signed, the answer and the key, return its new count. Raises Refused otherwise."""
        ...

    def credential_id_of(self, answer: str) -> str:
        """Given an answer, return the id of the key that it says it is of."""
        ...


class Package(Protocol):
    """An evidence package that is being written."""

    def lines(self, name: str, lines: Iterable[str]) -> Packed:
        """Given a name and pieces of text, write them one after the other."""
        ...

    def table(self, name: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Packed:
        """Given a name, a header row and rows of texts, write them as CSV."""
        ...

    def file(self, name: str, digest: str) -> Packed | str:
        """Given a name and the SHA-256 of a kept file, copy it; where that cannot be, say why, one of WITHHELD."""
        ...


class Packer(Protocol):
    """What writes evidence packages: the zip itself, the programs given away with it, the viewer."""

    def open(self, path: Path, at: datetime) -> AbstractContextManager[Package]:
        """Given a new file's path and the instant that its entries bear, open a package there."""
        ...

    def measured(self, path: Path) -> tuple[int, str]:
        """Given a finished package, return its size and SHA-256."""
        ...

    def tools(self) -> dict[str, str]:
        """Return what is given away with every package: name -> text."""
        ...

    def viewer(self, data: Iterable[str]) -> Iterable[str]:
        """Given the month's data as pieces of JSON, return the viewer's page with that in it."""
        ...
