"""The search index: what can be found of each ticket, and in `ticket_pieces` the pieces of it, in the order of places.

`ticket_pieces` is a table of the database's own kind, so no model: FTS5 without content on SQLite (what a row held
is told again to remove it), a tsvector under GIN on PostgreSQL. Only tickets reported are here; words are the core's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Select,
    Text,
    cast,
    column,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.moments import month_start, shift_month
from ops_console.core.search import ID_BITS, Query, pieces_of, place_of
from ops_console.core.ticket_lists import Filter
from ops_console.store.base import Base, Id
from ops_console.store.ticket_lists import narrowed
from ops_console.store.tickets import LISTED, TicketRow

FEW = 3_000  # so many tickets are compared text by text; with more, the index is asked first
PIECES = "ticket_pieces"
SQLITE_ADD = text("INSERT INTO ticket_pieces (rowid, pieces) VALUES (:place, :pieces)")
SQLITE_REMOVE = text("INSERT INTO ticket_pieces (ticket_pieces, rowid, pieces) VALUES ('delete', :place, :pieces)")
POSTGRES_ADD = text(
    "INSERT INTO ticket_pieces (place, pieces) VALUES (:place, array_to_tsvector(CAST(:pieces AS text[])))"
)
POSTGRES_REMOVE = text("DELETE FROM ticket_pieces WHERE place = :place")


class TextRow(Base):
    """What can be found of one ticket: comparable in one text, and the long texts as they are shown."""

    __tablename__ = "ticket_text"
    place: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"), unique=True)
    text: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    process: Mapped[str] = mapped_column(Text)


def known(session: Session, ids: Iterable[int]) -> dict[int, Any]:
    """Given ticket ids, return the rows that are in the index, by ticket id."""
    wanted = list(ids)
    query = select(TextRow.__table__).where(TextRow.ticket_id.in_(wanted))
    return {row.ticket_id: row for row in session.execute(query)} if wanted else {}


def remove(session: Session, rows: Sequence[Any]) -> None:
    """Given rows of the index as they stand, take them out."""
    if not rows:
        return
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    told = [{"place": row.place} | ({"pieces": _line(row.text)} if is_sqlite else {}) for row in rows]
    session.execute(SQLITE_REMOVE if is_sqlite else POSTGRES_REMOVE, told)
    session.execute(delete(TextRow).where(TextRow.place.in_([row.place for row in rows])))


ADD = insert(TextRow.__table__)  # by the table: mapped inserts cost twice as much


def add(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Given rows for tickets that are not in the index, put them in."""
    if not rows:
        return
    session.execute(ADD, list(rows))
    session.execute(*_added(session.get_bind().dialect.name, rows))


def _added(dialect: str, rows: Sequence[dict[str, Any]]) -> tuple[Any, list[dict[str, Any]]]:
    if dialect == "sqlite":
        return SQLITE_ADD, [{"place": row["place"], "pieces": _line(row["text"])} for row in rows]
    return POSTGRES_ADD, [{"place": row["place"], "pieces": pieces_of(row["text"])} for row in rows]


def _line(comparable: str) -> str:
    return " ".join(pieces_of(comparable))


# -- finding -----------------------------------------------------------------------------------------------------


def hits(
    session: Session, query: Query, chosen: Filter, now: datetime, *, descending: bool = True, limit: int
) -> list[int]:
    """Given what is looked for and what the list is narrowed to, return the newest (or oldest) hits' ticket ids.

    With few tickets left by the filter each one's text is compared; otherwise the index is read in order of place,
    no further than the limit. At most two statements.
    """
    indexed = _indexed(session, query, chosen, now).order_by(_place(session).desc() if descending else _place(session))
    if not chosen.is_narrow:
        return list(session.scalars(indexed.limit(limit)))
    left = select(TicketRow.id).limit(FEW + 1)
    few = session.scalar(select(func.count()).select_from(narrowed(left, chosen, now).subquery())) or 0
    found = _compared(session, query, chosen, now, descending) if few <= FEW else indexed
    return list(session.scalars(found.limit(limit)))


def _indexed(session: Session, query: Query, chosen: Filter, now: datetime) -> Select[Any]:
    place = _place(session)
    ticket_id = place.bitwise_and((1 << ID_BITS) - 1)
    found = select(ticket_id).select_from(table(PIECES)).where(_has_pieces(session, query))
    if query.unsure:
        found = found.join(TextRow, TextRow.place == place).where(*_holds(session, query.unsure))
    if not chosen.is_narrow:
        return found
    if chosen.first_month:  # so that the index is entered there
        found = found.where(place >= place_of(0, month_start(chosen.first_month)))
    if chosen.last_month:
        found = found.where(place < place_of(0, month_start(shift_month(chosen.last_month, 1))))
    return narrowed(found.join(TicketRow, TicketRow.id == ticket_id), chosen, now)


def _place(session: Session) -> ColumnElement[int]:
    name = "rowid" if session.get_bind().dialect.name == "sqlite" else "place"
    return column(f"{PIECES}.{name}", BigInteger, is_literal=True)


def _has_pieces(session: Session, query: Query) -> ColumnElement[bool]:
    """Pieces hold letters, digits and characters above ASCII alone; they are quoted all the same."""
    if session.get_bind().dialect.name == "sqlite":
        asked = " AND ".join('"' + piece.replace('"', '""') + '"' for piece in query.pieces)
        return column(PIECES, is_literal=True).op("MATCH", is_comparison=True)(asked)
    asked = " & ".join("'" + piece.replace("\\", "\\\\").replace("'", "''") + "'" for piece in query.pieces)
    pieces = column(f"{PIECES}.pieces", is_literal=True)
    return pieces.op("@@", is_comparison=True)(cast(literal(asked), TSQUERY))


def _compared(session: Session, query: Query, chosen: Filter, now: datetime, descending: bool) -> Select[Any]:
    found = narrowed(select(TicketRow.id), chosen, now)
    holds = exists().where(TextRow.ticket_id == TicketRow.id, *_holds(session, query.words))
    order = (TicketRow.reported_at, TicketRow.id)
    return found.where(holds).order_by(*(c.desc() if descending else c.asc() for c in order))


def _holds(session: Session, words: Sequence[str]) -> list[ColumnElement[bool]]:
    """The conditions that a text holds each word. Not by LIKE: it has characters of its own."""
    within = func.instr if session.get_bind().dialect.name == "sqlite" else func.strpos
    return [within(TextRow.text, word) > 0 for word in words]


def listed(session: Session, ids: Sequence[int]) -> list[Any]:
    """Given ticket ids, return the rows of the list with their long texts, in the order given. One statement."""
    query = select(*LISTED, TicketRow.carrier, TextRow.description, TextRow.process).join(
        TextRow, TextRow.ticket_id == TicketRow.id
    )
    found = {row.id: row for row in session.execute(query.where(TicketRow.id.in_(list(ids))))}
    return [found[ticket_id] for ticket_id in ids if ticket_id in found]
