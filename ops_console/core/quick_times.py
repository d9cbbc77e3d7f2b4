"""The report time at the head of a quick line: `9:05`, `9点半`, `下午两点一刻`, as hour and minute of the day.

Not for which day it is (`core/quick_days.py`), nor for times that the line is about (`预约9:05的号`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

DIGITS = "〇零一二两三四五六七八九十"
PARTS = "凌晨|清晨|早上|早晨|上午|今早|中午|午后|下午|傍晚|晚上|今晚|夜里|半夜|夜间"
AFTERNOON = ("午后", "下午", "傍晚", "晚上", "今晚", "夜里", "夜间", "半夜", "晚", "夜")
SMALL_HOURS = {"夜里": 6, "半夜": 6, "夜": 6, "晚上": 5, "晚": 5, "夜间": 5}  # 晚上1点 is after midnight
OTHER_DAY = re.compile(
    r"(?:昨|前天|前晚|大前|明|后天|上周|下周|上月|下月|本周|这周|星期|礼拜|周[一二三四五六日天]|[0-9]{1,2}(?:号|日|月)|[0-9]{1,2}[-/][0-9]{1,2}).{0,6}$"
)
ABOUT = re.compile(
    r"\s*(?:的|之前|之后|以前|以后|前(?!台)|后(?!台|勤)|到|至|[~\-—–]+\s*[0-9]{1,2}[:点时]|起|开始|开会|出诊|停诊|坐诊|放号|那个|那班)"
)
_TWO = f"[0-9]{{1,2}}|[{DIGITS}]{{1,3}}"
CLOCK = (
    rf"(?:(?P<hour>[0-9]{{1,2}})\s?[:：]\s?(?P<minute>[0-9]{{2}})(?:[:：][0-9]{{2}})?(?![0-9:：])"
    rf"|(?P<hours>{_TWO})[点时](?!击|开|了|不|也|都|儿|小|反|赞|餐|单|进|名|评|播)(?:钟|整)?"
    rf"(?:(?P<half>半)|(?P<quarter>[一三123])刻|(?P<minutes>{_TWO})分?(?!钟|[0-9]))?)"
    rf"\s?(?:左右|许|多)?"
)


@dataclass(frozen=True)
class Clock:
    """An hour and minute of the day, and how many letters of the text it took."""

    hour: int
    minute: int
    length: int

    def __str__(self) -> str:
        return f"{self.hour:02d}:{self.minute:02d}"


@cache
def _rule() -> re.Pattern[str]:
    return re.compile(rf"(?:今天|今日|今儿|当天)?\s*(?P<part>{PARTS})?\s*{CLOCK}")


def clock_at(text: str, before: str = "") -> Clock | None:
    """Given a text and what stands before it in the line, return the report time at its head, or None.

    >>> str(clock_at("下午两点一刻 药房"))
    '14:15'
    """
    found = _rule().match(text)
    if found is None or OTHER_DAY.search(before) or ABOUT.match(text[found.end() :]):
        return None
    return clock_of(found)


def clock_of(found: re.Match[str]) -> Clock | None:
    """Given a match of a rule with `part` and CLOCK, return the hour and minute it tells, or None."""
    hour = number(found["hour"] or found["hours"])
    if hour is None:
        return None
    minute = _minute(found)
    hour = _of_day(hour, found["part"] or "")
    if minute is None or not (0 <= hour <= 23 and 0 <= minute <= 59):
        return None
    return Clock(hour, minute, found.end())


def _minute(found: re.Match[str]) -> int | None:
    if found["half"]:
        return 30
    if found["quarter"]:
        return 15 * (number(found["quarter"]) or 0)
    told = found["minute"] or found["minutes"]
    return number(told) if told else 0


def _of_day(hour: int, part: str) -> int:
    if part == "中午":
        return hour + 12 if hour in (1, 2) else hour
    if part in AFTERNOON and hour == 12:
        return 12 if part in ("下午", "午后") else 0
    if part in AFTERNOON and hour < 12:
        is_after_midnight = hour < SMALL_HOURS.get(part, 0)
        return hour if is_after_midnight else hour + 12
    return 0 if part == "凌晨" and hour == 12 else hour


def number(text: str) -> int | None:
    """Given one or two digits or Chinese numerals below one hundred, return the number, or None.

    >>> number("二十")
    20
    """
    if text.isascii() and text.isdigit():
        return int(text)
    values = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
    if "十" not in text:
        found = [values[digit] for digit in text]
        return found[0] if len(found) == 1 else found[1] if found[0] == 0 and len(found) == 2 else None
    tens, _, ones = text.partition("十")
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return None
    return (values[tens] if tens else 1) * 10 + (values[ones] if ones else 0)
