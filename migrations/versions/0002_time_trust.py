"""Whose times they are: grades beside the report, unproven results, who a ticket is with.

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = (
    sa.Column("from_hospital", sa.Boolean(), nullable=False, server_default=sa.false()),
    sa.Column("unproven", sa.SmallInteger(), nullable=False, server_default="0"),
    sa.Column("blanks", sa.SmallInteger(), nullable=False, server_default="0"),
    sa.Column("assignee", sa.String(length=40), nullable=False, server_default=""),
    sa.Column("mode", sa.String(length=10), nullable=False, server_default=""),
    sa.Column("cause", sa.String(length=40), nullable=False, server_default=""),
    sa.Column("closure", sa.String(length=8), nullable=False, server_default=""),
)


def upgrade() -> None:
    """Add the columns and say of the tickets there what their events say."""
    for column in COLUMNS:
        op.add_column("ticket", column)
    op.add_column("ticket_type", sa.Column("confirm", sa.String(length=8), nullable=False, server_default="each"))
    op.add_column("ticket_type", sa.Column("agreed", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("unproven", "blanks"):
        condition = sa.text(f"{name} > 0")
        op.create_index(
            f"ix_ticket_{name}", "ticket", ["reported_at", "id"], sqlite_where=condition, postgresql_where=condition
        )
    op.create_index(
        "ix_ticket_from_hospital",
        "ticket",
        ["month"],
        sqlite_where=sa.text("from_hospital = 1"),
        postgresql_where=sa.text("from_hospital"),
    )
    op.execute("UPDATE ticket SET closure = 'signed' WHERE state = '已关闭'")
    op.execute(
        "UPDATE ticket SET from_hospital = true WHERE id IN (SELECT ticket_id FROM event "
        "WHERE kind = 'reported' AND side = 'hospital' AND grade <> '导入')"
    )
