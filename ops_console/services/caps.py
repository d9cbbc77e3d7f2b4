"""What of the yearly caps is used: a contract's years, a month's entries, one entry with its life, a ticket's own.

Reading alone; not for what happens to entries (`services/cap_entries.py`) nor for counting (`core/caps.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from ops_console.core.agreements import PROPOSED
from ops_console.core.cap_entries import CAP_ASKED, SUBJECT, acts_open, check_start, fold, may_withdraw
from ops_console.core.caps import (
    DEFERRED,
    HELD,
    CapEntry,
    CapYear,
    count,
    in_effect,
    last_instant,
    local_day,
)
from ops_console.core.contracts import YearlyCap
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import month_start, shift_month
from ops_console.core.people import Actor
from ops_console.core.terms import Terms, contract_years, version_at
from ops_console.core.tickets import Event, TicketFacts
from ops_console.services.cap_agreements import key_of
from ops_console.services.contracts import Book
from ops_console.store import agreements, audit, proofs
from ops_console.store import caps as store

PAGE = 50


def of_year(session: Session, book: Book, contract_id: int, at: date) -> tuple[CapYear, ...]:
    """Given a contract and a Shanghai day, return each cap of the contract year it lies in, as of that day's end.

    What was decided later is unseen. By the terms of that contract in force on the day, its questions answered; none
    outside its term, or where it lists no cap. One statement.
    """
    terms = terms_on(book, contract_id, at)
    return count(terms, store.of_contract(session, contract_id), at, at) if terms is not None else ()


def of_month(session: Session, contract_id: int, month: str) -> tuple[CapEntry, ...]:
    """Given a contract and a Shanghai month, return the entries held, approved or accepted in it, as they stand now.

    Oldest first; each with its id, title, ticket number, state and dates. One statement.
    """
    return tuple(store.between(session, contract_id, month_start(month), month_start(shift_month(month, 1))))


def terms_on(book: Book, contract_id: int, day: date) -> Terms | None:
    """Given a contract and a Shanghai day, return its terms in effect then, or None for an unknown contract."""
    versions = [version for version in book.versions if version.contract_id == contract_id]
    return in_effect(version_at(versions, last_instant(day)).terms) if versions else None


def contract_on(book: Book, day: date) -> int:
    """Given a Shanghai day, return the contract in force at its end. Raises Refused while none is."""
    return book.at(last_instant(day)).contract_id


@dataclass(frozen=True)
class YearChoice:
    """One contract year that a page may show: whose contract's, its number from 1, its first and last day."""

    contract_id: int
    contract: str
    number: int
    first: date
    last: date


def years(book: Book) -> tuple[YearChoice, ...]:
    """Given the book, return every contract year of every contract, the oldest first."""
    newest = {version.contract_id: version for version in sorted(book.versions, key=lambda v: v.version)}
    found = [
        YearChoice(version.contract_id, version.terms.number, number, first, last)
        for version in newest.values()
        for number, (first, last) in enumerate(contract_years(version.terms), 1)
    ]
    return tuple(sorted(found, key=lambda year: (year.first, year.contract_id)))


@dataclass(frozen=True)
class Overview:
    """The page of caps: the year chosen, its meters, what is held in the contract, and a page of the year's entries."""

    year: YearChoice
    caps: Sequence[CapYear]
    held: Sequence[CapEntry]
    deferred: Sequence[CapEntry]
    entries: Sequence[CapEntry]
    by_state: Mapping[str, int]
    count: int


def overview(
    session: Session, book: Book, year: YearChoice, clause: str, state: str, *, actor: Actor, today: date, page: int
) -> Overview:
    """Given a contract year, a clause and a state ("": every) and a page from 1, return what the page shows.

    Three statements. A year that is over is counted as its entries stand today.
    """
    actor.need("reports.read")
    day = min(max(today, year.first), year.last)
    terms, known = terms_on(book, year.contract_id, day), store.of_contract(session, year.contract_id)
    caps = count(terms, known, day, today) if terms is not None else ()
    states = (state,) if state else ()
    counted = store.counts(session, year.contract_id, year.number, clause)
    found = store.page(session, year.contract_id, year.number, clause, states, limit=PAGE, offset=(page - 1) * PAGE)
    shown = counted.get(state, 0) if state else sum(counted.values())
    held = [one for one in known if one.state == HELD]
    return Overview(year, caps, held, [one for one in known if _left(one, year)], found, counted, shown)


