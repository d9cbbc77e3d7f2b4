"""A duty as its events in the chain leave it: what its row has to say. Not for making duties (`core/duties.py`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from ops_console.core.people import SYSTEM
from ops_console.core.tickets import Event

DUTY_PLANNED, DUTY_MOVED = "duty_planned", "duty_moved"


@dataclass(frozen=True)
class ToldDuty:
    """What events tell of a duty: the contract version that made it, when, its `deliveries` (done, recorded) by id.

    The other fields are called as the row's columns are. `before`: another that had the same id, so that its row was
    deleted, for SQLite gives the id of a deleted last row again.
    """

    clause: str
    task: str
    key: str
    version: int
    planned_at: datetime
    due_at: datetime
    delivered_at: datetime | None = None
    accepted_at: datetime | None = None
    waived_at: datetime | None = None
    waived_by: str = ""
    waived_reason: str = ""
    deliveries: Mapping[int, tuple[datetime, datetime]] = field(default_factory=dict)
    before: ToldDuty | None = None


def fold(events: Iterable[Event]) -> ToldDuty | None:
    """Given a duty's events in the order recorded, return what they come to; None where none of them made it."""
    told: ToldDuty | None = None
    for event in events:
        if event.kind == DUTY_PLANNED:
            told = replace(_planned(event), before=told)
        elif told is not None:
            told = APPLY.get(event.kind, _unchanged)(told, event)
    return told


def due_in(facts: Mapping[str, object]) -> datetime:
    """Given the facts of an event of a duty, return when it was due by then."""
    return datetime.fromisoformat(str(facts["due_at"]))


def _planned(event: Event) -> ToldDuty:
    given = event.facts
    return ToldDuty(
        str(given["clause"]), str(given["task"]), str(given["key"]), int(str(given["version"])), event.recorded_at,
        due_in(given),
    )  # fmt: skip


def _unchanged(told: ToldDuty, event: Event) -> ToldDuty:
    return told


def _moved(told: ToldDuty, event: Event) -> ToldDuty:
    return replace(told, due_at=due_in(event.facts))


def _which(event: Event) -> int:
    return int(str(event.facts["delivery"]))


def _delivered(told: ToldDuty, event: Event) -> ToldDuty:
    known = {**told.deliveries, _which(event): (event.occurred_at, event.recorded_at)}
    return replace(told, delivered_at=event.occurred_at, accepted_at=None, deliveries=known)


def _accepted(told: ToldDuty, event: Event) -> ToldDuty:
    done_at, recorded_at = told.deliveries[_which(event)]
    counts = done_at if event.facts.get("claim_counts") else recorded_at
    return replace(told, delivered_at=counts, accepted_at=event.recorded_at)


def _undone(told: ToldDuty, event: Event) -> ToldDuty:
    return replace(told, delivered_at=None, accepted_at=None)


def _waived(told: ToldDuty, event: Event) -> ToldDuty:
    by = SYSTEM.account if event.facts.get("by_correction") else event.actor
    return replace(told, waived_at=event.recorded_at, waived_by=by, waived_reason=event.personal.get("reason", ""))


def _unwaived(told: ToldDuty, event: Event) -> ToldDuty:
    return replace(told, waived_at=None, waived_by="", waived_reason="")


APPLY: Mapping[str, Callable[[ToldDuty, Event], ToldDuty]] = {
    DUTY_MOVED: _moved,
    "duty_delivered": _delivered,
    "duty_accepted": _accepted,
    "duty_rejected": _undone,
    "duty_taken_back": _undone,
    "duty_waived": _waived,
    "duty_unwaived": _unwaived,
}
