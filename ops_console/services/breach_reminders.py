"""What time does to breach cases: count-downs are said, the end of the vendor's time is noted as silence.

Not for what people do (`services/breach_acts.py`). Nothing else moves a case by itself.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.breach_clocks import (
    COUNTDOWN,
    STATEMENT_NEAR,
    STATEMENT_OVER,
    Reminder,
    next_moment,
    reminders,
)
from ops_console.core.breaches import FILED, is_secret
from ops_console.core.moments import whole
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.services.breach_rows import clocks_of, note_silence, tell
from ops_console.services.contracts import Book, Books
from ops_console.services.ports import OpenSession
from ops_console.store import breach_lists, breaches

logger = logging.getLogger(__name__)
SAID_FOR = timedelta(days=1)
SECURITY = "security"  # the restricted group: count-downs are for nobody else (domain §1.12)


def sweep(open_read: OpenSession, open_write: OpenSession, books: Books, now: datetime) -> int:
    """Given now, say what has come due about each case, once; return how many cases were looked at.

    Each is its own transaction and is claimed by a conditional update, so two sweeps say it once.
    """
    with open_read() as session:
        waiting = breach_lists.due(session, now)
    looked_at = 0
    for case_id, seen in waiting:
        try:
            with open_write() as session:
                looked_at += _look(session, books(session), case_id, seen, whole(now))
        except Exception:  # one bad case must not silence the others
            logger.exception("breach=%s not looked at", case_id)
    return looked_at


def _look(session: Session, book: Book, case_id: int, seen: datetime, now: datetime) -> bool:
    row = breaches.claim(session, case_id, seen)
    if row is None:
        return False
    waiting = reminders(breaches.case_of(row), clocks_of(session, book, row))
    for one in waiting:
        if seen <= one.at <= now:
            _say(session, row, one, now)
    row.next_look_at = next_moment(waiting, now)
    session.flush()
    return True


def _say(session: Session, row: breaches.BreachRow, said: Reminder, now: datetime) -> None:
    if said.kind == STATEMENT_OVER and row.state == FILED:
        note_silence(session, row, now)
    audience = _audience(row, said)
    if audience:
        until = max(said.at + SAID_FOR, now + timedelta(hours=1))
        tell(session, row, said.kind, audience, now, key=said.key, stage=said.stage, expires_at=until)


def _audience(row: breaches.BreachRow, said: Reminder) -> str:
    """Whom it is for. Of the hospital's own clue the vendor hears nothing, and the restricted group may hold it."""
    if said.kind == COUNTDOWN:
        secret = is_secret(row.raised_side, row.filed_at)
        return SECURITY if not secret else "" if said.is_internal else HOSPITAL
    return VENDOR if said.kind == STATEMENT_NEAR else "both"
