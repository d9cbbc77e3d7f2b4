"""Judging the clocks of a month: each once, and again only where a later fact changed what was said of it.

Not for the clocks' arithmetic (`core/clocks.py`) nor for the lines made of them (`core/clause_lines.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from ops_console.core.assessment_facts import Earlier, JudgedClock, MonthFacts, TicketFact
from ops_console.core.clocks import (
    BREACHED,
    MET,
    RUNNING,
    UNPROVEN,
    Clock,
    active_seconds,
    clocks_of,
    raw,
    result,
    standing,
)
from ops_console.core.contract_facts import BROKEN, KEPT, NOT_APPLICABLE, OPEN
from ops_console.core.contract_facts import UNPROVEN as NOT_PROVEN
from ops_console.core.moments import day_start, month_of
from ops_console.core.terms import Terms
from ops_console.core.tickets import Stamp, Suspension, TicketFacts

OUTCOMES_OF_CLOCKS = {MET: KEPT, BREACHED: BROKEN, RUNNING: OPEN, UNPROVEN: NOT_PROVEN}
COUNTED = (KEPT, BROKEN, NOT_PROVEN)


def judged(facts: MonthFacts, terms: Mapping[str, Terms]) -> MonthFacts:
    """Given a month's facts and contract versions by digest, return the facts with every clock judged.

    Of the month's own tickets each clock, running ones as open (未结). Of tickets that an earlier month took only what
    had been open there and is not now (结转), what came out otherwise since (更正), and clocks that they had not then:
    every clock is counted exactly once, and told of again only where its outcome changed.
    """
    said: dict[str, dict[str, Earlier]] = {}
    for before in facts.earlier:
        said.setdefault(before.number, {})[before.limit] = before
    found = [one for ticket in facts.tickets for one in _fresh(ticket, facts, terms)]
    for ticket in facts.carried:
        found += _again(ticket, said.get(ticket.number, {}), facts, terms)
    return replace(facts, judged=tuple(sorted(found, key=lambda one: (one.month, one.number, one.limit))))


def _fresh(ticket: TicketFact, facts: MonthFacts, terms: Mapping[str, Terms]) -> Iterator[JudgedClock]:
    for clock in clocks_at(ticket, terms[ticket.terms]):
        yield _judged(ticket, clock, facts.as_of)


def _again(
    ticket: TicketFact, said: dict[str, Earlier], facts: MonthFacts, terms: Mapping[str, Terms]
) -> Iterator[JudgedClock]:
    now = {one.limit: one for one in _fresh(ticket, facts, terms)}
    yield from (one for limit, one in now.items() if limit not in said)
    for limit, before in said.items():
        found = now.get(limit) or _gone(before)
        if found.outcome != before.outcome and not (found.outcome == OPEN and before.counted):
            was = before.outcome if before.counted else None
            yield replace(found, was=was, month=before.month, klass=before.klass)


def _gone(before: Earlier) -> JudgedClock:
    """A clock that a correction left the ticket without: another type, nobody needed on site any more."""
    nothing = NOT_APPLICABLE
    return JudgedClock(before.number, before.limit, before.clock, before.klass, before.month, nothing, 0, nothing, 0)


def _judged(ticket: TicketFact, clock: Clock, at: datetime) -> JudgedClock:
    bare = raw(clock)
    sides = {f"{clock.limit.start_event}_at", f"{clock.limit.stop_event}_at"}
    return JudgedClock(
        number=ticket.number, limit=clock.limit.id, clock=clock.kind, klass=ticket.klass,
        month=month_of(ticket.reported_at), outcome=OUTCOMES_OF_CLOCKS[standing(clock, at)],
        seconds=active_seconds(clock, at), raw_outcome=OUTCOMES_OF_CLOCKS[result(bare, at)],
        raw_seconds=active_seconds(bare, at), two_sided=not sides & set(ticket.one_sided),
    )  # fmt: skip


def clocks_at(ticket: TicketFact, terms: Terms) -> tuple[Clock, ...]:
    """Given a ticket's frozen facts and its contract version, return its clocks, exactly as the console has them.

    None before the contract's go-live, whatever a clause says.
    """
    if ticket.reported_at < day_start(terms.live_on()):
        return ()
    return clocks_of(_facts_of(ticket), terms, ticket.klass, provisional=ticket.provisional)


def _facts_of(ticket: TicketFact) -> TicketFacts:
    times = {
        "reported_at": ticket.reported_at, "responded_at": ticket.responded_at, "arrived_at": ticket.arrived_at,
        "restored_at": ticket.restored_at,
    }  # fmt: skip
    stamps = {name: _stamp(at, name in ticket.unproven) for name, at in times.items() if at is not None}
    return TicketFacts(
        number=ticket.number, type=ticket.type, module=ticket.module, channel=ticket.channel,
        needs_onsite=ticket.needs_onsite, reported_at=ticket.reported_at, recorded_at=ticket.recorded_at,
        responded_at=ticket.responded_at, arrived_at=ticket.arrived_at, restorations=ticket.restorations,
        reopenings=ticket.reopenings, withdrawn=ticket.withdrawn, withdrawn_at=ticket.withdrawn_at, stamps=stamps,
        suspensions=tuple(Suspension(p.start, p.end, True, "", p.cause) for p in ticket.pauses),
    )  # fmt: skip


def _stamp(at: datetime, unproven: bool) -> Stamp:
    return Stamp(at, at, "", "vendor", "", "D" if unproven else "B")
