"""argon2id hashing, two at a time: each takes 64 MiB and a core for a while (OWASP and RFC 9106 parameters)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ops_console.core.errors import Refused

AT_ONCE = threading.BoundedSemaphore(2)
WAIT_SECONDS = 2.0


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for one's turn, but not for long: a flood of sign-ins must not hold every thread of the console."""
    if not AT_ONCE.acquire(timeout=WAIT_SECONDS):
        raise Refused("登录的人太多，请过几秒再试。", field="busy")
    try:
        yield
    finally:
        AT_ONCE.release()


class Argon2:
    """The console's password hasher: t=3, m=64 MiB, p=1."""

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 64 * 1024) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1)
        self._dummy = ""

    def hash(self, password: str) -> str:
        """Given a password, return its salted hash."""
        with _turn():
            return self._hasher.hash(password)

    def matches(self, stored: str, password: str) -> bool:
        """Given a stored hash ("" for nobody's) and a password, say whether they belong together.

        Nobody's hash takes the same time, so that an answer does not tell whether an account exists.
        """
        if not stored:
            self._dummy = self._dummy or self.hash("nobody")
        with _turn():
            try:
                return self._hasher.verify(stored or self._dummy, password) and bool(stored)
            except (VerificationError, InvalidHashError):
                return False

    def is_outdated(self, stored: str) -> bool:
        """Given a stored hash, say whether it was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)
