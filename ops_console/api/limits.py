"""How many requests a token (or a stranger's address) may send in a minute. Counted in this process's memory alone.

Several processes allow so many each: a limit against runaway scripts, not a security boundary.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Lock

WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Allowance:
    """What is left of a minute: the limit, how many more may come, and in how many seconds it begins anew."""

    limit: int
    remaining: int
    reset_seconds: int

    @property
    def is_over(self) -> bool:
        """Say whether this very request was too many."""
        return self.remaining < 0

    def headers(self) -> dict[str, str]:
        """Return the headers that tell it."""
        told = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.remaining)),
            "RateLimit-Reset": str(self.reset_seconds),
        }
        return told | ({"Retry-After": str(self.reset_seconds)} if self.is_over else {})


class Limits:
    """Counts requests by key within fixed minutes; the counts of a minute go when it ends."""

    def __init__(self, limit: int, seconds: Callable[[], float]) -> None:
        self._limit, self._seconds = limit, seconds
        self._lock = Lock()
        self._window, self._counts = -1, dict[str, int]()

    def take(self, key: str) -> Allowance:
        """Given who asks, count the request and return what is left."""
        seconds = self._seconds()
        window = int(seconds // WINDOW_SECONDS)
        with self._lock:
            if window != self._window:
                self._window, self._counts = window, {}
            self._counts[key] = count = self._counts.get(key, 0) + 1
        return Allowance(self._limit, self._limit - count, WINDOW_SECONDS - int(seconds % WINDOW_SECONDS))


def source(address: str | None) -> str:
    """Given a peer's address, return what a stranger is counted by: IPv4 as it is, IPv6 by its /64."""
    try:
        found = ip_address(address or "")
    except ValueError:
        return "unknown"
    return str(found) if found.version == 4 else ":".join(found.exploded.split(":")[:4]) + "::/64"
