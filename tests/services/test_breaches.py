"""Breach cases on both databases: raised, filed, heard or silent, found, approved, executed; each an event."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.breaches import STATES
from ops_console.core.errors import NotFound, Refused
from ops_console.core.money import Fee
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.terms import Settlement
from ops_console.core.tickets import Event
from ops_console.services import (
    breach_accounts,
    breach_clues,
    breach_notices,
    breach_reminders,
    breaches,
    documents,
    proofs,
)
from ops_console.store import audit, messages
from ops_console.store.audit import EventRow
from ops_console.store.breaches import BreachRow
from ops_console.store.messages import OutboxRow
from tests.breach_cases import (
    ACTORS,
    AUDITOR,
    CHIEF,
    ENGINEER,
    LEADER,
    MANAGER,
    OFFICER,
    act,
    agree,
    case_in,
    clue,
    freeze,
    seen,
    version,
)
from tests.conftest import FakeClock, log_ticket
from tests.services.test_two_parties import reset

FRIDAY = datetime(2026, 11, 20, 2, tzinfo=UTC)  # 10 o'clock in Shanghai; three working days end with Wednesday


@pytest.fixture
def clock() -> FakeClock:
    """Here it is a Friday morning."""
    return FakeClock(FRIDAY)


def events(console: Console, number: str) -> list[Event]:
    with console.read() as session:
        assert audit.first_broken(session) is None
        return audit.of_things(session, "breach", number).get(number, [])


def said(console: Console) -> list[tuple[str, str]]:
    """Every message about cases in the order left: its kind and whom it is for; the number alone may stand in it."""
    with console.read() as session:
        rows = [row for row in messages.newest(session, 500) if row.kind.startswith("breach_")]
        for row in rows:
            assert set(json.loads(row.payload)) <= {"case", "stage"}
        return [(row.kind, row.audience) for row in reversed(rows)]


def sweep(console: Console) -> int:
    return breach_reminders.sweep(console.read, console.write, console.book, console.now())


def rows_of(console: Console) -> list[tuple[Any, ...]]:
    with console.read() as session:
        cases = [(row.number, row.state, row.version) for row in session.scalars(select(BreachRow))]
        return [*cases, *((row.seq, row.kind) for row in session.scalars(select(EventRow)))]


# -- the whole way ----------------------------------------------------------------------------------------------------


def test_a_case_goes_its_whole_way_and_each_step_is_an_event_and_a_message(console: Console) -> None:
    agree(console)
    number = case_in(console, "executed")
    assert number == "AQ-2026-001"
    assert [event.kind for event in events(console, number)] == [
        "breach_raised", "breach_filed", "breach_stated", "breach_found", "breach_approved", "breach_executed",
    ]  # fmt: skip
    assert said(console) == [
        ("breach_filed", "both"), ("breach_stated", "hospital"), ("breach_found", "both"), ("breach_approved", "both"),
        ("breach_executed", "both"),
    ]  # fmt: skip
    case = seen(console, number).case
    assert (case.month, case.booked_month, case.upheld, case.found_by, case.approved_by, case.executed_by) == (
        "2026-11", "2026-11", True, "hospital", "leader", "hospital",
    )  # fmt: skip
    with console.read() as session:
        book = console.book(session)
        found = breaches.deducted(session, book, case.contract_id, "2026-11")
        assert (found.amount, [line.numbers for line in found.lines]) == (10_000_000, [(number,)])
        assert breaches.deducted(session, book, case.contract_id, "2026-10").amount == 0


def test_numbers_follow_one_another_within_a_shanghai_year(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 12, 31, 15, 59, 59, tzinfo=UTC)
    assert [clue(console), clue(console)] == ["AQ-2026-001", "AQ-2026-002"]
    clock.forward(seconds=1)
    assert clue(console) == "AQ-2027-001"


def test_a_case_not_upheld_stays_to_be_read_and_costs_nothing(console: Console) -> None:
    agree(console)
    number = case_in(console, "not_upheld")
    for actor in (CHIEF, OFFICER, LEADER, ENGINEER, MANAGER):
        assert seen(console, number, actor).row.finding == "群消息和告警为证"
        assert seen(console, number, actor).acts <= {"dispatch"}
    with console.read() as session:
        assert (
            breaches.deducted(session, console.book(session), seen(console, number).case.contract_id, "2026-11").lines
            == ()
        )


@pytest.mark.parametrize("state", ["clue", "filed", "heard", "upheld", "approved"])
def test_a_case_is_withdrawn_with_a_reason_in_any_state_before_execution(console: Console, state: str) -> None:
    agree(console)
    number = case_in(console, state)
    by = LEADER if state == "approved" else CHIEF
    with pytest.raises(Refused, match="请填写"):
        act(console, "withdraw", number, by, reason=" ")
    act(console, "withdraw", number, by)
    shown = seen(console, number)
    assert (shown.case.state, shown.row.withdrawal) == ("withdrawn", "登记有误")
    assert events(console, number)[-1].kind == "breach_withdrawn"
    assert (("breach_withdrawn", "both") in said(console)) is (state != "clue")
    if state == "clue":
        with pytest.raises(NotFound):
            seen(console, number, MANAGER)
    else:
        assert seen(console, number, MANAGER).case.state == "withdrawn"


def test_an_executed_case_is_not_withdrawn(console: Console) -> None:
    agree(console)
    number = case_in(console, "executed")
    for actor in (CHIEF, LEADER):
        with pytest.raises(Refused):
            act(console, "withdraw", number, actor)


def test_a_returned_case_is_found_on_again_and_keeps_what_was_found(console: Console) -> None:
    agree(console)
    number = case_in(console, "upheld")
    with pytest.raises(Refused) as refused:
        act(console, "return", number, LEADER, reason="")
    assert refused.value.field == "reason"
    before = seen(console, number).case
    act(console, "return", number, LEADER)
    shown = seen(console, number)
    assert (shown.case.state, shown.case.upheld, shown.row.returned) == ("heard", None, "请补充依据")
    assert (shown.case.occurred_at, shown.case.reported_at) == (before.occurred_at, before.reported_at)
    act(console, "find", number, CHIEF, upheld=False)
    assert seen(console, number).case.state == "not_upheld"
    assert [event.kind for event in events(console, number)][-3:] == ["breach_found", "breach_returned", "breach_found"]


# -- who may ----------------------------------------------------------------------------------------------------------

STEPS: dict[str, tuple[str, Actor]] = {
    "tell": ("filed", MANAGER), "link": ("filed", OFFICER), "file": ("clue", CHIEF), "state": ("filed", ENGINEER),
    "find": ("heard", CHIEF), "approve": ("upheld", LEADER), "return": ("upheld", LEADER),
    "execute": ("approved", CHIEF), "withdraw": ("heard", CHIEF), "dispatch": ("filed", OFFICER),
    "acknowledge": ("approved", ENGINEER),
}  # fmt: skip
MAY = {
    "tell": {"hospital", "officer", "vendor", "manager"}, "link": {"hospital", "officer", "vendor", "manager"},
    "file": {"hospital"}, "state": {"vendor", "manager"}, "find": {"hospital"}, "approve": {"leader"},
    "return": {"leader"}, "execute": {"hospital"}, "withdraw": {"hospital"}, "dispatch": {"hospital", "officer"},
    "acknowledge": {"vendor", "manager"},
}  # fmt: skip


def about(doing: str, ticket: str) -> dict[str, Any]:
    """What an act is told besides the usual."""
    return {"tickets": [ticket]} if doing == "link" else {}


FACTOR = ("file", "find", "approve", "return", "execute", "withdraw")


@pytest.mark.parametrize("doing", sorted(STEPS))
def test_each_act_is_refused_to_everybody_else_and_leaves_nothing(console: Console, doing: str) -> None:
    agree(console)
    state, _by = STEPS[doing]
    number, ticket = case_in(console, state), log_ticket(console)
    now, before = version(console, number), rows_of(console)
    strangers = [AUDITOR, actor_of("x", "x", "administrator"), actor_of("x", "x", "security"), terminal_actor("root")]
    others = [actor for role, actor in ACTORS.items() if role not in MAY[doing]]
    for actor in {one.account: one for one in [*others, *strangers]}.values():
        with pytest.raises((Refused, NotFound)):
            act(console, doing, number, actor, at_version=now, **about(doing, ticket))
    assert rows_of(console) == before


@pytest.mark.parametrize("doing", sorted(STEPS))
def test_an_act_sent_twice_or_from_a_stale_page_is_refused_the_second_time(console: Console, doing: str) -> None:
    agree(console)
    state, by = STEPS[doing]
    number, ticket = case_in(console, state), log_ticket(console)
    shown = version(console, number)
    act(console, doing, number, by, at_version=shown, **about(doing, ticket))
    before = rows_of(console)
    with pytest.raises(Refused, match="有了变化"):
        act(console, doing, number, by, at_version=shown, **about(doing, ticket))
    assert rows_of(console) == before


@pytest.mark.parametrize("doing", sorted(STEPS))
def test_acts_in_a_party_s_name_need_a_second_factor(console: Console, clock: FakeClock, doing: str) -> None:
    agree(console)
    state, by = STEPS[doing]
    number, ticket = case_in(console, state), log_ticket(console)
    bare = actor_of(by.account, by.name, by.account, proved_until=clock() - timedelta(seconds=1))
    before = rows_of(console)
    if doing in FACTOR:
        with pytest.raises(Refused) as refused:
            act(console, doing, number, bare, **about(doing, ticket))
        assert refused.value.field == "factor"
        assert rows_of(console) == before
    else:
        act(console, doing, number, bare, **about(doing, ticket))


@pytest.mark.parametrize("doing", ["file", "state", "find", "approve", "execute", "withdraw", "acknowledge"])
def test_an_account_reset_today_speaks_for_nobody(console: Console, clock: FakeClock, doing: str) -> None:
    agree(console)
    state, by = STEPS[doing]
    number = case_in(console, state)
    reset(console, by)
    with pytest.raises(Refused, match="24 小时内由他人设置过"):
        act(console, doing, number, by)
    clock.forward(hours=24)
    act(console, doing, number, by)
    assert events(console, number)[-1].credential_reset_at == clock() - timedelta(hours=24)


def test_whoever_found_cannot_approve_after_a_change_of_role(console: Console) -> None:
    agree(console)
    number = case_in(console, "upheld")
    promoted = actor_of(CHIEF.account, CHIEF.name, "leader", proved_until=CHIEF.proved_until)
    with pytest.raises(Refused, match="不能是同一人"):
        act(console, "approve", number, promoted)
    act(console, "approve", number, LEADER)


def test_two_leaders_at_once_decide_once(console: Console) -> None:
    agree(console)
    number = case_in(console, "upheld")
    shown = version(console, number)
    other = actor_of("leader2", "另一位", "leader", proved_until=LEADER.proved_until)

    def approve(actor: Actor) -> str:
        try:
            act(console, "approve", number, actor, at_version=shown)
        except Refused as refused:
            return str(refused)
        return "done"

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(approve, [LEADER, other] * 2))
    assert told.count("done") == 1
    assert [event.kind for event in events(console, number)].count("breach_approved") == 1


# -- raising ----------------------------------------------------------------------------------------------------------


def test_a_clue_sent_twice_is_one_case_and_two_forms_at_once_get_two_numbers(console: Console) -> None:
    assert clue(console, key="the form") == clue(console, key="the form")
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda n: clue(console, key=f"form {n}"), range(4)))
        same = set(pool.map(lambda _n: clue(console, key="one form"), range(4)))
    assert sorted(made) == [f"AQ-2026-{n:03d}" for n in range(2, 6)]
    assert len(same) == 1
    with console.read() as session:
        assert len(session.scalars(select(BreachRow)).all()) == 6


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"category": "outage"}, "category"), ({"what": ""}, "what"), ({"tickets": ["GD-0"]}, "tickets"),
        ({"flags": {7}}, "flags"), ({"tickets": [f"GD-{n}" for n in range(51)]}, "tickets"),
        ({"known_at": datetime(2027, 1, 1, tzinfo=UTC)}, "known_at"), ({"key": ""}, None), ({"key": "x" * 65}, None),
    ],
)  # fmt: skip
def test_a_faulty_clue_is_refused_at_its_field_and_keeps_nothing(
    console: Console, given: dict[str, Any], field: str | None
) -> None:
    before = rows_of(console)
    with pytest.raises(Refused) as refused:
        clue(console, **given)
    assert refused.value.field == field
    assert rows_of(console) == before


@pytest.mark.parametrize("actor", [LEADER, AUDITOR, terminal_actor("root")])
def test_a_clue_is_raised_by_those_who_may_record_alone(console: Console, actor: Actor) -> None:
    with pytest.raises(Refused, match="没有这项权限"):
        clue(console, actor)


def test_the_hospital_s_clue_is_seen_by_the_hospital_alone_and_the_chain_tells_nothing_of_it(console: Console) -> None:
    number = clue(console, CHIEF, what="瞒报支付中断", category="concealed", receiver="王科员")
    for actor in (ENGINEER, MANAGER, AUDITOR, terminal_actor("root")):
        with pytest.raises(NotFound):
            seen(console, number, actor)
        with console.read() as session:
            assert breaches.listing(session, breaches.Asked(), actor, page=1).total == 0
            assert breaches.outline(session, actor) == ()
            assert breaches.of_month(session, 1, "2026-11", actor) == ()
    with console.read() as session:
        (row,) = session.scalars(select(EventRow).where(EventRow.subject == "breach"))
    assert json.loads(row.facts) == {"visible_to": "hospital"}
    assert said(console) == []
    assert "瞒报支付中断" not in json.dumps([row.facts, row.commitments], ensure_ascii=False)

    act(console, "file", number, CHIEF, category="concealed")
    assert seen(console, number, MANAGER).told["hospital"].what == "瞒报支付中断"
    filed = events(console, number)[-1]
    assert filed.facts["category"] == "concealed"
    assert filed.facts["occurred_at"] == (FRIDAY - timedelta(hours=2)).isoformat()


def test_the_vendor_s_clue_tells_the_hospital_at_once(console: Console) -> None:
    number = clue(console, ENGINEER)
    assert said(console) == [("breach_raised", "hospital")]
    assert seen(console, number, OFFICER).told["vendor"].what == "支付回调中断"
    assert events(console, number)[0].facts["category"] == "told_late"
    act(console, "withdraw", number, MANAGER)
    assert seen(console, number, CHIEF).case.state == "withdrawn"


def test_the_vendor_s_clue_is_filed_by_the_hospital_and_not_by_the_vendor(console: Console) -> None:
    number = clue(console, MANAGER)
    with pytest.raises(Refused):
        act(console, "file", number, MANAGER)
    act(console, "file", number, CHIEF)
    assert seen(console, number, MANAGER).case.state == "filed"


def test_personal_numbers_are_masked_in_rows_and_events(console: Console) -> None:
    phone = "13800001234"
    number = clue(console, ENGINEER, what=f"患者 {phone} 的截图", measures=phone)
    act(console, "file", number, CHIEF)
    act(console, "state", number, MANAGER, text=f"已联系 {phone}")
    act(console, "find", number, CHIEF, reason=f"见 {phone}")
    shown = seen(console, number)
    kept = [shown.told["vendor"].what, shown.told["vendor"].measures, shown.row.statement, shown.row.finding]
    assert all("138****1234" in text for text in kept)
    assert phone not in json.dumps([dict(event.personal) for event in shown.events])


# -- the vendor's time ------------------------------------------------------------------------------------------------


def test_silence_is_noted_when_the_vendor_s_time_ends_and_is_no_consent(console: Console, clock: FakeClock) -> None:
    agree(console)
    number = case_in(console, "filed")
    due = seen(console, number).case.statement_due_at
    assert due == datetime(2026, 11, 25, 16, tzinfo=UTC)  # the end of Wednesday: Monday, Tuesday, Wednesday
    with pytest.raises(Refused, match="陈述期"):
        act(console, "find", number, CHIEF)
    clock.at = due - timedelta(days=1)
    sweep(console)
    assert said(console)[-1] == ("breach_statement_due", "vendor")
    clock.at = due - timedelta(seconds=1)
    assert sweep(console) == 0
    assert seen(console, number).case.state == "filed"
    clock.at = due
    sweep(console)
    case = seen(console, number).case
    assert (case.state, case.is_silent, case.stated_at) == ("heard", True, None)
    assert said(console)[-1] == ("breach_statement_over", "both")
    silent = events(console, number)[-1]
    assert (silent.kind, silent.actor, silent.side) == ("breach_silent", "系统", "neutral")
    sweep(console)
    assert [event.kind for event in events(console, number)].count("breach_silent") == 1
    act(console, "state", number, MANAGER)  # late, and still heard
    assert events(console, number)[-1].facts["in_time"] is False
    assert seen(console, number).case.is_silent


def test_a_finding_after_the_time_notes_the_silence_where_no_sweep_did(console: Console, clock: FakeClock) -> None:
    agree(console)
    number = case_in(console, "filed")
    clock.at = datetime(2026, 11, 25, 16, tzinfo=UTC)
    act(console, "find", number, CHIEF)
    assert [event.kind for event in events(console, number)][-2:] == ["breach_silent", "breach_found"]
    assert events(console, number)[-1].facts["silent"] is True


def test_a_statement_in_time_ends_the_waiting(console: Console, clock: FakeClock) -> None:
    number = case_in(console, "heard")
    clock.forward(days=10)
    sweep(console)
    assert not [kind for kind, _ in said(console) if kind.startswith("breach_statement")]
    assert not seen(console, number).case.is_silent


# -- the count-downs --------------------------------------------------------------------------------------------------


def test_a_count_down_is_said_to_the_restricted_group_once_per_stage(console: Console, clock: FakeClock) -> None:
    agree(console)
    number = clue(console, CHIEF, known_at=clock() - timedelta(minutes=1))
    act(console, "file", number, CHIEF)
    told: list[int] = []
    for _minute in range(40):
        clock.forward(minutes=1)
        sweep(console)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _n: sweep(console), range(2)))
    with console.read() as session:
        for row in session.scalars(
            select(OutboxRow).where(OutboxRow.kind == "breach_countdown").order_by(OutboxRow.id)
        ):
            told.append(json.loads(row.payload)["stage"])
            assert row.audience == "security"
    assert told == [50, 80, 100]


def test_of_the_hospital_s_own_clue_nothing_is_said_to_anybody_who_may_be_the_vendor(
    console: Console, clock: FakeClock
) -> None:
    agree(console, settlement=Settlement(limits_told=(("区卫健局", 60),)))
    number = clue(console, CHIEF, known_at=clock())
    for _ in range(70):
        clock.forward(minutes=1)
        sweep(console)
    assert said(console) == [("breach_countdown", "hospital")] * 3
    act(console, "dispatch", number, OFFICER)
    assert seen(console, number).clocks[1].stopped_at == clock()


def test_a_report_that_is_logged_stops_its_clock_and_is_the_hospital_s_alone(
    console: Console, clock: FakeClock
) -> None:
    agree(console, settlement=Settlement(limits_told=(("区卫健局", 120), ("网信部门", 240))))
    number = case_in(console, "filed")
    clock.forward(minutes=30)
    act(console, "dispatch", number, OFFICER, text="首报 13800001234")
    act(console, "dispatch", number, OFFICER, receiver="网信部门", is_needed=False, text="研判为一般事件", channel="")
    shown = seen(console, number, LEADER)
    assert [clock.result(shown.row.raised_at) for clock in shown.clocks if not clock.is_internal] == ["met", "met"]
    assert [(sent.receiver, sent.is_needed) for sent in shown.dispatches] == [("区卫健局", True), ("网信部门", False)]
    assert shown.dispatches[0].text == "首报 138****1234"
    for actor in (ENGINEER, MANAGER):
        theirs = seen(console, number, actor)
        assert theirs.dispatches == ()
        assert [clock.is_internal for clock in theirs.clocks] == [True]
        assert "breach_dispatched" not in [event.kind for event in theirs.events]
    with console.read() as session:
        logged = session.scalars(select(EventRow).where(EventRow.kind == "breach_dispatched")).all()
    assert [json.loads(row.facts) for row in logged] == [{"visible_to": "hospital"}] * 2


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"receiver": " "}, "receiver"), ({"sender": ""}, "sender"), ({"channel": "飞鸽"}, "channel"),
        ({"sent_at": FRIDAY + timedelta(seconds=1)}, "sent_at"), ({"is_needed": False, "text": ""}, "text"),
        ({"text": "x" * 2001}, "text"), ({"receiver": "x" * 61}, "receiver"),
    ],
)  # fmt: skip
def test_a_faulty_report_is_refused_at_its_field(console: Console, given: dict[str, Any], field: str) -> None:
    number = case_in(console, "filed")
    with pytest.raises(Refused) as refused:
        act(console, "dispatch", number, CHIEF, **given)
    assert refused.value.field == field
    assert not seen(console, number).dispatches


# -- the finding and the money ----------------------------------------------------------------------------------------


def test_nothing_is_upheld_before_it_is_known_when_it_happened(console: Console) -> None:
    agree(console)
    number = case_in(console, "heard")
    with pytest.raises(Refused) as refused:
        act(console, "find", number, CHIEF, times={"occurred_at": None, "known_at": None, "reported_at": None})
    assert refused.value.field == "occurred_at"
    act(console, "find", number, CHIEF, upheld=False, times={"occurred_at": None, "known_at": None})
    assert seen(console, number).case.state == "not_upheld"


def test_by_discovery_the_time_of_discovery_has_to_be_known(console: Console) -> None:
    agree(console, settlement=Settlement(penalty_month_of="discovery"))
    number = case_in(console, "heard")
    with pytest.raises(Refused) as refused:
        act(console, "find", number, CHIEF)
    assert refused.value.field == "discovered_at"
    assert seen(console, number).case.state == "heard"
    found = {"discovered_at": datetime(2026, 11, 20, 1, tzinfo=UTC)}
    act(console, "find", number, CHIEF, times=found)
    assert (seen(console, number).case.month, seen(console, number).case.month_rule) == ("2026-11", "discovery")


@pytest.mark.parametrize(
    ("rule", "month"), [("occurrence", "2026-09"), ("discovery", "2026-10"), ("finding", "2026-11")]
)
def test_the_last_second_of_a_month_pays_by_the_agreed_reading(console: Console, rule: str, month: str) -> None:
    agree(console, settlement=Settlement(penalty_month_of=rule))
    times = {
        "occurred_at": datetime(2026, 9, 30, 15, 59, 59, tzinfo=UTC), "known_at": None, "reported_at": None,
        "discovered_at": datetime(2026, 9, 30, 16, tzinfo=UTC),
    }  # fmt: skip
    number = case_in(console, "executed", times=times)
    case = seen(console, number).case
    assert (case.month, case.booked_month) == (month, month)


def test_two_cases_of_a_month_cost_its_fee_once(console: Console) -> None:
    agree(console)
    first, second = case_in(console, "executed"), case_in(console, "executed")
    with console.read() as session:
        found = breaches.deducted(session, console.book(session), 1, "2026-11")
    assert [(line.numbers[0], line.amount) for line in found.lines] == [(first, 10_000_000), (second, 0)]
    assert seen(console, second).cost.amount == 0  # type: ignore[union-attr]
    assert [case.number for case in cases_of_month(console)] == [first, second]


def cases_of_month(console: Console, month: str = "2026-11", actor: Actor = CHIEF) -> tuple[Any, ...]:
    with console.read() as session:
        return breaches.of_month(session, 1, month, actor)


def test_an_open_case_tells_what_it_would_cost_beside_those_that_count_already(console: Console) -> None:
    agree(console)
    clue_ = case_in(console, "clue")
    assert seen(console, clue_).cost.amount == 10_000_000  # type: ignore[union-attr]
    case_in(console, "executed")
    assert seen(console, clue_).cost.amount == 0  # type: ignore[union-attr]


def test_a_frozen_month_is_refused_and_a_later_one_carries_it(console: Console) -> None:
    agree(console)
    number = case_in(console, "approved")
    assert (seen(console, number).lands_in, seen(console, number).cost.is_carried) == ("2026-11", False)  # type: ignore[union-attr]
    freeze(console, "2026-11")
    shown = seen(console, number)
    assert (shown.lands_in, shown.cost.is_carried, shown.cost.amount) == ("2026-12", True, 10_000_000)  # type: ignore[union-attr]
    for month in ("2026-11", "2026-10", "2026-13"):
        with pytest.raises(Refused) as refused:
            act(console, "execute", number, CHIEF, month=month, note="结转")
        assert refused.value.field == "month"
    with pytest.raises(Refused) as refused:
        act(console, "execute", number, CHIEF, month="2026-12")
    assert refused.value.field == "note"
    act(console, "execute", number, CHIEF, month="2026-12", note="11 月已冻结，结转")
    freeze(console, "2026-12")
    with console.read() as session:
        (line,) = breaches.deducted(session, console.book(session), 1, "2026-12", {"2026-11"}).lines
        assert (line.origin, line.amount, line.is_carried) == ("2026-11", 10_000_000, True)
        assert breaches.deducted(session, console.book(session), 1, "2026-11", {"2026-11"}).lines == ()
    assert (seen(console, number).lands_in, printed(console, number).month) == ("2026-12", "2026-12")
    assert [case.number for case in cases_of_month(console, "2026-12")] == [number]


def test_what_happened_before_go_live_may_be_found_and_costs_nothing(console: Console) -> None:
    agree(console, go_live_on=date(2026, 11, 20))
    early = {"occurred_at": datetime(2026, 11, 19, 15, 59, 59, tzinfo=UTC), "known_at": None}
    number = case_in(console, "executed", times=early)
    with console.read() as session:
        (line,) = breaches.deducted(session, console.book(session), 1, "2026-11").lines
    assert (line.amount, "上线日之前" in str(line.why)) == (0, True)
    assert seen(console, number).case.is_early
    first_second = {"occurred_at": datetime(2026, 11, 19, 16, tzinfo=UTC), "known_at": None}
    other = case_in(console, "executed", times=first_second)
    assert seen(console, other).cost.amount == 10_000_000  # type: ignore[union-attr]


def test_without_a_fee_no_sum_is_made_up(console: Console) -> None:
    agree(console, fee=None)
    number = case_in(console, "executed")
    with console.read() as session:
        found = breaches.deducted(session, console.book(session), 1, "2026-11")
        assert (found.amount, len(found.lines)) == (None, 1)
        with pytest.raises(Refused) as refused:
            breach_notices.notice(session, console.book(session), number, CHIEF, console.now())
    assert refused.value.field == "fee"


def test_a_contract_file_without_clauses_and_fee_still_works(console: Console) -> None:
    agree(console, clauses=(), fee=None)
    number = case_in(console, "executed")
    assert seen(console, number).cost.amount is None  # type: ignore[union-attr]


def test_the_month_s_fee_is_that_of_the_contract_in_force(console: Console) -> None:
    agree(console, fee=Fee(10_000))
    with console.read() as session:
        book = console.book(session)
        months = [breaches.fee_of(book, 1, f"2026-{month:02d}") for month in range(1, 13)]
        assert sum(fee or 0 for fee in months) == 10_000
        assert breaches.fee_of(book, 99, "2026-11") is None


# -- files ------------------------------------------------------------------------------------------------------------


def attach(console: Console, number: str, actor: Actor, name: str = "群消息.txt", content: bytes = b"proof") -> None:
    with console.write() as session:
        file = console.files.keep_attachment(io.BytesIO(content), name)
        breach_accounts.attach(session, number, file, actor, console.now(), code="E3")


def test_a_case_s_files_are_for_those_who_see_the_case(console: Console) -> None:
    number = clue(console)
    attach(console, number, OFFICER, name="截图 13800001234.txt")
    with console.read() as session:
        (file,) = proofs.of(session, "breach", number, CHIEF)
        assert file.name == "截图 138****1234.txt"
        for actor in (MANAGER, AUDITOR, terminal_actor("root")):
            with pytest.raises(NotFound):
                proofs.find(session, file.id, actor)
        assert proofs.find(session, file.id, LEADER).digest == file.digest
    with console.write() as session, pytest.raises(NotFound):
        proofs.void(session, file.id, "不想让人看见", MANAGER, console.now())
    with pytest.raises(NotFound):
        attach(console, number, MANAGER)
    act(console, "file", number, CHIEF)
    with console.read() as session:
        assert proofs.find(session, file.id, MANAGER).digest == file.digest
        with pytest.raises(NotFound):
            proofs.find(session, file.id, AUDITOR)
    attach(console, number, MANAGER, name="陈述.txt", content=b"other")
    assert len(seen(console, number, CHIEF).files) == 2


@pytest.mark.parametrize("state", ["executed", "not_upheld", "withdrawn"])
def test_no_file_is_added_to_a_closed_case(console: Console, state: str) -> None:
    agree(console)
    number = case_in(console, state)
    with pytest.raises(Refused):
        attach(console, number, CHIEF)


# -- the notice -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [state for state in STATES if state not in ("approved", "executed")])
def test_no_notice_is_printed_before_approval(console: Console, state: str) -> None:
    agree(console)
    number = case_in(console, state)
    with console.read() as session, pytest.raises((Refused, NotFound)):
        breach_notices.notice(session, console.book(session), number, CHIEF, console.now())


def printed(console: Console, number: str, actor: Actor = CHIEF) -> breach_notices.Notice:
    with console.write() as session:
        made = breach_notices.notice(session, console.book(session), number, actor, console.now())
        breach_notices.note_printed(session, made, actor, console.now())
    return made


def test_a_printed_notice_is_known_by_its_code_until_more_happens(console: Console, clock: FakeClock) -> None:
    agree(console)
    number = case_in(console, "approved")
    made = printed(console, number)
    assert (made.amount, made.month, made.clause[:6]) == (10_000_000, "2026-11", "如出现安全事")

    def agreed(code: str, of: str = number) -> documents.Agreed | None:
        with console.read() as session:
            return documents.verify(session, of, code)

    found = agreed(made.code)
    assert found is not None
    assert (found.number, found.seq, found.outdated) == (number, made.seq, False)
    assert printed(console, number, MANAGER).digest == made.digest
    for code, of in (("0" * 12, number), (made.code, "AQ-2026-999"), (made.code, "GD-1")):
        assert agreed(code, of) is None
    act(console, "execute", number, CHIEF)
    assert agreed(made.code).outdated  # type: ignore[union-attr]
    (event,) = [event for event in events(console, number) if event.kind == "printed"][:1]
    assert event.facts == {"document": "deduction_notice", "of": made.code, "shown": made.digest}


@pytest.mark.parametrize("actor", [AUDITOR, terminal_actor("root")])
def test_a_notice_is_for_those_who_see_the_case(console: Console, actor: Actor) -> None:
    agree(console)
    number = case_in(console, "approved")
    with pytest.raises(NotFound):
        printed(console, number, actor)


def test_the_vendor_acknowledges_and_objects_and_nothing_is_taken_back(console: Console) -> None:
    agree(console)
    number = case_in(console, "approved")
    act(console, "acknowledge", number, ENGINEER)
    assert (seen(console, number).row.objection, said(console)[-1]) == ("", ("breach_acknowledged", "hospital"))
    act(console, "acknowledge", number, MANAGER, objection="时间不符")
    shown = seen(console, number)
    assert (shown.row.objection, shown.row.acknowledged_by, shown.case.state) == ("时间不符", "manager", "approved")
    act(console, "execute", number, CHIEF)


# -- lists ------------------------------------------------------------------------------------------------------------


def test_a_list_counts_by_state_and_narrows(console: Console) -> None:
    agree(console)
    made = {state: case_in(console, state) for state in STATES}
    with console.read() as session:
        for actor, expected in ((CHIEF, set(STATES)), (MANAGER, set(STATES) - {"clue", "withdrawn"})):
            found = breaches.listing(session, breaches.Asked(), actor, page=1)
            assert {state: n for state, n in found.by_state.items() if n} == dict.fromkeys(expected, 1)
            assert [one.case.number for one in found.cases] == sorted((made[s] for s in expected), reverse=True)
            for state in STATES:
                narrowed = breaches.listing(session, breaches.Asked(state), actor, page=1)
                assert [one.case.state for one in narrowed.cases] == ([state] if state in expected else [])
        empty = breaches.listing(session, breaches.Asked("", "leaked"), CHIEF, page=1)
        assert (empty.total, breaches.listing(session, breaches.Asked("", "", "2026-10"), CHIEF, page=1).total) == (
            0,
            0,
        )
        outline = breaches.outline(session, terminal_actor("root"))
    assert {one.number for one in outline} == {n for s, n in made.items() if s not in ("clue", "withdrawn")}
    assert breaches.asked("x", "x", "x") == breaches.Asked()


def test_a_ticket_leads_to_its_cases(console: Console) -> None:
    ticket = log_ticket(console)
    number = clue(console, tickets=[ticket])
    for actor, found in ((CHIEF, [number]), (MANAGER, []), (AUDITOR, [])):
        with console.read() as session:
            assert [case.number for case in breaches.about(session, ticket, actor)] == found


def test_connecting_a_ticket_twice_keeps_it_once(console: Console) -> None:
    ticket = log_ticket(console)
    number = case_in(console, "filed")
    act(console, "link", number, MANAGER, tickets=[ticket])
    act(console, "link", number, CHIEF, tickets=[ticket])
    assert [one.number for one in seen(console, number).tickets] == [ticket]
    with pytest.raises(Refused, match="请填写要关联的单号"):
        act(console, "link", number, CHIEF)


# -- what may be a clue -----------------------------------------------------------------------------------------------


def proposed(console: Console, actor: Actor = CHIEF, month: str = "2026-11") -> list[tuple[str, tuple[str, ...]]]:
    with console.read() as session:
        return [(one.kind, one.numbers) for one in breach_clues.found(session, console.book(session), month, actor)]


def test_the_console_proposes_and_never_files(console: Console, clock: FakeClock) -> None:
    nurse = log_ticket(console, actor=OFFICER, channel="扫码", title="支付回调中断")
    clock.forward(minutes=31)
    own = log_ticket(console, title="支付回调中断", reported_at=clock() - timedelta(minutes=5))
    log_ticket(console, title="报告打不开", module="报告查询")
    before = rows_of(console)
    assert proposed(console) == proposed(console, OFFICER) == [("earlier", (own, nurse))]
    assert rows_of(console) == before
    for actor in (ENGINEER, MANAGER, AUDITOR, LEADER, terminal_actor("root")):
        with pytest.raises(NotFound):
            proposed(console, actor)
    clue(console, tickets=[own])
    assert proposed(console) == []
    assert proposed(console, month="2026-10") == []


def test_the_year_s_sheet_is_looked_over_in_two_statements(year_console: Console) -> None:
    found = proposed(year_console, month="2026-02")
    assert {kind for kind, _numbers in found} <= {"earlier", "late", "flagged"}
    assert len(found) < 25
