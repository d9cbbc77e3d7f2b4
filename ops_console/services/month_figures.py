"""The rows behind the month's figures that are no clock's: duties, tickets, a cap's entries, the money. Only reads.

Not for clocks and items of the sheet (`services/months.py`). A frozen month's rows are those of its facts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.assessment_facts import DutyFact, JudgedClock, TicketFact
from ops_console.core.assessments import ItemLine
from ops_console.core.caps import CapEntry, CapYear, as_frozen, last_instant
from ops_console.core.clause_lines import ClauseLine
from ops_console.core.contract_facts import OPEN
from ops_console.core.contracts import Clause, CostRule, StandingDuty
from ops_console.core.credibility import COUNTS, held_up
from ops_console.core.duties import KEPT, LATE, MISSED, WAIVED
from ops_console.core.errors import NotFound
from ops_console.core.explanations import CLOSURE_NAMES, EVENT_NAMES
from ops_console.core.months import EXPLAINED, Word, last_by_target, last_day
from ops_console.core.payments import Cover, covering
from ops_console.core.people import Actor
from ops_console.core.sentences import Sentence, sentence
from ops_console.services import assessments, caps
from ops_console.services.assessments import Month
from ops_console.services.contracts import Book
from ops_console.services.months import targets
from ops_console.store import assessments as store

EVERY, OWED, CORRECTED = "every", "owed", "corrected"
Tells = Callable[[TicketFact], tuple[Sentence, ...]]
OF_DUTIES = (EVERY, OWED, KEPT, LATE, MISSED, OPEN, WAIVED, CORRECTED)


@dataclass(frozen=True)
class DutyRows:
    """A clause's duties of one month: the clause, which of them these are, what was said about each."""

    month: Month
    clause: Clause | None
    line: ClauseLine | None
    which: str
    duties: tuple[DutyFact, ...]
    said: Mapping[str, Word]


def duty_rows(
    session: Session, book: Book, contract_id: int, month: str, clause_id: str, which: str, *, actor: Actor,
    now: datetime,
) -> DutyRows:  # fmt: skip
    """Given a month, a clause and which of OF_DUTIES, return exactly the duties that the figure counts.

    Raises NotFound for a clause that owes nothing and has no duty in the month.
    """
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    clause = found.basis.terms.clause(clause_id)
    mine = [duty for duty in found.facts.duties if duty.clause == clause_id]
    if which not in OF_DUTIES or not (mine or (clause is not None and clause.tasks)):
        raise NotFound("这一条款没有这样的义务。")
    line = found.assessment.line_of(clause_id)
    chosen = tuple(sorted((one for one in mine if _is_one(one, which)), key=lambda one: (one.due_at, int(one.id))))
    return DutyRows(found, clause, line, which, chosen, last_by_target(found.words, EXPLAINED))


def _is_one(duty: DutyFact, which: str) -> bool:
    if which == EVERY:
        return True
    if which == CORRECTED:
        return not duty.is_counted
    return duty.is_counted and (duty.state == which or (which == OWED and duty.state != WAIVED))


# -- tickets ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TicketRow:
    """One ticket as a row: its facts, what people call it, why it is counted."""

    ticket: TicketFact
    title: str
    department: str
    told: tuple[Sentence, ...]


@dataclass(frozen=True)
class TicketRows:
    """The tickets that a figure counts: what it is called, by which rule, of which clause where it is one's."""

    month: Month
    name: str
    rule: str
    clause: Clause | None
    line: ClauseLine | None
    rows: tuple[TicketRow, ...]


@dataclass(frozen=True)
class _Figure:
    name: str
    rule: str
    told: Tells


def _whose(ticket: TicketFact) -> tuple[Sentence, ...]:
    return (sentence("由医院一方登记") if ticket.from_hospital else sentence("由乙方登记"),)


def _unproven(ticket: TicketFact) -> tuple[Sentence, ...]:
    return _named(*(EVENT_NAMES.get(name.removesuffix("_at"), "") for name in ticket.unproven))


