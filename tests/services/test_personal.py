"""Originals are sealed apart, shown for a reason and five minutes, and destroyed in time; the chain stays whole."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.chain import commitment
from ops_console.core.errors import NotFound, Refused, Unsealable
from ops_console.core.people import Actor, actor_of
from ops_console.core.tickets import PURGED, Event
from ops_console.services import jobs, notes, personal, rechecks, tickets
from ops_console.services.personal import PER_HOUR, SHOWN_FOR, MaskedText, Reveal
from ops_console.services.take_backs import take_back
from ops_console.store import audit
from ops_console.store.audit import EventRow, PersonalRow
from ops_console.store.jobs import RunRow
from ops_console.store.people import PersonRow
from ops_console.store.tickets import TicketRow
from tests.conftest import HOSPITAL, QUICK_HASHER, VENDOR, FakeClock, do, import_sheet, log_ticket
from tests.sheets import row, write_sheet

PHONE, SHOWN_PHONE = "13800001234", "138****1234"
ID, SHOWN_ID = "11010519491231002X", "110***********002X"
AUDITOR = actor_of("auditor", "审计员", "auditor")


@pytest.fixture(autouse=True)
def _people(request: pytest.FixtureRequest) -> None:
    for fixture in ("console", "sqlite_console"):
        if fixture in request.fixturenames:
            with request.getfixturevalue(fixture).write() as session:
                session.add_all(_person(account) for account in ("hospital", "vendor"))


def _person(account: str) -> PersonRow:
    return PersonRow(
        account=account, name=account, role=account, password_hash=QUICK_HASHER.hash("x"), must_change=False,
        one_time_until=None, reset_at=None, created_at=FakeClock()(),
    )  # fmt: skip


def log(console: Console, **given: object) -> str:
    return log_ticket(console, **{"title": f"患者 {ID} 打不开", "phone": PHONE, "reporter": "刘药师", **given})


def masked(console: Console, number: str, actor: Actor = VENDOR) -> dict[str, MaskedText]:
    with console.read() as session:
        return {found.field: found for found in personal.masked_texts(session, number, actor)}


def place(console: Console, number: str, field: str = "phone", reason: str = "回电核实") -> Reveal:
    return Reveal(number, masked(console, number)[field].seq, field, reason)


def reveal(console: Console, command: Reveal, actor: Actor = VENDOR) -> str | None:
    proved = replace(actor, proved_until=console.now())
    personal.reveal(console.write, console.sealer("personal"), command, proved, console.now())
    return look(console, command, actor)


def look(console: Console, command: Reveal, actor: Actor = VENDOR) -> str | None:
    proved = replace(actor, proved_until=console.now())
    with console.read() as session:
        return personal.shown(session, console.sealer("personal"), command, proved, console.now()).original


def kinds(console: Console, kind: str) -> list[EventRow]:
    with console.read() as session:
        return list(session.scalars(select(EventRow).where(EventRow.kind == kind).order_by(EventRow.seq)))


def run_job(console: Console, name: str) -> dict[str, object]:
    with console.write() as session:
        key = f"{name}/{console.now().isoformat()}/{session.scalar(select(RunRow.id).order_by(RunRow.id.desc()))}"
        run_id = jobs.ask(session, job=name, key=key, params={}, actor=HOSPITAL, now=console.now())
    console.runs().execute(run_id)
    with console.read() as session:
        status, result, error = jobs.outcome(session, run_id)
    assert status == "done", error
    return result or {}


def close(console: Console, clock: FakeClock, number: str) -> None:
    do(console, number, core.RESPONDED)
    do(console, number, core.RESTORE, personal={"process": f"回电 {PHONE}"})
    do(console, number, core.CONFIRMED, HOSPITAL)


def row_of(console: Console, number: str) -> TicketRow:
    with console.read() as session:
        return session.scalars(select(TicketRow).where(TicketRow.number == number)).one()


def facts_of(console: Console, number: str) -> core.TicketFacts:
    with console.read() as session:
        return tickets.view(session, console.book(session), number, VENDOR).facts


def whole_chain(console: Console) -> bool:
    with console.read() as session:
        return audit.first_broken(session) is None


def test_rows_and_events_hold_the_masked_text_and_the_sealed_original(console: Console) -> None:
    number = log(console)
    with console.read() as session:
        parts = {p.field: p for p in session.scalars(select(PersonalRow))}
        (event,) = session.scalars(select(EventRow).where(EventRow.ticket_id.is_not(None)))
    assert row_of(console, number).title == f"患者 {SHOWN_ID} 打不开"
    assert {f: p.text for f, p in parts.items()} == {
        "title": f"患者 {SHOWN_ID} 打不开", "phone": SHOWN_PHONE, "reporter": "刘药师",
    }  # fmt: skip
    assert {f for f, p in parts.items() if p.sealed} == {"title", "phone"}
    promised = json.loads(event.commitments)
    assert promised["phone"] == commitment(parts["phone"].salt or b"", SHOWN_PHONE)
    assert set(promised) == {"title", "title.original", "phone", "phone.original", "reporter"}
    assert whole_chain(console)


def test_hashed_facts_hold_no_personal_number(console: Console) -> None:
    log(console, department=f"药房 {PHONE}")
    (event,) = kinds(console, "reported")
    assert PHONE not in event.facts
    assert SHOWN_PHONE in event.facts


def test_without_a_sealer_no_original_is_stored(console: Console) -> None:
    console.database.info["sealer"] = None
    with pytest.raises(Unsealable):
        log(console)
    assert kinds(console, "reported") == []
    log_ticket(console)  # nothing to seal


def test_beside_tickets_originals_are_not_kept(console: Console) -> None:
    now = console.now()
    event = Event("reset", now, now, "x", "neutral", facts={"why": PHONE}, personal={"reason": PHONE})
    with console.write() as session:
        audit.append(session, "person", "x", event)
    with console.read() as session:
        (part,) = session.scalars(select(PersonalRow))
    assert (part.text, part.sealed) == (SHOWN_PHONE, None)


def test_an_original_is_shown_to_who_gave_a_reason_for_five_minutes(console: Console, clock: FakeClock) -> None:
    number = log(console)
    command = place(console, number)
    assert look(console, command) is None
    assert reveal(console, command) == PHONE
    assert look(console, command, HOSPITAL) is None  # another person asks anew
    clock.forward(seconds=SHOWN_FOR.total_seconds() - 1)
    assert look(console, command) == PHONE
    clock.forward(seconds=1)
    assert look(console, command) is None
    (event,) = kinds(console, "personal_revealed")
    assert (event.actor, event.subject_id) == ("vendor", number)
    assert json.loads(event.facts) == {"field": "phone", "of": command.seq}
    assert whole_chain(console)


def test_a_reveal_changes_nothing_about_the_ticket(console: Console) -> None:
    number = log(console)
    before = facts_of(console, number)
    reveal(console, place(console, number))
    assert facts_of(console, number) == before


def test_a_reveal_cannot_be_taken_back(console: Console) -> None:
    number = log(console)
    reveal(console, place(console, number))
    with pytest.raises(Refused, match="不能撤回"), console.write() as session:
        take_back(session, console.book(session), number, VENDOR, console.now())


def test_a_reason_may_itself_hold_a_number(console: Console) -> None:
    number = log(console)
    reveal(console, place(console, number, reason=f"给 {PHONE} 回电"))
    assert masked(console, number)["reason"].text == f"给 {SHOWN_PHONE} 回电"


@pytest.mark.parametrize("reason", ["", "  ", "原" * 201, "回\n电", "回\x00电"])
def test_a_reveal_needs_a_reason(console: Console, reason: str) -> None:
    number = log(console)
    with pytest.raises(Refused) as refused:
        reveal(console, place(console, number, reason=reason))
    assert refused.value.field == "reason"
    assert kinds(console, "personal_revealed") == []


def test_a_reason_at_its_limit_is_taken(sqlite_console: Console) -> None:
    assert reveal(sqlite_console, place(sqlite_console, log(sqlite_console), reason="原" * 200)) == PHONE


def test_a_reveal_needs_the_right(console: Console) -> None:
    command = place(console, log(console))
    for act in (reveal, look):
        with pytest.raises(Refused, match="权限"):
            act(console, command, AUDITOR)


def test_a_reveal_needs_a_fresh_second_factor(console: Console, clock: FakeClock) -> None:
    command = place(console, log(console))
    for given in (None, console.now() - timedelta(seconds=1)):
        with pytest.raises(Refused, match="第二因素") as refused:
            stale = replace(VENDOR, proved_until=given)
            personal.reveal(console.write, console.sealer("personal"), command, stale, console.now())
        assert refused.value.field == "factor"
    assert kinds(console, "personal_revealed") == []
    assert look(console, command) is None


def test_an_open_reveal_shows_nothing_in_a_session_without_the_factor(console: Console) -> None:
    command = place(console, log(console))
    assert reveal(console, command) == PHONE
    with console.read() as session:
        elsewhere = personal.shown(session, console.sealer("personal"), command, VENDOR, console.now())
    assert elsewhere.original is None


def test_a_place_that_is_not_there_is_not_found(console: Console) -> None:
    one, other = log(console), log_ticket(console)
    seq = masked(console, one)["phone"].seq
    for command in (Reveal("GD-1", seq, "phone", "x"), Reveal(other, seq, "phone", "x"), Reveal(one, seq, "nix", "x")):
        for act in (reveal, look):
            with pytest.raises(NotFound):
                act(console, command)


def test_a_number_in_a_hospitals_note_is_shown_to_the_hospital_alone(console: Console) -> None:
    number = log(console)
    with console.write() as session:
        notes.note(session, number, f"患者家属 {PHONE} 投诉乙方", HOSPITAL, console.now())
    assert "note" not in masked(console, number, VENDOR)
    command = place_of(masked(console, number, HOSPITAL)["note"])
    for act in (reveal, look):
        with pytest.raises(NotFound):
            act(console, command, VENDOR)
    assert reveal(console, command, HOSPITAL) == f"患者家属 {PHONE} 投诉乙方"


def place_of(text: MaskedText) -> Reveal:
    return Reveal(text.number, text.seq, text.field, "核实")


def test_a_text_without_an_original_is_not_revealed(console: Console) -> None:
    number = log(console)
    with pytest.raises(Refused, match="没有保存原文"):
        reveal(console, Reveal(number, masked(console, number)["phone"].seq, "reporter", "x"))


def test_the_twenty_first_reveal_within_an_hour_is_refused_and_recorded(console: Console, clock: FakeClock) -> None:
    number = log(console)
    command = place(console, number)
    for _ in range(PER_HOUR):
        reveal(console, command)
        clock.forward(minutes=2)
    with pytest.raises(Refused, match="20"):
        reveal(console, command)
    assert len(kinds(console, "personal_reveal_refused")) == 1
    assert reveal(console, command, HOSPITAL) == PHONE  # a budget of each person's own
    clock.forward(minutes=20)  # the first one is an hour old
    assert reveal(console, command) == PHONE


def test_reveals_are_counted_per_month_and_person(console: Console, clock: FakeClock) -> None:
    command = place(console, log(console))
    reveal(console, command)
    reveal(console, command)
    reveal(console, command, HOSPITAL)
    clock.forward(days=20)
    reveal(console, command)
    with console.read() as session:
        assert personal.reveals_of_month(session, "2026-11", HOSPITAL) == {"hospital": 1, "vendor": 2}
        assert personal.reveals_of_month(session, "2026-12", HOSPITAL) == {"vendor": 1}


def break_in(console: Console, statement: str) -> None:
    """Write as the database's owner would, past the triggers."""
    with console.write() as session:
        if console.database.is_sqlite:
            session.execute(text("DROP TRIGGER event_personal_only_emptied"))
        else:
            session.execute(text("ALTER TABLE event_personal DISABLE TRIGGER USER"))
        session.execute(text(statement))


