"""A ticket is a list of events: what may happen next, and what all that happened comes to.

Not for clocks (`core/clocks.py`), not for storing, and not for who may do it (`core/people.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ops_console.core.moments import whole

# What people see of a ticket's life (style rule 22: stored Chinese terms stand here alone).
WAITING, WORKING, ON_SITE, SUSPENDED = "待响应", "处理中", "已到场", "挂起"
RESTORED, CLOSED, REJECTED, CANCELLED = "待确认", "已关闭", "已驳回", "已取消"
STATES = (WAITING, WORKING, ON_SITE, SUSPENDED, RESTORED, CLOSED, REJECTED, CANCELLED)
OPEN_STATES = (WAITING, WORKING, ON_SITE, SUSPENDED, RESTORED)
CHANNELS = ("微信群", "电话", "当面", "扫码", "管理端", "QQ", "告警")
GRADE_IMPORTED = "导入"

# Kinds of event.
REPORTED, RESPONDED, ARRIVED, RESTORE, CONFIRMED = "reported", "responded", "arrived", "restored", "confirmed"
ONSITE_DECIDED, RESTORE_REJECTED, REOPENED = "onsite_decided", "restore_rejected", "reopened"
SUSPEND, SUSPENSION_DECIDED, RESUMED = "suspended", "suspension_decided", "resumed"
DECLINED, CANCEL, DESCRIBED, RATED = "declined", "cancelled", "described", "rated"
CORRECTION_PROPOSED, CORRECTION_DECIDED = "correction_proposed", "correction_decided"
PERSONAL = ("reporter", "phone", "title", "description", "process")


@dataclass(frozen=True)
class Event:
    """One fact about a ticket. Instants are aware UTC whole seconds; `facts` hold text, bool, int or None.

    `facts` are what is hashed; `personal` is kept apart and bound by a salted commitment.
    """

    kind: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    side: str
    channel: str = ""
    grade: str = ""
    evidence: tuple[str, ...] = ()
    facts: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Suspension:
    """One suspension: from, until (None while open), why, and the hospital's word (None: not given yet)."""

    started_at: datetime
    ended_at: datetime | None
    approved: bool | None
    reason: str


@dataclass(frozen=True)
class Proposal:
    """A correction that waits for the hospital or was decided: one field, the old and the proposed value."""

    field: str
    old: str
    new: str
    approved: bool | None
    proposed_by: str
    proposed_at: datetime
    side: str = ""


