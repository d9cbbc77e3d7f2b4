"""The first house: people, contract, catalogue, tickets as events under one chain, clocks, outbox, job runs.

Revision: 0001, after nothing
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BYTEWISE = sa.String(length=40).with_variant(sa.String(length=40, collation="C"), "postgresql")


def upgrade() -> None:
    """Make every table, then make the facts unchangeable in the database itself."""
    op.create_table(
        "catalogue_node",
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("grouping", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_catalogue_node"),
        sa.UniqueConstraint("name", name="uq_catalogue_node_name"),
    )
    op.create_table(
        "contract",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contract"),
        sa.UniqueConstraint("number", name="uq_contract_number"),
    )
    op.create_table(
        "heartbeat",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_heartbeat"),
    )
    op.create_table(
        "job_run",
        sa.Column("id", ID, nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("job", sa.String(length=60), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('queued', 'running', 'done', 'failed', 'unknown', 'skipped')", name=op.f("ck_job_run_status")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_job_run"),
        sa.UniqueConstraint("key", name="uq_job_run_key"),
    )
    op.create_index("ix_job_run_status_due_at", "job_run", ["status", "due_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", ID, nullable=False),
        sa.Column("dedup_key", sa.String(length=200), nullable=False),
        sa.Column("audience", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'expired')", name=op.f("ck_outbox_state")),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("dedup_key", name="uq_outbox_dedup_key"),
    )
    op.create_index("ix_outbox_state_expires_at", "outbox", ["state", "expires_at"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("one_time_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reset_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('hospital', 'vendor', 'auditor', 'administrator')", name=op.f("ck_person_role")),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("account", name="uq_person_account"),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("account", "source", name="pk_sign_in_failure"),
    )
    op.create_table(
        "ticket_type",
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("declinable", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_ticket_type"),
    )
    op.create_table(
        "clock_tally",
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("class", sa.String(length=4), nullable=False),
        sa.Column("result", sa.String(length=8), nullable=False),
        sa.Column("raw_result", sa.String(length=8), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_clock_tally_contract_id_contract"),
        sa.PrimaryKeyConstraint("contract_id", "month", "kind", "class", "result", "raw_result", name="pk_clock_tally"),
    )
    op.create_table(
        "contract_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("counts_from", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("hospital_by", sa.String(length=80), nullable=True),
        sa.Column("hospital_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("vendor_by", sa.String(length=80), nullable=True),
        sa.Column("vendor_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('in_force', 'proposed', 'withdrawn')", name=op.f("ck_contract_version_state")),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_contract_version_contract_id_contract"),
        sa.PrimaryKeyConstraint("id", name="pk_contract_version"),
        sa.UniqueConstraint("contract_id", "version", name="uq_contract_version_contract_id_version"),
    )
    op.create_table(
        "sign_in_session",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_sign_in_session_person_id_person"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_sign_in_session"),
    )
    op.create_index("ix_sign_in_session_person_id", "sign_in_session", ["person_id"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("id", ID, nullable=False),
        sa.Column("number", BYTEWISE, nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("contract_version_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=30), nullable=False),
        sa.Column("module", sa.String(length=60), nullable=False),
        sa.Column("carrier", sa.String(length=60), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("department", sa.String(length=100), nullable=False),
        sa.Column("reporter", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("handler", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("needs_onsite", sa.Boolean(), nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("class", sa.String(length=4), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("calendar", sa.String(length=120), nullable=False),
        sa.Column("breaks_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_ticket_contract_id_contract"),
        sa.ForeignKeyConstraint(
            ["contract_version_id"], ["contract_version.id"], name="fk_ticket_contract_version_id_contract_version"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
        sa.UniqueConstraint("number", name="uq_ticket_number"),
    )
    op.create_index(
        "ix_ticket_broken",
        "ticket",
        ["reported_at", "id", "breaks_at"],
        unique=False,
        sqlite_where=sa.text("breaks_at IS NOT NULL"),
        postgresql_where=sa.text("breaks_at IS NOT NULL"),
    )
    op.create_index("ix_ticket_module_reported_at_id", "ticket", ["module", "reported_at", "id"], unique=False)
    op.create_index("ix_ticket_month_reported_at_id", "ticket", ["month", "reported_at", "id"], unique=False)
    op.create_index("ix_ticket_reported_at_id", "ticket", ["reported_at", "id"], unique=False)
    op.create_index("ix_ticket_state_reported_at_id", "ticket", ["state", "reported_at", "id"], unique=False)
    op.create_index(
        "ix_ticket_type_module_reported_at_id", "ticket", ["type", "module", "reported_at", "id"], unique=False
    )
    op.create_index("ix_ticket_type_reported_at_id", "ticket", ["type", "reported_at", "id"], unique=False)
    op.create_index(
        "ix_ticket_waiting",
        "ticket",
        ["waiting"],
        unique=False,
        sqlite_where=sa.text("waiting > 0"),
        postgresql_where=sa.text("waiting > 0"),
    )
    op.create_table(
        "clock",
        sa.Column("id", ID, nullable=False),
        sa.Column("ticket_id", ID, nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("class", sa.String(length=4), nullable=False),
        sa.Column("limit_id", sa.String(length=12), nullable=False),
        sa.Column("limit_seconds", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breaks_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raw_breaks_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active_seconds", ID, nullable=True),
        sa.Column("result", sa.String(length=8), nullable=True),
        sa.Column("raw_result", sa.String(length=8), nullable=True),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("module", sa.String(length=60), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("next_look_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["contract_id"], ["contract.id"], name="fk_clock_contract_id_contract"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_clock_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("id", name="pk_clock"),
        sa.UniqueConstraint("ticket_id", "kind", name="uq_clock_ticket_id_kind"),
    )
    op.create_index(
        "ix_clock_broken",
        "clock",
        ["month", "breaks_at"],
        unique=False,
        sqlite_where=sa.text("breaks_at IS NOT NULL"),
        postgresql_where=sa.text("breaks_at IS NOT NULL"),
    )
    op.create_index(
        "ix_clock_next_look_at",
        "clock",
        ["next_look_at"],
        unique=False,
        sqlite_where=sa.text("next_look_at IS NOT NULL"),
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_index(
        "ix_clock_provisional",
        "clock",
        ["ticket_id", "month"],
        unique=False,
        sqlite_where=sa.text("provisional = 1"),
        postgresql_where=sa.text("provisional"),
    )
    op.create_index(
        "ix_clock_unsettled",
        "clock",
        ["month", "kind", "class"],
        unique=False,
        sqlite_where=sa.text("result IS NULL"),
        postgresql_where=sa.text("result IS NULL"),
    )
    op.create_table(
        "event",
        sa.Column("seq", ID, autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=30), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("ticket_id", ID, nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("side", sa.String(length=12), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("grade", sa.String(length=8), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("commitments", sa.Text(), nullable=False),
        sa.Column("algorithm", sa.String(length=20), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_event_ticket_id_ticket"),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
        sa.UniqueConstraint("prev_hash", name="uq_event_prev_hash"),
    )
    op.create_index(
        "ix_event_subject",
        "event",
        ["subject", "seq"],
        unique=False,
        sqlite_where=sa.text("ticket_id IS NULL"),
        postgresql_where=sa.text("ticket_id IS NULL"),
    )
    op.create_index(
        "ix_event_decided",
        "event",
        ["occurred_at"],
        unique=False,
        sqlite_where=sa.text("kind = 'correction_decided'"),
        postgresql_where=sa.text("kind = 'correction_decided'"),
    )
    op.create_index("ix_event_ticket_id_seq", "event", ["ticket_id", "seq"], unique=False)
    op.create_table(
        "event_personal",
        sa.Column("seq", ID, autoincrement=False, nullable=False),
        sa.Column("field", sa.String(length=30), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=True),
        sa.ForeignKeyConstraint(["seq"], ["event.seq"], name="fk_event_personal_seq_event"),
        sa.PrimaryKeyConstraint("seq", "field", name="pk_event_personal"),
    )
    _refuse_changes("event", ("UPDATE", "DELETE"))
    _refuse_changes("event_personal", ("DELETE",))


def _refuse_changes(table: str, acts: tuple[str, ...]) -> None:
    """An event is appended, never changed; its personal part may be emptied, never removed."""
    if op.get_bind().dialect.name == "sqlite":
        for act in acts:
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
        f"CREATE TRIGGER {table}_append_only BEFORE {' OR '.join(acts)} ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
    )
