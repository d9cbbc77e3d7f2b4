"""Letting points cut money, and taking that back: a supplementary agreement recorded with its scan, by both parties.

Not for the sheet itself (`services/scores.py`) nor for the month's money (`core/settlements.py`). The tender names no
such deduction (domain §2.6): nothing is cut unless one is recorded here, and a further one ends it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from ops_console.core.agreements import LEGAL_BASIS, PROPOSED, Draft
from ops_console.core.attachments import NewFile
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE
from ops_console.core.people import Actor
from ops_console.core.scores import Grade, Sheet
from ops_console.core.settlements import score_deduction
from ops_console.core.sheet_text import has_forbidden
from ops_console.core.terms import Terms, contract_years
from ops_console.services import agreements, proofs
from ops_console.services.ports import LastFrozen
from ops_console.services.scores import MONEY_KEY, check_month, first_day, need_time, of_subject, tell
from ops_console.store import agreements as store
from ops_console.store import proofs as proof_rows

PROOF = "agreement"  # the subject of the scan
LONGEST_DOCUMENT = 60


@dataclass(frozen=True)
class NewBasis:
    """What is proposed: a supplementary agreement's number and date, from which month, whether it cuts or ends."""

    document: str
    signed_on: str
    month: str
    cuts: bool
    reason: str


@dataclass(frozen=True)
class BasisView:
    """One recorded or proposed basis as the page shows it, with its scans."""

    row: store.AgreementRow
    document: str
    signed_on: date
    cuts: bool
    month: str
    proofs: Sequence[proof_rows.ProofRow]

    @property
    def waits(self) -> bool:
        """Whether the other party has still to say its word."""
        return self.row.state == PROPOSED


@dataclass(frozen=True)
class Example:
    """What a grade would cost in a month: the grade and the deduction in 分."""

    grade: Grade
    deduction: int


def propose(
    session: Session, contract_id: int, terms: Terms, new: NewBasis, files: Sequence[NewFile], *, actor: Actor,
    now: datetime, last_frozen: LastFrozen,
) -> int:  # fmt: skip
    """Given a contract, its terms, what is proposed and its scans, put it before the other party and return its id.

    Raises Refused without a number, a date that has come, a scan or a reason, for a month too early, for ending what
    is not in force, and as `agreements.propose` does.
    """
    check_month(new.month, now, terms, last_frozen(session, contract_id))
    document = new.document.strip()
    if not document or len(document) > LONGEST_DOCUMENT or has_forbidden(document):
        raise Refused("请写明补充协议的编号或名称，最多 %(n)s 个字。", field="document", n=LONGEST_DOCUMENT)
    signed_on = _day(new.signed_on, now)
    if not files:
        raise Refused("请附双方签字盖章的补充协议扫描件。", field="file")
    in_force = store.in_force(session, contract_id, LEGAL_BASIS, MONEY_KEY, first_day(new.month))
    if not new.cuts and not (in_force and json.loads(in_force.payload)["cuts"]):
        raise Refused("%(month)s 得分本来就不影响金额，不用停止。", month=new.month, field="cuts")
    payload = {"document": document, "signed_on": signed_on.isoformat(), "cuts": new.cuts}
    draft = Draft(LEGAL_BASIS, MONEY_KEY, payload, new.reason, first_day(new.month), files[0].digest)
    made_id = agreements.propose(session, contract_id, draft, actor, now)
    for file in files:
        proofs.attach(session, PROOF, str(made_id), file, actor, now, code="E9")
    tell(session, made_id, "money_basis_proposed", new.month, actor, now)
    return made_id


def _day(text: str, now: datetime) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise Refused("请写补充协议的签订日期。", field="signed_on") from None
    if day > now.astimezone(ZONE).date() or day.year < 2000:
        raise Refused("签订日期不能在今天之后；请先签订，再在这里登记。", field="signed_on")
    return day


def confirm(
    session: Session, contract_id: int, agreement_id: int, digest: str, *, actor: Actor, now: datetime,
    last_frozen: LastFrozen,
) -> None:  # fmt: skip
    """Given a proposed basis and the digest of what was seen, confirm it for one's own side. Raises Refused."""
    row = of_subject(session, contract_id, agreement_id, LEGAL_BASIS)
    need_time(row, now, last_frozen(session, contract_id))
    agreements.confirm(session, agreement_id, digest, actor, now)
    tell(session, agreement_id, "money_basis_in_force", f"{row.effective_from:%Y-%m}", actor, now)


def history(session: Session, contract_id: int, actor: Actor) -> tuple[BasisView, ...]:
    """Given a contract and who asks, return every basis proposed or recorded, the newest first. Two statements."""
    actor.need("contracts.read")
    rows = store.of_subject(session, contract_id, LEGAL_BASIS, MONEY_KEY)
    files = proof_rows.of_subjects(session, PROOF, [str(row.id) for row in rows])
    return tuple(_view(row, files.get(str(row.id), ())) for row in rows)


def _view(row: store.AgreementRow, files: Sequence[proof_rows.ProofRow]) -> BasisView:
    told = json.loads(row.payload)
    signed_on, month = date.fromisoformat(told["signed_on"]), f"{row.effective_from:%Y-%m}"
    return BasisView(row, str(told["document"]), signed_on, bool(told["cuts"]), month, files)


def examples(terms: Terms, sheet: Sheet | None, month: str) -> tuple[Example, ...]:
    """Given the terms, the sheet and a month, return what each grade would cost; nothing without a fee or a sheet."""
    place = _place_in_year(terms, month)
    if terms.fee is None or sheet is None or place is None:
        return ()
    fee, most = terms.fee.of_month(month, place), terms.settlement.at_risk
    return tuple(Example(grade, score_deduction(fee, grade.ratio, most)) for grade in sheet.grades)


def _place_in_year(terms: Terms, month: str) -> int | None:
    """Which month of its contract year it is, from 0; None outside the term."""
    for first, last in contract_years(terms):
        if f"{first:%Y-%m}" <= month <= f"{last:%Y-%m}":
            year, number = (int(part) for part in month.split("-"))
            return min(11, (year - first.year) * 12 + number - first.month)
    return None
