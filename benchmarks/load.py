"""Loads a data folder with N tickets, five events each, as the services would have stored them, only in bulk.

Run `python -m benchmarks.load --sizes 10000`; the other benchmarks use the folders it makes. Events are linked by
`store.audit`, judged by `services.clocks`; a sample is folded anew, the tally counted anew and the chain walked.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks import bulk, figures, history
from benchmarks.history import END
from ops_console import settings
from ops_console.console import PROJECT, Console
from ops_console.core.ticket_folds import fold
from ops_console.services.clocks import clock_columns, frozen_of, judge, ticket_columns
from ops_console.services.contracts import Book
from ops_console.services.search import row_of
from ops_console.store import audit, clocks, search, tickets
from ops_console.store.migrate import newest_version

ROOT = Path(os.environ.get("OPS_BENCHMARKS") or Path(tempfile.gettempdir()) / "ops-console-benchmarks")
SAMPLE = 200


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


def open_console(folder: Path, now: Callable[[], Any] = lambda: END, **more: str) -> Console:
    """Given a data folder and more of its environment, return a prepared console on it with the shipped settings."""
    console = Console(settings.load(PROJECT, {"OPS_DATA": str(folder), **more}), now=now)
    console.prepare()
    return console


def ready(count: int, root: Path = ROOT, *, anew: bool = False) -> Loaded:
    """Given a number of tickets, see that its folder is loaded by today's recipe, and return how it was.

    One of an older schema is migrated as a house would be, and checked again.
    """
    folder = folder_of(count, root)
    mark = folder / "loaded.json"
    kept = json.loads(mark.read_text()) if mark.exists() and not anew else {}
    if kept.get("recipe") == recipe() and kept.get("schema") == schema():
        return Loaded(**kept["loaded"])
    if kept.get("recipe") == recipe():
        made = Loaded(**kept["loaded"])
        again(folder, count)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        made = load(folder, count)
    mark.write_text(json.dumps({"recipe": recipe(), "schema": schema(), "loaded": asdict(made)}))
    return made


def recipe() -> str:
    """Given nothing, return a digest of what a loaded folder is made by: with another, it is loaded anew."""
    digest = hashlib.sha256()
    for source in (bulk, history):
        digest.update(Path(source.__file__).read_bytes())
    return digest.hexdigest()


def schema() -> str:
    """Given nothing, return the version of the database's schema."""
    return str(newest_version(PROJECT / "migrations"))


def again(folder: Path, count: int) -> None:
    """Given a folder loaded with an older schema, migrate and verify it. Raises ValueError where a check fails."""
    console = open_console(folder)
    try:
        with console.read() as session:
            book = console.book(session)
        verify(console, book, count)
    finally:
        console.close()


def load(folder: Path, count: int) -> Loaded:
    """Given an empty folder and a number of tickets, load and verify them. Raises ValueError where a check fails."""
    console = open_console(folder)
    try:
        with console.read() as session:
            book, head = console.book(session), audit.chain_head(session)
        console.close()
        seconds = figures.timed(lambda: bulk.fill(folder / "console.db", count, book, head))
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


# -- checking them -----------------------------------------------------------------------------------------------


def verify(console: Console, book: Book, count: int) -> None:
    """Given the loaded folder, fold a sample anew, count the tally anew and walk the chain. Raises ValueError."""
    chosen = Random(count).sample(range(1, count + 1), min(SAMPLE, count))
    with console.read() as session:
        different = [ticket_id for ticket_id in chosen if _differs(session, book, ticket_id)]
        miscounted = clocks.miscounted(session, "2000-01", "2999-12")
        broken = audit.first_broken(session)
        unfound = count - int(session.scalar(text("SELECT count(*) FROM ticket_text")) or 0)
        dangling = session.execute(text("PRAGMA foreign_key_check")).first()
    if different or miscounted or broken or dangling or unfound:
        raise ValueError(f"not as the services store: {different=} {miscounted=} {broken=} {dangling=} {unfound=}")


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
    text_row = search.known(session, [ticket_id]).get(ticket_id)
    is_same = is_same and text_row is not None and dict(text_row._mapping) == row_of(ticket_id, facts)
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
    made = [ready(count, anew=True) for count in asked.sizes]
    figures.give("load", report(made), readme=asked.readme)


if __name__ == "__main__":
    main()
