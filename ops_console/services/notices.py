"""What every page tells whom: failures everybody, missing receivers the party itself, steps of the clock overseers.

Not for the words (`templates/_banners.html`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.host_clock import SHOWN_FOR
from ops_console.core.people import NEUTRAL, Actor
from ops_console.services import anchors
from ops_console.store import notices as store


@dataclass(frozen=True)
class Told:
    """Counts and sides to be told of; `readable` is False when it could not be found out."""

    open_failures: int = 0
    without_receiver: tuple[str, ...] = ()
    clock_stepped_at: datetime | None = None
    readable: bool = True


NOTHING, UNREADABLE = Told(), Told(readable=False)


def of_page(session: Session, actor: Actor | None, now: datetime) -> Told:
    """Given who looks (None: a stranger) and now, return what the page tells them. One statement.

    A failure is told to everybody, signed in or not. A party is told of its own receiver, an auditor of both.
    """
    found = store.of_now(session)
    if actor is None:
        return Told(found.open_failures)
    receives = {"hospital": found.hospital_receives, "vendor": found.vendor_receives}
    stepped = found.clock_stepped_at
    recent = stepped is not None and abs(now - stepped) <= SHOWN_FOR and actor.side == NEUTRAL
    without = anchors.missing(receives, actor) if actor.may("audit.read") else ()
    return Told(found.open_failures, without, stepped if recent else None)
