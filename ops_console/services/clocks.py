"""Judging tickets by the contract: their rows and clock rows, their explanations, the sweep that notices stages.

Not for the arithmetic (`core/clocks.py`), for writing events (`services/tickets.py`) or for the self-check
(`services/rechecks.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import clocks as rules
from ops_console.core.clocks import Clock
from ops_console.core.explanations import Explanation, explain
from ops_console.core.moments import hour_of, month_of, whole
from ops_console.core.terms import VersionInForce
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import TicketFacts
from ops_console.core.trust import is_from_hospital, unproven
from ops_console.services.contracts import Book, Books
from ops_console.services.ports import OpenSession
from ops_console.store import audit, messages, tickets
from ops_console.store import clocks as store

logger = logging.getLogger(__name__)
SETTLED_NOTICE = timedelta(hours=24)


@dataclass(frozen=True)
class Frozen:
    """What an earlier judgement fixed for good: the version, the class and the report it was read from."""

    version_id: int
    klass: str
    provisional: bool
    calendar: str
    reported_at: datetime


@dataclass(frozen=True)
class Judgement:
    """A ticket judged: its facts, the version that judges it, its class and its clocks."""

    facts: TicketFacts
    version: VersionInForce
    klass: str
    provisional: bool
    calendar: str
    clocks: tuple[Clock, ...]


def judge(facts: TicketFacts, book: Book, frozen: Frozen | None = None) -> Judgement:
    """Given a ticket's facts, the book and what was fixed before, return its judgement.

    Version and class are fixed at the first judgement. Both are read anew when a correction moved the report; the
    class alone when it was provisional and the year is known now.
    """
    version = None
    if frozen is not None and frozen.reported_at == facts.reported_at:
        version = book.by_id[frozen.version_id]
        calendar = book.calendars[version.id]
        if not (frozen.provisional and not calendar.is_provisional(facts.reported_at)):
            found = rules.clocks_of(facts, version.terms, frozen.klass, provisional=frozen.provisional)
            return Judgement(facts, version, frozen.klass, frozen.provisional, frozen.calendar, found)
    version = version or book.at(facts.reported_at)
    calendar = book.calendars[version.id]
    klass, provisional = rules.class_of(facts.reported_at, calendar), calendar.is_provisional(facts.reported_at)
    year = calendar.year_of(facts.reported_at)
    found = rules.clocks_of(facts, version.terms, klass, provisional=provisional)
    return Judgement(facts, version, klass, provisional, year.source if year else "", found)


def frozen_of(row: Any) -> Frozen:
    """Given a ticket's row, return what its first judgement fixed."""
    return Frozen(row.contract_version_id, row.klass, row.provisional, row.calendar, row.reported_at)


def ticket_columns(judged: Judgement) -> dict[str, Any]:
    """Given a judgement, return the columns of the ticket's row, without id and number."""
    facts = judged.facts
    passed = [moment for clock in judged.clocks if (moment := rules.breaks_at(clock)) is not None]
    return {
        "contract_id": judged.version.contract_id,
        "contract_version_id": judged.version.id,
        "type": facts.type,
        "module": facts.module,
        "carrier": facts.carrier,
        "channel": facts.channel,
        "department": facts.department,
        "reporter": facts.personal.get("reporter", ""),
        "title": facts.personal.get("title", ""),
        "handler": facts.handler,
        "state": facts.state,
        "needs_onsite": facts.needs_onsite,
        "reported_at": facts.reported_at,
        "recorded_at": facts.recorded_at,
        "responded_at": facts.responded_at,
        "restored_at": facts.restored_at,
        "month": month_of(facts.reported_at),
        "hour": hour_of(facts.reported_at),
        "klass": judged.klass,
        "provisional": judged.provisional,
        "calendar": judged.calendar,
        "breaks_at": min(passed) if passed else None,
        "waiting": len(facts.waiting) + sum(s.approved is None for s in facts.suspensions[-1:]),
        "from_hospital": is_from_hospital(facts.stamps["reported_at"]),
        "unproven": len(unproven(facts.stamps)),
        "blanks": 0 if facts.withdrawn else len(facts.blanks),
        "assignee": facts.assignee,
        "mode": facts.mode,
        "cause": facts.details.get("cause", ""),
        "closure": facts.closure if facts.closed_at is not None else "",
        "agreed_on": date.fromisoformat(facts.agreed_on) if facts.agreed_on else None,
    }


Unnoticed = Mapping[tuple[int, str], datetime]


def clock_columns(
    judged: Judgement, ticket_id: int, now: datetime, unnoticed: Unnoticed | None = None
) -> list[dict[str, Any]]:
    """Given a judgement, the ticket's id, now and the moments that wait for a sweep, return its clocks' columns."""
    waiting = {clock.kind: (unnoticed or {}).get((ticket_id, clock.kind)) for clock in judged.clocks}
    return [
        {**_clock_columns(judged, clock, ticket_id), "next_look_at": _next_look_at(clock, now, waiting[clock.kind])}
        for clock in judged.clocks
    ]


