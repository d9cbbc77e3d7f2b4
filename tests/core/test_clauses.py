"""Looking for clauses: by kind, party, basis, part and words; and what bears on one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ops_console.core.clauses import ClauseFilter, bases, cards, part_of, readings_of
from ops_console.core.contracts import LimitClause, Minimum, Task, YearlyCap
from ops_console.core.readings import Option, Question, answered, effective
from ops_console.core.terms import Opening, Terms
from tests.core.builders import LIMITS, terms

CARD: dict[str, Any] = {
    "section": "二.1.⑤", "key": "词", "text": "原文 ABC", "bound": "vendor", "basis": "合同", "rule": "规则",
    "signs": "科员",
}  # fmt: skip
INSPECTION = Minimum(
    id="C-33", tasks=(Task("t", "巡检", "补充约定", period="month"),), **{**CARD, "section": "二.3 巡检"}
)
CAP = YearlyCap(id="C-12", limit=4, **{**CARD, "bound": "hospital"})
HOTLINE = LimitClause(id="C-38", **{**CARD, "section": "二.3 热线服务"})
QUESTION = Question(
    "K1", ("C-15", "C-38"), "？",
    (Option("a", "甲"), Option("b", "乙", (("C-38.exception_to", '["C-15","C-16"]'), ("C-38.except_types", "[]")))),
)  # fmt: skip


def contract(**given: Any) -> Terms:
    return terms(clauses=(CAP, INSPECTION, HOTLINE), questions=(QUESTION,), **given)


@pytest.mark.parametrize(
    ("section", "part"),
    [
        ("二.1.⑤", "二.1"),
        ("二.2 日常运维", "二.2"),
        ("一", "一"),
        ("一.1、一.2", "一.1"),
        ("二.3", "二.3"),
        ("附件", "附件"),
    ],
)
def test_a_clause_stands_in_a_part(section: str, part: str) -> None:
    assert part_of(replace(CAP, section=section)) == part


def test_what_was_agreed_for_a_task_is_a_basis_of_the_clause_too() -> None:
    assert bases(INSPECTION) == ("合同", "补充约定")
    assert bases(CAP) == ("合同",)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["C-12", "C-33", "C-38"]),
        ({"kind": "minimum"}, ["C-33"]),
        ({"bound": "hospital"}, ["C-12"]),
        ({"basis": "补充约定"}, ["C-33"]),
        ({"part": "二.3"}, ["C-33", "C-38"]),
        ({"words": "巡检"}, ["C-33"]),
        ({"words": "abc c-38"}, ["C-38"]),
        ({"words": "abc 没有"}, []),
        ({"kind": "cap", "part": "二.3"}, []),
    ],
)
def test_every_wish_must_be_met(asked: dict[str, str], found: list[str]) -> None:
    assert [card.clause.id for card in cards(contract(), ClauseFilter(**asked))] == found


def test_a_card_tells_which_limits_go_before_and_behind() -> None:
    counted = effective(answered(contract(), {"K1": "b"}))
    hotline = next(card for card in cards(counted) if card.clause.id == "C-38")
    assert (hotline.limit and hotline.limit.id, hotline.before, hotline.behind) == ("C-38", ("C-15", "C-16"), ())
    fifteen = next(card for card in cards(replace(counted, clauses=(replace(HOTLINE, id="C-15"),))))
    assert (fifteen.before, fifteen.behind) == ((), ("C-38",))


def test_a_card_tells_its_readings_openings_and_what_collides() -> None:
    unranked = (*LIMITS[:4], replace(LIMITS[4], except_types=()))
    found = cards(contract(limits=unranked, openings=(Opening("C-12", 1, 3),)))
    assert [len(card.openings) for card in found] == [1, 0, 0]
    assert [len(card.conflicts) for card in found] == [0, 0, 2]
    assert [(q.id, o.id, agreed) for q, o, agreed in found[2].readings] == [("K1", "a", False)]


def test_an_answer_that_both_agreed_upon_is_told_apart_from_the_default() -> None:
    assert [agreed for _q, _o, agreed in readings_of(answered(contract(), {"K1": "a"}))] == [True]
    assert [agreed for _q, _o, agreed in readings_of(contract())] == [False]
