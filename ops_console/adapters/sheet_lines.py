"""What the readers of sheet files share: a line of cells, and the bounds of §3.8 that every file keeps to.

Not for what the cells say: names of columns are first looked at in `sheets`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ops_console.core.sheet_times import EPOCH_1900, SheetValue

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class SheetLimits:
    """How much of a file is looked at; what exceeds it is refused as a whole, with a sentence, before it costs much."""

    file_bytes: int = 64 * MEBIBYTE
    rows: int = 200_000
    columns: int = 200
    blank_rows: int = 5_000
    members: int = 2_000
    inflated_bytes: int = 32 * MEBIBYTE
    ratio: int = 200
    output_bytes: int = 64 * MEBIBYTE
    memory_bytes: int = 1024 * MEBIBYTE
    cpu_seconds: int = 120
    deadline_seconds: float = 180


@dataclass(frozen=True)
class SheetLine:
    """One row of a file, as the spreadsheet numbers it. `is_damaged`: its last cell opens a quote that never closes."""

    number: int
    values: Sequence[SheetValue]
    is_damaged: bool = False


@dataclass(frozen=True)
class SheetLines:
    """The lines of a sheet that hold anything; `stopped_after` is the row where a long blank stretch ended reading."""

    lines: list[SheetLine] = field(default_factory=list)
    epoch: datetime = EPOCH_1900
    stopped_after: int | None = None
