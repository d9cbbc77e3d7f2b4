"""That two tickets have to do with each other, said on both; and a ticket split off another once both parties agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import Actor
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import Event, Link, Proposal, TicketFacts
from ops_console.services import attachments
from ops_console.services.contracts import Book
from ops_console.services.ticket_events import claimed, event_of, next_number
from ops_console.services.ticket_rows import write
from ops_console.store import audit
from ops_console.store import tickets as store


def link(session: Session, book: Book, number: str, made: Link, actor: Actor, now: datetime) -> None:
    """Given a ticket and what it is to be linked with, say so on both. Raises Refused naming the field."""
    actor.need("tickets.record")
    if made.relation not in core.RELATIONS:
        raise Refused("没有“%(value)s”这一关系，请从列表中选。", field="relation", value=made.relation)
    if made.number == number:
        raise Refused("工单不能与自己关联。", field="ticket")
    rows = store.lock_many(session, (number, made.number))
    if number not in rows:
        raise NotFound("没有编号为 %(number)s 的工单。", number=number)
    if made.number not in rows:
        raise Refused("没有编号为 %(number)s 的工单，请检查单号。", field="ticket", number=made.number)
    happened = audit.of_tickets(session, [row.id for row in rows.values()])
    events = {row.number: happened[row.id] for row in rows.values()}
    facts = fold(number, events[number])
    if facts is not None and made in facts.links:
        raise Refused("这两件工单已经关联。", field="ticket")
    told = {number: made, made.number: Link(number, core.RELATIONS[made.relation])}
    both = {n: [*events[n], _linked(book, said, actor, now)] for n, said in told.items()}
    write(session, book, both, rows, whole(now), new=1)


def linked(session: Session, links: Sequence[Link], actor: Actor) -> dict[str, TicketFacts]:
    """Given a ticket's links and who looks, return what each of those tickets comes to, by number. Two statements."""
    actor.need("tickets.read")
    ids = store.by_numbers(session, [link.number for link in links]) if links else {}
    events = audit.of_tickets(session, list(ids.values())) if ids else {}
    found = {number: fold(number, events[ticket_id]) for number, ticket_id in ids.items()}
    return {number: facts for number, facts in found.items() if facts is not None}


def _linked(book: Book, made: Link, actor: Actor, now: datetime) -> Event:
    facts = {"ticket": made.number, "relation": made.relation}
    return event_of(core.LINKED, claimed(None, now), actor, book, facts=facts)


def split_off(
    session: Session, book: Book, row: store.TicketRow, events: Sequence[Event], *, proposal: Proposal, actor: Actor
) -> TicketFacts:
    """Given a ticket whose last event approves a split, store it and open the new ticket with the same report.

    The new ticket has the report time of the first, with its grade and its proof: nothing is gained by splitting.
    Hold `lock_adding` before the row of the ticket.
    """
    now = events[-1].recorded_at
    facts = fold(row.number, events)
    assert facts is not None
    number = next_number(session, now)
    both = {
        row.number: [*events, _linked(book, Link(number, "相关"), actor, now)],
        number: [_copied_report(facts, proposal, actor, now), _linked(book, Link(row.number, "相关"), actor, now)],
    }
    told = write(session, book, both, {row.number: row}, now, new=2)[row.number].facts
    split = store.lock(session, number)
    assert split is not None
    attachments.carry_over(session, row, split, facts.stamps["reported_at"].proof, actor, now)
    return told


def _copied_report(facts: TicketFacts, proposal: Proposal, actor: Actor, now: datetime) -> Event:
    stamp = facts.stamps["reported_at"]
    told = {
        "type": proposal.new, "module": facts.module, "department": facts.department, "carrier": facts.carrier,
        "needs_onsite": False, "split_from": facts.number, "reported_side": stamp.side,
        **({core.WITHOUT_ACCOUNT: True} if stamp.without_account else {}),
    }  # fmt: skip
    texts = {name: facts.personal.get(name, "") for name in ("reporter", "phone")} | {"title": proposal.text}
    report = Event(core.REPORTED, stamp.at, now, actor.account, actor.side, facts.channel, stamp.grade, stamp.proof)
    return replace(report, facts=told, personal=texts)
