"""The scoring sheet's versions: proposed by one party, confirmed by the other, in force from a month on.

Not for editing (`core/score_drafts.py`), for computing a month nor for recording a legal basis
(`services/score_money.py`): without one points cut no money.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.agreements import IN_FORCE, LEGAL_BASIS, PROPOSED, SHEET, Draft
from ops_console.core.chain import canonical
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import day_start, month_of, parse_month, shift_month
from ops_console.core.people import HOSPITAL, VENDOR, Actor
from ops_console.core.plain import made, plain
from ops_console.core.score_checks import check_sheet
from ops_console.core.score_words import SheetChange, differences, task_names
from ops_console.core.scores import Sheet
from ops_console.core.terms import Terms
from ops_console.services import agreements
from ops_console.services.ports import LastFrozen
from ops_console.store import agreements as store
from ops_console.store import messages

KEY, MONEY_KEY = "sheet", "score"
TOLD_FOR = timedelta(days=90)


@dataclass(frozen=True)
class SheetVersion:
    """A version of the sheet as pages show it; `changes` is how it differs from what counted before it.

    `is_first`: nothing counted before it.
    """

    row: store.AgreementRow
    sheet: Sheet
    month: str
    changes: tuple[SheetChange, ...] = ()
    is_first: bool = False

    @property
    def waits(self) -> bool:
        """Whether the other party has still to say its word."""
        return self.row.state == PROPOSED


def sheet_in_force(session: Session, contract_id: int, month: str) -> Sheet | None:
    """Given a contract and a month, return the sheet that counts in it, or None where the parties agreed on none."""
    found = sheet_version(session, contract_id, month)
    return found.sheet if found else None


def sheet_version(session: Session, contract_id: int, month: str) -> SheetVersion | None:
    """Given a contract and a month, return the version that counts in it, without its changes, or None."""
    row = store.in_force(session, contract_id, SHEET, KEY, first_day(month))
    return _version(row) if row else None


def versions(session: Session, contract_id: int, terms: Terms, actor: Actor) -> tuple[SheetVersion, ...]:
    """Given a contract, its terms and who asks, return every version, the newest first, each with what it changes."""
    actor.need("contracts.read")
    rows = store.of_subject(session, contract_id, SHEET, KEY)
    return tuple(_version(row, _before(row, rows), task_names(terms)) for row in rows)


def version(session: Session, contract_id: int, terms: Terms, agreement_id: int, actor: Actor) -> SheetVersion:
    """Given a contract, its terms, a version's id and who asks, return it with its changes. Raises NotFound."""
    found = next((one for one in versions(session, contract_id, terms, actor) if one.row.id == agreement_id), None)
    if found is None:
        raise NotFound("没有这一版评分表。")
    return found


def _version(
    row: store.AgreementRow, before: store.AgreementRow | None = None, tasks: Mapping[str, str] | None = None
) -> SheetVersion:
    sheet = made(Sheet, json.loads(row.payload))
    old = made(Sheet, json.loads(before.payload)) if before else None
    changes = differences(old, sheet, tasks or {}) if old else ()
    assert row.effective_from is not None
    return SheetVersion(row, sheet, f"{row.effective_from:%Y-%m}", changes, old is None)


def _before(row: store.AgreementRow, rows: Sequence[store.AgreementRow]) -> store.AgreementRow | None:
    """What counted in the month that this version begins with, were it not there."""
    assert row.effective_from is not None
    earlier = [
        other for other in rows
        if other.state == IN_FORCE and other.effective_from is not None and other.id != row.id
        and (other.effective_from, other.id) < (row.effective_from, row.id)
    ]  # fmt: skip
    return max(earlier, key=lambda other: (other.effective_from, other.id), default=None)


def first_day(month: str) -> date:
    """Given `2026-03`, return its first day."""
    return date.fromisoformat(f"{parse_month(month)}-01")


# -- acts -------------------------------------------------------------------------------------------------------------


def earliest(now: datetime, terms: Terms, last_frozen: str) -> str:
    """Given now, the terms and the last frozen month ("" for none), return the first month a new version may begin in.

    The next one, so that nobody changes the rules of a month that runs; before any month was closed, the first that
    is judged.
    """
    if last_frozen:
        return shift_month(max(month_of(now), last_frozen), 1)
    return month_of(day_start(terms.live_on()))


