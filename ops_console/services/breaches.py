"""Breach cases as people look at them: the list, one case whole, what it costs; and a contract's cases as plain values.

Not for acting (`services/breach_acts.py`, `services/breach_accounts.py`) nor for paper (`services/breach_notices.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core.breach_acts import Account, as_it_stands, next_act, possible
from ops_console.core.breach_clocks import Countdown
from ops_console.core.breaches import (
    CATEGORIES,
    CLAUSE,
    SEES,
    STATES,
    SUBJECT,
    Case,
    Deduction,
    Line,
    deduction,
    landing,
    may_see,
    month_fee,
)
from ops_console.core.moments import MONTH
from ops_console.core.people import HOSPITAL, Actor
from ops_console.core.terms import Settlement, Terms
from ops_console.core.tickets import Event
from ops_console.services import proofs
from ops_console.services.breach_rows import DISPATCHED, accounts_of, clocks_of, found, settled_months, terms_of
from ops_console.services.contracts import Book
from ops_console.store import audit
from ops_console.store import breach_lists as lists
from ops_console.store import breaches as store
from ops_console.store.proofs import ProofRow

PAGE = 50


# -- for the month ----------------------------------------------------------------------------------------------------


def cases(session: Session, contract_id: int) -> tuple[Case, ...]:
    """Given a contract, return all its cases as plain values, oldest first: for reckoning, not for showing."""
    return tuple(store.case_of(row) for row in lists.of_contract(session, contract_id))


def of_month(session: Session, contract_id: int, month: str, viewer: Actor) -> tuple[Case, ...]:
    """Given a contract, a month and who looks, return the cases whose fee would be that month's or that land in it.

    Those that the viewer sees; nobody's clue is anybody else's.
    """
    mine = (case for case in cases(session, contract_id) if may_see(viewer, case.raised_side, case.filed_at))
    return tuple(case for case in mine if month in (case.month, case.booked_month))


def deducted(session: Session, book: Book, contract_id: int, month: str, settled: Collection[str] = ()) -> Deduction:
    """Given a contract, a month and the settled months, return what is deducted in it under C-55."""
    return deduction(cases(session, contract_id), lambda of: fee_of(book, contract_id, of), month, settled)


def fee_of(book: Book, contract_id: int, month: str) -> int | None:
    """Given a contract and a month, return its fee in 分 by the version in force at the month's end, or None."""
    versions = [version for version in book.versions if version.contract_id == contract_id]
    begun = [version for version in versions if f"{version.terms.counts_from:%Y-%m}" <= month] or versions[:1]
    if not begun:
        return None
    latest = max(begun, key=lambda version: (version.terms.counts_from, version.id))
    return month_fee(latest.terms, month)


def cost(session: Session, book: Book, case: Case) -> Line | None:
    """Given a case, return what it costs, or would cost once executed; None while its month is not known."""
    if not case.month:
        return None
    settled = settled_months(session, case.contract_id)
    others = [other for other in cases(session, case.contract_id) if other.id != case.id]
    done = case if case.counts else _as_if_executed(case, others)
    month = landing(done, settled)
    lines = deduction([*others, done], lambda of: fee_of(book, case.contract_id, of), month, settled).lines
    return next((line for line in lines if case.number in line.numbers), None)


def landed_in(session: Session, case: Case) -> str:
    """Given a case, return the month that its deduction lands in, or would land in now, "" while not known."""
    return landing(case, settled_months(session, case.contract_id)) if case.month else ""


def _as_if_executed(case: Case, others: Sequence[Case]) -> Case:
    """The case as it would stand executed after all the others: what another of its month bears, it does not."""
    last = max([case.raised_at, *(other.executed_at for other in others if other.executed_at)])
    return replace(case, upheld=True, approved_at=last, executed_at=last + timedelta(seconds=1), booked_month="")


def settlement_at(book: Book, now: datetime) -> Settlement:
    """Given an instant, return how the contract in force then settles; the usual values where there is none yet."""
    return book.at(now).terms.settlement if book.versions else Settlement()


def clause_text(book: Book, now: datetime) -> str:
    """Given an instant, return what C-55 says in the contract in force then, "" where its file lists no such clause."""
    clause = book.at(now).terms.clause(CLAUSE) if book.versions else None
    return clause.text if clause else ""


# -- the list ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """What a list is narrowed to: a state, a category, a month; "" for every."""

    state: str = ""
    category: str = ""
    month: str = ""


