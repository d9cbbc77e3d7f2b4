"""Photos that came with reports without an account.

Revision: 0013, after 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the one table; existing rows are left as they are."""
    op.create_table(
        "public_photo",
        sa.Column("id", ID, nullable=False),
        sa.Column("report_id", ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("scan", sa.String(length=12), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("forgotten_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["public_report.id"], name="fk_public_photo_report_id_public_report"),
        sa.PrimaryKeyConstraint("id", name="pk_public_photo"),
        sa.UniqueConstraint("report_id", "digest", name="uq_public_photo_report_id_digest"),
    )
    op.create_index("ix_public_photo_digest", "public_photo", ["digest"])
    op.create_index("ix_public_photo_recorded_at", "public_photo", ["recorded_at"])
