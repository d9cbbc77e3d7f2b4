"""Gathering a month's facts: from tickets' events and from the rows of duties, caps, cases and entries. Only reads.

Not for computing (`core/assessments.py`) nor for freezing (`services/assessments.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.assessment_facts import RECURS_WITHIN, Earlier, MonthFacts, TicketFact
from ops_console.core.errors import NotFound
from ops_console.core.frozen_tickets import JudgedBy, ticket_fact
from ops_console.core.judged_clocks import judged
from ops_console.core.moments import day_start, month_start, shift_month, whole
from ops_console.core.months import is_final
from ops_console.core.terms import Terms, VersionInForce
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import Event, TicketFacts
from ops_console.services.contracts import Book
from ops_console.services.month_beside import with_beside
from ops_console.store import assessments as store
from ops_console.store import attachments, audit

BATCH = 2000


@dataclass(frozen=True)
class Gathered:
    """A month's facts with every clock judged, the contract versions they rest on by digest, and ids by number."""

    facts: MonthFacts
    versions: Mapping[str, Terms]
    ids: Mapping[str, int]


def version_of(book: Book, contract_id: int, month: str) -> VersionInForce:
    """Given the book, a contract and a month, return the version of that contract in force at the month's end.

    Raises NotFound when the contract has none.
    """
    mine = [version for version in book.versions if version.contract_id == contract_id]
    if not mine:
        raise NotFound("没有这份合同。")
    last = month_start(shift_month(month, 1)) - timedelta(seconds=1)
    own = Book(tuple(mine), book.calendars)
    return own.at(last)


def gather(
    session: Session, book: Book, contract_id: int, month: str, at: datetime, *, seen: int | None = None,
    before: Book | None = None,
) -> Gathered:  # fmt: skip
    """Given a contract, a month and the cut-off, return the month's facts as of it, every clock judged.

    `seen` is the chain's count that counts as known; None: all that stands there. Tickets reported before the month
    are judged by `before` (None: by the same book): what another answer changes begins with the month.
    """
    version, cutoff = version_of(book, contract_id, month), whole(at)
    reader = _Reader(session, book, version, month, cutoff, seen)
    reader.judge_earlier_by(before or book)
    own = store.own_tickets(session, contract_id, month)
    changed = store.changed_tickets(session, contract_id, month)
    live, end = day_start(version.terms.live_on()), _end_of(version.terms, month)
    found = MonthFacts(
        month, cutoff,
        tickets=tuple(one for one in reader.tickets(own) if live <= one.reported_at < end),
        carried=reader.tickets(changed), earlier=reader.earlier(changed),
    )  # fmt: skip
    known = {row.number: row.id for row in (*own, *changed)}
    versions = {digest: terms for digest, terms in reader.versions.items() if _is_used(digest, found)}
    versions[version.terms.digest()] = version.terms
    told = _only_told(judged(found, versions))
    return Gathered(with_beside(session, book, version, told), versions, known)


def _end_of(terms: Terms, month: str) -> datetime:
    """Until when reports are the month's: its own end, but in the final settlement the contract's."""
    last = day_start(terms.ends_on + timedelta(days=1))
    return last if is_final(terms, month) else month_start(shift_month(month, 1))


def _is_used(digest: str, facts: MonthFacts) -> bool:
    return any(one.terms == digest for one in (*facts.tickets, *facts.carried))


def _is_due(ticket: TicketFact, month: str) -> bool:
    """A demand is counted in the month of the day agreed on, whatever month it was reported in."""
    return ticket.agreed_on is not None and f"{ticket.agreed_on:%Y-%m}" == month


def _only_told(facts: MonthFacts) -> MonthFacts:
    """Of tickets that earlier months took only those of which something is told here belong to this month's facts."""
    own = {one.number for one in facts.tickets}
    told = {one.number for one in facts.judged} | {one.number for one in facts.carried if _is_due(one, facts.month)}
    carried = tuple(one for one in facts.carried if one.number in told - own)
    return replace(facts, carried=carried, earlier=tuple(one for one in facts.earlier if one.number in told))


class _Reader:
    """Reads tickets of one month's assessment; what all of them share is read once."""

    def __init__(
        self, session: Session, book: Book, version: VersionInForce, month: str, at: datetime, seen: int | None
    ) -> None:
        self.session, self.book, self.at, self.month, self.seen = session, book, at, month, seen
        self.proving = {name for limit in version.terms.limits for name in limit.types}
        self.versions = {known.terms.digest(): known.terms for known in book.versions}
        self.digests = {known.id: known.terms.digest() for known in book.versions}
        self.earlier_digests: Mapping[int, str] = self.digests
        self.contract_id = version.contract_id
        self.recurring = self._recurring()

    def judge_earlier_by(self, book: Book) -> None:
        """Given a book of the same versions, judge what was reported before the month by its terms."""
        digests = {known.id: known.terms.digest() for known in book.versions}
        self.earlier_digests = digests
        self.versions |= {digests[known.id]: known.terms for known in book.versions}

    def _recurring(self) -> set[str]:
        """The faults whose module and cause another had within 30 days before (domain §2.6, D2)."""
        start, end = month_start(self.month) - RECURS_WITHIN, month_start(shift_month(self.month, 1))
        last: dict[tuple[str, str], datetime] = {}
        found = set()
        for row in store.faults_with_cause(self.session, self.contract_id, start, end):
            if row.type not in self.proving:
                continue
            before = last.get((row.module, row.cause))
            if before is not None and row.reported_at - before <= RECURS_WITHIN:
                found.add(row.number)
            last[row.module, row.cause] = row.reported_at
        return found

    def tickets(self, rows: Sequence[Any]) -> tuple[TicketFact, ...]:
        """Given tickets' rows, return their facts, in order of numbers."""
        found: list[TicketFact] = []
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            ids = [row.id for row in batch]
            events, with_files = audit.of_tickets(self.session, ids), attachments.tickets_with(self.session, ids)
            for row in batch:
                facts = fold(row.number, [event for event in events[row.id] if self._is_seen(event)], self.at)
                if facts is not None:
                    found.append(self._fact(row, facts, row.id in with_files))
        return tuple(sorted(found, key=lambda one: one.number))

    def _fact(self, row: Any, facts: TicketFacts, has_files: bool) -> TicketFact:
        digests = self.earlier_digests if row.reported_at < month_start(self.month) else self.digests
        judged_by = JudgedBy(digests[row.contract_version_id], row.klass, row.provisional, self._prompt_at)
        is_fault = facts.type in self.proving
        return ticket_fact(
            facts, judged_by, is_fault=is_fault, recurs=row.number in self.recurring, needs_evidence=is_fault,
            has_evidence=has_files,
        )  # fmt: skip

    def _prompt_at(self, at: datetime) -> timedelta:
        return timedelta(minutes=self.book.at(at).terms.prompt_minutes)

    def _is_seen(self, event: Event) -> bool:
        return event.recorded_at <= self.at and (self.seen is None or event.seq <= self.seen)

    def earlier(self, rows: Sequence[Any]) -> tuple[Earlier, ...]:
        """Given tickets of frozen months, return what those months said of their clocks."""
        numbers, found = {row.id: row.number for row in rows}, []
        for start in range(0, len(rows), BATCH):
            ids = [row.id for row in rows[start : start + BATCH]]
            for (ticket, limit), said in store.said_of(self.session, ids, self.contract_id, self.month).items():
                found.append(
                    Earlier(said.month, numbers[ticket], limit, said.outcome, said.clock, said.klass, said.counted)
                )
        return tuple(sorted(found, key=lambda one: (one.number, one.limit)))
