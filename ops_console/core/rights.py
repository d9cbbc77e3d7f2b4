"""Who had which right at an instant: a fold of the events of accounts, read with the table of roles of that time.

Not for today's rights (`core/people.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ops_console.core.chain import canonical
from ops_console.core.people import ROLES
from ops_console.core.tickets import Event

ADDED, CONFIRMED, CHANGED, DISABLED = "account_added", "role_confirmed", "role_changed", "account_disabled"
KINDS = (ADDED, CONFIRMED, CHANGED, DISABLED)
Table = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Held:
    """What an account was at an instant: its role, whose administrator it was, whether its role counted."""

    account: str
    role: str
    holder: str = ""
    waits: bool = False
    is_active: bool = True
    permissions: tuple[str, ...] = ()


def held(events: Iterable[tuple[str, Event]], table: Table) -> tuple[Held, ...]:
    """Given the events of accounts up to an instant, oldest first, and the table of then, return what each held."""
    found: dict[str, Held] = {}
    for account, event in events:
        before = found.get(account)
        if event.kind == ADDED:
            facts = event.facts
            found[account] = Held(
                account, str(facts.get("role", "")), str(facts.get("holder", "")), bool(facts.get("waits", False))
            )
        elif before is not None:
            found[account] = _after(before, event)
    return tuple(_with_rights(found[account], table) for account in sorted(found))


def _after(before: Held, event: Event) -> Held:
    if event.kind == CONFIRMED:
        return replace(before, waits=False)
    if event.kind == CHANGED:
        return replace(before, role=str(event.facts.get("role", before.role)))
    return replace(before, is_active=False) if event.kind == DISABLED else before


def _with_rights(person: Held, table: Table) -> Held:
    counts = person.is_active and not person.waits
    return replace(person, permissions=table.get(person.role, ()) if counts else ())


def table_of_now() -> dict[str, tuple[str, ...]]:
    """Return this code's table of roles: each role's permissions in order of their names."""
    return {role: tuple(sorted(permissions)) for role, (_, permissions) in ROLES.items()}


def digest_of(table: Table) -> str:
    """Given a table of roles, return its SHA-256: the same table has the same one on every machine."""
    return hashlib.sha256(canonical({role: list(table[role]) for role in table}).encode()).hexdigest()
