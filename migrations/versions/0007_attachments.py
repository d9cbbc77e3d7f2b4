"""Files that belong to tickets, kept by hash.

Revision: 0007, after 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STANDS = sa.text("voided_at IS NULL")


def upgrade() -> None:
    """Make the one table; existing rows are left as they are."""
    op.create_table(
        "attachment",
        sa.Column("id", ID, nullable=False),
        sa.Column("ticket_id", ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("purpose", sa.String(length=12), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("phash", sa.String(length=16), nullable=False),
        sa.Column("preview", sa.String(length=8), nullable=False),
        sa.Column("scan", sa.String(length=12), nullable=False),
        sa.Column("patient", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(length=80), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("preview IN ('none', 'waiting', 'ready')", name=op.f("ck_attachment_preview")),
        sa.CheckConstraint("purpose IN ('evidence', 'signature')", name=op.f("ck_attachment_purpose")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_attachment_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
    )
    op.create_index("ix_attachment_digest", "attachment", ["digest"])
    op.create_index("ix_attachment_phash", "attachment", ["phash"])
    op.create_index("ix_attachment_ticket_id", "attachment", ["ticket_id", "id"])
    op.create_index(
        "uq_attachment_standing", "attachment", ["ticket_id", "digest"],
        unique=True, sqlite_where=STANDS, postgresql_where=STANDS,
    )  # fmt: skip
