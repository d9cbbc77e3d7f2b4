"""A scoring sheet as its pages show it: by group, each item with its rule in words and where its facts come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from flask import g

from ops_console.core.moments import MONTH, month_of, month_start, shift_month
from ops_console.core.score_checks import points_text
from ops_console.core.score_words import measure_title, rule_of, sources_of, task_names
from ops_console.core.scores import Item, Sheet
from ops_console.core.sentences import Sentence
from ops_console.core.terms import Terms
from ops_console.web import formats


@dataclass(frozen=True)
class ItemView:
    """One item: what it weighs, its rule line by line, where its facts come from."""

    item: Item
    weight: str
    rule: Sequence[Sentence]
    sources: Sequence[str]


@dataclass(frozen=True)
class GroupView:
    """Items of one group, in order, and what they weigh together."""

    name: str
    weight: str
    items: Sequence[ItemView]


def terms() -> Terms:
    """Return the terms in force now."""
    found: Terms = g.book.at(g.now).terms
    return found


def contract_id() -> int:
    """Return the contract in force now."""
    return int(g.book.at(g.now).contract_id)


def contract_of(month: str) -> int:
    """Given a month, return the contract in force at its end: contracts follow one another."""
    last = month_start(shift_month(month, 1)) - timedelta(seconds=1)
    return int(g.book.at(last).contract_id)


def tasks() -> Mapping[str, str]:
    """Return what the contract's tasks are called, by key."""
    return task_names(terms())


def asked_month(given: str) -> str:
    """Given a month as an address has it, return it, or this one where it is none."""
    return given if MONTH.fullmatch(given) else month_of(g.now)


def groups(sheet: Sheet) -> list[GroupView]:
    """Given a sheet, return its items by group, neighbours of one name together."""
    named = tasks()
    return [
        GroupView(name, points_text(sum(view.item.weight for view in views)), views)
        for name, found in groupby(sheet.items, lambda item: item.group)
        if (views := [_view(item, named) for item in found])
    ]


def _view(item: Item, named: Mapping[str, str]) -> ItemView:
    return ItemView(item, points_text(item.weight), rule_of(item, named), sources_of(item))


def in_words(names: Iterable[str]) -> list[tuple[str, str]]:
    """Given measures' names, return each with what people call it, in the reader's language."""
    named = tasks()
    return [(name, formats.render_sentence(measure_title(name, named))) for name in names]
