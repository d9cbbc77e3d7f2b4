"""Grades of times: who gave them, how late, with what proof; and what counts as proven until the other party speaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from ops_console.core import tickets as core
from ops_console.core.clocks import clocks_of, raw, result, standing
from ops_console.core.errors import Refused
from ops_console.core.people import Actor, terminal_actor
from ops_console.core.tickets import Event, Stamp, TicketFacts
from ops_console.core.trust import Claim, check_claim, grade_of, is_from_hospital, is_proven
from tests.core.builders import actor, after, at, event, reported, terms, ticket

NOW = at("2026-03-05 12:00:00")
PROMPT = timedelta(minutes=15)
CLEAN = replace(actor("hospital", "chief"), on_clean_device=True)


def claim(seconds_ago: int, *evidence: str) -> Claim:
    return Claim(NOW - timedelta(seconds=seconds_ago), NOW, evidence)


@pytest.mark.parametrize(
    ("given", "who", "grade"),
    [
        (claim(0), CLEAN, "A"),
        (claim(0), actor("hospital"), "B"),  # a device nobody vouches for, or one that a vendor account used
        (claim(1), CLEAN, "B"),  # said to have been a second ago: no longer the console's own clock
        (claim(0), replace(actor("vendor"), on_clean_device=True), "B"),
        (claim(0), terminal_actor("root"), "B"),
        (claim(900), actor("vendor"), "B"),
        (claim(901), actor("vendor"), "D"),
        (claim(901, "a" * 64), actor("vendor"), "C"),
        (claim(901, "a" * 64), CLEAN, "C"),
        (claim(86400), actor("vendor"), "D"),
    ],
)
def test_the_grade_follows_from_side_delay_and_proof(given: Claim, who: Actor, grade: str) -> None:
    assert grade_of(given, who, PROMPT) == grade


@pytest.mark.parametrize("ago", [0, 1, 86400])
def test_a_time_of_the_last_day_is_taken(ago: int) -> None:
    check_claim(NOW - timedelta(seconds=ago), NOW)


@pytest.mark.parametrize("ago", [-1, 86401])
def test_a_time_ahead_or_older_than_a_day_is_refused(ago: int) -> None:
    with pytest.raises(Refused) as refused:
        check_claim(NOW - timedelta(seconds=ago), NOW)
    assert refused.value.field == "occurred_at"


def stamp(grade: str, side: str = "vendor", accepted: bool | None = None, voided: tuple[str, ...] = ()) -> Stamp:
    return Stamp(NOW, NOW, "yf", side, "", grade, ("a", "b") if grade == "C" else (), accepted, voided)


@pytest.mark.parametrize(
    ("name", "given", "proven"),
    [
        ("responded_at", stamp("A", "hospital"), True),
        ("responded_at", stamp("B"), True),
        ("responded_at", stamp("导入"), True),
        ("responded_at", stamp("C"), False),
        ("responded_at", stamp("D"), False),
        ("restored_at", stamp("C"), False),
        ("reported_at", stamp("C"), True),
        ("reported_at", stamp("C", voided=("a",)), True),
        ("reported_at", stamp("C", voided=("a", "b")), False),
        ("reported_at", stamp("C", accepted=True, voided=("a", "b")), True),
        ("reported_at", stamp("D"), False),
        ("reported_at", stamp("C", accepted=False), False),
        ("reported_at", stamp("D", "hospital"), True),
        ("responded_at", stamp("D", accepted=True), True),
        ("responded_at", stamp("D", accepted=False), False),
        ("responded_at", stamp("B", accepted=False), True),  # prompt times are settled by a correction, not by a no
    ],
)
def test_late_claims_of_the_vendor_wait_for_the_hospital_s_word(name: str, given: Stamp, proven: bool) -> None:
    assert is_proven(name, given) is proven


def test_a_sheet_that_the_hospital_imported_is_no_report_from_its_side() -> None:
    assert [is_from_hospital(stamp(grade, "hospital")) for grade in ("A", "B", "导入")] == [True, True, False]
    assert not is_from_hospital(stamp("B"))


# What it does to a clock


def graded(made: Event, grade: str, recorded: datetime | None = None) -> Event:
    return replace(made, grade=grade, recorded_at=recorded or made.recorded_at)


def answered(seconds: int, grade: str) -> TicketFacts:
    return ticket(graded(reported(), "B"), graded(event(core.RESPONDED, after(seconds)), grade))


def response(facts: TicketFacts, until: datetime = NOW) -> tuple[str, str, str]:
    (clock,) = clocks_of(facts, terms(), "work")
    return standing(clock, until), result(clock, until), result(raw(clock), until)


def test_a_clock_met_by_a_time_nobody_proved_is_unproven_not_met() -> None:
    assert response(answered(1800, "D")) == ("unproven", "met", "met")
    assert response(answered(1800, "C")) == ("unproven", "met", "met")
    assert response(answered(1800, "B")) == ("met", "met", "met")


def test_what_is_breached_by_the_claimed_times_needs_no_proof() -> None:
    assert response(answered(1801, "D")) == ("breached", "breached", "breached")


def test_a_report_time_without_proof_makes_every_clock_from_it_unproven() -> None:
    facts = ticket(graded(reported(), "D"), graded(event(core.RESPONDED, after(60)), "B"))
    assert response(facts)[0] == "unproven"


def test_a_running_clock_is_running_whatever_its_report_is_worth() -> None:
    assert response(ticket(graded(reported(), "D")), after(60))[0] == "running"


def accept(facts_time: datetime, *, approved: bool, when: str = "2026-03-05 15:00") -> Event:
    return event(core.TIMES_ACCEPTED, when, side="hospital", responded_at=facts_time.isoformat(), approved=approved)


def test_the_hospital_s_word_lifts_a_late_answer_from_then_on() -> None:
    events = (graded(reported(), "B"), graded(event(core.RESPONDED, after(600)), "D"))
    word = accept(after(600), approved=True)
    assert response(ticket(*events, word))[0] == "met"
    assert response(ticket(*events, word, until="2026-03-05 14:59:59"))[0] == "unproven"


def test_a_word_about_another_time_than_the_one_that_stands_changes_nothing() -> None:
    events = (graded(reported(), "B"), graded(event(core.RESPONDED, after(600)), "D"))
    assert response(ticket(*events, accept(after(601), approved=True)))[0] == "unproven"


def restored(*later: Event) -> TicketFacts:
    begun = (graded(reported(needs_onsite=True), "B"), graded(event(core.RESPONDED, after(60)), "B"))
    came = graded(event(core.ARRIVED, after(3600)), "B")
    return ticket(*begun, came, graded(event(core.RESTORE, after(7200)), "D"), *later)


def repair(facts: TicketFacts) -> str:
    clocks = {clock.kind: clock for clock in clocks_of(facts, terms(), "work")}
    return standing(clocks["repair"], at("2026-03-06 12:00"))


def test_a_confirmation_of_the_hospital_s_own_clock_vouches_for_the_restore() -> None:
    confirmed = event(core.CONFIRMED, "2026-03-05 15:00", side="hospital")
    assert repair(restored()) == "unproven"
    assert repair(restored(graded(confirmed, "A"))) == "met"
    assert repair(restored(graded(confirmed, "B"))) == "unproven"


def test_silence_closes_the_ticket_and_vouches_for_nothing() -> None:
    silent = replace(event(core.CONFIRMED, "2026-03-10 00:00", side="neutral", by_silence=True), grade="A")
    facts = restored(silent)
    assert (facts.state, facts.closure, repair(facts)) == ("已关闭", "silence", "unproven")


def test_a_restore_that_nobody_is_asked_about_closes_at_once() -> None:
    facts = ticket(reported(), event(core.RESPONDED, after(60)), event(core.RESTORE, after(120), confirm="sample"))
    assert (facts.state, facts.closure, facts.closed_at) == ("已关闭", "unasked", after(120))


def test_an_approved_correction_is_both_parties_word() -> None:
    events = (graded(reported(), "B"), graded(event(core.RESPONDED, after(600)), "D"))
    old, new = after(600).isoformat(), after(1200).isoformat()
    asked = event(core.CORRECTION_PROPOSED, "2026-03-05 14:00", field="responded_at", old=old, new=new)
    said = event(
        core.CORRECTION_DECIDED, "2026-03-05 15:00", side="hospital", field="responded_at", new=new, approved=True
    )
    assert response(ticket(*events, asked, said)) == ("met", "met", "met")
    assert ticket(*events, asked, said).stamps["responded_at"].at == after(1200)
