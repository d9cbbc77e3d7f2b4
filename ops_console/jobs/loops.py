"""The two endless loops, *what is due?* and *what is unsent?*, the thread pool and the bell, for one process.

Not job runs themselves: each loop leaves one heartbeat row.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ops_console.core.people import SYSTEM
from ops_console.jobs.schedule import PLANS, Plan
from ops_console.services import (
    anchors,
    breach_reminders,
    chain_checks,
    clocks,
    duty_plans,
    host_clock,
    jobs,
    messages,
)
from ops_console.store import jobs as store

if TYPE_CHECKING:
    from apscheduler.schedulers.background import BackgroundScheduler
    from sqlalchemy.orm import Session

    from ops_console.console import Console

logger = logging.getLogger(__name__)
DUE_SECONDS, UNSENT_SECONDS, BEAT = 2.0, 5.0, timedelta(seconds=10)


class Loops:
    """The jobs side of a process: start it after the console is prepared, stop it before closing."""

    def __init__(self, console: Console, *, workers: int = 2) -> None:
        self._console = console
        self._runs = console.runs()
        self._anchoring = console.anchoring()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="run")
        self._over = threading.Event()
        self._taken: set[int] = set()
        self._beats: dict[str, datetime] = {}
        self._seen = (console.now(), console.elapsed())
        self._threads = [
            threading.Thread(target=self._repeat, args=("due", self.due_once, DUE_SECONDS), name="due", daemon=True),
            threading.Thread(
                target=self._repeat, args=("unsent", self.unsent_once, UNSENT_SECONDS), name="unsent", daemon=True
            ),
        ]
        self._bell: BackgroundScheduler | None = None

    def start(self) -> None:
        """Look back at what the host did meanwhile, then start loops and bell."""
        console = self._console
        host_clock.look_back(console.read, console.write, console.now(), console.owner)
        chain_checks.compare(console.checking())
        for thread in self._threads:
            thread.start()
        self._bell = _bell(self._console)
        self._plan_duties()
        self._bell.start()

    def _plan_duties(self) -> None:
        """What became owed while nothing ran is made at once, not only the next night, unless a run waits already."""
        console, now = self._console, self._console.now()
        key = f"{duty_plans.JOB}@start/{console.owner}/{now.isoformat()}"
        with console.write() as session:
            if not store.unfinished(session, duty_plans.JOB):
                jobs.ask(session, job=duty_plans.JOB, key=key, params={}, actor=SYSTEM, now=now)
        console.wake.set()

    def stop(self) -> None:
        """Stop ringing and looping; runs under way finish or are found by the next process."""
        self._over.set()
        self._console.wake.set()
        if self._bell is not None:
            self._bell.shutdown(wait=False)
        for thread in self._threads:
            thread.join(timeout=10)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _repeat(self, name: str, once: Callable[[], str], seconds: float) -> None:
        while not self._over.is_set():
            try:
                self._beat(name, once())
            except Exception:
                logger.exception("loop=%s failed", name)
            if name == "due":
                self._console.wake.wait(seconds)
                self._console.wake.clear()
            else:
                self._over.wait(seconds)

    def _beat(self, name: str, note: str) -> None:
        now = self._console.now()
        if not note and now - self._beats.get(name, now - BEAT) < BEAT:
            return
        self._beats[name] = now
        with self._console.write() as session:
            store.beat(session, name, self._console.owner, now, note)

    def due_once(self) -> str:
        """Look once for what is due: clocks, cases, duties, ownerless and waiting runs. Return what was found."""
        console, now = self._console, self._console.now()
        self._look_at_clock()
        moved = clocks.sweep(console.read, console.write, console.book, now)
        moved += breach_reminders.sweep(console.read, console.write, console.book, now)
        told = duty_plans.sweep(console.read, console.write, now)
        with console.read() as session:
            waiting = [run_id for run_id in store.queued(session, now) if run_id not in self._taken]
            lost = bool(store.ownerless(session, now))
        reaped = self._runs.reap() if lost else 0
        for run_id in waiting:
            self._taken.add(run_id)
            self._pool.submit(self._execute, run_id)
        if not (moved or told or waiting or reaped):
            return ""
        return f"clocks={moved} duties={told} runs={len(waiting)} reaped={reaped}"

    def _look_at_clock(self) -> None:
        """The wall clock against the time that really passed: what differs was set by somebody."""
        console, (before, running) = self._console, self._seen
        after, now_running = console.now(), console.elapsed()
        host_clock.look(console.write, before, after, now_running - running, console.owner)
        self._seen = (after, now_running)

    def _execute(self, run_id: int) -> None:
        try:
            self._runs.execute(run_id)
        except Exception:
            logger.exception("run=%s broke off", run_id)
        finally:
            self._taken.discard(run_id)

    def unsent_once(self) -> str:
        """Look once for what is unsent: deliver anchors, mark what is past its time. Return what was found."""
        now = self._console.now()
        expired = messages.expire(self._console.read, self._console.write, now)
        received = anchors.deliver_due(self._anchoring, now)
        return f"expired={expired} anchors={received}" if expired or received else ""


def _bell(console: Console) -> BackgroundScheduler:
    from apscheduler.schedulers.background import BackgroundScheduler

    bell = BackgroundScheduler(timezone="Asia/Shanghai")
    for plan in PLANS:
        bell.add_job(
            ring, "cron", args=(console, plan), id=plan.job, coalesce=True, misfire_grace_time=3600, **plan.cron
        )
        _settle_missed(console, plan)
    return bell


def ring(console: Console, plan: Plan) -> int | None:
    """Given a plan whose time has come, insert its run: `job@due` is unique, so two schedulers insert one."""
    due = last_due(plan, console.now())
    return None if due is None else _insert(console, plan, due)


def last_due(plan: Plan, now: datetime) -> datetime | None:
    """Given a plan and now, return its latest planned time not later than now, within the last two days."""
    from apscheduler.triggers.cron import CronTrigger

    trigger = CronTrigger(timezone="Asia/Shanghai", **plan.cron)
    found, at = None, trigger.get_next_fire_time(None, now - timedelta(days=2))
    while at is not None and at <= now:
        found, at = at, trigger.get_next_fire_time(at, at + timedelta(seconds=1))
    return found


def _insert(console: Console, plan: Plan, due: datetime) -> int | None:
    with console.write() as session:
        made = _planned(session, plan, due, console.now())
    console.wake.set()
    return made


def _planned(session: Session, plan: Plan, due: datetime, now: datetime) -> int | None:
    key = f"{plan.job}@{due:%Y-%m-%dT%H:%M%z}"
    return store.enqueue(session, key=key, job=plan.job, params={}, due_at=due, requested_by=SYSTEM.account, now=now)


def _settle_missed(console: Console, plan: Plan) -> None:
    """A planned time that passed while nothing ran: caught up, or kept as a skipped row with its reason."""
    due = last_due(plan, console.now())
    with console.read() as session:
        ran_before = store.newest(session, 1, plan.job)
    if due is None or not ran_before:
        return
    with console.write() as session:  # in one transaction, or the due loop would take what is to be skipped
        run_id = _planned(session, plan, due, console.now())
        if run_id is not None and not plan.catch_up:
            jobs.skip(session, run_id, console.now())
