"""今日收尾 on both databases: what is left, until nothing is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.services.closing import Closing, Reminder, closing, is_time
from tests.conftest import NOON, VENDOR, FakeClock, do, log_ticket
from tests.services.test_corrections import ask, decide


def look(console: Console) -> Closing:
    with console.read() as session:
        return closing(session, console.book(session), VENDOR, console.now())


def left(console: Console) -> dict[str, list[str]]:
    return {section.key: [row.number for row in section.rows] for section in look(console).sections if section.rows}


def test_an_empty_house_is_done(console: Console) -> None:
    assert look(console).is_done
    assert look(console).tomorrow == ()


def test_each_thing_left_stands_in_its_section_until_it_is_done(console: Console, clock: FakeClock) -> None:
    blank = log_ticket(console, type="", module="", title="", incomplete=True)
    partly = log_ticket(console, module="", incomplete=True)
    away = log_ticket(console, needs_onsite=True)
    fixed = log_ticket(console)
    late = log_ticket(console, reported_at=NOON - timedelta(hours=1))
    for number in (away, fixed):
        do(console, number, core.RESPONDED)
    clock.forward(minutes=5)
    do(console, fixed, core.RESTORE)
    assert left(console) == {
        "empty": [blank], "partly": [partly], "check_in": [away], "evidence": [fixed], "late": [late],
    }  # fmt: skip
    do(console, away, core.ARRIVED)
    assert "check_in" not in left(console)
    clock.forward(days=1)
    assert set(left(console)) == {"empty", "partly"}


def agree(console: Console, number: str, day: str) -> None:
    """Both parties agree on a day of delivery."""
    ask(console, number, "agreed_on", day)
    decide(console, number, "agreed_on", day)


def asked(console: Console) -> list[tuple[str, str]]:
    """Why each ticket is on the list of what runs out today, then on that of the next working day."""
    found = look(console)
    return [(duty.why, duty.row.number) for duty in (*found.tonight, *found.tomorrow)]


def test_what_runs_out_before_midnight_is_todays_and_the_rest_the_next_working_days(
    console: Console, clock: FakeClock
) -> None:
    """NOON is 18:00 on a Friday: an inquiry has two hours."""
    tonight = log_ticket(console, type="咨询")
    clock.forward(hours=4, seconds=1)
    weekend = log_ticket(console, type="咨询")
    found = look(console)
    assert [(duty.why, duty.row.number) for duty in found.tonight] == [("overdue", tonight)]
    assert [(duty.why, duty.row.number) for duty in found.tomorrow] == [("due", weekend)]
    clock.forward(hours=2)
    assert [duty.row.number for duty in look(console).tonight] == [tonight, weekend]  # a new day


def test_tomorrow_asks_for_what_is_due_by_ten_overdue_and_suspended(console: Console, clock: FakeClock) -> None:
    due = log_ticket(console, type="咨询")
    held_up = log_ticket(console, type="配置变更")
    do(console, held_up, core.RESPONDED)
    do(console, held_up, core.SUSPEND, reason="等厂商", cause="第三方原因")
    assert asked(console) == [("due", due), ("on_hold", held_up)]
    clock.forward(hours=2, seconds=1)
    assert asked(console) == [("overdue", due), ("on_hold", held_up)]
    do(console, due, core.RESPONDED)
    assert asked(console) == [("on_hold", held_up)]


def test_agreed_days_are_asked_for_from_the_working_day_before_until_they_are_kept(
    console: Console, clock: FakeClock
) -> None:
    """NOON is a Friday: the next working day is the Monday, and nothing asks on a Saturday for what is due later."""
    defect, later = log_ticket(console, type="缺陷"), log_ticket(console, type="缺陷")
    for number, day in ((defect, "2026-11-23"), (later, "2026-11-24")):
        do(console, number, core.RESPONDED)
        agree(console, number, day)
    assert look(console).next_day == date(2026, 11, 23)
    assert asked(console) == [("delivery", defect)]
    clock.forward(days=3)
    assert asked(console) == [("delivery", defect), ("delivery", later)]
    clock.forward(days=1)
    assert asked(console) == [("late_delivery", defect), ("delivery", later)]
    do(console, defect, core.RESTORE)
    agree(console, later, "2026-12-31")
    assert asked(console) == []


def test_the_mark_stands_from_1750_while_something_is_left_and_is_looked_up_once_a_minute(
    console: Console, clock: FakeClock
) -> None:
    reminder = Reminder()

    def stands() -> bool:
        with console.read() as session:
            return reminder.stands(session, console.book(session), console.now())

    assert is_time(datetime(2026, 11, 20, 9, 50, tzinfo=UTC))
    assert not is_time(datetime(2026, 11, 20, 9, 49, 59, tzinfo=UTC))
    assert not stands()
    log_ticket(console, title="", incomplete=True)
    assert not stands()
    clock.forward(minutes=1)
    assert stands()
    clock.at = datetime(2026, 11, 21, 9, 49, 59, tzinfo=UTC)
    assert not stands()
