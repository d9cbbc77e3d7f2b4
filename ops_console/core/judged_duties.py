"""Telling of duties in months: each once, and again only where a later fact changed what was said of it.

Not for what state a duty is in (`core/duties.py`) nor for the lines made of them (`core/clause_lines.py`). The same for
clocks: `core/judged_clocks.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ops_console.core.assessment_facts import DutyFact
from ops_console.core.contract_facts import OPEN
from ops_console.core.duties import KEPT, LATE, MISSED
from ops_console.core.moments import month_of

COUNTED = (KEPT, LATE, MISSED)


@dataclass(frozen=True)
class SaidDuty:
    """What frozen months said of a duty: `state` the last of them, `month` the first, whether one counted it as owed.

    Waived and open are not counted: what was waived and is owed again after all is counted where that is told.
    """

    month: str
    state: str
    counted: bool = True


def told(month: str, duties: Iterable[DutyFact], said: Mapping[str, SaidDuty]) -> tuple[DutyFact, ...]:
    """Given a month, duties as they are now and what frozen months said by id, return those that the month tells of.

    What no month told: as it is, and what was due in an earlier month says so. What one told: only where its state
    changed since, as a correction. One that is open again after it was counted stays as it was told until it settles.
    """
    found = (_again(duty, said[duty.id]) if duty.id in said else _fresh(duty, month) for duty in duties)
    return tuple(sorted((one for one in found if one is not None), key=lambda one: (one.due_at, int(one.id))))


def _fresh(duty: DutyFact, month: str) -> DutyFact:
    due_in = month_of(duty.due_at)
    return replace(duty, month="" if due_in == month else due_in)


def _again(duty: DutyFact, before: SaidDuty) -> DutyFact | None:
    if duty.state == before.state or (duty.state == OPEN and before.counted):
        return None
    return replace(duty, month=before.month, was=before.state if before.counted else None)


def heard(before: SaidDuty | None, month: str, state: str) -> SaidDuty:
    """Given what was said of a duty before (None: nothing), its first month and what is said now, return it in one."""
    counts = state in COUNTED
    if before is None:
        return SaidDuty(month, state, counts)
    return replace(before, state=state, counted=before.counted or counts)
