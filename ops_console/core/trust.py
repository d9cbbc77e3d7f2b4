"""How far a time can be believed: its grade when it is recorded, and whether it counts as proven (domain §5.1).

Not for storing and not for the detectors. A grade is a fact of the event; whether a time is proven changes with the
other party's word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, Actor
from ops_console.core.tickets import Stamp

GRADE_HOSPITAL, GRADE_PROMPT, GRADE_PROVED, GRADE_BARE = "A", "B", "C", "D"
LATEST_BACKFILL = timedelta(hours=24)


@dataclass(frozen=True)
class Claim:
    """A time that somebody gives: when it is said to have happened, when it is recorded (UTC), with which proof."""

    at: datetime
    recorded_at: datetime
    evidence: tuple[str, ...] = ()


def grade_of(claim: Claim, actor: Actor, prompt: timedelta) -> str:
    """Given a claim, who makes it and how late counts as prompt (15 minutes), return its grade A, B, C or D.

    A: the console's own clock on an act of the hospital's side, on a device that no vendor account ever used.
    B: within `prompt` of the claimed moment (inclusive). C: later, with proof. D: later, without.
    """
    late = claim.recorded_at - claim.at
    if late <= timedelta() and actor.side == HOSPITAL and actor.on_clean_device:
        return GRADE_HOSPITAL
    if late <= prompt:
        return GRADE_PROMPT
    return GRADE_PROVED if claim.evidence else GRADE_BARE


def check_claim(at: datetime, now: datetime) -> None:
    """Given a claimed time and now, let it pass. Raises Refused when it lies ahead or is older than a day."""
    if at > now:
        raise Refused("时间不能晚于现在，请改正时间。", field="occurred_at")
    if now - at > LATEST_BACKFILL:
        raise Refused(
            "补录只接受 24 小时以内的时间；更早的请先按现在登记，再提交更正单由对方批准。", field="occurred_at"
        )


def is_proven(name: str, stamp: Stamp) -> bool:
    """Given the name of a time and where it comes from, say whether it counts as proven.

    Late claims of the hospital's side burden nobody but itself. A late report time with proof is accepted; a late
    answer, arrival or restore waits for the hospital's word, proof or not. A file that was marked void proves nothing;
    the hospital's word given on a time stands without it.
    """
    if stamp.accepted or stamp.side == HOSPITAL or stamp.grade not in (GRADE_PROVED, GRADE_BARE):
        return True
    return name == "reported_at" and stamp.grade == GRADE_PROVED and stamp.accepted is None and bool(stamp.proof)


def unproven(stamps: Mapping[str, Stamp]) -> tuple[str, ...]:
    """Given a ticket's stamps by name, return the names of the times that do not count as proven.

    A restore that the hospital rejected is not among them: it counts for nothing, so nobody is asked about it.
    """
    return tuple(name for name, stamp in stamps.items() if stamp.rejected_at is None and not is_proven(name, stamp))


def is_from_hospital(stamp: Stamp) -> bool:
    """Given where a time comes from, say whether the hospital's side gave it here, not a sheet taken over.

    Without an account only a browser or a network that is known to be the hospital's own says so.
    """
    if stamp.without_account and stamp.grade != GRADE_HOSPITAL:
        return False
    return stamp.side == HOSPITAL and stamp.grade in (GRADE_HOSPITAL, GRADE_PROMPT, GRADE_PROVED, GRADE_BARE)


def all_proven(names: Iterable[str], stamps: Mapping[str, Stamp]) -> bool:
    """Given names of times and a ticket's stamps, say whether all that are there count as proven."""
    return all(is_proven(name, stamps[name]) for name in names if name in stamps)
