"""Facts of a month that people enter, where no module of the console counts them.

Revision: 0022, after 0021
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SOURCES = "('module', 'import', 'form')"
STATES = "('entered', 'confirmed', 'objected', 'withdrawn')"


def upgrade() -> None:
    """Make the table of monthly entries."""
    op.create_table(
        "month_entry",
        sa.Column("id", BIG, nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("measure", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=8), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=False),
        sa.Column("denominator", sa.Integer(), nullable=False),
        sa.Column("is_ratio", sa.Boolean(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("entered_by", sa.String(length=80), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("answered_by", sa.String(length=80), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.CheckConstraint(f"source IN {SOURCES}", name=op.f("ck_month_entry_source")),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_month_entry_state")),
        sa.CheckConstraint("numerator >= 0 AND denominator >= 0", name=op.f("ck_month_entry_value")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_month_entry_contract_id_contract"),
        sa.PrimaryKeyConstraint("id", name="pk_month_entry"),
    )
    op.create_index("uq_month_entry_number", "month_entry", ["contract_id", "month", "measure", "number"], unique=True)
