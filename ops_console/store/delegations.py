"""Delegations of signing: from whom to whom, from which day to which, and whether one was revoked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, Date, ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base


class DelegationRow(Base):
    """One delegation, both days included, in Shanghai. `reason` is masked; names are as they were then."""

    __tablename__ = "delegation"
    id: Mapped[int] = mapped_column(primary_key=True)
    side: Mapped[str] = mapped_column(String(12))
    giver: Mapped[str] = mapped_column(ForeignKey("person.account"))
    giver_name: Mapped[str] = mapped_column(String(80))
    taker: Mapped[str] = mapped_column(ForeignKey("person.account"))
    taker_name: Mapped[str] = mapped_column(String(80))
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(1000))
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str] = mapped_column(String(80))
    revoke_reason: Mapped[str] = mapped_column(String(1000))
    __table_args__ = (
        CheckConstraint("side IN ('hospital', 'vendor')", name="side"),
        CheckConstraint("first_on <= last_on", name="days"),
        Index("ix_delegation_taker", "taker", "last_on"),
    )


def running_on(day: Any) -> ColumnElement[bool]:
    """Given a Shanghai day (or what will bind it), return the condition that a delegation runs then."""
    return (DelegationRow.first_on <= day) & (DelegationRow.last_on >= day) & DelegationRow.revoked_at.is_(None)


def listing(session: Session, side: str | None, limit: int) -> Sequence[DelegationRow]:
    """Given a side (None: both) and a limit, return the newest delegations first. One statement."""
    query = select(DelegationRow)
    query = query.where(DelegationRow.side == side) if side is not None else query
    return session.scalars(query.order_by(DelegationRow.id.desc()).limit(limit)).all()


def one(session: Session, delegation_id: int, *, hold: bool = False) -> DelegationRow | None:
    """Given an id, return the delegation (held against other writers with `hold`), or None."""
    query = select(DelegationRow).where(DelegationRow.id == delegation_id)
    query = query.with_for_update() if hold else query
    return session.scalar(query.execution_options(populate_existing=True))


def overlapping(session: Session, taker: str, first: date, last: date) -> DelegationRow | None:
    """Given who is to stand in and for which days, return one not revoked that reaches into them, or None."""
    query = select(DelegationRow).where(
        DelegationRow.taker == taker, DelegationRow.first_on <= last, DelegationRow.last_on >= first,
        DelegationRow.revoked_at.is_(None),
    )  # fmt: skip
    return session.scalar(query.order_by(DelegationRow.id).limit(1))
