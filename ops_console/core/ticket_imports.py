"""What a checked sheet row does to a ticket: a new ticket, blanks filled, corrections proposed, or nothing.

Not for reading or checking cells (`core/ticket_sheets.py`) and not for storing (`services/imports.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from ops_console.core import tickets as core
from ops_console.core.moments import ZONE
from ops_console.core.people import HOSPITAL, Actor
from ops_console.core.personal_data import Masker
from ops_console.core.ticket_sheets import FIELDS, SheetRow
from ops_console.core.tickets import GRADE_IMPORTED, PURGED, Event, Proposal, TicketFacts, written

IMPORTED, COMPLETED, CORRECTED, UNCHANGED = "imported", "completed", "corrected", "unchanged"
COLUMN_OF = {name: column for column, name in FIELDS.items()}
PROPOSABLE = (
    "type", "needs_onsite", "reported_at", "recorded_at", "responded_at", "arrived_at", "restored_at", "confirmed_at",
    "suspended_from", "suspended_until",
)  # fmt: skip
FILLED_BY = {
    "responded_at": core.RESPONDED,
    "arrived_at": core.ARRIVED,
    "restored_at": core.RESTORE,
    "confirmed_at": core.CONFIRMED,
}
TAKEN_BACK = ("restored_at", "confirmed_at")
HOSPITALS = ("confirmed_at", "suspension_approved", "rating")
DESCRIBED = ("department", "reporter", "phone", "description", "handler", "mode", "process", "suspension_reason")


@dataclass(frozen=True)
class Left:
    """A cell that differs from what is known and is left as it was: row, column, what is known, what the sheet says."""

    row: int
    column: str
    known: str
    given: str


@dataclass(frozen=True)
class RowPlan:
    """What one row does: its outcome, the events to append, and the differing cells left alone."""

    outcome: str
    events: tuple[Event, ...]
    left: tuple[Left, ...] = ()


@dataclass(frozen=True)
class Taker:
    """Who imports, and when (UTC): every event but the report is recorded then. Cells are compared and told masked."""

    actor: Actor
    now: datetime
    masker: Masker = Masker()

    def event(
        self,
        kind: str,
        at: datetime | None,
        facts: dict[str, object] | None = None,
        personal: dict[str, str] | None = None,
        *,
        recorded_at: datetime | None = None,
        channel: str = "",
    ) -> Event:
        """Given a kind and when it happened (None: now), return the imported event."""
        return Event(
            kind, at or self.now, recorded_at or self.now, self.actor.account, self.actor.side, channel,
            GRADE_IMPORTED, (), facts or {}, {k: v for k, v in (personal or {}).items() if v},
        )  # fmt: skip


def plan(row: SheetRow, facts: TicketFacts | None, taker: Taker) -> RowPlan:
    """Given a checked row, the ticket it names (None: unknown) and who imports, return what the row does."""
    if facts is None:
        return RowPlan(IMPORTED, tuple(_new(row, taker)))
    known = sheet_row_of(facts, row.suspended_from)
    fresh = replace(row, **_not_taken(row, known, facts, taker))  # type: ignore[arg-type]
    filled = tuple(_fills(fresh, known, taker)) if not facts.withdrawn else ()
    proposed = tuple(_proposals(fresh, known, facts, taker)) if not facts.withdrawn else ()
    outcome = CORRECTED if proposed else COMPLETED if filled else UNCHANGED
    return RowPlan(outcome, filled + proposed, (*_left(row, known, taker.masker), *_outdated(row, fresh, known)))


def _not_taken(row: SheetRow, known: SheetRow, facts: TicketFacts, taker: Taker) -> dict[str, None]:
    """The cells that a sheet cannot fill: a restore that the hospital took back since (a sheet has room for one only),
    and, once a ticket lives in the console, the hospital's own word when it is not the hospital that imports.
    """
    since = facts.taken_back_at
    old = {name for name in TAKEN_BACK if since and (at := getattr(row, name)) is not None and at <= since}
    if not facts.imported and taker.actor.side != HOSPITAL:
        old |= {name for name in HOSPITALS if getattr(known, name) is None}
    return dict.fromkeys(old)


def _outdated(row: SheetRow, fresh: SheetRow, known: SheetRow) -> Iterator[Left]:
    for name in {**dict.fromkeys(TAKEN_BACK), **dict.fromkeys(HOSPITALS)}:
        if getattr(fresh, name) != getattr(row, name):
            yield Left(row.row, COLUMN_OF[name], _shown(getattr(known, name)), _shown(getattr(row, name)))


def _new(row: SheetRow, taker: Taker) -> Iterator[Event]:
    facts: dict[str, object] = {
        "type": row.type, "module": row.module, "department": row.department, "carrier": "",
        "needs_onsite": row.needs_onsite,
    }  # fmt: skip
    personal = {"reporter": row.reporter, "phone": row.phone, "title": row.title, "description": row.description}
    yield taker.event(core.REPORTED, row.reported_at, facts, personal, recorded_at=row.recorded_at, channel=row.channel)
    yield from _fills(row, _blank_like(row), taker)


def _blank_like(row: SheetRow) -> SheetRow:
    return SheetRow(
        row.row, row.number, row.type, row.module, row.channel, row.department, row.reporter, row.phone, row.title,
        row.description, row.reported_at, row.recorded_at, None, row.needs_onsite, None, None, None, None, None, "",
        None, "", "", "", None,
    )  # fmt: skip


def _fills(row: SheetRow, known: SheetRow, taker: Taker) -> Iterator[Event]:
    described = {n: getattr(row, n) for n in DESCRIBED if getattr(row, n) and not getattr(known, n)}
    for name, kind in FILLED_BY.items():
        at = getattr(row, name)
        if at is not None and getattr(known, name) is None:
            yield taker.event(kind, at, *_told(kind, described))
    yield from _suspension_fills(row, known, taker, described)
    if row.rating is not None and known.rating is None:
        yield taker.event(core.RATED, row.confirmed_at, {"rating": row.rating})
    if described:
        personal = {n: described.pop(n) for n in (*core.PERSONAL, "suspension_reason") if n in described}
        yield taker.event(core.DESCRIBED, None, dict(described), personal)


def _told(kind: str, described: dict[str, str]) -> tuple[dict[str, object], dict[str, str]]:
    """What is told with an answer or a restore goes into that event, not into one of its own."""
    if kind == core.RESPONDED and "handler" in described:
        return {"handler": described.pop("handler")}, {}
    if kind == core.RESTORE:
        facts: dict[str, object] = {n: described.pop(n) for n in ("handler", "mode") if n in described}
        return facts, {"process": described.pop("process")} if "process" in described else {}
    return {}, {}


def _suspension_fills(row: SheetRow, known: SheetRow, taker: Taker, described: dict[str, str]) -> Iterator[Event]:
    if row.suspended_from is not None and known.suspended_from is None:
        reason = described.pop("suspension_reason", "")
        approved: dict[str, object] = {"approved": row.suspension_approved}
        yield taker.event(core.SUSPEND, row.suspended_from, approved, {"reason": reason})
    elif row.suspension_approved is not None and known.suspension_approved is None and known.suspended_from:
        yield taker.event(core.SUSPENSION_DECIDED, known.suspended_from, {"approved": row.suspension_approved})
    if row.suspended_until is not None and known.suspended_until is None:
        yield taker.event(core.RESUMED, row.suspended_until)
    if row.suspended_from is None and known.suspended_from is None:
        described.pop("suspension_reason", None)


def _proposals(row: SheetRow, known: SheetRow, facts: TicketFacts, taker: Taker) -> Iterator[Event]:
    for name in PROPOSABLE:
        old, new = getattr(known, name), getattr(row, name)
        if new is None or old is None or new == old:
            continue
        asked = {"field": name, "old": written(old), "new": written(new)}
        if not any(_is_same_question(p, asked) for p in facts.proposals):
            yield taker.event(core.CORRECTION_PROPOSED, None, dict(asked))


def _is_same_question(proposal: Proposal, asked: dict[str, str]) -> bool:
    """The hospital is not asked twice; but a value it once accepted, and that gave way since, is a new question."""
    same = (proposal.field, proposal.old, proposal.new) == (asked["field"], asked["old"], asked["new"])
    return same and proposal.approved is not True


def _left(row: SheetRow, known: SheetRow, masker: Masker) -> Iterator[Left]:
    for name, column in COLUMN_OF.items():
        old, new = masker.plain(getattr(known, name)), masker.plain(getattr(row, name))
        if name in PROPOSABLE or name == "number" or new in (None, "") or old in (None, "") or new == old:
            continue
        if old == PURGED:
            continue
        if name == "phone" and str(new).lstrip("0") == str(old).lstrip("0"):
            continue
        yield Left(row.row, column, _shown(old), _shown(new))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")  # as the sheet writes it
    return "" if value is None else str(value)


def sheet_row_of(facts: TicketFacts, suspended_from: datetime | None = None) -> SheetRow:
    """Given a ticket's facts, return the sheet row that would say the same.

    A row has room for one suspension: the one that began at `suspended_from`, else the last.
    """
    last = next(
        (s for s in facts.suspensions if s.started_at == suspended_from),
        facts.suspensions[-1] if facts.suspensions else None,
    )
    told = {name: facts.personal.get(name, "") for name in core.PERSONAL}
    return SheetRow(
        row=0, number=facts.number, type=facts.type, module=facts.module, channel=facts.channel,
        department=facts.department, reported_at=facts.reported_at, recorded_at=facts.recorded_at,
        responded_at=facts.responded_at, needs_onsite=facts.needs_onsite, arrived_at=facts.arrived_at,
        restored_at=facts.restored_at, confirmed_at=facts.confirmed_at,
        suspended_from=last.started_at if last else None, suspended_until=last.ended_at if last else None,
        suspension_reason=last.reason if last else "", suspension_approved=last.approved if last else None,
        handler=facts.handler, mode=facts.mode, rating=facts.rating, **told,
    )  # fmt: skip
