"""Duties come to be: those of every period that has begun, those that an event makes, and who is told of them when.

Not for doing them (`services/deliveries.py`) nor for showing them (`services/duties.py`). Everything here may be done
again and by two processes at once: a duty is made once by its key, a stage told once by its message.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.contracts import Task
from ops_console.core.duties import DAY, Duty, Trigger, due_of, periodic, triggered
from ops_console.core.duty_warnings import DUE_KIND, MISSED_KIND, PASSED, next_look, stage_at
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE, day_start, whole
from ops_console.core.people import SYSTEM, Actor
from ops_console.core.readings import effective
from ops_console.core.terms import Terms, VersionInForce, is_before_the_console
from ops_console.core.tickets import Event
from ops_console.services.contracts import Book, Books
from ops_console.services.jobs import Run
from ops_console.services.ports import OpenSession
from ops_console.store import audit, messages
from ops_console.store import duties as store

JOB = "plan-duties"
BATCH = 200
TOLD_FOR = timedelta(days=30)  # how long what was missed is still news


def terms_of(version: VersionInForce) -> Terms:
    """Given a version, return its terms with what its questions' answers set."""
    return effective(version.terms)


def task_of(version: VersionInForce, clause_id: str, key: str) -> Task:
    """Given the version that made a duty, return the duty's task. A version never loses one: it is confirmed whole."""
    clause = terms_of(version).clause(clause_id)
    assert clause is not None, clause_id
    return next(task for task in clause.tasks if task.key == key)


def plan(run: Run, open_write: OpenSession, books: Books, now: datetime) -> dict[str, Any]:
    """Given a run, make every duty of a period that has begun and is not there yet; return how many are `made`.

    What was missed while nothing ran is made too, with its own due time. Whole or not at all: one transaction.
    `moved`: how many had been reckoned without the holidays of a year that both parties have entered since.
    """
    with open_write() as session:
        book = books(session)
        made = _add_missing(session, book, now)
        moved = _reckon_again(session, book, now)
    return {"made": made, "moved": moved}


def expected(book: Book, until: date) -> list[tuple[VersionInForce, Duty]]:
    """Given the contract and a day, return every duty of a period that begins by then, with the version that makes it.

    That is the version in force when the period begins: what changes in the middle of one begins with the next. Where
    no go-live day is named, nothing of a period that was over before the console was told of the contract.
    """
    return [
        (version, duty)
        for version in book.versions
        for duty in periodic(terms_of(version), until)
        if duty.period_start is not None and book.at(day_start(duty.period_start)).id == version.id
        if duty.period_end is not None and not is_before_the_console(book.versions, version, duty.period_end)
    ]


def _add_missing(session: Session, book: Book, now: datetime) -> int:
    known = store.keys(session)
    wanted = expected(book, now.astimezone(ZONE).date())
    missing = [(v, duty) for v, duty in wanted if (v.contract_id, duty.key) not in known]
    missing.sort(key=lambda pair: (pair[0].contract_id, pair[1].key))  # two processes wait for each other in one order
    return sum(_add(session, version, duty, SYSTEM, now) is not None for version, duty in missing)


def _add(
    session: Session, version: VersionInForce, duty: Duty, actor: Actor, now: datetime, asked: str = ""
) -> int | None:
    at = whole(now)
    columns = {
        **store.columns_of(duty), "contract_id": version.contract_id, "version_id": version.id, "asked": asked,
        "created_at": at, "next_look_at": at,
    }  # fmt: skip
    made = store.add(session, columns)
    if made is not None:
        note(session, replace(duty, id=made), "duty_planned", actor, now, {"version": version.id})
    return made


def _reckon_again(session: Session, book: Book, now: datetime) -> int:
    moved = 0
    for row in store.provisional(session):
        version = book.by_id.get(row.version_id)
        if version is None or row.begun_at is None:
            continue
        task = task_of(version, row.clause, row.task)
        due = due_of(task, row.begun_at, book.calendars[version.id])
        wanted = replace(
            store.duty_of(row), due_at=due.at, grace_until=due.at + task.grace_days * DAY, provisional=due.provisional
        )
        moved += _move(session, row, wanted, SYSTEM, now)
    return moved


def _move(session: Session, row: store.DutyRow, wanted: Duty, actor: Actor, now: datetime) -> bool:
    """Let a duty be due when the facts say now; those that passed under another due time are told anew."""
    old, row.provisional, row.begun_at = row.due_at, wanted.provisional, wanted.begun_at
    if (row.due_at, row.grace_until) == (wanted.due_at, wanted.grace_until):
        return False
    row.due_at, row.grace_until = wanted.due_at, wanted.grace_until
    row.next_look_at = whole(now) if row.delivered_at is None and row.waived_at is None else None
    note(session, store.duty_of(row), "duty_moved", actor, now, {"old_due_at": old.isoformat()})
    return True


