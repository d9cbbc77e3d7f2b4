"""A month assessed on both databases: its figures are the report's, it freezes once, words and carry land right."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.errors import NotFound, Refused
from ops_console.core.frozen_months import assessment_of
from ops_console.core.money import Fee
from ops_console.core.months import DRAFT, FROZEN, HISTORY, RUNNING, freeze_moment
from ops_console.core.people import SYSTEM, Actor
from ops_console.core.terms import terms_from_json
from ops_console.services import assessments, freezes, month_rows
from ops_console.services.assessments import Month
from ops_console.services.corrections import Correction, propose
from ops_console.services.month_words import Desk
from ops_console.store import assessments as store
from ops_console.store import audit
from ops_console.store.contracts import VersionRow
from tests.conftest import DATA, HOSPITAL, VENDOR, FakeClock, do, import_sheet, log_ticket

YEAR = DATA / "tickets-2026.csv"
EXPECTED = json.loads((DATA / "tickets-2026.expected.json").read_text(encoding="utf-8"))
PROVED = replace(HOSPITAL, proved_until=datetime.max.replace(tzinfo=UTC))
OCTOBER = datetime(2026, 10, 14, 2, tzinfo=UTC)  # Wednesday 10:00 in Shanghai


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


def contract(console: Console) -> int:
    with console.read() as session:
        return console.book(session).at(console.now()).contract_id


def look(console: Console, month: str, actor: Actor = HOSPITAL) -> Month:
    with console.read() as session:
        return assessments.of_month(session, console.book(session), contract(console), month, actor, console.now())


def freeze(console: Console, month: str, actor: Actor = PROVED, reason: str = "") -> str:
    with console.write() as session:
        row = freezes.freeze_month(
            session, console.book(session), contract(console), month, actor=actor, now=console.now(), reason=reason
        )
        return row.digest


def past_the_day(console: Console, clock: FakeClock, month: str) -> None:
    """Move the clock past the day on which the month's facts are frozen."""
    found = look(console, month)
    clock.at = found.life.freezes_at + timedelta(minutes=10)


def live_from(console: Console, day: date) -> None:
    """Let the contract count from that day, as the file it was loaded from would say."""
    with console.write() as session:
        row = session.query(VersionRow).one()
        row.terms = replace(terms_from_json(row.terms), go_live_on=day, fee=Fee(93_600_000)).as_json()
    console.shelf.forget()


def line(found: Month, limit: str):  # type: ignore[no-untyped-def]
    return next(one for one in found.assessment.limits if one.limit == limit)


def test_every_months_draft_has_exactly_the_reports_figures(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 11, 20, 10, tzinfo=UTC)
    status, _ = import_sheet(console, YEAR)
    assert status == "done"
    for month, kinds in EXPECTED.items():
        found = look(console, month)
        for limit in found.basis.terms.limits:
            for klass in limit.classes:
                wanted = kinds.get(limit.clock, {}).get(klass)
                if wanted is None:
                    continue
                mine = [one for one in found.facts.judged if one.limit == limit.id and one.klass == klass]
                outcomes = [one.outcome for one in mine]
                assert (outcomes.count("kept"), outcomes.count("broken"), outcomes.count("open")) == (
                    wanted["met"], wanted["breached"], wanted["running"],
                ), (month, limit.id, klass)  # fmt: skip


def test_a_month_is_frozen_after_its_fifth_workday_and_never_moves_again(console: Console, clock: FakeClock) -> None:
    live_from(console, date(2026, 10, 1))
    number = log_ticket(console)
    clock.forward(minutes=31)
    do(console, number, core.RESPONDED)
    clock.at = datetime(2026, 11, 3, 2, tzinfo=UTC)
    assert look(console, "2026-10").state == DRAFT
    with pytest.raises(Refused, match="才冻结"):
        freeze(console, "2026-10")
    past_the_day(console, clock, "2026-10")
    digest = freeze(console, "2026-10")
    found = look(console, "2026-10")
    assert (found.state, found.row.digest, line(found, "C-15").broken) == (FROZEN, digest, (number,))
    command = Correction(number, "responded_at", "2026-10-14T02:29:00+00:00", "看错了钟")
    with console.write() as session:
        propose(session, console.book(session), command, VENDOR, console.now())
    do(console, number, core.CORRECTION_DECIDED, HOSPITAL, field="responded_at", approved=True)
    again = look(console, "2026-10")
    assert again.assessment == found.assessment
    assert again.row.digest == digest
    november = look(console, "2026-11")
    assert (line(november, "C-15").population, line(november, "C-15").corrected) == (0, (number,))
    (one,) = november.facts.judged
    assert (one.was, one.outcome, one.month) == ("broken", "kept", "2026-10")


