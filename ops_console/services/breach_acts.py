"""What people do with a breach case: each act one event, refused where the case changed since its page was opened.

Not for what each side says (`services/breach_accounts.py`), for looking (`services/breaches.py`) or for what time does
(`services/breach_reminders.py`). Nothing is filed, found, approved or executed but by a person whose act it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core import breach_acts as rules
from ops_console.core.breach_acts import LONGEST_REASON, LONGEST_STATEMENT, TIMES, Account, check_text
from ops_console.core.breaches import (
    APPROVED,
    EXECUTED,
    FILED,
    HEARD,
    MONTH_NAMES,
    NOT_UPHELD,
    UPHELD,
    WITHDRAWN,
)
from ops_console.core.errors import Refused
from ops_console.core.moments import parse_month, whole
from ops_console.core.months import final_month
from ops_console.core.people import HOSPITAL, Actor
from ops_console.core.sentences import sentence
from ops_console.core.silence import silence_ends
from ops_console.services.breach_rows import (
    DISPATCHED,
    held,
    note,
    note_silence,
    settle,
    settled_months,
    tell,
)
from ops_console.services.contracts import Book
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import breaches as store
from ops_console.store import contracts
from ops_console.store.masks import masker_of


def file_case(
    session: Session, book: Book, number: str, version: int, category: str, *, actor: Actor, now: datetime
) -> None:
    """Given a clue and its category, file it: from now on the vendor sees all of it and has its time to answer."""
    row = held(session, number, version, rules.FILE, actor, now)
    _speak(session, actor, now)
    row.category = rules.check_category(category)
    terms = book.at(now).terms
    row.state, row.filed_at, row.filed_by = FILED, whole(now), actor.account
    calendar = book.calendars[book.at(now).id]
    row.statement_due_at = silence_ends(now, terms.settlement.answer_workdays, calendar)
    settle(session, book, row, now)
    facts = {
        "category": row.category, "statement_due_at": row.statement_due_at.isoformat(),
        "tickets": [ticket.number for ticket in store.tickets_of(session, row.id)], **standing_times(row),
        **signing_facts(session, actor, now),
    }  # fmt: skip
    note(session, row, "breach_filed", actor, now, facts)
    tell(session, row, "breach_filed", "both", now)


def standing_times(row: store.BreachRow) -> dict[str, object]:
    """Given a case, return its times as they stand, in ISO form, those that are known."""
    return {name: at.isoformat() for name in TIMES if (at := getattr(row, name))}


def _speak(session: Session, actor: Actor, now: datetime) -> None:
    """Acts in the name of a party: with a second factor, and not by an account that somebody else just reset."""
    actor.need_proof(now)
    refuse_fresh_reset(session, actor, now)


def state(session: Session, book: Book, number: str, version: int, text: str, *, actor: Actor, now: datetime) -> None:
    """Given a filed case that nobody has found on and the vendor's statement, keep it; a later one takes its place.

    Without a second factor: nobody is left unheard for want of one.
    """
    row = held(session, number, version, rules.STATE, actor, now)
    refuse_fresh_reset(session, actor, now)
    row.statement = masker_of(session).text(check_text(text, "statement", LONGEST_STATEMENT))
    row.state, row.stated_at, row.stated_by = HEARD, whole(now), actor.account
    settle(session, book, row, now)
    assert row.statement_due_at is not None
    facts = {"in_time": whole(now) < row.statement_due_at, **signing_facts(session, actor, now)}
    note(session, row, "breach_stated", actor, now, facts, {"statement": row.statement})
    tell(session, row, "breach_stated", HOSPITAL, now)


@dataclass(frozen=True)
class Finding:
    """What the hospital's IT chief finds: upheld or not, of which category, at which times, and why.

    The reason is printed on the notice to the vendor.
    """

    upheld: bool
    category: str
    times: Account
    reason: str


def find(
    session: Session, book: Book, number: str, version: int, finding: Finding, *, actor: Actor, now: datetime
) -> None:
    """Given a case whose vendor was heard or silent, note the finding. Whose month pays is fixed by it.

    Raises Refused before the vendor was heard or its time ended, and where it is upheld before it is known when it
    happened.
    """
    row = held(session, number, version, rules.FIND, actor, now)
    _speak(session, actor, now)
    reason = check_text(finding.reason, "reason", LONGEST_REASON)
    rules.check_account(finding.times, whole(now), whole=False)
    if finding.upheld and finding.times.occurred_at is None:
        raise Refused("还不知道发生时间，不能认定成立；请先查明并填写。", field="occurred_at")
    if row.state == FILED:
        note_silence(session, row, now)
    row.category, row.upheld = rules.check_category(finding.category), finding.upheld
    for name in TIMES:
        at = getattr(finding.times, name)
        setattr(row, name, whole(at) if at else None)
    row.state, row.finding = UPHELD if finding.upheld else NOT_UPHELD, masker_of(session).text(reason)
    row.found_at, row.found_by = whole(now), actor.account
    settle(session, book, row, now)
    if finding.upheld and not row.month:
        raise Refused(
            "扣款按%(rule)s计，请填写这一时间。", field="discovered_at", rule=sentence(MONTH_NAMES[row.month_rule])
        )
    facts = {
        "upheld": finding.upheld, "category": row.category, "month": row.month, "month_rule": row.month_rule,
        "silent": row.is_silent, **standing_times(row), **signing_facts(session, actor, now),
    }  # fmt: skip
    note(session, row, "breach_found", actor, now, facts, {"reason": row.finding})
    tell(session, row, "breach_found", "both", now)


def decide(
    session: Session, book: Book, number: str, version: int, reason: str, *, approved: bool, actor: Actor, now: datetime
) -> None:
    """Given an upheld case and a leader's word, note it: approved, or returned to be found on again, with why.

    Raises Refused for whoever made the finding.
    """
    row = held(session, number, version, rules.DECIDE, actor, now)
    _speak(session, actor, now)
    told = masker_of(session).text(check_text(reason, "reason", LONGEST_REASON, may_be_empty=approved))
    if approved:
        row.state, row.approved_at, row.approved_by = APPROVED, whole(now), actor.account
    else:
        row.state, row.returned, row.returned_at = HEARD, told, whole(now)
        row.upheld, row.found_at, row.found_by = None, None, ""
    settle(session, book, row, now)
    kind = "breach_approved" if approved else "breach_returned"
    note(session, row, kind, actor, now, {**signing_facts(session, actor, now)}, {"reason": told} if told else {})
    tell(session, row, kind, "both" if approved else HOSPITAL, now)


@dataclass(frozen=True)
class Execution:
    """That an approved deduction was carried out: for which month's settlement, and a note."""

    month: str
    note: str = ""


