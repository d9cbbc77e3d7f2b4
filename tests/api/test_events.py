"""A ticket's events over the API: one ticket through every kind of event that there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ops_console.core import tickets as core
from ops_console.core.errors import Refused
from ops_console.core.ticket_folds import APPLY
from ops_console.core.tickets import Event, Link
from ops_console.services import corrections, descriptions, links, take_backs
from ops_console.services.corrections import Correction, Word
from ops_console.services.descriptions import CompleteTicket
from ops_console.services.tickets import Move, move
from ops_console.store import audit
from ops_console.store import tickets as store
from tests.api.conftest import House, problem
from tests.conftest import HOSPITAL, VENDOR, do, log_ticket

CHIEF = replace(HOSPITAL, on_clean_device=True)
KINDS = {core.REPORTED, core.TAKEN_BACK, *core.PERSONAL_KINDS, *APPLY}
# What no use case adds to a ticket that went through the others: these end its life, or come of a sheet or a job.
ALONE: dict[str, dict[str, object]] = {
    core.RATED: {"rating": 5}, core.PERSONAL_REVEALED: {"field": "title", "of": 1},
    core.PERSONAL_REFUSED: {"field": "title", "of": 1}, core.PERSONAL_PURGED: {"fields": "phone"},
    core.DECLINED: {}, core.CANCEL: {}, core.CLASS_CONFIRMED: {"type": "故障"}, core.CLASS_EXEMPTED: {"exempt": False},
    core.CLASS_OBJECTED: {"wished": "缺陷"}, core.CLASS_ANSWERED: {"upheld": False}, core.CLASS_RULED: {"type": "故障"},
    core.ORDER_TOLD: {},
}  # fmt: skip


def live(house: House) -> str:
    """Lead a ticket through every kind of event and return its number."""
    console, clock = house.console, house.clock
    other, number = log_ticket(console), log_ticket(console)
    with console.write() as session:
        book = console.book(session)
        assert corrections.retype(session, book, number, "咨询", "选错", actor=VENDOR, now=clock.forward(minutes=1))
    with console.write() as session:
        corrections.retype(
            session, console.book(session), number, "故障", "选错", actor=VENDOR, now=clock.forward(minutes=1)
        )
    clock.forward(minutes=1)
    do(console, number, core.RESPONDED)
    with console.write() as session:
        take_backs.take_back(session, console.book(session), number, VENDOR, clock.forward(seconds=20))
    answered = clock.at
    clock.forward(hours=5)
    for act in (
        lambda s, b: move(s, b, Move(number, core.RESPONDED, occurred_at=answered), VENDOR, clock()),
        lambda s, b: corrections.accept_times(
            s, b, Word(number, {"responded_at": answered}, True), CHIEF, clock.forward(minutes=1)
        ),
        lambda s, b: links.link(s, b, number, Link(other, "相关"), VENDOR, clock.forward(minutes=1)),
        lambda s, b: descriptions.complete(
            s, b, CompleteTicket(number, cause="网络"), VENDOR, clock.forward(minutes=1)
        ),
    ):
        with console.write() as session:
            act(session, console.book(session))
    for kind, actor, facts in (
        (core.ASSIGNED, VENDOR, {"assignee": "vendor"}),
        (core.ESCALATED, VENDOR, {"level": "二线", "reason": "需要帮手"}),
        (core.ONSITE_DECIDED, VENDOR, {"needs_onsite": True}),
        (core.ARRIVED, VENDOR, {}),
        (core.SUSPEND, VENDOR, {"cause": "甲方原因", "reason": "等机房开门"}),
        (core.SUSPENSION_DECIDED, CHIEF, {"approved": True}),
        (core.RESUMED, VENDOR, {}),
        (core.RESTORE, VENDOR, {"mode": "现场"}),
        (core.RESTORE_REJECTED, CHIEF, {"reason": "还是打不开"}),
        (core.RESTORE, VENDOR, {"mode": "现场"}),
        (core.CONFIRMED, CHIEF, {"rating": 4}),
        (core.REOPENED, CHIEF, {"reason": "又坏了"}),
        (core.RESTORE, VENDOR, {"mode": "远程"}),
    ):
        clock.forward(minutes=1)
        do(console, number, kind, actor, **facts)
    with console.write() as session:
        book = console.book(session)
        asked = Correction(number, "arrived_at", core.written(clock() - timedelta(minutes=11)), "记错")
        corrections.propose(session, book, asked, VENDOR, clock.forward(minutes=1))
    do(console, number, core.CORRECTION_DECIDED, CHIEF, field="arrived_at", approved=True, new=asked.new)
    with console.write() as session:
        at = clock.forward(minutes=1)
        ticket_id = store.by_numbers(session, [number])[number]
        for kind, told in ALONE.items():
            audit.append(session, "ticket", number, Event(kind, at, at, "系统", "neutral", facts=told), ticket_id)
    return number


def test_every_kind_of_event_is_told(house: House) -> None:
    number = live(house)
    for role in ("vendor", "hospital", "auditor"):
        told = house.caller(role).get(f"/tickets/{number}/events")["items"]
        assert {event["kind"] for event in told} == KINDS
        (taken_back,) = (event for event in told if event["kind"] == core.TAKEN_BACK)
        undone = [event["seq"] for event in told if event["kind"] == core.RESPONDED][0]
        assert taken_back["facts"] == {"events": [undone], "what": core.RESPONDED}


def test_what_is_chosen_from_a_list_is_checked_against_it(both_house: House) -> None:
    """It used to be kept whole on SQLite and to fail on PostgreSQL."""
    console = both_house.console
    number = log_ticket(console, answered=True)
    with console.write() as session, pytest.raises(Refused, match="电话、远程、现场") as refused:
        restored = Move(number, core.RESTORE, {"mode": "远程协助" * 10})
        move(session, console.book(session), restored, VENDOR, console.now())
    assert refused.value.field == "mode"
    with console.write() as session, pytest.raises(Refused, match="程序缺陷、接口异常") as refused:
        command = CompleteTicket(number, cause="不知道为什么" * 20)
        descriptions.complete(session, console.book(session), command, VENDOR, console.now())
    assert refused.value.field == "cause"
    with console.write() as session, pytest.raises(Refused, match="最多 100 个字"):
        restored = Move(number, core.RESTORE, {"handler": "李" * 101})
        move(session, console.book(session), restored, VENDOR, console.now())
    caller = both_house.caller("vendor")
    told = problem(caller.post(f"/tickets/{number}/events", kind="restored", mode="远程协助"), 422)
    assert "mode" in str(told["errors"])
