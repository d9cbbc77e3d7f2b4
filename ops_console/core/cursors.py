"""Where a walk through the list of tickets stands: after which ticket, in which order, of which filter.

A cursor is opaque to callers but no secret: it names a place in an order, and rights are asked anew with every page.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta

from ops_console.core.chain import EPOCH, microseconds
from ops_console.core.errors import Refused
from ops_console.core.ticket_lists import Filter

LONGEST = 200
LAST = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True)
class Place:
    """The last ticket of the page before: when it was reported, and its row."""

    reported_at: datetime
    row_id: int


def write_cursor(place: Place, chosen: Filter, *, descending: bool) -> str:
    """Given the last ticket of a page and what the walk is over, return the cursor of the next page."""
    plain = [microseconds(place.reported_at), place.row_id, _mark(chosen, descending=descending)]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def read_cursor(text: str, chosen: Filter, *, descending: bool) -> Place:
    """Given a cursor and what the walk is over, return its place.

    Raises Refused when it is none, or one of another filter or order.
    """
    reported, row_id, mark = _parts(text)
    if mark != _mark(chosen, descending=descending):
        raise Refused("这个游标属于另一组筛选条件；请用同样的条件翻页，或从第一页开始。", field="cursor")
    return Place(EPOCH + timedelta(microseconds=reported), row_id)


def _parts(text: str) -> tuple[int, int, str]:
    wrong = Refused("游标不正确；请原样使用上一页返回的 next。", field="cursor")
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        plain = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True)) if len(text) <= LONGEST else None
    except (ValueError, binascii.Error) as exc:
        raise wrong from exc
    if not isinstance(plain, list) or [type(part) for part in plain] != [int, int, str]:
        raise wrong
    if not 0 <= plain[0] <= microseconds(LAST) or not 0 <= plain[1] < 2**63:
        raise wrong
    return plain[0], plain[1], plain[2]


def _mark(chosen: Filter, *, descending: bool) -> str:
    told = json.dumps([astuple(chosen), descending], ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()[:12]