def test_a_sealed_original_moved_to_another_field_does_not_open(console: Console) -> None:
    number = log(console)
    moved = "(SELECT p.sealed FROM event_personal p WHERE p.field = 'title')"
    break_in(console, f"UPDATE event_personal SET sealed = {moved} WHERE field = 'phone'")
    with pytest.raises(Unsealable):
        reveal(console, place(console, number))
    assert kinds(console, "personal_revealed") == []


def test_an_original_sealed_anew_by_who_holds_the_keys_is_found(console: Console) -> None:
    number = log(console)
    seq = masked(console, number)["phone"].seq
    forged = console.sealer("personal").seal(bytes(16) + b"13911112222", table="event_personal", row=seq, field="phone")
    break_in(console, "SELECT 1")
    with console.write() as session:
        session.execute(update(PersonalRow).where(PersonalRow.field == "phone").values(sealed=forged))
    with pytest.raises(Unsealable, match="不符"):
        reveal(console, place(console, number))


@pytest.mark.parametrize(
    "change",
    ["text = 'x'", "salt = sealed", "text = NULL", "salt = NULL", "sealed = salt", "field = 'x'", "seq = 1"],
)
def test_the_database_lets_a_personal_part_be_emptied_alone(console: Console, change: str) -> None:
    log(console)
    with pytest.raises(DatabaseError), console.write() as session:
        session.execute(text(f"UPDATE event_personal SET {change} WHERE field = 'phone'"))
    with console.write() as session:
        session.execute(text("UPDATE event_personal SET sealed = NULL WHERE field = 'phone'"))
        session.execute(text("UPDATE event_personal SET text = NULL, salt = NULL WHERE field = 'phone'"))
    with pytest.raises(DatabaseError), console.write() as session:
        session.execute(text("UPDATE event_personal SET text = 'x', salt = 'x' WHERE field = 'phone'"))


