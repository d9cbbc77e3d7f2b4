"""The originals of masked texts, sealed apart; the data keys that seal; who was shown an original.

Revision: 0003, after 0002
"""

import sqlalchemy as sa
from alembic import op

from ops_console.core.personal_data import Masker

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


KEPT_UNTIL_PURGE = "(sealed IS NOT NULL OR (text IS NOT NULL AND field IN ('phone', 'reporter')))"
SHOWN = ("title", "reporter", "department", "handler")


def upgrade() -> None:
    """Add the data keys, the sealed originals and who was shown one; mask what lists show of old tickets."""
    _add_data_keys()
    op.add_column("event_personal", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_event_personal_kept",
        "event_personal",
        ["seq"],
        unique=False,
        sqlite_where=sa.text(KEPT_UNTIL_PURGE),
        postgresql_where=sa.text(KEPT_UNTIL_PURGE),
    )
    _allow_emptying_alone()
    _add_reveals()
    _mask_rows()


def _add_data_keys() -> None:
    op.create_table(
        "data_key",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.String(length=30), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("version > 0", name=op.f("ck_data_key_version")),
        sa.PrimaryKeyConstraint("version", name="pk_data_key"),
    )


def _allow_emptying_alone() -> None:
    """A personal part may be emptied, never written anew: what a purge may do, and nobody more."""
    same = ("seq", "field")
    emptied = ("text", "salt", "sealed")
    if op.get_bind().dialect.name == "sqlite":
        unless = " AND ".join(
            [*(f"NEW.{c} IS OLD.{c}" for c in same), *(f"(NEW.{c} IS NULL OR NEW.{c} IS OLD.{c})" for c in emptied)]
        )
        op.execute(
            f"CREATE TRIGGER event_personal_only_emptied BEFORE UPDATE ON event_personal "
            f"WHEN NOT ({unless} AND (NEW.text IS NULL) = (NEW.salt IS NULL)) "
            f"BEGIN SELECT RAISE(ABORT, 'event_personal may only be emptied'); END"
        )
        return
    changed = " OR ".join(
        [
            *(f"NEW.{c} IS DISTINCT FROM OLD.{c}" for c in same),
            *(f"(NEW.{c} IS NOT NULL AND NEW.{c} IS DISTINCT FROM OLD.{c})" for c in emptied),
        ]
    )
    op.execute(
        f"CREATE FUNCTION event_personal_only_emptied() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {changed} OR (NEW.text IS NULL) <> (NEW.salt IS NULL) THEN "
        f"RAISE EXCEPTION 'event_personal may only be emptied'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER event_personal_only_emptied BEFORE UPDATE ON event_personal "
        "FOR EACH ROW EXECUTE FUNCTION event_personal_only_emptied()"
    )


def _add_reveals() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "personal_reveal",
        sa.Column("id", number, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("seq", number, nullable=False),
        sa.Column("field", sa.String(length=30), nullable=False),
        sa.Column("revealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_personal_reveal_person_id_person"),
        sa.ForeignKeyConstraint(["seq"], ["event.seq"], name="fk_personal_reveal_seq_event"),
        sa.PrimaryKeyConstraint("id", name="pk_personal_reveal"),
    )
    op.create_index(
        "ix_personal_reveal_person_id_revealed_at", "personal_reveal", ["person_id", "revealed_at"], unique=False
    )
    op.create_index("ix_personal_reveal_revealed_at", "personal_reveal", ["revealed_at"], unique=False)


def _mask_rows() -> None:
    """Rows are made of events and may be written anew; the texts of old events stay as they were recorded."""
    table = sa.table("ticket", sa.column("id"), *(sa.column(name) for name in SHOWN))
    connection, masker = op.get_bind(), Masker()
    for row in connection.execute(sa.select(table)).all():
        shown = {name: masker.text(getattr(row, name)) for name in SHOWN}
        if any(shown[name] != getattr(row, name) for name in SHOWN):
            connection.execute(table.update().where(table.c.id == row.id).values(shown))
