"""What a hospital's own rule text says: 每次扣1分，最多扣5分; and which fact of the list it may mean.

Not for the console's words: everything here is what papers say. A guess is shown to people before it counts; where a
text names a time limit of its own, it means another fact than the contract's, and no guess is made.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ops_console.core.measures import MEASURES

_DIGITS = {
    "半": 0.5, "一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
_N = r"(\d{1,3}(?:\.\d{1,2})?|[半一二两三四五六七八九十])"
_MOST = (
    re.compile(rf"(?:最多|最高|至多|累计|总共|上限为?|封顶)[^扣减,;。]{{0,6}}(?:扣|减)?(?:除|减|分|完|至)?{_N}\s*分"),
    re.compile(rf"(?:扣分|扣减|扣除)?(?:累计|合计|总计)?不(?:超过|高于|大于)\s*{_N}\s*分"),
    re.compile(rf"扣完\s*{_N}\s*分为止"),
)
_DEDUCTS = re.compile(rf"(?:(?:扣除?|扣减|减|倒扣)\s*|(?<![\d分~至到])-\s*){_N}\s*分?")
_BONUS = re.compile(rf"(?:加|奖励|增加)\s*{_N}\s*分|(?<!\d)\+\s*{_N}")
_FREE = re.compile(r"(?:前|首)\s*([\d一两二三])?\s*次\s*(?:不扣|免扣|不计)")
_JUDGED = re.compile(
    rf"百分点|每(?:低|少|降低|下降|减少|高|增加|超)[^,;。扣]{{0,6}}%|(?:扣|减){_N}\s*[-~至到]\s*{_N}\s*分|酌情|视情"
)
# What stands in a table beside its items: sums, signatures, remarks.
NO_ITEM = re.compile(
    r"(?:合\s*计|总\s*计|总\s*分|小\s*计|考核得分|得分合计|评分人|考核人|签字|签章|备\s*注|说\s*明|注)(?:[:：(（\s].*)?",
    re.DOTALL,
)
_SPLIT = re.compile(r"[;。\n]+")
_TIME = re.compile(r"(\d+(?:\.\d+)?|半|[一二两三四五六七八九十]+)\s*个?(分钟|小时|工作日|天|日|min|h)(?!内?次)")


@dataclass(frozen=True)
class Part:
    """One part of a rule text: what it says, how much each time deducts (hundredths, None: it does not say)."""

    text: str
    points: int | None
    free: int = 0


@dataclass(frozen=True)
class RuleText:
    """A rule text as read: its parts that deduct, the most of all together, whether it gives points instead, and
    whether it goes by a rate, within a range or at discretion, so that a person has to judge.
    """

    parts: tuple[Part, ...] = ()
    most: int | None = None
    is_bonus: bool = False
    is_judged: bool = False


def read_rule(text: str) -> RuleText:
    """Given a rule text, return what it says.

    >>> read_rule("未按时到场每次扣1分，最多扣5分").parts[0].points, read_rule("每次扣0.5分，最多扣5分").most
    (100, 500)
    """
    plain = _plain(text)
    most = next((_points(found[1]) for pattern in _MOST if (found := pattern.search(plain))), None)
    for pattern in _MOST:
        plain = pattern.sub("", plain)
    parts = tuple(part for piece in _SPLIT.split(plain) for part in _parts(piece))
    return RuleText(parts, most, bool(_BONUS.search(plain)) and not parts, bool(_JUDGED.search(plain)))


def _parts(piece: str) -> Iterable[Part]:
    free = _FREE.search(piece)
    count = int(_value(free[1] or "1")) if free else 0
    start = 0
    for found in _DEDUCTS.finditer(piece):
        yield Part(piece[start : found.end()].strip(" ,、"), _points(found[1]), count)
        start = found.end()


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("−", "-").replace("–", "-").replace("—", "-")


def _value(text: str) -> float:
    return _DIGITS[text] if text in _DIGITS else float(text)


def _points(text: str) -> int:
    return round(_value(text) * 100)


# -- facts ------------------------------------------------------------------------------------------------------------

_NOT_DONE = r"未|没有|没|缺|漏|不(?:开展|进行|执行|做)"
_LATE = r"迟|超过|逾期|超期|延期|延误|未按时|未及时|未按期|不及时|超时|未在"
# The first that is found in the text decides: the words that must all be there, and what they mean.
_FACTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("falsified", (r"弄虚作假|虚假|造假|伪造|假(?:报告|记录|数据)|谎报",)),
    ("complaints", (r"投诉",)),
    ("spot_check_failed", (r"抽查|抽检|拨测", r"值班|电话", r"不通|无人|未接|脱岗|不在岗")),
    ("absent_half_days", (r"缺岗|脱岗|离岗|擅离|空岗|旷工",)),
    ("arrived_late_at_work", (r"迟到",)),
    ("engineer_changed", (r"更换|调换|变更人员", r"工程师|人员|项目经理|驻场")),
    ("recurring", (r"重复(?:故障|发生|出现)|反复(?:故障|发生|出现)|同一(?:故障|问题).{0,8}再次",)),
    ("reopened", (r"重开|返工|返修",)),
    ("inspection_incomplete", (r"巡检", r"不完整|不全|缺项|漏项")),
    ("finding_without_ticket", (r"巡检", r"发现", r"工单|登记")),
    ("duty_late:inspection", (r"巡检(?!报告)", _LATE)),
    ("duty_missed:inspection", (r"巡检(?!报告)", _NOT_DONE)),
    ("vulnerability_overdue", (r"漏洞", rf"{_LATE}|{_NOT_DONE}")),
    ("change_failed", (r"变更|升级|发布", r"失败|回退|回滚")),
    ("duty_missed:check", (r"备份", _NOT_DONE)),
    ("duty_missed:pentest", (r"渗透", _NOT_DONE)),
    ("duty_late:pentest", (r"渗透", _LATE)),
    ("duty_missed:reconcile", (r"对账", _NOT_DONE)),
    ("late_without_proof", (r"补录", r"凭证|佐证|证明")),
)
_TIMED: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("response_off_broken", (r"非工作时间|下班|夜间", r"响应"), ("1小时", "60分钟", "一小时")),
    ("response_work_broken", (r"工作时间|上班", r"响应"), ("0.5小时", "30分钟", "半小时")),
    ("hotline_broken", (r"热线|电话咨询", r"响应"), ("2小时", "120分钟", "两小时", "二小时")),
    ("arrival_broken", (r"到场|到达现场|赶到现场|抵达现场|到位", _LATE + r"|未"), ("2小时", "120分钟", "两小时")),
    ("repair_broken", (r"排除|修复|解决|恢复", _LATE + r"|未|不能|无法"), ("4小时", "240分钟", "四小时")),
    ("delivery_late", (r"需求|任务|工作|开发", _LATE + r"|未按|未完成"), ()),
)


def fact_of(text: str, tasks: Mapping[str, str]) -> str:
    """Given a text and what the contract's tasks are called, return the measure it may mean, "" for none.

    >>> fact_of("未按要求开展巡检，每次扣5分", {}), fact_of("10分钟内未响应每次扣5分", {})
    ('duty_missed:inspection', '')
    """
    plain = _plain(text).replace(" ", "")
    titled = _by_title(plain, tasks)
    if titled:
        return titled
    for name, words in _FACTS:
        if all(re.search(word, plain) for word in words):
            return name
    for name, words, limits in _TIMED:
        if all(re.search(word, plain) for word in words):
            named = {f"{number}{unit}" for number, unit in _TIME.findall(plain)}
            return name if named <= set(limits) else ""
    return ""


def _by_title(plain: str, tasks: Mapping[str, str]) -> str:
    """A measure by its own name or title, or a task of the contract that the text names and how it was failed."""
    for one in MEASURES.values():
        if not one.takes and plain in (one.name, _plain(one.title).replace(" ", "")):
            return one.name
    for key, name in tasks.items():
        if len(name) > 1 and name in plain:
            if re.search(_LATE, plain):
                return f"duty_late:{key}"
            if re.search(_NOT_DONE, plain):
                return f"duty_missed:{key}"
    return ""
