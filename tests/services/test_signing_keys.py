"""Keys on both databases: registered by one party, confirmed by the other, revoked by its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from ops_console.console import Console
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Actor
from ops_console.core.signing_keys import IN_FORCE, MOST_OF_SIDE, PROPOSED, REFUSED, REVOKED, TAKEN_BACK
from ops_console.services import signing_keys
from ops_console.store import audit
from ops_console.store import signing_keys as store
from tests.conftest import FakeClock
from tests.services.test_tickets import at_once
from tests.signing import CHIEF, ENGINEER, MANAGER, OFFICER, confirm_key, contract, pem_of, register


def key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def row(console: Console, made: int) -> store.SigningKeyRow:
    with console.read() as session:
        return signing_keys.find(session, made, CHIEF)


def end(console: Console, made: int, how: str, actor: Actor, reason: str = "遗失") -> None:
    act = {"refuse": signing_keys.refuse, "revoke": signing_keys.revoke}[how]
    with console.write() as session:
        act(session, made, reason, actor, console.now())


def confirm(console: Console, made: int, actor: Actor, fingerprint: str, typed: str) -> None:
    with console.write() as session:
        signing_keys.confirm(session, made, fingerprint, typed, actor, console.now())


def test_a_key_counts_once_the_other_party_compared_its_fingerprint(console: Console, clock: FakeClock) -> None:
    made = register(console, key(), label="U 盘，电话 13800001234")
    found = row(console, made)
    assert (found.state, found.side, found.account, found.label) == (
        PROPOSED, "hospital", "hospital", "U 盘，电话 138****1234",
    )  # fmt: skip
    with console.read() as session:
        assert store.usable(session, contract(console), "hospital") == []
    for actor, fingerprint, typed, told in (
        (CHIEF, found.fingerprint, found.fingerprint[-8:], "等待对方核对"),
        (MANAGER, "f" * 64, "f" * 8, "不是您看到的"),
        (MANAGER, found.fingerprint, "00000000", "登记单"), (OFFICER, found.fingerprint, "", "信息科长"),
        (ENGINEER, found.fingerprint, found.fingerprint[-8:], "信息科长"),
        (replace(MANAGER, proved_until=None), found.fingerprint, found.fingerprint[-8:], "第二因素"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=told):
            confirm(console, made, actor, fingerprint, typed)
    confirm_key(console, made)
    found = row(console, made)
    assert (found.state, found.confirmed_by, found.confirmed_at) == (IN_FORCE, "manager", clock.at)
    with console.read() as session:
        kinds = [event.kind for _s, _i, event in audit.about(session, "signing_key")][::-1]
    assert kinds == ["key_registered", "key_confirmed"]


def test_a_private_key_never_reaches_a_row(console: Console) -> None:
    from cryptography.hazmat.primitives import serialization

    pem = key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(Refused, match="这是私钥"), console.write() as session:
        signing_keys.register(session, console.signing, contract(console), pem, "钥匙", actor=CHIEF, now=console.now())
    with console.read() as session:
        assert store.of_contract(session, contract(console)) == []


@pytest.mark.parametrize("actor", [OFFICER, ENGINEER, replace(CHIEF, proved_until=None)])
def test_only_a_signer_with_a_factor_registers(console: Console, actor: Actor) -> None:
    with pytest.raises(Refused):
        register(console, key(), actor)


def test_the_same_key_is_registered_once_even_by_the_other_party(console: Console) -> None:
    private = key()
    made = register(console, private)
    for actor in (CHIEF, MANAGER):
        with pytest.raises(Refused, match="已登记或已吊销"):
            register(console, private, actor)
    end(console, made, "refuse", MANAGER, "指纹对不上")
    assert row(console, made).state == REFUSED
    again = register(console, private)  # the paper was wrong, the key was not
    confirm_key(console, again)
    end(console, again, "revoke", CHIEF)
    with pytest.raises(Refused, match="已登记或已吊销"):
        register(console, private)


def test_a_double_click_registers_once(console: Console) -> None:
    private = key()
    results = at_once(*[lambda: register(console, private)] * 3)
    assert sum(isinstance(one, int) for one in results) == 1
    assert sum(isinstance(one, Refused) for one in results) == 2


def test_each_party_ends_its_own_keys(console: Console) -> None:
    waiting, counting = register(console, key()), register(console, key())
    confirm_key(console, counting)
    for how, made, actor, told in (
        ("revoke", counting, MANAGER, "由对方吊销"), ("refuse", waiting, CHIEF, "不要了请撤回"),
        ("refuse", counting, MANAGER, "已处理"),
    ):  # fmt: skip
        with pytest.raises(Refused, match=told):
            end(console, made, how, actor)
    with pytest.raises(Refused, match="写明原因"):
        end(console, counting, "revoke", CHIEF, " ")
    with pytest.raises(NotFound):
        end(console, 99, "revoke", CHIEF)
    end(console, waiting, "revoke", CHIEF)
    end(console, counting, "revoke", CHIEF)
    assert (row(console, waiting).state, row(console, counting).state) == (TAKEN_BACK, REVOKED)
    with pytest.raises(Refused, match="已处理"):
        end(console, counting, "revoke", CHIEF)


def test_a_side_has_so_many_keys_and_not_one_more(console: Console) -> None:
    first = register(console, key())
    for _ in range(MOST_OF_SIDE - 1):
        register(console, key())
    with pytest.raises(Refused, match="已有 10 把密钥"):
        register(console, key())
    register(console, key(), MANAGER)
    end(console, first, "revoke", CHIEF)
    register(console, key())


def test_a_contract_that_is_none_takes_no_key(console: Console) -> None:
    with pytest.raises(NotFound), console.write() as session:
        signing_keys.register(session, console.signing, 99, pem_of(key()), "钥匙", actor=CHIEF, now=console.now())
