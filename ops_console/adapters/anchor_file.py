"""anchors.jsonl in the data folder: every anchor made, one a line, only ever added to.

It lies beside the database, so it proves nothing against the host's administrator: it shows a restored or cut database.
"""

from __future__ import annotations

import os
from pathlib import Path

from ops_console.core.anchors import Anchor, from_sent


class AnchorFile:
    """The kept anchors. A last line that a crash cut short is passed over."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "anchors.jsonl"

    def read(self) -> list[Anchor]:
        """Return every anchor that can be read, oldest first."""
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        return [anchor for line in lines if (anchor := _anchor(line)) is not None]

    def add(self, anchors: list[Anchor]) -> None:
        """Given anchors, add each as a line and see it on the disk."""
        if not anchors:
            return
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            cut_short = size > 0 and os.pread(file.fileno(), 1, size - 1) != b"\n"
            text = "".join(f"{anchor.sent()}\n" for anchor in anchors)
            file.write(("\n" if cut_short else "").encode() + text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())


def _anchor(line: str) -> Anchor | None:
    try:
        return from_sent(line)
    except ValueError:
        return None
