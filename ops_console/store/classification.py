"""Classes of tickets that the parties have not settled, and objections to classes: what tickets' events come to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, delete, func, insert, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.classification import OUTCOMES, STATES
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.store.base import Base, Id
from ops_console.store.catalogue import TypeRow
from ops_console.store.tickets import TicketRow


class ClassRow(Base):
    """That a ticket's class is not settled by both, and whose word is waited for. No row: settled, or not theirs to."""

    __tablename__ = "ticket_class"
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(30))
    state: Mapped[str] = mapped_column(String(10))
    waits_hospital: Mapped[bool] = mapped_column(Boolean)
    waits_vendor: Mapped[bool] = mapped_column(Boolean)
    lacks_order: Mapped[bool] = mapped_column(Boolean)
    exempt: Mapped[bool] = mapped_column(Boolean)
    __table_args__ = (CheckConstraint(f"state IN {STATES}", name="state"),)


class ObjectionRow(Base):
    """One objection of a ticket, counted from 1 in the order raised. `reason` and `answer` are masked."""

    __tablename__ = "objection"
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(30))
    wished: Mapped[str] = mapped_column(String(30))
    side: Mapped[str] = mapped_column(String(12))
    account: Mapped[str] = mapped_column(String(80))
    raised_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))
    outcome: Mapped[str] = mapped_column(String(12))
    answer: Mapped[str] = mapped_column(String(500))
    settled_by: Mapped[str] = mapped_column(String(80))
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(f"outcome IN {OUTCOMES}", name="outcome"),
        Index("ix_objection_raised_at", "raised_at"),
    )


def agreed_types(session: Session) -> frozenset[str]:
    """Given nothing, return the names of the ticket types whose class both parties settle. One statement."""
    return frozenset(session.scalars(select(TypeRow.name).where(TypeRow.agreed.is_(True))))


def replace(
    session: Session, known: Iterable[int], classes: list[dict[str, Any]], objections: list[dict[str, Any]]
) -> None:
    """Given ids of tickets that were known before, and the rows that written tickets come to, store these alone."""
    ids = list(known)
    if ids:
        session.execute(delete(ClassRow).where(ClassRow.ticket_id.in_(ids)))
    if objections:
        told = {row["ticket_id"] for row in objections}
        session.execute(delete(ObjectionRow).where(ObjectionRow.ticket_id.in_(list(told))))
        session.execute(insert(ObjectionRow), objections)
    if classes:
        session.execute(insert(ClassRow), classes)


LISTED = (
    TicketRow.id, TicketRow.number, TicketRow.title, TicketRow.department, TicketRow.reported_at,
    TicketRow.state.label("ticket_state"), ClassRow.type, ClassRow.state, ClassRow.waits_hospital,
    ClassRow.waits_vendor, ClassRow.lacks_order, ClassRow.exempt,
)  # fmt: skip


def page(session: Session, side: str, states: Sequence[str], *, limit: int, offset: int) -> Sequence[Any]:
    """Given a side whose word is waited for ("": any ticket) and states (none: all), return a page, oldest first."""
    query = select(*LISTED).join(TicketRow, TicketRow.id == ClassRow.ticket_id)
    query = query.where(ClassRow.state.in_(states)) if states else query
    waits = {HOSPITAL: ClassRow.waits_hospital, VENDOR: ClassRow.waits_vendor}.get(side)
    query = query.where(waits.is_(True)) if waits is not None else query
    return session.execute(query.order_by(TicketRow.reported_at, TicketRow.id).limit(limit).offset(offset)).all()


def counts(session: Session) -> list[Any]:
    """Given nothing, return how many there are by (state, waits_hospital, waits_vendor). One statement."""
    columns = (ClassRow.state, ClassRow.waits_hospital, ClassRow.waits_vendor)
    return list(session.execute(select(*columns, func.count().label("n")).group_by(*columns)).all())


OBJECTED = (
    ObjectionRow.ticket_id, ObjectionRow.number.label("nth"), TicketRow.number, TicketRow.title, ObjectionRow.type,
    ObjectionRow.wished, ObjectionRow.side, ObjectionRow.account, ObjectionRow.raised_at, ObjectionRow.reason,
    ObjectionRow.outcome, ObjectionRow.answer, ObjectionRow.settled_by, ObjectionRow.settled_at,
)  # fmt: skip


def open_at(session: Session, at: datetime) -> Sequence[Any]:
    """Given an instant, return the objections raised before it that were not settled before it, oldest first."""
    query = select(*OBJECTED).join(TicketRow, TicketRow.id == ObjectionRow.ticket_id)
    still = or_(ObjectionRow.settled_at.is_(None), ObjectionRow.settled_at >= at)
    query = query.where(ObjectionRow.raised_at < at, still)
    return session.execute(query.order_by(ObjectionRow.raised_at, ObjectionRow.ticket_id, ObjectionRow.number)).all()


def newest_objections(session: Session, limit: int, offset: int = 0) -> Sequence[Any]:
    """Given a limit, return objections, settled ones too, the newest first."""
    query = select(*OBJECTED).join(TicketRow, TicketRow.id == ObjectionRow.ticket_id)
    ordered = query.order_by(ObjectionRow.raised_at.desc(), ObjectionRow.ticket_id.desc(), ObjectionRow.number.desc())
    return session.execute(ordered.limit(limit).offset(offset)).all()
