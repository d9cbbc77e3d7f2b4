"""What becomes of a cap's entry: its start approved or held over the cap, accepted, withdrawn.

Not for asking for one (`services/cap_requests.py`), for what both parties agree upon (`services/cap_agreements.py`) nor
for reading (`services/caps.py`). A cap never blocks a fault, a defect or a directive: nothing of a ticket's life asks
here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.cap_entries import (
    APPLY,
    CAP_ACCEPTED,
    CAP_APPROVED,
    CAP_HELD,
    CAP_RETURNED,
    SUBJECT,
    check_start,
    check_state,
    check_text,
    fold,
    may_withdraw,
)
from ops_console.core.caps import (
    CANCELLED,
    HELD,
    RESERVED,
    WITHDRAWN,
    CapEntry,
    CapYear,
    count,
    in_effect,
    local_day,
    year_of,
)
from ops_console.core.classification import ALL_VISITS, is_in_cap
from ops_console.core.contracts import YearlyCap
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import Actor
from ops_console.core.terms import Terms
from ops_console.core.ticket_folds import fold as fold_ticket
from ops_console.core.tickets import Event, TicketFacts
from ops_console.services.cap_warnings import tell, warn
from ops_console.services.contracts import Book
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import audit, tickets
from ops_console.store import caps as store
from ops_console.store.masks import masker_of


@dataclass(frozen=True)
class Counting:
    """A contract's caps held for counting: its terms in effect, the clause in question, and its year as of now."""

    terms: Terms
    cap: YearlyCap
    year: CapYear


def year_now(terms: Terms, now: datetime) -> int:
    """Given terms and now, return the contract year (from 1). Raises Refused outside the term."""
    found = year_of(terms, local_day(now))
    if found is None:
        raise Refused("今天不在合同 %(number)s 的合同期内，没有可用的年度额度。", number=terms.number)
    return found[0]


def facts_of(session: Session, row: tickets.TicketRow) -> TicketFacts:
    """Given a ticket's row, return what its events come to."""
    facts = fold_ticket(row.number, audit.of_tickets(session, [row.id])[row.id])
    assert facts is not None
    return facts


def add(session: Session, event: Event, *, ticket_id: int | None, dedup_key: str) -> CapEntry:
    """Given the event that an entry begins with, store both and return the entry."""
    masked = masker_of(session).event(event)
    entry_id = store.add(session, fold(0, [masked]), ticket_id=ticket_id, dedup_key=dedup_key)
    audit.append(session, SUBJECT, str(entry_id), masked)
    return fold(entry_id, [masked])


def keep(session: Session, entry: CapEntry, event: Event) -> CapEntry:
    """Given a held entry and its next event, store both and return what the entry comes to."""
    masked = masker_of(session).event(event)
    told = APPLY[masked.kind](entry, masked)
    store.store(session, told)
    audit.append(session, SUBJECT, str(entry.id), masked)
    return told


def note(
    session: Session, entry: CapEntry, kind: str, actor: Actor, now: datetime, *, facts: Mapping[str, object],
    reason: str = "",
) -> CapEntry:  # fmt: skip
    """Given a held entry, let the next event of it happen now and return what the entry comes to."""
    at = whole(now)
    marks = {**facts, **signing_facts(session, actor, now)}
    personal = {"reason": reason} if reason else {}
    return keep(session, entry, Event(kind, at, at, actor.account, actor.side, facts=marks, personal=personal))


def held(session: Session, entry_id: int) -> CapEntry:
    """Given an id, return the entry held until the commit. Raises NotFound."""
    entry = store.hold(session, [entry_id]).get(entry_id)
    if entry is None:
        raise NotFound("没有这一项额度需求。")
    return entry


def counting(
    session: Session, book: Book, entry_id: int, now: datetime, *, also: Iterable[int] = ()
) -> tuple[CapEntry, Counting]:
    """Given an entry, hold its contract's counting and return the entry held, with its cap's year as of now.

    Entries in `also` are held with it, all in the one order of their ids.

    Raises NotFound, Refused when its contract is not the one in force.
    """
    seen = store.one(session, entry_id)
    if seen is None:
        raise NotFound("没有这一项额度需求。")
    store.hold_counting(session, seen.contract_id)
    entry = store.hold(session, [entry_id, *also])[entry_id]
    version, today = book.at(now), local_day(now)
    terms = in_effect(version.terms)
    cap = terms.clause(entry.clause)
    if version.contract_id != entry.contract_id or not isinstance(cap, YearlyCap):
        raise Refused("“%(title)s”所属的合同或额度条款已不生效，不能再办理。", title=entry.title)
    year_now(terms, now)
    years = count(terms, store.of_contract(session, entry.contract_id), today, today)
    return entry, Counting(terms, cap, next(year for year in years if year.clause == cap.id))


