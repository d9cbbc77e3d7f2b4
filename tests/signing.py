"""A month ready to be signed, signers of both parties, and keys of all kinds that tests hold themselves.

Not for what signing comes to (`tests/services/test_signatures.py` and others).
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.money import Fee
from ops_console.core.months import after_workdays
from ops_console.core.people import DUTIES, Actor, actor_of
from ops_console.core.people import HOSPITAL as HOSPITAL_SIDE
from ops_console.core.signatures import Signing
from ops_console.core.terms import Terms, terms_from_json
from ops_console.services import assessments, freezes, signatures, signing, signing_keys
from ops_console.services.signatures import Pen, Sign
from ops_console.store import assessments as months
from ops_console.store.contracts import VersionRow
from ops_console.store.people import PersonRow
from tests.conftest import FakeClock, do, log_ticket

PROVED = datetime.max.replace(tzinfo=UTC)
CHIEF = replace(actor_of("hospital", "信息科长", "hospital"), proved_until=PROVED)
MANAGER = replace(actor_of("manager", "乙方项目经理", "manager"), proved_until=PROVED)
OFFICER = replace(actor_of("officer", "信息科员", "officer"), proved_until=PROVED)
ENGINEER = replace(actor_of("vendor", "乙方工程师", "vendor"), proved_until=PROVED)
OCTOBER = datetime(2026, 10, 14, 2, tzinfo=UTC)  # Wednesday 10:00 in Shanghai
MONTH = "2026-10"
PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def amend(console: Console, **changed: Any) -> None:
    """Let the contract's terms differ, as the file it was loaded from would say."""
    with console.write() as session:
        row = session.query(VersionRow).one()
        row.terms = replace(terms_from_json(row.terms), **changed).as_json()
    console.shelf.forget()


def terms_of(console: Console) -> Terms:
    """Given a console, return the terms in force."""
    with console.read() as session:
        return console.book(session).at(console.now()).terms


def contract(console: Console) -> int:
    """Given a console, return its contract."""
    with console.read() as session:
        return console.book(session).at(console.now()).contract_id


def freeze_next(console: Console, clock: FakeClock, month: str) -> str:
    """Move the clock ten minutes past the day on which the month's facts are frozen, freeze them; its digest."""
    with console.read() as session:
        book = console.book(session)
        clock.at = assessments.life(session, book, contract(console), month, clock.at).freezes_at
    clock.forward(minutes=10)
    with console.write() as session:
        book = console.book(session)
        return freezes.freeze_month(
            session, book, contract(console), month, actor=CHIEF, now=clock.at, reason="重取"
        ).digest


def frozen_october(console: Console, clock: FakeClock, **changed: Any) -> str:
    """Given an empty console whose clock stands in October, freeze that month with one late answer; its digest."""
    amend(console, **{"go_live_on": date(2026, 10, 1), "fee": Fee(93_600_000), **changed})
    number = log_ticket(console)
    clock.forward(minutes=31)
    do(console, number, core.RESPONDED)
    return freeze_next(console, clock, MONTH)


def standing(console: Console, month: str = MONTH) -> Signing:
    """Given a console, return where the month's signing stands."""
    with console.read() as session:
        row = months.heading(session, contract(console), month)
        assert row is not None
        return signing.signing_of(session, console.book(session), row)


def row_of(console: Console, month: str = MONTH) -> months.AssessmentRow:
    """Given a console, return the frozen month's row."""
    with console.read() as session:
        found = months.of_month(session, contract(console), month)
    assert found is not None
    return found


def sign(console: Console, actor: Actor, wanted: Sign | None = None, month: str = MONTH, **given: Any) -> str:
    """Sign the month as it stands, by login unless told otherwise; return how it is locked, or ""."""
    wanted = wanted or Sign(**{"digest_seen": standing(console, month).digest, **given})
    with console.write() as session:
        return signatures.sign(
            session, console.book(session), console.signing, contract(console), month, wanted, actor=actor,
            now=console.now(),
        )  # fmt: skip


