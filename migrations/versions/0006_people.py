"""Second factors, devices, administrators of three duties.

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Know browsers again; everybody signs in anew, so that each session knows its browser."""
    op.execute("DELETE FROM sign_in_session")
    _devices()


def _devices() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("first_seen", INSTANT, nullable=False),
        sa.Column("vendor_used_at", INSTANT, nullable=True),
        sa.Column("hospital_registered_at", INSTANT, nullable=True),
        sa.Column("registered_by", sa.String(length=80), nullable=True),
        sa.Column("label", sa.String(length=60), nullable=True),
        sa.Column("department", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_device"),
        sa.UniqueConstraint("token_hash", name="uq_device_token_hash"),
    )
    with op.batch_alter_table("sign_in_session") as batch:
        batch.add_column(sa.Column("device_id", sa.Integer(), nullable=True))
        batch.create_foreign_key("fk_sign_in_session_device_id_device", "device", ["device_id"], ["id"])