def _left(entry: CapEntry, year: YearChoice) -> bool:
    """Whether an entry was asked for in that year and both parties put it off to a later one."""
    is_later = entry.way == DEFERRED and entry.not_before is not None and entry.not_before > year.last
    return is_later and year.first <= local_day(entry.requested_at) <= year.last


@dataclass(frozen=True)
class EntryView:
    """One entry as its page shows it: its cap's year, its life, its papers, what both may agree upon, who may what.

    `proposals` are what was put before the other party about it, newest first.
    """

    entry: CapEntry
    cap: YearlyCap | None
    year: CapYear | None
    events: Sequence[Event]
    proofs: Sequence[proofs.ProofRow]
    proposals: Sequence[agreements.AgreementRow]
    acts: tuple[str, ...]
    may_approve: bool
    may_withdraw: bool

    @property
    def waiting(self) -> agreements.AgreementRow | None:
        """The proposal that waits for the other party's word."""
        return next((row for row in self.proposals if row.state == PROPOSED), None)


def view(session: Session, book: Book, entry_id: int, actor: Actor, now: datetime) -> EntryView:
    """Given an id and who asks, return the entry's view. Raises NotFound. Six statements."""
    actor.need("reports.read")
    entry = store.one(session, entry_id)
    if entry is None:
        raise NotFound("没有这一项额度需求。")
    today = local_day(now)
    terms = terms_on(book, entry.contract_id, today)
    clause = terms.clause(entry.clause) if terms is not None else None
    cap = clause if isinstance(clause, YearlyCap) else None
    counted = of_year(session, book, entry.contract_id, today)
    return EntryView(
        entry, cap, next((year for year in counted if year.clause == entry.clause), None),
        audit.of_things(session, SUBJECT, str(entry_id)).get(str(entry_id), []),
        proofs.of_subject(session, SUBJECT, str(entry_id)),
        agreements.of_key(session, entry.contract_id, key_of(entry_id)),
        acts_open(entry, agreement_first=cap.agreement_first) if cap is not None else (),
        actor.may("caps.decide") and _may_start(entry, cap, counted, today), may_withdraw(entry, actor),
    )  # fmt: skip


def _may_start(entry: CapEntry, cap: YearlyCap | None, years: Sequence[CapYear], today: date) -> bool:
    """Whether its start could be approved today: a held one only while there is room again."""
    year = next((year for year in years if year.clause == entry.clause), None)
    if cap is None or year is None or (entry.state == HELD and not year.left):
        return False
    try:
        check_start(entry, today, agreement_first=cap.agreement_first)
    except Refused:
        return False
    return True


@dataclass(frozen=True)
class TicketCap:
    """What a ticket has to do with caps: its entries, and the year of the cap its class uses, if it uses one."""

    entries: Sequence[CapEntry]
    year: CapYear | None


def about(session: Session, book: Book, ticket_id: int, facts: TicketFacts, now: datetime) -> TicketCap:
    """Given a ticket, return its entries and what is left of its class's cap.

    One statement, two of a capped class, none where the contract has no caps.
    """
    version, today = book.at(now), local_day(now)
    every = [one for one in in_effect(version.terms).clauses if isinstance(one, YearlyCap)]
    caps = [one for one in every if facts.type in one.types]
    entries = store.of_tickets(session, [ticket_id]).get(ticket_id, []) if every else []
    if not caps:
        return TicketCap(entries, None)
    counted = of_year(session, book, version.contract_id, today)
    return TicketCap(entries, next((year for year in counted if year.clause == caps[0].id), None))


def known_ids(session: Session) -> list[int]:
    """Given nothing, return the ids of every entry that has a row or events, in order: for the self-check."""
    return sorted({*store.ids(session), *map(int, audit.ids_of(session, SUBJECT, CAP_ASKED))})


def both(session: Session, entry_ids: Sequence[int]) -> dict[int, tuple[CapEntry | None, CapEntry | None]]:
    """Given ids, return each entry as its row has it and as its events leave it; None where there is none."""
    stored, told = store.some(session, entry_ids), audit.of_some(session, SUBJECT, map(str, entry_ids))
    return {
        key: (stored.get(key), fold(key, told[str(key)]) if str(key) in told else None) for key in entry_ids
    }  # fmt: skip


def differences(session: Session) -> tuple[int, ...]:
    """Given nothing, return the ids of the entries whose row is not what their events come to."""
    pairs = both(session, known_ids(session))
    return tuple(key for key, (stored, told) in pairs.items() if stored != told)
