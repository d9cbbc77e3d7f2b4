"""Walking through all tickets of a filter, page after page, each ticket once while others are added.

Not for the pages' list, which counts and jumps (`services/tickets.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.cursors import Place, read_cursor, write_cursor
from ops_console.core.people import Actor
from ops_console.core.ticket_lists import Filter
from ops_console.store import clocks, ticket_lists

MOST = 200


@dataclass(frozen=True)
class Stretch:
    """One page of a walk: its rows, the clocks of each, and the cursor of the next page (None: the walk ends)."""

    rows: Sequence[Any]
    clocks: Mapping[int, Sequence[Any]]
    following: str | None


def walk(
    session: Session, chosen: Filter, actor: Actor, *, now: datetime, cursor: str, descending: bool, limit: int
) -> Stretch:
    """Given a filter and a cursor ("": the beginning), return the next page of at most MOST tickets by report time.

    Two statements. Raises Refused for a cursor that is not of this filter and order.
    """
    actor.need("tickets.read")
    limit = min(max(limit, 1), MOST)
    after = read_cursor(cursor, chosen, descending=descending) if cursor else None
    found = ticket_lists.following(session, chosen, now, after=after, descending=descending, limit=limit + 1)
    rows = found[:limit]
    following = None
    if len(found) > limit:
        following = write_cursor(Place(rows[-1].reported_at, rows[-1].id), chosen, descending=descending)
    return Stretch(rows, clocks.chips(session, [row.id for row in rows]), following)
