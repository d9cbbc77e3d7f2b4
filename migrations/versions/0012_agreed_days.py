"""The day that both parties agreed on for a ticket, beside its state: so that the day's duties name it.

Revision: 0012, after 0011
"""

import json
from datetime import date

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and say of the tickets there what both parties agreed on last."""
    op.add_column("ticket", sa.Column("agreed_on", sa.Date(), nullable=True))
    condition = sa.text("agreed_on IS NOT NULL")
    op.create_index("ix_ticket_agreed_on", "ticket", ["agreed_on"], sqlite_where=condition, postgresql_where=condition)
    connection = op.get_bind()
    set_day = sa.text("UPDATE ticket SET agreed_on = :day WHERE id = :id").bindparams(
        sa.bindparam("day", type_=sa.Date())
    )
    for ticket_id, day in _agreed(connection).items():
        connection.execute(set_day, {"id": ticket_id, "day": date.fromisoformat(day)})


def _agreed(connection: sa.Connection) -> dict[int, str]:
    """The day that was approved last, by ticket id. An approval without its value is about what was proposed last."""
    told = connection.execute(
        sa.text(
            "SELECT ticket_id, kind, facts FROM event WHERE kind IN ('correction_proposed', 'correction_decided') "
            "AND ticket_id IS NOT NULL ORDER BY seq"
        )
    )
    proposed: dict[int, str] = {}
    agreed: dict[int, str] = {}
    for ticket_id, kind, text in told:
        facts = json.loads(text)
        if facts.get("field") != "agreed_on":
            continue
        if kind == "correction_proposed":
            proposed[ticket_id] = facts["new"]
        elif facts.get("approved") and ticket_id in proposed and facts.get("new") in (None, proposed[ticket_id]):
            agreed[ticket_id] = proposed[ticket_id]
    return agreed
