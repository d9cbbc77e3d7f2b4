"""One cell of the ticket sheet at a time: its text, its length, its allowed words.

Not for what cells mean together: that is `sheet_order`; nor for times, which `sheet_times` reads.
"""

from __future__ import annotations

from collections.abc import Mapping

from ops_console.core.sentences import Sentence
from ops_console.core.sheet_text import as_code, has_forbidden, trim, visible
from ops_console.core.sheet_times import SheetTime, SheetValue

LENGTH_LIMITS: Mapping[str, int] = {"单号": 40, "标题": 200, "问题描述": 4000, "处理过程": 4000}
UNREACHABLE = (".", "..", "new", "weekly", "export")  # these would be other pages
OTHER_LENGTH_LIMIT = 100
RATINGS = ("1", "2", "3", "4", "5")
SHOWN_LENGTH = 40


def cell_text(value: SheetValue) -> str:
    """Given a cell's value, return the text a person sees there: a whole number without a point, a date as typed."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, SheetTime):
        return value.moment.strftime("%Y-%m-%d %H:%M:%S" if value.has_time else "%Y-%m-%d")
    return str(int(value)) if value == int(value) else format(value, ".15g")


def read_plain(column: str, value: SheetValue) -> tuple[str, Sentence | None]:
    """Given a column and its cell, return the trimmed text (a code for 单号) and what is wrong with it as mere text."""
    text = trim(cell_text(value))
    if has_forbidden(text):
        return text, Sentence("含有不可见的控制字符或无法识别的字节，请删去后重新填写")
    text = as_code(text) if column == "单号" else text
    limit = LENGTH_LIMITS.get(column, OTHER_LENGTH_LIMIT)
    if len(text) > limit:
        return text, Sentence("有 %(length)s 个字，最多 %(limit)s 个，请缩短", {"length": len(text), "limit": limit})
    if column == "单号" and text.lower() in UNREACHABLE:
        return text, Sentence("不能用作单号，请改为别的编号")
    return text, None


def read_choice(text: str, choices: Mapping[str, str]) -> tuple[str | None, Sentence | None]:
    """Given a text and the allowed names by their code form, return the allowed name, or what is wrong."""
    name = choices.get(as_code(text))
    if name is not None:
        return name, None
    values = {"value": _shown(text), "choices": "、".join(choices.values())}
    return None, Sentence("“%(value)s”不在可填的范围内，请改为其中之一：%(choices)s", values)


def read_flag(text: str) -> tuple[bool | None, Sentence | None]:
    """Given a text, return whether it says 是, or what is wrong when it says neither 是 nor 否."""
    code = as_code(text)
    if code in ("是", "否"):
        return code == "是", None
    return None, Sentence("“%(value)s”既不是“是”也不是“否”，请改正", {"value": _shown(text)})


def read_rating(text: str) -> tuple[int | None, Sentence | None]:
    """Given a text, return the rating 1 to 5, or what is wrong."""
    code = as_code(text)
    if code in RATINGS:
        return int(code), None
    return None, Sentence("“%(value)s”不是 1 到 5 的整数，请改正或留空", {"value": _shown(text)})


def _shown(text: str) -> str:
    return visible(text if len(text) <= SHOWN_LENGTH else text[:SHOWN_LENGTH] + "…")
