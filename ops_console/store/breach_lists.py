"""Lists over breach cases: pages, counts, a contract's cases; and the records in which a case may begin.

Not for one case (`store/breaches.py`). Who may see a case is asked in every select.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from ops_console.store.breaches import BreachAccountRow, BreachFlagRow, BreachRow, BreachTicketRow, seen_by
from ops_console.store.flags import FlagRow, FlagTicketRow
from ops_console.store.tickets import TicketRow


def _narrowed(query: Select[Any], side: str, category: str, month: str) -> Select[Any]:
    query = seen_by(query, side)
    query = query.where(BreachRow.category == category) if category else query
    return query.where(BreachRow.month == month) if month else query


def page(
    session: Session, side: str, states: Sequence[str], category: str, month: str, *, limit: int, offset: int
) -> Sequence[BreachRow]:
    """Given who asks, states (none: all), a category and a month ("": every), return a page, the newest first."""
    query = _narrowed(select(BreachRow), side, category, month)
    query = query.where(BreachRow.state.in_(states)) if states else query
    return session.scalars(query.order_by(BreachRow.id.desc()).limit(limit).offset(offset)).all()


def counts(session: Session, side: str, category: str, month: str) -> dict[str, int]:
    """Given who asks, a category and a month ("": every), return how many cases there are by state. One statement."""
    query = _narrowed(select(BreachRow.state, func.count()), side, category, month).group_by(BreachRow.state)
    return dict(session.execute(query).all())


def months(session: Session, side: str) -> Sequence[str]:
    """Given who asks, return the months that have cases, the newest first."""
    query = seen_by(select(BreachRow.month).where(BreachRow.month != "").distinct(), side)
    return session.scalars(query.order_by(BreachRow.month.desc())).all()


def first_texts(session: Session, case_ids: Sequence[int]) -> dict[int, str]:
    """Given cases, return what was told of each first: the raising side's account. One statement."""
    query = select(BreachAccountRow.case_id, BreachAccountRow.what).join(
        BreachRow, and_(BreachRow.id == BreachAccountRow.case_id, BreachRow.raised_side == BreachAccountRow.side)
    )
    return dict(session.execute(query.where(BreachRow.id.in_(case_ids))).all()) if case_ids else {}


def of_contract(session: Session, contract_id: int) -> Sequence[BreachRow]:
    """Given a contract, return its cases, oldest first."""
    return session.scalars(select(BreachRow).where(BreachRow.contract_id == contract_id).order_by(BreachRow.id)).all()


def filed(session: Session, limit: int = 1000) -> Sequence[BreachRow]:
    """Given a limit, return the filed cases, the newest first: what anybody may know that there is."""
    query = select(BreachRow).where(BreachRow.filed_at.is_not(None))
    return session.scalars(query.order_by(BreachRow.id.desc()).limit(limit)).all()


def due(session: Session, now: datetime, limit: int = 100) -> list[tuple[int, datetime]]:
    """Given now, return (id, moment) of the cases whose moment has come, oldest first."""
    query = select(BreachRow.id, BreachRow.next_look_at).where(BreachRow.next_look_at <= now)
    rows = session.execute(query.order_by(BreachRow.next_look_at, BreachRow.id).limit(limit))
    return [(case_id, moment) for case_id, moment in rows if moment is not None]


# -- where a case may begin -------------------------------------------------------------------------------------------


def faults(session: Session, types: Sequence[str], start: datetime, end: datetime) -> Sequence[Any]:
    """Given ticket types and two instants, return what was reported between them, by time, but for what cases name.

    The hospital's own reports are returned even so: another ticket may be late behind them.
    """
    named = exists().where(BreachTicketRow.ticket_id == TicketRow.id)
    query = select(
        TicketRow.number, TicketRow.module, TicketRow.channel, TicketRow.title, TicketRow.reported_at,
        TicketRow.recorded_at, TicketRow.from_hospital,
    )  # fmt: skip
    query = query.where(TicketRow.type.in_(types), TicketRow.reported_at >= start, TicketRow.reported_at < end)
    query = query.where(or_(~named, TicketRow.from_hospital.is_(True)))
    return session.execute(query.order_by(TicketRow.reported_at, TicketRow.id)).all()


def flagged(session: Session, detector: str, states: Sequence[str], month: str) -> Sequence[Any]:
    """Given a detector, states and a month, return (flag id, why, found_at, number) of what is in no case yet."""
    taken = exists().where(BreachFlagRow.flag_id == FlagRow.id)
    query = (
        select(FlagRow.id, FlagRow.why, FlagRow.found_at, TicketRow.number)
        .join(FlagTicketRow, FlagTicketRow.flag_id == FlagRow.id)
        .join(TicketRow, TicketRow.id == FlagTicketRow.ticket_id)
        .where(FlagRow.detector == detector, FlagRow.state.in_(states), FlagRow.month == month, ~taken)
    )
    return session.execute(query.order_by(FlagRow.id, TicketRow.number)).all()
