"""A month's score and money under other answers beside the present ones; nothing is stored, no frozen month moves.

Not for the tickets that come out otherwise (`services/what_if.py`) nor for laying two months beside one another
(`core/what_if.py`). What another answer would make of the month counts as though it had been in force from the
contract's start; only tickets that earlier months took stay as they were judged there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core import what_if_caps
from ops_console.core.assessment_facts import CapFact, MonthFacts
from ops_console.core.assessments import assess
from ops_console.core.caps import CapYear, count, in_effect, last_instant, local_day, year_of
from ops_console.core.moments import day_start, month_start, shift_month
from ops_console.core.months import AHEAD, HISTORY
from ops_console.core.people import Actor
from ops_console.core.readings import answered, effective
from ops_console.core.terms import Terms, VersionInForce
from ops_console.core.ticket_folds import fold
from ops_console.core.what_if import Beside, beside, notes_of
from ops_console.core.what_if_caps import Tickets, newly_counted, recounted
from ops_console.services import assessments
from ops_console.services.assessments import Month
from ops_console.services.contracts import Book
from ops_console.services.month_facts import Gathered, gather, version_of
from ops_console.services.what_if_cases import cases_otherwise, notes_of_cases
from ops_console.services.what_if_duties import duties_otherwise
from ops_console.store import audit, tickets
from ops_console.store import caps as cap_rows


@dataclass(frozen=True)
class MonthWhatIf:
    """A month as it stands, and beside it what other answers would make of it.

    `beside` is None for a month that is not judged: before go-live, or not begun. A frozen or locked month is the same
    on both sides. `terms` are those that the other answers make.
    """

    month: Month
    beside: Beside | None
    terms: Terms

    @property
    def is_kept(self) -> bool:
        """Whether the month is frozen or locked, so that no answer moves it."""
        return self.month.row is not None

    @property
    def kept_until(self) -> date | None:
        """The month's last day where no answer moves it, else None."""
        return local_day(self.month.life.ends_at - timedelta(seconds=1)) if self.is_kept else None


def what_if_month(
    session: Session, book: Book, contract_id: int, month: str, answers: Mapping[str, str], actor: Actor, now: datetime
) -> MonthWhatIf:
    """Given a contract, a month and other answers by question, return the month under both; nothing is stored.

    Raises Refused without the right, NotFound for no such contract or month.
    """
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    if found.state in (HISTORY, AHEAD):
        return MonthWhatIf(found, None, found.basis.terms)
    sheet = found.basis.sheet
    clauses = {item.code: item.clauses for item in sheet.items} if sheet else {}
    present = (found.assessment, found.facts)
    if found.row is not None:
        return MonthWhatIf(found, beside(present, present, clauses), found.basis.terms)
    others = answered_book(book, contract_id, answers)
    version, gathered = _otherwise(session, book, others, found)
    judged_by = assessments.basis(session, version, gathered.versions, month, found.words)
    computed = beside(present, (assess(gathered.facts, judged_by), gathered.facts), clauses)
    notes = (
        *notes_of(found.version.terms, version.terms, found.facts),
        *notes_of_cases(session, book, others, found, actor),
    )  # fmt: skip
    return MonthWhatIf(found, replace(computed, notes=notes), version.terms)


def answered_book(book: Book, contract_id: int, answers: Mapping[str, str]) -> Book:
    """Given the book, a contract and answers by question, return it with every version of that contract so answered."""
    return Book(
        tuple(
            _answered(version, answers) if version.contract_id == contract_id else version for version in book.versions
        ),
        book.calendars,
    )


def _answered(version: VersionInForce, answers: Mapping[str, str]) -> VersionInForce:
    raw = answered(version.confirmed, answers)
    return replace(version, terms=effective(raw), raw=raw)


def _otherwise(session: Session, book: Book, others: Book, found: Month) -> tuple[VersionInForce, Gathered]:
    """The month's version and facts under the other answers, to the same cut-off."""
    month, contract_id, at = found.life.month, found.contract_id, found.facts.as_of
    version = version_of(others, contract_id, month)
    gathered = gather(session, others, contract_id, month, at, before=book)
    cases, penalties = cases_otherwise(session, book, others, found)
    facts = replace(
        gathered.facts, duties=duties_otherwise(session, book, others, found), cases=cases, penalties=penalties,
        caps=_caps(session, found, version.terms, gathered.facts),
    )  # fmt: skip
    return version, replace(gathered, facts=facts)


def _caps(session: Session, found: Month, terms: Terms, facts: MonthFacts) -> tuple[CapFact, ...]:
    """The whole contract year counted anew, where the answers touch a cap."""
    old, new = in_effect(found.version.terms), in_effect(terms)
    if not what_if_caps.differ(old, new):
        return facts.caps
    month = found.life.month
    day = local_day(min(facts.as_of, month_start(shift_month(month, 1)) - timedelta(seconds=1)))
    at = last_instant(day)
    entries = cap_rows.of_contract(session, found.contract_id)
    known = _tickets(session, found.contract_id, old, new, {one.ticket for one in entries}, day_start(day), at)
    years = count(new, recounted(old, new, entries, known, at), day, day)
    return tuple(_cap_fact(year) for year in years)


def _cap_fact(year: CapYear) -> CapFact:
    return CapFact(
        year.clause, year.year, year.limit, year.opening, year.used, year.reserved, year.asked, year.held
    )  # fmt: skip


def _tickets(
    session: Session, contract_id: int, old: Terms, new: Terms, numbers: set[str], day: datetime, at: datetime
) -> Tickets:
    """The tickets that entries are of, and those of the contract year that only the other answers count."""
    types, visits = newly_counted(old, new)
    ids = set(tickets.by_numbers(session, numbers).values())
    year = year_of(new, local_day(day))
    if year is not None and (types or visits):
        ids |= set(tickets.ids_of_kinds(session, contract_id, types, visits, day_start(year[1]), at))
    events = audit.of_tickets(session, ids)
    rows = tickets.by_ids(session, ids)
    found = {row.number: fold(row.number, events[row.id], at) for row in rows}
    return Tickets(contract_id, {number: facts for number, facts in found.items() if facts is not None})
