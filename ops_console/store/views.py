"""Saved views: a list's filters under a name, of one person, maybe shown to everybody of their side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, String, UniqueConstraint, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base


class ViewRow(Base):
    """One saved view: the query of the list's address, without the page."""

    __tablename__ = "saved_view"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    side: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(40))
    query: Mapped[str] = mapped_column(String(500))
    shared: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("person_id", "name"),)


def of_person(session: Session, person_id: int, side: str) -> Sequence[ViewRow]:
    """Given a person and their side, return their views and those shared on that side, by name. One statement."""
    seen = or_(ViewRow.person_id == person_id, ViewRow.shared.is_(True) & (ViewRow.side == side))
    return session.scalars(select(ViewRow).where(seen).order_by(ViewRow.name, ViewRow.id)).all()


def named(session: Session, person_id: int, name: str) -> ViewRow | None:
    """Given a person and a name, return their view of that name, or None."""
    return session.scalar(select(ViewRow).where(ViewRow.person_id == person_id, ViewRow.name == name))


def own(session: Session, person_id: int, view_id: int) -> ViewRow | None:
    """Given a person and an id, return that view if it is theirs, or None."""
    return session.scalar(select(ViewRow).where(ViewRow.person_id == person_id, ViewRow.id == view_id))


def count_of(session: Session, person_id: int) -> int:
    """Given a person, return how many views are theirs."""
    return session.scalar(select(func.count()).where(ViewRow.person_id == person_id)) or 0
