"""The audit trail for people: its page, and the export that an auditor checks without this console.

Not for appending (`store/audit.py`) and not for verifying (`services/chain_checks.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.anchors import Anchor
from ops_console.core.chain import GENESIS, canonical
from ops_console.core.chain_checks import Finding, from_plain
from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, VENDOR, Actor
from ops_console.core.tickets import Event
from ops_console.services import anchors as anchoring
from ops_console.services.chain_failures import explained_digests
from ops_console.services.ports import OpenSession
from ops_console.store import anchors, audit, trail
from ops_console.store import chain_checks as checks

FORMAT = "ops-console/audit-export/v1"
SHOWN_ANCHORS = 14
# Subjects whose facts the page shows whole.
OPEN_FACTS = (
    "anchor", "chain", "host", "audit", "contract", "agreement", "cap", "duty", "release", "sample", "entry",
    "month", "signing_key", "delegation", "payment", "evidence",
)  # fmt: skip
MATCHED, RESTORED, APART = "matched", "restored", "apart"


# -- export -----------------------------------------------------------------------------------------------------------


def note_export(session: Session, first: int, actor: Actor, now: datetime, *, personal: bool) -> None:
    """Given what is about to be exported and by whom, append the event."""
    actor.need("audit.read")
    facts: dict[str, object] = {"from": first, "personal": personal}
    audit.append(session, "audit", "export", Event("audit_exported", now, now, actor.account, actor.side, facts=facts))


def export(
    open_read: OpenSession, actor: Actor, contract: str, *, first: int = 1, personal: bool = False, batch: int = 2000
) -> Iterator[str]:
    """Given who asks and the number to begin with, yield the export line by line, of one state of the chain.

    Raises Refused when there is no such entry. Without personal texts unless they are asked for.
    """
    actor.need("audit.read")
    with open_read() as session:
        count, head = audit.chain_head(session)
        if not 1 <= first <= max(count, 1):
            raise Refused("没有第 %(seq)s 条；链现有 %(count)s 条。", field="from", seq=first, count=count)
        before = checks.hashes(session, [first - 1]).get(first - 1, GENESIS)
        yield canonical({
            "format": FORMAT, "contract": contract, "first": first, "last": count, "before": before, "head": head,
            "personal": personal,
        }) + "\n"  # fmt: skip
        after = first - 1
        while after < count:
            rows = [row for row in checks.entries(session, after, batch) if row.seq <= count]
            if not rows:
                return
            parts = checks.personal(session, rows[0].seq, rows[-1].seq) if personal else {}
            for row in rows:
                yield entry_line(row, parts.get(row.seq))
            after = rows[-1].seq


def entry_line(row: Any, parts: Mapping[str, Any] | None = None) -> str:
    """Given an entry's row and its texts, return its line: the body as it was hashed, its hash and the one before."""
    told = f'{{"body":{audit.body(row._mapping)},"hash":{canonical(row.hash)},"prev":{canonical(row.prev_hash)}'
    if parts:
        kept = {
            name: {"salt": part.salt.hex(), "text": part.text} for name, part in parts.items() if part.salt is not None
        }
        told += f',"personal":{canonical(kept)}'
    return told + "}\n"


# -- the page ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrailEntry:
    """One entry as the page lists it; facts only where they are about the console itself."""

    seq: int
    subject: str
    subject_id: str
    kind: str
    actor: str
    side: str
    channel: str
    occurred_at: datetime
    recorded_at: datetime
    hash: str
    facts: Mapping[str, object]


@dataclass(frozen=True)
class AnchorView:
    """One anchor as the page lists it: whether the chain still agrees, and each party's delivery."""

    anchor: Anchor
    agrees: str
    deliveries: Mapping[str, anchors.DeliveryRow]


@dataclass(frozen=True)
class FailureView:
    """One failure: what was found, and the party's words about it by side.

    `resets`: side -> when the password of who signed had been reset by somebody else, within 30 days before.
    """

    id: int
    found_at: datetime
    findings: tuple[Finding, ...]
    sign_offs: Mapping[str, checks.SignOffRow]
    resets: Mapping[str, datetime]

    @property
    def is_open(self) -> bool:
        """Say whether a party has still to sign it off."""
        return not {HOSPITAL, VENDOR} <= self.sign_offs.keys()


@dataclass(frozen=True)
class Overview:
    """Everything the audit page shows besides the entries."""

    count: int
    head: str
    last_check: checks.CheckRow | None
    last_full: checks.CheckRow | None
    failures: tuple[FailureView, ...]
    anchors: tuple[AnchorView, ...]
    receiving: tuple[anchoring.Receiving, ...]


def overview(session: Session, actor: Actor) -> Overview:
    """Given who asks, return the state of the chain, its anchors and its verification. Eleven statements."""
    actor.need("audit.read")
    count, head = audit.chain_head(session)
    return Overview(
        count, head, checks.newest(session), checks.newest(session, full=True), _failures(session), _anchors(session),
        anchoring.receiving(session, actor),
    )  # fmt: skip


def _failures(session: Session) -> tuple[FailureView, ...]:
    signed = checks.sign_offs(session)
    words = [event for _, event in audit.of_subject(session, "chain", ["failure_signed_off"])] if signed else []
    resets = {(e.facts["failure"], e.side): e.credential_reset_at for e in words if e.credential_reset_at}
    return tuple(
        FailureView(
            row.id, row.found_at, tuple(from_plain(kept) for kept in json.loads(row.findings)),
            {side: by for (failure_id, side), by in signed.items() if failure_id == row.id},
            {side: at for (failure_id, side), at in resets.items() if failure_id == row.id},
        )
        for row in checks.failures(session)
    )  # fmt: skip


def _anchors(session: Session) -> tuple[AnchorView, ...]:
    rows = anchors.newest(session, SHOWN_ANCHORS)
    sent = anchors.deliveries(session, [row.id for row in rows])
    hashes = checks.hashes(session, [row.seq for row in rows])
    explained = set(explained_digests(session))
    return tuple(
        AnchorView(
            row.anchor,
            MATCHED if hashes.get(row.seq) == row.head else RESTORED if row.digest in explained else APART,
            {side: delivery for (anchor_id, side), delivery in sent.items() if anchor_id == row.id},
        )
        for row in rows
    )


def entries(
    session: Session, wanted: trail.Wanted, before: int | None, actor: Actor
) -> tuple[Sequence[TrailEntry], int | None]:
    """Given what to narrow down to, return one page of entries, newest first, and where the older ones begin."""
    actor.need("audit.read")
    found = trail.look(session, wanted, before)
    return [_entry(row) for row in found.rows], found.next_before


def _entry(row: Any) -> TrailEntry:
    return TrailEntry(
        row.seq, row.subject, row.subject_id, row.kind, row.actor, row.side, row.channel, row.occurred_at,
        row.recorded_at, row.hash, _facts(row),
    )  # fmt: skip


def _facts(row: Any) -> Mapping[str, object]:
    if row.subject not in OPEN_FACTS:
        return {}
    try:
        facts = json.loads(row.facts)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}
