"""Frozen months: their documents, what each said of every clock, and which tickets changed since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, defer, mapped_column

from ops_console.store.audit import EventRow
from ops_console.store.base import Base, Id
from ops_console.store.tickets import TicketRow

FROZEN, LOCKED = "frozen", "locked"
BATCH = 2000


class AssessmentRow(Base):
    """One frozen month of one contract: its documents in canonical JSON, `digest` that of `result`, which is signed.

    `as_of` is the cut-off, `seq` the chain's count then. `outcome` tells how it was locked, "" until then. `points`,
    `grade` and `payable` repeat what the result says, for lists of many months.
    """

    __tablename__ = "assessment"
    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    month: Mapped[str] = mapped_column(String(7))
    state: Mapped[str] = mapped_column(String(8))
    revision: Mapped[int]
    as_of: Mapped[datetime]
    seq: Mapped[int] = mapped_column(Id)
    contract: Mapped[str] = mapped_column(Text)
    facts: Mapped[str] = mapped_column(Text)
    result: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    frozen_at: Mapped[datetime]
    frozen_by: Mapped[str] = mapped_column(String(80))
    notified_at: Mapped[datetime | None]
    locked_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(String(16))
    points: Mapped[int | None]
    grade: Mapped[str] = mapped_column(String(20))
    payable: Mapped[int | None] = mapped_column(Id)
    __table_args__ = (
        UniqueConstraint("contract_id", "month"),
        CheckConstraint("state IN ('frozen', 'locked')", name="state"),
        Index("ix_assessment_month", "month"),
    )


WITHOUT_DOCUMENTS = (
    defer(AssessmentRow.contract, raiseload=True), defer(AssessmentRow.facts, raiseload=True),
    defer(AssessmentRow.result, raiseload=True),
)  # fmt: skip


class JudgedRow(Base):
    """What a frozen month said of one clock. `was` as in core: None where it was judged there first."""

    __tablename__ = "judged_clock"
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessment.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True)
    limit_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    outcome: Mapped[str] = mapped_column(String(16))
    was: Mapped[str | None] = mapped_column(String(16))
    seconds: Mapped[int]
    __table_args__ = (
        Index("ix_judged_clock_ticket_id", "ticket_id", "limit_id", "assessment_id"),
        Index("ix_judged_clock_outcome", "outcome", "ticket_id"),
    )


def of_month(session: Session, contract_id: int, month: str, *, hold: bool = False) -> AssessmentRow | None:
    """Given a contract and a month, return its frozen month (held against other writers with `hold`), or None."""
    query = select(AssessmentRow).where(AssessmentRow.contract_id == contract_id, AssessmentRow.month == month)
    query = query.with_for_update() if hold else query
    return session.scalar(query.execution_options(populate_existing=True))


def heading(session: Session, contract_id: int, month: str) -> AssessmentRow | None:
    """Given a contract and a month, return its frozen month without its documents, or None."""
    query = select(AssessmentRow).options(*WITHOUT_DOCUMENTS)
    return session.scalar(query.where(AssessmentRow.contract_id == contract_id, AssessmentRow.month == month))


def results(session: Session, contract_id: int, months: Collection[str]) -> Sequence[AssessmentRow]:
    """Given a contract and months, return those that are frozen, with their results alone, in order."""
    query = select(AssessmentRow).options(
        defer(AssessmentRow.contract, raiseload=True), defer(AssessmentRow.facts, raiseload=True)
    )
    query = query.where(AssessmentRow.contract_id == contract_id, AssessmentRow.month.in_(list(months)))
    return session.scalars(query.order_by(AssessmentRow.month)).all()


def unlocked(session: Session) -> Sequence[AssessmentRow]:
    """Given nothing, return every frozen month that is not locked, without its documents, the oldest first."""
    query = select(AssessmentRow).options(*WITHOUT_DOCUMENTS).where(AssessmentRow.state == FROZEN)
    return session.scalars(query.order_by(AssessmentRow.month, AssessmentRow.id)).all()


def frozen(session: Session, contract_id: int | None = None) -> Sequence[AssessmentRow]:
    """Given a contract (None: every), return its frozen months without their documents, the newest first."""
    query = select(AssessmentRow).options(*WITHOUT_DOCUMENTS)
    query = query.where(AssessmentRow.contract_id == contract_id) if contract_id is not None else query
    return session.scalars(query.order_by(AssessmentRow.month.desc(), AssessmentRow.id)).all()


def last_frozen(session: Session, contract_id: int) -> str:
    """Given a contract, return the newest month that is frozen, "" when there is none."""
    return session.scalar(select(func.max(AssessmentRow.month)).where(AssessmentRow.contract_id == contract_id)) or ""


def add_judged(session: Session, assessment_id: int, rows: list[dict[str, Any]]) -> None:
    """Given a frozen month and what it said of clocks, keep that in place of what an earlier revision of it said."""
    session.execute(delete(JudgedRow).where(JudgedRow.assessment_id == assessment_id))
    if rows:
        session.execute(insert(JudgedRow), [{**row, "assessment_id": assessment_id} for row in rows])


def own_tickets(session: Session, contract_id: int, month: str) -> Sequence[Any]:
    """Given a contract and a month, return the columns of the month's tickets, by number.

    Without those that another frozen month has judged: a corrected report moves a ticket, and it is judged once.
    """
    elsewhere = (
        select(JudgedRow.ticket_id)
        .join(AssessmentRow, AssessmentRow.id == JudgedRow.assessment_id)
        .where(JudgedRow.ticket_id == TicketRow.id, AssessmentRow.month != month)
    )
    query = select(*COLUMNS).where(TicketRow.contract_id == contract_id, TicketRow.month == month, ~elsewhere.exists())
    return session.execute(query.order_by(TicketRow.number)).all()


COLUMNS = (
    TicketRow.id, TicketRow.number, TicketRow.contract_version_id, TicketRow.klass.label("klass"),
    TicketRow.provisional, TicketRow.module, TicketRow.cause, TicketRow.reported_at,
)  # fmt: skip


def changed_tickets(session: Session, contract_id: int, month: str) -> Sequence[Any]:
    """Given a contract and a month about to be assessed, return the tickets of its frozen months to look at again.

    Those with an event after the month before was frozen, and those with a clock that was left open. Columns as
    `own_tickets`.
    """
    seq = session.scalar(
        select(func.max(AssessmentRow.seq)).where(AssessmentRow.contract_id == contract_id, AssessmentRow.month < month)
    )
    if seq is None:
        return ()
    first = session.scalar(select(func.min(AssessmentRow.month)).where(AssessmentRow.contract_id == contract_id))
    touched = select(EventRow.ticket_id).where(EventRow.seq > seq, EventRow.ticket_id.is_not(None))
    left_open = select(JudgedRow.ticket_id).where(JudgedRow.outcome == "open")
    query = select(*COLUMNS).where(
        TicketRow.contract_id == contract_id, TicketRow.month < month, TicketRow.month >= first,
        TicketRow.id.in_(touched) | TicketRow.id.in_(left_open),
    )  # fmt: skip
    moved = select(*COLUMNS).where(TicketRow.contract_id == contract_id, TicketRow.month == month).where(
        select(JudgedRow.ticket_id).join(AssessmentRow, AssessmentRow.id == JudgedRow.assessment_id)
        .where(JudgedRow.ticket_id == TicketRow.id, AssessmentRow.month < month).exists()
    )  # fmt: skip
    return session.execute(query.union(moved)).all()


def said_of(session: Session, ticket_ids: Iterable[int], before: str) -> dict[tuple[int, str], tuple[str, str]]:
    """Given tickets and a month, return what frozen months before it last said: (ticket, limit) -> (month, outcome).

    The month is that of the clock's report, as the first of them had it.
    """
    query = (
        select(JudgedRow.ticket_id, JudgedRow.limit_id, JudgedRow.month, JudgedRow.outcome)
        .join(AssessmentRow, AssessmentRow.id == JudgedRow.assessment_id)
        .where(JudgedRow.ticket_id.in_(list(ticket_ids)), AssessmentRow.month < before)
        .order_by(AssessmentRow.month)
    )
    found: dict[tuple[int, str], tuple[str, str]] = {}
    for row in session.execute(query):
        first = found.get((row.ticket_id, row.limit_id))
        found[row.ticket_id, row.limit_id] = (first[0] if first else row.month, row.outcome)
    return found


def faults_with_cause(session: Session, contract_id: int, start: datetime, end: datetime) -> Sequence[Any]:
    """Given a contract and two instants, return (number, type, module, cause, reported_at) of reports with a cause."""
    query = select(TicketRow.number, TicketRow.type, TicketRow.module, TicketRow.cause, TicketRow.reported_at)
    query = query.where(
        TicketRow.contract_id == contract_id, TicketRow.reported_at >= start, TicketRow.reported_at < end,
        TicketRow.cause != "",
    )  # fmt: skip
    return session.execute(query.order_by(TicketRow.reported_at, TicketRow.number)).all()


def first_report_month(session: Session, contract_id: int) -> str:
    """Given a contract, return the first month that has a ticket of it, "" when there is none."""
    return session.scalar(select(func.min(TicketRow.month)).where(TicketRow.contract_id == contract_id)) or ""


def shown(session: Session, numbers: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """Given tickets' numbers, return what people know each by: title, department, handler."""
    wanted, found = sorted(set(numbers)), {}
    for start in range(0, len(wanted), BATCH):
        query = select(TicketRow.number, TicketRow.title, TicketRow.department, TicketRow.handler)
        query = query.where(TicketRow.number.in_(wanted[start : start + BATCH]))
        found.update({row.number: (row.title, row.department, row.handler) for row in session.execute(query)})
    return found
