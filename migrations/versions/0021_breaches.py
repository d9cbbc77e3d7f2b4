"""Breach cases: how they stand, what each side said, what they are about, whom the hospital told.

Revision: 0021, after 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = "('clue', 'filed', 'heard', 'upheld', 'approved', 'executed', 'not_upheld', 'withdrawn')"
CATEGORIES = "('concealed', 'told_late', 'leaked', 'disclosed', 'other')"
CASE = "fk_{table}_case_id_breach_case"


def upgrade() -> None:
    """Make the tables of breach cases."""
    _make_cases()
    _make_accounts()
    _make_dispatches()
    for what, kind in (("ticket", BIG), ("flag", sa.Integer())):
        table = f"breach_{what}"
        op.create_table(
            table,
            sa.Column("case_id", sa.Integer(), nullable=False),
            sa.Column(f"{what}_id", kind, nullable=False),
            sa.ForeignKeyConstraint(["case_id"], ["breach_case.id"], name=CASE.format(table=table)),
            sa.ForeignKeyConstraint([f"{what}_id"], [f"{what}.id"], name=f"fk_{table}_{what}_id_{what}"),
            sa.PrimaryKeyConstraint("case_id", f"{what}_id", name=f"pk_{table}"),
        )
        op.create_index(f"ix_{table}_{what}_id", table, [f"{what}_id"])


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length=length), nullable=False)


def _long(name: str) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=False)


def _at(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _make_cases() -> None:
    op.create_table(
        "breach_case",
        sa.Column("id", sa.Integer(), nullable=False),
        _text("number", 20),
        _text("key", 64),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        _text("category", 12),
        _text("state", 12),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("raised_side", 12),
        _text("raised_by", 80),
        _at("raised_at", nullable=False),
        _at("occurred_at"),
        _at("discovered_at"),
        _at("known_at"),
        _at("reported_at"),
        _at("filed_at"),
        _text("filed_by", 80),
        _at("statement_due_at"),
        _long("statement"),
        _at("stated_at"),
        _text("stated_by", 80),
        sa.Column("is_silent", sa.Boolean(), nullable=False),
        sa.Column("upheld", sa.Boolean(), nullable=True),
        _text("finding", 500),
        _at("found_at"),
        _text("found_by", 80),
        _text("returned", 500),
        _at("returned_at"),
        _at("approved_at"),
        _text("approved_by", 80),
        _at("executed_at"),
        _text("executed_by", 80),
        _text("execution", 500),
        _text("booked_month", 7),
        _text("withdrawal", 500),
        _at("withdrawn_at"),
        _text("withdrawn_by", 80),
        _long("objection"),
        _at("acknowledged_at"),
        _text("acknowledged_by", 80),
        _text("month", 7),
        _text("month_rule", 12),
        sa.Column("is_early", sa.Boolean(), nullable=False),
        _at("next_look_at"),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_breach_case_state")),
        sa.CheckConstraint(f"category IN {CATEGORIES}", name=op.f("ck_breach_case_category")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_breach_case_contract_id_contract"),
        sa.PrimaryKeyConstraint("id", name="pk_breach_case"),
        sa.UniqueConstraint("number", name="uq_breach_case_number"),
        sa.UniqueConstraint("key", name="uq_breach_case_key"),
    )
    op.create_index("ix_breach_case_contract_id_month", "breach_case", ["contract_id", "month"])
    op.create_index("ix_breach_case_state_id", "breach_case", ["state", "id"])
    waits = sa.text("next_look_at IS NOT NULL")
    op.create_index(
        "ix_breach_case_next_look_at", "breach_case", ["next_look_at"], sqlite_where=waits, postgresql_where=waits
    )


def _make_accounts() -> None:
    op.create_table(
        "breach_account",
        sa.Column("case_id", sa.Integer(), nullable=False),
        _text("side", 12),
        _at("occurred_at"),
        _at("discovered_at"),
        _at("known_at"),
        _at("reported_at"),
        _text("channel", 20),
        _long("what"),
        _text("known_how", 500),
        _text("receiver", 40),
        _text("place", 100),
        _text("systems", 200),
        _text("impact", 500),
        _text("measures", 500),
        _at("told_at", nullable=False),
        _text("told_by", 80),
        sa.ForeignKeyConstraint(["case_id"], ["breach_case.id"], name=CASE.format(table="breach_account")),
        sa.PrimaryKeyConstraint("case_id", "side", name="pk_breach_account"),
    )


def _make_dispatches() -> None:
    op.create_table(
        "breach_dispatch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Integer(), nullable=False),
        _text("receiver", 60),
        sa.Column("is_needed", sa.Boolean(), nullable=False),
        _at("sent_at", nullable=False),
        _text("sender", 40),
        _text("channel", 20),
        _long("text"),
        _at("recorded_at", nullable=False),
        _text("recorded_by", 80),
        sa.ForeignKeyConstraint(["case_id"], ["breach_case.id"], name=CASE.format(table="breach_dispatch")),
        sa.PrimaryKeyConstraint("id", name="pk_breach_dispatch"),
    )
    op.create_index("ix_breach_dispatch_case_id", "breach_dispatch", ["case_id", "id"])
