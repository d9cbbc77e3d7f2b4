"""When a quick line says at its head that it was reported: `昨天 21:00`, `半小时前`; and what that leaves open.

Not for a time of today alone (`core/quick_times.py`), nor for days that the line is about (`昨天的报告`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache

from ops_console.core.moments import ZONE
from ops_console.core.quick_times import ABOUT, CLOCK, DIGITS, PARTS, clock_of, number

AHEAD = timedelta(days=182)  # a day without a year that far ahead is of last year
NUMBER = f"(?:[0-9]{{1,5}}|[{DIGITS}]{{1,3}})"
BACK = {"大前": 3, "前": 2, "昨": 1}
NIGHT = ("晚上", "晚", "夜", "夜里", "夜间", "半夜")
_DAYS = rf"(?P<date>[0-9]{{1,2}}|[{DIGITS}]{{1,3}})"
_DATE = (
    rf"(?:(?P<year>20[0-9]{{2}})\s?[-/.年]\s?)?(?P<month>[0-9]{{1,2}}|[{DIGITS}]{{1,2}})"
    rf"(?:[-/.](?P<dash>[0-9]{{1,2}})|月{_DAYS}[日号]?)"
)
_WORD = r"(?P<word>大前|前|昨)(?:[天日儿]|(?=[早晚夜晨]|[上下中]午))"
_PART = rf"(?P<part>{PARTS}|[早晚夜晨]上?)"
_AGO = r"(?:之|以)?前(?!台|后|面|端)"
_WEEKDAY = r"(?:上上?个?|这个?|本)?(?:周|星期|礼拜)[一二三四五六日天末]|上上?个?(?:周|星期|礼拜)"
_END = r"(?=$|[^0-9a-z一-龥:])"  # a word of its own
GOES_ON = re.compile(rf"\s*(?:就|已经?|以来|期间|说好)|{ABOUT.pattern}")

A_CLOCK = re.compile(r"^\s*[0-9]{1,2}[:点时][0-9]{0,2}[分半]?")


@dataclass(frozen=True)
class When:
    """What the head of a line says of when: its words, how many letters they took, and as much as they tell.

    `clock` is HH:MM or nothing; `days_ago`, or `month` and `day` (and perhaps `year`), tell another day than today;
    `minutes_ago` tells it all. With neither clock nor minutes it is open: it has to be asked.
    """

    words: str
    length: int
    clock: str = ""
    days_ago: int | None = None
    year: int | None = None
    month: int | None = None
    day: int | None = None
    minutes_ago: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether the words tell no moment."""
        return not self.clock and self.minutes_ago is None

    @property
    def names_day(self) -> bool:
        """Whether the words tell which day it was."""
        return self.days_ago is not None or self.day is not None


@cache
def _stated() -> re.Pattern[str]:
    day = rf"(?:{_WORD}|{_DATE}|(?P<only>[0-9]{{1,2}})[号日])"
    return re.compile(rf"{day}[\s,]*(?:(?:周|星期)[一二三四五六日天])?\s*{_PART}?\s*{CLOCK}")


@cache
def _ago() -> re.Pattern[str]:
    hours = rf"(?P<hours>[0-9]{{1,2}}\.[0-9]|{NUMBER})\s?个?(?P<and_half>半)?\s?(?:小时|钟头)(?P<half_more>半)?"
    minutes = rf"(?P<minutes>{NUMBER})\s?(?:分钟?|min)"
    quarters = r"(?P<quarters>[一两二三123])刻钟"
    return re.compile(
        rf"(?:大概|大约|约|差不多)?\s*(?:(?P<half>半)个?(?:小时|钟头)|{hours}\s?(?:{minutes})?|"
        rf"{minutes.replace('minutes', 'alone')}|{quarters})(?:左右|多)?\s?{_AGO}"
    )


@cache
def _left_open() -> tuple[re.Pattern[str], ...]:
    clock = r"(?:[0-9]{1,3}[:点时][0-9]{0,3}分?)?"
    return (
        re.compile(rf"(?:{_WORD}|今(?=[早晨]))\s*{_PART}?(?:\s*{clock}{_END})?"),
        re.compile(rf"(?P<ago>{NUMBER})天{_AGO}\s*(?:{PARTS})?(?:\s*{clock}{_END})?"),
        re.compile(rf"(?:好?几|十几|若干)(?:分钟|个?小时|个?钟头|天){_AGO}|前[几两些]天"),
        re.compile(rf"(?:{_WEEKDAY})\s*(?:{PARTS})?\s*{clock}{_END}"),
        re.compile(rf"(?!{NUMBER}\.[0-9]+{_END}(?!\s*[0-9]+[:点])){_DATE}[日号]?\s*(?:{PARTS})?\s*{clock}{_END}"),
        re.compile(rf"(?P<only>[0-9]{{1,2}})[号日]\s*(?:{PARTS})?{_END}"),
        re.compile(rf"(?:今[天日儿])?\s*(?:{PARTS}|今[早晚晨夜]){_END}"),
        re.compile(rf"[0-9]{{1,3}}(?::[0-9]{{1,3}}|[点时][0-9]{{0,3}}分?){_END}"),
    )


