"""A ticket's clocks over the API, each explained: the clause, every interval, why it counts, the verdict."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ops_console.api import tickets as noun
from ops_console.api.endpoints import Endpoints
from ops_console.api.problems import told
from ops_console.api.shapes import Instant, Told
from ops_console.api.tokens import console
from ops_console.core.explanations import Explanation
from ops_console.core.moments import whole
from ops_console.services import clocks

endpoints = Endpoints()


class IntervalTold(Told):
    """One interval, and the seconds counted up to its end."""

    start: Instant
    end: Instant
    counted: bool
    why: str
    total_seconds: int


class ClockTold(Told):
    """One clock explained as of now. Seconds are whole; `raw_*` is the reading without any pause."""

    clock: str
    klass: str = Field(alias="class")
    limit: str
    clause: str
    limit_seconds: int
    started_at: Instant
    stopped_at: Instant | None
    deadline: Instant | None
    active_seconds: int
    raw_seconds: int
    result: str
    raw_result: str
    provisional: bool
    rule: str
    class_why: str
    version: str
    verdict: str
    intervals: list[IntervalTold]


class ClockList(Told):
    """All clocks of a ticket."""

    number: str
    as_of: Instant
    items: list[ClockTold]


@endpoints.add(
    "GET", "/tickets/<path:number>/clocks", tag="时限", summary="一张工单的全部时限及说明", scope="tickets:read",
    answer=ClockList,
)  # fmt: skip
def index(number: str) -> ClockList:
    """Every clock of a ticket with its intervals."""
    now = whole(console().now())
    with console().read() as session:
        view = noun.known(session, number)
        found = clocks.explained(view.judgement, console().book(session), now)
    return ClockList(number=view.facts.number, as_of=now, items=[_told(item) for item in found])


def _told(item: Explanation) -> ClockTold:
    clock, limit = item.clock, item.clock.limit
    same = ("deadline", "active_seconds", "raw_seconds", "result", "raw_result")
    values: dict[str, Any] = {name: getattr(item, name) for name in same}
    return ClockTold(
        **values, **{"class": clock.klass}, clock=clock.kind, limit=limit.id, clause=limit.clause,
        limit_seconds=limit.limit_seconds, started_at=clock.started_at, stopped_at=clock.stopped_at,
        provisional=clock.provisional, rule=told(item.headline), class_why=told(item.class_why),
        version=told(item.version), verdict=told(item.verdict),
        intervals=[
            IntervalTold(
                start=line.interval.start, end=line.interval.end, counted=line.interval.counted, why=told(line.why),
                total_seconds=line.total_seconds,
            )
            for line in item.lines
        ],
    )  # fmt: skip
