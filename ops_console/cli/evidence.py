"""`evidence 2026-09 --out FILE.zip`: a month's evidence package, for whoever checks it elsewhere."""

from __future__ import annotations

import contextlib
import json
import secrets
from pathlib import Path
from typing import Any

from ops_console.core.errors import Refused
from ops_console.core.moments import parse_month
from ops_console.services import evidence, months


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `evidence`."""
    verb = verbs.add_parser("evidence", help=terminal.say("证据包：evidence 2026-09 --out 文件.zip"))
    verb.add_argument("month", metavar="YYYY-MM")
    verb.add_argument("--out", type=Path, required=True, metavar="FILE.zip")
    verb.add_argument("--contract", metavar="NUMBER")
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(act=make)


def make(terminal: Any, given: Any) -> int:
    """Write the month's package to a file, whole or not at all, and note that it was taken."""
    console, month = terminal.console, parse_month(given.month)
    with console.read() as session:
        contract_id = months.contract_numbered(console.book(session), month, given.contract or "")
    if given.out.exists():
        raise Refused("文件 %(path)s 已存在；请换一个名字。", path=str(given.out))
    aside = given.out.with_name(f".{given.out.name}.{secrets.token_hex(4)}.part")
    try:
        made = evidence.write(console.evidence, aside, contract_id, month, terminal.actor, console.now())
        aside.replace(given.out)
    except OSError as exc:
        raise Refused("文件 %(path)s 写不下去（%(reason)s）。", path=str(given.out), reason=exc.strerror or "") from exc
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
    with console.write() as session:
        evidence.note(session, made, terminal.actor, console.now())
    if given.json:
        told = {"file": str(given.out), "month": month, "digest": made.head.digest, "sha256": made.sha256,
                "size": made.size, "withheld": made.withheld}  # fmt: skip
        print(json.dumps(told, ensure_ascii=False))
    else:
        print(terminal.say(
            "已写入 %(path)s（%(size)s 字节），SHA-256 %(sha256)s；month.json 的校验码 %(code)s。",
            path=str(given.out), size=made.size, sha256=made.sha256, code=made.head.digest[:12],
        ))  # fmt: skip
        if made.withheld:
            terminal.tell("有 %(n)s 个文件没有放入，见 manifest.json 的 withheld。", n=made.withheld)
    return 0
