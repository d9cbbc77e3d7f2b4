"""Agreed readings: what an answer sets, the answers that count, which limit goes before which, rules that collide."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops_console.core.contracts import EventDuty, LimitClause, Penalty, Task, TimeLimit, YearlyCap
from ops_console.core.contradictions import check_terms
from ops_console.core.readings import Conflict, Option, Question, answered, conflicts, effective, standing
from ops_console.core.terms import Settlement, Terms, terms_from_json
from tests.core.builders import BOTH, LIMITS, limit, terms

CARD = {"section": "二", "key": "k", "text": "t", "bound": "vendor", "basis": "合同", "rule": "r", "signs": "s"}
NOTICE = EventDuty(id="C-24", tasks=(Task("notice", "首页告知", "合同", event="go_live", minutes=30),), **CARD)  # type: ignore[arg-type]
CAP = YearlyCap(id="C-25", limit=8, types=("告知宣传",), **CARD)  # type: ignore[arg-type]
HOTLINE = LimitClause(id="C-38", **CARD)  # type: ignore[arg-type]
FEE = Penalty(id="C-55", amount="month_fee", **CARD)  # type: ignore[arg-type]
RESPONSE = ("reported", "responded")


def question(id: str, *sets: tuple[str, str], clauses: tuple[str, ...] = ("C-38",)) -> Question:
    """A question whose other answer sets what is given."""
    return Question(id, clauses, "?", (Option("default", "默认"), Option("other", "另一种", sets)))


def asked(*questions: Question, **given: object) -> Terms:
    return terms(questions=questions, clauses=(NOTICE, CAP, HOTLINE, FEE), **given)


# What an answer sets


def test_without_an_answer_the_first_option_counts() -> None:
    whole = asked(question("K1", ("C-38.limit_seconds", "60")))
    assert effective(whole).limits == LIMITS


def test_an_unknown_answer_counts_as_the_default() -> None:
    whole = asked(question("K1", ("C-38.limit_seconds", "60")), chosen=(("K1", "gone"),))
    assert effective(whole).limits == LIMITS


@pytest.mark.parametrize(
    ("place", "value", "found"),
    [
        ("C-38.limit_seconds", "60", lambda t: t.limits[4].limit_seconds == 60),
        ("C-38.except_types", "[]", lambda t: t.limits[4].except_types == ()),
        ("C-38.exception_to", '["C-15","C-16"]', lambda t: t.limits[4].exception_to == ("C-15", "C-16")),
        ("C-38.rule", '"四小时"', lambda t: t.clause("C-38").rule == "四小时"),
        ("C-24.tasks.notice.minutes", "60", lambda t: t.clause("C-24").tasks[0].minutes == 60),
        ("C-25.types", '["告知宣传","功能维护"]', lambda t: t.clause("C-25").types == ("告知宣传", "功能维护")),
        ("C-25.agreement_first", "true", lambda t: t.clause("C-25").agreement_first is True),
        ("C-55.month_of", '"finding"', lambda t: t.clause("C-55").month_of == "finding"),
        ("settlement.penalty_month_of", '"finding"', lambda t: t.settlement.penalty_month_of == "finding"),
    ],
)
def test_an_answer_sets_one_place_and_nothing_else(place: str, value: str, found: object) -> None:
    raw = asked(question("K1", (place, value)), chosen=(("K1", "other"),))
    counted = effective(raw)
    assert found(counted)  # type: ignore[operator]
    assert (counted.chosen, counted.questions) == (raw.chosen, raw.questions)
    clauses = [one for one, other in zip(counted.clauses, raw.clauses, strict=True) if one != other]
    limits = [one for one, other in zip(counted.limits, raw.limits, strict=True) if one != other]
    assert len(clauses) + len(limits) + (counted.settlement != Settlement()) == 1


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("C-99.limit", "1"), ("C-25.limits", "1"), ("C-25.limit", '"8"'), ("C-25", "1"),
        ("C-24.tasks.gone.minutes", "1"),
        ("C-24.tasks.notice.hours", "1"), ("C-25.limit.x", "1"), ("settlement", "1"), ("settlement.fee", "1"),
        ("C-25.kind", '"cap"'), ("C-38.limit_seconds", "1.5"), ("C-24.tasks.notice", "{}"),
    ],
)  # fmt: skip
def test_a_place_that_the_contract_does_not_have_is_found_before_anybody_answers(place: str, value: str) -> None:
    whole = asked(question("K1", (place, value)))
    assert effective(whole).limits == LIMITS
    with pytest.raises(ValueError, match=r"."):
        effective(answered(whole, {"K1": "other"}))
    assert any("K1" in problem and "other" in problem for problem in check_terms(whole))


def test_answers_are_kept_with_the_terms_and_read_again() -> None:
    whole = asked(question("K1", ("C-38.limit_seconds", "60")), question("K2", ("C-25.limit", "9")))
    both = answered(answered(whole, {"K2": "other"}), {"K1": "other"})
    assert both.chosen == (("K1", "other"), ("K2", "other"))
    assert terms_from_json(both.as_json()) == both
    assert both.digest() != whole.digest()


def test_an_answer_to_no_question_of_the_contract_is_left_out() -> None:
    whole = asked(question("K1"), chosen=(("K7", "other"),))
    assert answered(whole, {"K9": "other"}).chosen == ()


def test_a_second_answer_to_a_question_takes_the_first_one_s_place() -> None:
    whole = answered(asked(question("K1")), {"K1": "other"})
    assert answered(whole, {"K1": "default"}).chosen == (("K1", "default"),)


# Which goes before which

FOR_FAULTS = limit("hotline", BOTH, 120, *RESPONSE, id="C-38", types=(), except_types=())


def test_a_limit_ranked_before_another_on_the_same_quantity_stands_alone() -> None:
    first = replace(FOR_FAULTS, exception_to=("C-15", "C-16"))
    assert standing((LIMITS[0], first)) == (first,)
    assert standing((first, LIMITS[0])) == (first,)


def test_a_limit_goes_before_none_that_measures_something_else() -> None:
    first = replace(FOR_FAULTS, exception_to=("C-17",))
    assert standing((LIMITS[2], first)) == (LIMITS[2], first)


def test_a_chain_of_exceptions_leaves_the_first() -> None:
    a, b, c = (replace(FOR_FAULTS, id=name, exception_to=tuple(behind)) for name, *behind in ("ab", "bc", "c"))
    assert standing((a, b, c)) == (a,)


def test_an_exception_to_a_limit_that_does_not_cover_the_ticket_changes_nothing() -> None:
    first = replace(FOR_FAULTS, exception_to=("C-15",))
    assert standing((LIMITS[1], first)) == (LIMITS[1], first)


# What collides


def with_hotline(**given: object) -> Terms:
    hotline: TimeLimit = replace(LIMITS[4], **given)  # type: ignore[arg-type]
    return terms(limits=(*LIMITS[:4], hotline))


def test_the_tender_s_limits_do_not_collide() -> None:
    assert conflicts(terms()) == ()


def test_two_unranked_limits_on_one_quantity_are_named_with_type_and_class() -> None:
    found = conflicts(with_hotline(except_types=()))
    assert found == (
        Conflict(RESPONSE, "故障", "work", ("C-15", "C-38")),
        Conflict(RESPONSE, "故障", "off", ("C-16", "C-38")),
    )


def test_ranking_them_ends_the_conflict() -> None:
    ranked = with_hotline(except_types=(), exception_to=("C-15", "C-16"))
    assert conflicts(ranked) == ()
    assert [one.id for one in ranked.limits_for(type="故障", needs_onsite=False, klass="work")] == ["C-38"]


def test_ranking_one_of_two_leaves_the_other_conflict() -> None:
    assert conflicts(with_hotline(except_types=(), exception_to=("C-15",))) == (
        Conflict(RESPONSE, "故障", "off", ("C-16", "C-38")),
    )


def test_a_report_without_any_response_limit_is_named() -> None:
    found = conflicts(with_hotline(classes=("work",)))
    assert found == (Conflict(RESPONSE, "其他类型", "off", ()),)


def test_two_limits_that_each_go_before_the_other_leave_none() -> None:
    a = replace(LIMITS[0], exception_to=("C-38",))
    hotline = replace(LIMITS[4], except_types=(), exception_to=("C-15", "C-16"))
    found = conflicts(terms(limits=(a, *LIMITS[1:4], hotline)))
    assert found == (Conflict(RESPONSE, "故障", "work", ()),)


def test_two_limits_of_one_class_each_are_no_conflict_of_the_other() -> None:
    assert {one.klass for one in conflicts(with_hotline(except_types=(), classes=("work",)))} == {"work", "off"}
    assert [one.type for one in conflicts(with_hotline(except_types=(), classes=("work",))) if one.klass == "off"] == [
        "其他类型"
    ]


# Twenty mutated contracts, twenty caught

OTHERS = ("咨询", "缺陷", "对账异常", "配置变更", "数据提取", "数据纠错", "环境问题", "指令性任务")


def mutated() -> list[tuple[str, Terms, tuple[str, str, tuple[str, ...]]]]:
    """Contracts in which some report has two unranked response limits or none, and what is to be found."""
    fifteen, sixteen, hotline = LIMITS[0], LIMITS[1], LIMITS[4]
    found = []
    for name in OTHERS:
        first = replace(fifteen, types=("故障", name))
        found.append((f"两条-{name}", terms(limits=(first, *LIMITS[1:])), (name, "work", ("C-15", "C-38"))))
        without = replace(hotline, except_types=("故障", name))
        found.append((f"没有-{name}", terms(limits=(*LIMITS[:4], without)), (name, "off", ())))
    every = replace(sixteen, types=())
    found += [
        ("各类", terms(limits=(fifteen, every, *LIMITS[2:])), ("其他类型", "off", ("C-16", "C-38"))),
        ("热线包括故障", with_hotline(except_types=()), ("故障", "off", ("C-16", "C-38"))),
        ("热线只在工作时间", with_hotline(classes=("work",)), ("其他类型", "off", ())),
        ("没有工作时间的响应", terms(limits=LIMITS[1:]), ("故障", "work", ())),
    ]
    return found


@pytest.mark.parametrize(("name", "contract", "wanted"), mutated(), ids=lambda part: part if type(part) is str else "")
def test_a_mutated_contract_is_caught_with_its_clauses(
    name: str, contract: Terms, wanted: tuple[str, str, tuple[str, ...]]
) -> None:
    assert wanted in {(one.type, one.klass, one.limits) for one in conflicts(contract)}, name


def test_there_are_twenty_of_them() -> None:
    assert len(mutated()) == 20
