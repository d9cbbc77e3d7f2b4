"""Attachment rows: which file, by hash, belongs to which ticket. Its name is in its event, where a purge finds it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, func, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.attachments import EVIDENCE
from ops_console.store import locks
from ops_console.store.base import Base, Id
from ops_console.store.locks import Lock
from ops_console.store.tickets import TicketRow

NONE, WAITING, READY = "none", "waiting", "ready"
STANDS = text("voided_at IS NULL")


class AttachmentRow(Base):
    """One file of one ticket. `preview` tells whether a small picture of it exists; `purpose` what it is for."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"))
    digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(12))
    purpose: Mapped[str] = mapped_column(String(12))
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    phash: Mapped[str] = mapped_column(String(16))
    preview: Mapped[str] = mapped_column(String(8))
    scan: Mapped[str] = mapped_column(String(12))
    patient: Mapped[bool] = mapped_column(Boolean)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(80))
    side: Mapped[str] = mapped_column(String(12))
    voided_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("preview IN ('none', 'waiting', 'ready')", name="preview"),
        CheckConstraint("purpose IN ('evidence', 'signature')", name="purpose"),
        Index("ix_attachment_digest", "digest"),
        Index("ix_attachment_phash", "phash"),
        Index(
            "uq_attachment_standing", "ticket_id", "digest", unique=True, sqlite_where=STANDS, postgresql_where=STANDS
        ),
        Index("ix_attachment_ticket_id", "ticket_id", "id"),
    )


def add(session: Session, values: dict[str, Any]) -> int:
    """Given an attachment's columns, insert it and return its id."""
    return session.execute(insert(AttachmentRow).returning(AttachmentRow.id), [values]).scalar_one()


def standing(session: Session, ticket_id: int, digest: str) -> int | None:
    """Given a ticket and a file's hash, return the id of the attachment that stands for it, or None."""
    query = select(AttachmentRow.id).where(AttachmentRow.ticket_id == ticket_id, AttachmentRow.digest == digest)
    return session.scalar(query.where(AttachmentRow.voided_at.is_(None)))


def proving(session: Session, ticket_id: int, digests: Iterable[str]) -> set[str]:
    """Given a ticket and hashes of files, return those that stand attached to it as evidence."""
    query = select(AttachmentRow.digest).where(AttachmentRow.ticket_id == ticket_id, AttachmentRow.voided_at.is_(None))
    return set(session.scalars(query.where(AttachmentRow.digest.in_(set(digests)), AttachmentRow.purpose == EVIDENCE)))


def tickets_with(session: Session, ticket_ids: Iterable[int]) -> set[int]:
    """Given tickets, return those that have a file which is not void."""
    query = select(AttachmentRow.ticket_id).where(AttachmentRow.ticket_id.in_(list(ticket_ids)))
    return set(session.scalars(query.where(AttachmentRow.voided_at.is_(None)).distinct()))


def count(session: Session, ticket_id: int) -> int:
    """Given a ticket, return how many attachments it has, void ones too."""
    return session.scalar(select(func.count()).where(AttachmentRow.ticket_id == ticket_id)) or 0


def of_ticket(session: Session, ticket_id: int) -> Sequence[AttachmentRow]:
    """Given a ticket, return its attachments in the order they were added, void ones too."""
    query = select(AttachmentRow).where(AttachmentRow.ticket_id == ticket_id).order_by(AttachmentRow.id)
    return session.scalars(query.execution_options(populate_existing=True)).all()


def of_tickets(session: Session, ticket_ids: Iterable[int], until: datetime) -> Sequence[Any]:
    """Given tickets and an instant, return (attachment, ticket's number) of what was added by then, void ones too."""
    query = select(AttachmentRow, TicketRow.number).join(TicketRow, TicketRow.id == AttachmentRow.ticket_id)
    query = query.where(AttachmentRow.ticket_id.in_(list(ticket_ids)), AttachmentRow.recorded_at <= until)
    return session.execute(query.order_by(AttachmentRow.id)).all()


def marked(session: Session, digests: Iterable[str]) -> set[str]:
    """Given hashes of files, return those that some ticket has marked as holding patients' data."""
    query = select(AttachmentRow.digest).where(AttachmentRow.digest.in_(list(digests)), AttachmentRow.patient)
    return set(session.scalars(query.distinct()))


def one(session: Session, number: str, attachment_id: int, *, hold: bool = False) -> AttachmentRow | None:
    """Given a ticket's number and an attachment's id, return its row (held against others with `hold`), or None."""
    query = select(AttachmentRow).join(TicketRow, TicketRow.id == AttachmentRow.ticket_id)
    query = query.where(TicketRow.number == number, AttachmentRow.id == attachment_id)
    return session.scalar(query.with_for_update(of=AttachmentRow) if hold else query)


def change(session: Session, attachment_id: int, **values: Any) -> None:
    """Given an attachment's id and columns, write them."""
    session.execute(update(AttachmentRow).where(AttachmentRow.id == attachment_id).values(**values))


def hold_file(session: Session, digest: str) -> None:
    """Given a file's hash, let no other transaction add or mark that file until the commit. After any ticket's lock."""
    locks.hold(session, Lock.FILE, int(digest[:7], 16))


def unmarked(session: Session, digest: str) -> Sequence[tuple[AttachmentRow, str]]:
    """Given a file's hash, return what of it is not marked as patients' data, void or not, each with its ticket."""
    query = select(AttachmentRow, TicketRow.number).join(TicketRow, TicketRow.id == AttachmentRow.ticket_id)
    query = query.where(AttachmentRow.digest == digest, AttachmentRow.patient.is_(False)).order_by(AttachmentRow.id)
    return [(row, number) for row, number in session.execute(query.execution_options(populate_existing=True))]


def is_patients(session: Session, digest: str) -> bool:
    """Given a file's hash, say whether some ticket has it marked as holding patients' data."""
    query = select(AttachmentRow.id).where(AttachmentRow.digest == digest, AttachmentRow.patient)
    return session.scalar(query.limit(1)) is not None


def seen(session: Session, digest: str, preview: str, phash: str) -> None:
    """Given a picture's hash and how looking at it went, write that for every attachment of it."""
    wanted = update(AttachmentRow).where(AttachmentRow.digest == digest, AttachmentRow.preview == WAITING)
    session.execute(wanted.values(preview=preview, phash=phash))


def elsewhere(session: Session, ticket_id: int, digests: Iterable[str]) -> dict[str, list[str]]:
    """Given a ticket and hashes of its files, return the numbers of other tickets that have the same file."""
    query = (
        select(AttachmentRow.digest, TicketRow.number)
        .join(TicketRow, TicketRow.id == AttachmentRow.ticket_id)
        .where(AttachmentRow.digest.in_(set(digests)), AttachmentRow.ticket_id != ticket_id)
        .where(AttachmentRow.voided_at.is_(None))
        .order_by(TicketRow.number)
        .limit(200)
    )
    found: dict[str, list[str]] = {}
    for digest, number in session.execute(query):
        found.setdefault(digest, []).append(number)
    return found