@dataclass(frozen=True)
class TicketFacts:
    """What a ticket's events come to at an instant.

    `taken_back_at` is when the hospital last took a restore back: by rejecting it or by reopening the ticket.
    `imported`: all but its corrections was taken over from sheets, nothing of its life happened in the console.
    """

    number: str
    type: str
    module: str
    channel: str
    needs_onsite: bool
    reported_at: datetime
    recorded_at: datetime
    department: str = ""
    carrier: str = ""
    responded_at: datetime | None = None
    arrived_at: datetime | None = None
    restorations: tuple[datetime, ...] = ()
    reopenings: tuple[datetime, ...] = ()
    confirmed_at: datetime | None = None
    taken_back_at: datetime | None = None
    suspensions: tuple[Suspension, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    withdrawn: str = ""
    withdrawn_at: datetime | None = None
    handler: str = ""
    mode: str = ""
    rating: int | None = None
    imported: bool = False
    personal: Mapping[str, str] = field(default_factory=dict)

    @property
    def restored_at(self) -> datetime | None:
        """When the service was restored for good, or None while it is not."""
        return self.restorations[-1] if len(self.restorations) > len(self.reopenings) else None

    @property
    def closed_at(self) -> datetime | None:
        """When the hospital confirmed the restore that stands, or None: a word given before it is not about it."""
        if self.restored_at is None or self.confirmed_at is None or self.confirmed_at < self.restored_at:
            return None
        return self.confirmed_at

    @property
    def open_suspension(self) -> Suspension | None:
        """The suspension that has not ended, or None."""
        return next((s for s in self.suspensions if self.suspension_end(s) is None), None)

    def suspension_end(self, suspension: Suspension) -> datetime | None:
        """Given a suspension of this ticket, return when it ended, or None while it is open.

        One that nobody ended ends with the restore (or the reopening) after it: it outlives no work that it held up.
        """
        later = (at for at in (*self.restorations, *self.reopenings) if at >= suspension.started_at)
        return suspension.ended_at or min(later, default=None)

    @property
    def waiting(self) -> tuple[Proposal, ...]:
        """The corrections that wait for the hospital."""
        return tuple(p for p in self.proposals if p.approved is None)

    def moment(self, event: str) -> datetime | None:
        """Given the name of a clock's start or stop event, return when it happened, or None."""
        return {"reported": self.reported_at, "responded": self.responded_at, "arrived": self.arrived_at}[event]

    @property
    def state(self) -> str:
        """The ticket's state, one of STATES."""
        if self.withdrawn:
            return self.withdrawn
        if self.restored_at is not None:
            return CLOSED if self.closed_at is not None else RESTORED
        if self.open_suspension is not None:
            return SUSPENDED
        if self.arrived_at is not None:
            return ON_SITE
        return WORKING if self.responded_at is not None else WAITING


def fold(number: str, events: Iterable[Event], at: datetime | None = None) -> TicketFacts | None:
    """Given a ticket's events in the order they were recorded, return what they come to.

    With `at`, what happened later is unseen; None when the ticket was not reported by then.
    """
    seen = [event for event in events if at is None or event.occurred_at <= at]
    reports = [event for event in seen if event.kind == REPORTED]
    if not reports:
        return None
    facts = replace(_opened(number, reports[0]), imported=all(_is_taken_over(event) for event in seen))
    for event in sorted(seen, key=lambda e: e.occurred_at):
        facts = APPLY.get(event.kind, _unchanged)(facts, event)
    return facts


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
        personal=dict(event.personal),
    )


def _is_taken_over(event: Event) -> bool:
    return event.grade == GRADE_IMPORTED or event.kind in (CORRECTION_PROPOSED, CORRECTION_DECIDED)


def _typed(event: Event, name: str) -> str:
    """A reason that somebody typed: in the personal part, for it may name people."""
    return event.personal.get(name) or str(event.facts.get(name) or "")


def _unchanged(facts: TicketFacts, event: Event) -> TicketFacts:
    return facts


def _responded(facts: TicketFacts, event: Event) -> TicketFacts:
    first = facts.responded_at is None
    return replace(_described(facts, event), responded_at=event.occurred_at if first else facts.responded_at)


def _onsite(facts: TicketFacts, event: Event) -> TicketFacts:
    return replace(facts, needs_onsite=bool(event.facts["needs_onsite"]))


def _arrived(facts: TicketFacts, event: Event) -> TicketFacts:
    return replace(facts, arrived_at=event.occurred_at) if facts.arrived_at is None else facts


def _restored(facts: TicketFacts, event: Event) -> TicketFacts:
    if facts.restored_at is not None:
        return _described(facts, event)
    return replace(_described(facts, event), restorations=(*facts.restorations, event.occurred_at))


def _restore_rejected(facts: TicketFacts, event: Event) -> TicketFacts:
    """The hospital says it is not restored: the clock never stopped (domain §1.7)."""
    kept = facts.restorations[: len(facts.reopenings)]
    return replace(facts, restorations=kept, confirmed_at=None, taken_back_at=event.occurred_at)


def _reopened(facts: TicketFacts, event: Event) -> TicketFacts:
    if facts.restored_at is None:  # never finished, so not finished again: the counts of both must stay in step
        return facts
    at = event.occurred_at
    return replace(facts, reopenings=(*facts.reopenings, at), confirmed_at=None, taken_back_at=at)


def _confirmed(facts: TicketFacts, event: Event) -> TicketFacts:
    return replace(facts, confirmed_at=event.occurred_at)


