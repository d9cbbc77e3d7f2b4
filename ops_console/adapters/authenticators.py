"""Authenticators (WebAuthn): what the browser is asked, a key's registration read, an assertion checked.

Not for which key counts (`services/signing_keys.py`). User verification is always wanted: the person's own touch and
PIN or finger, not the session of whoever sits there.
"""

from __future__ import annotations

import json
from typing import Any

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier

from ops_console.adapters.signing_keys import described
from ops_console.core.errors import Refused
from ops_console.core.signing_keys import LARGEST, Credential, PublicKey, RelyingParty

TAKEN = (
    COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)  # fmt: skip
TIMEOUT_MILLISECONDS = 120_000


def registration_options(
    party: RelyingParty, account: str, name: str, challenge: bytes, known: tuple[str, ...]
) -> dict[str, Any]:
    """Given for whom, who registers, a challenge and the ids of keys there are, return what the browser is asked."""
    return {
        "rp": {"id": party.id, "name": "ops-console"},
        "user": {"id": bytes_to_base64url(account.encode()), "name": account, "displayName": name},
        "challenge": bytes_to_base64url(challenge), "timeout": TIMEOUT_MILLISECONDS, "attestation": "none",
        "pubKeyCredParams": [{"type": "public-key", "alg": int(one)} for one in TAKEN],
        "excludeCredentials": [{"type": "public-key", "id": one} for one in known],
        "authenticatorSelection": {"userVerification": "required", "residentKey": "discouraged"},
    }  # fmt: skip


def signing_options(party: RelyingParty, challenge: bytes, known: tuple[str, ...]) -> dict[str, Any]:
    """Given for whom, what is to be signed and the ids of the person's keys, return what the browser is asked."""
    return {
        "rpId": party.id, "challenge": bytes_to_base64url(challenge), "timeout": TIMEOUT_MILLISECONDS,
        "userVerification": "required", "allowCredentials": [{"type": "public-key", "id": one} for one in known],
    }  # fmt: skip


def registered(party: RelyingParty, challenge: bytes, answer: str) -> Credential:
    """Given for whom, the challenge and the browser's answer, return the key. Raises Refused for one not to be taken.

    Nothing is believed of the authenticator's make: its key counts by the fingerprint that both parties compared.
    """
    try:
        found = verify_registration_response(
            credential=_answer(answer), expected_challenge=challenge, expected_rp_id=party.id,
            expected_origin=party.origin, require_user_verification=True, supported_pub_key_algs=list(TAKEN),
        )  # fmt: skip
        key = _public_key(found.credential_public_key)
    except Refused:
        raise
    except Exception as exc:  # a stranger's bytes: the library and its parsers raise whatever they raise
        raise Refused("安全密钥的登记无效或已过期；请刷新页面再试一次。", field="credential") from exc
    return Credential(
        key, bytes_to_base64url(found.credential_id), bytes_to_base64url(found.credential_public_key), found.sign_count
    )


def asserted(party: RelyingParty, challenge: bytes, answer: str, *, cose: str, sign_count: int) -> int:
    """Given for whom, what was to be signed, the browser's answer and the registered key, return its new count.

    Raises Refused for what that key did not sign, without user verification, or with a count that went back.
    """
    try:
        found = verify_authentication_response(
            credential=_answer(answer), expected_challenge=challenge, expected_rp_id=party.id,
            expected_origin=party.origin, credential_public_key=base64url_to_bytes(cose),
            credential_current_sign_count=sign_count, require_user_verification=True,
        )  # fmt: skip
    except Refused:
        raise
    except Exception as exc:
        raise Refused(
            "安全密钥的签名无效：不是对这个月这一版的，或密钥不对；请刷新页面再签一次。", field="credential"
        ) from exc
    return found.new_sign_count


def credential_id_of(answer: str) -> str:
    """Given the browser's answer, return the id of the key that it says it is of. Raises Refused for none."""
    found = _answer(answer).get("id")
    return found if isinstance(found, str) else ""


def _answer(text: str) -> dict[str, Any]:
    if not text or len(text) > LARGEST:
        raise Refused("没有收到安全密钥的回应；请插上密钥再试，需要开启 JavaScript。", field="credential")
    try:
        found = json.loads(text)
    except ValueError as exc:
        raise Refused("安全密钥的回应读不出；请刷新页面再试。", field="credential") from exc
    if not isinstance(found, dict):
        raise Refused("安全密钥的回应读不出；请刷新页面再试。", field="credential")
    return found


def _public_key(cose: bytes) -> PublicKey:
    return described(decoded_public_key_to_cryptography(decode_credential_public_key(cose)))