def pen(console: Console, session: Any, actor: Actor, month: str = MONTH) -> Pen:
    """Given a writing session and who acts, return the pen over the month."""
    return Pen(session, console.book(session), contract(console), month, actor=actor, now=console.now())


def past_the_days(console: Console, clock: FakeClock, month: str = MONTH) -> datetime:
    """Move the clock to the first instant after the vendor's days to answer, and return it."""
    clock.at = standing(console, month).answer_by
    return clock.at


def answer_end(console: Console, at: datetime, days: int) -> datetime:
    """The end of the last of so many working days after an instant, by the contract's calendar."""
    with console.read() as session:
        book = console.book(session)
        return after_workdays(at, days, book.calendars[book.at(at).id])


def add_people(console: Console, *roles: str, at: datetime | None = None) -> None:
    """Add an account of each role, named as the role, made long before the test."""
    made = (at or console.now()) - timedelta(days=90)
    with console.write() as session:
        session.add_all(
            PersonRow(
                account=role, name=f"{role}某", role=role, password_hash="x", must_change=False, created_at=made,
                holder=HOSPITAL_SIDE if role in DUTIES else None,
            )
            for role in roles
        )  # fmt: skip


def scan(console: Console, content: bytes = PDF, name: str = "盖章页.pdf") -> Any:
    """Keep a scan of the stamped paper."""
    return console.files.keep_attachment(io.BytesIO(content), name)


# -- keys that a party holds ------------------------------------------------------------------------------------------


def pem_of(private: Any) -> bytes:
    """Given a private key, return its public half in PEM."""
    found: bytes = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return found


def signed(private: Any, data: bytes) -> bytes:
    """Given a private key, sign bytes as OpenSSL does."""
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return private.sign(data)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return private.sign(data, ec.ECDSA(hashes.SHA256()))
    assert isinstance(private, rsa.RSAPrivateKey)
    return private.sign(data, padding.PKCS1v15(), hashes.SHA256())


def register(console: Console, private: Any, actor: Actor = CHIEF, label: str = "保险柜里的 U 盘") -> int:
    """Register the public half of a key for the actor's party and return its id."""
    with console.write() as session:
        return signing_keys.register(
            session, console.signing, contract(console), pem_of(private), label, actor=actor, now=console.now()
        )


def confirm_key(console: Console, key_id: int, actor: Actor = MANAGER) -> None:
    """Confirm a key as the other party does, its fingerprint's end read from the stamped sheet."""
    with console.write() as session:
        fingerprint = signing_keys.find(session, key_id, actor).fingerprint
        signing_keys.confirm(session, key_id, fingerprint, fingerprint[-8:], actor, console.now())


def b64(content: bytes) -> str:
    """Bytes in base64url without padding, as WebAuthn writes them."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


@dataclass
class SoftAuthenticator:
    """An authenticator in software: one P-256 key; every flag, count and origin may be told wrong."""

    party: str = "localhost"
    origin: str = "http://localhost:8000"
    verified: bool = True
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = b"a credential of a test"

    def _data(self, *, attested: bytes = b"") -> bytes:
        flags = 0x01 | (0x04 if self.verified else 0) | (0x40 if attested else 0)
        return hashlib.sha256(self.party.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big") + attested

    def _client(self, kind: str, challenge: bytes) -> bytes:
        told = {"type": kind, "challenge": b64(challenge), "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def register(self, challenge: bytes) -> str:
        """Answer `navigator.credentials.create()`."""
        numbers = self.key.public_key().public_numbers()
        x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cose
        whole = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(attested=attested)})
        response = {
            "clientDataJSON": b64(self._client("webauthn.create", challenge)), "attestationObject": b64(whole)
        }  # fmt: skip
        return self._answer(response)

    def sign(self, challenge: bytes) -> str:
        """Answer `navigator.credentials.get()`."""
        self.count += 1
        data, client = self._data(), self._client("webauthn.get", challenge)
        made = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(made), "userHandle": None}
        )

    def _answer(self, response: dict[str, Any]) -> str:
        told = {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}
        return json.dumps({**told, "clientExtensionResults": {}})
