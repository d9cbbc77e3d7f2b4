"""Notes on a ticket that the hospital keeps for itself: what one may hold.

Not for what happens to a ticket (`core/tickets.py`): a note changes nothing about it.
"""

from __future__ import annotations

from ops_console.core.errors import Refused

NOTED = "noted"
LONGEST = 2000


def check_note(text: str) -> str:
    """Given what somebody wrote, return it without blanks around it. Raises Refused when empty or too long."""
    text = text.strip()
    if not text:
        raise Refused("请写备注内容。", field="note")
    if len(text) > LONGEST:
        raise Refused("备注最多 %(most)s 个字。", field="note", most=LONGEST)
    return text
