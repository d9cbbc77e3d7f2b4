"""`contract show`, `explain` and `what-if`: the versions as the console holds them, one clause with what bears on it.

A month under other answers is told by `cli/what_if.py`. Confirming is for the page alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ops_console.adapters.contract_words import change_name, change_value, limit_types, shown
from ops_console.cli import what_if
from ops_console.core.clauses import ClauseCard, cards
from ops_console.core.contracts import BOUND_NAMES, KIND_NAMES, TimeLimit
from ops_console.core.errors import NotFound
from ops_console.core.explanations import CLASS_NAMES, EVENT_NAMES
from ops_console.core.plain import plain
from ops_console.core.readings import Conflict, conflicts, effective
from ops_console.core.terms import Change, Terms
from ops_console.services import contract_views

STATE_NAMES = {"in_force": "生效", "proposed": "待双方确认", "withdrawn": "已撤回", "refused": "未同意"}


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `contract show` and `contract explain`."""
    verb = verbs.add_parser(
        "contract",
        help=terminal.say(
            "合同版本：contract show；一条条款：contract explain C-38；换一个口径：contract what-if 2026-09 K1=hotline"
        ),
    )
    nouns = verb.add_subparsers(required=True, metavar="show|explain|what-if")
    show = nouns.add_parser("show")
    show.add_argument("--json", action="store_true")
    show.set_defaults(act=show_contract)
    explain = nouns.add_parser("explain")
    explain.add_argument("clause", metavar="C-38")
    explain.add_argument("--json", action="store_true")
    explain.set_defaults(act=explain_clause)
    what_if.add_command(nouns)


def show_contract(terminal: Any, given: Any) -> int:
    """Print every version, newest first, with what it changes."""
    with terminal.console.read() as session:
        versions = contract_views.overview(session, terminal.actor)
    if given.json:
        print(json.dumps([_plain(version) for version in versions], ensure_ascii=False, indent=1))
        return 0
    for version in versions:
        print(terminal.say(
            "%(number)s 第 %(version)s 版  %(state)s  自 %(day)s 起计  指纹 %(digest)s",
            number=version.terms.number, version=version.version, state=terminal.say(STATE_NAMES[version.state]),
            day=version.counts_from.isoformat(), digest=version.digest[:12],
        ))  # fmt: skip
        for line in _lines(terminal, version):
            print(f"  {line}")
    return 0


def _lines(terminal: Any, version: contract_views.VersionView) -> Iterator[str]:
    terms = effective(version.terms)
    yield terminal.say(
        "条款 %(n)s 条，问题 %(k)s 个（双方确认 %(a)s 个），上线日 %(day)s", n=len(terms.clauses),
        k=len(terms.questions), a=len(terms.chosen), day=terms.live_on().isoformat(),
    )  # fmt: skip
    for conflict in conflicts(terms):
        yield terminal.say("冲突：%(what)s；不能结算", what=_conflict(terminal, conflict))
    yield from (_limit(terminal, limit) for limit in terms.limits)
    for answer in version.answers:
        yield f"{answer.question.id} {answer.new.sentence}"
    yield from (_change(terminal, change) for change in shown(version.changes))


def _conflict(terminal: Any, conflict: Conflict) -> str:
    say = terminal.say
    told = f"{say(conflict.type)} {say(CLASS_NAMES[conflict.klass])} "
    start, stop = (say(EVENT_NAMES[name]) for name in conflict.quantity)
    return f"{told}{start} → {stop} {' / '.join(conflict.limits) or say('没有时限')}"


def explain_clause(terminal: Any, given: Any) -> int:
    """Print a clause in force: its text, rule, tasks and answers, and which limits its own goes before and behind."""
    with terminal.console.read() as session:
        terms = terminal.console.book(session).at(terminal.console.now()).terms
    card = next((one for one in cards(terms) if one.clause.id == given.clause), None)
    if card is None:
        raise NotFound("合同中没有 %(id)s 这一条款。", id=given.clause[:20])
    if given.json:
        print(json.dumps(_card(card), ensure_ascii=False, indent=1))
        return 0
    for line in _told(terminal, card, terms):
        print(line)
    return 0


