"""Which identities of a provider are linked to which accounts: rows and queries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store import locks
from ops_console.store.base import Base
from ops_console.store.locks import Lock
from ops_console.store.people import PersonRow


class IdentityRow(Base):
    """One link: the provider's name for somebody, and from the first sign-in on the subject it must be."""

    __tablename__ = "identity"
    id: Mapped[int] = mapped_column(primary_key=True)
    issuer: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str | None] = mapped_column(String(255))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    linked_by: Mapped[str] = mapped_column(String(40))
    linked_at: Mapped[datetime]
    __table_args__ = (
        UniqueConstraint("issuer", "name"),
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("issuer", "person_id"),
    )


def named(session: Session, issuer: str, name: str) -> tuple[IdentityRow, PersonRow] | None:
    """Given an issuer and its name for somebody, return the link and its person, or None."""
    query = select(IdentityRow, PersonRow).join(PersonRow, PersonRow.id == IdentityRow.person_id)
    row = session.execute(query.where(IdentityRow.issuer == issuer, IdentityRow.name == name)).one_or_none()
    return (row[0], row[1]) if row else None


def of_person(session: Session, issuer: str, person_id: int) -> IdentityRow | None:
    """Given an issuer and a person, return their link, or None."""
    return session.scalar(select(IdentityRow).where(IdentityRow.issuer == issuer, IdentityRow.person_id == person_id))


def of_subject(session: Session, issuer: str, subject: str) -> IdentityRow | None:
    """Given an issuer and whom it means, return the link that is bound to them, or None."""
    return session.scalar(select(IdentityRow).where(IdentityRow.issuer == issuer, IdentityRow.subject == subject))


def hold_subjects(session: Session) -> None:
    """Given a session that is about to bind a subject, let no other bind any until its commit."""
    locks.hold(session, Lock.SUBJECTS)


def of_issuer(session: Session, issuer: str) -> Sequence[tuple[IdentityRow, PersonRow]]:
    """Given an issuer, return every link to it with its person, by account."""
    query = select(IdentityRow, PersonRow).join(PersonRow, PersonRow.id == IdentityRow.person_id)
    rows = session.execute(query.where(IdentityRow.issuer == issuer).order_by(PersonRow.account)).all()
    return [(row[0], row[1]) for row in rows]


def drop(session: Session, identity_id: int) -> None:
    """Given a link, end it."""
    session.execute(delete(IdentityRow).where(IdentityRow.id == identity_id))
