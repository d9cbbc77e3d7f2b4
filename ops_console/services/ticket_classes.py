"""Storing how far written tickets' classes are settled, and the objections to them.

Not for saying anything about a class (`services/classification.py`): this is what the events come to.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.caps import in_effect
from ops_console.core.classification import SETTLED, settled_types, standing
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.tickets import Objection, TicketFacts
from ops_console.services.clocks import Judgement
from ops_console.store import classification as store


def keep(session: Session, judged: Mapping[int, Judgement], known: Iterable[int]) -> None:
    """Given written tickets by id and the ids known before, store whose class waits for whom, and their objections."""
    agreed = store.agreed_types(session)
    by_version = {
        made.version.id: settled_types(agreed, in_effect(made.version.terms).clauses) for made in judged.values()
    }
    classes = [
        row
        for ticket_id, made in judged.items()
        if (row := class_columns(ticket_id, made.facts, by_version[made.version.id])) is not None
    ]
    objections = [
        objection_columns(ticket_id, number, objection)
        for ticket_id, made in judged.items()
        for number, objection in enumerate(made.facts.objections, 1)
    ]
    store.replace(session, known, classes, objections)


def class_columns(ticket_id: int, facts: TicketFacts, agreed: Collection[str]) -> dict[str, Any] | None:
    """Given a ticket and the types that both settle, return the row of its class; None where nothing is open."""
    found = standing(facts, agreed)
    if found is None or found.state == SETTLED:
        return None
    return {
        "ticket_id": ticket_id, "type": facts.type, "state": found.state,
        "waits_hospital": HOSPITAL in found.waits_for, "waits_vendor": VENDOR in found.waits_for,
        "lacks_order": found.lacks_order,
        "exempt": facts.exempt,
    }  # fmt: skip


def objection_columns(ticket_id: int, number: int, objection: Objection) -> dict[str, Any]:
    """Given a ticket's objection and its number, return its row."""
    word = objection.decision
    return {
        "ticket_id": ticket_id, "number": number, "type": objection.type, "wished": objection.wished,
        "side": objection.side, "account": objection.actor, "raised_at": objection.at, "reason": objection.reason,
        "outcome": objection.outcome, "answer": word.reason if word else "",
        "settled_by": word.actor if word else "", "settled_at": word.at if word else None,
    }  # fmt: skip
