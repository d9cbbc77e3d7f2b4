"""The month on one screen: what the chief settles, what the vendor's manager has to do, and the rows behind a figure.

Not for computing (`services/assessments.py`) nor for words and signatures. Only reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.assessment_facts import DutyFact, JudgedClock, TicketFact
from ops_console.core.clause_lines import ClauseLine, LimitLine
from ops_console.core.contract_facts import BROKEN, KEPT, OPEN, UNPROVEN
from ops_console.core.contracts import Clause, TimeLimit
from ops_console.core.errors import NotFound
from ops_console.core.moments import month_of, month_start, shift_month
from ops_console.core.months import EXPLAINED, Dispute, Word, assessed_months, disputes_of, is_final, last_by_target
from ops_console.core.people import Actor
from ops_console.core.scores import Deduction
from ops_console.services import assessments
from ops_console.services.assessments import Month
from ops_console.services.contracts import Book
from ops_console.services.final_settlements import Final, final_of
from ops_console.store import assessments as store
from ops_console.store import contracts

POPULATION, RAW, CARRIED, CORRECTED = "population", "raw", "carried", "corrected"
WHICH = (POPULATION, KEPT, RAW, BROKEN, UNPROVEN, OPEN, CARRIED, CORRECTED)


@dataclass(frozen=True)
class Tile:
    """One time limit on the screen: the limit, its clause's card where the contract lists one, its line."""

    limit: TimeLimit
    clause: Clause | None
    line: LimitLine


@dataclass(frozen=True)
class Credibility:
    """How far the month's times can be believed: n of N reported from the hospital's side, and what is weak."""

    reports: int
    from_hospital: int
    unproven: int
    late: int
    late_bare: int
    corrections: int
    by_silence: int
    closed: int


@dataclass(frozen=True)
class Screen:
    """A month as one screen shows it. `explained`, `unexplained`: targets of what was not kept.

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
        duties=_by_clause(found.facts.duties), credibility=_credibility(found.facts.tickets),
        disputes=disputes_of(found.words), explanations=explanations,
        unexplained=tuple(target for target in targets(found) if target not in explanations),
        contracts=contracts.all_contracts(session), months=assessed_months(found.version.terms, now)[::-1],
        final=final_of(session, book, found, actor, now),
    )  # fmt: skip


def _by_clause(duties: Iterable[DutyFact]) -> dict[str, tuple[DutyFact, ...]]:
    found: dict[str, list[DutyFact]] = {}
    for duty in duties:
        found.setdefault(duty.clause, []).append(duty)
    return {clause: tuple(sorted(found[clause], key=lambda duty: (duty.due_at, duty.id))) for clause in sorted(found)}


def _credibility(tickets: Sequence[TicketFact]) -> Credibility:
    closed = [ticket for ticket in tickets if ticket.is_closed]
    return Credibility(
        reports=len(tickets), from_hospital=sum(ticket.from_hospital for ticket in tickets),
        unproven=sum(bool(ticket.unproven) for ticket in tickets),
        late=sum(ticket.late_entries > 0 for ticket in tickets),
        late_bare=sum(ticket.late_bare > 0 for ticket in tickets),
        corrections=sum(ticket.corrections for ticket in tickets),
        by_silence=sum(ticket.closure == "silence" for ticket in closed), closed=len(closed),
    )  # fmt: skip


def targets(month: Month) -> tuple[str, ...]:
    """Given a month, return what of it asks for the vendor's account: each clock and duty that was not kept."""
    clocks = [
        f"{one.limit}/{one.number}" for one in month.facts.judged if one.outcome in (BROKEN, UNPROVEN)
    ]  # fmt: skip
    return (*clocks, *(f"duty/{duty.id}" for duty in month.facts.duties if duty.state in ("late", "missed")))


# -- the rows behind a figure -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ClockRow:
    """One judged clock as a row: what it came to, the ticket's facts, what people call it, what was said about it."""

    clock: JudgedClock
    ticket: TicketFact
    title: str
    department: str
    handler: str
    explanation: Word | None


@dataclass(frozen=True)
class ClockRows:
    """The rows of one limit: the rule, its clause, which of them these are."""

    month: Month
    limit: TimeLimit
    clause: Clause | None
    which: str
    rows: tuple[ClockRow, ...]


def clock_rows(
    session: Session, book: Book, contract_id: int, month: str, limit_id: str, which: str, *, actor: Actor,
    now: datetime,
) -> ClockRows:  # fmt: skip
    """Given a month, a limit and which of WHICH, return exactly the rows that the figure counts. Raises NotFound."""
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    limit = next((one for one in found.basis.terms.limits if one.id == limit_id), None)
    if limit is None or which not in WHICH:
        raise NotFound("没有这一项时限。")
    wanted = [one for one in found.facts.judged if one.limit == limit_id and _is_one(one, which, month)]
    facts = {ticket.number: ticket for ticket in (*found.facts.carried, *found.facts.tickets)}
    shown = store.shown(session, [one.number for one in wanted])
    said = last_by_target(found.words, EXPLAINED)
    rows = [
        ClockRow(one, facts[one.number], *shown.get(one.number, ("", "", "")), said.get(f"{limit_id}/{one.number}"))
        for one in wanted
    ]
    return ClockRows(found, limit, found.basis.terms.clause(limit_id), which, tuple(rows))


def _is_one(one: JudgedClock, which: str, month: str) -> bool:
    fresh = one.was is None and one.outcome in (KEPT, BROKEN, UNPROVEN)
    return {
        POPULATION: fresh, KEPT: fresh and one.outcome == KEPT, RAW: fresh and one.raw_outcome == KEPT,
        BROKEN: fresh and one.outcome == BROKEN, UNPROVEN: fresh and one.outcome == UNPROVEN,
        OPEN: one.outcome == OPEN, CARRIED: fresh and one.month != month, CORRECTED: one.was is not None,
    }[which]  # fmt: skip


@dataclass(frozen=True)
class ItemRows:
    """The facts that one item of the sheet deducts for, with what they are called."""

    month: Month
    item: Any
    line: Any
    deductions: tuple[Deduction, ...]
    shown: Mapping[str, tuple[str, str, str]]


def item_rows(
    session: Session, book: Book, contract_id: int, month: str, code: str, *, actor: Actor, now: datetime
) -> ItemRows:
    """Given a month and an item's code, return what it deducts for, fact by fact. Raises NotFound."""
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    sheet = found.basis.sheet
    item = next((one for one in sheet.items if one.code == code), None) if sheet else None
    line = next((one for one in found.assessment.items if one.scored.code == code), None)
    if item is None or line is None:
        raise NotFound("评分表里没有 %(item)s 这一项。", item=code)
    numbers = [one.ref.id for one in line.scored.deductions if one.ref.kind == "ticket"]
    return ItemRows(found, item, line, line.scored.deductions, store.shown(session, numbers))


def clause_line(month: Month, clause_id: str) -> ClauseLine | None:
    """Given a month and a clause, return its line, or None where the contract lists no such clause."""
    return next((line for line in month.assessment.clauses if line.clause == clause_id), None)


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
