"""Frozen months: their documents, the tickets each took, what it said of every clock, which tickets changed since."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    and_,
    delete,
    func,
    insert,
    not_,
    select,
)
from sqlalchemy.orm import Mapped, Session, defer, mapped_column

from ops_console.core.judged_clocks import COUNTED
from ops_console.core.moments import shift_month
from ops_console.core.tickets import OPEN_STATES
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


class TakenRow(Base):
    """That a frozen month took a ticket: its clocks and whatever else is counted of it. No two months take one."""

    __tablename__ = "assessed_ticket"
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessment.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True)
    __table_args__ = (Index("ix_assessed_ticket_ticket_id", "ticket_id"),)


WITHOUT_DOCUMENTS = (
    defer(AssessmentRow.contract, raiseload=True), defer(AssessmentRow.facts, raiseload=True),
    defer(AssessmentRow.result, raiseload=True),
)  # fmt: skip


class JudgedRow(Base):
    """What a frozen month said of one clock. `was` as in core: None where no month before had counted it."""

    __tablename__ = "judged_clock"
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessment.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), primary_key=True)
    limit_id: Mapped[str] = mapped_column(String(8), primary_key=True)
    clock: Mapped[str] = mapped_column(String(10))
    klass: Mapped[str] = mapped_column("class", String(4))
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


def keys(session: Session) -> list[tuple[int, str]]:
    """Given nothing, return (contract, month) of every frozen month, the oldest first."""
    query = select(AssessmentRow.contract_id, AssessmentRow.month)
    return [
        (contract, month) for contract, month in session.execute(query.order_by(AssessmentRow.month, AssessmentRow.id))
    ]


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


def keep_said(session: Session, assessment_id: int, taken: Iterable[int], judged: list[dict[str, Any]]) -> None:
    """Given a frozen month, the tickets it took and what it said of clocks, keep that in place of what it said before.

    Each of `judged` has the columns of a JudgedRow but the first.
    """
    for table in (TakenRow, JudgedRow):
        session.execute(delete(table).where(table.assessment_id == assessment_id))
    if ids := sorted(set(taken)):
        session.execute(insert(TakenRow), [{"assessment_id": assessment_id, "ticket_id": one} for one in ids])
    if judged:
        session.execute(insert(JudgedRow), [{**row, "assessment_id": assessment_id} for row in judged])


COLUMNS = (
    TicketRow.id, TicketRow.number, TicketRow.contract_version_id, TicketRow.klass.label("klass"),
    TicketRow.provisional, TicketRow.module, TicketRow.cause, TicketRow.reported_at,
)  # fmt: skip


def own_tickets(session: Session, contract_id: int, month: str) -> Sequence[Any]:
    """Given a contract and a month, return the columns of the tickets that the month takes, by number.

    Reported in it; and of the contract's frozen months before it those that no month took: logged late, or moved there
    by a correction, after the month was frozen.
    """
    before = frozen_before(session, contract_id, month)
    in_time = TicketRow.month == month
    if before is not None:
        in_time |= TicketRow.month.between(before.first, before.last)
    elsewhere = by_others(select(TakenRow.ticket_id), TakenRow.assessment_id, contract_id, month)
    query = select(*COLUMNS).where(
        TicketRow.contract_id == contract_id, in_time, ~elsewhere.where(TakenRow.ticket_id == TicketRow.id).exists()
    )
    return session.execute(query.order_by(TicketRow.number)).all()


def changed_tickets(session: Session, contract_id: int, month: str) -> Sequence[Any]:
    """Given a contract and a month about to be assessed, return the tickets that earlier months took, to look at again.

    Those with an event that the frozen month before could not see, those of which a clock was left open, those that
    are still open (a clock that stood still when it was judged may run again), and demands to be delivered in the
    month. Columns as `own_tickets`.
    """
    before = frozen_before(session, contract_id, month)
    unseen = EventRow.seq > (before.seq if before else 0)
    if before is not None:  # recorded by a clock that went ahead: in the chain by then, and not seen
        unseen |= EventRow.recorded_at > before.as_of
    taken = by_others(select(TakenRow.ticket_id), TakenRow.assessment_id, contract_id, month)
    left_open = by_others(select(JudgedRow.ticket_id), JudgedRow.assessment_id, contract_id, month).where(
        JudgedRow.outcome == "open"
    )
    touched = select(EventRow.ticket_id).where(unseen, EventRow.ticket_id.is_not(None))
    query = select(*COLUMNS).where(
        TicketRow.contract_id == contract_id, taken.where(TakenRow.ticket_id == TicketRow.id).exists(),
        TicketRow.id.in_(touched) | TicketRow.id.in_(left_open) | TicketRow.state.in_(OPEN_STATES) | _is_due(month),
    )  # fmt: skip
    return session.execute(query.order_by(TicketRow.number)).all()


def _is_due(month: str) -> ColumnElement[bool]:
    first, following = date.fromisoformat(f"{month}-01"), date.fromisoformat(f"{shift_month(month, 1)}-01")
    return and_(TicketRow.agreed_on >= first, TicketRow.agreed_on < following)


@dataclass(frozen=True)
class Before:
    """A contract's first and last frozen month before some month, and what the last one could see."""

    first: str
    last: str
    seq: int
    as_of: datetime


def frozen_before(session: Session, contract_id: int, month: str) -> Before | None:
    """Given a contract and a month, return what of it was frozen before that month, None for nothing."""
    earlier = (AssessmentRow.contract_id == contract_id, AssessmentRow.month < month)
    first = select(func.min(AssessmentRow.month)).where(*earlier).scalar_subquery()
    query = select(first, AssessmentRow.month, AssessmentRow.seq, AssessmentRow.as_of).where(*earlier)
    row = session.execute(query.order_by(AssessmentRow.month.desc()).limit(1)).one_or_none()
    return Before(*row) if row else None


def by_others(query: Select[Any], assessment_id: Any, contract_id: int, month: str) -> Select[Any]:
    """Given a query of what frozen months said and its column that names them, narrow it to the months up to that one,
    but for that very month of the contract: what it said before is said anew.
    """
    own = and_(AssessmentRow.contract_id == contract_id, AssessmentRow.month == month)
    return query.join(AssessmentRow, AssessmentRow.id == assessment_id).where(AssessmentRow.month <= month, not_(own))


@dataclass(frozen=True)
class Said:
    """What frozen months said of one clock: the last outcome, the first month, kind and class, whether it counted."""

    month: str
    clock: str
    klass: str
    outcome: str
    counted: bool


def said_of(session: Session, ticket_ids: Iterable[int], contract_id: int, month: str) -> dict[tuple[int, str], Said]:
    """Given tickets, a contract and a month, return what frozen months before that one said, by ticket and limit."""
    query = select(
        JudgedRow.ticket_id, JudgedRow.limit_id, JudgedRow.month, JudgedRow.clock, JudgedRow.klass, JudgedRow.outcome
    )  # fmt: skip
    query = by_others(query, JudgedRow.assessment_id, contract_id, month).where(
        JudgedRow.ticket_id.in_(list(ticket_ids))
    )
    found: dict[tuple[int, str], Said] = {}
    for row in session.execute(query.order_by(AssessmentRow.month, AssessmentRow.seq, AssessmentRow.id)):
        key, counts = (row.ticket_id, row.limit_id), row.outcome in COUNTED
        first = found.get(key) or Said(row.month, row.clock, row.klass, row.outcome, counts)
        found[key] = replace(first, outcome=row.outcome, counted=first.counted or counts)
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
