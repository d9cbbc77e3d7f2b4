"""A contract's final settlement: what would have landed after its last month is computed, frozen and shown once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.errors import Refused
from ops_console.core.money import Fee
from ops_console.core.months import FROZEN, HISTORY, assessed_months, final_month
from ops_console.core.terms import Terms, terms_from_json
from ops_console.services import assessments, freezes, month_reports, months, payments
from ops_console.services.assessments import Month
from ops_console.services.corrections import Correction, propose
from ops_console.services.months import Screen
from ops_console.store.contracts import VersionRow
from tests import breach_cases
from tests.breach_cases import STEPS
from tests.caps import CHIEF, ENGINEER
from tests.conftest import FakeClock, do, log_ticket
from tests.duties import released, shanghai
from tests.test_recalculate_month import differences

FEE = 7_800_000


@pytest.fixture
def clock() -> FakeClock:
    """Here it is Monday 2 November, 9 o'clock in Shanghai."""
    return FakeClock(shanghai("2026-11-02 09:00"))


@pytest.fixture(autouse=True)
def ending(console: Console, clock: FakeClock) -> None:
    """The contract runs from October to the end of November."""
    with console.write() as session:
        row = session.query(VersionRow).one()
        terms: Terms = replace(
            terms_from_json(row.terms), ends_on=date(2026, 11, 30), go_live_on=date(2026, 11, 1), fee=Fee(12 * FEE)
        )
        row.terms, row.digest = terms.as_json(), terms.digest()
    console.shelf.forget()


def look(console: Console, month: str) -> Month:
    with console.read() as session:
        return assessments.of_month(session, console.book(session), 1, month, CHIEF, console.now())


def screen(console: Console, month: str) -> Screen:
    with console.read() as session:
        return months.screen(session, console.book(session), 1, month, actor=CHIEF, now=console.now())


def freeze(console: Console, clock: FakeClock, month: str) -> None:
    clock.at = max(clock.at, look(console, month).life.freezes_at + timedelta(minutes=10))
    with console.write() as session:
        freezes.freeze_month(session, console.book(session), 1, month, actor=CHIEF, now=console.now())


def line(found: Month, limit: str) -> Any:
    return next(one for one in found.assessment.limits if one.limit == limit)


def correct(console: Console, number: str, field: str, value: str) -> None:
    with console.write() as session:
        command = Correction(number, field, value, "看错了钟")
        propose(session, console.book(session), command, ENGINEER, console.now())
    do(console, number, core.CORRECTION_DECIDED, CHIEF, field=field, approved=True)


def test_the_month_after_the_last_is_the_final_settlement_and_the_last_one_there_is(console: Console) -> None:
    with console.read() as session:
        term = console.book(session).term_of(1)
    assert term is not None
    assert final_month(term) == "2026-12"
    at = {month: assessed_months(term, shanghai(f"{month}-20 09:00")) for month in ("2026-11", "2026-12", "2027-05")}
    assert at == {"2026-11": ("2026-11",), "2026-12": ("2026-11", "2026-12"), "2027-05": ("2026-11", "2026-12")}


def test_what_was_open_at_the_end_is_judged_there_once(console: Console, clock: FakeClock) -> None:
    clock.at = shanghai("2026-11-27 10:00")
    number = log_ticket(console, needs_onsite=True)
    do(console, number, core.RESPONDED)
    do(console, number, core.ARRIVED)
    do(console, number, core.SUSPEND, reason="等HIS厂商")
    do(console, number, core.SUSPENSION_DECIDED, CHIEF, approved=True)
    freeze(console, clock, "2026-11")
    assert line(look(console, "2026-11"), "C-18").open == (number,)
    do(console, number, core.RESUMED)
    clock.forward(minutes=20)
    do(console, number, core.RESTORE)

    final = look(console, "2026-12")
    assert final.life.is_final
    assert (line(final, "C-18").carried, line(final, "C-18").kept) == ((number,), 1)
    freeze(console, clock, "2026-12")
    assert look(console, "2026-12").state == FROZEN
    assert line(look(console, "2026-12"), "C-18").carried == (number,)


def test_a_correction_after_the_end_lands_there(console: Console, clock: FakeClock) -> None:
    number = log_ticket(console)
    clock.forward(minutes=31)
    do(console, number, core.RESPONDED)
    freeze(console, clock, "2026-11")
    correct(console, number, "responded_at", "2026-11-02T01:29:00+00:00")
    found = screen(console, "2026-11")
    assert line(found.month, "C-15").broken == (number,)
    assert found.final is not None
    assert (found.final.corrected, found.final.carried, found.final.is_empty) == (1, 0, False)
    assert line(look(console, "2026-12"), "C-15").corrected == (number,)


def test_what_is_reported_after_the_end_is_none_of_the_contract_s(console: Console, clock: FakeClock) -> None:
    freeze(console, clock, "2026-11")
    log_ticket(console)
    late = log_ticket(console)
    assert look(console, "2026-12").facts.tickets == ()
    correct(console, late, "reported_at", "2026-11-30T15:59:59+00:00")
    assert [one.number for one in look(console, "2026-12").facts.tickets] == [late]
    assert line(look(console, "2026-12"), "C-16").population == 1


def finance(console: Console) -> Any:
    with console.read() as session:
        return payments.of_year(session, console.book(session), 1, None, actor=CHIEF, now=console.now())


def executed(console: Console, clock: FakeClock, **given: Any) -> str:
    occurred = shanghai("2026-11-20 10:00")
    times = {"occurred_at": occurred, "known_at": occurred, "reported_at": occurred + timedelta(hours=2)}
    number = breach_cases.case_in(console, "approved", times=times)
    doing = next(step for step in STEPS if step[0] == "executed")
    breach_cases.act(console, doing[1], number, doing[2], **given)
    return number