def execute(
    session: Session, book: Book, number: str, version: int, execution: Execution, *, actor: Actor, now: datetime
) -> None:
    """Given an approved case, note that it is carried out with a month's settlement.

    Its own month, or a later one where that is frozen already: then the note has to say so. The last is the contract's
    final settlement. Raises Refused else.
    """
    row = held(session, number, version, rules.EXECUTE, actor, now)
    _speak(session, actor, now)
    month = parse_month(execution.month)
    told = masker_of(session).text(check_text(execution.note, "note", LONGEST_REASON, may_be_empty=month == row.month))
    if month < row.month:
        raise Refused("不能计入早于 %(month)s 的月份。", field="month", month=row.month)
    term = book.term_of(row.contract_id)
    if term is not None and month > (final := final_month(term)):
        raise Refused("合同的终期结算是 %(month)s，不能计入更晚的月份。", field="month", month=final)
    contracts.hold(session, row.contract_id)  # a month that is being frozen is frozen before it is looked at
    if month in settled_months(session, row.contract_id):
        raise Refused("%(month)s 的事实已冻结，请选之后未冻结的月份（结转）。", field="month", month=month)
    row.state, row.executed_at, row.executed_by = EXECUTED, whole(now), actor.account
    row.booked_month, row.execution = month, told
    settle(session, book, row, now)
    facts = {"month": row.month, "booked_month": month, **signing_facts(session, actor, now)}
    note(session, row, "breach_executed", actor, now, facts, {"reason": told} if told else {})
    tell(session, row, "breach_executed", "both", now)


