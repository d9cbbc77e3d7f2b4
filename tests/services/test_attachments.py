"""Files of tickets: what is recorded, who may do what, proof that several tickets share."""

from __future__ import annotations

import io
import json
import os
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from ops_console.console import Console
from ops_console.core.attachments import MOST_PER_TICKET, NewFile
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.tickets import Event
from ops_console.services import attachments, jobs, take_backs, tickets
from ops_console.services.attachments import Attachment
from ops_console.store import audit, chain_checks
from ops_console.store import jobs as job_store
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, import_sheet, log_ticket
from tests.pictures import picture
from tests.sheets import row, write_sheet

AUDITOR = actor_of("auditor", "审计", "auditor")


def keep(console: Console, content: bytes = b"a proof", name: str = "王某 截图.txt") -> NewFile:
    return console.files.keep_attachment(io.BytesIO(content), name)


def attach(console: Console, number: str, file: NewFile, actor: Actor = VENDOR, **given: object) -> int:
    with console.write() as session:
        return attachments.attach(session, number, file, actor, console.now(), **given)  # type: ignore[arg-type]


def void(session: Session, console: Console, number: str, made: int, reason: str, actor: Actor) -> None:
    attachments.void(session, console.book(session), number, made, reason, actor=actor, now=console.now())


def shown(console: Console, number: str, actor: Actor = VENDOR) -> tuple[Attachment, ...]:
    with console.read() as session:
        return attachments.of_ticket(session, number, actor)


def run_jobs(console: Console) -> None:
    with console.read() as session:
        waiting = job_store.queued(session, console.now())
    for run_id in waiting:
        console.runs().execute(run_id)


def events(console: Console, number: str) -> list[Event]:
    with console.read() as session:
        view = tickets.view(session, console.book(session), number, VENDOR)
        assert audit.first_broken(session) is None
    return [event for event in view.events if "attachment" in event.facts]


def test_adding_a_file_is_an_event_that_names_its_hash_and_keeps_its_name_apart(console: Console) -> None:
    number, file = log_ticket(console), keep(console)

    made = attach(console, number, file)

    (event,) = events(console, number)
    assert (event.kind, event.actor, event.side, event.evidence) == ("attached", "vendor", "vendor", (file.digest,))
    assert event.facts == {
        "attachment": made, "digest": file.digest, "size": 7, "kind": "text", "patient": False, "purpose": "evidence",
    }  # fmt: skip
    assert event.personal == {"file_name": "王某 截图.txt"}
    (found,) = shown(console, number)
    assert (found.id, found.name, found.side, found.scan) == (made, "王某 截图.txt", "vendor", "unscanned")


def test_the_same_file_twice_is_one_attachment_and_one_event(console: Console) -> None:
    number, file = log_ticket(console), keep(console)

    assert attach(console, number, file) == attach(console, number, file, HOSPITAL)

    assert len(events(console, number)) == 1
    assert shown(console, number)[0].side == "vendor"


def test_declared_as_shared_the_file_is_added_to_each_ticket_and_each_event_names_the_others(console: Console) -> None:
    one, two, three = (log_ticket(console) for _ in range(3))

    attach(console, one, keep(console), shared_with=[three, two, one])

    assert [events(console, number)[0].facts["shared_with"] for number in (one, two, three)] == [
        [two, three], [one, three], [one, two],
    ]  # fmt: skip
    assert shown(console, one)[0].declared == (two, three) == shown(console, one)[0].also_in


def test_used_again_without_a_word_it_shows_where_else_it_is(console: Console) -> None:
    one, two = log_ticket(console), log_ticket(console)
    attach(console, one, keep(console))

    attach(console, two, keep(console))

    assert (shown(console, two)[0].declared, shown(console, two)[0].also_in) == ((), (one,))


