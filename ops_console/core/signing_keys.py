"""Keys that a party holds itself and signs months with: their kinds and states, what counts as one, how it is told.

Not for cryptography (`adapters/signing_keys.py`, `adapters/authenticators.py`) nor for storing. A key counts once the
other party has compared its fingerprint with the stamped sheet: whoever holds the server could register any key.
"""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from ops_console.core.errors import Refused
from ops_console.core.sheet_text import has_forbidden
from ops_console.core.signatures import OFFLINE_KEY, WEBAUTHN

KINDS = (OFFLINE_KEY, WEBAUTHN)
KIND_NAMES = {OFFLINE_KEY: "离线密钥", WEBAUTHN: "安全密钥（WebAuthn）"}
ED25519, P256, RSA = "ed25519", "p256", "rsa"
ALGORITHMS = (ED25519, P256, RSA)
ALGORITHM_NAMES = {ED25519: "Ed25519", P256: "ECDSA P-256", RSA: "RSA"}
SMALLEST_RSA, LARGEST_RSA = 3072, 8192
PROPOSED, IN_FORCE, REFUSED, TAKEN_BACK, REVOKED = "proposed", "in_force", "refused", "withdrawn", "revoked"
STATES = (PROPOSED, IN_FORCE, REFUSED, TAKEN_BACK, REVOKED)
STATE_NAMES = {
    PROPOSED: "待对方核对指纹", IN_FORCE: "双方已确认", REFUSED: "对方未同意", TAKEN_BACK: "已撤回", REVOKED: "已吊销",
}  # fmt: skip
LARGEST = 16 << 10  # of a key, a signature or an assertion, in bytes
TYPED = 8  # characters of the fingerprint that the other party types from the paper
LONGEST_LABEL = 40
MOST_OF_SIDE = 10
HEX = frozenset(b"0123456789abcdef")


@dataclass(frozen=True)
class PublicKey:
    """A public key: its algorithm, its PEM, the SHA-256 of its DER (SubjectPublicKeyInfo) in hex, its bits."""

    algorithm: str
    pem: str
    fingerprint: str
    bits: int


@dataclass(frozen=True)
class Credential:
    """An authenticator's key: its public key, its id and public key as WebAuthn writes them, its count of uses."""

    key: PublicKey
    credential_id: str
    cose: str
    sign_count: int


@dataclass(frozen=True)
class RelyingParty:
    """For whom an authenticator signs: the console's host and its origin."""

    id: str
    origin: str


def relying_party(public_url: str) -> RelyingParty | None:
    """Given the console's public address, return for whom authenticators sign there, None where browsers refuse.

    They want https and a name; `localhost` alone may go without https, an IP address never.

    >>> relying_party("https://ops.hospital.local:8443")
    RelyingParty(id='ops.hospital.local', origin='https://ops.hospital.local:8443')
    """
    parts = urlsplit(public_url)
    host = parts.hostname or ""
    if not host or _is_address(host) or (parts.scheme != "https" and host != "localhost"):
        return None
    usual = {"https": 443, "http": 80}[parts.scheme]
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return RelyingParty(host, f"{parts.scheme}://{host}{port}")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def grouped(fingerprint: str) -> str:
    """Given a fingerprint in hex, return it in groups of four, as people compare it."""
    return " ".join(fingerprint[i : i + 4] for i in range(0, len(fingerprint), 4))


def check_typed(fingerprint: str, typed: str) -> None:
    """Given a fingerprint and the end of it as read from the stamped sheet, let it pass. Raises Refused otherwise."""
    plain = "".join(char for char in typed.lower() if char.isalnum())
    if plain != fingerprint[-TYPED:]:
        raise Refused(
            "与登记的指纹不符；请从盖章的登记单上抄写指纹的最后 %(n)s 位，不要从本页抄写。", field="typed", n=TYPED
        )


def check_label(text: str) -> str:
    """Given what a key is called, return it trimmed. Raises Refused for none or one that cannot be kept."""
    told = text.strip()
    if not told or len(told) > LONGEST_LABEL or has_forbidden(told):
        raise Refused("请给密钥起个名字（由谁保管、在哪里），最多 %(n)s 个字。", field="label", n=LONGEST_LABEL)
    return told


def check_size(content: bytes, field: str) -> bytes:
    """Given what was uploaded and its field, return it. Raises Refused for nothing, or for more than LARGEST."""
    if not content.strip():
        raise Refused("请选择文件，或粘贴内容。", field=field)
    if len(content) > LARGEST:
        raise Refused("文件超过 %(n)s KiB，不是签名或公钥。", field=field, n=LARGEST >> 10)
    return content


def signatures_in(content: bytes) -> tuple[bytes, ...]:
    """Given an uploaded signature, return what it may mean: its bytes as they are, and as hex or base64 say them.

    Raises Refused for nothing, or for more than LARGEST.
    """
    found = [check_size(content, "signature")]
    text = b"".join(content.split())
    if text and not len(text) % 2 and set(text.lower()) <= HEX:
        found.append(bytes.fromhex(text.decode("ascii")))
    with suppress(binascii.Error, ValueError):
        found.append(base64.b64decode(text, validate=True))
    return tuple(found)


def sign_command(algorithm: str) -> str:
    """Given a key's algorithm, return the OpenSSL 3 command that signs `month.json` with its private half."""
    if algorithm == ED25519:
        return "openssl pkeyutl -sign -inkey key.pem -rawin -in month.json -out month.sig"
    return "openssl dgst -sha256 -sign key.pem -out month.sig month.json"


def verify_command(algorithm: str) -> str:
    """Given a key's algorithm, return the command by which anybody checks the signature with the public key."""
    if algorithm == ED25519:
        return "openssl pkeyutl -verify -pubin -inkey pub.pem -rawin -in month.json -sigfile month.sig"
    return "openssl dgst -sha256 -verify pub.pem -signature month.sig month.json"
