"""The outbox's own upkeep: a message past its time is marked and never sent. Channels join here later."""

from __future__ import annotations

from datetime import datetime

from ops_console.services.ports import OpenSession
from ops_console.store import messages as store


def expire(open_read: OpenSession, open_write: OpenSession, now: datetime) -> int:
    """Given now, mark every waiting message whose time has passed; return how many."""
    with open_read() as session:
        if not store.any_late(session, now):
            return 0
    with open_write() as session:
        return store.expire(session, now)
