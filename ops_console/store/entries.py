"""Monthly entries: facts of a month that people enter, each version a row of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.entries import SOURCES, STATES, Entered, Value
from ops_console.store.base import Base, Id
from ops_console.store.contracts import ContractRow


class EntryRow(Base):
    """One entry of one month's measure. What was entered never changes; the other party's answer comes beside it."""

    __tablename__ = "month_entry"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    month: Mapped[str] = mapped_column(String(7))
    measure: Mapped[str] = mapped_column(String(40))
    number: Mapped[int]
    source: Mapped[str] = mapped_column(String(8))
    numerator: Mapped[int]
    denominator: Mapped[int]
    is_ratio: Mapped[bool] = mapped_column(Boolean)
    side: Mapped[str] = mapped_column(String(12))
    entered_by: Mapped[str] = mapped_column(String(80))
    entered_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(10))
    answered_by: Mapped[str | None] = mapped_column(String(80))
    answered_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(String(500))
    __table_args__ = (
        CheckConstraint(f"source IN {SOURCES}", name="source"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("numerator >= 0 AND denominator >= 0", name="value"),
        Index("uq_month_entry_number", "contract_id", "month", "measure", "number", unique=True),
    )

    @property
    def entered(self) -> Entered:
        """Return the row as a plain value."""
        return Entered(
            self.id, self.number, self.measure, self.source, self.side,
            Value(self.numerator, self.denominator, self.is_ratio), self.state, self.entered_by, self.entered_at,
            self.reason, self.answered_by or "", self.answered_at, self.answer,
        )  # fmt: skip


def hold(session: Session, contract_id: int) -> None:
    """Given a contract, let no other write of its months be made until the commit."""
    session.execute(select(ContractRow.id).where(ContractRow.id == contract_id).with_for_update())


def of_month(session: Session, contract_id: int, month: str) -> Sequence[EntryRow]:
    """Given a contract and a month, return its entries, oldest first. One statement."""
    query = select(EntryRow).where(EntryRow.contract_id == contract_id, EntryRow.month == month)
    return session.scalars(query.order_by(EntryRow.measure, EntryRow.number)).all()


def one(session: Session, entry_id: int, *, hold: bool = False) -> EntryRow | None:
    """Given an id, return the entry (held against other writers with `hold`), or None."""
    query = select(EntryRow).where(EntryRow.id == entry_id)
    query = query.with_for_update() if hold else query
    return session.scalar(query.execution_options(populate_existing=True))


def last_number(session: Session, contract_id: int, month: str, measure: str) -> int:
    """Given a contract, a month and a measure, return the highest number so far, 0 where there is none."""
    query = select(func.max(EntryRow.number)).where(
        EntryRow.contract_id == contract_id, EntryRow.month == month, EntryRow.measure == measure
    )
    return session.scalar(query) or 0
