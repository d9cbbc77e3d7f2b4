"""Clock rows: each ticket's clocks as last judged, the moments to look again, and the tally of settled ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.clocks import BREACHED
from ops_console.core.contracts import CLOCKS
from ops_console.store.base import Base, Id, insert_over, not_null


class ClockRow(Base):
    """One clock of one ticket. `result` and `raw_result` stand once it has stopped; `breaks_at` is the deadline if
    it was or will be passed as far as is known, so `breaks_at < T` means breached at T."""

    __tablename__ = "clock"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    ticket_id: Mapped[int] = mapped_column(Id, ForeignKey("ticket.id"))
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"))
    kind: Mapped[str] = mapped_column(String(12))
    klass: Mapped[str] = mapped_column("class", String(4))
    limit_id: Mapped[str] = mapped_column(String(12))
    limit_seconds: Mapped[int]
    started_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    breaks_at: Mapped[datetime | None]
    raw_breaks_at: Mapped[datetime | None]
    active_seconds: Mapped[int | None] = mapped_column(Id)
    result: Mapped[str | None] = mapped_column(String(8))
    raw_result: Mapped[str | None] = mapped_column(String(8))
    month: Mapped[str] = mapped_column(String(7))
    module: Mapped[str] = mapped_column(String(60))
    hour: Mapped[int]
    provisional: Mapped[bool] = mapped_column(Boolean)
    next_look_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("ticket_id", "kind"),
        Index(
            "ix_clock_next_look_at",
            "next_look_at",
            sqlite_where=not_null("next_look_at"),
            postgresql_where=not_null("next_look_at"),
        ),
        Index(
            "ix_clock_unsettled",
            "month",
            "kind",
            "class",
            sqlite_where=text("result IS NULL"),
            postgresql_where=text("result IS NULL"),
        ),
        Index(
            "ix_clock_broken",
            "month",
            "breaks_at",
            sqlite_where=not_null("breaks_at"),
            postgresql_where=not_null("breaks_at"),
        ),
        Index(  # SQLite asks `provisional = 1`, and takes an index only when it is made with the same words
            "ix_clock_provisional",
            "ticket_id",
            "month",
            sqlite_where=text("provisional = 1"),
            postgresql_where=text("provisional"),
        ),
    )


class TallyRow(Base):
    """How many clocks of a month, kind and class have settled, by adjusted and by raw result: kept with each write."""

    __tablename__ = "clock_tally"
    contract_id: Mapped[int] = mapped_column(ForeignKey("contract.id"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    klass: Mapped[str] = mapped_column("class", String(4), primary_key=True)
    result: Mapped[str] = mapped_column(String(8), primary_key=True)
    raw_result: Mapped[str] = mapped_column(String(8), primary_key=True)
    n: Mapped[int]


OF_TICKETS = select(ClockRow).where(ClockRow.ticket_id.in_(bindparam("ids", expanding=True))).order_by(ClockRow.id)


def of_tickets(session: Session, ticket_ids: Iterable[int]) -> dict[int, list[ClockRow]]:
    """Given ticket ids, return their clock rows by ticket. One statement, none without ids."""
    ids = list(ticket_ids)
    found: dict[int, list[ClockRow]] = {}
    for row in session.scalars(OF_TICKETS, {"ids": ids}) if ids else ():
        found.setdefault(row.ticket_id, []).append(row)
    return found


def replace(session: Session, ticket_ids: Iterable[int], rows: list[dict[str, Any]]) -> None:
    """Given tickets that may have clocks, and all the clocks that they and new ones now have, write these.

    Drops what they no longer have, and moves the tally.
    """
    before = of_tickets(session, ticket_ids)
    known = {(row.ticket_id, row.kind): row for group in before.values() for row in group}
    moved: Counter[tuple[Any, ...]] = Counter()
    for row in known.values():
        moved.subtract([_cell(row.__dict__)] if row.result else [])
    added, changed, kept = [], [], set()
    for row in rows:
        key = (row["ticket_id"], row["kind"])
        kept.add(key)
        moved.update([_cell(row)] if row["result"] else [])
        if key in known:
            changed.append({**row, "id": known[key].id})
        else:
            added.append(row)
    gone = [row.id for key, row in known.items() if key not in kept]
    _write(session, added, changed, gone)
    _move_tally(session, moved)


ADD = insert(ClockRow.__table__)  # by the table: mapped inserts cost twice as much


def _write(session: Session, added: list[dict[str, Any]], changed: list[dict[str, Any]], gone: list[int]) -> None:
    if gone:
        session.execute(delete(ClockRow).where(ClockRow.id.in_(gone)))
    if changed:
        session.execute(update(ClockRow), changed)
    if added:
        session.execute(ADD, [{"class" if name == "klass" else name: row[name] for name in row} for row in added])


def _cell(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("contract_id", "month", "kind", "klass", "result", "raw_result"))


def _move_tally(session: Session, moved: Counter[tuple[Any, ...]]) -> None:
    names = ("contract_id", "month", "kind", "class", "result", "raw_result")
    rows = [{**dict(zip(names, cell, strict=True)), "n": n} for cell, n in sorted(moved.items()) if n]
    table = TallyRow.__table__
    for row in rows:  # in one order everywhere, so that two writers cannot lock each other out
        statement = insert_over(session, table).values(row)
        session.execute(
            statement.on_conflict_do_update(index_elements=names, set_={"n": table.c.n + statement.excluded.n})
        )


def tally(session: Session, first_month: str, last_month: str) -> Sequence[Any]:
    """Given months (inclusive), return (month, kind, class, result, raw_result, n) of the settled clocks."""
    query = select(
        TallyRow.month, TallyRow.kind, TallyRow.klass, TallyRow.result, TallyRow.raw_result, func.sum(TallyRow.n)
    )
    query = query.where(TallyRow.month >= first_month, TallyRow.month <= last_month, TallyRow.n > 0)
    return session.execute(query.group_by(*query.selected_columns[:5])).all()


def unsettled(session: Session, first_month: str, last_month: str, now: datetime) -> Sequence[Any]:
    """Given months and now, return (month, kind, class, breached?, raw breached?, n) of the clocks still going."""
    broken = (ClockRow.breaks_at.is_not(None)) & (ClockRow.breaks_at < now)
    raw_broken = (ClockRow.raw_breaks_at.is_not(None)) & (ClockRow.raw_breaks_at < now)
    query = select(ClockRow.month, ClockRow.kind, ClockRow.klass, broken, raw_broken, func.count())
    query = query.where(ClockRow.result.is_(None), ClockRow.month >= first_month, ClockRow.month <= last_month)
    return session.execute(query.group_by(ClockRow.month, ClockRow.kind, ClockRow.klass, broken, raw_broken)).all()


def breaches_of(session: Session, month: str, now: datetime) -> Sequence[Any]:
    """Given a month, return (module, hour, n): how many of its tickets have a breached clock."""
    query = select(ClockRow.module, ClockRow.hour, func.count(ClockRow.ticket_id.distinct()))
    query = query.where(ClockRow.month == month, ClockRow.breaks_at < now)
    return session.execute(query.group_by(ClockRow.module, ClockRow.hour)).all()


def running_tickets(session: Session, month: str, now: datetime) -> int:
    """Given a month, return how many of its tickets have a clock that still runs and is not breached."""
    query = select(func.count(ClockRow.ticket_id.distinct())).where(ClockRow.month == month, ClockRow.result.is_(None))
    return session.scalar(query.where((ClockRow.breaks_at.is_(None)) | (ClockRow.breaks_at >= now))) or 0


CHIP = (
    ClockRow.ticket_id, ClockRow.kind, ClockRow.result, ClockRow.breaks_at, ClockRow.stopped_at,
    ClockRow.limit_seconds, ClockRow.provisional,
)  # fmt: skip
CHIPS = select(*CHIP).where(ClockRow.ticket_id.in_(bindparam("ids", expanding=True))).order_by(ClockRow.id)


def chips(session: Session, ticket_ids: Iterable[int]) -> dict[int, list[Any]]:
    """Given the tickets of a list's page, return what their chips show, by ticket. One statement.

    Running clocks stand first and kept ones last: where a line is cut, what is cut asks nothing of anybody.
    """
    found: dict[int, list[Any]] = {}
    for row in session.execute(CHIPS, {"ids": list(ticket_ids)}):
        found.setdefault(row.ticket_id, []).append(row)
    for of_ticket in found.values():
        of_ticket.sort(key=_settled)
    return found


def _settled(row: Any) -> tuple[bool, bool]:
    return row.stopped_at is not None, row.result != BREACHED


def provisional(session: Session, first_month: str, last_month: str) -> dict[str, int]:
    """Given months (inclusive), return how many provisional (暂定) clocks each has; months without are absent."""
    query = select(ClockRow.month, func.count()).where(
        ClockRow.provisional, ClockRow.month >= first_month, ClockRow.month <= last_month
    )
    return dict(session.execute(query.group_by(ClockRow.month)).all())


def provisional_tickets(session: Session, after: int, limit: int) -> list[int]:
    """Given the last id of the batch before, return ids of tickets with provisional clocks, in order."""
    query = select(ClockRow.ticket_id).where(ClockRow.provisional, ClockRow.ticket_id > after)
    found = session.scalars(query.order_by(ClockRow.ticket_id).limit(limit * len(CLOCKS)))
    return sorted(set(found))[:limit]


def unsettled_tickets(session: Session, before: str, after: int, limit: int) -> list[int]:
    """Given a month and the last id of the batch before, return ids of earlier months' tickets with open clocks."""
    query = select(ClockRow.ticket_id).where(
        ClockRow.result.is_(None), ClockRow.month < before, ClockRow.ticket_id > after
    )
    return list(session.scalars(query.distinct().order_by(ClockRow.ticket_id).limit(limit)))


