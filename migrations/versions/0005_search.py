"""The search index: what can be found of every ticket, its pieces, and up to where each person has seen a ticket.

Existing tickets are put into the index by a job run after the start: a million of them would hold it up.

Revision: 0005, after 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NEWS = sa.text("ticket_id IS NOT NULL AND grade <> '导入' AND kind <> 'noted'")


def upgrade() -> None:
    """Make the tables of the index and of what was seen, and ask for the run that fills the index."""
    op.create_table(
        "ticket_text",
        sa.Column("place", ID, autoincrement=False, nullable=False),
        sa.Column("ticket_id", ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_text_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("place", name="pk_ticket_text"),
        sa.UniqueConstraint("ticket_id", name="uq_ticket_text_ticket_id"),
    )
    _make_pieces()
    op.create_table(
        "ticket_seen",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", ID, nullable=False),
        sa.Column("seen_seq", ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_ticket_seen_person_id_person"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_seen_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("person_id", "ticket_id", name="pk_ticket_seen"),
    )
    op.create_table(
        "seen_until",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("seq", ID, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_seen_until_person_id_person"),
        sa.PrimaryKeyConstraint("person_id", name="pk_seen_until"),
    )
    op.create_index(
        "ix_event_news", "event", ["side", "seq", "ticket_id"], sqlite_where=NEWS, postgresql_where=NEWS
    )  # fmt: skip
    _ask_to_fill()


def _make_pieces() -> None:
    """The pieces in the order of places: without the text that they are of, which `ticket_text` has."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE ticket_pieces USING fts5"
            "(pieces, content='', columnsize=0, detail=none, tokenize='ascii')"
        )
        return
    op.execute("CREATE TABLE ticket_pieces (place BIGINT CONSTRAINT pk_ticket_pieces PRIMARY KEY, pieces TSVECTOR)")
    op.execute("CREATE INDEX ix_ticket_pieces_pieces ON ticket_pieces USING gin (pieces)")


def _ask_to_fill() -> None:
    op.execute(
        "INSERT INTO job_run (key, job, params, due_at, status, token, attempt, done, total, note, requested_by,"
        " created_at) SELECT 'index-tickets/0005', 'index-tickets', '{}', newest.at, 'queued', 0, 0, 0, newest.total,"
        " '', '系统', newest.at FROM (SELECT max(recorded_at) AS at, count(*) AS total FROM ticket) AS newest"
        " WHERE newest.total > 0"
    )
