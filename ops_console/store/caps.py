"""Entries of yearly caps as they stand now; their history is the chain's (subject `cap`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Select,
    SmallInteger,
    String,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.caps import STATES, CapEntry
from ops_console.store.base import Base, Id
from ops_console.store.contracts import ContractRow
from ops_console.store.tickets import TicketRow


class CapRow(Base):
    """One entry. `title` and `requester` are masked; `dedup_key` makes one request one entry."""

    __tablename__ = "cap_entry"
    id: Mapped[int] = mapped_column(primary_key=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    clause: Mapped[str] = mapped_column(String(20))
    year: Mapped[int] = mapped_column(SmallInteger)
    title: Mapped[str] = mapped_column(String(200))
    requester: Mapped[str] = mapped_column(String(100))
    side: Mapped[str] = mapped_column(String(12))
    requested_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str] = mapped_column(String(80))
    ticket_id: Mapped[int | None] = mapped_column(Id, ForeignKey("ticket.id"))
    dedup_key: Mapped[str] = mapped_column(String(80), unique=True)
    state: Mapped[str] = mapped_column(String(10))
    sheet_on: Mapped[date | None] = mapped_column(Date)
    held_at: Mapped[datetime | None]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str] = mapped_column(String(80))
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str] = mapped_column(String(80))
    returned_at: Mapped[datetime | None]
    why: Mapped[str] = mapped_column(String(12))
    way: Mapped[str] = mapped_column(String(10))
    document: Mapped[str] = mapped_column(String(80))
    fee: Mapped[int | None] = mapped_column(BigInteger)
    deferred_at: Mapped[datetime | None]
    not_before: Mapped[date | None] = mapped_column(Date)
    into_id: Mapped[int | None] = mapped_column(ForeignKey("cap_entry.id"))
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        Index("ix_cap_entry_contract_year", "contract_id", "year", "clause", "state"),
        Index("ix_cap_entry_ticket_id", "ticket_id"),
    )


SAME = tuple(
    column.name for column in CapRow.__table__.columns if column.name not in ("ticket_id", "dedup_key", "into_id")
)


def _entry(row: CapRow, ticket: str | None) -> CapEntry:
    values: dict[str, Any] = {name: getattr(row, name) for name in SAME}
    return CapEntry(**values, ticket=ticket or "", into=row.into_id)


def columns_of(entry: CapEntry) -> dict[str, Any]:
    """Given an entry as its events leave it, return its columns, without what its making alone sets."""
    values = asdict(entry)
    return {name: values[name] for name in SAME if name != "id"} | {"into_id": entry.into}


def _known() -> Select[Any]:
    return select(CapRow, TicketRow.number).outerjoin(TicketRow, TicketRow.id == CapRow.ticket_id)


def _found(session: Session, query: Select[Any]) -> list[CapEntry]:
    rows = session.execute(query.execution_options(populate_existing=True)).all()
    return [_entry(row, number) for row, number in rows]


def add(session: Session, entry: CapEntry, *, ticket_id: int | None, dedup_key: str) -> int:
    """Given a new entry (its id is not looked at), its ticket and what makes it unique, insert it; return its id."""
    values = {**columns_of(entry), "ticket_id": ticket_id, "dedup_key": dedup_key}
    made: int = session.execute(insert(CapRow).values(**values).returning(CapRow.id)).scalar_one()
    return made


def store(session: Session, entry: CapEntry) -> None:
    """Given an entry as it stands now, write its row."""
    session.execute(update(CapRow).where(CapRow.id == entry.id).values(**columns_of(entry)))


def hold_counting(session: Session, contract_id: int) -> None:
    """Given a contract, let nobody else count its caps until the commit. Before any entry is held."""
    session.execute(select(ContractRow.id).where(ContractRow.id == contract_id).with_for_update(key_share=True))


def hold(session: Session, entry_ids: Iterable[int]) -> dict[int, CapEntry]:
    """Given entries, return those that exist, held against other writers until the commit, in order of their ids."""
    ids = sorted(set(entry_ids))
    session.execute(select(CapRow.id).where(CapRow.id.in_(ids)).order_by(CapRow.id).with_for_update())
    return {entry.id: entry for entry in _found(session, _known().where(CapRow.id.in_(ids)))}


def one(session: Session, entry_id: int) -> CapEntry | None:
    """Given an id, return the entry, or None."""
    return next(iter(_found(session, _known().where(CapRow.id == entry_id))), None)


def id_of_key(session: Session, dedup_key: str) -> int | None:
    """Given what makes an entry unique, return the id of the one made so, or None."""
    return session.scalar(select(CapRow.id).where(CapRow.dedup_key == dedup_key))


def of_contract(session: Session, contract_id: int) -> list[CapEntry]:
    """Given a contract, return its entries, oldest first. One statement; a contract has some dozens."""
    return _found(session, _known().where(CapRow.contract_id == contract_id).order_by(CapRow.id))


def ids(session: Session) -> Sequence[int]:
    """Given nothing, return the ids of the entries of all contracts, in order."""
    return session.scalars(select(CapRow.id).order_by(CapRow.id)).all()


def some(session: Session, entry_ids: Iterable[int]) -> dict[int, CapEntry]:
    """Given ids, return the entries that exist, by id. One statement."""
    return {entry.id: entry for entry in _found(session, _known().where(CapRow.id.in_(list(entry_ids))))}


def between(session: Session, contract_id: int, start: datetime, end: datetime) -> list[CapEntry]:
    """Given a contract and two instants, return the entries held, approved or accepted between them, oldest first."""
    moments = (CapRow.held_at, CapRow.approved_at, CapRow.accepted_at)
    happened = or_(*((moment >= start) & (moment < end) for moment in moments))
    return _found(session, _known().where(CapRow.contract_id == contract_id, happened).order_by(CapRow.id))


def of_tickets(session: Session, ticket_ids: Iterable[int]) -> dict[int, list[CapEntry]]:
    """Given tickets' ids, return the entries of each that has any, oldest first. One statement."""
    query = _known().where(CapRow.ticket_id.in_(list(ticket_ids))).order_by(CapRow.id)
    found: dict[int, list[CapEntry]] = {}
    for row, number in session.execute(query.execution_options(populate_existing=True)).all():
        assert row.ticket_id is not None
        found.setdefault(row.ticket_id, []).append(_entry(row, number))
    return found


