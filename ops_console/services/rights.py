"""The table of roles as it counted on a past day, and who held what; kept as an event whenever the code changes it.

Not for asking a right now (`core/people.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE, day_start
from ops_console.core.people import SYSTEM, Actor
from ops_console.core.rights import KINDS, Held, Table, digest_of, held, table_of_now
from ops_console.core.tickets import Event
from ops_console.services.sign_in import Policy
from ops_console.store import audit
from ops_console.store import people as store

TABLE, POLICY = "rights_table", "security_policy"


@dataclass(frozen=True)
class RightsAt:
    """Who held what at an instant, by which table (its digest), since when that table counted, and their names now."""

    at: datetime
    people: tuple[Held, ...]
    names: dict[str, str]
    digest: str
    table_since: datetime | None


def record(session: Session, policy: Policy, now: datetime) -> None:
    """Given a console that starts, note its table of roles and its security policy where they are not those of last.

    So a past day is read with the table of then, and a weaker choice of the site has its moment in the chain.
    """
    table = table_of_now()
    facts: dict[str, object] = {"digest": digest_of(table), "table": {r: list(p) for r, p in table.items()}}
    _note_change(session, TABLE, facts, now)
    chosen: dict[str, object] = {
        "password_rules": policy.password_rules, "second_factor": policy.second_factor, "duties": policy.duties,
    }  # fmt: skip
    _note_change(session, POLICY, chosen, now)


def _note_change(session: Session, kind: str, facts: dict[str, object], now: datetime) -> None:
    last = audit.about(session, "rights", (kind,), limit=1)
    if not last or dict(last[0][2].facts) != facts:
        event = Event(kind, now, now, SYSTEM.account, SYSTEM.side, facts=facts)
        audit.append(session, "rights", kind, event)


def on_day(session: Session, day: date, actor: Actor, now: datetime) -> RightsAt:
    """Given a Shanghai day, return who held what at its end, or now where it is today.

    Raises Refused for a day to come.
    """
    actor.need("people.read")
    if day > now.astimezone(ZONE).date():
        raise Refused("日期 %(day)s 还没有到。", field="on", day=day.isoformat())
    at = min(now, day_start(day + timedelta(days=1)) - timedelta(microseconds=1))
    since, digest, table = _table_at(session, at)
    events = audit.of_subject(session, "person", KINDS, at)
    names = {row.account: row.name for row in store.everybody(session)}
    return RightsAt(at, held(events, table), names, digest, since)


def _table_at(session: Session, at: datetime) -> tuple[datetime | None, str, Table]:
    """The table in force then; of a time before any was kept, the first one kept."""
    kept = [event for _, event in audit.of_subject(session, "rights", (TABLE,))]
    found = [event for event in kept if event.recorded_at <= at] or kept[:1]
    if not found:
        return None, digest_of(table_of_now()), table_of_now()
    event = found[-1]
    kept_table: Any = event.facts["table"]
    table = {role: tuple(rights) for role, rights in kept_table.items()}
    return event.recorded_at if event.recorded_at <= at else None, str(event.facts["digest"]), table
