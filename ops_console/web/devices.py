"""The long-lived cookie by which a browser is known again: which one it is, and who signed in on it before.

Not for what a browser counts for: that is `services/devices.py`.
"""

from __future__ import annotations

import hashlib
import secrets

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

LIFETIME_SECONDS = 400 * 86400  # browsers keep none longer
REMEMBERED_ACCOUNTS = 5


def token() -> str:
    """Return this browser's token, or "" when it has none that we gave."""
    return str(_known().get("device", ""))


def new_token() -> str:
    """Return a token for a browser that has none: 128 random bits."""
    return secrets.token_hex(16)


def knows(account: str) -> bool:
    """Given an account, say whether it signed in on this browser before."""
    return account in _known().get("accounts", ())


def remember(response: Response, device_token: str, account: str = "") -> None:
    """Given an answer, a browser's token and who signed in (nobody: as before), keep them in that browser."""
    accounts = [a for a in _known().get("accounts", ()) if a != account]
    known = {"device": device_token, "accounts": ([account] if account else []) + accounts}
    known["accounts"] = known["accounts"][:REMEMBERED_ACCOUNTS]
    response.set_cookie(
        current_app.config["DEVICE_COOKIE_NAME"], _signer().dumps(known), max_age=LIFETIME_SECONDS, httponly=True,
        samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"],
    )  # fmt: skip


def _known() -> dict[str, object]:
    try:
        known = _signer().loads(
            request.cookies.get(current_app.config["DEVICE_COOKIE_NAME"], ""), max_age=LIFETIME_SECONDS
        )
    except BadSignature:
        return {}
    return known if isinstance(known, dict) else {}


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        current_app.config["SECRET_KEY"], salt="known device",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )  # fmt: skip