# -- events -----------------------------------------------------------------------------------------------------------


def trigger(
    session: Session, book: Book, what: Trigger, actor: Actor, now: datetime, *, asked: str = ""
) -> tuple[int, ...]:
    """Given an event, make its duties in this transaction and return their ids; those that stand already are not made.

    By the version in force when it happened. `asked` is what the hospital wants, masked.
    """
    version = book.at(what.at)
    made = (_add(session, version, duty, actor, now, asked) for duty in _made_by(book, version, what))
    return tuple(duty_id for duty_id in made if duty_id is not None)


def _made_by(book: Book, version: VersionInForce, what: Trigger) -> tuple[Duty, ...]:
    return triggered(terms_of(version), what, book.calendars[version.id])


def follow(
    session: Session, book: Book, kind: str, ref: str, what: Trigger | None, *, reason: str, actor: Actor, now: datetime
) -> None:
    """Given a kind of event, which one and when it happened as corrected (None: it did not), let its duties follow.

    They move with it, or are waived by the console for that reason; what such a waiver took away comes back.
    """
    version = book.at(what.at) if what else None
    wanted = {duty.key: duty for duty in _made_by(book, version, what)} if what and version else {}
    for row in store.of_events(session, [kind], [ref], hold=True):
        duty = wanted.pop(row.key, None)
        if duty is None:
            _waive(session, row, reason, actor, now)
            continue
        if row.waived_by == SYSTEM.account:
            row.waived_at, row.waived_by, row.waived_reason, row.next_look_at = None, "", "", whole(now)
            note(session, store.duty_of(row), "duty_unwaived", actor, now)
        _move(session, row, duty, actor, now)
    if version is not None:
        for duty in wanted.values():
            _add(session, version, duty, actor, now)


def _waive(session: Session, row: store.DutyRow, reason: str, actor: Actor, now: datetime) -> None:
    if row.waived_at is None:
        row.waived_at, row.waived_by, row.waived_reason, row.next_look_at = whole(now), SYSTEM.account, reason, None
        note(session, store.duty_of(row), "duty_waived", actor, now, {"by_correction": True}, reason=reason)


def note(
    session: Session, duty: Duty, kind: str, actor: Actor, now: datetime, facts: dict[str, object] | None = None,
    *, at: datetime | None = None, grade: str = "", evidence: Iterable[str] = (), **texts: str,
) -> None:  # fmt: skip
    """Given what happened to a duty (at `at`, else now), append it to the chain with the duty's own facts."""
    when = whole(now)
    told = {"clause": duty.clause, "task": duty.task, "key": duty.key, "due_at": duty.due_at.isoformat()}
    event = Event(
        kind, at or when, when, actor.account, actor.side, grade=grade, evidence=tuple(evidence),
        facts={**told, **(facts or {})}, personal={name: text for name, text in texts.items() if text},
    )  # fmt: skip
    audit.append(session, store.SUBJECT, str(duty.id), event)


# -- telling ----------------------------------------------------------------------------------------------------------


def sweep(open_read: OpenSession, open_write: OpenSession, now: datetime) -> int:
    """Given now, tell of every duty whose next stage has come, each stage once; return how many were looked at.

    Of several stages that passed while nothing ran, only the last is told.
    """
    with open_read() as session:
        if not store.to_look_at(session, now, 1):
            return 0
    with open_write() as session:
        rows = store.to_look_at(session, now, BATCH)
        return sum(_tell(session, row, now) for row in rows)


def _tell(session: Session, row: store.DutyRow, now: datetime) -> bool:
    duty = store.duty_of(row)
    stage = stage_at(duty, now)
    if not store.looked(session, row, next_look(duty, now)):
        return False
    if stage is not None:
        has_passed = stage in PASSED
        messages.put(
            session, dedup_key=f"duty/{row.id}/{stage}", audience="both" if has_passed else "vendor",
            kind=MISSED_KIND if has_passed else DUE_KIND,
            payload={"duty": row.id, "clause": row.clause, "name": row.name, "due_at": row.due_at.isoformat(),
                     "stage": stage},
            created_at=now, expires_at=now + TOLD_FOR if has_passed else max(row.due_at, now),
        )  # fmt: skip
    return True


def may_move(row: store.DutyRow) -> None:
    """Given a held duty, let it pass where it still may be delivered. Raises Refused where it was waived or done."""
    if row.waived_at is not None:
        raise Refused("“%(name)s”已豁免，不用登记；如仍需完成，请甲方先撤回豁免。", name=row.name)
    if row.accepted_at is not None:
        raise Refused("“%(name)s”已经验收，不能再登记。", name=row.name)
    if row.delivered_at is not None:
        raise Refused("“%(name)s”已登记完成，等待甲方验收；补充凭证请直接添加，登记有误请先撤回。", name=row.name)
