"""Where the signing of a frozen month stands, as pages, papers and acts read it. Only reads.

Not for acts (`services/signatures.py`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.errors import Refused
from ops_console.core.months import after_workdays, disputes_of
from ops_console.core.people import VENDOR, Actor
from ops_console.core.sentences import Sentence
from ops_console.core.signatures import (
    OFFLINE_KEY,
    WEBAUTHN,
    Note,
    Signature,
    Signing,
    challenge,
    next_step,
    offers,
    printed,
)
from ops_console.core.signing_keys import RelyingParty
from ops_console.services.assessments import SUBJECT, words_of
from ops_console.services.contracts import Book
from ops_console.services.delegations import may_sign
from ops_console.services.month_facts import version_of
from ops_console.services.ports import Authenticators, KeyReader
from ops_console.store import assessments, proofs, signing_keys
from ops_console.store import signatures as store


def signing_of(session: Session, book: Book, row: assessments.AssessmentRow) -> Signing:
    """Given a frozen month's row (its documents are not read), return where its signing stands. Four statements."""
    version = version_of(book, row.contract_id, row.month)
    days = version.terms.settlement.answer_workdays
    notified = row.notified_at or row.frozen_at
    rows = store.of_assessment(session, row.id, row.digest)
    keys = signing_keys.several(session, [one.key_id for one in rows if one.key_id is not None])
    disputes = disputes_of(words_of(session, row.contract_id, row.month))
    return Signing(
        row.month, row.revision, row.digest, row.state == assessments.LOCKED, row.outcome, notified,
        after_workdays(notified, days, book.calendars[version.id]), days,
        signatures=tuple(signature_of(one, keys) for one in rows),
        notes=tuple(
            Note(one.kind, one.side, one.name, one.text, one.at)
            for one in store.notes(session, row.id) if one.digest == row.digest
        ),
        objections=sum(one.answer is None and one.objection.side == VENDOR for one in disputes),
    )  # fmt: skip


def signature_of(row: store.SignatureRow, keys: Mapping[int, signing_keys.SigningKeyRow]) -> Signature:
    """Given a signature's row and the keys by id, return the signature as it is shown and printed."""
    return Signature(
        row.id, row.side, row.name, row.account, row.method, row.at, row.reservation,
        key=keys[row.key_id].fingerprint if row.key_id is not None else "", proof=row.proof,
        delegated_by=row.delegated_by, reset_at=row.credential_reset_at,
    )  # fmt: skip


@dataclass(frozen=True)
class Hands:
    """What checks signatures by keys, and for whom authenticators sign here (None: browsers refuse to)."""

    keys: KeyReader
    authenticators: Authenticators
    party: RelyingParty | None


@dataclass(frozen=True)
class Panel:
    """The panel on the month's page: where signing stands, what this person may do, what is next, what is printed.

    `scans` are the kept papers of the month by SHA-256.
    """

    contract_id: int
    signing: Signing
    offers: tuple[str, ...]
    next: Sentence
    printed: tuple[Sentence, ...]
    scans: Mapping[str, proofs.ProofRow]


def panel(session: Session, book: Book, contract_id: int, month: str, *, actor: Actor, now: datetime) -> Panel | None:
    """Given a contract, a month, who looks and now, return its panel, None while its facts are not frozen."""
    actor.need("reports.read")
    row = assessments.heading(session, contract_id, month)
    if row is None:
        return None
    found = signing_of(session, book, row)
    signs = may_sign(session, actor, now) is not None
    kept = proofs.of_subjects(session, SUBJECT, [f"{contract_id}/{month}"])
    return Panel(
        contract_id, found, offers(found, actor.side, now) if signs else (), next_step(found, now),
        printed(found, now), {one.digest: one for one in kept.get(f"{contract_id}/{month}", ())},
    )  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """The signing page: the panel, the contract's parties, every proof, one's keys, what was withdrawn, the checks.

    `sound`: whether the stored result still has the digest that was signed; `checked` says of each signature by a key
    whether that key made it, found out now. `attempt`: how often this side signed before.
    """

    panel: Panel
    number: str
    hospital: str
    vendor: str
    proofs: Sequence[proofs.ProofRow]
    keys: Sequence[signing_keys.SigningKeyRow]
    withdrawn: Sequence[store.SignatureRow]
    sound: bool
    checked: Mapping[int, bool]
    attempt: int
    points: int | None
    grade: str
    payable: int | None


def sheet(
    session: Session, book: Book, hands: Hands, contract_id: int, month: str, *, actor: Actor, now: datetime
) -> Sheet | None:
    """Given a contract, a month, who looks and now, return the signing page, None while the facts are not frozen."""
    found = panel(session, book, contract_id, month, actor=actor, now=now)
    row = assessments.of_month(session, contract_id, month)
    if found is None or row is None:
        return None
    terms = version_of(book, contract_id, month).terms
    content = row.result.encode("utf-8")
    return Sheet(
        found, terms.number, terms.hospital, terms.vendor,
        proofs.of_subject(session, SUBJECT, f"{contract_id}/{month}"),
        signing_keys.usable(session, contract_id, actor.side), store.withdrawn(session, row.id),
        hashlib.sha256(content).hexdigest() == row.digest,
        _checked(session, hands, row, found.signing, terms.number, content),
        store.attempts(session, row.id, actor.side), row.points, row.grade, row.payable,
    )  # fmt: skip


def _checked(
    session: Session, hands: Hands, row: assessments.AssessmentRow, found: Signing, number: str, content: bytes
) -> dict[int, bool]:
    """Of each signature by a key, whether that key made it over what is stored now."""
    rows = [one for one in store.of_assessment(session, row.id, row.digest) if one.key_id is not None]
    keys = signing_keys.several(session, [one.key_id for one in rows if one.key_id is not None])
    return {one.id: _is_by(hands, one, keys[one.key_id or 0], found, number, content) for one in rows}


def _is_by(
    hands: Hands, row: store.SignatureRow, key: signing_keys.SigningKeyRow, found: Signing, number: str, content: bytes
) -> bool:
    if row.method == OFFLINE_KEY:
        return hands.keys.is_signed(key.pem, content, base64.b64decode(row.material))
    kept = json.loads(row.material)
    party = RelyingParty(kept["rp_id"], kept["origin"])
    signed = challenge(number, found, row.side, row.attempt)
    try:
        hands.authenticators.asserted(party, signed, kept["answer"], cose=key.cose, sign_count=0)
    except Refused:
        return False
    return row.method == WEBAUTHN


@dataclass(frozen=True)
class Told:
    """One signature for papers and the evidence package, in plain values."""

    side: str
    role: str
    name: str
    account: str
    method: str
    at: datetime
    digest: str
    reservation: str
    delegated_by: str
    fingerprint: str
    pem: str
    material: str
    proof: str
    attempt: int
    algorithm: str


def told(session: Session, assessment_id: int) -> tuple[Told, ...]:
    """Given a frozen month, return its standing signatures with what proves each, in the order they were given."""
    rows = store.of_assessment(session, assessment_id)
    keys = signing_keys.several(session, [one.key_id for one in rows if one.key_id is not None])
    found = []
    for row in rows:
        key = keys.get(row.key_id) if row.key_id is not None else None
        found.append(
            Told(
                row.side,
                row.role,
                row.name,
                row.account,
                row.method,
                row.at,
                row.digest,
                row.reservation,
                row.delegated_by,
                key.fingerprint if key else "",
                key.pem if key else "",
                row.material,
                row.proof,
                row.attempt,
                key.algorithm if key else "",
            )
        )
    return tuple(found)
