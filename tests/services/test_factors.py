"""Second factors: a code counts once, five wrong ones lock, seeds are sealed, a lost one is cleared by two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.errors import ConsoleError, NotFound, Refused
from ops_console.core.factors import CARD, TOTP, code_of, counter_at
from ops_console.core.people import Actor, actor_of
from ops_console.services import factors, lost_factors, people, sessions
from ops_console.store import audit
from ops_console.store.factors import CodeRow, FactorRow
from ops_console.store.people import PersonRow, SessionRow
from tests.conftest import FakeClock
from tests.services.test_people import sign_in
from tests.services.test_tickets import at_once

PROVED = datetime.max.replace(tzinfo=UTC)


class Person:
    """Somebody signed in, with what they were given to enrol."""

    def __init__(self, console: Console, account: str) -> None:
        self.console, self.account = console, account
        self.token = sign_in(console, account, PASSWORDS[account]).token
        self.seed = ""

    @property
    def guest(self) -> sessions.Guest:
        with self.console.read() as session:
            found = sessions.whose(session, self.console.policy, self.token, self.console.now())
        assert found is not None
        return found

    def begin(self) -> str:
        with self.console.write() as session:
            self.seed = factors.begin_totp(session, self.console.factors.sealer, self.guest)
        return self.seed

    def code(self, steps: int = 0) -> str:
        return code_of(self.seed, counter_at(self.console.now()) + steps)

    def enrol(self) -> None:
        self.begin()
        self.token = factors.enrol(self.console.factors, self.guest, TOTP, self.code(), self.console.now())

    def prove(self, code: str) -> str:
        self.token = factors.prove(self.console.factors, self.guest, code, self.console.now())
        return self.token


PASSWORDS: dict[str, str] = {}


@pytest.fixture
def house(console: Console) -> Console:
    """A console with its first accounts, their passwords in PASSWORDS."""
    PASSWORDS.update({made.account: made.password for made in console.first_accounts()})
    with console.write() as session:
        for row in session.scalars(select(PersonRow)):
            row.must_change = False
    return console


def kinds(console: Console) -> list[str]:
    with console.read() as session:
        return [event.kind for _seq, _who, event in reversed(audit.about(session, "person"))]


def test_an_administrator_owes_a_factor_and_a_code_after_the_password(house: Console, clock: FakeClock) -> None:
    administrator = Person(house, "secadmin")
    assert administrator.guest.step == sessions.ENROL
    administrator.enrol()
    assert administrator.guest.step == ""
    again = Person(house, "secadmin")
    again.seed = administrator.seed
    assert again.guest.step == sessions.FACTOR
    clock.forward(seconds=30)
    old = again.token
    again.prove(again.code())
    assert again.guest.step == ""
    assert old != again.token
    with house.read() as session:
        assert sessions.whose(session, house.policy, old, house.now()) is None


def test_others_owe_none_at_sign_in(house: Console) -> None:
    assert Person(house, "hospital").guest.step == ""


def test_a_proof_is_fresh_for_five_minutes(house: Console, clock: FakeClock) -> None:
    chief = Person(house, "hospital")
    with pytest.raises(Refused) as refused:
        chief.guest.actor.need_proof(house.now())
    assert refused.value.field == "factor"
    chief.enrol()
    clock.forward(minutes=5)
    chief.guest.actor.need_proof(house.now())
    clock.forward(seconds=1)
    with pytest.raises(Refused):
        chief.guest.actor.need_proof(house.now())


def test_the_same_code_counts_once_in_parallel_too(house: Console, clock: FakeClock) -> None:
    chief = Person(house, "hospital")
    chief.enrol()
    with pytest.raises(Refused, match="用过"):
        chief.prove(chief.code())
    clock.forward(seconds=60)
    guest, code = chief.guest, chief.code()
    found = at_once(*[lambda: factors.prove(house.factors, guest, code, house.now())] * 4)
    assert sorted(type(result).__name__ for result in found) == ["Refused", "Refused", "Refused", "str"]


def test_an_older_code_does_not_count_after_a_later_one(house: Console, clock: FakeClock) -> None:
    chief = Person(house, "hospital")
    chief.enrol()
    clock.forward(seconds=90)
    chief.prove(chief.code(1))
    for steps in (-1, 0, 1):
        with pytest.raises(Refused):
            chief.prove(chief.code(steps))


def test_five_wrong_codes_lock_for_five_minutes_though_the_sixth_is_right(house: Console, clock: FakeClock) -> None:
    chief = Person(house, "hospital")
    chief.enrol()
    clock.forward(seconds=60)
    for _ in range(5):
        with pytest.raises(Refused, match="不对"):
            chief.prove("000000" if chief.code() != "000000" else "000001")
    with pytest.raises(Refused, match="连续错误"):
        chief.prove(chief.code())
    clock.forward(minutes=4, seconds=59)
    with pytest.raises(Refused, match="连续错误"):
        chief.prove(chief.code())
    clock.forward(seconds=1)
    assert chief.prove(chief.code())
    assert kinds(house)[-6:] == ["factor_failed"] * 4 + ["factor_locked", "factor_proved"]


def test_a_seed_is_kept_sealed_and_opens_for_its_person_alone(house: Console) -> None:
    chief, engineer = Person(house, "hospital"), Person(house, "vendor")
    chief.enrol()
    engineer.enrol()
    with house.write() as session:
        rows = {row.person_id: row for row in session.scalars(select(FactorRow))}
        assert not any(chief.seed.encode() in (row.sealed or b"") for row in rows.values())
        mine, other = rows[chief.guest.person_id], rows[engineer.guest.person_id]
        mine.sealed, other.sealed = other.sealed, mine.sealed
    with pytest.raises(ConsoleError):
        chief.prove(engineer.code(1))


def test_a_factor_being_enrolled_counts_only_from_its_first_right_code(house: Console, clock: FakeClock) -> None:
    chief = Person(house, "hospital")
    chief.begin()
    assert chief.guest.factor_kind is None
    with pytest.raises(Refused):
        factors.enrol(house.factors, chief.guest, TOTP, "000000", house.now())
    chief.enrol()
    kept = chief.seed
    chief.begin()
    chief.seed = kept
    clock.forward(seconds=60)
    assert chief.prove(chief.code())  # the one in use counts until the next one is confirmed


def card_of(person: Person) -> tuple[str, ...]:
    with person.console.write() as session:
        return factors.begin_card(session, person.console.factors.card_key, person.guest)


def test_the_codes_of_a_card_count_once_each_and_in_order(house: Console) -> None:
    chief = Person(house, "hospital")
    codes = card_of(chief)
    chief.token = factors.enrol(house.factors, chief.guest, CARD, codes[0], house.now())
    with house.read() as session:
        assert factors.standing(session, chief.guest.person_id).position == 2
        kept = [row.code_hash for row in session.scalars(select(CodeRow))]
    assert not set(codes) & set(kept)
    for wrong in (codes[0], codes[2]):
        with pytest.raises(Refused, match="第 2 号"):
            chief.prove(wrong)
    for code in codes[1:]:
        chief.prove(f"{code[:4]} {code[4:]}")
    with pytest.raises(Refused, match="用完"):
        chief.prove(codes[-1])


def test_a_new_card_ends_the_old_one(house: Console) -> None:
    chief = Person(house, "hospital")
    first = card_of(chief)
    chief.token = factors.enrol(house.factors, chief.guest, CARD, first[0], house.now())
    second = card_of(chief)
    chief.prove(first[1])
    chief.token = factors.enrol(house.factors, chief.guest, CARD, second[0], house.now())
    with pytest.raises(Refused):
        chief.prove(first[2])
    assert chief.prove(second[1])


def test_a_reset_password_leaves_the_second_factor(house: Console) -> None:
    chief = Person(house, "hospital")
    chief.enrol()
    ready = people.one_time(house.hasher)
    with house.write() as session:
        people.reset_account(session, house.policy, "hospital", ready, proved("sysadmin", "administrator"), house.now())
    with house.read() as session:
        assert session.scalar(select(FactorRow.kind)) == TOTP


def proved(account: str, role: str) -> Actor:
    return actor_of(account, account, role, proved_until=PROVED)


def ask(console: Console, actor: Actor, account: str = "hospital", reason: str = "手机丢失，已核对工作证") -> None:
    with console.write() as session:
        lost_factors.ask(session, account, reason, actor, console.now())


def agree(console: Console, actor: Actor, account: str = "hospital") -> None:
    with console.write() as session:
        lost_factors.agree(session, account, actor, console.now())


SYSADMIN, SECADMIN = proved("sysadmin", "administrator"), proved("secadmin", "security")


def test_a_lost_factor_is_cleared_by_two_of_different_roles(house: Console) -> None:
    chief = Person(house, "hospital")
    chief.enrol()
    with pytest.raises(Refused, match="没有待同意"):
        agree(house, SECADMIN)
    ask(house, SYSADMIN)
    with pytest.raises(Refused, match="另一种角色"):
        agree(house, SYSADMIN)
    agree(house, SECADMIN)
    with house.read() as session:
        assert session.scalar(select(FactorRow.kind)) is None
        assert session.scalars(select(SessionRow)).all() == []
        cleared = session.scalars(select(PersonRow).where(PersonRow.account == "hospital")).one()
        assert cleared.reset_at == cleared.credential_reset_at == house.now()  # silent for a day, marked for a month
    assert kinds(house)[-2:] == ["factor_drop_asked", "factor_dropped"]


def test_asking_to_clear_a_factor_ends_after_a_day_and_needs_a_reason(house: Console, clock: FakeClock) -> None:
    Person(house, "hospital").enrol()
    with pytest.raises(Refused) as refused:
        ask(house, SYSADMIN, reason=" ")
    assert refused.value.field == "reason"
    ask(house, SYSADMIN)
    clock.forward(hours=24, seconds=1)
    with pytest.raises(Refused, match="24 小时"):
        agree(house, SECADMIN)


@pytest.mark.parametrize("role", ["officer", "leader", "vendor", "manager", "auditor", "audit_administrator"])
def test_nobody_else_clears_factors(house: Console, role: str) -> None:
    Person(house, "hospital").enrol()
    with pytest.raises(Refused, match="没有这项权限"):
        ask(house, proved(role, role))


def test_a_factor_that_is_not_there_or_ones_own_is_not_cleared(house: Console) -> None:
    with pytest.raises(NotFound):
        ask(house, SYSADMIN, "vendor")
    with pytest.raises(Refused, match="自己的"):
        ask(house, proved("hospital", "hospital"), "hospital")


def test_where_factors_are_only_offered_those_without_one_are_not_asked(
    tmp_path: Any, clock: FakeClock, sqlite_template: Any
) -> None:
    from tests.conftest import copy_sqlite, make_console

    copy_sqlite(sqlite_template, tmp_path / "data")
    console = make_console(tmp_path / "data", clock, OPS_SECURITY__SECOND_FACTOR="offered")
    PASSWORDS.update({made.account: made.password for made in console.first_accounts()})
    administrator = Person(console, "sysadmin")
    assert administrator.guest.step == sessions.PASSWORD
    administrator.guest.actor.need_proof(console.now())
    administrator.enrol()
    clock.forward(minutes=5, seconds=1)
    with pytest.raises(Refused):
        administrator.guest.actor.need_proof(console.now())
    console.close()