def test_the_purge_destroys_originals_phone_and_reporter_180_days_after_the_close(
    console: Console, clock: FakeClock
) -> None:
    number = log(console)
    close(console, clock, number)
    clock.forward(days=180, seconds=-1)
    assert run_job(console, "purge-personal") == {"purged": 0}
    clock.forward(seconds=1)
    assert run_job(console, "purge-personal") == {"purged": 1}
    with console.read() as session:
        parts = list(session.scalars(select(PersonalRow)))
    assert [p for p in parts if p.sealed] == []
    assert {p.field for p in parts if p.text is None and p.salt is None} == {"phone", "reporter"}
    facts = facts_of(console, number)
    assert facts.personal["phone"] == facts.personal["reporter"] == row_of(console, number).reporter == PURGED
    assert facts.personal["title"] == f"患者 {SHOWN_ID} 打不开"
    assert facts.personal["process"] == f"回电 {SHOWN_PHONE}"
    (event,) = kinds(console, "personal_purged")
    assert json.loads(event.facts) == {"fields": "phone,process,reporter,title"}
    assert masked(console, number) == {}
    assert whole_chain(console)


def test_purging_again_changes_nothing(console: Console, clock: FakeClock) -> None:
    number = log(console)
    close(console, clock, number)
    clock.forward(days=181)
    run_job(console, "purge-personal")
    with console.read() as session:
        before = audit.chain_head(session)
    assert run_job(console, "purge-personal") == {"purged": 0}
    with console.read() as session:
        assert audit.chain_head(session) == before


