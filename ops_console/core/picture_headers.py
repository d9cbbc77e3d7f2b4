"""How large a picture is, read from its header alone: nothing is decoded, so no picture can cost anything.

Not for showing pictures (`adapters/pictures_child.py` decodes them, in a process of its own).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import IO

_JPEG_SIZES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_JPEG_BARE = frozenset({0x01, *range(0xD0, 0xD8)})
MOST_SEGMENTS = 2_000


def picture_size(kind: str, stream: IO[bytes]) -> tuple[int, int] | None:
    """Given a kind and the picture from its first byte, return (width, height), or None where the header breaks off."""
    try:
        return READERS[kind](stream)
    except (struct.error, IndexError):
        return None


def _png(stream: IO[bytes]) -> tuple[int, int] | None:
    head = stream.read(24)
    return struct.unpack(">II", head[16:24]) if head[12:16] == b"IHDR" else None


def _gif(stream: IO[bytes]) -> tuple[int, int] | None:
    return struct.unpack("<HH", stream.read(10)[6:10])


def _webp(stream: IO[bytes]) -> tuple[int, int] | None:
    head = stream.read(30)
    if head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    width, height = struct.unpack("<HH", head[26:30])
    return (width & 0x3FFF, height & 0x3FFF) if head[12:16] == b"VP8 " else None


def _jpeg(stream: IO[bytes]) -> tuple[int, int] | None:
    """Walk from segment to segment until the one that tells the size."""
    stream.read(2)
    for _ in range(MOST_SEGMENTS):
        if stream.read(1) != b"\xff":
            return None
        marker = 0xFF
        while marker == 0xFF:
            marker = stream.read(1)[0]
        if marker in _JPEG_BARE:
            continue
        (length,) = struct.unpack(">H", stream.read(2))
        if marker in _JPEG_SIZES:
            height, width = struct.unpack(">xHH", stream.read(5))
            return width, height
        stream.seek(length - 2, 1)
    return None


READERS: dict[str, Callable[[IO[bytes]], tuple[int, int] | None]] = {
    "png": _png, "gif": _gif, "webp": _webp, "jpeg": _jpeg,
}  # fmt: skip
