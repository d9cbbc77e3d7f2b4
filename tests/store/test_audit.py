"""The chain of events: whole after many writers, and its first broken entry is named whoever broke it."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from ops_console.console import Console
from ops_console.core.tickets import PURGED, Event
from ops_console.store import audit, jobs
from ops_console.store.audit import EventRow, PersonalRow
from ops_console.store.jobs import HeartbeatRow
from tests.conftest import NOON, log_ticket


def note(session: Session, name: str) -> None:
    event = Event("noted", NOON, NOON, "test", "neutral", facts={"name": name}, personal={"reporter": f"病人 {name}"})
    audit.append(session, "test", name, event)


def write_many(console: Console, writer: int, failed: list[Exception]) -> None:
    try:
        for number in range(20):
            with console.write() as session:
                note(session, f"{writer}/{number}/a")
                note(session, f"{writer}/{number}/b")
    except Exception as error:
        failed.append(error)


def first_broken(console: Console) -> int | None:
    with console.read() as session:
        return audit.first_broken(session, batch=7)


def break_in(console: Console, *statements: str) -> None:
    """As somebody with the database alone would: the triggers are dropped first."""
    drops = ["DROP TRIGGER event_no_update", "DROP TRIGGER event_no_delete", "DROP TRIGGER event_personal_no_delete"]
    if not console.database.is_sqlite:
        drops = ["DROP TRIGGER event_append_only ON event", "DROP TRIGGER event_personal_append_only ON event_personal"]
    with console.write() as session:
        for statement in (*drops, *statements):
            session.execute(text(statement))


@pytest.fixture
def ten(console: Console) -> Console:
    """A console with ten notes after what preparing it left."""
    with console.write() as session:
        for number in range(10):
            note(session, str(number))
    return console


def number_of(console: Console, name: str) -> int:
    with console.read() as session:
        return session.scalars(select(EventRow.seq).where(EventRow.subject_id == name)).one()


def test_the_chain_holds_after_many_writes_by_eight_threads(console: Console) -> None:
    failed: list[Exception] = []
    threads = [threading.Thread(target=write_many, args=(console, writer, failed)) for writer in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with console.read() as session:
        count = session.scalar(select(func.count()).select_from(EventRow).where(EventRow.subject == "test"))
        last = session.scalar(select(func.max(EventRow.seq)))
        everything = session.scalar(select(func.count()).select_from(EventRow))
    assert failed == []
    assert count == 8 * 20 * 2
    assert last == everything  # no gap
    assert first_broken(console) is None


def test_edited_facts_break_the_chain_at_their_entry(ten: Console) -> None:
    seq = number_of(ten, "4")
    break_in(ten, f'UPDATE event SET facts = \'{{"name":"x"}}\' WHERE seq = {seq}')
    assert first_broken(ten) == seq


@pytest.mark.parametrize("column", ["actor", "side", "kind", "channel", "subject_id", "evidence", "commitments"])
def test_every_column_of_an_entry_is_bound(ten: Console, column: str) -> None:
    seq = number_of(ten, "4")
    value = "[]" if column == "commitments" else '["x"]' if column == "evidence" else "other"
    break_in(ten, f"UPDATE event SET {column} = '{value}' WHERE seq = {seq}")
    assert first_broken(ten) == seq


@pytest.mark.parametrize("column", ["occurred_at", "recorded_at"])
def test_a_shifted_time_breaks_the_chain(ten: Console, column: str) -> None:
    seq = number_of(ten, "4")
    break_in(ten, f"UPDATE event SET {column} = '2026-01-01 00:00:00+00:00' WHERE seq = {seq}")
    assert first_broken(ten) == seq


def test_a_deleted_row_in_the_middle_breaks_the_chain_there(ten: Console) -> None:
    seq = number_of(ten, "4")
    break_in(ten, f"DELETE FROM event_personal WHERE seq = {seq}", f"DELETE FROM event WHERE seq = {seq}")
    assert first_broken(ten) == seq


def test_two_swapped_rows_break_the_chain_at_the_first(ten: Console) -> None:
    one, other = number_of(ten, "4"), number_of(ten, "7")
    parts = [f"DELETE FROM event_personal WHERE seq IN ({one}, {other})"]
    steps = [(one, -1), (other, one), (-1, other)]
    break_in(ten, *parts, *(f"UPDATE event SET seq = {to} WHERE seq = {was}" for was, to in steps))
    assert first_broken(ten) == one


def test_a_recomputed_entry_breaks_the_chain_at_the_next(ten: Console) -> None:
    seq = number_of(ten, "4")
    with ten.read() as session:
        row = session.execute(select(EventRow.__table__).where(EventRow.seq == seq)).one()._asdict()
    forged = audit.link(row["prev_hash"], audit.body({**row, "actor": "other"}))
    break_in(ten, f"UPDATE event SET actor = 'other', hash = '{forged}' WHERE seq = {seq}")
    assert first_broken(ten) == seq + 1


def test_a_personal_text_is_bound_by_its_commitment(ten: Console) -> None:
    seq = number_of(ten, "4")
    with ten.read() as session:
        row = session.scalars(select(PersonalRow).where(PersonalRow.seq == seq)).one()
        kept = session.scalars(select(EventRow.commitments).where(EventRow.seq == seq)).one()
    assert audit.commitment(row.salt or b"", row.text or "") in kept
    assert audit.commitment(row.salt or b"", "另一个人") not in kept
    assert len(row.salt or b"") == 16


def test_no_personal_text_enters_the_hashed_part(console: Console) -> None:
    log_ticket(console, title="标题甲", reporter="刘药师", phone="13900000000", description="描述乙")
    with console.read() as session:
        hashed = " ".join(audit.body(row._asdict()) for row in session.execute(select(EventRow.__table__)))
        apart = set(session.scalars(select(PersonalRow.text)))
    assert apart == {"标题甲", "刘药师", "139****0000", "描述乙"}
    assert not [text for text in apart if text and text in hashed]


def test_a_transaction_that_fails_leaves_no_event(console: Console) -> None:
    with console.read() as session:
        before = audit.chain_head(session)
    with pytest.raises(ZeroDivisionError), console.write() as session:
        note(session, "lost")
        raise ZeroDivisionError
    with console.read() as session:
        assert audit.chain_head(session) == before
        assert session.scalar(select(func.count()).select_from(PersonalRow)) == 0


def test_when_the_chain_cannot_be_written_the_fact_is_not_written_either(console: Console) -> None:
    refuse = "CREATE TRIGGER no_more BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    if not console.database.is_sqlite:
        refuse = "ALTER TABLE event ADD CONSTRAINT no_more CHECK (seq < 0) NOT VALID"
    with console.write() as session:
        session.execute(text(refuse))
    with pytest.raises(Exception, match=r"disk full|no_more"), console.write() as session:
        jobs.beat(session, "fact", "test", NOON, "")
        note(session, "audited")
    with console.read() as session:
        assert session.scalars(select(HeartbeatRow.name)).all() == []


def test_emptying_a_personal_text_leaves_the_ticket_readable(console: Console) -> None:
    log_ticket(console, reporter="刘药师")
    with console.write() as session:
        session.execute(update(PersonalRow).values(text=None, salt=None))
    with console.read() as session:
        (event,) = audit.of_tickets(session, [1])[1]
    assert event.personal == {"reporter": PURGED, "title": PURGED}
    assert first_broken(console) is None
