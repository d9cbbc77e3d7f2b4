"""What a stranger recomputes a draw from: the list, the seed, and the chain's entries with their commitments opened.

Not for drawing (`core/samples.py`). Published form: `docs/sample-check.md`.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound
from ops_console.core.people import Actor
from ops_console.services.samples import NO_PAGE, SUBJECT, IsLocked, Which, may_see, one, subject_id
from ops_console.store import samples as store

FORMAT = "ops-console/sample/v1"
OPENED = ("seed", "drawn", "answer", "result")  # no reason, no note, no telephone number shown


def proof(session: Session, which: Which, viewer: Actor, *, is_locked: IsLocked) -> dict[str, Any]:
    """Given which draw and who asks, return what a stranger recomputes it from: list, seed, and the chain's entries.

    Published form: `docs/sample-check.md`. No text about a ticket is in it. Raises NotFound for whom it is not (yet),
    and while nothing is drawn: the list's nonce is nobody's before the seed is typed.
    """
    found = one(session, which, viewer)
    if found is None or found.row.drawn_at is None or not may_see(viewer, which.month, is_locked):
        raise NotFound(NO_PAGE)
    entries = store.opened(session, SUBJECT, subject_id(which.contract_id, which.month), OPENED)
    return {
        "format": FORMAT, "list": json.loads(store.listed(session, found.row.id)),
        "list_sha256": found.row.digest, "seed": found.row.seed, "drawn": [one.number for one in found.tickets],
        "answers": [one.answer for one in found.tickets],
        "entries": [_entry(e) for e in entries if json.loads(e["facts"])["draw"] == which.number],
    }  # fmt: skip


def _entry(one: dict[str, Any]) -> dict[str, Any]:
    salt = one["salt"].hex() if one["salt"] is not None else None
    told = {name: one[name] for name in ("seq", "kind", "hash", "field", "text")}
    return {**told, "facts": json.loads(one["facts"]), "salt": salt}
