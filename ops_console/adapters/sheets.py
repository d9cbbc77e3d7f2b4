"""Ticket sheets from files: what kind a file is, where its header is, and its rows by column name.

Not for what a row says: `core.ticket_sheets` reads and checks it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ops_console.adapters.sheet_lines import MEBIBYTE, SheetLimits, SheetLine, SheetLines
from ops_console.adapters.sheets_text import DELIMITERS, decodings, is_text, is_too_wide, records, split_lines
from ops_console.adapters.sheets_workbook import REFUSALS, read_workbook
from ops_console.core.errors import SheetUnreadable
from ops_console.core.score_columns import Line
from ops_console.core.sheet_cells import cell_text
from ops_console.core.sheet_text import as_heading, trim, visible
from ops_console.core.ticket_sheets import CellFault, RawRow, damaged_row, is_blank

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLE_LOCKED = "EncryptedPackage".encode("utf-16-le")
MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table", b"<meta", b"<head")
BINARIES = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"Rar!", b"7z\xbc\xaf", b"\x7fELF", b"MZ\x90")
HEAD = 1024
HEADING_LENGTH = 40
LINES_PER_ROW = 10  # cells may hold line breaks, but a file of nothing else is no sheet

OLD_WORKBOOK = "文件 %(file)s 是旧版 .xls 或其他旧式文档；请在 Excel 或 WPS 中打开它，另存为 .xlsx 或 CSV 后再导入。"
WEB_PAGE = "文件 %(file)s 其实是网页或 XML，不是表格；请在 Excel 或 WPS 中打开它，另存为 .xlsx 或 CSV 后再导入。"
NO_SHEET = "文件 %(file)s 不是工单表；请导入 .xlsx 或 CSV 文件，其他格式请先在 Excel 或 WPS 中另存为 .xlsx。"
TOO_LARGE = "文件 %(file)s 超过 %(limit)s MiB；请拆成几个文件后再导入。"
TOO_WIDE = "文件 %(file)s 的表头超过 %(limit)s 列，不像一份工单表；请删去多余的列后再导入。"
NO_WORKBOOK = "文件 %(file)s 不是 .xlsx 工作簿；请在 Excel 或 WPS 中打开它，另存为 .xlsx 后再导入。"
NOT_OPENED = "无法打开文件 %(file)s；请确认它还在原处、未被其他程序占用，再重新导入。"


@dataclass(frozen=True)
class Sheet:
    """A sheet by column names. With `missing` columns there are no rows, and `header_row` is the likeliest header.

    `columns` are the known ones in the sheet's order, `unknown` the other headers as typed (a repeated known one too),
    `total_rows` the rows with content; `stopped_after` is set when a long blank stretch after that row ended reading.
    """

    header_row: int
    columns: tuple[str, ...]
    unknown: tuple[str, ...]
    rows: list[RawRow]
    total_rows: int
    missing: tuple[str, ...] = ()
    stopped_after: int | None = None


@dataclass(frozen=True)
class _Header:
    row: int
    places: Mapping[str, int]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    width: int


def read_sheet(
    path: Path,
    *,
    name: str | None = None,
    required: Sequence[str],
    known: Sequence[str],
    limits: SheetLimits | None = None,
) -> Sheet:
    """Given a file, the name people know it by, and the required and known columns, return its sheet.

    Raises SheetUnreadable when it is no sheet, or larger than the limits allow.
    """
    shown, bounds = visible(name or path.name), limits or SheetLimits()
    try:
        with path.open("rb") as stream:
            return _read_stream(stream, shown, required, known, bounds)
    except OSError as error:
        raise SheetUnreadable(NOT_OPENED, file=shown) from error


def read_table(path: Path, *, name: str, limits: SheetLimits) -> list[Line]:
    """Given a workbook's file, the name people know it by and the bounds, return its first sheet as rows of texts.

    For sheets whose columns people name afterwards. A formula is the value it last came to. Raises SheetUnreadable as
    `read_sheet` does, and for a file that is no .xlsx workbook.
    """
    shown = visible(name)
    try:
        with path.open("rb") as stream:
            content = stream.read(limits.file_bytes)
            if not content.startswith(ZIP):
                locked = content.startswith(OLE) and OLE_LOCKED in content
                raise SheetUnreadable(REFUSALS["encrypted"] if locked else NO_WORKBOOK, file=shown)
            found = read_workbook(stream, name=shown, limits=limits)
    except OSError as error:
        raise SheetUnreadable(NOT_OPENED, file=shown) from error
    if any(len(line.values) > limits.columns for line in found.lines):
        raise SheetUnreadable(TOO_WIDE, file=shown, limit=limits.columns)
    return [Line(line.number, tuple(visible(trim(cell_text(value))) for value in line.values)) for line in found.lines]


def _read_stream(
    stream: IO[bytes], name: str, required: Sequence[str], known: Sequence[str], limits: SheetLimits
) -> Sheet:
    content = stream.read(limits.file_bytes + 1)
    if len(content) > limits.file_bytes:
        raise SheetUnreadable(TOO_LARGE, file=name, limit=limits.file_bytes // MEBIBYTE)
    if content.startswith(ZIP):
        del content
        found = read_workbook(stream, name=name, limits=limits)
        return _bounded(_assemble(found, required, known), name, limits)
    _refuse_foreign(content, name)
    return _bounded(_read_text(content, name, required, known, limits), name, limits)


def _refuse_foreign(content: bytes, name: str) -> None:
    if content.startswith(OLE):
        raise SheetUnreadable(REFUSALS["encrypted"] if OLE_LOCKED in content else OLD_WORKBOOK, file=name)
    if content[:HEAD].removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(MARKUP):
        raise SheetUnreadable(WEB_PAGE, file=name)
    if content.startswith(BINARIES):
        raise SheetUnreadable(NO_SHEET, file=name)


def _read_text(content: bytes, name: str, required: Sequence[str], known: Sequence[str], limits: SheetLimits) -> Sheet:
    """Try each encoding and delimiter: the first that shows a whole header wins, else the one that shows most of it."""
    best: Sheet | None = None
    was_readable = False
    for text, is_readable in decodings(content):
        if not is_text(text):
            continue
        was_readable |= is_readable
        if text.count("\n") + text.count("\r") > LINES_PER_ROW * limits.rows:
            raise SheetUnreadable(REFUSALS["rows"], file=name, rows=limits.rows)
        lines = split_lines(text)
        for delimiter in DELIMITERS:
            sheet = _assemble(_text_lines(lines, delimiter, name, limits), required, known)
            if not sheet.missing:
                return sheet
            if best is None or len(sheet.missing) < len(best.missing):
                best = sheet
    if best is None or (not was_readable and len(best.missing) == len(required)):
        raise SheetUnreadable(NO_SHEET, file=name)
    return best


def _text_lines(lines: Sequence[str], delimiter: str, name: str, limits: SheetLimits) -> SheetLines:
    if is_too_wide(lines, delimiter):
        raise SheetUnreadable(TOO_WIDE, file=name, limit=limits.columns)
    found = []
    for line in records(lines, delimiter):
        if not any(line.values):
            continue
        if line.number > limits.rows:
            raise SheetUnreadable(REFUSALS["rows"], file=name, rows=limits.rows)
        found.append(line)
    return SheetLines(found)


def _bounded(sheet: Sheet, name: str, limits: SheetLimits) -> Sheet:
    if len(sheet.columns) + len(sheet.unknown) > limits.columns:
        raise SheetUnreadable(TOO_WIDE, file=name, limit=limits.columns)
    return sheet


def _assemble(found: SheetLines, required: Sequence[str], known: Sequence[str]) -> Sheet:
    header = _find_header(found.lines, required, known)
    if header.missing:
        return Sheet(header.row, tuple(header.places), header.unknown, [], 0, missing=header.missing)
    rows = list(_rows(found, header))
    return Sheet(
        header_row=header.row,
        columns=tuple(header.places),
        unknown=header.unknown,
        rows=rows,
        total_rows=len(rows),
        stopped_after=found.stopped_after,
    )


def _find_header(lines: Sequence[SheetLine], required: Sequence[str], known: Sequence[str]) -> _Header:
    """Return the first line that holds all required names, else the first of those that hold most of them."""
    best = _Header(1, {}, (), tuple(required), 0)
    names = {as_heading(column): column for column in known}
    for line in lines:
        header = _as_header(line, required, names)
        if not header.missing:
            return header
        if len(header.missing) < len(best.missing):
            best = header
    return best


def _as_header(line: SheetLine, required: Sequence[str], names: Mapping[str, str]) -> _Header:
    places: dict[str, int] = {}
    unknown: list[str] = []
    for place, value in enumerate(line.values):
        typed = trim(cell_text(value))
        if not typed:
            continue
        column = names.get(as_heading(typed)) if len(typed) <= HEADING_LENGTH else None
        if column is not None and column not in places:
            places[column] = place
        else:
            unknown.append(visible(typed))
    missing = tuple(column for column in required if column not in places)
    return _Header(line.number, places, tuple(unknown), missing, len(line.values))


def _rows(found: SheetLines, header: _Header) -> Iterator[RawRow]:
    for line in found.lines:
        if line.number <= header.row:
            continue
        values = line.values
        cells = {column: values[place] if place < len(values) else None for column, place in header.places.items()}
        if line.is_damaged:
            yield RawRow(line.number, cells, damage=_damage(line, header))
        elif not is_blank(cells):
            surplus = " ".join(filter(None, (trim(cell_text(value)) for value in values[header.width :])))
            yield RawRow(line.number, cells, epoch=found.epoch, surplus=surplus)


def _damage(line: SheetLine, header: _Header) -> CellFault:
    reached = [column for column, place in header.places.items() if place < len(line.values)]
    column = (reached or list(header.places))[-1]
    return damaged_row(line.number, column, cell_text(line.values[-1]))
