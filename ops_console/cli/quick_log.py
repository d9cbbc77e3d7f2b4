"""`log LINE`: a quick line logged at the terminal; with --dry-run only what it says, even before there is a house."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Any

from ops_console.console import settings_of_no_house, utc_now
from ops_console.core.errors import Refused
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
    verb.set_defaults(act=log, may_found=True)


def log(terminal: Any, given: Any) -> int:
    """Given the arguments, print what the line says, and log it unless only that was asked for."""
    entry = Entry(given.line, said_minutes=given.said)
    if given.dry_run:
        words, now = _vocabulary(terminal)
        _print(terminal, given, quick_log.guessed(entry, words, now))
        return 0
    try:
        _print(terminal, given, _logged(terminal, entry))
    except Refused as refused:
        if refused.field != "said":
            raise
        print(terminal.translations.render(refused.sentence, terminal.language), file=sys.stderr)
        terminal.tell("在终端请加 --said 和分钟数，例如 --said 10：10 分钟前说的；--said 0：刚刚。")
        return 1
    return 0


def _logged(terminal: Any, entry: Entry) -> dict[str, str]:
    """Log the entry; return its number and what it told."""
    console, now = terminal.console, terminal.console.now()
    with console.write() as session:
        words = console.vocabularies.of(session, now)
        told = quick_log.guessed(entry, words, now)
        number, _taught = quick_log.log(session, console.book(session), words, entry, actor=terminal.actor, now=now)
    return {"number": number, **told}


def _vocabulary(terminal: Any) -> tuple[Vocabulary, datetime]:
    """What the house has learned, and its now; the shipped rules alone where there is no house yet."""
    settings = settings_of_no_house()
    if settings is not None:
        return Vocabulary(Lexicon(tuple(t.name for t in settings.ticket_types), settings.modules)), utc_now()
    console, now = terminal.console, terminal.console.now()
    with console.read() as session:
        return console.vocabularies.of(session, now), now


def _print(terminal: Any, given: Any, told: dict[str, str]) -> None:
    if given.json:
        number = {"number": told["number"]} if "number" in told else {}
        print(json.dumps({**number, **{name: told[name] or None for name in FIELDS}}, ensure_ascii=False))
        return
    if "number" in told:
        print(terminal.say("已登记工单 %(number)s", number=told["number"]))
    shown = {**told, "reported": f"{told['day']} {told['reported']}".strip()}
    for name, title in NAMES.items():
        print(f"{terminal.say(title)}{terminal.say('：')}{shown[name] or terminal.say('未读出')}")
