"""What quick lines are read by: the words people taught the console, and what recent tickets call things."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, case, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base, insert_over
from ops_console.store.tickets import TicketRow

MOST_ALIASES, RECENT = 2000, 1000


class AliasRow(Base):
    """That a word of quick lines means a department or a module; `times` tells how often people said so in a row."""

    __tablename__ = "alias"
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    word: Mapped[str] = mapped_column(String(40), primary_key=True)
    meaning: Mapped[str] = mapped_column(String(100))
    times: Mapped[int]
    taught_by: Mapped[str] = mapped_column(String(80))
    taught_at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("kind IN ('department', 'module')", name="kind"),
        Index("ix_alias_taught_at", "taught_at"),
    )


def aliases(session: Session) -> Sequence[AliasRow]:
    """Given nothing, return what was taught last, at most MOST_ALIASES. One statement."""
    return session.scalars(
        select(AliasRow).order_by(AliasRow.taught_at.desc(), AliasRow.word).limit(MOST_ALIASES)
    ).all()


def teach(session: Session, *, kind: str, word: str, meaning: str, by: str, at: datetime) -> None:
    """Given a word and what it means, keep it: said again it counts once more, said otherwise it begins anew."""
    row = {"kind": kind, "word": word, "meaning": meaning, "times": 1, "taught_by": by, "taught_at": at}
    statement = insert_over(session, AliasRow).values(row)
    again = case((AliasRow.meaning == statement.excluded.meaning, AliasRow.times + 1), else_=1)
    kept = {name: statement.excluded[name] for name in ("meaning", "taught_by", "taught_at")}
    session.execute(statement.on_conflict_do_update(index_elements=["kind", "word"], set_={**kept, "times": again}))


def recent(session: Session) -> Sequence[Any]:
    """Given nothing, return what the RECENT tickets reported last call their type, module, place and person."""
    columns = (TicketRow.type, TicketRow.module, TicketRow.department, TicketRow.reporter)
    return session.execute(
        select(*columns).order_by(TicketRow.reported_at.desc(), TicketRow.id.desc()).limit(RECENT)
    ).all()
