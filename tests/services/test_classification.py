"""Classes that both parties settle: confirmed, objected to, ruled; what each comes to for caps, in one transaction."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core import caps as rules
from ops_console.core import tickets as core
from ops_console.core.caps import HELD, RESERVED, RETURNED, CapEntry
from ops_console.core.classification import settled_types
from ops_console.core.errors import Refused
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import TicketFacts
from ops_console.services import attachments, cap_entries, caps, classification, corrections, take_backs, tickets
from ops_console.services.classification import Answer, Ruling
from ops_console.services.corrections import Correction
from ops_console.services.ticket_classes import class_columns, objection_columns
from ops_console.store import audit
from ops_console.store import classification as rows
from ops_console.store.caps import CapRow
from ops_console.store.classification import ClassRow, ObjectionRow
from ops_console.store.tickets import TicketRow
from tests.caps import (
    CAPS,
    CHIEF,
    ENGINEER,
    OFFICER,
    approve,
    ask,
    cap,
    fill,
    load_caps,
    load_without_caps,
    with_caps,
    year_of,
)
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, import_sheet, log_ticket
from tests.services.test_tickets import at_once
from tests.sheets import row, write_sheet


def facts_of(console: Console, number: str) -> TicketFacts:
    with console.read() as session:
        return tickets.view(session, console.book(session), number, VENDOR).facts


def say(console: Console, act: Any, number: str, *given: Any, actor: Actor) -> TicketFacts:
    with console.write() as session:
        made: TicketFacts = act(session, console.book(session), number, *given, actor=actor, now=console.now())
        return made


def confirm(
    console: Console, number: str, actor: Actor = CHIEF, *, exempt: bool = False, type: str = ""
) -> TicketFacts:
    seen = (type or facts_of(console, number).type, exempt)
    return say(console, classification.confirm, number, seen, actor=actor)


def entries(console: Console) -> list[CapEntry]:
    with console.read() as session:
        assert caps.differences(session) == ()
        return caps.store.of_contract(session, 1)


def waiting(console: Console, actor: Actor = CHIEF, tab: str = "mine") -> list[str]:
    with console.read() as session:
        return [one.number for one in classification.waiting(session, tab, actor, page=1).rows]


def custom(console: Console, *, actor: Actor = VENDOR, type: str = "客户化开发", **given: Any) -> str:
    return log_ticket(console, actor=actor, type=type, title="停车缴费入口", department="门诊部", **given)


@pytest.fixture
def contract(console: Console) -> int:
    """The contract of a console that has the four caps."""
    return load_caps(console)


def assert_rows_are_what_the_events_come_to(console: Console) -> None:
    with console.read() as session:
        agreed = rows.agreed_types(session)
        classes = {one.ticket_id: one for one in session.scalars(select(ClassRow))}
        objections = {(one.ticket_id, one.number): one for one in session.scalars(select(ObjectionRow))}
        for ticket in session.scalars(select(TicketRow)):
            facts = fold(ticket.number, audit.of_tickets(session, [ticket.id])[ticket.id])
            assert facts is not None
            settled = settled_types(agreed, with_caps(console.settings.terms).clauses)
            wanted, stored = class_columns(ticket.id, facts, settled), classes.pop(ticket.id, None)
            assert (stored is None) == (wanted is None)
            for name, value in (wanted or {}).items():
                assert getattr(stored, name) == value, name
            for number, objection in enumerate(facts.objections, 1):
                kept = objections.pop((ticket.id, number))
                for name, value in objection_columns(ticket.id, number, objection).items():
                    assert getattr(kept, name) == value, name
        assert (classes, objections) == ({}, {})


# -- settled, and what follows for caps -------------------------------------------------------------------------------


@pytest.mark.parametrize(("asker", "other"), [(VENDOR, CHIEF), (HOSPITAL, ENGINEER)])
def test_once_the_other_side_confirms_the_class_an_entry_stands_for_the_ticket(
    console: Console, clock: FakeClock, contract: int, asker: Actor, other: Actor
) -> None:
    number = custom(console, actor=asker)
    assert (waiting(console, other), waiting(console, asker), entries(console)) == ([number], [], [])
    reported = clock()
    clock.forward(hours=3)
    with pytest.raises(Refused, match="等待对方"):
        confirm(console, number, asker)
    confirm(console, number, other)
    (made,) = entries(console)
    assert (made.clause, made.ticket, made.state, made.title) == ("C-31", number, rules.ASKED, "停车缴费入口")
    assert (made.requester, made.side, made.requested_at, made.recorded_at) == ("门诊部", "hospital", reported, clock())
    assert waiting(console, other) == []
    do(console, number, core.RESPONDED)
    assert len(entries(console)) == 1  # once
    assert_rows_are_what_the_events_come_to(console)


def test_an_approved_retype_makes_the_entry_in_the_same_act(console: Console, contract: int) -> None:
    number = log_ticket(console)
    propose_type(console, number, "政策性修改")
    assert entries(console) == []
    decide(console, number, "政策性修改")
    assert [(one.clause, one.ticket) for one in entries(console)] == [("C-29", number)]


def propose_type(console: Console, number: str, type: str, actor: Actor = VENDOR) -> None:
    with console.write() as session:
        assert not corrections.retype(
            session, console.book(session), number, type, "归类", actor=actor, now=console.now()
        )


def decide(
    console: Console, number: str, new: str, actor: Actor = HOSPITAL, *, approved: bool = True, **more: Any
) -> None:
    do(console, number, core.CORRECTION_DECIDED, actor, field="type", new=new, approved=approved, **more)


@pytest.mark.parametrize("is_begun", [False, True])
def test_retyped_away_by_both_the_entry_is_returned_with_the_reason_and_the_place_is_free(
    console: Console, contract: int, is_begun: bool
) -> None:
    number = custom(console, type="政策性修改")
    confirm(console, number)
    (made,) = entries(console)
    if is_begun:
        assert approve(console, made.id) == RESERVED
    propose_type(console, number, "指令性任务")
    assert entries(console)[0].state != RETURNED
    decide(console, number, "指令性任务")
    (gone,) = entries(console)
    assert (gone.state, gone.why) == (RETURNED, rules.RETYPED)
    assert year_of(console, "C-29").taken == 0
    propose_type(console, number, "政策性修改")
    decide(console, number, "政策性修改")
    assert [one.state for one in entries(console)] == [RETURNED, rules.ASKED]  # asked for again


def test_retyped_from_one_cap_to_another_one_is_returned_and_one_made(console: Console, contract: int) -> None:
    number = custom(console)
    confirm(console, number)
    propose_type(console, number, "政策性修改")
    decide(console, number, "政策性修改")
    assert [(one.clause, one.state) for one in entries(console)] == [("C-31", RETURNED), ("C-29", rules.ASKED)]


def test_a_held_one_is_settled_by_retyping_its_ticket(console: Console, contract: int) -> None:
    fill(console, "C-29", 8)
    number = custom(console, type="政策性修改")
    confirm(console, number)
    made = entries(console)[-1]
    assert approve(console, made.id) == HELD
    propose_type(console, number, "缺陷")
    decide(console, number, "缺陷")
    assert (entries(console)[-1].state, year_of(console, "C-29").held) == (RETURNED, 0)


@pytest.mark.parametrize("type", ["故障", "缺陷", "指令性任务", "数据纠错", "接口与上传", "功能维护"])
def test_no_cap_blocks_or_is_used_by_faults_defects_directives_and_interfaces(
    console: Console, contract: int, type: str
) -> None:
    for clause in ("C-12", "C-25", "C-29"):
        fill(console, clause, 4 if clause == "C-12" else 8)
    before = len(entries(console))
    number = custom(console, type=type)
    for kind in (core.RESPONDED, core.RESTORE):
        do(console, number, kind)
    with pytest.raises(Refused) as refused:
        ask(console, "C-29", ticket=number)
    assert refused.value.field == "ticket"
    assert (facts_of(console, number).restored_at is not None, len(entries(console))) == (True, before)


def test_the_ticket_of_a_held_one_is_recorded_as_ever(console: Console, contract: int) -> None:
    fill(console, "C-29", 8)
    number = custom(console, type="政策性修改")
    confirm(console, number)
    assert approve(console, entries(console)[-1].id) == HELD
    do(console, number, core.RESPONDED)
    assert facts_of(console, number).state == core.WORKING


def test_a_cancelled_ticket_returns_what_is_not_begun_and_leaves_what_is(console: Console, contract: int) -> None:
    for is_begun in (False, True):
        number = custom(console, type="政策性修改")
        confirm(console, number)
        made = entries(console)[-1]
        if is_begun:
            approve(console, made.id)
        do(console, number, core.CANCEL, HOSPITAL, reason="不做了")
        after = entries(console)[-1]
        assert after.state == (RESERVED if is_begun else RETURNED)
    assert year_of(console, "C-29").taken == 1  # the hospital alone frees nothing the vendor worked on


def test_a_start_is_not_approved_while_its_tickets_class_is_not_settled(console: Console, contract: int) -> None:
    number = custom(console, type="政策性修改")
    made = ask(console, "C-29", ticket=number)
    with pytest.raises(Refused, match="双方确认"):
        approve(console, made)
    confirm(console, number)
    assert len(entries(console)) == 1  # the one by hand stands for it
    assert approve(console, made) == RESERVED


def test_a_withdrawn_entry_is_not_made_again_by_its_ticket(console: Console, contract: int) -> None:
    number = custom(console, type="政策性修改")
    confirm(console, number)
    with console.write() as session:
        cap_entries.withdraw(session, entries(console)[0].id, "不要了", CHIEF, console.now())
    do(console, number, core.RESPONDED)
    assert [one.state for one in entries(console)] == [RETURNED]


def test_a_sheet_makes_no_entry_for_the_opening_balance_tells_it(
    console: Console, contract: int, tmp_path: Path
) -> None:
    import_sheet(console, write_sheet(tmp_path / "one.csv", row(类型="客户化开发")))
    with console.read() as session:
        number = session.scalars(select(TicketRow.number)).one()
    assert (facts_of(console, number).class_by, entries(console), waiting(console)) == (
        ("hospital", "vendor"), [], [],
    )  # fmt: skip
    ask(console, "C-31", ticket=number)
    with pytest.raises(Refused, match="已有一项"):
        ask(console, "C-31", ticket=number)


def test_reported_before_the_go_live_a_ticket_makes_no_entry(console: Console, clock: FakeClock) -> None:
    load_caps(console, go_live_on=date(2026, 11, 21))
    early = custom(console)
    clock.at = datetime(2026, 11, 20, 16, tzinfo=UTC)
    late = custom(console)
    for number in (early, late):
        confirm(console, number)
    assert [one.ticket for one in entries(console)] == [late]


def test_two_that_confirm_at_once_make_one_entry(console: Console, contract: int) -> None:
    number = custom(console)
    results = at_once(*[lambda: confirm(console, number)] * 2)
    assert sorted(type(one).__name__ for one in results) == ["Refused", "TicketFacts"], results
    assert len(entries(console)) == 1


def test_a_ticket_split_in_two_and_merged_again_has_one_entry(
    console: Console, clock: FakeClock, contract: int
) -> None:
    number = custom(console)
    confirm(console, number)
    with console.write() as session:
        command = Correction(number, "split_off", "客户化开发", "两件事", (), "续方提醒")
        corrections.propose(session, console.book(session), command, VENDOR, console.now())
    do(console, number, core.CORRECTION_DECIDED, HOSPITAL, field="split_off", new="客户化开发", approved=True)
    made = entries(console)
    assert [one.title for one in made] == ["停车缴费入口", "续方提醒"]
    other = made[1].ticket
    with console.write() as session:
        command = Correction(other, "merged_into", number, "还是一件")
        corrections.propose(session, console.book(session), command, VENDOR, console.now())
    do(console, other, core.CORRECTION_DECIDED, HOSPITAL, field="merged_into", new=number, approved=True)
    assert [(one.state, one.why) for one in entries(console)] == [(rules.ASKED, ""), (RETURNED, rules.MERGED)]


# -- go-live notices --------------------------------------------------------------------------------------------------


def test_a_notice_that_both_call_exempt_makes_no_entry(console: Console, contract: int) -> None:
    number = custom(console, type="告知宣传")
    say(console, classification.say_exempt, number, True, actor=CHIEF)
    assert waiting(console, ENGINEER) == [number]
    with pytest.raises(Refused, match="不是您看到的"):
        confirm(console, number, ENGINEER)  # saw it as a request
    confirm(console, number, ENGINEER, exempt=True)
    assert (entries(console), waiting(console, ENGINEER)) == ([], [])
    with pytest.raises(Refused, match="上线告知"):
        ask(console, "C-25", ticket=number)


def test_a_settled_request_becomes_exempt_only_by_both(console: Console, contract: int) -> None:
    number = custom(console, type="告知宣传")
    confirm(console, number)
    with pytest.raises(Refused, match="提出更正"):
        say(console, classification.say_exempt, number, True, actor=CHIEF)
    with console.write() as session:
        command = Correction(number, "exempt", "true", "上线告知")
        corrections.propose(session, console.book(session), command, VENDOR, console.now())
    assert entries(console)[0].state == rules.ASKED
    do(console, number, core.CORRECTION_DECIDED, HOSPITAL, field="exempt", new="true", approved=True)
    assert (entries(console)[0].state, entries(console)[0].why) == (RETURNED, rules.EXEMPT)


# -- objections and rulings -------------------------------------------------------------------------------------------


def test_an_objection_is_open_for_its_month_until_it_is_answered(
    console: Console, clock: FakeClock, contract: int
) -> None:
    number = custom(console)
    with pytest.raises(Refused) as refused:
        say(console, classification.object_to, number, "缺陷", " ", actor=CHIEF)
    assert refused.value.field == "reason"
    clock.at = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)  # the last second of November in Shanghai
    say(console, classification.object_to, number, "缺陷", "规格 3.2 已有", actor=CHIEF)
    assert open_in(console, "2026-11", "2026-12", "2026-10") == [1, 1, 0]
    clock.at = datetime(2026, 12, 2, tzinfo=UTC)
    answer = Answer("缺陷", upheld=False, reason="规格里没有停车")
    with pytest.raises(Refused, match="没有等待本方答复"):
        say(console, classification.answer, number, answer, actor=CHIEF)
    say(console, classification.answer, number, answer, actor=ENGINEER)
    assert open_in(console, "2026-11", "2026-12") == [1, 0]  # open at November's end, answered in December
    assert facts_of(console, number).type == "客户化开发"
    assert waiting(console, CHIEF, "differed") == [number]
    assert entries(console) == []
    assert_rows_are_what_the_events_come_to(console)


def open_in(console: Console, *months: str) -> list[int]:
    with console.read() as session:
        return [len(classification.open_objections(session, month)) for month in months]


def test_an_upheld_objection_changes_the_class_by_both_parties_word(console: Console, contract: int) -> None:
    number = custom(console, type="指令性任务", actor=HOSPITAL)
    say(console, classification.object_to, number, "客户化开发", "没有上级文件", actor=ENGINEER)
    say(console, classification.answer, number, Answer("客户化开发", upheld=True), actor=CHIEF)
    facts = facts_of(console, number)
    assert (facts.type, facts.class_by) == ("客户化开发", ("hospital", "vendor"))
    assert [one.clause for one in entries(console)] == ["C-31"]
    assert open_in(console, "2026-11") == [0]


def test_the_hospital_rules_a_class_alone_but_frees_no_cap_by_it(console: Console, contract: int) -> None:
    number = custom(console, type="政策性修改")
    confirm(console, number)
    made = entries(console)[0]
    approve(console, made.id)
    with pytest.raises(Refused, match="由甲方作出"):
        say(console, classification.rule, number, Ruling("缺陷", "规格里有"), actor=ENGINEER)
    facts = say(console, classification.rule, number, Ruling("缺陷", "规格里有"), actor=CHIEF)
    assert (facts.type, facts.ruled, waiting(console, ENGINEER)) == ("缺陷", True, [number])
    assert year_of(console, "C-29").taken == 1
    say(console, classification.object_to, number, "政策性修改", "按新规改的", actor=ENGINEER)
    assert open_in(console, "2026-11") == [1]
    confirm(console, number, ENGINEER)
    assert (open_in(console, "2026-11"), year_of(console, "C-29").taken) == ([0], 0)
    assert_rows_are_what_the_events_come_to(console)


def test_what_one_party_settles_is_not_ruled(console: Console, contract: int) -> None:
    with pytest.raises(Refused, match="直接改类型"):
        say(console, classification.rule, log_ticket(console), Ruling("咨询", "不是故障"), actor=CHIEF)


def test_a_directive_waits_for_its_order(console: Console, contract: int) -> None:
    number = custom(console, type="指令性任务", actor=HOSPITAL)
    assert waiting(console, CHIEF) == [number]
    with pytest.raises(Refused, match="上级文件"):
        confirm(console, number, ENGINEER)
    with pytest.raises(Refused) as refused:
        say(console, classification.tell_order, number, " ", (), actor=OFFICER)
    assert refused.value.field == "order"
    with pytest.raises(Refused, match="没有这项权限"):
        say(console, classification.tell_order, number, "省卫健委〔2026〕8 号", (), actor=ENGINEER)
    facts = say(console, classification.tell_order, number, "省卫健委〔2026〕8 号，3 日内提供", (), actor=OFFICER)
    assert facts.order == "省卫健委〔2026〕8 号，3 日内提供"
    confirm(console, number, ENGINEER)
    assert waiting(console, CHIEF) == waiting(console, ENGINEER) == []


def test_a_scan_of_the_order_is_one_of_the_tickets_own_files(console: Console, contract: int) -> None:
    number = custom(console)
    with pytest.raises(Refused) as refused:
        ruling = Ruling("指令性任务", "上级要求", evidence=("a" * 64,))
        say(console, classification.rule, number, ruling, actor=CHIEF)
    assert refused.value.field == "evidence"
    with console.write() as session:
        file = console.files.keep_attachment(io.BytesIO(b"%PDF-1.4 an order"), "红头文件.pdf")
        attachments.attach(session, number, file, CHIEF, console.now())
    with pytest.raises(Refused) as refused:
        say(console, classification.rule, number, Ruling("指令性任务", "上级要求"), actor=CHIEF)
    assert refused.value.field == "order"
    ruling = Ruling("指令性任务", "上级要求", evidence=(file.digest,))
    facts = say(console, classification.rule, number, ruling, actor=CHIEF)
    assert (facts.type, facts.order_files) == ("指令性任务", (file.digest,))
    confirm(console, number, ENGINEER)


@pytest.mark.parametrize(
    "actor", [OFFICER, terminal_actor("root"), actor_of("a", "审计员", "auditor"), actor_of("l", "领导", "leader")]
)
def test_nobody_without_the_right_speaks_about_a_class(console: Console, contract: int, actor: Actor) -> None:
    number = custom(console)
    for act, given in (
        (classification.confirm, (("客户化开发", False),)), (classification.object_to, ("缺陷", "规格里有")),
        (classification.answer, (Answer("缺陷", upheld=True),)), (classification.say_exempt, (True,)),
    ):  # fmt: skip
        with pytest.raises(Refused, match="没有这项权限"):
            say(console, act, number, *given, actor=actor)


def test_what_was_said_to_the_other_party_is_not_taken_back(console: Console, contract: int) -> None:
    number = custom(console)
    confirm(console, number)
    with console.write() as session, pytest.raises(Refused):
        take_backs.take_back(session, console.book(session), number, CHIEF, console.now())
    assert len(entries(console)) == 1


def test_a_report_taken_back_waits_for_nobody(console: Console, contract: int) -> None:
    number = custom(console)
    with console.write() as session:
        take_backs.take_back(session, console.book(session), number, VENDOR, console.now())
    assert waiting(console) == []


def test_a_refused_retype_tells_why(console: Console, contract: int) -> None:
    number = custom(console)
    propose_type(console, number, "缺陷")
    with pytest.raises(Refused) as refused:
        decide(console, number, "缺陷", approved=False)
    assert refused.value.field == "reason"
    decide(console, number, "缺陷", approved=False, reason="规格里没有")
    assert facts_of(console, number).refused[0].refusal == "规格里没有"


def test_typed_reasons_are_masked(console: Console, contract: int) -> None:
    number = custom(console)
    say(console, classification.object_to, number, "缺陷", "请回电 13800001234", actor=CHIEF)
    with console.read() as session:
        (found,) = classification.open_objections(session, "2026-11")
    assert "13800001234" not in found.reason
    assert (found.number, found.type, found.wished, found.side) == (number, "客户化开发", "缺陷", "hospital")


def test_a_type_that_a_reading_puts_under_a_cap_is_settled_by_both_too(console: Console) -> None:
    load_caps(console, clauses=(*CAPS[:1], cap("C-25", 8, "告知宣传", "功能维护"), *CAPS[2:]))
    number = custom(console, type="功能维护")
    assert waiting(console) == [number]
    with console.write() as session:  # no longer changed by one alone
        book, now = console.book(session), console.now()
        assert not corrections.retype(session, book, number, "配置变更", "归类", actor=VENDOR, now=now)
    confirm(console, number)
    assert [one.clause for one in entries(console)] == ["C-25"]


def test_without_caps_in_the_contract_classes_are_settled_all_the_same(console: Console) -> None:
    load_without_caps(console)
    number = custom(console)
    confirm(console, number)
    with console.read() as session:
        assert session.scalars(select(CapRow.id)).all() == []
    assert waiting(console) == []
    fresh = replace(CHIEF, account="second")
    with pytest.raises(Refused):
        confirm(console, number, fresh)
