"""Verifying the chain: every entry, its personal texts, the anchors and the triggers, batch by batch.

Not for the sentences (`core/chain_checks.py`) and not for what becomes of a failure (`services/chain_failures.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.chain import EPOCH, GENESIS, canonical, commitment, link
from ops_console.core.chain_checks import BROKEN, MOST_KEPT, Finding, from_plain
from ops_console.core.people import SYSTEM, Actor
from ops_console.core.sentences import to_plain
from ops_console.services import chain_failures
from ops_console.services.jobs import Run
from ops_console.services.ports import AnchorShelf, Now, OpenSession
from ops_console.store import audit
from ops_console.store import chain_checks as store

EMPTY = ("{}", "[]")
FULL_EVERY = timedelta(days=7)


@dataclass(frozen=True)
class Hands:
    """What verification needs; `shelf` holds the anchors beside the database."""

    open_read: OpenSession
    open_write: OpenSession
    shelf: AnchorShelf
    now: Now
    batch: int = 2000


@dataclass
class Walk:
    """How far a verification has gone, and what it met on its way."""

    is_full: bool
    first: int
    last: int
    head: str
    started_at: datetime
    purged: int = 0
    findings: list[Finding] = field(default_factory=list)
    more: int = 0

    def plain(self) -> dict[str, Any]:
        """Return the walk as JSON keeps it."""
        findings = [finding.plain() for finding in self.findings]
        return {**vars(self), "started_at": self.started_at.isoformat(), "findings": findings}

    def meet(self, *findings: Finding) -> None:
        """Given findings, keep the first fifty and count the others."""
        room = MOST_KEPT - len(self.findings)
        self.findings += findings[:room]
        self.more += len(findings[room:])


def resumed(kept: Mapping[str, Any]) -> Walk:
    """Given a walk as JSON keeps it, return it to go on."""
    findings = [from_plain(finding) for finding in kept["findings"]]
    return Walk(**{**kept, "started_at": datetime.fromisoformat(kept["started_at"]), "findings": findings})


def begin(session: Session, now: datetime, *, full: bool | None = None) -> Walk:
    """Given whether the whole chain is wanted (None: once a week), return a walk that stands at its beginning.

    Otherwise it goes on from the last verification, unless the entry where that ended is another one by now.
    """
    newest, last_full = store.newest(session), store.newest(session, full=True)
    if full is None:
        full = last_full is None or now - last_full.started_at >= FULL_EVERY
    if full or newest is None or store.hashes(session, [newest.last_seq]).get(newest.last_seq) != newest.head:
        return Walk(True, 1, 0, GENESIS, now)
    return Walk(False, newest.last_seq + 1, newest.last_seq, newest.head, now)


# -- walking ----------------------------------------------------------------------------------------------------------


def walk_on(hands: Hands, walk: Walk, keep: Callable[[Walk], None]) -> None:
    """Given a walk, look at every entry that follows, batch by batch; `keep` hears of each batch done."""
    while True:
        with hands.open_read() as session:
            rows = store.entries(session, walk.last, hands.batch)
            parts = store.personal(session, rows[0].seq, rows[-1].seq) if rows else {}
        if not rows:
            return
        for row in rows:
            _look(walk, row, parts.get(row.seq, {}))
        keep(walk)


def _look(walk: Walk, row: Any, parts: Mapping[str, Any]) -> None:
    finding = _entry_finding(walk, row)
    if finding is not None:
        walk.meet(finding)
    if finding is None or finding.kind != "unreadable":
        _look_at_personal(walk, row, parts)
    walk.last, walk.head = row.seq, row.hash


def _entry_finding(walk: Walk, row: Any) -> Finding | None:
    if row.seq != walk.last + 1:
        return Finding("missing", walk.last + 1, {"next": row.seq}, row.hash)
    try:
        for kept in (row.facts, row.evidence, row.commitments):
            if kept not in EMPTY:
                _strict(kept)
        hashed = link(row.prev_hash, audit.body(row._mapping))
    except (ValueError, TypeError):
        return Finding("unreadable", row.seq, {}, row.hash)
    if hashed != row.hash:
        return Finding("content", row.seq, {}, f"{row.hash}/{hashed}")
    if row.prev_hash != walk.head:
        return Finding("linked", row.seq, {"before": walk.last}, f"{row.prev_hash}/{walk.head}")
    return None


def _look_at_personal(walk: Walk, row: Any, parts: Mapping[str, Any]) -> None:
    if row.commitments == "{}" and not parts:
        return
    committed = json.loads(row.commitments)
    for name, promised in committed.items():
        part = parts.get(name.removesuffix(audit.ORIGINAL))
        if part is None:
            walk.meet(Finding("personal_missing", row.seq, {"field": name}, name))
        elif name.endswith(audit.ORIGINAL):
            walk.purged += part.sealed is None  # what is sealed is not opened here
        elif part.text is None and part.salt is None:
            walk.purged += 1
        elif commitment(part.salt or b"", part.text or "") != promised:
            mark = commitment(part.salt or b"", part.text or "")
            walk.meet(Finding("personal", row.seq, {"field": name}, f"{name}/{mark}"))
    for name in parts.keys() - committed.keys():
        walk.meet(Finding("personal_extra", row.seq, {"field": name}, name))


def _no_floats(text: str) -> float:
    raise ValueError(text)


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) != len({name for name, _ in pairs}):
        raise ValueError("a key stands twice")
    return dict(pairs)


_strict = json.JSONDecoder(parse_float=_no_floats, parse_constant=_no_floats, object_pairs_hook=_no_repeats).decode


# -- concluding -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What a verification came to."""

    outcome: str
    is_full: bool
    first_seq: int
    last_seq: int
    head: str
    purged: int
    findings: tuple[Finding, ...]
    started_at: datetime
    finished_at: datetime
    requested_by: str

    @property
    def first_broken(self) -> int | None:
        """The number of the first entry that something is wrong with, or None."""
        return min((finding.seq for finding in self.findings if finding.seq), default=None)


