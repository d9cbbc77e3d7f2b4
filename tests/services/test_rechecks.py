"""The nightly self-check finds rows that are not what the events come to, and settles provisional classes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from ops_console.adapters.statutory_days import StatutoryDays
from ops_console.console import Console
from ops_console.core.people import SYSTEM
from ops_console.core.rechecks import Found, Thing
from ops_console.core.releases import Release
from ops_console.core.statutory import YearDays
from ops_console.services import deliveries, duties, jobs, release_changes, reports
from ops_console.store import catalogue, releases
from ops_console.store import duties as duty_store
from ops_console.store.clocks import ClockRow, TallyRow
from ops_console.store.duties import DutyRow
from ops_console.store.messages import OutboxRow
from ops_console.store.tickets import TicketRow
from tests.caps import CAPS, accept, approve
from tests.caps import ask as ask_cap
from tests.conftest import FakeClock, log_ticket, make_console
from tests.duties import CLAUSES, agree, done, plan, released
from tests.signing import CHIEF, MANAGER, amend, freeze_next, sign

NEW_YEAR = datetime(2027, 1, 4, 1, 0, tzinfo=UTC)  # 09:00 on a Monday
HOLIDAY = YearDays(2027, frozenset({date(2027, 1, 4)}), frozenset(), "国务院办公厅 2027")


def recheck(console: Console) -> dict[str, Any]:
    with console.write() as session:
        run_id = jobs.ask(
            session, job="recheck", key=f"recheck/{console.now().isoformat()}", params={},
            actor=SYSTEM, now=console.now(),
        )  # fmt: skip
    console.runs().execute(run_id)
    with console.read() as session:
        status, result, error = jobs.outcome(session, run_id)
    assert status == "done", error
    return result or {}


def known(year: int) -> YearDays:
    return HOLIDAY if year == 2027 else StatutoryDays().of(year)


def reopened(console: Console, tmp_path: Path, clock: FakeClock) -> Console:
    """The same database opened by a console that knows 2027."""
    return make_console(tmp_path / "data", clock, console.settings.database_url, known_years=known)


def test_a_year_of_honest_rows_shows_no_difference(year_console: Console) -> None:
    found = recheck(year_console)
    assert found["checked"] > 300
    assert (found["differences"], found["settled"], found["miscounted"]) == ([], 0, [])


def test_a_tampered_clock_is_listed_and_told_to_both(year_console: Console) -> None:
    with year_console.write() as session:
        row = session.scalars(
            select(ClockRow).where(ClockRow.month == "2026-11", ClockRow.result == "breached")
        ).first()
        assert row is not None
        number = session.scalars(select(TicketRow.number).where(TicketRow.id == row.ticket_id)).one()
        row.result, row.breaks_at = "met", None
    assert recheck(year_console)["differences"] == [number]
    with year_console.read() as session:
        message = session.scalars(select(OutboxRow).where(OutboxRow.kind == "recheck_difference")).first()
    assert message is not None
    assert message.audience == "both"


def test_a_tampered_clock_makes_its_months_tally_wrong_too(year_console: Console) -> None:
    with year_console.write() as session:
        session.execute(update(TallyRow).where(TallyRow.month == "2026-11", TallyRow.kind == "hotline").values(n=1))
    found = recheck(year_console)
    assert found["miscounted"] == ["2026-11"]
    with year_console.read() as session:
        payloads = session.scalars(select(OutboxRow.payload).where(OutboxRow.kind == "recheck_difference")).all()
    assert [json.loads(payload) for payload in payloads] == [{"month": "2026-11"}]


def test_a_tampered_ticket_row_and_a_lost_clock_are_listed(console: Console) -> None:
    numbers = [log_ticket(console) for _ in range(3)]
    with console.write() as session:
        session.execute(update(TicketRow).where(TicketRow.number == numbers[0]).values(state="已关闭"))
        session.execute(text("DELETE FROM clock WHERE ticket_id = 2"))
    assert recheck(console)["differences"] == numbers[:2]


def test_a_difference_is_told_once_a_day(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console)
    with console.write() as session:
        session.execute(update(TicketRow).values(title="别的"))
    for passed in (0, 1, 24):
        clock.forward(hours=passed)
        assert recheck(console)["differences"] == [number]
        clock.forward(seconds=1)
    with console.read() as session:
        assert len(session.scalars(select(OutboxRow.id).where(OutboxRow.kind == "recheck_difference")).all()) == 2


def test_a_year_without_data_is_reckoned_by_weekday_and_marked(console: Console, clock: FakeClock) -> None:
    clock.at = NEW_YEAR
    log_ticket(console)
    with console.read() as session:
        ticket = session.scalars(select(TicketRow)).one()
        missing = console.book(session).missing_years(date(2027, 1, 4))
    assert (ticket.klass, ticket.provisional, ticket.calendar) == ("work", True, "")
    assert missing == (2027,)


def test_provisional_tickets_are_settled_once_their_year_is_known(
    console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    clock.at = NEW_YEAR
    log_ticket(console)
    log_ticket(console, at=NEW_YEAR.replace(day=5))
    clock.forward(minutes=1)
    assert recheck(console)["settled"] == 0
    other = reopened(console, tmp_path, clock)
    clock.forward(minutes=45)
    found = recheck(other)
    assert (found["settled"], found["differences"]) == (2, [])
    with other.read() as session:
        klasses = dict(session.execute(select(ClockRow.ticket_id, ClockRow.klass)).all())
        limits = dict(session.execute(select(ClockRow.ticket_id, ClockRow.limit_seconds)).all())
        sources = session.scalars(select(TicketRow.calendar)).all()
        reports.refuse_lock(session, "2027-01")
    assert klasses == {1: "off", 2: "work"}
    assert limits == {1: 3600, 2: 1800}
    assert sources == ["国务院办公厅 2027"] * 2
    assert recheck_later(other, clock)["settled"] == 0
    other.close()


def recheck_later(console: Console, clock: FakeClock) -> dict[str, Any]:
    clock.forward(minutes=1)
    return recheck(console)


def test_a_class_once_fixed_stays_when_the_calendars_data_change(
    console: Console, clock: FakeClock, tmp_path: Path
) -> None:
    clock.at = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
    log_ticket(console)
    url = console.settings.database_url
    other = make_console(tmp_path / "data", clock, url, known_years=closed_on_friday)
    found = recheck(other)
    assert (found["settled"], found["differences"]) == (0, [])
    with other.read() as session:
        assert session.scalars(select(TicketRow.klass)).one() == "work"
        assert session.scalars(select(ClockRow.klass)).one() == "work"
    other.close()


def closed_on_friday(year: int) -> YearDays:
    return YearDays(year, frozenset({date(year, 11, 20)}), frozenset(), "changed")


def test_the_catalogue_keeps_what_the_settings_no_longer_name(console: Console) -> None:
    with console.write() as session:
        before = catalogue.types(session)
        assert catalogue.keep_types(session, before[1:])
    with console.read() as session:
        assert catalogue.types(session) == before[1:]
        retired = session.scalars(select(catalogue.TypeRow.name).where(catalogue.TypeRow.retired)).all()
    assert retired == [before[0].name]
    with console.write() as session:
        assert catalogue.keep_types(session, before)
        assert not catalogue.keep_types(session, before)
    with console.read() as session:
        assert catalogue.types(session) == before


# -- caps, duties, releases, frozen months ----------------------------------------------------------------------------


@dataclass(frozen=True)
class House:
    """A house where much has happened: ids of a cap's entry, an accepted delivery's duty, releases."""

    entry: int
    release: int
    voided: int


@pytest.fixture
def house(console: Console, clock: FakeClock) -> House:
    """October frozen and signed by one; duties planned, delivered, sent back, waived; releases corrected; caps used."""
    clock.at = datetime(2026, 10, 14, 2, tzinfo=UTC)
    amend(console, clauses=(*CLAUSES, *CAPS), questions=(), chosen=(), go_live_on=date(2026, 10, 1))
    plan(console)
    entry = ask_cap(console)
    approve(console, entry)
    release, voided = released(console, go_live=True), released(console, version="3.3.0")
    log_ticket(console)
    done(console, "C-33/inspection/2026-10-01/1")
    late = done(console, "C-27/statistics/2026-10-01/1", at=clock.at - timedelta(days=2))
    asked = ask_of_hospital(console)
    clock.forward(days=1)
    with console.write() as session:
        rows, now = {row.key: row.id for row in session.scalars(select(DutyRow))}, console.now()
        deliveries.accept(session, rows["C-27/statistics/2026-10-01/1"], late, claim_counts=False, actor=CHIEF, now=now)
        checked = duty_store.last_delivery(session, rows["C-33/inspection/2026-10-01/1"])
        assert checked is not None
        deliveries.reject(session, checked.duty_id, checked.id, "没有清单", actor=CHIEF, now=now)
        duties.waive(session, asked, "不用了", CHIEF, now)
    with console.write() as session:
        wanted = replace(told_of(session, release), go_live_at=console.now() + timedelta(hours=3))
        assert not correct(session, console, release, wanted)
        assert not correct(session, console, voided, replace(told_of(session, voided), void=True))
    with console.write() as session:
        for change in session.scalars(select(releases.ChangeRow)):
            release_changes.decide(
                session, console.book(session), change.id, agreed=True, answer="", actor=CHIEF, now=console.now()
            )
    accept(console, entry)
    freeze_next(console, clock, "2026-10")
    plan(console)
    sign(console, MANAGER)
    return House(entry, release, voided)


def ask_of_hospital(console: Console) -> int:
    with console.write() as session:
        wanted = duties.Ask("C-46/password", "离职交接", "k" * 12)
        return duties.ask(session, console.book(session), wanted, CHIEF, console.now())


def told_of(session: Session, release_id: int) -> Release:
    row = releases.one(session, release_id)
    assert row is not None
    return releases.release_of(row)


def correct(session: Session, console: Console, release_id: int, wanted: Release) -> bool:
    return release_changes.propose(
        session, console.book(session), release_id, wanted, "记错了", actor=MANAGER, now=console.now()
    )


def tamper(console: Console, statement: str, **values: object) -> None:
    """Change rows as somebody with the database in his hands would."""
    with console.write() as session:
        assert session.execute(text(statement), values).rowcount >= 1  # type: ignore[attr-defined]


def listed(console: Console) -> list[tuple[str, str, str, str, object, object]]:
    """What a self-check lists: kind, which, part, field, the stored value and the computed one."""
    names = ("kind", "ref", "part", "field", "stored", "computed")
    return [tuple(one[name] for name in names) for one in recheck(console)["listed"]]  # type: ignore[misc]


def told(console: Console) -> list[dict[str, Any]]:
    with console.read() as session:
        rows = session.scalars(
            select(OutboxRow).where(OutboxRow.kind == "recheck_difference").order_by(OutboxRow.id)
        ).all()
    assert {row.audience for row in rows} <= {"both"}
    return [json.loads(row.payload) for row in rows]


def duty_id(console: Console, key: str) -> int:
    with console.read() as session:
        found = session.scalar(select(DutyRow.id).where(DutyRow.key == key))
    assert found is not None
    return found


def test_a_house_where_much_has_happened_shows_no_difference(console: Console, house: House) -> None:
    found = recheck(console)
    assert (found["listed"], found["total"], found["left_off"]) == ([], 0, 0)
    looked = found["looked"]
    assert (looked["ticket"], looked["cap"], looked["release"], looked["month"]) == (1, 1, 2, 1)
    with console.read() as session:
        assert looked["duty"] == len(session.scalars(select(DutyRow.id)).all()) > 12
    assert told(console) == []


def test_a_tampered_entry_of_a_cap_is_listed_with_both_values(console: Console, house: House) -> None:
    tamper(console, "UPDATE cap_entry SET state = 'returned', year = 1 WHERE id = :id", id=house.entry)
    assert listed(console) == [
        ("cap", str(house.entry), "", "year", 1, 2), ("cap", str(house.entry), "", "state", "returned", "used"),
    ]  # fmt: skip
    assert told(console) == [{"kind": "cap", "which": str(house.entry)}]


def test_who_asked_for_a_cap_is_never_listed_by_name(console: Console, house: House) -> None:
    tamper(console, "UPDATE cap_entry SET requester = '张三' WHERE id = :id", id=house.entry)
    assert listed(console) == [("cap", str(house.entry), "", "requester", "***", "***")]


def test_a_deleted_entry_of_a_cap_is_listed_as_a_missing_row(console: Console, house: House) -> None:
    tamper(console, "DELETE FROM cap_entry WHERE id = :id", id=house.entry)
    assert listed(console) == [("cap", str(house.entry), "", "row", False, True)]


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ("due_at = '2027-03-01 00:00:00+00:00'", ["due_at"]),
        ("due_at = '2020-03-01 00:00:00+00:00', grace_until = '2020-03-01 00:00:00+00:00'", ["due_at", "grace_until"]),
        ("grace_until = '2027-03-01 00:00:00+00:00'", ["grace_until"]),
        ("waived_at = '2026-10-20 00:00:00+00:00', waived_by = 'hospital'", ["waived_at", "waived_by"]),
        ("accepted_at = '2026-10-20 00:00:00+00:00', delivered_at = '2026-10-14 00:00:00+00:00'",
         ["delivered_at", "accepted_at"]),
        ("name = '别的'", ["name"]),
        ("clause = 'C-99'", ["clause"]),
    ],
)  # fmt: skip
def test_a_tampered_duty_of_a_period_is_listed(console: Console, house: House, changed: str, fields: list[str]) -> None:
    which = duty_id(console, "C-33/inspection/2026-11-01/1")
    tamper(console, f"UPDATE duty SET {_timed(console, changed)} WHERE id = :id", id=which)
    found = listed(console)
    assert sorted({(kind, ref) for kind, ref, *_ in found}) == [("duty", str(which))]
    assert [field for _kind, _ref, _part, field, *_ in found] == fields
    assert told(console) == [{"kind": "duty", "which": str(which)}]


def _timed(console: Console, changed: str) -> str:
    """Instants as each database keeps them."""
    return changed.replace("+00:00'", ".000000'") if console.database.is_sqlite else changed


def test_the_state_of_a_delivered_duty_is_reckoned_from_its_events(console: Console, house: House) -> None:
    which = duty_id(console, "C-27/statistics/2026-10-01/1")
    tamper(console, "UPDATE duty SET delivered_at = NULL, accepted_at = NULL WHERE id = :id", id=which)
    (_k, ref, _p, done_field, stored, done_at), (*_, accepted_field, nothing, _at) = listed(console)
    assert (ref, done_field, stored, accepted_field, nothing) == (str(which), "delivered_at", None, "accepted_at", None)
    assert done_at == "2026-10-14T02:00:00+00:00"  # when it was recorded: the hospital did not take the time claimed


@pytest.mark.parametrize(
    ("key", "month", "name"),
    [
        ("C-33/inspection/2026-11-01/1", "2026-11", "系统巡检"),
        ("C-30/manual/release:1/1", "2026-10", "操作说明"),
        ("C-46/password/request:kkkkkkkkkkkk/1", "2026-10", "改密"),
    ],
)
def test_a_deleted_duty_is_listed_once_and_still_after_the_next_planning(
    console: Console, house: House, key: str, month: str, name: str
) -> None:
    with console.write() as session:  # what a frozen month said of it would hold the row
        said = text("DELETE FROM assessed_duty WHERE duty_id IN (SELECT id FROM duty WHERE key = :key)")
        session.execute(said, {"key": key})
    tamper(console, "DELETE FROM duty WHERE key = :key", key=key)
    assert listed(console) == [("duty", month, key, "row", False, True)]
    plan(console)
    found = recheck_later_listed(console)
    assert [(one["ref"], one["part"], one["name"]) for one in found] == [(month, key, name)]
    assert told(console)[0] == {"kind": "duty", "which": f"{month}/{key}"}


def recheck_later_listed(console: Console) -> list[dict[str, Any]]:
    console.now.forward(minutes=1)  # type: ignore[attr-defined]
    found: list[dict[str, Any]] = recheck(console)["listed"]
    return found


def test_a_duty_that_no_event_made_is_listed(console: Console, house: House) -> None:
    tamper(
        console,
        "INSERT INTO duty SELECT id + 1000, contract_id, version_id, key || 'x', clause, task, name, basis, "
        "period_start, period_end, event, ref, begun_at, asked, due_at, grace_until, provisional, created_at, "
        "delivered_at, accepted_at, waived_at, waived_by, waived_reason, next_look_at FROM duty WHERE key = :key",
        key="C-33/inspection/2026-11-01/1",
    )
    which = duty_id(console, "C-33/inspection/2026-11-01/1x")
    assert listed(console) == [("duty", str(which), "", "row", True, False)]


def test_what_the_contract_makes_owed_and_nobody_planned_is_listed(console: Console, clock: FakeClock) -> None:
    agree(console)
    plan(console)
    clock.at = datetime(2026, 12, 1, 4, tzinfo=UTC)
    assert listed(console) == []  # the period began today: the planning of today makes it
    clock.forward(days=1)
    missing = [(ref, part) for kind, ref, part, *_ in listed(console) if kind == "duty"]
    assert missing == [
        ("2026-12", f"{what}/2026-12-01/1") for what in ("C-27/reconciliation", "C-27/statistics", "C-33/inspection")
    ]
    plan(console)
    assert recheck_later_listed(console) == []


def test_a_tampered_release_is_listed_and_a_moved_beginning_of_its_duty(console: Console, house: House) -> None:
    early = _timed(console, "'2026-10-01 00:00:00+00:00'")
    tamper(console, f"UPDATE release SET released_at = {early}, version = '9' WHERE id = :id", id=house.release)
    found = listed(console)
    assert [(kind, ref, field) for kind, ref, _part, field, *_ in found] == [
        ("release", str(house.release), "version"), ("release", str(house.release), "released_at"),
    ]  # fmt: skip
    assert found[0][4:] == ("9", "3.2.0")
    tamper(console, "UPDATE release SET voided_at = NULL WHERE id = :id", id=house.voided)
    assert ("release", str(house.voided), "", "void", False, True) in recheck_again(console)
    which = duty_id(console, f"C-30/video/release:{house.release}/1")
    tamper(console, f"UPDATE duty SET begun_at = {early}, due_at = {early}, grace_until = {early} WHERE id = {which}")
    fields = [field for kind, ref, _part, field, *_ in recheck_again(console) if (kind, ref) == ("duty", str(which))]
    assert fields == ["due_at", "grace_until", "begun_at"]


def recheck_again(console: Console) -> list[tuple[str, str, str, str, object, object]]:
    console.now.forward(minutes=1)  # type: ignore[attr-defined]
    return listed(console)


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ("facts = facts || ' '", ["facts_sha256"]),
        ("contract = contract || ' '", ["contract_sha256"]),
        ("result = result || ' '", ["digest"]),
        ("result = 'x'", ["digest", "contract_sha256", "facts_sha256", "readable"]),
        ("points = 1", ["points"]),
        ("payable = 1", ["payable"]),
        ("state = 'locked', outcome = 'both'", ["state", "outcome"]),
        ("digest = 'x'", ["told_digest", "digest"]),
    ],
)
def test_a_frozen_month_that_was_changed_is_listed(
    console: Console, house: House, changed: str, fields: list[str]
) -> None:
    tamper(console, f"UPDATE assessment SET {changed}")
    found = listed(console)
    assert {(kind, ref, part) for kind, ref, part, *_ in found} == {("month", "2026-10", "")}
    assert sorted(field for _kind, _ref, _part, field, *_ in found) == sorted(fields)
    assert told(console) == [{"kind": "month", "which": "2026-10"}]


def test_a_deleted_month_is_listed(console: Console, house: House) -> None:
    for table in ("signature", "assessed_ticket", "assessed_duty", "judged_clock", "assessment"):
        tamper(console, f"DELETE FROM {table}")  # noqa: S608 - names of this test
    assert listed(console) == [("month", "2026-10", "", "row", False, True)]


def test_an_open_clock_of_an_old_ticket_is_checked_too(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 6, 3, 2, tzinfo=UTC)
    number = log_ticket(console, needs_onsite=True)
    clock.at = datetime(2026, 11, 20, 2, tzinfo=UTC)
    assert listed(console) == []
    tamper(console, "UPDATE clock SET limit_seconds = 9999 WHERE kind = 'arrival'")
    assert [one[:4] for one in recheck_again(console)] == [("ticket", number, "arrival", "limit_seconds")]


def test_more_differences_than_fit_are_counted(console: Console) -> None:
    for _ in range(6):
        log_ticket(console)
    tamper(console, "DELETE FROM clock")
    tamper(console, "UPDATE ticket SET title = '别的', module = '别的', channel = '当面', department = '别处'")
    found = recheck(console)
    assert (found["total"], len(found["differences"]), found["left_off"]) == (6, 6, 0)
    assert len(found["listed"]) > 24


def test_values_beyond_two_hundred_are_counted_and_things_named() -> None:
    found = Found()
    for n in range(1500):
        found.meet(Thing("cap", str(n)), {"state": "a", "year": n}, {"state": "b", "year": n})
    result = found.result()
    assert (result["total"], len(result["caps"]), len(result["listed"]), result["left_off"]) == (1500, 1000, 200, 1300)
