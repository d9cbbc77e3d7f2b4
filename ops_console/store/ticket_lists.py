"""Lists of tickets: narrowed, ordered, a window of them with what each row tells, counted no further than a limit.

Not for what is kept of each ticket (`store/tickets.py`) nor for words looked for in them (`store/search.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from ops_console.core.cursors import Place
from ops_console.core.moments import month_start, shift_month
from ops_console.core.ticket_lists import COUNT_LIMIT, Filter, Window
from ops_console.core.tickets import OPEN_STATES
from ops_console.store import seen
from ops_console.store.clocks import ClockRow
from ops_console.store.tickets import LISTED, TicketRow

SORTS = {
    "reported": (TicketRow.reported_at, TicketRow.id),
    "number": (TicketRow.number,),
    "type": (TicketRow.type, TicketRow.reported_at, TicketRow.id),
    "module": (TicketRow.module, TicketRow.reported_at, TicketRow.id),
    "state": (TicketRow.state, TicketRow.reported_at, TicketRow.id),
}
# Asked with every list: built once, not with every request. Whether news are told -> the rows.
NEWS_TOLD = seen.has_news(TicketRow.id, bindparam("person"), bindparam("side"))
ROWS = {is_told: select(*LISTED, (NEWS_TOLD if is_told else false()).label("has_news")) for is_told in (True, False)}
FEW = ("open", "breached", "waiting", "unproven", "blanks")  # conditions with an index of their own
ORDERS = {
    (sort, descending): tuple(column.desc() if descending else column.asc() for column in columns)
    for sort, columns in SORTS.items()
    for descending in (True, False)
}


def page(session: Session, chosen: Filter, now: datetime, window: Window) -> Sequence[Any]:
    """Given a filter and a window, return the list's rows, each with `has_news` and `matching`. One statement.

    `matching`: how many tickets match, counted no further than COUNT_LIMIT + 1, None where the window is not filled:
    then its rows are the last.
    """
    matching = case((func.count().over() >= window.limit, _counted(chosen, now))).label("matching")
    return _windowed(session, narrowed(select(TicketRow.id), chosen, now), window, matching)


def _windowed(session: Session, query: Select[Any], window: Window, *more: ColumnElement[Any]) -> Sequence[Any]:
    """The rows of a query of ids. Told of those of the window alone: a sort may pass over all the others."""
    order = ORDERS[window.sort, window.descending]
    ids = query.order_by(*order).limit(window.limit).offset(window.offset).correlate(None)
    rows = ROWS[window.news_to is not None].add_columns(*more).where(TicketRow.id.in_(ids)).order_by(*order)
    person, side = window.news_to or (0, "")
    return session.execute(rows, {"person": person, "side": side} if window.news_to else {}).all()


def following(
    session: Session, chosen: Filter, now: datetime, *, after: Place | None, descending: bool, limit: int
) -> Sequence[Any]:
    """Given a filter and a place (None: the beginning), return the next rows by report time. One statement.

    By comparing keys, not by counting rows: what is added meanwhile moves nothing that is still to come.
    """
    key = tuple_(TicketRow.reported_at, TicketRow.id)
    query = narrowed(select(*LISTED), chosen, now)
    if after is not None:
        place = tuple_(literal(after.reported_at, TicketRow.reported_at.type), literal(after.row_id, TicketRow.id.type))
        query = query.where(key < place if descending else key > place)
    return session.execute(query.order_by(*ORDERS["reported", descending]).limit(limit)).all()


def batch(
    session: Session, chosen: Filter, now: datetime, *, after: tuple[datetime, int] | None, limit: int
) -> Sequence[Any]:
    """Given a filter and the last (reported_at, id) of the batch before, return the next ids, numbers and times."""
    query = narrowed(select(TicketRow.id, TicketRow.number, TicketRow.reported_at), chosen, now)
    if after is not None:
        query = query.where(tuple_(TicketRow.reported_at, TicketRow.id) > after)
    return session.execute(query.order_by(TicketRow.reported_at, TicketRow.id).limit(limit)).all()


def batch_of(session: Session, ids: Sequence[int]) -> Sequence[Any]:
    """Given tickets' ids, return their ids, numbers and times by report time. One statement."""
    query = select(TicketRow.id, TicketRow.number, TicketRow.reported_at).where(TicketRow.id.in_(ids))
    return session.execute(query.order_by(TicketRow.reported_at, TicketRow.id)).all()


def page_of(session: Session, ids: Sequence[int], window: Window) -> Sequence[Any]:
    """Given tickets' ids and a window, return the list's rows of it, each with `has_news`. One statement."""
    return _windowed(session, select(TicketRow.id).where(TicketRow.id.in_(ids)), window)


