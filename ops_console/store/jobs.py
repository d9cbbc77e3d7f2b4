"""Job runs: one row a run is the truth, claimed by lease and finished by token; and heartbeats of the loops."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from ops_console.store.base import Base, Id, insert_over
from ops_console.store.masks import masked_json, masker_of

QUEUED, RUNNING, DONE, FAILED, UNKNOWN, SKIPPED = "queued", "running", "done", "failed", "unknown", "skipped"
FINISHED = (DONE, FAILED, UNKNOWN, SKIPPED)


class RunRow(Base):
    """One run of one job. `token` fences: only the owner of the newest claim may write the outcome."""

    __tablename__ = "job_run"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(160), unique=True)
    job: Mapped[str] = mapped_column(String(60))
    params: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(10))
    owner: Mapped[str | None] = mapped_column(String(120))
    token: Mapped[int]
    lease_until: Mapped[datetime | None]
    attempt: Mapped[int]
    done: Mapped[int]
    total: Mapped[int]
    note: Mapped[str] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    requested_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'unknown', 'skipped')", name="status"),
        Index("ix_job_run_status_due_at", "status", "due_at"),
    )


class HeartbeatRow(Base):
    """The last beat of an endless loop (due, unsent): who beat, when, and what it found."""

    __tablename__ = "heartbeat"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    owner: Mapped[str] = mapped_column(String(120))
    beat_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text)


def enqueue(
    session: Session, *, key: str, job: str, params: dict[str, Any], due_at: datetime, requested_by: str, now: datetime
) -> int | None:
    """Given a run's unique key and what it is, insert it; return its id, or None when that key stands already."""
    given = json.dumps(masker_of(session).plain(params), ensure_ascii=False)
    row = {
        "key": key, "job": job, "params": given, "due_at": due_at, "status": QUEUED,
        "token": 0, "attempt": 0, "done": 0, "total": 0, "note": "", "requested_by": requested_by, "created_at": now,
    }  # fmt: skip
    statement = insert_over(session, RunRow).values(row).on_conflict_do_nothing().returning(RunRow.id)
    return session.execute(statement).scalar_one_or_none()


def queued(session: Session, now: datetime, limit: int = 20) -> list[int]:
    """Given now, return the ids of runs that wait and whose time has come, oldest first."""
    query = select(RunRow.id).where(RunRow.status == QUEUED, RunRow.due_at <= now)
    return list(session.scalars(query.order_by(RunRow.due_at, RunRow.id).limit(limit)))


def claim(session: Session, run_id: int, owner: str, now: datetime, lease_until: datetime) -> int | None:
    """Given a waiting run, take it: return its new token, or None when somebody else has it."""
    taken = (
        update(RunRow)
        .where(RunRow.id == run_id, RunRow.status == QUEUED)
        .values(
            status=RUNNING, owner=owner, token=RunRow.token + 1, attempt=RunRow.attempt + 1,
            lease_until=lease_until, started_at=now,
        )
        .returning(RunRow.token)
    )  # fmt: skip
    return session.execute(taken).scalar_one_or_none()


def renew(session: Session, run_id: int, token: int, lease_until: datetime, progress: dict[str, Any]) -> bool:
    """Given a claimed run, lengthen its lease and note its progress; False when it is no longer ours."""
    ours = update(RunRow).where(RunRow.id == run_id, RunRow.token == token, RunRow.status == RUNNING)
    if "note" in progress:
        progress = {**progress, "note": masked_json(session, progress["note"])}
    return session.execute(ours.values(lease_until=lease_until, **progress)).rowcount == 1  # type: ignore[attr-defined]


def finish(
    session: Session, run_id: int, token: int, now: datetime, *, status: str, result: str | None, error: str | None
) -> bool:
    """Given a claimed run and its outcome, write it; False when the run is no longer ours."""
    ours = update(RunRow).where(RunRow.id == run_id, RunRow.token == token, RunRow.status == RUNNING)
    told = {"result": masked_json(session, result), "error": masked_json(session, error)}
    outcome = ours.values(status=status, finished_at=now, lease_until=None, **told)
    return session.execute(outcome).rowcount == 1  # type: ignore[attr-defined]


def unfinished(session: Session, job: str) -> list[dict[str, Any]]:
    """Given a job's name, return the parameters of its runs that wait or run."""
    query = select(RunRow.params).where(RunRow.job == job, RunRow.status.in_((QUEUED, RUNNING)))
    return [json.loads(params) for params in session.scalars(query)]


def ownerless(session: Session, now: datetime) -> Sequence[RunRow]:
    """Given now, return running rows whose lease has passed: their owner is dead or lost."""
    return session.scalars(select(RunRow).where(RunRow.status == RUNNING, RunRow.lease_until < now)).all()


def release(session: Session, run: RunRow, now: datetime, *, status: str, error: str | None) -> bool:
    """Given an ownerless run, put it back (queued) or give it up (unknown); False when its owner came back."""
    lost = update(RunRow).where(RunRow.id == run.id, RunRow.token == run.token, RunRow.lease_until < now)
    finished = now if status != QUEUED else None
    outcome = lost.values(status=status, owner=None, lease_until=None, error=error, finished_at=finished)
    return session.execute(outcome).rowcount == 1  # type: ignore[attr-defined]


def run(session: Session, run_id: int) -> RunRow | None:
    """Given a run's id, return its row, or None."""
    return session.get(RunRow, run_id)


def by_key(session: Session, key: str) -> RunRow | None:
    """Given a run's unique key, return its row, or None."""
    return session.scalar(select(RunRow).where(RunRow.key == key))


def newest(session: Session, limit: int = 50, job: str | None = None) -> Sequence[RunRow]:
    """Given a limit and maybe a job's name, return the newest runs first."""
    query = select(RunRow).order_by(RunRow.id.desc()).limit(limit)
    return session.scalars(query if job is None else query.where(RunRow.job == job)).all()


def last_result(session: Session, job: str) -> str | None:
    """Given a job's name, return the result of its newest run that ended well, or None. One statement."""
    query = select(RunRow.result).where(RunRow.job == job, RunRow.status == DONE)
    return session.scalar(query.order_by(RunRow.id.desc()).limit(1))


def beat(session: Session, name: str, owner: str, now: datetime, note: str) -> None:
    """Given a loop's name, note that it is alive."""
    row = {"name": name, "owner": owner, "beat_at": now, "note": note}
    statement = insert_over(session, HeartbeatRow).values(row)
    session.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={k: row[k] for k in ("owner", "beat_at", "note")})
    )


def heartbeats(session: Session) -> Sequence[HeartbeatRow]:
    """Given nothing, return the loops' last beats."""
    return session.scalars(select(HeartbeatRow).order_by(HeartbeatRow.name)).all()


def skip(session: Session, run_id: int, now: datetime, reason: str) -> None:
    """Given a waiting run, mark it skipped with its reason."""
    waiting = update(RunRow).where(RunRow.id == run_id, RunRow.status == QUEUED)
    session.execute(waiting.values(status=SKIPPED, error=reason, finished_at=now))
