"""Times that are claimed when a ticket is logged or moved: graded, counted as unproven, lifted, taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.errors import Refused
from ops_console.core.ticket_lists import Filter
from ops_console.services import reports, tickets
from ops_console.services.corrections import Word, accept_times
from ops_console.services.descriptions import CompleteTicket, complete
from ops_console.services.take_backs import take_back
from ops_console.services.tickets import Move, move
from ops_console.store import ticket_lists
from ops_console.store import tickets as rows
from ops_console.store.audit import EventRow
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, log_ticket

CHIEF = replace(HOSPITAL, on_clean_device=True)


def claim(console: Console, number: str, kind: str, minutes_ago: int, *evidence: str, actor=VENDOR, **facts: object):
    command = Move(number, kind, facts, {}, console.now() - timedelta(minutes=minutes_ago), evidence)
    with console.write() as session:
        return move(session, console.book(session), command, actor, console.now())


def facts_of(console: Console, number: str) -> core.TicketFacts:
    with console.read() as session:
        return tickets.view(session, console.book(session), number, VENDOR).facts


def counted(console: Console) -> dict[str, dict[str, int]]:
    """The stored road and the road over the events must say the same."""
    with console.read() as session:
        book, now = console.book(session), console.now()
        month = reports.month_of(now)
        stored = reports.sla(session, book, month, month, VENDOR, now=now)
        folded = reports.sla(session, book, month, month, VENDOR, now=now, as_of=now)
        assert stored == folded
    return {kind: count.as_json() for kind, classes in stored.get(month, {}).items() for count in classes.values()}


def row_of(console: Console, number: str) -> rows.TicketRow:
    with console.read() as session:
        row = rows.by_number(session, number)
        assert row is not None
        return row


def test_a_call_that_was_taken_is_reported_and_answered_now(console: Console) -> None:
    number = log_ticket(console, channel="电话", answered=True)
    facts = facts_of(console, number)
    assert facts.reported_at == facts.responded_at == console.now()
    assert {name: stamp.grade for name, stamp in facts.stamps.items()} == {"reported_at": "B", "responded_at": "B"}
    assert counted(console) == {"response": {"total": 1, "met": 1, "breached": 0, "running": 0}}


def test_a_message_said_earlier_and_answered_now_keeps_both_times(console: Console) -> None:
    said = console.now() - timedelta(minutes=10)
    number = log_ticket(console, channel="微信群", reported_at=said, answered=True)
    facts = facts_of(console, number)
    assert (facts.reported_at, facts.responded_at) == (said, console.now())


def test_a_late_answer_without_proof_counts_as_unproven_until_the_hospital_accepts_it(
    console: Console, clock: FakeClock
) -> None:
    number = log_ticket(console)
    clock.forward(hours=5)
    claim(console, number, core.RESPONDED, 290)  # ten minutes after the report, told five hours later
    assert counted(console) == {"response": {"total": 1, "met": 0, "breached": 0, "running": 0, "unproven": 1}}
    assert row_of(console, number).unproven == 1
    at = facts_of(console, number).stamps["responded_at"].at
    with console.write() as session:
        word = Word(number, {"responded_at": at}, approved=True)
        accept_times(session, console.book(session), word, CHIEF, console.now())
    assert counted(console) == {"response": {"total": 1, "met": 1, "breached": 0, "running": 0}}
    assert row_of(console, number).unproven == 0


def test_a_time_of_a_minute_ahead_or_of_the_day_before_yesterday_is_refused(console: Console) -> None:
    number = log_ticket(console)
    for minutes in (-1, 24 * 60 + 1):
        with pytest.raises(Refused):
            claim(console, number, core.RESPONDED, minutes)
        with pytest.raises(Refused):
            log_ticket(console, reported_at=console.now() - timedelta(minutes=minutes))


def test_the_hospital_s_own_report_is_graded_by_its_device(console: Console) -> None:
    clean, unknown = log_ticket(console, actor=CHIEF), log_ticket(console, actor=HOSPITAL)
    assert [facts_of(console, n).stamps["reported_at"].grade for n in (clean, unknown)] == ["A", "B"]
    with console.read() as session:
        assert ticket_lists.count(session, Filter(from_hospital=True), console.now()) == 2


def test_a_placeholder_needs_nothing_but_its_time_and_is_filled_later(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console, type="", module="", title="", channel="电话", answered=True, incomplete=True)
    assert (row_of(console, number).blanks, facts_of(console, number).blanks) == (3, ("type", "module", "title"))
    clock.forward(hours=3)
    told = CompleteTicket(
        number, type="故障", module="门诊缴费", title="缴费未到账", department="门诊收费处", mode="远程"
    )
    with console.write() as session:
        facts = complete(session, console.book(session), told, VENDOR, console.now())
    assert (facts.type, facts.module, facts.department, facts.mode) == ("故障", "门诊缴费", "门诊收费处", "远程")
    assert facts.reported_at == facts.responded_at == console.now() - timedelta(hours=3)
    assert row_of(console, number).blanks == 0
    assert counted(console) == {"response": {"total": 1, "met": 1, "breached": 0, "running": 0}}


def test_without_saying_so_a_ticket_needs_type_module_and_title(console: Console) -> None:
    for blank in ("type", "module", "title", "channel"):
        with pytest.raises(Refused) as refused:
            log_ticket(console, **{blank: ""})
        assert refused.value.field == blank


def test_a_ticket_with_a_type_is_not_described_into_another(console: Console) -> None:
    number = log_ticket(console)
    with pytest.raises(Refused) as refused, console.write() as session:
        complete(session, console.book(session), CompleteTicket(number, type="咨询"), VENDOR, console.now())
    assert refused.value.field == "type"


def test_saying_again_what_is_known_adds_nothing(console: Console) -> None:
    number = log_ticket(console)
    with console.write() as session:
        complete(session, console.book(session), CompleteTicket(number, module="门诊缴费"), VENDOR, console.now())
    with console.read() as session:
        assert session.scalars(select(EventRow.kind).where(EventRow.ticket_id.is_not(None))).all() == ["reported"]


@pytest.mark.parametrize(("passed", "taken"), [(0, True), (60, True), (61, False)])
def test_an_act_is_taken_back_within_a_minute(console: Console, clock: FakeClock, passed: int, taken: bool) -> None:
    number = log_ticket(console)
    do(console, number, core.RESPONDED)
    clock.forward(seconds=passed)
    with console.write() as session:
        if not taken:
            with pytest.raises(Refused):
                take_back(session, console.book(session), number, VENDOR, console.now())
            return
        facts = take_back(session, console.book(session), number, VENDOR, console.now())
    assert facts.responded_at is (None if passed else facts.responded_at)
    with console.read() as session:
        kinds = session.scalars(select(EventRow.kind).where(EventRow.ticket_id.is_not(None))).all()
    assert kinds == ["reported", "responded", "taken_back"]


def test_a_ticket_taken_back_is_in_no_figure(console: Console) -> None:
    number = log_ticket(console, channel="电话", answered=True)
    with console.write() as session:
        facts = take_back(session, console.book(session), number, VENDOR, console.now())
    assert (facts.state, counted(console)) == ("已撤回", {})


def test_nobody_takes_back_what_another_did_or_acted_on(console: Console) -> None:
    number = log_ticket(console)
    with pytest.raises(Refused), console.write() as session:
        take_back(session, console.book(session), number, CHIEF, console.now())
    do(console, number, core.CANCEL, HOSPITAL, reason="重复")
    with pytest.raises(Refused), console.write() as session:
        take_back(session, console.book(session), number, VENDOR, console.now())


def test_a_question_is_closed_by_its_answer_and_a_fault_waits_for_the_hospital(console: Console) -> None:
    question, fault = log_ticket(console, type="咨询"), log_ticket(console)
    for number in (question, fault):
        do(console, number, core.RESPONDED)
        do(console, number, core.RESTORE)
    assert [row_of(console, n).state for n in (question, fault)] == ["已关闭", "待确认"]
    assert [row_of(console, n).closure for n in (question, fault)] == ["unasked", ""]
