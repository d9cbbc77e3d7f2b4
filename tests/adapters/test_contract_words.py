"""A change of the contract in people's words: its place, its value, and a part that is wholly new told as one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops_console import settings
from ops_console.adapters.contract_words import TERM_NAMES, change_name, change_value, limit_types, shown
from ops_console.console import PROJECT
from ops_console.core.money import Fee, Node
from ops_console.core.terms import Change, Opening, Terms, differences, terms_from_json
from tests.conftest import DATA


def say(text: str) -> str:
    return text


@pytest.fixture(scope="module")
def terms() -> Terms:
    return settings.load(PROJECT, {}).terms


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("limits[C-16].limit_seconds", "C-16 限时"),
        ("counts_from", "本版本起计日"),
        ("clauses[C-24].tasks[notice].minutes", "C-24 notice 分钟内"),
        ("settlement.lock_workday", "第几个工作日冻结"),
        ("overrides[2027].holidays", "2027 放假"),
        ("questions[K1].options[hotline].sentence", "K1 hotline 答案"),
        ("unknown", "unknown"),
    ],
)
def test_a_place_is_told_in_words(path: str, name: str) -> None:
    assert change_name(Change(path, None, None), say) == name


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("limits[C-16].limit_seconds", "3600", "1:00:00"),
        ("limits[C-16].pausable", "True", "是"),
        ("limits[C-16].classes", '["work", "off"]', "工作时间；非工作时间"),
        ("limits[C-16].types", "[]", "（没有）"),
        ("clauses[C-12].kind", "cap", "年度额度"),
        ("clauses[C-55].month_of", "finding", "认定当月"),
        ("clauses[C-12].scope", "all_onsite", "全部到场"),
        ("fee.annual", "12000050", "120,000.50"),
        ("nodes[q].share", "450", "4.5%"),
        ("nodes[q].kind", "quarter", "按季"),
        ("settlement.at_risk", "1000", "10%"),
        ("hours", '[["08:00", "18:00"]]', "08:00–18:00"),
    ],
)
def test_a_value_is_told_in_words(path: str, value: str, told: str) -> None:
    assert change_value(Change(path, None, value), "new", say, str) == told
    assert change_value(Change(path, None, value), "old", say, str) == ""


def test_every_key_of_the_terms_has_a_name(terms: Terms) -> None:
    full = replace(
        terms, fee=Fee(1, (("2026-01", 2),)), nodes=(Node("q", "bond", 1, "条件", "依据"),),
        openings=(Opening("C-31", 1, 5, "单"),), go_live_on=terms.starts_on,
        settlement=replace(terms.settlement, at_risk=5, lock_workday=4),
    )  # fmt: skip
    empty = replace(
        terms, clauses=(), questions=(), limits=(), readings=(), settlement=replace(terms.settlement, limits_told=())
    )
    fields = {change.path.rpartition(".")[2].partition("[")[0] for change in differences(empty, full)}
    assert {field for field in fields if field not in TERM_NAMES} == {"limits", "readings"}  # emptied lists themselves


def test_an_upgrade_from_a_file_without_clauses_is_told_clause_by_clause(terms: Terms) -> None:
    old = terms_from_json((DATA / "terms-0015.json").read_text(encoding="utf-8"))
    found = shown(differences(old, terms))
    told = [change.path for change in found if change.path.startswith("clauses")]
    assert told == [f"clauses[C-{n:02d}].rule" for n in range(1, 59)]
    assert len([change for change in found if change.path.startswith("questions")]) == 10
    gone = shown(differences(terms, old))
    assert [change.new for change in gone if change.path.startswith("clauses")] == [None] * 58


def test_a_changed_part_is_told_field_by_field(terms: Terms) -> None:
    cap = replace(terms.clauses[11], limit=5, scope="", types=("环境问题",))  # type: ignore[call-arg]
    other = replace(terms, clauses=(*terms.clauses[:11], cap, *terms.clauses[12:]))
    assert {change.path for change in shown(differences(terms, other))} == {
        "clauses[C-12].limit", "clauses[C-12].scope", "clauses[C-12].types",
    }  # fmt: skip


def test_which_tickets_a_limit_is_about(terms: Terms) -> None:
    assert [limit_types(limit, say) for limit in terms.limits] == [
        "故障", "故障", "故障（需到场）", "故障（需到场）", "除故障以外的各类",
    ]  # fmt: skip
    assert limit_types(replace(terms.limits[4], except_types=()), say) == "各类工单"
