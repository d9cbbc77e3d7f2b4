"""`jobs list` and `jobs run NAME`: the runs as rows, and one run here and now."""

from __future__ import annotations

import json
import sys
from typing import Any

from ops_console.adapters.translations import full_time
from ops_console.core.errors import Refused
from ops_console.services import detectors, duty_plans, jobs, search

RUNNABLE = ("recheck", "tidy", "anchor", "verify-chain", search.JOB, detectors.JOB, duty_plans.JOB)


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `jobs`."""
    verb = verbs.add_parser("jobs", help=terminal.say("作业：jobs list，jobs run 名称"))
    nouns = verb.add_subparsers(required=True, metavar="list|run")
    listed = nouns.add_parser("list")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(act=list_runs)
    run = nouns.add_parser("run")
    run.add_argument("name")
    run.add_argument("--json", action="store_true")
    run.set_defaults(act=run_job)


def list_runs(terminal: Any, given: Any) -> int:
    """Print the newest runs."""
    with terminal.console.read() as session:
        rows = jobs.newest(session, terminal.actor)
    if given.json:
        plain = [
            {"id": r.id, "key": r.key, "job": r.job, "status": r.status, "due_at": r.due_at.isoformat()} for r in rows
        ]
        print(json.dumps(plain, ensure_ascii=False, indent=1))
        return 0
    titles = {name: job.title for name, job in terminal.console.jobs.items()}
    for row in rows:
        what, status = terminal.say(titles.get(row.job, row.job)), terminal.say(jobs.STATUS_NAMES[row.status])
        print(f"{row.id}\t{what}\t{status}\t{full_time(row.due_at)}\t{row.done}/{row.total}\t{row.requested_by}")
    if not rows:
        print(terminal.say("还没有作业。"))
    return 0


def run_job(terminal: Any, given: Any) -> int:
    """Given a job's name, run it now and print its result."""
    console = terminal.console
    if given.name not in RUNNABLE:
        names = terminal.say("、").join(RUNNABLE)
        raise Refused("没有名为“%(job)s”的作业可以手动运行；可以是：%(names)s。", job=given.name, names=names)
    now = console.now()
    with console.write() as session:
        key = f"{given.name}/{now.isoformat()}"
        run_id = jobs.ask(session, job=given.name, key=key, params={}, actor=terminal.actor, now=now)
    console.runs().execute(run_id)
    with console.read() as session:
        status, result, error = jobs.outcome(session, run_id)
    if error is not None:
        print(terminal.translations.render(error, terminal.language), file=sys.stderr)
    print(json.dumps({"status": status, "result": result}, ensure_ascii=False))
    return 0 if status == "done" else 1
