"""Job runs: one row a key, claimed once, kept by lease, and never silently lost or repeated."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ops_console.console import Console
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import actor_of
from ops_console.services import jobs
from ops_console.services.jobs import LEASE, Job, LostRun, Run
from ops_console.store import jobs as store
from ops_console.store.jobs import RunRow
from tests.conftest import VENDOR, FakeClock
from tests.services.test_tickets import at_once


def ask(console: Console, job: str = "count", key: str = "count/1", **params: Any) -> int:
    with console.write() as session:
        return jobs.ask(session, job=job, key=key, params=params, actor=VENDOR, now=console.now())


def row(console: Console, run_id: int) -> RunRow:
    with console.read() as session:
        found = store.run(session, run_id)
    assert found is not None
    return found


def counting(console: Console, *, idempotent: bool = True) -> list[int]:
    """A job that notes each time it runs."""
    done: list[int] = []

    def work(run: Run) -> dict[str, Any]:
        done.append(run.id)
        return {"count": len(done)}

    console.jobs["count"] = Job("count", work, idempotent, "计数")
    return done


def failing(console: Console, error: Exception) -> None:
    def work(run: Run) -> dict[str, Any]:
        raise error

    console.jobs["count"] = Job("count", work, True, "计数")


def claimed(console: Console, run_id: int) -> int:
    """Take a run as a process that then dies."""
    with console.write() as session:
        token = store.claim(session, run_id, "dead", console.now(), console.now() + LEASE)
    assert token is not None
    return token


def test_a_run_is_done_once_and_its_result_kept(console: Console) -> None:
    done = counting(console)
    run_id = ask(console, colour="红")
    assert console.runs().execute(run_id)
    assert not console.runs().execute(run_id)
    kept = row(console, run_id)
    assert (kept.status, kept.attempt, json.loads(kept.result or "")) == ("done", 1, {"count": 1})
    assert (kept.requested_by, kept.lease_until, json.loads(kept.params)) == ("vendor", None, {"colour": "红"})
    assert done == [run_id]


def test_the_same_key_asked_twice_is_one_row(console: Console) -> None:
    ask(console)
    with pytest.raises(Refused, match="同样的作业"):
        ask(console)
    with console.read() as session:
        assert len(session.scalars(select(RunRow.id)).all()) == 1


def test_of_two_who_ask_for_a_key_at_once_one_is_refused(console: Console) -> None:
    found = at_once(lambda: ask(console), lambda: ask(console))
    assert sorted(isinstance(result, Refused) for result in found) == [False, True]


def test_of_many_who_claim_a_run_at_once_one_gets_it(console: Console) -> None:
    done = counting(console)
    run_id = ask(console)
    found = at_once(*[lambda: console.runs().execute(run_id)] * 4)
    assert sorted(map(bool, found)) == [False, False, False, True]
    assert done == [run_id]


def test_a_refusal_is_kept_as_its_sentence(console: Console) -> None:
    failing(console, Refused("文件 %(file)s 读不到。", file="a.csv"))
    run_id = ask(console)
    console.runs().execute(run_id)
    with console.read() as session:
        status, result, error = jobs.outcome(session, run_id)
    assert (status, result, str(error)) == ("failed", None, "文件 a.csv 读不到。")


def test_an_accident_is_kept_as_a_sentence_that_tells_nothing_inside(console: Console) -> None:
    failing(console, RuntimeError("password=hunter2"))
    run_id = ask(console)
    console.runs().execute(run_id)
    kept = row(console, run_id)
    assert kept.status == "failed"
    assert "hunter2" not in (kept.error or "")
    assert str(run_id) in (kept.error or "")


def test_a_job_nobody_knows_fails_with_its_name(console: Console) -> None:
    run_id = ask(console, job="nonsense")
    console.runs().execute(run_id)
    assert "nonsense" in (row(console, run_id).error or "")


@pytest.mark.parametrize(("idempotent", "status"), [(True, "queued"), (False, "unknown")])
def test_a_dead_owners_run_waits_again_or_becomes_unknown(
    console: Console, clock: FakeClock, idempotent: bool, status: str
) -> None:
    counting(console, idempotent=idempotent)
    run_id = ask(console)
    claimed(console, run_id)
    clock.at += LEASE
    assert console.runs().reap() == 0  # the lease holds to its last moment
    clock.forward(seconds=1)
    assert console.runs().reap() == 1
    kept = row(console, run_id)
    assert (kept.status, kept.owner) == (status, None)
    assert ("结果未知" in (kept.error or "")) is not idempotent
    assert console.runs().execute(run_id) is idempotent
    assert row(console, run_id).attempt == (2 if idempotent else 1)


def test_a_run_that_kills_its_owner_again_and_again_is_given_up(console: Console, clock: FakeClock) -> None:
    counting(console)
    run_id = ask(console)
    for _ in range(5):
        claimed(console, run_id)
        clock.at += LEASE + timedelta(seconds=1)
        console.runs().reap()
    assert row(console, run_id).status == "unknown"


def test_two_reapers_settle_a_run_once(console: Console, clock: FakeClock) -> None:
    counting(console)
    run_id = ask(console)
    claimed(console, run_id)
    clock.at += LEASE + timedelta(seconds=1)
    found = at_once(lambda: console.runs().reap(), lambda: console.runs().reap())
    assert sorted(map(int, map(str, found))) == [0, 1]
    assert row(console, run_id).status == "queued"


def test_an_owner_who_comes_back_late_writes_nothing(console: Console, clock: FakeClock) -> None:
    counting(console)
    run_id = ask(console)
    late = claimed(console, run_id)
    clock.at += LEASE + timedelta(seconds=1)
    console.runs().reap()
    console.runs().execute(run_id)
    with console.write() as session:
        outcome = {"status": "failed", "result": None, "error": "late"}
        assert not store.finish(session, run_id, late, console.now(), **outcome)  # type: ignore[arg-type]
        assert not store.renew(session, run_id, late, console.now(), {"done": 99})
    kept = row(console, run_id)
    assert (kept.status, kept.error, kept.done) == ("done", None, 0)


def test_a_step_whose_lease_is_lost_is_undone(console: Console) -> None:
    def work(run: Run) -> dict[str, Any]:
        with console.write() as session:  # somebody else took it meanwhile
            session.get_one(RunRow, run.id).token = 99
        with console.write() as session:
            store.beat(session, "step", "test", console.now(), "")
            run.checkpoint(session, 1, 2, {})
        return {}

    console.jobs["count"] = Job("count", work, True, "计数")
    assert not console.runs().execute(ask(console))
    with console.read() as session:
        assert store.heartbeats(session) == []


def test_progress_is_seen_by_others_while_the_work_goes_on(console: Console) -> None:
    seen: list[tuple[int, int, str]] = []

    def work(run: Run) -> dict[str, Any]:
        run.progress(3, 10)
        kept = row(console, run.id)
        seen.append((kept.done, kept.total, kept.status))
        return {}

    console.jobs["count"] = Job("count", work, True, "计数")
    console.runs().execute(ask(console))
    assert seen == [(3, 10, "running")]


def test_a_long_step_keeps_its_lease(console: Console, monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> None:
    monkeypatch.setattr(jobs, "RENEW_SECONDS", 0.02)
    renewed = threading.Event()

    def work(run: Run) -> dict[str, Any]:
        clock.forward(seconds=50)
        while not renewed.wait(0.02):
            if (row(console, run.id).lease_until or clock.at) == clock.at + LEASE:
                renewed.set()
        return {}

    console.jobs["count"] = Job("count", work, True, "计数")
    assert console.runs().execute(ask(console))


def test_a_second_attempt_knows_what_the_first_kept(console: Console, clock: FakeClock) -> None:
    attempts: list[tuple[int, int, dict[str, Any]]] = []

    def work(run: Run) -> dict[str, Any]:
        attempts.append((run.attempt, run.done, dict(run.state)))
        with console.write() as session:
            run.checkpoint(session, 200, 600, {"imported": 200})
        if run.attempt == 1:
            raise LostRun
        return {}

    console.jobs["count"] = Job("count", work, True, "计数")
    run_id = ask(console)
    console.runs().execute(run_id)
    clock.at += LEASE + timedelta(seconds=1)
    console.runs().reap()
    console.runs().execute(run_id)
    assert attempts == [(1, 0, {}), (2, 200, {"imported": 200})]


def test_runs_are_listed_for_those_who_may_see_them(console: Console) -> None:
    ids = [ask(console, key=f"count/{n}") for n in range(3)]
    with console.read() as session:
        assert [run.id for run in jobs.newest(session, VENDOR, 2)] == [ids[2], ids[1]]
        assert jobs.find(session, ids[0], VENDOR).key == "count/0"
        with pytest.raises(NotFound):
            jobs.find(session, 999, VENDOR)
        with pytest.raises(Refused):
            jobs.newest(session, actor_of("ghost", "无名", "nobody"))
