"""The finance sheet on both databases: what signed months come to, what is noted about it, who is told when."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE
from ops_console.core.money import BOND, QUARTER_NODE, Fee, Node
from ops_console.core.payments import BLOCKED, NOT_YET, OFF, OVERDUE, PAID, WAITING
from ops_console.core.people import SYSTEM, Actor, actor_of
from ops_console.core.terms import Settlement
from ops_console.services import jobs, payments
from ops_console.services.payments import Finance, Paid
from ops_console.store import audit
from ops_console.store.messages import OutboxRow
from tests.conftest import FakeClock
from tests.signing import (
    CHIEF,
    ENGINEER,
    MANAGER,
    OCTOBER,
    OFFICER,
    PROVED,
    amend,
    contract,
    freeze_next,
    frozen_october,
    sign,
)

LEADER = replace(actor_of("leader", "院领导", "leader"), proved_until=PROVED)
AUDITOR = actor_of("auditor", "审计", "auditor")
YEAR = 2  # of the contract: it began in 2025


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


def look(console: Console, actor: Actor = CHIEF, year: int | None = None) -> Finance:
    with console.read() as session:
        return payments.of_year(session, console.book(session), contract(console), year, actor=actor, now=console.now())


def states(console: Console) -> dict[str, str]:
    return {due.key: due.status for due in look(console).dues}


def note(console: Console, key: str, actor: Actor = CHIEF, **given: Any) -> None:
    with console.write() as session:
        payments.record(
            session, console.book(session), contract(console), YEAR, Paid(key, **given), actor=actor, now=console.now()
        )


def signed_october(console: Console, clock: FakeClock, **changed: Any) -> None:
    frozen_october(console, clock, **changed)
    sign(console, CHIEF)
    sign(console, MANAGER)


def test_a_month_is_payable_once_it_is_locked_and_by_its_frozen_figures(console: Console, clock: FakeClock) -> None:
    frozen_october(console, clock)
    assert (states(console)["month/2026-10"], states(console)["month/2026-09"]) == (BLOCKED, OFF)
    sign(console, CHIEF)
    assert states(console)["month/2026-10"] == BLOCKED
    sign(console, MANAGER)
    found = look(console)
    due = payments.one(found, "month/2026-10")
    assert (due.status, due.payment.payable, due.payment.words) == (WAITING, 7_800_000, "柒万捌仟元整")
    assert due.payment.due_on == clock.at.astimezone(ZONE).date() + timedelta(days=30)
    assert states(console)["month/2026-11"] == NOT_YET
    amend(console, fee=Fee(1200))  # a locked month keeps what was signed
    assert payments.one(look(console), "month/2026-10").payment.payable == 7_800_000


def test_unsigned_months_hold_their_quarter_up_by_name(console: Console, clock: FakeClock) -> None:
    nodes = (Node("q", QUARTER_NODE), Node("b", BOND, share=500))
    signed_october(console, clock, nodes=nodes)
    freeze_next(console, clock, "2026-11")
    freeze_next(console, clock, "2026-12")
    quarter = payments.one(look(console, year=YEAR), "q/2026-10")
    assert (quarter.status, [one.month for one in quarter.payment.missing]) == (BLOCKED, ["2026-11", "2026-12"])
    with pytest.raises(Refused, match="2026-11、2026-12 没有签署锁定"):
        note(console, "q/2026-10", paid_on=date(2027, 1, 10))
    for month in ("2026-11", "2026-12"):
        sign(console, CHIEF, month=month)
        sign(console, MANAGER, month=month)
    quarter = payments.one(look(console, year=YEAR), "q/2026-10")
    assert (quarter.status, quarter.payment.payable) == (WAITING, 23_400_000)
    assert not [due for due in look(console, year=YEAR).dues if due.payment.node.kind == BOND]  # of the last year alone
    assert quarter.payment.months[0].code


def test_the_hospital_notes_invoice_and_payment_and_the_last_note_counts(console: Console, clock: FakeClock) -> None:
    signed_october(console, clock)
    note(console, "month/2026-10", invoice="24442000000012345678")
    assert states(console)["month/2026-10"] == WAITING
    today = clock.at.astimezone(ZONE).date()
    note(console, "month/2026-10", invoice="24442000000012345678", paid_on=today)
    clock.forward(minutes=1)
    note(console, "month/2026-10", LEADER, invoice="24442000000012345678", paid_on=today, amount="77,999.50")
    due = payments.one(look(console), "month/2026-10")
    assert (due.status, len(due.earlier)) == (PAID, 2)
    assert due.note is not None
    assert (due.note.paid_on, due.note.amount, due.note.account) == (today, 7_799_950, "leader")
    assert due.earlier[1].amount == 7_800_000
    with console.read() as session:
        assert audit.first_broken(session) is None
        kinds = [event.kind for _s, _i, event in audit.about(session, "payment")]
    assert kinds == ["payment_recorded"] * 3


def test_what_is_noted_is_checked(console: Console, clock: FakeClock) -> None:
    signed_october(console, clock)
    today = clock.at.astimezone(ZONE).date()
    for told, given in (
        ("发票号码或付款日期", {}), ("发票号码只能", {"invoice": "<b>"}), ("发票号码只能", {"invoice": "1" * 31}),
        ("发票号码只能", {"invoice": "13800001234"}), ("不能晚于今天", {"paid_on": today + timedelta(days=1)}),
        ("不是金额", {"paid_on": today, "amount": "很多"}),
    ):  # fmt: skip
        with pytest.raises(Refused, match=told):
            note(console, "month/2026-10", **given)
    with pytest.raises(NotFound):
        note(console, "month/2020-01", invoice="1")
    with pytest.raises(Refused, match="不计入付款"):
        note(console, "month/2026-09", paid_on=today)


@pytest.mark.parametrize("actor", [MANAGER, ENGINEER, AUDITOR, OFFICER])
def test_nobody_but_the_hospitals_chief_and_leader_notes(console: Console, clock: FakeClock, actor: Actor) -> None:
    signed_october(console, clock)
    with pytest.raises(Refused) as refused:
        note(console, "month/2026-10", actor, invoice="1")
    assert refused.value.field == "permission"


def test_chief_leader_manager_and_auditor_look(console: Console, clock: FakeClock) -> None:
    signed_october(console, clock)
    for actor in (CHIEF, LEADER, MANAGER, AUDITOR):
        assert look(console, actor).dues
    for actor in (OFFICER, ENGINEER):
        with pytest.raises(Refused, match="没有这项权限"):
            look(console, actor)


def test_there_is_a_page_for_each_contract_year_and_no_other(console: Console, clock: FakeClock) -> None:
    amend(console, fee=None)
    found = look(console)
    assert found.year == YEAR and "没有年费用" in str(found.warnings[0])
    for year in (0, 9):
        with pytest.raises(NotFound, match="第"):
            look(console, year=year)
    with pytest.raises(NotFound), console.read() as session:
        payments.of_year(session, console.book(session), 99, 1, actor=CHIEF, now=clock.at)


def test_the_hospital_is_told_a_week_before_and_once_it_is_past(console: Console, clock: FakeClock) -> None:
    signed_october(console, clock, settlement=Settlement(pay_days=30))
    due_on = payments.one(look(console), "month/2026-10").payment.due_on
    assert due_on is not None

    def tell(days: int) -> list[str]:
        clock.at = clock.at.replace(hour=1) + (due_on - clock.at.astimezone(ZONE).date()) + timedelta(days=days)
        with console.write() as session:
            return payments.tell_due(session, console.book(session), clock.at)

    assert tell(-8) == []
    assert (tell(-7), tell(-7), tell(0)) == (["month/2026-10"], [], [])
    assert (tell(1), tell(2)) == (["month/2026-10"], [])
    assert states(console)["month/2026-10"] == OVERDUE
    with console.read() as session:
        rows = session.scalars(select(OutboxRow).where(OutboxRow.kind == "payment_due").order_by(OutboxRow.id)).all()
    assert [(row.audience, json.loads(row.payload)["overdue"]) for row in rows] == [
        ("hospital", False), ("hospital", True),
    ]  # fmt: skip
    note(console, "month/2026-10", paid_on=due_on)
    assert states(console)["month/2026-10"] == PAID


def test_the_reminding_job_runs_and_locks_nothing(console: Console, clock: FakeClock) -> None:
    frozen_october(console, clock)
    clock.forward(days=20)
    with console.write() as session:
        run_id = jobs.ask(
            session, job="signing-reminders", key="signing-reminders/1", params={}, actor=SYSTEM, now=clock.at
        )
    console.runs().execute(run_id)
    with console.read() as session:
        assert jobs.outcome(session, run_id)[:2] == ("done", {"silent": ["2026-10"], "due": []})
    assert states(console)["month/2026-10"] == BLOCKED
