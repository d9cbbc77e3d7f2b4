"""What a ticket's events come to: each event kind's effect, folded in the order things happened.

Not for what may happen next (`core/moves.py`) and not for storing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ops_console.core import class_folds
from ops_console.core.attachments import BESIDE, VOIDED
from ops_console.core.moments import whole
from ops_console.core.tickets import (
    ARRIVED,
    ASSIGNED,
    BY_REPORTER,
    BY_SILENCE,
    CANCEL,
    CANCELLED,
    CONFIRMED,
    CONTENT,
    CORRECTION_DECIDED,
    CORRECTION_PROPOSED,
    DECLINED,
    DESCRIBED,
    DETAILS,
    ESCALATED,
    GRADE_IMPORTED,
    LINKED,
    MERGED,
    ONSITE_DECIDED,
    PERSONAL,
    PERSONAL_KINDS,
    PERSONAL_PURGED,
    RATED,
    REJECTED,
    REOPENED,
    REPORTED,
    RESPONDED,
    RESTORE,
    RESTORE_REJECTED,
    RESUMED,
    RETRACTED,
    RETYPED,
    SIGNED,
    SUSPEND,
    SUSPENSION_DECIDED,
    TAKEN_BACK,
    TIMES,
    TIMES_ACCEPTED,
    UNASKED,
    WITHOUT_ACCOUNT,
    Decision,
    Event,
    Link,
    Proposal,
    Stamp,
    Suspension,
    TicketFacts,
    written,
)
from ops_console.core.trust import GRADE_HOSPITAL


def fold(number: str, events: Iterable[Event], at: datetime | None = None) -> TicketFacts | None:
    """Given a ticket's events in the order they were recorded, return what they come to.

    With `at`, what happened later is unseen; None when the ticket was not reported by then.
    """
    seen = _with_lost_proof([event for event in events if at is None or event.occurred_at <= at])
    reports = [event for event in seen if event.kind == REPORTED]
    if not reports:
        return None
    facts = replace(_opened(number, reports[0]), imported=all(_is_taken_over(event) for event in seen))
    left = not_taken_back(seen)
    for event in sorted(left, key=lambda e: e.occurred_at):
        told = APPLY.get(event.kind, _unchanged)(facts, event)
        same = (told.type, told.exempt) == (facts.type, facts.exempt)
        facts = told if same else class_folds.reclassed(facts, told, event)
    if not any(event is reports[0] for event in left):
        return replace(facts, withdrawn=RETRACTED, withdrawn_at=reports[0].occurred_at)
    return facts


def not_taken_back(events: Sequence[Event]) -> list[Event]:
    """Given a ticket's events, return those that nobody took back, in their order."""
    gone = {seq for event in events if event.kind == TAKEN_BACK for seq in event.facts["events"]}  # type: ignore[attr-defined]
    return [event for event in events if not event.seq or event.seq not in gone]


def _with_lost_proof(events: Sequence[Event]) -> Sequence[Event]:
    """Each event with what of its proof was marked void after it was recorded: added anew, the file proves no claim
    made before. By the order recorded, for a late claim's moment lies before the file it rests on.
    """
    if not any(event.kind == VOIDED for event in events):
        return events
    found, gone = [], set[str]()
    for event in reversed(events):
        if event.kind == VOIDED:
            gone.add(str(event.facts["digest"]))
        found.append(replace(event, voided=tuple(digest for digest in event.evidence if digest in gone)))
    return found[::-1]


def _opened(number: str, event: Event) -> TicketFacts:
    given = event.facts
    return TicketFacts(
        number=number,
        type=str(given["type"]),
        module=str(given["module"]),
        channel=event.channel,
        needs_onsite=bool(given.get("needs_onsite")),
        reported_at=event.occurred_at,
        recorded_at=event.recorded_at,
        department=str(given.get("department") or ""),
        carrier=str(given.get("carrier") or ""),
        stamps={"reported_at": replace(stamp_of(event), side=str(given.get("reported_side") or event.side))},
        personal=dict(event.personal),
        class_by=class_folds.sides_of(event),
    )


def stamp_of(event: Event) -> Stamp:
    """Given the event that made a time, return where that time comes from."""
    return Stamp(
        event.occurred_at, event.recorded_at, event.actor, event.side, event.channel, event.grade, event.evidence,
        voided=event.voided, without_account=bool(event.facts.get(WITHOUT_ACCOUNT)),
    )  # fmt: skip


def _stamped(facts: TicketFacts, name: str, stamp: Stamp) -> TicketFacts:
    return replace(facts, stamps={**facts.stamps, name: stamp})


def _is_taken_over(event: Event) -> bool:
    beside = (CORRECTION_PROPOSED, CORRECTION_DECIDED, *BESIDE, *PERSONAL_KINDS)
    return event.grade == GRADE_IMPORTED or event.kind in beside


def _typed(event: Event, name: str) -> str:
    """A reason that somebody typed: in the personal part, for it may name people."""
    return event.personal.get(name) or str(event.facts.get(name) or "")


