"""Searching tickets: keeping the index in step with what tickets come to, and finding by what somebody typed.

The index is fed with the texts of the facts alone, masked as they are; `reindex` after a purge takes the rest out.
Not for cutting texts and marking hits (`core/search.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import search as core
from ops_console.core.people import Actor
from ops_console.core.ticket_folds import fold
from ops_console.core.ticket_lists import Filter
from ops_console.core.tickets import TicketFacts
from ops_console.services.jobs import Run
from ops_console.services.ports import OpenSession
from ops_console.store import audit, jobs, tickets
from ops_console.store import search as store

JOB = "index-tickets"
FIRST_RUN = f"{JOB}/0005"  # asked for by the migration that made the index
BATCH = 200


# -- keeping the index -------------------------------------------------------------------------------------------


def keep(session: Session, facts: Mapping[int, TicketFacts], new: Collection[int] = ()) -> None:
    """Given what tickets come to, by id, bring the index to it. What has not changed is left alone.

    `new` are the ids of tickets just added: the index cannot have them.
    """
    known = store.known(session, facts.keys() - set(new))
    wanted = {ticket_id: row_of(ticket_id, told) for ticket_id, told in facts.items()}
    changed = [i for i, row in wanted.items() if i not in known or dict(known[i]._mapping) != row]
    store.remove(session, [known[ticket_id] for ticket_id in changed if ticket_id in known])
    store.add(session, [wanted[ticket_id] for ticket_id in changed])


def row_of(ticket_id: int, facts: TicketFacts) -> dict[str, Any]:
    """Given a ticket's id and what it comes to, return its row of the index."""
    told = core.text_of(facts)
    return {
        "place": core.place_of(ticket_id, facts.reported_at), "ticket_id": ticket_id, "text": told.comparable,
        "description": told.description, "process": told.process,
    }  # fmt: skip


def reindex(session: Session, ids: Iterable[int]) -> int:
    """Given ticket ids, bring the index to what their events tell now, and return how many there are.

    After a purge or a masking in the events: what is no longer there is then found no more.
    """
    rows = tickets.lock_ids(session, ids)
    events = audit.of_tickets(session, rows)
    folded = {ticket_id: fold(row.number, events[ticket_id]) for ticket_id, row in rows.items()}
    keep(session, {ticket_id: facts for ticket_id, facts in folded.items() if facts is not None})
    return len(rows)


def index_tickets(run: Run, open_read: OpenSession, open_write: OpenSession, batch: int = BATCH) -> dict[str, Any]:
    """Given a run, bring every ticket's row of the index to its events, oldest id first; `tickets` of the result."""
    done, after = run.done, int(run.state.get("after", 0))
    with open_read() as session:
        total = tickets.total(session)
    while True:
        with open_write() as session:
            ids = tickets.ids_after(session, after, batch)
            if not ids:
                return {"tickets": done}
            done, after = done + reindex(session, ids), ids[-1]
            run.checkpoint(session, done, max(done, total), {"after": after})


@dataclass(frozen=True)
class Progress:
    """How far the index is filled: tickets done, of how many, and whether somebody has to look at it."""

    done: int
    total: int
    is_stuck: bool


def progress(session: Session) -> Progress | None:
    """Given a session, return how far the first filling of the index is, or None when it is whole. One statement."""
    row = jobs.by_key(session, FIRST_RUN)
    if row is None or row.status == jobs.DONE:
        return None
    return Progress(row.done, row.total, row.status not in (jobs.QUEUED, jobs.RUNNING))


# -- finding -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """Hits: those of the page in order, and how many there are (one above HIT_LIMIT: more than that)."""

    rows: Sequence[Any]
    count: int


def find(session: Session, chosen: Filter, actor: Actor, *, now: datetime, page: int, per_page: int) -> Found:
    """Given what is looked for (`chosen.q`) and where, return a page (from 1) of the hits, newest first.

    At most three statements. Raises Refused, naming the field `q`, for what cannot be looked for.
    """
    ids = found_ids(session, chosen, actor, now=now)
    shown = ids[: core.HIT_LIMIT][(page - 1) * per_page : page * per_page]
    return Found(store.listed(session, shown) if shown else (), len(ids))


def found_ids(session: Session, chosen: Filter, actor: Actor, *, now: datetime, descending: bool = True) -> list[int]:
    """Given what is looked for and where, return the ids of the newest hits (or the oldest), one above HIT_LIMIT."""
    actor.need("tickets.read")
    query = core.query_of(chosen.q)
    return store.hits(session, query, chosen, now, descending=descending, limit=core.HIT_LIMIT + 1)


def number_of(session: Session, typed: str, actor: Actor) -> str | None:
    """Given what somebody typed, return the number of the ticket that it names exactly, or None."""
    actor.need("tickets.read")
    number = typed.strip()
    found = tickets.by_numbers(session, {number, number.upper()}) if number else {}
    return number if number in found else next(iter(found), None)
