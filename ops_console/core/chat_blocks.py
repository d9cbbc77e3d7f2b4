"""A pasted block of group chat (WeChat, WeCom, QQ) as messages: who, when, what. Or plain lines, one message each.

Not for what a message is about (`core/quick_lines.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from ops_console.core.moments import ZONE
from ops_console.core.quick_marks import half_width

LONGEST, MOST = 40_000, 100
LONGEST_ANSWER = 40  # letters
_DATE = r"(?:(?P<year>20[0-9]{2})[-/.年])?(?P<month>[0-9]{1,2})[-/.月](?P<day>[0-9]{1,2})日?|(?P<word>今天|昨天|前天)"
_TIME = r"(?P<part>上午|下午|晚上|凌晨|中午)?\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
_STAMP = rf"(?:(?:{_DATE})\s*)?(?:星期[一二三四五六日天]\s*)?{_TIME}"
NAME_FIRST = re.compile(rf"(?P<name>[^\s:][^:\n]{{0,29}}?)\s+{_STAMP}\s*(?::\s*(?P<text>.*)|$)")
STAMP_FIRST = re.compile(
    rf"\[?(?:{_DATE})\s*(?:星期[一二三四五六日天]\s*)?{_TIME}\]?\s+(?P<name>[^\s:]{{1,30}})(?:\s*:\s*|\s+|$)(?P<text>.*)"
)
DAY_LINE = re.compile(rf"[-—=\s]*(?:{_DATE})[-—=\s]*(?:星期[一二三四五六日天])?[-—=\s]*")
TIME_LINE = re.compile(rf"[-—=\s]*{_STAMP}[-—=\s]*")
IN_BRACKETS = re.compile(r"(?P<name>[^()<>]+)[(<](?P<inside>[^()<>]*)[)>]?")
NO_NAME = re.compile(r"(?:今天|昨天|前天|上午|下午|晚上|预约|大概|约|从|到|在)")
PLEASANTRIES = re.compile(
    r"(?:@\S+\s*)*(?:收到|好的?|谢谢|感谢|多谢|嗯+|哦+|ok|okay|行|可以|明白|知道了|辛苦了?|早上好|早|大家好|在吗|在的?|不客气|没事|稍等|马上|已处理|"
    r"处理好了|已解决|已恢复|可以了|好了|正常了|解决了|试试|1|\+1|赞|哈+|呵+|\[[^\]]{1,8}\]|拍了拍.*|撤回了.*|.*加入了?群聊|图片|表情|语音|文件)"
    r"(?:[了的哈啊呀哦吧]|谢谢|[!.~,。，！～、\s]|\[[^\]]{1,8}\])*"
)

# Whose name says so is of the vendor, and what is said so is an answer: 李工(乙方)：收到，马上看.
VENDOR = re.compile("乙方|驻场|厂商|厂家|供应商")
VENDOR_FIRST = re.compile(
    rf"(?P<name>[^:]{{0,20}}(?:{VENDOR.pattern})[^:]{{0,8}}?)\s*(?:[0-9]{{1,2}}:[0-9]{{2}}\s*)?:\s*"
)
ANSWER = re.compile(
    r"(?:@\S+\s*)?"
    r"(?:好的?|嗯+|ok|行|可以|明白|知道了?|已?收到|已知晓|了解|没问题|谢谢|感谢|辛苦了?|抱歉|不好意思|不客气|稍等(?:一下)?|请稍等|稍后|"
    r"(?:我|我们|这边|我这边)?(?:这就|马上|立刻|立即|现在|正在|先|去|来|在|已经?|稍后)*(?:看(?:一下|看|下|着|了)?|处理(?:一下|中|下|着|了)?|"
    r"查(?:一下|看|看一下|下|着|了)?|排查(?:一下|中|下)?|核实(?:一下|下)?|跟进(?:一下|中)?|联系(?:您|你)?|回复(?:您|你)?|到|过去|过来|来)|"
    r"马上|处理好了|已解决|已恢复|已修复|可以了|好了|正常了|解决了|(?:请|您|你|麻烦)*(?:再)?(?:试试|试一下|试下|重试))"
    r"(?:[了的哈啊呀哦吧啦呢]|\[[^\]]{1,8}\])*[!.~,;。，！～、\s]*"
)


@dataclass(frozen=True)
class Message:
    """One message: the sender's name, their department where the name tells it, when it was said (aware), its text."""

    text: str
    sender: str = ""
    department: str = ""
    said_at: datetime | None = None


