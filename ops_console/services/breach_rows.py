"""What every act on a breach case does: hold the case, reckon it anew, append its event, leave a message.

Not for the acts themselves (`services/breach_acts.py`, `services/breach_reminders.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.breach_acts import TIMES, Account, as_it_stands, need
from ops_console.core.breach_clocks import Countdown, countdowns, next_moment, reminders
from ops_console.core.breaches import HEARD, SUBJECT, is_before_live, is_secret, may_see, paying_month
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import HOSPITAL, SYSTEM, Actor
from ops_console.core.terms import Terms
from ops_console.core.tickets import Event
from ops_console.services.contracts import Book
from ops_console.store import assessments, audit, messages
from ops_console.store import breaches as store

MESSAGE_LIFE = timedelta(days=30)
DISPATCHED = "breach_dispatched"


def found(session: Session, number: str, actor: Actor, *, hold: bool = False) -> store.BreachRow:
    """Given a number and who asks, return the case. Raises NotFound for none such, or one that is not theirs to see."""
    row = store.one(session, number, actor.side, hold=hold)
    if row is None or not may_see(actor, row.raised_side, row.filed_at):
        raise NotFound("没有编号为 %(number)s 的安全事故案件。", number=number[:40])
    return row


def held(session: Session, number: str, version: int | None, act: str, actor: Actor, now: datetime) -> store.BreachRow:
    """Given a number, the version that the page showed (None: any), an act and who acts, return the case held.

    Raises NotFound, and Refused where the case has changed since or the act is not theirs.
    """
    row = found(session, number, actor, hold=True)
    if version is not None and row.version != version:
        raise Refused(
            "案件 %(number)s 在您打开页面之后有了变化；请刷新页面核对后再办理。", number=number, field="state"
        )
    need(act, store.case_of(row), actor, now)
    return row


def terms_of(book: Book, row: store.BreachRow) -> Terms:
    """Given the contract and a case, return the terms, with the readings agreed on, of when it happened."""
    return book.at(row.occurred_at or row.discovered_at or row.raised_at).terms


def settled_months(session: Session, contract_id: int) -> frozenset[str]:
    """Given a contract, return its months whose facts are frozen: what comes later lands in a later one."""
    return frozenset(row.month for row in assessments.frozen(session, contract_id))


def accounts_of(session: Session, row: store.BreachRow) -> dict[str, Account]:
    """Given a case, return what each side says, by side."""
    return {side: store.account_of(one) for side, one in store.accounts(session, row.id).items()}


def clocks_of(session: Session, book: Book, row: store.BreachRow) -> tuple[Countdown, ...]:
    """Given a case, return its clocks: the vendor's to the hospital, and the hospital's own."""
    told: dict[str, datetime] = {}
    for sent in store.dispatches(session, row.id):
        told.setdefault(sent.receiver, sent.sent_at)
    accounts = accounts_of(session, row)
    return countdowns(store.case_of(row), accounts, terms_of(book, row).settlement, told)


def settle(session: Session, book: Book, row: store.BreachRow, now: datetime) -> None:
    """Given a case that an act changed, reckon anew its times, whose month pays, and when to look at it next."""
    if row.found_at is None and row.returned_at is None:  # returned, what was found stays to be found on again
        standing = as_it_stands(accounts_of(session, row))
        for name in TIMES:
            setattr(row, name, getattr(standing, name))
    if row.approved_at is None:
        terms = terms_of(book, row)
        row.contract_id = book.at(row.occurred_at or row.discovered_at or row.raised_at).contract_id
        row.month_rule = terms.settlement.penalty_month_of
        row.month = paying_month(
            row.month_rule, occurred_at=row.occurred_at, discovered_at=row.discovered_at, found_at=row.found_at
        )
        row.is_early = is_before_live(terms, row.occurred_at)
    session.flush()
    waiting = reminders(store.case_of(row), clocks_of(session, book, row))
    row.next_look_at = next_moment(waiting, whole(now))
    row.version += 1
    session.flush()


def note(
    session: Session, row: store.BreachRow, kind: str, actor: Actor, now: datetime, facts: Mapping[str, object],
    texts: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Given a case and what happened, append the event.

    Of the hospital's clue, and of what it told others, nothing but that it is stands in the open: facts that both
    parties export come with the filing.
    """
    at, personal = whole(now), dict(texts or {})
    if kind == DISPATCHED or is_secret(row.raised_side, row.filed_at):
        personal |= {name: _text(value) for name, value in facts.items() if value not in (None, "", [])}
        facts = {"visible_to": HOSPITAL}
    event = Event(kind, at, at, actor.account, actor.side, facts=facts, personal=personal)
    audit.append(session, SUBJECT, row.number, event)


def _text(value: object) -> str:
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def note_silence(session: Session, row: store.BreachRow, now: datetime) -> None:
    """Given a filed case whose vendor said nothing in its time, note that: silence, never consent."""
    row.state, row.is_silent = HEARD, True
    row.version += 1
    assert row.statement_due_at is not None
    note(session, row, "breach_silent", SYSTEM, now, {"until": row.statement_due_at.isoformat()})


def tell(
    session: Session, row: store.BreachRow, kind: str, audience: str, now: datetime, *, key: str = "", stage: int = 0,
    expires_at: datetime | None = None,
) -> None:  # fmt: skip
    """Given a case and a kind of message, leave it for an audience: the number alone, never what it is about."""
    payload: dict[str, object] = {"case": row.number, **({"stage": stage} if stage else {})}
    messages.put(
        session, dedup_key=f"breach/{row.number}/{kind}/{key or row.version}", audience=audience, kind=kind,
        payload=payload, created_at=now, expires_at=expires_at or now + MESSAGE_LIFE,
    )  # fmt: skip
