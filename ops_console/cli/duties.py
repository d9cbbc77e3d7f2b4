"""`duties list`: what is owed in a month and its state. Only reading: nobody delivers or accepts at the terminal."""

from __future__ import annotations

import json
from typing import Any

from ops_console.adapters.translations import full_time
from ops_console.core.duties import STATE_NAMES
from ops_console.core.moments import month_of, parse_month, whole
from ops_console.services import duties
from ops_console.services.duties import Shown


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `duties list`."""
    verb = verbs.add_parser("duties", help=terminal.say("义务：duties list --month 2026-11"))
    listed = verb.add_subparsers(required=True, metavar="list").add_parser("list")
    listed.add_argument("--month", metavar="YYYY-MM")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(act=list_duties)


def list_duties(terminal: Any, given: Any) -> int:
    """Print the duties due in a month (the current one where none is said), by due time."""
    console, now = terminal.console, whole(terminal.console.now())
    month = parse_month(given.month) if given.month else month_of(now)
    with console.read() as session:
        book = console.book(session)
        found = duties.month_view(session, book, month, "", "", actor=terminal.actor, now=now)
    if given.json:
        print(json.dumps([_plain(shown) for shown in found.duties], ensure_ascii=False, indent=1))
        return 0
    for shown in found.duties:
        duty, state = shown.duty, terminal.say(STATE_NAMES[shown.state])
        done = full_time(duty.delivered_at) if duty.delivered_at else ""
        print(f"{duty.id}\t{full_time(duty.due_at)}\t{duty.clause}\t{duty.name}\t{state}\t{done}")
    if not found.duties:
        print(terminal.say("%(month)s 没有到期的义务。", month=month))
    return 0


def _plain(shown: Shown) -> dict[str, Any]:
    duty = shown.duty
    iso = lambda at: at.isoformat() if at else None  # noqa: E731
    return {
        "id": duty.id, "key": duty.key, "clause": duty.clause, "task": duty.task, "name": duty.name,
        "basis": duty.basis, "state": shown.state, "due_at": iso(duty.due_at), "grace_until": iso(duty.grace_until),
        "period_start": iso(duty.period_start), "period_end": iso(duty.period_end), "event": duty.event,
        "ref": duty.ref, "begun_at": iso(duty.begun_at), "provisional": duty.provisional,
        "delivered_at": iso(duty.delivered_at), "accepted_at": iso(duty.accepted_at),
        "waived_at": iso(duty.waived_at), "evidence": list(duty.evidence),
    }  # fmt: skip
