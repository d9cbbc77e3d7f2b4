"""`contract what-if 2026-09 K1=hotline`: a month's score and money under other answers beside the present ones.

Nothing is stored. Not for agreeing upon an answer, which is for the page alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from ops_console.core.contract_facts import OUTCOME_NAMES
from ops_console.core.errors import Refused
from ops_console.core.moments import parse_month
from ops_console.core.money import amount
from ops_console.core.months import STATE_NAMES
from ops_console.core.plain import plain
from ops_console.core.terms import Terms
from ops_console.core.what_if import SUM_NAMES, Beside, Pair
from ops_console.services import what_if_months
from ops_console.services.months import contract_numbered
from ops_console.services.report_tables import DUTY_STATES
from ops_console.services.what_if_months import MonthWhatIf


def add_command(nouns: Any) -> None:
    """Given the nouns of `contract`, add `what-if`."""
    verb = nouns.add_parser("what-if")
    verb.add_argument("month", metavar="2026-09")
    verb.add_argument("answers", nargs="+", metavar="K1=hotline")
    verb.add_argument("--contract", default="")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(act=what_if)


def what_if(terminal: Any, given: Any) -> int:
    """Print what differs in a month under other answers, or everything of both as JSON."""
    now, month = terminal.console.now(), parse_month(given.month)
    with terminal.console.read() as session:
        book = terminal.console.book(session)
        contract_id = contract_numbered(book, month, given.contract)
        terms = next(version.terms for version in book.versions[::-1] if version.contract_id == contract_id)
        answers = dict(_answer(terms, text) for text in given.answers)
        found = what_if_months.what_if_month(session, book, contract_id, month, answers, terminal.actor, now)
    if given.json:
        told = plain(found.beside) if found.beside else None
        shown = {"month": month, "answers": answers, "state": found.month.state, "kept": found.is_kept}
        print(json.dumps({**shown, "differs": bool(found.beside and found.beside.differs), "beside": told},
                         ensure_ascii=False, indent=1))  # fmt: skip
        return 0
    for line in _lines(terminal, found):
        print(line)
    return 0


def _answer(terms: Terms, text: str) -> tuple[str, str]:
    name, _, option = text.partition("=")
    question = next((one for one in terms.questions if one.id == name), None)
    if question is None:
        raise Refused("合同没有 %(name)s 这个问题。", name=name[:20])
    options = [one.id for one in question.options]
    if option not in options:
        raise Refused("问题 %(name)s 的答案是：%(options)s。", name=name, options="、".join(options))
    return name, option


def _lines(terminal: Any, found: MonthWhatIf) -> Iterator[str]:
    say, month = terminal.say, found.month.life.month
    state = say(STATE_NAMES[found.month.state])
    beside = found.beside
    if beside is None:
        yield say("%(month)s 是“%(state)s”，不考核，没有得分和金额可比。", month=month, state=state)
        return
    if found.is_kept:
        yield say("%(month)s 的结果是“%(state)s”：任何答案都不改动它，两列相同。", month=month, state=state)
    elif not beside.differs:
        yield say("这个月没有差别。")
    yield from (terminal.show(note) for note in beside.notes)
    yield from _figures(terminal, beside)
    if not beside.differs:
        return
    yield from _differing(terminal, beside, found)


def _figures(terminal: Any, beside: Beside) -> Iterator[str]:
    """Money and points, whether they differ or not: `*` marks what does."""
    say = terminal.say
    for pair in beside.sums:
        yield _line(pair, say(SUM_NAMES[pair.name]), amount)
    yield _line(beside.points, say("得分"), _points)
    yield _line(beside.grade, say("等级"), say)


def _differing(terminal: Any, beside: Beside, found: MonthWhatIf) -> Iterator[str]:
    say, terms, sheet = terminal.say, found.month.basis.terms, found.month.basis.sheet
    names = {item.code: item.name for item in sheet.items} if sheet else {}
    keys = {clause.id: clause.key for clause in terms.clauses}
    for pair in beside.items:
        yield from _if_differs(
            pair, f"{pair.name} {names.get(pair.name, '')}",
            lambda one: say(
                "%(n)s/%(of)s 扣 %(points)s", n=one.scored.numerator, of=one.scored.denominator,
                points=_points(one.deducted),
            ),
        )  # fmt: skip
    for line in beside.clauses:
        yield from _if_differs(
            line, f"{line.name} {keys.get(line.name, '')}",
            lambda one: f"{say(OUTCOME_NAMES[one.outcome])} {one.numerator}/{one.denominator}",
        )  # fmt: skip
    for cap in beside.caps:
        yield from _if_differs(
            cap, say("年度额度：%(name)s", name=f"{cap.name} {keys.get(cap.name, '')}"),
            lambda one: f"{one.opening + one.used + one.reserved}/{one.limit}" + (f" +{one.held}" if one.held else ""),
        )  # fmt: skip
    for duty in beside.duties:
        either = duty.new or duty.old
        assert either is not None
        yield _line(duty, either.name, lambda one: f"{say(DUTY_STATES[one.state])} {terminal.show(one.due_at)}")
    for case in beside.cases:
        yield _line(case, case.name, lambda one: one.month)


def _if_differs(pair: Pair[Any], name: str, told: Callable[[Any], str]) -> Iterator[str]:
    if pair.differs:
        yield _line(pair, name, told)


def _line(pair: Pair[Any], name: str, told: Callable[[Any], str]) -> str:
    old, new = ("—" if one is None else told(one) or "—" for one in (pair.old, pair.new))
    clauses = f"  [{' '.join(pair.clauses)}]" if pair.clauses and pair.differs else ""
    return f"{'*' if pair.differs else ' '} {name.strip()}  {old} → {new}{clauses}"


def _points(hundredths: int) -> str:
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")
