"""Logging tickets and moving them: numbers, fields to blame, who may do what, and rows that equal the events."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE
from ops_console.core.people import ROLES, Actor, actor_of, terminal_actor
from ops_console.core.ticket_folds import fold
from ops_console.core.ticket_lists import Window
from ops_console.core.tickets import TicketFacts
from ops_console.services import tickets
from ops_console.services.clocks import frozen_of, judge, ticket_columns
from ops_console.store import audit, ticket_lists
from ops_console.store import tickets as store
from ops_console.store.audit import EventRow
from ops_console.store.clocks import ClockRow
from ops_console.store.tickets import TicketRow
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, import_sheet, log_ticket
from tests.sheets import row, write_sheet

# What each move needs before it, by kind.
LIFE: dict[str, list[tuple[str, Actor, dict[str, object]]]] = {
    core.RESPONDED: [],
    core.ONSITE_DECIDED: [],
    core.DECLINED: [],
    core.CANCEL: [],
    core.ARRIVED: [(core.RESPONDED, VENDOR, {})],
    core.SUSPEND: [(core.RESPONDED, VENDOR, {})],
    core.SUSPENSION_DECIDED: [(core.RESPONDED, VENDOR, {}), (core.SUSPEND, VENDOR, {"reason": "等待运营商"})],
    core.RESUMED: [(core.RESPONDED, VENDOR, {}), (core.SUSPEND, VENDOR, {"reason": "等待运营商"})],
    core.ASSIGNED: [],
    core.ESCALATED: [],
    core.RESTORE: [(core.RESPONDED, VENDOR, {}), (core.ARRIVED, VENDOR, {})],
    core.RESTORE_REJECTED: [(core.RESPONDED, VENDOR, {}), (core.ARRIVED, VENDOR, {}), (core.RESTORE, VENDOR, {})],
    core.CONFIRMED: [(core.RESPONDED, VENDOR, {}), (core.ARRIVED, VENDOR, {}), (core.RESTORE, VENDOR, {})],
    core.REOPENED: [
        (core.RESPONDED, VENDOR, {}), (core.ARRIVED, VENDOR, {}), (core.RESTORE, VENDOR, {}),
        (core.CONFIRMED, HOSPITAL, {}),
    ],
}  # fmt: skip
FACTS: dict[str, dict[str, object]] = {
    core.ONSITE_DECIDED: {"needs_onsite": True},
    core.SUSPENSION_DECIDED: {"approved": True},
    **dict.fromkeys(tickets.REASONED, {"reason": "等待运营商"}),
    core.ESCALATED: {"reason": "等待运营商", "level": "二线"},
    core.ASSIGNED: {"assignee": "vendor"},
}
AFTER = {
    core.RESPONDED: "处理中", core.ONSITE_DECIDED: "待响应", core.DECLINED: "已驳回", core.CANCEL: "已取消",
    core.ARRIVED: "已到场", core.SUSPEND: "挂起", core.SUSPENSION_DECIDED: "挂起", core.RESUMED: "处理中",
    core.ASSIGNED: "待响应", core.ESCALATED: "待响应",
    core.RESTORE: "待确认", core.RESTORE_REJECTED: "已到场", core.CONFIRMED: "已关闭", core.REOPENED: "已到场",
}  # fmt: skip
BY_EITHER = {core.ONSITE_DECIDED, core.RESUMED}
BY_HOSPITAL = {core.CONFIRMED, core.RESTORE_REJECTED, core.REOPENED, core.CANCEL, core.SUSPENSION_DECIDED}


def live_until(console: Console, clock: FakeClock, kind: str) -> str:
    console.first_accounts()
    number = log_ticket(console, needs_onsite=True)
    for earlier, actor, facts in LIFE[kind]:
        clock.forward(minutes=1)
        do(console, number, earlier, actor, **facts)
    clock.forward(minutes=1)
    return number


def state(console: Console, number: str) -> str:
    with console.read() as session:
        return session.scalars(select(TicketRow.state).where(TicketRow.number == number)).one()


def facts_of(console: Console, number: str) -> TicketFacts:
    with console.read() as session:
        ticket_id = store.by_numbers(session, [number])[number]
        facts = fold(number, audit.of_tickets(session, [ticket_id])[ticket_id])
    assert facts is not None
    return facts


def shown(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def events(console: Console) -> int:
    with console.read() as session:
        return session.scalar(select(func.count()).select_from(EventRow)) or 0


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all at the same moment; return what each returned, or the error it raised."""
    barrier, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(index: int, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[index] = act()  # type: ignore[call-overload]
        except Exception as error:
            results[index] = error  # type: ignore[call-overload]

    threads = [threading.Thread(target=run, args=item) for item in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return list(results)


def assert_rows_are_what_the_events_come_to(console: Console) -> None:
    with console.read() as session:
        book = console.book(session)
        for ticket in session.scalars(select(TicketRow)):
            facts = fold(ticket.number, audit.of_tickets(session, [ticket.id])[ticket.id])
            assert facts is not None
            for name, value in ticket_columns(judge(facts, book, frozen_of(ticket))).items():
                assert getattr(ticket, name) == value, (ticket.number, name)


def test_a_logged_ticket_is_a_row_an_event_and_its_clocks(console: Console) -> None:
    number = log_ticket(console, needs_onsite=True, department="药房", carrier="微信公众号", phone="13900000000")
    assert number == "GD-20261120-00001"
    with console.read() as session:
        ticket = session.scalars(select(TicketRow)).one()
        clocks = session.scalars(select(ClockRow.kind).order_by(ClockRow.kind)).all()
        event = audit.of_tickets(session, [ticket.id])[ticket.id][0]
    assert (ticket.state, ticket.klass, ticket.month, ticket.hour) == ("待响应", "off", "2026-11", 18)
    assert ticket.reported_at == ticket.recorded_at == console.now()
    assert clocks == ["arrival", "response"]  # no repair before the arrival
    assert (event.actor, event.side, event.channel) == ("vendor", "vendor", "电话")
    assert event.personal["phone"] == "139****0000"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "小事"), ("type", ""), ("module", "食堂"), ("channel", "飞鸽"), ("carrier", "飞鸽"), ("title", " "),
        ("title", "长" * 201), ("description", "长" * 4001), ("department", "长" * 101), ("reporter", "长" * 101),
        ("phone", "1" * 101), ("title", "坏\x00字"), ("description", "半个\ud800字"), ("department", "响\x07铃"),
    ],
)  # fmt: skip
def test_a_bad_field_is_named_and_nothing_is_kept(sqlite_console: Console, field: str, value: str) -> None:
    before = events(sqlite_console)
    with pytest.raises(Refused) as refused:
        log_ticket(sqlite_console, **{field: value})
    assert refused.value.field == field
    assert events(sqlite_console) == before