def test_an_open_or_reopened_ticket_is_not_purged(console: Console, clock: FakeClock) -> None:
    waiting, again = log(console), log(console)
    close(console, clock, again)
    do(console, again, core.REOPENED, HOSPITAL, reason="又坏了")
    clock.forward(days=400)
    assert run_job(console, "purge-personal") == {"purged": 0}
    assert reveal(console, place(console, waiting)) == PHONE


def test_a_cancelled_ticket_is_purged_too(console: Console, clock: FakeClock) -> None:
    number = log(console)
    do(console, number, core.CANCEL, HOSPITAL, reason=f"报错了 {PHONE}")
    clock.forward(days=180)
    assert run_job(console, "purge-personal") == {"purged": 1}
    assert masked(console, number) == {}


def test_a_sheet_does_not_bring_purged_texts_back(console: Console, clock: FakeClock, tmp_path: Path) -> None:
    sheet = write_sheet(tmp_path / "one.csv", row(联系电话=PHONE))
    import_sheet(console, sheet)
    clock.forward(days=200)
    assert run_job(console, "purge-personal") == {"purged": 1}
    status, result = import_sheet(console, sheet)
    assert (status, result["unchanged"], result["left"]) == ("done", 1, [])
    assert row_of(console, row()["单号"]).reporter == PURGED


