"""Signing a frozen month for one's party, by whichever method; withdrawing, refusing, asking; locking it.

Not for where signing stands (`services/signing.py`), nor for keys and delegations. Nothing is ever signed or locked by
the console itself: silence only lets the hospital lock alone, by its own act.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.attachments import NewFile
from ops_console.core.delegations import Delegate
from ops_console.core.errors import Refused
from ops_console.core.moments import parse_month, whole
from ops_console.core.people import HOSPITAL, VENDOR, Actor, Permission
from ops_console.core.signatures import (
    ASKED,
    BOTH,
    LOGIN,
    METHODS,
    OFFLINE_KEY,
    PAPER,
    REFUSED,
    WEBAUTHN,
    WITHDRAWN,
    WITHOUT_VENDOR,
    Signing,
    challenge,
    check_alone,
    check_asking,
    check_code,
    check_refusing,
    check_reservation,
    check_signing,
    check_stamper,
    check_withdrawing,
)
from ops_console.core.signing_keys import IN_FORCE, REVOKED, signatures_in
from ops_console.core.tickets import CREDENTIAL_RESET, Event
from ops_console.services import assessments, proofs
from ops_console.services.assessments import SUBJECT
from ops_console.services.contracts import Book
from ops_console.services.delegations import need_signer
from ops_console.services.month_facts import version_of
from ops_console.services.resets import signing_facts
from ops_console.services.signing import Hands, signing_of
from ops_console.store import assessments as months
from ops_console.store import audit, contracts, messages, signing_keys
from ops_console.store import signatures as store
from ops_console.store.masks import masker_of

NOTICE = timedelta(days=30)
ATTACH: Permission = "tickets.attach"
PICTURES = ("pdf", "png", "jpeg", "webp", "heic")


@dataclass(frozen=True)
class Sign:
    """What somebody signs with: the digest they saw, the method, a reservation, and what the method wants.

    `signature`: an offline signature's bytes. `answer`: the authenticator's. `code`, `stamped_by`, `scan`: what is read
    from the stamped paper, who stamped it, and the kept file of it.
    """

    digest_seen: str
    method: str = LOGIN
    reservation: str = ""
    signature: bytes = b""
    answer: str = ""
    code: str = ""
    stamped_by: str = ""
    scan: NewFile | None = None


@dataclass(frozen=True)
class Given:
    """What a method gave: by which key, what proves it, who signed by name."""

    name: str
    key_id: int | None = None
    fingerprint: str = ""
    material: str = ""
    proof: str = ""


class Pen:
    """Where one month is signed: its row held until the commit, where signing stands, who signs and as whom, now."""

    def __init__(
        self, session: Session, book: Book, contract_id: int, month: str, *, actor: Actor, now: datetime
    ) -> None:
        actor.need("reports.read")
        contracts.hold(session, contract_id)
        self.row = assessments.need_frozen(session, contract_id, parse_month(month), hold=True)
        self.signer: Delegate = need_signer(session, actor, now)
        self.session, self.book, self.actor, self.now = session, book, actor, now
        self.contract_id, self.month = contract_id, month
        self.signing: Signing = signing_of(session, book, self.row)

    # -- signing ------------------------------------------------------------------------------------------------------

    def sign(self, hands: Hands, wanted: Sign) -> str:
        """Given hands and what is signed with, keep this party's signature; return how the month is locked, or "".

        Raises Refused for an earlier revision, a second signature of the side, and what the method does not bear out.
        """
        if wanted.method not in METHODS:
            raise Refused("请选择签署方式。", field="method")
        check_signing(self.signing, self.actor.side, wanted.digest_seen)
        reservation = check_reservation(wanted.reservation)
        given = self._given(hands, wanted)
        row = self._keep(wanted.method, given, reservation)
        self._note("month_signed", reservation, method=row.method, fingerprint=given.fingerprint, scan=given.proof,
                   attempt=row.attempt, reserved=bool(reservation))  # fmt: skip
        self.signing = signing_of(self.session, self.book, self.row)
        outcome = self._lock(BOTH) if self.signing.is_complete() else ""
        self._tell("month_signed", f"{row.id}", "both" if outcome else self._other(), side=row.side, method=row.method,
                   outcome=outcome)  # fmt: skip
        return outcome

    def _given(self, hands: Hands, wanted: Sign) -> Given:
        if wanted.method == OFFLINE_KEY:
            return self._by_offline_key(hands, wanted)
        if wanted.method == WEBAUTHN:
            return self._by_authenticator(hands, wanted)
        if wanted.method == PAPER:
            return self._on_paper(wanted)
        return Given(self.signer.name)

    def _by_offline_key(self, hands: Hands, wanted: Sign) -> Given:
        """The key is found by what it signed: nobody has to say which one it was."""
        content = self.row.result.encode("utf-8")
        kept = signing_keys.of_side(self.session, self.contract_id, self.actor.side, OFFLINE_KEY)
        if not any(key.state == IN_FORCE for key in kept):
            raise Refused("本方还没有双方确认的离线密钥；请先在“签名密钥”页登记。", field="signature")
        meant = signatures_in(wanted.signature)
        for key in kept:
            signature = next((one for one in meant if hands.keys.is_signed(key.pem, content, one)), None)
            if signature is None:
                continue
            if key.state == REVOKED:
                raise Refused("这把密钥已于 %(at)s 吊销，不能再用来签署。", field="signature", at=key.ended_at)
            if key.state != IN_FORCE:
                raise Refused("这把密钥还没有经对方核对指纹，不能用来签署。", field="signature")
            material = base64.b64encode(signature).decode("ascii")
            return Given(self.signer.name, key.id, key.fingerprint, material)
        raise Refused(
            "签名与本方登记的密钥都不相符：可能用错了密钥，签的是别的月份或别的版，或文件不完整。请重新下载 month.json "
            "再签。", field="signature",
        )  # fmt: skip

    def _by_authenticator(self, hands: Hands, wanted: Sign) -> Given:
        if hands.party is None:
            raise Refused("安全密钥只能在 https 和主机名（不是 IP 地址）下使用。", field="credential")
        wanted_id = hands.authenticators.credential_id_of(wanted.answer)
        kept = signing_keys.of_side(self.session, self.contract_id, self.actor.side, WEBAUTHN)
        key = next((one for one in kept if one.credential_id == wanted_id), None)
        if key is None or key.account != self.actor.account:
            raise Refused("这把安全密钥不是您本人登记的。", field="credential")
        if key.state != IN_FORCE:
            raise Refused("这把安全密钥没有经对方核对指纹，或已吊销，不能用来签署。", field="credential")
        signed = self.challenge()
        key.sign_count = hands.authenticators.asserted(
            hands.party, signed, wanted.answer, cose=key.cose, sign_count=key.sign_count
        )
        material = json.dumps({"answer": wanted.answer, "rp_id": hands.party.id, "origin": hands.party.origin})
        return Given(self.signer.name, key.id, key.fingerprint, material)

    def challenge(self) -> bytes:
        """What an authenticator of this side is asked to sign now."""
        number = version_of(self.book, self.contract_id, self.month).terms.number
        attempt = store.attempts(self.session, self.row.id, self.actor.side)
        return challenge(number, self.signing, self.actor.side, attempt)

    def _on_paper(self, wanted: Sign) -> Given:
        check_code(self.signing, wanted.code)
        stamper = masker_of(self.session).text(check_stamper(wanted.stamped_by))
        if wanted.scan is None or wanted.scan.kind not in PICTURES:
            raise Refused("请选择盖章后的扫描件或照片（PDF 或图片）。", field="file")
        clerk = replace(self.actor, permissions=self.actor.permissions | {ATTACH})  # a leader stands in with no files
        proof = proofs.attach(
            self.session, SUBJECT, f"{self.contract_id}/{self.month}", wanted.scan, clerk, self.now, code="E9"
        )
        return Given(stamper, proof=proof)

    def _keep(self, method: str, given: Given, reservation: str) -> store.SignatureRow:
        reset = signing_facts(self.session, self.actor, self.now).get(CREDENTIAL_RESET)
        row = store.SignatureRow(
            assessment_id=self.row.id, revision=self.row.revision, digest=self.row.digest, side=self.actor.side,
            attempt=store.attempts(self.session, self.row.id, self.actor.side), role=self.signer.role,
            account=self.actor.account, name=given.name, method=method, at=whole(self.now),
            reservation=masker_of(self.session).text(reservation), key_id=given.key_id, proof=given.proof,
            material=given.material, delegated_by=self.signer.delegated_by,
            credential_reset_at=datetime.fromisoformat(str(reset)) if reset else None,
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        return row

    # -- what else is done about signing ------------------------------------------------------------------------------

    def withdraw(self, reason: str) -> None:
        """Given why, take back one's own party's signature while the other has not signed. Raises Refused."""
        own = check_withdrawing(self.signing, self.actor.side)
        told = check_reason(reason)
        self._add_note(WITHDRAWN, told, own.id)
        self._note("month_signature_withdrawn", told, method=own.method)
        self._tell("month_signature_withdrawn", f"{own.id}", self._other(), side=self.actor.side)

    def refuse(self, digest_seen: str, reason: str) -> None:
        """Given what the person saw and why, note that this party will not sign this revision (拒签)."""
        check_refusing(self.signing, self.actor.side, digest_seen)
        told = check_reason(reason)
        note = self._add_note(REFUSED, told)
        self._note("month_refused", told)
        self._tell("month_refused", f"{note.id}", self._other(), side=self.actor.side)

    def ask(self) -> None:
        """Note that the vendor asks the hospital to sign, at most once a day; the hospital gets a message."""
        check_asking(self.signing, self.actor.side, self.now)
        note = self._add_note(ASKED, "")
        self._note("month_sign_asked", "")
        self._tell("month_sign_asked", f"{note.id}", HOSPITAL, side=self.actor.side)

    def lock_alone(self, digest_seen: str) -> str:
        """Given what the person saw, lock the month by the hospital's finding alone (甲方单方认定，乙方未签).

        Raises Refused before the vendor refused or let its days pass, for the vendor, and before the hospital signed.
        """
        if self.actor.side != HOSPITAL:
            raise Refused("单方认定由甲方办理。", field="permission")
        check_alone(self.signing, digest_seen, self.now)
        outcome = self._lock(WITHOUT_VENDOR)
        self._tell("month_signed", f"{self.row.id}/alone", "both", side=HOSPITAL, method="", outcome=outcome)
        return outcome

    def _lock(self, outcome: str) -> str:
        self.row.state, self.row.locked_at, self.row.outcome = months.LOCKED, whole(self.now), outcome
        self.session.flush()
        self._note("month_locked", "", outcome=outcome)
        return outcome

    def _add_note(self, kind: str, text: str, signature_id: int | None = None) -> store.SigningNoteRow:
        row = store.SigningNoteRow(
            assessment_id=self.row.id, signature_id=signature_id, digest=self.row.digest, kind=kind,
            side=self.actor.side, account=self.actor.account, name=self.signer.name,
            text=masker_of(self.session).text(text), at=whole(self.now),
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        return row

    def _note(self, kind: str, text: str, **marks: object) -> None:
        at, row = whole(self.now), self.row
        facts: dict[str, object] = {
            "month": row.month, "digest": row.digest, "revision": row.revision, "role": self.signer.role,
            "delegated_by": self.signer.delegator, **marks, **signing_facts(self.session, self.actor, self.now),
        }  # fmt: skip
        facts = {name: value for name, value in facts.items() if value != ""}
        personal = {"reason": text} if text else {}
        event = Event(kind, at, at, self.actor.account, self.actor.side, facts=facts, personal=personal)
        audit.append(self.session, SUBJECT, f"{self.contract_id}/{row.month}", event)

    def _other(self) -> str:
        return VENDOR if self.actor.side == HOSPITAL else HOSPITAL

    def _tell(self, kind: str, key: str, audience: str, **told: object) -> None:
        payload = {"month": self.month, "code": self.signing.code, "revision": self.row.revision, **told}
        messages.put(
            self.session, dedup_key=f"{kind}/{key}", audience=audience, kind=kind, payload=payload,
            created_at=self.now, expires_at=self.now + NOTICE,
        )  # fmt: skip


def sign(
    session: Session, book: Book, hands: Hands, contract_id: int, month: str, wanted: Sign, *, actor: Actor,
    now: datetime,
) -> str:  # fmt: skip
    """Given a contract, a month, what is signed with, who signs and now, sign it; return how it is locked, or ""."""
    return Pen(session, book, contract_id, month, actor=actor, now=now).sign(hands, wanted)


def tell_silent(session: Session, book: Book, now: datetime) -> list[str]:
    """Given the book and now, tell the hospital of each month whose vendor let its days pass; return those months.

    Once for each revision. Nothing is locked by it.
    """
    told = []
    for row in months.unlocked(session):
        found = signing_of(session, book, row)
        if not found.is_silent(VENDOR, now) or found.objections:
            continue
        if messages.put(
            session, dedup_key=f"vendor_silent/{row.id}/{row.revision}", audience=HOSPITAL, kind="vendor_silent",
            payload={"month": row.month, "code": found.code, "revision": row.revision}, created_at=now,
            expires_at=now + NOTICE,
        ):  # fmt: skip
            told.append(row.month)
    return told
