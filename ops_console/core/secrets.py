"""Secrets in memory: each knows how not to be seen, and all that live can be struck out of a text.

Not for reading (`settings`) or sealing them (`adapters/sealing.py`).
"""

from __future__ import annotations

import base64
import shlex
from typing import Any
from urllib.parse import quote
from weakref import WeakSet

SHORTEST = 6  # shorter ones would strike out ordinary words
LIVING: WeakSet[Secret] = WeakSet()


class Secret:
    """A secret in memory: shows as ***, and gives its value only by `reveal()`."""

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        LIVING.add(self)

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled")


def struck_out(text: str) -> str:
    """Given a text, return it with every living secret replaced: as it is, or as URLs, base64 and shells write it."""
    for form in sorted({form for secret in list(LIVING) for form in _forms(secret.reveal())}, key=len, reverse=True):
        text = text.replace(form, "***")
    return text


def _forms(value: str) -> tuple[str, ...]:
    if len(value) < SHORTEST:
        return ()
    raw = value.encode("utf-8", "replace")
    coded = (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode())
    return (value, quote(value), quote(value, safe=""), *(text.rstrip("=") for text in coded), shlex.quote(value))
