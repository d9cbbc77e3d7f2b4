"""Accounts and signing in: nobody guesses, nobody locks another out, nobody stays in for ever."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import DUTIES, HOSPITAL, ROLES, Actor, actor_of, terminal_actor
from ops_console.services import leavers, people
from ops_console.services.people import NewAccount, NewPerson, SignedIn, SignInFailed
from ops_console.store import audit
from ops_console.store.messages import OutboxRow
from ops_console.store.people import FailureRow, PersonRow, SessionRow
from tests.conftest import FakeClock, make_console
from tests.services.test_tickets import at_once

PROVED = datetime.max.replace(tzinfo=UTC)
ADMINISTRATOR = actor_of("sysadmin", "系统管理员", "administrator", proved_until=PROVED)
SECURITY = actor_of("secadmin", "安全管理员", "security", proved_until=PROVED)
GOOD = "Correct-Horse-9-Battery"
HERE, THERE = "10.0.0.1", "10.0.0.2"


@pytest.fixture
def accounts(console: Console) -> dict[str, NewAccount]:
    """The first accounts of a console, by account."""
    return {made.account: made for made in console.first_accounts()}


def sign_in(console: Console, account: str, password: str, source: str = HERE) -> SignedIn:
    return people.sign_in(
        console.read, console.write, console.hasher, console.policy, account=account, password=password,
        source=source, now=console.now(),
    )  # fmt: skip


def change(console: Console, account: str, current: str, new: str, source: str = HERE) -> SignedIn:
    role = {"sysadmin": "administrator"}.get(account, account)
    return people.change_password(
        console.read, console.write, console.hasher, console.policy, actor=actor_of(account, account, role),
        current=current, new=new, source=source, now=console.now(),
    )  # fmt: skip


def whose(console: Console, signed: SignedIn) -> people.Guest | None:
    with console.read() as session:
        return people.whose(session, console.policy, signed.token, console.now())


def fail(console: Console, times: int, account: str = "vendor", source: str = HERE) -> list[SignInFailed]:
    found = []
    for _ in range(times):
        with pytest.raises(SignInFailed) as refused:
            sign_in(console, account, "wrong", source)
        found.append(refused.value)
    return found


def reset(console: Console, account: str, actor: Actor = ADMINISTRATOR) -> NewAccount:
    ready = people.one_time(console.hasher)
    with console.write() as session:
        return people.reset_account(session, console.policy, account, ready, actor, console.now())


def add(
    console: Console,
    account: str,
    role: str,
    actor: Actor = ADMINISTRATOR,
    name: str = "某人",
    *,
    holder: str | None = None,
) -> NewAccount:
    usual = HOSPITAL if role in DUTIES else None
    person, ready = NewPerson(account, name, role, holder or usual), people.one_time(console.hasher)
    with console.write() as session:
        return people.add_account(session, console.policy, person, ready, actor, console.now())


def disable(console: Console, account: str, actor: Actor = ADMINISTRATOR, **given: str) -> None:
    with console.write() as session:
        leavers.disable_account(session, console.book(session), account, actor, console.now(), **given)


def confirm(console: Console, account: str, actor: Actor = SECURITY) -> None:
    with console.write() as session:
        people.confirm_role(session, account, actor, console.now())


def events(console: Console) -> list[str]:
    with console.read() as session:
        return [event.kind for _seq, _who, event in reversed(audit.about(session, "person"))]


def test_the_first_accounts_are_made_once(console: Console) -> None:
    made = console.first_accounts()
    assert [(m.account, m.role) for m in made] == [
        ("sysadmin", "administrator"), ("hospital", "hospital"), ("vendor", "vendor"), ("secadmin", "security"),
        ("auditadmin", "audit_administrator"),
    ]  # fmt: skip
    assert len({m.password for m in made}) == 5
    assert console.first_accounts() == ()


def test_two_first_starts_at_once_make_the_accounts_once(console: Console) -> None:
    found = at_once(console.first_accounts, console.first_accounts)
    assert sorted(len(made) for made in found) == [0, 5]  # type: ignore[arg-type]


def test_a_one_time_password_opens_only_the_way_to_a_new_one(console: Console, accounts: dict[str, NewAccount]) -> None:
    signed = sign_in(console, "vendor", accounts["vendor"].password)
    assert signed.must_change
    guest = whose(console, signed)
    assert guest is not None
    assert (guest.actor.account, guest.role, guest.must_change) == ("vendor", "vendor", True)


def test_a_one_time_password_ends_after_its_hours(
    console: Console, accounts: dict[str, NewAccount], clock: FakeClock
) -> None:
    clock.forward(hours=24)
    sign_in(console, "vendor", accounts["vendor"].password)
    clock.forward(seconds=1)
    with pytest.raises(SignInFailed, match="已过期"):
        sign_in(console, "hospital", accounts["hospital"].password)


def test_an_account_is_found_whatever_its_case_and_blanks(console: Console, accounts: dict[str, NewAccount]) -> None:
    assert sign_in(console, "  Vendor ", accounts["vendor"].password).person_id


def test_five_failures_lock_that_source_alone(console: Console, accounts: dict[str, NewAccount]) -> None:
    fail(console, 5)
    with pytest.raises(SignInFailed, match="已锁定"):
        sign_in(console, "vendor", accounts["vendor"].password)
    assert sign_in(console, "vendor", accounts["vendor"].password, THERE)
    assert sign_in(console, "hospital", accounts["hospital"].password)
    assert events(console)[5:10] == ["sign_in_failed"] * 4 + ["sign_in_locked"]


def test_a_lock_ends_after_its_minutes(console: Console, accounts: dict[str, NewAccount], clock: FakeClock) -> None:
    fail(console, 5)
    clock.forward(minutes=14, seconds=59)
    with pytest.raises(SignInFailed, match="已锁定"):
        sign_in(console, "vendor", accounts["vendor"].password)
    clock.forward(seconds=1)
    assert sign_in(console, "vendor", accounts["vendor"].password)
    with console.read() as session:
        assert session.scalars(select(FailureRow.failures)).all() == []


def test_waiting_grows_with_each_failure(console: Console, accounts: dict[str, NewAccount]) -> None:
    delays = [refused.delay_seconds for refused in fail(console, 5)]
    assert delays == sorted(delays)
    assert delays[0] == 0
    assert delays[-1] >= 1


def test_four_failures_then_the_right_password_begin_again_at_none(
    console: Console, accounts: dict[str, NewAccount]
) -> None:
    fail(console, 4)
    sign_in(console, "vendor", accounts["vendor"].password)
    fail(console, 4)
    assert sign_in(console, "vendor", accounts["vendor"].password)


def test_failures_at_once_are_all_counted(console: Console, accounts: dict[str, NewAccount]) -> None:
    found = at_once(*[lambda: sign_in(console, "vendor", "wrong")] * 4)
    assert {type(result) for result in found} == {SignInFailed}
    with console.read() as session:
        assert session.scalars(select(FailureRow.failures)).one() == 4


def test_an_unknown_account_a_wrong_password_and_a_disabled_account_get_one_sentence(
    console: Console, accounts: dict[str, NewAccount]
) -> None:
    disable(console, "hospital")
    said = [fail(console, 1, account)[0] for account in ("vendor", "nobody")]
    with pytest.raises(SignInFailed) as disabled:
        sign_in(console, "hospital", accounts["hospital"].password)
    assert len({str(refused) for refused in (*said, disabled.value)}) == 1
    fail(console, 4, "nobody")
    with pytest.raises(SignInFailed, match="已锁定"):
        sign_in(console, "nobody", "wrong")


def test_a_very_long_password_is_wrong_and_quick(console: Console, accounts: dict[str, NewAccount]) -> None:
    with pytest.raises(SignInFailed):
        sign_in(console, "vendor", accounts["vendor"].password + "x" * 10_000_000)


def test_a_changed_password_ends_every_session_and_begins_one(
    console: Console, accounts: dict[str, NewAccount]
) -> None:
    old = sign_in(console, "vendor", accounts["vendor"].password)
    new = change(console, "vendor", accounts["vendor"].password, GOOD)
    assert whose(console, old) is None
    guest = whose(console, new)
    assert guest is not None
    assert not guest.must_change
    assert sign_in(console, "vendor", GOOD, THERE).token != new.token
    fail(console, 1)
    with pytest.raises(SignInFailed):
        sign_in(console, "vendor", accounts["vendor"].password)


@pytest.mark.parametrize(
    ("rules", "password", "accepted"),
    [
        ("gb22239", "Short-9", False), ("gb22239", "alllowercaseletters", False),
        ("gb22239", "lower-and-9-digits", True),
        ("gb22239", "Password123456", False), ("gb22239", "Vendor-vendor-1", False), ("gb22239", "Aa1" * 5, False),
        ("gb22239", "Ab3-" + "x9Q~" * 31, True), ("gb22239", "Ab3-" + "x9Q~" * 31 + "z", False),
        ("asvs", "correct horse battery", True), ("asvs", "elevenchars", False), ("asvs", "passwordpassword", False),
        ("asvs", "中文口令也可以用十二个字", True),
    ],
)  # fmt: skip
def test_a_new_password_keeps_the_rules_of_the_preset(
    tmp_path: Any, clock: FakeClock, rules: str, password: str, accepted: bool
) -> None:
    console = make_console(tmp_path / "data", clock, OPS_SECURITY__PASSWORD_RULES=rules)
    made = {m.account: m for m in console.first_accounts()}
    if accepted:
        assert change(console, "vendor", made["vendor"].password, password)
    else:
        with pytest.raises(Refused) as refused:
            change(console, "vendor", made["vendor"].password, password)
        assert refused.value.field == "new_password"
        assert sign_in(console, "vendor", made["vendor"].password)
    console.close()


def test_a_change_needs_the_current_password_and_guessing_it_locks(
    console: Console, accounts: dict[str, NewAccount]
) -> None:
    with pytest.raises(Refused) as same:
        change(console, "vendor", accounts["vendor"].password, accounts["vendor"].password)
    assert same.value.field == "new_password"
    for _ in range(5):
        with pytest.raises(Refused) as wrong:
            change(console, "vendor", "wrong", GOOD)
        assert wrong.value.field == "current_password"
    with pytest.raises(SignInFailed, match="已锁定"):
        change(console, "vendor", accounts["vendor"].password, GOOD)


def test_a_session_left_idle_ends(console: Console, accounts: dict[str, NewAccount], clock: FakeClock) -> None:
    signed = sign_in(console, "vendor", accounts["vendor"].password)
    clock.forward(minutes=20)
    guest = whose(console, signed)
    assert guest is not None
    clock.forward(seconds=1)
    assert whose(console, signed) is None


def test_a_session_in_use_ends_after_its_hours_all_the_same(
    console: Console, accounts: dict[str, NewAccount], clock: FakeClock
) -> None:
    signed = sign_in(console, "vendor", accounts["vendor"].password)
    for _ in range(12 * 4):
        clock.forward(minutes=15)
        guest = whose(console, signed)
        assert guest is not None
        with console.write() as session:
            people.touch(session, guest, console.now())
    clock.forward(seconds=1)
    assert whose(console, signed) is None


def test_signing_out_ends_the_session_on_the_server(console: Console, accounts: dict[str, NewAccount]) -> None:
    signed, other = (sign_in(console, "vendor", accounts["vendor"].password) for _ in range(2))
    guest = whose(console, signed)
    assert guest is not None
    with console.write() as session:
        people.sign_out(session, signed.token, guest.actor, console.now())
    assert whose(console, signed) is None
    assert whose(console, other) is not None


def test_a_disabled_accounts_session_dies_at_once(console: Console, accounts: dict[str, NewAccount]) -> None:
    signed = sign_in(console, "vendor", accounts["vendor"].password)
    disable(console, "vendor")
    assert whose(console, signed) is None
    with pytest.raises(Refused, match="已经停用"):
        disable(console, "vendor")


def test_a_reset_ends_sessions_gives_a_new_password_and_is_told_to_both(
    console: Console, accounts: dict[str, NewAccount]
) -> None:
    signed = sign_in(console, "vendor", accounts["vendor"].password)
    made = reset(console, "vendor")
    assert whose(console, signed) is None
    fail(console, 1)
    with pytest.raises(SignInFailed):
        sign_in(console, "vendor", accounts["vendor"].password)
    assert sign_in(console, "vendor", made.password).must_change
    assert "account_reset" in events(console)
    with console.read() as session:
        message = session.scalars(select(OutboxRow).where(OutboxRow.kind == "account_reset")).one()
    assert message.audience == "both"
    assert made.password not in message.payload


def test_the_last_administrator_is_not_disabled(console: Console, accounts: dict[str, NewAccount]) -> None:
    with pytest.raises(Refused, match="最后一个"):
        disable(console, "sysadmin")
    add(console, "second", "administrator")
    confirm(console, "second")
    found = at_once(lambda: disable(console, "sysadmin"), lambda: disable(console, "second"))
    assert sorted(isinstance(result, Refused) for result in found) == [False, True]
    with console.read() as session:
        left = session.scalars(
            select(PersonRow).where(PersonRow.role == "administrator", PersonRow.disabled_at.is_(None))
        ).all()
    assert len(left) == 1


@pytest.mark.parametrize(
    ("account", "name", "role", "field"),
    [
        ("1abc", "某人", "vendor", "account"), ("张三", "某人", "vendor", "account"),
        ("a", "某人", "vendor", "account"),
        ("a" * 40, "某人", "vendor", "account"), ("vendor", "某人", "vendor", "account"),
        ("good", " ", "vendor", "name"),
        ("good", "长" * 61, "vendor", "name"), ("good", "某人", "root", "role"), ("a b", "某人", "vendor", "account"),
        ("vendor\n", "某人", "vendor", "account"),
    ],
)  # fmt: skip
def test_a_bad_new_account_is_refused_by_field(
    sqlite_console: Console, account: str, name: str, role: str, field: str
) -> None:
    sqlite_console.first_accounts()
    with pytest.raises(Refused) as refused:
        add(sqlite_console, account, role, name=name)
    assert refused.value.field == field


@pytest.mark.parametrize("role", [role for role in ROLES if role != "administrator"])
def test_only_an_administrator_or_the_terminal_manages_accounts(sqlite_console: Console, role: str) -> None:
    sqlite_console.first_accounts()
    for act in (lambda: add(sqlite_console, "x1", "vendor", actor_of(role, role, role)),
                lambda: reset(sqlite_console, "vendor", actor_of(role, role, role))):  # fmt: skip
        with pytest.raises(Refused, match="没有这项权限"):
            act()
    assert add(sqlite_console, "x2", "vendor", terminal_actor("root")).account == "x2"


def test_an_unknown_account_is_not_reset(sqlite_console: Console) -> None:
    with pytest.raises(NotFound, match="nobody"):
        reset(sqlite_console, "nobody")


def test_stale_sessions_and_old_failures_are_tidied_away(
    console: Console, accounts: dict[str, NewAccount], clock: FakeClock
) -> None:
    sign_in(console, "vendor", accounts["vendor"].password)
    fail(console, 1)
    clock.forward(days=1, seconds=1)
    with console.write() as session:
        people.tidy(session, console.policy, console.now())
    with console.read() as session:
        assert session.scalars(select(SessionRow.token_hash)).all() == []
        assert session.scalars(select(FailureRow.account)).all() == []


def test_no_password_and_no_token_stands_in_the_database_in_clear(sqlite_console: Console) -> None:
    made = {m.account: m for m in sqlite_console.first_accounts()}
    secrets = [m.password for m in made.values()]
    secrets.append(sign_in(sqlite_console, "vendor", made["vendor"].password).token)
    secrets.append(change(sqlite_console, "vendor", made["vendor"].password, GOOD).token)
    secrets += [GOOD, reset(sqlite_console, "hospital").password, "wrong-canary"]
    with pytest.raises(SignInFailed):
        sign_in(sqlite_console, "vendor", "wrong-canary")
    folder = sqlite_console.settings.data_folder
    sqlite_console.close()
    with sqlite3.connect(folder / "console.db") as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        names = [name for (name,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        ordinary = [name for name in names if name != "ticket_pieces"]  # its rows stand in tables of their own
        dump = "\n".join(repr(row) for name in ordinary for row in plain.execute(f'SELECT * FROM "{name}"'))
    raw = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for secret in secrets:
        assert secret not in dump
        assert secret.encode() not in raw
    assert "$argon2id$" in dump


def test_a_session_begun_with_a_password_reset_meanwhile_is_refused(
    console: Console, accounts: dict[str, NewAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    matches = type(console.hasher).matches

    def slow(self: Any, stored: str, password: str) -> bool:
        right = matches(self, stored, password)
        monkeypatch.undo()
        reset(console, "vendor")
        return right

    monkeypatch.setattr(type(console.hasher), "matches", slow)
    with pytest.raises(SignInFailed):
        sign_in(console, "vendor", accounts["vendor"].password)


def test_an_idle_minute_setting_is_kept(tmp_path: Any, clock: FakeClock) -> None:
    console = make_console(tmp_path / "data", clock, OPS_SECURITY__IDLE_MINUTES="1")
    made = console.first_accounts()[2]
    signed = sign_in(console, "vendor", made.password)
    clock.at += timedelta(minutes=1, seconds=1)
    assert whose(console, signed) is None
    console.close()
