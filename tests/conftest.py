"""What every test may ask for: a fresh console on SQLite or PostgreSQL, a clock that obeys, quick password hashing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops_console import settings
from ops_console.adapters.passwords import Argon2
from ops_console.console import PROJECT, Console
from ops_console.jobs.schedule import registry
from tests.real_services import fresh_postgres

pytest_plugins = ["tests.real_services"]
NOON = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # 2026-11-20 18:00 in Shanghai
DATA = Path(__file__).parent / "data"


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


@pytest.fixture
def clock() -> FakeClock:
    """The test's clock: 2026-11-20 18:00 in Shanghai."""
    return FakeClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of each kind: "" for the embedded SQLite file, else a PostgreSQL url."""
    if request.param == "sqlite":
        yield ""
        return
    server = request.getfixturevalue("postgres_server")
    with fresh_postgres(server) as url:
        yield url


def make_settings(folder: Path, url: str = "", **environment: str) -> settings.Settings:
    """Given a data folder and a database url, return the shipped settings pointed at them."""
    wanted = {"OPS_DATA": str(folder), "OPS_DATABASE__URL": url, **environment}
    return settings.load(PROJECT, wanted)


def make_console(folder: Path, clock: FakeClock, url: str = "", **environment: str) -> Console:
    """Given a data folder, a clock and a database url, return a prepared console with its jobs."""
    console = Console(make_settings(folder, url, **environment), hasher=Argon2(time_cost=1, memory_kib=8), now=clock)
    console.prepare()
    console.jobs.update(registry(console))
    return console


@pytest.fixture
def console(tmp_path: Path, clock: FakeClock, database_url: str) -> Iterator[Console]:
    """A prepared, empty console; the test runs once on each kind of database."""
    made = make_console(tmp_path / "data", clock, database_url)
    yield made
    made.close()


@pytest.fixture
def sqlite_console(tmp_path: Path, clock: FakeClock) -> Iterator[Console]:
    """A prepared, empty console on SQLite alone, for tests of the faces."""
    made = make_console(tmp_path / "data", clock)
    yield made
    made.close()
