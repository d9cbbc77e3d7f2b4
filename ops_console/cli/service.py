"""`service install|status|remove`: the console as a systemd service of its own user."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from ops_console.adapters import systemd
from ops_console.adapters.systemd import Service
from ops_console.console import PROJECT
from ops_console.core.errors import Refused

LOWEST_FREE_PORT = 1024
USER_NAME = r"[a-z_][a-z0-9_-]{0,31}"


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `service`."""
    verb = verbs.add_parser("service", help=terminal.say("系统服务：service install，service status，service remove"))
    verb.set_defaults(may_found=True)
    nouns = verb.add_subparsers(required=True, metavar="install|status|remove")
    install = nouns.add_parser("install")
    install.add_argument("--user", default="ops", help=terminal.say("以哪个系统用户运行，须已存在"))
    install.add_argument("--dry-run", action="store_true", help=terminal.say("只显示单元内容"))
    install.add_argument("--json", action="store_true")
    install.set_defaults(act=install_service)
    status = nouns.add_parser("status")
    status.add_argument("--json", action="store_true")
    status.set_defaults(act=show_status)
    remove = nouns.add_parser("remove")
    remove.set_defaults(act=remove_service)


def install_service(terminal: Any, given: Any) -> int:
    """Write the unit, start the service and tell what was done; with --dry-run only print the unit."""
    service = _service(terminal, given.user)
    text = systemd.unit(service)
    if given.dry_run:
        print(json.dumps({"unit": systemd.UNIT, "text": text}, ensure_ascii=False) if given.json else text, end="")
        return 0
    systemd.need_systemd()
    _check_user(service)
    systemd.install(text)
    terminal.tell("已写入 %(file)s。", file=str(systemd.UNITS / systemd.UNIT))
    terminal.tell("服务 %(unit)s 已启动，开机自动运行；数据目录 %(data)s。", unit=systemd.UNIT, data=str(service.data))
    terminal.tell("查看：python3 run.py service status；日志：journalctl -u %(unit)s。", unit=systemd.UNIT)
    return 0


def _service(terminal: Any, user: str) -> Service:
    if not re.fullmatch(USER_NAME, user):
        raise Refused("系统用户名“%(user)s”不对。", user=user)
    settings = terminal.console.settings
    return Service(
        user=user, python=Path(sys.executable).absolute(), program=PROJECT / "run.py",
        config=settings.config_path.absolute(), data=settings.data_folder.absolute(),
        low_port=0 < settings.server.port < LOWEST_FREE_PORT,
    )  # fmt: skip


def _check_user(service: Service) -> None:
    import pwd

    try:
        found = pwd.getpwnam(service.user)
    except KeyError as exc:
        raise Refused(
            "没有系统用户 %(user)s；请先建立：useradd --system --home-dir %(data)s %(user)s。",
            user=service.user, data=str(service.data),
        ) from exc  # fmt: skip
    if service.data.stat().st_uid != found.pw_uid:
        raise Refused(
            "数据目录 %(data)s 不属于 %(user)s；请先运行：chown -R %(user)s %(data)s。",
            data=str(service.data), user=service.user,
        )  # fmt: skip


def show_status(terminal: Any, given: Any) -> int:
    """Print what systemd says of the service."""
    said = systemd.status()
    print(json.dumps({"unit": systemd.UNIT, "status": said}, ensure_ascii=False) if given.json else said, end="")
    return 0


def remove_service(terminal: Any, given: Any) -> int:
    """Stop the service and forget its unit; data and settings stay."""
    systemd.remove()
    terminal.tell("服务 %(unit)s 已停止并移除；数据和设置没有改动。", unit=systemd.UNIT)
    return 0