def _unchanged(facts: TicketFacts, event: Event) -> TicketFacts:
    return facts


def _responded(facts: TicketFacts, event: Event) -> TicketFacts:
    told = _described(facts, event)
    if facts.responded_at is not None:
        return told
    return _stamped(replace(told, responded_at=event.occurred_at), "responded_at", stamp_of(event))


def _onsite(facts: TicketFacts, event: Event) -> TicketFacts:
    return replace(facts, needs_onsite=bool(event.facts["needs_onsite"]))


def _arrived(facts: TicketFacts, event: Event) -> TicketFacts:
    if facts.arrived_at is not None:
        return facts
    return _stamped(replace(facts, arrived_at=event.occurred_at), "arrived_at", stamp_of(event))


def _restored(facts: TicketFacts, event: Event) -> TicketFacts:
    if facts.restored_at is not None:
        return _described(facts, event)
    told = _stamped(_described(facts, event), "restored_at", stamp_of(event))
    closure = UNASKED if event.facts.get("confirm") == "sample" else ""
    return replace(told, restorations=(*facts.restorations, event.occurred_at), closure=closure)


def _restore_rejected(facts: TicketFacts, event: Event) -> TicketFacts:
    """The hospital says it is not restored: the clock never stopped (domain §1.7)."""
    kept = facts.restorations[: len(facts.reopenings)]
    stamp = facts.stamps.get("restored_at")
    if stamp is not None and facts.restored_at is not None:
        facts = _stamped(facts, "restored_at", replace(stamp, rejected_at=event.occurred_at))
    return replace(facts, restorations=kept, confirmed_at=None, closure="", taken_back_at=event.occurred_at)


def _reopened(facts: TicketFacts, event: Event) -> TicketFacts:
    if facts.restored_at is None:  # never finished, so not finished again: the counts of both must stay in step
        return facts
    at = event.occurred_at
    return replace(facts, reopenings=(*facts.reopenings, at), confirmed_at=None, closure="", taken_back_at=at)


def _confirmed(facts: TicketFacts, event: Event) -> TicketFacts:
    """A person of the hospital's who signed in vouches for the restore they confirm; silence vouches for nothing, and
    neither does a word without an account: anybody's phone in the hospital's network could say it.
    """
    rated = _rated(facts, event) if event.facts.get("rating") else facts
    told = replace(rated, confirmed_at=event.occurred_at, closure=_closure(event))
    if told.closure != SIGNED or event.grade != GRADE_HOSPITAL:
        return told
    return _accepted(told, {"restored_at": facts.restored_at}, accepted=True)


def _closure(event: Event) -> str:
    if event.facts.get("by_silence"):
        return BY_SILENCE
    return BY_REPORTER if event.facts.get(WITHOUT_ACCOUNT) else SIGNED


def _times_accepted(facts: TicketFacts, event: Event) -> TicketFacts:
    named = {name: whole(datetime.fromisoformat(str(event.facts[name]))) for name in TIMES if event.facts.get(name)}
    return _accepted(facts, named, accepted=bool(event.facts["approved"]))


def _accepted(facts: TicketFacts, named: Mapping[str, datetime | None], *, accepted: bool) -> TicketFacts:
    """The word is about the very times that were seen: one that was corrected meanwhile is another question."""
    stamps = dict(facts.stamps)
    for name, at in named.items():
        stamp = stamps.get(name)
        if stamp is not None and stamp.at == at:
            stamps[name] = replace(stamp, accepted=accepted)
    return replace(facts, stamps=stamps)


def _suspended(facts: TicketFacts, event: Event) -> TicketFacts:
    approved = event.facts.get("approved")
    opened = Suspension(
        event.occurred_at, None, None if approved is None else bool(approved), _typed(event, "reason"),
        str(event.facts.get("cause") or ""), event.actor, event.recorded_at,
    )  # fmt: skip
    return replace(facts, suspensions=(*facts.suspensions, opened))


def _resumed(facts: TicketFacts, event: Event) -> TicketFacts:
    return _last_suspension(facts, lambda s: replace(s, ended_at=s.ended_at or event.occurred_at))


def _suspension_decided(facts: TicketFacts, event: Event) -> TicketFacts:
    approved, word = bool(event.facts["approved"]), _decision(event)
    return _last_suspension(facts, lambda s: replace(s, approved=approved, decision=word))


def _decision(event: Event) -> Decision:
    return Decision(event.actor, event.recorded_at, _typed(event, "reason"))


def _last_suspension(facts: TicketFacts, change: Callable[[Suspension], Suspension]) -> TicketFacts:
    if not facts.suspensions:
        return facts
    return replace(facts, suspensions=(*facts.suspensions[:-1], change(facts.suspensions[-1])))


def _withdrawn(state: str) -> Callable[[TicketFacts, Event], TicketFacts]:
    return lambda facts, event: replace(facts, withdrawn=state, withdrawn_at=event.occurred_at)


