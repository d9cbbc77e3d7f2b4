"""Keeping personal data no longer than needed: the purge after a ticket's close, and rows masked by today's rules.

Not for masking what is written (`services/ticket_rows.py`) and not for showing originals (`services/personal.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.moments import whole
from ops_console.core.people import SYSTEM
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import PERSONAL, PERSONAL_PURGED, Event, TicketFacts
from ops_console.services.contracts import Book, Books
from ops_console.services.jobs import Run
from ops_console.services.ports import OpenSession
from ops_console.services.ticket_rows import write
from ops_console.store import audit, tickets
from ops_console.store import personal as store
from ops_console.store.masks import masker_of

WHOLE = ("phone", "reporter")  # gone altogether; of other texts the masked form is read on
BATCH = 200


def purge(
    run: Run, open_read: OpenSession, open_write: OpenSession, books: Books, kept_for: timedelta, now: datetime
) -> dict[str, Any]:
    """Given how long personal data is kept, destroy that of every ticket closed longer ago; the chain stays whole.

    Each ticket gets one event that names the fields. Returns `purged`, the number of tickets.
    """
    found = {"purged": int(run.state.get("purged", 0)), "after": int(run.state.get("after", 0))}
    cutoff = now - kept_for
    while waiting := _next(open_read, cutoff, found["after"]):
        with open_write() as session:
            ids = sorted({ticket_id for _, ticket_id in waiting})
            found["purged"] += _purge_batch(session, books(session), ids, cutoff, whole(now))
            found["after"] = waiting[-1][0]
            run.checkpoint(session, found["purged"], 0, found)
    return {"purged": found["purged"]}


def _next(open_read: OpenSession, cutoff: datetime, after: int) -> list[tuple[int, int]]:
    with open_read() as session:
        return store.kept_tickets(session, cutoff, after, BATCH)


def _purge_batch(session: Session, book: Book, ids: Iterable[int], cutoff: datetime, now: datetime) -> int:
    rows = tickets.lock_ids(session, ids)
    events = audit.of_tickets(session, rows)
    facts = {ticket_id: fold(row.number, events[ticket_id]) for ticket_id, row in rows.items()}
    due = {ticket_id: known for ticket_id, known in facts.items() if known is not None and _is_due(known, cutoff)}
    told = {}
    for ticket_id, parts in store.parts(session, due).items():
        if made := _emptied(session, parts, due[ticket_id], now):
            told[ticket_id] = made
    _tell(session, book, {ticket_id: rows[ticket_id] for ticket_id in told}, told, now)
    return len(told)


def _is_due(facts: TicketFacts, cutoff: datetime) -> bool:
    ended = facts.withdrawn_at if facts.withdrawn else facts.closed_at
    return ended is not None and ended <= cutoff


def _emptied(session: Session, parts: Sequence[store.Part], facts: TicketFacts, now: datetime) -> Event | None:
    """Destroy what is due of one ticket. A text recorded before masking goes whole; the event tells it masked."""
    masker, gone, told = masker_of(session), set(), {}
    for part in parts:
        text_too = part.text is not None and (part.field in WHOLE or masker.text(part.text) != part.text)
        if not text_too and part.sealed is None:
            continue
        store.empty(session, part.seq, part.field, text_too=text_too)
        gone.add(part.field)
        if text_too and part.field in PERSONAL and part.field not in WHOLE:
            told[part.field] = facts.personal[part.field]
    if not gone:
        return None
    fields = {"fields": ",".join(sorted(gone))}
    return Event(PERSONAL_PURGED, now, now, SYSTEM.account, SYSTEM.side, facts=fields, personal=told)


def _tell(session: Session, book: Book, rows: Mapping[int, Any], told: Mapping[int, Event], now: datetime) -> None:
    if not told:
        return
    events = audit.of_tickets(session, told)
    whole_lists = {row.number: [*events[ticket_id], told[ticket_id]] for ticket_id, row in rows.items()}
    write(session, book, whole_lists, {row.number: row for row in rows.values()}, now, new=1)


def mask_rows(run: Run, open_read: OpenSession, open_write: OpenSession) -> dict[str, Any]:
    """Given a run, mask what lists show of every ticket by today's rules. Returns `masked`, the number changed.

    For after the site's labels changed: events keep what was recorded and are masked whenever they are read.
    """
    found = {"masked": int(run.state.get("masked", 0)), "after": int(run.state.get("after", 0))}
    while True:
        with open_read() as session:
            rows = store.shown_rows(session, found["after"], 1000)
            changed = [row for row in map(masker_of(session).plain, rows) if row not in rows]
        if not rows:
            return {"masked": found["masked"]}
        found = {"masked": found["masked"] + len(changed), "after": rows[-1]["id"]}
        with open_write() as session:
            tickets.store(session, changed)
            run.checkpoint(session, found["masked"], 0, found)
