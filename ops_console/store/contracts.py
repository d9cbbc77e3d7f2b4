"""Contracts and their versions: the terms as canonical JSON, and who confirmed each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, String, Text, UniqueConstraint, cast, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.moments import ZONE
from ops_console.core.readings import effective
from ops_console.core.terms import VersionInForce, terms_from_json
from ops_console.store.base import Base

IN_FORCE, PROPOSED, WITHDRAWN = "in_force", "proposed", "withdrawn"
FILE, READING = "file", "reading"


class ContractRow(Base):
    """One contract between the hospital and a vendor."""

    __tablename__ = "contract"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)


class VersionRow(Base):
    """One version of a contract's terms. In force means: both sides confirmed it, or it was the first loaded.

    `origin` tells whether the file proposed it or a person, with the `reason`; `file_digest` is that of what the file
    said then, without what the parties agreed upon since. One refused is withdrawn with `refused_by` and the `answer`.
    """

    __tablename__ = "contract_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    version: Mapped[int]
    terms: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    counts_from: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10))
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str] = mapped_column(String(80))
    hospital_by: Mapped[str | None] = mapped_column(String(80))
    hospital_at: Mapped[datetime | None]
    vendor_by: Mapped[str | None] = mapped_column(String(80))
    vendor_at: Mapped[datetime | None]
    origin: Mapped[str] = mapped_column(String(10), server_default=FILE)
    file_digest: Mapped[str] = mapped_column(String(64), server_default="")
    proposed_side: Mapped[str] = mapped_column(String(12), server_default="neutral")
    reason: Mapped[str] = mapped_column(String(500), server_default="")
    answer: Mapped[str] = mapped_column(String(500), server_default="")
    refused_by: Mapped[str | None] = mapped_column(String(80))
    refused_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("contract_id", "version"),
        CheckConstraint("state IN ('in_force', 'proposed', 'withdrawn')", name="state"),
    )


def contract_by_number(session: Session, number: str) -> ContractRow | None:
    """Given a contract's number, return its row, or None."""
    return session.scalar(select(ContractRow).where(ContractRow.number == number))


def hold(session: Session, contract_id: int) -> ContractRow | None:
    """Given a contract, hold it against other writers until the commit: who counts in it does so alone."""
    return session.scalar(select(ContractRow).where(ContractRow.id == contract_id).with_for_update())


def all_contracts(session: Session) -> Sequence[ContractRow]:
    """Given nothing, return every contract, the one that began last first."""
    return session.scalars(select(ContractRow).order_by(ContractRow.starts_on.desc(), ContractRow.id.desc())).all()


def any_contract(session: Session) -> bool:
    """Given nothing, say whether any contract was ever loaded."""
    return session.scalar(select(func.count()).select_from(ContractRow)) != 0


def versions(session: Session, state: str | None = None, *, lock: bool = False) -> Sequence[VersionRow]:
    """Given a state or None for all, return the versions, newest first, held against other writers where asked."""
    query = select(VersionRow).order_by(VersionRow.id.desc())
    query = query.with_for_update() if lock else query
    return session.scalars(query if state is None else query.where(VersionRow.state == state)).all()


def version(session: Session, version_id: int, *, lock: bool = False) -> VersionRow | None:
    """Given a version's id, return its row, held against other writers where asked, or None."""
    query = select(VersionRow).where(VersionRow.id == version_id)
    query = query.with_for_update().execution_options(populate_existing=True) if lock else query
    return session.scalar(query)


# Asked with every page, within the statement that asks who looks (`store/people.py`): one text, read by `ids_in`.
WHICH = select(func.aggregate_strings(cast(VersionRow.id, String), ",")).where(VersionRow.state == IN_FORCE)
IN_FORCE_IDS = WHICH.scalar_subquery()


def ids_in(text: str | None) -> tuple[int, ...]:
    """Given what IN_FORCE_IDS found, return the ids, newest first."""
    return tuple(sorted(map(int, text.split(",")), reverse=True)) if text else ()


def in_force_ids(session: Session) -> tuple[int, ...]:
    """Given nothing, return the ids of every confirmed version, newest first. One statement."""
    return ids_in(session.scalar(WHICH))


def in_force(session: Session) -> tuple[VersionInForce, ...]:
    """Given nothing, return every confirmed version: its terms as they count and as they were agreed. One statement."""
    return tuple(_in_force(row) for row in versions(session, IN_FORCE))


def _in_force(row: VersionRow) -> VersionInForce:
    raw = terms_from_json(row.terms)
    known_on = row.proposed_at.astimezone(ZONE).date()
    return VersionInForce(row.id, row.contract_id, row.version, effective(raw), raw, known_on)


def last_version(session: Session, contract_id: int) -> int:
    """Given a contract, return the highest version number it has, 0 when none."""
    return session.scalar(select(func.max(VersionRow.version)).where(VersionRow.contract_id == contract_id)) or 0
