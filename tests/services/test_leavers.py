"""Leavers and the account's history: tickets handed over, the last of a duty kept, rights of a past day."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select, update

from ops_console.console import Console
from ops_console.core.errors import Refused
from ops_console.core.people import ROLES, terminal_actor
from ops_console.services import people, rights, tickets
from ops_console.services.rights import RightsAt
from ops_console.store import audit
from ops_console.store.people import PersonRow
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, log_ticket
from tests.services.test_people import ADMINISTRATOR, SECURITY, add, confirm, disable

ROOT = terminal_actor("root")


def assignees(console: Console, *numbers: str) -> list[str]:
    with console.read() as session:
        book = console.book(session)
        return [tickets.view(session, book, number, HOSPITAL).facts.assignee for number in numbers]


@pytest.fixture
def house(console: Console) -> Console:
    """A console with its first accounts and a second engineer whose role is confirmed."""
    console.first_accounts()
    add(console, "second", "vendor")
    confirm(console, "second")
    return console


def test_open_tickets_of_a_leaver_go_to_the_named_colleague(house: Console) -> None:
    mine, done, others = (log_ticket(house) for _ in range(3))
    for number in (mine, done):
        do(house, number, "assigned", VENDOR, assignee="vendor")
    with pytest.raises(Refused) as refused:
        disable(house, "vendor")
    assert refused.value.field == "successor"
    disable(house, "vendor", successor="second")
    assert assignees(house, mine, done, others) == ["second", "second", ""]
    with house.read() as session:
        last = audit.of_tickets(session, [1])[1][-1]
        assert audit.first_broken(session) is None
    assert (last.kind, last.actor) == ("assigned", ADMINISTRATOR.account)


def test_what_a_leaver_answered_goes_with_them_unless_somebody_else_was_assigned(house: Console) -> None:
    mine, others, closed = (log_ticket(house) for _ in range(3))
    for number in (mine, others, closed):
        do(house, number, "responded", VENDOR, handler="乙方工程师")
    do(house, others, "assigned", VENDOR, assignee="second")
    do(house, closed, "cancelled", HOSPITAL, reason="重复")
    with pytest.raises(Refused, match="还有 1 张") as refused:
        disable(house, "vendor")
    assert refused.value.sentence.values["n"] == 1
    disable(house, "vendor", successor="second")
    assert assignees(house, mine, others, closed) == ["second", "second", ""]


def test_with_nobody_to_take_them_a_leaver_is_out_at_once_all_the_same(console: Console) -> None:
    console.first_accounts()
    number = log_ticket(console)
    do(console, number, "assigned", VENDOR, assignee="vendor")
    disable(console, "vendor")
    assert assignees(console, number) == ["vendor"]
    with console.read() as session:
        (leaver,) = (one for one in people.everybody(session, ROOT) if one.account == "vendor")
        assert leaver.disabled_at == console.now()
        told = [act.event.facts for act in people.account_events(session, ROOT) if act.account == "vendor"]
    assert {"successor": "", "left": 1} in told


@pytest.mark.parametrize("successor", ["hospital", "nobody", "vendor", "sysadmin"])
def test_tickets_go_to_nobody_who_could_not_work_on_them(house: Console, successor: str) -> None:
    do(house, log_ticket(house), "assigned", VENDOR, assignee="vendor")
    with pytest.raises(Refused) as refused:
        disable(house, "vendor", successor=successor)
    assert refused.value.field == "successor"
    with house.read() as session:
        assert next(p for p in people.everybody(session, ROOT) if p.account == "vendor").disabled_at is None


@pytest.mark.parametrize("account", ["sysadmin", "secadmin", "auditadmin"])
def test_the_last_of_each_duty_stays(house: Console, account: str) -> None:
    with pytest.raises(Refused, match="最后一个"):
        disable(house, account)


def test_a_second_of_a_duty_counts_only_once_confirmed(house: Console) -> None:
    add(house, "sec2", "security")
    with pytest.raises(Refused, match="最后一个"):
        disable(house, "secadmin")
    confirm(house, "sec2")
    disable(house, "secadmin")


def test_a_role_is_confirmed_by_another_and_only_once(house: Console) -> None:
    add(house, "third", "officer")
    for actor in (ADMINISTRATOR, HOSPITAL):
        with pytest.raises(Refused):
            confirm(house, "third", actor)
    confirm(house, "third")
    with pytest.raises(Refused, match="没有等待"):
        confirm(house, "third")


def change(console: Console, account: str, role: str) -> None:
    with console.write() as session:
        people.change_role(session, account, role, SECURITY, console.now())


def test_a_changed_role_silences_for_a_day_and_marks_for_a_month(house: Console) -> None:
    add(house, "chief2", "officer")
    confirm(house, "chief2")
    with house.write() as session:
        session.execute(update(PersonRow).values(reset_at=None))
    change(house, "chief2", "hospital")
    with house.read() as session:
        changed = session.scalars(select(PersonRow).where(PersonRow.account == "chief2")).one()
        assert changed.reset_at == changed.credential_reset_at == house.now()


def on(console: Console, day: date) -> RightsAt:
    with console.read() as session:
        return rights.on_day(session, day, ROOT, console.now())


def roles_on(console: Console, day: date) -> dict[str, tuple[str, bool]]:
    return {held.account: (held.role, bool(held.permissions)) for held in on(console, day).people}


def test_a_past_day_shows_who_had_which_right_then(house: Console, clock: FakeClock) -> None:
    add(house, "chief2", "officer")  # 2026-11-20, waits
    clock.forward(days=1)
    confirm(house, "chief2")
    clock.forward(days=1)
    change(house, "chief2", "hospital")
    clock.forward(days=1)
    disable(house, "chief2")
    days = [roles_on(house, date(2026, 11, day)).get("chief2") for day in (19, 20, 21, 22, 23)]
    assert days == [None, ("officer", False), ("officer", True), ("hospital", True), ("hospital", False)]
    assert roles_on(house, date(2026, 11, 19)) == {}
    with pytest.raises(Refused) as refused:
        on(house, date(2026, 11, 24))
    assert refused.value.field == "on"


def test_the_table_of_then_is_kept_when_the_code_changes_it(
    house: Console, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.forward(days=10)
    side, held = ROLES["auditor"]
    monkeypatch.setitem(ROLES, "auditor", (side, frozenset(held - {"tickets.read"})))
    add(house, "audit1", "auditor")
    confirm(house, "audit1")
    house.prepare()
    assert on(house, date(2026, 11, 20)).digest != on(house, date(2026, 11, 30)).digest

    def reads(day: date) -> bool:
        held = {person.account: person.permissions for person in on(house, day).people}
        return "tickets.read" in held["audit1"]

    assert not reads(date(2026, 11, 30))
    clock.forward(days=1)
    monkeypatch.setitem(ROLES, "auditor", (side, held))
    house.prepare()
    assert reads(date(2026, 12, 1))
    assert not reads(date(2026, 11, 30))


def test_starting_again_notes_the_table_only_once(console: Console) -> None:
    for _ in range(3):
        console.prepare()
    with console.read() as session:
        assert len(audit.about(session, "rights")) == 2


def test_a_reset_is_told_beside_what_is_signed_for_thirty_days(house: Console, clock: FakeClock) -> None:
    from ops_console.services.resets import signing_facts

    ready = people.one_time(house.hasher)
    with house.write() as session:
        people.reset_account(session, house.policy, "hospital", ready, ROOT, house.now())
    told = []
    for passed in ({"days": 0}, {"days": 29, "hours": 23, "minutes": 59}, {"minutes": 1}):
        clock.forward(**passed)
        with house.read() as session:
            told.append(bool(signing_facts(session, HOSPITAL, house.now())))
    assert told == [True, True, False]
