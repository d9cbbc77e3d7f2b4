"""Flags: what deserves a second look, of which tickets, and what the parties said about it.

Revision: 0015, after 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = "('waiting', 'explained', 'doubtful', 'settled', 'unfounded', 'lapsed')"


def upgrade() -> None:
    """Make the tables of flags and their tickets."""
    op.create_table(
        "flag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("detector", sa.String(length=30), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("explanation", sa.String(length=500), nullable=False),
        sa.Column("explained_by", sa.String(length=80), nullable=False),
        sa.Column("explained_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("reviewed_by", sa.String(length=80), nullable=False),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_flag_state")),
        sa.PrimaryKeyConstraint("id", name="pk_flag"),
        sa.UniqueConstraint("fingerprint", name="uq_flag_fingerprint"),
    )
    op.create_index("ix_flag_month_state", "flag", ["month", "state"])
    op.create_table(
        "flag_ticket",
        sa.Column("flag_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["flag_id"], ["flag.id"], name="fk_flag_ticket_flag_id_flag"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_flag_ticket_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("flag_id", "ticket_id", name="pk_flag_ticket"),
    )
    op.create_index("ix_flag_ticket_ticket_id", "flag_ticket", ["ticket_id"])
