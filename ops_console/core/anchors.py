"""Daily anchors: what is bound by one, its digest, and the short line that people keep.

Not for making or sending them (`services/anchors.py`). Published form: `docs/audit-chain.md`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from ops_console.core.chain import GENESIS, canonical, microseconds

FORMAT = "ops-console/anchor/v1"
NO_ANCHOR = GENESIS  # what the first anchor names as the one before
KINDS = ("http", "folder", "download")


@dataclass(frozen=True)
class Anchor:
    """One day's anchor: the chain's count and head, the anchor before, and the whole body that its digest binds."""

    day: date
    seq: int
    head: str
    previous: str
    body: str
    digest: str

    @property
    def line(self) -> str:
        """The short line for people: `日锚 2026-03-05 #18233 9f3c0a5be2d1`."""
        return f"日锚 {self.day.isoformat()} #{self.seq} {self.digest[:12]}"

    @property
    def is_sound(self) -> bool:
        """Say whether digest, body and the columns beside it agree."""
        try:
            told = json.loads(self.body)
        except ValueError:
            return False
        beside = {"day": self.day.isoformat(), "count": self.seq, "head": self.head, "previous": self.previous}
        return digest_of(self.body) == self.digest and all(told.get(name) == value for name, value in beside.items())

    def sent(self) -> str:
        """Return the one line of JSON that receivers get and `anchors.jsonl` holds."""
        return canonical({"anchor": json.loads(self.body), "digest": self.digest})


def digest_of(body: str) -> str:
    """Given an anchor's canonical body, return its digest."""
    return hashlib.sha256(FORMAT.encode() + b"\0" + body.encode("utf-8")).hexdigest()


def make(
    day: date, count: int, head: str, previous: str, *, contract: str, at: datetime, bound: Mapping[str, object]
) -> Anchor:
    """Given the Shanghai day, the chain's count and head, the digest before and what else is bound, return it."""
    told = {
        "format": FORMAT, "contract": contract, "day": day.isoformat(), "count": count, "head": head,
        "previous": previous, "at": microseconds(at), **bound,
    }  # fmt: skip
    body = canonical(told)
    return Anchor(day, count, head, previous, body, digest_of(body))


def from_sent(line: str) -> Anchor:
    """Given a line as receivers get it, return the anchor. Raises ValueError when it is none."""
    told: Any = json.loads(line)
    try:
        body = told["anchor"]
        day = date.fromisoformat(body["day"])
        return Anchor(day, int(body["count"]), body["head"], body["previous"], canonical(body), told["digest"])
    except (KeyError, TypeError, AttributeError) as exc:
        raise ValueError("not an anchor") from exc
