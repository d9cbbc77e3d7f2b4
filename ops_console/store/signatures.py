"""Signatures under frozen months and what parties noted about signing. Both are only ever added to.

Not for keys (`store/signing_keys.py`). A withdrawal is a note, so that no signature is ever changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.signatures import METHODS, NOTES, WITHDRAWN
from ops_console.store.base import Base


class SignatureRow(Base):
    """One signature over one revision of a month. `material` is what proves it: an offline signature, an assertion.

    `attempt` counts what the side withdrew before, so that it signs once: the database refuses a second. `name` is who
    signed, on paper who stamped; `account` whose session it came by. `key_id`, `proof`: by which key, which scan.
    """

    __tablename__ = "signature"
    id: Mapped[int] = mapped_column(primary_key=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessment.id"))
    revision: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    side: Mapped[str] = mapped_column(String(12))
    attempt: Mapped[int]
    role: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    method: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
    reservation: Mapped[str] = mapped_column(String(1000))
    key_id: Mapped[int | None] = mapped_column(ForeignKey("signing_key.id"))
    proof: Mapped[str] = mapped_column(String(64))
    material: Mapped[str] = mapped_column(Text)
    delegated_by: Mapped[str] = mapped_column(String(80))
    credential_reset_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(f"method IN {METHODS}", name="method"),
        CheckConstraint("side IN ('hospital', 'vendor')", name="side"),
        UniqueConstraint("assessment_id", "side", "attempt"),
    )


class SigningNoteRow(Base):
    """What a party noted about signing a revision: a refusal, that it asked, or the withdrawal of `signature_id`."""

    __tablename__ = "signing_note"
    id: Mapped[int] = mapped_column(primary_key=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessment.id"))
    signature_id: Mapped[int | None] = mapped_column(ForeignKey("signature.id"))
    digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(12))
    side: Mapped[str] = mapped_column(String(12))
    account: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(String(1000))
    at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint(f"kind IN {NOTES}", name="kind"),
        UniqueConstraint("signature_id"),
        Index("ix_signing_note_assessment_id", "assessment_id", "id"),
    )


def of_assessment(session: Session, assessment_id: int, digest: str = "") -> Sequence[SignatureRow]:
    """Given a frozen month and a digest ("": any), return the signatures that stand under it, oldest first."""
    gone = select(SigningNoteRow.id).where(SigningNoteRow.signature_id == SignatureRow.id)
    query = select(SignatureRow).where(SignatureRow.assessment_id == assessment_id, ~gone.exists())
    query = query.where(SignatureRow.digest == digest) if digest else query
    return session.scalars(query.order_by(SignatureRow.id)).all()


def of_assessments(session: Session, assessment_ids: Sequence[int]) -> dict[int, list[SignatureRow]]:
    """Given frozen months, return the standing signatures of each, oldest first. One statement."""
    gone = select(SigningNoteRow.id).where(SigningNoteRow.signature_id == SignatureRow.id)
    query = select(SignatureRow).where(SignatureRow.assessment_id.in_(list(assessment_ids)), ~gone.exists())
    found: dict[int, list[SignatureRow]] = {}
    for row in session.scalars(query.order_by(SignatureRow.id)):
        found.setdefault(row.assessment_id, []).append(row)
    return found


def notes(session: Session, assessment_id: int) -> Sequence[SigningNoteRow]:
    """Given a frozen month, return what was noted about signing it, every revision, in order."""
    query = select(SigningNoteRow).where(SigningNoteRow.assessment_id == assessment_id)
    return session.scalars(query.order_by(SigningNoteRow.id)).all()


def withdrawn(session: Session, assessment_id: int) -> Sequence[SignatureRow]:
    """Given a frozen month, return the signatures that were withdrawn, oldest first."""
    query = select(SignatureRow).join(SigningNoteRow, SigningNoteRow.signature_id == SignatureRow.id)
    query = query.where(SignatureRow.assessment_id == assessment_id, SigningNoteRow.kind == WITHDRAWN)
    return session.scalars(query.order_by(SignatureRow.id)).all()


def attempts(session: Session, assessment_id: int, side: str) -> int:
    """Given a frozen month and a side, return how often that side signed it, withdrawals included."""
    query = select(func.count()).select_from(SignatureRow)
    found = session.scalar(query.where(SignatureRow.assessment_id == assessment_id, SignatureRow.side == side))
    return found or 0
