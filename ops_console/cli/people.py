"""`users add|reset|list`: accounts from the terminal, each act an event that both parties see."""

from __future__ import annotations

import json
from typing import Any

from ops_console.core.people import ROLES
from ops_console.services import people


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `users`."""
    verb = verbs.add_parser("users", help=terminal.say("账号：users list，users add，users reset"))
    nouns = verb.add_subparsers(required=True, metavar="list|add|reset")
    listed = nouns.add_parser("list")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(act=list_people)
    add = nouns.add_parser("add")
    add.add_argument("account")
    add.add_argument("name")
    add.add_argument("role", choices=sorted(ROLES))
    add.add_argument("--json", action="store_true")
    add.set_defaults(act=add_person)
    reset = nouns.add_parser("reset")
    reset.add_argument("account")
    reset.add_argument("--json", action="store_true")
    reset.set_defaults(act=reset_person)


def list_people(terminal: Any, given: Any) -> int:
    """Print every account."""
    with terminal.console.read() as session:
        rows = people.everybody(session, terminal.actor)
    plain = [
        {"account": r.account, "name": r.name, "role": r.role, "disabled": r.disabled_at is not None} for r in rows
    ]
    if given.json:
        print(json.dumps(plain, ensure_ascii=False, indent=1))
    else:
        for row in plain:
            print(
                "\t".join((row["account"], row["name"], row["role"], terminal.say("停用") if row["disabled"] else ""))
            )
    return 0


def add_person(terminal: Any, given: Any) -> int:
    """Given account, name and role, make the account and print its one-time password once."""
    console = terminal.console
    with console.write() as session:
        made = people.add_account(
            session,
            console.hasher,
            console.policy,
            given.account,
            given.name,
            given.role,
            terminal.actor,
            console.now(),
        )
    return _print(terminal, given, made)


def reset_person(terminal: Any, given: Any) -> int:
    """Given an account, print a new one-time password once."""
    console = terminal.console
    with console.write() as session:
        made = people.reset_account(
            session, console.hasher, console.policy, given.account, terminal.actor, console.now()
        )
    return _print(terminal, given, made)


def _print(terminal: Any, given: Any, made: people.NewAccount) -> int:
    if given.json:
        print(json.dumps(vars(made), ensure_ascii=False))
    else:
        print(
            terminal.say(
                "账号 %(account)s 的一次性密码（只显示这一次）：%(password)s",
                account=made.account,
                password=made.password,
            )
        )
    terminal.tell("这一账号 24 小时内不能代表本方确认；此事已记入双方可见的事件。")
    return 0
