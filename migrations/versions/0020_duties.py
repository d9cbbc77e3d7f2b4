"""Duties of periods and events, what was delivered for them, and what is linked as evidence.

Revision: 0020, after 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

LOOKED_AT = sa.text("next_look_at IS NOT NULL")


def upgrade() -> None:
    """Make the tables of duties, deliveries and links."""
    op.create_table(
        "duty",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("clause", sa.String(length=20), nullable=False),
        sa.Column("task", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("basis", sa.String(length=20), nullable=False),
        sa.Column("period_start", sa.Date(), nullable=True),
        sa.Column("period_end", sa.Date(), nullable=True),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("ref", sa.String(length=40), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked", sa.String(length=500), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grace_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waived_by", sa.String(length=80), nullable=False),
        sa.Column("waived_reason", sa.String(length=500), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_duty_contract_id_contract"),
        sa.ForeignKeyConstraint(["version_id"], ["contract_version.id"], name="fk_duty_version_id_contract_version"),
        sa.PrimaryKeyConstraint("id", name="pk_duty"),
        sa.UniqueConstraint("contract_id", "key", name="uq_duty_contract_id_key"),
    )
    op.create_index("ix_duty_due_at", "duty", ["due_at", "id"])
    op.create_index("ix_duty_event_ref", "duty", ["event", "ref"])
    op.create_index(
        "ix_duty_next_look_at", "duty", ["next_look_at"], sqlite_where=LOOKED_AT, postgresql_where=LOOKED_AT
    )
    op.create_table(
        "duty_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("duty_id", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("grade", sa.String(length=8), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("claim_counts", sa.Boolean(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("taken_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["duty_id"], ["duty.id"], name="fk_duty_delivery_duty_id_duty"),
        sa.PrimaryKeyConstraint("id", name="pk_duty_delivery"),
    )
    op.create_index("ix_duty_delivery_duty_id", "duty_delivery", ["duty_id"])
    op.create_table(
        "duty_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("duty_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("ref", sa.String(length=200), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('ticket', 'inspection', 'reference')", name=op.f("ck_duty_link_kind")),
        sa.ForeignKeyConstraint(["duty_id"], ["duty.id"], name="fk_duty_link_duty_id_duty"),
        sa.PrimaryKeyConstraint("id", name="pk_duty_link"),
    )
    op.create_index("ix_duty_link_duty_id", "duty_link", ["duty_id"])
