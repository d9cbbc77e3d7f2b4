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

FILE = "file"  # a record of what was done is attached

# About the class of a change and its cap (`core/demo_caps.py`).
CLASS_CONFIRM, CLASS_EXEMPT, CLASS_ORDER = "class_confirm", "class_exempt", "class_order"
CLASS_OBJECT, CLASS_ANSWER = "class_object", "class_answer"
CAP_SHEET, CAP_SIGN, CAP_START = "cap_sheet", "cap_sign", "cap_start"
CAP_DEFER, CAP_ACCEPT = "cap_defer", "cap_accept"

# About the contract (`core/demo_contract.py`): of no story.
SHEET_PROPOSED, SHEET_CONFIRMED = "sheet_proposed", "sheet_confirmed"
DUTIES_DONE, DUTIES_ACCEPTED, DUTY_ASKED = "duties_done", "duties_accepted", "duty_asked"
RELEASED, VERSION_TOLD, VERSION_DECIDED = "released", "version_told", "version_decided"
CASE_RAISED, CASE_FILED, CASE_STATED, CASE_FOUND = "case_raised", "case_filed", "case_stated", "case_found"
CASE_DECIDED, CASE_EXECUTED, CASE_SENT = "case_decided", "case_executed", "case_sent"
ENTRIES_MADE, ENTRIES_CONFIRMED = "entries_made", "entries_confirmed"
MONTH_EXPLAINED, MONTH_ANSWERED, MONTH_ADJUSTED = "month_explained", "month_answered", "month_adjusted"
SAMPLE_LISTED, SAMPLE_DRAWN, SAMPLE_ANSWERED = "sample_listed", "sample_drawn", "sample_answered"
DELEGATED, MONTH_SIGNED, MONTH_PAID = "delegated", "month_signed", "month_paid"


@dataclass(frozen=True)
class Step:
    """One act: when it is recorded, of which story ("" for none), what, by which account ("" for one without).

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


def in_order(stories: Iterable[Story], until: datetime, besides: Iterable[Step] = ()) -> list[Step]:
    """Given stories, steps of no story and an instant, return the steps up to it as they follow on each other."""
    steps = [(step.at, story.key, n, step) for story in stories for n, step in enumerate(story.steps)]
    steps += [(step.at, "", n, step) for n, step in enumerate(besides)]
    return [step for at, _, _, step in sorted(steps, key=lambda found: found[:3]) if at <= until]
