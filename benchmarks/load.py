"""Loads a data folder with N tickets, five events each, as the services would have stored them, only in bulk.

Run `python -m benchmarks.load --sizes 10000`; the other benchmarks use the folders it makes. Events are linked by
`store.audit`, judged by `services.clocks`; a sample is folded anew, the tally counted anew and the chain walked.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, insert, text
from sqlalchemy import event as listening
from sqlalchemy.orm import Session

from benchmarks import figures, history
from benchmarks.history import END, Batch
from ops_console import settings
from ops_console.adapters.statutory_days import StatutoryDays
from ops_console.console import PROJECT, Console
from ops_console.core.contracts import VersionInForce
from ops_console.core.tickets import Event, fold
from ops_console.core.working_time import working_calendar
from ops_console.services.clocks import clock_columns, frozen_of, judge, ticket_columns
from ops_console.services.contracts import Book
from ops_console.store import audit, clocks, tickets

ROOT = Path(os.environ.get("OPS_BENCHMARKS") or Path(tempfile.gettempdir()) / "ops-console-benchmarks")
SAMPLE, AHEAD = 200, 3
FAST = ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", "cache_size=-3000000", "temp_store=MEMORY")
FILLED = ("ticket", "clock", "event", "event_personal")


@dataclass(frozen=True)
class Rows:
    """What a batch comes to: rows of tickets and clocks, and (recorded, ticket id, number, event) to be linked."""

    tickets: list[dict[str, Any]]
    clocks: list[dict[str, Any]]
    events: list[tuple[int, str, Event]]


@dataclass(frozen=True)
class Loaded:
    """How a folder was loaded: figures for the README."""

    count: int
    seconds: float
    verified_seconds: float
    bytes: int
    open_tickets: int
    broken_tickets: int
    events: int


def folder_of(count: int, root: Path = ROOT) -> Path:
    """Given a number of tickets, return where its data folder is."""
    return root / f"tickets-{count}"


def open_console(folder: Path, now: Callable[[], Any] = lambda: END) -> Console:
    """Given a data folder, return a prepared console on it with the shipped settings."""
    console = Console(settings.load(PROJECT, {"OPS_DATA": str(folder)}), now=now)
    console.prepare()
    return console


def ready(count: int, root: Path = ROOT, *, anew: bool = False) -> Loaded | None:
    """Given a number of tickets, see that its folder is loaded; return the figures when it was loaded just now."""
    folder = folder_of(count, root)
    mark = folder / "loaded"
    if not anew and mark.exists() and mark.read_text() == recipe():
        return None
    shutil.rmtree(folder, ignore_errors=True)
    made = load(folder, count)
    mark.write_text(recipe())
    return made


def recipe() -> str:
    """Given nothing, return a digest of what a loaded folder is made by: with another, it is loaded anew."""
    sources = [*(PROJECT / "migrations" / "versions").glob("*.py"), Path(__file__), Path(history.__file__)]
    digest = hashlib.sha256()
    for source in sorted(sources):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def load(folder: Path, count: int) -> Loaded:
    """Given an empty folder and a number of tickets, load and verify them. Raises ValueError where a check fails."""
    console = open_console(folder)
    try:
        with console.read() as session:
            book, head = console.book(session), audit.chain_head(session)
        console.close()
        seconds = figures.timed(lambda: _fill(folder / "console.db", count, book, head))
        verified = figures.timed(lambda: verify(console, book, count))
        return Loaded(count, seconds, verified, (folder / "console.db").stat().st_size, *_counts(console))
    finally:
        console.close()


def _counts(console: Console) -> tuple[int, int, int]:
    questions = (
        "SELECT count(*) FROM ticket WHERE responded_at IS NULL OR restored_at IS NULL OR state = '待确认'",
        "SELECT count(*) FROM ticket WHERE breaks_at IS NOT NULL",
        "SELECT count(*) FROM event WHERE ticket_id IS NOT NULL",
    )
    with console.read() as session:
        found = [int(session.scalar(text(question)) or 0) for question in questions]
    return found[0], found[1], found[2]


# -- making the rows ---------------------------------------------------------------------------------------------


@cache
def _known() -> tuple[history.Pattern, ...]:
    return history.patterns()


@cache
def _book(versions: tuple[VersionInForce, ...]) -> Book:
    """The book again, in a process of its own: a calendar does not travel between processes."""
    return Book(versions, {v.id: working_calendar(v, versions[::-1], StatutoryDays().of) for v in versions})


def rows_of(batch: Batch, count: int, versions: tuple[VersionInForce, ...]) -> Rows:
    """Given a batch of the history and the versions in force, return its rows, by the services' own functions."""
    made, book = Rows([], [], []), _book(versions)
    for ticket_id, number, events in history.tell(batch, count, _known()):
        facts = fold(number, events)
        assert facts is not None
        judged = judge(facts, book)
        made.tickets.append({"id": ticket_id, "number": number, **ticket_columns(judged)})
        made.clocks.extend(clock_columns(judged, ticket_id, END))
        made.events.extend((ticket_id, number, event) for event in events)
    made.events.sort(key=lambda told: told[2].recorded_at)  # stable: a ticket's own events stay in order
    return made


