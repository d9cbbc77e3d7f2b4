"""A ticket's events over the API: all of them, and the next one, by the rights of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from flask import request
from pydantic import Field
from sqlalchemy.orm import Session

from ops_console.api import tickets as noun
from ops_console.api.endpoints import Endpoints
from ops_console.api.repeats import once
from ops_console.api.shapes import Digest, Given, Instant, InstantGiven, Told, words
from ops_console.api.tokens import caller, console
from ops_console.core import tickets as core
from ops_console.core.errors import Refused
from ops_console.core.tickets import Event
from ops_console.services import tickets
from ops_console.services.ticket_events import LONGEST, MOST_PROOFS
from ops_console.services.tickets import Move

endpoints = Endpoints()
TAG = "事件"
KINDS = tuple(tickets.RIGHTS)
DECISIVE = (*tickets.WEIGHTY, core.RESTORE_REJECTED, core.REOPENED, core.CANCEL)


class NewEvent(Given):
    """The next event of a ticket; each kind takes its own fields alone, and some an earlier moment."""

    kind: Literal[KINDS]  # type: ignore[valid-type]
    needs_onsite: bool | None = None
    approved: bool | None = None
    reason: words(LONGEST["reason"]) | None = None  # type: ignore[valid-type]
    handler: words(100) | None = None  # type: ignore[valid-type]
    mode: Literal[core.MODES] | None = None  # type: ignore[valid-type]
    process: words(LONGEST["process"]) | None = None  # type: ignore[valid-type]
    field: words(30) | None = None  # type: ignore[valid-type]
    new: words(200) | None = None  # type: ignore[valid-type]
    assignee: words(40) | None = None  # type: ignore[valid-type]
    level: Literal[core.LEVELS] | None = None  # type: ignore[valid-type]
    cause: Literal[core.SUSPENSION_CAUSES] | None = None  # type: ignore[valid-type]
    occurred_at: InstantGiven | None = Field(default=None, description="发生时刻；不写为现在，最多补录 24 小时以内")
    evidence: list[Digest] = Field(
        default=[], max_length=MOST_PROOFS, description="佐证：这张工单的附件的 SHA-256；只用于响应、到场、恢复"
    )

    def command(self, number: str, handler: str) -> Move:
        """Given the ticket and who acts, return the services' command. What a kind does not take they refuse."""
        told = self.model_dump(exclude={"kind", "occurred_at", "evidence"})
        given = {name: value for name, value in told.items() if value is not None}
        if "handler" in tickets.FACTS.get(self.kind, ()):
            given.setdefault("handler", handler)
        personal = {name: str(given.pop(name)) for name in ("process",) if name in given}
        return Move(number, self.kind, given, personal, self.occurred_at, tuple(self.evidence))


class AddedEvent(Told):
    """What a ticket came to by its newest event."""

    number: str
    kind: str
    state: str
    recorded_at: Instant


class EventTold(Told):
    """One event: both its times, who, and what it tells."""

    seq: int
    kind: str
    occurred_at: Instant
    recorded_at: Instant
    actor: str
    side: str
    channel: str
    grade: str
    evidence: list[str]
    facts: dict[str, str | int | bool | list[str] | list[int] | None]
    personal: dict[str, str]


class EventList(Told):
    """All events of a ticket, in the order recorded."""

    number: str
    items: list[EventTold]


@endpoints.add(
    "GET", "/tickets/<path:number>/events", tag=TAG, summary="一张工单的全部事件", scope="tickets:read",
    answer=EventList,
)  # fmt: skip
def index(number: str) -> EventList:
    """Every event of a ticket."""
    with console().read() as session:
        view = noun.known(session, number)
    return EventList(number=view.facts.number, items=[_told(event) for event in view.events])


def _told(event: Event) -> EventTold:
    plain: Mapping[str, Any] = {name: getattr(event, name) for name in EventTold.model_fields}
    return EventTold(**{**plain, "evidence": list(event.evidence), "facts": dict(event.facts)})


@endpoints.add(
    "POST", "/tickets/<path:number>/events", tag=TAG, summary="登记下一步", scope="tickets:write", body=NewEvent,
    answer=AddedEvent, status=201, is_repeatable=True,
)  # fmt: skip
def add(number: str, body: NewEvent) -> Any:
    """Add the next event. What binds the hospital wants the scope for it."""
    if body.kind in DECISIVE and "tickets:decide" not in caller().scopes:
        raise Refused("这个令牌没有 %(scope)s 范围；请用有这一范围的令牌。", field="permission", scope="tickets:decide")
    now = console().now()
    command = body.command(noun.readable(number), caller().actor.name)

    def act(session: Session) -> tuple[Told, str]:
        facts = tickets.move(session, console().book(session), command, caller().actor, now)
        told = AddedEvent(number=facts.number, kind=body.kind, state=facts.state, recorded_at=now)
        return told, f"{noun.address(facts.number)}/events"

    return once(act, request.get_data())
