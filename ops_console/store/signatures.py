"""Signatures under frozen months: whose, over which digest, by which method, and what was reserved."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.signatures import METHODS
from ops_console.store.base import Base


class SignatureRow(Base):
    """One signature over one revision of a month. `material` is what proves it: an offline signature, an assertion.

    `one_sided`: the hospital's finding without the vendor. `key_id`, `proof`: by which key, which scanned paper.
    """

    __tablename__ = "signature"
    id: Mapped[int] = mapped_column(primary_key=True)
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessment.id"))
    digest: Mapped[str] = mapped_column(String(64))
    side: Mapped[str] = mapped_column(String(12))
    role: Mapped[str] = mapped_column(String(20))
    account: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    method: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
    reservation: Mapped[str] = mapped_column(String(1000))
    one_sided: Mapped[bool] = mapped_column(Boolean)
    key_id: Mapped[str] = mapped_column(String(64))
    proof: Mapped[str] = mapped_column(String(64))
    material: Mapped[str] = mapped_column(Text)
    delegated_by: Mapped[str] = mapped_column(String(80))
    withdrawn_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(f"method IN {METHODS}", name="method"),
        Index("ix_signature_assessment_id", "assessment_id", "id"),
    )


def of_assessment(session: Session, assessment_id: int, digest: str = "") -> Sequence[SignatureRow]:
    """Given a frozen month and a digest ("": any), return the signatures that stand under it, oldest first."""
    query = select(SignatureRow).where(SignatureRow.assessment_id == assessment_id, SignatureRow.withdrawn_at.is_(None))
    query = query.where(SignatureRow.digest == digest) if digest else query
    return session.scalars(query.order_by(SignatureRow.id)).all()
