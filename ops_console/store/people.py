"""Accounts, their sessions, and the counts of failed sign-ins per account and source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, bindparam, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base
from ops_console.store.devices import DeviceRow


class PersonRow(Base):
    """One personal account."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change: Mapped[bool] = mapped_column(Boolean)
    one_time_until: Mapped[datetime | None]
    reset_at: Mapped[datetime | None]
    changed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    __table_args__ = (CheckConstraint("role IN ('hospital', 'vendor', 'auditor', 'administrator')", name="role"),)


class SessionRow(Base):
    """One signed-in browser: the hash of what its cookie holds."""

    __tablename__ = "sign_in_session"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(80))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("device.id"))
    __table_args__ = (Index("ix_sign_in_session_person_id", "person_id"),)


class FailureRow(Base):
    """Failed sign-ins of one account from one source: an address, or a browser that signed in before."""

    __tablename__ = "sign_in_failure"
    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    source: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int]
    failed_at: Mapped[datetime]
    locked_until: Mapped[datetime | None]


def any_person(session: Session) -> bool:
    """Given nothing, say whether any account exists."""
    return session.scalar(select(func.count()).select_from(PersonRow)) != 0


def by_account(session: Session, account: str, *, lock: bool = False) -> PersonRow | None:
    """Given an account name, return its row, held against other writers where asked, or None."""
    query = select(PersonRow).where(PersonRow.account == account)
    return session.scalar(query.with_for_update(key_share=True) if lock else query)


def everybody(session: Session) -> Sequence[PersonRow]:
    """Given nothing, return all accounts by role and name."""
    return session.scalars(select(PersonRow).order_by(PersonRow.role, PersonRow.account)).all()


def active_of_role(session: Session, role: str) -> int:
    """Given a role, return how many accounts of it may sign in, all held against other writers."""
    query = select(PersonRow.id).where(PersonRow.role == role, PersonRow.disabled_at.is_(None)).order_by(PersonRow.id)
    return len(session.scalars(query.with_for_update(key_share=True)).all())


# Asked with every page: built once, not with every request.
SIGNED_IN = (
    select(SessionRow, PersonRow, DeviceRow.id.is_not(None) & DeviceRow.vendor_used_at.is_(None))
    .join(PersonRow, PersonRow.id == SessionRow.person_id)
    .outerjoin(DeviceRow, DeviceRow.id == SessionRow.device_id)
    .where(SessionRow.token_hash == bindparam("token_hash"))
)


def signed_in(session: Session, token_hash: str) -> tuple[SessionRow, PersonRow, bool] | None:
    """Given the hash of a cookie's token, return its session, person and whether its device is clean, or None.

    One statement.
    """
    row = session.execute(SIGNED_IN, {"token_hash": token_hash}).one_or_none()
    return (row[0], row[1], bool(row[2])) if row else None


def touch(session: Session, token_hash: str, at: datetime) -> None:
    """Given a session's hash, note that it was seen."""
    session.execute(update(SessionRow).where(SessionRow.token_hash == token_hash).values(seen_at=at))


def end_session(session: Session, token_hash: str) -> None:
    """Given a session's hash, end it."""
    session.execute(delete(SessionRow).where(SessionRow.token_hash == token_hash))


def end_sessions_of(session: Session, person_id: int) -> None:
    """Given a person, end every session of theirs."""
    session.execute(delete(SessionRow).where(SessionRow.person_id == person_id))


def end_stale_sessions(session: Session, seen_before: datetime, created_before: datetime) -> None:
    """Given two instants, end sessions idle since the first or begun before the second."""
    stale = (SessionRow.seen_at < seen_before) | (SessionRow.created_at < created_before)
    session.execute(delete(SessionRow).where(stale))


def failure(session: Session, account: str, source: str) -> FailureRow | None:
    """Given an account and a source, return the count of failures between them, or None."""
    return session.scalar(select(FailureRow).where(FailureRow.account == account, FailureRow.source == source))


def held_failure(session: Session, account: str, source: str, now: datetime) -> FailureRow:
    """Given an account, a source and now, return the count between them, begun at 0 and held against other writers."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    begun = {"account": account, "source": source, "failures": 0, "failed_at": now}
    session.execute(dialect.insert(FailureRow).values(begun).on_conflict_do_nothing())
    query = select(FailureRow).where(FailureRow.account == account, FailureRow.source == source)
    return session.scalars(query.with_for_update()).one()


def clear_failure(session: Session, account: str, source: str) -> None:
    """Given an account and a source, forget its failures."""
    session.execute(delete(FailureRow).where(FailureRow.account == account, FailureRow.source == source))


def forget_failures(session: Session, before: datetime) -> None:
    """Given an instant, forget failures older than it that lock nobody."""
    session.execute(delete(FailureRow).where(FailureRow.failed_at < before))
