"""Papers about tickets: which there are, the fields of a service sheet, and the code by which a paper is checked.

Not for setting them (`adapters/documents`) nor for who may print one (`services/documents.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops_console.core.chain import canonical
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE
from ops_console.core.tickets import CANCELLED, CLOSED, REJECTED, RESTORED, TicketFacts

SLIPS_PRINTED = "slips_printed"
CONFIRMATION, ONSITE = "confirmation", "onsite"
TITLES = {CONFIRMATION: "服务确认单", ONSITE: "现场服务单"}
CODE_LENGTH = 12
SLIPS_PER_PAGE, MOST_PAGES = 10, 20
SHOWN_DIGITS = 4
RESULTS = {RESTORED: "已解决", CLOSED: "已解决", REJECTED: "已驳回", CANCELLED: "已取消"}
_WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}")


@dataclass(frozen=True)
class Sheet:
    """What a service sheet says of a ticket, as plain texts and instants, before any language."""

    fields: Mapping[str, str | datetime | timedelta | bool]
    attachments: int

    @property
    def digest(self) -> str:
        """The hash of all that the sheet says: what a signature under it stands for."""
        plain = {name: _plain(value) for name, value in self.fields.items()}
        return hashlib.sha256(canonical({**plain, "attachments": self.attachments}).encode()).hexdigest()


def sheet_of(facts: TicketFacts, attachments: int) -> Sheet:
    """Given a ticket and how many files it has, return its service sheet. What is not known is ""."""
    told = facts.personal
    stay = facts.restored_at - facts.arrived_at if facts.restored_at and facts.arrived_at else ""
    return Sheet(
        {
            "number": facts.number, "department": facts.department,
            "module": " · ".join(filter(None, (facts.module, facts.carrier))),
            "reporter": " ".join(filter(None, (told.get("reporter", ""), masked_phone(told.get("phone", ""))))),
            "channel": facts.channel, "reported_at": facts.reported_at, "responded_at": facts.responded_at or "",
            "arrived_at": facts.arrived_at or "", "restored_at": facts.restored_at or "", "handler": facts.handler,
            "mode": facts.mode, "result": RESULTS.get(facts.state, "未解决"),
            "rating": f"{facts.rating} / 5" if facts.rating else "", "title": told.get("title", ""),
            "description": told.get("description", ""), "process": told.get("process", ""),
            "needs_onsite": facts.needs_onsite, "stay": stay, "cause": facts.details.get("cause", ""),
        },
        attachments,
    )  # fmt: skip


def masked_phone(phone: str) -> str:
    """Given a phone number, return it with only its last digits shown.

    >>> masked_phone("13800001234")
    '*******1234'
    """
    return "*" * max(0, len(phone) - SHOWN_DIGITS) + phone[-SHOWN_DIGITS:] if len(phone) > SHOWN_DIGITS else phone


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return int(value.total_seconds()) if isinstance(value, timedelta) else value


def week_span(week: str) -> tuple[datetime, datetime]:
    """Given a week such as `2026-W47`, return its Monday 00:00 and the next one's, in Shanghai. Raises Refused."""
    try:
        if not _WEEK.fullmatch(week):
            raise ValueError
        start = datetime.strptime(f"{week}-1", "%G-W%V-%u").replace(tzinfo=ZONE)
        return start, start + timedelta(days=7)
    except (ValueError, OverflowError) as exc:
        raise Refused("“%(week)s”不是一周，请写成 2026-W47 这样的形式。", field="week", week=week[:20]) from exc


def week_of(at: datetime) -> str:
    """Given an instant, return its week in Shanghai."""
    year, week, _day = at.astimezone(ZONE).isocalendar()
    return f"{year:04d}-W{week:02d}"


def slip_name(serial: int) -> str:
    """Given a serial number, return how a blank slip shows it."""
    return f"KD-{serial:06d}"
