"""Tokens of the API: the hash of each secret, whose it is, what it is for, and when it was last used or refused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, bindparam, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base, Id
from ops_console.store.people import PersonRow


class TokenRow(Base):
    """One personal token: found by its public prefix, known by the hash of its secret."""

    __tablename__ = "api_token"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    prefix: Mapped[str] = mapped_column(String(8), unique=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    name: Mapped[str] = mapped_column(String(60))
    scopes: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    refused_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_api_token_person_id", "person_id"),)


# Asked with every request: built once.
PRESENTED = (
    select(TokenRow, PersonRow)
    .join(PersonRow, PersonRow.id == TokenRow.person_id)
    .where(TokenRow.prefix == bindparam("prefix"))
)


def presented(session: Session, prefix: str) -> tuple[TokenRow, PersonRow] | None:
    """Given a token's public prefix, return its row and its owner's, or None. One statement."""
    row = session.execute(PRESENTED, {"prefix": prefix}).one_or_none()
    return (row[0], row[1]) if row else None


def of_person(session: Session, person_id: int) -> Sequence[TokenRow]:
    """Given a person, return all tokens they ever made, the newest first."""
    query = select(TokenRow).where(TokenRow.person_id == person_id).order_by(TokenRow.id.desc())
    return session.scalars(query).all()


def live(session: Session, person_id: int, now: datetime) -> int:
    """Given a person and now, return how many of their tokens open something."""
    query = select(func.count()).where(TokenRow.person_id == person_id, TokenRow.revoked_at.is_(None))
    return session.scalar(query.where(TokenRow.expires_at > now)) or 0


def revoke(session: Session, token_id: int, person_id: int, at: datetime) -> str | None:
    """Given a token and its owner, end it and return its prefix; None when it is not theirs or has ended before."""
    ended = update(TokenRow).where(
        TokenRow.id == token_id, TokenRow.person_id == person_id, TokenRow.revoked_at.is_(None)
    )
    return session.execute(ended.values(revoked_at=at).returning(TokenRow.prefix)).scalar_one_or_none()


def revoke_all(session: Session, person_id: int, at: datetime) -> list[str]:
    """Given a person, end every token of theirs and return the prefixes of those ended now."""
    ended = update(TokenRow).where(TokenRow.person_id == person_id, TokenRow.revoked_at.is_(None))
    return sorted(session.scalars(ended.values(revoked_at=at).returning(TokenRow.prefix)))


def touch(session: Session, token_id: int, at: datetime) -> None:
    """Given a token, note that it was used."""
    session.execute(update(TokenRow).where(TokenRow.id == token_id).values(used_at=at))


def claim_refusal(session: Session, token_id: int, at: datetime, before: datetime) -> bool:
    """Given a token refused at an instant, note it; False when one since `before` is noted already."""
    free = TokenRow.refused_at.is_(None) | (TokenRow.refused_at <= before)
    noted = update(TokenRow).where(TokenRow.id == token_id, free).values(refused_at=at)
    return session.execute(noted).rowcount == 1  # type: ignore[attr-defined]
