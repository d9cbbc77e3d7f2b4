"""Second factors as arithmetic: time-based codes (RFC 6238: SHA-1, 30 s, 6 digits) and printed code cards.

Not for keeping them, for counting tries or for who has to have one (`services/factors.py`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from urllib.parse import quote

TOTP, CARD = "totp", "card"
STEP_SECONDS, DIGITS, DRIFT = 30, 6, 1
SEED_BYTES = 20  # 160 bits, as RFC 4226 wants
CARD_CODES, CARD_DIGITS = 60, 8
FRESH = timedelta(minutes=5)
TRIES, LOCKED_FOR = 5, timedelta(minutes=5)


def new_seed() -> str:
    """Return a seed of 160 random bits as authenticator apps take it: base 32."""
    return base64.b32encode(secrets.token_bytes(SEED_BYTES)).decode()


def counter_at(now: datetime) -> int:
    """Given an instant, return the number of its 30-second step since 1970."""
    return int(now.timestamp()) // STEP_SECONDS


def code_of(seed: str, counter: int) -> str:
    """Given a seed in base 32 and a counter, return its code of six digits (RFC 4226 §5.3).

    >>> code_of("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 1)
    '287082'
    """
    digest = hmac.new(base64.b32decode(seed), counter.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_counter(seed: str, code: str, now: datetime) -> int | None:
    """Given a seed, what was typed and now, return the counter whose code it is, one step early or late, or None."""
    found = None
    for counter in range(counter_at(now) - DRIFT, counter_at(now) + DRIFT + 1):
        if hmac.compare_digest(code_of(seed, counter).encode(), code.encode()):
            found = counter
    return found


def enrolment_address(seed: str, account: str, issuer: str) -> str:
    """Given a seed, an account and the console's name, return what an authenticator app reads from the picture."""
    label = f"{quote(issuer, safe='')}:{quote(account, safe='')}"
    return (
        f"otpauth://totp/{label}?secret={seed}&issuer={quote(issuer, safe='')}"
        f"&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}"
    )


def new_card() -> tuple[str, ...]:
    """Return the codes of a card: each of eight random digits, 26 bits."""
    return tuple(f"{secrets.randbelow(10**CARD_DIGITS):0{CARD_DIGITS}d}" for _ in range(CARD_CODES))


def hashed_code(key: bytes, place: tuple[int, int, int], code: str) -> str:
    """Given the console's key, the code's place (person, card, position) and a code, return what is kept of it."""
    told = ":".join(map(str, place)) + f":{code}"
    return hmac.new(key, b"ops-console/code-card/v1\0" + told.encode(), hashlib.sha256).hexdigest()


def typed_code(text: str) -> str:
    """Given what somebody typed, return its digits: blanks and hyphens fall away, full-width digits become plain."""
    return "".join(str(int(c)) for c in text[:40] if c.isdecimal())
