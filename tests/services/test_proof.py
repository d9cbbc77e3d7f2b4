"""What proves a late time: files that stand attached to the ticket, in the act or before; void ones prove nothing more.

On both databases; what a claim without proof comes to is in `test_claimed_times.py`.
"""

from __future__ import annotations

import io
from datetime import timedelta

import pytest

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.attachments import NewFile
from ops_console.core.errors import Refused
from ops_console.core.people import Actor
from ops_console.core.tickets import Stamp, TicketFacts
from ops_console.services import attachments, closing
from ops_console.services.corrections import Correction, propose
from ops_console.services.tickets import Move, move
from ops_console.store import audit
from ops_console.store import tickets as rows
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, log_ticket
from tests.services.test_claimed_times import CHIEF, counted, facts_of, row_of
from tests.services.test_corrections import ask, decide

INVENTED = "ab" * 32


def keep(console: Console, content: bytes = b"call list") -> NewFile:
    return console.files.keep_attachment(io.BytesIO(content), "通话记录.txt")


def attach(console: Console, number: str, file: NewFile, **given: object) -> int:
    with console.write() as session:
        return attachments.attach(session, number, file, VENDOR, console.now(), **given)  # type: ignore[arg-type]


def void(console: Console, number: str, made: int, actor: Actor = VENDOR) -> None:
    with console.write() as session:
        book = console.book(session)
        attachments.void(session, book, number, made, "传错了工单", actor=actor, now=console.now())


def answer_late(console: Console, number: str, *evidence: str, **given: object) -> Stamp:
    """Tell an answer of 50 minutes ago."""
    at = console.now() - timedelta(minutes=50)
    command = Move(number, core.RESPONDED, {}, {}, at, evidence, **given)  # type: ignore[arg-type]
    with console.write() as session:
        return move(session, console.book(session), command, VENDOR, console.now()).stamps["responded_at"]


def events(console: Console, number: str) -> list[tuple[str, tuple[str, ...]]]:
    with console.read() as session:
        row = rows.by_number(session, number)
        assert row is not None
        assert audit.first_broken(session) is None
        return [(e.kind, e.evidence) for e in audit.of_tickets(session, [row.id])[row.id]]


@pytest.fixture
def late(console: Console, clock: FakeClock) -> str:
    """A ticket logged an hour ago and not answered."""
    number = log_ticket(console)
    clock.forward(hours=1)
    return number


def test_a_hash_of_no_file_of_the_ticket_proves_nothing_and_is_not_kept(console: Console, late: str) -> None:
    other = log_ticket(console, title="别的事")
    attach(console, other, keep(console, b"of another ticket"))
    signature = keep(console, b"a signature")
    attach(console, late, signature, purpose="signature")
    for digest in (INVENTED, keep(console, b"of another ticket").digest, signature.digest):
        with pytest.raises(Refused, match=digest[:12]) as refused:
            answer_late(console, late, digest)
        assert refused.value.field == "evidence"
    assert facts_of(console, late).responded_at is None
    assert [kind for kind, _ in events(console, late)] == ["reported", "attached"]


def test_a_file_attached_before_or_in_the_act_proves_and_waits_for_the_hospital(console: Console, late: str) -> None:
    before, now = keep(console), keep(console, b"a screenshot")
    attach(console, late, before)

    stamp = answer_late(console, late, before.digest, files=(now,))

    assert (stamp.grade, stamp.proof, stamp.accepted) == ("C", (before.digest, now.digest), None)
    assert events(console, late)[1:] == [
        ("attached", (before.digest,)), ("attached", (now.digest,)), ("responded", (before.digest, now.digest)),
    ]  # fmt: skip
    assert counted(console)["response"]["unproven"] == 1


def test_what_is_refused_attaches_nothing(console: Console, late: str) -> None:
    with pytest.raises(Refused):
        answer_late(console, late, INVENTED, files=(keep(console),))
    assert [kind for kind, _ in events(console, late)] == ["reported"]


def test_one_proof_declared_for_several_tickets_proves_each(console: Console, late: str, clock: FakeClock) -> None:
    second, file = log_ticket(console), keep(console)
    clock.forward(hours=1)
    attach(console, late, file, shared_with=[second])
    assert [answer_late(console, number, file.digest).grade for number in (late, second)] == ["C", "C"]


@pytest.mark.parametrize("kind", [core.CONFIRMED, core.SUSPEND])
def test_only_a_step_with_a_time_of_its_own_takes_proof(console: Console, late: str, kind: str) -> None:
    actor = HOSPITAL if kind == core.CONFIRMED else VENDOR
    with pytest.raises(Refused) as refused, console.write() as session:
        command = Move(late, kind, {"reason": "等厂商"}, files=(keep(console),))
        move(session, console.book(session), command, actor, console.now())
    assert refused.value.field in ("evidence", "kind")


