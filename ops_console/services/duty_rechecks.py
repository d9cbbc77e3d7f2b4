"""Duties and releases in the nightly self-check: rows against the chain, and against what the contract makes owed.

Reading alone, batch by batch. Not for making duties (`services/duty_plans.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.contracts import RECURRENCE, REQUEST, Task
from ops_console.core.duties import DAY, Duty, due_of, periodic, triggered
from ops_console.core.duty_folds import DUTY_MOVED, DUTY_PLANNED, ToldDuty, due_in, fold
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE, month_of, month_start, whole
from ops_console.core.rechecks import DUTY, RELEASE, Found, Thing, Values, batches
from ops_console.core.releases import EVENTS, FIELD_NAMES, REGISTERED, Release, triggers
from ops_console.core.releases import fold as fold_release
from ops_console.core.terms import VersionInForce
from ops_console.services.contracts import Book, Books
from ops_console.services.duty_plans import JOB, expected, terms_of
from ops_console.services.ports import OpenSession
from ops_console.services.releases import happened_at
from ops_console.store import audit, jobs, releases
from ops_console.store import duties as store
from ops_console.store.masks import masker_of

SLOWEST = timedelta(days=62)  # what a release makes owed is due sooner than that after it
WALK = 2000
TOLD = ("clause", "task", "key", "due_at", "delivered_at", "accepted_at", "waived_at", "waived_by", "waived_reason")
OF_PERIOD = ("name", "basis", "period_start", "period_end", "due_at", "grace_until")


@dataclass
class _Look:
    """What one self-check knows while it goes: since when duties are looked at, and which deleted ones it has told."""

    books: Books
    since: datetime
    now: datetime
    found: Found
    owed: dict[int, dict[str, Duty]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def owed_by(self, version: VersionInForce) -> dict[str, Duty]:
        """Every duty of a period begun by now that a version makes, by key; reckoned once a run."""
        if version.id not in self.owed:
            today = self.now.astimezone(ZONE).date()
            self.owed[version.id] = {duty.key: duty for duty in periodic(terms_of(version), today)}
        return self.owed[version.id]


def recheck_duties(
    open_read: OpenSession, books: Books, first: str, now: datetime, found: Found, batch: int = 200
) -> None:
    """Given the first Shanghai month to look at and now, keep in `found` which duties and releases differ.

    Each duty due since then: its row is what its events come to, its due time what the contract makes of them. What
    the contract makes owed, by a period or a release, has a row. A deleted row is found by its events.
    """
    look = _Look(books, month_start(first), now, found)
    for ids in batches(_known(open_read, look.since), batch):
        with open_read() as session:
            _compare(session, books(session), ids, look)
    with open_read() as session:
        _look_for_periods(session, books(session), look)
        known = releases.ids_since(session, look.since - SLOWEST)
        lately = audit.ids_of(session, releases.SUBJECT, REGISTERED, look.since - SLOWEST)
    for ids in batches(sorted({*known, *map(int, lately)}), batch):
        with open_read() as session:
            _compare_releases(session, books(session), ids, look)


def _known(open_read: OpenSession, since: datetime) -> list[int]:
    """The ids of the duties due since then, as their rows or as their events have it."""
    told: dict[int, datetime] = {}
    after = 0
    while True:
        with open_read() as session:
            rows = audit.facts_after(session, store.SUBJECT, (DUTY_PLANNED, DUTY_MOVED), after, WALK)
        for _seq, duty_id, facts in rows:
            told[int(duty_id)] = due_in(facts)
            if told[int(duty_id)] < since:
                del told[int(duty_id)]
        if len(rows) < WALK:
            break
        after = rows[-1][0]
    with open_read() as session:
        return sorted({*told, *store.ids_due_since(session, since)})


def _compare(session: Session, book: Book, ids: Sequence[int], look: _Look) -> None:
    rows, events = store.some(session, ids), audit.of_some(session, store.SUBJECT, map(str, ids))
    masker = masker_of(session)
    for duty_id in ids:
        row, told = rows.get(duty_id), fold(events.get(str(duty_id), ()))
        if row is None and told is None:
            continue
        look.found.looked[DUTY] += 1
        if told is not None and told.before is not None:
            _tell_of_row(book, duty_id, None, told.before, look)
        if row is None or told is None:
            _tell_of_row(book, duty_id, row, told, look)
            continue
        stored = {**masker.plain({name: getattr(row, name) for name in _columns(row)}), "version": row.version_id}
        computed = {**{name: getattr(told, name) for name in TOLD}, "version": told.version}
        reckoned = _reckoned(book, row, told, look)
        if stored["due_at"] != computed["due_at"]:
            reckoned.pop("due_at", None)
        look.found.meet(Thing(DUTY, str(duty_id), row.name), stored, {**computed, **reckoned})


def _columns(row: store.DutyRow) -> Iterable[str]:
    return (column.key for column in row.__table__.columns if column.key not in ("asked", "next_look_at"))


def _tell_of_row(book: Book, duty_id: int, row: store.DutyRow | None, told: ToldDuty | None, look: _Look) -> None:
    """A row that no event made, or one that was deleted: that one is told by its month and key."""
    if told is None:
        assert row is not None
        look.found.meet(Thing(DUTY, str(duty_id), row.name), {}, None)
        return
    version = book.by_id.get(told.version)
    task = _task(version, told.clause, told.task) if version else None
    name = task.name if task else told.task
    look.gone.add(told.key)
    look.found.meet(Thing(DUTY, month_of(told.due_at), name, told.key), None, {})


def _task(version: VersionInForce, clause_id: str, key: str) -> Task | None:
    clause = terms_of(version).clause(clause_id)
    return next((task for task in clause.tasks if task.key == key), None) if clause is not None else None


def _reckoned(book: Book, row: store.DutyRow, told: ToldDuty, look: _Look) -> dict[str, object]:
    """What the contract makes of the duty, by the version that made it, or by that of its event's day as corrected."""
    version = book.by_id.get(told.version)
    if version is None:
        return {}
    if not row.event:
        duty = look.owed_by(version).get(row.key)
        return {name: getattr(duty, name) for name in OF_PERIOD} if duty else {"owed": True}
    if row.event in (REQUEST, RECURRENCE):
        begun: datetime | None = told.planned_at
    else:
        begun = row.begun_at
    if begun is None:
        return {"begun_at": told.planned_at}
    every = (_of_event(book, one, row, begun) for one in _versions(book, version, begun))
    made = [one for one in every if one is not None]
    if any(row.provisional and not one["provisional"] for one in made):
        return {}  # the next planning moves it: its year has become known
    fits = [one for one in made if one["due_at"] == row.due_at and one["grace_until"] == row.grace_until]
    return (fits or made or [{"owed": True}])[0] | {"begun_at": begun}


