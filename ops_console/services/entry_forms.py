"""A month's form of entries as its page shows it: every measure the sheet in force uses, what counts, every version.

Not for entering (`services/entries.py`). Only reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core import entries as core
from ops_console.core.entries import ENTERED, Entered
from ops_console.core.measures import MEASURES, Measure
from ops_console.core.people import Actor
from ops_console.services import scores
from ops_console.services.contracts import Book
from ops_console.services.entries import SUBJECT, contract_of
from ops_console.services.ports import LastFrozen
from ops_console.store import entries as store
from ops_console.store import proofs


@dataclass(frozen=True)
class Line:
    """One measure of a month's form: whether the sheet uses it, what counts, every version (newest first), proofs."""

    measure: Measure
    in_sheet: bool
    counting: Entered | None
    versions: Sequence[Entered]
    proofs: Mapping[int, Sequence[proofs.ProofRow]]

    def waits_for(self, side: str) -> bool:
        """Given a side, say whether an entry of the other party waits for its word."""
        return any(one.state == ENTERED and one.side != side for one in self.versions)


@dataclass(frozen=True)
class MonthForm:
    """A month's form: its lines, whether its facts are frozen, whether a sheet is in force."""

    contract_id: int
    month: str
    lines: tuple[Line, ...]
    is_frozen: bool
    has_sheet: bool

    @property
    def missing(self) -> int:
        """How many measures of the sheet nobody entered."""
        return sum(line.in_sheet and line.counting is None for line in self.lines)


def form(
    session: Session, book: Book, month: str, actor: Actor, now: datetime, *, last_frozen: LastFrozen
) -> MonthForm:
    """Given a month and who looks, return its form. Five statements. Raises NotFound as `contract_of` does."""
    actor.need("reports.read")
    contract_id = contract_of(book, month, now)
    sheet = scores.sheet_in_force(session, contract_id, month)
    found = core.by_measure(row.entered for row in store.of_month(session, contract_id, month))
    wanted = core.measures_of(sheet)
    others = [MEASURES[name] for name in sorted(found) if name in MEASURES and MEASURES[name] not in wanted]
    ids = [str(one.id) for versions in found.values() for one in versions]
    files = {int(key): rows for key, rows in proofs.of_subjects(session, SUBJECT, ids).items()}
    lines = tuple(
        Line(one, one in wanted, core.counting(found.get(one.name, ())), found.get(one.name, ()), files)
        for one in (*wanted, *others)
    )
    return MonthForm(contract_id, month, lines, month <= last_frozen(session, contract_id), sheet is not None)
