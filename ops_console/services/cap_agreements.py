"""What both parties agree upon about a cap's entry: its requirement sheet, the ways out over the cap, split and merge.

One proposes, the other confirms with a second factor of their own (`services/agreements.py`); then it has its effect,
in the same transaction. Not for what one party does alone (`services/cap_entries.py`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.agreements import CAP_RETURN, CAP_SHEET, CAP_SPLIT, OVER_CAP, Draft
from ops_console.core.cap_entries import (
    CAP_BESIDE,
    CAP_DEFERRED,
    CAP_RENAMED,
    CAP_RETURNED,
    CAP_SHEET_AGREED,
    LONGEST_DOCUMENT,
    MERGE_ACT,
    RETURN_ACT,
    RETYPE_ACT,
    SHEET_ACT,
    SPLIT_ACT,
    SUBJECT,
    acts_open,
    check_merge,
    check_speaker,
    check_text,
    check_title,
)
from ops_console.core.caps import (
    DEFERRED,
    GIVEN_BACK,
    GOODWILL,
    MERGED,
    ORDER,
    RETYPED,
    CapEntry,
    local_day,
    year_of,
)
from ops_console.core.contracts import YearlyCap
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.money import fen_of
from ops_console.core.people import Actor
from ops_console.core.tickets import Event
from ops_console.services import agreements
from ops_console.services.cap_entries import Counting, add, counting, keep, note
from ops_console.services.cap_requests import NewEntry, asked
from ops_console.services.contracts import Book
from ops_console.store import agreements as rows
from ops_console.store import caps as store
from ops_console.store import proofs

SUBJECTS = {
    SHEET_ACT: CAP_SHEET, ORDER: OVER_CAP, GOODWILL: OVER_CAP, DEFERRED: OVER_CAP, RETYPE_ACT: OVER_CAP,
    RETURN_ACT: CAP_RETURN, SPLIT_ACT: CAP_SPLIT, MERGE_ACT: CAP_SPLIT,
}  # fmt: skip
NO_CAP = "none"  # re-typed to what uses no cap


@dataclass(frozen=True)
class Way:
    """The command that proposes an act of both parties about an entry. What an act does not need is not looked at.

    `document` and `amount` (元, as typed) are of a change order, `agreed_on` and `proof` (a file's hash) of the sheet,
    `clause` of a re-typing (NO_CAP: none), `titles` of a split, `into` (an id, as typed) of a merge.
    """

    entry: int
    act: str
    reason: str
    document: str = ""
    amount: str = ""
    agreed_on: date | None = None
    proof: str = ""
    clause: str = ""
    titles: tuple[str, str] = ("", "")
    into: str = ""


def key_of(entry_id: int) -> str:
    """Given an entry, return the key of the agreements about it."""
    return f"cap/{entry_id}"


def propose(session: Session, book: Book, way: Way, actor: Actor, now: datetime) -> int:
    """Given the command, put the act before the other party and return the agreement's id. Raises Refused."""
    if way.act not in SUBJECTS:
        raise Refused("请选择怎样商定。", field="act")
    check_speaker(way.act, actor, proposes=True)
    entry, found = counting(session, book, way.entry, now)
    _check_open(entry, found, way.act)
    payload = {
        "act": way.act,
        "entry": entry.id,
        "title": entry.title,
        **MAKE[way.act](session, entry, found, way, now),
    }
    draft = Draft(
        SUBJECTS[way.act], key_of(entry.id), payload, way.reason, proof=way.proof if way.act == SHEET_ACT else ""
    )
    return agreements.propose(session, entry.contract_id, draft, actor, now)


def _check_open(entry: CapEntry, found: Counting, act: str) -> None:
    if act not in acts_open(entry, agreement_first=found.cap.agreement_first):
        raise Refused("“%(title)s”的情况已变，不能再这样商定；请刷新页面。", title=entry.title)


def _sheet(session: Session, entry: CapEntry, found: Counting, way: Way, now: datetime) -> dict[str, object]:
    today = local_day(now)
    if way.agreed_on is None or way.agreed_on > today or way.agreed_on < local_day(entry.requested_at):
        raise Refused("请写双方确认需求单的日期，在提出之后、不晚于今天。", field="agreed_on")
    if proofs.standing(session, SUBJECT, str(entry.id), way.proof) is None:
        raise Refused("请先上传需求单或确认函，再选它作凭证。", field="proof")
    return {"agreed_on": way.agreed_on.isoformat()}


def _order(session: Session, entry: CapEntry, found: Counting, way: Way, now: datetime) -> dict[str, object]:
    if not way.document.strip():
        raise Refused("请写变更单或补充协议的编号。", field="document")
    check_text(way.document, "document", LONGEST_DOCUMENT)
    return {"document": way.document.strip(), "fee": fen_of(way.amount), "year": found.year.year}


def _goodwill(session: Session, entry: CapEntry, found: Counting, way: Way, now: datetime) -> dict[str, object]:
    return {"year": found.year.year}


def _deferred(session: Session, entry: CapEntry, found: Counting, way: Way, now: datetime) -> dict[str, object]:
    following = year_of(found.terms, found.year.last + timedelta(days=1))
    if following is None:
        raise Refused("本合同没有下一合同年，不能推迟；请选其他办法。", field="act")
    return {"year": following[0], "not_before": following[1].isoformat()}


def _retype(session: Session, entry: CapEntry, found: Counting, way: Way, now: datetime) -> dict[str, object]:
    other = found.terms.clause(way.clause)
    if way.clause != NO_CAP and (not isinstance(other, YearlyCap) or other.id == entry.clause):
        raise Refused("请选择改归哪一条额度，或不占额度。", field="clause")
    return {"clause": way.clause}


def _return(session: Session, entry: CapEntry, found: Counting, way: Way, now: datetime) -> dict[str, object]:
    return {}


def _split(session: Session, entry: CapEntry, found: Counting, way: Way, now: datetime) -> dict[str, object]:
    for title in way.titles:
        check_title(title, "titles")
    return {"titles": [title.strip() for title in way.titles]}


def _merge(session: Session, entry: CapEntry, found: Counting, way: Way, now: datetime) -> dict[str, object]:
    typed = way.into.strip().removeprefix("#")
    into_id = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    into = store.one(session, into_id) if into_id else None
    check_merge(entry, into)
    return {"into": into_id}


MAKE: Mapping[str, Callable[[Session, CapEntry, Counting, Way, datetime], dict[str, object]]] = {
    SHEET_ACT: _sheet, ORDER: _order, GOODWILL: _goodwill, DEFERRED: _deferred, RETYPE_ACT: _retype,
    RETURN_ACT: _return, SPLIT_ACT: _split, MERGE_ACT: _merge,
}  # fmt: skip


# -- the other party's word -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agreed:
    """What both parties agreed upon just now: the entry held, its cap counted, the proposal's payload, who confirmed.

    `told` is the payload with the agreement's id.
    """

    entry: CapEntry
    found: Counting
    told: Mapping[str, object]
    actor: Actor
    now: datetime

    def facts(self, *names: str) -> dict[str, object]:
        """Given names of the payload, return those it tells, for an event."""
        return {name: self.told[name] for name in ("agreement", *names) if name in self.told}


def confirm(session: Session, book: Book, agreement_id: int, digest: str, actor: Actor, now: datetime) -> CapEntry:
    """Given a proposal, the digest of what was seen and who confirms, let it have its effect; return the entry.

    Raises Refused as `agreements.confirm` does, and when the entry's state no longer allows it.
    """
    told = _told(session, agreement_id)
    act, also = str(told["act"]), [int(str(told["into"]))] if "into" in told else []
    check_speaker(act, actor, proposes=False)
    entry, found = counting(session, book, int(str(told["entry"])), now, also=also)
    agreements.confirm(session, agreement_id, digest, actor, now)
    _check_open(entry, found, act)
    return DO[act](session, Agreed(entry, found, {**told, "agreement": agreement_id}, actor, now))


def refuse(session: Session, agreement_id: int, answer: str, actor: Actor, now: datetime) -> int:
    """Given a proposal and why not, note the other side's no and return the entry's id."""
    told = _told(session, agreement_id)
    check_speaker(str(told["act"]), actor, proposes=False)
    agreements.refuse(session, agreement_id, answer, actor, now)
    return int(str(told["entry"]))


def withdraw(session: Session, agreement_id: int, actor: Actor, now: datetime) -> int:
    """Given one's own proposal, take it back and return the entry's id."""
    told = _told(session, agreement_id)
    agreements.withdraw(session, agreement_id, actor, now)
    return int(str(told["entry"]))


def _told(session: Session, agreement_id: int) -> dict[str, object]:
    """The payload of a proposal about an entry; not held yet, for the contract's counting is held before it."""
    row = rows.one(session, agreement_id)
    if row is None or row.subject not in SUBJECTS.values():
        raise NotFound("没有这一项约定。")
    return told_of(row)


def told_of(row: rows.AgreementRow) -> dict[str, object]:
    """Given an agreement about an entry, return what it sets: its payload."""
    told: dict[str, object] = json.loads(row.payload)
    return told


def _do_sheet(session: Session, agreed: Agreed) -> CapEntry:
    return note(session, agreed.entry, CAP_SHEET_AGREED, agreed.actor, agreed.now, facts=agreed.facts("agreed_on"))


def _do_beside(session: Session, agreed: Agreed) -> CapEntry:
    facts = {**agreed.facts("document", "fee"), "way": agreed.told["act"], "year": agreed.found.year.year}
    return note(session, agreed.entry, CAP_BESIDE, agreed.actor, agreed.now, facts=facts)


def _do_defer(session: Session, agreed: Agreed) -> CapEntry:
    facts = agreed.facts("year", "not_before")
    return note(session, agreed.entry, CAP_DEFERRED, agreed.actor, agreed.now, facts=facts)


def _do_return(session: Session, agreed: Agreed) -> CapEntry:
    return _returned(session, agreed, GIVEN_BACK)


def _do_retype(session: Session, agreed: Agreed) -> CapEntry:
    other = agreed.found.terms.clause(str(agreed.told["clause"]))
    if isinstance(other, YearlyCap):
        _ask_anew(session, agreed, other, agreed.entry.title, f"retype/{agreed.told['agreement']}")
    return _returned(session, agreed, RETYPED)


def _do_merge(session: Session, agreed: Agreed) -> CapEntry:
    check_merge(agreed.entry, store.one(session, int(str(agreed.told["into"]))))
    return _returned(session, agreed, MERGED)


def _do_split(session: Session, agreed: Agreed) -> CapEntry:
    titles = agreed.told["titles"]
    assert isinstance(titles, list)
    _ask_anew(session, agreed, agreed.found.cap, str(titles[1]), f"split/{agreed.told['agreement']}")
    at, actor = whole(agreed.now), agreed.actor
    texts = {"title": str(titles[0])}
    event = Event(CAP_RENAMED, at, at, actor.account, actor.side, facts=agreed.facts(), personal=texts)
    return keep(session, agreed.entry, event)


def _returned(session: Session, agreed: Agreed, why: str) -> CapEntry:
    facts = {**agreed.facts("into", "clause"), "why": why}
    return note(session, agreed.entry, CAP_RETURNED, agreed.actor, agreed.now, facts=facts)


def _ask_anew(session: Session, agreed: Agreed, cap: YearlyCap, title: str, key: str) -> CapEntry:
    """Another entry out of the same request; its start needs an approval of its own."""
    entry, is_same = agreed.entry, cap.id == agreed.entry.clause
    command = NewEntry(cap.id, title, key, entry.requester, entry.side, entry.ticket if is_same else "")
    event = asked(
        cap, agreed.found.year.year, command, agreed.actor.account, agreed.actor.side, at=entry.requested_at,
        now=agreed.now, contract_id=entry.contract_id,
    )  # fmt: skip
    event = replace(event, facts={**event.facts, **agreed.facts(), "from": entry.id})
    ticket_id = store.ticket_id_of(session, entry.id) if is_same else None
    return add(session, event, ticket_id=ticket_id, dedup_key=key)


DO: Mapping[str, Callable[[Session, Agreed], CapEntry]] = {
    SHEET_ACT: _do_sheet, ORDER: _do_beside, GOODWILL: _do_beside, DEFERRED: _do_defer, RETYPE_ACT: _do_retype,
    RETURN_ACT: _do_return, SPLIT_ACT: _do_split, MERGE_ACT: _do_merge,
}  # fmt: skip
