"""`breaches list`: the filed breach cases in outline: no clue, and nothing of what a case holds.

Not for acting on one: that is for people who signed in, on the page.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from ops_console.core.breaches import STATE_NAMES
from ops_console.services import breaches


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `breaches list`."""
    verb = verbs.add_parser("breaches", help=terminal.say("安全事故：breaches list（只列已立案的编号、状态、月份）"))
    show = verb.add_subparsers(required=True, metavar="list").add_parser("list")
    show.add_argument("--json", action="store_true")
    show.set_defaults(act=list_cases)


def list_cases(terminal: Any, given: Any) -> int:
    """Print every filed case, the newest first: its number, state and month."""
    with terminal.console.read() as session:
        found = breaches.outline(session, terminal.actor)
    if given.json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=1))
        return 0
    if not found:
        print(terminal.say("没有已立案的安全事故。"))
    for one in found:
        print(f"{one.number}\t{terminal.say(STATE_NAMES[one.state])}\t{one.month}")
    return 0
