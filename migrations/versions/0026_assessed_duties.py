"""What frozen months said of duties, so that what changed since is told in a later month.

Revision: 0026, after 0025
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; what months frozen so far said stands in their facts."""
    table = op.create_table(
        "assessed_duty",
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("duty_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessment.id"], name="fk_assessed_duty_assessment_id_assessment"),
        sa.ForeignKeyConstraint(["duty_id"], ["duty.id"], name="fk_assessed_duty_duty_id_duty"),
        sa.PrimaryKeyConstraint("assessment_id", "duty_id", name="pk_assessed_duty"),
    )
    op.create_index("ix_assessed_duty_duty_id", "assessed_duty", ["duty_id"])
    connection = op.get_bind()
    for (frozen_id,) in connection.execute(sa.text("SELECT id FROM assessment ORDER BY id")).all():
        if rows := _told(connection, frozen_id):
            op.bulk_insert(table, rows)


def _told(connection: sa.Connection, frozen_id: int) -> list[dict[str, object]]:
    """One month at a time: the facts of a busy one are some megabytes."""
    chosen = sa.text("SELECT month, facts FROM assessment WHERE id = :id")
    month, facts = connection.execute(chosen, {"id": frozen_id}).one()
    lines = (json.loads(line) for line in facts.splitlines() if '"fact":"duties"' in line)
    return [
        {"assessment_id": frozen_id, "duty_id": int(line["id"]), "month": month, "state": line["state"]}
        for line in lines
    ]  # fmt: skip
