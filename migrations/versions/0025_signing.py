"""Signing: signatures and notes that are only added to, keys of the parties, delegations, notes about payments.

Revision: 0025, after 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
METHODS = "('login', 'offline_key', 'webauthn', 'paper')"
NOTES = "('refused', 'asked', 'withdrawn')"
KINDS = "('offline_key', 'webauthn')"
ALGORITHMS = "('ed25519', 'p256', 'rsa')"
STATES = "('proposed', 'in_force', 'refused', 'withdrawn', 'revoked')"
COUNTS = sa.text("state IN ('proposed', 'in_force', 'revoked')")
SIDES = "side IN ('hospital', 'vendor')"


def upgrade() -> None:
    """Make the tables; nothing was ever kept in the signatures' first one."""
    op.drop_table("signature")
    _signing_keys()
    _signatures()
    _delegations()
    op.create_table(
        "payment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("invoice", sa.String(length=40), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("amount", BIG, nullable=True),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_payment_contract_id_contract"),
        sa.PrimaryKeyConstraint("id", name="pk_payment"),
    )
    op.create_index("ix_payment_contract_id_key", "payment", ["contract_id", "key", "id"])


def _signing_keys() -> None:
    op.create_table(
        "signing_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("algorithm", sa.String(length=12), nullable=False),
        sa.Column("bits", sa.Integer(), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("cose", sa.Text(), nullable=False),
        sa.Column("sign_count", BIG, nullable=False),
        sa.Column("label", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.String(length=80), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=80), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=1000), nullable=False),
        sa.CheckConstraint(f"kind IN {KINDS}", name=op.f("ck_signing_key_kind")),
        sa.CheckConstraint(f"algorithm IN {ALGORITHMS}", name=op.f("ck_signing_key_algorithm")),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_signing_key_state")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_signing_key_contract_id_contract"),
        sa.PrimaryKeyConstraint("id", name="pk_signing_key"),
    )
    op.create_index("ix_signing_key_contract_id", "signing_key", ["contract_id", "side", "state"])
    op.create_index(
        "uq_signing_key_fingerprint", "signing_key", ["fingerprint"], unique=True, sqlite_where=COUNTS,
        postgresql_where=COUNTS,
    )  # fmt: skip


def _signatures() -> None:
    op.create_table(
        "signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("method", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reservation", sa.String(length=1000), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=True),
        sa.Column("proof", sa.String(length=64), nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("delegated_by", sa.String(length=80), nullable=False),
        sa.Column("credential_reset_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"method IN {METHODS}", name=op.f("ck_signature_method")),
        sa.CheckConstraint(SIDES, name=op.f("ck_signature_side")),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessment.id"], name="fk_signature_assessment_id_assessment"),
        sa.ForeignKeyConstraint(["key_id"], ["signing_key.id"], name="fk_signature_key_id_signing_key"),
        sa.PrimaryKeyConstraint("id", name="pk_signature"),
        sa.UniqueConstraint("assessment_id", "side", "attempt", name="uq_signature_assessment_id_side_attempt"),
    )
    op.create_table(
        "signing_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column("signature_id", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"kind IN {NOTES}", name=op.f("ck_signing_note_kind")),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessment.id"], name="fk_signing_note_assessment_id_assessment"),
        sa.ForeignKeyConstraint(["signature_id"], ["signature.id"], name="fk_signing_note_signature_id_signature"),
        sa.PrimaryKeyConstraint("id", name="pk_signing_note"),
        sa.UniqueConstraint("signature_id", name="uq_signing_note_signature_id"),
    )
    op.create_index("ix_signing_note_assessment_id", "signing_note", ["assessment_id", "id"])


def _delegations() -> None:
    op.create_table(
        "delegation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("giver", sa.String(length=40), nullable=False),
        sa.Column("giver_name", sa.String(length=80), nullable=False),
        sa.Column("taker", sa.String(length=40), nullable=False),
        sa.Column("taker_name", sa.String(length=80), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=1000), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(length=80), nullable=False),
        sa.Column("revoke_reason", sa.String(length=1000), nullable=False),
        sa.CheckConstraint(SIDES, name=op.f("ck_delegation_side")),
        sa.CheckConstraint("first_on <= last_on", name=op.f("ck_delegation_days")),
        sa.ForeignKeyConstraint(["giver"], ["person.account"], name="fk_delegation_giver_person"),
        sa.ForeignKeyConstraint(["taker"], ["person.account"], name="fk_delegation_taker_person"),
        sa.PrimaryKeyConstraint("id", name="pk_delegation"),
    )
    op.create_index("ix_delegation_taker", "delegation", ["taker", "last_on"])
