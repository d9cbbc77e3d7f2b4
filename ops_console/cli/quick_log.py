"""`log LINE`: a quick line logged at the terminal; with --dry-run only what it says, even before there is a house."""

from __future__ import annotations

import json
from typing import Any

from ops_console.console import settings_of_no_house
from ops_console.core.quick_lines import Lexicon
from ops_console.services import quick_log
from ops_console.services.quick_log import FIELDS, Entry, Vocabulary

NAMES = {
    "type": "类型", "module": "系统模块", "channel": "渠道", "department": "报修科室", "reporter": "报修人",
    "reported": "报修时间",
}  # fmt: skip


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `log`."""
    verb = verbs.add_parser("log", help=terminal.say("速记：log “9:05 药房刘药师 处方报错 电话”"))
    verb.add_argument("line", metavar="LINE")
    verb.add_argument("--dry-run", action="store_true", help=terminal.say("只看读出了什么，不登记"))
    verb.add_argument("--said", type=int, metavar="MINUTES", help=terminal.say("群里的消息是几分钟前说的"))
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(act=log)


def log(terminal: Any, given: Any) -> int:
    """Given the arguments, print what the line says, and log it unless only that was asked for."""
    entry = Entry(given.line, said_minutes=given.said)
    if given.dry_run:
        _print(terminal, given, _told(entry, _vocabulary(terminal)))
        return 0
    console, now = terminal.console, terminal.console.now()
    with console.write() as session:
        words = console.vocabularies.of(session, now)
        told = _told(entry, words)
        number, _taught = quick_log.log(session, console.book(session), words, entry, actor=terminal.actor, now=now)
    _print(terminal, given, {"number": number, **told})
    return 0


def _vocabulary(terminal: Any) -> Vocabulary:
    """What the house has learned; the shipped rules alone where there is no house yet."""
    settings = settings_of_no_house()
    if settings is not None:
        return Vocabulary(Lexicon(tuple(t.name for t in settings.ticket_types), settings.modules))
    console = terminal.console
    with console.read() as session:
        return console.vocabularies.of(session, console.now())  # type: ignore[no-any-return]


def _told(entry: Entry, words: Vocabulary) -> dict[str, str | None]:
    told = quick_log.guessed(entry, words)
    return {name: told[name] or None for name in FIELDS}


def _print(terminal: Any, given: Any, told: dict[str, str | None]) -> None:
    if given.json:
        print(json.dumps(told, ensure_ascii=False))
        return
    if "number" in told:
        print(terminal.say("已登记工单 %(number)s", number=told["number"]))
    for name, shown in NAMES.items():
        print(f"{terminal.say(shown)}{terminal.say('：')}{told[name] or terminal.say('未读出')}")
