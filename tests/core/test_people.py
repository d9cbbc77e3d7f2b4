"""Who may do what: the one table of roles, and what no role may ever do alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from ops_console.core.errors import Refused
from ops_console.core.people import (
    DUTIES,
    HOSPITAL,
    NEUTRAL,
    PERMISSION_NAMES,
    ROLE_NAMES,
    ROLES,
    SYSTEM,
    VENDOR,
    Permission,
    actor_of,
    check_change,
    check_holder,
    terminal_actor,
)

EVERY = set(get_args(Permission))
FOR_A_PARTY = {"tickets.confirm", "suspensions.decide", "corrections.decide", "contracts.confirm", "tickets.record"}


@pytest.mark.parametrize(
    ("role", "side"),
    [
        ("hospital", HOSPITAL),
        ("officer", HOSPITAL),
        ("leader", HOSPITAL),
        ("vendor", VENDOR),
        ("manager", VENDOR),
        ("auditor", NEUTRAL),
        ("administrator", NEUTRAL),
        ("security", NEUTRAL),
        ("audit_administrator", NEUTRAL),
    ],
)
def test_each_role_is_on_its_side(role: str, side: str) -> None:
    assert actor_of("a", "甲", role).side == side
    assert role in ROLE_NAMES


DUTY_RIGHTS = {
    "administrator": {"people.read", "people.manage", "factors.reset", "jobs.read"},
    "security": {"people.read", "people.grant", "factors.reset"},
    "audit_administrator": {"people.read", "audit.read"},
}


@pytest.mark.parametrize("role", DUTIES)
def test_a_duty_holds_its_own_rights_and_no_business_right(role: str) -> None:
    assert actor_of("a", "甲", role).permissions == DUTY_RIGHTS[role]
    assert not actor_of("a", "甲", role).permissions & FOR_A_PARTY


def test_no_duty_holds_what_makes_another() -> None:
    weighty = {"administrator": "people.manage", "security": "people.grant", "audit_administrator": "audit.read"}
    for duty, right in weighty.items():
        assert [other for other in DUTIES if right in ROLES[other][1]] == [duty]


@pytest.mark.parametrize(
    ("role", "holder", "duties", "passes"),
    [
        ("security", "hospital", "hospital", True), ("security", "vendor", "hospital", False),
        ("security", "third", "hospital", False), ("audit_administrator", "vendor", "hospital", False),
        ("audit_administrator", "hospital", "hospital", True), ("administrator", "vendor", "hospital", True),
        ("administrator", "third", "hospital", True), ("administrator", None, "hospital", False),
        ("administrator", "king", "any", False), ("security", "vendor", "any", True), ("security", None, "any", False),
        ("vendor", None, "hospital", True), ("vendor", "vendor", "any", False), ("hospital", "hospital", "any", False),
    ],
)  # fmt: skip
def test_the_preset_keeps_security_and_audit_with_the_hospital(
    role: str, holder: str | None, duties: str, passes: bool
) -> None:
    if passes:
        check_holder(role, holder, duties)
        return
    with pytest.raises(Refused) as refused:
        check_holder(role, holder, duties)
    assert refused.value.field == "holder"


@pytest.mark.parametrize(
    ("role", "wished", "passes"),
    [
        ("hospital", "officer", True), ("officer", "leader", True), ("vendor", "manager", True),
        ("hospital", "vendor", False), ("manager", "hospital", False), ("officer", "auditor", False),
        ("hospital", "security", False), ("security", "hospital", False), ("administrator", "security", False),
        ("hospital", "hospital", False), ("hospital", "king", False),
    ],
)  # fmt: skip
def test_a_role_changes_within_its_side_and_never_to_or_from_a_duty(role: str, wished: str, passes: bool) -> None:
    if passes:
        check_change(role, wished)
        return
    with pytest.raises(Refused) as refused:
        check_change(role, wished)
    assert refused.value.field == "role"


def test_a_second_factor_is_fresh_to_its_last_moment() -> None:
    until = datetime(2026, 11, 20, 10, 5, tzinfo=UTC)
    actor_of("a", "甲", "hospital", proved_until=until).need_proof(until)
    for actor in (actor_of("a", "甲", "hospital", proved_until=until), actor_of("a", "甲", "hospital")):
        with pytest.raises(Refused) as refused:
            actor.need_proof(until + timedelta(microseconds=1))
        assert refused.value.field == "factor"


def test_every_permission_has_a_chinese_name() -> None:
    assert set(PERMISSION_NAMES) == EVERY


def test_every_permission_is_held_by_some_role() -> None:
    assert set().union(*(held for _, held in ROLES.values())) == EVERY


def test_an_auditor_only_reads() -> None:
    assert {right.split(".")[1] for right in actor_of("a", "甲", "auditor").permissions} == {"read", "export", "own"}


@pytest.mark.parametrize("right", ["tickets.confirm", "suspensions.decide"])
def test_what_the_hospital_decides_nobody_else_may(right: Permission) -> None:
    assert [role for role in ROLES if actor_of("a", "甲", role).may(right)] == ["hospital", "officer"]


def test_what_the_vendor_records_the_hospital_may_not() -> None:
    assert [role for role in ROLES if actor_of("a", "甲", role).may("tickets.record")] == ["vendor", "manager"]


def test_a_contract_is_confirmed_by_the_two_parties_alone() -> None:
    confirming = [role for role in ROLES if actor_of("a", "甲", role).may("contracts.confirm")]
    assert confirming == ["hospital", "vendor", "manager"]


def test_an_officer_changes_no_recorded_time() -> None:
    assert not actor_of("a", "甲", "officer").may("corrections.decide")


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