def test_the_same_sheet_with_numbers_again_changes_nothing(console: Console, tmp_path: Path) -> None:
    sheet = write_sheet(
        tmp_path / "one.csv", row(联系电话=PHONE, 标题=f"卡 {ID}", 报修科室=f"药房{PHONE}", 处理过程=f"致电{PHONE}")
    )
    status, result = import_sheet(console, sheet)
    assert (status, result["imported"]) == ("done", 1), result
    status, result = import_sheet(console, sheet)
    assert (status, result["unchanged"], result["left"]) == ("done", 1, [])


def test_the_self_check_finds_no_difference_in_masked_and_purged_tickets(console: Console, clock: FakeClock) -> None:
    number = log(console, department=PHONE)
    close(console, clock, number)
    assert run_job(console, "recheck")["differences"] == []
    with console.write() as session:  # as a house of the first version has it
        session.execute(update(TicketRow).values(title=f"患者 {ID} 打不开"))
    assert run_job(console, "recheck")["differences"] == []
    assert run_job(console, "mask-old-texts") == {"masked": 1}
    assert run_job(console, "mask-old-texts") == {"masked": 0}
    assert row_of(console, number).title == f"患者 {SHOWN_ID} 打不开"
    assert rechecks.COMPARED


def record_old(console: Console, number: str) -> None:
    """Put the texts in as the first version recorded them: whole, with their commitment."""
    with console.read() as session:
        ticket = session.scalars(select(TicketRow).where(TicketRow.number == number)).one()
        row = session.execute(select(EventRow.__table__).where(EventRow.ticket_id == ticket.id)).one()._asdict()
        parts = {p.field: p for p in session.scalars(select(PersonalRow).where(PersonalRow.seq == row["seq"]))}
    texts = {"title": f"患者 {ID} 打不开", "phone": PHONE, "reporter": "刘药师"}
    salts = {name: parts[name].salt or b"" for name in texts}
    row["commitments"] = audit.canonical({n: commitment(salts[n], t) for n, t in texts.items()})
    forged = audit.link(row["prev_hash"], audit.body(row))
    break_in(console, "SELECT 1")
    with console.write() as session:
        if console.database.is_sqlite:
            session.execute(text("DROP TRIGGER event_no_update"))
        else:
            session.execute(text("ALTER TABLE event DISABLE TRIGGER USER"))
        session.execute(
            update(EventRow).where(EventRow.seq == row["seq"]).values(commitments=row["commitments"], hash=forged)
        )
        for name, told in texts.items():
            wanted = update(PersonalRow).where(PersonalRow.seq == row["seq"], PersonalRow.field == name)
            session.execute(wanted.values(text=told, sealed=None))


def test_texts_recorded_before_masking_are_shown_masked_and_purged_whole(console: Console, clock: FakeClock) -> None:
    number = log(console)
    record_old(console, number)
    assert whole_chain(console)
    assert facts_of(console, number).personal["phone"] == SHOWN_PHONE
    assert reveal(console, place(console, number)) == PHONE
    do(console, number, core.CANCEL, HOSPITAL, reason="报错了")
    clock.forward(days=180)
    assert run_job(console, "purge-personal") == {"purged": 1}
    with console.read() as session:
        kept = [p.text for p in session.scalars(select(PersonalRow)) if p.text]
    assert not [told for told in kept if PHONE in told or ID in told]
    assert facts_of(console, number).personal["title"] == row_of(console, number).title == f"患者 {SHOWN_ID} 打不开"
    assert whole_chain(console)


def test_uploads_are_deleted_after_their_days_unless_an_import_needs_them(console: Console, clock: FakeClock) -> None:
    import io
    import os

    digests = [console.files.keep_upload(io.BytesIO(text), 100) for text in (b"old", b"waiting", b"new")]
    old = (console.now() - timedelta(days=31)).timestamp()
    for digest in digests[:2]:
        os.utime(console.files.upload(digest), (old, old))
    os.utime(console.files.upload(digests[2]), (console.now().timestamp(),) * 2)
    with console.write() as session:
        given = {"file": digests[1]}
        jobs.ask(session, job="import-tickets", key="waits", params=given, actor=VENDOR, now=clock())
    assert run_job(console, "tidy")["uploads"] == 1
    assert [console.files.upload(digest).exists() for digest in digests] == [False, True, True]
