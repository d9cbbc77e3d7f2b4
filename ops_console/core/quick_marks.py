"""The words of a quick line that tell who, where, how and when: found piece by piece, parted from the matter itself.

Not for what the matter is about (`core/quick_lines.py`) and not for the words (`core/quick_people.py`, `quick_words`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache

from ops_console.core import quick_people
from ops_console.core.quick_days import When, open_at, when_at
from ops_console.core.quick_people import Known
from ops_console.core.quick_times import clock_at
from ops_console.core.quick_words import CHANNEL_ALONE, CHANNEL_PLACES, CHANNEL_SAID

SEPARATORS = r"\s,，。;；、|!！?？()（）【】\[\]「」『』《》<>\"“”'‘’…·•~＿_+#*"
# A colon parts no time, a slash, dash or dot no numbers or Latin words.
PIECE = re.compile(rf"(?:[^{SEPARATORS}:/.\-—–]|(?<=[0-9]):(?=[0-9])|(?<=[0-9a-z])[/.\-](?=[0-9a-z]))+")
LONGEST_TIME = 40  # letters that a time of day and what belongs to it take
CALLS = ("电话", "当面", "QQ")
NOT_A_CALL = re.compile(  # the phone that the matter is about: 电话号码, 电话预约
    "号|本|簿|线|机|预约|随访|回访|改|变|不|打不|没|接|卡|的|记|登|填|有误|错|会诊|咨询|支付|挂号|端"
)
EDGES = " \t\r\n　,，;；、|｜:：/／-—–.。·•【】[]()（）"


@dataclass(frozen=True)
class Mark:
    """A word of the line that tells who, where, how or when: its kind, value, place and how sure it is.

    `when` is all that a time tells; kind `open` is a time that tells no moment.
    """

    kind: str
    value: str
    start: int
    end: int
    strength: int = 3
    when: When | None = None


@dataclass(frozen=True)
class Speech:
    """What a line's marks are found by: the types' names, who is known, and whether a word belongs to the matter."""

    types: tuple[str, ...]
    known: Known
    is_matter: Callable[[str], bool]


def half_width(text: str) -> str:
    """Given a text, return it letter by letter with full-width forms made half-width and Latin in lower case."""
    return "".join(_half(letter) for letter in text)


def _half(letter: str) -> str:
    code = ord(letter)
    if 0xFF01 <= code <= 0xFF5E:
        letter = chr(code - 0xFEE0)
    elif code == 0x3000:
        return " "
    return letter.lower() if "A" <= letter <= "Z" else letter


def marks_of(text: str, speech: Speech) -> list[Mark]:
    """Given a half-width line, return every mark of it, in order.

    Before the matter begins a piece may go on after its marks; later only one that names department and person.
    """
    found: list[Mark] = []
    begun = False
    for piece in PIECE.finditer(text):
        start = max(piece.start(), found[-1].end if found else 0)  # a time may take several pieces: 昨天 21:00
        if start >= piece.end():
            continue
        made = _heads(text, (start, piece.end()), speech, found, begun=begun)
        rest = piece.end() - (made[-1].end if made else start)
        if not begun or rest <= 0 or {mark.kind for mark in made} >= {"department", "reporter"}:
            found += made
        found += _channel_tail(piece) if rest > 0 else []
        begun = begun or rest > 0
    return found


def _heads(text: str, place: tuple[int, int], speech: Speech, before: list[Mark], *, begun: bool) -> list[Mark]:
    """The marks at the head of a piece, one after the other, as far as they go."""
    at, end = place
    for name in speech.types:
        if half_width(name) == text[at:end]:
            return [Mark("type", name, at, end)]
    found: list[Mark] = []
    while at < end and (mark := _mark_at(text, place=(at, end), speech=speech, before=[*before, *found], begun=begun)):
        at = mark.end
        if mark.kind == "skip":  # what only tells that somebody speaks goes with its speaker
            found[-1] = replace(found[-1], end=at)
            continue
        found.append(mark)
        if mark.strength == 0 and mark.kind != "open":  # perhaps the matter itself: 患者打电话来问
            said = _channel_said(text[at:end])
            return [*found, replace(said, start=at, end=at + said.end)] if said else found
    return found


def _mark_at(text: str, *, place: tuple[int, int], speech: Speech, before: list[Mark], begun: bool) -> Mark | None:
    at, end = place
    rest, told = text[at:end], {mark.kind for mark in before if mark.strength > 0}
    time = _time_at(text, at, before, begun=begun) if "reported" not in told else None
    if time is not None:
        return time
    follows = bool(before) and before[-1].end == at and before[-1].strength > 0
    channel = _channel_at(rest, speech.known, follows=follows)
    if channel is not None:
        return replace(channel, start=at, end=at + channel.end)
    if follows and (length := _joining(rest, before[-1].kind)):
        return Mark("skip", "", at, at + length)
    found = _person_at(rest, speech, told, before[-1] if before else None)
    return replace(found, start=at, end=at + found.end) if found else None


def _time_at(text: str, at: int, before: list[Mark], *, begun: bool) -> Mark | None:
    """The time at this place; another day than today, or one that tells no moment, only before the matter begins."""
    rest = text[at : at + LONGEST_TIME]
    when = when_at(rest) if not begun else None
    if when is not None:
        return Mark("reported", when.clock, at, at + when.length, when=when)
    is_of_open_day = any(mark.kind == "open" for mark in before)
    clock = clock_at(rest, "" if is_of_open_day else text[max(0, at - LONGEST_TIME) : at])
    if clock is not None:
        words = rest[: clock.length].rstrip()
        return Mark("reported", str(clock), at, at + clock.length, when=When(words, clock.length, str(clock)))
    if begun or any(mark.kind != "channel" for mark in before):
        return None
    when = open_at(rest)
    return Mark("open", when.words, at, at + when.length, 0, when) if when else None


def join_times(told: dict[str, Mark]) -> dict[str, Mark]:
    """Given one mark of each kind, return them with a day and the time of day that came later as one: 昨天 药房 9:05.

    A day that cannot be placed leaves its time open too.
    """
    left_open, reported = told.get("open"), told.get("reported")
    if left_open is None or left_open.when is None or reported is None or reported.when is None:
        return told
    if not left_open.when.names_day or reported.when.names_day:
        return {kind: mark for kind, mark in told.items() if kind != "reported"}
    words = f"{left_open.when.words} {reported.when.words}"
    joined = replace(left_open.when, words=words, clock=reported.when.clock)
    return {**told, "open": replace(left_open, strength=1), "reported": replace(reported, when=joined)}


def _joining(rest: str, last: str) -> int:
    """How many letters after a mark only join it to the next one: 药房的刘药师, 王护士说."""
    if last == "department" and rest.startswith("的"):
        return 1
    return quick_people.spoken(rest) if last == "reporter" else 0


def _person_at(rest: str, speech: Speech, told: set[str], last: Mark | None) -> Mark | None:
    place = _department_at(rest, speech.known) if "department" not in told else None
    if place and place.strength > 0:
        return place
    if "reporter" in told:
        return place
    person = quick_people.reporter_at(rest, speech.known)
    if person:
        return Mark("reporter", person.name, 0, person.length, 3 if person.sure else 0)
    bare = quick_people.name_after_department(rest) if last and last.kind == "department" else None
    if bare and not speech.is_matter(rest):
        return Mark("reporter", bare.name, 0, bare.length, 1)
    return place


def _department_at(rest: str, known: Known) -> Mark | None:
    """The department at the head of `rest`, of no strength when it is glued to the matter: then the title keeps it."""
    whole = quick_people.department_at(rest, known, whole=True)
    if whole:
        return Mark("department", whole.name, 0, whole.length)
    place = quick_people.department_at(rest, known)
    if place and _leads_on(rest[place.length :].removeprefix("的"), known):
        return Mark("department", place.name, 0, place.length)
    glued = quick_people.department_before_reporter(rest, known)
    if glued:
        return Mark("department", glued.name, 0, glued.length)
    return Mark("department", place.name, 0, place.length, 0) if place else None


def _leads_on(after: str, known: Known) -> bool:
    """Whether what follows a department's name is a person or a channel, and so the department one that speaks."""
    return bool(quick_people.reporter_at(after, known) or _channel_at(after, known, follows=True))