def withdraw(
    session: Session, book: Book, number: str, version: int, reason: str, *, actor: Actor, now: datetime
) -> None:
    """Given a case that is not executed and why, end it; it stays to be read by who saw it before."""
    row = held(session, number, version, rules.WITHDRAW, actor, now)
    if row.filed_at is not None:
        _speak(session, actor, now)
    told = masker_of(session).text(check_text(reason, "reason", LONGEST_REASON))
    before, row.state = row.state, WITHDRAWN
    row.withdrawal, row.withdrawn_at, row.withdrawn_by = told, whole(now), actor.account
    settle(session, book, row, now)
    note(
        session,
        row,
        "breach_withdrawn",
        actor,
        now,
        {"was": before, **signing_facts(session, actor, now)},
        {"reason": told},
    )
    if row.filed_at is not None:
        tell(session, row, "breach_withdrawn", "both", now)


@dataclass(frozen=True)
class Dispatch:
    """That the hospital told somebody outside: whom, when, who sent it, by which channel, with which words.

    Not `is_needed`: the hospital looked at it and none need be told; `text` says why.
    """

    receiver: str
    sent_at: datetime
    sender: str
    channel: str
    text: str
    is_needed: bool = True


def dispatch(
    session: Session, book: Book, number: str, version: int, sent: Dispatch, *, actor: Actor, now: datetime
) -> None:
    """Given a case and what people sent outside, log it: the console prepares, people send."""
    row = held(session, number, version, rules.DISPATCH, actor, now)
    masker, at = masker_of(session), whole(now)
    receiver = check_text(sent.receiver, "receiver", 60)
    sender = masker.text(check_text(sent.sender, "sender", 40))
    text = masker.text(check_text(sent.text, "text", LONGEST_STATEMENT, may_be_empty=sent.is_needed))
    if sent.is_needed and sent.channel not in rules.CHANNELS:
        raise Refused("请从列表中选报送方式。", field="channel")
    if whole(sent.sent_at) > at:
        raise Refused("报送时间不能晚于现在。", field="sent_at")
    channel = sent.channel if sent.is_needed else ""
    store.add_dispatch(
        session, case_id=row.id, receiver=masker.text(receiver), is_needed=sent.is_needed, sent_at=whole(sent.sent_at),
        sender=sender, channel=channel, text=text, recorded_at=at, recorded_by=actor.account,
    )  # fmt: skip
    settle(session, book, row, now)
    facts = {
        "told": receiver,
        "needed": sent.is_needed,
        "sent_at": whole(sent.sent_at).isoformat(),
        "channel": channel,
    }
    note(session, row, DISPATCHED, actor, now, facts, {"sender": sender, **({"text": text} if text else {})})


def acknowledge(session: Session, number: str, version: int, objection: str, *, actor: Actor, now: datetime) -> None:
    """Given an approved case, note that the vendor has read it, with its objection where it has one.

    It takes nothing back: the hospital decides, the vendor acknowledges and may object (domain §5.4).
    """
    row = held(session, number, version, rules.ACKNOWLEDGE, actor, now)
    refuse_fresh_reset(session, actor, now)
    told = check_text(objection, "objection", LONGEST_STATEMENT, may_be_empty=True)
    row.objection = masker_of(session).text(told)
    row.acknowledged_at, row.acknowledged_by = whole(now), actor.account
    row.version += 1
    facts: Mapping[str, object] = {"objects": bool(told), **signing_facts(session, actor, now)}
    note(session, row, "breach_acknowledged", actor, now, facts, {"objection": row.objection} if told else {})
    tell(session, row, "breach_acknowledged", HOSPITAL, now)
