"""The nightly self-check: stored figures against the events they come from; provisional classes settled.

Not for judging itself (`services/clocks.py`) and not for the hash chain (`store/audit.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.moments import month_of
from ops_console.core.personal_data import Masker
from ops_console.core.ticket_folds import fold
from ops_console.services.clocks import Judgement, clock_columns, frozen_of, judge, ticket_columns
from ops_console.services.contracts import Book, Books
from ops_console.services.jobs import Run
from ops_console.services.ports import OpenSession
from ops_console.store import audit, clocks, messages, tickets
from ops_console.store.masks import masker_of

LOOK_BACK = timedelta(days=62)
TOLD_FOR = timedelta(days=7)
COMPARED = (
    "contract_id", "klass", "limit_id", "limit_seconds", "started_at", "stopped_at", "breaks_at", "raw_breaks_at",
    "active_seconds", "result", "raw_result", "month", "module", "hour", "provisional",
)  # fmt: skip


def recheck(
    run: Run, open_read: OpenSession, open_write: OpenSession, books: Books, now: datetime, batch: int = 200
) -> dict[str, Any]:
    """Given a run, judge every ticket of the last two months and every provisional one anew from its events.

    What differs from the stored rows is listed and told to both sides; a provisional class whose year is known
    now is settled. Returns `checked`, `settled`, the `differences` (numbers) and the `miscounted` months.
    """
    first, last = month_of(now - LOOK_BACK), month_of(now)
    found: dict[str, Any] = {"checked": 0, "settled": 0, "differences": [], "miscounted": []}
    after = 0
    while ids := _batch(open_read, first, last, after, batch):
        with open_write() as session:
            _recheck_batch(session, books(session), ids, now, found)
        after = ids[-1]
        run.progress(found["checked"], 0)
    with open_write() as session:
        found["miscounted"] = clocks.miscounted(session, first, last)
        for month in found["miscounted"]:
            _tell(session, f"recheck/{month}", {"month": month}, now)
    return found


def _batch(open_read: OpenSession, first: str, last: str, after: int, size: int) -> list[int]:
    with open_read() as session:
        recent = {row.id for row in tickets.reported_between(session, first, last, after, size)}
        provisional = set(clocks.provisional_tickets(session, after, size))
    return sorted(recent | provisional)[:size]


def _recheck_batch(session: Session, book: Book, ids: Iterable[int], now: datetime, found: dict[str, Any]) -> None:
    rows = tickets.lock_ids(session, ids)  # first, so that no move comes between the events and the clocks read here
    events, stored = audit.of_tickets(session, rows), clocks.of_tickets(session, rows)
    settled: dict[int, Judgement] = {}
    masker = masker_of(session)
    for ticket_id, row in rows.items():
        facts = fold(row.number, events[ticket_id])
        if facts is None:
            continue
        judged = judge(facts, book, frozen_of(row))
        found["checked"] += 1
        if row.provisional and not judged.provisional:
            settled[ticket_id] = judged
        elif _differs(judged, row, stored.get(ticket_id, []), now, masker):
            found["differences"].append(row.number)
            _tell(session, f"recheck/{row.number}", {"ticket": row.number}, now)
    _settle(session, settled, now)
    found["settled"] += len(settled)


def _settle(session: Session, settled: dict[int, Judgement], now: datetime) -> None:
    unnoticed = clocks.unnoticed(session, settled, now)
    tickets.store(session, [{"id": ticket_id, **ticket_columns(judged)} for ticket_id, judged in settled.items()])
    columns = [c for ticket_id, judged in settled.items() for c in clock_columns(judged, ticket_id, now, unnoticed)]
    clocks.replace(session, settled, columns)


def _differs(judged: Judgement, row: Any, stored: list[clocks.ClockRow], now: datetime, masker: Masker) -> bool:
    """Texts are compared masked: a row made before a record number was known as one shows more than its events."""
    wanted = {c["kind"]: c for c in clock_columns(judged, row.id, now)}
    if wanted.keys() != {clock.kind for clock in stored}:
        return True
    if any(masker.plain(getattr(row, name)) != value for name, value in ticket_columns(judged).items()):
        return True
    return any(getattr(clock, name) != wanted[clock.kind][name] for clock in stored for name in COMPARED)


def _tell(session: Session, key: str, payload: dict[str, object], now: datetime) -> None:
    messages.put(
        session, dedup_key=f"{key}/{now.date().isoformat()}", audience="both", kind="recheck_difference",
        payload=payload, created_at=now, expires_at=now + TOLD_FOR,
    )  # fmt: skip
