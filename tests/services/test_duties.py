"""Duties on both databases: made once, delivered and accepted, waived, asked for, told of; every word in the chain."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from ops_console.console import Console
from ops_console.core.contract_facts import Dues
from ops_console.core.duties import DELIVERED, KEPT, LATE, MISSED, WAIVED, dues_of, state_of
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.terms import DayOverride
from ops_console.core.tickets import Event
from ops_console.services import deliveries, duties, duty_plans, freezes
from ops_console.services.deliveries import Done
from ops_console.services.duties import Ask
from ops_console.store import audit, people
from ops_console.store import duties as store
from ops_console.store.contracts import VersionRow
from ops_console.store.duties import DutyRow
from ops_console.store.messages import OutboxRow
from tests.conftest import FakeClock, log_ticket
from tests.duties import (
    CHIEF,
    CLAUSES,
    ENGINEER,
    INSPECTION,
    MANAGER,
    OFFICER,
    agree,
    clause,
    done,
    enforce,
    paper,
    plan,
    shanghai,
    the,
    with_clauses,
    without_clauses,
)
from tests.services.test_tickets import at_once

NOVEMBER = ("C-27/reconciliation/2026-11-01/1", "C-27/statistics/2026-11-01/1", "C-33/inspection/2026-11-01/1")
CHECK = "C-33/inspection/2026-11-01/1"
AUDITOR = actor_of("auditor", "审计员", "auditor")
LEADER = actor_of("leader", "院领导", "leader")
WORDLESS = (AUDITOR, LEADER, terminal_actor("root"))


@pytest.fixture
def clock() -> FakeClock:
    """Here it is Friday 20 November, 10 o'clock in Shanghai."""
    return FakeClock(shanghai("2026-11-20 10:00"))


def keys(console: Console) -> list[str]:
    with console.read() as session:
        return list(session.scalars(select(DutyRow.key).order_by(DutyRow.key)))


def events(console: Console) -> list[tuple[str, Event]]:
    with console.read() as session:
        assert audit.first_broken(session) is None
        return [(e.kind, e) for _seq, _id, e in reversed(audit.about(session, "duty"))]


def kinds(console: Console) -> list[str]:
    return [kind for kind, _event in events(console) if kind != "duty_planned"]


def told(console: Console) -> list[tuple[str, str, str]]:
    with console.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.kind.like("duty_%")).order_by(OutboxRow.id))
        return [(row.kind, row.audience, row.dedup_key) for row in rows]


def state(console: Console, key: str) -> str:
    return state_of(store.duty_of(the(console, key)), console.now())


def act(console: Console, what: Callable[..., Any], *given: Any, **named: Any) -> Any:
    with console.write() as session:
        return what(session, *given, **named)


def accept(console: Console, key: str, delivery: int, *, actor: Actor = OFFICER, counts: bool | None = None) -> None:
    row = the(console, key)
    act(console, deliveries.accept, row.id, delivery, claim_counts=counts, actor=actor, now=console.now())


def reject(console: Console, key: str, delivery: int, reason: str = "没有清单", *, actor: Actor = OFFICER) -> None:
    row = the(console, key)
    act(console, deliveries.reject, row.id, delivery, reason, actor=actor, now=console.now())


def waive(console: Console, key: str, reason: str = "停机检修", *, actor: Actor = CHIEF) -> None:
    act(console, duties.waive, the(console, key).id, reason, actor, console.now())


# -- making -----------------------------------------------------------------------------------------------------------


def test_the_months_duties_are_made_once(console: Console) -> None:
    agree(console)
    assert plan(console) == {"made": 3, "moved": 0}
    assert keys(console) == list(NOVEMBER)
    assert plan(console) == {"made": 0, "moved": 0}
    assert [kind for kind, _ in events(console)] == ["duty_planned"] * 3
    with console.read() as session:
        found = duties.of_month(session, the(console, CHECK).contract_id, "2026-11")
        assert [duty.key for duty in found] == list(NOVEMBER)
        assert duties.of_month(session, None, "2026-12") == ()


