"""Importing a ticket sheet: read, check all, then write in batches; found again after a crash, doubled never.

Not for reading files (a port) and not for what a row does (`core/ticket_imports.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.people import Actor
from ops_console.core.personal_data import Masker
from ops_console.core.sentences import to_plain
from ops_console.core.ticket_folds import fold
from ops_console.core.ticket_imports import (
    COMPLETED,
    CORRECTED,
    IMPORTED,
    UNCHANGED,
    RowPlan,
    Taker,
    plan,
    sheet_row_of,
)
from ops_console.core.ticket_sheets import COLUMNS, REQUIRED, CellFault, SheetRow, is_blank, missing_columns, read_rows
from ops_console.core.tickets import CHANNELS, CORRECTION_PROPOSED, Event, TicketFacts
from ops_console.services.contracts import Books
from ops_console.services.jobs import Run
from ops_console.services.ports import OpenSession, SheetReader
from ops_console.services.resets import refuse_fresh_reset
from ops_console.services.ticket_rows import write
from ops_console.store import audit, catalogue, tickets

BATCH = 200
OUTCOMES = (IMPORTED, COMPLETED, CORRECTED, UNCHANGED)
SHOWN_LEFT = 500


@dataclass(frozen=True)
class Hands:
    """What the import needs of the world."""

    open_read: OpenSession
    open_write: OpenSession
    read_sheet: SheetReader
    books: Books
    masker: Masker = Masker()


def import_tickets(run: Run, hands: Hands, path: Path, actor: Actor, now: datetime) -> dict[str, Any]:
    """Given a run (params `skip_bad`, `dry_run`), the file, who imports and now, return the import's result.

    Keys: rows, imported, completed, corrected, unchanged, errors (row, column, value, sentence), left (cells that
    differ and stay), unknown_columns, refused. With any fault nothing is written unless `skip_bad`.
    """
    rows, faults, result = _read(hands, path, str(run.params.get("name") or path.name), now)
    result["errors"] = [_fault(fault) for fault in faults]
    result["refused"] = bool(faults) and not run.params.get("skip_bad") and not run.done
    if result["refused"]:
        return result
    counts: dict[str, Any] = {**dict.fromkeys(OUTCOMES, 0), "left": []} | run.state
    taker, dry_run = Taker(actor, now, hands.masker), bool(run.params.get("dry_run"))
    after = int(counts.pop("after_row", 0))
    waiting = [row for row in rows if row.row > after]
    for start in range(0, len(waiting), BATCH):
        batch = waiting[start : start + BATCH]
        opener = hands.open_read if dry_run else hands.open_write
        with opener() as session:
            _take(session, hands, batch, taker, counts, dry_run=dry_run)
            done = len(rows) - len(waiting) + start + len(batch)
            run.checkpoint(None if dry_run else session, done, len(rows), {**counts, "after_row": batch[-1].row})
    return result | counts


def _read(
    hands: Hands, path: Path, name: str, now: datetime
) -> tuple[list[SheetRow], Sequence[CellFault], dict[str, Any]]:
    sheet = hands.read_sheet(path, name=name, required=REQUIRED, known=COLUMNS)
    result: dict[str, Any] = {"rows": 0, **dict.fromkeys(OUTCOMES, 0), "errors": [], "left": [], "refused": False}
    result["unknown_columns"] = list(sheet.unknown)
    if sheet.missing:
        return [], [missing_columns(sheet.header_row, sheet.missing)], result
    result["rows"] = sum(not is_blank(raw.cells) for raw in sheet.rows)
    with hands.open_read() as session:
        names = {raw.cells.get("单号") for raw in sheet.rows}
        stored = {number: sheet_row_of(facts) for number, facts in known_facts(session, names).items()}
        rows, faults = read_rows(
            sheet.rows, types=[t.name for t in catalogue.types(session)],
            modules=[m.name for m in catalogue.modules(session)], channels=CHANNELS, now=now, stored=stored,
        )  # fmt: skip
    return rows, faults, result


def known_facts(session: Session, numbers: Iterable[object]) -> dict[str, TicketFacts]:
    """Given numbers as a sheet has them, return the facts of those tickets that exist."""
    found: dict[str, TicketFacts] = {}
    wanted = sorted({str(number).strip() for number in numbers if number})
    for start in range(0, len(wanted), 500):
        ids = tickets.by_numbers(session, wanted[start : start + 500])
        events = audit.of_tickets(session, ids.values())
        for number, ticket_id in ids.items():
            facts = fold(number, events[ticket_id])
            if facts is not None:
                found[number] = facts
    return found


def _take(
    session: Session, hands: Hands, batch: Sequence[SheetRow], taker: Taker, counts: dict[str, Any], *, dry_run: bool
) -> None:
    numbers = [row.number for row in batch]
    if not dry_run:
        tickets.lock_adding(session)
    held = {} if dry_run else tickets.lock_many(session, numbers)
    ids = tickets.by_numbers(session, numbers) if dry_run else {number: row.id for number, row in held.items()}
    events = audit.of_tickets(session, ids.values())
    known = {number: events[ticket_id] for number, ticket_id in ids.items()}
    plans = {row.number: plan(row, fold(row.number, known.get(row.number, [])), taker) for row in batch}
    if any(event.kind == CORRECTION_PROPOSED for made in plans.values() for event in made.events):
        refuse_fresh_reset(session, taker.actor, taker.now)
    for made in plans.values():
        counts[made.outcome] += 1
        counts["left"] += [vars(left) for left in made.left][: max(0, SHOWN_LEFT - len(counts["left"]))]
    if not dry_run:
        _write(session, hands, plans, known, held, taker.now)


def _write(
    session: Session,
    hands: Hands,
    plans: Mapping[str, RowPlan],
    known: Mapping[str, list[Event]],
    held: Mapping[str, Any],
    now: datetime,
) -> None:
    changed = {number: made for number, made in plans.items() if made.events}
    if not changed:
        return
    whole = {number: [*known.get(number, []), *made.events] for number, made in changed.items()}
    rows = {number: held[number] for number in changed if number in held}
    write(session, hands.books(session), whole, rows, now, new={n: len(made.events) for n, made in changed.items()})


def _fault(fault: CellFault) -> dict[str, Any]:
    return {"row": fault.row, "column": fault.column, "value": fault.value, "sentence": to_plain(fault.sentence)}
