"""Personal numbers in free text: found by their own rules, and masked so that enough is left to talk about them.

Not for keeping originals (`store/audit.py`) or showing them (`services/personal.py`). Names of people are not found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import TypeVar

from ops_console.core.tickets import Event

ID_NUMBER, OLD_ID_NUMBER, RECORD, MOBILE, CARD = "id_number", "old_id_number", "record_number", "mobile", "bank_card"
RANK = (ID_NUMBER, OLD_ID_NUMBER, RECORD, MOBILE, CARD)  # of two finds of one length, the more certain
KEPT = {ID_NUMBER: (3, 4), OLD_ID_NUMBER: (3, 4), RECORD: (0, 2), MOBILE: (3, 4), CARD: (4, 4)}  # digits: head, tail
LABELS = ("就诊卡号", "就诊号", "病历号", "病案号", "住院号", "门诊号", "诊疗卡号", "健康卡号", "医保卡号", "医保号")

GAP = r"[\s\-－.·\u200b-\u200f\u2010-\u2015\u2060\ufeff]"
GATE = re.compile(rf"[0-9０-９](?:{GAP}{{0,3}}[0-9０-９]){{10}}")  # as many digits as the shortest number has
NORMAL = {0xFF10 + n: str(n) for n in range(10)} | {ord("Ｘ"): "X", ord("ｘ"): "x", ord("－"): "-", ord("　"): " "}
MOBILE_FORM = re.compile(
    rf"(?<![0-9])(?:(?:\+|00)?86{GAP}{{0,2}}|0)?(1[3-9][0-9]{GAP}{{0,3}}[0-9]{{4}}{GAP}{{0,3}}[0-9]{{4}})(?![0-9])"
)
ID_FORM = re.compile(rf"(?<![0-9])(?=([1-9](?:{GAP}?[0-9]){{16}}{GAP}?[0-9Xx])(?![0-9]))")
OLD_ID_FORM = re.compile(r"(?<![0-9])([1-9][0-9]{14})(?![0-9Xx])")
CARD_FORM = re.compile(
    rf"(?<![0-9])(?=([1-9][0-9]{{12,18}}|[1-9][0-9]{{3}}(?:{GAP}[0-9]{{4}}){{2,3}}(?:{GAP}[0-9]{{1,3}})?|"
    rf"[1-9][0-9]{{3}}{GAP}[0-9]{{6}}{GAP}[0-9]{{5}}|[1-9][0-9]{{5}}{GAP}[0-9]{{10,13}})(?![0-9]))"
)
DATED = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
MOMENT_DIGITS = (13, 16)  # milliseconds or microseconds since 1970, which begin with 1
MOBILE_ABROAD = re.compile(r"861[3-9][0-9]{9}")
CODE = re.compile(r"[0-9A-Za-z]{32,}")  # a digest or a token: digits among its letters mean nothing
PROVINCES = frozenset(
    [*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83, 91]
)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"


@dataclass(frozen=True)
class Found:
    """A personal number: its kind, where it stands in the text, and itself."""

    kind: str
    start: int
    end: int
    original: str


@dataclass(frozen=True)
class Masked:
    """A text as it may be kept and shown, as long as the original, and what was masked in it."""

    text: str
    found: tuple[Found, ...]


def mask(text: str, labels: Sequence[str] = LABELS) -> Masked:
    """Given a text and the words that announce a record number, return it masked.

    >>> mask("患者 13800001234，病历号 20260017").text
    '患者 138****1234，病历号 ******17'

    Masking what is masked changes nothing: it is searched again until nothing is found.
    """
    shown, found = text, []
    while parts := _parts(shown, tuple(labels)):
        shown = _starred(shown, parts)
        found += [replace(part, original=text[part.start : part.end]) for part in parts]
    return Masked(shown, tuple(sorted(found, key=lambda part: part.start)))


def _parts(text: str, labels: tuple[str, ...]) -> list[Found]:
    record = _record_form(labels)
    has_long, has_label = GATE.search(text), record is not None and record.search(text)
    if not has_long and not has_label:
        return []
    plain = text.translate(NORMAL)
    candidates = [*(_numbers(plain) if has_long else ()), *(_records(plain, record) if record else ())]
    chosen, taken = [], bytearray(len(text))
    for part in sorted(candidates, key=lambda p: (p.start - p.end, RANK.index(p.kind), p.start)):
        if not any(taken[part.start : part.end]):
            taken[part.start : part.end] = b"\1" * (part.end - part.start)
            chosen.append(part)
    return chosen


@lru_cache(maxsize=8)
def _record_form(labels: tuple[str, ...]) -> re.Pattern[str] | None:
    words = "|".join(re.escape(label) for label in sorted(labels, key=len, reverse=True))
    if not words:
        return None
    return re.compile(
        rf"(?:{words})[\s:：=为是#]{{0,4}}([A-Za-z]{{0,4}}[0-9０-９](?:-?[0-9０-９]){{3,23}})(?![0-9０-９])"
    )


def _records(plain: str, form: re.Pattern[str]) -> Iterator[Found]:
    for match in form.finditer(plain):
        yield Found(RECORD, *match.span(1), match[1])


def _numbers(plain: str) -> Iterator[Found]:
    codes = [match.span() for match in CODE.finditer(plain) if not match[0].isdigit()]
    for kind, form, is_one in FORMS:
        for match in form.finditer(plain):
            start, end = match.span(1)
            if is_one(_digits(match[1])) and not any(first <= start and end <= last for first, last in codes):
                yield Found(kind, start, end, match[1])


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit() or c in "Xx")


def is_id_number(number: str) -> bool:
    """Given 18 characters, say whether they are an identity number: province, birthday and check character right.

    >>> is_id_number("11010519491231002X"), is_id_number("110105194912310021")
    (True, False)
    """
    if len(number) != 18 or not number[:17].isdigit() or int(number[:2]) not in PROVINCES:
        return False
    if not ("1900" <= number[6:10] <= "2099" and _is_day(number[6:14])):
        return False
    return CHECKS[sum(int(c) * w for c, w in zip(number, WEIGHTS, strict=False)) % 11] == number[17].upper()


def _is_old_id_number(number: str) -> bool:
    return len(number) == 15 and int(number[:2]) in PROVINCES and _is_day("19" + number[6:12])


def _is_day(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def is_card_number(number: str) -> bool:
    """Given digits, say whether they may be a bank card's: 13 to 19, Luhn's sum right, no date or instant before."""
    if not 13 <= len(number) <= 19 or not number.isdigit() or DATED.match(number):
        return False
    if len(number) in MOMENT_DIGITS and number[0] == "1" or MOBILE_ABROAD.fullmatch(number):
        return False
    doubled = (int(c) * (2 if place % 2 else 1) for place, c in enumerate(reversed(number)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


FORMS = (
    (ID_NUMBER, ID_FORM, is_id_number),
    (OLD_ID_NUMBER, OLD_ID_FORM, _is_old_id_number),
    (MOBILE, MOBILE_FORM, bool),
    (CARD, CARD_FORM, is_card_number),
)


def _starred(text: str, parts: Sequence[Found]) -> str:
    shown = list(text)
    for part in parts:
        head, tail = KEPT[part.kind]
        signs = "0123456789Xx" if part.kind == ID_NUMBER else "0123456789"
        places = [n for n in range(part.start, part.end) if shown[n].translate(NORMAL) in signs]
        for place in places[head : len(places) - tail]:
            shown[place] = "*"
    return "".join(shown)


Plain = TypeVar("Plain")


@dataclass(frozen=True)
class Masker:
    """The site's way of masking: the words that announce its record numbers."""

    labels: tuple[str, ...] = LABELS

    def text(self, text: str) -> str:
        """Given a text, return it masked."""
        return mask(text, self.labels).text

    def plain(self, value: Plain) -> Plain:
        """Given what JSON can keep, return it with every text masked, whole numbers and names of keys left alone."""
        if isinstance(value, str):
            return self.text(value)  # type: ignore[return-value]
        if isinstance(value, dict):
            return {name: self.plain(item) for name, item in value.items()}  # type: ignore[return-value]
        if isinstance(value, list | tuple):
            return type(value)(self.plain(item) for item in value)
        return value

    def event(self, event: Event) -> Event:
        """Given an event, return it as it may be stored: texts masked, the originals of personal ones beside them."""
        shown = {name: self.text(text) for name, text in event.personal.items()}
        originals = {name: text for name, text in event.personal.items() if shown[name] != text}
        return replace(
            event, facts=self.plain(dict(event.facts)), evidence=self.plain(event.evidence), personal=shown,
            originals={**event.originals, **originals},
        )  # fmt: skip
