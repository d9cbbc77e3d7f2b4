"""Sheets of monthly entries: rows of 事实, 次数, 总数, 说明 become values of measures, or faults of a cell each.

Not for reading files (an adapter's work) nor for keeping entries (`services/entries.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ops_console.core.agreements import LONGEST_REASON
from ops_console.core.entries import Value, entered_measure, read_value
from ops_console.core.errors import Refused
from ops_console.core.measures import Measure
from ops_console.core.sentences import Sentence
from ops_console.core.sheet_cells import cell_text
from ops_console.core.sheet_text import has_forbidden, trim, visible
from ops_console.core.ticket_sheets import CellFault, RawRow, is_blank

FACT, COUNT, WHOLE, NOTE = "事实", "次数", "总数", "说明"
REQUIRED = (FACT, COUNT)
COLUMNS = (FACT, COUNT, WHOLE, NOTE)
FIELDS = {"measure": FACT, "numerator": COUNT, "denominator": WHOLE}
MOST = 100


@dataclass(frozen=True)
class SheetEntry:
    """A row that can be read."""

    row: int
    measure: Measure
    value: Value
    note: str


def read_entries(rows: Iterable[RawRow]) -> tuple[list[SheetEntry], list[CellFault]]:
    """Given raw rows, return the readable ones and the faults of the others; a fact may stand there once."""
    found: list[SheetEntry] = []
    faults: list[CellFault] = []
    seen: dict[str, int] = {}
    for raw in rows:
        if raw.damage is not None:
            faults.append(raw.damage)
        elif not is_blank(raw.cells):
            _read(raw, seen, found, faults)
    return found, faults


def _read(raw: RawRow, seen: dict[str, int], found: list[SheetEntry], faults: list[CellFault]) -> None:
    cells = {column: trim(cell_text(raw.cells.get(column))) for column in COLUMNS}
    if len(cells[NOTE]) > LONGEST_REASON or has_forbidden(cells[NOTE]):
        faults.append(
            _fault(raw, NOTE, cells[NOTE], Sentence("最多 %(n)s 个字，不能含控制字符。", {"n": LONGEST_REASON}))
        )
        return
    try:
        measure = entered_measure(cells[FACT])
        value = read_value(measure, cells[COUNT], cells[WHOLE])
    except Refused as refused:
        column = FIELDS[refused.field or "measure"]
        faults.append(_fault(raw, column, cells[column], refused.sentence))
        return
    if measure.name in seen:
        twice = Sentence("与第 %(row)s 行是同一事实；每个事实只写一行。", {"row": seen[measure.name]})
        faults.append(_fault(raw, FACT, cells[FACT], twice))
        return
    seen[measure.name] = raw.number
    found.append(SheetEntry(raw.number, measure, value, cells[NOTE]))


def _fault(raw: RawRow, column: str, value: str, told: Sentence) -> CellFault:
    return CellFault(raw.number, column, visible(value)[:40], told)
