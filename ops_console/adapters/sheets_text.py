"""Text sheets (CSV): which encodings to try, and the records as a spreadsheet numbers them.

Not for choosing among the tries: `sheets` does, by the header it finds.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence

from ops_console.adapters.sheet_lines import SheetLine
from ops_console.core.sheet_text import unguard

DELIMITERS = (",", "\t", ";")
WIDEST = 16_384  # columns a spreadsheet can show at all
_SENTINEL = "\0end of line\0"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_SAMPLE, _CONTROLS_BELOW = 64 * 1024, 0.05


def decodings(content: bytes) -> Iterator[tuple[str, bool]]:
    """Given a file's bytes, return the texts it may mean, likeliest first, each with whether every byte was readable.

    A byte that is not becomes a lone surrogate, so that only its cell is lost and can be blamed.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield content.decode("utf-16", errors="replace"), True
        return
    is_readable = {encoding: _can_read(content, encoding) for encoding in ("utf-8-sig", "gb18030")}
    if is_readable["utf-8-sig"]:
        yield content.decode("utf-8-sig"), True
        return
    if is_readable["gb18030"]:
        yield content.decode("gb18030"), True
    yield content.decode("utf-8-sig", errors="surrogateescape"), False
    if not is_readable["gb18030"]:
        yield content.decode("gb18030", errors="surrogateescape"), False


def is_text(text: str) -> bool:
    """Given a decoded file, return whether it looks typed: a program or a picture is full of control characters."""
    sample = text[:_SAMPLE]
    return len(_CONTROL.findall(sample)) <= _CONTROLS_BELOW * len(sample)


def split_lines(text: str) -> list[str]:
    """Given a CSV's text, return its physical lines with their ends; other Unicode separators are no line ends."""
    return _LINE.findall(text)


def records(lines: Sequence[str], delimiter: str) -> Iterator[SheetLine]:
    """Given a CSV's lines and delimiter, return every record, blank ones too, with our own export's `'` undone.

    A quote that is never closed costs its own line and no other: that line is marked damaged.
    """
    number = start = 0
    while start < len(lines):
        reader = csv.reader((lines[index] for index in range(start, len(lines))), delimiter=delimiter, strict=True)
        taken = start
        try:
            for cells in reader:
                taken = start + reader.line_num
                number += 1
                yield SheetLine(number, [unguard(cell) for cell in cells])
            return
        except csv.Error:
            number += 1
            cells, is_open = _read_alone(lines[taken], delimiter)
            yield SheetLine(number, [unguard(cell) for cell in cells], is_damaged=is_open)
            start = taken + 1


def is_too_wide(lines: Iterable[str], delimiter: str) -> bool:
    """Given a CSV's lines and delimiter, return whether some line has more cells than any spreadsheet."""
    return any(len(line) > WIDEST and line.count(delimiter) > WIDEST for line in lines)


def _read_alone(line: str, delimiter: str) -> tuple[list[str], bool]:
    """Given one line that the strict reader stumbled over, return its cells, and whether a quote is still open at its
    end: then the line after it would belong to the same record.
    """
    try:
        found = list(csv.reader([line, _SENTINEL], delimiter=delimiter))
    except csv.Error:  # one cell longer than the reader takes
        return [line[:WIDEST]], True
    cells = found[0]
    is_open = len(found) == 1
    if is_open:
        cells[-1] = cells[-1].removesuffix(_SENTINEL).rstrip("\r\n")
    return cells, is_open


def _can_read(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
