"""A contract's final settlement (合同终期结算) in a few figures, beside its last month.

The settlement itself is the month after the last one, computed, frozen and signed like any (`services/assessments.py`).
Only reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.moments import month_of, shift_month
from ops_console.core.months import is_final
from ops_console.core.people import Actor
from ops_console.services import assessments
from ops_console.services.assessments import Month
from ops_console.services.contracts import Book


@dataclass(frozen=True)
class Final:
    """What landed after a contract's last month: clocks settled late (结转) and corrected (更正), duties that fell due
    after it, and what is deducted in 分.
    """

    month: Month
    carried: int
    corrected: int
    duties: int
    deducted: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing landed after the last month."""
        return not (self.carried or self.corrected or self.duties or self.deducted)


def final_of(session: Session, book: Book, last: Month, actor: Actor, now: datetime) -> Final | None:
    """Given a month, who asks and now, return the final settlement where it is the contract's last month and over."""
    following = shift_month(last.life.month, 1)
    if not is_final(last.version.terms, following) or month_of(now) < following:
        return None
    month = assessments.of_month(session, book, last.contract_id, following, actor, now)
    limits = month.assessment.limits
    return Final(
        month, carried=sum(line.population for line in limits), corrected=sum(len(line.corrected) for line in limits),
        duties=len(month.facts.duties),
        deducted=sum(line.amount for line in month.assessment.money.lines),
    )  # fmt: skip
