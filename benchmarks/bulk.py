"""Rows of a history by the services' own functions, put into an SQLite file in bulk.

Not for checking them (`benchmarks/load.py`), and not for a file that matters: a crash leaves it broken.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, insert
from sqlalchemy import event as listening
from sqlalchemy.orm import Session

from benchmarks import history
from benchmarks.history import WHOLE, Batch, Period
from ops_console.adapters.statutory_days import StatutoryDays
from ops_console.core.terms import VersionInForce
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import Event
from ops_console.core.working_time import working_calendar
from ops_console.services import search
from ops_console.services.clocks import clock_columns, judge, ticket_columns
from ops_console.services.contracts import Book
from ops_console.store import audit, clocks, tickets
from ops_console.store import search as found

AHEAD = 3  # batches made before they are taken
FAST = ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "cache_size=-3000000", "temp_store=MEMORY")
FILLED = ("ticket", "clock", "event", "event_personal", "ticket_text")


@dataclass(frozen=True)
class Rows:
    """What a batch comes to: rows of tickets, clocks and the search, and (ticket id, number, event) to be linked."""

    tickets: list[dict[str, Any]]
    clocks: list[dict[str, Any]]
    texts: list[dict[str, Any]]
    events: list[tuple[int, str, Event]]


# -- making the rows ---------------------------------------------------------------------------------------------


@cache
def _known() -> tuple[history.Pattern, ...]:
    return history.patterns()


@cache
def _book(versions: tuple[VersionInForce, ...]) -> Book:
    """The book again, in a process of its own: a calendar does not travel between processes."""
    return Book(versions, {v.id: working_calendar(v, versions[::-1], StatutoryDays().of) for v in versions})


def rows_of(batch: Batch, count: int, versions: tuple[VersionInForce, ...], period: Period = WHOLE) -> Rows:
    """Given a batch of the history and the versions in force, return its rows, by the services' own functions."""
    made, book = Rows([], [], [], []), _book(versions)
    for ticket_id, number, events in history.tell(batch, count, _known(), period):
        facts = fold(number, events)
        assert facts is not None
        judged = judge(facts, book)
        made.tickets.append({"id": ticket_id, "number": number, **ticket_columns(judged)})
        made.texts.append(search.row_of(ticket_id, facts))
        made.clocks.extend(clock_columns(judged, ticket_id, period.end))
        made.events.extend((ticket_id, number, event) for event in events)
    made.events.sort(key=lambda told: told[2].recorded_at)  # stable: a ticket's own events stay in order
    return made


def all_rows(count: int, versions: tuple[VersionInForce, ...], period: Period) -> Iterator[Rows]:
    """Given the number of tickets, the versions and the period, return each batch's rows in order, made ahead."""
    waiting: deque[Future[Rows]] = deque()
    with ProcessPoolExecutor(max(1, (os.cpu_count() or 2) - 1)) as pool:
        for batch in history.batches(count, _known(), period):
            waiting.append(pool.submit(rows_of, batch, count, versions, period))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


# -- storing them ------------------------------------------------------------------------------------------------


def fill(file: Path, count: int, book: Book, head: tuple[int, str], period: Period = WHOLE) -> None:
    """Given a migrated file, the number of tickets, the book, the chain's head and the period, insert everything."""
    engine = _quick_engine(file)
    with engine.connect() as connection, connection.begin():
        indexes = _drop_indexes(connection)
        tally: Counter[tuple[Any, ...]] = Counter()
        for rows in all_rows(count, book.versions, period):
            tally.update(clocks._cell(row) for row in rows.clocks if row["result"])
            head = _store(connection, rows, head)
            with Session(connection, join_transaction_mode="create_savepoint") as session:
                found.add(session, rows.texts)
                session.commit()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            clocks._move_tally(session, tally)
            session.commit()
        for index in indexes:
            connection.exec_driver_sql(index)
    engine.dispose()
    with sqlite3.connect(file) as plain:
        plain.execute("PRAGMA journal_mode=WAL")


def _quick_engine(file: Path) -> Engine:
    """An engine for a folder that may be thrown away: nothing is safe from a crash, nothing waits for the disk."""
    engine = create_engine(URL.create("sqlite", database=str(file)))

    @listening.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in FAST:
            connection.execute(f"PRAGMA {pragma}")

    listening.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _drop_indexes(connection: Connection) -> list[str]:
    """Drop the indexes of the filled tables and return what makes them again: sorting once is quicker."""
    wanted = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
    found = [row for row in connection.exec_driver_sql(wanted).all() if f" ON {_table_of(row.sql)} " in row.sql]
    for row in found:
        connection.exec_driver_sql(f'DROP INDEX "{row.name}"')
    return [row.sql for row in found]


def _table_of(sql: str) -> str:
    return next((name for name in FILLED if f" ON {name} " in sql), "\0")


def _store(connection: Connection, rows: Rows, head: tuple[int, str]) -> tuple[int, str]:
    """Given a batch and the chain's head, insert it and return the new head."""
    entries = [("ticket", number, event, ticket_id) for ticket_id, number, event in rows.events]
    with Session(connection) as session:
        linked, personal = audit.linked(session, *head, entries)
    for kind, values in (
        (tickets.TicketRow, [_columns(row) for row in rows.tickets]),
        (clocks.ClockRow, [_columns(row) for row in rows.clocks]),
        (audit.EventRow, linked),
        (audit.PersonalRow, personal),
    ):
        if values:
            connection.execute(insert(kind.__table__), values)
    return linked[-1]["seq"], linked[-1]["hash"]


def _columns(row: dict[str, Any]) -> dict[str, Any]:
    row["class"] = row.pop("klass")  # the attribute's name, as the services have it, becomes the column's
    return row
