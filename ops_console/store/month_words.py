"""What the parties said about a month's lines: explanations, adjustments, objections and answers. Only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.months import WORDS
from ops_console.store.base import Base


class MonthWordRow(Base):
    """One word about one target of a month: a line, an item, a ticket's clock, the money, the month as a whole.

    `text` is masked. `deducted` (hundredths of a point, None: as computed again) goes with an adjustment, `outcome` and
    `answers` (the objection) with an answer.
    """

    __tablename__ = "month_word"
    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    month: Mapped[str] = mapped_column(String(7))
    kind: Mapped[str] = mapped_column(String(12))
    target: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(String(1000))
    deducted: Mapped[int | None]
    answers: Mapped[int | None] = mapped_column(ForeignKey("month_word.id"))
    outcome: Mapped[str] = mapped_column(String(20))
    side: Mapped[str] = mapped_column(String(12))
    by: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint(f"kind IN {WORDS}", name="kind"),
        Index("ix_month_word_contract_id_month", "contract_id", "month", "id"),
    )


def of_month(session: Session, contract_id: int, month: str) -> Sequence[MonthWordRow]:
    """Given a contract and a month, return every word about it in the order it was said. One statement."""
    query = select(MonthWordRow).where(MonthWordRow.contract_id == contract_id, MonthWordRow.month == month)
    return session.scalars(query.order_by(MonthWordRow.id)).all()


def one(session: Session, word_id: int) -> MonthWordRow | None:
    """Given an id, return the word, or None."""
    return session.get(MonthWordRow, word_id)
