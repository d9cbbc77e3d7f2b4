"""What the hospital noted about payments: the invoice's number, the day it was paid, the sum. Only ever added to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base, Id


class PaymentRow(Base):
    """One note about one payment (`key`: node and first month); the last counts. `amount` in 分."""

    __tablename__ = "payment"
    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    key: Mapped[str] = mapped_column(String(60))
    invoice: Mapped[str] = mapped_column(String(40))
    paid_on: Mapped[date | None] = mapped_column(Date)
    amount: Mapped[int | None] = mapped_column(Id)
    account: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    __table_args__ = (Index("ix_payment_contract_id_key", "contract_id", "key", "id"),)


def of_contract(session: Session, contract_id: int) -> Sequence[PaymentRow]:
    """Given a contract, return every note about its payments, in order. One statement."""
    query = select(PaymentRow).where(PaymentRow.contract_id == contract_id)
    return session.scalars(query.order_by(PaymentRow.id)).all()
