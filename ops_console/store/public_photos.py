"""Photos that came with reports without an account: which file, by hash, belongs to which report."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.public_reports import REJECTED
from ops_console.store.attachments import AttachmentRow
from ops_console.store.base import Base, Id
from ops_console.store.public_reports import PublicReportRow


class PublicPhotoRow(Base):
    """One photo of one report. Once the report is a ticket, the ticket has it too, as an attachment like any other."""

    __tablename__ = "public_photo"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    report_id: Mapped[int] = mapped_column(Id, ForeignKey("public_report.id"))
    digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(12))
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    scan: Mapped[str] = mapped_column(String(12))
    recorded_at: Mapped[datetime]
    forgotten_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("report_id", "digest", name="uq_public_photo_report_id_digest"),
        Index("ix_public_photo_digest", "digest"),
        Index("ix_public_photo_recorded_at", "recorded_at"),
    )


def of_report(session: Session, report_id: int) -> Sequence[PublicPhotoRow]:
    """Given a report, return its photos in the order they came."""
    query = select(PublicPhotoRow).where(PublicPhotoRow.report_id == report_id)
    return session.scalars(query.order_by(PublicPhotoRow.id)).all()


def of_reports(session: Session, report_ids: Iterable[int]) -> dict[int, list[int]]:
    """Given reports, return the numbers of each one's photos in the order they came. One statement."""
    query = select(PublicPhotoRow.report_id, PublicPhotoRow.id).where(PublicPhotoRow.report_id.in_(set(report_ids)))
    found: dict[int, list[int]] = {}
    for report_id, photo_id in session.execute(query.order_by(PublicPhotoRow.id)):
        found.setdefault(report_id, []).append(photo_id)
    return found


def one(session: Session, report_id: int, photo_id: int, state: str) -> PublicPhotoRow | None:
    """Given a report, one of its photos and the state the report must be in, return the photo, or None."""
    query = select(PublicPhotoRow).join(PublicReportRow, PublicReportRow.id == PublicPhotoRow.report_id)
    wanted = (PublicPhotoRow.id == photo_id, PublicReportRow.id == report_id, PublicReportRow.state == state)
    return session.scalar(query.where(*wanted))


def bytes_of_door(session: Session, door: str, since: datetime) -> int:
    """Given a door, return how many bytes of photos came in by it since then."""
    query = select(func.sum(PublicPhotoRow.size)).join(PublicReportRow, PublicReportRow.id == PublicPhotoRow.report_id)
    return session.scalar(query.where(PublicReportRow.door == door, PublicPhotoRow.recorded_at > since)) or 0


def forget(session: Session, before: datetime, now: datetime) -> list[str]:
    """Given an instant, give up the photos of reports that were rejected before it.

    Return the hashes that nothing refers to any more.
    """
    rejected = select(PublicReportRow.id).where(PublicReportRow.state == REJECTED, PublicReportRow.decided_at < before)
    due = (PublicPhotoRow.report_id.in_(rejected), PublicPhotoRow.forgotten_at.is_(None))
    digests = set(session.scalars(select(PublicPhotoRow.digest).where(*due)))
    session.execute(update(PublicPhotoRow).where(*due).values(forgotten_at=now))
    return sorted(digests - referred(session, digests))


def referred(session: Session, digests: Collection[str]) -> set[str]:
    """Given hashes of kept files, return those that a ticket or a report's photo refers to. Two statements."""
    kept = select(PublicPhotoRow.digest).where(
        PublicPhotoRow.digest.in_(digests), PublicPhotoRow.forgotten_at.is_(None)
    )
    attached = select(AttachmentRow.digest).where(AttachmentRow.digest.in_(digests))
    return {*session.scalars(kept), *session.scalars(attached)}
