"""The sheet that both parties stamp at go-live: what of the contract counts, and which reading of each question.

Not for setting it (a port) nor for its words (the face). Printing it is recorded; the stamp is on paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from ops_console.core.attachments import PRINTED
from ops_console.core.clauses import readings_of
from ops_console.core.errors import NotFound
from ops_console.core.moments import whole
from ops_console.core.people import Actor
from ops_console.core.readings import Conflict, Option, Question, conflicts
from ops_console.core.terms import Terms, VersionInForce
from ops_console.core.tickets import Event
from ops_console.services.contract_views import VersionView, overview
from ops_console.services.contracts import Book
from ops_console.store import audit, proofs
from ops_console.store.proofs import ProofRow

SUBJECT = "contract"  # of the scans that prove what the contract says of its past


@dataclass(frozen=True)
class Answer:
    """A question with the answer that counts, and the version with which both agreed upon it (None: default)."""

    question: Question
    option: Option
    agreed: VersionView | None


@dataclass(frozen=True)
class GoLive:
    """The sheet: the contract's newest version as it counts, its answers, the scans kept with it, the chain's head."""

    version: VersionInForce
    answers: tuple[Answer, ...]
    scans: Sequence[ProofRow]
    conflicts: tuple[Conflict, ...]
    seq: int
    head: str

    @property
    def terms(self) -> Terms:
        """The terms as they count."""
        return self.version.terms

    @property
    def own_days(self) -> tuple[tuple[str, date], ...]:
        """The clauses with a go-live day of their own."""
        return tuple((clause.id, clause.go_live_on) for clause in self.terms.clauses if clause.go_live_on)

    @property
    def lacks_scan(self) -> bool:
        """Whether opening balances stand there without any paper that says so."""
        return bool(self.terms.openings) and not any(scan.voided_at is None for scan in self.scans)


def newest(book: Book, contract_id: int) -> VersionInForce:
    """Given the book and a contract, return its version in force that counts last. Raises NotFound for none."""
    ours = [version for version in book.versions if version.contract_id == contract_id]
    if not ours:
        raise NotFound("没有这份合同。")
    return max(ours, key=lambda version: (version.terms.counts_from, version.version))


def go_live(session: Session, book: Book, contract_id: int, actor: Actor) -> GoLive:
    """Given a contract and who asks, return its sheet. Raises NotFound for none such, Refused without the right."""
    views = [view for view in overview(session, actor) if view.contract_id == contract_id]
    version = newest(book, contract_id)
    return GoLive(
        version, answers(version.terms, views), proofs.of_subject(session, SUBJECT, str(contract_id)),
        conflicts(version.terms), *audit.chain_head(session),
    )  # fmt: skip


def answers(terms: Terms, views: Sequence[VersionView]) -> tuple[Answer, ...]:
    """Given terms and the contract's versions, return every question's answer and the version that agreed upon it."""
    agreed: dict[str, VersionView] = {}
    for view in sorted(views, key=lambda one: one.version):
        if view.state == "in_force":
            agreed.update((one.question.id, view) for one in view.answers)
    return tuple(
        Answer(question, option, agreed.get(question.id) if chosen else None)
        for question, option, chosen in readings_of(terms)
    )


def note_printed(session: Session, printed: GoLive, actor: Actor, now: datetime) -> None:
    """Given the sheet about to be printed, append that with the digest that stands on it."""
    actor.need("contracts.read")
    facts: dict[str, object] = {
        "document": "go_live", "version": printed.version.version, "digest": printed.version.confirmed.digest(),
    }  # fmt: skip
    at = whole(now)
    event = Event(PRINTED, at, at, actor.account, actor.side, facts=facts)
    audit.append(session, SUBJECT, str(printed.version.contract_id), event)