def asked(state: str, category: str, month: str) -> Asked:
    """Given what stands in an address, return what of it means something."""
    return Asked(
        state if state in STATES else "", category if category in CATEGORIES else "",
        month if MONTH.fullmatch(month) else "",
    )  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """A case in a list, with the beginning of what was told of it."""

    case: Case
    told: str


@dataclass(frozen=True)
class Listing:
    """A page of cases, how many there are by state, and the months that have any."""

    cases: Sequence[Listed]
    by_state: Mapping[str, int]
    months: Sequence[str]

    @property
    def total(self) -> int:
        """How many there are in any state."""
        return sum(self.by_state.values())


def sees_any(actor: Actor) -> bool:
    """Given who looks, say whether there may be cases for them at all."""
    return any(actor.may(right) for right in SEES)


def listing(session: Session, wanted: Asked, actor: Actor, *, page: int) -> Listing:
    """Given what is wanted, who looks and a page's number, return it. Four statements. Nothing for who sees none."""
    if not sees_any(actor):
        return Listing((), {}, ())
    side, states = actor.side, (wanted.state,) if wanted.state else ()
    rows = lists.page(
        session, side, states, wanted.category, wanted.month, limit=PAGE, offset=(page - 1) * PAGE
    )  # fmt: skip
    texts = lists.first_texts(session, [row.id for row in rows])
    shown = [Listed(store.case_of(row), texts.get(row.id, "")) for row in rows]
    return Listing(
        shown, lists.counts(session, side, wanted.category, wanted.month), lists.months(session, side)
    )  # fmt: skip


@dataclass(frozen=True)
class Outline:
    """A filed case as the terminal tells of it: number, state, whose month. Nothing of what it is about."""

    number: str
    state: str
    month: str


def outline(session: Session, actor: Actor) -> tuple[Outline, ...]:
    """Given who asks, return the filed cases in outline: what both parties know already. Clues are not counted even."""
    actor.need("reports.read")
    return tuple(Outline(row.number, row.state, row.month) for row in lists.filed(session))


# -- one case ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """One case whole, for who sees it: its row, what each side said, what it is about, its clocks, what may be done.

    `standing` are the times and texts as they stand; `terms` those of when it happened; `acts` what is the viewer's to
    do, `next_act` the one of them that moves it on; `lands_in` is the month that it is settled with, "" while unknown.
    """

    row: store.BreachRow
    case: Case
    told: Mapping[str, store.BreachAccountRow]
    standing: Account
    tickets: Sequence[Any]
    flags: Sequence[Any]
    dispatches: Sequence[store.BreachDispatchRow]
    files: Sequence[ProofRow]
    events: Sequence[Event]
    clocks: Sequence[Countdown]
    acts: frozenset[str]
    next_act: str
    terms: Terms
    cost: Line | None
    lands_in: str

    @property
    def settlement(self) -> Settlement:
        """How the contract settles: limits and days."""
        return self.terms.settlement


def view(session: Session, book: Book, number: str, actor: Actor, now: datetime) -> Shown:
    """Given a case's number and who looks, return it whole. Raises NotFound where it is not theirs to see.

    Whom the hospital told of it, and its own limits on that, are the hospital's alone.
    """
    row = found(session, number, actor)
    case, acts = store.case_of(row), possible(store.case_of(row), actor, now)
    events, clocks = audit.of_things(session, SUBJECT, row.number).get(row.number, []), clocks_of(session, book, row)
    sent = store.dispatches(session, row.id) if actor.side == HOSPITAL else ()
    if actor.side != HOSPITAL:
        events = [event for event in events if event.kind != DISPATCHED]
        clocks = tuple(clock for clock in clocks if clock.is_internal)
    return Shown(
        row, case, store.accounts(session, row.id), as_it_stands(accounts_of(session, row)),
        store.tickets_of(session, row.id), store.flags_of(session, row.id), sent,
        proofs.of(session, SUBJECT, row.number, actor), events, clocks, acts, next_act(case, acts),
        terms_of(book, row), cost(session, book, case), landed_in(session, case),
    )  # fmt: skip


def about(session: Session, ticket: str, actor: Actor) -> tuple[Case, ...]:
    """Given a ticket's number and who looks, return the cases about it that they see."""
    if not sees_any(actor):
        return ()
    return tuple(store.case_of(row) for row in store.of_ticket(session, ticket, actor.side))
