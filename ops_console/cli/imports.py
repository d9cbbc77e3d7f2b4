"""`import tickets FILE`, the same job as the page's, and `import people FILE`, run here and now, the result printed."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from ops_console.core.errors import ConsoleError, Refused
from ops_console.core.sentences import Sentence, from_plain
from ops_console.services import jobs, newcomers

LARGEST = 64 << 20
SUMMARY = (
    "共 %(rows)s 行：新增 %(imported)s，补全 %(completed)s，提出更正 %(corrected)s，"
    "无变化 %(unchanged)s，错误 %(errors)s 处"
)
COUNTS = ("rows", "imported", "completed", "corrected", "unchanged")


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `import`."""
    verb = verbs.add_parser("import", help=terminal.say("导入：import tickets FILE，import people FILE"))
    verb.set_defaults(may_found=True)
    nouns = verb.add_subparsers(required=True, metavar="tickets|people")
    noun = nouns.add_parser("tickets", help=terminal.say("导入工单台账（CSV 或 XLSX）"))
    noun.add_argument("file", type=Path)
    noun.add_argument("--dry-run", action="store_true", help=terminal.say("只检查，不写入"))
    noun.add_argument("--skip-bad", action="store_true", help=terminal.say("跳过有错的行，导入其余行"))
    noun.add_argument("--json", action="store_true")
    noun.set_defaults(act=import_tickets)
    people = nouns.add_parser("people", help=terminal.say("导入人员（CSV 或 XLSX），打印一次性密码"))
    people.add_argument("file", type=Path)
    people.add_argument("--skip-bad", action="store_true", help=terminal.say("跳过有错的行，导入其余行"))
    people.add_argument("--json", action="store_true")
    people.set_defaults(act=import_people)


def import_tickets(terminal: Any, given: Any) -> int:
    """Given the arguments, import the file; 1 when any cell is at fault."""
    result = _do(terminal, given)
    errors = [
        {
            "row": error["row"], "column": error["column"], "value": error["value"],
            "message": terminal.translations.render(from_plain(error["sentence"]), terminal.language),
        }
        for error in result["errors"]
    ]  # fmt: skip
    _tell_rest(terminal, result)
    if given.json:
        print(json.dumps({**{name: result[name] for name in COUNTS}, "errors": errors}, ensure_ascii=False, indent=1))
    else:
        _print(terminal, given, result, errors)
    return 1 if errors else 0


def import_people(terminal: Any, given: Any) -> int:
    """Given a people's sheet, make the accounts and print each one-time password once; 1 when any cell is at fault."""
    console = terminal.console
    done = newcomers.import_people(
        console.newcomers, given.file, terminal.actor, console.now(), name=given.file.name, skip_bad=given.skip_bad
    )
    errors = [
        {"row": f.row, "column": f.column, "value": f.value,
         "message": terminal.translations.render(f.sentence, terminal.language)}
        for f in done.faults
    ]  # fmt: skip
    if given.json:
        told = {"made": [vars(made) for made in done.made], "unchanged": done.unchanged, "errors": errors}
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return 1 if errors else 0
    for made in done.made:
        print(f"{made.name}\t{made.account}\t{made.password}")
    for error in errors:
        print(f"  {error['message']}")
    return 1 if errors else 0


def _do(terminal: Any, given: Any) -> dict[str, Any]:
    console = terminal.console
    terminal.actor.need("tickets.import")
    try:
        with given.file.open("rb") as stream:
            digest = console.files.keep_upload(stream, LARGEST)
    except OSError as exc:
        raise Refused(
            "读不到文件 %(file)s：%(reason)s。", file=str(given.file), reason=exc.strerror or str(exc)
        ) from exc
    params = {"file": digest, "name": given.file.name, "dry_run": given.dry_run, "skip_bad": given.skip_bad}
    now = console.now()
    with console.write() as session:
        key = f"import-tickets/{digest[:16]}/{now.isoformat()}"
        run_id = jobs.ask(session, job="import-tickets", key=key, params=params, actor=terminal.actor, now=now)
    console.runs().execute(run_id)
    return _outcome(console, run_id)


def _outcome(console: Any, run_id: int) -> dict[str, Any]:
    """Wait for the run, wherever it is executed (a running console may have taken it), and return its result."""
    while True:
        with console.read() as session:
            status, result, error = jobs.outcome(session, run_id)
        if result is not None:
            return result
        if error is not None:
            raise ConsoleError(error.text, **error.values) if isinstance(error, Sentence) else ConsoleError(str(error))
        time.sleep(0.2)


def _tell_rest(terminal: Any, result: dict[str, Any]) -> None:
    if result["unknown_columns"]:
        terminal.tell("不认识的列已忽略：%(columns)s", columns=terminal.say("、").join(result["unknown_columns"]))
    for left in result["left"]:
        terminal.tell("第 %(row)s 行“%(column)s”与已有内容不同，保留原内容：已有“%(known)s”，表中“%(given)s”", **left)


def _print(terminal: Any, given: Any, result: dict[str, Any], errors: list[dict[str, Any]]) -> None:
    say = terminal.say
    if result["refused"]:
        print(say("有错误，未导入任何行；改正后重来，或加 --skip-bad 跳过有错的行。"))
    elif given.dry_run:
        print(say("只检查，未写入。"))
    print(say(SUMMARY, **{name: result[name] for name in COUNTS}, errors=len(errors)))
    for error in errors:
        print(f"  {error['message']}", file=sys.stdout)
