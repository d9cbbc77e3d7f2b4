"""A month's assessment: as a draft from the facts of now, as frozen once and for good, as it was locked.

Not for what parties say about it (`services/month_words.py`) nor for signing (`services/signatures.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.assessment_facts import MonthFacts
from ops_console.core.assessments import Adjustment, Assessment, Basis, assess
from ops_console.core.errors import NotFound, Refused
from ops_console.core.frozen_months import (
    Beside,
    FrozenMonth,
    assessment_of,
    basis_of,
    freeze,
    rejudged,
    said_anew,
)
from ops_console.core.moments import parse_month, shift_month, whole
from ops_console.core.months import (
    ADJUSTED,
    DRAFT,
    FROZEN,
    HISTORY,
    LOCKED,
    Life,
    Word,
    disputes_of,
    last_by_target,
    life_of,
    year_and_place,
)
from ops_console.core.people import Actor
from ops_console.core.terms import VersionInForce
from ops_console.core.tickets import Event
from ops_console.services.contracts import Book
from ops_console.services.month_facts import gather, version_of
from ops_console.store import assessments as store
from ops_console.store import audit, contracts, messages, month_words, tickets

SUBJECT = "month"
MADE_BY = "ops-console"
NOTICE = timedelta(days=30)
BATCH = 2000
NOT_NOW = {LOCKED: "%(month)s 已锁定，不能再改。", HISTORY: "%(month)s 在起始考核日之前，不考核。"}


@dataclass(frozen=True)
class Month:
    """A month as everybody sees it: where it stands, its facts, what it is judged by, what it came to, what was said.

    `row` is the frozen month (without its documents where they were not asked for), None for a draft; `ids` are
    tickets' ids by number, of a draft alone.
    """

    contract_id: int
    life: Life
    version: VersionInForce
    facts: MonthFacts
    basis: Basis
    assessment: Assessment
    words: tuple[Word, ...]
    row: store.AssessmentRow | None
    ids: Mapping[str, int]

    @property
    def state(self) -> str:
        """Where it stands, one of `core.months.STATE_NAMES`."""
        return self.life.state


def life(session: Session, book: Book, contract_id: int, month: str, now: datetime) -> Life:
    """Given a contract, a month and now, return where the month stands."""
    version = version_of(book, contract_id, parse_month(month))
    row = store.of_month(session, contract_id, month)
    calendar = book.calendars[version.id]
    return life_of(month, version.terms, calendar, row.state if row else "", now)


def of_month(session: Session, book: Book, contract_id: int, month: str, actor: Actor, now: datetime) -> Month:
    """Given a contract, a month, who asks and now, return the month: frozen as it was frozen, else computed now.

    Raises NotFound for a month that is not the contract's, Refused without the right.
    """
    actor.need("reports.read")
    version = version_of(book, contract_id, parse_month(month))
    row = store.of_month(session, contract_id, month)
    where = life_of(month, version.terms, book.calendars[version.id], row.state if row else "", now)
    words = words_of(session, contract_id, month)
    if row is not None:
        documents = documents_of(row)
        judged_by = basis_of(documents)
        return Month(
            contract_id, where, version, rejudged(documents), judged_by, assessment_of(documents), words, row, {}
        )
    gathered = gather(session, book, contract_id, month, whole(now))
    judged_by = _basis(session, version, gathered.versions, month, words)
    return Month(
        contract_id, where, version, gathered.facts, judged_by, assess(gathered.facts, judged_by), words, None,
        gathered.ids,
    )  # fmt: skip


def documents_of(row: store.AssessmentRow) -> FrozenMonth:
    """Given a frozen month's row, return its documents."""
    return FrozenMonth(row.contract, row.facts, row.result)


def words_of(session: Session, contract_id: int, month: str) -> tuple[Word, ...]:
    """Given a contract and a month, return what was said about it, in order."""
    return tuple(
        Word(row.id, row.kind, row.target, row.text, row.side, row.by, row.at, row.deducted, row.answers, row.outcome)
        for row in month_words.of_month(session, contract_id, month)
    )


