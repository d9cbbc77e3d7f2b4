"""`contract show`: the contract's versions as the console holds them. Confirming is for the page alone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from ops_console.adapters.contract_words import change_name, change_value
from ops_console.core.contracts import TimeLimit
from ops_console.core.explanations import CLASS_NAMES
from ops_console.core.terms import Change
from ops_console.services import contract_views

STATE_NAMES = {"in_force": "生效", "proposed": "待双方确认", "withdrawn": "已撤回"}


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `contract show`."""
    verb = verbs.add_parser("contract", help=terminal.say("合同版本：contract show"))
    show = verb.add_subparsers(required=True, metavar="show").add_parser("show")
    show.add_argument("--json", action="store_true")
    show.set_defaults(act=show_contract)


def show_contract(terminal: Any, given: Any) -> int:
    """Print every version, newest first, with what it changes."""
    with terminal.console.read() as session:
        versions = contract_views.overview(session, terminal.actor)
    if given.json:
        print(json.dumps([_plain(version) for version in versions], ensure_ascii=False, indent=1))
        return 0
    for version in versions:
        print(terminal.say(
            "%(number)s 第 %(version)s 版  %(state)s  自 %(day)s 起计  指纹 %(digest)s",
            number=version.terms.number, version=version.version, state=terminal.say(STATE_NAMES[version.state]),
            day=version.counts_from.isoformat(), digest=version.digest[:12],
        ))  # fmt: skip
        for limit in version.terms.limits:
            print(f"  {_limit(terminal, limit)}")
        for change in version.changes:
            print(f"  {_change(terminal, change)}")
    return 0


def _limit(terminal: Any, limit: TimeLimit) -> str:
    say = terminal.say
    classes = say("、").join(say(CLASS_NAMES[klass]) for klass in limit.classes)
    within = terminal.show(timedelta(seconds=limit.limit_seconds))
    return f"{limit.id}  {limit.name}  {classes}  {within}  {say(limit.basis)} {limit.clause}"


def _change(terminal: Any, change: Change) -> str:
    old, new = (change_value(change, side, terminal.say, terminal.show) for side in ("old", "new"))
    name, nothing, gone = change_name(change, terminal.say), terminal.say("（没有）"), terminal.say("（删去）")
    return f"{name}{terminal.say('：')}{nothing if change.old is None else old} → {gone if change.new is None else new}"


def _plain(version: contract_views.VersionView) -> dict[str, Any]:
    return {
        "number": version.terms.number, "version": version.version, "state": version.state, "digest": version.digest,
        "counts_from": version.counts_from.isoformat(), "terms": json.loads(version.terms.as_json()),
        "hospital_confirmed_by": version.hospital_by, "vendor_confirmed_by": version.vendor_by,
        "confirmed_after_reset": {side: at.isoformat() for side, at in version.resets.items()},
        "changes": [vars(change) for change in version.changes],
    }  # fmt: skip
