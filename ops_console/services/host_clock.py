"""Steps of the host's clock as events of their own: found between two looks, or at a start against what was recorded.

Not for deciding what a step is (`core/host_clock.py`). Entries keep the order in which they were written.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ops_console.core.chain import microseconds
from ops_console.core.host_clock import CLOCK_STEPPED, step
from ops_console.core.people import SYSTEM
from ops_console.core.tickets import Event
from ops_console.services.ports import OpenSession
from ops_console.store import audit, jobs


def look(open_write: OpenSession, before: datetime, after: datetime, passed: timedelta, owner: str) -> int | None:
    """Given two readings of the clock and the time that passed between them, note a step; return its seconds."""
    seconds = step(before, after, passed)
    if seconds is not None:
        _note(open_write, before, after, seconds, owner)
    return seconds


def look_back(open_read: OpenSession, open_write: OpenSession, now: datetime, owner: str) -> int | None:
    """Given now, at a start, note when the clock stands before what was recorded last; return the seconds.

    How far it was set forward meanwhile cannot be known.
    """
    with open_read() as session:
        beats = [row.beat_at for row in jobs.heartbeats(session)]
        recorded = audit.last_recorded(session)
    latest = max([*beats, *([recorded] if recorded else [])], default=None)
    if latest is None or latest <= now:
        return None
    return look(open_write, latest, now, timedelta(0), owner)


def _note(open_write: OpenSession, before: datetime, after: datetime, seconds: int, owner: str) -> None:
    facts = {"seconds": seconds, "before": microseconds(before), "after": microseconds(after)}
    event = Event(CLOCK_STEPPED, after, after, SYSTEM.account, SYSTEM.side, facts=facts)
    with open_write() as session:
        audit.append(session, "host", owner[:80], event)
