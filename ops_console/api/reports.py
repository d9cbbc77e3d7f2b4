"""Compliance over the API: the numbers of `report sla`, one row for each month, clock and class."""

from __future__ import annotations

from pydantic import Field

from ops_console.api.endpoints import Endpoints
from ops_console.api.shapes import Given, Instant, InstantGiven, Month, Told
from ops_console.api.tokens import caller, console
from ops_console.core.errors import Refused
from ops_console.core.moments import months_between, whole
from ops_console.services import reports

endpoints = Endpoints()
MOST_FOLDED = 24  # months: as of an instant, every ticket of them is folded from its events


class SlaQuery(Given):
    """Months, inclusive; with `as_of` as they stood then."""

    first: Month = Field(alias="from")
    last: Month = Field(alias="to")
    as_of: InstantGiven | None = None


class SlaCount(Told):
    """The clocks of one month, clock and class. `met` by proven times; `raw_*` by claimed ones without pauses."""

    month: str
    clock: str
    klass: str = Field(alias="class")
    total: int
    met: int
    breached: int
    unproven: int
    running: int
    raw_met: int
    raw_breached: int


class Sla(Told):
    """Compliance: what has no clocks is absent. `provisional` counts each month's clocks judged by weekday alone."""

    as_of: Instant
    items: list[SlaCount]
    provisional: dict[str, int]


@endpoints.add("GET", "/sla", tag="报表", summary="时限达标汇总", scope="reports:read", query=SlaQuery, answer=Sla)
def sla(query: SlaQuery) -> Sla:
    """Compliance of some months."""
    now = whole(console().now())
    if query.as_of and len(months_between(query.first, query.last)) > MOST_FOLDED:
        raise Refused("按历史时刻最多统计 %(n)s 个月，请缩小范围。", field="to", n=MOST_FOLDED)
    with console().read() as session:
        found = reports.sla(
            session, console().book(session), query.first, query.last, caller().actor, now=now, as_of=query.as_of
        )
        unsure = reports.provisional(session, query.first, query.last)
    rows = [
        SlaCount(
            month=month, clock=clock, **{"class": klass}, total=count.total, met=count.met,
            breached=count.breached, unproven=count.unproven, running=count.running, raw_met=count.raw_met,
            raw_breached=count.raw_breached,
        )
        for month, clocks in found.items() for clock, classes in clocks.items() for klass, count in classes.items()
    ]  # fmt: skip
    return Sla(as_of=query.as_of or now, items=rows, provisional=unsure)
