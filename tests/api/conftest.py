"""A console served as in life, pages and API in one application, and callers with tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from ops_console.console import Console
from ops_console.core.people import ROLES, actor_of
from ops_console.main import application
from ops_console.services import tokens
from tests.conftest import FakeClock, copy_sqlite, make_console
from tests.web.conftest import person

ORIGIN = "http://127.0.0.1:8000"
ALL = tuple(tokens.SCOPES)
TICKET = {"type": "故障", "module": "门诊缴费", "channel": "电话", "title": "打不开"}


class Caller:
    """A script with a token (or with none)."""

    def __init__(self, app: Any, token: str = "") -> None:
        self._app, self.token = app, token

    def ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **given: Any) -> TestResponse:
        """Send a request below /api/v1 (or to a whole address) and return the answer. For any thread."""
        carried = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        where = path if path.startswith("/api") else f"/api/v1{path}"
        client = Client(self._app)
        return client.open(where, method=method, base_url=ORIGIN, headers={**carried, **(headers or {})}, **given)

    def get(self, path: str, **query: Any) -> Any:
        """Read something and return its JSON."""
        answer = self.ask("GET", path, query_string=query or None)
        assert answer.status_code == 200, answer.text
        return answer.json

    def post(self, path: str, key: str = "", **body: Any) -> TestResponse:
        """Send a JSON body."""
        return self.ask("POST", path, json=body, headers={"Idempotency-Key": key} if key else None)

    def log(self, **given: Any) -> str:
        """Log a ticket and return its number."""
        answer = self.post("/tickets", **{**TICKET, **given})
        assert answer.status_code == 201, answer.text
        return str(answer.json["number"])  # type: ignore[index]


class House:
    """A console, its application, and an account of each role."""

    def __init__(self, console: Console, clock: FakeClock) -> None:
        self.console, self.clock = console, clock
        self.app = application(console)
        with console.write() as session:
            session.add_all(person(role, role) for role in ROLES)

    def token(self, role: str, *scopes: str, days: int = 30, name: str = "脚本") -> str:
        """Make a token of that role's account, with all scopes it may have where none is named."""
        actor = actor_of(role, f"{role}某", role)
        with self.console.write() as session:
            wanted = scopes or tokens.offered(actor)
            return tokens.make(session, name, wanted, days, actor, self.console.now()).text

    def caller(self, role: str, *scopes: str) -> Caller:
        """Return a script of that role with a token of its own."""
        return Caller(self.app, self.token(role, *scopes))

    def stranger(self) -> Caller:
        """Return a script without a token."""
        return Caller(self.app)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the facts of every event about accounts of that kind, the oldest first."""
        from ops_console.store import audit

        with self.console.read() as session:
            found = audit.about(session, "person", [kind])
        return [{"account": account, **event.facts} for _, account, event in reversed(found)]

    def count(self) -> int:
        """How many tickets there are."""
        from sqlalchemy import func, select

        from ops_console.store.tickets import TicketRow

        with self.console.read() as session:
            return session.scalar(select(func.count()).select_from(TicketRow)) or 0


@pytest.fixture
def house(tmp_path: Path, sqlite_template: Path, clock: FakeClock) -> Iterator[House]:
    """An empty console on SQLite."""
    copy_sqlite(sqlite_template, tmp_path / "data")
    made = make_console(tmp_path / "data", clock)
    yield House(made, clock)
    made.close()


@pytest.fixture
def both_house(console: Console, clock: FakeClock) -> House:
    """An empty console, once on each database."""
    return House(console, clock)


def problem(answer: TestResponse, status: int) -> dict[str, Any]:
    """Given an answer, see that it is a problem of that status as RFC 9457 writes it, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"
    body = json.loads(answer.get_data(as_text=True))
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    return dict(body)
