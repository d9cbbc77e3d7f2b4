"""The page 合同条款与口径: every clause with its text, rule, tasks, evidence and readings, narrowed by the address.

Not for the contract's versions (`web/contracts.py`) nor for its questions (`web/readings.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, g, render_template, request, url_for

from ops_console.adapters import contract_words
from ops_console.core.clauses import ClauseCard, ClauseFilter, cards, part_of
from ops_console.core.contracts import (
    BASES,
    BOUND_NAMES,
    KIND_NAMES,
    RESPONSIBILITY_NAMES,
    SCOPE_NAMES,
    SUPPLEMENTARY,
    Clause,
)
from ops_console.core.proofs import CODE_NAMES
from ops_console.core.readings import conflicts
from ops_console.core.terms import Terms
from ops_console.web import formats
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs

pages = Blueprint("clauses", __name__)
LONGEST_WORDS = 60


@listed(
    "contract_clauses", "合同条款", "contracts.read", "条款", "合同位置", "关键词", "合同原文", "约束谁", "种类",
    "依据", "可衡量的规则", "任务", "凭证", "由谁认可", "口径",
)  # fmt: skip
def _rows() -> Iterator[tuple[object, ...]]:
    for card in cards(_terms(), _asked()):
        clause = card.clause
        codes = "、".join(f"{code} {word(CODE_NAMES[code])}" for code in clause.evidence)
        answers = "；".join(f"{question.id} {option.sentence}" for question, option, _agreed in card.readings)
        yield (
            clause.id, clause.section, clause.key, clause.text, word(BOUND_NAMES[clause.bound]),
            word(KIND_NAMES[clause.kind]), word(clause.basis), clause.rule, "；".join(_tasks(clause)), codes,
            clause.signs, answers,
        )  # fmt: skip


def _tasks(clause: Clause) -> Iterator[str]:
    for task in clause.tasks:
        yield f"{formats.render_sentence(task.sentence())}（{word(task.basis)}）"


def _terms() -> Terms:
    return g.book.at(g.now).terms  # type: ignore[no-any-return]


@pages.get("/contract/clauses")
@needs("contracts.read")
def index() -> Any:
    """The clauses of the contract in force, those that the address asks for."""
    terms, asked = _terms(), _asked()
    found = cards(terms, asked)
    return render_template(
        "contracts/clauses.html", terms=terms, cards=found, asked=asked, link=_link, kinds=KIND_NAMES,
        bounds=BOUND_NAMES, bases=BASES, parts=list(dict.fromkeys(map(part_of, terms.clauses))), of_kind=_counts(terms),
        responsibilities=RESPONSIBILITY_NAMES, scopes=SCOPE_NAMES, code_names=CODE_NAMES, about=_about,
        supplementary=SUPPLEMENTARY,
        conflicts=conflicts(terms), narrowed=asked != ClauseFilter(),
    )  # fmt: skip


def _asked() -> ClauseFilter:
    given = request.args
    kind, bound, basis = (given.get(name, "") for name in ("kind", "bound", "basis"))
    return ClauseFilter(
        kind if kind in KIND_NAMES else "", bound if bound in BOUND_NAMES else "", basis if basis in BASES else "",
        given.get("part", "")[:20], given.get("q", "").strip()[:LONGEST_WORDS],
    )  # fmt: skip


def _link(**changed: str) -> str:
    asked = _asked()
    wanted = {"kind": asked.kind, "bound": asked.bound, "basis": asked.basis, "part": asked.part, "q": asked.words}
    return url_for("clauses.index", **{name: value for name, value in {**wanted, **changed}.items() if value})


def _counts(terms: Terms) -> dict[str, int]:
    return {kind: sum(clause.kind == kind for clause in terms.clauses) for kind in KIND_NAMES}


def _about(card: ClauseCard) -> str:
    return contract_words.limit_types(card.limit, formats.gettext) if card.limit else ""
