"""A month's sample check as people may see it: the hospital while it calls, both parties once the month is locked.

Not for the acts (`services/sample_acts.py`). Before the lock the vendor learns of it what the chain's open facts say:
that a list was committed to, that one was drawn, how far the calls are; never which tickets, seed or answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import sample_results
from ops_console.core.errors import NotFound
from ops_console.core.people import Actor
from ops_console.core.sample_results import Tally, tally
from ops_console.core.sentences import Sentence
from ops_console.core.ticket_folds import fold
from ops_console.core.tickets import PURGED, TIMES, TicketFacts
from ops_console.services import personal
from ops_console.services.personal import MaskedText, Reveal
from ops_console.services.resets import refuse_fresh_reset
from ops_console.store import audit
from ops_console.store import samples as store

SUBJECT = "sample"
NO_PAGE = "没有这一页；请检查网址，或从左侧菜单进入。"  # as any unknown address answers
IsLocked = Callable[[str], bool]  # whether a month such as `2026-10` is locked, for the contract in question


@dataclass(frozen=True)
class Which:
    """Which draw: the contract, the month, and its number in the month, from 1."""

    contract_id: int
    month: str
    number: int


def subject_id(contract_id: int, month: str) -> str:
    """Given a contract and a month, return what the chain calls their sample: `2026-10/1`."""
    return f"{month}/{contract_id}"


@dataclass(frozen=True)
class Drawn:
    """One ticket drawn, at its place from 1; type, title and state are those of now. `answer` is "" until asked."""

    place: int
    number: str
    ticket_id: int
    type: str
    title: str
    state: str
    strata: tuple[str, ...]
    answer: str
    note: str
    answered_at: datetime | None
    answered_by: str


@dataclass(frozen=True)
class Sample:
    """One draw: the list committed to, the seed and what it drew, the answers so far."""

    row: store.SampleRow
    tickets: tuple[Drawn, ...]

    @property
    def tally(self) -> Tally:
        """What the answers come to."""
        return tally(len(self.tickets), (one.answer for one in self.tickets))

    @property
    def sentence(self) -> Sentence:
        """The result in a sentence."""
        return sample_results.told(self.tally)

    @property
    def waiting(self) -> tuple[Drawn, ...]:
        """The tickets that nobody was asked about yet."""
        return tuple(one for one in self.tickets if not one.answer)

    @property
    def last(self) -> Drawn | None:
        """The ticket that was answered last, None before an answer."""
        answered = [one for one in self.tickets if one.answered_at is not None]
        return max(answered, key=lambda one: (one.answered_at, one.place), default=None)

    @property
    def seconds(self) -> int | None:
        """Whole seconds from the draw to the last answer; None before there is one."""
        at, since = self.last.answered_at if self.last else None, self.row.drawn_at
        return int((at - since).total_seconds()) if at and since else None

    def at(self, place: int) -> Drawn | None:
        """Given a place, return the ticket drawn there, or None."""
        return next((one for one in self.tickets if one.place == place), None)


@dataclass(frozen=True)
class Board:
    """A month's page: its draws, the newest first; whether who looks may go on; tickets logged since the list."""

    samples: tuple[Sample, ...]
    is_open: bool
    logged_since: int

    @property
    def newest(self) -> Sample | None:
        """The newest draw, the one that counts."""
        return self.samples[0] if self.samples else None


def may_see(viewer: Actor, month: str, is_locked: IsLocked) -> bool:
    """Given who looks, say whether a month's sample is for them: the hospital's callers', everybody's once locked."""
    return viewer.may("months.sample") or (viewer.may("reports.read") and is_locked(month))


def board(
    session: Session, contract_id: int, month: str, viewer: Actor, now: datetime, *, is_locked: IsLocked
) -> Board:
    """Given a contract, a month and who looks, return the page. Raises NotFound for whom it is not (yet).

    While it is open, not for an account that somebody else could have opened today: Raises Refused.
    """
    if not may_see(viewer, month, is_locked):
        raise NotFound(NO_PAGE)
    locked = is_locked(month)
    if not locked:
        refuse_fresh_reset(session, viewer, now)
    found = _samples(session, contract_id, month, viewer)
    since = store.logged_since(session, contract_id, month, found[0].row.committed_at) if found and not locked else 0
    return Board(found, not locked and viewer.may("months.sample"), since)


def _samples(session: Session, contract_id: int, month: str, viewer: Actor) -> tuple[Sample, ...]:
    rows = store.of_month(session, contract_id, month)
    drawn = store.tickets_of(session, [row.id for row in rows]) if rows else {}
    sees_notes = viewer.may("notes.hospital")
    return tuple(Sample(row, tuple(_drawn(one, sees_notes) for one in drawn.get(row.id, ()))) for row in rows)


