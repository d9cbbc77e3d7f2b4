"""What every test may ask for: a fresh console on SQLite or PostgreSQL, a clock that obeys, quick password hashing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache

from ops_console import settings
from ops_console.adapters.passwords import Argon2
from ops_console.console import PROJECT, Console
from ops_console.core.people import Actor, actor_of
from ops_console.core.working_time import KnownYears
from ops_console.jobs.schedule import registry
from ops_console.services import jobs
from ops_console.services.tickets import Move, OpenTicket, move, open_ticket
from ops_console.store.database import Database
from ops_console.store.migrate import migrate
from tests.real_services import fresh_postgres, shared_folder

pytest_plugins = ["tests.real_services"]
# No example fails for a slow machine: speed is measured in benchmarks.
hypothesis_settings.register_profile("ops", deadline=None)
hypothesis_settings.load_profile("ops")
NOON = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # 2026-11-20 18:00 in Shanghai
DATA = Path(__file__).parent / "data"
HOSPITAL = actor_of("hospital", "信息科长", "hospital")
VENDOR = actor_of("vendor", "乙方工程师", "vendor")

MASTER_KEY = "b2YgdGhlIHRlc3RzIGFsb25lLCAzMiBieXRlcyBhbGw="
QUICK_HASHER = Argon2(time_cost=1, memory_kib=8)


class FakeClock:
    """A clock that stands still until told otherwise. Callable, as a Console wants it."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **passed: float) -> datetime:
        """Move on by a timedelta's arguments and return the new instant."""
        self.at += timedelta(**passed)
        return self.at


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once() -> None:
    """Let the hundreds of applications of a session share what Jinja makes of the templates."""
    folder = shared_folder() / "templates"
    folder.mkdir(exist_ok=True)
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": FileSystemBytecodeCache(str(folder))}


@pytest.fixture
def clock() -> FakeClock:
    """The test's clock: 2026-11-20 18:00 in Shanghai."""
    return FakeClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """The kind of database: the test runs once on each."""
    return str(request.param)


