"""Tickets over the API: log one, walk through all, read one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from flask import request
from pydantic import Field
from sqlalchemy.orm import Session

from ops_console.api.endpoints import VERSION, Endpoints
from ops_console.api.repeats import once
from ops_console.api.shapes import PLAIN, Flag, Given, InstantGiven, Month, Number, Told, words
from ops_console.api.ticket_shapes import (
    ClockMark,
    GradedTime,
    ListedTicket,
    LoggedTicket,
    PauseTold,
    ProposalTold,
    StampTold,
    Ticket,
    TicketPage,
)
from ops_console.api.tokens import caller, console
from ops_console.core import tickets as core
from ops_console.core.contracts import CLASSES, CLOCKS
from ops_console.core.errors import NotFound
from ops_console.core.moments import whole
from ops_console.core.ticket_lists import READINGS, Filter
from ops_console.services import tickets, walks
from ops_console.services.ticket_events import LONGEST
from ops_console.services.tickets import OpenTicket, TicketView

endpoints = Endpoints()
TAG = "工单"
Name = Annotated[str, Field(max_length=60, pattern=PLAIN)]


class NewTicket(Given):
    """A ticket to log, as of now or of an earlier moment of the last 24 hours. Names are those of /catalogue.

    With `incomplete` type, module, channel and title may be empty for the moment.
    """

    type: Name
    module: Name
    channel: Literal[("", *core.CHANNELS)]  # type: ignore[valid-type]
    title: words(LONGEST["title"])  # type: ignore[valid-type]
    department: words(LONGEST["department"]) = ""  # type: ignore[valid-type]
    reporter: words(LONGEST["reporter"]) = ""  # type: ignore[valid-type]
    phone: words(LONGEST["phone"]) = ""  # type: ignore[valid-type]
    description: words(LONGEST["description"]) = ""  # type: ignore[valid-type]
    carrier: Name = ""
    needs_onsite: bool = False
    reported_at: InstantGiven | None = Field(default=None, description="报修时刻；不写为现在，最多补录 24 小时以内")
    answered: bool = Field(default=False, description="同时登记响应")
    incomplete: bool = Field(default=False, description="先占位，类型、模块、渠道、标题可当天补全")


class TicketQuery(Given):
    """What the list is narrowed to; the same words as the addresses of the pages' list."""

    type: list[Name] = []
    module: list[Name] = []
    state: list[Literal[core.STATES]] = []  # type: ignore[valid-type]
    channel: list[Literal[core.CHANNELS]] = []  # type: ignore[valid-type]
    month: Month | None = None
    hour: Annotated[Number, Field(ge=0, le=23)] | None = None
    breached: Flag = False
    waiting: Flag = False
    provisional: Flag = False
    open: Flag = False
    unproven: Flag = False
    blanks: Flag = False
    from_hospital: Flag = False
    assignee: Annotated[str, Field(max_length=40, pattern=PLAIN)] = ""
    closure: Literal[core.CLOSURES] | None = None  # type: ignore[valid-type]
    clock: Literal[CLOCKS] | None = None  # type: ignore[valid-type]
    klass: Literal[CLASSES] | None = Field(default=None, alias="class")  # type: ignore[valid-type]
    result: Literal["met", "breached", "unproven", "running", "settled"] | None = None
    reading: Literal[READINGS] | None = None  # type: ignore[valid-type]
    order: Literal["desc", "asc"] = "desc"
    limit: Annotated[Number, Field(ge=1, le=walks.MOST)] = 50
    cursor: Annotated[str, Field(max_length=200)] = Field(default="", description="上一页的 next；不写从头开始")

    def chosen(self) -> Filter:
        """Return it as the services take it."""
        month = self.month or ""
        return Filter(
            types=tuple(self.type), modules=tuple(self.module), states=tuple(self.state),
            channels=tuple(self.channel), first_month=month, last_month=month, hour=self.hour,
            breached=self.breached, waiting=self.waiting, provisional=self.provisional, open=self.open,
            unproven=self.unproven, blanks=self.blanks, from_hospital=self.from_hospital, assignee=self.assignee,
            closure=self.closure or "", clock=self.clock or "", klass=self.klass or "", result=self.result or "",
            reading=self.reading or "",
        )  # fmt: skip


SAME = (
    "number", "type", "module", "channel", "department", "carrier", "needs_onsite", "state", "reported_at",
    "recorded_at", "responded_at", "arrived_at", "restored_at", "closed_at", "handler", "mode", "rating",
    "assignee", "escalated_to", "merged_into", "closure",
)  # fmt: skip


