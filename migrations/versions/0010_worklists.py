"""What people taught the quick log: words that mean a department or a module.

Revision: 0010, after 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of aliases."""
    op.create_table(
        "alias",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("word", sa.String(length=40), nullable=False),
        sa.Column("meaning", sa.String(length=100), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("taught_by", sa.String(length=80), nullable=False),
        sa.Column("taught_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('department', 'module')", name=op.f("ck_alias_kind")),
        sa.PrimaryKeyConstraint("kind", "word", name="pk_alias"),
    )
    op.create_index("ix_alias_taught_at", "alias", ["taught_at"])
