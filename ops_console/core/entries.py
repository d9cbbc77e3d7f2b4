"""Facts of a month that no module of the console counts yet: what is entered, by whom, and which entry counts.

Not for points (`core/scores.py`) nor for storing. An entry is never changed: a later one stands beside it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ops_console.core.errors import Refused
from ops_console.core.measures import FROM_ENTRY, MEASURES, Measure
from ops_console.core.people import HOSPITAL
from ops_console.core.score_checks import points_text
from ops_console.core.score_drafts import hundredths
from ops_console.core.score_facts import VALUE
from ops_console.core.scores import Sheet
from ops_console.core.sentences import Sentence, sentence

MODULE, IMPORT, FORM = "module", "import", "form"
SOURCES = (MODULE, IMPORT, FORM)  # the first that has an entry counts
SOURCE_NAMES = {MODULE: "系统模块", IMPORT: "导入", FORM: "填写"}
ENTERED, CONFIRMED, OBJECTED, WITHDRAWN = "entered", "confirmed", "objected", "withdrawn"
STATES = (ENTERED, CONFIRMED, OBJECTED, WITHDRAWN)
STATE_NAMES = {ENTERED: "待对方确认", CONFIRMED: "对方已确认", OBJECTED: "对方有异议", WITHDRAWN: "已撤回"}
MOST = 10_000  # of what is counted one by one; and 100 % in hundredths


@dataclass(frozen=True)
class Value:
    """What was entered: so many of so many, or with `is_ratio` one number: 99.95 is 9995 over 100."""

    numerator: int
    denominator: int
    is_ratio: bool = False


@dataclass(frozen=True)
class Entered:
    """One entry as it stands: its number among those of its measure, its source, whose word it is, and its state."""

    id: int
    number: int
    measure: str
    source: str
    side: str
    value: Value
    state: str
    by: str
    at: datetime
    reason: str = ""
    answered_by: str = ""
    answered_at: datetime | None = None
    answer: str = ""


def measures_of(sheet: Sheet | None) -> tuple[Measure, ...]:
    """Given the sheet in force (None: none), return the measures that people have to enter for it, in its order."""
    names = sheet.measures if sheet else ()
    return tuple(MEASURES[name] for name in names if name in MEASURES and MEASURES[name].source == FROM_ENTRY)


def entered_measure(name: str) -> Measure:
    """Given a measure's name or what people call it, return it. Raises Refused where it is none that is entered."""
    plain = name.strip()
    found = MEASURES.get(plain) or next((one for one in MEASURES.values() if one.title == plain), None)
    if found is None or found.source != FROM_ENTRY:
        raise Refused("月度录入里没有“%(name)s”这一事实。", field="measure", name=plain[:40])
    return found


def read_value(measure: Measure, count: str, of: str) -> Value:
    """Given a measure and the texts of how many and of how many, return the value. Raises Refused naming the field.

    `of` may be empty where nobody counted the whole: then 0.
    """
    if measure.unit == VALUE:
        found = hundredths(count)
        if found is None or found > MOST:
            raise Refused("请写 0 至 100 之间的数，最多两位小数，例如 99.95。", field="numerator")
        return Value(found, 100, is_ratio=True)
    numerator, denominator = _whole(count, "numerator"), _whole(of or "0", "denominator")
    if denominator and numerator > denominator:
        raise Refused("次数不能超过总数；总数不清楚的请留空。", field="denominator")
    return Value(numerator, denominator)


def _whole(text: str, name: str) -> int:
    plain = unicodedata.normalize("NFKC", text).strip().removesuffix(".0")
    if not (plain.isascii() and plain.isdigit()) or len(plain) > 5 or int(plain) > MOST:
        raise Refused("请写 0 至 %(most)s 之间的整数。", field=name, most=MOST)
    return int(plain)


def value_in_words(value: Value) -> Sentence:
    """Given a value, return it in words: `99.95`, `2 / 31`, `2`; nothing of nothing is said so."""
    if value.is_ratio:
        return sentence("%(n)s", n=points_text(value.numerator))
    if value.denominator:
        return sentence("%(n)s / %(of)s", n=value.numerator, of=value.denominator)
    return sentence("%(n)s", n=value.numerator) if value.numerator else sentence("本月无发生")


def counting(entries: Iterable[Entered]) -> Entered | None:
    """Given the entries of one measure, return the one that counts, or None.

    The first source that has one. In it what both parties agreed on, unless the hospital said something later; without
    either, what the vendor said last. What the vendor alone says later waits for the hospital's word.
    """
    standing = [one for one in entries if one.state != WITHDRAWN]
    for source in SOURCES:
        mine = sorted((one for one in standing if one.source == source), key=lambda one: one.number)
        weighty = [one for one in mine if one.state == CONFIRMED or one.side == HOSPITAL]
        if mine:
            return (weighty or mine)[-1]
    return None


def by_measure(entries: Iterable[Entered]) -> Mapping[str, Sequence[Entered]]:
    """Given a month's entries, return those of each measure, the newest first."""
    found: dict[str, list[Entered]] = {}
    for one in sorted(entries, key=lambda one: -one.number):
        found.setdefault(one.measure, []).append(one)
    return found
