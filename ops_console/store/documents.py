"""What printed papers rest on: links of the chain that a ticket's or a case's paper names, a department's week."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from ops_console.core.attachments import PRINTED
from ops_console.core.breaches import SUBJECT as BREACH
from ops_console.core.documents import SLIPS_PRINTED
from ops_console.store.audit import EventRow
from ops_console.store.tickets import TicketRow


def last_link(session: Session, number: str) -> tuple[int, str]:
    """Given a ticket's or a case's number, return the chain number and hash of its newest event; (0, "") for none."""
    query = select(EventRow.seq, EventRow.hash).where(*_about(session, number))
    row = session.execute(query.order_by(EventRow.seq.desc()).limit(1)).one_or_none()
    return (row.seq, row.hash) if row else (0, "")


def _about(session: Session, number: str) -> tuple[ColumnElement[bool], ...]:
    """Whether an event is about the ticket of that number or, where there is none, about the breach case."""
    ticket = session.scalar(select(TicketRow.id).where(TicketRow.number == number))
    if ticket is not None:
        return (EventRow.ticket_id == ticket,)
    return EventRow.ticket_id.is_(None), EventRow.subject == BREACH, EventRow.subject_id == number


def printed(session: Session, number: str, code: str) -> tuple[int, datetime, int] | None:
    """Given a ticket's or a case's number and a paper's code, return the chain number it names, when the paper was
    first printed, and the chain number of the newest fact; None where no such paper was printed.
    """
    about = _about(session, number)
    papers = session.scalars(select(EventRow).where(*about, EventRow.kind == PRINTED).order_by(EventRow.seq)).all()
    paper = next((event for event in papers if json.loads(event.facts).get("of") == code), None)
    starts = EventRow.hash.startswith(code, autoescape=True)
    named = session.scalar(select(EventRow.seq).where(*about, starts).limit(1))
    if paper is None or named is None:
        return None
    newest = select(func.max(EventRow.seq)).where(*about, EventRow.kind != PRINTED)
    return named, paper.recorded_at, session.scalar(newest) or 0


def of_department(session: Session, department: str, start: datetime, end: datetime, limit: int) -> Sequence[Any]:
    """Given a department and a span of report times, return its tickets, oldest first, at most `limit`."""
    query = select(
        TicketRow.number, TicketRow.reported_at, TicketRow.type, TicketRow.title, TicketRow.handler, TicketRow.state,
        TicketRow.restored_at,
    )  # fmt: skip
    query = query.where(TicketRow.department == department, TicketRow.reported_at >= start, TicketRow.reported_at < end)
    return session.execute(query.order_by(TicketRow.reported_at, TicketRow.id).limit(limit)).all()


def departments(session: Session, limit: int = 500) -> list[str]:
    """Given nothing, return the departments that have tickets, by name."""
    query = select(TicketRow.department).where(TicketRow.department != "").distinct()
    return list(session.scalars(query.order_by(TicketRow.department).limit(limit)))


def last_slip(session: Session) -> int:
    """Given nothing, return the highest serial number that was ever printed on a blank slip, 0 when none was."""
    query = select(EventRow.facts).where(EventRow.ticket_id.is_(None), EventRow.subject == "slips")
    facts = session.scalar(query.where(EventRow.kind == SLIPS_PRINTED).order_by(EventRow.seq.desc()).limit(1))
    return int(json.loads(facts)["last"]) if facts else 0
