"""Migrations bring an empty database, on SQLite and PostgreSQL, to exactly what the models say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Boolean, Connection, Date, DateTime, MetaData, Table, func, inspect, select, text
from sqlalchemy.exc import DatabaseError

from ops_console.adapters.statutory_days import StatutoryDays
from ops_console.console import PROJECT, Console
from ops_console.core.chain import canonical
from ops_console.core.judged_duties import SaidDuty
from ops_console.core.ticket_lists import Filter
from ops_console.core.tickets import TicketFacts
from ops_console.services import search, tickets
from ops_console.services.contracts import Bookshelf
from ops_console.services.jobs import Job, Runs
from ops_console.store import assessed_duties, audit, jobs
from ops_console.store.audit import EventRow, PersonalRow
from ops_console.store.base import whole_metadata
from ops_console.store.database import Database
from ops_console.store.migrate import is_compared, migrate
from ops_console.store.people import PersonRow, SessionRow
from ops_console.store.public_photos import PublicPhotoRow
from ops_console.store.public_reports import PublicReportRow
from ops_console.store.tickets import TicketRow
from tests.conftest import DATA, HOSPITAL, FakeClock, make_console

NEWEST = max(path.name[:4] for path in (PROJECT / "migrations" / "versions").glob("[0-9]*.py"))
PREPARE = "from ops_console.main import open_console; open_console().close()"


@pytest.fixture
def database(database_url: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    """An empty database of each kind."""
    made = Database(database_url or f"sqlite:///{tmp_path / 'console.db'}")
    yield made
    made.close()


def test_an_empty_database_becomes_what_the_models_say(database: Database) -> None:
    migrate(database, PROJECT / "migrations")
    with database.engine.connect() as connection:
        options = {"compare_type": True, "render_as_batch": database.is_sqlite, "include_object": is_compared}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, whole_metadata()) == []


def test_every_constraint_and_index_has_the_models_name(database: Database) -> None:
    migrate(database, PROJECT / "migrations")
    with database.engine.connect() as connection:
        found = inspect(connection)
        for table in whole_metadata().tables.values():
            assert {i["name"] for i in found.get_indexes(table.name) if not i.get("duplicates_constraint")} >= {
                index.name for index in table.indexes
            }
            assert found.get_pk_constraint(table.name)["name"] == table.primary_key.name
            checks = {c["name"] for c in found.get_check_constraints(table.name)}
            wanted = {str(c.name) for c in table.constraints if type(c).__name__ == "CheckConstraint" and c.name}
            assert checks >= wanted, table.name


def test_migrating_again_changes_nothing(database: Database) -> None:
    for _ in range(2):
        migrate(database, PROJECT / "migrations")
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [NEWEST]


def test_two_processes_that_start_at_once_on_an_empty_database_both_succeed(
    database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    environment = {**os.environ, "OPS_DATA": str(tmp_path / "data"), "OPS_DATABASE__URL": database_url}
    started = [
        subprocess.Popen([sys.executable, "-c", PREPARE], cwd=PROJECT, env=environment, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    said = [process.communicate(timeout=120)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], said
    console: Console = make_console(tmp_path / "data", clock, database_url)
    with console.read() as session:
        assert session.scalars(select(EventRow.kind)).all() == ["contract_loaded", "rights_table", "security_policy"]
    console.close()


def test_the_newest_revision_is_the_file_with_the_highest_number() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(PROJECT / "migrations"))
    (head,) = ScriptDirectory.from_config(config).get_heads()
    assert head == NEWEST


@pytest.fixture
def old_house(database: Database) -> Database:
    """A database of the first version with a house in it: accounts, a contract, 48 tickets, their chain."""
    migrate(database, PROJECT / "migrations", to="0001")
    rows = json.loads((DATA / "house-0001.json").read_text(encoding="utf-8"))
    with database.engine.execution_options(writes=True).begin() as connection:
        for name, given in rows.items():
            table = _reflected(connection, name)
            if given:
                connection.execute(table.insert(), [_typed(table, row) for row in given])
                _go_on_numbering(connection, table)
    return database


def _go_on_numbering(connection: Connection, table: Table) -> None:
    """Ids were given, not drawn: PostgreSQL would draw the first of them again."""
    if connection.dialect.name == "postgresql" and "id" in table.c:
        sequence = func.pg_get_serial_sequence(table.name, "id")
        connection.execute(select(func.setval(sequence, select(func.max(table.c.id)).scalar_subquery())))


def _reflected(connection: Connection, name: str) -> Table:
    return Table(name, MetaData(), autoload_with=connection)


def _typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """JSON has no instants, days, bytes or truth: give each column what its type wants."""
    return {name: _value(table.c[name].type, value) for name, value in row.items()}


def _value(kind: Any, value: Any) -> Any:
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    if value is None:
        return None
    if isinstance(kind, Boolean):
        return bool(value)
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return date.fromisoformat(value) if isinstance(kind, Date) else value


def test_a_house_of_the_first_version_keeps_every_fact(old_house: Database) -> None:
    migrate(old_house, PROJECT / "migrations")
    before = json.loads((DATA / "house-0001.json").read_text(encoding="utf-8"))
    with old_house.reading() as session:
        assert audit.first_broken(session) is None
        assert audit.chain_head(session) == (len(before["event"]), before["event"][-1]["hash"])
        assert session.scalar(select(func.count()).select_from(TicketRow)) == len(before["ticket"])
        numbers = session.scalars(select(TicketRow.number)).all()
    shown = _shown(old_house, numbers)
    assert {number: (facts.state, facts.personal["title"]) for number, facts in shown.items()} == {
        row["number"]: (row["state"], row["title"]) for row in before["ticket"]
    }


def test_accounts_of_the_first_version_get_a_holder_and_everybody_signs_in_anew(old_house: Database) -> None:
    migrate(old_house, PROJECT / "migrations")
    with old_house.reading() as session:
        people = session.scalars(select(PersonRow)).all()
        assert session.scalar(select(func.count()).select_from(SessionRow)) == 0
    assert {(person.role, person.holder) for person in people} >= {("administrator", "vendor"), ("hospital", None)}
    assert not any(person.waits for person in people)


def test_sessions_from_before_identities_were_begun_by_a_password(database: Database) -> None:
    migrate(database, PROJECT / "migrations", to="0013")
    at = datetime(2026, 11, 1, tzinfo=UTC)
    with database.engine.execution_options(writes=True).begin() as connection:
        person = _reflected(connection, "person")
        given = {"account": "chief", "name": "科长", "role": "hospital", "password_hash": "x", "must_change": False}
        connection.execute(person.insert(), [given | {"id": 1, "created_at": at}])
        row = {"token_hash": "t" * 64, "person_id": 1, "created_at": at, "seen_at": at, "source": "10.0.0.1"}
        connection.execute(_reflected(connection, "sign_in_session").insert(), [row])
    migrate(database, PROJECT / "migrations")
    with database.reading() as session:
        assert [row.via for row in session.scalars(select(SessionRow))] == ["password"]


def test_reports_from_before_photos_are_kept(database: Database) -> None:
    migrate(database, PROJECT / "migrations", to="0012")
    at = datetime(2026, 11, 1, tzinfo=UTC)
    given = {
        "id": 7, "key_hash": "k" * 64, "status_hash": "s" * 64, "code_hash": "c" * 64, "code_tries": 2,
        "browser_hash": "b" * 64, "door": "open", "address": "192.0.2.7", "location_id": None, "is_clean": False,
        "received_at": at, "claimed_at": None, "state": "pending", "ticket_id": None, "form": '{"title":"打不开"}',
        "decided_by": None, "decided_at": None,
    }  # fmt: skip
    with database.engine.execution_options(writes=True).begin() as connection:
        connection.execute(_reflected(connection, "public_report").insert(), [given])
    migrate(database, PROJECT / "migrations")
    with database.writing() as session:
        (row,) = session.scalars(select(PublicReportRow))
        assert {name: getattr(row, name) for name in given} == given
        told = {"kind": "jpeg", "size": 9, "width": 3, "height": 3, "scan": "none", "recorded_at": at}
        session.add(
            PublicPhotoRow(report_id=row.id, digest="d" * 64, forgotten_at=None, **told)
        )  # photos are added to it
        session.flush()


def test_what_months_frozen_before_said_of_duties_is_taken_from_their_facts(old_house: Database) -> None:
    migrate(old_house, PROJECT / "migrations", to="0025")
    at = datetime(2026, 11, 8, tzinfo=UTC)
    duty = {
        "id": 3, "version_id": 1, "key": "C-33/inspection/2026-10-01/1", "clause": "C-33", "task": "inspection",
        "name": "系统巡检", "basis": "合同", "event": "", "ref": "", "asked": "", "due_at": at, "grace_until": at,
        "provisional": False, "created_at": at, "waived_by": "", "waived_reason": "",
    }  # fmt: skip
    fact = canonical({"fact": "duties", "id": "3", "clause": "C-33", "state": "missed", "name": '"fact":"duties"'})
    month = {
        "id": 5, "month": "2026-10", "state": "frozen", "revision": 1, "as_of": at, "seq": 1, "contract": "{}",
        "facts": canonical({"fact": "month", "month": "2026-10"}) + "\n" + fact + "\n", "result": "{}",
        "digest": "d" * 64, "frozen_at": at, "frozen_by": "系统", "outcome": "", "grade": "",
    }  # fmt: skip
    with old_house.engine.execution_options(writes=True).begin() as connection:
        contract = connection.execute(select(_reflected(connection, "contract").c.id)).scalar_one()
        for name, row in (("duty", duty), ("assessment", month)):
            connection.execute(_reflected(connection, name).insert(), [{"contract_id": contract, **row}])
    migrate(old_house, PROJECT / "migrations")
    with old_house.reading() as session:
        found = assessed_duties.said(session, [3], contract, "2026-11")
    assert found == {"3": SaidDuty("2026-10", "missed")}


def test_an_old_houses_numbers_are_masked_wherever_they_are_read(old_house: Database) -> None:
    with old_house.engine.execution_options(writes=True).begin() as connection:
        ticket_id = connection.execute(text("SELECT min(id) FROM ticket")).scalar_one()
        told = {"title": "患者 11010519491231002X", "reporter": "刘药师 13800001234", "id": ticket_id}
        connection.execute(text("UPDATE ticket SET title = :title, reporter = :reporter WHERE id = :id"), told)
        reported = "SELECT min(seq) FROM event WHERE ticket_id = :id"
        for field in ("title", "reporter"):  # as they were recorded: with the number
            statement = f"UPDATE event_personal SET text = :{field} WHERE seq = ({reported}) AND field = '{field}'"
            connection.execute(text(statement), told)
    migrate(old_house, PROJECT / "migrations")
    with old_house.reading() as session:
        row = session.get_one(TicketRow, ticket_id)
        kept = session.scalars(select(PersonalRow.text).where(PersonalRow.text.contains("13800001234"))).all()
        assert audit.first_broken(session) is None
    assert (row.title, row.reporter) == ("患者 110***********002X", "刘药师 138****1234")
    shown = _shown(old_house, [row.number])[row.number].personal
    assert (shown["title"], shown["reporter"]) == (row.title, row.reporter)
    assert kept == ["刘药师 13800001234"]  # what the chain committed to stays until its purge


def test_a_personal_part_of_an_old_house_may_only_be_emptied(old_house: Database) -> None:
    migrate(old_house, PROJECT / "migrations")
    with pytest.raises(DatabaseError), old_house.writing() as session:
        session.execute(text("UPDATE event_personal SET text = 'other'"))
    with old_house.writing() as session:
        session.execute(text("UPDATE event_personal SET text = NULL, salt = NULL"))
        session.commit()


def test_agreed_days_of_an_old_house_stand_beside_its_tickets(old_house: Database) -> None:
    migrate(old_house, PROJECT / "migrations", to="0011")
    with old_house.engine.execution_options(writes=True).begin() as connection:
        events = _reflected(connection, "event")
        first, second, third = connection.execute(text("SELECT id FROM ticket ORDER BY id LIMIT 3")).scalars()
        template = connection.execute(select(events).order_by(events.c.seq.desc()).limit(1)).mappings().one()
        told = [
            (first, "correction_proposed", {"old": "", "new": "2026-12-10"}),
            (first, "correction_decided", {"new": "2026-12-10", "approved": True}),
            (first, "correction_proposed", {"old": "2026-12-10", "new": "2026-12-31"}),
            (first, "correction_decided", {"new": "2026-12-31", "approved": False}),
            (second, "correction_proposed", {"old": "", "new": "2026-12-20"}),
            (third, "correction_proposed", {"old": "", "new": "2027-01-05"}),
            (third, "correction_decided", {"approved": True}),
        ]
        for place, (ticket_id, kind, facts) in enumerate(told, 1):
            row = {**template, "seq": template["seq"] + place, "ticket_id": ticket_id, "kind": kind}
            row |= {
                "facts": json.dumps({"field": "agreed_on", **facts}),
                "hash": f"{place:064d}",
                "prev_hash": f"{place + 99:064d}",
            }
            connection.execute(events.insert(), row)
    migrate(old_house, PROJECT / "migrations")
    with old_house.reading() as session:
        found = session.execute(select(TicketRow.id, TicketRow.agreed_on).where(TicketRow.agreed_on.is_not(None)))
        agreed = dict(found.all())
    assert agreed == {first: date(2026, 12, 10), third: date(2027, 1, 5)}


def _shown(database: Database, numbers: Sequence[str]) -> dict[str, TicketFacts]:
    shelf = Bookshelf(StatutoryDays().of)
    with database.reading() as session:
        book = shelf.book(session)
        return {number: tickets.view(session, book, number, HOSPITAL).facts for number in numbers}


def test_tickets_of_the_first_version_are_found_once_the_asked_for_run_has_indexed_them(
    old_house: Database, clock: FakeClock
) -> None:
    clock.forward(days=30)
    migrate(old_house, PROJECT / "migrations")
    before = json.loads((DATA / "house-0001.json").read_text(encoding="utf-8"))["ticket"]
    runs = Runs(old_house.read, old_house.write, {}, "test", clock)
    job = Job("index-tickets", lambda run: search.index_tickets(run, old_house.read, old_house.write, 20), True, "")
    runs.jobs = {job.name: job}
    with old_house.read() as session:
        assert search.progress(session) == search.Progress(0, len(before), is_stuck=False)
        (waiting,) = jobs.queued(session, clock())

    assert runs.execute(waiting)

    with old_house.read() as session:
        assert search.progress(session) is None
        wanted = Filter(q=before[0]["title"])
        found = search.find(session, wanted, HOSPITAL, now=clock(), page=1, per_page=50)
    assert {row.number for row in found.rows} == {t["number"] for t in before if before[0]["title"] in t["title"]}
