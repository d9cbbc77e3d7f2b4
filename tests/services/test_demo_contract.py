"""The demo year's contract: storylines of domain §6.7 as the chief's screen shows them, in a small year built once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops_console.adapters.demo.texts import read_texts
from ops_console.console import Console
from ops_console.core.demo_year import begun
from ops_console.core.moments import ZONE
from ops_console.core.months import LOCKED, REJECTED
from ops_console.core.payments import NOTHING, PAID
from ops_console.core.people import actor_of
from ops_console.services import breaches, demo, mirrors, months, payments, samples
from ops_console.settings import demo_of
from ops_console.store import assessments, audit, caps, releases
from ops_console.store import contracts as contract_rows
from ops_console.store import signatures as signature_rows
from tests.conftest import FakeClock, copy_sqlite, make_console
from tests.demo_houses import hands_of

END = datetime(2026, 12, 31, 20, tzinfo=ZONE).astimezone(UTC)
CHIEF = actor_of("zhou.min", "周敏", "hospital", on_clean_device=True)
MANAGER = actor_of("zhao.lei", "赵磊", "manager")


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Console]:
    """The whole year with one ticket in twelve, under the demo's contract."""
    folder = tmp_path_factory.mktemp("year")
    copy_sqlite(sqlite_template, folder)
    clock = FakeClock()
    console = make_console(folder, clock)
    with console.write() as session:
        (row,) = contract_rows.versions(session)
        terms = demo_of(console.settings).terms
        row.terms, row.digest, row.counts_from = terms.as_json(), terms.digest(), terms.counts_from
        row.proposed_at = begun()
    console.shelf.forget()
    hands = hands_of(console, clock)
    clock.at = begun()
    demo.build(hands, read_texts(), END, lambda *_: None, scale=0.08, live=False)
    clock.at = END
    yield console
    console.close()


def screen(console: Console, month: str) -> months.Screen:
    """The chief's screen of a month."""
    with console.read() as session:
        return months.screen(session, console.book(session), 1, month, actor=CHIEF, now=END)


def test_every_month_is_explained_signed_by_both_and_paid(year: Console) -> None:
    with year.read() as session:
        assert audit.first_broken(session) is None
        finance = payments.of_year(session, year.book(session), 1, 1, actor=CHIEF, now=END)
        signed = [
            {row.side for row in signature_rows.of_assessment(session, found.id, found.digest)}
            for found in assessments.frozen(session, 1)
        ]
    assert signed == [{"hospital", "vendor"}] * 11
    assert [due.status for due in finance.dues[:11]] == [PAID] * 8 + [NOTHING] + [PAID] * 2
    for number in range(1, 12):
        shown = screen(year, f"2026-{number:02}")
        assert shown.month.state == LOCKED
        assert shown.unexplained == ()
        assert shown.month.assessment.points is not None


def test_the_chief_was_called_for_every_month_and_the_vendor_sees_it_once_locked(year: Console) -> None:
    with year.read() as session:
        for number in range(1, 12):
            month = f"2026-{number:02}"
            result = samples.result(session, 1, month, MANAGER, is_locked=lambda _month: True)
            assert result is not None
            assert result.true + result.false + result.unreachable == result.n >= 5, month


def test_the_night_of_new_year_is_a_case_left_to_be_decided(year: Console) -> None:
    with year.read() as session:
        listed = breaches.listing(session, breaches.asked("", "", ""), CHIEF, page=1).cases
        states = [one.case.state for one in listed]
    assert sorted(states) == ["executed", "heard", "not_upheld"]


def test_the_leak_of_september_costs_that_months_fee_beside_a_good_score(year: Console) -> None:
    shown = screen(year, "2026-09").month.assessment
    assert [(line.kind, line.clause, line.amount) for line in shown.money.lines] == [("penalty", "C-55", 1_000_000)]
    assert shown.money.payable == 0
    assert shown.points is not None and shown.points >= 8500


def test_what_the_upgrade_of_may_asked_for_is_free_and_uses_no_cap(year: Console) -> None:
    with year.read() as session:
        book = year.book(session)
        mirror = mirrors.mirror(session, book, 1, "2026-05", actor=MANAGER, now=END)
        entries = [one for one in caps.of_contract(session, 1) if "HIS" in one.title]
    assert entries == []
    assert {work.clause: work.minutes for work in mirror.free}["C-03"] == 3600


def test_the_video_of_june_and_the_penetration_test_came_late(year: Console) -> None:
    june, december = screen(year, "2026-06"), screen(year, "2026-12")
    (video,) = [duty for duty in june.duties["C-30"] if duty.task == "video" and duty.state == "late"]
    assert video.delivered_at is not None
    assert video.delivered_at.astimezone(ZONE).date().isoformat() == "2026-06-23"
    (pentest,) = december.duties["C-51"]
    assert pentest.state == "late"
    assert pentest.delivered_at is not None
    assert (pentest.delivered_at - pentest.due_at).days == 13


def test_the_dispute_of_april_was_answered(year: Console) -> None:
    disputes = screen(year, "2026-04").disputes
    assert [dispute.answer.outcome for dispute in disputes if dispute.answer] == [REJECTED]


def test_fourteen_releases_and_four_versions_are_registered(year: Console) -> None:
    with year.read() as session:
        counts = releases.counts(session)
    assert counts == {"update": 14, "version": 4}
