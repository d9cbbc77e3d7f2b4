"""Agreements of both parties: one side proposes, the other says yes or no; one party's word alone has no effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.agreements import SHEET, Draft
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.services import agreements, people
from ops_console.store import agreements as store
from ops_console.store import audit
from ops_console.store.agreements import AgreementRow
from ops_console.store.audit import EventRow, PersonalRow
from tests.conftest import HOSPITAL as CHIEF
from tests.conftest import VENDOR as ENGINEER
from tests.conftest import FakeClock
from tests.services.test_tickets import at_once

PROVED = datetime.max.replace(tzinfo=UTC)
HOSPITAL, VENDOR = (replace(actor, proved_until=PROVED) for actor in (CHIEF, ENGINEER))
DRAFT = Draft(SHEET, "A1", {"weight": 8, "items": [{"code": "A1"}]}, "首次约定", date(2026, 12, 1))


def propose(console: Console, actor: Actor = VENDOR, draft: Draft = DRAFT, contract: int = 1) -> int:
    with console.write() as session:
        return agreements.propose(session, contract, draft, actor, console.now())


def confirm(console: Console, made: int, actor: Actor = HOSPITAL, digest: str = "") -> None:
    with console.write() as session:
        agreements.confirm(session, made, digest or row(console, made).digest, actor, console.now())


def refuse(console: Console, made: int, answer: str = "权重太低", actor: Actor = HOSPITAL) -> None:
    with console.write() as session:
        agreements.refuse(session, made, answer, actor, console.now())


def withdraw(console: Console, made: int, actor: Actor = VENDOR) -> None:
    with console.write() as session:
        agreements.withdraw(session, made, actor, console.now())


def row(console: Console, made: int) -> AgreementRow:
    with console.read() as session:
        found = store.one(session, made)
    assert found is not None
    return found


def state(console: Console, made: int) -> str:
    return row(console, made).state


def counting(console: Console, on: date | None = None) -> AgreementRow | None:
    with console.read() as session:
        return store.in_force(session, 1, SHEET, "A1", on)


def events(console: Console) -> list[tuple[str, str]]:
    with console.read() as session:
        assert audit.first_broken(session) is None
        return [(event.kind, event.side) for _seq, _id, event in reversed(audit.about(session, "agreement"))]


def reasons(console: Console) -> list[str]:
    with console.read() as session:
        query = select(PersonalRow.text).join(EventRow, EventRow.seq == PersonalRow.seq)
        return list(session.scalars(query.where(EventRow.subject == "agreement").order_by(PersonalRow.seq)))


def test_what_one_side_proposed_counts_once_the_other_said_yes(console: Console, clock: FakeClock) -> None:
    made = propose(console)
    assert (state(console, made), counting(console)) == ("proposed", None)
    first = clock.at
    clock.forward(hours=1)
    confirm(console, made)
    held = row(console, made)
    assert (held.state, held.vendor_by, held.vendor_at) == ("in_force", "vendor", first)
    assert (held.hospital_by, held.hospital_at, held.settled_at) == ("hospital", clock.at, clock.at)
    assert events(console) == [("agreement_proposed", "vendor"), ("agreement_in_force", "hospital")]


def test_either_side_may_begin(console: Console) -> None:
    made = propose(console, HOSPITAL)
    confirm(console, made, VENDOR)
    assert state(console, made) == "in_force"


def test_the_event_tells_what_was_agreed_by_its_hash_and_keeps_the_reason_apart(console: Console) -> None:
    made = propose(console)
    with console.read() as session:
        ((_seq, subject, event),) = audit.about(session, "agreement")
    assert subject == str(made)
    assert event.facts == {
        "subject": "sheet", "key": "A1", "number": 1, "digest": row(console, made).digest,
        "effective_from": "2026-12-01", "proof": "",
    }  # fmt: skip
    assert reasons(console) == ["首次约定"]


def test_it_counts_from_its_day_and_the_earlier_one_until_then(console: Console) -> None:
    old = propose(console, draft=replace(DRAFT, payload={"weight": 11}, effective_from=date(2026, 11, 1)))
    confirm(console, old)
    new = propose(console, draft=replace(DRAFT, payload={"weight": 12}, effective_from=date(2026, 12, 1)))
    confirm(console, new)
    for day, found in ((date(2026, 10, 31), None), (date(2026, 11, 30), old), (date(2026, 12, 1), new)):
        held = counting(console, day)
        assert (held.id if held else None) == found
    assert (state(console, old), row(console, new).number) == ("in_force", 2)


def test_one_agreed_for_the_same_day_takes_the_place_of_the_other(console: Console) -> None:
    old = propose(console)
    confirm(console, old)
    new = propose(console, draft=replace(DRAFT, payload={"weight": 9}))
    assert state(console, old) == "in_force"  # the other's silence changes nothing
    confirm(console, new)
    assert (state(console, old), state(console, new)) == ("replaced", "in_force")


def test_a_later_proposal_about_the_same_thing_takes_the_waiting_one_back(console: Console) -> None:
    first = propose(console)
    other = propose(console, draft=replace(DRAFT, key="B1"))
    second = propose(console, HOSPITAL)
    assert [state(console, made) for made in (first, other, second)] == ["withdrawn", "proposed", "proposed"]


@pytest.mark.parametrize("act", [confirm, refuse], ids=lambda act: act.__name__)
def test_who_proposed_says_no_word_for_the_other_side(console: Console, act: Callable[..., None]) -> None:
    made = propose(console)
    before = events(console)
    colleague = actor_of("second", "第二人", "vendor", proved_until=PROVED)
    for actor in (VENDOR, colleague):
        with pytest.raises(Refused, match="本方提出"):
            act(console, made, actor=actor)
    assert (state(console, made), events(console)) == ("proposed", before)


def test_a_reason_is_asked_for_a_proposal_and_for_a_no(console: Console) -> None:
    for reason in ("", "  ", "啊" * 501, "\x00"):
        with pytest.raises(Refused):
            propose(console, draft=replace(DRAFT, reason=reason))
    made = propose(console)
    with pytest.raises(Refused) as refused:
        refuse(console, made, " ")
    assert refused.value.field == "answer"
    refuse(console, made, "权重太低")
    assert (state(console, made), row(console, made).answer) == ("refused", "权重太低")
    assert events(console)[-1] == ("agreement_refused", "hospital")
    assert reasons(console) == ["首次约定", "权重太低"]
    assert counting(console) is None


def test_only_who_proposed_takes_it_back(console: Console) -> None:
    made = propose(console)
    with pytest.raises(Refused, match="对方提出"):
        withdraw(console, made, HOSPITAL)
    withdraw(console, made)
    assert state(console, made) == "withdrawn"


@pytest.mark.parametrize("first", [confirm, refuse, withdraw], ids=lambda act: act.__name__)
@pytest.mark.parametrize("then", [confirm, refuse, withdraw], ids=lambda act: act.__name__)
def test_what_is_settled_is_settled(console: Console, first: Callable[..., None], then: Callable[..., None]) -> None:
    made = propose(console)
    first(console, made)
    before = events(console)
    with pytest.raises(Refused, match="已处理"):
        then(console, made)
    assert events(console) == before


def test_another_content_than_the_one_seen_is_not_confirmed(console: Console) -> None:
    made = propose(console)
    with pytest.raises(Refused, match="刷新"):
        confirm(console, made, digest="0" * 64)
    assert state(console, made) == "proposed"


@pytest.mark.parametrize("act", [propose, confirm, refuse, withdraw], ids=lambda act: act.__name__)
def test_no_word_is_given_without_a_fresh_second_factor(console: Console, act: Callable[..., Any]) -> None:
    made = propose(console)
    stale = {HOSPITAL: CHIEF, VENDOR: replace(ENGINEER, proved_until=console.now() - timedelta(seconds=1))}
    actor = stale[VENDOR if act in (propose, withdraw) else HOSPITAL]
    before = events(console)
    with pytest.raises(Refused, match="第二因素"):
        act(console, actor) if act is propose else act(console, made, actor=actor)
    assert events(console) == before


@pytest.mark.parametrize("role", ["auditor", "administrator", "officer", "leader"])
def test_nobody_but_who_may_confirm_contracts_says_a_word(console: Console, role: str) -> None:
    made = propose(console)
    other = actor_of("x", "某", role, proved_until=PROVED)
    for act in (confirm, refuse, withdraw):
        with pytest.raises(Refused, match="没有这项权限"):
            act(console, made, actor=other)
    with pytest.raises(Refused, match="没有这项权限"):
        propose(console, other)
    with pytest.raises(Refused, match="没有这项权限"):
        propose(console, terminal_actor("root"))


def test_an_account_reset_within_a_day_says_no_word(console: Console, clock: FakeClock) -> None:
    console.first_accounts()
    made = propose(console)
    with console.write() as session:
        ready = people.one_time(console.hasher)
        people.reset_account(session, console.policy, "hospital", ready, terminal_actor("root"), console.now())
    with pytest.raises(Refused, match="24 小时"):
        confirm(console, made)
    clock.forward(hours=24)
    confirm(console, made)
    with console.read() as session:
        event = audit.about(session, "agreement")[0][2]
    assert event.credential_reset_at is not None


def test_no_such_agreement_and_no_such_contract(console: Console) -> None:
    for act in (refuse, withdraw):
        with pytest.raises(NotFound):
            act(console, 99)
    with console.write() as session, pytest.raises(NotFound):
        agreements.confirm(session, 99, "", HOSPITAL, console.now())
    with pytest.raises(NotFound):
        propose(console, contract=99)


def test_personal_data_in_a_reason_is_masked_in_rows(console: Console) -> None:
    made = propose(console, draft=replace(DRAFT, reason="电话 13800138000 商定"))
    assert "13800138000" not in row(console, made).reason
    refuse(console, made, "请打 13800138000")
    assert "13800138000" not in row(console, made).answer


def test_both_sides_at_once_settle_it_once(console: Console) -> None:
    made = propose(console)
    found = at_once(lambda: confirm(console, made), lambda: confirm(console, made), lambda: withdraw(console, made))
    assert sum(result is None for result in found) == 1
    assert all(isinstance(result, Refused) for result in found if result is not None)
    assert len(events(console)) == 2


def test_proposing_at_once_gives_each_its_number_and_leaves_one_waiting(console: Console) -> None:
    made = at_once(*(lambda actor=actor: propose(console, actor) for actor in (HOSPITAL, VENDOR, HOSPITAL, VENDOR)))
    assert all(isinstance(one, int) for one in made), made
    with console.read() as session:
        rows = session.scalars(select(AgreementRow).order_by(AgreementRow.number)).all()
    assert [one.number for one in rows] == [1, 2, 3, 4]
    assert [one.state for one in rows] == ["withdrawn"] * 3 + ["proposed"]
