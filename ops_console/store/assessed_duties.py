"""What frozen months said of duties: which are still to be told, and which may have changed since they were."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ForeignKey, Index, String, and_, cast, delete, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.core.assessment_facts import DutyFact
from ops_console.core.contract_facts import OPEN
from ops_console.core.duties import LATE
from ops_console.core.judged_duties import SaidDuty, heard
from ops_console.core.moments import month_start, shift_month
from ops_console.store.assessments import AssessmentRow, by_others, frozen_before
from ops_console.store.audit import EventRow
from ops_console.store.base import Base
from ops_console.store.duties import SUBJECT, DutyRow

UNSETTLED = (OPEN, LATE)  # what is not done within its grace is missed after it, though nobody says a word


class SaidDutyRow(Base):
    """What a frozen month said of a duty. `month` is the one that it was first told in."""

    __tablename__ = "assessed_duty"
    assessment_id: Mapped[int] = mapped_column(ForeignKey("assessment.id"), primary_key=True)
    duty_id: Mapped[int] = mapped_column(ForeignKey("duty.id"), primary_key=True)
    month: Mapped[str] = mapped_column(String(7))
    state: Mapped[str] = mapped_column(String(8))
    __table_args__ = (Index("ix_assessed_duty_duty_id", "duty_id"),)


def keep(session: Session, assessment_id: int, month: str, duties: Iterable[DutyFact]) -> None:
    """Given a frozen month and the duties it tells of, keep that in place of what it said before."""
    session.execute(delete(SaidDutyRow).where(SaidDutyRow.assessment_id == assessment_id))
    rows = [
        {"assessment_id": assessment_id, "duty_id": int(duty.id), "month": duty.month or month, "state": duty.state}
        for duty in duties
    ]
    if rows:
        session.execute(insert(SaidDutyRow), rows)


def to_tell(session: Session, contract_id: int, month: str) -> Sequence[DutyRow]:
    """Given a contract and a month about to be assessed, return the duties that it may tell of, by due time.

    Due in it, or in one of the contract's frozen months before it, and told by none; and those told of which something
    came into the chain that the frozen month before could not see, or whose grace was running. Two statements.
    """
    before = frozen_before(session, contract_id, month)
    is_told = by_others(select(SaidDutyRow.duty_id), SaidDutyRow.assessment_id, contract_id, month).where(
        SaidDutyRow.duty_id == DutyRow.id
    )
    due = and_(DutyRow.due_at >= month_start(month), DutyRow.due_at < month_start(shift_month(month, 1)))
    wanted = due & ~is_told.exists()
    if before is not None:
        late = and_(
            DutyRow.due_at >= month_start(before.first), DutyRow.due_at < month_start(shift_month(before.last, 1))
        )
        touched = select(EventRow.subject_id).where(
            EventRow.subject == SUBJECT, EventRow.ticket_id.is_(None),
            (EventRow.seq > before.seq) | (EventRow.recorded_at > before.as_of),
        )  # fmt: skip
        unsettled = is_told.where(SaidDutyRow.state.in_(UNSETTLED))
        changed = is_told.exists() & (cast(DutyRow.id, String).in_(touched) | unsettled.exists())
        wanted |= (late & ~is_told.exists()) | changed
    query = select(DutyRow).where(DutyRow.contract_id == contract_id, wanted)
    return session.scalars(query.order_by(DutyRow.due_at, DutyRow.id)).all()


def said(session: Session, duty_ids: Iterable[int], contract_id: int, month: str) -> dict[str, SaidDuty]:
    """Given duties, a contract and a month, return what frozen months before that one said of each, by id as text."""
    query = select(SaidDutyRow.duty_id, SaidDutyRow.month, SaidDutyRow.state).where(
        SaidDutyRow.duty_id.in_(list(duty_ids))
    )
    query = by_others(query, SaidDutyRow.assessment_id, contract_id, month)
    found: dict[str, SaidDuty] = {}
    for row in session.execute(query.order_by(AssessmentRow.month, AssessmentRow.seq, AssessmentRow.id)):
        found[str(row.duty_id)] = heard(found.get(str(row.duty_id)), row.month, row.state)
    return found
