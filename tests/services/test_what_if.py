"""What another answer would change: a month beside itself and the tickets that flip; nothing stored or locked moves."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.errors import Refused
from ops_console.core.people import actor_of
from ops_console.services import what_if
from ops_console.services.what_if import Counts, Flip, WhatIf
from ops_console.store.clocks import ClockRow
from tests.conftest import HOSPITAL, FakeClock, do, import_sheet, log_ticket
from tests.services.test_readings import HOTLINE, agree, late_fault, run_jobs
from tests.sheets import rows as sheet_rows
from tests.sheets import write_sheet

NOVEMBER = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai, a working day


def compare(
    console: Console, answers: dict[str, str], month: str = "2026-11", locked_until: date | None = None
) -> WhatIf:
    with console.read() as session:
        return what_if.what_if(
            session, console.book(session), month, answers, HOSPITAL, console.now(), locked_until=locked_until
        )


def limits(found: WhatIf) -> dict[str, tuple[Counts, Counts]]:
    return {name: (old, new) for name, old, new in found.limits}


def rows(console: Console) -> list[tuple[object, ...]]:
    with console.read() as session:
        return [tuple(row) for row in session.execute(select(ClockRow.__table__).order_by(ClockRow.id))]


def test_a_late_answer_in_working_time_is_kept_by_the_hotline_s_two_hours(console: Console, clock: FakeClock) -> None:
    number = late_fault(console, clock, NOVEMBER)
    before = rows(console)
    found = compare(console, {"K1": "hotline"})
    assert limits(found) == {"C-15": (Counts(0, 1), Counts()), "C-38": (Counts(), Counts(1, 1))}
    assert found.flips == (Flip(number, "故障", "responded", "C-15", "breached", "C-38", "met"),)
    assert (found.month, found.tickets) == ("2026-11", 1)
    assert rows(console) == before


def test_the_boundary_second_of_the_other_limit(console: Console, clock: FakeClock) -> None:
    for minutes in (120, 121):
        late_fault(console, clock, NOVEMBER, minutes)
    found = compare(console, {"K1": "hotline"})
    assert limits(found)["C-38"] == (Counts(), Counts(1, 2))
    assert len(found.flips) == 1


def test_the_same_answer_as_now_changes_nothing(console: Console, clock: FakeClock) -> None:
    late_fault(console, clock, NOVEMBER)
    found = compare(console, {"K1": "tighter"})
    assert all(old == new for _name, old, new in found.limits)
    assert found.flips == ()


def test_an_answer_that_touches_no_limit_changes_none(console: Console, clock: FakeClock) -> None:
    late_fault(console, clock, NOVEMBER)
    assert compare(console, {"K7": "capped", "K3": "whole"}).flips == ()


def test_a_fault_mended_from_afar_would_have_six_hours(console: Console, clock: FakeClock) -> None:
    clock.at = NOVEMBER
    numbers = [log_ticket(console), log_ticket(console)]
    for number, hours in zip(numbers, (6, 1 / 3600), strict=True):
        clock.forward(hours=hours)
        do(console, number, "responded")
        do(console, number, "restored")
    found = compare(console, {"K6": "six_hours"})
    assert limits(found)["C-18"] == (Counts(), Counts(1, 2))
    assert [(flip.number, flip.old_limit, flip.new) for flip in found.flips] == [(numbers[1], "", "breached")]


def test_what_still_runs_is_counted_apart(console: Console, clock: FakeClock) -> None:
    clock.at = NOVEMBER
    log_ticket(console)
    clock.forward(minutes=10)
    found = compare(console, {"K1": "hotline"})
    assert limits(found) == {"C-15": (Counts(running=1), Counts()), "C-38": (Counts(), Counts(running=1))}
    clock.forward(minutes=21)
    assert [flip.new for flip in compare(console, {"K1": "hotline"}).flips] == ["running"]


def test_a_month_without_tickets_has_no_figures(console: Console) -> None:
    assert compare(console, {"K1": "hotline"}) == WhatIf("2026-11", (), (), 0)


def test_a_ticket_of_the_last_second_belongs_to_its_month(console: Console, clock: FakeClock) -> None:
    for at in (datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC), datetime(2026, 10, 31, 16, 0, tzinfo=UTC)):
        late_fault(console, clock, at)
    for month in ("2026-10", "2026-11"):
        found = compare(console, {"K1": "hotline"}, month)
        assert (found.tickets, len(found.flips)) == (1, 1)


@pytest.mark.parametrize("locked_until", [date(2026, 11, 30), date(2026, 12, 31)])
def test_a_locked_month_never_moves(console: Console, clock: FakeClock, locked_until: date) -> None:
    late_fault(console, clock, NOVEMBER)
    found = compare(console, {"K1": "hotline"}, locked_until=locked_until)
    assert found.locked
    assert limits(found) == {"C-15": (Counts(0, 1), Counts(0, 1))}
    assert found.flips == ()
    assert not compare(console, {"K1": "hotline"}, locked_until=date(2026, 10, 31)).locked


def test_both_directions_agree_once_the_other_answer_is_in_force(console: Console, clock: FakeClock) -> None:
    number = late_fault(console, clock, NOVEMBER)
    expected = limits(compare(console, {"K1": "hotline"}))
    clock.at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    agree(console, HOTLINE)
    run_jobs(console)
    now = limits(compare(console, {}))
    assert {name: old for name, (old, _new) in now.items()} == {
        name: new for name, (_old, new) in expected.items() if new != Counts()
    }
    back = compare(console, {"K1": "tighter"})
    assert back.flips == (Flip(number, "故障", "responded", "C-38", "met", "C-15", "breached"),)


def test_who_may_not_read_reports_sees_no_what_if(console: Console) -> None:
    administrator = actor_of("a", "管理员", "administrator")
    with console.read() as session, pytest.raises(Refused, match="没有这项权限"):
        what_if.what_if(session, console.book(session), "2026-11", {}, administrator, console.now())


def test_how_many_of_the_last_full_months_each_answer_would_change(console: Console, clock: FakeClock) -> None:
    assert what_if.full_months(clock.at) == ("2026-08", "2026-09", "2026-10")
    for month in (7, 8, 10, 11):  # July and November are none of the three
        late_fault(console, clock, datetime(2026, month, 9, 1, 0, tzinfo=UTC))
    clock.at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    with console.read() as session:
        found = what_if.impacts(session, console.book(session), what_if.full_months(clock.at), HOSPITAL, console.now())
    assert found == {("K1", "hotline"): 2, ("K6", "six_hours"): 2}  # none of them was ever mended


def test_a_month_of_250_tickets_is_compared_within_two_seconds(console: Console, tmp_path: Path) -> None:
    late = [{**one, "响应时间": "2026-11-19 09:40:00"} for one in sheet_rows(250)]
    assert import_sheet(console, write_sheet(tmp_path / "month.csv", *late))[0] == "done"
    begun = time.perf_counter()
    found = compare(console, {"K1": "hotline"})
    assert time.perf_counter() - begun < 2
    assert (found.tickets, len(found.flips)) == (250, 250)
