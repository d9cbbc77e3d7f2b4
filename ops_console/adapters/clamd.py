"""Asking clamd about a file over its local socket. Without an answer a file is not scanned, and never called clean."""

from __future__ import annotations

import logging
import socket
import struct
from pathlib import Path

logger = logging.getLogger(__name__)
CHUNK, ANSWER = 1 << 16, 4096


class Clamd:
    """The daemon behind one UNIX socket."""

    def __init__(self, address: str, timeout_seconds: float = 20.0) -> None:
        self._address, self._timeout = address, timeout_seconds

    def __call__(self, path: Path) -> str:
        """Given a file, return `clean`, the name of what was found in it, or `unscanned` where nobody answers."""
        try:
            answer = self._ask(path)
        except OSError as exc:
            logger.warning("clamd did not answer socket=%s reason=%s", self._address, exc)
            return "unscanned"
        if answer.endswith(" FOUND"):
            return answer.removeprefix("stream: ").removesuffix(" FOUND")
        return "clean" if answer == "stream: OK" else "unscanned"

    def _ask(self, path: Path) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line, path.open("rb") as file:
            line.settimeout(self._timeout)
            line.connect(self._address)
            line.sendall(b"zINSTREAM\0")
            while chunk := file.read(CHUNK):
                line.sendall(struct.pack(">I", len(chunk)) + chunk)
            line.sendall(struct.pack(">I", 0))
            answer = b""
            while not answer.endswith(b"\0") and len(answer) < ANSWER and (more := line.recv(ANSWER)):
                answer += more
        return answer.rstrip(b"\0").decode("utf-8", "replace").strip()
