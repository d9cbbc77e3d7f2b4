"""Monthly entries: a party enters a fact, the other confirms or objects; what counts becomes a fact of the month.

Not for which entry counts (`core/entries.py`), for the month's form (`services/entry_forms.py`) nor for reading a sheet
of them (`services/entry_imports.py`). Once the month's facts are frozen nothing is entered any more: who calls tells up
to which month that is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core import assessment_facts
from ops_console.core import entries as core
from ops_console.core.agreements import check_reason
from ops_console.core.entries import CONFIRMED, ENTERED, OBJECTED, WITHDRAWN, Entered, Value
from ops_console.core.errors import NotFound, Refused
from ops_console.core.measures import Measure
from ops_console.core.moments import MONTH, ZONE, month_of, month_start, shift_month, whole
from ops_console.core.people import HOSPITAL, VENDOR, Actor
from ops_console.core.tickets import Event
from ops_console.services.contracts import Book
from ops_console.services.ports import LastFrozen
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import audit, messages, proofs
from ops_console.store import entries as store
from ops_console.store.masks import masker_of

SUBJECT = "entry"
TOLD_FOR = timedelta(days=30)


@dataclass(frozen=True)
class NewEntry:
    """What somebody enters: the month, the measure, so many of so many, whence, and why (of a change always)."""

    month: str
    measure: Measure
    value: Value
    reason: str = ""
    source: str = core.FORM


def contract_of(book: Book, month: str, now: datetime) -> int:
    """Given a month and now, return the contract whose month it is.

    Raises NotFound for what is no month, one to come, one outside the contract or before it was judged.
    """
    if not MONTH.fullmatch(month) or month > month_of(now):
        raise NotFound("没有这个月份的录入；只能录入已经开始的月份。")
    last = month_start(shift_month(month, 1)) - timedelta(seconds=1)
    version = book.at(last)
    day = last.astimezone(ZONE).date()
    if not version.terms.live_on() <= day or f"{version.terms.ends_on:%Y-%m}" < month:
        raise NotFound("%(month)s 不在合同的考核期内。", month=month)
    return version.contract_id


def enter(
    session: Session, book: Book, new: NewEntry, actor: Actor, now: datetime, *, last_frozen: LastFrozen
) -> store.EntryRow:
    """Given what is entered, keep it as the newest version of its measure and return the row.

    Raises Refused without the right, once the month is frozen, for what stands already, or without a reason for a
    change.
    """
    actor.need("months.enter")
    contract_id = _open_month(session, book, new.month, now, last_frozen)
    own = _own(session, contract_id, new, actor)
    if _is_same(own, new):
        raise Refused("本方已录入同样的数，没有变化。", field="numerator")
    reason = check_reason(new.reason) if own is not None or new.reason.strip() else ""
    row = store.EntryRow(
        contract_id=contract_id, month=new.month, measure=new.measure.name, source=new.source,
        number=store.last_number(session, contract_id, new.month, new.measure.name) + 1,
        numerator=new.value.numerator, denominator=new.value.denominator, is_ratio=new.value.is_ratio,
        side=actor.side, entered_by=actor.account, entered_at=whole(now), reason=masker_of(session).text(reason),
        state=ENTERED, answer="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    _note(session, row, "entry_made", actor, now, reason)
    _tell(session, row, actor, now)
    return row


def stands(session: Session, book: Book, new: NewEntry, actor: Actor, now: datetime) -> bool:
    """Given what is to be entered and by whom, say whether one's own side has entered exactly that already."""
    return _is_same(_own(session, contract_of(book, new.month, now), new, actor), new)


def _own(session: Session, contract_id: int, new: NewEntry, actor: Actor) -> Entered | None:
    """What one's own side said last of a measure, or None."""
    rows = store.of_month(session, contract_id, new.month)
    said = [row.entered for row in rows if row.measure == new.measure.name and row.side == actor.side]
    return next((one for one in reversed(said) if one.state != WITHDRAWN), None)


def _is_same(own: Entered | None, new: NewEntry) -> bool:
    if own is None or own.state == OBJECTED:
        return False
    return (own.value, own.source) == (new.value, new.source)


def confirm(
    session: Session, book: Book, entry_ids: Iterable[int], actor: Actor, now: datetime, *, last_frozen: LastFrozen
) -> int:
    """Given entries of the other party, note that one's own side confirms them; return how many.

    From then on they may cut money: asks for a second factor. Raises Refused for one's own, for what was answered.
    """
    _need_word(session, actor, now)
    rows = [_held(session, book, entry_id, actor, now, last_frozen) for entry_id in sorted(set(entry_ids))]
    if not rows:
        raise Refused("请先勾选要确认的录入。", field="entry")
    for row in rows:
        _answer(row, CONFIRMED, actor, now)
        _note(session, row, "entry_confirmed", actor, now, "", **signing_facts(session, actor, now))
    return len(rows)


