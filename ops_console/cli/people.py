"""`users add|reset|list|rights`: accounts from the terminal, each act an event that both parties see."""

from __future__ import annotations

import json
from typing import Any

from ops_console.cli.arguments import day_in
from ops_console.core.people import HOLDERS, PERMISSION_NAMES, ROLE_NAMES, ROLES
from ops_console.services import people, rights


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `users`."""
    verb = verbs.add_parser("users", help=terminal.say("账号：users list，users add，users reset，users rights"))
    nouns = verb.add_subparsers(required=True, metavar="list|add|reset|rights")
    listed = nouns.add_parser("list")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(act=list_people)
    add = nouns.add_parser("add")
    add.add_argument("account")
    add.add_argument("name")
    add.add_argument("role", choices=sorted(ROLES))
    add.add_argument("--holder", choices=HOLDERS, help=terminal.say("三类管理员的归属"))
    add.add_argument("--department", default="", help=terminal.say("单位或科室"))
    add.add_argument("--json", action="store_true")
    add.set_defaults(act=add_person)
    reset = nouns.add_parser("reset")
    reset.add_argument("account")
    reset.add_argument("--json", action="store_true")
    reset.set_defaults(act=reset_person)
    on_day = nouns.add_parser("rights")
    on_day.add_argument("--on", type=day_in(terminal), required=True, metavar="2026-03-05")
    on_day.add_argument("--json", action="store_true")
    on_day.set_defaults(act=list_rights)


def list_people(terminal: Any, given: Any) -> int:
    """Print every account."""
    with terminal.console.read() as session:
        rows = people.everybody(session, terminal.actor)
    plain = [
        {
            "account": r.account, "name": r.name, "role": r.role, "holder": r.holder, "department": r.department,
            "waits": r.waits, "disabled": r.disabled_at is not None,
        }
        for r in rows
    ]  # fmt: skip
    if given.json:
        print(json.dumps(plain, ensure_ascii=False, indent=1))
    else:
        for row in plain:
            state = terminal.say("停用") if row["disabled"] else ""
            print("\t".join((row["account"], row["name"], _role(terminal, row["role"]), state)))
        if not rows:
            print(terminal.say("还没有账号；首次用 python3 run.py 启动时建立最初的五个。"))
    return 0


def add_person(terminal: Any, given: Any) -> int:
    """Given account, name and role, make the account and print its one-time password once."""
    console = terminal.console
    person = people.NewPerson(given.account, given.name, given.role, given.holder, given.department)
    ready = people.one_time(console.hasher)
    with console.write() as session:
        made = people.add_account(session, console.policy, person, ready, terminal.actor, console.now())
    return _print(terminal, given, made)


def reset_person(terminal: Any, given: Any) -> int:
    """Given an account, print a new one-time password once."""
    console = terminal.console
    ready = people.one_time(console.hasher)
    with console.write() as session:
        made = people.reset_account(session, console.policy, given.account, ready, terminal.actor, console.now())
    return _print(terminal, given, made)


def list_rights(terminal: Any, given: Any) -> int:
    """Given a day, print who held which right at its end, by the table of roles of that time."""
    with terminal.console.read() as session:
        found = rights.on_day(session, given.on, terminal.actor, terminal.console.now())
    plain = [
        {
            "account": p.account, "name": found.names.get(p.account, ""), "role": p.role, "holder": p.holder,
            "active": p.is_active, "waits": p.waits, "permissions": list(p.permissions),
        }
        for p in found.people
    ]  # fmt: skip
    if given.json:
        told = {"at": found.at.isoformat(), "table_digest": found.digest, "people": plain}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        names: dict[str, str] = {**PERMISSION_NAMES}
        for person in plain:
            held = terminal.say("、").join(terminal.say(names.get(one, one)) for one in person["permissions"])
            print("\t".join((person["account"], person["name"], _role(terminal, person["role"]), held)))
        if not plain:
            print(terminal.say("%(day)s 还没有任何账号。", day=given.on))
    return 0


def _role(terminal: Any, role: str) -> str:
    return str(terminal.say(ROLE_NAMES.get(role, role)))


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
    terminal.tell("这一账号 24 小时内不能代表本方确认；新账号的角色由安全管理员确认后生效。此事已记入双方可见的事件。")
    return 0