def _late(ticket: TicketFact) -> tuple[Sentence, ...]:
    return (sentence("补录 %(n)s 个时间，没有凭证 %(bare)s 个", n=ticket.late_entries, bare=ticket.late_bare),)


def _closure(ticket: TicketFact) -> tuple[Sentence, ...]:
    return _named(CLOSURE_NAMES.get(ticket.closure, ""))


def _held(ticket: TicketFact) -> tuple[Sentence, ...]:
    return tuple(
        sentence("%(start)s 至 %(end)s", start=pause.start, end=pause.end) if pause.end
        else sentence("%(start)s 起，还没有恢复办理", start=pause.start) for pause in held_up(ticket)
    )  # fmt: skip


def _awaited(ticket: TicketFact) -> tuple[Sentence, ...]:
    assert ticket.closed_at is not None, ticket.number
    return (sentence("等待 %(span)s", span=ticket.closed_at - ticket.restorations[-1]),)


def _named(*texts: str) -> tuple[Sentence, ...]:
    return tuple(sentence(text) for text in texts if text)


OF_TICKETS: Mapping[str, _Figure] = {
    "reports": _Figure("本月工单", "报修时间在本月的工单，和以前的冻结月份没有收入的。", _whose),
    "from_hospital": _Figure(
        "报修时间由医院一方登记", "医院一方用自己的账号、扫码或监控告警立的单：报修时间由控制台的时钟给出。", _whose),
    "unproven": _Figure(
        "有时间未证实的工单", "补录而没有凭证、医院也没有认可的时间：不计入达标。", _unproven),
    "late": _Figure("有补录的工单", "乙方在事后超过约定分钟才登记的时间。", _late),
    "late_bare": _Figure(
        "补录没有凭证", "补录的时间没有附通话记录、聊天记录等凭证。", _late),
    "corrections": _Figure(
        "经双方更正", "一方提出、另一方批复的更正；原值都还在。",
        lambda t: (sentence("%(n)s 处", n=t.corrections),)),
    "closed": _Figure("已关闭的工单", "恢复后经确认，或不需确认的。", _closure),
    "by_silence": _Figure(
        "超时默认确认", "恢复后到期无人答复，由控制台关闭：不算医院的签字。", _closure),
    "held": _Figure(
        "因甲方原因挂起", "医院批准、原因在甲方的挂起，从开始到恢复办理。", _held),
    "awaited": _Figure(
        "恢复后等待甲方确认", "从恢复到医院确认（或到期默认确认）的时间。", _awaited),
    "provisional": _Figure(
        "按暂定日历计算的工单", "该年的节假日安排还没有录入，工作时间按周末规则算；录入前本月不能冻结。",
        lambda t: (sentence("暂定"),)),
}  # fmt: skip


def ticket_rows(
    session: Session, book: Book, contract_id: int, month: str, which: str, *, actor: Actor, now: datetime
) -> TicketRows:
    """Given a month and one of OF_TICKETS, return exactly the tickets that the figure counts. Raises NotFound."""
    figure = OF_TICKETS.get(which)
    if figure is None:
        raise NotFound("没有这一项数字。")
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    taken = found.facts.tickets if which != "provisional" else (*found.facts.tickets, *found.facts.carried)
    rows = _rows(session, [one for one in taken if COUNTS[which](one)], figure.told)
    return TicketRows(found, figure.name, figure.rule, None, None, rows)


def clause_rows(
    session: Session, book: Book, contract_id: int, month: str, clause_id: str, *, actor: Actor, now: datetime
) -> TicketRows:
    """Given a month and a clause that counts tickets, return exactly those. Raises NotFound for another clause."""
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    clause = found.basis.terms.clause(clause_id)
    if not isinstance(clause, StandingDuty | CostRule) or clause.tasks:
        raise NotFound("这一条款不按工单计数。")
    line = found.assessment.line_of(clause_id)
    mine = [one for one in found.facts.tickets if one.type in clause.types]
    if isinstance(clause, CostRule):
        rows = _rows(session, [one for one in mine if not one.withdrawn], lambda t: _named(t.cost_owner))
    else:
        rows = _rows(session, mine, lambda t: _named(t.withdrawn or t.state))
    return TicketRows(found, clause.key, clause.rule, clause, line, rows)


