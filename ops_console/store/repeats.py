"""Requests that carried an Idempotency-Key, and what each was answered: written in the transaction of the act."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base, Id, insert_over


class RepeatRow(Base):
    """One act that may be asked for again: by which token and key, for which body, and its answer."""

    __tablename__ = "api_repeat"
    token_id: Mapped[int] = mapped_column(Id, ForeignKey("api_token.id"), primary_key=True, autoincrement=False)
    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer: Mapped[str] = mapped_column(Text)
    location: Mapped[str] = mapped_column(String(400))
    created_at: Mapped[datetime]
    __table_args__ = (Index("ix_api_repeat_created_at", "created_at"),)


def begin(session: Session, token_id: int, key_hash: str, body_hash: str, now: datetime) -> bool:
    """Given a key, take it for this transaction; False when it is taken: by then the other's answer is committed.

    On PostgreSQL the insert waits for a transaction that holds the same key; SQLite lets one writer in at a time.
    """
    row = {
        "token_id": token_id, "key_hash": key_hash, "body_hash": body_hash, "status": 0, "answer": "", "location": "",
        "created_at": now,
    }  # fmt: skip
    taken = insert_over(session, RepeatRow).values(row).on_conflict_do_nothing().returning(RepeatRow.key_hash)
    return session.execute(taken).scalar_one_or_none() is not None


def kept(session: Session, token_id: int, key_hash: str) -> RepeatRow:
    """Given a key that is taken, return its row."""
    return session.scalars(
        select(RepeatRow).where(RepeatRow.token_id == token_id, RepeatRow.key_hash == key_hash)
    ).one()


def keep(session: Session, token_id: int, key_hash: str, *, status: int, answer: str, location: str) -> None:
    """Given a key taken by this transaction, keep what the act was answered."""
    mine = update(RepeatRow).where(RepeatRow.token_id == token_id, RepeatRow.key_hash == key_hash)
    session.execute(mine.values(status=status, answer=answer, location=location))


def forget(session: Session, before: datetime, token_id: int | None = None, key_hash: str = "") -> None:
    """Given an instant, forget what was asked before it: of one token's key, or of all."""
    old = delete(RepeatRow).where(RepeatRow.created_at <= before)
    if token_id is not None:
        old = old.where(RepeatRow.token_id == token_id, RepeatRow.key_hash == key_hash)
    session.execute(old)
