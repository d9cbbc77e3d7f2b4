"""Who may do what: the one table of roles, and what no role may ever do alone."""

from __future__ import annotations

from typing import get_args

import pytest

from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, NEUTRAL, ROLES, SYSTEM, VENDOR, Permission, actor_of, terminal_actor

EVERY = set(get_args(Permission))
FOR_A_PARTY = {"tickets.confirm", "suspensions.decide", "corrections.decide", "contracts.confirm", "tickets.record"}


@pytest.mark.parametrize(
    ("role", "side"),
    [("hospital", HOSPITAL), ("vendor", VENDOR), ("auditor", NEUTRAL), ("administrator", NEUTRAL)],
)
def test_each_role_is_on_its_side(role: str, side: str) -> None:
    assert actor_of("a", "甲", role).side == side


def test_every_permission_is_held_by_some_role() -> None:
    assert set().union(*(held for _, held in ROLES.values())) == EVERY


def test_an_administrator_has_no_business_rights() -> None:
    assert actor_of("a", "甲", "administrator").permissions == {"people.read", "people.manage", "jobs.read"}


def test_an_auditor_only_reads() -> None:
    assert {right.split(".")[1] for right in actor_of("a", "甲", "auditor").permissions} == {"read", "export", "own"}


@pytest.mark.parametrize("right", ["tickets.confirm", "suspensions.decide"])
def test_what_the_hospital_decides_nobody_else_may(right: Permission) -> None:
    assert [role for role in ROLES if actor_of("a", "甲", role).may(right)] == ["hospital"]


def test_what_the_vendor_records_the_hospital_may_not() -> None:
    assert [role for role in ROLES if actor_of("a", "甲", role).may("tickets.record")] == ["vendor"]


def test_a_contract_is_confirmed_by_the_two_parties_alone() -> None:
    assert [role for role in ROLES if actor_of("a", "甲", role).may("contracts.confirm")] == ["hospital", "vendor"]


def test_an_unknown_role_may_do_nothing() -> None:
    stranger = actor_of("x", "无名", "root")
    assert (stranger.side, stranger.permissions) == (NEUTRAL, frozenset())


def test_the_terminal_acts_for_no_party() -> None:
    terminal = terminal_actor("root")
    assert (terminal.account, terminal.side) == ("系统/root", NEUTRAL)
    assert not terminal.permissions & FOR_A_PARTY


def test_the_console_itself_has_no_rights() -> None:
    assert not any(SYSTEM.may(right) for right in EVERY)


def test_a_right_lets_pass_and_its_lack_refuses_with_a_sentence() -> None:
    vendor = actor_of("yf", "杨帆", "vendor")
    vendor.need("tickets.record")
    with pytest.raises(Refused, match="没有这项权限") as caught:
        vendor.need("tickets.confirm")
    assert caught.value.field == "permission"
