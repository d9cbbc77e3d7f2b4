"""What uses the contract's yearly caps, and how far tickets' classes are settled by both parties.

Revision: 0018, after 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ENTRY_STATES = "('asked', 'held', 'reserved', 'used', 'returned')"
CLASS_STATES = "('settled', 'waiting', 'ruled', 'objected', 'differed')"
OUTCOMES = "('', 'upheld', 'maintained', 'taken_back', 'changed')"


def upgrade() -> None:
    """Make the tables of caps' entries, of classes that are not settled, and of objections."""
    op.create_table(
        "cap_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("clause", sa.String(length=20), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("requester", sa.String(length=100), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("ticket_id", BIG, nullable=True),
        sa.Column("dedup_key", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sheet_on", sa.Date(), nullable=True),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=80), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_by", sa.String(length=80), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("why", sa.String(length=12), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("document", sa.String(length=80), nullable=False),
        sa.Column("fee", sa.BigInteger(), nullable=True),
        sa.Column("deferred_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("not_before", sa.Date(), nullable=True),
        sa.Column("into_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(f"state IN {ENTRY_STATES}", name=op.f("ck_cap_entry_state")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_cap_entry_contract_id_contract"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_cap_entry_ticket_id_ticket"),
        sa.ForeignKeyConstraint(["into_id"], ["cap_entry.id"], name="fk_cap_entry_into_id_cap_entry"),
        sa.PrimaryKeyConstraint("id", name="pk_cap_entry"),
        sa.UniqueConstraint("dedup_key", name="uq_cap_entry_dedup_key"),
    )
    op.create_index("ix_cap_entry_contract_year", "cap_entry", ["contract_id", "year", "clause", "state"])
    op.create_index("ix_cap_entry_ticket_id", "cap_entry", ["ticket_id"])
    op.create_table(
        "ticket_class",
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("type", sa.String(length=30), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("waits_hospital", sa.Boolean(), nullable=False),
        sa.Column("waits_vendor", sa.Boolean(), nullable=False),
        sa.Column("lacks_order", sa.Boolean(), nullable=False),
        sa.Column("exempt", sa.Boolean(), nullable=False),
        sa.CheckConstraint(f"state IN {CLASS_STATES}", name=op.f("ck_ticket_class_state")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_class_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_ticket_class"),
    )
    op.create_table(
        "objection",
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=30), nullable=False),
        sa.Column("wished", sa.String(length=30), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("settled_by", sa.String(length=80), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"outcome IN {OUTCOMES}", name=op.f("ck_objection_outcome")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_objection_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("ticket_id", "number", name="pk_objection"),
    )
    op.create_index("ix_objection_raised_at", "objection", ["raised_at"])
