"""Job runs: asking for one, executing it under a lease, and what becomes of runs whose owner died.

Not for ringing at planned times (`jobs/schedule.py`) and not for the work itself.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.errors import ConsoleError, NotFound, Refused
from ops_console.core.people import SYSTEM, Actor, Permission
from ops_console.core.sentences import from_plain, to_plain
from ops_console.services.ports import Now, OpenSession
from ops_console.store import jobs as store
from ops_console.store import messages

logger = logging.getLogger(__name__)
# job -> the rights that each suffice to ask for it; of any other, that of seeing the jobs.
RIGHTS: dict[str, tuple[Permission, ...]] = {
    "import-tickets": ("tickets.import",),
    "export-tickets": ("tickets.export",),
    "make-evidence": ("tickets.export",),
    "verify-chain": ("audit.read",),
    "find-flags": ("flags.review", "tickets.record", "jobs.read"),
}
STATUS_NAMES = {
    "queued": "等待中", "running": "进行中", "done": "完成",
    "failed": "失败", "unknown": "结果未知", "skipped": "已跳过",
}  # fmt: skip
LEASE = timedelta(seconds=60)
RENEW_SECONDS = 15.0


class LostRun(Exception):
    """The run is no longer ours: its lease passed and somebody else has it."""


@dataclass(frozen=True)
class Job:
    """One kind of work: its name, what does it, and whether running it twice does no harm."""

    name: str
    work: Callable[[Run], dict[str, Any]]
    idempotent: bool
    title: str


class Run:
    """One claimed run as its job sees it. `done` and `state` are what an earlier attempt kept."""

    def __init__(self, row: store.RunRow, token: int, owner: Runs) -> None:
        self.id, self.job, self.token, self.attempt = row.id, row.job, token, row.attempt
        self.params: Mapping[str, Any] = json.loads(row.params)
        self.requested_by, self.asked_at = row.requested_by, row.created_at
        self.done = row.done
        self.state: dict[str, Any] = json.loads(row.note) if row.note else {}
        self._runs = owner

    def progress(self, done: int, total: int) -> None:
        """Given how far the work is, keep it where a page finds it. Raises LostRun when the run is not ours."""
        with self._runs.open_write() as session:
            self._keep(session, {"done": done, "total": total})

    def checkpoint(self, session: Session | None, done: int, total: int, state: Mapping[str, Any]) -> None:
        """Given the transaction of a step (None: one of its own), keep with it how far the work is and its state.

        A later attempt goes on from there. Raises LostRun, and so undoes the step, when the run is not ours.
        """
        kept = {"done": done, "total": total, "note": json.dumps(state, ensure_ascii=False)}
        if session is not None:
            self._keep(session, kept)
            return
        with self._runs.open_write() as own:
            self._keep(own, kept)

    def _keep(self, session: Session, values: dict[str, Any]) -> None:
        if not store.renew(session, self.id, self.token, self._runs.now() + LEASE, values):
            raise LostRun(f"run={self.id} token={self.token}")


class Runs:
    """Executes runs for one process: `owner` names it. Threads may share it."""

    def __init__(
        self, open_read: OpenSession, open_write: OpenSession, jobs: Mapping[str, Job], owner: str, now: Now
    ) -> None:
        self.open_read, self.open_write, self.jobs, self.owner, self.now = open_read, open_write, jobs, owner, now

    def execute(self, run_id: int) -> bool:
        """Given a waiting run's id, claim it, do its work, write the outcome; False when another was first."""
        with self.open_write() as session:
            token = store.claim(session, run_id, self.owner, self.now(), self.now() + LEASE)
            row = store.run(session, run_id)
            if token is None or row is None:
                return False
            session.refresh(row)
            run = Run(row, token, self)
        with self._kept_alive(run):
            status, result, error = self._work(run)
        if status is None:
            return False
        with self.open_write() as session:
            kept = store.finish(session, run.id, token, self.now(), status=status, result=result, error=error)
        logger.info("run=%s job=%s status=%s kept=%s", run.id, run.job, status, kept)
        return kept

    def _work(self, run: Run) -> tuple[str | None, str | None, str | None]:
        job = self.jobs.get(run.job)
        try:
            if job is None:
                raise Refused("没有名为“%(job)s”的作业。", job=run.job)
            return store.DONE, json.dumps(job.work(run), ensure_ascii=False), None
        except LostRun as exc:
            logger.warning("lost %s", exc)
            return None, None, None
        except ConsoleError as exc:
            return store.FAILED, None, json.dumps(to_plain(exc.sentence), ensure_ascii=False)
        except Exception:
            logger.exception("run=%s job=%s failed", run.id, run.job)
            return (
                store.FAILED,
                None,
                json.dumps(
                    {"sentence": "作业因内部错误中止；请联系系统管理员，运行编号 %(id)s。", "values": {"id": run.id}},
                    ensure_ascii=False,
                ),
            )

    @contextmanager
    def _kept_alive(self, run: Run):  # type: ignore[no-untyped-def]
        over = threading.Event()
        beat = threading.Thread(target=self._renew_until, args=(run, over), name=f"lease-{run.id}", daemon=True)
        beat.start()
        try:
            yield
        finally:
            over.set()
            beat.join()

    def _renew_until(self, run: Run, over: threading.Event) -> None:
        while not over.wait(RENEW_SECONDS):
            try:
                with self.open_write() as session:
                    if not store.renew(session, run.id, run.token, self.now() + LEASE, {}):
                        return
            except Exception:
                logger.exception("run=%s lease not renewed", run.id)

    def reap(self) -> int:
        """Given nothing, settle runs whose owner is dead: an idempotent one waits again, any other is 结果未知."""
        settled = 0
        with self.open_write() as session:
            for row in store.ownerless(session, self.now()):
                job = self.jobs.get(row.job)
                again = job is not None and job.idempotent and row.attempt < 5
                error = (
                    None
                    if again
                    else json.dumps(
                        {"sentence": "执行者中断，结果未知；请核对后再决定是否重做。", "values": {}}, ensure_ascii=False
                    )
                )
                status = store.QUEUED if again else store.UNKNOWN
                settled += store.release(session, row, self.now(), status=status, error=error)
                logger.warning("run=%s job=%s owner=%s lost, now %s", row.id, row.job, row.owner, status)
        return settled