def _described(facts: TicketFacts, event: Event) -> TicketFacts:
    given = {name: str(event.facts[name]) for name in CONTENT if event.facts.get(name)}
    details = {name: str(event.facts[name]) for name in DETAILS if event.facts.get(name)}
    told = replace(facts, **given, personal={**facts.personal, **_texts(event)})  # type: ignore[arg-type]
    told = replace(told, details={**facts.details, **details}) if details else told
    reason = _typed(event, "suspension_reason")
    return _last_suspension(told, lambda s: replace(s, reason=s.reason or reason)) if reason else told


def _texts(event: Event) -> dict[str, str]:
    return {name: text for name, text in event.personal.items() if name in PERSONAL}


def _purged(facts: TicketFacts, event: Event) -> TicketFacts:
    """What the purge destroyed reads as destroyed by now; it tells anew, masked, what is to be read on."""
    return replace(facts, personal={**facts.personal, **_texts(event)})


def _rated(facts: TicketFacts, event: Event) -> TicketFacts:
    return replace(facts, rating=int(str(event.facts["rating"])))


def _proposed(facts: TicketFacts, event: Event) -> TicketFacts:
    given = event.facts
    made = Proposal(
        str(given["field"]), str(given["old"]), str(given["new"]), None, event.actor, event.recorded_at, event.side,
        event.personal.get("split_title", ""), _typed(event, "reason"),
    )  # fmt: skip
    kept = tuple(p for p in facts.proposals if p.field != made.field or p.approved is not None)
    return replace(facts, proposals=(*kept, made))


def _decided(facts: TicketFacts, event: Event) -> TicketFacts:
    waiting = next((p for p in facts.waiting if p.field == event.facts["field"]), None)
    if waiting is None or event.facts.get("new", waiting.new) != waiting.new:  # a word about another proposal
        return facts
    decided = replace(waiting, approved=bool(event.facts["approved"]), decision=_decision(event))
    told = replace(facts, proposals=tuple(decided if p is waiting else p for p in facts.proposals))
    return _corrected(told, decided) if decided.approved else told


def _corrected(facts: TicketFacts, proposal: Proposal) -> TicketFacts:
    """Put the new value where the old one still stands: what happened since the proposal is not overruled by it."""
    name, new = proposal.field, _read(proposal.field, proposal.new)

    def corrected(known: Any) -> Any:
        return new if written(known) == proposal.old else known

    if name == "split_off":
        return facts
    if name == "merged_into":
        return replace(facts, merged_into=proposal.new, withdrawn=MERGED, withdrawn_at=proposal.proposed_at)
    if name == "restored_at":
        told = replace(facts, restorations=tuple(corrected(at) for at in facts.restorations))
    elif name in ("suspended_from", "suspended_until"):
        place = "started_at" if name == "suspended_from" else "ended_at"
        moved = (replace(s, **{place: corrected(getattr(s, place))}) for s in facts.suspensions)
        return replace(facts, suspensions=tuple(moved))
    else:
        told = replace(facts, **{name: corrected(getattr(facts, name))})
    stamp = told.stamps.get(name)
    if stamp is None or written(stamp.at) != proposal.old:
        return told
    return _stamped(told, name, replace(stamp, at=corrected(stamp.at), accepted=True))  # both parties said so


def _assigned(facts: TicketFacts, event: Event) -> TicketFacts:
    return replace(facts, assignee=str(event.facts["assignee"]))


def _escalated(facts: TicketFacts, event: Event) -> TicketFacts:
    return replace(facts, escalated_to=str(event.facts["level"]))


def _linked(facts: TicketFacts, event: Event) -> TicketFacts:
    link = Link(str(event.facts["ticket"]), str(event.facts["relation"]))
    return facts if link in facts.links else replace(facts, links=(*facts.links, link))


def _retyped(facts: TicketFacts, event: Event) -> TicketFacts:
    return replace(facts, type=str(event.facts["type"]))


INSTANTS = (*TIMES, "recorded_at", "confirmed_at", "suspended_from", "suspended_until")
APPLY = {
    RESPONDED: _responded,
    ONSITE_DECIDED: _onsite,
    ARRIVED: _arrived,
    RESTORE: _restored,
    RESTORE_REJECTED: _restore_rejected,
    REOPENED: _reopened,
    CONFIRMED: _confirmed,
    SUSPEND: _suspended,
    SUSPENSION_DECIDED: _suspension_decided,
    RESUMED: _resumed,
    DECLINED: _withdrawn(REJECTED),
    CANCEL: _withdrawn(CANCELLED),
    DESCRIBED: _described,
    RATED: _rated,
    PERSONAL_PURGED: _purged,
    CORRECTION_PROPOSED: _proposed,
    CORRECTION_DECIDED: _decided,
    ASSIGNED: _assigned,
    ESCALATED: _escalated,
    LINKED: _linked,
    RETYPED: _retyped,
    TIMES_ACCEPTED: _times_accepted,
    **class_folds.APPLY,
}


def _read(name: str, value: str) -> object:
    if name in ("needs_onsite", "exempt"):
        return value == "true"
    return value if name not in INSTANTS else whole(datetime.fromisoformat(value))