@pytest.mark.parametrize(("field", "length"), [("title", 200), ("description", 4000), ("reporter", 100)])
def test_a_text_at_its_limit_is_kept_whole(console: Console, field: str, length: int) -> None:
    number = log_ticket(console, **{field: "长" * length})
    with console.read() as session:
        view = tickets.view(session, console.book(session), number, VENDOR)
    assert view.facts.personal[field] == "长" * length


def test_numbers_rise_within_a_shanghai_day_and_begin_again_with_the_next(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
    found = [log_ticket(console), log_ticket(console)]
    clock.forward(seconds=1)
    found.append(log_ticket(console))
    assert found == ["GD-20261120-00001", "GD-20261120-00002", "GD-20261121-00001"]


def test_numbers_go_on_after_imported_ones_and_pass_over_a_sites_own(console: Console, tmp_path: Path) -> None:
    own = ("GD-20261120-7a", "GD-20261120-00007", "GD-20261120-00008x", "GD-20261120-ABCDE", "GD-20261120-")
    status, result = import_sheet(console, write_sheet(tmp_path / "a.csv", *(row(单号=number) for number in own)))
    assert (status, result["imported"]) == ("done", 5)
    assert log_ticket(console) == "GD-20261120-00008"


def test_eight_people_logging_at_once_get_eight_numbers(console: Console) -> None:
    found = at_once(*[lambda: log_ticket(console)] * 8)
    assert sorted(map(str, found)) == [f"GD-20261120-{n:05d}" for n in range(1, 9)]


@pytest.mark.parametrize("kind", LIFE)
def test_every_move_brings_its_state_and_the_rows_equal_the_events(
    console: Console, clock: FakeClock, kind: str
) -> None:
    number = live_until(console, clock, kind)
    do(console, number, kind, HOSPITAL if kind in BY_HOSPITAL else VENDOR, **FACTS.get(kind, {}))
    assert state(console, number) == AFTER[kind]
    assert_rows_are_what_the_events_come_to(console)


@pytest.mark.parametrize("kind", LIFE)
@pytest.mark.parametrize("role", [*ROLES, "terminal"])
def test_a_move_is_for_its_party_alone_and_a_refusal_leaves_no_row(
    sqlite_console: Console, clock: FakeClock, kind: str, role: str
) -> None:
    number = live_until(sqlite_console, clock, kind)
    before = events(sqlite_console), state(sqlite_console, number)
    actor = terminal_actor("root") if role == "terminal" else actor_of(role, role, role)
    party = {"officer": "hospital", "manager": "vendor"}.get(role, role)
    if party == ("hospital" if kind in BY_HOSPITAL else "vendor") or (party == "hospital" and kind in BY_EITHER):
        do(sqlite_console, number, kind, actor, **FACTS.get(kind, {}))
        return
    with pytest.raises(Refused, match="没有这项权限"):
        do(sqlite_console, number, kind, actor, **FACTS.get(kind, {}))
    assert (events(sqlite_console), state(sqlite_console, number)) == before


def test_that_nobody_need_come_any_more_is_the_hospitals_to_say(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console, needs_onsite=True)
    clock.forward(hours=3)
    with pytest.raises(Refused, match="只能由医院方登记"):
        do(console, number, core.ONSITE_DECIDED, VENDOR, needs_onsite=False)
    do(console, number, core.ONSITE_DECIDED, HOSPITAL, needs_onsite=False)
    with console.read() as session:
        kinds = session.scalars(select(ClockRow.kind)).all()
    assert list(kinds) == ["response"]


def test_who_proposed_a_correction_does_not_decide_it(console: Console, clock: FakeClock, tmp_path: Path) -> None:
    number = row()["单号"]
    import_sheet(console, write_sheet(tmp_path / "a.csv", row()))
    changed = write_sheet(tmp_path / "b.csv", row(响应时间="2026-11-19 09:40:00"))
    import_sheet(console, changed, actor=HOSPITAL)
    told = {"field": "responded_at", "approved": True}
    with pytest.raises(Refused, match="已处理或不存在"):
        do(console, number, core.CORRECTION_DECIDED, HOSPITAL, **told)
    do(console, number, core.CORRECTION_DECIDED, VENDOR, **told)
    assert facts_of(console, number).waiting == ()


def test_a_sheet_of_the_vendor_does_not_speak_for_the_hospital_on_a_live_ticket(
    console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    number = log_ticket(console, needs_onsite=True)
    for kind, told in ((core.RESPONDED, {}), (core.ARRIVED, {}), (core.SUSPEND, {"reason": "等待运营商"})):
        clock.forward(minutes=1)
        do(console, number, kind, VENDOR, **told)
    facts = facts_of(console, number)
    clock.forward(minutes=1)
    blank = dict.fromkeys(("响应时间", "到场时间", "恢复时间", "确认时间", "满意度"), "")
    cells = {**blank, "单号": number, "报修时间": shown(facts.reported_at), "录入时间": shown(facts.recorded_at)}
    cells |= {"挂起开始": shown(facts.suspensions[0].started_at), "挂起批准": "是"}
    _, result = import_sheet(console, write_sheet(tmp_path / "a.csv", row(**cells)), actor=VENDOR)
    assert "挂起批准" in [left["column"] for left in result["left"]]
    assert facts_of(console, number).suspensions[0].approved is None


@pytest.mark.parametrize("role", [*ROLES, "terminal"])
def test_only_those_who_work_for_the_two_parties_log_tickets(sqlite_console: Console, role: str) -> None:
    actor = terminal_actor("root") if role == "terminal" else actor_of(role, role, role)
    if role in ("hospital", "officer", "vendor", "manager", "terminal"):  # the terminal: `python3 run.py log LINE`
        log_ticket(sqlite_console, actor=actor)
        return
    with pytest.raises(Refused, match="没有这项权限"):
        log_ticket(sqlite_console, actor=actor)


@pytest.mark.parametrize(
    ("kind", "facts"),
    [
        (core.SUSPEND, {"reason": "等", "approved": True}),
        (core.RESPONDED, {"department": "别的科室"}),
        (core.RESPONDED, {"approved": True}),
        (core.RESTORE, {"suspension_reason": "x"}),
        (core.CANCEL, {"reason": "x", "type": "咨询"}),
    ],
)
def test_a_move_tells_only_what_belongs_to_it(
    sqlite_console: Console, clock: FakeClock, kind: str, facts: dict[str, object]
) -> None:
    number = live_until(sqlite_console, clock, kind)
    before = events(sqlite_console)
    with pytest.raises(Refused) as refused:
        do(sqlite_console, number, kind, HOSPITAL if kind in BY_HOSPITAL else VENDOR, **facts)
    assert refused.value.field in facts
    assert events(sqlite_console) == before


def test_a_move_rewrites_no_personal_text(sqlite_console: Console) -> None:
    number = log_ticket(sqlite_console, title="打不开")
    with pytest.raises(Refused):
        do(sqlite_console, number, core.RESPONDED, personal={"title": "没有问题"})


@pytest.mark.parametrize("approved", [None, "yes", "false", 1])
def test_a_decision_is_yes_or_no(sqlite_console: Console, clock: FakeClock, approved: object) -> None:
    number = live_until(sqlite_console, clock, core.SUSPENSION_DECIDED)
    with pytest.raises(Refused) as refused:
        do(sqlite_console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=approved)
    assert refused.value.field == "approved"


@pytest.mark.parametrize("kind", tickets.REASONED)
def test_a_reason_is_asked_for(sqlite_console: Console, clock: FakeClock, kind: str) -> None:
    number = live_until(sqlite_console, clock, kind)
    with pytest.raises(Refused) as refused:
        do(sqlite_console, number, kind, HOSPITAL if kind in BY_HOSPITAL else VENDOR, **{**FACTS[kind], "reason": "  "})
    assert refused.value.field == "reason"


def test_a_directive_cannot_be_declined(console: Console) -> None:
    number = log_ticket(console, actor=HOSPITAL, type="指令性任务")
    with pytest.raises(Refused, match="指令性任务"):
        do(console, number, core.DECLINED, reason="忙")
    assert state(console, number) == "待响应"


def test_an_unknown_ticket_or_move_is_told(sqlite_console: Console) -> None:
    with pytest.raises(NotFound, match="GD-1"):
        do(sqlite_console, "GD-1", core.RESPONDED)
    with pytest.raises(Refused, match="没有这一种操作"):
        do(sqlite_console, log_ticket(sqlite_console), "reported")


def test_of_two_answers_at_once_one_counts_and_the_other_is_refused(console: Console) -> None:
    number = log_ticket(console)
    other = actor_of("vendor2", "乙方第二人", "vendor")
    found = at_once(lambda: do(console, number, core.RESPONDED), lambda: do(console, number, core.RESPONDED, other))
    assert sorted(isinstance(result, Refused) for result in found) == [False, True]
    with console.read() as session:
        kinds = [event.kind for event in audit.of_tickets(session, [1])[1]]
        assert audit.first_broken(session) is None
    assert kinds == ["reported", "responded"]
    assert_rows_are_what_the_events_come_to(console)


def test_many_moves_on_many_tickets_at_once_leave_rows_that_equal_the_events(
    console: Console, clock: FakeClock
) -> None:
    numbers = [log_ticket(console, needs_onsite=True) for _ in range(4)]
    clock.forward(minutes=5)
    moves = [lambda n=n, k=k: do(console, n, k) for n in numbers for k in (core.RESPONDED, core.ARRIVED)]
    found = at_once(*moves)
    assert {type(result) for result in found} <= {type(None), Refused}
    assert_rows_are_what_the_events_come_to(console)


def test_the_years_rows_equal_a_fresh_fold_of_their_events(year_console: Console) -> None:
    assert_rows_are_what_the_events_come_to(year_console)


def test_a_restoration_that_is_refused_lets_the_clock_run_on(console: Console, clock: FakeClock) -> None:
    number = live_until(console, clock, core.RESTORE_REJECTED)
    with console.read() as session:
        assert session.scalars(select(ClockRow.result).where(ClockRow.kind == "repair")).one() == "met"
    do(console, number, core.RESTORE_REJECTED, HOSPITAL, reason="还是打不开")
    with console.read() as session:
        assert session.scalars(select(ClockRow.result).where(ClockRow.kind == "repair")).one() is None


@pytest.mark.parametrize(("approved", "seconds"), [(False, 600), (True, 2400)])
def test_a_correction_moves_the_clock_only_once_the_hospital_approves(
    console: Console, clock: FakeClock, tmp_path: Path, approved: bool, seconds: int
) -> None:
    import_sheet(console, write_sheet(tmp_path / "a.csv", row()))
    import_sheet(console, write_sheet(tmp_path / "b.csv", row(响应时间="2026-11-19 09:40:00")))
    assert waiting_and_seconds(console) == (1, 600)
    clock.forward(minutes=1)
    do(console, row()["单号"], core.CORRECTION_DECIDED, HOSPITAL, field="responded_at", approved=approved)
    assert waiting_and_seconds(console) == (0, seconds)


def waiting_and_seconds(console: Console) -> tuple[int, int | None]:
    with console.read() as session:
        active = session.scalars(select(ClockRow.active_seconds).where(ClockRow.kind == "response")).one()
        return session.scalars(select(TicketRow.waiting)).one(), active


def test_a_correction_decided_twice_is_refused(sqlite_console: Console, clock: FakeClock, tmp_path: Path) -> None:
    import_sheet(sqlite_console, write_sheet(tmp_path / "a.csv", row()))
    import_sheet(sqlite_console, write_sheet(tmp_path / "b.csv", row(类型="咨询")))
    clock.forward(minutes=1)
    do(sqlite_console, row()["单号"], core.CORRECTION_DECIDED, HOSPITAL, field="type", approved=True)
    clock.forward(minutes=1)
    with pytest.raises(Refused, match="已处理或不存在"):
        do(sqlite_console, row()["单号"], core.CORRECTION_DECIDED, HOSPITAL, field="type", approved=False)


def test_a_filter_finds_the_clocks_it_names(year_console: Console) -> None:
    with year_console.read() as session:
        chosen = tickets.Filter(
            first_month="2026-10", last_month="2026-10", clock="hotline", klass="off", result="breached"
        )
        found = ticket_lists.page(session, chosen, year_console.now(), Window("reported", descending=True, limit=50))
        count = ticket_lists.count(session, chosen, year_console.now())
    assert len(found) == count > 0
    assert [r.reported_at for r in found] == sorted((r.reported_at for r in found), reverse=True)


def test_pages_of_a_list_meet_without_gap_or_overlap(year_console: Console) -> None:
    with year_console.read() as session:
        numbers = [
            ticket.number
            for offset in range(0, 2400, 500)
            for ticket in ticket_lists.page(
                session,
                tickets.Filter(),
                year_console.now(),
                Window("type", descending=False, limit=500, offset=offset),
            )
        ]
    assert len(numbers) == len(set(numbers)) == 2344


@pytest.mark.parametrize(("offset", "rows"), [(0, 500), (2000, 344), (2344, 0), (2500, 0)])
def test_a_list_tells_how_many_match_on_whichever_page(year_console: Console, offset: int, rows: int) -> None:
    window = Window("reported", descending=True, limit=500, offset=offset)
    with year_console.read() as session:
        found = tickets.listing(session, tickets.Filter(), VENDOR, now=year_console.now(), window=window)
    assert (len(found.rows), found.count) == (rows, 2344)


def test_a_clock_cannot_run_backwards_when_the_hosts_clock_does(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console)
    clock.forward(minutes=-5)
    do(console, number, core.RESPONDED)
    with console.read() as session:
        ticket = session.scalars(select(TicketRow)).one()
        active = session.scalars(select(ClockRow.active_seconds)).one()
    assert ticket.responded_at == ticket.reported_at
    assert active == 0
