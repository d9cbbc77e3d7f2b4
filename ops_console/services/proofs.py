"""Files that prove something else than a ticket: of a duty, a release, a case, an agreement, the contract.

Not for bytes (a port keeps them before this is called), nor for tickets' files (`services/attachments.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.attachments import ATTACHED, MOST_PER_TICKET, VOIDED, NewFile
from ops_console.core.breaches import SUBJECT as BREACH
from ops_console.core.breaches import may_see
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import Actor
from ops_console.core.proofs import CODES
from ops_console.core.tickets import Event
from ops_console.store import attachments, audit, breaches
from ops_console.store import proofs as store
from ops_console.store.masks import masker_of


def attach(
    session: Session, subject: str, subject_id: str, new_file: NewFile, actor: Actor, now: datetime, *, code: str = ""
) -> str:
    """Given a subject, which one and a kept file, add it as proof and return its hash; the same again adds nothing.

    The caller has made sure that the subject exists and that the actor may speak of it. Raises Refused without the
    right to add files, past the most, or for an unknown code.
    """
    actor.need("tickets.attach")
    if code and code not in CODES:
        raise Refused("请选择凭证的种类。", field="code")
    attachments.hold_file(session, new_file.digest)
    if store.standing(session, subject, subject_id, new_file.digest) is not None:
        return new_file.digest
    if len(store.of_subject(session, subject, subject_id)) >= MOST_PER_TICKET:
        raise Refused("这里已有 %(n)s 个附件，不能再加。", field="file", n=MOST_PER_TICKET)
    at = whole(now)
    row = store.ProofRow(
        subject=subject, subject_id=subject_id, digest=new_file.digest, name=masker_of(session).text(new_file.name),
        kind=new_file.kind, code=code, size=new_file.size, scan=new_file.scan,
        patient=attachments.is_patients(session, new_file.digest), recorded_at=at, recorded_by=actor.account,
        side=actor.side, void_reason="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    facts: dict[str, object] = {"proof": row.id, "digest": row.digest, "size": row.size, "kind": row.kind, "code": code}
    _note(session, row, ATTACHED, facts, {"file_name": new_file.name}, actor, now)
    return new_file.digest


def void(session: Session, proof_id: int, reason: str, actor: Actor, now: datetime) -> store.ProofRow:
    """Given a proof and why, mark it void; its bytes and its event stay. Only the side that added it may."""
    actor.need("tickets.attach")
    row = _seen(store.one(session, proof_id, hold=True), session, actor)
    if row.side != actor.side:
        raise Refused("这个附件是对方添加的，只能由对方标记作废；有不同意见请另加附件或说明。")
    told = check_reason(reason)
    if row.voided_at is None:
        row.voided_at, row.void_reason = whole(now), masker_of(session).text(told)
        _note(session, row, VOIDED, {"proof": row.id, "digest": row.digest}, {"reason": told}, actor, now)
    return row


def _note(
    session: Session, row: store.ProofRow, kind: str, facts: dict[str, object], texts: dict[str, str], actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    at = whole(now)
    event = Event(kind, at, at, actor.account, actor.side, evidence=(row.digest,), facts=facts, personal=texts)
    audit.append(session, row.subject, row.subject_id, event)


def of(session: Session, subject: str, subject_id: str, actor: Actor) -> Sequence[store.ProofRow]:
    """Given a subject, which one and who asks, return its proofs, void ones too. Raises Refused without the right."""
    actor.need("reports.read")
    return store.of_subject(session, subject, subject_id)


def find(session: Session, proof_id: int, actor: Actor) -> store.ProofRow:
    """Given an id and who asks, return the proof. Raises NotFound for none such."""
    actor.need("reports.read")
    return _seen(store.one(session, proof_id), session, actor)


def _seen(row: store.ProofRow | None, session: Session, actor: Actor) -> store.ProofRow:
    """The proof where who asks may know of it: a breach case's files are for those who see the case."""
    if row is not None and row.subject == BREACH:
        case = breaches.one(session, row.subject_id, actor.side)
        row = row if case is not None and may_see(actor, case.raised_side, case.filed_at) else None
    if row is None:
        raise NotFound("没有这个附件。")
    return row
