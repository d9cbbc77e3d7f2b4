"""A month's score and money under another answer beside the present one: what each of the ten questions changes in a
prepared month, and that nothing is stored and no frozen month moves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from ops_console.console import Console
from ops_console.core.errors import NotFound, Refused
from ops_console.core.money import Fee
from ops_console.core.people import Actor, actor_of
from ops_console.core.score_preset import PRESET
from ops_console.core.scores import Grade, Sheet
from ops_console.core.terms import Opening, Terms, terms_from_json
from ops_console.core.what_if import Beside
from ops_console.services import deliveries, duties, freezes, what_if_months
from ops_console.services.what_if_months import MonthWhatIf
from ops_console.store.contracts import VersionRow
from tests import breach_cases
from tests.caps import CHIEF, ENGINEER, accept, approve, ask, fill
from tests.conftest import FakeClock, do, log_ticket
from tests.duties import done, plan, released, shanghai, the
from tests.services import test_score_money, test_scores
from tests.services.test_readings import Answers, agree, late_fault, run_jobs
from tests.web.conftest import everything

NOVEMBER = shanghai("2026-11-02 09:00")
QUESTIONS = {
    "K1": ("hotline",), "K2": ("environment", "all"), "K3": ("material", "whole"), "K4": ("together",),
    "K5": ("combined",), "K6": ("six_hours",), "K7": ("capped",), "K8": ("finding_month", "outage"), "K9": ("lead",),
    "K10": ("stricter", "looser"),
}  # fmt: skip
OPTIONS = [(question, option) for question, options in QUESTIONS.items() for option in options]


@pytest.fixture
def clock() -> FakeClock:
    """Here it is Monday 2 November, 9 o'clock in Shanghai."""
    return FakeClock(NOVEMBER)


def let(console: Console, **given: object) -> None:
    """Let the contract say so from its first day, as the file it was loaded from would."""
    with console.write() as session:
        row = session.query(VersionRow).one()
        terms: Terms = replace(terms_from_json(row.terms), **{"fee": Fee(93_600_000), **given})  # type: ignore[arg-type]
        row.terms, row.digest = terms.as_json(), terms.digest()
    console.shelf.forget()


def look(
    console: Console, answers: dict[str, str], month: str = "2026-11", actor: Actor = CHIEF, contract: int = 1
) -> MonthWhatIf:
    with console.read() as session:
        return what_if_months.what_if_month(
            session, console.book(session), contract, month, answers, actor, console.now()
        )


def compare(console: Console, answers: dict[str, str], month: str = "2026-11", actor: Actor = CHIEF) -> Beside:
    found = look(console, answers, month, actor).beside
    assert found is not None
    return found


def changed(found: Beside) -> set[str]:
    """The names of every line that differs: sums, points, items, clauses; of duties their tasks, of cases numbers."""
    lines = (*found.sums, found.points, found.grade, *found.items, *found.clauses)
    duties_of = {(pair.old or pair.new).task for pair in found.duties}  # type: ignore[union-attr]
    return {pair.name for pair in lines if pair.differs} | duties_of | {pair.name for pair in found.cases}


def sums(found: Beside) -> dict[str, tuple[int | None, int | None]]:
    return {pair.name: (pair.old, pair.new) for pair in found.sums}


