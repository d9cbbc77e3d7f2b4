"""The nightly self-check finds rows that are not what the events come to, and settles provisional classes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, text, update

from ops_console.adapters.statutory_days import StatutoryDays
from ops_console.console import Console
from ops_console.core.people import SYSTEM
from ops_console.core.statutory import YearDays
from ops_console.services import jobs, reports
from ops_console.store import catalogue
from ops_console.store.clocks import ClockRow, TallyRow
from ops_console.store.messages import OutboxRow
from ops_console.store.tickets import TicketRow
from tests.conftest import FakeClock, log_ticket, make_console

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
