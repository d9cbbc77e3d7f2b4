"""Personal parts of tickets' events: which are kept, who was shown an original, and emptying them.

Not for writing them (`store/audit.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.moments import month_start, shift_month
from ops_console.store.audit import KEPT_UNTIL_PURGE, EventRow, PersonalRow
from ops_console.store.base import Base, Id
from ops_console.store.people import PersonRow
from ops_console.store.tickets import TicketRow

SHOWN = ("title", "reporter", "department", "handler")


class RevealRow(Base):
    """One original shown to one person, until when."""

    __tablename__ = "personal_reveal"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    seq: Mapped[int] = mapped_column(Id, ForeignKey("event.seq"))
    field: Mapped[str] = mapped_column(String(30))
    revealed_at: Mapped[datetime]
    until: Mapped[datetime]
    __table_args__ = (
        Index("ix_personal_reveal_person_id_revealed_at", "person_id", "revealed_at"),
        Index("ix_personal_reveal_revealed_at", "revealed_at"),
    )


@dataclass(frozen=True)
class Part:
    """One personal part as stored: its event, its field, its text (None once emptied), what is sealed, and the
    commitments of its event.
    """

    seq: int
    field: str
    kind: str
    recorded_at: datetime
    text: str | None
    sealed: bytes | None
    commitments: dict[str, str]


def parts(session: Session, ticket_ids: Iterable[int]) -> dict[int, list[Part]]:
    """Given tickets, return the personal parts of each in the order recorded. One statement."""
    ids = list(ticket_ids)
    query = (
        select(
            EventRow.ticket_id, EventRow.kind, EventRow.recorded_at, EventRow.commitments, PersonalRow.seq,
            PersonalRow.field, PersonalRow.text, PersonalRow.sealed,
        )
        .join(EventRow, EventRow.seq == PersonalRow.seq)
        .where(EventRow.ticket_id.in_(ids))
        .order_by(PersonalRow.seq, PersonalRow.field)
    )  # fmt: skip
    found: dict[int, list[Part]] = {ticket_id: [] for ticket_id in ids}
    for row in session.execute(query):
        commitments = json.loads(row.commitments)
        found[row.ticket_id].append(
            Part(row.seq, row.field, row.kind, row.recorded_at, row.text, row.sealed, commitments)
        )
    return found


def empty(session: Session, seq: int, field: str, *, text_too: bool) -> None:
    """Given a part, destroy what is sealed of it; where asked, its text and salt too."""
    gone = {"sealed": None, **({"text": None, "salt": None} if text_too else {})}
    session.execute(update(PersonalRow).where(PersonalRow.seq == seq, PersonalRow.field == field).values(gone))


def kept_tickets(session: Session, until: datetime, after: int, limit: int) -> list[tuple[int, int]]:
    """Given an instant and the number of an event, return (event, ticket) of the next parts recorded until then that
    a purge may still empty, oldest first.
    """
    query = (
        select(PersonalRow.seq, EventRow.ticket_id)
        .join(EventRow, EventRow.seq == PersonalRow.seq)
        .where(KEPT_UNTIL_PURGE, PersonalRow.seq > after)
        .where(EventRow.ticket_id.is_not(None), EventRow.recorded_at <= until)
        .order_by(PersonalRow.seq)
        .limit(limit)
    )
    return [(row.seq, row.ticket_id) for row in session.execute(query)]


def reveals_since(session: Session, person_id: int, since: datetime) -> int:
    """Given a person and an instant, return how many originals the person was shown after it."""
    query = (
        select(func.count())
        .select_from(RevealRow)
        .where(RevealRow.person_id == person_id, RevealRow.revealed_at > since)
    )
    return session.scalar(query) or 0


def open_reveal(session: Session, person_id: int, seq: int, field: str, now: datetime) -> datetime | None:
    """Given a person, a part and now, return until when the person may see its original, or None."""
    mine = select(func.max(RevealRow.until)).where(
        RevealRow.person_id == person_id, RevealRow.seq == seq, RevealRow.field == field, RevealRow.until > now
    )
    return session.scalar(mine)


def reveals_of_month(session: Session, month: str) -> dict[str, int]:
    """Given a month `2026-03`, return how many originals each account was shown in it."""
    query = (
        select(PersonRow.account, func.count())
        .join(RevealRow, RevealRow.person_id == PersonRow.id)
        .where(RevealRow.revealed_at >= month_start(month), RevealRow.revealed_at < month_start(shift_month(month, 1)))
        .group_by(PersonRow.account)
        .order_by(PersonRow.account)
    )
    return dict(session.execute(query).all())  # type: ignore[arg-type]


def shown_rows(session: Session, after: int, limit: int) -> list[dict[str, Any]]:
    """Given the id of a ticket, return what lists show of the next ones: id and texts."""
    query = select(TicketRow.id, *(getattr(TicketRow, name) for name in SHOWN)).where(TicketRow.id > after)
    return [row._asdict() for row in session.execute(query.order_by(TicketRow.id).limit(limit))]
