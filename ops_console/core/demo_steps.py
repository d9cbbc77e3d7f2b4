"""The demo year's steps: what somebody does at a moment, one step one act; a ticket's life is a list of them.

Not for drawing lives (`core/demo_lives.py`) nor for acting (`services/demo_acts.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ops_console.core.demo_words import Said

# What a step may be besides a move, which is named as its event is.
OPEN, PUBLIC, PUBLIC_ANSWER, RETYPE, DESCRIBE, ACCEPT, PROPOSE = (
    "open", "public", "public_answer", "retype", "describe", "accept", "propose",
)  # fmt: skip

# About the class of a change and its cap (`core/demo_caps.py`).
CLASS_CONFIRM, CLASS_EXEMPT, CLASS_ORDER = "class_confirm", "class_exempt", "class_order"
CAP_SHEET, CAP_SIGN, CAP_START = "cap_sheet", "cap_sign", "cap_start"
CAP_DEFER, CAP_ACCEPT = "cap_defer", "cap_accept"


@dataclass(frozen=True)
class Step:
    """One act: when it is recorded, of which story, what, by which account ("" for a reporter without one).

    `claimed_at` is when it is said to have happened (None: then); `proved`: with a file that shows it.
    """

    at: datetime
    story: str
    act: str
    who: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)
    claimed_at: datetime | None = None
    proved: bool = False


@dataclass(frozen=True)
class Story:
    """One ticket's life: its key, its type as it comes to be, its channel, what was said, its steps."""

    key: str
    type: str
    channel: str
    said: Said
    steps: tuple[Step, ...]


def in_order(stories: Iterable[Story], until: datetime) -> list[Step]:
    """Given stories and an instant, return their steps up to it as they follow on each other."""
    steps = [(step.at, story.key, n, step) for story in stories for n, step in enumerate(story.steps)]
    return [step for at, _, _, step in sorted(steps, key=lambda found: found[:3]) if at <= until]
