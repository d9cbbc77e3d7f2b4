"""Flags: what the detectors found, of which tickets, what the parties said about it. Their history is the chain's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Select, String, Text, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.flags import OPEN, STATES, WAITING
from ops_console.store.base import Base, Id, insert_over
from ops_console.store.tickets import TicketRow


class FlagRow(Base):
    """One flag as it stands now. `why` is its sentence as JSON; `explanation` and `reason` are masked."""

    __tablename__ = "flag"
    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64), unique=True)
    detector: Mapped[str] = mapped_column(String(30))
    month: Mapped[str] = mapped_column(String(7))
    why: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(12))
    found_at: Mapped[datetime]
    explanation: Mapped[str] = mapped_column(String(500))
    explained_by: Mapped[str] = mapped_column(String(80))
    explained_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(500))
    reviewed_by: Mapped[str] = mapped_column(String(80))
    reviewed_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index("ix_flag_month_state", "month", "state"),
    )


class FlagTicketRow(Base):
    """That a flag is about a ticket."""

    __tablename__ = "flag_ticket"
    flag_id: Mapped[int] = mapped_column(ForeignKey("flag.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True)
    __table_args__ = (Index("ix_flag_ticket_ticket_id", "ticket_id"),)


def add(session: Session, values: Mapping[str, Any], ticket_ids: Iterable[int]) -> int | None:
    """Given a new flag's columns and its tickets, insert it and return its id; None when another run just did."""
    statement = insert_over(session, FlagRow).values(**values).on_conflict_do_nothing(index_elements=["fingerprint"])
    made: int | None = session.scalar(statement.returning(FlagRow.id))
    if made is not None:
        session.execute(insert(FlagTicketRow), [{"flag_id": made, "ticket_id": one} for one in ticket_ids])
    return made


def of_month(session: Session, month: str) -> dict[str, FlagRow]:
    """Given a month, return its flags by fingerprint, held against other writers until the commit."""
    query = select(FlagRow).where(FlagRow.month == month).order_by(FlagRow.id).with_for_update()
    return {row.fingerprint: row for row in session.scalars(query.execution_options(populate_existing=True))}


def one(session: Session, flag_id: int) -> FlagRow | None:
    """Given an id, return the flag held against other writers until the commit, or None."""
    query = select(FlagRow).where(FlagRow.id == flag_id).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def ticket_ids(session: Session, flag_id: int) -> Sequence[int]:
    """Given a flag's id, return the ids of its tickets."""
    return session.scalars(select(FlagTicketRow.ticket_id).where(FlagTicketRow.flag_id == flag_id)).all()


def change(session: Session, flag_id: int, **values: Any) -> None:
    """Given a flag's id and columns, write them."""
    session.execute(update(FlagRow).where(FlagRow.id == flag_id).values(**values))


def _narrowed(query: Select[Any], month: str, detector: str, states: Sequence[str]) -> Select[Any]:
    for column, wanted in ((FlagRow.month, month), (FlagRow.detector, detector)):
        query = query.where(column == wanted) if wanted else query
    return query.where(FlagRow.state.in_(states)) if states else query


def page(
    session: Session, month: str, detector: str, states: Sequence[str], *, limit: int, offset: int
) -> Sequence[FlagRow]:
    """Given a month, a detector ("": every) and states, return a page of flags, the newest month first."""
    query = _narrowed(select(FlagRow), month, detector, states).order_by(FlagRow.month.desc(), FlagRow.id)
    return session.scalars(query.limit(limit).offset(offset)).all()


def counts(session: Session, month: str) -> dict[tuple[str, str], int]:
    """Given a month ("": every), return how many flags there are by (detector, state). One statement."""
    query = _narrowed(select(FlagRow.detector, FlagRow.state, func.count()), month, "", ())
    rows = session.execute(query.group_by(FlagRow.detector, FlagRow.state)).all()
    return {(detector, state): n for detector, state, n in rows}


def waiting(session: Session, month: str) -> int:
    """Given a month, return how many of its flags wait for the hospital's review. One statement."""
    return session.scalar(select(func.count()).where(FlagRow.month == month, FlagRow.state.in_(OPEN))) or 0


def months(session: Session) -> Sequence[str]:
    """Given nothing, return the months that have flags, the newest first."""
    return session.scalars(select(FlagRow.month).distinct().order_by(FlagRow.month.desc())).all()


def tickets_of(session: Session, flag_ids: Iterable[int]) -> dict[int, list[Any]]:
    """Given flags, return the tickets that each is about, in order of their numbers. One statement."""
    query = (
        select(FlagTicketRow.flag_id, TicketRow.number, TicketRow.type, TicketRow.title, TicketRow.reported_at)
        .join(TicketRow, TicketRow.id == FlagTicketRow.ticket_id)
        .where(FlagTicketRow.flag_id.in_(list(flag_ids)))
        .order_by(TicketRow.number)
    )
    found: dict[int, list[Any]] = {}
    for row in session.execute(query):
        found.setdefault(row.flag_id, []).append(row)
    return found


def of_ticket(session: Session, number: str) -> Sequence[FlagRow]:
    """Given a ticket's number, return the flags about it, the oldest first."""
    query = (
        select(FlagRow)
        .join(FlagTicketRow, FlagTicketRow.flag_id == FlagRow.id)
        .join(TicketRow, TicketRow.id == FlagTicketRow.ticket_id)
        .where(TicketRow.number == number)
        .order_by(FlagRow.id)
    )
    return session.scalars(query).all()


def reports(session: Session, start: datetime, end: datetime) -> Sequence[Any]:
    """Given two instants, return the reports between them by time: what a later one about the same may repeat."""
    query = select(
        TicketRow.number, TicketRow.module, TicketRow.channel, TicketRow.title, TicketRow.reported_at,
        TicketRow.from_hospital, TicketRow.department,
    )  # fmt: skip
    query = query.where(TicketRow.reported_at >= start, TicketRow.reported_at < end)
    return session.execute(query.order_by(TicketRow.reported_at, TicketRow.id)).all()


NEW = {"state": WAITING, "explanation": "", "explained_by": "", "reason": "", "reviewed_by": ""}
