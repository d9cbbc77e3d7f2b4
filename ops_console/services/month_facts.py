"""Gathering a month's facts: from tickets' events and from the rows of duties, caps, cases and entries. Only reads.

Not for computing (`core/assessments.py`) nor for freezing (`services/assessments.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.assessment_facts import RECURS_WITHIN, Earlier, MonthFacts, Pause, TicketFact, judged
from ops_console.core.errors import NotFound
from ops_console.core.moments import day_start, month_start, shift_month, whole
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.terms import Terms, VersionInForce
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import GRADE_IMPORTED, TIMES, Stamp, TicketFacts
from ops_console.core.trust import GRADE_BARE, GRADE_PROVED, LATEST_BACKFILL, is_from_hospital, unproven
from ops_console.services.contracts import Book
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


def gather(session: Session, book: Book, contract_id: int, month: str, at: datetime) -> Gathered:
    """Given a contract, a month and the cut-off, return the month's facts as of it, every clock judged."""
    version, cutoff = version_of(book, contract_id, month), whole(at)
    reader = _Reader(session, book, version, month, cutoff)
    own = store.own_tickets(session, contract_id, month)
    changed = store.changed_tickets(session, contract_id, month)
    tickets, carried = reader.tickets(own), reader.tickets(changed)
    live = day_start(version.terms.live_on())
    found = MonthFacts(
        month, cutoff,
        tickets=tuple(one for one in tickets if one.reported_at >= live),
        carried=tuple(one for one in carried if one.reported_at >= live),
        earlier=reader.earlier(changed, month),
    )  # fmt: skip
    known = {row.number: row.id for row in (*own, *changed)}
    versions = {digest: terms for digest, terms in reader.versions.items() if _is_used(digest, found)}
    versions[version.terms.digest()] = version.terms
    return Gathered(_only_told(judged(found, versions)), versions, known)


def _is_used(digest: str, facts: MonthFacts) -> bool:
    return any(one.terms == digest for one in (*facts.tickets, *facts.carried))


def _only_told(facts: MonthFacts) -> MonthFacts:
    """Of tickets of earlier months only those whose outcome is told here belong to this month's facts."""
    told = {one.number for one in facts.judged} - {one.number for one in facts.tickets}
    carried = tuple(one for one in facts.carried if one.number in told)
    return replace(facts, carried=carried, earlier=tuple(one for one in facts.earlier if one.number in told))


class _Reader:
    """Reads tickets of one month's assessment; what all of them share is read once."""

    def __init__(self, session: Session, book: Book, version: VersionInForce, month: str, at: datetime) -> None:
        self.session, self.book, self.at, self.month = session, book, at, month
        self.proving = {name for limit in version.terms.limits for name in limit.types}
        self.versions = {known.terms.digest(): known.terms for known in book.versions}
        self.digests = {known.id: known.terms.digest() for known in book.versions}
        self.contract_id = version.contract_id
        self.recurring = self._recurring()

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
                seen = [event for event in events[row.id] if event.recorded_at <= self.at]
                facts = fold(row.number, seen, self.at)
                if facts is not None:
                    found.append(self._fact(row, facts, row.id in with_files))
        return tuple(sorted(found, key=lambda one: one.number))

    def _fact(self, row: Any, facts: TicketFacts, has_files: bool) -> TicketFact:
        late = [stamp for name in TIMES if (stamp := facts.stamps.get(name)) is not None and self._is_late(stamp)]
        return TicketFact(
            number=row.number, type=facts.type, module=facts.module, klass=row.klass,
            terms=self.digests[row.contract_version_id], reported_at=facts.reported_at,
            recorded_at=facts.recorded_at, state=facts.state, needs_onsite=facts.needs_onsite,
            provisional=row.provisional, cause=facts.details.get("cause", ""), channel=facts.channel, mode=facts.mode,
            responded_at=facts.responded_at, arrived_at=facts.arrived_at, restorations=facts.restorations,
            reopenings=facts.reopenings, pauses=_pauses(facts), withdrawn=facts.withdrawn,
            withdrawn_at=facts.withdrawn_at, closed_at=facts.closed_at, closure=facts.closure,
            unproven=tuple(sorted(unproven(facts.stamps))), one_sided=_one_sided(facts),
            grades=tuple((name, facts.stamps[name].grade) for name in TIMES if name in facts.stamps),
            from_hospital=is_from_hospital(facts.stamps["reported_at"]), rating=facts.rating,
            agreed_on=_day(facts.agreed_on), is_fault=facts.type in self.proving, recurs=row.number in self.recurring,
            late_entries=len(late), late_bare=sum(stamp.grade == GRADE_BARE for stamp in late),
            late_long=sum(stamp.recorded_at - stamp.at > LATEST_BACKFILL for stamp in late),
            corrections=sum(p.approved is True for p in facts.proposals),
            needs_evidence=facts.type in self.proving, has_evidence=has_files,
            minutes=_minutes(facts), cost_owner=facts.details.get("cost_owner", ""),
        )  # fmt: skip

    def _is_late(self, stamp: Stamp) -> bool:
        prompt = timedelta(minutes=self.book.at(stamp.at).terms.prompt_minutes)
        return stamp.side == VENDOR and stamp.grade != GRADE_IMPORTED and stamp.recorded_at - stamp.at > prompt

    def earlier(self, rows: Sequence[Any], month: str) -> tuple[Earlier, ...]:
        """Given tickets of frozen months, return what those months last said of their clocks."""
        numbers, found = {row.id: row.number for row in rows}, []
        for start in range(0, len(rows), BATCH):
            ids = [row.id for row in rows[start : start + BATCH]]
            for (ticket, limit), (said_in, outcome) in store.said_of(self.session, ids, month).items():
                found.append(Earlier(said_in, numbers[ticket], limit, outcome))
        return tuple(sorted(found, key=lambda one: (one.number, one.limit)))


def _pauses(facts: TicketFacts) -> tuple[Pause, ...]:
    return tuple(Pause(s.started_at, facts.suspension_end(s), s.cause) for s in facts.suspensions if s.approved)


def _one_sided(facts: TicketFacts) -> tuple[str, ...]:
    late = (GRADE_PROVED, GRADE_BARE)
    return tuple(
        sorted(n for n, s in facts.stamps.items() if s.side == HOSPITAL and s.grade in late and not s.accepted)
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _minutes(facts: TicketFacts) -> int:
    told = facts.details.get("minutes", "")
    return int(told) if str(told).isdigit() else 0
