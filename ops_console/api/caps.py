"""Yearly caps over the API: the meters of the contract year of a day, and the entries behind them; to be read alone."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import Field

from ops_console.api.endpoints import Endpoints
from ops_console.api.shapes import Given, Instant, Told
from ops_console.api.tokens import caller, console
from ops_console.core.caps import CapEntry, CapYear, local_day
from ops_console.core.errors import Refused
from ops_console.services import caps

endpoints = Endpoints()
DAY = r"^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"


class CapsQuery(Given):
    """A day: the contract year it lies in, as of its end. Without one, today."""

    on: str | None = Field(default=None, pattern=DAY, examples=["2026-11-20"])


class EntryTold(Told):
    """One 次: `why` tells why it was returned, `way` how it was settled over the cap; `fee` is in 分."""

    id: int
    title: str
    state: str
    side: str
    ticket: str
    requested_at: Instant
    held_at: Instant | None
    approved_at: Instant | None
    accepted_at: Instant | None
    returned_at: Instant | None
    why: str
    way: str
    document: str
    fee: int | None


class CapTold(Told):
    """One cap in the year. `taken` counts: opening, reserved and used; `beside` was done beyond the cap."""

    clause: str
    name: str
    limit: int
    taken: int
    opening: int
    used: int
    reserved: int
    asked: int
    held: int
    beside: int
    stage: str
    runs_out_on: str | None
    entries: list[EntryTold]


class Caps(Told):
    """Every cap of a contract year, in the contract's order; none where the contract lists none."""

    contract_id: int
    on: str
    items: list[CapTold]


@endpoints.add(
    "GET", "/caps", tag="额度", summary="合同年的额度使用与明细", scope="reports:read", query=CapsQuery, answer=Caps
)
def index(query: CapsQuery) -> Caps:
    """The caps of a contract year."""
    caller().actor.need("reports.read")
    day = _day(query.on) if query.on else local_day(console().now())
    with console().read() as session:
        book = console().book(session)
        contract_id = caps.contract_on(book, day)
        found = caps.of_year(session, book, contract_id, day)
    return Caps(contract_id=contract_id, on=day.isoformat(), items=[_cap(cap) for cap in found])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("日期请写成 2026-03-05。", field="on") from None


def _cap(cap: CapYear) -> CapTold:
    same = ("clause", "name", "limit", "taken", "opening", "used", "reserved", "asked", "held", "beside", "stage")
    values: dict[str, Any] = {name: getattr(cap, name) for name in same}
    on = cap.forecast.on
    return CapTold(
        **values, runs_out_on=on.isoformat() if on else None, entries=[_entry(entry) for entry in cap.entries]
    )


def _entry(entry: CapEntry) -> EntryTold:
    return EntryTold(**{name: getattr(entry, name) for name in EntryTold.model_fields})
