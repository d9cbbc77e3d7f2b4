"""Every job of the console, one entry each: what it does, when it is due, whether it may be caught up or repeated.

Not for executing (`services/jobs.py`) and not for threads (`jobs/loops.py`). A job: one entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, NEUTRAL, SYSTEM, VENDOR, Actor
from ops_console.services import (
    anchors,
    attachments,
    chain_checks,
    contracts,
    detectors,
    duty_plans,
    evidence,
    exports,
    freezes,
    imports,
    payments,
    people,
    public_photos,
    readings,
    rechecks,
    repeats,
    retention,
    search,
    signatures,
    silences,
)
from ops_console.services.jobs import Job, Run
from ops_console.store import jobs as store

if TYPE_CHECKING:
    from ops_console.console import Console


@dataclass(frozen=True)
class Plan:
    """When a job rings, as cron fields in Shanghai time, and whether a time missed while down is caught up."""

    job: str
    cron: dict[str, str]
    catch_up: bool


PLANS = (
    Plan(duty_plans.JOB, {"hour": "0", "minute": "10"}, catch_up=True),
    Plan(rechecks.JOB, {"hour": "3", "minute": "10"}, catch_up=True),
    Plan(detectors.JOB, {"hour": "3", "minute": "30"}, catch_up=True),
    Plan("anchor", {"hour": "0", "minute": "5"}, catch_up=True),
    Plan(freezes.JOB, {"hour": "0", "minute": "20"}, catch_up=True),
    Plan("verify-chain", {"hour": "2", "minute": "40"}, catch_up=True),
    Plan("forget-files", {"hour": "3", "minute": "50"}, catch_up=False),
    Plan("purge-personal", {"hour": "2", "minute": "40"}, catch_up=True),
    Plan("confirm-by-silence", {"hour": "*", "minute": "5"}, catch_up=True),
    Plan("signing-reminders", {"hour": "8", "minute": "20"}, catch_up=True),
    Plan("tidy", {"hour": "*", "minute": "25"}, catch_up=False),
)


def registry(console: Console) -> dict[str, Job]:
    """Given a console, return its jobs by name."""
    jobs = (
        Job("import-tickets", lambda run: _import(console, run), idempotent=True, title="导入工单台账"),
        Job(duty_plans.JOB, lambda run: _plan_duties(console, run), idempotent=True, title="生成义务"),
        Job(rechecks.JOB, lambda run: _recheck(console, run), idempotent=True, title="每夜自检"),
        Job(contracts.REJUDGE, lambda run: _rejudge(console, run), idempotent=True, title="按新口径重算工单时限"),
        Job(detectors.JOB, lambda run: _flags(console, run), idempotent=True, title="查找疑点"),
        Job(evidence.JOB, lambda run: _evidence(console, run), idempotent=True, title="生成证据包"),
        Job(exports.JOB, lambda run: _export(console, run), idempotent=True, title="导出工单"),
        Job(attachments.LOOK, lambda run: _look(console, run), idempotent=True, title="生成缩略图"),
        Job("forget-files", lambda run: _forget(console, run), idempotent=True, title="清理没有归属的附件"),
        Job("confirm-by-silence", lambda run: _silence(console, run), idempotent=True, title="超时默认确认"),
        Job("index-tickets", lambda run: _index(console, run), idempotent=True, title="建立搜索索引"),
        Job("tidy", lambda run: _tidy(console, run), idempotent=True, title="清理过期会话"),
        Job("anchor", lambda run: _anchor(console), idempotent=True, title="每日锚点"),
        Job(freezes.JOB, lambda run: _freeze(console, run), idempotent=True, title="冻结月度事实"),
        Job("verify-chain", lambda run: _verify(console, run), idempotent=True, title="校验审计链"),
        Job("purge-personal", lambda run: _purge(console, run), idempotent=True, title="清除到期的个人信息"),
        Job("signing-reminders", lambda run: _remind(console), idempotent=True, title="签署与付款提醒"),
        Job("mask-old-texts", lambda run: _mask(console, run), idempotent=True, title="按现行规则遮盖旧工单"),
    )
    return {job.name: job for job in jobs}


def _import(console: Console, run: Run) -> dict[str, Any]:
    side = run.params.get("side")
    actor = Actor(run.requested_by, run.requested_by, side if side in (HOSPITAL, VENDOR) else NEUTRAL, frozenset())
    hands = imports.Hands(console.read, console.write, console.read_sheet, console.book, console.masker)
    path = console.files.upload(run.params["file"])
    if not path.exists():
        raise Refused("这份文件已按保存期删除，请重新上传。")
    return imports.import_tickets(run, hands, path, actor, run.asked_at)


def _plan_duties(console: Console, run: Run) -> dict[str, Any]:
    return duty_plans.plan(run, console.write, console.book, console.now())


def _recheck(console: Console, run: Run) -> dict[str, Any]:
    try:
        return rechecks.recheck(run, console.read, console.write, console.book, console.now())
    finally:
        console.alarm.forget()


def _rejudge(console: Console, run: Run) -> dict[str, Any]:
    return readings.rejudge(run, console.read, console.write, console.book, console.now())


def _flags(console: Console, run: Run) -> dict[str, Any]:
    hands = detectors.Hands(console.read, console.write, console.book, console.vocabularies.shipped.lexicon)
    return detectors.find_flags(run, hands, console.now())


def _silence(console: Console, run: Run) -> dict[str, Any]:
    return silences.confirm_by_silence(run, console.read, console.write, console.book, console.now())


def _index(console: Console, run: Run) -> dict[str, Any]:
    return search.index_tickets(run, console.read, console.write)


def _tidy(console: Console, run: Run) -> dict[str, Any]:
    with console.write() as session:
        people.tidy(session, console.policy, console.now())
        repeats.tidy(session, console.now())
    console.files.sweep(console.now() - timedelta(days=1))
    with console.read() as session:
        needed = {given.get("file") for given in store.unfinished(session, "import-tickets")}
    kept_for = timedelta(days=console.settings.personal.keep_uploads_days)
    with console.write() as session:
        photos = public_photos.forget(session, kept_for, console.now())
    before = console.now() - kept_for
    return {
        "uploads": console.files.forget_uploads(before, needed),
        "photos": console.files.forget_attachments(photos, before),
    }


def _evidence(console: Console, run: Run) -> dict[str, Any]:
    return evidence.make(run, console.evidence, console.files.export(run.id))


def _export(console: Console, run: Run) -> dict[str, Any]:
    return exports.make(run, console.read, console.write, console.sheet_writers, console.files.export(run.id))


def _look(console: Console, run: Run) -> dict[str, Any]:
    return attachments.look(run, console.files, console.look_at, console.write)


def _forget(console: Console, run: Run) -> dict[str, Any]:
    before = console.now() - timedelta(days=console.settings.personal.keep_uploads_days)
    return attachments.forget_unreferred(run, console.read, console.files, before)


def _anchor(console: Console) -> dict[str, Any]:
    made = anchors.make_today(console.anchoring(), SYSTEM, console.now())
    return {"line": made.line, "digest": made.digest}


def _freeze(console: Console, run: Run) -> dict[str, Any]:
    return freezes.freeze_due(run, console.read, console.write, console.book, console.now())


def _verify(console: Console, run: Run) -> dict[str, Any]:
    verdict = chain_checks.verify_in_run(run, console.checking(), full=run.params.get("full"))
    return chain_checks.told(verdict)


def _purge(console: Console, run: Run) -> dict[str, Any]:
    kept_for = timedelta(days=console.settings.personal.purge_after_days)
    return retention.purge(run, console.read, console.write, console.book, kept_for, console.now())


def _remind(console: Console) -> dict[str, Any]:
    with console.write() as session:
        book = console.book(session)
        silent = signatures.tell_silent(session, book, console.now())
        return {"silent": silent, "due": payments.tell_due(session, book, console.now())}


def _mask(console: Console, run: Run) -> dict[str, Any]:
    return retention.mask_rows(run, console.read, console.write)
