"""A served console for tests of its pages: an account of each role, browsers signed in as each, statements counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, select, update

from ops_console.console import Console
from ops_console.core.people import DUTIES, HOSPITAL, ROLES
from ops_console.store import people
from ops_console.store.base import Base
from ops_console.store.factors import FactorRow
from ops_console.store.people import PersonRow, SessionRow
from ops_console.web.app import create_app
from tests.conftest import QUICK_HASHER, FakeClock, copy_sqlite, make_console
from tests.web.pages import PASSWORD, Browser

HASHED = QUICK_HASHER.hash(PASSWORD)


class Site:
    """A console and its pages."""

    def __init__(self, console: Console, clock: FakeClock) -> None:
        self.console, self.clock = console, clock
        self.app: Flask = create_app(console)
        self.app.testing = False  # as in life: errors become pages
        self._signed_in: dict[str, Browser] = {}

    def browser(self, **given: str) -> Browser:
        """Return a stranger's browser."""
        return Browser(self.app, **given)

    def signed_in(self, account: str, **given: str) -> Browser:
        """Return a new browser signed in to that account."""
        made = self.browser(**given)
        answer = made.sign_in(account)
        assert answer.status == 302, answer.text
        self.prove(account)
        return made

    def prove(self, account: str) -> None:
        """Let the sessions of that account count as having given a second factor now (test_factors gives real ones)."""
        with self.console.write() as session:
            whose = select(PersonRow.id).where(PersonRow.account == account)
            given = update(SessionRow).where(SessionRow.person_id.in_(whose))
            session.execute(given.values(factor_at=self.console.now()))

    def as_(self, role: str) -> Browser:
        """Return the browser signed in to the account of that role, always the same one."""
        if role not in self._signed_in:
            self._signed_in[role] = self.signed_in(role)
        self.prove(role)
        return self._signed_in[role]

    def run_jobs(self) -> None:
        """Execute every waiting run here and now."""
        from ops_console.store import jobs

        with self.console.read() as session:
            waiting = jobs.queued(session, self.console.now())
        for run_id in waiting:
            self.console.runs().execute(run_id)

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Collect the statements that the block sends to the database, beginnings of transactions apart."""
        said: list[str] = []

        def hear(_connection, _cursor, statement, *_rest) -> None:  # type: ignore[no-untyped-def]
            if not statement.startswith(("PRAGMA", "BEGIN")):
                said.append(statement)

        event.listen(self.console.database.engine, "before_cursor_execute", hear)
        try:
            yield said
        finally:
            event.remove(self.console.database.engine, "before_cursor_execute", hear)


def open_site(folder: Path, template: Path, clock: FakeClock, **environment: str) -> Site:
    """Given a data folder, a SQLite file to copy and a clock, return a site with an account of each role."""
    copy_sqlite(template, folder)
    made = reopen_site(folder, clock, **environment)
    with made.console.write() as session:
        session.add_all(person(role, role) for role in ROLES)
        session.flush()
        session.add_all(
            FactorRow(person_id=found.id, kind="totp", sealed=b"nobody knows it", last_counter=0, failures=0)
            for found in people.everybody(session)
        )
    return made


def reopen_site(folder: Path, clock: FakeClock, **environment: str) -> Site:
    """Given the data folder of a site, return it as started again."""
    return Site(make_console(folder, clock, **environment), clock)


def everything(console: Console) -> dict[str, list[str]]:
    """Given a console, return every row of every table as text, the moments when sessions were last seen apart."""
    found: dict[str, list[str]] = {}
    with console.read() as session:
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name != "seen_at"]
            found[table.name] = sorted(repr(tuple(row)) for row in session.execute(select(*columns)))
    return found


def person(account: str, role: str, *, must_change: bool = False) -> PersonRow:
    """Given an account and a role, return its row; its password is PASSWORD."""
    return PersonRow(
        account=account, name=f"{account}某", role=role, password_hash=HASHED, must_change=must_change,
        one_time_until=None, reset_at=None, created_at=FakeClock()(), holder=HOSPITAL if role in DUTIES else None,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wrong passwords are answered at once here; test_sign_in looks at the delay itself."""
    monkeypatch.setattr("ops_console.services.sign_in.DELAYS", (0.0,))
    monkeypatch.setattr("ops_console.services.sign_in.TRIES_A_MINUTE", 100_000)  # a test's clock stands still


@pytest.fixture
def site(tmp_path: Path, sqlite_template: Path, clock: FakeClock) -> Iterator[Site]:
    """An empty console with its accounts."""
    made = open_site(tmp_path / "data", sqlite_template, clock)
    yield made
    made.console.close()


@pytest.fixture
def year_site(tmp_path: Path, sqlite_year: Path, clock: FakeClock) -> Iterator[Site]:
    """A console with the year imported, to be changed."""
    made = open_site(tmp_path / "data", sqlite_year, clock)
    yield made
    made.console.close()


@pytest.fixture(scope="session")
def year(tmp_path_factory: pytest.TempPathFactory, sqlite_year: Path) -> Iterator[Site]:
    """A console with the year imported, only to be looked at. Its clock stands still."""
    made = open_site(tmp_path_factory.mktemp("seen") / "data", sqlite_year, FakeClock())
    yield made
    made.console.close()