def check_month(month: str, now: datetime, terms: Terms, last_frozen: str) -> str:
    """Given a month as typed, return it. Raises Refused on the field `month` for one too early or past the contract."""
    parse_month(month)
    first = earliest(now, terms, last_frozen)
    if month < first:
        raise Refused("生效月份最早是 %(month)s；已经开始或结算的月份不改评分表。", month=first, field="month")
    if month > f"{terms.ends_on:%Y-%m}":
        raise Refused("生效月份应在合同期内，最晚 %(month)s。", month=f"{terms.ends_on:%Y-%m}", field="month")
    return month


def propose(
    session: Session, contract_id: int, terms: Terms, sheet: Sheet, month: str, reason: str, *, actor: Actor,
    now: datetime, last_frozen: LastFrozen,
) -> int:  # fmt: skip
    """Given a contract, its terms, a sheet, the month it is to begin in and why, put it before the other party.

    Raises Refused for a sheet that is not sound or changes nothing, a month too early, and as `agreements.propose`.
    """
    check_month(month, now, terms, last_frozen(session, contract_id))
    problems = check_sheet(sheet)
    if problems:
        raise Refused("%(told)s", told=problems[0].sentence, field=problems[0].place)
    payload = plain(sheet)
    before = store.in_force(session, contract_id, SHEET, KEY, first_day(month))
    if before is not None and before.payload == canonical(payload):
        raise Refused("与 %(month)s 生效的评分表相同，没有改动。", month=month, field="month")
    draft = Draft(SHEET, KEY, payload, reason, first_day(month))
    made_id = agreements.propose(session, contract_id, draft, actor, now)
    tell(session, made_id, "sheet_proposed", month, actor, now)
    return made_id


def confirm(
    session: Session, contract_id: int, terms: Terms, agreement_id: int, digest: str, *, actor: Actor, now: datetime,
    last_frozen: LastFrozen,
) -> None:  # fmt: skip
    """Given a proposed version and the digest of what was seen, confirm it for one's own side; it is in force.

    Raises Refused once its month is over or frozen, and as `agreements.confirm` does.
    """
    row = of_subject(session, contract_id, agreement_id, SHEET)
    need_time(row, now, last_frozen(session, contract_id))
    agreements.confirm(session, agreement_id, digest, actor, now)
    tell(session, agreement_id, "sheet_in_force", f"{row.effective_from:%Y-%m}", actor, now)


def refuse(
    session: Session, contract_id: int, agreement_id: int, answer: str, *, subject: str, actor: Actor, now: datetime
) -> None:
    """Given what the other party proposed on a subject and why not, note one's own side's no."""
    row = of_subject(session, contract_id, agreement_id, subject)
    agreements.refuse(session, agreement_id, answer, actor, now)
    tell(session, agreement_id, f"{subject}_refused", f"{row.effective_from:%Y-%m}", actor, now)


def withdraw(
    session: Session, contract_id: int, agreement_id: int, *, subject: str, actor: Actor, now: datetime
) -> None:
    """Given one's own proposal on a subject, take it back while it waits."""
    of_subject(session, contract_id, agreement_id, subject)
    agreements.withdraw(session, agreement_id, actor, now)


def need_time(row: store.AgreementRow, now: datetime, last_frozen: str) -> None:
    """Given a proposal, now and the last frozen month, let it pass while its first month is not over."""
    month = f"{row.effective_from:%Y-%m}"
    if last_frozen and month < max(month_of(now), shift_month(last_frozen, 1)):
        raise Refused("生效月份 %(month)s 已经过去，不能再确认；请重新提出，从以后的月份起。", month=month)


def of_subject(session: Session, contract_id: int, agreement_id: int, subject: str) -> store.AgreementRow:
    """Given a contract, an agreement's id and its subject, return it. Raises NotFound for another's."""
    row = store.one(session, agreement_id)
    if row is None or (row.contract_id, row.subject) != (contract_id, subject):
        raise NotFound("没有这一项约定。")
    return row


def tell(session: Session, agreement_id: int, kind: str, month: str, actor: Actor, now: datetime) -> None:
    """Given an agreement of which something was said, tell the other party of it."""
    other = VENDOR if actor.side == HOSPITAL else HOSPITAL
    messages.put(
        session, dedup_key=f"{kind}/{agreement_id}", audience=other, kind=kind, payload={"month": month},
        created_at=now, expires_at=now + TOLD_FOR,
    )  # fmt: skip


# -- money ------------------------------------------------------------------------------------------------------------


def money_basis(session: Session, contract_id: int, month: str) -> str:
    """Given a contract and a month, return the legal basis on which points cut money in it, "" where there is none."""
    row = store.in_force(session, contract_id, LEGAL_BASIS, MONEY_KEY, first_day(month))
    told = json.loads(row.payload) if row else {}
    return f"{told['document']} {told['signed_on']}" if told.get("cuts") else ""
