"""What the detectors ask about and what they leave alone; patterns against chance; the same facts are the same flag."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ops_console.core import tickets as core
from ops_console.core.clocks import clocks_of
from ops_console.core.detectors import (
    BACKDATED,
    LATE_REPORT,
    NO_EVIDENCE,
    RETYPE,
    Case,
    Earlier,
    Flag,
    flags_of,
    says_nothing,
)
from ops_console.core.patterns import Answer, answer_of, patterns_of, tail
from ops_console.core.people import HOSPITAL
from ops_console.core.sentences import sentence
from ops_console.core.tickets import Event
from tests.core.builders import after, event, reported, terms, ticket

PROOF = ("ab" * 32,)


def answered(minutes: float, *, told: float | None = None, grade: str = "B", **given: object) -> Event:
    """An answer so many minutes after the report, recorded then or `told` minutes after the report."""
    made = event(core.RESPONDED, after(minutes * 60), handler="李工")
    recorded = after((minutes if told is None else told) * 60)
    return replace(made, recorded_at=recorded, grade=grade, **given)  # type: ignore[arg-type]


def case(*events: Event, other: str = "", **given: object) -> Case:
    """A ticket of a work day with these events, looked at a month later."""
    facts = ticket(*events)
    as_other = clocks_of(replace(facts, type=other), terms(), "work") if other else ()
    clocks = clocks_of(facts, terms(), "work")
    return Case(facts, events, clocks, after(30 * 86400), other, as_other, **given)  # type: ignore[arg-type]


def found(made: Case) -> list[str]:
    return [flag.detector for flag in flags_of(made)]


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        (answered(28, told=40), True),  # within a quarter of an hour: it counts as prompt, and saves the clock
        (answered(30, told=330, grade="D"), True),
        (answered(23, told=31), True),
        (answered(22, told=35), False),  # who forgot to log mostly tells an early answer
        (answered(6, told=80, grade="C", evidence=PROOF), False),
        (answered(6, told=300, grade="C", evidence=PROOF), False),
        (answered(6, told=300, grade="D"), True),
        (answered(28, told=29), False),  # told while the clock still ran
        (answered(31, told=45), False),  # not saved
        (answered(28), False),
        (answered(28, told=40, side=HOSPITAL), False),
        (answered(28, told=40, grade="导入"), False),  # a sheet does not say when its times were told
    ],
)
def test_an_answer_told_after_its_limit_as_if_just_within_it_is_asked_about(answer: Event, asked: bool) -> None:
    assert found(case(reported(), answer)) == ([BACKDATED] if asked else [])


def test_the_sentence_tells_the_figures() -> None:
    (flag,) = flags_of(case(reported(), answered(28, told=40)))
    assert flag.why.values == {
        "late": timedelta(minutes=12), "used": timedelta(minutes=28), "limit": timedelta(minutes=30),
    }  # fmt: skip
    assert flag.numbers == ("GD-1",)


def test_what_the_hospital_accepted_is_not_asked_about() -> None:
    late = answered(28, told=40, grade="C", evidence=PROOF)
    word = event(core.TIMES_ACCEPTED, after(86400), responded_at=late.occurred_at.isoformat(), approved=True)
    assert found(case(reported(), late, word)) == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("从 8:20 起打不开", True),
        ("8点半就白屏了", True),
        ("（08:20）", True),
        ("王护士说 8：20 开始", True),
        ("约了 8:20 的号看不到", False),
        ("预约8:20看不到", False),
        ("下午 3:30 的号能退吗", False),
        ("8:55 就不行了", False),  # five minutes: it took as long to tell
        ("从 1:30 起", False),  # too long ago to be what was reported
        ("10:20 就不行了", False),
        ("版本 1.8:20 报错", False),
    ],
)
def test_a_report_whose_own_words_begin_earlier_is_asked_about(text: str, asked: bool) -> None:
    report = reported()
    made = case(replace(report, personal={**report.personal, "description": text}), answered(5))
    assert found(made) == ([LATE_REPORT] if asked else [])


@pytest.mark.parametrize(
    ("title", "from_hospital", "asked"),
    [("药房说打不开", True, True), ("药房说打不开", False, False), ("白屏", True, False)],
)
def test_a_matter_that_the_hospital_reported_before_is_asked_about(
    title: str, from_hospital: bool, asked: bool
) -> None:
    before = Earlier("GD-0", after(-1800), title, "儿科", from_hospital)
    assert found(case(reported(), answered(5), earlier=(before,))) == ([LATE_REPORT] if asked else [])
    linked = event(core.LINKED, after(600), ticket="GD-0", relation="重复")
    assert found(case(reported(), answered(5), linked, earlier=(before,))) == ([LATE_REPORT] if asked else [])
    said = replace(linked, side=HOSPITAL)
    assert found(case(reported(), answered(5), said, earlier=(before,))) == []
    agreed = event(core.CORRECTION_DECIDED, after(600), field="split", new="咨询", approved=True)
    assert found(case(reported(), answered(5), agreed, linked, earlier=(before,))) == []


def test_another_department_s_question_is_another_question() -> None:
    before = Earlier("GD-0", after(-1800), "打不开", "儿科", True)
    assert found(case(reported(type="咨询"), answered(5), earlier=(before,))) == []
    same = replace(before, department="药房")
    assert found(case(reported(type="咨询"), answered(5), earlier=(same,))) == [LATE_REPORT]


def retyped(minutes: float, side: str = "vendor") -> Event:
    return event(core.RETYPED, after(minutes * 60), side=side, old="故障", type="咨询")


@pytest.mark.parametrize("minutes", [20, 29])
def test_a_type_under_which_the_breach_went_away_is_asked_about(minutes: float) -> None:
    (flag,) = flags_of(case(reported(), retyped(minutes), answered(50), other="故障"))
    assert (flag.detector, str(flag.why.values["when"])) == (RETYPE, "时限将到之前")
    assert found(case(reported(), retyped(minutes), answered(25), other="故障")) == []  # it would have been kept
    assert found(case(reported(), retyped(minutes), answered(150), other="故障")) == []  # broken either way
    assert found(case(reported(), retyped(minutes, HOSPITAL), answered(50), other="故障")) == []


def test_a_proposal_that_the_hospital_approved_after_the_limit_is_asked_about_unless_it_was_its_own() -> None:
    for side, wanted in (("vendor", [RETYPE]), (HOSPITAL, [])):
        asked = event(core.CORRECTION_PROPOSED, after(2400), side=side, field="type", old="故障", new="咨询")
        said = event(core.CORRECTION_DECIDED, after(9000), side=HOSPITAL, field="type", new="咨询", approved=True)
        assert found(case(reported(), asked, answered(50), said, other="故障")) == wanted


def test_a_question_that_reads_like_a_fault_and_waited_longer_than_one_may_is_asked_about() -> None:
    assert found(case(reported(type="咨询"), answered(50), other="故障")) == [RETYPE]
    assert found(case(reported(type="咨询"), answered(20), other="故障")) == []


def test_a_retype_that_was_taken_back_hides_nothing() -> None:
    undone = replace(retyped(5), seq=7)
    back = event(core.TAKEN_BACK, after(310), events=[7], what=core.RETYPED)
    assert found(case(reported(type="咨询"), undone, back, answered(50), other="故障")) == [RETYPE]
    (flag,) = flags_of(case(reported(type="咨询"), undone, back, answered(50), other="故障"))
    assert flag.facts["reads_as"] == "故障"


def restored(minutes: float, process: str = "", **given: object) -> Event:
    made = event(core.RESTORE, after(minutes * 60), handler="李工")
    return replace(made, personal={"process": process} if process else {}, grade="B", **given)  # type: ignore[arg-type]


SILENT = replace(event(core.CONFIRMED, after(5 * 86400), by_silence=True), side="neutral")


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        (case(reported(), answered(5), restored(8)), True),
        (case(reported(), answered(5), restored(8, "问题已解决，现在使用正常。")), True),
        (case(reported(), answered(5), restored(8, "重启支付服务后恢复。")), False),
        (case(reported(), answered(5), restored(8), has_files=True), False),
        (case(reported(), answered(5), restored(8, evidence=PROOF)), False),
        (case(reported(), answered(5), restored(60)), False),
        (case(reported(), answered(5), restored(60), SILENT), True),
        (case(reported(), answered(5), replace(restored(60), recorded_at=after(9000))), True),
        (case(reported(type="咨询"), answered(5), restored(8)), False),
    ],
)
def test_a_fault_closed_with_nothing_to_show_and_something_odd_is_asked_about(made: Case, asked: bool) -> None:
    assert found(made) == ([NO_EVIDENCE] if asked else [])


def test_what_a_person_of_the_hospital_confirmed_needs_no_other_evidence() -> None:
    signed = replace(event(core.CONFIRMED, after(86400), side=HOSPITAL), grade="A")
    assert found(case(reported(), answered(5), restored(8), signed)) == []


@pytest.mark.parametrize("told", ["", "已处理。", "好了", "系统已恢复正常使用", "问题已解决，现在使用正常"])
def test_stock_words_tell_nothing(told: str) -> None:
    assert says_nothing(told)


def test_a_withdrawn_ticket_is_left_alone() -> None:
    assert found(case(reported(), answered(28, told=40), event(core.CANCEL, after(3600), side=HOSPITAL))) == []


def answer(number: int, seconds: int, **given: object) -> Answer:
    told = {"handler": "李工", "channel": "微信群", "is_claimed": True, "after_limit": False, "minute": 7, "second": 9}
    return Answer(f"GD-{number}", limit_id="C-15", limit_seconds=1800, seconds=seconds, **{**told, **given})  # type: ignore[arg-type]


def test_answers_that_crowd_below_the_limit_are_one_flag_that_names_each() -> None:
    group = [answer(n, 1600 if n < 9 else 300) for n in range(12)]
    (flag,) = patterns_of(group)
    assert str(flag.why) == "12 件中 9 件的响应用时在 0:25:00 至 0:30:00 之间，刚好在时限之内"
    assert (flag.detector, flag.numbers) == (BACKDATED, tuple(f"GD-{n}" for n in range(9)))


@pytest.mark.parametrize("crowd", [0, 1, 3])
def test_a_few_close_answers_are_chance(crowd: int) -> None:
    assert patterns_of([answer(n, 1600 if n < crowd else 300) for n in range(12)]) == ()


def test_one_person_s_habit_is_not_drowned_by_the_others() -> None:
    others = [answer(100 + n, 300, handler="何工") for n in range(200)]
    mine = [answer(n, 1600 if n < 5 else 300) for n in range(8)]
    (flag,) = patterns_of([*others, *mine])
    assert len(flag.numbers) == 5
    assert "李工" not in str(flag.why)


def test_round_times_and_the_same_second_are_patterns() -> None:
    exact = [answer(n, 300, minute=30 if n < 6 else 7, second=0 if n < 6 else 9) for n in range(20)]
    assert [len(flag.numbers) for flag in patterns_of(exact)] == [6]
    same = [answer(n, 0 if n < 8 else 300) for n in range(12)]
    assert [(flag.detector, len(flag.numbers)) for flag in patterns_of(same)] == [(LATE_REPORT, 8)]


def test_an_answer_of_a_sheet_counts_in_patterns_and_one_of_the_hospital_s_does_not() -> None:
    assert answer_of(case(reported(), answered(28, grade="导入"))) is not None
    assert answer_of(case(reported(), answered(28, side=HOSPITAL))) is None


def test_the_tail_is_that_of_the_binomial() -> None:
    assert tail(0, 5, 0.3) == pytest.approx(1)
    assert tail(5, 5, 0.5) == pytest.approx(1 / 32)
    assert tail(400, 10_000, 0.01) < 1e-9


def test_the_same_facts_are_the_same_flag_and_others_another() -> None:
    made = Flag(BACKDATED, ("GD-1", "GD-2"), sentence("a"), {"at": "x"})
    assert made.fingerprint == replace(made, numbers=("GD-2", "GD-1"), why=sentence("b")).fingerprint
    assert made.fingerprint != replace(made, facts={"at": "y"}).fingerprint
