"""What both parties agree to besides the contract's versions, and files that prove something else than a ticket.

Revision: 0016, after 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = "('proposed', 'in_force', 'refused', 'withdrawn', 'replaced')"


def upgrade() -> None:
    """Make the tables of agreements and proofs."""
    op.create_table(
        "agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("proof", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposed_side", sa.String(length=12), nullable=False),
        sa.Column("hospital_by", sa.String(length=80), nullable=True),
        sa.Column("hospital_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("vendor_by", sa.String(length=80), nullable=True),
        sa.Column("vendor_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=500), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_agreement_state")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_agreement_contract_id_contract"),
        sa.PrimaryKeyConstraint("id", name="pk_agreement"),
    )
    op.create_index("uq_agreement_number", "agreement", ["contract_id", "subject", "key", "number"], unique=True)
    op.create_index("ix_agreement_subject_state", "agreement", ["subject", "state"])
    op.create_table(
        "proof",
        sa.Column("id", BIG, nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("code", sa.String(length=4), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("scan", sa.String(length=12), nullable=False),
        sa.Column("patient", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_proof"),
    )
    op.create_index("ix_proof_subject", "proof", ["subject", "subject_id", "id"])
    op.create_index("ix_proof_digest", "proof", ["digest"])