def messages(block: str, now: datetime) -> tuple[Message, ...]:
    """Given a pasted block and now, return its messages in order, at most MOST; plain lines are messages by themselves.

    A time without a day is the last such time before now; a day without a year the last such day.
    """
    found = list(_told(block[:LONGEST].splitlines(), now.astimezone(ZONE)))
    return tuple(message for message in found if message.text)[:MOST]


def is_chatter(message: Message) -> bool:
    """Given a message, say whether it only greets, thanks or acknowledges; of the vendor's people, or only answers."""
    text = half_width(message.text).strip()
    if PLEASANTRIES.fullmatch(text):
        return True
    named = VENDOR_FIRST.match(text) if not message.sender else None  # a line without a time of its own
    if named:
        return _only_answers(text[named.end() :])
    return bool(VENDOR.search(f"{message.department} {message.sender}")) and _only_answers(text)


def _only_answers(text: str) -> bool:
    """Whether a text is answers, one after the other, and nothing else."""
    at = 0
    while text and len(text) <= LONGEST_ANSWER and (said := ANSWER.match(text, at)) and said.end() > at:
        at = said.end()
    return at == len(text) > 0


def _told(lines: list[str], now: datetime) -> Iterator[Message]:
    headed = any(_head(line, now.date(), now) for line in lines)
    day, said = now.date(), Message("")
    for line in lines:
        if headed and (changed := _day_line(line, now)):
            yield said
            day, said = changed, Message("")
            continue
        head = _head(line, day, now)
        if head is not None or not headed:
            yield said
            said = head or Message(line.strip())
        else:
            said = replace(said, text=f"{said.text}\n{line.strip()}".strip())
    yield said


def _day_line(line: str, now: datetime) -> date | None:
    """A line that only tells the day of those below: `—— 2026-11-20 ——`."""
    found = DAY_LINE.fullmatch(half_width(line).strip())
    return _day(found, now.date(), now) if found and found[0] else None


def _head(line: str, day: date, now: datetime) -> Message | None:
    """The message that a line begins, or None when it goes on with the one before."""
    text = half_width(line).strip()
    found = STAMP_FIRST.fullmatch(text) or NAME_FIRST.fullmatch(text)
    if found is None or NO_NAME.match(found["name"]):
        return None
    said_at = _moment(found, day, now)
    if said_at is None:
        return None
    shown = line.strip()  # as typed: the half-width form has its letters at the same places
    name, department = _sender(shown[found.start("name") : found.end("name")])
    body = shown[found.start("text") : found.end("text")].strip() if found["text"] else ""
    return Message(body, name, department, said_at)


def _sender(name: str) -> tuple[str, str]:
    """A name as the group shows it: 王护士(门诊收费), 门诊收费-王护士, 王护士<12345>."""
    found = IN_BRACKETS.fullmatch(half_width(name))
    if found:
        inside = name[found.start("inside") : found.end("inside")]
        return name[: found.end("name")].strip(), "" if re.fullmatch(r"[\w.@+-]*", inside, re.ASCII) else inside.strip()
    first, dash, last = name.partition("-")
    return (last.strip(), first.strip()) if dash and last.strip() else (name.strip(), "")


def _moment(found: re.Match[str], day: date, now: datetime) -> datetime | None:
    told = _day(found, day, now)
    hour = int(found["hour"])
    if found["part"] in ("下午", "晚上") and hour < 12:
        hour += 12
    try:
        clock = time(hour, int(found["minute"]), int(found["second"] or 0), tzinfo=ZONE)
    except ValueError:
        return None
    if told is None:
        return None
    at = datetime.combine(told, clock)
    is_bare = not (found["month"] or found["word"])
    return at - timedelta(days=1) if is_bare and day == now.date() and at > now else at


def _day(found: re.Match[str], day: date, now: datetime) -> date | None:
    if found["word"]:
        return now.date() - timedelta(days=("今天", "昨天", "前天").index(found["word"]))
    if not found["month"]:
        return day
    try:
        told = date(int(found["year"] or now.year), int(found["month"]), int(found["day"]))
        return told.replace(year=told.year - 1) if not found["year"] and told > now.date() else told
    except ValueError:
        return None
