"""What becomes of what verification found: failures kept, shown to all, signed off by both parties; restored backups.

Not for looking through the chain (`services/chain_checks.py`). No administrator dismisses a failure.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core import chain_checks as rules
from ops_console.core.anchors import Anchor
from ops_console.core.chain_checks import BROKEN, EXPLAINED, WHOLE, Finding, from_plain
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import HOSPITAL, SYSTEM, VENDOR, Actor
from ops_console.core.tickets import Event
from ops_console.services.ports import AnchorShelf, OpenSession
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import anchors, audit, messages
from ops_console.store import chain_checks as store

TOLD_FOR = timedelta(days=7)
LONGEST_REASON = 500
MOST_RESTORED = 1000  # anchors that one entry `restored` names


def beside_the_chain(session: Session, kept: Sequence[Anchor]) -> list[Finding]:
    """Given the anchors of the file, return what the chain alone does not show.

    That is anchors that disagree, were altered or are lost, and missing triggers.
    """
    stored, explained = anchors.every(session), explained_digests(session)
    every, known = _joined(stored, kept), {anchor.digest for anchor in stored}
    count, _ = audit.chain_head(session)
    hashes = store.hashes(session, [anchor.seq for anchor in every])
    found = rules.altered(stored) + rules.against_anchors(every, count, hashes.get, explained)
    found += rules.lost(kept, known, explained)
    return found + [Finding("trigger", 0, {"name": name}, name) for name in store.missing_triggers(session)]


def _joined(stored: Sequence[Anchor], kept: Sequence[Anchor]) -> list[Anchor]:
    known = {anchor.digest for anchor in stored}
    return [*stored, *(anchor for anchor in kept if anchor.digest not in known)]


def explained_digests(session: Session) -> list[str]:
    """Given nothing, return the digests of the anchors that entries about restored backups name."""
    return [digest for facts in store.restorations(session) for digest in json.loads(facts).get("anchors", ())]


def settle(session: Session, findings: Sequence[Finding], now: datetime) -> str:
    """Given findings, keep those not known before as a failure, tell of it, and return the outcome."""
    if not findings:
        return WHOLE
    known, settled = _known(session)
    fresh = [finding for finding in findings if finding.fingerprint not in known]
    joint = rules.joint_fingerprint(fresh)
    if fresh and store.add_failure(session, joint, [finding.plain() for finding in fresh], now):
        first = fresh[0]
        note(session, "chain_broken", SYSTEM, now, {"first": first.seq, "kind": first.kind, "count": len(fresh)})
        messages.put(
            session, dedup_key=f"chain_broken/{joint}", audience="both", kind="chain_broken",
            payload={"first": first.seq, "kind": first.kind}, created_at=now, expires_at=now + TOLD_FOR,
        )  # fmt: skip
    return EXPLAINED if all(finding.fingerprint in settled for finding in findings) else BROKEN


def _known(session: Session) -> tuple[set[str], set[str]]:
    """The fingerprints of every finding that stands in a failure, and of those that both parties signed off."""
    known: set[str] = set()
    settled: set[str] = set()
    signed = store.sign_offs(session)
    for failure in store.failures(session):
        marks = {from_plain(kept).fingerprint for kept in json.loads(failure.findings)}
        known |= marks
        settled |= marks if all((failure.id, side) in signed for side in (HOSPITAL, VENDOR)) else set()
    return known, settled


def note(session: Session, kind: str, actor: Actor, now: datetime, facts: dict[str, object]) -> None:
    """Given what happened to the chain, append the event."""
    audit.append(session, "chain", "chain", Event(kind, now, now, actor.account, actor.side, facts=facts))


def sign_off(session: Session, failure_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Given a failure and a reason, note that this party knows of it and accepts how it is explained.

    Raises Refused without a fresh second factor or a reason, twice by one party, or before the whole chain was
    verified after it was found.
    """
    actor.need("anchors.keep")
    actor.need_proof(now)
    failure = store.failure(session, failure_id)
    if failure is None:
        raise NotFound("没有这一条校验失败记录。")
    refuse_fresh_reset(session, actor, now)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Refused("请写明原因（最多 500 个字）：查到了什么，双方如何处理。", field="reason")
    if (failure.id, actor.side) in store.sign_offs(session):
        raise Refused("本方已经签过这一条。", field="reason")
    last = store.newest(session, full=True)
    if last is None or last.started_at <= failure.found_at:
        raise Refused("请先在发现之后完整校验一次，看清全部影响，再签字。", field="reason")
    session.add(
        store.SignOffRow(
            failure_id=failure.id, side=actor.side, account=actor.account, reason=reason.strip(), signed_at=now
        )
    )
    facts: dict[str, object] = {"failure": failure.id, "fingerprint": failure.fingerprint, "reason": reason.strip()}
    note(session, "failure_signed_off", actor, now, facts | signing_facts(session, actor, now))


def restored(
    open_write: OpenSession, shelf: AnchorShelf, reason: str, actor: Actor, now: datetime
) -> dict[str, object]:
    """Given why an older backup was restored, append the entry that names the gap: which anchors lost their entries.

    It explains; it dismisses nothing: the failure stands until both parties sign it off. Raises Refused when every
    anchor agrees with the chain.
    """
    actor.need("audit.read")
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Refused("请写明恢复的原因（最多 500 个字）。", field="reason")
    kept = shelf.read()
    with open_write() as session:
        settle(session, beside_the_chain(session, kept), now)
        facts = _gap(session, _without_entries(session, kept))
        note(session, store.RESTORED, actor, now, {**facts, "reason": reason.strip()})
    return facts


def _without_entries(session: Session, kept: Sequence[Anchor]) -> list[Anchor]:
    """The anchors that the chain disagrees with or the database lacks, and that no entry explains yet."""
    stored, explained = anchors.every(session), set(explained_digests(session))
    every, known = _joined(stored, kept), {anchor.digest for anchor in stored}
    hashes = store.hashes(session, [anchor.seq for anchor in every])
    apart = [a for a in every if a.digest not in known or hashes.get(a.seq) != a.head]
    return [anchor for anchor in apart if anchor.digest not in explained]


def _gap(session: Session, gone: Sequence[Anchor]) -> dict[str, object]:
    if not gone:
        raise Refused("每一份日锚都与链相符，没有需要登记的缺口。")
    if len(gone) > MOST_RESTORED:
        raise Refused("对不上的日锚有 %(count)s 份，超过一次能登记的 1000 份。", count=len(gone))
    count, head = audit.chain_head(session)
    days = sorted(anchor.day.isoformat() for anchor in gone)
    return {
        "count": count, "head": head, "lost_to": max(anchor.seq for anchor in gone), "from_day": days[0],
        "to_day": days[-1], "anchors": [anchor.digest for anchor in gone],
    }  # fmt: skip
