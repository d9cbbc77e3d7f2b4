"""Where a version of the contract comes from: the file, or an answer or a rank that both parties agreed upon.

Revision: 0024, after 0023
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Every version so far came from the file."""
    for name, length, default in (
        ("origin", 10, "file"), ("file_digest", 64, ""), ("proposed_side", 12, "neutral"), ("reason", 500, ""),
        ("answer", 500, ""),
    ):  # fmt: skip
        kind = sa.String(length=length)
        op.add_column("contract_version", sa.Column(name, kind, server_default=default, nullable=False))
    op.add_column("contract_version", sa.Column("refused_by", sa.String(length=80), nullable=True))
    op.add_column("contract_version", sa.Column("refused_at", INSTANT, nullable=True))
    op.execute("UPDATE contract_version SET file_digest = digest")
