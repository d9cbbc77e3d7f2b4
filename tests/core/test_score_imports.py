"""A hospital's own table becomes a draft: columns guessed, rule texts read, unknown facts left to a person."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ops_console.core.errors import Refused
from ops_console.core.score_columns import FIELDS, Columns, Line, guess, width
from ops_console.core.score_drafts import HAND, STEPS, ItemForm
from ops_console.core.score_imports import Drawn, draw
from ops_console.core.score_rules import fact_of, read_rule
from ops_console.core.score_words import task_names
from tests.core.score_tables import ATTITUDE, OUTDOOR, VIDEO

TASKS = task_names(None)


def lines(rows: Sequence[Sequence[str]]) -> list[Line]:
    return [Line(n, tuple(str(cell) for cell in row)) for n, row in enumerate(rows, 1) if any(row)]


def drawn(rows: Sequence[Sequence[str]], columns: Columns | None = None) -> Drawn:
    table = lines(rows)
    return draw(table, columns or guess(table), TASKS)


def facts(item: ItemForm) -> list[tuple[str, str, str]]:
    return [(step.measure, step.points, step.free) for step in item.steps] if item.mode == STEPS else []


@pytest.mark.parametrize(
    ("text", "points", "most", "free"),
    [
        ("每次扣1分，最多扣5分", [100], 500, 0), ("未按时到场每次扣1分，扣完为止", [100], None, 0),
        ("扣2分/次", [200], None, 0),
        ("每项扣0.5分，累计不超过3分", [50], 300, 0), ("-5分/次", [500], None, 0), ("每次−1", [100], None, 0),
        ("前2次不扣，以后每次扣一分", [100], None, 2), ("首次不扣，之后每次扣半分", [50], None, 1),
        ("10分钟内未响应每次扣5分；超过2小时未解决每次再扣3分", [500, 300], None, 0), ("最高扣10分", [], 1000, 0),
        ("每发现一次扣两分，最多扣完５分", [200], 500, 0), ("扣分不超过5分,每次扣1分", [100], 500, 0),
        ("得分85-90分合格", [], None, 0), ("", [], None, 0), ("上限5分", [], 500, 0), ("每次减 1.5 分", [150], None, 0),
    ],
)  # fmt: skip
def test_rule_texts_are_read(text: str, points: list[int], most: int | None, free: int) -> None:
    found = read_rule(text)
    assert [part.points for part in found.parts] == points
    assert found.most == most
    assert all(part.free == free for part in found.parts)
    assert (found.is_bonus, found.is_judged) == (False, False)


@pytest.mark.parametrize("text", ["协助合同以外工作加2分", "+2", "每次奖励1分"])
def test_bonuses_are_told_apart(text: str) -> None:
    assert read_rule(text).is_bonus


@pytest.mark.parametrize("text", ["接听率低于90%，每低1个百分点扣0.5分", "每次扣1-2分", "酌情扣1分", "每低1%扣1分"])
def test_rates_ranges_and_discretion_are_for_a_person(text: str) -> None:
    assert read_rule(text).is_judged


@pytest.mark.parametrize(
    ("text", "measure"),
    [
        ("未开展巡检", "duty_missed:inspection"), ("巡检逾期", "duty_late:inspection"), ("巡检清单缺项",
        "inspection_incomplete"),
        ("服务报告弄虚作假", "falsified"), ("收到有效投诉", "complaints"), ("人员擅自离岗", "absent_half_days"),
        ("迟到", "arrived_late_at_work"), ("未按时到达现场", "arrival_broken"), ("2小时内未到达现场", "arrival_broken"),
        ("30分钟内未到达现场", ""), ("10分钟内未响应", ""), ("工作时间30分钟内未响应", "response_work_broken"),
        ("工作时间15分钟内未响应", ""), ("非工作时间1小时内未响应", "response_off_broken"), ("4小时内未排除故障",
        "repair_broken"),
        ("24小时内未修复", ""), ("变更失败", "change_failed"), ("漏洞未按期修复", "vulnerability_overdue"),
        ("同一故障30天内再次发生", "recurring"), ("值班电话抽查无人接听", "spot_check_failed"), ("未做备份检查",
        "duty_missed:check"),
        ("未提供操作视频", "duty_missed:video"), ("微笑服务", ""), ("满意度", ""), ("重开", "reopened"),
        ("未经通知更换工程师", "engineer_changed"), ("响应不及时", ""), ("complaints", "complaints"),
    ],
)  # fmt: skip
def test_facts_are_guessed_only_where_the_words_are_sure(text: str, measure: str) -> None:
    assert fact_of(text, TASKS) == measure


# (a), (b), (c): what the columns and facts ought to be; how many of them a person has to choose anew.
TABLES = [
    (ATTITUDE, {"code": 0, "group": 1, "name": 2, "weight": 3, "rule": 4}, 2, 7),
    (VIDEO, {"name": 0, "rule": 1, "deduct": 2}, 2, 7),
    (OUTDOOR, {"group": 0, "name": 1, "weight": 2, "rule": 3}, 1, 3),
]


@pytest.mark.parametrize(("rows", "places", "header", "count"), TABLES)
def test_tables_like_those_in_practice_need_five_choices_at_most(
    rows: list[list[str]], places: dict[str, int], header: int, count: int
) -> None:
    table = lines(rows)
    found = guess(table)
    wrong = sum(found.places.get(name) != places.get(name) for name in FIELDS) + (found.header != header)
    assert wrong <= 5
    assert wrong == 0
    assert len(draw(table, found, TASKS).items) == count


def test_the_attitude_table() -> None:
    found = drawn(ATTITUDE)
    assert [(item.group, item.name, item.weight) for item in found.items[:3]] == [
        ("服务进度（20分）", "重点任务按期完成", "20"), ("服务态度（10分）", "微笑服务", "2"), ("服务态度（10分）",
        "耐心、热情", "2"),
    ]  # fmt: skip
    assert facts(found.items[0]) == [("delivery_late", "4", "")]
    assert [item.mode for item in found.items[1:6]] == [HAND] * 5
    response = found.items[5]
    assert response.rule == "10分钟内未响应每次扣5分\n超过2小时未解决的，每次再扣5分"  # the row below goes on with it
    assert facts(found.items[6]) == [("falsified", "10", "")]
    assert [left.row for left in found.left] == [11, 12]


def test_the_table_without_weights_leaves_them_open() -> None:
    found = drawn(VIDEO)
    assert {item.weight for item in found.items} == {""}
    assert [facts(item) for item in found.items[:4]] == [
        [("arrival_broken", "1", "")], [("duty_missed:inspection", "5", "")], [], [("falsified", "3", "")],
    ]  # fmt: skip
    assert [item.code for item in found.items] == ["1", "2", "3", "4", "5", "6", "7"]


def test_bonus_rows_never_become_items() -> None:
    found = drawn(OUTDOOR)
    assert [item.code for item in found.items] == ["A1", "A2", "A3"]
    assert [str(left.why) for left in found.left] == ["加分不计入 100 分，也不能抵消扣分", "合计、签字或说明"]
    assert facts(found.items[1]) == [("absent_half_days", "1", "")]


def test_without_a_header_columns_are_told_by_what_stands_in_them() -> None:
    rows = [["1", "投诉", "40", "每次扣1分"], ["2", "巡检", "60", "未巡检每次扣5分，最多扣20分"]]
    found = guess(lines(rows))
    assert (found.header, found.places) == (0, {"rule": 3, "weight": 2, "name": 1})
    items = drawn(rows).items
    assert [(item.weight, item.most, facts(item)) for item in items] == [
        ("40", "", [("complaints", "1", "")]), ("60", "20", [("duty_missed:inspection", "5", "")]),
    ]  # fmt: skip


def test_an_empty_table_has_no_columns() -> None:
    assert guess([]) == Columns(0, {})
    assert width([]) == 0
    with pytest.raises(Refused) as refused:
        drawn([])
    assert refused.value.field == "name"


def test_a_column_of_facts_and_columns_of_points_go_before_the_text() -> None:
    rows = [
        ["项目", "分值", "评分标准", "每次扣", "最多扣", "事实"],
        ["安全", "10", "发生一次扣3分", "2", "6", "漏洞逾期未修复"], ["安全2", "90%", "", "1", "", "complaints"],
    ]  # fmt: skip
    first, second = drawn(rows).items
    assert (facts(first), first.most, first.weight) == ([("vulnerability_overdue", "2", "")], "6", "10")
    assert (facts(second), second.weight) == ([("complaints", "1", "")], "90")


def test_a_rule_that_goes_on_below_adds_its_facts_or_leaves_all_to_a_person() -> None:
    rows = [["项目", "分值", "评分标准"], ["质量", "100", "投诉每次扣1分"], ["", "", "未巡检每次扣5分"]]
    (item,) = drawn(rows).items
    assert facts(item) == [("complaints", "1", ""), ("duty_missed:inspection", "5", "")]
    (item,) = drawn([*rows, ["", "", "态度不好酌情扣分"]]).items
    assert (item.mode, item.rule.count("\n")) == (HAND, 2)
    (item,) = drawn([*rows, ["", "", "再次投诉每次扣2分"]]).items
    assert item.mode == HAND  # the same fact twice: which of the two counts is not ours to say


def test_a_repeated_heading_and_rows_that_say_nothing_are_left() -> None:
    head = ["项目", "分值", "评分标准"]
    found = drawn([head, ["投诉", "100", "每次扣1分"], head, ["只有名字", "", ""]])
    assert len(found.items) == 1
    assert [(left.row, str(left.why)) for left in found.left] == [(4, "既没有分值，也没有扣分办法")]


def test_two_fields_cannot_be_one_column() -> None:
    with pytest.raises(Refused):
        drawn([["a", "1"]], Columns(0, {"name": 0, "rule": 0}))


def test_more_items_than_a_sheet_has_are_refused() -> None:
    rows = [["项目", "分值", "评分标准"], *([f"项{n}", "1", "每次扣1分"] for n in range(101))]
    with pytest.raises(Refused) as refused:
        drawn(rows)
    assert "100 项" in str(refused.value)


def test_long_texts_are_cut_to_what_an_item_holds() -> None:
    (item,) = drawn([["项目", "分值", "评分标准"], ["名" * 300, "5", "规" * 900]]).items
    assert (len(item.name), len(item.rule)) == (100, 500)