def _drawn(found: Any, sees_notes: bool) -> Drawn:
    row = found.SampleTicketRow
    return Drawn(
        row.place, found.number, row.ticket_id, found.type, found.title, found.state, tuple(row.strata.split(",")),
        row.answer, row.note if sees_notes else "", row.answered_at, row.answered_by,
    )  # fmt: skip


@dataclass(frozen=True)
class Card:
    """One ticket to be asked about: as it stood when the list was committed to, and what of it changed since.

    `phone` is the masked number's place where the whole one is kept, None where the number is no secret or not there.
    """

    drawn: Drawn
    facts: TicketFacts
    changed: tuple[str, ...]
    phone: MaskedText | None

    @property
    def dialled(self) -> str:
        """The number that can be called as it stands: an extension; nothing where it is masked, purged or not there."""
        told = self.facts.personal.get("phone", "")
        return "" if self.phone or told == PURGED or "*" in told else told


def card(session: Session, sample: Sample, drawn: Drawn, viewer: Actor) -> Card:
    """Given a draw, a ticket of it and who calls, return its card. Raises Refused without the right.

    What was told of the ticket after the commitment is not compared with what the caller hears: only named.
    """
    viewer.need("months.sample")
    events = audit.of_tickets(session, [drawn.ticket_id])[drawn.ticket_id]
    facts = fold(drawn.number, [one for one in events if one.recorded_at <= sample.row.committed_at])
    now = fold(drawn.number, events)
    assert facts is not None and now is not None
    phone = facts.personal.get("phone", "")
    kept = personal.masked_texts(session, drawn.number, viewer, ticket_id=drawn.ticket_id)
    places = [one for one in kept if one.field == "phone" and one.text == phone]
    compared = ("type", "withdrawn", *TIMES)
    changed = tuple(name for name in compared if getattr(facts, name) != getattr(now, name))
    return Card(drawn, facts, changed, places[-1] if places else None)


def phone(session: Session, which: Which, place: int, viewer: Actor) -> Reveal:
    """Given which draw, a place in it and who calls, return where its ticket's masked telephone number is kept whole.

    Raises NotFound where there is none, Refused without the right.
    """
    viewer.need("months.sample")
    found = one(session, which, viewer)
    drawn = found.at(place) if found else None
    kept = card(session, found, drawn, viewer).phone if found and drawn else None
    if kept is None:
        raise NotFound(NO_PAGE)
    return Reveal(kept.number, kept.seq, kept.field, "")


def one(session: Session, which: Which, viewer: Actor) -> Sample | None:
    """Given which draw and who looks, return it, or None; who may look was asked before."""
    found = _samples(session, which.contract_id, which.month, viewer)
    return next((one for one in found if one.row.number == which.number), None)


@dataclass(frozen=True)
class Result:
    """What stands beside the score: the newest draw of a month. Shares in hundredths of a per cent, half up.

    `low` and `high`: the Wilson interval of 95 %; None where nobody was reached. `earlier`: how many draws before it.
    """

    number: int
    n: int
    true: int
    false: int
    unreachable: int
    share: int | None
    low: int | None
    high: int | None
    seed: str
    list_digest: str
    drawn_at: datetime
    drawn_by: str
    callers: tuple[str, ...]
    finished_at: datetime | None
    earlier: int

    @property
    def sentence(self) -> Sentence:
        """The result in a sentence."""
        return sample_results.told(Tally(self.n, self.true, self.false, self.unreachable))


def result(session: Session, contract_id: int, month: str, viewer: Actor, *, is_locked: IsLocked) -> Result | None:
    """Given a contract, a month and who looks, return the month's result, or None: nothing drawn, or not for them yet.

    Two statements.
    """
    if not may_see(viewer, month, is_locked):
        return None
    drawn = [one for one in _samples(session, contract_id, month, viewer) if one.row.drawn_at is not None]
    if not drawn:
        return None
    row, found = drawn[0].row, drawn[0].tally
    low, high = found.interval or (None, None)
    assert row.drawn_at is not None
    callers = tuple(sorted({one.answered_by for one in drawn[0].tickets if one.answered_by}))
    return Result(
        row.number, found.drawn, found.true, found.false, found.unreachable, found.share, low, high, row.seed,
        row.digest, row.drawn_at, row.drawn_by, callers, row.finished_at, len(drawn) - 1,
    )  # fmt: skip
