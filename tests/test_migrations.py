"""Migrations bring an empty database, on SQLite and PostgreSQL, to exactly what the models say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from ops_console.console import PROJECT, Console
from ops_console.store.audit import EventRow
from ops_console.store.base import Base
from ops_console.store.database import Database
from ops_console.store.migrate import migrate
from tests.conftest import FakeClock, make_console

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
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "render_as_batch": database.is_sqlite}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_every_constraint_and_index_has_the_models_name(database: Database) -> None:
    migrate(database, PROJECT / "migrations")
    with database.engine.connect() as connection:
        found = inspect(connection)
        for table in Base.metadata.tables.values():
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
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["0001"]


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
        assert session.scalars(select(EventRow.kind)).all() == ["contract_loaded"]
    console.close()


def test_the_newest_revision_is_the_file_with_the_highest_number() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(PROJECT / "migrations"))
    (head,) = ScriptDirectory.from_config(config).get_heads()
    assert head == max(path.name[:4] for path in (PROJECT / "migrations" / "versions").glob("[0-9]*.py"))
