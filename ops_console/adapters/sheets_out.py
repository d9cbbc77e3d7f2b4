"""Sheets to files: CSV that Excel opens in Chinese, and XLSX, both in bounded memory.

Not for choosing rows or columns: rows come one by one, and no text in them becomes a formula, a link or a number.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from ops_console.core.sheet_text import guard
from ops_console.services.ports import Cell

TICKETS = "工单"
NARROWEST, WIDEST = 8, 60
CELL_LENGTH = 32_767  # what a workbook's cell holds
OPTIONS = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
}  # fmt: skip


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, title: str = TICKETS) -> int:
    """Given a path, column names and rows, write them with a byte order mark; return how many rows.

    A text that a spreadsheet would take for a formula gets a `'` before it, which importing takes off again.
    """
    count = 0
    with path.open("x", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([guard(value) if isinstance(value, str) else value for value in row])
            count += 1
    return count


def write_workbook(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, title: str = TICKETS) -> int:
    """Given a path, column names and rows, write a workbook of one sheet called `title`; numbers are numbers.

    Returns how many rows. A title must be without the characters `[]:*?/\\`, as the lists' own are."""
    import xlsxwriter

    count, widths = 0, [wide(name) + 2 for name in columns]
    with xlsxwriter.Workbook(str(path), {**OPTIONS, "tmpdir": str(path.parent)}) as book:
        sheet, bold = book.add_worksheet(title[:31]), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for place, name in enumerate(columns):
            sheet.write_string(0, place, name, bold)
        for count, row in enumerate(rows, 1):
            for place, value in enumerate(row):
                if not isinstance(value, str):
                    sheet.write_number(count, place, value)
                elif value:
                    sheet.write_string(count, place, value[:CELL_LENGTH])
                widths[place] = max(widths[place], wide(str(value)))
        for place, width in enumerate(widths):
            sheet.set_column(place, place, min(max(width, NARROWEST), WIDEST))
    return count


def wide(text: str) -> int:
    """Given a text, return the width of its longest line in a workbook: a Chinese character takes two places."""
    return max(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line) for line in text.split("\n"))


WRITERS = {"csv": write_csv, "xlsx": write_workbook}