@pytest.fixture
def database_url(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of each kind: "" for the embedded SQLite file, else a PostgreSQL url."""
    if kind == "sqlite":
        yield ""
        return
    server = request.getfixturevalue("postgres_server")
    with fresh_postgres(server) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "console.db"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The url of a migrated PostgreSQL database that nobody is connected to, to be copied."""
    with fresh_postgres(postgres_server) as url:
        _migrated(url)
        yield url


def _migrated(url: str) -> None:
    database = Database(url)
    migrate(database, PROJECT / "migrations")
    database.close()


@pytest.fixture
def migrated_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of each kind, as `database_url` names it; SQLite's file lies in `tmp_path / "data"`."""
    if kind == "sqlite":
        copy_sqlite(request.getfixturevalue("sqlite_template"), tmp_path / "data")
        yield ""
        return
    template = request.getfixturevalue("postgres_template")
    with fresh_postgres(request.getfixturevalue("postgres_server"), template) as url:
        yield url


def copy_sqlite(template: Path, folder: Path) -> None:
    """Given a migrated file and a data folder, put a copy where the console looks for its database."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(template, folder / "console.db")


def make_settings(folder: Path, url: str = "", **environment: str) -> settings.Settings:
    """Given a data folder and a database url, return the shipped settings pointed at them."""
    wanted = {"OPS_DATA": str(folder), "OPS_DATABASE__URL": url, **environment}
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "master.key").exists():  # one for all: templates of one folder are opened from another
        (folder / "master.key").write_text(MASTER_KEY, encoding="ascii")
    return settings.load(PROJECT, wanted)


def make_console(
    folder: Path, clock: FakeClock, url: str = "", *, known_years: KnownYears | None = None, **environment: str
) -> Console:
    """Given a data folder, a clock and a database url, return a prepared console with its jobs."""
    console = Console(
        make_settings(folder, url, **environment), hasher=QUICK_HASHER, known_years=known_years, now=clock
    )
    console.prepare()
    console.jobs.update(registry(console))
    return console


@pytest.fixture
def console(tmp_path: Path, clock: FakeClock, migrated_url: str) -> Iterator[Console]:
    """A prepared, empty console; the test runs once on each kind of database."""
    made = make_console(tmp_path / "data", clock, migrated_url)
    yield made
    made.close()


@pytest.fixture
def sqlite_console(tmp_path: Path, clock: FakeClock, sqlite_template: Path) -> Iterator[Console]:
    """A prepared, empty console on SQLite alone, for tests of the faces."""
    copy_sqlite(sqlite_template, tmp_path / "data")
    made = make_console(tmp_path / "data", clock)
    yield made
    made.close()


def log_ticket(console: Console, *, actor: Actor = VENDOR, at: datetime | None = None, **given: object) -> str:
    """Given a console and what differs from a plain 故障, log a ticket (at `at`, else now) and return its number."""
    wanted = {"type": "故障", "module": "门诊缴费", "channel": "电话", "title": "打不开", **given}
    with console.write() as session:
        command = OpenTicket(**wanted)  # type: ignore[arg-type]
        return open_ticket(session, console.book(session), command, actor, at or console.now())


def do(
    console: Console,
    number: str,
    kind: str,
    actor: Actor = VENDOR,
    *,
    at: datetime | None = None,
    personal: dict[str, str] | None = None,
    **facts: object,
) -> None:
    """Given a ticket's number, a kind of event and its facts, add it (at `at`, else now)."""
    with console.write() as session:
        command = Move(number, kind, facts, personal or {})
        move(session, console.book(session), command, actor, at or console.now())


def import_sheet(
    console: Console, path: Path, *, actor: Actor = VENDOR, **params: object
) -> tuple[str, dict[str, Any]]:
    """Given a sheet's file, import it as a job run here and now; return the run's status and its result."""
    run_id = ask_import(console, path, actor=actor, **params)
    console.runs().execute(run_id)
    with console.read() as session:
        status, result, _error = jobs.outcome(session, run_id)
    return status, result or {}


def ask_import(console: Console, path: Path, *, actor: Actor = VENDOR, **params: object) -> int:
    """Given a sheet's file, keep it and ask for the run that imports it; return the run's id."""
    with path.open("rb") as stream:
        digest = console.files.keep_upload(stream, 64 << 20)
    given = {"file": digest, "name": path.name, "side": actor.side, **params}
    key = f"import-tickets/{uuid4()}"
    with console.write() as session:
        return jobs.ask(session, job="import-tickets", key=key, params=given, actor=actor, now=console.now())


@pytest.fixture(scope="session")
def sqlite_year(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A SQLite file with the year's sheet imported, to be copied."""
    folder = tmp_path_factory.mktemp("year")
    copy_sqlite(sqlite_template, folder)
    _import_year(folder, "")
    return folder / "console.db"


@pytest.fixture(scope="session")
def postgres_year(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: str, postgres_template: str
) -> Iterator[str]:
    """The url of a PostgreSQL database with the year's sheet imported, to be copied."""
    with fresh_postgres(postgres_server, postgres_template) as url:
        _import_year(tmp_path_factory.mktemp("year"), url)
        yield url


def _import_year(folder: Path, url: str) -> None:
    console = make_console(folder, FakeClock(), url)
    status, result = import_sheet(console, DATA / "tickets-2026.csv")
    assert (status, result["imported"]) == ("done", 2344), result
    console.close()


@pytest.fixture
def year_console(kind: str, request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> Iterator[Console]:
    """A console with the year's sheet imported, by the vendor at the clock's first instant; once on each database."""
    if kind == "sqlite":
        copy_sqlite(request.getfixturevalue("sqlite_year"), tmp_path / "data")
        made = make_console(tmp_path / "data", clock)
        yield made
        made.close()
        return
    template = request.getfixturevalue("postgres_year")
    with fresh_postgres(request.getfixturevalue("postgres_server"), template) as url:
        made = make_console(tmp_path / "data", clock, url)
        yield made
        made.close()
