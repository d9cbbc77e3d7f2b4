"""Storing what tickets' events come to: new events, the ticket's row, its clocks, class and caps, in one step.

Not for deciding what happens to a ticket (`services/tickets.py`, `services/imports.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import Event
from ops_console.services import cap_tickets, search, ticket_classes
from ops_console.services.clocks import Judgement, clock_columns, frozen_of, judge, ticket_columns
from ops_console.services.contracts import Book
from ops_console.store import audit, clocks
from ops_console.store import tickets as store
from ops_console.store.masks import masker_of


def write(
    session: Session,
    book: Book,
    events: Mapping[str, list[Event]],
    rows: Mapping[str, store.TicketRow],
    now: datetime,
    *,
    new: int | Mapping[str, int] | None = None,
) -> dict[str, Judgement]:
    """Given tickets' whole event lists by number and the rows of those that exist, store what they come to.

    `new` tells how many events at the end of each list are to be appended (all of them for a new ticket).
    Returns each ticket's judgement, made of the texts as they are stored: masked.
    """
    masker = masker_of(session)
    events = {number: [masker.event(event) for event in happened] for number, happened in events.items()}
    judged = {number: _judged(number, happened, book, rows.get(number)) for number, happened in events.items()}
    ids = _store_rows(session, judged, rows)
    _append(session, events, ids, new)
    known = [row.id for row in rows.values()]
    search.keep(session, {ids[number]: made.facts for number, made in judged.items()}, set(ids.values()) - set(known))
    unnoticed = clocks.unnoticed(session, known, now)
    columns = [c for number, made in judged.items() for c in clock_columns(made, ids[number], now, unnoticed)]
    clocks.replace(session, known, columns)
    ticket_classes.keep(session, {ids[number]: made for number, made in judged.items()}, known)
    cap_tickets.follow(session, judged, ids, known, {number: happened[-1] for number, happened in events.items()}, now)
    return judged


def _judged(number: str, happened: list[Event], book: Book, row: store.TicketRow | None) -> Judgement:
    facts = fold(number, happened)
    assert facts is not None
    return judge(facts, book, frozen_of(row) if row is not None else None)


def _store_rows(
    session: Session, judged: Mapping[str, Judgement], rows: Mapping[str, store.TicketRow]
) -> dict[str, int]:
    added = [{"number": number, **ticket_columns(made)} for number, made in judged.items() if number not in rows]
    changed = [{"id": row.id, **ticket_columns(judged[number])} for number, row in rows.items()]
    ids = {number: row.id for number, row in rows.items()} | (store.add(session, added) if added else {})
    store.store(session, changed)
    return ids


def _append(session: Session, events: Mapping[str, list[Event]], ids: Mapping[str, int], new: Any) -> None:
    for number, happened in events.items():
        count = new[number] if isinstance(new, Mapping) else new
        for event in happened if count is None else happened[len(happened) - count :]:
            audit.append(session, "ticket", number, event, ids[number])
