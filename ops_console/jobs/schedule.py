"""Every job of the console, one entry each: what it does, when it is due, whether it may be caught up or repeated.

Not for executing (`services/jobs.py`) and not for threads (`jobs/loops.py`). A job: one entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ops_console.core.people import HOSPITAL, NEUTRAL, VENDOR, Actor
from ops_console.services import attachments, exports, imports, people, rechecks, silences
from ops_console.services.jobs import Job, Run

if TYPE_CHECKING:
    from ops_console.console import Console


@dataclass(frozen=True)
class Plan:
    """When a job rings, as cron fields in Shanghai time, and whether a time missed while down is caught up."""

    job: str
    cron: dict[str, str]
    catch_up: bool


PLANS = (
    Plan("recheck", {"hour": "3", "minute": "10"}, catch_up=True),
    Plan("confirm-by-silence", {"hour": "*", "minute": "5"}, catch_up=True),
    Plan("tidy", {"hour": "*", "minute": "25"}, catch_up=False),
)


def registry(console: Console) -> dict[str, Job]:
    """Given a console, return its jobs by name."""
    jobs = (
        Job("import-tickets", lambda run: _import(console, run), idempotent=True, title="导入工单台账"),
        Job("recheck", lambda run: _recheck(console, run), idempotent=True, title="时限自检"),
        Job(exports.JOB, lambda run: _export(console, run), idempotent=True, title="导出工单"),
        Job(attachments.LOOK, lambda run: _look(console, run), idempotent=True, title="生成缩略图"),
        Job("confirm-by-silence", lambda run: _silence(console, run), idempotent=True, title="超时默认确认"),
        Job("tidy", lambda run: _tidy(console, run), idempotent=True, title="清理过期会话"),
    )
    return {job.name: job for job in jobs}


def _import(console: Console, run: Run) -> dict[str, Any]:
    side = run.params.get("side")
    actor = Actor(run.requested_by, run.requested_by, side if side in (HOSPITAL, VENDOR) else NEUTRAL, frozenset())
    hands = imports.Hands(console.read, console.write, console.read_sheet, console.book)
    return imports.import_tickets(run, hands, console.files.upload(run.params["file"]), actor, run.asked_at)


def _recheck(console: Console, run: Run) -> dict[str, Any]:
    return rechecks.recheck(run, console.read, console.write, console.book, console.now())


def _silence(console: Console, run: Run) -> dict[str, Any]:
    return silences.confirm_by_silence(run, console.read, console.write, console.book, console.now())


def _tidy(console: Console, run: Run) -> dict[str, Any]:
    with console.write() as session:
        people.tidy(session, console.policy, console.now())
    console.files.sweep(console.now() - timedelta(days=1))
    return {}


def _export(console: Console, run: Run) -> dict[str, Any]:
    return exports.make(run, console.read, console.write, console.sheet_writers, console.files.export(run.id))


def _look(console: Console, run: Run) -> dict[str, Any]:
    return attachments.look(run, console.files, console.look_at, console.write)