def test_unknown_tickets_are_told_and_nothing_is_added(console: Console) -> None:
    number, file = log_ticket(console), keep(console)

    with pytest.raises(NotFound):
        attach(console, "GD-0", file)
    with pytest.raises(Refused, match="GD-0"):
        attach(console, number, file, shared_with=["GD-0"])
    with pytest.raises(Refused, match="最多同时用于 20 件"):
        attach(console, number, file, shared_with=[f"GD-{n}" for n in range(21)])

    assert shown(console, number) == ()


@pytest.mark.parametrize("actor", [AUDITOR, terminal_actor("root"), actor_of("a", "a", "administrator")])
def test_only_the_parties_add_files(console: Console, actor: Actor) -> None:
    number, file = log_ticket(console), keep(console)

    with pytest.raises(Refused):
        attach(console, number, file, actor)

    assert events(console, number) == []


def test_only_the_side_that_added_it_marks_it_void_and_everything_stays(console: Console) -> None:
    number, file = log_ticket(console), keep(console)
    made = attach(console, number, file)

    with console.write() as session, pytest.raises(Refused, match="对方添加"):
        void(session, console, number, made, "不要", HOSPITAL)
    with console.write() as session, pytest.raises(Refused, match="原因"):
        void(session, console, number, made, "  ", VENDOR)
    with console.write() as session:
        void(session, console, number, made, "传错了工单", VENDOR)

    (found,) = shown(console, number)
    assert (found.voided_at, found.void_reason) == (console.now(), "传错了工单")
    assert [event.kind for event in events(console, number)] == ["attached", "attachment_voided"]
    assert console.files.attachment(file.digest).read_bytes() == b"a proof"
    assert attach(console, number, file) != made  # void, it may be added again


def test_another_tickets_attachment_is_not_found(console: Console) -> None:
    one, two = log_ticket(console), log_ticket(console)
    made = attach(console, one, keep(console))

    for number, wanted in ((two, made), (one, made + 1)):
        with console.read() as session, pytest.raises(NotFound):
            attachments.find(session, number, wanted, VENDOR)
        with console.write() as session, pytest.raises(NotFound):
            void(session, console, number, wanted, "x", VENDOR)


def test_either_side_may_say_that_it_holds_patients_data(console: Console) -> None:
    number = log_ticket(console)
    made = attach(console, number, keep(console))

    for _ in range(2):
        with console.write() as session:
            attachments.mark_patient(session, number, made, HOSPITAL, console.now())

    assert shown(console, number)[0].patient
    assert [event.kind for event in events(console, number)] == ["attached", "attachment_marked"]


def test_the_mark_is_about_the_file_on_whichever_ticket_it_stands(console: Console) -> None:
    one, two, three = (log_ticket(console) for _ in range(3))
    file = keep(console, picture(), "a.png")
    made = attach(console, one, file, shared_with=[two])
    run_jobs(console)
    assert [shown(console, n)[0].preview for n in (one, two)] == ["ready", "ready"]

    with console.write() as session:
        attachments.mark_patient(session, two, made + 1, HOSPITAL, console.now())
    attach(console, three, file)
    run_jobs(console)

    for number, told in ((one, "attachment_marked"), (two, "attachment_marked"), (three, "attached")):
        (found,) = shown(console, number)
        assert (found.patient, found.preview) == (True, "none"), number
        assert [event.kind for event in events(console, number)][-1] == told
        assert events(console, number)[-1].facts["patient"] is True


def test_said_at_a_second_upload_it_is_marked_on_the_tickets_that_have_it(console: Console) -> None:
    one, two, file = log_ticket(console), log_ticket(console), keep(console)
    attach(console, one, file)
    attach(console, one, file, patient=True)
    attach(console, two, file)
    assert [shown(console, n)[0].patient for n in (one, two)] == [True, True]
    assert [event.kind for event in events(console, one)] == ["attached", "attachment_marked"]


def test_a_ticket_takes_no_more_than_the_most(console: Console) -> None:
    number = log_ticket(console)
    with console.write() as session:
        for n in range(MOST_PER_TICKET):
            file = NewFile(f"{n:064x}", 1, "a.txt", "text")
            attachments.attach(session, number, file, VENDOR, console.now())

    with pytest.raises(Refused, match=f"已有 {MOST_PER_TICKET} 个附件"):
        attach(console, number, keep(console))