def cap(found: Beside, clause: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Of a cap what counts and what is held over it, now and under the other answer."""
    pair = next(one for one in found.caps if one.name == clause)
    assert pair.old is not None
    assert pair.new is not None
    old, new = ((one.opening + one.used + one.reserved, one.held) for one in (pair.old, pair.new))
    return old, new


def with_sheet(console: Console, sheet: Sheet = PRESET) -> None:
    test_scores.confirm(console, test_scores.propose(console, sheet, "2026-11"))


# -- each question ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("question", "option"), OPTIONS)
def test_in_a_month_in_which_nothing_happened_no_answer_changes_a_figure(
    console: Console, question: str, option: str
) -> None:
    """Duties excepted: of 对账 and 统计 both are owed without anything happening."""
    let(console, go_live_on=date(2026, 11, 3))  # after the month's first day: no duty of the month is owed yet
    with_sheet(console)
    before = everything(console)
    found = compare(console, {question: option})
    assert changed(found) == set()
    assert not found.differs
    assert found.notes == ()
    assert everything(console) == before


def test_k1_a_fault_answered_after_half_an_hour_is_within_the_hotline_s_two_hours(
    console: Console, clock: FakeClock
) -> None:
    let(console)
    with_sheet(console)
    late_fault(console, clock, NOVEMBER, minutes=31)
    before = everything(console)
    found = compare(console, {"K1": "hotline"})
    assert everything(console) == before
    assert {"C-15", "C-38", "points"} <= changed(found)
    item, hotline = (pair for pair in found.items if pair.differs)
    assert item.old is not None
    assert item.new is not None
    assert hotline.new is not None
    assert (hotline.new.scored.numerator, hotline.new.scored.denominator, hotline.new.deducted) == (0, 1, 0)
    assert (item.old.scored.numerator, item.old.scored.denominator, item.old.deducted) == (1, 1, 100)
    assert (item.new.scored.numerator, item.new.scored.denominator, item.new.deducted) == (0, 0, 0)
    assert item.clauses[0] == "C-15"
    assert (found.points.old, found.points.new) == (found.points.new - 100, found.points.new)  # type: ignore[operator]
    assert not any(pair.differs for pair in found.sums)


def test_k1_of_earlier_months_a_frozen_ticket_stays_as_it_was_judged(console: Console, clock: FakeClock) -> None:
    let(console, go_live_on=date(2026, 10, 1))
    number = late_fault(console, clock, shanghai("2026-10-30 09:00"), minutes=31)
    clock.at = shanghai("2026-11-10 09:00")
    with console.write() as session:
        freezes.freeze_month(session, console.book(session), 1, "2026-10", actor=CHIEF, now=console.now())
    do(console, number, "restored")
    found = compare(console, {"K1": "hotline"})
    assert not found.differs, changed(found)


def test_k2_visits_use_the_cap_by_the_reading(console: Console, clock: FakeClock) -> None:
    let(console)
    for type_name in ("环境问题", "环境问题", "咨询", "故障"):
        number = log_ticket(console, type=type_name, needs_onsite=True)
        do(console, number, "responded")
        do(console, number, "arrived")
    log_ticket(console, type="环境问题")  # nobody comes for this one
    waiting = log_ticket(console, type="环境问题", needs_onsite=True)
    for option, used in (("environment", 2), ("all", 3)):
        found = compare(console, {"K2": option})
        assert cap(found, "C-12") == ((0, 0), (used, 0)), option
        assert changed(found) == {"C-12"}
    do(console, waiting, "responded")
    do(console, waiting, "arrived")
    assert cap(compare(console, {"K2": "all"}), "C-12")[1] == (4, 0)
    number = log_ticket(console, type="环境问题", needs_onsite=True)
    do(console, number, "responded")
    do(console, number, "arrived")
    found = compare(console, {"K2": "all"})
    assert cap(found, "C-12")[1] == (4, 1)  # the fifth would have been held
    (line,) = (pair for pair in found.clauses if pair.differs)
    assert (line.name, line.old and line.old.outcome, line.new and line.new.outcome) == ("C-12", "kept", "open")


def test_k2_a_visit_asked_for_by_hand_still_counts_where_every_visit_does(console: Console) -> None:
    let(console)
    fill(console, "C-12", 2)
    for option in ("environment", "all"):
        assert cap(compare(console, {"K2": option}), "C-12") == ((2, 0), (2, 0)), option


def test_k2_once_every_visit_counts_any_ticket_but_a_fault_may_use_the_cap(console: Console, clock: FakeClock) -> None:
    let(console, chosen=(("K2", "all"),))
    fault, number = (log_ticket(console, type=name, needs_onsite=True) for name in ("故障", "咨询"))
    with pytest.raises(Refused, match="不占"):
        ask(console, "C-12", ticket=fault)
    made = ask(console, "C-12", ticket=number)
    assert approve(console, made) == "reserved"
    do(console, number, "responded")
    assert accept(console, made) == "used"
    assert cap(compare(console, {"K2": "all"}), "C-12") == ((1, 0), (1, 0))
    assert cap(compare(console, {"K2": "planned"}), "C-12") == ((1, 0), (0, 0))


def test_k3_the_whole_upkeep_uses_the_cap_and_material_alone_is_told_of(console: Console, clock: FakeClock) -> None:
    let(console)
    fill(console, "C-25", 1)
    number = log_ticket(console, type="功能维护")
    do(console, number, "responded")
    do(console, number, "restored")
    found = compare(console, {"K3": "whole"})
    assert cap(found, "C-25") == ((1, 0), (2, 0))
    assert changed(found) == {"C-25"}
    material = compare(console, {"K3": "material"})
    assert (material.differs, len(material.notes)) == (False, 1)
    assert (material.notes[0].values["n"], material.notes[0].values["clause"]) == (1, "C-25")


def test_k4_policy_changes_and_made_to_order_share_eight(console: Console) -> None:
    let(console, openings=(Opening("C-31", 2, 5),))
    made = fill(console, "C-29", 4)
    accept(console, made[0])
    found = compare(console, {"K4": "together"})
    assert cap(found, "C-29") == ((4, 0), (0, 0))
    assert cap(found, "C-31") == ((5, 0), (8, 1))  # of nine the last is over the cap
    assert changed(found) == {"C-29", "C-31"}


def test_k5_either_of_the_two_is_enough_once_a_month(console: Console, clock: FakeClock) -> None:
    let(console, go_live_on=date(2026, 11, 1))
    with_sheet(console)
    plan(console)
    clock.at = shanghai("2026-11-20 10:00")
    done(console, "C-27/statistics/2026-11-01/1")
    clock.at = shanghai("2026-12-06 10:00")
    found = compare(console, {"K5": "combined"})
    told = {(pair.old or pair.new).task: pair for pair in found.duties}  # type: ignore[union-attr]
    assert set(told) == {"statistics", "reconcile"}
    assert told["statistics"].new is None
    reconcile = told["reconcile"]
    assert (reconcile.old and reconcile.old.state, reconcile.new and reconcile.new.state) == ("missed", "open")
    assert reconcile.new is not None
    assert reconcile.new.name == "对账异常处理或运营数据统计"
    assert reconcile.clauses == ("C-27",)
    (line,) = (pair for pair in found.clauses if pair.differs)
    assert line.old is not None
    assert line.new is not None
    assert (line.name, line.old.numerator, line.old.denominator, line.new.denominator) == ("C-27", 0, 1, 1)
    assert found.points.new == (found.points.old or 0) + 300


def test_k6_a_fault_mended_from_afar_has_six_hours(console: Console, clock: FakeClock) -> None:
    let(console)
    with_sheet(console)
    number = log_ticket(console)
    do(console, number, "responded")
    clock.forward(hours=6, seconds=1)
    do(console, number, "restored")
    found = compare(console, {"K6": "six_hours"})
    (line,) = (pair for pair in found.clauses if pair.differs)
    assert (line.name, line.old and line.old.outcome, line.new and line.new.outcome) == (
        "C-18", "not_applicable", "broken",
    )  # fmt: skip
    assert (found.points.new or 0) < (found.points.old or 0)


def test_k7_what_points_cut_is_capped_where_a_basis_is_recorded(console: Console, clock: FakeClock) -> None:
    let(console, go_live_on=date(2026, 11, 1))
    with_sheet(console, replace(PRESET, grades=(Grade("优秀", 9000), Grade("合格", 0, 8000))))
    plan(console)
    clock.at = shanghai("2026-12-06 10:00")  # of the month's duties none was done
    assert not compare(console, {"K7": "capped"}).differs
    new = replace(test_score_money.ON, month="2026-11", signed_on="2026-11-20")
    test_score_money.confirm(console, test_score_money.propose(console, new))
    found = compare(console, {"K7": "capped"})
    assert changed(found) == {"score", "payable"}, (found.points, found.grade)
    fee, most = 7_800_000, 780_000
    assert sums(found)["fee"] == (fee, fee)
    assert sums(found)["score"] == (1_560_000, most)
    assert sums(found)["payable"] == (fee - 1_560_000, fee - most)
    assert {pair.name: pair.clauses for pair in found.sums}["score"] == ("C-54",)


def executed_case(console: Console, clock: FakeClock, occurred: datetime) -> str:
    times = {"occurred_at": occurred, "known_at": occurred, "reported_at": occurred + timedelta(minutes=20)}
    return breach_cases.case_in(console, "executed", times=times)


def test_k8_the_month_of_the_finding_pays_and_the_month_of_the_fact_does_not(
    console: Console, clock: FakeClock
) -> None:
    let(console)
    clock.at = shanghai("2026-11-05 10:00")
    number = executed_case(console, clock, shanghai("2026-10-31 23:00"))
    november, october = compare(console, {"K8": "finding_month"}), compare(console, {"K8": "finding_month"}, "2026-10")
    assert {"penalty", "payable", "C-55", number} == changed(november) == changed(october)
    fee = 7_800_000
    assert (sums(november)["penalty"], sums(november)["payable"]) == ((0, fee), (fee, 0))
    assert (sums(october)["penalty"], sums(october)["payable"]) == ((fee, 0), (0, fee))
    (case,) = november.cases
    assert (case.old, case.new and case.new.month) == (None, "2026-11")


def test_k8_what_a_frozen_month_took_stays_there(console: Console, clock: FakeClock) -> None:
    let(console, go_live_on=date(2026, 10, 1))
    clock.at = shanghai("2026-11-05 10:00")
    executed_case(console, clock, shanghai("2026-10-31 23:00"))
    clock.at = shanghai("2026-11-10 09:00")
    with console.write() as session:
        freezes.freeze_month(session, console.book(session), 1, "2026-10", actor=CHIEF, now=console.now())
    assert not compare(console, {"K8": "finding_month"}).differs


def test_k8_an_outage_costs_nothing_before_it_is_found_to_be_a_case(console: Console, clock: FakeClock) -> None:
    let(console)
    late_fault(console, clock, NOVEMBER)
    found = compare(console, {"K8": "outage"})
    assert not found.differs
    assert [note.values["n"] for note in found.notes] == [1]


def test_k9_a_third_party_s_delay_is_the_vendor_s(console: Console, clock: FakeClock) -> None:
    let(console, go_live_on=date(2026, 11, 1))
    plan(console)
    clock.at = shanghai("2026-12-06 10:00")
    for key in ("C-43/check/2026-11-01/1", "C-33/inspection/2026-11-01/1"):
        with console.write() as session:
            duties.waive(session, the(console, key).id, "服务器运维商停机，推迟", CHIEF, console.now())
    found = compare(console, {"K9": "lead"})
    (duty,) = found.duties
    assert (duty.old and duty.old.state, duty.new and duty.new.state) == ("waived", "missed")
    assert changed(found) == {"C-43", "check"}
    assert [note.values["n"] for note in found.notes] == [1]


def test_k10_a_notice_of_twenty_minutes_is_late_by_ten_and_in_time_by_two_hours(
    console: Console, clock: FakeClock
) -> None:
    let(console, go_live_on=date(2026, 11, 1))
    made = released(console, go_live=True)
    clock.forward(minutes=20)
    key = f"C-24/notice/go_live:{made}/1"
    delivery = done(console, key)
    clock.at = shanghai("2026-12-06 10:00")
    with console.write() as session:
        deliveries.accept(session, the(console, key).id, delivery, claim_counts=None, actor=CHIEF, now=console.now())
    stricter = compare(console, {"K10": "stricter"})
    (duty,) = stricter.duties
    assert (duty.old and duty.old.state, duty.new and duty.new.state) == ("kept", "missed")
    assert changed(stricter) == {"notice", "C-24"}
    looser = compare(console, {"K10": "looser"})
    assert changed(looser) == {"notice"}  # due later, kept all the same


def test_k10_the_half_year_s_test_falls_due_in_may(console: Console, clock: FakeClock) -> None:
    let(console, go_live_on=date(2026, 1, 1))
    plan(console)
    may = compare(console, {"K10": "stricter"}, "2026-05")
    (duty,) = may.duties
    assert (duty.old, duty.new and duty.new.task, duty.new and duty.new.state) == (None, "pentest", "missed")
    assert {"C-51", "pentest"} <= changed(may)


def test_k10_a_case_told_after_twenty_minutes_is_within_thirty_and_over_fifteen(
    console: Console, clock: FakeClock
) -> None:
    let(console)
    clock.at = shanghai("2026-11-05 10:00")
    number = executed_case(console, clock, shanghai("2026-11-04 23:00"))
    (note,) = compare(console, {"K10": "stricter"}).notes
    assert (note.values["number"], note.values["used"]) == (number, timedelta(minutes=20))
    assert compare(console, {"K10": "looser"}).notes == ()


def test_clues_are_told_to_the_hospital_alone(console: Console, clock: FakeClock) -> None:
    let(console)
    clock.at = shanghai("2026-11-05 10:00")
    log_ticket(console, reported_at=clock.at - timedelta(minutes=20))
    (note,) = compare(console, {"K10": "stricter"}).notes
    assert (note.values["old"], note.values["new"]) == (0, 1)
    assert compare(console, {"K10": "stricter"}, actor=ENGINEER).notes == ()


# -- months that do not move ------------------------------------------------------------------------------------------


def test_a_frozen_month_is_the_same_on_both_sides(console: Console, clock: FakeClock) -> None:
    let(console, go_live_on=date(2026, 10, 1))
    late_fault(console, clock, shanghai("2026-10-14 10:00"), minutes=31)
    clock.at = shanghai("2026-11-03 09:00")
    assert compare(console, {"K1": "hotline"}, "2026-10").differs
    clock.at = shanghai("2026-11-10 09:00")
    with console.write() as session:
        freezes.freeze_month(session, console.book(session), 1, "2026-10", actor=CHIEF, now=console.now())
    found = look(console, {"K1": "hotline"}, "2026-10")
    assert found.is_kept
    assert found.beside is not None
    assert not found.beside.differs
    assert any(pair.old for pair in found.beside.clauses)


def test_a_month_before_go_live_or_to_come_is_not_compared(console: Console) -> None:
    let(console, go_live_on=date(2026, 11, 1))
    assert look(console, {"K1": "hotline"}, "2026-10").beside is None
    assert look(console, {"K1": "hotline"}, "2026-12").beside is None


def test_the_figures_are_those_of_the_month_once_the_answer_is_agreed(console: Console, clock: FakeClock) -> None:
    let(console)
    with_sheet(console)
    late_fault(console, clock, NOVEMBER, minutes=31)
    expected = compare(console, {"K1": "hotline"})
    clock.at = shanghai("2026-11-20 18:00")
    agree(console, Answers(1, {"K1": "hotline"}, date(2026, 11, 1), "双方商定按热线"))
    run_jobs(console)
    now = compare(console, {"K1": "hotline"})
    assert not now.differs
    assert (now.points.old, now.grade.old) == (expected.points.new, expected.grade.new)
    assert [pair.old and pair.old.deducted for pair in now.items] == [
        pair.new and pair.new.deducted for pair in expected.items
    ]
    back = compare(console, {"K1": "tighter"})
    assert (back.points.old, back.points.new) == (expected.points.new, expected.points.old)


def test_several_answers_are_tried_together(console: Console, clock: FakeClock) -> None:
    let(console)
    late_fault(console, clock, NOVEMBER, minutes=31)
    fill(console, "C-29", 1)
    assert {"C-15", "C-29", "C-31"} <= changed(compare(console, {"K1": "hotline", "K4": "together"}))


def test_who_may_not_read_reports_sees_none_and_there_is_none_of_another_contract(console: Console) -> None:
    with pytest.raises(Refused, match="没有这项权限"):
        look(console, {}, actor=actor_of("a", "管理员", "administrator"))
    with pytest.raises(NotFound, match="没有这份合同"):
        look(console, {}, contract=99)


def test_every_question_of_the_contract_is_tried_here(console: Console) -> None:
    known = {
        question.id: tuple(option.id for option in question.options[1:])
        for question in console.settings.terms.questions
    }
    assert known == QUESTIONS


def test_an_entry_asked_for_and_not_approved_is_no_use(console: Console) -> None:
    let(console)
    ask(console, "C-29")
    found = compare(console, {"K4": "together"})
    assert cap(found, "C-31") == ((0, 0), (0, 0))
    assert [pair.new and pair.new.asked for pair in found.caps if pair.name == "C-31"] == [1]
