"""Restores that nobody answered in time are closed by silence: counted apart, never shown as signed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.moments import whole
from ops_console.core.people import SYSTEM
from ops_console.core.silence import silence_ends
from ops_console.core.tickets import RESTORED, TicketFacts
from ops_console.services.contracts import Book, Books
from ops_console.services.jobs import Run
from ops_console.services.ports import OpenSession
from ops_console.services.ticket_events import append_event, held
from ops_console.store import tickets as store

BATCH = 200


def confirm_by_silence(
    run: Run, open_read: OpenSession, open_write: OpenSession, books: Books, now: datetime
) -> dict[str, Any]:
    """Given a run, close every restore whose silence has ended by now. Returns `closed`, the number of tickets."""
    closed, after = 0, 0
    while True:
        with open_read() as session:
            waiting = store.restored_before(session, now - timedelta(days=1), after, BATCH)
        if not waiting:
            return {"closed": closed}
        for ticket_id, number in waiting:
            with open_write() as session:
                closed += _confirm(session, books(session), number, whole(now))
            after = ticket_id
        run.progress(closed, 0)


def _confirm(session: Session, book: Book, number: str, now: datetime) -> bool:
    row, events, facts = held(session, number)
    ends = ends_at(facts, book, row.contract_version_id)
    if facts.state != RESTORED or ends is None or now < ends:
        return False
    append_event(session, book, row, events, core.CONFIRMED, SYSTEM, now, facts={"by_silence": True})
    return True


def ends_at(facts: TicketFacts, book: Book, version_id: int) -> datetime | None:
    """Given a ticket, return when the silence about its restore ends; None when it is not waited for.

    Counted from when the restore was recorded: a restore told late gives the hospital no less time.
    """
    terms = book.by_id[version_id].terms
    stamp = facts.stamps.get("restored_at")
    if facts.restored_at is None or stamp is None or terms.silence_workdays is None:
        return None
    return silence_ends(max(stamp.recorded_at, facts.restored_at), terms.silence_workdays, book.calendars[version_id])