def test_a_report_with_its_screenshot_is_proved_until_that_is_void(console: Console) -> None:
    said = console.now() - timedelta(hours=2)
    number = log_ticket(console, reported_at=said, files=(keep(console),))
    do(console, number, core.RESPONDED)
    assert (row_of(console, number).unproven, counted(console)["response"]["breached"]) == (0, 1)
    (file,) = shown(console, number)

    void(console, number, file.id)

    stamp = facts_of(console, number).stamps["reported_at"]
    assert (stamp.grade, stamp.evidence, stamp.proof, stamp.voided) == ("C", (file.digest,), (), (file.digest,))
    assert row_of(console, number).unproven == 1
    attach(console, number, keep(console))  # added again, it proves nothing that was claimed before
    assert facts_of(console, number).stamps["reported_at"].proof == ()
    with console.read() as session:
        assert audit.first_broken(session) is None


def shown(console: Console, number: str) -> tuple[attachments.Attachment, ...]:
    with console.read() as session:
        return attachments.of_ticket(session, number, VENDOR)


def test_a_met_clock_becomes_unproven_with_its_proof_and_is_lifted_by_the_hospital(
    console: Console, clock: FakeClock
) -> None:
    number = log_ticket(console, reported_at=console.now() - timedelta(minutes=20), files=(keep(console),))
    do(console, number, core.RESPONDED)
    assert counted(console)["response"]["met"] == 1

    void(console, number, shown(console, number)[0].id)

    assert counted(console)["response"] == {"total": 1, "met": 0, "breached": 0, "running": 0, "unproven": 1}
    accept(console, number, "reported_at")
    assert counted(console)["response"]["met"] == 1


def accept(console: Console, number: str, name: str) -> None:
    from ops_console.services.corrections import Word, accept_times

    at = facts_of(console, number).stamps[name].at
    with console.write() as session:
        accept_times(session, console.book(session), Word(number, {name: at}, approved=True), CHIEF, console.now())


def test_the_hospital_s_word_stands_when_the_proof_is_void_later(console: Console, late: str) -> None:
    stamp = answer_late(console, late, files=(keep(console),))
    accept(console, late, "responded_at")
    void(console, late, shown(console, late)[0].id)
    found = facts_of(console, late).stamps["responded_at"]
    assert (found.accepted, found.voided, row_of(console, late).unproven) == (True, stamp.evidence, 0)


def test_a_ticket_split_off_carries_the_proof_of_its_report(console: Console) -> None:
    file = keep(console)
    number = log_ticket(console, reported_at=console.now() - timedelta(hours=1), files=(file,))
    ask(console, number, "split_off", "缺陷", split_title="列表排序不对")
    decide(console, number, "split_off", "缺陷")
    split = facts_of(console, number).links[0].number
    assert facts_of(console, split).stamps["reported_at"].proof == (file.digest,)
    (carried,) = shown(console, split)
    assert (carried.name, carried.declared) == ("通话记录.txt", (number,))
    assert (carried.side, carried.recorded_by) == ("vendor", "vendor")  # still the vendor's file, not who approved it
    with pytest.raises(Refused, match="只能由对方标记作废"):
        void(console, split, carried.id, HOSPITAL)
    assert facts_of(console, split).stamps["reported_at"].proof == (file.digest,)
    with console.read() as session:
        row = rows.by_number(session, split)
        assert row is not None
        (copied,) = [e for e in audit.of_tickets(session, [row.id])[row.id] if e.kind == "attached"]
    assert (copied.side, copied.facts["owner"], copied.facts["owner_side"]) == ("hospital", "vendor", "vendor")


def test_splitting_makes_a_bare_report_of_the_vendor_s_no_better(console: Console) -> None:
    number = log_ticket(console, reported_at=console.now() - timedelta(hours=1))
    ask(console, number, "split_off", "缺陷", split_title="列表排序不对")
    decide(console, number, "split_off", "缺陷")
    split = facts_of(console, number).links[0].number
    assert [(row_of(console, n).unproven, row_of(console, n).from_hospital) for n in (number, split)] == [
        (1, False)
    ] * 2


def test_a_correction_names_files_of_its_ticket_alone(console: Console, late: str) -> None:
    do(console, late, core.RESPONDED)
    facts: TicketFacts = facts_of(console, late)
    assert facts.responded_at is not None
    new = (facts.responded_at - timedelta(minutes=50)).isoformat()
    with pytest.raises(Refused) as refused, console.write() as session:
        command = Correction(late, "responded_at", new, "记错", (INVENTED,))
        propose(session, console.book(session), command, VENDOR, console.now())
    assert refused.value.field == "evidence"


def test_a_void_file_is_no_evidence_at_the_end_of_the_day(console: Console) -> None:
    number = log_ticket(console)
    do(console, number, core.RESPONDED)
    do(console, number, core.RESTORE, personal={"process": "重启了支付服务"})
    made = attach(console, number, keep(console))

    def lacking() -> list[str]:
        with console.read() as session:
            found = closing.closing(session, console.book(session), VENDOR, console.now()).sections
        return [row.number for section in found if section.key == closing.EVIDENCE for row in section.rows]

    assert lacking() == []
    void(console, number, made)
    assert lacking() == [number]