def ask(session: Session, *, job: str, key: str, params: dict[str, Any], actor: Actor, now: datetime) -> int:
    """Given a job, a unique key and its parameters, keep a run that is due now and return its id.

    Raises Refused without the right to it, and when a run with that key stands already.
    """
    rights = RIGHTS.get(job, ("jobs.read",))
    if actor is not SYSTEM and not any(actor.may(right) for right in rights):
        actor.need(rights[0])
    run_id = store.enqueue(session, key=key, job=job, params=params, due_at=now, requested_by=actor.account, now=now)
    if run_id is None:
        raise Refused("同样的作业已经在做，请到“作业”页查看。")
    return run_id


def find(session: Session, run_id: int, actor: Actor) -> store.RunRow:
    """Given a run's id and who asks, return its row. Raises NotFound when there is none for the asker."""
    actor.need("jobs.read")
    row = store.run(session, run_id)
    if row is None:
        raise NotFound("没有编号为 %(id)s 的作业运行。", id=run_id)
    return row


MISSED = "控制台当时没有运行，按计划跳过，不补做。"


def skip(session: Session, run_id: int, now: datetime) -> None:
    """Given a run that waits but whose planned time was missed, mark it skipped, with the reason."""
    reason = json.dumps({"sentence": MISSED, "values": {}}, ensure_ascii=False)
    store.skip(session, run_id, now, reason)


def outcome(session: Session, run_id: int) -> tuple[str, dict[str, Any] | None, object]:
    """Given a run's id, return its status, its result once done, and its error's sentence once failed."""
    row = store.run(session, run_id)
    if row is None:
        raise NotFound("没有编号为 %(id)s 的作业运行。", id=run_id)
    result = json.loads(row.result) if row.result else None
    return row.status, result, from_plain(json.loads(row.error)) if row.error else None


def newest(session: Session, actor: Actor, limit: int = 50) -> Sequence[store.RunRow]:
    """Given who asks, return the newest runs first."""
    actor.need("jobs.read")
    return store.newest(session, limit)


@dataclass(frozen=True)
class Overview:
    """What the system page shows: heartbeats of the loops, newest runs, and how many messages are in each state."""

    heartbeats: Sequence[store.HeartbeatRow]
    runs: Sequence[store.RunRow]
    messages: Mapping[str, int]


def overview(session: Session, actor: Actor) -> Overview:
    """Given who asks, return what the console has been doing. Three statements."""
    actor.need("jobs.read")
    return Overview(store.heartbeats(session), store.newest(session, 50), messages.counts(session))
