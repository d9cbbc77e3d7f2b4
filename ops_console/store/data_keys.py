"""Data keys: each version of each purpose, wrapped by the master key, which the database never sees."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, LargeBinary, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base


class DataKeyRow(Base):
    """One version of a data key. A retired one still opens what it sealed."""

    __tablename__ = "data_key"
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    purpose: Mapped[str] = mapped_column(String(30))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    __table_args__ = (CheckConstraint("version > 0", name="version"),)


def every(session: Session) -> Sequence[DataKeyRow]:
    """Return all data keys, oldest version first."""
    return session.scalars(select(DataKeyRow).order_by(DataKeyRow.version)).all()


def last_version(session: Session) -> int:
    """Return the highest version of any purpose, 0 when there is none."""
    return session.scalar(select(func.max(DataKeyRow.version))) or 0


def retire(session: Session, purpose: str, at: datetime) -> None:
    """Given a purpose, mark its keys as retired: they open, and seal no more."""
    session.execute(
        update(DataKeyRow).where(DataKeyRow.purpose == purpose, DataKeyRow.retired_at.is_(None)).values(retired_at=at)
    )