def object_to(
    session: Session, book: Book, entry_id: int, answer: str, actor: Actor, now: datetime, *, last_frozen: LastFrozen
) -> store.EntryRow:
    """Given an entry of the other party and why not, note the objection: it stays, and cuts no money."""
    actor.need("months.enter")
    refuse_fresh_reset(session, actor, now)
    row = _held(session, book, entry_id, actor, now, last_frozen)
    told = check_reason(answer, "answer")
    _answer(row, OBJECTED, actor, now)
    row.answer = masker_of(session).text(told)
    _note(session, row, "entry_objected", actor, now, told)
    return row


def withdraw(
    session: Session, book: Book, entry_id: int, actor: Actor, now: datetime, *, last_frozen: LastFrozen
) -> store.EntryRow:
    """Given an entry of one's own that the other party did not confirm, take it back; it stays to be seen."""
    actor.need("months.enter")
    row = _of_open_month(session, book, entry_id, now, last_frozen)
    if row.side != actor.side:
        raise Refused("这是对方录入的；不同意请写明异议。")
    if row.state not in (ENTERED, OBJECTED):
        raise Refused("这一项已处理，请刷新页面。")
    row.state = WITHDRAWN
    _note(session, row, "entry_withdrawn", actor, now)
    return row


def _open_month(session: Session, book: Book, month: str, now: datetime, last_frozen: LastFrozen) -> int:
    contract_id = contract_of(book, month, now)
    store.hold(session, contract_id)
    if month <= last_frozen(session, contract_id):
        raise Refused("%(month)s 的事实已经冻结，不能再录入；更正请计入以后的月份。", month=month)
    return contract_id


def _of_open_month(
    session: Session, book: Book, entry_id: int, now: datetime, last_frozen: LastFrozen
) -> store.EntryRow:
    found = store.one(session, entry_id)
    if found is None:
        raise NotFound("没有这一项录入。")
    _open_month(session, book, found.month, now, last_frozen)
    row = store.one(session, entry_id, hold=True)
    assert row is not None
    return row


def _held(
    session: Session, book: Book, entry_id: int, actor: Actor, now: datetime, last_frozen: LastFrozen
) -> store.EntryRow:
    row = _of_open_month(session, book, entry_id, now, last_frozen)
    if row.side == actor.side:
        raise Refused("这是本方录入的，等待对方确认。")
    if row.state != ENTERED:
        raise Refused("这一项已处理，请刷新页面。")
    return row


def _need_word(session: Session, actor: Actor, now: datetime) -> None:
    actor.need("months.enter")
    actor.need_proof(now)
    refuse_fresh_reset(session, actor, now)


def _answer(row: store.EntryRow, state: str, actor: Actor, now: datetime) -> None:
    row.state, row.answered_by, row.answered_at = state, actor.account, whole(now)


def _note(
    session: Session, row: store.EntryRow, kind: str, actor: Actor, now: datetime, text: str = "", **marks: object
) -> None:
    facts = {
        "month": row.month, "measure": row.measure, "number": row.number, "source": row.source,
        "numerator": row.numerator, "denominator": row.denominator, "is_ratio": row.is_ratio,
    }  # fmt: skip
    at = whole(now)
    personal = {"reason": text} if text else {}
    event = Event(kind, at, at, actor.account, actor.side, facts={**facts, **marks}, personal=personal)
    audit.append(session, SUBJECT, str(row.id), event)


def _tell(session: Session, row: store.EntryRow, actor: Actor, now: datetime) -> None:
    """Once a day and month: that something waits for the other party's word."""
    other = VENDOR if actor.side == HOSPITAL else HOSPITAL
    day = now.astimezone(ZONE).date().isoformat()
    messages.put(
        session, dedup_key=f"month_entry/{row.contract_id}/{row.month}/{other}/{day}", audience=other,
        kind="entries_wait", payload={"month": row.month, "by": actor.side}, created_at=now, expires_at=now + TOLD_FOR,
    )  # fmt: skip


# -- reading ----------------------------------------------------------------------------------------------------------


def of_month(session: Session, contract_id: int, month: str) -> tuple[assessment_facts.Entry, ...]:
    """Given a contract and a month, return its entered facts that count, by measure, each with its proofs' hashes."""
    found = core.by_measure(row.entered for row in store.of_month(session, contract_id, month))
    counted = [one for name in sorted(found) if (one := core.counting(found[name]))]
    files = proofs.of_subjects(session, SUBJECT, [str(one.id) for one in counted])
    return tuple(
        assessment_facts.Entry(
            one.measure, one.value.numerator, one.value.denominator, one.side, one.state == CONFIRMED,
            one.value.is_ratio, tuple(sorted(file.digest for file in files.get(str(one.id), ()))),
        )
        for one in counted
    )  # fmt: skip
