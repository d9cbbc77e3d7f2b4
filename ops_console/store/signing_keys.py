"""Keys that a party signs months with: public halves alone, who registered, confirmed and revoked each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.signing_keys import ALGORITHMS, IN_FORCE, KINDS, STATES
from ops_console.store.base import Base, Id

COUNTS = text("state IN ('proposed', 'in_force', 'revoked')")


class SigningKeyRow(Base):
    """One public key of one party under one contract. A revoked key never returns; one refused may be put again.

    `credential_id`, `cose`, `sign_count` are an authenticator's, which only `account` may use; `label` is masked.
    """

    __tablename__ = "signing_key"
    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    side: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(12))
    algorithm: Mapped[str] = mapped_column(String(12))
    bits: Mapped[int]
    pem: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(64))
    credential_id: Mapped[str] = mapped_column(Text)
    cose: Mapped[str] = mapped_column(Text)
    sign_count: Mapped[int] = mapped_column(Id)
    label: Mapped[str] = mapped_column(String(80))
    state: Mapped[str] = mapped_column(String(10))
    account: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(80))
    registered_at: Mapped[datetime]
    confirmed_by: Mapped[str] = mapped_column(String(80))
    confirmed_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(80))
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(1000))
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        CheckConstraint(f"algorithm IN {ALGORITHMS}", name="algorithm"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index("ix_signing_key_contract_id", "contract_id", "side", "state"),
        Index("uq_signing_key_fingerprint", "fingerprint", unique=True, sqlite_where=COUNTS, postgresql_where=COUNTS),
    )


def of_contract(session: Session, contract_id: int) -> Sequence[SigningKeyRow]:
    """Given a contract, return every key registered under it, the newest first. One statement."""
    query = select(SigningKeyRow).where(SigningKeyRow.contract_id == contract_id)
    return session.scalars(query.order_by(SigningKeyRow.id.desc())).all()


def of_side(session: Session, contract_id: int, side: str, kind: str = "") -> Sequence[SigningKeyRow]:
    """Given a contract, a side and a kind ("": any), return that side's keys in whatever state, oldest first."""
    query = select(SigningKeyRow).where(SigningKeyRow.contract_id == contract_id, SigningKeyRow.side == side)
    query = query.where(SigningKeyRow.kind == kind) if kind else query
    return session.scalars(query.order_by(SigningKeyRow.id)).all()


def usable(session: Session, contract_id: int, side: str) -> Sequence[SigningKeyRow]:
    """Given a contract and a side, return its keys in force, oldest first. One statement."""
    return [row for row in of_side(session, contract_id, side) if row.state == IN_FORCE]


def one(session: Session, key_id: int, *, hold: bool = False) -> SigningKeyRow | None:
    """Given an id, return the key (held against other writers with `hold`), or None."""
    query = select(SigningKeyRow).where(SigningKeyRow.id == key_id)
    query = query.with_for_update() if hold else query
    return session.scalar(query.execution_options(populate_existing=True))


def several(session: Session, key_ids: Sequence[int]) -> dict[int, SigningKeyRow]:
    """Given ids, return the keys by id. One statement."""
    query = select(SigningKeyRow).where(SigningKeyRow.id.in_(list(key_ids)))
    return {row.id: row for row in session.scalars(query)}


def counting(session: Session, fingerprint: str) -> SigningKeyRow | None:
    """Given a fingerprint, return the key that waits, counts or was revoked, of whichever party, or None."""
    return session.scalar(select(SigningKeyRow).where(SigningKeyRow.fingerprint == fingerprint, COUNTS))
