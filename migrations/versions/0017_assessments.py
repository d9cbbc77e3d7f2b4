"""Frozen months with their documents and what each said of every clock; the parties' words and signatures.

Revision: 0017, after 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORDS = "('explained', 'adjusted', 'objected', 'answered')"
METHODS = "('login', 'offline_key', 'webauthn', 'paper')"


def upgrade() -> None:
    """Make the tables of months, judged clocks, words and signatures."""
    op.create_table(
        "assessment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_by", sa.String(length=80), nullable=False),
        sa.Column("notified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("points", sa.Integer(), nullable=True),
        sa.Column("grade", sa.String(length=20), nullable=False),
        sa.Column("payable", BIG, nullable=True),
        sa.CheckConstraint("state IN ('frozen', 'locked')", name=op.f("ck_assessment_state")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_assessment_contract_id_contract"),
        sa.PrimaryKeyConstraint("id", name="pk_assessment"),
        sa.UniqueConstraint("contract_id", "month", name="uq_assessment_contract_id_month"),
    )
    op.create_index("ix_assessment_month", "assessment", ["month"])
    op.create_table(
        "assessed_ticket",
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessment.id"], name="fk_assessed_ticket_assessment_id_assessment"
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_assessed_ticket_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("assessment_id", "ticket_id", name="pk_assessed_ticket"),
    )
    op.create_index("ix_assessed_ticket_ticket_id", "assessed_ticket", ["ticket_id"])
    op.create_table(
        "judged_clock",
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("limit_id", sa.String(length=8), nullable=False),
        sa.Column("clock", sa.String(length=10), nullable=False),
        sa.Column("class", sa.String(length=4), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("was", sa.String(length=16), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessment.id"], name="fk_judged_clock_assessment_id_assessment"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_judged_clock_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("assessment_id", "ticket_id", "limit_id", name="pk_judged_clock"),
    )
    op.create_index("ix_judged_clock_ticket_id", "judged_clock", ["ticket_id", "limit_id", "assessment_id"])
    op.create_index("ix_judged_clock_outcome", "judged_clock", ["outcome", "ticket_id"])
    op.create_table(
        "month_word",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("deducted", sa.Integer(), nullable=True),
        sa.Column("answers", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"kind IN {WORDS}", name=op.f("ck_month_word_kind")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_month_word_contract_id_contract"),
        sa.ForeignKeyConstraint(["answers"], ["month_word.id"], name="fk_month_word_answers_month_word"),
        sa.PrimaryKeyConstraint("id", name="pk_month_word"),
    )
    op.create_index("ix_month_word_contract_id_month", "month_word", ["contract_id", "month", "id"])
    op.create_table(
        "signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("method", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reservation", sa.String(length=1000), nullable=False),
        sa.Column("one_sided", sa.Boolean(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("proof", sa.String(length=64), nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("delegated_by", sa.String(length=80), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"method IN {METHODS}", name=op.f("ck_signature_method")),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessment.id"], name="fk_signature_assessment_id_assessment"),
        sa.PrimaryKeyConstraint("id", name="pk_signature"),
    )
    op.create_index("ix_signature_assessment_id", "signature", ["assessment_id", "id"])
