"""Exporting a list of tickets as the sheet that can be imported again: same columns, same words, Shanghai times.

Not for files (a port writes them). Personal texts leave as the pages show them.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE, whole
from ops_console.core.people import Actor, Permission
from ops_console.core.search import query_of
from ops_console.core.ticket_folds import fold
from ops_console.core.ticket_imports import sheet_row_of
from ops_console.core.ticket_lists import Filter
from ops_console.core.ticket_sheets import COLUMNS, FIELDS
from ops_console.core.tickets import Event
from ops_console.services import jobs
from ops_console.services.jobs import Run
from ops_console.services.ports import OpenSession, SheetWriter
from ops_console.store import audit, search, ticket_lists
from ops_console.store.masks import masker_of, sealer_of

JOB, TABLE = "export-tickets", "job_run"
EXPORTED = "exported"
WORDS = "q"  # what the address and the filter call the words looked for
FORMATS = ("csv", "xlsx")
LONGEST_QUERY = 500
AT_ONCE, MOST, BATCH = 5_000, 100_000, 500


@dataclass(frozen=True)
class Export:
    """What is asked for: the list's filter, the file's format, and as of when."""

    chosen: Filter
    format: str
    now: datetime


def count(session: Session, export: Export, actor: Actor) -> int:
    """Given what is asked for and by whom, return how many tickets that is, counted only past what is made at once.

    Raises Refused without the right, or for an unknown format.
    """
    actor.need("tickets.export")
    checked_format(export.format)
    if export.chosen.q:
        return len(_hits(session, export, AT_ONCE + 1))
    return ticket_lists.count(session, export.chosen, export.now)


def checked_format(format: str) -> str:
    """Given a format's name, return it. Raises Refused, naming the field, for one that no file is made in."""
    if format not in FORMATS:
        raise Refused("没有这一种导出格式。", field="format")
    return format


def _hits(session: Session, export: Export, limit: int) -> list[int]:
    """The ids of the tickets that hold the words looked for, oldest report first."""
    words = query_of(export.chosen.q)
    return search.hits(session, words, export.chosen, export.now, descending=False, limit=limit)


def write(open_read: OpenSession, writers: dict[str, SheetWriter], path: Path, export: Export, actor: Actor) -> int:
    """Given hands, a path, what is asked for and by whom, write one state of the database to it; return its rows.

    Raises Refused without the right and past the most.
    """
    actor.need("tickets.export")
    return _write(open_read, writers, path, export, lambda _read: None)


def _write(
    open_read: OpenSession, writers: dict[str, SheetWriter], path: Path, export: Export, tell: Callable[[int], None]
) -> int:
    with open_read() as session:
        return writers[export.format](path, COLUMNS, _rows(session, export, tell))


def _rows(session: Session, export: Export, tell: Callable[[int], None]) -> Iterator[list[str]]:
    read = 0
    for batch in _found(session, export) if export.chosen.q else _narrowed(session, export):
        read += len(batch)
        if read > MOST:
            raise Refused("超过 %(n)s 件，不能一次导出；请加条件后再导出。", n=MOST)
        events = audit.of_tickets(session, [row.id for row in batch])
        yield from (_texts(row.number, events[row.id]) for row in batch)
        tell(read)


def _narrowed(session: Session, export: Export) -> Iterator[Sequence[Any]]:
    after: tuple[datetime, int] | None = None
    while batch := ticket_lists.batch(session, export.chosen, export.now, after=after, limit=BATCH):
        yield batch
        after = (batch[-1].reported_at, batch[-1].id)


def _found(session: Session, export: Export) -> Iterator[Sequence[Any]]:
    """Only ids are held: the tickets that hold the words are found at once, in order, and read batch by batch."""
    ids = _hits(session, export, MOST + 1)
    for first in range(0, len(ids), BATCH):
        yield ticket_lists.batch_of(session, ids[first : first + BATCH])


def _texts(number: str, events: Sequence[Event]) -> list[str]:
    facts = fold(number, events)
    assert facts is not None
    row = sheet_row_of(facts)
    return [_text(getattr(row, name)) for name in FIELDS.values()]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
    return "" if value is None else str(value)