def test_a_picture_is_looked_at_by_a_job(console: Console) -> None:
    number, file = log_ticket(console), keep(console, picture(), "a.png")
    attach(console, number, file)
    assert shown(console, number)[0].preview == "waiting"

    with console.read() as session:
        (run_id,) = job_store.queued(session, console.now())
    console.runs().execute(run_id)

    (found,) = shown(console, number)
    assert (found.preview, found.width, found.height) == ("ready", 400, 300)
    assert console.files.thumbnail(file.digest).read_bytes().startswith(b"\xff\xd8\xff")


def test_a_broken_picture_has_no_small_one_and_the_job_is_done(console: Console) -> None:
    number, file = log_ticket(console), keep(console, picture("JPEG", (800, 600))[:3000], "a.jpg")
    attach(console, number, file)

    with console.read() as session:
        (run_id,) = job_store.queued(session, console.now())
    console.runs().execute(run_id)

    assert shown(console, number)[0].preview == "none"


def test_a_file_makes_an_imported_ticket_no_less_imported(console: Console, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Else a vendor's next sheet could not fill in what the hospital's own sheet may."""
    import_sheet(console, write_sheet(tmp_path / "one.csv", row(确认时间="", 满意度="")))
    number = row()["单号"]

    attach(console, number, keep(console))

    with console.read() as session:
        assert tickets.view(session, console.book(session), number, VENDOR).facts.imported
    assert import_sheet(console, write_sheet(tmp_path / "two.csv", row()))[1]["completed"] == 1


def test_a_file_added_at_once_is_not_in_the_way_of_taking_the_act_back(console: Console) -> None:
    number = log_ticket(console)
    do(console, number, "responded")
    attach(console, number, keep(console))

    with console.write() as session:
        facts = take_backs.take_back(session, console.book(session), number, VENDOR, console.now())

    assert facts.responded_at is None
    assert len(shown(console, number)) == 1


def aged(console: Console, file: NewFile, days: int) -> None:
    """Let a kept file lie there for days, by the clock of the test."""
    at = (console.now() - timedelta(days=days)).timestamp()
    os.utime(console.files.attachment(file.digest), (at, at))


def forget(console: Console) -> object:
    with console.write() as session:
        key = f"forget-files/{console.now().isoformat()}"
        jobs.ask(session, job="forget-files", key=key, params={}, actor=HOSPITAL, now=console.now())
    run_jobs(console)
    with console.read() as session:
        newest = job_store.newest(session, 1)[0]
        assert (newest.job, newest.status) == ("forget-files", "done")
        return json.loads(newest.result or "")["files"]


def test_bytes_of_an_act_that_was_refused_are_forgotten_in_time_and_nothing_else_is(
    console: Console, clock: FakeClock
) -> None:
    number = log_ticket(console)
    used, refused, recent = (keep(console, content) for content in (b"used", b"refused", b"recent"))
    voided = keep(console, b"voided")
    attach(console, number, used)
    with console.write() as session:
        void(session, console, number, attach(console, number, voided), "传错了", VENDOR)
    with pytest.raises(NotFound):
        attach(console, "GD-20261120-99999", refused)
    run_jobs(console)
    for file, days in ((used, 400), (voided, 400), (refused, 31), (recent, 29)):
        aged(console, file, days)

    assert forget(console) == 1

    left = {path.name for path in console.files.attachment(used.digest).parent.iterdir()}
    assert left == {used.digest, voided.digest, recent.digest}


def test_no_file_is_forgotten_while_the_chain_does_not_hold(console: Console, clock: FakeClock) -> None:
    lost = keep(console, b"of a ticket that a restored backup does not know")
    aged(console, lost, 400)
    with console.write() as session:
        assert chain_checks.add_failure(session, "f" * 64, [], console.now())
    assert forget(console) == 0
    assert console.files.attachment(lost.digest).exists()
