"""What the parties say about a ticket's class: confirmed, told exempt, objected to, answered, ruled by the hospital.

Not for proposing another class (`services/corrections.py`: `retype`) and not for the order of categories
(`core/classification.py`). Nobody's word but each party's own settles a class (domain §1.8, §5.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.agreements import check_reason
from ops_console.core.caps import in_effect
from ops_console.core.classification import (
    DIFFERED,
    OBJECTED,
    RULED,
    WAITING,
    check_confirm,
    check_exempt,
    check_objection,
    check_ruling,
    needs_order,
    settled_types,
)
from ops_console.core.classification import open_objections as still_open
from ops_console.core.contracts import Clause
from ops_console.core.errors import Refused
from ops_console.core.moments import month_start, shift_month, whole
from ops_console.core.people import HOSPITAL, VENDOR, Actor
from ops_console.core.sentences import sentence
from ops_console.core.tickets import TicketFacts
from ops_console.services.clocks import frozen_of, judge
from ops_console.services.contracts import Book
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.services.ticket_events import (
    append_event,
    check_named,
    check_proof,
    check_texts,
    claimed,
    event_of,
    held,
    written,
)
from ops_console.services.ticket_rows import write
from ops_console.store import classification as store
from ops_console.store import tickets

PAGE = 50
TABS: dict[str, tuple[str, ...]] = {"": (), "objected": (OBJECTED,), "ruled": (RULED,), "differed": (DIFFERED,)}


@dataclass(frozen=True)
class Held:
    """A ticket whose class is spoken about: its row held, its events, what they come to, its contract's clauses in
    effect, and the types that both settle.
    """

    row: tickets.TicketRow
    events: list[core.Event]
    facts: TicketFacts
    clauses: tuple[Clause, ...]
    agreed: frozenset[str]


def _held(session: Session, book: Book, number: str, actor: Actor, now: datetime) -> Held:
    actor.need("corrections.decide")
    refuse_fresh_reset(session, actor, now)
    row, events, facts = held(session, number)
    clauses = in_effect(judge(facts, book, frozen_of(row)).version.terms).clauses
    return Held(row, events, facts, clauses, settled_types(store.agreed_types(session), clauses))


def _say(
    session: Session, book: Book, on: Held, kind: str, actor: Actor, now: datetime, *, facts: Mapping[str, object],
    reason: str = "",
) -> TicketFacts:  # fmt: skip
    told = {**facts, **signing_facts(session, actor, now)}
    personal = {"reason": reason} if reason else {}
    return append_event(session, book, on.row, on.events, kind, actor, now, facts=told, personal=personal)


def confirm(
    session: Session, book: Book, number: str, seen: tuple[str, bool], *, actor: Actor, now: datetime
) -> TicketFacts:
    """Given a ticket and the class that was seen (its type, whether exempt), say for one's side that it is so.

    Raises Refused for who gave that class, for another class than stands, and for a directive without its order.
    """
    on = _held(session, book, number, actor, now)
    check_confirm(on.facts, actor.side, on.agreed)
    if seen != (on.facts.type, on.facts.exempt):
        raise Refused("分类已不是您看到的，请刷新页面后再确认。")
    facts = {"type": seen[0], **({"exempt": True} if seen[1] else {})}
    return _say(session, book, on, core.CLASS_CONFIRMED, actor, now, facts=facts)


def say_exempt(session: Session, book: Book, number: str, exempt: bool, *, actor: Actor, now: datetime) -> TicketFacts:
    """Given a ticket whose class is not settled, say that it is (or is not) what uses no cap; the other side confirms.

    Raises Refused where its class has no such case, or both settled it: then it is a correction.
    """
    on = _held(session, book, number, actor, now)
    check_exempt(on.facts, on.clauses, on.agreed)
    if on.facts.exempt is exempt:
        raise Refused("新值与现在的相同，不用更正。")
    return _say(session, book, on, core.CLASS_EXEMPTED, actor, now, facts={"exempt": exempt})


def object_to(
    session: Session, book: Book, number: str, wished: str, reason: str, *, actor: Actor, now: datetime
) -> TicketFacts:
    """Given a ticket, what its class should be and why, object to the class that the other side gave."""
    on = _held(session, book, number, actor, now)
    told = check_reason(reason)
    check_named(session, {"type": wished})
    check_objection(on.facts, actor.side, wished, on.agreed)
    facts = {"type": on.facts.type, "wished": wished}
    return _say(session, book, on, core.CLASS_OBJECTED, actor, now, facts=facts, reason=told)


@dataclass(frozen=True)
class Answer:
    """The word on an objection: upheld (the class becomes what it wished) or the class is maintained, with the reason.

    `wished` is what the objection named when it was seen.
    """

    wished: str
    upheld: bool
    reason: str = ""


def answer(session: Session, book: Book, number: str, given: Answer, *, actor: Actor, now: datetime) -> TicketFacts:
    """Given a ticket and the word on the other side's objection, note it. Raises Refused for one's own objection."""
    on = _held(session, book, number, actor, now)
    waiting = [one for one in still_open(on.facts) if one.side != actor.side and one.wished == given.wished]
    if not waiting:
        raise Refused("没有等待本方答复的这一异议，请刷新页面。")
    if given.upheld:
        facts: dict[str, object] = {"upheld": True, "type": given.wished, "old": on.facts.type}
        return _say(session, book, on, core.CLASS_ANSWERED, actor, now, facts=facts, reason=given.reason.strip())
    facts = {"upheld": False, "wished": given.wished}
    return _say(session, book, on, core.CLASS_ANSWERED, actor, now, facts=facts, reason=check_reason(given.reason))


@dataclass(frozen=True)
class Ruling:
    """The command by which the hospital sets a class alone: the type, why, and the order where the class wants one."""

    type: str
    reason: str
    order: str = ""
    evidence: tuple[str, ...] = ()


def rule(session: Session, book: Book, number: str, given: Ruling, *, actor: Actor, now: datetime) -> TicketFacts:
    """Given a ticket and the hospital's ruling, change its class at once; the vendor may object (domain §1.8).

    It settles nothing by itself: no cap is used or given back by it until the vendor agrees. Raises Refused naming the
    field, and for what both parties need not settle.
    """
    if actor.side != HOSPITAL:
        raise Refused("定类由甲方作出；乙方不同意可以提出异议。")
    on = _held(session, book, number, actor, now)
    reason = check_reason(given.reason)
    check_named(session, {"type": given.type})
    check_ruling(on.facts, given.type, on.agreed)
    is_told = bool(given.order.strip() or given.evidence)
    if needs_order(replace(on.facts, type=given.type)) and not is_told:
        raise Refused("定为“%(type)s”要附上或写明上级文件。", field="order", type=sentence(given.type))
    order = [_order(session, book, on.row, given.order, given.evidence, actor, now)] if is_told else []
    told = {"old": on.facts.type, "type": given.type, **signing_facts(session, actor, now)}
    ruling = event_of(core.CLASS_RULED, claimed(None, now), actor, book, facts=told, personal={"reason": reason})
    events = {number: [*on.events, *order, ruling]}
    return write(session, book, events, {number: on.row}, whole(now), new=len(order) + 1)[number].facts


def tell_order(
    session: Session, book: Book, number: str, text: str, evidence: Sequence[str], *, actor: Actor, now: datetime
) -> TicketFacts:
    """Given a ticket and the superior's order (who, which number, what it asks, or its scan), note it: C-04 wants it.

    The hospital tells it; a label without an order could be put on anything. `evidence` are hashes of the ticket's
    files. Raises Refused naming the field.
    """
    actor.need("tickets.confirm")
    row, events, facts = held(session, number)
    if facts.withdrawn:
        raise Refused("工单 %(number)s %(state)s，不能再更正。", number=number, state=sentence(facts.state))
    if not text.strip() and not evidence:
        raise Refused("请写明发文机关、文号和要求，或选一个附件。", field="order")
    return written(session, book, row, [*events, _order(session, book, row, text, evidence, actor, now)])


def _order(
    session: Session, book: Book, row: tickets.TicketRow, text: str, evidence: Sequence[str], actor: Actor,
    now: datetime,
) -> core.Event:  # fmt: skip
    check_texts({"order": text.strip()})
    check_proof(session, row, evidence)
    personal = {"order": text.strip()} if text.strip() else {}
    claim = claimed(None, now, tuple(dict.fromkeys(evidence)))
    return event_of(core.ORDER_TOLD, claim, actor, book, facts={}, personal=personal)


# -- reading ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """A page of tickets whose class is not settled, and how many there are: by whom they wait for, by state."""

    rows: Sequence[Any]
    mine: int
    by_state: Mapping[str, int]
    count: int


def waiting(session: Session, tab: str, actor: Actor, *, page: int) -> Waiting:
    """Given a tab (`mine`, or one of TABS), who asks and a page from 1, return that page. Two statements."""
    actor.need("tickets.read")
    counted = store.counts(session)
    sides = {HOSPITAL: "waits_hospital", VENDOR: "waits_vendor"}
    mine = sum(row.n for row in counted if actor.side in sides and getattr(row, sides[actor.side]))
    by_state = {
        state: sum(row.n for row in counted if row.state == state) for state in (WAITING, RULED, OBJECTED, DIFFERED)
    }
    states = TABS.get(tab, ())
    rows = store.page(session, actor.side if tab == "mine" else "", states, limit=PAGE, offset=(page - 1) * PAGE)
    shown = mine if tab == "mine" else sum(n for state, n in by_state.items() if not states or state in states)
    return Waiting(rows, mine, by_state, shown)


def open_objections(session: Session, month: str) -> Sequence[Any]:
    """Given a Shanghai month, return the objections to classes that were open at its end (now, while it runs).

    Each with `number` and `title` of its ticket, `type`, `wished`, `side`, `account`, `raised_at`, `reason`; `outcome`
    and `settled_at` tell what became of it since. One statement, oldest first.
    """
    return store.open_at(session, month_start(shift_month(month, 1)))


def newest_objections(session: Session, actor: Actor, *, page: int = 1) -> Sequence[Any]:
    """Given who asks and a page from 1, return objections, settled ones too, the newest first."""
    actor.need("tickets.read")
    return store.newest_objections(session, PAGE, (page - 1) * PAGE)