def _suspended(facts: TicketFacts, event: Event) -> TicketFacts:
    approved = event.facts.get("approved")
    opened = Suspension(event.occurred_at, None, None if approved is None else bool(approved), _typed(event, "reason"))
    return replace(facts, suspensions=(*facts.suspensions, opened))


def _resumed(facts: TicketFacts, event: Event) -> TicketFacts:
    return _last_suspension(facts, lambda s: replace(s, ended_at=s.ended_at or event.occurred_at))


def _suspension_decided(facts: TicketFacts, event: Event) -> TicketFacts:
    return _last_suspension(facts, lambda s: replace(s, approved=bool(event.facts["approved"])))


def _last_suspension(facts: TicketFacts, change: Callable[[Suspension], Suspension]) -> TicketFacts:
    if not facts.suspensions:
        return facts
    return replace(facts, suspensions=(*facts.suspensions[:-1], change(facts.suspensions[-1])))


def _withdrawn(state: str) -> Callable[[TicketFacts, Event], TicketFacts]:
    return lambda facts, event: replace(facts, withdrawn=state, withdrawn_at=event.occurred_at)


def _described(facts: TicketFacts, event: Event) -> TicketFacts:
    given = {name: str(event.facts[name]) for name in ("handler", "mode", "department") if event.facts.get(name)}
    told = replace(facts, **given, personal={**facts.personal, **_texts(event)})  # type: ignore[arg-type]
    reason = _typed(event, "suspension_reason")
    return _last_suspension(told, lambda s: replace(s, reason=s.reason or reason)) if reason else told


def _texts(event: Event) -> dict[str, str]:
    return {name: text for name, text in event.personal.items() if name in PERSONAL}


def _rated(facts: TicketFacts, event: Event) -> TicketFacts:
    return replace(facts, rating=int(str(event.facts["rating"])))


def _proposed(facts: TicketFacts, event: Event) -> TicketFacts:
    given = event.facts
    made = Proposal(
        str(given["field"]), str(given["old"]), str(given["new"]), None, event.actor, event.recorded_at, event.side
    )
    kept = tuple(p for p in facts.proposals if p.field != made.field or p.approved is not None)
    return replace(facts, proposals=(*kept, made))


def _decided(facts: TicketFacts, event: Event) -> TicketFacts:
    waiting = next((p for p in facts.waiting if p.field == event.facts["field"]), None)
    if waiting is None or event.facts.get("new", waiting.new) != waiting.new:  # a word about another proposal
        return facts
    decided = replace(waiting, approved=bool(event.facts["approved"]))
    told = replace(facts, proposals=tuple(decided if p is waiting else p for p in facts.proposals))
    return _corrected(told, decided) if decided.approved else told


def _corrected(facts: TicketFacts, proposal: Proposal) -> TicketFacts:
    """Put the new value where the old one still stands: what happened since the proposal is not overruled by it."""
    name, new = proposal.field, _read(proposal.field, proposal.new)

    def corrected(known: Any) -> Any:
        return new if written(known) == proposal.old else known

    if name == "restored_at":
        return replace(facts, restorations=tuple(corrected(at) for at in facts.restorations))
    if name in ("suspended_from", "suspended_until"):
        place = "started_at" if name == "suspended_from" else "ended_at"
        moved = (replace(s, **{place: corrected(getattr(s, place))}) for s in facts.suspensions)
        return replace(facts, suspensions=tuple(moved))
    return replace(facts, **{name: corrected(getattr(facts, name))})


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
    CORRECTION_PROPOSED: _proposed,
    CORRECTION_DECIDED: _decided,
}


def _read(name: str, value: str) -> object:
    if name == "needs_onsite":
        return value == "true"
    return value if name == "type" else whole(datetime.fromisoformat(value))


def written(value: object) -> str:
    """Given a correctable value, return how a proposal writes it: ISO instants in UTC, `true`/`false`, text."""
    if isinstance(value, datetime):
        return whole(value).isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
