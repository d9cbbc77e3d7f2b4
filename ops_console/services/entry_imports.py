"""A month's entries by sheet: all of a file are entered, or none and every fault is told; the file is their proof.

Not for reading files (a port) nor for what a row says (`core/entry_sheets.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from ops_console.core.attachments import NewFile
from ops_console.core.entries import IMPORT
from ops_console.core.entry_sheets import COLUMNS, MOST, REQUIRED, SheetEntry, read_entries
from ops_console.core.errors import Refused
from ops_console.core.people import Actor
from ops_console.core.ticket_sheets import CellFault, missing_columns
from ops_console.services import entries, proofs
from ops_console.services.contracts import Book
from ops_console.services.ports import LastFrozen, SheetReader


@dataclass(frozen=True)
class ReadSheet:
    """A sheet of entries as read: its rows, and what is wrong with it."""

    rows: tuple[SheetEntry, ...]
    faults: tuple[CellFault, ...]


def read(read_sheet: SheetReader, path: Path, name: str) -> ReadSheet:
    """Given the reader, a file and the name people know it by, return its rows. Raises Refused for too many of them."""
    sheet = read_sheet(path, name=name, required=REQUIRED, known=COLUMNS)
    if sheet.missing:
        return ReadSheet((), (missing_columns(sheet.header_row, sheet.missing),))
    if len(sheet.rows) > MOST:
        raise Refused("一次最多导入 %(most)s 行；月度录入只有这些事实，请检查文件。", field="file", most=MOST)
    rows, faults = read_entries(sheet.rows)
    if not rows and not faults:
        raise Refused("文件里没有可导入的行。", field="file")
    return ReadSheet(tuple(rows), tuple(faults))


def enter_all(
    session: Session, book: Book, month: str, rows: tuple[SheetEntry, ...], file: NewFile, *, actor: Actor,
    now: datetime, last_frozen: LastFrozen,
) -> int:  # fmt: skip
    """Given a month, faultless rows and their kept file, enter what is new and return how many that is."""
    actor.need("months.enter")
    entered = 0
    for row in rows:
        new = entries.NewEntry(month, row.measure, row.value, row.note or file.name, IMPORT)
        if entries.stands(session, book, new, actor, now):
            continue
        made = entries.enter(session, book, new, actor, now, last_frozen=last_frozen)
        proofs.attach(session, entries.SUBJECT, str(made.id), file, actor, now)
        entered += 1
    return entered
