"""A sheet in people's words: every rule is told, two versions differ in sentences a chief would say."""

from __future__ import annotations

from dataclasses import replace

from ops_console.core.contracts import EventDuty, Task
from ops_console.core.measures import TASK_NAMES
from ops_console.core.score_preset import GRADES, ITEMS, PRESET
from ops_console.core.score_words import (
    choices,
    differences,
    joined,
    limit_text,
    measure_title,
    rule_of,
    sources_of,
    task_names,
)
from ops_console.core.scores import HOSPITAL_ALONE, Item, Sheet, Step
from tests.core.builders import terms

NAMES = task_names(None)


def rule(item: Item) -> list[str]:
    return [str(line) for line in rule_of(item, NAMES)]


def by_code(code: str) -> Item:
    return next(item for item in ITEMS if item.code == code)


def test_every_item_of_the_example_is_told() -> None:
    for item in ITEMS:
        assert rule(item)
        assert sources_of(item)
    assert rule(by_code("F1")) == [
        "“补录没有凭证”每月前 2 次不扣，以后每次扣 0.5 分", "“补录超过 24 小时”每次扣 0.25 分",
        "有“弄虚作假”时本项记 0 分",
    ]  # fmt: skip
    assert rule(by_code("D1"))[-2:] == ["其余：扣 5 分", "总数不足 20 时改为：“重开”每次扣 1 分"]
    assert rule(by_code("G1"))[-1] == "总数不足 10 时不扣分，并注明"
    assert rule(by_code("B1"))[0] == "“义务缺失：系统巡检”每次扣 6 分"
    assert sources_of(by_code("B1")) == ("义务", "月度录入")


def test_by_hand_and_one_sided_items_say_so() -> None:
    item = replace(by_code("A1"), by_hand=True, most=300, observed_by=HOSPITAL_ALONE)
    assert rule(item) == ["不由系统计算；由甲方按办法评分并写明理由", "最多扣 3 分", "只有甲方能看到，不影响金额"]
    assert sources_of(item) == ("人工评分",)


def test_limits_are_written_in_their_own_unit() -> None:
    assert (limit_text("reopened", 300), limit_text("rating", 450)) == ("3%", "4.5")
    assert limit_text("availability", 9990) == "99.9"


def test_tasks_are_called_as_the_contract_calls_them() -> None:
    own = EventDuty(
        id="C-33", section="二.3", key="巡检", text="每月巡检", bound="vendor", basis="合同", rule="", signs="",
        tasks=(Task("inspection", "平台巡检", "合同"), Task("extra", "另一件", "补充约定")),
    )  # fmt: skip
    names = task_names(replace(terms(), clauses=(own,)))
    assert (names["inspection"], names["extra"], names["manual"]) == ("平台巡检", "另一件", TASK_NAMES["manual"])
    assert str(measure_title("duty_late:inspection", names)) == "义务迟延：平台巡检"
    assert str(measure_title("duty_late:gone", names)) == "义务迟延：gone"
    assert str(measure_title("nothing", names)) == "nothing"


def test_what_may_be_chosen_is_by_source_with_what_is_in_use() -> None:
    found = dict(choices(NAMES, ["duty_missed:gone", "duty_missed:inspection", "junk:x"]))
    assert list(found) == ["tickets", "duties", "entry"]
    assert found["duties"].count("duty_missed:inspection") == 1
    assert "duty_missed:gone" in found["duties"]
    assert "junk:x" not in found["duties"]
    assert "complaints" in found["entry"]


def told(old: Sheet, new: Sheet) -> list[tuple[str, str, str | None, str | None]]:
    found = differences(old, new, NAMES)
    return [(one.kind, str(one.about), one.old and str(one.old), one.new and str(one.new)) for one in found]  # type: ignore[misc]


def test_the_same_sheet_does_not_differ() -> None:
    assert differences(PRESET, PRESET, NAMES) == ()


def test_versions_differ_in_words() -> None:
    first, second, *rest = ITEMS
    heavier = replace(first, weight=900, clauses=("C-15", "C-16"), steps=(Step("response_work_broken", 200),))
    added = Item("X1", "其他", "新项", 100, steps=(Step("complaints", 50),))
    new = replace(PRESET, name="第二版", items=(heavier, *rest, added), grades=GRADES[:2], one_item_a_fact=False)
    assert told(PRESET, new) == [
        ("changed", "评分表名称", "示例-100分制", "第二版"),
        ("changed", "A1 工作时间故障响应 的分值", "8 分", "9 分"),
        ("changed", "A1 工作时间故障响应 的条款", "C-15", "C-15、C-16"),
        (
            "changed", "A1 工作时间故障响应 的扣分办法",
            "“工作时间响应超时”每次扣 1 分；“工作时间响应未证实”每次扣 0.5 分", "“工作时间响应超时”每次扣 2 分",
        ),
        ("added", "X1 新项", None, "1 分：“有效投诉”每次扣 0.5 分"),
        ("removed", "A2 非工作时间故障响应",
        "6 分：“非工作时间响应超时”每次扣 1.5 分；“非工作时间响应未证实”每次扣 0.75 分", None),
        ("changed", "同一件事", "只在一项扣分，取扣得多的", "每一项都扣"),
        ("changed", "等级",
         "优秀 90 分起 100%；良好 80 分起 95%；合格 70 分起 90%；基本合格 60 分起 80%；不合格 0 分起 80%",
         "优秀 90 分起 100%；良好 80 分起 95%"),
    ]  # fmt: skip
    assert second.code == "A2"


def test_another_order_alone_is_told() -> None:
    first, second, *rest = ITEMS
    (change,) = differences(PRESET, replace(PRESET, items=(second, first, *rest)), NAMES)
    assert change.kind == "moved"
    assert str(change.new).startswith("A2、A1、A3")


def test_nothing_joined_is_said() -> None:
    assert str(joined([])) == "（没有）"
