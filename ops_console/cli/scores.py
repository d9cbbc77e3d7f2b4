"""`scores show`: the scoring sheet in force, as a table or JSON. Proposing and confirming are for the page alone."""

from __future__ import annotations

import json
from typing import Any

from ops_console.core.moments import month_of, parse_month
from ops_console.core.plain import plain
from ops_console.core.score_checks import points_text
from ops_console.core.score_words import joined, rule_of, sources_of, task_names
from ops_console.services import scores


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `scores show`."""
    verb = verbs.add_parser("scores", help=terminal.say("评分表：scores show"))
    show = verb.add_subparsers(required=True, metavar="show").add_parser("show")
    show.add_argument("--month", metavar="YYYY-MM")
    show.add_argument("--json", action="store_true")
    show.set_defaults(act=show_sheet)


def show_sheet(terminal: Any, given: Any) -> int:
    """Print the sheet that is in force in the month, with its version and whether it cuts money."""
    terminal.actor.need("contracts.read")
    now = terminal.console.now()
    month = parse_month(given.month) if given.month else month_of(now)
    with terminal.console.read() as session:
        current = terminal.console.book(session).at(now)
        found = scores.sheet_version(session, current.contract_id, month)
        basis = scores.money_basis(session, current.contract_id, month)
    if given.json:
        print(json.dumps(_plain(found, month, basis), ensure_ascii=False, indent=1))
        return 0
    if found is None:
        print(terminal.say("%(month)s 没有生效的评分表。", month=month))
        return 0
    _print(terminal, found, basis, task_names(current.terms))
    return 0


def _plain(found: scores.SheetVersion | None, month: str, basis: str) -> dict[str, Any]:
    version = (
        {"number": found.row.number, "from": found.month, "digest": found.row.digest, "sheet": plain(found.sheet)}
        if found
        else None
    )
    return {"month": month, "version": version, "money_basis": basis}


def _print(terminal: Any, found: scores.SheetVersion, basis: str, tasks: dict[str, str]) -> None:
    say = terminal.say
    print(say("%(name)s  第 %(n)s 版  自 %(month)s 起  指纹 %(digest)s", name=found.sheet.name, n=found.row.number,
              month=found.month, digest=found.row.digest[:12]))  # fmt: skip
    for item in found.sheet.items:
        sources = say("、").join(say(source) for source in sources_of(item))
        told = (
            f"{item.code:<4} {points_text(item.weight):>4}  {item.name}  {terminal.show(joined(rule_of(item, tasks)))}"
        )
        print(f"{told}  {say('（')}{sources}{say('）')}")
    for grade in found.sheet.grades:
        print(
            f"  {grade.name}  ≥{points_text(grade.points_from)}  {points_text(grade.ratio)}%  {grade.follows}".rstrip()
        )
    print(say("得分影响金额：%(basis)s", basis=basis) if basis else say("得分不影响金额"))
