"""PostgreSQL's two roles: the console's own does all its work and can change no fact; `doctor` says when it could."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from ops_console.console import Console
from ops_console.core.people import SYSTEM, terminal_actor
from ops_console.services import anchors, chain_checks, doctor
from ops_console.store import roles
from ops_console.store.chain_checks import GUARDED
from tests.conftest import HOSPITAL as CHIEF
from tests.conftest import FakeClock, do, log_ticket, make_console
from tests.real_services import fresh_postgres, plain

PROVED = datetime.max.replace(tzinfo=UTC)  # gave a second factor just now
HOSPITAL = replace(CHIEF, proved_until=PROVED)


@pytest.fixture
def two_roles(postgres_server: str) -> Iterator[tuple[str, str]]:
    """The urls of an empty database as the console's own role and as its owner."""
    mark = uuid.uuid4().hex[:10]
    owner, own = f"ops_owner_{mark}", f"ops_app_{mark}"
    with fresh_postgres(postgres_server) as url:
        name = make_url(url).database
        with psycopg.connect(plain(postgres_server), autocommit=True) as connection:
            connection.execute(f'CREATE ROLE "{owner}" LOGIN')
            connection.execute(f'CREATE ROLE "{own}" LOGIN')
            connection.execute(f'ALTER DATABASE "{name}" OWNER TO "{owner}"')
        yield tuple(
            make_url(url).set(username=user, drivername="postgresql").render_as_string(hide_password=False)
            for user in (own, owner)
        )  # type: ignore[misc]
    with psycopg.connect(plain(postgres_server), autocommit=True) as connection:
        for role in (own, owner):
            with suppress(psycopg.Error):
                connection.execute(f'DROP ROLE "{role}"')


@pytest.fixture
def parted(two_roles: tuple[str, str], tmp_path: Path, clock: FakeClock) -> Iterator[Console]:
    """A console that works as its own role, its tables made by their owner."""
    own, owner = two_roles
    made = make_console(tmp_path / "data", clock, own, OPS_DATABASE__MIGRATE_URL=owner)
    yield made
    made.close()


def tried(console: Console, statement: str) -> str:
    """What PostgreSQL says to a statement by the console's own role; nothing when it does it."""
    try:
        with console.database.engine.begin() as connection:
            connection.execute(text(statement))
    except DBAPIError as error:
        return str(error.orig).splitlines()[0]
    return ""


def test_the_consoles_own_role_does_all_of_its_work(parted: Console, clock: FakeClock) -> None:
    number = log_ticket(parted, reporter="刘药师")
    do(parted, number, "responded", at=clock.forward(minutes=5))
    do(parted, number, "restored", at=clock.forward(minutes=5), mode="远程", personal={"process": "重启"})
    do(parted, number, "confirmed", HOSPITAL, at=clock.forward(minutes=5))
    anchors.make_today(parted.anchoring(), SYSTEM, clock())
    anchors.set_receiver(parted.anchoring(), "download", "", HOSPITAL, clock())
    assert chain_checks.verify(parted.checking(), "test").outcome == "whole"
    with parted.write() as session:
        session.execute(text("UPDATE event_personal SET text = NULL, salt = NULL"))  # what a purge does
    assert parted.first_accounts()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE event SET actor = 'x'", "DELETE FROM event", "TRUNCATE event CASCADE",
        "DROP TRIGGER event_append_only ON event", "ALTER TABLE event DISABLE TRIGGER ALL",
        "ALTER TABLE event DISABLE TRIGGER event_append_only", "DROP TABLE event CASCADE",
        "ALTER TABLE event RENAME TO gone",
        "CREATE TRIGGER more BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION event_append_only()",
        "CREATE OR REPLACE FUNCTION event_append_only() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "SET session_replication_role = replica", "UPDATE event_personal SET field = 'x'", "DELETE FROM event_personal",
        "TRUNCATE event_personal", "UPDATE anchor SET seq = 1", "DELETE FROM anchor", "TRUNCATE anchor CASCADE",
        "DELETE FROM chain_failure", "UPDATE chain_sign_off SET reason = ''", "DELETE FROM chain_check",
        "DELETE FROM alembic_version", "CREATE TABLE mine (x int)",
    ],
)  # fmt: skip
def test_the_consoles_own_role_changes_no_fact(parted: Console, statement: str) -> None:
    log_ticket(parted)
    with parted.read() as session:
        before = session.scalar(text("SELECT count(*) FROM event"))
    said = tried(parted, statement)
    assert "permission denied" in said or "must be owner" in said or "append-only" in said, said
    with parted.read() as session:
        assert session.scalar(text("SELECT count(*) FROM event")) == before


def test_the_owner_cannot_empty_the_facts_by_a_slip(parted: Console, two_roles: tuple[str, str]) -> None:
    with psycopg.connect(two_roles[1]) as connection, pytest.raises(psycopg.Error, match="append-only"):
        connection.execute("TRUNCATE event CASCADE")


def test_rights_are_given_once_and_mended_when_somebody_changed_them(
    parted: Console, two_roles: tuple[str, str]
) -> None:
    own = str(make_url(two_roles[0]).username)
    owner = roles.Database(two_roles[1])
    try:
        assert roles.grant(owner, own) is False
        with psycopg.connect(two_roles[1], autocommit=True) as connection:
            connection.execute(f'GRANT UPDATE, DELETE ON event TO "{own}"')
        assert [right for right in roles.too_much(parted.database) if right.endswith(" event")] == [
            "UPDATE event", "DELETE event",
        ]  # fmt: skip
        assert roles.grant(owner, own) is True
        assert roles.too_much(parted.database) == []
    finally:
        owner.close()


def levels(console: Console, clock: FakeClock) -> dict[str, str]:
    with console.read() as session:
        found = doctor.look(session, console.host(), terminal_actor("test"), clock())
    return {one.name: one.level for one in found}


def test_doctor_is_content_with_two_roles_and_not_with_one(
    parted: Console, two_roles: tuple[str, str], tmp_path: Path, clock: FakeClock
) -> None:
    assert levels(parted, clock)["database_roles"] == "ok"
    alone = make_console(tmp_path / "other", clock, two_roles[1])
    try:
        assert levels(alone, clock)["database_roles"] == "wrong"
        assert {f"OWNER {table}" for table in GUARDED} <= set(roles.too_much(alone.database))
    finally:
        alone.close()