def note(session: Session, export: Export, rows: int, actor: Actor, now: datetime) -> None:
    """Given an export that was made, append the event: who, which filter, how many, in which form.

    Of words looked for it tells only that there were some: they may name people, and what is hashed stays.
    """
    narrowed = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(export.chosen).items() if v}
    if export.chosen.q:
        narrowed[WORDS] = True
    facts: dict[str, object] = {"filter": narrowed, "format": export.format, "rows": rows}
    at = whole(now)
    audit.append(session, "export", export.format, Event(EXPORTED, at, at, actor.account, actor.side, facts=facts))


@dataclass(frozen=True)
class TakenList:
    """That another list than that of tickets was taken: which, by which right, narrowed how, its form and length."""

    name: str
    right: Permission
    query: Sequence[tuple[str, str]]
    format: str
    rows: int


def note_list(session: Session, taken: TakenList, actor: Actor, now: datetime) -> None:
    """Given a list that was exported, append the event. What narrowed it is masked; words looked for are left out."""
    actor.need(taken.right)
    masker = masker_of(session)
    pairs = (f"{name}={'' if name == WORDS else masker.text(value)}" for name, value in taken.query if value)
    narrowed = masker.text("&".join(pairs))[:LONGEST_QUERY]
    at, facts = whole(now), {"list": taken.name, "filter": narrowed, "format": taken.format, "rows": taken.rows}
    audit.append(session, "export", taken.name, Event(EXPORTED, at, at, actor.account, actor.side, facts=facts))


def ask(session: Session, export: Export, actor: Actor, now: datetime) -> int:
    """Given what is asked for and by whom, keep a run that makes it and return its id."""
    count(session, export, actor)
    params: dict[str, Any] = {
        "filter": asdict(export.chosen),
        "format": export.format,
        "side": actor.side,
        "name": actor.name,
    }
    if export.chosen.q:
        params["filter"][WORDS] = _sealed(session, export.chosen.q, actor.account)
    key = f"{JOB}/{actor.account}/{now.isoformat()}"
    return jobs.ask(session, job=JOB, key=key, params=params, actor=actor, now=now)


def _sealed(session: Session, words: str, account: str) -> str:
    """Words looked for may name people: a run keeps them, but not in clear."""
    sealed = sealer_of(session).seal(words.encode(), table=TABLE, row=account, field=WORDS)
    return base64.b64encode(sealed).decode()


def asked(session: Session, run: Run) -> Export:
    """Given a run of ours, return what was asked for."""
    given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in run.params["filter"].items()}
    if given.get(WORDS):
        sealed = base64.b64decode(given[WORDS])
        opened = sealer_of(session).open(sealed, table=TABLE, row=run.requested_by, field=WORDS)
        given[WORDS] = opened.decode()
    return Export(Filter(**given), str(run.params["format"]), run.asked_at)


def make(
    run: Run, open_read: OpenSession, open_write: OpenSession, writers: dict[str, SheetWriter], place: Path
) -> dict[str, Any]:
    """Given a run, hands and where the file shall lie, make it and note that. Running it again makes it anew."""
    with open_read() as session:
        export = asked(session, run)
    aside = place.with_name(f".{place.name}.{run.token}.part")
    try:
        rows = _write(open_read, writers, aside, export, lambda done: run.progress(done, max(run.done, done)))
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)
    by = Actor(run.requested_by, str(run.params["name"]), str(run.params["side"]), frozenset())
    with open_write() as session:
        note(session, export, rows, by, run.asked_at)
    return {"rows": rows, "format": export.format}


def find(session: Session, run_id: int, actor: Actor) -> Any:
    """Given a run's id and who asks, return its row. Raises NotFound for what is not the asker's own export."""
    actor.need("tickets.export")
    row = jobs.find(session, run_id, actor)
    if row.job != JOB or row.requested_by != actor.account:
        raise NotFound("没有编号为 %(id)s 的导出。", id=run_id)
    return row
