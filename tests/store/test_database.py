"""The database: nothing is lost between threads, reading writes nothing, facts stay, instants have zones."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Text, column, delete, insert, select, table, text, update
from sqlalchemy.exc import DBAPIError, StatementError
from sqlalchemy.orm import Session

from ops_console.console import Console
from ops_console.store import audit, jobs
from ops_console.store.jobs import HeartbeatRow
from tests.conftest import NOON, log_ticket

BEAT = "lost updates"


def _counted(session: Session) -> HeartbeatRow:
    return session.scalars(select(HeartbeatRow).where(HeartbeatRow.name == BEAT).with_for_update()).one()


def _count_up(console: Console, times: int, failed: list[Exception]) -> None:
    try:
        for _ in range(times):
            with console.write() as session:
                row = _counted(session)
                row.note = str(int(row.note) + 1)
    except Exception as error:
        failed.append(error)


def test_eight_threads_of_sixty_read_modify_writes_lose_nothing(console: Console) -> None:
    with console.write() as session:
        jobs.beat(session, BEAT, "test", NOON, "0")
    failed: list[Exception] = []
    threads = [threading.Thread(target=_count_up, args=(console, 60, failed)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with console.read() as session:
        beats = session.scalars(select(HeartbeatRow.note).where(HeartbeatRow.name == BEAT)).all()
    assert failed == []
    assert beats == ["480"]


def test_a_session_that_reads_cannot_write(console: Console) -> None:
    row = {"name": "sneaked in", "owner": "test", "beat_at": NOON, "note": ""}
    with console.read() as session, pytest.raises(DBAPIError):
        session.execute(insert(HeartbeatRow), row)
    with console.write() as session:  # the same connection writes again
        session.execute(insert(HeartbeatRow), {**row, "name": "written"})
    with console.read() as session:
        assert session.scalars(select(HeartbeatRow.name)).all() == ["written"]


def test_a_session_that_reads_sees_one_state_of_the_database(console: Console) -> None:
    count = select(HeartbeatRow.name)
    with console.read() as session:
        before = session.scalars(count).all()
        with console.write() as other:
            jobs.beat(other, "later", "test", NOON, "")
        assert session.scalars(count).all() == before == []


def test_a_unit_of_work_that_fails_leaves_nothing(console: Console) -> None:
    with pytest.raises(ZeroDivisionError), console.write() as session:
        jobs.beat(session, BEAT, "test", NOON, "0")
        session.flush()
        raise ZeroDivisionError
    with console.read() as session:
        assert session.scalars(select(HeartbeatRow.name)).all() == []


@pytest.mark.parametrize("statement", ["UPDATE event SET actor = 'nobody'", "DELETE FROM event"])
def test_an_event_is_neither_changed_nor_deleted(console: Console, statement: str) -> None:
    log_ticket(console)
    with pytest.raises(DBAPIError, match="append-only"), console.write() as session:
        session.execute(text(statement))
    with console.read() as session:
        assert "nobody" not in session.scalars(select(audit.EventRow.actor)).all()
        assert audit.first_broken(session) is None


def test_a_personal_text_is_never_deleted_but_may_be_emptied_and_the_chain_still_holds(console: Console) -> None:
    log_ticket(console, phone="13900000000", reporter="刘药师")
    with pytest.raises(DBAPIError, match="append-only"), console.write() as session:
        session.execute(delete(audit.PersonalRow))
    with console.write() as session:
        session.execute(update(audit.PersonalRow).values(text=None, salt=None))
    with console.read() as session:
        assert set(session.scalars(select(audit.PersonalRow.text))) == {None}
        assert audit.first_broken(session) is None


def test_an_instant_without_a_zone_is_refused(console: Console) -> None:
    naive = datetime(2026, 11, 20, 18, 0)  # noqa: DTZ001 - what is refused
    with pytest.raises(StatementError, match="naive"), console.write() as session:
        jobs.beat(session, BEAT, "test", naive, "")


def test_an_instant_comes_back_in_utc_to_the_microsecond(console: Console) -> None:
    shanghai = datetime(2026, 11, 20, 18, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    with console.write() as session:
        jobs.beat(session, BEAT, "test", shanghai, "")
    with console.read() as session:
        kept = session.scalars(select(HeartbeatRow.beat_at)).one()
    assert kept == shanghai
    assert kept.tzinfo is UTC


def test_a_console_makes_one_engine(console: Console) -> None:
    with console.read() as reading, console.write() as writing:
        assert reading.get_bind().pool is writing.get_bind().pool is console.database.engine.pool  # type: ignore[union-attr]


def test_a_fact_whose_link_cannot_be_stored_is_not_stored_either(console: Console) -> None:
    log_ticket(console)
    with pytest.raises(ValueError, match="floats"), console.write() as session:
        jobs.beat(session, BEAT, "test", NOON, "")
        broken = audit.Event("broken", NOON, NOON, "test", "neutral", facts={"float": 1.5})
        audit.append(session, "test", "1", broken)
    with console.read() as session:
        assert session.scalars(select(HeartbeatRow.name)).all() == []


def test_sqlite_keeps_its_pragmas_on_every_connection(sqlite_console: Console) -> None:
    with sqlite_console.read() as one, sqlite_console.read() as other:
        for session in (one, other):
            assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
            assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
            assert session.execute(text("PRAGMA busy_timeout")).scalar() == 15000


def test_a_foreign_key_to_nothing_is_refused(console: Console) -> None:
    clocks = table("clock_tally", column("contract_id"), column("month", Text))
    with pytest.raises(DBAPIError), console.write() as session:
        session.execute(insert(clocks), {"contract_id": 99, "month": "2026-01"})
