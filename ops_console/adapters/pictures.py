"""Small pictures and how pictures look, made by a bounded child process; a picture is never decoded in this one."""

from __future__ import annotations

import base64
import logging
from contextlib import closing
from pathlib import Path

from ops_console.adapters.bounded_child import said_by
from ops_console.core.attachments import MOST_PIXELS, Seen

logger = logging.getLogger(__name__)
CHILD = Path(__file__).with_name("pictures_child.py")
SIDE = 320
BOUNDS = {
    "side": SIDE, "pixels": MOST_PIXELS, "memory_bytes": 1 << 30, "cpu_seconds": 20, "deadline_seconds": 30,
    "output_bytes": 1 << 20,
}  # fmt: skip


def look_at(path: Path, kind: str) -> Seen | None:
    """Given a picture's file and kind, return how it looks, or None where it cannot be shown."""
    with path.open("rb") as stream, closing(said_by(CHILD, stream, {**BOUNDS, "kind": kind})) as messages:
        said = next(messages)
    if "refused" in said:
        logger.info("picture not shown file=%s kind=%s reason=%s", path.name, kind, said["refused"])
        return None
    return Seen(base64.b64decode(said["thumbnail"]), said["phash"])
