"""A month's assessment: as a draft from the facts of now, as frozen once and for good, as it was locked.

Not for what parties say about it (`services/month_words.py`) nor for signing (`services/signatures.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.assessment_facts import MonthFacts
from ops_console.core.assessments import Adjustment, Assessment, Basis, assess
from ops_console.core.errors import NotFound
from ops_console.core.frozen_months import (
    FrozenMonth,
    assessment_of,
    basis_of,
    rejudged,
)
from ops_console.core.moments import ZONE, month_start, parse_month, shift_month, whole
from ops_console.core.months import (
    ADJUSTED,
    LOCKED,
    Life,
    Word,
    is_final,
    last_by_target,
    life_of,
    year_and_place,
)
from ops_console.core.people import Actor
from ops_console.core.terms import VersionInForce
from ops_console.services import scores
from ops_console.services.contracts import Book
from ops_console.services.month_facts import gather, version_of
from ops_console.store import assessments as store
from ops_console.store import month_words

SUBJECT = "month"


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
    judged_by = basis(session, version, gathered.versions, month, words)
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


def basis(
    session: Session, version: VersionInForce, versions: Mapping[str, Any], month: str, words: tuple[Word, ...]
) -> Basis:
    """Given a contract's version, the versions of its tickets, a month and what was said, return what judges it.

    The final settlement has neither sheet nor fee: the contract is over.
    """
    terms = version.terms
    if is_final(terms, month):
        return Basis(terms, versions)
    return Basis(
        terms,
        versions,
        sheet=scores.sheet_in_force(session, version.contract_id, month),
        fee=fee_of(version, month),
        money_basis=scores.money_basis(session, version.contract_id, month),
        adjustments=adjustments_of(words),
    )


def adjustments_of(words: tuple[Word, ...]) -> tuple[Adjustment, ...]:
    """Given a month's words, return the adjustments that count: the last about each item."""
    return tuple(
        Adjustment(word.target, word.deducted, word.by, word.at)
        for _, word in sorted(last_by_target(words, ADJUSTED).items()) if word.deducted is not None
    )  # fmt: skip


def fee_of(version: VersionInForce, month: str) -> int | None:
    """Given a contract's version and a month, return the month's fee in 分, None where the contract names none."""
    year, place = year_and_place(version.terms, month)
    return version.terms.fee.of_month(month, place) if version.terms.fee and year else None


def need_frozen(session: Session, contract_id: int, month: str, *, hold: bool = False) -> store.AssessmentRow:
    """Given a contract and a month, return its frozen row. Raises NotFound where it is not frozen yet."""
    row = store.of_month(session, contract_id, month, hold=hold)
    if row is None:
        raise NotFound("%(month)s 的事实还没有冻结。", month=month)
    return row


def last_frozen(session: Session, contract_id: int) -> str:
    """Given a contract, return the newest month whose facts are frozen, "" when there is none."""
    return store.last_frozen(session, contract_id)


def is_locked(session: Session, contract_id: int, month: str) -> bool:
    """Given a contract and a month, say whether it is locked."""
    row = store.of_month(session, contract_id, month)
    return row is not None and row.state == LOCKED


def frozen_until(session: Session) -> date | None:
    """Return the last day (Shanghai) of the newest month of any contract whose facts are frozen, None for none."""
    newest = max((row.month for row in store.frozen(session)), default="")
    if not newest:
        return None
    return month_start(shift_month(newest, 1)).astimezone(ZONE).date() - timedelta(days=1)
