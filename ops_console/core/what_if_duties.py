"""Duties of a month under other answers: what would be owed, until when, and what of it was done all the same.

Not for making duties (`services/duty_plans.py`) nor for finding them (`services/what_if_months.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ops_console.core.contracts import ASSIST, LEAD
from ops_console.core.duties import Duty
from ops_console.core.terms import Terms


@dataclass(frozen=True)
class Owed:
    """What is owed by key now and under other answers, as the contract alone tells it, done or not."""

    old: Mapping[str, Duty]
    new: Mapping[str, Duty]

    def changed(self, month: str) -> tuple[str, ...]:
        """Given a month, return the keys of what is owed otherwise and is due in it on either side."""
        return tuple(
            key for key in dict.fromkeys((*self.old, *self.new))
            if _same(self.old.get(key)) != _same(self.new.get(key))
            and month in {duty.month for duty in (self.old.get(key), self.new.get(key)) if duty is not None}
        )  # fmt: skip


def _same(duty: Duty | None) -> tuple[object, ...]:
    return (duty.name, duty.due_at, duty.grace_until, duty.period_end) if duty else ()


def rearranged(month: str, stored: Iterable[Duty], owed: Owed, known: Mapping[str, Duty]) -> tuple[Duty, ...]:
    """Given a month, its duties as they stand, what is owed by both sets of answers, and the duties that stand
    anywhere by key, return the month's duties under the other answers.

    What is owed alike stays as it stands. What is owed otherwise keeps what was done for it. What is owed no more goes,
    and what was done for it counts for another task of its clause and period that nobody did: of 对账 or 统计 once a
    month (K5) either will do.
    """
    changed = set(owed.changed(month))
    kept = [duty for duty in stored if duty.key not in changed]
    wanted = [_with_done(owed.new[key], known.get(key)) for key in sorted(changed) if key in owed.new]
    gone = [known[key] for key in sorted(changed) if key not in owed.new and key in known]
    mine = [*kept, *(duty for duty in wanted if duty.month == month)]
    return tuple(sorted(_made_up(mine, gone), key=lambda duty: (duty.due_at, duty.key)))


def _with_done(wanted: Duty, stood: Duty | None) -> Duty:
    if stood is None:
        return wanted
    return replace(
        stood, name=wanted.name, due_at=wanted.due_at, grace_until=wanted.grace_until, period_end=wanted.period_end,
        provisional=wanted.provisional,
    )  # fmt: skip


def _made_up(duties: Sequence[Duty], gone: Sequence[Duty]) -> list[Duty]:
    left = [duty for duty in gone if duty.delivered_at is not None]
    found = []
    for duty in duties:
        other = next((one for one in left if _is_alike(duty, one)), None)
        if other is not None:
            left.remove(other)
            duty = replace(
                duty, delivered_at=other.delivered_at, accepted_at=other.accepted_at, evidence=other.evidence
            )
        found.append(duty)
    return found


def _is_alike(duty: Duty, other: Duty) -> bool:
    if duty.delivered_at is not None or duty.waived_at is not None or duty.period_start is None:
        return False
    return (duty.clause, duty.period_start) == (other.clause, other.period_start)


def taken_over(old: Terms, new: Terms) -> frozenset[str]:
    """Given the terms now and under other answers, return the clauses that the vendor would answer for alone (K9)."""
    return frozenset(
        clause.id for clause in new.clauses
        if clause.responsibility == LEAD
        and (before := old.clause(clause.id)) is not None and before.responsibility == ASSIST
    )  # fmt: skip


def answered_for(duties: Iterable[Duty], clauses: Collection[str], excused: Collection[int]) -> tuple[Duty, ...]:
    """Given duties, the clauses that the vendor would answer for, and the ids of what the hospital itself waived,
    return the duties with those waivers taken back: a third party's delay would be the vendor's.
    """
    return tuple(
        replace(duty, waived_at=None, waived_reason="") if duty.clause in clauses and duty.id in excused else duty
        for duty in duties
    )