def test_a_deduction_executed_after_the_end_is_taken_there(console: Console, clock: FakeClock) -> None:
    freeze(console, clock, "2026-11")
    number = executed(console, clock, month="2026-12", note="结转")
    final = look(console, "2026-12")
    (money,) = final.assessment.money.lines
    assert (money.kind, money.clause, money.amount, money.month, money.basis) == (
        "earlier", "C-55", FEE, "2026-11", number,
    )  # fmt: skip
    assert (final.assessment.money.fee, final.assessment.money.payable) == (None, None)
    assert (final.basis.sheet, final.assessment.points) == (None, None)
    found = screen(console, "2026-11").final
    assert found is not None
    assert (found.deducted, found.month.life.month) == (FEE, "2026-12")
    assert [one.text for one in finance(console).warnings if "终期结算" in one.text] == []
    freeze(console, clock, "2026-12")
    assert look(console, "2026-12").assessment.money.lines == (money,)
    (told,) = (one for one in finance(console).warnings if "终期结算" in one.text)
    assert (told.values["month"], told.values["sum"]) == ("2026-12", "78,000.00")


def test_the_independent_program_finds_every_figure_of_it(console: Console, clock: FakeClock, tmp_path: Path) -> None:
    number = log_ticket(console)
    clock.forward(minutes=31)
    do(console, number, core.RESPONDED)
    freeze(console, clock, "2026-11")
    correct(console, number, "responded_at", "2026-11-02T01:29:00+00:00")
    executed(console, clock, month="2026-12", note="结转")
    freeze(console, clock, "2026-12")
    row = look(console, "2026-12").row
    assert row is not None
    for name, text in (("contract.json", row.contract), ("facts.jsonl", row.facts), ("month.json", row.result)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert differences(tmp_path) == []


def test_no_deduction_goes_past_the_final_settlement(console: Console, clock: FakeClock) -> None:
    freeze(console, clock, "2026-11")
    with pytest.raises(Refused, match="终期结算是 2026-12"):
        executed(console, clock, month="2027-01", note="结转")


def test_what_a_month_s_fee_could_not_bear_is_taken_there(console: Console, clock: FakeClock) -> None:
    with console.write() as session:
        row = session.query(VersionRow).one()
        terms = terms_from_json(row.terms)
        row.terms = replace(terms, go_live_on=date(2026, 10, 1)).as_json()
    console.shelf.forget()
    freeze(console, clock, "2026-10")  # in November
    first = breach_cases.case_in(console, "approved", times=_times("2026-10-20 10:00"))
    breach_cases.act(console, "execute", first, breach_cases.CHIEF, month="2026-11", note="结转")
    second = breach_cases.case_in(console, "approved", times=_times("2026-11-05 10:00"))
    breach_cases.act(console, "execute", second, breach_cases.CHIEF)
    november = look(console, "2026-11").assessment.money
    assert (november.payable, november.carried_over) == (0, FEE)
    freeze(console, clock, "2026-11")
    kept = look(console, "2026-11").row
    assert kept is not None
    (money,) = look(console, "2026-12").assessment.money.lines
    assert (money.amount, money.month, money.basis) == (FEE, "2026-11", f"2026-11 {kept.digest[:12]}")


def _times(text: str) -> dict[str, Any]:
    at = shanghai(text)
    return {"occurred_at": at, "known_at": at, "reported_at": at + timedelta(hours=2)}


def test_a_duty_that_falls_due_after_the_end_belongs_there(console: Console, clock: FakeClock) -> None:
    clock.at = shanghai("2026-11-30 10:00")
    released(console)
    freeze(console, clock, "2026-11")
    tasks = {duty.task for duty in look(console, "2026-12").facts.duties}
    assert tasks
    found = screen(console, "2026-11").final
    assert found is not None
    assert found.duties == len(look(console, "2026-12").facts.duties)


def test_nothing_after_the_end_is_told_as_nothing(console: Console, clock: FakeClock) -> None:
    assert screen(console, "2026-11").final is None  # it runs yet
    freeze(console, clock, "2026-11")
    found = screen(console, "2026-11").final
    assert found is not None
    assert found.is_empty
    assert screen(console, "2026-12").final is None
    assert look(console, "2026-10").state == HISTORY


def test_the_last_month_s_report_and_the_settlement_s_own_tell_of_it(console: Console, clock: FakeClock) -> None:
    freeze(console, clock, "2026-11")
    executed(console, clock, month="2026-12", note="结转")
    with console.read() as session:
        book, now = console.book(session), console.now()
        last, final = (
            month_reports.month_report(session, book, 1, month, actor=CHIEF, now=now)
            for month in ("2026-11", "2026-12")
        )
    told = [
        block.text.values for chapter in last.chapters for block in chapter.blocks
        if "终期结算" in getattr(getattr(block, "text", None), "text", "")
    ]  # fmt: skip
    assert [values["sum"] for values in told] == ["78,000.00"]
    assert "终期结算" in final.title.text


def test_it_is_frozen_by_itself_when_its_day_has_come(console: Console, clock: FakeClock) -> None:
    clock.at = shanghai("2027-01-20 09:00")
    with console.read() as session:
        assert freezes.due_months(session, console.book(session), console.now()) == [(1, "2026-11"), (1, "2026-12")]
    clock.at = shanghai("2027-06-20 09:00")
    with console.read() as session:
        assert len(freezes.due_months(session, console.book(session), console.now())) == 2
