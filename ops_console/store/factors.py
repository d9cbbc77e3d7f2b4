"""Second factors: sealed seeds with the last counter they were used at, and code cards used up one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, String, delete, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base


class FactorRow(Base):
    """A person's second factor, the one being enrolled beside the one in use, and the failures since it was right."""

    __tablename__ = "second_factor"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    kind: Mapped[str | None] = mapped_column(String(8))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    card: Mapped[int | None]
    last_counter: Mapped[int] = mapped_column(BigInteger, default=0)
    enrolled_at: Mapped[datetime | None]
    next_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    next_card: Mapped[int | None]
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    drop_asked_by: Mapped[str | None] = mapped_column(String(80))
    drop_asked_at: Mapped[datetime | None]
    __table_args__ = (CheckConstraint("kind IN ('totp', 'card')", name="kind"),)


class CodeRow(Base):
    """One code of a printed card, by its keyed hash."""

    __tablename__ = "factor_code"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True, autoincrement=False)
    card: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


def of_person(session: Session, person_id: int, *, lock: bool = False) -> FactorRow | None:
    """Given a person, return their factor's row, held against other writers where asked, or None."""
    query = select(FactorRow).where(FactorRow.person_id == person_id)
    return session.scalar(query.with_for_update(key_share=True) if lock else query)


def enrolled(session: Session) -> frozenset[int]:
    """Given nothing, return the persons who have a second factor in use."""
    return frozenset(session.scalars(select(FactorRow.person_id).where(FactorRow.kind.is_not(None))))


def take_counter(session: Session, person_id: int, counter: int) -> bool:
    """Given a person and the counter of a right code, use it up; False when it or a later one was used before."""
    later = update(FactorRow).where(FactorRow.person_id == person_id, FactorRow.last_counter < counter)
    return bool(session.execute(later.values(last_counter=counter)).rowcount)  # type: ignore[attr-defined]


def put_codes(session: Session, person_id: int, card: int, hashes: Sequence[str]) -> None:
    """Given a person, the card's number and the hashes of its codes in order, keep them."""
    rows = [
        {"person_id": person_id, "card": card, "position": position, "code_hash": code_hash}
        for position, code_hash in enumerate(hashes, 1)
    ]
    session.execute(insert(CodeRow), rows)


def next_code(session: Session, person_id: int, card: int) -> CodeRow | None:
    """Given a person and their card, return its first unused code, or None when it is used up."""
    query = select(CodeRow).where(CodeRow.person_id == person_id, CodeRow.card == card, CodeRow.used_at.is_(None))
    return session.scalar(query.order_by(CodeRow.position).limit(1))


def take_code(session: Session, code: CodeRow, at: datetime) -> bool:
    """Given a code that was told rightly, use it up; False when somebody did so before."""
    unused = update(CodeRow).where(
        CodeRow.person_id == code.person_id, CodeRow.card == code.card, CodeRow.position == code.position,
        CodeRow.used_at.is_(None),
    )  # fmt: skip
    return bool(session.execute(unused.values(used_at=at)).rowcount)  # type: ignore[attr-defined]


def drop_codes(session: Session, person_id: int, *, but: int | None = None) -> None:
    """Given a person, forget the codes of all their cards, but those of one where asked."""
    codes = delete(CodeRow).where(CodeRow.person_id == person_id)
    session.execute(codes if but is None else codes.where(CodeRow.card != but))


def drops_asked(session: Session, since: datetime) -> dict[int, str]:
    """Given an instant, return who asked since then to clear the factor of which person."""
    query = select(FactorRow.person_id, FactorRow.drop_asked_by).where(FactorRow.drop_asked_at >= since)
    return {person_id: asked_by or "" for person_id, asked_by in session.execute(query)}
