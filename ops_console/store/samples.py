"""Samples: the list that each draw of a month was committed to, the tickets drawn, and what was said on the telephone.

Their history is the chain's. Nothing here is for the vendor before the month is locked (`services/samples.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.sample_results import ANSWERS
from ops_console.store.audit import EventRow, PersonalRow
from ops_console.store.base import Base, Id, insert_over
from ops_console.store.tickets import TicketRow


class SampleRow(Base):
    """One draw of a month, the first is number 1. `listed` is the canonical list; `reason` is masked.

    `near`, `vendor_alone` and `others` count candidates by stratum, `left_out` tickets with nobody to ask.
    """

    __tablename__ = "sample"
    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    month: Mapped[str] = mapped_column(String(7))
    number: Mapped[int]
    listed: Mapped[str] = mapped_column(Text, deferred=True, deferred_raiseload=True)
    digest: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]
    candidates: Mapped[int]
    near: Mapped[int]
    vendor_alone: Mapped[int]
    others: Mapped[int]
    left_out: Mapped[int]
    reason: Mapped[str] = mapped_column(String(500))
    committed_at: Mapped[datetime]
    committed_by: Mapped[str] = mapped_column(String(80))
    seed: Mapped[str] = mapped_column(String(100))
    drawn_at: Mapped[datetime | None]
    drawn_by: Mapped[str] = mapped_column(String(80))
    finished_at: Mapped[datetime | None]
    finished_by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (Index("uq_sample_month", "contract_id", "month", "number", unique=True),)


class SampleTicketRow(Base):
    """One ticket drawn, at its place from 1: its strata, the answer, "" while nobody was asked. `note` is masked."""

    __tablename__ = "sample_ticket"
    sample_id: Mapped[int] = mapped_column(ForeignKey("sample.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"))
    strata: Mapped[str] = mapped_column(String(30))
    answer: Mapped[str] = mapped_column(String(12))
    note: Mapped[str] = mapped_column(String(500))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(String(80))
    __table_args__ = (
        CheckConstraint(f"answer IN {('', *ANSWERS)}", name="answer"),
        Index("ix_sample_ticket_ticket_id", "ticket_id"),
    )


NEW = {"seed": "", "drawn_at": None, "drawn_by": "", "finished_at": None, "finished_by": ""}


def add(session: Session, values: Mapping[str, Any]) -> int | None:
    """Given the columns of a list committed to, insert it and return its id; None when another was just as quick."""
    statement = insert_over(session, SampleRow).values(**NEW, **values)
    statement = statement.on_conflict_do_nothing(index_elements=["contract_id", "month", "number"])
    made: int | None = session.scalar(statement.returning(SampleRow.id))
    return made


def of_month(session: Session, contract_id: int, month: str) -> Sequence[SampleRow]:
    """Given a contract and a month, return its draws, the newest first."""
    query = select(SampleRow).where(SampleRow.contract_id == contract_id, SampleRow.month == month)
    return session.scalars(query.order_by(SampleRow.number.desc())).all()


def one(session: Session, contract_id: int, month: str, number: int) -> SampleRow | None:
    """Given which draw, return it held against other writers until the commit, or None."""
    query = select(SampleRow).where(SampleRow.contract_id == contract_id, SampleRow.month == month)
    query = query.where(SampleRow.number == number).with_for_update()
    return session.scalar(query.execution_options(populate_existing=True))


def last_number(session: Session, contract_id: int, month: str) -> int:
    """Given a contract and a month, return the number of its newest draw, 0 when there is none."""
    query = select(func.max(SampleRow.number)).where(SampleRow.contract_id == contract_id, SampleRow.month == month)
    return session.scalar(query) or 0


def listed(session: Session, sample_id: int) -> str:
    """Given a draw's id, return the list that it was committed to, as it was hashed."""
    return session.execute(select(SampleRow.listed).where(SampleRow.id == sample_id)).scalar_one()


def add_tickets(session: Session, sample_id: int, drawn: Iterable[tuple[int, str]]) -> None:
    """Given a draw and (ticket id, strata) in the order drawn, keep them."""
    blank = {"answer": "", "note": "", "answered_at": None, "answered_by": ""}
    rows = [
        {"sample_id": sample_id, "place": place, "ticket_id": ticket_id, "strata": strata, **blank}
        for place, (ticket_id, strata) in enumerate(drawn, 1)
    ]
    session.execute(insert(SampleTicketRow), rows)


def ticket(session: Session, sample_id: int, place: int) -> SampleTicketRow | None:
    """Given a draw that is held and a place in it, return what was drawn there, or None."""
    query = select(SampleTicketRow).where(SampleTicketRow.sample_id == sample_id, SampleTicketRow.place == place)
    return session.scalar(query.execution_options(populate_existing=True))


def tickets_of(session: Session, sample_ids: Iterable[int]) -> dict[int, list[Any]]:
    """Given draws, return what each drew, by place, with the ticket's number, type and title now. One statement."""
    query = (
        select(SampleTicketRow, TicketRow.number, TicketRow.type, TicketRow.title, TicketRow.state)
        .join(TicketRow, TicketRow.id == SampleTicketRow.ticket_id)
        .where(SampleTicketRow.sample_id.in_(list(sample_ids)))
        .order_by(SampleTicketRow.sample_id, SampleTicketRow.place)
    )
    found: dict[int, list[Any]] = {}
    for row in session.execute(query):
        found.setdefault(row.SampleTicketRow.sample_id, []).append(row)
    return found


def logged_since(session: Session, contract_id: int, month: str, at: datetime) -> int:
    """Given a contract, a month and an instant, return how many of its tickets were logged later than that."""
    query = select(func.count()).where(TicketRow.contract_id == contract_id, TicketRow.month == month)
    return session.scalar(query.where(TicketRow.recorded_at > at)) or 0


def opened(session: Session, subject: str, subject_id: str, fields: Sequence[str]) -> list[dict[str, Any]]:
    """Given whose events and names of texts, return the events that committed to such texts: each with salt and text.

    In the order of the chain; `facts` is the canonical JSON as it was hashed.
    """
    query = (
        select(
            EventRow.seq, EventRow.kind, EventRow.hash, EventRow.facts, EventRow.recorded_at, PersonalRow.field,
            PersonalRow.salt, PersonalRow.text,
        )
        .join(PersonalRow, PersonalRow.seq == EventRow.seq)
        .where(EventRow.ticket_id.is_(None), EventRow.subject == subject, EventRow.subject_id == subject_id)
        .where(PersonalRow.field.in_(fields))
        .order_by(EventRow.seq, PersonalRow.field)
    )  # fmt: skip
    return [dict(row._mapping) for row in session.execute(query)]
