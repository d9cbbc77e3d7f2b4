"""Taking a month's evidence package: who may, as a run or at once, and that it was taken.

Not for what stands in it (`services/evidence_contents.py`) nor for writing zips (a port).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import NEUTRAL, Actor
from ops_console.core.plain import plain
from ops_console.core.tickets import Event
from ops_console.services import assessments, jobs
from ops_console.services.contracts import Books
from ops_console.services.evidence_contents import Contents, Made
from ops_console.services.jobs import Run
from ops_console.services.ports import OpenSession, Packer
from ops_console.store import assessments as store
from ops_console.store import audit

JOB, SUBJECT, TAKEN = "make-evidence", "evidence", "evidence_taken"
READER = Actor("", "", NEUTRAL, frozenset({"reports.read"}))  # who asks was let pass before


@dataclass(frozen=True)
class Hands:
    """What making a package needs."""

    open_read: OpenSession
    open_write: OpenSession
    books: Books
    packer: Packer


def check(session: Session, contract_id: int, month: str) -> store.AssessmentRow:
    """Given a contract and a month, return its frozen row. Raises Refused for a draft: nothing in it is settled yet."""
    row = store.heading(session, contract_id, month)
    if row is None:
        raise Refused(
            "%(month)s 的事实还没有冻结，没有证据包；到冻结日由控制台自动冻结，日期见“月度考核”页。",
            month=month,
        )
    return row


def write(hands: Hands, path: Path, contract_id: int, month: str, actor: Actor, now: datetime) -> Made:
    """Given hands, a new file's path, a contract, a month, who asks and now, write the package there.

    Raises Refused without the right to read months and the chain, and for a month that is not frozen.
    """
    actor.need("reports.read")
    actor.need("audit.read")
    return _write(hands, path, contract_id, month, now, lambda _files: None)


def _write(hands: Hands, path: Path, contract_id: int, month: str, now: datetime, tell: Callable[[int], None]) -> Made:
    with hands.open_read() as session:
        row = check(session, contract_id, month)
        found = assessments.of_month(session, hands.books(session), contract_id, month, READER, now)
        with hands.packer.open(path, row.as_of) as package:
            made = Contents(session, hands.packer, package, found, tell).write()
    size, digest = hands.packer.measured(path)
    return replace(made, size=size, sha256=digest)


# -- that it was taken; as a run --------------------------------------------------------------------------------------


def note(session: Session, made: Made, actor: Actor, now: datetime) -> None:
    """Given a package that was made, append the event: who took which month, and the SHA-256 of the file."""
    at, head = whole(now), made.head
    facts: dict[str, object] = {
        "contract": head.contract, "month": head.month, "revision": head.revision, "digest": head.digest,
        "file": made.sha256, "size": made.size,
    }  # fmt: skip
    event = Event(TAKEN, at, at, actor.account, actor.side, facts=facts)
    audit_id = f"{head.contract}/{head.month}"[:80]
    audit.append(session, SUBJECT, audit_id, event)


def ask(session: Session, contract_id: int, month: str, actor: Actor, now: datetime) -> int:
    """Given a contract, a month and who asks, keep a run that makes its package and return the run's id.

    Raises Refused without the right, and for a month that is not frozen.
    """
    for right in ("reports.read", "audit.read", "tickets.export"):
        actor.need(right)
    check(session, contract_id, month)
    params = {"contract": contract_id, "month": month, "side": actor.side, "name": actor.name}
    key = f"{JOB}/{actor.account}/{now.isoformat()}"
    return jobs.ask(session, job=JOB, key=key, params=params, actor=actor, now=now)


def make(run: Run, hands: Hands, place: Path) -> dict[str, Any]:
    """Given a run, hands and where the file shall lie, make it and note that. Running it again makes it anew."""
    contract_id, month = int(run.params["contract"]), str(run.params["month"])
    aside = place.with_name(f".{place.name}.{run.token}.part")
    by = Actor(run.requested_by, str(run.params["name"]), str(run.params["side"]), frozenset())
    try:
        made = _write(hands, aside, contract_id, month, run.asked_at, lambda done: run.progress(done, done))
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)
    with hands.open_write() as session:
        note(session, made, by, run.asked_at)
    return {**plain(made.head), "size": made.size, "sha256": made.sha256, "withheld": made.withheld}


def find(session: Session, run_id: int, actor: Actor) -> Any:
    """Given a run's id and who asks, return its row. Raises NotFound for what is not the asker's own package."""
    actor.need("tickets.export")
    row = jobs.find(session, run_id, actor)
    if row.job != JOB or row.requested_by != actor.account:
        raise NotFound("没有编号为 %(id)s 的证据包。", id=run_id)
    return row
