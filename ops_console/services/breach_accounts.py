"""What each side says about a breach case before anybody finds on it: a clue, an account, tickets, flags, files.

Not for the acts that move a case on (`services/breach_acts.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core import breach_acts as rules
from ops_console.core.attachments import NewFile
from ops_console.core.breach_acts import TEXTS, TIMES, Account
from ops_console.core.breaches import CLUE, SUBJECT
from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE, whole
from ops_console.core.people import HOSPITAL, VENDOR, Actor
from ops_console.services import proofs
from ops_console.services.breach_rows import held, note, settle, tell
from ops_console.services.contracts import Book
from ops_console.store import breaches as store
from ops_console.store import tickets
from ops_console.store.masks import masker_of

MOST_LINKS = 50
LONGEST_KEY = 64


@dataclass(frozen=True)
class Clue:
    """A clue to be kept: its category, what the side that raises it says, the tickets and flags; its form's key."""

    category: str
    account: Account
    tickets: Sequence[str] = ()
    flags: Collection[int] = ()
    key: str = ""


def raise_clue(session: Session, book: Book, clue: Clue, actor: Actor, now: datetime) -> str:
    """Given a clue and who raises it, keep it and return its number; the same form sent twice makes one.

    The hospital's is the hospital's alone until it is filed; the vendor's tells the hospital at this moment. Raises
    Refused naming the field.
    """
    actor.need("breaches.record")
    category = rules.check_category(clue.category)
    account = _checked(session, clue.account, now)
    if not 0 < len(clue.key) <= LONGEST_KEY:
        raise Refused("表单不完整；请刷新页面后再提交。")
    number = store.next_number(session, now.astimezone(ZONE).year)
    known = store.by_key(session, clue.key)
    if known is not None and known.raised_by == actor.account:
        return known.number
    at = whole(now)
    row = store.add(
        session, number=number, key=clue.key, contract_id=book.at(account.occurred_at or now).contract_id,
        category=category, state=CLUE, raised_side=actor.side, raised_by=actor.account, raised_at=at,
        month="", month_rule="", is_early=False,
    )  # fmt: skip
    store.keep_account(session, row.id, actor.side, account, actor.account, at)
    _connect(session, row, clue.tickets, clue.flags)
    settle(session, book, row, now)
    facts = {"category": category, **_times(account), "tickets": list(clue.tickets), "flags": sorted(clue.flags)}
    note(session, row, "breach_raised", actor, now, facts, _texts(account))
    if actor.side == VENDOR:
        tell(session, row, "breach_raised", HOSPITAL, now)
    return number


def _checked(session: Session, account: Account, now: datetime) -> Account:
    rules.check_account(account, whole(now))
    masker = masker_of(session)
    given = {field.name: getattr(account, field.name) for field in fields(Account)}
    given |= {name: whole(given[name]) if given[name] else None for name in TIMES}
    given |= {name: masker.text(given[name].replace("\r\n", "\n").strip()) for name in TEXTS}
    return Account(**given)


def _times(account: Account) -> dict[str, object]:
    told = {name: at.isoformat() for name in TIMES if (at := getattr(account, name))}
    return {**told, "channel": account.channel}


def _texts(account: Account) -> dict[str, str]:
    return {name: text for name in TEXTS if (text := getattr(account, name))}


def _connect(session: Session, row: store.BreachRow, numbers: Sequence[str], flags: Collection[int]) -> None:
    if len(numbers) > MOST_LINKS or len(flags) > MOST_LINKS:
        raise Refused("一次最多关联 %(n)s 件。", field="tickets", n=MOST_LINKS)
    known = tickets.by_numbers(session, numbers) if numbers else {}
    missing = next((number for number in numbers if number not in known), None)
    if missing is not None:
        raise Refused("没有编号为 %(number)s 的工单，请检查单号。", field="tickets", number=missing[:40])
    if store.known_flags(session, set(flags)) != set(flags):
        raise Refused("没有这一处疑点，请检查编号。", field="flags")
    store.connect(session, row.id, known.values(), flags)


def give_account(
    session: Session, book: Book, number: str, version: int, account: Account, *, actor: Actor, now: datetime
) -> None:
    """Given a case before its finding and what one's own side says, keep it in place of what it said before."""
    row = held(session, number, version, rules.TELL, actor, now)
    checked = _checked(session, account, now)
    store.keep_account(session, row.id, actor.side, checked, actor.account, whole(now))
    settle(session, book, row, now)
    note(session, row, "breach_told", actor, now, _times(checked), _texts(checked))


def connect(
    session: Session, number: str, version: int, numbers: Sequence[str], flags: Collection[int], *, actor: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Given a case before its finding, tickets and flags, keep that it is about them."""
    row = held(session, number, version, rules.LINK, actor, now)
    if not numbers and not flags:
        raise Refused("请填写要关联的单号。", field="tickets")
    _connect(session, row, numbers, flags)
    row.version += 1
    note(session, row, "breach_connected", actor, now, {"tickets": list(numbers), "flags": sorted(flags)})


def attach(session: Session, number: str, file: NewFile, actor: Actor, now: datetime, *, code: str = "") -> None:
    """Given a case that is open and a kept file, add it to the case."""
    row = held(session, number, None, rules.ATTACH, actor, now)
    proofs.attach(session, SUBJECT, row.number, file, actor, now, code=code)
