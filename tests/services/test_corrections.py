"""What one party asks of the other: corrected times, another class, merging, splitting, agreed dates; never alone."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.errors import Refused
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.tickets import Link, TicketFacts
from ops_console.services import reports, tickets
from ops_console.services.corrections import Correction, Word, accept_times, propose, retype
from ops_console.services.links import link
from ops_console.store import tickets as rows
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, log_ticket
from tests.services.test_tickets import at_once


def facts_of(console: Console, number: str) -> TicketFacts:
    with console.read() as session:
        return tickets.view(session, console.book(session), number, VENDOR).facts


def ask(console: Console, number: str, field: str, new: str, actor: Actor = VENDOR, **given: object) -> None:
    command = Correction(number, field, new, **{"reason": "登记有误", **given})  # type: ignore[arg-type]
    with console.write() as session:
        propose(session, console.book(session), command, actor, console.now())


def decide(
    console: Console, number: str, field: str, new: str, actor: Actor = HOSPITAL, *, approved: bool = True
) -> None:
    do(console, number, core.CORRECTION_DECIDED, actor, field=field, new=new, approved=approved)


def iso(at: datetime) -> str:
    return at.isoformat()


def answered(console: Console, clock: FakeClock) -> str:
    number = log_ticket(console)
    clock.forward(minutes=40)
    do(console, number, core.RESPONDED)
    return number


def breached(console: Console) -> int:
    with console.read() as session:
        month = reports.month_of(console.now())
        found = reports.sla(session, console.book(session), month, month, VENDOR, now=console.now())
    return sum(count.breached for kinds in found.values() for classes in kinds.values() for count in classes.values())


@pytest.mark.parametrize(("asker", "decider"), [(VENDOR, HOSPITAL), (HOSPITAL, VENDOR)])
def test_a_time_is_corrected_only_by_the_other_party_s_word(
    console: Console, clock: FakeClock, asker: Actor, decider: Actor
) -> None:
    number = answered(console, clock)
    real = iso(clock() - timedelta(minutes=20))
    ask(console, number, "responded_at", real, asker)
    assert facts_of(console, number).responded_at == clock()  # until then the old value counts
    with pytest.raises(Refused):
        decide(console, number, "responded_at", real, asker)
    decide(console, number, "responded_at", real, decider)
    facts = facts_of(console, number)
    assert facts.responded_at == clock() - timedelta(minutes=20)
    assert facts.stamps["responded_at"].accepted is True


@pytest.mark.parametrize("who", [actor_of("a", "审计", "auditor"), terminal_actor("root")])
def test_nobody_without_a_side_asks_or_accepts(console: Console, clock: FakeClock, who: Actor) -> None:
    number = answered(console, clock)
    with pytest.raises(Refused):
        ask(console, number, "responded_at", iso(clock() - timedelta(minutes=20)), who)
    with pytest.raises(Refused), console.write() as session:
        word = Word(number, {"responded_at": clock()}, approved=True)
        accept_times(session, console.book(session), word, who, console.now())


@pytest.mark.parametrize(
    ("field", "minutes", "told"),
    [
        ("responded_at", 1, "晚于现在"),
        ("responded_at", -41, "早于"),
        ("reported_at", 0, "相同"),
        ("arrived_at", -5, "还没有这一时间"),
        ("confirmed_at", -5, "不能更正"),
    ],
)
def test_a_correction_that_cannot_be_is_refused(
    console: Console, clock: FakeClock, field: str, minutes: int, told: str
) -> None:
    number = answered(console, clock)
    base = facts_of(console, number).reported_at if field == "reported_at" else clock()
    with pytest.raises(Refused) as refused:
        ask(console, number, field, iso(base + timedelta(minutes=minutes)))
    assert told in refused.value.sentence.text


def test_a_correction_without_a_reason_is_refused(console: Console, clock: FakeClock) -> None:
    with pytest.raises(Refused) as refused:
        ask(console, answered(console, clock), "responded_at", iso(clock() - timedelta(minutes=1)), reason=" ")
    assert refused.value.field == "reason"


def test_only_late_times_wait_for_the_hospital_s_word_and_only_as_they_were_seen(
    console: Console, clock: FakeClock
) -> None:
    number = answered(console, clock)  # a prompt time: settled by a correction, not by a no
    for seen in (clock(), clock() - timedelta(minutes=1)):
        with pytest.raises(Refused), console.write() as session:
            word = Word(number, {"responded_at": seen}, approved=False)
            accept_times(session, console.book(session), word, HOSPITAL, console.now())


# The class of a ticket


def test_the_type_is_changed_alone_while_its_limit_has_not_passed(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console)
    clock.forward(minutes=30)
    with console.write() as session:
        assert retype(session, console.book(session), number, "环境问题", "网络", actor=VENDOR, now=console.now())
    assert facts_of(console, number).type == "环境问题"


@pytest.mark.parametrize(
    ("minutes", "kind", "other"), [(61, "故障", "咨询"), (1, "故障", "客户化开发"), (1, "政策性修改", "故障")]
)
def test_the_type_needs_the_other_party_once_the_limit_has_passed_or_where_both_settle_it(
    console: Console, clock: FakeClock, minutes: int, kind: str, other: str
) -> None:
    number = log_ticket(console, type=kind)
    clock.forward(minutes=minutes)
    with console.write() as session:
        assert not retype(session, console.book(session), number, other, "归类", actor=VENDOR, now=console.now())
    assert facts_of(console, number).type == kind
    decide(console, number, "type", other)
    assert facts_of(console, number).type == other


# Merging, splitting, agreed dates


def test_a_duplicate_becomes_part_of_the_earlier_report_once_both_agree(console: Console, clock: FakeClock) -> None:
    first = log_ticket(console)
    clock.forward(minutes=5)
    second = log_ticket(console)
    with pytest.raises(Refused):
        ask(console, first, "merged_into", second)  # the later goes into the earlier
    ask(console, second, "merged_into", first)
    decide(console, second, "merged_into", first)
    facts = facts_of(console, second)
    assert (facts.state, facts.merged_into) == ("已合并", first)
    clock.forward(hours=3)
    assert breached(console) == 1  # the first alone runs on
    with pytest.raises(Refused):
        do(console, second, core.RESPONDED)


def test_merging_undoes_no_breach(console: Console, clock: FakeClock) -> None:
    first, second = log_ticket(console), log_ticket(console)
    clock.forward(hours=2)
    ask(console, second, "merged_into", first)
    decide(console, second, "merged_into", first)
    assert breached(console) == 2


@pytest.mark.parametrize("into", ["GD-0", "itself", "withdrawn"])
def test_a_ticket_is_merged_only_into_another_that_lives(console: Console, into: str) -> None:
    gone, number = log_ticket(console), log_ticket(console)
    do(console, gone, core.CANCEL, HOSPITAL, reason="误报")
    target = {"itself": number, "withdrawn": gone}.get(into, into)
    with pytest.raises(Refused) as refused:
        ask(console, number, "merged_into", target)
    assert refused.value.field == "new"


def test_an_approval_of_a_merge_is_refused_when_its_target_was_withdrawn_meanwhile(console: Console) -> None:
    first, second = log_ticket(console), log_ticket(console)
    ask(console, second, "merged_into", first)
    do(console, first, core.CANCEL, HOSPITAL, reason="误报")
    with pytest.raises(Refused):
        decide(console, second, "merged_into", first)
    assert facts_of(console, second).state == "待响应"


def test_of_two_merges_into_each_other_decided_at_once_one_is_done_and_one_refused(console: Console) -> None:
    for _ in range(4):
        first, second = log_ticket(console), log_ticket(console)  # reported in the same second
        ask(console, first, "merged_into", second)
        ask(console, second, "merged_into", first)
        results = at_once(
            lambda a=first, b=second: decide(console, a, "merged_into", b),  # type: ignore[misc]
            lambda a=first, b=second: decide(console, b, "merged_into", a),  # type: ignore[misc]
        )
        assert sorted(type(result).__name__ for result in results) == ["NoneType", "Refused"], results
        states = [facts_of(console, number).state for number in (first, second)]
        assert sorted(state == "已合并" for state in states) == [False, True]


@pytest.mark.parametrize("kind", ["postgresql"])
@pytest.mark.parametrize("field", ["merged_into", "split_off"])
def test_a_decision_waits_in_the_order_in_which_every_other_act_takes_its_locks(console: Console, field: str) -> None:
    first, second = log_ticket(console), log_ticket(console)
    new = first if field == "merged_into" else "缺陷"
    ask(console, second, field, new, split_title="列表排序不对")
    with console.write() as session:  # as an import that came first: adding, then tickets by their id
        rows.lock_adding(session)
        rows.lock(session, first)
        failed: list[BaseException] = []
        decided = threading.Thread(target=_decide, args=(console, second, field, new, failed))
        decided.start()
        until_somebody_waits(console)
        assert rows.lock(session, second) is not None  # a deadlock, had the decision taken it already
    decided.join(20)
    assert (decided.is_alive(), failed) == (False, [])
    assert facts_of(console, second).waiting == ()


def _decide(console: Console, number: str, field: str, new: str, failed: list[BaseException]) -> None:
    try:
        decide(console, number, field, new)
    except BaseException as error:
        failed.append(error)


def until_somebody_waits(console: Console) -> None:
    """Return once a session of this database waits for a lock."""
    query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    for _ in range(400):
        with console.read() as session:
            if session.scalar(query):
                return
        time.sleep(0.025)
    raise AssertionError("nobody waits")


def test_a_ticket_split_off_has_the_report_of_the_first_and_its_grade(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console, actor=replace(HOSPITAL, on_clean_device=True), reporter="王护士")
    clock.forward(minutes=50)
    ask(console, number, "split_off", "缺陷", split_title="列表排序不对")
    decide(console, number, "split_off", "缺陷")
    with console.read() as session:
        made = session.scalars(select(rows.TicketRow.number).where(rows.TicketRow.number != number)).one()
    facts, first = facts_of(console, made), facts_of(console, number)
    assert (facts.type, facts.personal["title"], facts.personal["reporter"]) == ("缺陷", "列表排序不对", "王护士")
    assert (facts.reported_at, facts.stamps["reported_at"].grade) == (first.reported_at, "A")
    assert (first.links, facts.links) == ((Link(made, "相关"),), (Link(number, "相关"),))


def test_a_split_not_approved_opens_nothing(console: Console) -> None:
    number = log_ticket(console)
    ask(console, number, "split_off", "缺陷", split_title="列表排序不对")
    decide(console, number, "split_off", "缺陷", approved=False)
    with console.read() as session:
        assert session.scalars(select(rows.TicketRow.number)).all() == [number]


def test_a_date_is_agreed_and_moved_only_by_both(console: Console) -> None:
    number = log_ticket(console, type="缺陷")
    ask(console, number, "agreed_on", "2026-12-10")
    assert facts_of(console, number).agreed_on == ""
    decide(console, number, "agreed_on", "2026-12-10")
    ask(console, number, "agreed_on", "2026-12-31")
    decide(console, number, "agreed_on", "2026-12-31", approved=False)
    assert facts_of(console, number).agreed_on == "2026-12-10"
    for wrong in ("2026-11-19", "明天"):
        with pytest.raises(Refused):
            ask(console, number, "agreed_on", wrong)


def test_a_fault_and_its_root_defect_know_of_each_other(console: Console) -> None:
    fault, defect = log_ticket(console), log_ticket(console, type="缺陷")
    with console.write() as session:
        link(session, console.book(session), fault, Link(defect, "根因缺陷"), VENDOR, console.now())
    assert facts_of(console, fault).links == (Link(defect, "根因缺陷"),)
    assert facts_of(console, defect).links == (Link(fault, "引起的故障"),)
    for number, relation in ((defect, "根因缺陷"), (fault, "相关"), ("GD-0", "相关"), (defect, "无关")):
        with pytest.raises(Refused), console.write() as session:
            link(session, console.book(session), fault, Link(number, relation), VENDOR, console.now())