def address(number: str) -> str:
    """Given a ticket's number, return its address below the face's root."""
    return f"{VERSION}/tickets/{quote(number, safe='')}"


def known(session: Session, number: str) -> TicketView:
    """Given a number as it stands in an address, return the ticket. Raises NotFound."""
    return tickets.view(session, console().book(session), readable(number), caller().actor)


def readable(number: str) -> str:
    """Given a number as it stands in an address, return it. Raises NotFound for what no ticket is called."""
    if len(number) > 40 or any(ord(c) < 32 or 0xD800 <= ord(c) <= 0xDFFF for c in number):
        raise NotFound("没有编号为 %(number)s 的工单。", number=number[:40].encode("ascii", "replace").decode())
    return number


@endpoints.add(
    "POST", "/tickets", tag=TAG, summary="登记工单", scope="tickets:write", body=NewTicket, answer=LoggedTicket,
    status=201, is_repeatable=True,
)  # fmt: skip
def log(body: NewTicket) -> Any:
    """Log a ticket."""
    now = console().now()

    def act(session: Session) -> tuple[Told, str]:
        command = OpenTicket(**body.model_dump())
        made = tickets.log_ticket(session, console().book(session), command, caller().actor, now)
        times = {name: GradedTime(at=s.at, recorded_at=s.recorded_at, grade=s.grade) for name, s in made.stamps.items()}
        told = LoggedTicket(
            number=made.number, state=made.state, reported_at=made.reported_at, recorded_at=made.recorded_at,
            times=times,
        )  # fmt: skip
        return told, address(made.number)

    return once(act, request.get_data())


@endpoints.add(
    "GET", "/tickets", tag=TAG, summary="工单列表，按报修时间翻页", scope="tickets:read", query=TicketQuery,
    answer=TicketPage,
)  # fmt: skip
def index(query: TicketQuery) -> TicketPage:
    """One page of the walk through the tickets."""
    now = whole(console().now())
    with console().read() as session:
        found = walks.walk(
            session, query.chosen(), caller().actor, now=now, cursor=query.cursor,
            descending=query.order == "desc", limit=query.limit,
        )  # fmt: skip
    items = [_listed(row, found.clocks.get(row.id, ()), now) for row in found.rows]
    return TicketPage(items=items, next=found.following)


def _listed(row: Any, clocks: Any, now: datetime) -> ListedTicket:
    names = set(ListedTicket.model_fields) - {"clocks", "klass"}
    marks = [
        ClockMark(
            clock=clock.kind, result=clock.result or _running(clock.breaks_at, now), breaks_at=clock.breaks_at,
            stopped_at=clock.stopped_at, limit_seconds=clock.limit_seconds, provisional=clock.provisional,
        )
        for clock in clocks
    ]  # fmt: skip
    return ListedTicket(**{name: getattr(row, name) for name in names}, **{"class": row.klass}, clocks=marks)


def _running(breaks_at: datetime | None, now: datetime) -> str:
    return "breached" if breaks_at is not None and breaks_at < now else "running"


@endpoints.add(
    "GET", "/tickets/<path:number>", tag=TAG, summary="一张工单", scope="tickets:read", answer=Ticket
)  # fmt: skip
def show(number: str) -> Ticket:
    """One ticket."""
    now = whole(console().now())
    with console().read() as session:
        view = known(session, number)
    facts, judged = view.facts, view.judgement
    same = {name: getattr(facts, name) for name in SAME}
    personal = {name: facts.personal.get(name, "") for name in core.PERSONAL}
    possible = tickets.possible(facts, caller().actor, now, judged.version.terms)
    return Ticket(
        **same, **personal, **{"class": judged.klass}, provisional=judged.provisional, possible=sorted(possible),
        blanks=list(facts.blanks), times={name: _stamped(stamp) for name, stamp in facts.stamps.items()},
        suspensions=[
            PauseTold(
                started_at=pause.started_at, ended_at=facts.suspension_end(pause), approved=pause.approved,
                reason=pause.reason, cause=pause.cause, asked_by=pause.asked_by, refusal=pause.refusal,
            )
            for pause in facts.suspensions
        ],
        corrections=[
            ProposalTold(**{name: getattr(one, name) for name in ProposalTold.model_fields}) for one in facts.proposals
        ],
    )  # fmt: skip


def _stamped(stamp: core.Stamp) -> StampTold:
    values = {name: getattr(stamp, name) for name in StampTold.model_fields}
    return StampTold(**{**values, "evidence": list(stamp.evidence), "voided": list(stamp.voided)})
