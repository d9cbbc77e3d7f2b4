"""The chain as people read it: its newest entries, narrowed down and paged by number, in bounded looks.

Not for verifying it (`store/chain_checks.py`) and not for appending (`store/audit.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from ops_console.core.notes import NOTED
from ops_console.store.audit import EventRow

WINDOW = 20_000  # entries that one look passes over: no filter reads the whole of a long chain


@dataclass(frozen=True)
class Wanted:
    """What to narrow the entries down to; empty: everything."""

    subject: str = ""
    subject_id: str = ""
    kind: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Look:
    """What one look found, newest first; `next_before` is where an older look begins, None at the beginning."""

    rows: Sequence[Row]  # type: ignore[type-arg]
    next_before: int | None


def look(session: Session, wanted: Wanted, before: int | None, limit: int = 50) -> Look:
    """Given what is wanted and the number to look before (None: the newest), return one page, in three statements."""
    top = _top(session, wanted.until) if before is None else before
    floor = max(top - WINDOW, 1)
    table = EventRow.__table__
    query = select(table).where(table.c.seq < top, table.c.seq >= floor)
    for name in ("subject", "subject_id", "kind", "actor"):
        value = getattr(wanted, name)
        query = query.where(table.c[name] == value) if value else query
    if wanted.since is not None:
        query = query.where(table.c.recorded_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(table.c.recorded_at < wanted.until)
    rows = session.execute(query.order_by(table.c.seq.desc()).limit(limit)).all()
    last = rows[-1].seq if len(rows) == limit else floor
    return Look(rows, last if last > 1 and not _is_past(session, last, wanted.since) else None)


def _top(session: Session, until: datetime | None) -> int:
    query = select(func.max(EventRow.seq))
    found = session.scalar(query if until is None else query.where(EventRow.recorded_at < until))
    return (found or 0) + 1


def _is_past(session: Session, seq: int, since: datetime | None) -> bool:
    """Whether every entry before `seq` was recorded before `since`: then no older page can hold anything."""
    if since is None:
        return False
    first = session.scalar(select(func.min(EventRow.seq)).where(EventRow.recorded_at >= since))
    return first is None or first >= seq


def of_tickets(session: Session, ticket_ids: Iterable[int], until: int) -> Sequence[Row]:  # type: ignore[type-arg]
    """Given tickets and a number, return their entries up to it in the chain's order; without notes of one party."""
    table = EventRow.__table__
    query = select(table).where(table.c.ticket_id.in_(list(ticket_ids)), table.c.seq <= until, table.c.kind != NOTED)
    return session.execute(query.order_by(table.c.ticket_id, table.c.seq)).all()


def first_of(session: Session, ticket_ids: Iterable[int]) -> int | None:
    """Given tickets, return the number of the first entry about any of them, or None."""
    query = select(func.min(EventRow.seq)).where(EventRow.ticket_id.in_(list(ticket_ids)))
    return session.scalar(query)
