"""Places that report without an account: stickers, registered browsers, confirmation codes.

Revision: 0008, after 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the places, what came from them, and the addresses that the vendor came from."""
    _locations()
    _reports()


def _locations() -> None:
    op.create_table(
        "location",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("department", sa.String(length=60), nullable=False),
        sa.Column("module", sa.String(length=60), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.Column("renewed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_location"),
        sa.UniqueConstraint("name", name="uq_location_name"),
        sa.UniqueConstraint("token_hash", name="uq_location_token_hash"),
    )
    op.create_table(
        "vendor_address",
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("first_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("address", name="pk_vendor_address"),
    )


def _reports() -> None:
    op.create_table(
        "public_report",
        sa.Column("id", ID, nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("status_hash", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("code_tries", sa.Integer(), nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("door", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("location_id", sa.Integer(), nullable=True),
        sa.Column("is_clean", sa.Boolean(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("ticket_id", ID, nullable=True),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.CheckConstraint("state IN ('ticket', 'pending', 'rejected')", name=op.f("ck_public_report_state")),
        sa.ForeignKeyConstraint(["location_id"], ["location.id"], name="fk_public_report_location_id_location"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_public_report_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_public_report"),
        sa.UniqueConstraint("key_hash", name="uq_public_report_key_hash"),
        sa.UniqueConstraint("status_hash", name="uq_public_report_status_hash"),
    )
    for column in ("browser_hash", "door", "address"):
        op.create_index(
            f"ix_public_report_{column}_received_at", "public_report", [column, "received_at"], unique=False
        )
    op.create_index("ix_public_report_ticket_id", "public_report", ["ticket_id"], unique=False)
    op.create_index(
        "ix_public_report_pending", "public_report", ["received_at", "id"], unique=False,
        sqlite_where=sa.text("state = 'pending'"), postgresql_where=sa.text("state = 'pending'"),
    )  # fmt: skip
