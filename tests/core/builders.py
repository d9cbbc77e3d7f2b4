"""Small builders for tests of the core: times as written in Shanghai, events, tickets, contracts, sheet rows.

Not for anything that is stored: those tests arrange with `tests/conftest.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ops_console.core import tickets as core
from ops_console.core.contracts import TimeLimit
from ops_console.core.errors import UnknownYear
from ops_console.core.moments import ZONE
from ops_console.core.people import Actor, actor_of
from ops_console.core.statutory import YearDays, parse_days
from ops_console.core.terms import Reading, Terms, VersionInForce
from ops_console.core.ticket_folds import fold
from ops_console.core.ticket_sheets import SheetRow
from ops_console.core.tickets import Event, TicketFacts
from ops_console.core.working_time import KnownYears, WorkingCalendar, working_calendar

REPORT = "2026-03-05 09:00:00"  # a Thursday, an ordinary workday
MINUTE, HOUR = 60, 3600
YEARS = {
    2025: parse_days(2025, ["2025-10-01..2025-10-08"], ["2025-09-28", "2025-10-11"], "test"),
    2026: parse_days(2026, ["2026-01-01..2026-01-03", "2026-10-01..2026-10-07"], ["2026-01-04", "2026-10-10"], "test"),
    2027: parse_days(2027, ["2027-01-01..2027-01-03"], ["2027-01-10"], "test"),
    2028: parse_days(2028, ["2028-01-01"], [], "test"),
}


def at(text: str) -> datetime:
    """Given a Shanghai time, `2026-03-05 09:00` with or without seconds, return the instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def after(seconds: float, start: str = REPORT) -> datetime:
    """Given seconds (may be negative), return the instant so long after a Shanghai time."""
    return at(start) + timedelta(seconds=seconds)


def known(*years: int) -> KnownYears:
    """Given years, return a source of statutory days that knows these and raises for every other."""

    def of(year: int) -> YearDays:
        if year not in years:
            raise UnknownYear(year)
        return YEARS[year]

    return of


def limit(clock: str, classes: tuple[str, ...], minutes: int, start: str, stop: str, **given: Any) -> TimeLimit:
    """Given what a test is about, return a time limit: for 故障 only, no matter whether somebody must come."""
    values: dict[str, Any] = {
        "id": "C", "clock": clock, "name": clock, "clause": "二.1.⑦", "basis": "合同", "text": clock,
        "start_event": start, "stop_event": stop, "types": ("故障",), "except_types": (), "needs_onsite": None,
        "classes": classes, "limit_seconds": minutes * MINUTE, "class_rule": "by_report_time", "pausable": False,
    }  # fmt: skip
    return TimeLimit(**{**values, **given})


BOTH = ("work", "off")
LIMITS = (
    limit("response", ("work",), 30, "reported", "responded", id="C-15"),
    limit("response", ("off",), 60, "reported", "responded", id="C-16"),
    limit("arrival", BOTH, 120, "reported", "arrived", id="C-17", needs_onsite=True),
    limit("repair", BOTH, 240, "arrived", "restored", id="C-18", needs_onsite=True, pausable=True),
    limit("hotline", BOTH, 120, "reported", "responded", id="C-38", types=(), except_types=("故障",), clause="二.3"),
)


def terms(**given: Any) -> Terms:
    """Given what differs, return the tender's terms: three contract years, 08:00-18:00, the five limits."""
    values: dict[str, Any] = {
        "number": "YW-2025-001", "name": "运维服务合同", "hospital": "甲方医院", "vendor": "乙方公司",
        "starts_on": date(2025, 1, 1), "ends_on": date(2027, 12, 31), "counts_from": date(2025, 1, 1),
        "zone": "Asia/Shanghai", "hours": (("08:00", "18:00"),), "breaks": (), "overrides": (), "limits": LIMITS,
        "readings": (Reading("R-01", "二.1.⑦", "补充约定", "前闭后开"),),
    }  # fmt: skip
    return Terms(**{**values, **given})


def version(number: int = 1, **given: Any) -> VersionInForce:
    """Given a version number and what differs in its terms, return the version in force; its id is its number."""
    return VersionInForce(number, 1, number, terms(**given))


def calendar(*years: int, **given: Any) -> WorkingCalendar:
    """Given the years the source knows (2025 to 2028 without any), return the working time of the terms."""
    return working_calendar(version(**given), (), known(*(years or YEARS)))


def event(kind: str, when: str | datetime, *, side: str = "vendor", **facts: Any) -> Event:
    """Given a kind, a Shanghai time (or instant) and its facts, return the event, recorded when it happened."""
    moment = at(when) if isinstance(when, str) else when
    return Event(kind, moment, moment, "someone", side, facts=facts)


def reported(when: str | datetime = REPORT, type: str = "故障", *, needs_onsite: bool = False, **given: Any) -> Event:
    """Given a time and a type, return the report a ticket begins with."""
    facts = {"type": type, "module": "门诊缴费", "department": "药房", "carrier": "", "needs_onsite": needs_onsite}
    personal = {"reporter": "刘药师", "phone": "0000855406", "title": "打不开", "description": "请处理"}
    return replace(event(core.REPORTED, when, **{**facts, **given}), channel="电话", personal=personal)


def ticket(*events: Event, until: str | datetime | None = None) -> TicketFacts:
    """Given events in the order recorded, return what they come to by a time. The ticket must exist by then."""
    moment = at(until) if isinstance(until, str) else until
    facts = fold("GD-1", events, moment)
    assert facts is not None
    return facts


def on_site(*events: Event, arrived: str = "2026-03-05 10:00:00") -> TicketFacts:
    """Given later events, return a fault reported at REPORT, answered at once, somebody there at `arrived`."""
    begun = (reported(needs_onsite=True), event(core.RESPONDED, REPORT), event(core.ARRIVED, arrived))
    return ticket(*begun, *events)


def suspended(
    start: str, end: str | None = None, *, approved: bool | None = True, reason: str = "等厂商"
) -> list[Event]:
    """Given Shanghai times and the hospital's word, return the events of one suspension; open without an end."""
    events = [event(core.SUSPEND, start, reason=reason, approved=approved)]
    return events if end is None else [*events, event(core.RESUMED, end)]


def sheet_row(**given: Any) -> SheetRow:
    """Given what differs, return a checked row of a fault reported at REPORT; times as Shanghai text."""
    values: dict[str, Any] = {
        "row": 2, "number": "GD-1", "type": "故障", "module": "门诊缴费", "channel": "电话", "department": "药房",
        "reporter": "刘药师", "phone": "0000855406", "title": "打不开", "description": "请处理", "reported_at": REPORT,
        "recorded_at": REPORT, "responded_at": None, "needs_onsite": False, "arrived_at": None, "restored_at": None,
        "confirmed_at": None, "suspended_from": None, "suspended_until": None, "suspension_reason": "",
        "suspension_approved": None, "handler": "", "mode": "", "process": "", "rating": None,
    }  # fmt: skip
    times = ("_at", "_from", "_until")
    values |= given
    return SheetRow(**{n: at(v) if n.endswith(times) and isinstance(v, str) else v for n, v in values.items()})


def actor(role: str = "vendor", account: str = "yf") -> Actor:
    """Given a role, return an actor of it."""
    return actor_of(account, account, role)
