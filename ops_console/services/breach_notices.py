"""扣款通知: what stands on the notice to the vendor about a deduction under C-55, and that it was printed.

Not for setting it (a port), nor for words on it (the face). A notice deducts nothing: people carry it out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core import breach_acts as rules
from ops_console.core.attachments import PRINTED
from ops_console.core.breach_clocks import Countdown
from ops_console.core.breaches import CLAUSE, SUBJECT, Case, Line
from ops_console.core.chain import canonical
from ops_console.core.documents import CODE_LENGTH
from ops_console.core.errors import Refused
from ops_console.core.moments import whole
from ops_console.core.people import Actor
from ops_console.core.tickets import Event
from ops_console.services.breaches import view
from ops_console.services.contracts import Book
from ops_console.store import audit
from ops_console.store import breaches as store
from ops_console.store import documents as papers

DOCUMENT = "deduction_notice"
SIGNED = ("breach_found", "breach_approved")


@dataclass(frozen=True)
class Notice:
    """A notice ready to be printed. `amount` is in 分; `clause` the contract's own text, "" where it lists none.

    `code` begins the hash of the case's newest event, number `seq`. `resets`: kind of event -> when the account of who
    found or approved had been reset by somebody else, within 30 days before.
    """

    case: Case
    contract: str
    parties: tuple[str, str]
    clause: str
    place: str
    finding: str
    clock: Countdown | None
    amount: int
    line: Line
    month: str
    objection: str
    acknowledged_at: datetime | None
    resets: Mapping[str, datetime]
    seq: int
    code: str

    @property
    def digest(self) -> str:
        """The hash of what the notice says: its figures and instants, and the finding."""
        case = self.case
        said = {
            "number": case.number, "category": case.category, "month": case.month, "lands_in": self.month,
            "amount": self.amount, "finding": self.finding, "clause": self.clause, "contract": self.contract,
            "found_at": _iso(case.found_at), "approved_at": _iso(case.approved_at),
            **{name: _iso(getattr(case, name)) for name in rules.TIMES},
        }  # fmt: skip
        return hashlib.sha256(canonical(said).encode()).hexdigest()


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def notice(session: Session, book: Book, number: str, actor: Actor, now: datetime) -> Notice:
    """Given an approved case and who asks, return its notice. Raises NotFound, Refused before it is approved.

    Refused too where the contract names no fee: a notice without a sum tells nobody anything.
    """
    shown = view(session, book, number, actor, now)
    case, terms = shown.case, shown.terms
    rules.need(rules.PRINT, case, actor, now)
    line = shown.cost
    if line is None or line.amount is None:
        raise Refused("合同没有填写运维费用，算不出扣款金额；请在合同设置中填写并经双方确认后再打印。", field="fee")
    clause = terms.clause(CLAUSE)
    seq, link = papers.last_link(session, number)
    resets = {event.kind: event.credential_reset_at for event in shown.events if event.kind in SIGNED}
    return Notice(
        case, f"{terms.name}（{terms.number}）", (terms.hospital, terms.vendor), clause.text if clause else "",
        clause.section if clause else "", shown.row.finding,
        next((clock for clock in shown.clocks if clock.is_internal), None), line.amount, line,
        shown.lands_in, shown.row.objection, shown.row.acknowledged_at,
        {kind: at for kind, at in resets.items() if at}, seq, link[:CODE_LENGTH],
    )  # fmt: skip


def note_printed(session: Session, printed: Notice, actor: Actor, now: datetime) -> None:
    """Given a notice about to be printed, append that to the case: only a paper so recorded is told to agree."""
    at = whole(now)
    facts: dict[str, object] = {"document": DOCUMENT, "of": printed.code, "shown": printed.digest}
    row = store.one(session, printed.case.number, actor.side, hold=True)
    assert row is not None, "the notice is of a case that is seen"
    event = Event(PRINTED, at, at, actor.account, actor.side, facts=facts)
    audit.append(session, SUBJECT, printed.case.number, event)
