"""The hospital's own notes on tickets: events whose text only the hospital's accounts are ever given.

Not part of a ticket's facts: the fold of a ticket never reads them (`store/audit.of_tickets`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.notes import NOTED, check_note
from ops_console.core.people import HOSPITAL, Actor
from ops_console.core.tickets import Event
from ops_console.store import audit, tickets


def note(session: Session, number: str, text: str, actor: Actor, now: datetime) -> None:
    """Given a ticket's number and a text, keep it as the hospital's note. Raises Refused naming the field, NotFound."""
    _need(actor)
    text = check_note(text)
    event = Event(NOTED, now, now, actor.account, actor.side, facts={"visible_to": HOSPITAL}, personal={"note": text})
    audit.append(session, "ticket", number, event, ticket_id=_ticket_id(session, number))


def notes(session: Session, number: str, actor: Actor) -> Sequence[Event]:
    """Given a ticket's number and somebody of the hospital, return its notes, oldest first. Raises NotFound."""
    _need(actor)
    return audit.notes_of(session, _ticket_id(session, number), HOSPITAL)


def _need(actor: Actor) -> None:
    actor.need("notes.hospital")
    if actor.side != HOSPITAL:
        raise Refused("您的角色没有这项权限；如需办理，请联系有权限的人员。", field="permission")


def _ticket_id(session: Session, number: str) -> int:
    row = tickets.by_number(session, number)
    if row is None:
        raise NotFound("没有编号为 %(number)s 的工单。", number=number)
    return row.id