def approve(session: Session, book: Book, entry_id: int, actor: Actor, now: datetime) -> CapEntry:
    """Given an entry, let the hospital approve its start: 已占用 while the cap lasts, else 超额待商定 (domain §1.9).

    One that would exceed the cap is not refused but held, its work not to begin until both settle it. Raises Refused
    without the right, a fresh second factor, before the requirement sheet is agreed on (C-31) or its class is.
    """
    need_chief(session, actor, now)
    entry, found = counting(session, book, entry_id, now)
    check_start(entry, local_day(now), agreement_first=found.cap.agreement_first)
    _check_live(found.terms, found.cap, now)
    _check_class(session, found.terms, entry)
    year = found.year
    facts = {"year": year.year, "limit": year.limit}
    if year.taken < year.limit:
        told = note(session, entry, CAP_APPROVED, actor, now, facts={**facts, "taken": year.taken + 1})
        warn(session, entry.contract_id, year, year.taken + 1, now)
        return told
    if entry.state == HELD:
        raise Refused("“%(cap)s”本合同年仍已用满，请先与对方商定。", cap=year.name)
    told = note(session, entry, CAP_HELD, actor, now, facts={**facts, "taken": year.taken})
    payload = {"entry": entry.id, "clause": year.clause, "cap": year.name, "title": entry.title, "limit": year.limit}
    tell(session, f"cap_held/{entry.id}/{whole(now).isoformat()}", "cap_held", payload, now)
    return told


def _check_live(terms: Terms, cap: YearlyCap, now: datetime) -> None:
    live_on = terms.live_on(cap.id)
    if local_day(now) < live_on:
        raise Refused("这一额度自 %(day)s 起在控制台计；此前用掉的次数写在合同的期初余额里。", day=live_on.isoformat())


def _check_class(session: Session, terms: Terms, entry: CapEntry) -> None:
    """What uses a cap is settled by both: neither fills it with what the other calls a defect (domain §1.8).

    Where every visit counts (K2), the class of what somebody came for decides nothing.
    """
    row = tickets.by_number(session, entry.ticket) if entry.ticket else None
    cap = terms.clause(entry.clause)
    if row is None or not isinstance(cap, YearlyCap) or not cap.types or cap.scope == ALL_VISITS:
        return
    found = is_in_cap(facts_of(session, row), terms.clauses)
    if found is None or found.id != cap.id:
        raise Refused("工单 %(number)s 的分类还没有由双方确认为这一类，不能批准占用额度。", number=row.number)


def accept(session: Session, entry_id: int, text: str, actor: Actor, now: datetime) -> CapEntry:
    """Given an entry whose start was approved, let the hospital accept what was delivered: 已核销."""
    need_chief(session, actor, now)
    entry = held(session, entry_id)
    check_state(entry, RESERVED)
    check_text(text, "reason", 500)
    return note(session, entry, CAP_ACCEPTED, actor, now, facts={}, reason=text.strip())


def withdraw(session: Session, entry_id: int, reason: str, actor: Actor, now: datetime) -> CapEntry:
    """Given an entry whose start is not approved and why, let the asking side (or the hospital) take it back."""
    actor.need("caps.record")
    refuse_fresh_reset(session, actor, now)
    entry = held(session, entry_id)
    if not may_withdraw(entry, actor):
        raise Refused("只有提出方（或甲方信息科长）能在批准开工之前撤回；已批准的由双方一起退回。")
    why = WITHDRAWN if actor.side == entry.side else CANCELLED
    return note(session, entry, CAP_RETURNED, actor, now, facts={"why": why}, reason=check_reason(reason))


def need_chief(session: Session, actor: Actor, now: datetime) -> None:
    """Given who acts, let the hospital's head of caps pass. Raises Refused for others, and without a fresh factor."""
    actor.need("caps.decide")
    actor.need_proof(now)
    refuse_fresh_reset(session, actor, now)