def _basis(
    session: Session, version: VersionInForce, versions: Mapping[str, Any], month: str, words: tuple[Word, ...]
) -> Basis:
    terms = version.terms
    return Basis(
        terms,
        versions,
        sheet=None,
        fee=fee_of(version, month),
        money_basis="",
        adjustments=_adjustments(words),
    )


def _adjustments(words: tuple[Word, ...]) -> tuple[Adjustment, ...]:
    return tuple(
        Adjustment(word.target, word.deducted, word.by, word.at)
        for _, word in sorted(last_by_target(words, ADJUSTED).items()) if word.deducted is not None
    )  # fmt: skip


def fee_of(version: VersionInForce, month: str) -> int | None:
    """Given a contract's version and a month, return the month's fee in 分, None where the contract names none."""
    year, place = year_and_place(version.terms, month)
    return version.terms.fee.of_month(month, place) if version.terms.fee and year else None


# -- freezing ---------------------------------------------------------------------------------------------------------


def freeze_month(
    session: Session, book: Book, contract_id: int, month: str, *, actor: Actor, now: datetime, reason: str = ""
) -> store.AssessmentRow:
    """Given a contract, a month, who freezes it and now, keep its facts and its result for good; return its row.

    The console itself does it once its day has come. Frozen again before anybody signed, by the hospital with a
    reason, it is a new revision. Raises Refused too early, out of order, while readings collide, for a provisional
    calendar, and once signed.
    """
    contracts.hold(session, contract_id)
    row = store.of_month(session, contract_id, month, hold=True)
    where = life(session, book, contract_id, month, now)
    _check_freezing(session, book, where, contract_id, now, row)
    told = check_reason(reason) if row is not None else ""
    seen = audit.chain_head(session)  # before anything is read: what comes meanwhile is looked at again next month
    gathered = gather(session, book, contract_id, month, whole(now))
    version, words = version_of(book, contract_id, month), words_of(session, contract_id, month)
    judged_by = _basis(session, version, gathered.versions, month, words)
    found = assess(gathered.facts, judged_by)
    check_sound(found)
    documents = _documents(seen, version, gathered.facts, judged_by, found, words, revision(row))
    kept = row or store.AssessmentRow(contract_id=contract_id, month=month, revision=0, outcome="", grade="")
    kept.as_of, kept.seq, kept.frozen_by = gathered.facts.as_of, seen[0], actor.account
    kept.state, kept.revision, kept.frozen_at, kept.notified_at = store.FROZEN, revision(row), whole(now), whole(now)
    _keep(kept, documents, found)
    session.add(kept)
    session.flush()
    _keep_judged(session, kept.id, gathered.facts)
    _note(session, kept, "month_frozen", actor, now, told)
    _tell(session, kept, now)
    return kept


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


def _keep_judged(session: Session, assessment_id: int, facts: MonthFacts) -> None:
    numbers = sorted({one.number for one in facts.judged})
    ids: dict[str, int] = {}
    for start in range(0, len(numbers), BATCH):
        ids |= tickets.by_numbers(session, numbers[start : start + BATCH])
    rows = [
        {
            "ticket_id": ids[one.number], "limit_id": one.limit, "month": one.month, "outcome": one.outcome,
            "was": one.was, "seconds": one.seconds,
        }
        for one in facts.judged
    ]  # fmt: skip
    store.add_judged(session, assessment_id, rows)


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

    Nothing but the parties' words may have changed: the facts and the contract's part stay as they were frozen.
    """
    documents = documents_of(row)
    before, facts = basis_of(documents), rejudged(documents)
    judged_by = replace(before, adjustments=_adjustments(words))
    found = assess(facts, judged_by)
    row.revision += 1
    _keep(row, said_anew(documents, judged_by, found, row.revision, _disputes(words)), found)
    session.flush()
    _note(session, row, "month_reissued", actor, now)


def need_frozen(session: Session, contract_id: int, month: str, *, hold: bool = False) -> store.AssessmentRow:
    """Given a contract and a month, return its frozen row. Raises NotFound where it is not frozen yet."""
    row = store.of_month(session, contract_id, month, hold=hold)
    if row is None:
        raise NotFound("%(month)s 的事实还没有冻结。", month=month)
    return row
