"""The lists that a month's sample checks were committed to, the tickets drawn, what was said on the telephone.

Revision: 0023, after 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ANSWERS = "('', 'true', 'false', 'unreachable')"


def upgrade() -> None:
    """Make the tables of samples."""
    op.create_table(
        "sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("listed", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("near", sa.Integer(), nullable=False),
        sa.Column("vendor_alone", sa.Integer(), nullable=False),
        sa.Column("others", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("committed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("committed_by", sa.String(length=80), nullable=False),
        sa.Column("seed", sa.String(length=100), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("drawn_by", sa.String(length=80), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_by", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_sample_contract_id_contract"),
        sa.PrimaryKeyConstraint("id", name="pk_sample"),
    )
    op.create_index("uq_sample_month", "sample", ["contract_id", "month", "number"], unique=True)
    op.create_table(
        "sample_ticket",
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("strata", sa.String(length=30), nullable=False),
        sa.Column("answer", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_by", sa.String(length=80), nullable=False),
        sa.CheckConstraint(f"answer IN {ANSWERS}", name=op.f("ck_sample_ticket_answer")),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.id"], name="fk_sample_ticket_sample_id_sample"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_sample_ticket_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("sample_id", "place", name="pk_sample_ticket"),
    )
    op.create_index("ix_sample_ticket_ticket_id", "sample_ticket", ["ticket_id"])
