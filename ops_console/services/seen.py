"""What a person has not seen yet: tickets that the other party changed since that person last opened them.

A comfort of each person's own, no business act: it enters no chain. Auditors and administrators have no other party.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound
from ops_console.core.people import HOSPITAL, VENDOR, Actor
from ops_console.store import audit, tickets
from ops_console.store import seen as store

OTHER = {HOSPITAL: VENDOR, VENDOR: HOSPITAL}
MOST = 99  # counted no further


@dataclass(frozen=True)
class News:
    """How many tickets have news (MOST and one: more), and whether this person ever looked at all."""

    count: int
    has_begun: bool


def news(session: Session, person_id: int, actor: Actor) -> News:
    """Given a person, return how many tickets have news for them. Two statements."""
    actor.need("tickets.read")
    if actor.side not in OTHER:
        return News(0, has_begun=True)
    if store.until(session, person_id) is None:
        return News(0, has_begun=False)
    return News(len(store.news(session, person_id, OTHER[actor.side], MOST + 1)), has_begun=True)


def asked_by(person_id: int, actor: Actor) -> tuple[int, str] | None:
    """Given a person, return what tells their news among tickets, or None without another party."""
    return (person_id, OTHER[actor.side]) if actor.side in OTHER else None


def begin(session: Session, person_id: int, actor: Actor, *, anew: bool = False) -> None:
    """Given a person who looks for the first time, let nothing so far be news; `anew`: mark all of it as seen."""
    actor.need("tickets.read")
    store.keep_until(session, person_id, audit.chain_head(session)[0], anew=anew)


def look(session: Session, person_id: int, actor: Actor, number: str, shown: int | None = None) -> None:
    """Given a person, a ticket's number and how many of its events they were shown (None: all), keep it as seen.

    Raises NotFound when there is no such ticket for the asker.
    """
    actor.need("tickets.read")
    row = tickets.by_number(session, number)
    if row is None:
        raise NotFound("没有编号为 %(number)s 的工单。", number=number)
    seq = audit.seq_of(session, row.id, shown)
    if seq:
        store.keep(session, person_id, row.id, seq)
