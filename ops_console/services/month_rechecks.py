"""Frozen months in the nightly self-check: the documents still have the hashes that were kept, signed and chained.

Not for computing a month anew: what is frozen stays as it is. One month at a time, reading alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.frozen_months import assessment_of, sha256
from ops_console.core.months import LOCKED
from ops_console.core.rechecks import MONTH, Found, Thing
from ops_console.core.tickets import Event
from ops_console.services.assessments import SUBJECT, documents_of
from ops_console.services.ports import OpenSession
from ops_console.store import assessments as store
from ops_console.store import audit

FROZEN_NOW = ("month_frozen", "month_reissued")


def recheck_months(open_read: OpenSession, found: Found) -> None:
    """Given where to keep what differs, look at every frozen month: its documents against its hashes and its events.

    A deleted month is found by its events.
    """
    with open_read() as session:
        stored = store.keys(session)
        told = [subject.split("/", 1) for subject in audit.ids_of(session, SUBJECT, FROZEN_NOW[0])]
    for contract_id, month in sorted({*stored, *((int(contract), month) for contract, month in told)}):
        with open_read() as session:
            _compare(session, contract_id, month, found)


def _compare(session: Session, contract_id: int, month: str, found: Found) -> None:
    row = store.of_month(session, contract_id, month)
    key = f"{contract_id}/{month}"
    events = audit.of_some(session, SUBJECT, [key]).get(key, [])
    frozen = [event for event in events if event.kind in FROZEN_NOW]
    found.looked[MONTH] += 1
    thing = Thing(MONTH, month)
    if row is None or not frozen:
        found.meet(thing, {} if row else None, {} if frozen else None)
        return
    found.meet(thing, _stored(row), _as_told(row, frozen[-1], events) | _as_written(row))


def _stored(row: store.AssessmentRow) -> dict[str, Any]:
    names = ("digest", "state", "outcome", "revision", "points", "grade", "payable")
    kept = {name: getattr(row, name) for name in names}
    return kept | {"told_digest": row.digest, "readable": True} | _hashes(row.result)


def _hashes(result: str) -> dict[str, Any]:
    try:
        raw = json.loads(result)
        return {"contract_sha256": raw["contract_sha256"], "facts_sha256": raw["facts_sha256"]}
    except (ValueError, KeyError, TypeError):
        return {}


def _as_told(row: store.AssessmentRow, last: Event, events: Iterable[Event]) -> dict[str, Any]:
    locked = next((event for event in events if event.kind == "month_locked"), None)
    return {
        "told_digest": last.facts.get("digest"), "revision": last.facts.get("revision"),
        "state": LOCKED if locked else store.FROZEN, "outcome": str(locked.facts.get("outcome", "")) if locked else "",
    }  # fmt: skip


def _as_written(row: store.AssessmentRow) -> dict[str, Any]:
    """What the documents come to now; what cannot be read any more is told as that."""
    hashes = {
        "digest": sha256(row.result), "contract_sha256": sha256(row.contract), "facts_sha256": sha256(row.facts),
    }  # fmt: skip
    try:
        made = assessment_of(documents_of(row))
    except (ValueError, KeyError, TypeError):
        return hashes | {"readable": False}
    return hashes | {"points": made.points, "grade": made.grade, "payable": made.money.payable}
