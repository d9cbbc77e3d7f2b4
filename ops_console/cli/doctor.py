"""`doctor`: what is wrong with this installation, each in one sentence; 1 when something is."""

from __future__ import annotations

import json
from typing import Any

from ops_console.services import doctor

SIGNS = {doctor.OK: "正常", doctor.WARNING: "注意", doctor.WRONG: "有误"}


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `doctor`."""
    verb = verbs.add_parser("doctor", help=terminal.say("自检：数据库角色、触发器、文件权限、时间源、磁盘、审计链"))
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(act=look)


def look(terminal: Any, given: Any) -> int:
    """Look at everything and print it."""
    console = terminal.console
    with console.read() as session:
        found = doctor.look(session, console.host(), terminal.actor, console.now())
    wrong = any(one.level == doctor.WRONG for one in found)
    told = [(one, terminal.translations.render(one.told, terminal.language)) for one in found]
    if given.json:
        plain = [{"name": one.name, "level": one.level, "told": words} for one, words in told]
        print(json.dumps({"sound": not wrong, "looked": plain}, ensure_ascii=False, indent=1))
    else:
        for one, words in told:
            print(f"[{terminal.say(SIGNS[one.level])}] {words}")
    return 1 if wrong else 0
