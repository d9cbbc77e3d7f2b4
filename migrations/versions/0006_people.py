"""Second factors, devices, administrators of three duties.

Revision: 0006, after 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
ROLES = (
    "'hospital', 'officer', 'leader', 'vendor', 'manager', 'auditor', 'administrator', 'security', "
    "'audit_administrator'"
)
DUTIES = "'administrator', 'security', 'audit_administrator'"


def upgrade() -> None:
    """Know browsers again, give accounts second factors and duties; everybody signs in anew."""
    op.execute("DELETE FROM sign_in_session")  # a session knows its browser and its second factor from its beginning
    _devices()
    _duties()
    _factors()
    _sign_in()


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


def _duties() -> None:
    """The holder of a duty that stood before is not known: the vendor's, which nothing is trusted to."""
    with op.batch_alter_table("person") as batch:
        batch.add_column(sa.Column("holder", sa.String(length=12), nullable=True))
        batch.add_column(sa.Column("department", sa.String(length=60), server_default="", nullable=False))
        batch.add_column(sa.Column("waits", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch.add_column(sa.Column("credential_reset_at", INSTANT, nullable=True))
        batch.alter_column("role", existing_type=sa.String(length=16), type_=sa.String(length=20))
    op.execute("UPDATE person SET holder = 'vendor' WHERE role = 'administrator'")
    op.execute("UPDATE person SET changed_at = created_at WHERE changed_at IS NULL AND must_change = false")
    with op.batch_alter_table("person") as batch:
        if op.get_context().dialect.name == "postgresql":  # SQLite's was not taken over by the batch above
            batch.drop_constraint(op.f("ck_person_role"), type_="check")
        batch.create_check_constraint("role", f"role IN ({ROLES})")
        batch.create_check_constraint("holder", f"(role IN ({DUTIES})) = (holder IS NOT NULL)")
        batch.create_check_constraint("holders", "holder IN ('hospital', 'vendor', 'third')")


def _factors() -> None:
    op.create_table(
        "second_factor",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("card", sa.Integer(), nullable=True),
        sa.Column("last_counter", sa.BigInteger(), nullable=False),
        sa.Column("enrolled_at", INSTANT, nullable=True),
        sa.Column("next_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("next_card", sa.Integer(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", INSTANT, nullable=True),
        sa.Column("drop_asked_by", sa.String(length=80), nullable=True),
        sa.Column("drop_asked_at", INSTANT, nullable=True),
        sa.CheckConstraint("kind IN ('totp', 'card')", name=op.f("ck_second_factor_kind")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_second_factor_person_id_person"),
        sa.PrimaryKeyConstraint("person_id", name="pk_second_factor"),
    )
    op.create_table(
        "factor_code",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("card", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_factor_code_person_id_person"),
        sa.PrimaryKeyConstraint("person_id", "card", "position", name="pk_factor_code"),
    )


def _sign_in() -> None:
    with op.batch_alter_table("sign_in_session") as batch:
        batch.add_column(sa.Column("address", sa.String(length=45), server_default="", nullable=False))
        batch.add_column(sa.Column("device_id", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("factor_at", INSTANT, nullable=True))
        batch.create_foreign_key("fk_sign_in_session_device_id_device", "device", ["device_id"], ["id"])
    op.create_table(
        "former_password",
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_former_password_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_former_password"),
    )
    op.create_index("ix_former_password_person_id", "former_password", ["person_id"])
    op.create_table(
        "sign_in_rate",
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("minute", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "minute", name="pk_sign_in_rate"),
    )
