"""Proofs: files that belong to a duty, a case, a contract: anything but a ticket, whose files are attachments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Boolean, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base, Id


class ProofRow(Base):
    """One file of one subject. `name` is masked; `code` tells what it proves (E1 to E15), or is empty."""

    __tablename__ = "proof"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subject: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(12))
    code: Mapped[str] = mapped_column(String(4))
    size: Mapped[int]
    scan: Mapped[str] = mapped_column(String(12))
    patient: Mapped[bool] = mapped_column(Boolean)
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(80))
    side: Mapped[str] = mapped_column(String(12))
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(String(500))
    __table_args__ = (
        Index("ix_proof_subject", "subject", "subject_id", "id"),
        Index("ix_proof_digest", "digest"),
    )


def of_subject(session: Session, subject: str, subject_id: str) -> Sequence[ProofRow]:
    """Given a subject and which one, return its proofs in the order they were added, void ones too."""
    query = select(ProofRow).where(ProofRow.subject == subject, ProofRow.subject_id == subject_id)
    return session.scalars(query.order_by(ProofRow.id)).all()


def of_subjects(session: Session, subject: str, subject_ids: Iterable[str]) -> dict[str, list[ProofRow]]:
    """Given a subject and several of it, return each one's proofs that stand, oldest first. One statement."""
    query = select(ProofRow).where(ProofRow.subject == subject, ProofRow.subject_id.in_(list(subject_ids)))
    found: dict[str, list[ProofRow]] = {}
    for row in session.scalars(query.where(ProofRow.voided_at.is_(None)).order_by(ProofRow.id)):
        found.setdefault(row.subject_id, []).append(row)
    return found


def every_of(session: Session, subject: str, subject_ids: Iterable[str]) -> Sequence[ProofRow]:
    """Given a subject and several of it, return all their proofs, void ones too, oldest first."""
    query = select(ProofRow).where(ProofRow.subject == subject, ProofRow.subject_id.in_(list(subject_ids)))
    return session.scalars(query.order_by(ProofRow.id)).all()


def of_digests(session: Session, subject: str, digests: Iterable[str]) -> Sequence[ProofRow]:
    """Given a subject and hashes of files, return the proofs that stand of that subject with these, oldest first."""
    query = select(ProofRow).where(ProofRow.subject == subject, ProofRow.digest.in_(list(digests)))
    return session.scalars(query.where(ProofRow.voided_at.is_(None)).order_by(ProofRow.id)).all()


def one(session: Session, proof_id: int, *, hold: bool = False) -> ProofRow | None:
    """Given an id, return the proof (held against other writers with `hold`), or None."""
    query = select(ProofRow).where(ProofRow.id == proof_id)
    query = query.with_for_update() if hold else query
    return session.scalar(query.execution_options(populate_existing=True))


def standing(session: Session, subject: str, subject_id: str, digest: str) -> ProofRow | None:
    """Given a subject, which one and a file's hash, return the proof that stands for it, or None."""
    query = select(ProofRow).where(
        ProofRow.subject == subject, ProofRow.subject_id == subject_id, ProofRow.digest == digest,
        ProofRow.voided_at.is_(None),
    )  # fmt: skip
    return session.scalar(query.limit(1))


def referred(session: Session, digests: Collection[str]) -> set[str]:
    """Given hashes of kept files, return those that a proof refers to."""
    return set(session.scalars(select(ProofRow.digest).where(ProofRow.digest.in_(digests))))
