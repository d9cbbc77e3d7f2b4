"""`demo`: builds a contract year of invented people in a folder of its own, and serves it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from ops_console.adapters.demo.folder import DemoFolder
from ops_console.adapters.demo.texts import read_texts
from ops_console.cli.arguments import day_in, own_address_in
from ops_console.console import data_folder, utc_now
from ops_console.core.demo_year import begun, is_within, moment_of
from ops_console.core.moments import ZONE
from ops_console.core.people import ROLE_NAMES
from ops_console.services import demo
from ops_console.services.demo import Built


class MovableClock:
    """The clock of a house whose past is being written: it stands where it was put."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def put(self, at: datetime) -> None:
        """Given an instant, stand there."""
        self.at = at


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `demo`."""
    verb = verbs.add_parser("demo", help=terminal.say("演示年：虚构的医院与人员，单独的数据目录，建好后提供服务"))
    verb.add_argument("--today", type=day_in(terminal), metavar="2026-03-05", help=terminal.say("建到哪一天，默认今天"))
    verb.add_argument("--fresh", action="store_true", help=terminal.say("已有也重建"))
    verb.add_argument("--build-only", action="store_true", help=terminal.say("只建，不提供服务"))
    verb.add_argument(
        "--host", type=own_address_in(terminal), metavar="10.20.3.4",
        help=terminal.say("在本机的哪个地址上提供服务（明文 HTTP），默认只限本机"),
    )  # fmt: skip
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(act=show)


def show(terminal: Any, given: Any) -> int:
    """Build the year, or take the one that stands for the same day, and serve it."""
    folder, now = DemoFolder(data_folder()), utc_now()
    day = (given.today or now.astimezone(ZONE).date()).isoformat()
    mark = folder.mark()
    if mark is not None and mark.day == day and not given.fresh:
        terminal.tell(
            "%(folder)s 已有 %(day)s 的演示年，直接使用；重建请加 --fresh。", folder=str(folder.path), day=day
        )
    else:
        _print(terminal, given, folder.path, _build(terminal, given.today, folder, day, now))
    terminal.tell(
        "演示数据在 %(folder)s；在终端查它，命令前加 OPS_DATA=%(folder)s，例如"
        " OPS_DATA=%(folder)s python3 run.py report sla --from 2026-01 --to 2026-11。",
        folder=_typed(folder.path),
    )  # fmt: skip
    _warn(terminal, given.today, now)
    if given.build_only:
        terminal.tell("查看演示：python3 run.py demo --today %(day)s", day=day)
        return 0
    return int(terminal.serve(folder.path, given.host or ""))


def _typed(folder: Path) -> str:
    """The folder as it is typed at a terminal that stands in the working folder."""
    return shlex.quote(os.path.relpath(folder) if folder.is_relative_to(Path.cwd()) else str(folder))


def _build(terminal: Any, today: date | None, folder: DemoFolder, day: str, now: datetime) -> Built:
    aside, was_interrupted = folder.begin(day)
    if was_interrupted:
        terminal.tell("上一次没有建完，从头再建。")
    until, clock = moment_of(today, now), MovableClock(begun())
    console = terminal.open_at(aside, clock)
    try:
        anchoring = console.anchoring()
        hands = demo.Hands(
            console.read, console.write, console.book, console.files.keep_attachment, console.hasher, console.policy,
            console.public_secrets, console.runs(), replace(anchoring, bound=lru_cache(1)(anchoring.bound)),
            console.signing, clock.put, utc_now,
        )  # fmt: skip

        def progress(month: str, made: int, all_of_them: int) -> None:
            terminal.tell("%(month)s　%(made)s／%(all)s 件", month=month, made=made, all=all_of_them)

        built = demo.build(hands, read_texts(), until, progress)
    finally:
        console.close()
    folder.finish(day, until, built.tickets)
    return built


def _print(terminal: Any, given: Any, folder: Path, built: Built) -> None:
    """The passwords are told here and nowhere else: random, so that a demo on a network is nobody's open door."""
    if given.json:
        keys = [vars(key) for key in built.keys]
        told = {"folder": str(folder), "until": built.until.isoformat(), "tickets": built.tickets, "accounts": keys}
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return
    print(terminal.say("演示账号（虚构，密码只显示这一次）："))
    for key in built.keys:
        print(f"  {key.account}\t{key.password}\t{terminal.say(ROLE_NAMES[key.role])} {key.name}")
    sys.stdout.flush()
    terminal.tell("共 %(tickets)s 件工单、%(entries)s 条记录。", tickets=built.tickets, entries=built.entries)


def _warn(terminal: Any, today: date | None, now: datetime) -> None:
    if not is_within(today, now):
        terminal.tell("演示的合同年是 2026 年；所选日期在此之外，按合同年的起止截取。")
    if today is not None and today != now.astimezone(ZONE).date():
        terminal.tell("控制台按真实时钟运行：演示停在所选日期，其中未结的时限按现在的时间显示。")