def _told(terminal: Any, card: ClauseCard, terms: Terms) -> Iterator[str]:
    say, clause = terminal.say, card.clause
    names = " · ".join((say(KIND_NAMES[clause.kind]), say(BOUND_NAMES[clause.bound]), say(clause.basis)))
    yield f"{clause.id}  {clause.section}  {names}"
    yield f"  {clause.text}"
    yield say("  规则：%(rule)s", rule=clause.rule)
    for task in clause.tasks:
        if task.count:
            yield say("  任务：%(task)s（%(basis)s）", task=terminal.show(task.sentence()), basis=say(task.basis))
    for question, option, agreed in card.readings:
        how = say("双方确认") if agreed else say("默认")
        yield say(
            "  口径 %(id)s：%(question)s %(answer)s（%(how)s）", id=question.id, question=question.question,
            answer=option.sentence, how=how,
        )  # fmt: skip
    if card.limit:
        yield "  " + _limit(terminal, card.limit)
        yield from _tree(terminal, terms, card.limit, 2)
    for conflict in card.conflicts:
        yield "  " + say("冲突：%(what)s；不能结算", what=_conflict(terminal, conflict))


def _tree(terminal: Any, terms: Terms, limit: TimeLimit, depth: int) -> Iterator[str]:
    """Which limits on the same quantity it goes before and which go before it, and of those the same in turn."""
    say, indent = terminal.say, "  " * depth
    rivals = [other for other in terms.limits if other.id != limit.id and other.quantity == limit.quantity]
    for other in rivals:
        about = limit_types(other, say)
        if other.id in limit.exception_to:
            yield indent + say("优先于 %(names)s", names=f"{other.id} {about}")
            yield from _tree_below(terminal, terms, other, depth + 1, {limit.id})
        elif limit.id in other.exception_to:
            yield indent + say("让位于 %(names)s", names=f"{other.id} {about}")
        else:
            yield indent + say("各管各的：%(names)s", names=f"{other.id} {about}")


def _tree_below(terminal: Any, terms: Terms, limit: TimeLimit, depth: int, seen: set[str]) -> Iterator[str]:
    for other in terms.limits:
        if other.id in limit.exception_to and other.id not in seen:
            yield "  " * depth + terminal.say(
                "优先于 %(names)s", names=f"{other.id} {limit_types(other, terminal.say)}"
            )
            yield from _tree_below(terminal, terms, other, depth + 1, {*seen, limit.id})


def _card(card: ClauseCard) -> dict[str, Any]:
    return {
        "clause": plain(card.clause), "limit": plain(card.limit) if card.limit else None,
        "before": list(card.before), "behind": list(card.behind),
        "readings": [
            {"question": question.id, "answer": option.id, "agreed": agreed}
            for question, option, agreed in card.readings
        ],
        "openings": [plain(one) for one in card.openings], "conflicts": [plain(one) for one in card.conflicts],
    }  # fmt: skip


def _limit(terminal: Any, limit: TimeLimit) -> str:
    say = terminal.say
    classes = say("、").join(say(CLASS_NAMES[klass]) for klass in limit.classes)
    within = terminal.show(timedelta(seconds=limit.limit_seconds))
    return f"{limit.id}  {limit.name}  {classes}  {within}  {say(limit.basis)} {limit.clause}"


def _change(terminal: Any, change: Change) -> str:
    old, new = (change_value(change, side, terminal.say, terminal.show) for side in ("old", "new"))
    name, nothing, gone = change_name(change, terminal.say), terminal.say("（没有）"), terminal.say("（删去）")
    return f"{name}{terminal.say('：')}{nothing if change.old is None else old} → {gone if change.new is None else new}"


def _plain(version: contract_views.VersionView) -> dict[str, Any]:
    terms = effective(version.terms)
    return {
        "number": version.terms.number, "version": version.version, "state": version.state, "digest": version.digest,
        "counts_from": version.counts_from.isoformat(), "terms": json.loads(version.terms.as_json()),
        "hospital_confirmed_by": version.hospital_by, "vendor_confirmed_by": version.vendor_by,
        "confirmed_after_reset": {side: at.isoformat() for side, at in version.resets.items()},
        "changes": [vars(change) for change in version.changes], "origin": version.origin, "reason": version.reason,
        "go_live_on": terms.live_on().isoformat(), "clauses": len(terms.clauses),
        "answers": {one.question.id: one.new.id for one in version.answers},
        "conflicts": [plain(one) for one in conflicts(terms)],
    }  # fmt: skip
