"""The contract in config.toml: the tender's 58 clauses word for word, the ten questions, and mistakes told by place."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path

import pytest

from ops_console import settings, settings_contract
from ops_console.console import PROJECT
from ops_console.core.contracts import BASES, BOUND_NAMES, Clause
from ops_console.core.errors import SettingsInvalid
from ops_console.core.money import Fee, Node
from ops_console.core.readings import answered, conflicts, effective
from ops_console.core.terms import Opening, Settlement, Terms, differences
from tests.conftest import DATA
from tests.test_settings import load, problems

TENDER = (DATA / "tender.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def terms() -> Terms:
    return settings.load(PROJECT, {}).terms


# The tender


def test_every_clause_of_the_tender_is_there_in_its_own_words(terms: Terms) -> None:
    assert [clause.id for clause in terms.clauses] == [f"C-{number:02d}" for number in range(1, 59)]
    for clause in terms.clauses:
        assert clause.text in TENDER, clause.id
        assert clause.key in clause.text, clause.id
        assert clause.rule
        assert clause.evidence
        assert clause.bound in BOUND_NAMES
        assert clause.basis in BASES


def test_the_clauses_cover_the_whole_tender_but_its_headings_and_lead_sentences(terms: Terms) -> None:
    left = TENDER
    for text in sorted({clause.text for clause in terms.clauses}, key=len, reverse=True):
        left = left.replace(text, "")
    assert len("".join(left.split())) < 450
    for number in ("0.5小时", "1小时", "2小时", "4小时", "不超过4次", "不超过8次", "每月至少1次", "每月对系统巡检一次"):
        assert number not in left


def test_each_kind_is_among_them(terms: Terms) -> None:
    assert Counter(clause.kind for clause in terms.clauses) == {
        "standing_duty": 25, "event_duty": 7, "minimum": 7, "time_limit": 6, "quality": 5, "cap": 4, "cost_rule": 2,
        "penalty": 2,
    }  # fmt: skip
    assert {cap.id: cap.limit for cap in terms.caps} == {"C-12": 4, "C-25": 8, "C-29": 8, "C-31": 8}
    assert [cap.id for cap in terms.caps if cap.agreement_first] == ["C-31"]
    assert {clause.id for clause in terms.clauses if clause.bound != "vendor"} == {
        "C-12", "C-25", "C-29", "C-31", "C-53", "C-58",
    }  # fmt: skip


def test_a_number_that_the_tender_does_not_give_is_told_as_agreed_beside_it(terms: Terms) -> None:
    owed = {(clause.id, task.key): task for clause in terms.clauses for task in clause.tasks}
    assert [key for key, task in owed.items() if task.basis == "合同"] == [
        ("C-13", "note"), ("C-27", "reconcile"), ("C-27", "statistics"), ("C-33", "inspection"),
    ]  # fmt: skip
    monthly = [key for key, task in owed.items() if task.period == "month"]
    assert len(monthly) == 7  # 36 of the contract and 48 beside it a year (domain §6.6)
    assert sum(task.basis == "合同" for key, task in owed.items() if key in monthly) == 3
    for task in owed.values():
        assert task.evidence
    assert (owed["C-24", "notice"].minutes, owed["C-24", "notice"].same_day) == (30, True)
    assert [owed["C-35", key].workdays for key in ("remind", "plan")] == [5, 10]
    assert [owed["C-30", key].workdays for key in ("manual", "video")] == [5, 5]
    assert owed["C-46", "password"].workdays == 3
    assert (owed["C-43", "drill"].period, owed["C-51", "pentest"].period) == ("half", "year")


def test_the_tender_names_one_sum_alone(terms: Terms) -> None:
    assert (terms.fee, terms.nodes, terms.openings, terms.settlement.at_risk) == (None, (), (), 0)
    assert [clause.id for clause in terms.clauses if getattr(clause, "amount", "none") != "none"] == ["C-55"]


# The questions


def test_there_are_ten_questions_each_with_two_answers_or_more(terms: Terms) -> None:
    assert [question.id for question in terms.questions] == [f"K{number}" for number in range(1, 11)]
    for question in terms.questions:
        assert len(question.options) >= 2
        assert question.default.sets == ()
        assert question.matters
        assert len({option.sentence for option in question.options}) == len(question.options)


def test_every_other_answer_changes_what_judges_and_leaves_no_conflict(terms: Terms) -> None:
    for question in terms.questions:
        for option in question.options[1:]:
            other = effective(answered(terms, {question.id: option.id}))
            changed = {change.path for change in differences(terms, other)} - {"chosen"}
            assert changed, (question.id, option.id)
            assert conflicts(other) == ()


def test_what_an_answer_changes_is_told_by_the_clause_itself(terms: Terms) -> None:
    """No card may tell a rule that the answer made untrue."""
    for question in terms.questions:
        for option in question.options[1:]:
            other = effective(answered(terms, {question.id: option.id}))
            paths = {change.path for change in differences(terms, other)}
            if any(path.startswith(("limits[", "clauses[")) for path in paths) and question.id != "K10":
                assert any(path.endswith(".rule") for path in paths), (question.id, option.id)


def test_the_hotline_s_two_hours_may_go_before_for_faults_as_well(terms: Terms) -> None:
    other = effective(answered(terms, {"K1": "hotline"}))
    (limit,) = other.limits_for(type="故障", needs_onsite=False, klass="work")
    assert (limit.id, limit.limit_seconds) == ("C-38", 7200)
    (tighter,) = effective(terms).limits_for(type="故障", needs_onsite=False, klass="work")
    assert (tighter.id, tighter.limit_seconds) == ("C-15", 1800)


def test_all_ten_other_answers_at_once_are_sound(terms: Terms) -> None:
    others = {question.id: question.options[-1].id for question in terms.questions}
    assert conflicts(effective(answered(terms, others))) == ()


# Mistakes

FIRST_CLAUSE = '[[contract.clause]]\nid = "C-01"'
EXTRA = '[[contract.opening]]\nclause = "C-31"\nyear = 2\nused = 5\n'
DEFECTS = [
    # unknown keys and misspelt words
    (('duplicate_of = "C-19"', 'duplicate = "C-19"'), "contract.clause[40].duplicate", "未知的键"),
    (('key = "一体化', 'kee = "一体化'), "contract.clause[0].kee", "未知的键"),
    (('key = "一体化', 'kee = "一体化'), "contract.clause[0].key", "缺少这一项"),
    (('kind = "quality"', 'kind = "qualty"'), "contract.clause[0]", "只能是"),
    (('kind = "quality"\n', ""), "contract.clause[0]", "缺少 kind"),
    (('basis = "合同"\nkind = "quality"', 'basis = "约定"\nkind = "quality"'), "contract.clause[0].basis", "只能是"),
    (('bound = "hospital"', 'bound = "医院"'), "contract.clause[11].bound", "只能是"),
    (('period = "month"', 'period = "monthly"'), "contract.clause[26].task[0].period", "只能是"),
    (('event = "release"', 'event = "releases"'), "contract.clause[12].task[0].event", "只能是"),
    (('scope = "planned_visit"', 'scope = "planned"'), "contract.clause[11].scope", "只能是"),
    (('approval = ["hospital", "leader"]', 'approval = ["院领导"]'), "contract.clause[54].approval[0]", "只能是"),
    # a text where a number belongs, a number out of bounds
    (("limit = 4\n", 'limit = "4"\n'), "contract.clause[11].limit", "应为整数"),
    (("limit = 4\n", "limit = 4.5\n"), "contract.clause[11].limit", "应为整数"),
    (("limit = 4\n", "limit = 0\n"), "contract.clause[11].limit", "不能小于 1"),
    (("limit = 4\n", ""), "contract.clause[11].limit", "缺少这一项"),
    (("limit = 4\n", "limit = 4\nagreed = true\n"), "contract.clause[11].agreed", "未知的键"),
    (('agreement_first = true', 'agreement_first = "yes"'), "contract.clause[30].agreement_first", "true 或 false"),
    (("lock_workday = 5", "lock_workday = 32"), "contract.settlement.lock_workday", "不能大于 20"),
    (('at_risk_percent = "0"', "at_risk_percent = 0"), "contract.settlement.at_risk_percent", "应为文字"),
    (('"报网信部门" = 240', '"报网信部门" = 0'), "contract.settlement.limits_told.报网信部门", "不能小于 1"),
    (('text = "本次运维项目', 'text = ""\nwas = "本次运维项目'), "contract.clause[0].text", "不能为空"),
    (('types = ["咨询"]', 'types = "咨询"'), "contract.clause[6].types", "应为列表"),
    ((FIRST_CLAUSE, '[[contract.clause]]\nid = "C-1"'), "contract.clause[0].id", "写法不合要求"),
    # what contradicts itself
    ((FIRST_CLAUSE, '[[contract.clause]]\nid = "C-02"'), "contract.clause", "条款编号 C-02 重复"),
    (('duplicate_of = "C-19"', 'duplicate_of = "C-99"'), "contract.clause C-41.duplicate_of", "没有 C-99"),
    (('event = "release"', 'event = "release"\ndue_days = 3'), "contract.clause C-13.task note", "只用于周期任务"),
    (('workdays = 5', 'workdays = 5\nminutes = 30'), "contract.clause C-13.task faq", "只能有一个"),
    (('period = "month"', 'period = "month"\nevent = "release"'), "contract.clause C-27.task reconcile", "只写一个"),
    (('period = "month"', 'period = "month"\nworkdays = 5'), "contract.clause C-27.task reconcile", "最后一天到期"),
    (('key = "statistics"', 'key = "reconcile"'), "contract.clause C-27", "任务 reconcile 重复"),
    (('evidence = ["E8", "E7"]\nsigns', 'evidence = ["E8", "E77"]\nsigns'), "contract.clause C-27.evidence", "E77"),
    (('types = ["政策性修改"]', 'types = ["客户化开发"]'), "contract.clause", "同时占用两项额度"),
    (('types = ["政策性修改"]', 'types = ["数据纠错"]'), "contract.clause C-02.types", "只留一处"),
    (('types = ["政策性修改"]', 'types = ["政策修改"]'), "contract.clause C-29.types", "没有“政策修改”这一工单类型"),
    (('section = "二.3 热线服务"\nkey = "2小时', 'section = "二.4"\nkey = "2小时'), "contract.time_limit C-38.clause",
     "section"),
    (("counts_from = 2025-01-01", "counts_from = 2025-01-01\ngo_live_on = 2024-12-31"), "contract.go_live_on",
     "合同期"),
    (("limit_minutes = 30\npausable = false", 'limit_minutes = 30\npausable = false\nexception_to = ["C-83"]'),
     "contract.time_limit C-15.exception_to", "没有 C-83"),
    (("limit_minutes = 30\npausable = false", 'limit_minutes = 30\npausable = false\nexception_to = ["C-17"]'),
     "contract.time_limit C-15.exception_to", "不是同一段时间"),
    (('month_of = "occurrence"', 'month_of = "finding"'), "contract.clause C-55.month_of", "不一致"),
    # readings
    (('clauses = ["C-54"]', 'clauses = ["C-64"]'), "contract.question K7.clauses", "没有 C-64"),
    (('"C-38.except_types" = []', '"C-38.except" = []'), "contract.question K1", "C-38.except: "),
    (('"C-51.task.pentest.period" = "half"', '"C-51.task.pentest.period" = "halves"'),
     "contract.question[9].option[1].sets", "C-51.task.pentest.period 只能是"),
    (('"C-24.task.notice.minutes" = 120', '"C-24.task.notice.minutes" = -1'),
     "contract.question[9].option[2].sets", "0 到 10080"),
    (('"C-12.types" = ["环境问题"]', '"C-12.types" = ["环境"]'), "contract.question K2 C-12.types", "没有“环境”"),
    (('"C-18.limit_minutes" = 360', '"C-18.limit_minutes" = "360"'), "contract.question K6", "limit_minutes"),
    (('"C-24.task.notice.minutes" = 10', '"C-24.task.notes.minutes" = 10'), "contract.question K10", "notes"),
    (('id = "hotline"\nsentence', 'id = "tighter"\nsentence'), "contract.question K1", "答案 tighter 重复"),
    # opening balances, money
    (("[contract.settlement] ", EXTRA.replace("C-31", "C-30") + "[contract.settlement] "),
     "contract.opening[0].clause", "不是年度额度"),
    (("[contract.settlement] ", EXTRA.replace("year = 2", "year = 4") + "[contract.settlement] "),
     "contract.opening[0].year", "3 个合同年"),
    (("[contract.settlement] ", EXTRA * 2 + "[contract.settlement] "), "contract.opening", "重复"),
    (("[contract.settlement] ", "[contract.fee]\nannual = 120000\n[contract.settlement] "), "contract.fee.annual",
     "应为文字"),
    (("[contract.settlement] ", '[contract.fee]\nannual = "12万"\n[contract.settlement] '), "contract.fee.annual",
     "应为金额"),
    (("[contract.settlement] ", '[contract.fee]\nannual = "1"\n[contract.fee.months]\n"2028-01" = "1"\n'
      "[contract.settlement] "), "contract.fee.months", "不在合同期内"),
    (("[contract.settlement] ", '[[contract.node]]\nid = "q"\nkind = "quater"\n[contract.settlement] '),
     "contract.node[0].kind", "只能是"),
    (("[contract.settlement] ", '[[contract.node]]\nid = "b"\nkind = "bond"\nshare_percent = "5"\n'
      "[contract.settlement] "), "contract.node[0].legal_basis", "政府采购法实施条例"),
    (("[contract.settlement] ", '[[contract.node]]\nid = "b"\nkind = "bond"\nshare_percent = "12"\n'
      'legal_basis = "补充协议 1 号"\n[contract.settlement] '), "contract.node[0].share_percent", "10%"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "place", "told"), DEFECTS, ids=lambda part: part if isinstance(part, str) else "")
def test_a_seeded_defect_is_refused_with_its_place_and_what_to_do(
    tmp_path: Path, change: tuple[str, str], place: str, told: str
) -> None:
    found = [problem for problem in problems(tmp_path, change) if problem.startswith(f"{place}：") or place in problem]
    assert any(told in problem for problem in found), problems(tmp_path, change)


def test_all_defects_of_one_file_are_told_together(tmp_path: Path) -> None:
    said = problems(tmp_path, *(change for change, _place, _told in (DEFECTS[0], DEFECTS[6], DEFECTS[9], DEFECTS[17])))
    assert len(said) >= 4


def test_what_is_fully_written_is_read(tmp_path: Path) -> None:
    more = """[[contract.opening]]
