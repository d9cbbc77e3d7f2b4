"""Delegation on both databases: a named colleague signs for a while, and nobody further."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.delegations import Delegate
from ops_console.core.devices import hashed_token
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE
from ops_console.core.people import Actor, actor_of
from ops_console.services import delegations, sessions, signing_keys
from ops_console.services.delegations import NewDelegation
from ops_console.services.month_words import Desk
from ops_console.store import audit
from ops_console.store.messages import OutboxRow
from ops_console.store.people import PersonRow, SessionRow
from tests.conftest import FakeClock
from tests.services.test_tickets import at_once
from tests.signing import (
    CHIEF,
    ENGINEER,
    MANAGER,
    OCTOBER,
    OFFICER,
    PROVED,
    add_people,
    contract,
    frozen_october,
    row_of,
    sign,
    standing,
)

LEADER = replace(actor_of("leader", "院领导", "leader"), proved_until=PROVED)


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


@pytest.fixture(autouse=True)
def people(console: Console) -> None:
    """An account of each role that matters, made long ago."""
    add_people(console, "hospital", "officer", "leader", "manager", "vendor", "auditor")


def today(console: Console) -> date:
    return console.now().astimezone(ZONE).date()


def delegate(
    console: Console, taker: str = "officer", actor: Actor = CHIEF, days: int = 10, after: int = 0,
    reason: str = "外出开会",
) -> int:  # fmt: skip
    first = today(console) + timedelta(days=after)
    wanted = NewDelegation(taker, first, first + timedelta(days=days - 1), reason)
    with console.write() as session:
        return delegations.delegate(session, wanted, actor, console.now())


def revoke(console: Console, made: int, actor: Actor = CHIEF, reason: str = "回来了") -> None:
    with console.write() as session:
        delegations.revoke(session, made, reason, actor, console.now())


def who(console: Console, actor: Actor) -> Delegate | None:
    with console.read() as session:
        return delegations.may_sign(session, actor, console.now())


def seen_by(console: Console, account: str) -> Actor:
    """The actor that a page of that account has now."""
    with console.write() as session:
        person = session.scalars(select(PersonRow).where(PersonRow.account == account)).one()
        session.merge(
            SessionRow(
                token_hash=hashed_token(account), person_id=person.id, created_at=console.now(), seen_at=console.now(),
                source="10.0.0.1", factor_at=console.now(),
            )
        )  # fmt: skip
    with console.read() as session:
        found = sessions.whose(session, console.policy, account, console.now())
    assert found is not None
    return found.actor


def test_a_delegate_signs_in_the_chiefs_place_and_the_signature_says_so(console: Console, clock: FakeClock) -> None:
    frozen_october(console, clock)
    made = delegate(console)
    assert sign(console, OFFICER) == ""
    (one,) = standing(console).signatures
    assert (one.side, one.name, one.delegated_by) == ("hospital", "信息科员", "hospital某")
    with console.read() as session:
        facts = [dict(e.facts) for _s, _i, e in audit.about(session, "month") if e.kind == "month_signed"][0]
        (event,) = [e for _s, _i, e in audit.about(session, "delegation")]
    assert (facts["delegated_by"], facts["role"]) == ("hospital", "officer")
    assert (event.kind, event.facts["giver"], event.facts["taker"]) == ("delegated", "hospital", "officer")
    assert made == 1
    assert sign(console, MANAGER) == "both"


def test_the_page_of_a_delegate_has_what_is_lent_while_it_is_lent(console: Console, clock: FakeClock) -> None:
    own = seen_by(console, "officer")
    assert not own.may("months.sign") and own.delegated_by == ""
    made = delegate(console, days=3)
    lent = seen_by(console, "officer")
    assert lent.permissions - own.permissions == {"months.sign", "months.adjust", "payments.read"}
    assert lent.delegated_by == "hospital某"
    clock.at = datetime.combine(today(console) + timedelta(days=3), datetime.min.time(), ZONE)
    assert seen_by(console, "officer").permissions == own.permissions
    clock.at -= timedelta(seconds=1)
    assert seen_by(console, "officer").may("months.sign")  # the last day's last second
    revoke(console, made)
    assert seen_by(console, "officer").permissions == own.permissions


def test_a_delegation_ahead_does_not_run_yet(console: Console, clock: FakeClock) -> None:
    delegate(console, after=2)
    assert who(console, OFFICER) is None
    clock.at = datetime.combine(today(console) + timedelta(days=2), datetime.min.time(), ZONE)
    assert who(console, OFFICER) is not None


def test_what_the_session_lent_is_asked_of_the_rows_again(console: Console, clock: FakeClock) -> None:
    frozen_october(console, clock)
    made = delegate(console)
    lent = replace(seen_by(console, "officer"), proved_until=PROVED)
    revoke(console, made)
    with pytest.raises(Refused, match="委托期内"):
        sign(console, lent)


def test_a_delegate_adjusts_too(console: Console, clock: FakeClock) -> None:
    frozen_october(console, clock)
    delegate(console)
    lent = replace(seen_by(console, "officer"), proved_until=PROVED)
    with pytest.raises(NotFound, match="没有 A1 这一项"), console.write() as session:
        desk = Desk(session, console.book(session), contract(console), "2026-10", actor=lent, now=console.now())
        desk.adjust("A1", 0, "协商")  # the right is there; the house has no sheet


def test_a_delegate_cannot_delegate_register_a_key_or_take_a_delegation_back(
    console: Console, clock: FakeClock
) -> None:
    frozen_october(console, clock)
    made = delegate(console)
    lent = replace(seen_by(console, "officer"), proved_until=PROVED)
    with pytest.raises(Refused, match="受托人不能再委托"):
        delegate(console, "leader", lent)
    with pytest.raises(Refused, match="受托人不能再委托"):
        delegate(console, "leader", OFFICER)
    with pytest.raises(Refused, match="受托人不能办理"):
        revoke(console, made, lent)
    with pytest.raises(Refused, match="受托人不能办理"), console.write() as session:
        signing_keys.register(session, console.signing, 1, b"x", "钥匙", actor=lent, now=console.now())


def test_the_manager_delegates_to_an_engineer(console: Console, clock: FakeClock) -> None:
    frozen_october(console, clock)
    delegate(console, "vendor", MANAGER)
    sign(console, ENGINEER)
    (one,) = standing(console).signatures
    assert (one.side, one.delegated_by) == ("vendor", "manager某")


@pytest.mark.parametrize(
    ("giver", "taker", "told"),
    [
        (CHIEF, "vendor", "本院的信息科员或院领导"), (CHIEF, "hospital", "本院的信息科员或院领导"),
        (CHIEF, "nobody", "本院的信息科员或院领导"), (CHIEF, "auditor", "本院的信息科员或院领导"),
        (MANAGER, "officer", "乙方的驻场工程师"), (OFFICER, "leader", "只有信息科长"),
        (ENGINEER, "vendor", "只有信息科长"), (LEADER, "officer", "只有信息科长"),
    ],
)  # fmt: skip
def test_nobody_delegates_to_the_other_side_or_without_the_role(
    console: Console, giver: Actor, taker: str, told: str
) -> None:
    with pytest.raises(Refused, match=told):
        delegate(console, taker, giver)


def test_a_delegation_needs_a_factor_a_reason_and_no_fresh_reset(console: Console, clock: FakeClock) -> None:
    with pytest.raises(Refused, match="第二因素"):
        delegate(console, actor=replace(CHIEF, proved_until=None))
    with pytest.raises(Refused, match="写明原因"):
        delegate(console, reason=" ")
    with pytest.raises(Refused, match="60 天"):
        delegate(console, days=61)
    delegate(console, days=60)
    with pytest.raises(Refused, match="已委托给"):
        delegate(console, after=59)
    delegate(console, after=60)
    with console.write() as session:
        person = session.scalars(select(PersonRow).where(PersonRow.account == "hospital")).one()
        person.reset_at = clock.at
    with pytest.raises(Refused, match="24 小时"):
        delegate(console, "leader")


def test_a_delegation_dies_with_the_account_or_role_of_who_gave_it(console: Console, clock: FakeClock) -> None:
    delegate(console)
    assert who(console, OFFICER) is not None

    def change(**given: Any) -> Delegate | None:
        with console.write() as session:
            person = session.scalars(select(PersonRow).where(PersonRow.account == "hospital")).one()
            for name, value in given.items():
                setattr(person, name, value)
        return who(console, OFFICER)

    assert change(disabled_at=clock.at) is None
    assert change(disabled_at=None) is not None
    assert change(role="officer") is None
    assert change(role="hospital", waits=True) is None


def test_only_the_own_side_takes_a_delegation_back_and_once(console: Console, clock: FakeClock) -> None:
    made = delegate(console, days=2)
    with pytest.raises(NotFound):
        revoke(console, made, MANAGER)
    with pytest.raises(NotFound):
        revoke(console, 99)
    with pytest.raises(Refused, match="第二因素"):
        revoke(console, made, replace(CHIEF, proved_until=None))
    revoke(console, made)
    with pytest.raises(Refused, match="已经结束"):
        revoke(console, made)
    other = delegate(console, days=1)
    clock.forward(days=1)
    with pytest.raises(Refused, match="已经结束"):
        revoke(console, other)


def test_both_parties_are_told_and_the_reason_is_masked(console: Console, clock: FakeClock) -> None:
    made = delegate(console, reason="出差，电话 13800001234")
    revoke(console, made)
    with console.read() as session:
        kinds = [(row.kind, row.audience) for row in session.scalars(select(OutboxRow).order_by(OutboxRow.id))]
        payload = json.loads(session.scalars(select(OutboxRow)).first().payload)  # type: ignore[union-attr]
        (shown,) = delegations.listing(session, MANAGER, clock.at)
    assert kinds[-2:] == [("delegated", "both"), ("delegation_revoked", "both")]
    assert (payload["giver"], payload["taker"]) == ("hospital某", "officer某")
    assert (shown.row.reason, shown.state) == ("出差，电话 138****1234", delegations.REVOKED)


def test_the_list_tells_where_each_stands(console: Console, clock: FakeClock) -> None:
    delegate(console, days=1)
    delegate(console, "leader", days=1, after=1)

    def states() -> list[str]:
        with console.read() as session:
            return [one.state for one in delegations.listing(session, CHIEF, clock.at)]

    assert states() == [delegations.AHEAD, delegations.RUNNING]
    clock.forward(days=1)
    assert states() == [delegations.RUNNING, delegations.OVER]


def test_who_may_be_named_is_offered_to_those_who_delegate(console: Console) -> None:
    with console.read() as session:
        named = {
            actor.account: [account for account, _name in delegations.takers(session, actor)]
            for actor in (CHIEF, MANAGER, OFFICER, ENGINEER, LEADER)
        }
    assert named == {
        "hospital": ["leader", "officer"],
        "manager": ["vendor"],
        "officer": [],
        "vendor": [],
        "leader": [],
    }


def test_chief_and_delegate_at_the_same_instant_sign_once(console: Console, clock: FakeClock) -> None:
    frozen_october(console, clock)
    delegate(console)
    results = at_once(lambda: sign(console, CHIEF), lambda: sign(console, OFFICER))
    assert sum(isinstance(one, Refused) for one in results) == 1
    assert len(standing(console).signatures) == 1
    assert row_of(console).state == "frozen"