def conclude(hands: Hands, walk: Walk, requested_by: str) -> Verdict:
    """Given a walk that reached the chain's end, compare anchors and triggers, and keep what came of it all."""
    kept = hands.shelf.read()
    with hands.open_write() as session:
        walk.meet(*chain_failures.beside_the_chain(session, kept))
        if walk.more:
            walk.findings.append(Finding("more", 0, {"count": walk.more}))
        outcome = chain_failures.settle(session, walk.findings, hands.now())
        verdict = Verdict(
            outcome, walk.is_full, walk.first, walk.last, walk.head, walk.purged, tuple(walk.findings), walk.started_at,
            hands.now(), requested_by,
        )  # fmt: skip
        _keep(session, verdict)
    return verdict


def _keep(session: Session, verdict: Verdict) -> None:
    findings = canonical([finding.plain() for finding in verdict.findings])
    session.add(
        store.CheckRow(
            is_full=verdict.is_full, started_at=verdict.started_at, finished_at=verdict.finished_at,
            first_seq=verdict.first_seq, last_seq=verdict.last_seq, head=verdict.head, purged=verdict.purged,
            outcome=verdict.outcome, findings=findings, requested_by=verdict.requested_by,
        )
    )  # fmt: skip
    facts: dict[str, object] = {
        "outcome": verdict.outcome, "full": verdict.is_full, "first": verdict.first_seq, "last": verdict.last_seq,
        "head": verdict.head,
    }  # fmt: skip
    actor = Actor(verdict.requested_by, verdict.requested_by, SYSTEM.side, frozenset())
    chain_failures.note(session, "chain_verified", actor, verdict.finished_at, facts)


def verify(hands: Hands, requested_by: str, *, full: bool | None = True) -> Verdict:
    """Given who asks, verify here and now, the whole chain unless told otherwise."""
    with hands.open_read() as session:
        walk = begin(session, hands.now(), full=full)
    walk_on(hands, walk, lambda _walk: None)
    return conclude(hands, walk, requested_by)


def verify_in_run(run: Run, hands: Hands, *, full: bool | None = None) -> Verdict:
    """Given a run, verify what it is time for (or all of it); an attempt that broke off is gone on with."""
    with hands.open_read() as session:
        walk = resumed(run.state) if run.state else begin(session, hands.now(), full=full)
        total, _ = audit.chain_head(session)
    walk_on(hands, walk, lambda at: run.checkpoint(None, at.last, total, at.plain()))
    return conclude(hands, walk, run.requested_by)


def quick(session: Session, most: int) -> tuple[int, int, list[Finding]]:
    """Given how many, look at the newest entries alone; return the first and last number and what was found."""
    count, _ = audit.chain_head(session)
    first = max(count - most + 1, 1)
    before = store.hashes(session, [first - 1]).get(first - 1, GENESIS)
    walk = Walk(False, first, first - 1, before, EPOCH)
    rows, parts = store.entries(session, first - 1, most), store.personal(session, first, count)
    for row in rows:
        _look(walk, row, parts.get(row.seq, {}))
    return first, count, walk.findings


def told(verdict: Verdict) -> dict[str, Any]:
    """Given a verdict, return it as JSON for people's programs: the first broken entry, findings in words."""
    return {
        "outcome": verdict.outcome, "full": verdict.is_full, "first": verdict.first_seq, "last": verdict.last_seq,
        "head": verdict.head, "purged": verdict.purged, "first_broken": verdict.first_broken,
        "findings": [{"kind": f.kind, "seq": f.seq, "told": to_plain(f.sentence)} for f in verdict.findings],
    }  # fmt: skip


def compare(hands: Hands) -> list[Finding]:
    """Given nothing, compare the database with the anchors beside it, as every start does. Return what is not settled.

    So a cut tail or an older backup is found although it took the failures' own rows with it.
    """
    kept = hands.shelf.read()
    with hands.open_read() as session:
        findings = chain_failures.beside_the_chain(session, kept)
    if not findings:
        return []
    with hands.open_write() as session:
        outcome = chain_failures.settle(session, findings, hands.now())
    return findings if outcome == BROKEN else []
