"""What a ticket is about: filling what a placeholder left blank, changing content later. Times are never touched here.

Not for the class of a ticket once it has one (`services/corrections.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.errors import Refused
from ops_console.core.people import Actor
from ops_console.core.tickets import TicketFacts
from ops_console.services.contracts import Book
from ops_console.services.ticket_events import append_event, check_choice, check_named, check_texts, held

LONGEST_MINUTES = 9999


@dataclass(frozen=True)
class CompleteTicket:
    """The command that tells what a ticket is about. An empty field says nothing: what is known stays.

    `minutes` are whole minutes spent, as typed.
    """

    number: str
    type: str = ""
    module: str = ""
    channel: str = ""
    carrier: str = ""
    department: str = ""
    reporter: str = ""
    phone: str = ""
    title: str = ""
    description: str = ""
    mode: str = ""
    cause: str = ""
    environment: str = ""
    asker: str = ""
    minutes: str = ""
    cost_owner: str = ""
    fixed_version: str = ""


def complete(session: Session, book: Book, command: CompleteTicket, actor: Actor, now: datetime) -> TicketFacts:
    """Given the command, note what it tells anew and return what the ticket comes to.

    Raises Refused naming the field, also for a ticket that already has another type.
    """
    actor.need("tickets.record")
    row, events, facts = held(session, command.number)
    _check(session, facts, command)
    told = {name: getattr(command, name).strip() for name in (*core.CONTENT, *core.DETAILS) if hasattr(command, name)}
    texts = {name: getattr(command, name).strip() for name in core.PERSONAL if hasattr(command, name)}
    known = {name: getattr(facts, name) for name in core.CONTENT} | dict(facts.details)
    fresh: dict[str, object] = {name: value for name, value in told.items() if value and value != known.get(name)}
    personal = {name: value for name, value in texts.items() if value and value != facts.personal.get(name)}
    if not fresh and not personal:
        return facts
    return append_event(session, book, row, events, core.DESCRIBED, actor, now, facts=fresh, personal=personal)


def _check(session: Session, facts: TicketFacts, command: CompleteTicket) -> None:
    if facts.withdrawn:
        raise Refused("工单 %(number)s 已办结，不能再补内容；如需继续请新建工单。", number=facts.number)
    if facts.type and command.type and command.type != facts.type:
        raise Refused("工单 %(number)s 已有类型，改类型请提交改类型申请。", field="type", number=facts.number)
    named = {n: getattr(command, n).strip() for n in core.CONTENT if n != "department" and getattr(command, n).strip()}
    check_named(session, named)
    check_texts({n: getattr(command, n) for n in (*core.PERSONAL, *core.DETAILS, "department") if hasattr(command, n)})
    for name, choices in core.CHOICES.items():
        given = getattr(command, name).strip()
        if given != facts.details.get(name):  # what a sheet told otherwise stands until it is changed
            check_choice(name, given, choices)
    _check_minutes(command.minutes.strip())


def _check_minutes(minutes: str) -> None:
    if minutes and not (minutes.isascii() and minutes.isdigit() and int(minutes) <= LONGEST_MINUTES):
        raise Refused("用时请填整分钟数，最多 %(most)s。", field="minutes", most=LONGEST_MINUTES)