def when_at(text: str) -> When | None:
    """Given a half-width text, return the moment of another day, or so long ago, that stands at its head, or None.

    >>> when_at("昨天下午3点 药房").clock
    '15:00'
    """
    found = _ago().match(text)
    if found and not GOES_ON.match(text[found.end() :]):
        return When(found[0], found.end(), minutes_ago=_minutes(found))
    found = _stated().match(text)
    clock = clock_of(found) if found else None
    if found is None or clock is None or GOES_ON.match(text[found.end() :]) or not _may_be(found):
        return None
    told = replace(When(found[0].rstrip(), found.end(), str(clock)), **_named(found))  # type: ignore[arg-type]
    if told.days_ago and found["part"] in NIGHT and clock.hour < 6:  # 昨晚1点 is of the night that led to today
        return replace(told, days_ago=told.days_ago - 1)
    return told


def open_at(text: str) -> When | None:
    """Given the half-width head of a line, return the day or time there that tells no moment: `昨天`, `周三 9点`."""
    whole = _stated().match(text)
    if whole and GOES_ON.match(text[whole.end() :]):  # 昨天9:05的号
        return None
    for rule in _left_open():
        found = rule.match(text)
        if found is None or GOES_ON.match(A_CLOCK.sub("", text[found.end() :])):  # 昨天下午3点开始
            continue
        words, is_date = found[0].rstrip(), _may_be(found)
        if is_date or re.search("[:点时]", words):  # 13-45 alone is no date that went wrong
            told = When(words, len(words))
            return replace(told, **_named(found)) if is_date else told  # type: ignore[arg-type]
    return None


def _named(found: re.Match[str]) -> dict[str, int | None]:
    """The day that a match names, by the names of When."""
    told = found.groupdict()
    if told.get("word"):
        return {"days_ago": BACK[told["word"]]}
    if told.get("ago"):
        return {"days_ago": number(told["ago"])}
    year, month = told.get("year"), told.get("month")
    day = told.get("only") or told.get("dash") or told.get("date")
    return {
        "year": int(year) if year else None, "month": number(month) if month else None,
        "day": number(day) if day else None,
    }  # fmt: skip


def _may_be(found: re.Match[str]) -> bool:
    """Whether a day of a month that is told is one of some year."""
    told = _named(found)
    if not (found.groupdict().get("month") or found.groupdict().get("only")):
        return True
    try:
        return bool(date(told["year"] or 2024, told["month"] or 1, told["day"] or 0))
    except ValueError:
        return False


def _minutes(found: re.Match[str]) -> int:
    if found["half"]:
        return 30
    if found["quarters"]:
        return _count(found["quarters"], 15)
    half = 30 if found["and_half"] or found["half_more"] else 0
    return _count(found["hours"], 60) + half + _count(found["minutes"] or found["alone"])


def _count(text: str | None, minutes: int = 1) -> int:
    """So many times that many minutes: 1.5 hours are 90."""
    if not text:
        return 0
    whole, point, tenths = text.partition(".")
    return (number(whole) or 0) * minutes + (int(tenths) * minutes // 10 if point else 0)


def day_of(when: When | None, now: datetime) -> date | None:
    """Given what a line says of when and now, return the Shanghai day that it names, or None when it names none.

    Raises ValueError when the year has no such day.
    """
    today = now.astimezone(ZONE).date()
    if when is None:
        return None
    if when.minutes_ago is not None:
        return moment_ago(when.minutes_ago, now).astimezone(ZONE).date()
    if when.days_ago is not None:
        return today - timedelta(days=when.days_ago)
    if when.day is None:
        return None
    return _nearest(when, today)


def _nearest(when: When, today: date) -> date:
    day = when.day or 0
    if when.month is None:
        last = today if day <= today.day else today.replace(day=1) - timedelta(days=1)
        return last.replace(day=day)
    told = date(when.year or today.year, when.month, day)
    return told.replace(year=told.year - 1) if not when.year and told - today > AHEAD else told


def moment_ago(minutes: int, now: datetime) -> datetime:
    """Given so many minutes and now, return that moment; what lies absurdly far off is only told to be far off."""
    return now - timedelta(minutes=max(-1_000_000, min(minutes, 1_000_000)))