def all_rows(count: int, versions: tuple[VersionInForce, ...]) -> Iterator[Rows]:
    """Given the number of tickets and the versions, return each batch's rows in order, made ahead of who takes them."""
    waiting: deque[Future[Rows]] = deque()
    with ProcessPoolExecutor(max(1, (os.cpu_count() or 2) - 1)) as pool:
        for batch in history.batches(count, _known()):
            waiting.append(pool.submit(rows_of, batch, count, versions))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


# -- storing them ------------------------------------------------------------------------------------------------


def _fill(file: Path, count: int, book: Book, head: tuple[int, str]) -> None:
    engine = _quick_engine(file)
    with engine.connect() as connection, connection.begin():
        indexes = _drop_indexes(connection)
        tally: Counter[tuple[Any, ...]] = Counter()
        for rows in all_rows(count, book.versions):
            tally.update(clocks._cell(row) for row in rows.clocks if row["result"])
            head = _store(connection, rows, head)
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
    linked, personal, head = _linked(rows.events, head)
    for kind, values in (
        (tickets.TicketRow, [_columns(row) for row in rows.tickets]),
        (clocks.ClockRow, [_columns(row) for row in rows.clocks]),
        (audit.EventRow, linked),
        (audit.PersonalRow, personal),
    ):
        if values:
            connection.execute(insert(kind.__table__), values)
    return head


def _columns(row: dict[str, Any]) -> dict[str, Any]:
    row["class"] = row.pop("klass")  # the attribute's name, as the services have it, becomes the column's
    return row


def _linked(
    events: Sequence[tuple[int, str, Event]], head: tuple[int, str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], tuple[int, str]]:
    seq, previous = head
    linked, personal = [], []
    for ticket_id, number, event in events:
        seq += 1
        row, parts = audit._row(seq, previous, "ticket", number, event)
        previous = row["hash"]
        linked.append({**row, "ticket_id": ticket_id})
        personal += parts
    return linked, personal, (seq, previous)


# -- checking them -----------------------------------------------------------------------------------------------


def verify(console: Console, book: Book, count: int) -> None:
    """Given the loaded folder, fold a sample anew, count the tally anew and walk the chain. Raises ValueError."""
    chosen = Random(count).sample(range(1, count + 1), min(SAMPLE, count))  # noqa: S311 - figures, not secrets
    with console.read() as session:
        different = [ticket_id for ticket_id in chosen if _differs(session, book, ticket_id)]
        miscounted = clocks.miscounted(session, "2000-01", "2999-12")
        broken = audit.first_broken(session)
        dangling = session.execute(text("PRAGMA foreign_key_check")).first()
    if different or miscounted or broken or dangling:
        raise ValueError(f"not as the services store: {different=} {miscounted=} {broken=} {dangling=}")


def _differs(session: Session, book: Book, ticket_id: int) -> bool:
    row = session.get(tickets.TicketRow, ticket_id)
    assert row is not None
    facts = fold(row.number, audit.of_tickets(session, [ticket_id])[ticket_id])
    assert facts is not None
    judged, again = judge(facts, book), judge(facts, book, frozen_of(row))
    stored = [
        {name: value for name, value in vars(clock).items() if name not in ("_sa_instance_state", "id")}
        for clock in clocks.of_tickets(session, [ticket_id]).get(ticket_id, [])
    ]
    is_same = all(getattr(row, name) == value for name, value in ticket_columns(judged).items())
    return not is_same or judged != again or stored != clock_columns(judged, ticket_id, END)


# -- telling -----------------------------------------------------------------------------------------------------


def report(made: Sequence[Loaded]) -> str:
    """Given how folders were loaded, return the section of README.md."""
    header = ["tickets", "events", "load, s", "tickets/s", "check, s", "file, MiB", "open", "with a breach"]
    rows = [
        [
            figures.number(item.count), figures.number(item.events), f"{item.seconds:.1f}",
            f"{item.count / item.seconds:.0f}", f"{item.verified_seconds:.1f}", f"{item.bytes / 2**20:.0f}",
            item.open_tickets, f"{item.broken_tickets / item.count:.1%}",
        ]
        for item in made
    ]  # fmt: skip
    method = (
        "reports from 2025-01 to 2026-11 with the shares of `tests/data/tickets-2026.csv`, five events a ticket in one "
        "hash chain, rows made by the services' own functions, inserted in bulk (tables and indexes are more compact "
        f"than after two years of single writes). Checked: {SAMPLE} tickets folded anew equal their rows, the tally "
        "equals a fresh count, the whole chain holds, no foreign key dangles. This is how the folders of the other "
        "sections are made, not a figure of the console."
    )
    return figures.section("Loaded folders", method, figures.table(header, rows))


def main() -> None:
    """Load the folders asked for, anew."""
    asked = figures.arguments(__doc__, sizes=(figures.sizes, (10_000,), "numbers of tickets"))
    made = [loaded for count in asked.sizes if (loaded := ready(count, anew=True))]
    figures.give("load", report(made), readme=asked.readme)


if __name__ == "__main__":
    main()