def test_a_clock_that_ran_at_the_freeze_is_judged_once_in_the_month_it_settles(
    console: Console, clock: FakeClock
) -> None:
    live_from(console, date(2026, 10, 1))
    clock.at = datetime(2026, 10, 30, 2, tzinfo=UTC)
    number = log_ticket(console, needs_onsite=True)
    do(console, number, core.RESPONDED)
    do(console, number, core.ARRIVED)
    do(console, number, core.SUSPEND, reason="等HIS厂商")
    do(console, number, core.SUSPENSION_DECIDED, HOSPITAL, approved=True)
    past_the_day(console, clock, "2026-10")
    freeze(console, "2026-10")
    october = look(console, "2026-10")
    assert (line(october, "C-18").population, line(october, "C-18").open) == (0, (number,))
    assert line(look(console, "2026-11"), "C-18").population == 0
    clock.at = datetime(2026, 11, 20, 2, tzinfo=UTC)
    do(console, number, core.RESUMED)
    clock.forward(minutes=20)
    do(console, number, core.RESTORE)
    november = look(console, "2026-11")
    assert (line(november, "C-18").carried, line(november, "C-18").kept) == ((number,), 1)
    past_the_day(console, clock, "2026-11")
    freeze(console, "2026-11")
    assert line(look(console, "2026-12"), "C-18").population == 0


def test_months_are_frozen_in_order_and_none_before_go_live(console: Console, clock: FakeClock) -> None:
    live_from(console, date(2026, 10, 1))
    assert look(console, "2026-09").state == HISTORY
    assert look(console, "2026-10").state == RUNNING
    clock.at = datetime(2026, 12, 20, 2, tzinfo=UTC)
    with pytest.raises(Refused, match="不考核"):
        freeze(console, "2026-09")
    with pytest.raises(Refused, match="先冻结"):
        freeze(console, "2026-11")
    freeze(console, "2026-10")
    freeze(console, "2026-11")
    with pytest.raises(Refused, match="还没有结束"):
        freeze(console, "2026-12")
    with pytest.raises(Refused, match="之后已有冻结的月份"):
        freeze(console, "2026-10", reason="再来一次")


def test_nothing_reported_before_go_live_is_judged_or_counted(console: Console, clock: FakeClock) -> None:
    live_from(console, date(2026, 10, 20))
    early = log_ticket(console)
    clock.at = datetime(2026, 10, 19, 16, tzinfo=UTC)  # 00:00 of the 20th in Shanghai
    first = log_ticket(console)
    clock.forward(hours=3)
    found = look(console, "2026-10")
    assert [ticket.number for ticket in found.facts.tickets] == [first]
    assert early not in {one.number for one in found.facts.judged}
    assert line(found, "C-16").broken == (first,)


def test_the_fee_of_the_month_is_a_twelfth_and_nothing_is_deducted_without_a_case(
    console: Console, clock: FakeClock
) -> None:
    live_from(console, date(2026, 10, 1))
    money = look(console, "2026-10").assessment.money
    assert (money.fee, money.payable, money.lines, money.words) == (7_800_000, 7_800_000, (), "柒万捌仟元整")