def due(session: Session, now: datetime, limit: int = 200) -> list[tuple[int, int, datetime]]:
    """Given now, return (clock id, ticket id, moment) of clocks whose moment has come, oldest first."""
    query = select(ClockRow.id, ClockRow.ticket_id, ClockRow.next_look_at).where(ClockRow.next_look_at <= now)
    return [tuple(row) for row in session.execute(query.order_by(ClockRow.next_look_at, ClockRow.id).limit(limit))]  # type: ignore[misc]


def unnoticed(session: Session, ticket_ids: Iterable[int], now: datetime) -> dict[tuple[int, str], datetime]:
    """Given tickets and now, return by (ticket, kind) the moments that have come and that no sweep has noticed yet."""
    ids = list(ticket_ids)
    if not ids:
        return {}
    query = select(ClockRow.ticket_id, ClockRow.kind, ClockRow.next_look_at)
    query = query.where(ClockRow.ticket_id.in_(ids), ClockRow.next_look_at <= now)
    return {(ticket_id, kind): moment for ticket_id, kind, moment in session.execute(query) if moment}


def miscounts(session: Session, first_month: str, last_month: str) -> list[tuple[tuple[Any, ...], int, int]]:
    """Given months (inclusive), return every cell whose tally is not what its settled clocks come to, in order.

    (contract, month, kind, class, result, raw result), the number kept, the number counted anew.
    """
    names = ("contract_id", "month", "kind", "klass", "result", "raw_result")
    fresh = select(*(getattr(ClockRow, name) for name in names), func.count())
    fresh = fresh.where(ClockRow.result.is_not(None), ClockRow.month >= first_month, ClockRow.month <= last_month)
    fresh = fresh.group_by(*fresh.selected_columns[:6])
    kept = select(*(getattr(TallyRow, name) for name in names), TallyRow.n)
    kept = kept.where(TallyRow.n != 0, TallyRow.month >= first_month, TallyRow.month <= last_month)
    stored, counted = ({tuple(row[:6]): row[6] for row in session.execute(query)} for query in (kept, fresh))
    cells = sorted(cell for cell in stored.keys() | counted.keys() if stored.get(cell, 0) != counted.get(cell, 0))
    return [(cell, stored.get(cell, 0), counted.get(cell, 0)) for cell in cells]


def miscounted(session: Session, first_month: str, last_month: str) -> list[str]:
    """Given months (inclusive), return those whose tally is not what its settled clocks come to."""
    return sorted({cell[1] for cell, _kept, _counted in miscounts(session, first_month, last_month)})


def claim(session: Session, clock_id: int, seen: datetime, following: datetime | None) -> bool:
    """Given a clock, the moment seen and the next one, move it on; False when another sweep was first."""
    moved = (
        update(ClockRow).where(ClockRow.id == clock_id, ClockRow.next_look_at == seen).values(next_look_at=following)
    )
    return session.execute(moved).rowcount == 1  # type: ignore[attr-defined]
