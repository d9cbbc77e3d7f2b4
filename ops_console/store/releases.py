"""Releases and product versions as they stand, and the changes of one that the other party has a word in."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, String, Text, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.releases import CHANGE_STATES, KINDS, PROPOSED, Release
from ops_console.store.base import Base

SUBJECT = "release"
STANDING = text("voided_at IS NULL")


class ReleaseRow(Base):
    """One release (`kind` update) or product version, as corrected. `title` and `notes` are masked, `ends` is JSON.

    `late_found`: the hospital registered it after the vendor should have told of it.
    """

    __tablename__ = "release"
    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    kind: Mapped[str] = mapped_column(String(10))
    version: Mapped[str] = mapped_column(String(40))
    title: Mapped[str] = mapped_column(String(100))
    ends: Mapped[str] = mapped_column(Text)
    notes: Mapped[str] = mapped_column(Text)
    released_at: Mapped[datetime | None]
    user_visible: Mapped[bool] = mapped_column(Boolean)
    go_live: Mapped[bool] = mapped_column(Boolean)
    go_live_at: Mapped[datetime | None]
    published_on: Mapped[date | None] = mapped_column(Date)
    happened_at: Mapped[datetime]
    late_found: Mapped[bool] = mapped_column(Boolean)
    registered_at: Mapped[datetime]
    registered_by: Mapped[str] = mapped_column(String(80))
    registered_side: Mapped[str] = mapped_column(String(12))
    notice_off_at: Mapped[datetime | None]
    notice_off_by: Mapped[str] = mapped_column(String(80))
    decision: Mapped[str] = mapped_column(String(10))
    decision_reason: Mapped[str] = mapped_column(String(500))
    decided_by: Mapped[str] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        Index("ix_release_happened_at", "happened_at", "id"),
        Index(
            "uq_release_version", "contract_id", "kind", "version", unique=True,
            sqlite_where=STANDING, postgresql_where=STANDING,
        ),
    )  # fmt: skip


class ChangeRow(Base):
    """One change of a release put before the other party: the whole release as it is and is to be, canonical JSON."""

    __tablename__ = "release_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"), index=True)
    old: Mapped[str] = mapped_column(Text)
    new: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(10))
    proposed_at: Mapped[datetime]
    proposed_by: Mapped[str] = mapped_column(String(80))
    proposed_side: Mapped[str] = mapped_column(String(12))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(String(80))
    answer: Mapped[str] = mapped_column(String(500))
    __table_args__ = (CheckConstraint(f"state IN {CHANGE_STATES}", name="state"),)


def release_of(row: ReleaseRow) -> Release:
    """Given a row, return the release."""
    return Release(
        row.kind, row.version, row.title, tuple(json.loads(row.ends)), row.notes, row.released_at, row.user_visible,
        row.go_live, row.go_live_at, row.published_on, row.voided_at is not None,
    )  # fmt: skip


def one(session: Session, release_id: int, *, hold: bool = False) -> ReleaseRow | None:
    """Given an id, return the release (held against other writers with `hold`), or None."""
    query = select(ReleaseRow).where(ReleaseRow.id == release_id)
    query = query.with_for_update() if hold else query
    return session.scalar(query.execution_options(populate_existing=True))


def ids_since(session: Session, since: datetime) -> Sequence[int]:
    """Given an instant, return the ids of what happened since then, in order."""
    return session.scalars(select(ReleaseRow.id).where(ReleaseRow.happened_at >= since).order_by(ReleaseRow.id)).all()


def some(session: Session, ids: Collection[int]) -> dict[int, ReleaseRow]:
    """Given ids, return the releases that exist, by id. One statement."""
    return {row.id: row for row in session.scalars(select(ReleaseRow).where(ReleaseRow.id.in_(ids)))}


def standing(session: Session, contract_id: int, kind: str, version: str) -> ReleaseRow | None:
    """Given a contract, a kind and a version, return the release that stands for them, or None."""
    query = select(ReleaseRow).where(
        ReleaseRow.contract_id == contract_id, ReleaseRow.kind == kind, ReleaseRow.version == version,
        ReleaseRow.voided_at.is_(None),
    )  # fmt: skip
    return session.scalar(query)


def page(session: Session, kind: str, *, limit: int, offset: int) -> Sequence[ReleaseRow]:
    """Given a kind ("": each) and a page, return its releases, newest first. One statement."""
    query = select(ReleaseRow).where(ReleaseRow.kind == kind) if kind else select(ReleaseRow)
    newest = query.order_by(ReleaseRow.happened_at.desc(), ReleaseRow.id.desc())
    return session.scalars(newest.limit(limit).offset(offset)).all()


def counts(session: Session) -> dict[str, int]:
    """Given nothing, return how many releases there are of each kind."""
    return dict(session.execute(select(ReleaseRow.kind, func.count()).group_by(ReleaseRow.kind)).all())


def titles(session: Session, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Given ids, return (version, title) of each release."""
    query = select(ReleaseRow.id, ReleaseRow.version, ReleaseRow.title).where(ReleaseRow.id.in_(ids))
    return {release_id: (version, title) for release_id, version, title in session.execute(query)}


def change(session: Session, change_id: int) -> ChangeRow | None:
    """Given an id, return the change, or None."""
    return session.get(ChangeRow, change_id)


def changes(session: Session, release_id: int) -> Sequence[ChangeRow]:
    """Given a release, return its changes, newest first."""
    query = select(ChangeRow).where(ChangeRow.release_id == release_id).order_by(ChangeRow.id.desc())
    return session.scalars(query.execution_options(populate_existing=True)).all()


def waiting(session: Session, ids: Collection[int]) -> dict[int, Any]:
    """Given ids, return the change of each release that waits for the other party. One statement."""
    query = select(ChangeRow).where(ChangeRow.release_id.in_(ids), ChangeRow.state == PROPOSED)
    return {row.release_id: row for row in session.scalars(query)}