def test_words_are_noted_by_the_right_side_and_belong_to_what_is_signed(console: Console, clock: FakeClock) -> None:
    live_from(console, date(2026, 10, 1))
    number = log_ticket(console)
    past_the_day(console, clock, "2026-10")
    before = freeze(console, "2026-10")

    def desk(session, actor: Actor) -> Desk:  # type: ignore[no-untyped-def]
        book = console.book(session)
        return Desk(session, book, contract(console), "2026-10", actor=actor, now=console.now())

    with console.write() as session:
        desk(session, VENDOR).explain(f"C-15/{number}", "当时在抢修另一处故障")
        desk(session, VENDOR).object("C-15", "医院的电话打到了旧号码")
    with console.write() as session, pytest.raises(Refused):
        desk(session, HOSPITAL).explain(f"C-15/{number}", "代乙方写的")
    found = look(console, "2026-10")
    (objection,) = [word for word in found.words if word.kind == "objected"]
    with console.write() as session, pytest.raises(Refused, match="本方提出"):
        desk(session, VENDOR).answer(objection.id, "upheld", "成立")
    with console.write() as session:
        desk(session, PROVED).answer(objection.id, "rejected", "号码没有变过")
    after = look(console, "2026-10")
    assert after.row.digest != before
    assert json.loads(after.row.result)["disputes"] == [
        {"id": objection.id, "outcome": "rejected", "side": "vendor", "target": "C-15"}
    ]
    assert after.assessment.limits == found.assessment.limits
    with console.read() as session:
        kinds = [event.kind for _, _, event in audit.about(session, "month")]
        assert audit.first_broken(session) is None
    assert kinds == [
        "month_reissued", "month_answered", "month_reissued", "month_objected", "month_reissued", "month_explained",
        "month_frozen",
    ]  # fmt: skip


def test_no_text_that_people_typed_stands_in_a_frozen_month(console: Console, clock: FakeClock) -> None:
    live_from(console, date(2026, 10, 1))
    log_ticket(console, title="王小明打不开处方", reporter="李护士", department="药房")
    past_the_day(console, clock, "2026-10")
    freeze(console, "2026-10")
    row = look(console, "2026-10").row
    for text in (row.contract, row.facts, row.result):
        assert "王小明" not in text
        assert "李护士" not in text


def test_the_rows_behind_a_figure_are_exactly_those_it_counts(console: Console, clock: FakeClock) -> None:
    clock.at = datetime(2026, 11, 20, 10, tzinfo=UTC)
    import_sheet(console, YEAR)
    found = look(console, "2026-04")
    with console.read() as session:
        for limit in found.basis.terms.limits:
            counted = line(found, limit.id)
            wanted = {
                "population": counted.population, "kept": counted.kept, "raw": counted.kept_raw,
                "broken": len(counted.broken), "unproven": len(counted.unproven), "open": len(counted.open),
            }  # fmt: skip
            for which, n in wanted.items():
                rows = month_rows.clock_rows(
                    session, console.book(session), contract(console), "2026-04", limit.id, which, actor=HOSPITAL,
                    now=console.now(),
                )  # fmt: skip
                assert len(rows.rows) == n, (limit.id, which)
        with pytest.raises(NotFound):
            month_rows.clock_rows(
                session, console.book(session), contract(console), "2026-04", "C-99", "kept", actor=HOSPITAL,
                now=console.now(),
            )  # fmt: skip


def test_what_is_frozen_says_of_every_clock_what_its_documents_say(console: Console, clock: FakeClock) -> None:
    live_from(console, date(2026, 10, 1))
    log_ticket(console)
    past_the_day(console, clock, "2026-10")
    freeze(console, "2026-10")
    found = look(console, "2026-10")
    with console.read() as session:
        rows = session.query(store.JudgedRow).all()
    assert {(row.limit_id, row.outcome, row.seconds) for row in rows} == {
        (one.limit, one.outcome, one.seconds) for one in found.facts.judged
    }
    assert assessment_of(assessments.documents_of(found.row)) == found.assessment


def test_a_month_that_somebody_froze_before_the_jobs_turn_stays_as_it_is(console: Console, clock: FakeClock) -> None:
    live_from(console, date(2026, 10, 1))
    past_the_day(console, clock, "2026-10")
    by_hand = freeze(console, "2026-10")
    clock.forward(minutes=1)
    assert freeze(console, "2026-10", SYSTEM) == by_hand
    with console.read() as session:
        row = store.of_month(session, contract(console), "2026-10")
        assert row is not None
        assert (row.revision, row.frozen_by) == (1, PROVED.account)
        assert [event.kind for _, event in audit.of_subject(session, "month", ["month_frozen"])] == ["month_frozen"]


def test_the_day_of_freezing_follows_holidays_and_make_up_days(console: Console) -> None:
    with console.read() as session:
        book = console.book(session)
        calendar = next(iter(book.calendars.values()))
    # October 2026 begins with a holiday to the 7th; the 10th, a Saturday, is worked: 8, 9, 10, 12, 13.
    assert freeze_moment("2026-09", 5, calendar) == datetime(2026, 10, 13, 16, tzinfo=UTC)
    assert freeze_moment("2026-12", 5, calendar) > datetime(2027, 1, 5, tzinfo=UTC)