def test_without_clauses_nothing_is_owed_and_nothing_fails(console: Console) -> None:
    without_clauses(console)
    assert plan(console) == {"made": 0, "moved": 0}
    assert (keys(console), events(console)) == ([], [])


def test_nothing_is_made_before_go_live_nor_of_a_clause_before_its_own(console: Console, clock: FakeClock) -> None:
    later = clause(type(CLAUSES[4]), "C-33", "系统巡检", INSPECTION, go_live_on=date(2026, 12, 1))
    agree(console, date(2026, 11, 2), clauses=(*CLAUSES[:4], later))
    assert plan(console)["made"] == 0
    clock.at = shanghai("2026-12-01 00:00")
    assert plan(console)["made"] == 3
    assert {key.split("/")[2] for key in keys(console)} == {"2026-12-01"}


def test_after_three_months_without_the_console_all_of_them_are_there_in_their_states(
    console: Console, clock: FakeClock
) -> None:
    agree(console, date(2026, 11, 1))
    plan(console)
    clock.at = shanghai("2027-02-20 09:00")  # the contract's third year began meanwhile
    assert plan(console)["made"] == 11
    with console.read() as session:
        by_month = {m: duties.of_month(session, None, m) for m in ("2026-11", "2026-12", "2027-01", "2027-02")}
    assert [len(found) for found in by_month.values()] == [3, 3, 3, 3]
    assert {state_of(d, clock()) for m in ("2026-11", "2026-12", "2027-01") for d in by_month[m]} == {MISSED}
    assert dues_of(by_month["2026-12"], clock()) == Dues(missed=3)
    assert dues_of(by_month["2027-02"], clock()) == Dues(open=3)
    assert "C-43/restore/2027-01-01/1" in keys(console)
    assert "C-51/pentest/2027-01-01/1" in keys(console)

    assert duty_plans.sweep(console.read, console.write, clock()) == 14
    said = told(console)
    assert sorted(set(said)) == sorted(said)
    assert [kind for kind, _, _ in said].count("duty_missed") == 9  # each once, and no 7, 3, 1, 0 of the past
    assert [key for kind, _, key in said if kind == "duty_due"] == []  # February's are eight days off
    assert duty_plans.sweep(console.read, console.write, clock()) == 0


