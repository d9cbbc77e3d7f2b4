"""The nightly self-check: stored figures against the events they come from; provisional classes settled.

Clocks here; duties and releases in `services/duty_rechecks.py`, frozen months in `services/month_rechecks.py`. Not for
judging itself (`services/clocks.py`) and not for the hash chain (`store/audit.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.moments import month_of
from ops_console.core.people import Actor
from ops_console.core.personal_data import Masker
from ops_console.core.rechecks import (
    CAP,
    DUTY,
    MONTH,
    RELEASE,
    TALLY,
    TICKET,
    Difference,
    Found,
    Thing,
    Values,
    batches,
)
from ops_console.core.ticket_folds import fold
from ops_console.services import caps
from ops_console.services.clocks import Judgement, clock_columns, frozen_of, judge, ticket_columns
from ops_console.services.contracts import Book, Books
from ops_console.services.duty_rechecks import recheck_duties
from ops_console.services.jobs import Run
from ops_console.services.month_rechecks import recheck_months
from ops_console.services.ports import OpenSession
from ops_console.store import audit, clocks, jobs, messages, tickets
from ops_console.store.masks import masker_of

JOB = "recheck"
LOOK_BACK = timedelta(days=62)
TOLD_FOR = timedelta(days=7)
LOOK_AGAIN = timedelta(minutes=1)
NEWEST = 10
LONGEST_KEY = 150
COMPARED = (
    "contract_id", "klass", "limit_id", "limit_seconds", "started_at", "stopped_at", "breaks_at", "raw_breaks_at",
    "active_seconds", "result", "raw_result", "month", "module", "hour", "provisional",
)  # fmt: skip


def recheck(
    run: Run, open_read: OpenSession, open_write: OpenSession, books: Books, now: datetime, batch: int = 200
) -> dict[str, Any]:
    """Given a run, reckon anew from the events: tickets of the last two months, unsettled and provisional ones, caps,
    the duties of the last two months and those to come with the releases behind them, every frozen month.

    What differs from the stored rows is listed with both values and told to both sides; a provisional class whose year
    is known now is settled, nothing else is changed. Returns what `core.rechecks.Found` tells.
    """
    first, last = month_of(now - LOOK_BACK), month_of(now)
    found, after = Found(), 0
    while ids := _batch(open_read, first, last, after, batch):
        with open_write() as session:
            _recheck_batch(session, books(session), ids, now, found)
        after = ids[-1]
        run.progress(found.looked[TICKET], 0)
    with open_read() as session:
        _recount(session, first, last, found)
    _recheck_caps(open_read, found, batch)
    recheck_duties(open_read, books, first, now, found, batch)
    recheck_months(open_read, found)
    with open_write() as session:
        _tell_of_others(session, found, now)
    return found.result()


def _batch(open_read: OpenSession, first: str, last: str, after: int, size: int) -> list[int]:
    with open_read() as session:
        recent = {row.id for row in tickets.reported_between(session, first, last, after, size)}
        going = set(clocks.unsettled_tickets(session, first, after, size))
        provisional = set(clocks.provisional_tickets(session, after, size))
    return sorted(recent | going | provisional)[:size]


def _recheck_batch(session: Session, book: Book, ids: Iterable[int], now: datetime, found: Found) -> None:
    rows = tickets.lock_ids(session, ids)  # first, so that no move comes between the events and the clocks read here
    events, stored = audit.of_tickets(session, rows), clocks.of_tickets(session, rows)
    settled: dict[int, Judgement] = {}
    masker = masker_of(session)
    for ticket_id, row in rows.items():
        facts = fold(row.number, events[ticket_id])
        if facts is None:
            continue
        judged = judge(facts, book, frozen_of(row))
        found.looked[TICKET] += 1
        if row.provisional and not judged.provisional:
            settled[ticket_id] = judged
        elif _differs(judged, row, stored.get(ticket_id, []), now, masker, found):
            _tell(session, f"recheck/{row.number}", {"ticket": row.number}, now)
    _settle(session, settled, now)
    found.settled += len(settled)


def _settle(session: Session, settled: dict[int, Judgement], now: datetime) -> None:
    unnoticed = clocks.unnoticed(session, settled, now)
    tickets.store(session, [{"id": ticket_id, **ticket_columns(judged)} for ticket_id, judged in settled.items()])
    columns = [c for ticket_id, judged in settled.items() for c in clock_columns(judged, ticket_id, now, unnoticed)]
    clocks.replace(session, settled, columns)


def _differs(
    judged: Judgement, row: Any, stored: Sequence[clocks.ClockRow], now: datetime, masker: Masker, found: Found
) -> bool:
    """Texts are compared masked: a row made before a record number was known as one shows more than its events."""
    number, name = row.number, str(masker.plain(row.title))
    computed = ticket_columns(judged)
    kept = {column: masker.plain(getattr(row, column)) for column in computed}
    differs = found.meet(Thing(TICKET, number, name), kept, computed)
    wanted = {c["kind"]: c for c in clock_columns(judged, row.id, now)}
    clocks_of = {clock.kind: clock for clock in stored}
    for kind in sorted(wanted.keys() | clocks_of.keys()):
        thing = Thing(TICKET, number, name, kind)
        differs |= found.meet(thing, _of_clock(clocks_of.get(kind)), _of_clock(wanted.get(kind)))
    return differs


def _of_clock(clock: Any) -> Values | None:
    if clock is None:
        return None
    return {name: clock[name] if isinstance(clock, dict) else getattr(clock, name) for name in COMPARED}


def _recount(session: Session, first: str, last: str, found: Found) -> None:
    for cell, kept, counted in clocks.miscounts(session, first, last):
        _contract, month, *which = cell
        found.meet(Thing(TALLY, month, part="/".join(which)), {"n": kept}, {"n": counted})


def _recheck_caps(open_read: OpenSession, found: Found, size: int) -> None:
    with open_read() as session:
        ids = caps.known_ids(session)
    for some in batches(ids, size):
        with open_read() as session:
            pairs, masker = caps.both(session, some), masker_of(session)
        for entry_id, (stored, told) in pairs.items():
            found.looked[CAP] += 1
            kept = masker.plain(vars(stored)) if stored else None
            name = (stored or told).title if stored or told else ""  # type: ignore[union-attr]
            found.meet(Thing(CAP, str(entry_id), name), kept, vars(told) if told else None)


# -- telling ----------------------------------------------------------------------------------------------------------


def _tell_of_others(session: Session, found: Found, now: datetime) -> None:
    for month in found.named[TALLY]:
        _tell(session, f"recheck/{month}", {"month": month}, now)
    for kind in (CAP, DUTY, RELEASE, MONTH):
        for key in found.named[kind]:
            _tell(session, f"recheck/{kind}/{key[:LONGEST_KEY]}", {"kind": kind, "which": key}, now)


def _tell(session: Session, key: str, payload: dict[str, object], now: datetime) -> None:
    messages.put(
        session, dedup_key=f"{key}/{now.date().isoformat()}", audience="both", kind="recheck_difference",
        payload=payload, created_at=now, expires_at=now + TOLD_FOR,
    )  # fmt: skip


# -- showing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What the page of the self-check shows: the newest run, the newest that ended well, and what that one found.

    `looked` and `differing` count things by kind; `left_off` values are not listed.
    """

    newest: jobs.RunRow | None
    run: jobs.RunRow | None
    looked: dict[str, int]
    differing: dict[str, int]
    listed: Sequence[Difference]
    left_off: int

    @property
    def total(self) -> int:
        """How many things differ."""
        return sum(self.differing.values())


def told(session: Session, actor: Actor) -> Told:
    """Given who asks, return what the newest self-check found. One statement."""
    if not actor.may("audit.read"):
        actor.need("jobs.read")
    runs = jobs.newest(session, NEWEST, JOB)
    run = next((one for one in runs if one.status == jobs.DONE and one.result), None)
    result = json.loads(run.result) if run is not None and run.result else {}
    listed = [Difference(**one) for one in result.get("listed", ())]
    return Told(
        runs[0] if runs else None, run, result.get("looked", {}), result.get("differing", {}), listed,
        result.get("left_off", 0),
    )  # fmt: skip


class Alarm:
    """How many things the newest self-check found to differ: looked up once a minute and process, for every page.

    Safe across threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: tuple[datetime, int] | None = None

    def differing(self, session: Session, now: datetime) -> int:
        """Given now, return how many things differ. At most one statement."""
        with self._lock:
            if self._seen is None or not timedelta() <= now - self._seen[0] < LOOK_AGAIN:
                result = jobs.last_result(session, JOB)
                self._seen = (now, int(json.loads(result).get("total", 0)) if result else 0)
            return self._seen[1]

    def forget(self) -> None:
        """Look anew the next time."""
        with self._lock:
            self._seen = None
