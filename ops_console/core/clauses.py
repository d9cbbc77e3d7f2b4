"""The contract's clauses as a reader looks for them: by kind, party, basis, part and words, each with what bears on it.

Not for the kinds themselves (`core/contracts.py`) nor for judging.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ops_console.core.contracts import Clause, TimeLimit
from ops_console.core.readings import Conflict, Option, Question, conflicts
from ops_console.core.terms import Opening, Terms

PART = re.compile(r"[^.、\s]+(\.\d+)?")


@dataclass(frozen=True)
class ClauseFilter:
    """What a reader looks for; "" means any. `part` is a part of the contract such as `二.1`, `words` free text."""

    kind: str = ""
    bound: str = ""
    basis: str = ""
    part: str = ""
    words: str = ""

    def finds(self, clause: Clause) -> bool:
        """Given a clause, say whether it is looked for: every word must stand in it somewhere."""
        if self.kind not in ("", clause.kind) or self.bound not in ("", clause.bound):
            return False
        if self.part not in ("", part_of(clause)) or (self.basis and self.basis not in bases(clause)):
            return False
        tasks = " ".join(task.name for task in clause.tasks)
        text = " ".join((clause.id, clause.section, clause.key, clause.text, clause.rule, clause.signs, tasks)).lower()
        return all(word in text for word in self.words.lower().split())


def part_of(clause: Clause) -> str:
    """Given a clause, return the part of the contract it stands in.

    >>> PART.match("二.1.⑤")[0], PART.match("二.2 日常运维")[0], PART.match("一.1、一.2")[0]
    ('二.1', '二.2', '一.1')
    """
    found = PART.match(clause.section)
    return found[0] if found else clause.section


def bases(clause: Clause) -> tuple[str, ...]:
    """Given a clause, return what it rests on: the contract's text, and what was agreed beside it for its tasks."""
    return tuple(dict.fromkeys((clause.basis, *(task.basis for task in clause.tasks))))


@dataclass(frozen=True)
class ClauseCard:
    """A clause with what bears on it: its time limit and which limits that goes before and behind, the questions with
    the answer that counts (agreed, or the default), the opening balances, and what collides with it.
    """

    clause: Clause
    limit: TimeLimit | None
    before: tuple[str, ...]
    behind: tuple[str, ...]
    readings: tuple[tuple[Question, Option, bool], ...]
    openings: tuple[Opening, ...]
    conflicts: tuple[Conflict, ...]


def cards(terms: Terms, wanted: ClauseFilter | None = None) -> tuple[ClauseCard, ...]:
    """Given terms in effect and what is looked for (None: all), return the clauses' cards in the contract's order."""
    colliding, asked = conflicts(terms), wanted or ClauseFilter()
    return tuple(_card(terms, clause, colliding) for clause in terms.clauses if asked.finds(clause))


def _card(terms: Terms, clause: Clause, colliding: tuple[Conflict, ...]) -> ClauseCard:
    limit = next((one for one in terms.limits if one.id == clause.id), None)
    behind = tuple(one.id for one in terms.limits if clause.id in one.exception_to)
    return ClauseCard(
        clause, limit, limit.exception_to if limit else (), behind, readings_of(terms, clause.id),
        tuple(one for one in terms.openings if one.clause == clause.id),
        tuple(one for one in colliding if clause.id in one.limits),
    )  # fmt: skip


def readings_of(terms: Terms, clause_id: str = "") -> tuple[tuple[Question, Option, bool], ...]:
    """Given terms and a clause's id ("": every), return the questions about it, the answer that counts, and whether
    both parties agreed upon it; one that nobody agreed upon is the default.
    """
    chosen = dict(terms.chosen)
    return tuple(
        (question, question.option(chosen.get(question.id, "")), question.id in chosen)
        for question in terms.questions
        if not clause_id or clause_id in question.clauses
    )
