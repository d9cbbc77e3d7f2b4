"""What becomes of a flag: it waits, the vendor may explain, the hospital says what it comes to. Never a verdict itself.

Not for finding flags (`core/detectors.py`, `core/patterns.py`).
"""

from __future__ import annotations

from ops_console.core.attachments import ATTACHED
from ops_console.core.detectors import NO_EVIDENCE
from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL
from ops_console.core.sheet_text import has_forbidden
from ops_console.core.tickets import CORRECTION_DECIDED, Event

WAITING, EXPLAINED, DOUBTFUL, SETTLED, UNFOUNDED, LAPSED = (
    "waiting",
    "explained",
    "doubtful",
    "settled",
    "unfounded",
    "lapsed",
)
STATES = (WAITING, EXPLAINED, DOUBTFUL, SETTLED, UNFOUNDED, LAPSED)
OPEN = (WAITING, EXPLAINED)  # nobody of the hospital has said yet what it comes to
VERDICTS = (DOUBTFUL, SETTLED, UNFOUNDED)
FOUND, TOLD, REVIEWED, GONE = "flag_found", "flag_explained", "flag_reviewed", "flag_lapsed"
LONGEST = 500


def may_answer(event: Event, detector: str) -> bool:
    """Given an event after a flag was found and its detector, say whether it may be why the flag's facts are gone.

    The hospital's word, a decided correction, or the file that was missing; what the vendor changed alone answers no
    question about the vendor.
    """
    if event.side == HOSPITAL or event.kind == CORRECTION_DECIDED:
        return True
    return event.kind == ATTACHED and detector == NO_EVIDENCE


def check_text(text: str, field: str) -> str:
    """Given what was typed about a flag and its field, return it without blanks around. Raises Refused."""
    plain = text.strip()
    if not plain:
        raise Refused("请写明理由。", field=field)
    if len(plain) > LONGEST or has_forbidden(plain):
        raise Refused("理由最多 %(n)s 个字，不能含控制字符。", field=field, n=LONGEST)
    return plain
