"""`audit verify|export|anchor|restored`: the chain checked, taken away, anchored; a restored backup entered into it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from ops_console.core.errors import Refused
from ops_console.services import anchors, audit, chain_checks, chain_failures

OUTCOMES = {"whole": "完整", "explained": "有问题，双方已签字说明", "broken": "有问题"}


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `audit`."""
    told = terminal.say("审计链：audit verify，audit export 文件，audit anchor，audit restored --reason 原因")
    nouns = verbs.add_parser("audit", help=told).add_subparsers(required=True, metavar="verify|export|anchor|restored")
    verify = nouns.add_parser("verify")
    verify.set_defaults(act=verify_chain)
    export = nouns.add_parser("export")
    export.add_argument("file", type=Path)
    export.add_argument("--from", dest="first", type=int, default=1, metavar="SEQ")
    export.add_argument("--personal", choices=("no", "yes"), default="no")
    export.set_defaults(act=export_chain)
    anchor = nouns.add_parser("anchor")
    anchor.set_defaults(act=make_anchor)
    restored = nouns.add_parser("restored")
    restored.add_argument("--reason", required=True)
    restored.set_defaults(act=note_restored)
    for noun in (verify, export, anchor, restored):
        noun.add_argument("--json", action="store_true")


def verify_chain(terminal: Any, given: Any) -> int:
    """Verify the whole chain now; 1 when something is wrong that both parties have not signed off."""
    terminal.actor.need("audit.read")
    verdict = chain_checks.verify(terminal.console.checking(), terminal.actor.account)
    if given.json:
        print(json.dumps(chain_checks.told(verdict), ensure_ascii=False, indent=1))
    else:
        print(terminal.say(
            "审计链%(outcome)s：共 %(last)s 条，清除过的个人信息 %(purged)s 处，末条哈希 %(head)s",
            outcome=terminal.say(OUTCOMES[verdict.outcome]), last=verdict.last_seq, purged=verdict.purged,
            head=verdict.head,
        ))  # fmt: skip
        for finding in verdict.findings:
            print(terminal.translations.render(finding.sentence, terminal.language))
    return 1 if verdict.outcome == "broken" else 0


def export_chain(terminal: Any, given: Any) -> int:
    """Write the chain to a file, whole or not at all."""
    console, actor = terminal.console, terminal.actor
    lines = audit.export(
        console.read, actor, console.settings.terms.number, first=given.first, personal=given.personal == "yes"
    )
    with console.write() as session:
        audit.note_export(session, given.first, actor, console.now(), personal=given.personal == "yes")
    aside = given.file.with_name(f".{given.file.name}.{secrets.token_hex(4)}.part")
    try:
        written = _write(aside, lines)
        aside.replace(given.file)
    except OSError as exc:
        raise Refused(
            "文件 %(path)s 写不下去（%(reason)s）。", path=str(given.file), reason=exc.strerror or ""
        ) from exc
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
    if given.json:
        print(json.dumps({"file": str(given.file), "entries": written - 1, "personal": given.personal == "yes"}))
    else:
        print(terminal.say("已导出 %(count)s 条到 %(path)s", count=written - 1, path=str(given.file)))
    return 0


def _write(path: Path, lines: Any) -> int:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    count = 0
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(line)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count


def make_anchor(terminal: Any, given: Any) -> int:
    """Make today's anchor if there is none, try every waiting delivery, and print the anchor's short line."""
    console = terminal.console
    made = anchors.retry(console.anchoring(), terminal.actor, console.now())
    print(made.sent() if given.json else made.line)
    return 0


def note_restored(terminal: Any, given: Any) -> int:
    """Enter into the chain that a backup was restored, naming the gap. It dismisses no failure."""
    console = terminal.console
    hands = console.checking()
    facts = chain_failures.restored(hands.open_write, hands.shelf, given.reason, terminal.actor, console.now())
    if given.json:
        print(json.dumps(facts, ensure_ascii=False))
    else:
        print(terminal.say(
            "已登记恢复：链从第 %(count)s 条续写，日锚曾数到第 %(lost_to)s 条，%(days)s 份日锚由此说明；仍须双方签字。",
            count=facts["count"], lost_to=facts["lost_to"], days=len(facts["anchors"]),
        ))  # fmt: skip
    return 0
