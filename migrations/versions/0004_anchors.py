"""Daily anchors of the chain, their receivers, and what verification found.

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNCHANGEABLE = ("anchor", "chain_check", "chain_failure", "chain_sign_off")
EMPTIED = ("event", "event_personal", *UNCHANGEABLE)


def upgrade() -> None:
    """Make the tables; what proves something is insert-only, and on PostgreSQL not emptied by TRUNCATE either."""
    _anchors()
    _checks()
    op.create_index("ix_event_recorded_at", "event", ["recorded_at"], unique=False)
    for table in UNCHANGEABLE:
        _refuse_changes(table)
    if op.get_bind().dialect.name == "postgresql":
        for table in EMPTIED:
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
            )


def _anchors() -> None:
    op.create_table(
        "anchor",
        sa.Column("id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seq", ID, nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_anchor"),
        sa.UniqueConstraint("day", name="uq_anchor_day"),
        sa.UniqueConstraint("digest", name="uq_anchor_digest"),
    )
    op.create_table(
        "anchor_receiver",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=500), nullable=False),
        sa.Column("set_by", sa.String(length=80), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('download', 'folder', 'http')", name=op.f("ck_anchor_receiver_kind")),
        sa.CheckConstraint("side IN ('hospital', 'vendor')", name=op.f("ck_anchor_receiver_side")),
        sa.PrimaryKeyConstraint("id", name="pk_anchor_receiver"),
    )
    op.create_index(
        "ix_anchor_receiver_current",
        "anchor_receiver",
        ["side"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "anchor_delivery",
        sa.Column("anchor_id", ID, nullable=False),
        sa.Column("receiver_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'received', 'given_up')", name=op.f("ck_anchor_delivery_state")),
        sa.ForeignKeyConstraint(["anchor_id"], ["anchor.id"], name="fk_anchor_delivery_anchor_id_anchor"),
        sa.ForeignKeyConstraint(
            ["receiver_id"], ["anchor_receiver.id"], name="fk_anchor_delivery_receiver_id_anchor_receiver"
        ),
        sa.PrimaryKeyConstraint("anchor_id", "receiver_id", name="pk_anchor_delivery"),
    )
    op.create_index(
        "ix_anchor_delivery_next_try_at",
        "anchor_delivery",
        ["next_try_at"],
        unique=False,
        sqlite_where=sa.text("next_try_at IS NOT NULL"),
        postgresql_where=sa.text("next_try_at IS NOT NULL"),
    )


def _checks() -> None:
    op.create_table(
        "chain_check",
        sa.Column("id", ID, nullable=False),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_seq", ID, nullable=False),
        sa.Column("last_seq", ID, nullable=False),
        sa.Column("head", sa.String(length=64), nullable=False),
        sa.Column("purged", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.String(length=80), nullable=False),
        sa.CheckConstraint("outcome IN ('whole', 'explained', 'broken')", name=op.f("ck_chain_check_outcome")),
        sa.PrimaryKeyConstraint("id", name="pk_chain_check"),
    )
    op.create_table(
        "chain_failure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chain_failure"),
        sa.UniqueConstraint("fingerprint", name="uq_chain_failure_fingerprint"),
    )
    op.create_table(
        "chain_sign_off",
        sa.Column("failure_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("account", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("side IN ('hospital', 'vendor')", name=op.f("ck_chain_sign_off_side")),
        sa.ForeignKeyConstraint(
            ["failure_id"], ["chain_failure.id"], name="fk_chain_sign_off_failure_id_chain_failure"
        ),
        sa.PrimaryKeyConstraint("failure_id", "side", name="pk_chain_sign_off"),
    )


def _refuse_changes(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )
