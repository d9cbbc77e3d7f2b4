"""Taking an act back within its first minute, while nobody has acted on it: an event of its own, nothing is erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.attachments import BESIDE
from ops_console.core.errors import Refused
from ops_console.core.moments import whole
from ops_console.core.people import Actor
from ops_console.core.tickets import Event, TicketFacts
from ops_console.services.contracts import Book
from ops_console.services.ticket_events import append_event, held

WITHIN = timedelta(seconds=60)
# What another party was told, or what stands on another ticket too, is not taken back by one alone.
LASTING = (
    core.TAKEN_BACK, core.CORRECTION_DECIDED, core.SUSPENSION_DECIDED, core.LINKED, core.TIMES_ACCEPTED,
    *core.PERSONAL_KINDS, *core.CLASSED,
)  # fmt: skip


def last_act(events: Sequence[Event], actor: Actor, now: datetime) -> tuple[Event, ...]:
    """Given a ticket's events, who looks and now, return the events of their last act if it can be taken back.

    Files and papers stand beside a ticket's life: they are neither taken back nor in the way of it.
    """
    events = [event for event in events if event.kind not in BESIDE]
    if not events:
        return ()
    last = events[-1]
    act = tuple(e for e in events if e.recorded_at == last.recorded_at and e.actor == last.actor)
    fresh = timedelta() <= whole(now) - last.recorded_at <= WITHIN
    mine = last.actor == actor.account and last.side == actor.side
    if not (fresh and mine) or any(e.kind in LASTING or e.grade == core.GRADE_IMPORTED for e in act):
        return ()
    return act


def take_back(session: Session, book: Book, number: str, actor: Actor, now: datetime) -> TicketFacts:
    """Given a ticket's number, take the actor's last act on it back and return what the ticket comes to.

    Raises Refused after a minute, or once anybody acted on the ticket since.
    """
    actor.need("tickets.read")
    row, events, _facts = held(session, number)
    act = last_act(events, actor, now)
    if not act:
        raise Refused("工单 %(number)s 的上一步不能撤回：已超过 1 分钟，或他人已接着处理。", number=number)
    told: dict[str, object] = {"events": [event.seq for event in act], "what": act[0].kind}
    return append_event(session, book, row, events, core.TAKEN_BACK, actor, now, facts=told)
