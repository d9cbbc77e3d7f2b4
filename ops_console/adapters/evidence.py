"""Evidence packages as zips: the same content makes the same bytes; files of evidence are copied only while whole.

Not for what stands in a package (`services/evidence_contents.py`).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ops_console.core.evidence import CHANGED, FILES, MISSING, TOOLS, Packed
from ops_console.core.moments import ZONE
from ops_console.core.sheet_text import guard

CHUNK = 1 << 20
UNIX, READABLE = 3, 0o644 << 16
OLDEST = (1980, 1, 1, 0, 0, 0)  # a zip cannot tell of anything before
DATA, SCRIPT_HASH, STYLE_HASH = "__DATA__", "__SCRIPT__", "__STYLE__"
VIEWER = "evidence_viewer.html"


class ZipPackage:
    """A package being written into a zip: every entry bears the same instant and the same rights."""

    def __init__(self, packed: zipfile.ZipFile, at: datetime, kept: Callable[[str], Path]) -> None:
        local = at.astimezone(ZONE)
        self._zip, self._kept = packed, kept
        self._at = max(OLDEST, (local.year, local.month, local.day, local.hour, local.minute, local.second))

    def lines(self, name: str, lines: Iterable[str]) -> Packed:
        """Given a name and pieces of text, write them one after the other."""
        return self._write(name, (piece.encode("utf-8") for piece in lines))

    def table(self, name: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Packed:
        """Given a name, a header row and rows of texts, write them as CSV that Excel opens in Chinese."""
        return self._write(name, _csv(headings, rows))

    def file(self, name: str, digest: str) -> Packed | str:
        """Given a name and the SHA-256 of a kept file, copy it; say why where it is gone or no longer that file."""
        path = self._kept(digest)
        try:
            with path.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != digest:
                    return CHANGED
                stream.seek(0)
                return self._write(name, iter(lambda: stream.read(CHUNK), b""))
        except OSError:
            return MISSING

    def _write(self, name: str, pieces: Iterable[bytes]) -> Packed:
        info = zipfile.ZipInfo(name, self._at)
        info.compress_type = zipfile.ZIP_STORED if name.startswith(FILES) else zipfile.ZIP_DEFLATED
        info.create_system, info.external_attr = UNIX, READABLE
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w") as out:
            for piece in pieces:
                out.write(piece)
                digest.update(piece)
                size += len(piece)
        return Packed(name, size, digest.hexdigest())


def _csv(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf"
    for row in (headings, *rows):
        out = io.StringIO()
        csv.writer(out).writerow([guard(text) for text in row])
        yield out.getvalue().encode("utf-8")


class ZipPacker:
    """Writes packages. `docs` is the folder of what is given away; `kept` tells where a file of evidence lies."""

    def __init__(self, docs: Path, kept: Callable[[str], Path]) -> None:
        self._docs, self._kept = docs, kept

    @contextmanager
    def open(self, path: Path, at: datetime) -> Iterator[ZipPackage]:
        """Given a new file's path and the instant that its entries bear, open a package there."""
        with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED) as packed:
            yield ZipPackage(packed, at, self._kept)

    def measured(self, path: Path) -> tuple[int, str]:
        """Given a finished package, return its size and SHA-256."""
        with path.open("rb") as stream:
            return path.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()

    def tools(self) -> dict[str, str]:
        """Return what is given away with every package: name -> text."""
        return {name: (self._docs / own).read_text(encoding="utf-8") for own, name in TOOLS.items()}

    def viewer(self, data: Iterable[str]) -> Iterator[str]:
        """Given the month's data as pieces of JSON, return the viewer's page with that in it.

        The page allows its own script and style alone, by their hashes; `<` stands nowhere in the data.
        """
        page = (self._docs / VIEWER).read_text(encoding="utf-8")
        page = page.replace(SCRIPT_HASH, _hash_of(page, "script")).replace(STYLE_HASH, _hash_of(page, "style"))
        head, tail = page.split(DATA)
        yield head
        for piece in data:
            yield piece.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
        yield tail


def _hash_of(page: str, tag: str) -> str:
    """The hash of the page's own script or style as a Content-Security-Policy names it."""
    found = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    assert found is not None
    return "sha256-" + base64.b64encode(hashlib.sha256(found.group(1).encode("utf-8")).digest()).decode("ascii")