clause = "C-31"
year = 2
used = 5
document = "额度核对单"
[contract.fee]
annual = "120,000.50"
[contract.fee.months]
"2026-02" = "8000"
[[contract.node]]
id = "quarterly"
kind = "quarter"
condition = "三个月均已签字"
[[contract.node]]
id = "bond"
kind = "bond"
share_percent = "4.5"
legal_basis = "补充协议 1 号"
[contract.settlement] """
    found = load(
        tmp_path, ("[contract.settlement] ", more), ('at_risk_percent = "0"', 'at_risk_percent = "12.5"'),
        ("counts_from = 2025-01-01", "counts_from = 2025-01-01\ngo_live_on = 2025-03-01"),
        ('id = "C-33"', 'id = "C-33"\ngo_live_on = 2025-04-01'),
    ).terms  # fmt: skip
    assert found.openings == (Opening("C-31", 2, 5, "额度核对单"),)
    assert found.fee == Fee(12_000_050, (("2026-02", 800_000),))
    assert found.nodes == (
        Node("quarterly", "quarter", condition="三个月均已签字"),
        Node("bond", "bond", 450, legal_basis="补充协议 1 号"),
    )  # fmt: skip
    assert found.settlement.at_risk == 1250
    assert (found.live_on().isoformat(), found.live_on("C-33").isoformat()) == ("2025-03-01", "2025-04-01")


def test_a_file_without_clauses_still_counts() -> None:
    found = settings.load(PROJECT, {"OPS_CONFIG": str(DATA / "config-0015.toml")}).terms
    assert (found.clauses, found.questions, found.settlement) == ((), (), Settlement())
    assert found.as_json() == (DATA / "terms-0015.json").read_text(encoding="utf-8")


def test_a_file_that_is_no_file_at_all_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid):
        settings.load(tmp_path, {"OPS_CONFIG": str(tmp_path / "none.toml")})


def test_the_shape_of_a_clause_follows_from_its_dataclass() -> None:
    """A field added to a kind of clause is a key of the file at once, and no key is there that the kind has not."""
    for kind, of_kind in Clause.KINDS.items():
        keys = set(settings_contract.CLAUSES[kind].model_fields)
        assert keys == {f.name for f in fields(of_kind) if f.init} - {"tasks"} | {"kind", "task"}
