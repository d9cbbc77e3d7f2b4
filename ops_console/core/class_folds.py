"""What is said about a ticket's class, folded into the ticket: who said the type it has, objections, rulings, orders.

Not for who may say it nor for how far a class is settled by it (`core/classification.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from ops_console.core.classification import BOTH, CHANGED, MAINTAINED, TAKEN_BACK, UPHELD
from ops_console.core.tickets import (
    CLASS_ANSWERED,
    CLASS_CONFIRMED,
    CLASS_EXEMPTED,
    CLASS_OBJECTED,
    CLASS_RULED,
    CORRECTION_DECIDED,
    GRADE_IMPORTED,
    ORDER_TOLD,
    REPORTED,
    WITHOUT_ACCOUNT,
    Decision,
    Event,
    Objection,
    TicketFacts,
)


def sides_of(event: Event) -> tuple[str, ...]:
    """Given the event that gave a ticket its class, return the sides that said it.

    An approved proposal is both parties' word, and so is a ticket of a sheet that both take over. Where nobody signed
    in, it is no one's.
    """
    approved = event.kind == CORRECTION_DECIDED or event.facts.get("upheld") is True or event.facts.get("split_from")
    if approved or (event.kind == REPORTED and event.grade == GRADE_IMPORTED):
        return BOTH
    if event.facts.get(WITHOUT_ACCOUNT) or event.side not in BOTH:
        return ()
    return (event.side,)


def reclassed(before: TicketFacts, told: TicketFacts, event: Event) -> TicketFacts:
    """Given a ticket before and after an event that changed its class, return it with who said so.

    Objections that nobody answered end with the class they were about.
    """
    is_other_type = before.type != told.type
    outcome = UPHELD if event.kind == CLASS_ANSWERED else CHANGED
    objections = _ended(told.objections, outcome, event) if is_other_type else told.objections
    return replace(
        told, class_by=sides_of(event), ruled=event.kind == CLASS_RULED, exempt=told.exempt and not is_other_type,
        objections=objections,
    )  # fmt: skip


def _ended(
    objections: Iterable[Objection], outcome: str, event: Event, side: str | None = None
) -> tuple[Objection, ...]:
    """Each objection that is open (of that side, where one is given) with its end; the others as they are."""
    word = Decision(event.actor, event.recorded_at, event.personal.get("reason", ""))
    return tuple(
        one if one.outcome or side not in (None, one.side) else replace(one, outcome=outcome, decision=word)
        for one in objections
    )


def _confirmed(facts: TicketFacts, event: Event) -> TicketFacts:
    """The word is about the very class that was seen."""
    if event.facts.get("type") != facts.type or bool(event.facts.get("exempt")) != facts.exempt:
        return facts
    said = tuple(side for side in BOTH if side in (*facts.class_by, event.side))
    return replace(facts, class_by=said, objections=_ended(facts.objections, TAKEN_BACK, event, event.side))


def _exempted(facts: TicketFacts, event: Event) -> TicketFacts:
    return replace(facts, exempt=event.facts["exempt"] is True)


def _objected(facts: TicketFacts, event: Event) -> TicketFacts:
    made = Objection(
        facts.type, event.side, event.actor, event.recorded_at, event.personal.get("reason", ""),
        str(event.facts["wished"]),
    )  # fmt: skip
    return replace(facts, objections=(*facts.objections, made))


def _answered(facts: TicketFacts, event: Event) -> TicketFacts:
    if event.facts["upheld"] is True:
        return replace(facts, type=str(event.facts["type"]))
    return replace(facts, objections=_ended(facts.objections, MAINTAINED, event))


def _ruled(facts: TicketFacts, event: Event) -> TicketFacts:
    return replace(facts, type=str(event.facts["type"]))


def _ordered(facts: TicketFacts, event: Event) -> TicketFacts:
    files = tuple(digest for digest in event.evidence if digest not in event.voided)
    return replace(facts, order=event.personal.get("order", facts.order), order_files=(*facts.order_files, *files))


APPLY: Mapping[str, Callable[[TicketFacts, Event], TicketFacts]] = {
    CLASS_CONFIRMED: _confirmed,
    CLASS_EXEMPTED: _exempted,
    CLASS_OBJECTED: _objected,
    CLASS_ANSWERED: _answered,
    CLASS_RULED: _ruled,
    ORDER_TOLD: _ordered,
}
