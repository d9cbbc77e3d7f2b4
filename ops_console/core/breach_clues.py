"""Where a breach case may begin: tickets that the hospital or an alarm told of long before the vendor, or told late.

Not for filing (nothing here has any effect: people raise a clue, or let it be) nor for flags (`core/detectors.py`).
Signals are those of domain §5.2 “concealment”; each is a question about a record that both parties see.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops_console.core.detectors import ALIKE, FROM_HOSPITAL, alike
from ops_console.core.sentences import Sentence, sentence

EARLIER, LATE, FLAGGED = "earlier", "late", "flagged"
CLUE_NAMES = {EARLIER: "医院或告警先报", LATE: "登记偏晚", FLAGGED: "疑点"}
WITHIN = timedelta(hours=24)  # how far back an earlier report of the same matter is looked for


@dataclass(frozen=True)
class Report:
    """A fault as its ticket tells of it: when it was said to be reported, when that was entered, by whose side."""

    number: str
    module: str
    channel: str
    title: str
    reported_at: datetime
    recorded_at: datetime
    from_hospital: bool

    @property
    def is_hospitals(self) -> bool:
        """Whether the hospital's people, or an alarm, told of it: by account, or by the channel of a sheet's row."""
        return self.from_hospital or self.channel in FROM_HOSPITAL


@dataclass(frozen=True)
class Proposal:
    """That something may be a clue: its kind, the tickets (the vendor's first), why, and the flag it rests on."""

    kind: str
    numbers: tuple[str, ...]
    at: datetime
    why: Sentence
    flag_id: int | None = None


def proposals(reports: Iterable[Report], limit: timedelta) -> tuple[Proposal, ...]:
    """Given the faults of some time and the limit within which one is to be told, return what may be clues.

    Oldest first. A ticket is asked about once: that somebody else told of it before says more than that it was late.
    """
    by_module: dict[str, list[Report]] = defaultdict(list)
    ordered = sorted(reports, key=lambda one: (one.reported_at, one.number))
    for report in ordered:
        if report.is_hospitals:
            by_module[report.module].append(report)
    found = (
        _earlier(one, by_module[one.module], limit) or _late(one, limit) for one in ordered if not one.is_hospitals
    )
    return tuple(one for one in found if one is not None)


def _earlier(own: Report, others: Sequence[Report], limit: timedelta) -> Proposal | None:
    """The vendor's first word is its entry: before that the hospital had nothing from it."""
    first = bisect_left(others, own.recorded_at - WITHIN, key=lambda other: other.reported_at)
    last = bisect_left(others, own.recorded_at, key=lambda other: other.reported_at)
    for other in others[first:last]:
        ahead = own.recorded_at - other.reported_at
        if ahead > limit and _same(own, other):
            why = sentence(
                "%(channel)s %(at)s 已报（%(other)s），乙方 %(own)s 才登记，晚 %(ahead)s",
                channel=sentence(other.channel), at=other.reported_at, other=other.number, own=own.recorded_at,
                ahead=ahead,
            )  # fmt: skip
            return Proposal(EARLIER, (own.number, other.number), own.reported_at, why)
    return None


def _same(own: Report, other: Report) -> bool:
    """Whether two reports speak of one matter; the module's name is in both titles and says nothing."""
    return alike(*(one.title.replace(one.module, "") for one in (own, other))) >= ALIKE


def _late(own: Report, limit: timedelta) -> Proposal | None:
    lag = own.recorded_at - own.reported_at
    if lag <= limit:
        return None
    why = sentence(
        "乙方 %(at)s 接报，%(own)s 才登记，相隔 %(lag)s，超过 %(limit)s",
        at=own.reported_at, own=own.recorded_at, lag=lag, limit=limit,
    )  # fmt: skip
    return Proposal(LATE, (own.number,), own.reported_at, why)
