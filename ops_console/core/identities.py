"""Who a provider of identities (OpenID Connect) says somebody is, and which accounts it may sign in at all.

Not for asking the provider (`adapters/identity_provider.py`) nor for whose account it is (`services/identities.py`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from ops_console.core.people import HOSPITAL, NEUTRAL, VENDOR, side_of

BOTH = "both"
PARTIES = (HOSPITAL, VENDOR, BOTH)
TAKES = timedelta(minutes=10)


@dataclass(frozen=True)
class Rule:
    """Which accounts the provider at `issuer` may sign in: those of `party` whose role is one of `roles`."""

    issuer: str
    party: str
    roles: tuple[str, ...]

    def admits(self, role: str, holder: str | None) -> bool:
        """Given an account's role and whose administrator it is, say whether the provider may sign it in.

        >>> Rule("https://sso.example.org", "hospital", ("hospital",)).admits("vendor", None)
        False
        """
        return role in self.roles and is_of(self.party, role, holder)


def is_of(party: str, role: str, holder: str | None = None) -> bool:
    """Given a party (or both), a role and a duty's holder, say whether such an account is not the other party's."""
    side = side_of(role, holder)
    return party == BOTH or side not in {HOSPITAL, VENDOR} - {party} or side == NEUTRAL


@dataclass(frozen=True)
class Identity:
    """Who somebody is to the provider: its `subject`, which it never gives another, and the name links are made by."""

    issuer: str
    subject: str
    name: str

    def mark(self, key: bytes) -> str:
        """Given a secret key, return what the same name is known again by, and nobody else reads a name from."""
        return hmac.new(key, f"{self.issuer}\n{self.name}".encode(), "sha256").hexdigest()[:16]


@dataclass(frozen=True)
class Attempt:
    """A sign-in on its way through the provider: what only the browser that began it knows, and when it began."""

    state: str
    nonce: str
    verifier: str
    began_at: str

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (RFC 7636, S256)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def is_over(self, now: datetime) -> bool:
        """Given now, say whether it began too long ago, or in the future."""
        return not timedelta() <= now - datetime.fromisoformat(self.began_at) <= TAKES

    def plain(self) -> dict[str, str]:
        """Return it as the browser's signed cookie keeps it."""
        return asdict(self)


def begin(now: datetime) -> Attempt:
    """Given now, return a new attempt: 256 random bits each."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Attempt(state, nonce, verifier, now.isoformat())


def from_plain(kept: object) -> Attempt | None:
    """Given what the cookie kept, return the attempt, or None when it keeps none."""
    names = [place.name for place in fields(Attempt)]
    if not isinstance(kept, Mapping) or not all(isinstance(kept.get(name), str) for name in names):
        return None
    return Attempt(**{name: kept[name] for name in names})
