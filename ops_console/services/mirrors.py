"""The vendor manager's mirror of a month: what is due, what waits for an explanation, free work, the hospital's delay.

Not for the chief's screen (`services/months.py`). Only reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.assessment_facts import TicketFact
from ops_console.core.contracts import CostRule, StandingDuty
from ops_console.core.credibility import held_up, was_awaited
from ops_console.core.moments import month_of
from ops_console.core.months import DRAFT, FROZEN
from ops_console.core.people import Actor
from ops_console.core.terms import Terms
from ops_console.services import duties, months
from ops_console.services.contracts import Book
from ops_console.services.duties import IN_7, IN_15, IN_30, PASSED, Shown
from ops_console.services.months import Screen
from ops_console.store import assessments as store

PARTS = (PASSED, IN_7, IN_15, IN_30)


@dataclass(frozen=True)
class FreeWork:
    """What was done under a clause at no cost: how many tickets, and the minutes that were told of them."""

    clause: str
    key: str
    tickets: int
    minutes: int
    untold: int


@dataclass(frozen=True)
class Waiting:
    """A month that still asks for explanations: how many, and until when its facts may change."""

    month: str
    missing: int
    freezes_at: datetime
    is_frozen: bool


@dataclass(frozen=True)
class Mirror:
    """What the vendor's manager sees: duties by how soon they are due (PARTS), months that wait for explanations.

    `held_minutes`: approved suspensions for reasons on the hospital's side; `confirm_minutes`: from restored to the
    hospital's word, `confirmed` tickets.
    """

    screen: Screen
    due: Mapping[str, Sequence[Shown]]
    waiting: tuple[Waiting, ...]
    free: tuple[FreeWork, ...]
    held_minutes: int
    held: int
    confirm_minutes: int
    confirmed: int


def mirror(session: Session, book: Book, contract_id: int, month: str, *, actor: Actor, now: datetime) -> Mirror:
    """Given a contract, a month, who looks and now, return the mirror. Raises Refused without the right."""
    actor.need("months.explain")
    screen = months.screen(session, book, contract_id, month, actor=actor, now=now)
    facts, terms = screen.month.facts, screen.month.basis.terms
    confirmed = [ticket for ticket in facts.tickets if was_awaited(ticket)]
    held = [ticket for ticket in facts.tickets if held_up(ticket)]
    parts = duties.parts(session, "", actor=actor, now=now)
    return Mirror(
        screen=screen, due={part: parts[part] for part in PARTS},
        waiting=_waiting(session, book, contract_id, screen, actor, now), free=tuple(_free(terms, facts.tickets)),
        held_minutes=sum(_held(ticket, facts.as_of) for ticket in held), held=len(held),
        confirm_minutes=sum(_minutes(t.restorations[-1], t.closed_at) for t in confirmed if t.closed_at),
        confirmed=len(confirmed),
    )  # fmt: skip


def _waiting(
    session: Session, book: Book, contract_id: int, screen: Screen, actor: Actor, now: datetime
) -> tuple[Waiting, ...]:
    """Of this screen's month, and of every ended month that is not locked: at most the newest three."""
    kept = {row.month for row in store.frozen(session, contract_id) if row.state == store.LOCKED}
    names = [month for month in screen.months if month < month_of(now) and month not in kept][:3]
    found = []
    for name in names:
        shown = months.screen(session, book, contract_id, name, actor=actor, now=now)
        if shown.month.state in (DRAFT, FROZEN) and shown.unexplained:
            found.append(
                Waiting(name, len(shown.unexplained), shown.month.life.freezes_at, shown.month.state == FROZEN)
            )
    return tuple(found)


def _free(terms: Terms, tickets: Iterable[TicketFact]) -> Iterable[FreeWork]:
    """By cost rules and by what may not be declined (C-02 to C-04): the hospital pays nothing for these."""
    known = tuple(tickets)
    for clause in terms.clauses:
        if isinstance(clause, CostRule):
            mine = [ticket for ticket in known if ticket.type in clause.types and not ticket.withdrawn]
        elif isinstance(clause, StandingDuty) and clause.no_refusal:
            mine = [ticket for ticket in known if ticket.type in clause.types]
        else:
            continue
        if mine:
            untold = sum(not ticket.minutes for ticket in mine)
            yield FreeWork(clause.id, clause.key, len(mine), sum(ticket.minutes for ticket in mine), untold)


def _held(ticket: TicketFact, at: datetime) -> int:
    return sum(_minutes(pause.start, pause.end or at) for pause in held_up(ticket))


def _minutes(start: datetime, end: datetime) -> int:
    return max(0, (end - start) // timedelta(minutes=1))
