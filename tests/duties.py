"""Clauses with tasks, as the contract's file will give them, and a console whose contract has them.

Not the shipped contract: what is owed here is what tests of duties and releases are about.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from ops_console.console import Console
from ops_console.core.contracts import (
    CONTRACTUAL,
    GO_LIVE,
    HALF,
    MONTH,
    NEW_VERSION,
    RECURRENCE,
    RELEASE,
    REQUEST,
    SUPPLEMENTARY,
    YEAR,
    Clause,
    EventDuty,
    Minimum,
    StandingDuty,
    Task,
)
from ops_console.core.moments import ZONE
from ops_console.core.people import Actor, actor_of
from ops_console.core.releases import PRODUCT, UPDATE, Release
from ops_console.core.terms import Terms, terms_from_json
from ops_console.services import duties, jobs, releases
from ops_console.services.deliveries import Done, deliver
from ops_console.services.duty_plans import JOB
from ops_console.store import contracts as store
from ops_console.store.duties import DutyRow, by_key

PROVED = datetime.max.replace(tzinfo=UTC)  # gave a second factor just now
CHIEF = actor_of("hospital", "信息科长", "hospital", proved_until=PROVED)
OFFICER = actor_of("officer", "信息科员", "officer", proved_until=PROVED)
ENGINEER = actor_of("vendor", "驻场工程师", "vendor", proved_until=PROVED)
MANAGER = actor_of("manager", "项目经理", "manager", proved_until=PROVED)
TEXT = {"section": "二.2", "text": "每月至少1次。", "bound": "vendor", "basis": CONTRACTUAL, "signs": "信息科员"}


def clause(kind: type[Clause], id: str, key: str, *tasks: Task, **given: Any) -> Any:
    """Given a kind, an id, the words it is found by and its tasks, return a clause."""
    return kind(**{**TEXT, "id": id, "key": key, "rule": key, "tasks": tasks, **given})


def task(key: str, name: str, **given: Any) -> Task:
    """Given a key and a name, return a task agreed beside the contract."""
    return Task(key, name, SUPPLEMENTARY, **given)


INSPECTION = task("inspection", "系统巡检", period=MONTH, evidence=("E11",), min_gap_days=15)
CLAUSES: tuple[Clause, ...] = (
    clause(
        EventDuty, "C-13", "软件更新的内容说明",
        task("notes", "更新说明", event=RELEASE, evidence=("E7",)),
        task("faq", "常见问题更新", event=RECURRENCE, workdays=5, evidence=("E7",)),
    ),
    clause(EventDuty, "C-24", "同步在首页开启告知",
           task("notice", "首页告知", event=GO_LIVE, minutes=30, same_day=True, evidence=("E6",))),
    clause(Minimum, "C-27", "数据提供",
           task("reconciliation", "对账异常处理", period=MONTH, evidence=("E8",)),
           task("statistics", "运营数据统计", period=MONTH, evidence=("E7", "E8"))),
    clause(EventDuty, "C-30", "操作说明及操作视频",
           task("manual", "操作说明", event=RELEASE, workdays=5, grace_days=30, evidence=("E7",)),
           task("video", "操作视频", event=RELEASE, workdays=5, grace_days=30, evidence=("E7",))),
    clause(Minimum, "C-33", "系统巡检", INSPECTION),
    clause(EventDuty, "C-35", "提醒招标人并提供升级计划",
           task("reminder", "新版本提醒", event=NEW_VERSION, workdays=5, evidence=("E7",)),
           task("plan", "升级计划", event=NEW_VERSION, workdays=10, evidence=("E7",))),
    clause(StandingDuty, "C-43", "数据备份", task("restore", "恢复演练", period=HALF, evidence=("E12",))),
    clause(EventDuty, "C-46", "密码变更", task("password", "改密", event=REQUEST, workdays=3, evidence=("E9",))),
    clause(Minimum, "C-51", "定期安全渗透测试",
           task("pentest", "渗透测试", period=YEAR, grace_days=30, evidence=("E7",))),
)  # fmt: skip


def with_clauses(terms: Terms, go_live: date | None, clauses: tuple[Clause, ...] = CLAUSES, **given: Any) -> Terms:
    """Given terms, return them with clauses that are owed from a day on (None: the contract's start)."""
    return replace(terms, clauses=clauses, questions=(), go_live_on=go_live, **given)


def enforce(console: Console, terms: Terms) -> int:
    """Given a console and terms, let them be in force at once, as a version of the contract; return its id."""
    with console.write() as session:
        contract = store.contract_by_number(session, terms.number)
        assert contract is not None
        row = store.VersionRow(
            contract_id=contract.id, version=store.last_version(session, contract.id) + 1, terms=terms.as_json(),
            digest=hashlib.sha256(terms.as_json().encode()).hexdigest(), counts_from=terms.counts_from,
            state=store.IN_FORCE, proposed_at=console.now(), proposed_by="系统",
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row.id


def without_clauses(console: Console) -> None:
    """Given a console, let its contract be one of an older file, which lists no clauses."""
    with console.write() as session:
        for row in store.versions(session):
            terms = replace(terms_from_json(row.terms), clauses=(), questions=())
            row.terms, row.digest = terms.as_json(), terms.digest()
    console.shelf.forget()


def agree(console: Console, go_live: date | None = date(2026, 11, 1), **given: Any) -> int:
    """Given a console, let the shipped contract have these clauses, owed from a day on; return the version's id."""
    return enforce(console, with_clauses(console.settings.terms, go_live, **given))


def plan(console: Console) -> dict[str, Any]:
    """Run the job that makes duties, here and now, and return what it did."""
    with console.write() as session:
        run = jobs.ask(session, job=JOB, key=f"{JOB}/{uuid4()}", params={}, actor=CHIEF, now=console.now())
    console.runs().execute(run)
    with console.read() as session:
        status, told, error = jobs.outcome(session, run)
    assert status == "done", error
    return dict(told or {})


def the(console: Console, key: str) -> DutyRow:
    """Given a console and a duty's key, return the duty."""
    with console.read() as session:
        found = by_key(session, console.book(session).at(console.now()).contract_id, key)
    assert found is not None, key
    return found


def paper(console: Console, text: str = "a proof", name: str = "说明.txt") -> Any:
    """Given a console, keep a file and return it."""
    return console.files.keep_attachment(io.BytesIO(text.encode()), name)


def done(
    console: Console, key: str, *, actor: Actor = ENGINEER, at: datetime | None = None, code: str = "", **given: Any
) -> int:
    """Given a duty's key, say that it was done (at `at`, else now) with a file; return the delivery's id."""
    row = the(console, key)
    with console.write() as session:
        book = console.book(session)
        found = duties.find(session, book, row.id, CHIEF, console.now())
        wanted = {"files": (paper(console, key),), "code": code or found.task.evidence[0]} | given
        return deliver(session, book, row.id, Done(at, **wanted), actor, console.now())


def shanghai(text: str) -> datetime:
    """Given a Shanghai time, return the instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC)


def released(console: Console, *, actor: Actor = ENGINEER, **given: Any) -> int:
    """Given a console and what differs from a plain update now, register it and return the release's id."""
    told = {"kind": UPDATE, "version": "3.2.0", "title": "门诊缴费优化", "released_at": console.now(), **given}
    return _register(console, Release(**told), actor)


def published(console: Console, *, actor: Actor = ENGINEER, **given: Any) -> int:
    """Given a console and what differs, register a product version published today and return its id."""
    day = console.now().astimezone(ZONE).date()
    told = {"kind": PRODUCT, "version": "V8", "title": "平台八代", "published_on": day, **given}
    return _register(console, Release(**told), actor)


def _register(console: Console, told: Release, actor: Actor) -> int:
    with console.write() as session:
        return releases.register(session, console.book(session), told, actor, console.now())
