"""The outbox: what is to be said to whom, written with the fact it tells of. Channels deliver it later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String, Text, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.chain import canonical
from ops_console.store.base import Base, Id, insert_over
from ops_console.store.masks import masker_of

WAITING, EXPIRED = "waiting", "expired"


class OutboxRow(Base):
    """One message to an audience; `dedup_key` makes it unique, past `expires_at` it is marked and never sent."""

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    dedup_key: Mapped[str] = mapped_column(String(200), unique=True)
    audience: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10))
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'expired')", name="state"),
        Index("ix_outbox_state_expires_at", "state", "expires_at"),
    )


def put(
    session: Session,
    *,
    dedup_key: str,
    audience: str,
    kind: str,
    payload: dict[str, object],
    created_at: datetime,
    expires_at: datetime,
) -> bool:
    """Given a message, keep it once; False when one with that key stands already."""
    shown = canonical(masker_of(session).plain(payload))
    row = {
        "dedup_key": dedup_key, "audience": audience, "kind": kind, "payload": shown,
        "created_at": created_at, "expires_at": expires_at, "state": WAITING,
    }  # fmt: skip
    statement = insert_over(session, OutboxRow).values(row).on_conflict_do_nothing().returning(OutboxRow.id)
    return session.execute(statement).scalar_one_or_none() is not None  # the row count is -1 on PostgreSQL


def expire(session: Session, now: datetime) -> int:
    """Given now, mark every waiting message whose time has passed; return how many."""
    late = update(OutboxRow).where(OutboxRow.state == WAITING, OutboxRow.expires_at <= now)
    return session.execute(late.values(state=EXPIRED)).rowcount  # type: ignore[attr-defined, no-any-return]


def newest(session: Session, limit: int = 50) -> Sequence[OutboxRow]:
    """Given a limit, return the newest messages first."""
    return session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc()).limit(limit)).all()


def counts(session: Session) -> dict[str, int]:
    """Given nothing, return how many messages are in each state."""
    query = select(OutboxRow.state, func.count()).group_by(OutboxRow.state)
    return dict(session.execute(query).all())


def any_late(session: Session, now: datetime) -> bool:
    """Given now, say whether a waiting message's time has passed."""
    late = select(OutboxRow.id).where(OutboxRow.state == WAITING, OutboxRow.expires_at <= now).limit(1)
    return session.scalar(late) is not None
