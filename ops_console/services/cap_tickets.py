"""What tickets' classes come to for caps: an entry made once both settled the class, returned when it is another.

In the transaction that stores the tickets (`services/ticket_rows.py`). Not for entries without a ticket.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.cap_entries import CAP_RETURNED, is_live
from ops_console.core.caps import (
    ASKED,
    EXEMPT,
    HELD,
    MERGED,
    RETYPED,
    TICKET_ENDED,
    USED,
    CapEntry,
    in_effect,
    local_day,
    year_of,
)
from ops_console.core.classification import BOTH, claims, is_exempt, is_in_cap
from ops_console.core.contracts import Clause, YearlyCap
from ops_console.core.moments import whole
from ops_console.core.people import HOSPITAL
from ops_console.core.terms import Terms
from ops_console.core.tickets import GRADE_IMPORTED, Event, TicketFacts
from ops_console.core.tickets import MERGED as MERGED_TICKET
from ops_console.services.cap_entries import add, keep
from ops_console.services.cap_requests import NewEntry, asked
from ops_console.services.clocks import Judgement
from ops_console.store import caps as store

REMADE_AFTER = (RETYPED, EXEMPT)  # what both parties changed back is asked for again; what was withdrawn is not


def follow(
    session: Session,
    judged: Mapping[str, Judgement],
    ids: Mapping[str, int],
    known: Iterable[int],
    last: Mapping[str, Event],
    now: datetime,
) -> None:
    """Given written tickets, their ids, those known before and the last event of each, see that entries follow them.

    What sheets brought in makes no entry: what was used before stands in the opening balance.
    """
    by_version = {made.version.id: in_effect(made.version.terms) for made in judged.values()}
    if not any(isinstance(clause, YearlyCap) for terms in by_version.values() for clause in terms.clauses):
        return
    known = set(known)
    entries = store.of_tickets(session, known) if known else {}
    for number, made in judged.items():
        terms = by_version[made.version.id]
        mine = entries.get(ids[number], [])
        for entry in mine:
            _return(session, terms, entry, made.facts, last[number], now)
        if made.facts.stamps["reported_at"].grade != GRADE_IMPORTED:
            _ask(session, terms, made, mine, ids[number], last[number], now)


def why_returned(entry: CapEntry, facts: TicketFacts, clauses: Sequence[Clause]) -> str | None:
    """Given a live entry, its ticket and the clauses, return why the entry counts no more, or None while it does.

    Once its start was approved, one party alone ends it neither by cancelling the ticket nor by ruling its class.
    """
    if not is_live(entry):
        return None
    cap = next((clause for clause in clauses if clause.id == entry.clause), None)
    if facts.withdrawn == MERGED_TICKET and entry.state != USED:
        return MERGED
    if facts.withdrawn:
        return TICKET_ENDED if entry.state in (ASKED, HELD) else None
    if set(facts.class_by) != set(BOTH) or not isinstance(cap, YearlyCap) or not cap.types:
        return None
    if not claims(cap, facts.type):
        return RETYPED
    return EXEMPT if is_exempt(facts, clauses) else None


def _return(session: Session, terms: Terms, entry: CapEntry, facts: TicketFacts, last: Event, now: datetime) -> None:
    if why_returned(entry, facts, terms.clauses) is None:
        return
    held = store.hold(session, [entry.id])[entry.id]  # its start may have been approved meanwhile
    why = why_returned(held, facts, terms.clauses)
    if why is not None:
        at = whole(now)
        told = {"why": why, "ticket": facts.number, "type": facts.type}
        keep(session, held, Event(CAP_RETURNED, at, at, last.actor, last.side, facts=told))


def _ask(
    session: Session, terms: Terms, made: Judgement, mine: Sequence[CapEntry], ticket_id: int, last: Event,
    now: datetime,
) -> None:  # fmt: skip
    facts = made.facts
    cap = is_in_cap(facts, terms.clauses)
    year = year_of(terms, local_day(now))
    if cap is None or year is None or local_day(facts.reported_at) < terms.live_on(cap.id):
        return
    before = [entry for entry in mine if entry.clause == cap.id]
    if any(why_returned(entry, facts, terms.clauses) is None and entry.why not in REMADE_AFTER for entry in before):
        return
    command = NewEntry(cap.id, facts.personal.get("title") or facts.type, "", facts.department, HOSPITAL, facts.number)
    event = asked(
        cap, year[0], command, last.actor, last.side, at=facts.reported_at, now=now,
        contract_id=made.version.contract_id,
    )  # fmt: skip
    add(session, event, ticket_id=ticket_id, dedup_key=f"ticket/{ticket_id}/{cap.id}/{len(before)}")