def _channel_at(rest: str, known: Known, *, follows: bool) -> Mark | None:
    """The channel's word at the head of `rest`; right behind a mark (`follows`) a short word is enough."""
    said = _channel_said(rest)
    if said is not None:
        return said
    for channel, rule in _alone().items():
        found = rule.match(rest)
        after = rest[found.end() :] if found else ""
        if found and not after:
            return Mark("channel", channel, 0, found.end(), 2 if found[0] in ("电话", "qq") else 1)
        if (
            found
            and not NOT_A_CALL.match(after)
            and (follows and channel in CALLS or _begins_with_person(after, known))
        ):
            return Mark("channel", channel, 0, found.end(), 2)
    return None


def _begins_with_person(text: str, known: Known) -> bool:
    return bool(quick_people.reporter_at(text, known) or quick_people.department_at(text, known))


def _channel_said(rest: str) -> Mark | None:
    found = ((channel, rule.match(rest)) for channel, rule in _said().items())
    return next((Mark("channel", channel, 0, said.end()) for channel, said in found if said), None)


def _channel_tail(piece: re.Match[str]) -> list[Mark]:
    """A channel said at the very end of a piece: 白屏打电话来的."""
    for channel, rule in _said_last().items():
        found = rule.search(piece[0])
        if found and found.start() > 0:
            return [Mark("channel", channel, piece.start() + found.start(), piece.end())]
    return []


def surest(marks: Iterable[Mark]) -> dict[str, Mark]:
    """Given marks, return one of each kind: the surest, of equals the first."""
    chosen: dict[str, Mark] = {}
    for mark in marks:
        if mark.kind not in chosen or mark.strength > chosen[mark.kind].strength:
            chosen[mark.kind] = mark
    return chosen


def without(line: str, marks: Iterable[Mark]) -> str:
    """Given a line and marks of it, return the rest, blanks folded and freed of the separators at its ends."""
    kept, at = [], 0
    for mark in sorted(marks, key=lambda mark: mark.start):
        kept.append(line[at : mark.start].strip(EDGES))
        at = mark.end
    kept.append(line[at:].strip(EDGES))
    title = re.sub(r"[ \t　]+", " ", " ".join(part for part in kept if part))
    return title if re.search(r"\w", title) else ""


def _said_words() -> dict[str, str]:
    found = {}
    for channel, words in CHANNEL_SAID.items():
        for place, meant in CHANNEL_PLACES.items():
            words = words.replace(place, meant)
        found[channel] = "|".join(words.split())
    return found


@cache
def _said() -> dict[str, re.Pattern[str]]:
    return {channel: re.compile(words) for channel, words in _said_words().items()}


@cache
def _said_last() -> dict[str, re.Pattern[str]]:
    return {channel: re.compile(f"(?:{words})$") for channel, words in _said_words().items()}


@cache
def _alone() -> dict[str, re.Pattern[str]]:
    return {channel: re.compile("|".join(words.split())) for channel, words in CHANNEL_ALONE.items()}