def _versions(book: Book, version: VersionInForce, at: datetime) -> list[VersionInForce]:
    try:
        then = book.at(at)
    except Refused:
        return [version]
    return [version] if then.id == version.id else [version, then]


def _of_event(book: Book, version: VersionInForce, row: store.DutyRow, at: datetime) -> dict[str, object] | None:
    task = _task(version, row.clause, row.task)
    if task is None:
        return None
    due = due_of(task, at, book.calendars[version.id])
    return {
        "due_at": due.at, "grace_until": due.at + task.grace_days * DAY, "provisional": due.provisional,
        "name": task.name, "basis": task.basis,
    }  # fmt: skip


def _look_for_periods(session: Session, book: Book, look: _Look) -> None:
    """Every duty of a period begun before today has a row, unless the planning never ran or has still to make it."""
    if jobs.unfinished(session, JOB) or not jobs.newest(session, 1, JOB):
        return
    yesterday = (look.now - DAY).astimezone(ZONE).date()
    known = store.keys(session)
    for version, duty in expected(book, yesterday):
        if duty.due_at >= look.since and (version.contract_id, duty.key) not in known:
            _tell_missing(duty, look)


def _tell_missing(duty: Duty, look: _Look) -> None:
    if duty.key not in look.gone:
        look.gone.add(duty.key)
        look.found.meet(Thing(DUTY, month_of(duty.due_at), duty.name, duty.key), None, {})


# -- releases ---------------------------------------------------------------------------------------------------------


def _compare_releases(session: Session, book: Book, ids: Sequence[int], look: _Look) -> None:
    rows, events = releases.some(session, ids), audit.of_some(session, releases.SUBJECT, map(str, ids))
    made: dict[str, list[store.DutyRow]] = {}
    for duty in store.of_events(session, EVENTS, [str(one) for one in ids]):
        made.setdefault(duty.ref, []).append(duty)
    masker = masker_of(session)
    for release_id in ids:
        mine = events.get(str(release_id), [])
        row, told = rows.get(release_id), fold_release(mine)
        if row is None and told is None:
            continue
        look.found.looked[RELEASE] += 1
        stored = masker.plain(_values(releases.release_of(row), row.happened_at)) if row else None
        computed = _values(told, happened_at(told)) if told else None
        name = f"{row.version} {row.title}" if row else f"{told.version} {told.title}"  # type: ignore[union-attr]
        thing = Thing(RELEASE, str(release_id), name)
        if sum(event.kind == REGISTERED for event in mine) > 1:  # SQLite gave the id of a deleted one again
            look.found.meet(thing, None, {})
        look.found.meet(thing, stored, computed)
        if told is not None:
            _compare_owed(book, told, str(release_id), made.get(str(release_id), []), look)


def _values(release: Release, at: datetime) -> dict[str, Any]:
    return {**{name: getattr(release, name) for name in FIELD_NAMES}, "kind": release.kind, "happened_at": at}


def _compare_owed(book: Book, told: Release, ref: str, rows: Sequence[store.DutyRow], look: _Look) -> None:
    for kind, what in triggers(told, ref):
        mine = [row for row in rows if row.event == kind]
        if what is None:
            continue
        for row in mine:
            if row.due_at >= look.since and row.waived_at is None and row.begun_at is not None:
                stored: Values = {"begun_at": whole(row.begun_at)}
                look.found.meet(Thing(DUTY, str(row.id), row.name), stored, {"begun_at": what.at})
        version = next((book.by_id[row.version_id] for row in mine if row.version_id in book.by_id), None)
        version = version or book.at(what.at)
        keys = {row.key for row in mine}
        for duty in triggered(terms_of(version), what, book.calendars[version.id]):
            if duty.due_at >= look.since and duty.key not in keys:
                _tell_missing(duty, look)