def ticket_id_of(session: Session, entry_id: int) -> int | None:
    """Given an entry, return the id of its ticket, or None."""
    return session.scalar(select(CapRow.ticket_id).where(CapRow.id == entry_id))


def _narrowed(query: Select[Any], contract_id: int, year: int, clause: str, states: Sequence[str]) -> Select[Any]:
    query = query.where(CapRow.contract_id == contract_id, CapRow.year == year)
    query = query.where(CapRow.clause == clause) if clause else query
    return query.where(CapRow.state.in_(states)) if states else query


def page(
    session: Session, contract_id: int, year: int, clause: str, states: Sequence[str], *, limit: int, offset: int
) -> list[CapEntry]:
    """Given a contract, a contract year, a clause ("": every) and states (none: all), return a page, newest first."""
    query = _narrowed(_known(), contract_id, year, clause, states).order_by(
        CapRow.requested_at.desc(), CapRow.id.desc()
    )
    return _found(session, query.limit(limit).offset(offset))


def counts(session: Session, contract_id: int, year: int, clause: str) -> dict[str, int]:
    """Given a contract, a contract year and a clause ("": every), return how many entries are in each state."""
    query = _narrowed(select(CapRow.state, func.count()), contract_id, year, clause, ())
    return dict(session.execute(query.group_by(CapRow.state)).all())  # type: ignore[arg-type]