def _rows(session: Session, tickets: Sequence[TicketFact], told: Tells) -> tuple[TicketRow, ...]:
    shown = store.shown(session, [one.number for one in tickets])
    return tuple(TicketRow(one, *shown.get(one.number, ("", "", ""))[:2], told(one)) for one in tickets)


# -- caps -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CapRows:
    """A cap as the month has it, and the entries behind it with the state that each had on the month's last day.

    `changed`: something was decided since about that day, so that the entries no longer come to the frozen counts.
    """

    month: Month
    clause: Clause
    cap: CapYear
    line: ClauseLine | None
    entries: tuple[tuple[CapEntry, str], ...]
    changed: bool


def cap_rows(
    session: Session, book: Book, contract_id: int, month: str, clause_id: str, *, actor: Actor, now: datetime
) -> CapRows:
    """Given a month and a cap's clause, return its meter and its entries. Raises NotFound where it is no cap of it."""
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    clause = found.basis.terms.clause(clause_id)
    cap = next((one for one in month_caps(found) if one.clause == clause_id), None)
    if clause is None or cap is None:
        raise NotFound("这个月没有这一项额度。")
    day = last_day(month, found.facts.as_of)
    now_known = next((one for one in caps.of_year(session, book, contract_id, day) if one.clause == clause_id), None)
    entries = sorted(now_known.entries if now_known else (), key=lambda one: (one.recorded_at, one.id))
    line = found.assessment.line_of(clause_id)
    states = tuple((one, one.state_at(last_instant(day)) or "") for one in entries)
    return CapRows(found, clause, cap, line, states, changed=now_known is None or now_known.use != cap.use)


def month_caps(month: Month) -> tuple[CapYear, ...]:
    """Given a month, return its caps as meters show them."""
    return as_frozen(month.basis.terms, month.facts)


# -- what still wants an explanation ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unexplained:
    """What was not kept in a month and has no account of the vendor's yet: clocks with titles, and duties."""

    month: Month
    clocks: tuple[tuple[JudgedClock, str], ...]
    duties: tuple[DutyFact, ...]


def unexplained(
    session: Session, book: Book, contract_id: int, month: str, *, actor: Actor, now: datetime
) -> Unexplained:
    """Given a month, return what of it still asks for the vendor's account."""
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    missing = set(targets(found)) - set(last_by_target(found.words, EXPLAINED))
    clocks = [one for one in found.facts.judged if one.target in missing]
    shown = store.shown(session, [one.number for one in clocks])
    return Unexplained(
        found, tuple((one, shown.get(one.number, ("", "", ""))[0]) for one in clocks),
        tuple(one for one in found.facts.duties if one.target in missing),
    )  # fmt: skip


# -- money ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MoneyRows:
    """How the payable sum comes about: the payments that the month counts into, the cases by number, the items that
    deduct.
    """

    month: Month
    covers: tuple[Cover, ...]
    items: tuple[tuple[str, ItemLine], ...]


def money_rows(session: Session, book: Book, contract_id: int, month: str, *, actor: Actor, now: datetime) -> MoneyRows:
    """Given a month, return what its payable sum is made of."""
    found = assessments.of_month(session, book, contract_id, month, actor, now)
    names = {item.code: item.name for item in (found.basis.sheet.items if found.basis.sheet else ())}
    items = [(names.get(one.scored.code, ""), one) for one in found.assessment.items if one.deducted]
    return MoneyRows(found, covers_of(found), tuple(items))


def covers_of(month: Month) -> tuple[Cover, ...]:
    """Given a month, return the payments that it counts into."""
    return covering(month.basis.terms, month.life.month)


def case_numbers(basis: str) -> tuple[str, ...]:
    """Given what a deduction under C-55 rests on, return the numbers of its cases."""
    return tuple(basis.split("、"))