def _next_look_at(clock: Clock, now: datetime, unnoticed: datetime | None) -> datetime | None:
    """A moment already past fires nothing, unless it waits for the sweep and the new fact left it where it was."""
    if unnoticed is not None and unnoticed in (moment for _, moment in rules.stage_moments(clock)):
        return unnoticed
    return rules.next_look_at(clock, now)


def _clock_columns(judged: Judgement, clock: Clock, ticket_id: int) -> dict[str, Any]:
    stopped, bare = clock.stopped_at, rules.raw(clock)
    return {
        "ticket_id": ticket_id,
        "contract_id": judged.version.contract_id,
        "kind": clock.kind,
        "klass": clock.klass,
        "limit_id": clock.limit.id,
        "limit_seconds": clock.limit.limit_seconds,
        "started_at": clock.started_at,
        "stopped_at": stopped,
        "breaks_at": rules.breaks_at(clock),
        "raw_breaks_at": rules.breaks_at(bare),
        "active_seconds": rules.active_seconds(clock, stopped) if stopped else None,
        "result": rules.standing(clock, stopped) if stopped else None,
        "raw_result": rules.result(bare, stopped) if stopped else None,
        "month": month_of(judged.facts.reported_at),
        "module": judged.facts.module,
        "hour": hour_of(judged.facts.reported_at),
        "provisional": clock.provisional,
    }


def sweep(open_read: OpenSession, open_write: OpenSession, books: Books, now: datetime) -> int:
    """Given now, notice every clock whose moment has come: one message a stage, once; return how many clocks moved.

    Each clock is its own transaction and is claimed by a conditional update, so two sweeps notice it once.
    """
    moved = 0
    with open_read() as session:
        waiting = store.due(session, now)
    for clock_id, ticket_id, seen in waiting:
        try:
            with open_write() as session:
                moved += _notice(session, books(session), clock_id, ticket_id, seen, whole(now))
        except Exception:  # one bad clock must not silence the others
            logger.exception("clock=%s ticket=%s not noticed", clock_id, ticket_id)
    return moved


def _notice(session: Session, book: Book, clock_id: int, ticket_id: int, seen: datetime, now: datetime) -> bool:
    row = session.get(tickets.TicketRow, ticket_id)
    stored = session.get(store.ClockRow, clock_id)
    if row is None or stored is None:
        return False
    facts = fold(row.number, audit.of_tickets(session, [ticket_id])[ticket_id])
    if facts is None:
        return False
    clock = next((c for c in judge(facts, book, frozen_of(row)).clocks if c.kind == stored.kind), None)
    following = rules.next_look_at(clock, now) if clock else None
    if not store.claim(session, clock_id, seen, following):
        return False
    for stage in rules.stages_due(clock, seen, now) if clock else ():
        _announce(session, row, clock, stage, now)
    return True


def _announce(session: Session, row: tickets.TicketRow, clock: Clock | None, stage: int, now: datetime) -> None:
    assert clock is not None
    moments = dict(rules.stage_moments(clock))
    following = {50: 80, 80: 100}.get(stage)
    expires = moments.get(following, now + SETTLED_NOTICE) if following else moments[stage] + SETTLED_NOTICE
    due = rules.deadline(clock)
    messages.put(
        session,
        dedup_key=f"clock/{row.number}/{clock.kind}/{stage}",
        audience="both" if stage == 100 else "vendor",
        kind="clock_breached" if stage == 100 else "clock_warning",
        payload={
            "ticket": row.number, "type": row.type, "module": row.module, "clock": clock.kind, "stage": stage,
            "limit_seconds": clock.limit.limit_seconds, "limit": clock.limit.id,
            "due_at": due.isoformat() if due else None,
        },
        created_at=now,
        expires_at=expires,
    )  # fmt: skip


def explanations(session: Session, book: Book, number: str, at: datetime) -> tuple[Explanation, ...]:
    """Given a ticket's number and T, return each of its clocks explained as of T."""
    row = tickets.by_number(session, number)
    facts = fold(number, audit.of_tickets(session, [row.id])[row.id], at) if row else None
    if row is None or facts is None:
        return ()
    judged = judge(facts, book, frozen_of(row))
    return explained(judged, book, at)


def exists(session: Session, number: str) -> bool:
    """Given a number, say whether there is such a ticket."""
    return tickets.by_number(session, number) is not None


def explained(judged: Judgement, book: Book, at: datetime) -> tuple[Explanation, ...]:
    """Given a judgement and T, return each clock with its explanation."""
    calendar = book.calendars[judged.version.id]
    return tuple(explain(c, judged.version, calendar, judged.facts.reported_at, at) for c in judged.clocks)
