"""Reading a quick line: what one line of free text says of type, module, channel, department, reporter and time.

Guesses to be shown and corrected, never facts: nothing here decides what a ticket is. The rules are data
(`core/quick_words.py`, `core/quick_types.py`); what a site taught the console comes in with the Lexicon.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from ops_console.core.catalogue import Module
from ops_console.core.quick_days import When
from ops_console.core.quick_marks import Speech, half_width, join_times, marks_of, surest, without
from ops_console.core.quick_people import Known
from ops_console.core.quick_types import PLACES, TYPE_RULES
from ops_console.core.quick_words import (
    MODULE_CODES,
    MODULE_OF_DEPARTMENT,
    MODULE_RULES,
    Rules,
)

LONGEST = 400  # letters that are looked at; a line is a sentence, and what comes after stays as it is
NAMED, SUPPORT = 10.0, 0.1  # the weight of a full name of the catalogue; what every further rule adds


@dataclass(frozen=True)
class Lexicon:
    """What a line is read by: the site's types and modules, its people, and the words it was taught.

    `module_words` tells for a word the module that people meant by it and how often they said so.
    """

    types: tuple[str, ...]
    modules: tuple[Module, ...]
    known: Known = Known()
    module_words: Mapping[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Guess:
    """What a line seems to say; None where it says nothing. `reported` is HH:MM, `title` what is left of the line.

    `when` is all that its leading time tells, of another day too; without `reported` it tells so long ago, or is open.
    """

    title: str
    type: str | None = None
    module: str | None = None
    channel: str | None = None
    department: str | None = None
    reporter: str | None = None
    reported: str | None = None
    department_word: str = ""
    when: When | None = None


def read(line: str, lexicon: Lexicon) -> Guess:
    """Given a line and the lexicon, return what it seems to say. Fields are independent of each other.

    >>> read("9:05 药房刘药师 处方打不开", Lexicon(("故障",), ())).reporter
    '刘药师'
    """
    line, beyond = line[:LONGEST], line[LONGEST:]
    text = half_width(line)
    told = join_times(surest(marks_of(text, Speech(lexicon.types, lexicon.known, _is_matter))))
    title = without(line, [mark for mark in told.values() if mark.strength > 0])
    about = half_width(title)
    title += beyond
    department = told.get("department")
    said = {kind: mark.value for kind, mark in told.items()}
    return Guess(
        title=title,
        type=said.get("type") or _type_of(about, lexicon),
        module=_module_of(about, lexicon, department.value if department else ""),
        channel=said.get("channel"),
        department=said.get("department"),
        reporter=said.get("reporter"),
        reported=said.get("reported") or None,
        department_word=text[department.start : department.end] if department else "",
        when=next((told[kind].when for kind in ("reported", "open") if kind in told), None),
    )


@cache
def _rules(kind: str) -> dict[str, tuple[tuple[int, re.Pattern[str]], ...]]:
    source: dict[str, Rules] = {"type": TYPE_RULES, "module": MODULE_RULES}[kind]
    return {
        name: tuple((weight, re.compile(_pattern(words))) for weight, words in rules.items())
        for name, rules in source.items()
    }


def _pattern(words: str) -> str:
    for place, meant in PLACES.items():
        words = words.replace(place, meant)
    return "|".join(words.split())


def _score(text: str, rules: Iterable[tuple[int, re.Pattern[str]]]) -> tuple[float, int]:
    """The heaviest rule that speaks, what the others add, and where the heaviest stands (early first)."""
    heaviest, total, place = 0, 0, 0
    for weight, rule in rules:
        said = {(found[0], found.start()) for found in rule.finditer(text)}
        total += weight * min(len({word for word, _ in said}), 3)
        if said and weight > heaviest:
            heaviest, place = weight, min(start for _, start in said)
    return heaviest + SUPPORT * (total - heaviest), -place


def _type_of(about: str, lexicon: Lexicon) -> str | None:
    scores = {
        name: _score(about, _rules("type").get(name, ())) for name in lexicon.types
    }  # fmt: skip
    best = max(scores, key=lambda name: scores[name], default=None)
    return best if best is not None and scores[best][0] > 0 else None


def heaviest_place(matter: str) -> int:
    """Given a matter, return where the words begin that tell its type, or its length when none does."""
    scores = [_score(matter, rules) for rules in _rules("type").values()]
    heaviest = max(scores)
    return -heaviest[1] if heaviest[0] > 0 else len(matter)


def _module_scores(about: str) -> dict[str, tuple[float, int]]:
    scores = {name: _score(about, rules) for name, rules in _rules("module").items()}
    return {name: score for name, score in scores.items() if score[0] > 0}


def _is_matter(word: str) -> bool:
    return bool(_module_scores(word))


def _module_of(about: str, lexicon: Lexicon, department: str) -> str | None:
    scores: dict[str, tuple[float, int]] = {}
    by_rule = _module_scores(about)
    for module in lexicon.modules:
        score = by_rule.get(_rule_name(module), (0.0, 0))
        place = about.find(half_width(module.name))
        if place >= 0:
            score = (score[0] + NAMED, -place)
        scores[module.name] = score
    for word, (name, count) in lexicon.module_words.items():
        if name in scores and word in about:
            taught = 2.5 + 2.0 * min(count, 3)
            scores[name] = max(scores[name], (taught + scores[name][0] * SUPPORT, -about.find(word)))
    best = max(scores, key=lambda name: scores[name], default=None)
    if best is not None and scores[best][0] > 0:
        return best
    return _usual_module(department, lexicon) if about else None


def _usual_module(department: str, lexicon: Lexicon) -> str | None:
    """What a department's lines are mostly about, when the line itself names nothing."""
    usual = next((name for part, name in MODULE_OF_DEPARTMENT.items() if part in department), None)
    return next((module.name for module in lexicon.modules if usual and _rule_name(module) == usual), None)


def _rule_name(module: Module) -> str:
    """The tender's name of a site's module: the same name, or the code under which the site renamed it."""
    if module.name in MODULE_CODES:
        return module.name
    return next((name for name, code in MODULE_CODES.items() if code == module.code), "")
