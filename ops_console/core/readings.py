"""Agreed readings (口径): questions the contract's text leaves open, what each answer sets, and rules that collide.

Not for who agrees to an answer (`services/contracts.py`): one party's answer has no effect.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from ops_console.core.contracts import CLASSES, Clause, TimeLimit
from ops_console.core.plain import made, plain

if TYPE_CHECKING:
    from ops_console.core.terms import Terms

OTHER_TYPE = "其他类型"


@dataclass(frozen=True)
class Option:
    """One answer: its sentence and what it sets, as (place, value in JSON).

    A place is `C-38.except_types`, `C-24.tasks.notice.minutes`, `R-06.text` or `settlement.penalty_month_of`.
    """

    id: str
    sentence: str
    sets: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Question:
    """One place where the text has two readings (domain §1.10): the clauses, the question, the answers.

    The first option is the default; `matters` tells in plain words what the other would change.
    """

    id: str
    clauses: tuple[str, ...]
    question: str
    options: tuple[Option, ...]
    matters: str = ""

    @property
    def default(self) -> Option:
        """The answer that counts while the parties agreed on none."""
        return self.options[0]

    def option(self, chosen: str) -> Option:
        """Given an option's id, return it, or the default where there is none such."""
        return next((option for option in self.options if option.id == chosen), self.default)


@dataclass(frozen=True)
class Conflict:
    """Two or more limits on one quantity of the same tickets, none ranked before the other; or none at all.

    `limits` empty: a report of that type and class has no response limit (undefined).
    """

    quantity: tuple[str, str]
    type: str
    klass: str
    limits: tuple[str, ...]


def effective(terms: Terms) -> Terms:
    """Given a contract's terms, return them with what its questions' answers set and how the parties ranked limits.

    Raises ValueError for a place that the contract does not have.
    """
    chosen = dict(terms.chosen)
    for question in terms.questions:
        for place, value in question.option(chosen.get(question.id, "")).sets:
            try:
                terms = _set(terms, place.split("."), json.loads(value))
            except ValueError as exc:
                raise ValueError(f"{place}: {exc}") from exc
    for first, behind in terms.ranked:
        terms = replace(terms, limits=tuple(_ranked(limit, first, behind) for limit in terms.limits))
    return terms


def _ranked(limit: TimeLimit, first: str, behind: str) -> TimeLimit:
    """The word of both parties on two limits counts, whatever the file said before of which goes before the other."""
    others = tuple(other for other in limit.exception_to if {limit.id, other} != {first, behind})
    return replace(limit, exception_to=(*others, behind) if limit.id == first else others)


def answered(terms: Terms, answers: Mapping[str, str]) -> Terms:
    """Given terms and answers by question, return the terms with these beside those already chosen."""
    known = {question.id for question in terms.questions}
    kept = {name: option for name, option in {**dict(terms.chosen), **answers}.items() if name in known}
    return replace(terms, chosen=tuple(sorted(kept.items())))


def _set(terms: Terms, place: Sequence[str], value: Any) -> Terms:
    """A limit and the card of its clause bear the same id: the field tells which of them is meant."""
    of, rest = place[0], place[1:]
    if not rest:
        raise ValueError(".".join(place))
    if of == "settlement":
        return replace(terms, settlement=_with(terms.settlement, rest, value))
    if rest[0] in {f.name for f in fields(TimeLimit)} and any(one.id == of for one in terms.limits):
        return replace(terms, limits=_in(terms.limits, of, rest, value))
    if any(one.id == of for one in terms.readings):
        return replace(terms, readings=_in(terms.readings, of, rest, value))
    if not any(one.id == of for one in terms.clauses):
        raise ValueError(".".join(place))
    return replace(terms, clauses=_in(terms.clauses, of, rest, value))


def _in(parts: tuple[Any, ...], of: str, place: Sequence[str], value: Any) -> tuple[Any, ...]:
    return tuple(_with(part, place, value) if part.id == of else part for part in parts)


def _with(part: Any, place: Sequence[str], value: Any) -> Any:
    if place[0] == "tasks" and len(place) == 3:
        if not any(task.key == place[1] for task in part.tasks):
            raise ValueError(".".join(place))
        tasks = tuple(_with(task, place[2:], value) if task.key == place[1] else task for task in part.tasks)
        return replace(part, tasks=tasks)
    if place[0] not in {f.name for f in fields(part) if f.init} or len(place) != 1:
        raise ValueError(".".join(place))
    told = {**plain(part), place[0]: value}
    return made(Clause if isinstance(part, Clause) else type(part), told)


def standing(limits: Iterable[TimeLimit]) -> tuple[TimeLimit, ...]:
    """Given the limits that cover one ticket, return those that count: none that another of them goes before."""
    found = tuple(limits)
    behind = {
        other for one in found for other in one.exception_to
        if any(two.id == other and two.quantity == one.quantity for two in found)
    }  # fmt: skip
    return tuple(one for one in found if one.id not in behind)


def conflicts(terms: Terms) -> tuple[Conflict, ...]:
    """Given terms in effect, return every quantity that two unranked limits claim, or that none has for a report.

    Asked of every type that a limit names and of one that none names, in both classes. A month with one is not closed.
    """
    types = sorted({name for limit in terms.limits for name in (*limit.types, *limit.except_types)}) + [OTHER_TYPE]
    found: list[Conflict] = []
    for type_name in types:
        for klass in CLASSES:
            covering = [
                one for one in terms.limits if klass in one.classes and one.covers(type=type_name, needs_onsite=True)
            ]
            found += _of_quantities(type_name, klass, standing(covering))
    return tuple(found)


def _of_quantities(type_name: str, klass: str, limits: Sequence[TimeLimit]) -> Iterable[Conflict]:
    by_quantity: dict[tuple[str, str], list[str]] = {("reported", "responded"): []}
    for limit in limits:
        by_quantity.setdefault(limit.quantity, []).append(limit.id)
    for quantity, ids in by_quantity.items():
        if len(ids) != 1:
            yield Conflict(quantity, type_name, klass, tuple(ids))