def count(session: Session, chosen: Filter, now: datetime) -> int:
    """Given a filter, return how many tickets match, counting no further than COUNT_LIMIT + 1. One statement."""
    return session.scalar(select(_counted(chosen, now))) or 0


def counts(session: Session, each: Sequence[Filter], now: datetime, *, limit: int) -> list[int]:
    """Given filters, return how many tickets match each, none counted further than `limit` + 1. One statement."""
    matching = (_found_first(chosen, now).limit(limit + 1).subquery() for chosen in each)
    counted = [select(func.count()).select_from(ids).scalar_subquery() for ids in matching]
    return list(session.execute(select(*counted)).one())


def _found_first(chosen: Filter, now: datetime) -> Select[Any]:
    """The ids that match; what few tickets are (open, broken, …) is looked up in its own index, then narrowed.

    Left to itself SQLite reads every ticket of a type and module, once for each condition. The offset is a fence: a
    subquery that has one is not merged into the query around it.
    """
    few = {name: getattr(chosen, name) for name in FEW}
    rest = replace(chosen, **dict.fromkeys(FEW, False))  # type: ignore[arg-type]
    if rest == Filter():
        return narrowed(select(TicketRow.id), chosen, now)
    found = narrowed(select(TicketRow.id), Filter(**few), now).offset(0)
    return narrowed(select(TicketRow.id), rest, now).where(TicketRow.id.in_(found))


def _counted(chosen: Filter, now: datetime) -> ScalarSelect[int]:
    matching = narrowed(select(TicketRow.id), chosen, now).limit(COUNT_LIMIT + 1).subquery()
    return select(func.count()).select_from(matching).scalar_subquery()


def narrowed(query: Select[Any], chosen: Filter, now: datetime) -> Select[Any]:
    """Given a query over tickets, a filter and now, return it narrowed; words looked for apart (`store/search.py`)."""
    conditions = [
        column.in_(values)
        for column, values in (
            (TicketRow.type, chosen.types),
            (TicketRow.module, chosen.modules),
            (TicketRow.channel, chosen.channels),
            (TicketRow.state, chosen.states or (OPEN_STATES if chosen.open else ())),
        )
        if values
    ]
    if chosen.first_month:  # as a span of report times: so an index gives both the span and the order
        conditions.append(TicketRow.reported_at >= month_start(chosen.first_month))
    if chosen.last_month:
        conditions.append(TicketRow.reported_at < month_start(shift_month(chosen.last_month, 1)))
    if chosen.hour is not None:
        conditions.append(TicketRow.hour == chosen.hour)
    if chosen.breached:
        conditions.append(TicketRow.breaks_at < now)
    if chosen.waiting:
        conditions.append(TicketRow.waiting > 0)
    if chosen.unproven:
        conditions.append(TicketRow.unproven > 0)
    if chosen.blanks:
        conditions.append(TicketRow.blanks > 0)
    if chosen.from_hospital:
        conditions.append(TicketRow.from_hospital.is_(True))
    if chosen.assignee:
        conditions.append(TicketRow.assignee == chosen.assignee)
    if chosen.closure:
        conditions.append(TicketRow.closure == chosen.closure)
    if chosen.provisional:
        conditions.append(TicketRow.provisional.is_(True))
    if chosen.news_to:
        conditions.append(TicketRow.id.in_(seen.news_query(*chosen.news_to)))
    if chosen.clock or chosen.klass or chosen.result:
        conditions.append(_has_clock(chosen, now))
    return query.where(*conditions)


def _has_clock(chosen: Filter, now: datetime) -> Any:
    wanted = exists().where(ClockRow.ticket_id == TicketRow.id)
    if chosen.clock:
        wanted = wanted.where(ClockRow.kind == chosen.clock)
    if chosen.klass:
        wanted = wanted.where(ClockRow.klass == chosen.klass)
    return wanted.where(_outcome(chosen.result, now, chosen.reading)) if chosen.result else wanted


def _outcome(result: str, now: datetime, reading: str) -> Any:
    """The condition on a clock that its result at `now`, in that reading, is the one asked for."""
    passed = ClockRow.raw_breaks_at if reading == "raw" else ClockRow.breaks_at
    settled = ClockRow.raw_result if reading == "raw" else ClockRow.result
    broken = (passed.is_not(None)) & (passed < now)
    return {
        "breached": broken,
        "met": settled.in_(("met", "unproven")) if reading == "adjusted" else settled == "met",
        "unproven": settled == "unproven",
        "settled": broken | settled.in_(("met", "unproven")),
        "running": settled.is_(None) & ~broken,
    }[result]
