"""Devices: the hospital registers its own, and a browser the vendor ever used is never clean again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import ROLES, Actor, actor_of
from ops_console.services import devices, people
from ops_console.store import audit
from ops_console.store.devices import DeviceRow
from tests.conftest import HOSPITAL, NOON, VENDOR, FakeClock
from tests.services.test_tickets import at_once

WARD = "a1" * 16


def register(console: Console, actor: Actor = HOSPITAL, token: str = WARD, **given: str) -> int:
    wanted = {"label": "护士站 1 号机", "department": "内科", **given}
    with console.write() as session:
        return devices.register(session, token, wanted["label"], wanted["department"], actor, console.now()).id


def use(console: Console, actor: Actor, token: str = WARD) -> None:
    with console.write() as session:
        devices.used(session, token, actor.side, actor, console.now())


def standing(console: Console, token: str = WARD) -> devices.DeviceStanding:
    with console.read() as session:
        return devices.standing(session, token)


def events(console: Console) -> list[str]:
    with console.read() as session:
        return [event.kind for _seq, _id, event in reversed(audit.about(session, "device"))]


def test_an_unknown_browser_is_neither_registered_nor_used(console: Console) -> None:
    for token in ("", "never seen"):
        assert standing(console, token) == devices.UNKNOWN_DEVICE


def test_a_registered_browser_is_the_hospitals_own_until_the_vendor_signs_in_on_it(console: Console) -> None:
    register(console)
    assert standing(console).is_hospitals_own
    assert (standing(console).label, standing(console).department) == ("护士站 1 号机", "内科")
    use(console, HOSPITAL)
    assert standing(console).is_hospitals_own
    use(console, VENDOR)
    assert (standing(console).is_registered, standing(console).vendor_used) == (True, True)
    assert not standing(console).is_hospitals_own
    assert events(console) == ["device_registered", "device_used_by_vendor"]


def test_the_vendors_first_use_is_kept_for_ever(console: Console, clock: FakeClock) -> None:
    use(console, VENDOR)
    clock.forward(days=400)
    use(console, VENDOR)
    use(console, HOSPITAL)
    with console.read() as session:
        assert session.scalars(select(DeviceRow.vendor_used_at)).all() == [NOON]
    with pytest.raises(Refused, match="登录过乙方账号"):
        register(console)


def test_two_sign_ins_at_once_on_a_new_browser_are_one_device(console: Console) -> None:
    at_once(*[lambda: use(console, VENDOR), lambda: use(console, HOSPITAL)] * 2)
    with console.read() as session:
        (row,) = session.scalars(select(DeviceRow))
    assert row.vendor_used_at == NOON


def test_the_token_itself_is_not_kept(console: Console) -> None:
    register(console)
    with console.read() as session:
        assert WARD not in repr([tuple(row) for row in session.execute(select(DeviceRow.__table__))])


@pytest.mark.parametrize("role", ROLES)
def test_only_those_of_the_hospital_who_manage_places_register(sqlite_console: Console, role: str) -> None:
    actor = actor_of(role, role, role)
    if actor.side == "hospital" and actor.may("locations.manage"):
        assert register(sqlite_console, actor)
        return
    with pytest.raises(Refused):
        register(sqlite_console, actor)
    assert events(sqlite_console) == []


@pytest.mark.parametrize(
    ("field", "value", "passes"),
    [
        ("label", "", False), ("label", " ", False), ("label", "长" * 60, True), ("label", "长" * 61, False),
        ("department", "", False), ("department", "长" * 60, True), ("department", "长" * 61, False),
    ],
)  # fmt: skip
def test_a_device_has_a_name_and_a_department(sqlite_console: Console, field: str, value: str, passes: bool) -> None:
    if passes:
        assert register(sqlite_console, **{field: value})
        return
    with pytest.raises(Refused) as refused:
        register(sqlite_console, **{field: value})
    assert refused.value.field == field


def test_a_withdrawn_device_is_the_hospitals_own_no_longer(console: Console) -> None:
    number = register(console)
    for _ in range(2):
        with console.write() as session:
            if standing(console).is_registered:
                devices.withdraw(session, number, HOSPITAL, console.now())
            else:
                with pytest.raises(NotFound):
                    devices.withdraw(session, number, HOSPITAL, console.now())
    assert not standing(console).is_registered
    assert events(console) == ["device_registered", "device_withdrawn"]


def clean(console: Console, account: str, token: str) -> bool:
    made = {m.account: m for m in console.first_accounts()}
    PASSWORDS.update({name: account.password for name, account in made.items()})
    signed = people.sign_in(
        console.read, console.write, console.hasher, console.policy, account=account, password=PASSWORDS[account],
        source="10.0.0.1", now=console.now(), device=token,
    )  # fmt: skip
    with console.read() as session:
        guest = people.whose(session, console.policy, signed.token, console.now())
    assert guest is not None
    return guest.actor.on_clean_device


PASSWORDS: dict[str, str] = {}


def test_an_actor_is_on_a_clean_device_when_it_is_known_and_the_vendor_never_used_it(console: Console) -> None:
    assert clean(console, "hospital", "chief's")
    assert not clean(console, "hospital", "")
    assert not clean(console, "vendor", "engineer's")
    assert not clean(console, "hospital", "engineer's")
    assert clean(console, "hospital", "chief's")
    assert not HOSPITAL.on_clean_device
