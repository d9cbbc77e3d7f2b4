"""The child process that opens a workbook: checks the archive, writes its rows as JSON lines; or checks it alone.

Not for import by the console: `bounded_child` starts this file by its path, isolated, with the workbook as standard
input and the bounds as its only argument; it needs nothing but the standard library and openpyxl.
"""

from __future__ import annotations

import json
import math
import re
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import IO, Any
from xml.parsers import expat

# Built-in number formats of Chinese Excel and WPS that openpyxl does not know as dates: id -> shows a time of day.
CHINESE_FORMATS = {27: False, 28: False, 29: False, 30: False, 31: False, 32: True, 33: True, 34: True, 35: True}
CHINESE_FORMATS |= {36: False, **dict.fromkeys(range(50, 55), False), 55: True, 56: True, 57: False, 58: False}
SERIAL_BELOW = 2_958_466  # the day after 9999-12-31
CHUNK = 64 * 1024
ENCRYPTED = 0x1
RATIO_FROM_BYTES = 64 * 1024

_NOT_CODES = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')
_ESCAPED = re.compile(r"_x00([01][0-9A-Fa-f]|5[Ff])_")  # control characters, and the underline that guards one as typed


class Refusal(Exception):  # noqa: N818 - not an error of ours, an answer
    """The workbook is beyond a bound or no workbook; the argument says which, in the parent's vocabulary."""


class _PrologEnd(Exception):  # noqa: N818 - stops the parser, nothing is wrong
    pass


def main() -> None:
    """Given the workbook on standard input and the bounds as JSON, write epoch, rows and end, or one refusal."""
    limits = json.loads(sys.argv[1])
    try:
        holds = check_archive(sys.stdin.buffer, limits)
        if limits.get("check_only"):
            _write({"holds": holds})
            return
        for line in read_lines(sys.stdin.buffer, limits):
            _write(line)
    except Refusal as refusal:
        _write({"refused": str(refusal)})
    except MemoryError:
        _write({"refused": "memory"})
    except Exception:  # openpyxl meets a broken part with whatever comes to hand
        _write({"refused": "damaged"})


def check_archive(stream: IO[bytes], limits: dict[str, int]) -> list[str]:
    """Given an archive and the bounds, look at its directory and each part's prolog. Raises Refusal.

    Returns the folders at its top: `xl` in a workbook, `word` in a document, and `macros` where it has any.
    """
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        if len(members) > limits["members"]:
            raise Refusal("members")
        if any(member.flag_bits & ENCRYPTED for member in members):
            raise Refusal("encrypted")
        if sum(member.file_size for member in members) > limits["inflated_bytes"]:
            raise Refusal("inflated")
        if any(_is_bomb(member, limits["ratio"]) for member in members):
            raise Refusal("ratio")
        if "[Content_Types].xml" not in archive.namelist() or "xl/workbook.bin" in archive.namelist():
            raise Refusal("foreign")
        for member in members:
            _refuse_doctype(archive, member)
        names = archive.namelist()
        macros = {"macros"} if any(name.lower().endswith("vbaproject.bin") for name in names) else set()
        return sorted({name.split("/")[0] for name in names if "/" in name} | macros)


def read_lines(stream: IO[bytes], limits: dict[str, int]) -> Iterator[dict[str, Any]]:
    """Given a checked workbook, return what to write: epoch, each row of the first visible sheet with content, end."""
    import openpyxl
    from openpyxl.utils.datetime import MAC_EPOCH

    try:
        workbook = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    except OSError as error:
        raise Refusal("foreign") from error
    visible = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
    sheet = (visible or workbook.worksheets)[0]
    sheet.reset_dimensions()
    yield {"epoch": 1904 if workbook.epoch == MAC_EPOCH else 1900}
    last = 0
    for number, cells in enumerate(sheet.iter_rows(max_col=limits["columns"] + 1), 1):
        if number - last > limits["blank_rows"]:
            yield {"end": True, "stopped_after": last}
            return
        values = _trimmed([_value(cell) for cell in cells])
        if not values:
            continue
        if number > limits["rows"]:
            raise Refusal("rows")
        last = number
        yield {"row": number, "cells": values}
    yield {"end": True, "stopped_after": None}


def shows_time(number_format: str) -> bool:
    """Given a date's number format, return whether it shows hours or seconds; General stands for an ISO date-time."""
    if number_format == "General":
        return True
    codes = _NOT_CODES.sub("", number_format).lower()
    return "h" in codes or "s" in codes


def _is_bomb(member: zipfile.ZipInfo, ratio: int) -> bool:
    return member.file_size > RATIO_FROM_BYTES and member.file_size > ratio * member.compress_size


def _refuse_doctype(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Read a part up to its first element, whatever its encoding: a document type can only stand before that."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _meet_doctype
    parser.StartElementHandler = _meet_element
    with archive.open(member) as part:
        try:
            while chunk := part.read(CHUNK):
                parser.Parse(chunk, False)
        except (_PrologEnd, expat.ExpatError):  # a picture, or a broken part that openpyxl will refuse
            return


def _meet_doctype(*_names: object) -> None:
    raise Refusal("doctype")


def _meet_element(*_element: object) -> None:
    raise _PrologEnd


def _trimmed(values: list[object]) -> list[object]:
    while values and values[-1] in (None, ""):
        values.pop()
    return values


def _value(cell: Any) -> object:
    value = cell.value
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        return _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), value)
    if isinstance(value, timedelta):  # a moment shown as elapsed hours: the serial underneath is what counts
        return value / timedelta(days=1)
    if isinstance(value, (int, float)):
        return _number(cell, value)
    if isinstance(value, datetime):
        return {"at": value.isoformat(), "timed": shows_time(cell.number_format)}
    if isinstance(value, date):
        return {"at": value.isoformat(), "timed": False}
    return str(value)


def _number(cell: Any, value: float) -> object:
    if not math.isfinite(value):
        return str(value)
    if not 0 <= value < SERIAL_BELOW:
        return value
    try:
        timed = CHINESE_FORMATS.get(cell.style_array.numFmtId)
    except IndexError:
        return value
    return value if timed is None else {"serial": value, "timed": timed}


def _write(line: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
