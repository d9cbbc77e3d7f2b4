"""Reports that came without an account: their secrets as hashes, which door they came by, what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.public_reports import CODE_TRIES, DAY, NARROW, PENDING, WIDE, Recent
from ops_console.store.base import Base, Id
from ops_console.store.locations import LocationRow
from ops_console.store.tickets import TicketRow


class PublicReportRow(Base):
    """One report. `form` is what was typed while it waits for a person to look at it, empty afterwards."""

    __tablename__ = "public_report"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    status_hash: Mapped[str] = mapped_column(String(64), unique=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    code_tries: Mapped[int]
    browser_hash: Mapped[str] = mapped_column(String(64))
    door: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(64))
    location_id: Mapped[int | None] = mapped_column(ForeignKey("location.id"))
    is_clean: Mapped[bool]
    received_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(10))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    form: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("state IN ('ticket', 'pending', 'rejected')", name="state"),
        Index("ix_public_report_browser_hash_received_at", "browser_hash", "received_at"),
        Index("ix_public_report_door_received_at", "door", "received_at"),
        Index("ix_public_report_address_received_at", "address", "received_at"),
        Index("ix_public_report_ticket_id", "ticket_id"),
        Index(
            "ix_public_report_pending",
            "received_at",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )


def by_key(session: Session, key_hash: str) -> PublicReportRow | None:
    """Given the hash of a form's own key, return the report that it made, or None."""
    return session.scalar(select(PublicReportRow).where(PublicReportRow.key_hash == key_hash))


def by_status(session: Session, status_hash: str) -> PublicReportRow | None:
    """Given the hash of a status address, return its report, or None."""
    return session.scalar(select(PublicReportRow).where(PublicReportRow.status_hash == status_hash))


def by_id(session: Session, report_id: int) -> PublicReportRow | None:
    """Given a report's number, return it, or None."""
    return session.get(PublicReportRow, report_id)


def held(session: Session, report_id: int) -> PublicReportRow | None:
    """Given a report's number, return it held against other writers, or None."""
    return session.scalar(select(PublicReportRow).where(PublicReportRow.id == report_id).with_for_update())


def recent(session: Session, *, browser_hash: str, door: str, address: str, now: datetime) -> Recent:
    """Given a sender, return how many reports came of late, each counted no further than its limit asks.

    Four counts over an index.
    """
    return Recent(
        _count(session, PublicReportRow.browser_hash, browser_hash, now - NARROW),
        _count(session, PublicReportRow.door, door, now - NARROW),
        _count(session, PublicReportRow.address, address, now - WIDE),
        _count(session, PublicReportRow.address, address, now - DAY),
    )


COUNT_TO = 1000


def _count(session: Session, column: Any, value: str, since: datetime) -> int:
    found = select(PublicReportRow.id).where(column == value, PublicReportRow.received_at > since).limit(COUNT_TO)
    return session.scalar(select(func.count()).select_from(found.subquery())) or 0


def claim_try(session: Session, report_id: int) -> bool:
    """Given a report, use up one try of its code; False when none is left."""
    left = update(PublicReportRow).where(PublicReportRow.id == report_id, PublicReportRow.code_tries < CODE_TRIES)
    taken = session.execute(left.values(code_tries=PublicReportRow.code_tries + 1))
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def give_try_back(session: Session, report_id: int) -> None:
    """Given a report whose code was right, leave it the tries it had."""
    session.execute(
        update(PublicReportRow).where(PublicReportRow.id == report_id).values(code_tries=PublicReportRow.code_tries - 1)
    )


def waiting(session: Session, limit: int, offset: int = 0) -> Sequence[tuple[PublicReportRow, str | None]]:
    """Given a window, return reports that wait for a person, oldest first, each with its place's name."""
    query = (
        select(PublicReportRow, LocationRow.name)
        .outerjoin(LocationRow, LocationRow.id == PublicReportRow.location_id)
        .where(PublicReportRow.state == PENDING)
        .order_by(PublicReportRow.received_at, PublicReportRow.id)
    )
    return [(row, name) for row, name in session.execute(query.limit(limit).offset(offset)).all()]


def count_waiting(session: Session) -> int:
    """Given nothing, return how many reports wait for a person."""
    return session.scalar(select(func.count()).where(PublicReportRow.state == PENDING)) or 0


def of_browser(session: Session, browser_hash: str, since: datetime, limit: int) -> Sequence[Any]:
    """Given a browser, return its newest reports since then: row, and the ticket's number and state. One statement."""
    query = (
        select(PublicReportRow, TicketRow.number, TicketRow.state)
        .outerjoin(TicketRow, TicketRow.id == PublicReportRow.ticket_id)
        .where(PublicReportRow.browser_hash == browser_hash, PublicReportRow.received_at > since)
        .order_by(PublicReportRow.received_at.desc(), PublicReportRow.id.desc())
    )
    return session.execute(query.limit(limit)).all()


def ticket_number(session: Session, report: PublicReportRow) -> str | None:
    """Given a report, return the number of its ticket, or None while it has none."""
    if report.ticket_id is None:
        return None
    return session.scalar(select(TicketRow.number).where(TicketRow.id == report.ticket_id))


def ticket_state(session: Session, report: PublicReportRow) -> str:
    """Given a report, return its ticket's state, or "" while it has none."""
    query = select(TicketRow.state).where(TicketRow.id == report.ticket_id)
    return (session.scalar(query) if report.ticket_id is not None else None) or ""


def last_of_place(session: Session) -> dict[int, tuple[int, datetime]]:
    """Given nothing, return for each place how many reports came by its sticker and when the last did."""
    query = (
        select(PublicReportRow.location_id, func.count(), func.max(PublicReportRow.received_at))
        .where(PublicReportRow.location_id.is_not(None))
        .group_by(PublicReportRow.location_id)
    )
    return {place: (n, last) for place, n, last in session.execute(query) if place is not None}
