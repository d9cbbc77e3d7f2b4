"""Agreements of both parties: what was proposed, who confirmed it, what is in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.agreements import IN_FORCE, PROPOSED, STATES
from ops_console.store.base import Base


class AgreementRow(Base):
    """One thing proposed by one party to the other. `payload` is canonical JSON, `digest` its SHA-256."""

    __tablename__ = "agreement"
    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    subject: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(80))
    number: Mapped[int]
    payload: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    effective_from: Mapped[date | None] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(500))
    proof: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str] = mapped_column(String(80))
    proposed_side: Mapped[str] = mapped_column(String(12))
    hospital_by: Mapped[str | None] = mapped_column(String(80))
    hospital_at: Mapped[datetime | None]
    vendor_by: Mapped[str | None] = mapped_column(String(80))
    vendor_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(String(500))
    settled_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index("uq_agreement_number", "contract_id", "subject", "key", "number", unique=True),
        Index("ix_agreement_subject_state", "subject", "state"),
    )


def one(session: Session, agreement_id: int, *, hold: bool = False) -> AgreementRow | None:
    """Given an id, return the agreement (held against other writers with `hold`), or None."""
    query = select(AgreementRow).where(AgreementRow.id == agreement_id)
    query = query.with_for_update() if hold else query
    return session.scalar(query.execution_options(populate_existing=True))


def of_subject(session: Session, contract_id: int, subject: str, key: str | None = None) -> Sequence[AgreementRow]:
    """Given a contract, a subject and a key (None: every), return the agreements, newest first. One statement."""
    query = select(AgreementRow).where(AgreementRow.contract_id == contract_id, AgreementRow.subject == subject)
    query = query.where(AgreementRow.key == key) if key is not None else query
    return session.scalars(query.order_by(AgreementRow.id.desc())).all()


def of_key(session: Session, contract_id: int, key: str) -> Sequence[AgreementRow]:
    """Given a contract and a key, return the agreements about it of every subject, newest first. One statement."""
    query = select(AgreementRow).where(AgreementRow.contract_id == contract_id, AgreementRow.key == key)
    return session.scalars(query.order_by(AgreementRow.id.desc())).all()


def in_force(session: Session, contract_id: int, subject: str, key: str, on: date | None = None) -> AgreementRow | None:
    """Given a contract, a subject, a key and a Shanghai day (None: any), return what counts then, or None."""
    query = select(AgreementRow).where(
        AgreementRow.contract_id == contract_id, AgreementRow.subject == subject, AgreementRow.key == key,
        AgreementRow.state == IN_FORCE,
    )  # fmt: skip
    if on is not None:
        query = query.where((AgreementRow.effective_from.is_(None)) | (AgreementRow.effective_from <= on))
    return session.scalar(query.order_by(AgreementRow.effective_from.desc(), AgreementRow.id.desc()).limit(1))


def waiting(session: Session, subject: str | None = None) -> Sequence[AgreementRow]:
    """Given a subject (None: every), return what waits for a party's word, oldest first. One statement."""
    query = select(AgreementRow).where(AgreementRow.state == PROPOSED)
    query = query.where(AgreementRow.subject == subject) if subject else query
    return session.scalars(query.order_by(AgreementRow.id)).all()


def last_number(session: Session, contract_id: int, subject: str, key: str) -> int:
    """Given what is agreed about, return the highest number so far, 0 where there is none."""
    newest = of_subject(session, contract_id, subject, key)
    return newest[0].number if newest else 0
