"""What a day still lacks before it can be closed: rows of tickets, each section bounded and one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from ops_console.core.tickets import CLOSED, ON_SITE, RESTORED, SUSPENDED, WAITING, WORKING
from ops_console.store.attachments import AttachmentRow
from ops_console.store.clocks import ClockRow
from ops_console.store.tickets import TicketRow

MOST = 100
RECENT = timedelta(days=31)
SHOWN = (
    TicketRow.number, TicketRow.type, TicketRow.module, TicketRow.channel, TicketRow.department, TicketRow.title,
    TicketRow.state, TicketRow.reported_at, TicketRow.recorded_at, TicketRow.restored_at, TicketRow.agreed_on,
)  # fmt: skip
NOT_THERE = (WAITING, WORKING, SUSPENDED)
UNDELIVERED = (WAITING, WORKING, ON_SITE, SUSPENDED)


def lacking_content(session: Session) -> Sequence[Any]:
    """Given nothing, return the tickets whose type, module, channel or title is still blank, oldest first."""
    return _first(session, TicketRow.blanks > 0)


def not_checked_in(session: Session) -> Sequence[Any]:
    """Given nothing, return the open tickets that need somebody on site where nobody has checked in yet."""
    return _first(session, _nobody_came())


def without_proof(session: Session, since: datetime, types: Sequence[str]) -> Sequence[Any]:
    """Given an instant and the types that ask for it, return the tickets restored since then without any evidence."""
    return _first(session, _unproved_restore(since, types))


def late_without_proof(session: Session, since: datetime) -> Sequence[Any]:
    """Given an instant, return the tickets recorded since then with a time that was told late and is not proven."""
    return _first(session, _late(since))


def promised_or_suspended(session: Session, day: date) -> Sequence[Any]:
    """Given a day, return the tickets agreed for it or before and not delivered, and those suspended, oldest first."""
    promised = and_(TicketRow.agreed_on <= day, TicketRow.state.in_(UNDELIVERED))
    return _first(session, or_(promised, TicketRow.state == SUSPENDED))


def due_before(session: Session, last: datetime) -> Sequence[Any]:
    """Given an instant, return the clocks that run and are due before it, overdue ones too, the soonest first."""
    query = (
        select(*SHOWN, ClockRow.kind.label("clock"), ClockRow.breaks_at.label("due_at"))
        .join(ClockRow, ClockRow.ticket_id == TicketRow.id)
        .where(TicketRow.state.in_(UNDELIVERED), ClockRow.stopped_at.is_(None), ClockRow.breaks_at < last)
        .order_by(ClockRow.breaks_at, ClockRow.id)
        .limit(MOST)
    )
    return session.execute(query).all()


def anything(session: Session, since: datetime, types: Sequence[str]) -> bool:
    """Given when the day began and the types that ask for evidence, say whether anything is left. One statement."""
    wanted = [TicketRow.blanks > 0, _nobody_came(), _unproved_restore(since, types), _late(since)]
    return bool(session.scalar(select(or_(*[exists(select(TicketRow.id).where(one)) for one in wanted]))))


def _first(session: Session, wanted: ColumnElement[bool]) -> Sequence[Any]:
    """Ordered here: asked to order, SQLite walks every ticket by report time where few or none are wanted."""
    rows = session.execute(select(*SHOWN).where(wanted).limit(MOST)).all()
    return sorted(rows, key=lambda row: (row.reported_at, row.number))


def _nobody_came() -> ColumnElement[bool]:
    came = exists().where(
        ClockRow.ticket_id == TicketRow.id, ClockRow.kind == "arrival", ClockRow.stopped_at.is_not(None)
    )
    return and_(TicketRow.state.in_(NOT_THERE), TicketRow.needs_onsite.is_(True), ~came)


def _unproved_restore(since: datetime, types: Sequence[str]) -> ColumnElement[bool]:
    proved = exists().where(AttachmentRow.ticket_id == TicketRow.id, AttachmentRow.voided_at.is_(None))
    restored = (
        TicketRow.state.in_((RESTORED, CLOSED)),
        TicketRow.restored_at >= since,
        TicketRow.reported_at >= since - RECENT,  # by state and report time there is an index, by restore none
    )
    return and_(*restored, TicketRow.type.in_(types), ~proved)


def _late(since: datetime) -> ColumnElement[bool]:
    return and_(TicketRow.unproven > 0, TicketRow.recorded_at >= since)