def test_a_plan_broken_off_in_the_middle_leaves_nothing(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    agree(console)
    real, made = store.add, []

    def add_two(session: Any, values: Any) -> int | None:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(values["key"])
        return real(session, values)

    monkeypatch.setattr(store, "add", add_two)
    with pytest.raises(KeyboardInterrupt):
        duty_plans.plan(None, console.write, console.book, console.now())  # type: ignore[arg-type]
    assert (len(made), keys(console), events(console)) == (2, [], [])
    monkeypatch.setattr(store, "add", real)
    assert plan(console)["made"] == 3


def test_two_processes_that_plan_at_once_make_each_duty_once(console: Console) -> None:
    agree(console, date(2026, 1, 1))
    one = lambda: duty_plans.plan(None, console.write, console.book, console.now())  # type: ignore[arg-type]  # noqa: E731
    found = at_once(one, one, one)
    assert sum(result["made"] for result in found) == len(keys(console)) == 36  # type: ignore[index]
    assert [kind for kind, _ in events(console)] == ["duty_planned"] * 36


def test_a_clock_set_back_takes_nothing_away_and_makes_nothing_twice(console: Console, clock: FakeClock) -> None:
    agree(console)
    clock.at = shanghai("2026-12-01 00:30")
    assert plan(console)["made"] == 6
    clock.at = shanghai("2026-11-20 10:00")
    assert plan(console)["made"] == 0
    assert duty_plans.sweep(console.read, console.write, clock()) == 0  # told when their moment comes again
    clock.at = shanghai("2026-12-01 00:31")
    duty_plans.sweep(console.read, console.write, clock())
    assert [kind for kind, _, _ in told(console)] == ["duty_missed"] * 3


def test_a_period_is_owed_by_the_version_in_force_when_it_began(console: Console, clock: FakeClock) -> None:
    agree(console, clauses=(CLAUSES[4],))
    fewer = with_clauses(console.settings.terms, date(2026, 11, 1), (), counts_from=date(2026, 12, 1))
    enforce(console, fewer)
    clock.at = shanghai("2026-12-15 10:00")
    assert plan(console)["made"] == 1
    assert keys(console) == [CHECK]


def test_what_was_reckoned_without_holidays_is_reckoned_again_once_they_are_agreed(
    console: Console, clock: FakeClock
) -> None:
    agree(console)
    clock.at = shanghai("2027-12-30 10:00")
    ask(console)
    (row,) = waiting_for(console)
    assert (row.provisional, row.due_at) == (True, shanghai("2028-01-04 23:59:59"))
    days = (DayOverride(2027, (), ()), DayOverride(2028, ("2028-01-03",), ()))
    enforce(console, with_clauses(console.settings.terms, date(2026, 11, 1), overrides=days))
    assert plan(console)["moved"] == 1
    (row,) = waiting_for(console)
    assert (row.provisional, row.due_at) == (False, shanghai("2028-01-05 23:59:59"))


def waiting_for(console: Console) -> list[DutyRow]:
    with console.read() as session:
        return list(session.scalars(select(DutyRow).where(DutyRow.event == "request")))


# -- telling ----------------------------------------------------------------------------------------------------------


def test_people_are_told_7_3_1_0_days_before_and_both_when_it_is_missed(console: Console, clock: FakeClock) -> None:
    agree(console, clauses=(CLAUSES[4],))
    plan(console)
    for day in range(20, 31):
        clock.at = shanghai(f"2026-11-{day} 09:00")
        duty_plans.sweep(console.read, console.write, clock())
    clock.at = shanghai("2026-11-30 23:59:59")
    duty_plans.sweep(console.read, console.write, clock())
    number = the(console, CHECK).id
    assert told(console) == [("duty_due", "vendor", f"duty/{number}/{stage}") for stage in ("7", "3", "1", "0")]
    clock.forward(seconds=1)
    duty_plans.sweep(console.read, console.write, clock())
    assert told(console)[4:] == [("duty_missed", "both", f"duty/{number}/missed")]
    with console.read() as session:
        row = session.scalars(select(OutboxRow).where(OutboxRow.kind == "duty_missed")).one()
    assert json.loads(row.payload) == {
        "duty": number, "clause": "C-33", "name": "系统巡检", "due_at": "2026-11-30T15:59:59+00:00", "stage": "missed",
    }  # fmt: skip


def test_nobody_is_told_of_what_was_delivered_or_waived_until_it_is_owed_again(
    console: Console, clock: FakeClock
) -> None:
    agree(console, clauses=(CLAUSES[2], CLAUSES[4]))
    plan(console)
    delivery = done(console, CHECK)
    waive(console, NOVEMBER[0])
    clock.at = shanghai("2026-11-29 09:00")
    duty_plans.sweep(console.read, console.write, clock())
    assert [key for _, _, key in told(console)] == [f"duty/{the(console, NOVEMBER[1]).id}/1"]
    reject(console, CHECK, delivery)
    act(console, duties.take_back_waiver, the(console, NOVEMBER[0]).id, CHIEF, clock())
    duty_plans.sweep(console.read, console.write, clock())
    assert len(told(console)) == 3


def test_two_processes_that_sweep_at_once_tell_each_stage_once(console: Console, clock: FakeClock) -> None:
    agree(console)
    plan(console)
    clock.at = shanghai("2026-11-30 09:00")
    sweep = lambda: duty_plans.sweep(console.read, console.write, clock())  # noqa: E731
    assert all(isinstance(result, int) for result in at_once(sweep, sweep, sweep))
    assert len(told(console)) == 3


# -- doing ------------------------------------------------------------------------------------------------------------


def test_the_vendor_delivers_with_evidence_and_the_hospital_accepts(console: Console, clock: FakeClock) -> None:
    agree(console)
    plan(console)
    delivery = done(console, CHECK, note="全部系统")
    assert state(console, CHECK) == DELIVERED
    clock.at = shanghai("2026-12-02 10:00")
    accept(console, CHECK, delivery)
    assert state(console, CHECK) == KEPT
    assert kinds(console) == ["attached", "duty_delivered", "duty_accepted"]
    said = dict(events(console))["duty_delivered"]
    assert (said.grade, said.side, len(said.evidence)) == ("B", "vendor", 1)
    with console.read() as session:
        (duty,) = [d for d in duties.of_month(session, None, "2026-11") if d.key == CHECK]
        assert duty.evidence == said.evidence
        assert dues_of([duty], clock()) == Dues(kept=1)
        assert duties.due_list(session, clock(), 7) == tuple(
            store.duty_of(row) for row in store.undone(session, None) if row.due_at < clock()
        )


def test_done_in_time_and_accepted_weeks_later_is_kept_and_a_second_late_is_not(
    console: Console, clock: FakeClock
) -> None:
    agree(console)
    plan(console)
    clock.at = shanghai("2026-11-30 23:59:59")
    in_time = done(console, CHECK)
    clock.forward(seconds=1)
    late = done(console, NOVEMBER[0])
    clock.at = shanghai("2026-12-20 10:00")
    accept(console, CHECK, in_time)
    accept(console, NOVEMBER[0], late)
    assert (state(console, CHECK), state(console, NOVEMBER[0])) == (KEPT, MISSED)


def test_a_time_told_late_counts_only_if_the_hospital_takes_it(console: Console, clock: FakeClock) -> None:
    agree(console)
    plan(console)
    clock.at = shanghai("2026-12-01 09:00")
    claimed = shanghai("2026-11-30 16:00")
    first, second = done(console, CHECK, at=claimed), done(console, NOVEMBER[0], at=claimed)
    assert [e.grade for kind, e in events(console) if kind == "duty_delivered"] == ["C", "C"]
    with pytest.raises(Refused) as refused:
        accept(console, CHECK, first)
    assert refused.value.field == "claim_counts"
    accept(console, CHECK, first, counts=True)
    accept(console, NOVEMBER[0], second, counts=False)
    assert (state(console, CHECK), state(console, NOVEMBER[0])) == (KEPT, MISSED)
    assert the(console, NOVEMBER[0]).delivered_at == clock()


@pytest.mark.parametrize(("minutes", "grade"), [(15, "B"), (16, "C")])
def test_within_fifteen_minutes_a_claim_is_prompt(console: Console, clock: FakeClock, minutes: int, grade: str) -> None:
    agree(console)
    plan(console)
    done(console, CHECK, at=clock() - timedelta(minutes=minutes))
    assert dict(events(console))["duty_delivered"].grade == grade


def test_what_is_sent_back_is_none_and_may_be_delivered_again(console: Console, clock: FakeClock) -> None:
    agree(console)
    plan(console)
    first = done(console, CHECK)
    with pytest.raises(Refused):
        reject(console, CHECK, first, " ")
    reject(console, CHECK, first, "清单缺 患者 13800001234")
    assert state(console, CHECK) == "planned"
    with console.read() as session:
        assert store.last_delivery(session, the(console, CHECK).id).reason == "清单缺 患者 138****1234"  # type: ignore[union-attr]
    second = done(console, CHECK)
    for stale in (first, 99):
        with pytest.raises(Refused):
            accept(console, CHECK, stale)
    accept(console, CHECK, second)
    reject(console, CHECK, second, "与上月相同")  # found out later
    assert state(console, CHECK) == "planned"
    accept(console, CHECK, second)
    assert state(console, CHECK) == KEPT
    with pytest.raises(Refused):
        accept(console, CHECK, second)


def test_nothing_is_delivered_without_the_evidence_that_the_task_asks_for(console: Console) -> None:
    agree(console)
    plan(console)
    for given in ({"files": ()}, {"code": "E7"}, {"code": "E99"}):
        with pytest.raises(Refused) as refused:
            done(console, CHECK, **given)  # type: ignore[arg-type]
        assert refused.value.field in ("file", "code")
    assert (state(console, CHECK), kinds(console)) == ("planned", [])
    act(console, deliveries.link, the(console, CHECK).id, "reference", "堡垒机 8812", actor=ENGINEER, now=console.now())
    done(console, CHECK, files=())
    assert state(console, CHECK) == DELIVERED


def test_of_one_kind_of_evidence_nobody_need_say_which(console: Console) -> None:
    agree(console)
    plan(console)
    row = the(console, CHECK)
    files = (paper(console),)
    act(
        console,
        deliveries.deliver,
        console.book(console.database.reading()),
        row.id,
        Done(files=files),
        ENGINEER,
        console.now(),
    )
    assert state(console, CHECK) == DELIVERED


@pytest.mark.parametrize("when", ["2026-11-20 10:00:01", "2026-10-31 23:59:59"])
def test_nothing_is_done_ahead_or_before_its_month(console: Console, when: str) -> None:
    agree(console)
    plan(console)
    with pytest.raises(Refused) as refused:
        done(console, CHECK, at=shanghai(when))
    assert refused.value.field == "at"


def test_two_inspections_a_day_apart_are_one(console: Console, clock: FakeClock) -> None:
    agree(console)
    clock.at = shanghai("2026-11-30 22:00")
    plan(console)
    first = done(console, CHECK)
    clock.at = shanghai("2026-12-01 08:00")
    plan(console)
    december = "C-33/inspection/2026-12-01/1"
    with pytest.raises(Refused, match="相隔不足 15 天"):
        done(console, december)
    clock.at = shanghai("2026-12-15 08:00")
    done(console, december)
    reject(console, december, the_delivery(console, december))
    reject(console, CHECK, first)
    clock.at = shanghai("2026-12-16 08:00")
    done(console, december)


def the_delivery(console: Console, key: str) -> int:
    with console.read() as session:
        found = store.last_delivery(session, the(console, key).id)
    assert found is not None
    return found.id


def test_two_runs_told_at_once_that_are_too_close_are_one(console: Console, clock: FakeClock) -> None:
    agree(console)
    clock.at = shanghai("2026-12-01 08:00")
    plan(console)
    found = at_once(
        lambda: done(console, CHECK, at=shanghai("2026-11-30 23:00")),
        lambda: done(console, "C-33/inspection/2026-12-01/1"),
    )
    assert sorted(isinstance(result, Refused) for result in found) == [False, True]


def test_what_the_hospital_saw_done_is_accepted_with_its_word(console: Console) -> None:
    agree(console)
    plan(console)
    done(console, CHECK, actor=OFFICER, files=())
    assert state(console, CHECK) == KEPT
    assert kinds(console) == ["duty_delivered", "duty_accepted"]


def test_the_vendor_takes_its_word_back_while_nobody_answered(console: Console) -> None:
    agree(console)
    plan(console)
    row = the(console, CHECK)
    first = done(console, CHECK)
    with pytest.raises(Refused):
        act(console, deliveries.take_back, row.id, first, OFFICER, console.now())
    act(console, deliveries.take_back, row.id, first, MANAGER, console.now())
    assert state(console, CHECK) == "planned"
    second = done(console, CHECK)
    accept(console, CHECK, second)
    with pytest.raises(Refused):
        act(console, deliveries.take_back, row.id, second, ENGINEER, console.now())


def test_a_double_click_delivers_once(console: Console) -> None:
    agree(console)
    plan(console)
    found = at_once(*[lambda: done(console, CHECK)] * 3)
    assert sorted(isinstance(result, Refused) for result in found) == [False, True, True]
    assert kinds(console).count("duty_delivered") == 1


def test_links_are_kept_once_and_taken_away_by_their_side(console: Console) -> None:
    agree(console)
    plan(console)
    row, number = the(console, CHECK), log_ticket(console)
    link = lambda kind, ref, actor=ENGINEER: act(  # noqa: E731
        console, deliveries.link, row.id, kind, ref, actor=actor, now=console.now()
    )
    made = link("ticket", f" {number} ")
    assert link("ticket", number) == made
    for kind, ref in (("ticket", "GD-1"), ("run", "1"), ("reference", " "), ("reference", "长" * 201)):
        with pytest.raises(Refused):
            link(kind, ref)
    with pytest.raises(Refused):
        act(console, deliveries.unlink, row.id, made, actor=OFFICER, now=console.now())
    act(console, deliveries.unlink, row.id, made, actor=MANAGER, now=console.now())
    with pytest.raises(NotFound):
        act(console, deliveries.unlink, row.id, made, actor=MANAGER, now=console.now())
    link("reference", "视频 13800001234")
    with console.read() as session:
        assert [(one.kind, one.ref) for one in store.links(session, row.id)] == [("reference", "视频 138****1234")]
    assert kinds(console) == ["duty_linked", "duty_unlinked", "duty_linked"]


def test_files_may_be_added_after_it_was_delivered(console: Console) -> None:
    agree(console)
    plan(console)
    done(console, CHECK)
    row = the(console, CHECK)
    add = lambda files, code: act(  # noqa: E731
        console, deliveries.add_files, console.book(console.database.reading()), row.id, files, code, actor=ENGINEER,
        now=console.now(),
    )  # fmt: skip
    add([paper(console, "more")], "E11")
    for files, code in (([], "E11"), ([paper(console, "other")], "E2")):
        with pytest.raises(Refused):
            add(files, code)
    with console.read() as session:
        assert len(duties.find(session, console.book(session), row.id, OFFICER, console.now()).proofs) == 2


# -- waiving and asking -----------------------------------------------------------------------------------------------


def test_the_hospital_waives_with_a_reason_and_takes_it_back(console: Console) -> None:
    agree(console)
    plan(console)
    waive(console, CHECK, "停机 13800001234")
    assert state(console, CHECK) == WAIVED
    assert the(console, CHECK).waived_reason == "停机 138****1234"
    with pytest.raises(Refused):
        waive(console, CHECK)
    with pytest.raises(Refused):
        done(console, CHECK)
    act(console, duties.take_back_waiver, the(console, CHECK).id, OFFICER, console.now())
    assert state(console, CHECK) == "planned"
    with pytest.raises(Refused):
        act(console, duties.take_back_waiver, the(console, CHECK).id, OFFICER, console.now())
    assert kinds(console) == ["duty_waived", "duty_unwaived"]


def test_what_was_late_may_be_waived_and_what_was_kept_need_not(console: Console, clock: FakeClock) -> None:
    agree(console)
    plan(console)
    accept(console, CHECK, done(console, CHECK))
    with pytest.raises(Refused):
        waive(console, CHECK)
    clock.at = shanghai("2026-12-03 10:00")
    accept(console, NOVEMBER[0], done(console, NOVEMBER[0]))
    waive(console, NOVEMBER[0])
    assert state(console, NOVEMBER[0]) == WAIVED


@pytest.mark.parametrize("actor", [ENGINEER, MANAGER, *WORDLESS], ids=lambda actor: actor.account)
def test_only_the_hospital_accepts_waives_and_asks(console: Console, actor: Actor) -> None:
    agree(console)
    plan(console)
    delivery, row = done(console, CHECK), the(console, CHECK)
    before = len(events(console))
    for what in (
        lambda: accept(console, CHECK, delivery, actor=actor), lambda: reject(console, CHECK, delivery, actor=actor),
        lambda: waive(console, CHECK, actor=actor),
        lambda: act(console, duties.take_back_waiver, row.id, actor, console.now()),
        lambda: ask(console, actor=actor),
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            what()
        assert refused.value.field == "permission"
    assert len(events(console)) == before


@pytest.mark.parametrize("actor", WORDLESS, ids=lambda actor: actor.account)
def test_who_speaks_for_nobody_delivers_nothing(console: Console, actor: Actor) -> None:
    agree(console)
    plan(console)
    row, now = the(console, CHECK), console.now()
    for what in (
        lambda: done(console, CHECK, actor=actor),
        lambda: act(console, deliveries.link, row.id, "reference", "x", actor=actor, now=now),
        lambda: act(console, deliveries.take_back, row.id, 1, actor, now),
    ):
        with pytest.raises(Refused) as refused:
            what()
        assert refused.value.field == "permission"


def test_waiving_asks_for_the_second_factor(console: Console) -> None:
    agree(console)
    plan(console)
    for what in (duties.waive, duties.take_back_waiver):
        given = ("停机",) if what is duties.waive else ()
        with pytest.raises(Refused) as refused:
            act(
                console,
                what,
                the(console, CHECK).id,
                *given,
                actor_of("hospital", "信息科长", "hospital"),
                console.now(),
            )
        assert refused.value.field == "factor"


def test_an_account_just_reset_has_no_word(console: Console) -> None:
    from tests.web.conftest import person

    agree(console)
    plan(console)
    delivery = done(console, CHECK)
    with console.write() as session:
        session.add(person("officer", "officer"))
        session.flush()
        row = people.by_account(session, "officer")
        assert row is not None
        row.reset_at = row.credential_reset_at = console.now() - timedelta(hours=1)
    for what in (
        lambda: accept(console, CHECK, delivery), lambda: reject(console, CHECK, delivery),
        lambda: waive(console, NOVEMBER[0], actor=OFFICER), lambda: ask(console, actor=OFFICER),
    ):  # fmt: skip
        with pytest.raises(Refused, match="24 小时内"):
            what()


def ask(console: Console, *, actor: Actor = CHIEF, **given: str) -> int:
    wanted = {"what": "C-46/password", "text": "数据库口令", "key": "a" * 32, **given}
    with console.write() as session:
        return duties.ask(session, console.book(session), Ask(**wanted), actor, console.now())


def test_what_the_hospital_asks_for_is_due_in_three_working_days_from_now(console: Console, clock: FakeClock) -> None:
    agree(console)
    made = ask(console, text="数据库口令 13800001234")
    row = the(console, f"C-46/password/request:{'a' * 32}/1")
    assert (row.id, row.due_at, row.asked) == (made, shanghai("2026-11-25 23:59:59"), "数据库口令 138****1234")
    assert ask(console) == made  # the form sent twice
    other = ask(console, key="b" * 32)
    assert other != made
    assert kinds(console) == ["duty_asked", "duty_asked"]
    duty_plans.sweep(console.read, console.write, clock())
    assert [key for _, _, key in told(console)] == [f"duty/{made}/7", f"duty/{other}/7"]


@pytest.mark.parametrize(
    ("given", "field"),
    [({"what": "C-33/inspection"}, "what"), ({"what": ""}, "what"), ({"text": " "}, "text"), ({"key": "../"}, None)],
)
def test_what_cannot_be_asked_for_is_refused(console: Console, given: dict[str, str], field: str | None) -> None:
    agree(console)
    with pytest.raises(Refused) as refused:
        ask(console, **given)
    assert refused.value.field == field
    assert keys(console) == []


def test_before_go_live_nothing_can_be_asked_for(console: Console) -> None:
    agree(console, date(2026, 11, 21))
    with pytest.raises(Refused) as refused:
        ask(console)
    assert refused.value.field == "what"


def test_the_same_form_sent_at_once_is_one_duty(console: Console) -> None:
    agree(console)
    found = at_once(*[lambda: ask(console)] * 3)
    assert len(set(found)) == 1
    with console.read() as session:
        assert session.scalar(select(func.count()).select_from(DutyRow)) == 1


# -- lists ------------------------------------------------------------------------------------------------------------


def test_the_due_list_has_its_parts(console: Console, clock: FakeClock) -> None:
    agree(console, date(2026, 10, 1))
    clock.at = shanghai("2026-12-28 10:00")
    plan(console)
    asked = ask(console)
    december = "C-27/statistics/2026-12-01/1"
    done(console, december)
    with console.read() as session:
        found = duties.parts(session, "", actor=OFFICER, now=clock())
        shown = {part: [shown.duty.key.split("/", 1)[0] for shown in found[part]] for part in duties.PARTS}
        assert (len(shown["passed"]), shown["in_7"]) == (6, ["C-27", "C-33", "C-46"])
        assert (shown["in_15"], shown["in_30"], shown["later"], shown["to_accept"]) == ([], [], [], ["C-27"])
        assert [d.id for d in duties.due_list(session, clock(), 7)][-1] == asked
        assert duties.due_today(session, OFFICER, clock()) == (0, 6)
        clock.at = shanghai("2026-12-31 10:00")
        assert duties.due_today(session, OFFICER, clock())[0] == 3


def test_a_month_to_come_shows_what_it_will_bring(console: Console) -> None:
    agree(console)
    plan(console)
    with console.read() as session:
        book = console.book(session)
        view = lambda month, clause="", state="": duties.month_view(  # noqa: E731
            session, book, month, clause, state, actor=AUDITOR, now=console.now()
        )
        assert [d.key for d in view("2026-12").expected] == [key.replace("-11-", "-12-") for key in NOVEMBER]
        assert len(view("2027-06").expected) == 4  # the half-year's too
        assert view("2026-11").expected == ()
        assert view("2028-01").expected == ()  # the contract is over
        assert view("2026-11", "C-33").counts["planned"] == 1
        assert view("2026-11", state="kept").duties == []
        assert duties.month_list(session, console.now())[0] == "2027-01"


def test_whoever_may_not_read_sees_nothing(console: Console) -> None:
    agree(console)
    plan(console)
    stranger = actor_of("root", "系统管理员", "administrator")
    with console.read() as session:
        for what in (
            lambda: duties.find(session, console.book(session), 1, stranger, console.now()),
            lambda: duties.parts(session, "", actor=stranger, now=console.now()),
        ):
            with pytest.raises(Refused):
                what()
        with pytest.raises(NotFound):
            duties.find(session, console.book(session), 99, AUDITOR, console.now())


def test_story_of_the_late_video_and_of_the_late_penetration_test(console: Console, clock: FakeClock) -> None:
    agree(console, date(2026, 1, 1))
    clock.at = shanghai("2027-01-14 10:00")
    plan(console)
    pentest = "C-51/pentest/2026-01-01/1"
    accept(console, pentest, done(console, pentest))
    assert state(console, pentest) == LATE
    assert isinstance(the(console, pentest).due_at, datetime)


def test_without_a_go_live_day_nothing_is_owed_for_what_was_over_before_the_console(
    console: Console, clock: FakeClock
) -> None:
    """The shipped contract runs since 2025; the console is told of it in November 2026."""
    with console.write() as session:
        for row in session.query(VersionRow):
            row.proposed_at = clock.at
    console.shelf.forget()
    plan(console)
    with console.read() as session:
        first = min(row.period_start for row in session.query(DutyRow) if row.period_start)
        months = {row.period_start for row in session.query(DutyRow) if row.task == "inspection"}
        assert freezes.due_months(session, console.book(session), clock.at) == []
    assert first == date(2026, 1, 1)  # the contract year's; months from the running one on
    assert months == {date(2026, 11, 1)}


def test_with_a_go_live_day_the_past_is_owed_from_it(console: Console, clock: FakeClock) -> None:
    agree(console, date(2026, 9, 1))
    plan(console)
    with console.read() as session:
        months = {row.period_start for row in session.query(DutyRow) if row.task == "inspection"}
    assert months == {date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)}
