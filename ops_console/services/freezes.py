"""Freezing a month: once its day has come its facts and its result are kept for good; said anew while nobody signed.

Not for computing a month (`services/assessments.py`) nor for what parties say about it (`services/month_words.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.assessment_facts import MonthFacts
from ops_console.core.assessments import Assessment, Basis, assess
from ops_console.core.errors import Refused
from ops_console.core.frozen_months import Beside, FrozenMonth, basis_of, freeze, rejudged, said_anew
from ops_console.core.moments import ZONE, shift_month, whole
from ops_console.core.months import DRAFT, FROZEN, HISTORY, LOCKED, Life, Word, assessed_months, disputes_of
from ops_console.core.people import SYSTEM, VENDOR, Actor
from ops_console.core.terms import VersionInForce, is_before_the_console
from ops_console.core.tickets import Event
from ops_console.services.assessments import SUBJECT, adjustments_of, basis, documents_of, life, words_of
from ops_console.services.contracts import Book, Books
from ops_console.services.jobs import Run
from ops_console.services.month_facts import Gathered, gather, version_of
from ops_console.services.ports import OpenSession
from ops_console.services.resets import refuse_fresh_reset
from ops_console.store import assessed_duties, audit, contracts, messages, signatures
from ops_console.store import assessments as store

JOB = "freeze-months"
MADE_BY = "ops-console"
NOTICE = timedelta(days=30)
NOT_NOW = {LOCKED: "%(month)s 已锁定，不能再改。", HISTORY: "%(month)s 在起始考核日之前，不考核。"}


def freeze_month(
    session: Session, book: Book, contract_id: int, month: str, *, actor: Actor, now: datetime, reason: str = ""
) -> store.AssessmentRow:
    """Given a contract, a month, who freezes it and now, keep its facts and its result for good; return its row.

    The console itself does it once its day has come, and leaves a month that somebody froze meanwhile. Frozen again
    before anybody signed, by the hospital with a reason, it is a new revision. Raises Refused too early, out of order,
    while readings collide, for a provisional calendar, and once signed.
    """
    if actor != SYSTEM:
        actor.need("months.adjust")
        actor.need_proof(now)
        refuse_fresh_reset(session, actor, now)
    contracts.hold(session, contract_id)
    row = store.of_month(session, contract_id, month, hold=True)
    if row is not None and actor == SYSTEM:
        return row
    where = life(session, book, contract_id, month, now)
    _check_freezing(session, book, where, contract_id, now, row)
    told = check_reason(reason) if row is not None else ""
    seen = audit.chain_head(session)  # before anything is read: what comes meanwhile is looked at again next month
    gathered = gather(session, book, contract_id, month, whole(now), seen=seen[0])
    version, words = version_of(book, contract_id, month), words_of(session, contract_id, month)
    judged_by = basis(session, version, gathered.versions, month, words)
    found = assess(gathered.facts, judged_by)
    check_sound(found)
    documents = _documents(seen, version, gathered.facts, judged_by, found, words, revision(row))
    kept = row or store.AssessmentRow(contract_id=contract_id, month=month, revision=0, outcome="", grade="")
    kept.as_of, kept.seq, kept.frozen_by = gathered.facts.as_of, seen[0], actor.account
    kept.state, kept.revision, kept.frozen_at, kept.notified_at = store.FROZEN, revision(row), whole(now), whole(now)
    _keep(kept, documents, found)
    session.add(kept)
    session.flush()
    _keep_said(session, kept.id, gathered)
    _note(session, kept, "month_frozen", actor, now, told)
    _tell(session, kept, now)
    return kept


def freeze_due(
    run: Run, open_read: OpenSession, open_write: OpenSession, books: Books, now: datetime
) -> dict[str, object]:
    """Given a run and hands, freeze every month whose day has come, in order, each in its own transaction.

    A month that cannot be frozen is told to both parties, once for each reason, and holds up those after it. Return
    which were `frozen` and which `waiting`, with why.
    """
    told: dict[str, list[str]] = {"frozen": [], "waiting": []}
    with open_read() as session:
        due = due_months(session, books(session), now)
    held_up: set[int] = set()
    for contract_id, month in due:
        if contract_id in held_up:
            continue
        try:
            with open_write() as session:
                freeze_month(session, books(session), contract_id, month, actor=SYSTEM, now=now)
            told["frozen"].append(month)
        except Refused as refused:
            held_up.add(contract_id)
            told["waiting"].append(f"{month}: {refused}")
            with open_write() as session:
                _tell_waiting(session, contract_id, month, str(refused), now)
        run.progress(len(told["frozen"]), len(due))
    return dict(told)


def due_months(session: Session, book: Book, now: datetime) -> list[tuple[int, str]]:
    """Given the book and now, return (contract, month) whose facts are to be frozen and are not, the oldest first.

    Where no go-live day is named, a month that was over before the console was told of the contract waits for a person.
    """
    found = []
    for contract_id in dict.fromkeys(version.contract_id for version in book.versions):
        term = book.term_of(contract_id)
        for month in assessed_months(term, now) if term else ():
            where = life(session, book, contract_id, month, now)
            version, ended = version_of(book, contract_id, month), where.ends_at.astimezone(ZONE).date()
            is_history = is_before_the_console(book.versions, version, ended)
            if where.state == DRAFT and now >= where.freezes_at and not is_history:
                found.append((contract_id, month))
    return found


def _tell_waiting(session: Session, contract_id: int, month: str, why: str, now: datetime) -> None:
    key = hashlib.sha256(why.encode()).hexdigest()[:12]
    messages.put(
        session, dedup_key=f"month_not_frozen/{contract_id}/{month}/{key}", audience="both", kind="month_not_frozen",
        payload={"month": month, "why": why}, created_at=now, expires_at=now + NOTICE,
    )  # fmt: skip


def revision(row: store.AssessmentRow | None) -> int:
    """Given a frozen month's row, or None, return which revision comes next."""
    return row.revision + 1 if row else 1


