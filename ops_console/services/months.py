"""The month on one screen: what the chief settles, what the vendor's manager has to do, and the rows behind a figure.

Not for computing (`services/assessments.py`) nor for words and signatures. Only reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.assessment_facts import DutyFact
from ops_console.core.caps import CapYear, as_frozen
from ops_console.core.clause_lines import LimitLine
from ops_console.core.contract_facts import BROKEN, UNPROVEN
from ops_console.core.contracts import Clause, TimeLimit
from ops_console.core.credibility import Credibility, credibility
from ops_console.core.duties import LATE, MISSED
from ops_console.core.errors import NotFound
from ops_console.core.moments import month_of, month_start, shift_month
from ops_console.core.month_steps import InTheWay, waits_for
from ops_console.core.months import (
    DRAFT,
    EXPLAINED,
    Dispute,
    Word,
    assessed_months,
    disputes_of,
    is_final,
    last_by_target,
)
from ops_console.core.payments import Cover, covering
from ops_console.core.people import Actor
from ops_console.core.sentences import Sentence
from ops_console.services import assessments
from ops_console.services.assessments import Month
from ops_console.services.contracts import Book
from ops_console.services.final_settlements import Final, final_of
from ops_console.store import assessments as store
from ops_console.store import contracts


@dataclass(frozen=True)
class Tile:
    """One time limit on the screen: the limit, its clause's card where the contract lists one, its line."""

    limit: TimeLimit
    clause: Clause | None
    line: LimitLine


@dataclass(frozen=True)
class Screen:
    """A month as one screen shows it. `unexplained`: targets of what was not kept and has no account of the vendor's.

    `covers` are the payments that it counts into, `next` says what the month waits for.
    `final` is the contract's final settlement, on the screen of its last month once that is over.
    """

    month: Month
    tiles: tuple[Tile, ...]
    duties: Mapping[str, tuple[DutyFact, ...]]
    credibility: Credibility
    disputes: tuple[Dispute, ...]
    explanations: Mapping[str, Word]
    unexplained: tuple[str, ...]
    contracts: Sequence[Any]
    months: tuple[str, ...]
    caps: tuple[CapYear, ...]
    covers: tuple[Cover, ...]
    next: Sentence
    final: Final | None = None

    @property
    def open_disputes(self) -> int:
        """How many objections nobody answered."""
        return sum(dispute.answer is None for dispute in self.disputes)


def usual(book: Book, now: datetime) -> tuple[int, str]:
    """Given the book and now, return the contract and month to show first: the last month that has ended."""
    version = book.at(now)
    months = assessed_months(version.terms, now)
    ended = [month for month in months if month < month_of(now)]
    return version.contract_id, (ended or list(months) or [month_of(now)])[-1]


def contract_of(book: Book, month: str) -> int:
    """Given the book and a month, return the contract in force at the month's end."""
    return book.at(month_start(shift_month(month, 1)) - timedelta(seconds=1)).contract_id


def contract_numbered(book: Book, month: str, number: str) -> int:
    """Given the book, a month and a contract's number, "" for the one in force at the month's end, return its id.

    Raises NotFound for a number that no contract in force has.
    """
    if not number:
        return contract_of(book, month)
    found = next((one.contract_id for one in book.versions if one.terms.number == number), None)
    if found is None:
        raise NotFound("没有编号为 %(number)s 的合同。", number=number)
    return found


def screen(session: Session, book: Book, contract_id: int, month: str, *, actor: Actor, now: datetime) -> Screen:
    """Given a contract, a month, who looks and now, return the screen. Raises NotFound, Refused."""
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    terms = found.basis.terms
    lines = {line.limit: line for line in found.assessment.limits}
    explanations = last_by_target(found.words, EXPLAINED)
    return Screen(
        month=found,
        tiles=tuple(Tile(limit, terms.clause(limit.id), lines[limit.id]) for limit in terms.limits),
        duties=_by_clause(found.facts.duties), credibility=credibility(found.facts.tickets),
        disputes=disputes_of(found.words), explanations=explanations,
        unexplained=tuple(target for target in targets(found) if target not in explanations),
        contracts=contracts.all_contracts(session), months=assessed_months(found.version.terms, now)[::-1],
        caps=as_frozen(terms, found.facts), covers=covering(terms, month), next=_next(session, book, found, now),
        final=final_of(session, book, found, actor, now),
    )  # fmt: skip


def _next(session: Session, book: Book, found: Month, now: datetime) -> Sentence:
    terms, life = found.version.terms, found.life
    before = ""
    if life.state == DRAFT and now >= life.freezes_at:
        last = store.last_frozen(session, found.contract_id)
        first = shift_month(last, 1) if last else assessed_months(terms, now)[0]
        before = first if first < life.month else ""
    way = InTheWay(before, len(found.assessment.conflicts), found.assessment.provisional)
    return waits_for(life, terms.settlement.lock_workday, max(terms.live_on(), terms.starts_on), way, now)


def _by_clause(duties: Iterable[DutyFact]) -> dict[str, tuple[DutyFact, ...]]:
    found: dict[str, list[DutyFact]] = {}
    for duty in duties:
        found.setdefault(duty.clause, []).append(duty)
    return {clause: tuple(sorted(found[clause], key=lambda duty: (duty.due_at, duty.id))) for clause in sorted(found)}


def targets(month: Month) -> tuple[str, ...]:
    """Given a month, return what of it asks for the vendor's account: each clock and duty that was not kept."""
    clocks = (one.target for one in month.facts.judged if one.outcome in (BROKEN, UNPROVEN))
    return (*clocks, *(duty.target for duty in month.facts.duties if duty.state in (LATE, MISSED)))


# -- many months ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Past:
    """A month in the list of months: where it stands, its points, grade and payable where it is frozen."""

    month: str
    state: str
    points: int | None
    grade: str
    payable: int | None
    outcome: str
    is_final: bool = False


def past(session: Session, book: Book, contract_id: int, actor: Actor, now: datetime) -> tuple[Past, ...]:
    """Given a contract, who asks and now, return its assessed months, the newest first."""
    actor.need("reports.read")
    term = book.term_of(contract_id)
    if term is None:
        raise NotFound("没有这份合同。")
    kept = {row.month: row for row in store.frozen(session, contract_id)}
    found = []
    for month in assessed_months(term, now)[::-1]:
        row = kept.get(month)
        state = row.state if row else assessments.life(session, book, contract_id, month, now).state
        kept_totals = (row.points, row.grade, row.payable, row.outcome) if row else (None, "", None, "")
        found.append(Past(month, state, *kept_totals, is_final=is_final(term, month)))
    return tuple(found)


def neighbours(month: str) -> tuple[str, str]:
    """Given a month, return the one before and the one after."""
    return shift_month(month, -1), shift_month(month, 1)
