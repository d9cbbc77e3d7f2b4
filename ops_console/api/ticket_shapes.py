"""What the API tells of tickets: in lists, and one with all that it comes to. Shapes only.

Not for what callers send and not for filling them in (`api/tickets.py`).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ops_console.api.shapes import Instant, Told


class GradedTime(Told):
    """One of a ticket's times: when it was, when it was recorded, and how far it can be believed (A to D)."""

    at: Instant
    recorded_at: Instant
    grade: str


class LoggedTicket(Told):
    """A ticket just logged: nothing that a person typed, so that the answer may be kept for repeats.

    `times` has the times it holds by their names: `reported_at`, and `responded_at` when it was `answered`.
    """

    number: str
    state: str
    reported_at: Instant
    recorded_at: Instant
    times: dict[str, GradedTime]


class ClockMark(Told):
    """How one clock of a listed ticket stands."""

    clock: str
    result: Literal["met", "breached", "unproven", "running"]
    breaks_at: Instant | None
    stopped_at: Instant | None
    limit_seconds: int
    provisional: bool


class ListedTicket(Told):
    """A ticket as lists show it."""

    number: str
    type: str
    module: str
    channel: str
    department: str
    title: str
    handler: str
    state: str
    reported_at: Instant
    klass: str = Field(alias="class")
    provisional: bool
    waiting: int
    unproven: int
    blanks: int
    assignee: str
    closure: str
    clocks: list[ClockMark]


class TicketPage(Told):
    """One page of the walk; `next` is null at its end."""

    items: list[ListedTicket]
    next: str | None


class PauseTold(Told):
    """One suspension: whose cause, who asked for it, and why the hospital refused it where that was told."""

    started_at: Instant
    ended_at: Instant | None
    approved: bool | None
    reason: str
    cause: str
    asked_by: str
    refusal: str


class ProposalTold(Told):
    """A correction that waits or was decided: why it is asked, and why it was refused where that was told."""

    field: str
    old: str
    new: str
    approved: bool | None
    proposed_by: str
    proposed_at: Instant
    reason: str
    refusal: str


class StampTold(Told):
    """Where one of the ticket's times comes from, how far it can be believed, and the other party's word on it.

    `rejected_at`: when the hospital said that this restore was none; it counts for nothing since.
    """

    at: Instant
    recorded_at: Instant
    actor: str
    side: str
    channel: str
    grade: str
    evidence: list[str]
    voided: list[str]
    accepted: bool | None
    rejected_at: Instant | None


class Ticket(Told):
    """A ticket with all that it comes to; `possible` are the kinds of event that this caller could add now."""

    number: str
    type: str
    module: str
    channel: str
    department: str
    carrier: str
    needs_onsite: bool
    state: str
    reported_at: Instant
    recorded_at: Instant
    responded_at: Instant | None
    arrived_at: Instant | None
    restored_at: Instant | None
    closed_at: Instant | None
    handler: str
    mode: str
    rating: int | None
    title: str
    reporter: str
    phone: str
    description: str
    process: str
    blanks: list[str]
    assignee: str
    escalated_to: str
    merged_into: str
    closure: str
    times: dict[str, StampTold]
    klass: str = Field(alias="class")
    provisional: bool
    suspensions: list[PauseTold]
    corrections: list[ProposalTold]
    possible: list[str]