def _check_freezing(
    session: Session, book: Book, where: Life, contract_id: int, now: datetime, row: store.AssessmentRow | None
) -> None:
    if where.state not in (DRAFT, FROZEN):
        raise Refused(NOT_NOW.get(where.state, "%(month)s 还没有结束。"), month=where.month)
    if now < where.freezes_at:
        raise Refused(
            "%(month)s 的事实到 %(at)s 才冻结；此前双方还可以更正和确认。", month=where.month, at=where.freezes_at
        )
    before = shift_month(where.month, -1)
    if row is None and life(session, book, contract_id, before, now).state == DRAFT:
        raise Refused("请先冻结 %(before)s；月度考核按顺序进行。", before=before)
    if row is not None and signatures.of_assessment(session, row.id, row.digest):
        raise Refused("已有一方签署，不能重新冻结；请先由签署方撤回签署。")
    if row is not None and store.last_frozen(session, contract_id) != where.month:
        raise Refused("%(month)s 之后已有冻结的月份；更正请计入以后的月份。", month=where.month)


def check_sound(found: Assessment) -> None:
    """Given a month as computed, let it be frozen. Raises Refused while readings collide or a calendar is missing."""
    if found.conflicts:
        first = found.conflicts[0]
        raise Refused(
            "“%(type)s”的%(quantity)s有 %(n)s 条时限同时适用（%(limits)s），双方排定先后之前这个月不能结算。",
            type=first.type, quantity="→".join(first.quantity), n=len(first.limits), limits="、".join(first.limits),
        )  # fmt: skip
    if found.provisional:
        raise Refused("有 %(n)s 件工单按暂定日历判定；请先录入该年的节假日安排。", n=found.provisional)


def _documents(
    seen: tuple[int, str], version: VersionInForce, facts: MonthFacts, judged_by: Basis, found: Assessment,
    words: tuple[Word, ...], number: int,
) -> FrozenMonth:  # fmt: skip
    terms = version.terms
    beside = Beside(
        terms.number, terms.name, terms.hospital, terms.vendor, *seen, terms.digest(), revision=number,
        disputes=_disputes(words), made_by=MADE_BY,
    )  # fmt: skip
    return freeze(facts, judged_by, found, beside)


def _disputes(words: tuple[Word, ...]) -> tuple[dict[str, object], ...]:
    return tuple(
        {
            "id": dispute.objection.id, "target": dispute.objection.target, "side": dispute.objection.side,
            "outcome": dispute.answer.outcome if dispute.answer else "",
        }
        for dispute in disputes_of(words)
    )  # fmt: skip


def _keep(row: store.AssessmentRow, documents: FrozenMonth, found: Assessment) -> None:
    row.contract, row.facts, row.result = documents.contract, documents.facts, documents.result
    row.digest, row.points, row.grade, row.payable = documents.digest, found.points, found.grade, found.money.payable


def _keep_said(session: Session, assessment_id: int, gathered: Gathered) -> None:
    ids, facts = gathered.ids, gathered.facts
    judged = [
        {
            "ticket_id": ids[one.number], "limit_id": one.limit, "clock": one.clock, "klass": one.klass,
            "month": one.month, "outcome": one.outcome, "was": one.was, "seconds": one.seconds,
        }
        for one in facts.judged
    ]  # fmt: skip
    store.keep_said(session, assessment_id, [ids[ticket.number] for ticket in facts.tickets], judged)
    assessed_duties.keep(session, assessment_id, facts.month, facts.duties)


def _note(session: Session, row: store.AssessmentRow, kind: str, actor: Actor, now: datetime, text: str = "") -> None:
    at = whole(now)
    facts: dict[str, object] = {"month": row.month, "digest": row.digest, "revision": row.revision, "seq": row.seq}
    personal = {"reason": text} if text else {}
    event = Event(kind, at, at, actor.account, actor.side, facts=facts, personal=personal)
    audit.append(session, SUBJECT, f"{row.contract_id}/{row.month}", event)


def _tell(session: Session, row: store.AssessmentRow, now: datetime) -> None:
    messages.put(
        session, dedup_key=f"month_frozen/{row.id}/{row.revision}", audience="both", kind="month_frozen",
        payload={"month": row.month, "digest": row.digest[:12], "revision": row.revision},
        created_at=now, expires_at=now + NOTICE,
    )  # fmt: skip


def reissue(session: Session, row: store.AssessmentRow, words: tuple[Word, ...], actor: Actor, now: datetime) -> None:
    """Given a frozen month held by the caller and all that was said of it, compute its result anew from its own facts.

    Nothing but the parties' words may have changed: the facts and the contract's part stay as they were frozen. What
    the hospital says is notice to the vendor, whose days to answer begin anew; its own words give it no more time.
    """
    documents = documents_of(row)
    before, facts = basis_of(documents), rejudged(documents)
    judged_by = replace(before, adjustments=adjustments_of(words))
    found = assess(facts, judged_by)
    row.revision += 1
    _keep(row, said_anew(documents, judged_by, found, row.revision, _disputes(words)), found)
    if actor.side != VENDOR:
        row.notified_at = whole(now)
        _tell(session, row, now)
    session.flush()
    _note(session, row, "month_reissued", actor, now)
