"""A month's life: history, running, draft, frozen, locked; when it is frozen, and what may be said of it when.

Not for figures (`core/assessments.py`) nor for signatures (`core/signatures.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ops_console.core.moments import ZONE, day_start, month_of, month_start, shift_month
from ops_console.core.terms import Terms, contract_years
from ops_console.core.working_time import WorkingCalendar

HISTORY, AHEAD, RUNNING, DRAFT, FROZEN, LOCKED = "history", "ahead", "running", "draft", "frozen", "locked"
STATE_NAMES = {
    HISTORY: "历史（未考核）", AHEAD: "未到", RUNNING: "进行中", DRAFT: "草稿", FROZEN: "事实已冻结", LOCKED: "已锁定",
}  # fmt: skip
EXPLAINED, ADJUSTED, OBJECTED, ANSWERED = "explained", "adjusted", "objected", "answered"
WORDS = (EXPLAINED, ADJUSTED, OBJECTED, ANSWERED)
UPHELD, REJECTED, APART = "upheld", "rejected", "agreed_to_differ"
ANSWERS = {UPHELD: "异议成立", REJECTED: "异议不成立", APART: "各持己见"}
MONEY_TARGET, MONTH_TARGET = "money", "month"
MOST_WORKDAYS = 40


@dataclass(frozen=True)
class Life:
    """Where a month stands: its state, when its facts are or were frozen, when it ends.

    `is_final`: it is none of the contract's months but takes what they could not (合同终期结算).
    """

    month: str
    state: str
    ends_at: datetime
    freezes_at: datetime
    is_final: bool = False


def life_of(month: str, terms: Terms, calendar: WorkingCalendar, stored: str, now: datetime) -> Life:
    """Given a month, its contract, working time, the stored state ("", frozen, locked) and now, return where it stands.

    A month that ends before go-live is history and never judged; the one in which go-live falls is judged from that
    day on. Facts are frozen at the end of the `lock_workday`th working day of the next month (domain §1.11).
    """
    ends_at = month_start(shift_month(month, 1))
    freezes_at = freeze_moment(month, terms.settlement.lock_workday, calendar)
    return Life(month, _state(month, terms, stored, ends_at, now), ends_at, freezes_at, is_final(terms, month))


def _state(month: str, terms: Terms, stored: str, ends_at: datetime, now: datetime) -> str:
    if stored:
        return stored
    if ends_at <= day_start(terms.live_on()) or ends_at <= day_start(terms.starts_on):
        return HISTORY
    if now < month_start(month):
        return AHEAD
    return RUNNING if now < ends_at else DRAFT


def freeze_moment(month: str, workday: int, calendar: WorkingCalendar) -> datetime:
    """Given a month, which working day of the next one and working time, return the end of that day (UTC)."""
    day = date.fromisoformat(f"{shift_month(month, 1)}-01") - timedelta(days=1)
    for _ in range(min(workday, MOST_WORKDAYS)):
        day = calendar.next_workday(day)
    return day_start(day + timedelta(days=1))


def after_workdays(at: datetime, count: int, calendar: WorkingCalendar) -> datetime:
    """Given an instant, a number of working days and working time, return the end of the last of them (UTC)."""
    day = at.astimezone(ZONE).date()
    for _ in range(count):
        day = calendar.next_workday(day)
    return day_start(day + timedelta(days=1))


def assessed_months(terms: Terms, now: datetime) -> tuple[str, ...]:
    """Given a contract and now, return its months from go-live to the one of now or its final settlement, in order."""
    first = month_of(day_start(max(terms.live_on(), terms.starts_on)))
    last = min(month_of(now), final_month(terms))
    months = []
    while first <= last:
        months.append(first)
        first = shift_month(first, 1)
    return tuple(months)


def final_month(terms: Terms) -> str:
    """Given a contract, return the month after its last one: its final settlement (合同终期结算).

    It takes what would have landed in a later month: clocks that were open at the end, what was corrected since,
    deductions executed since, what a month's fee could not bear. There is no fee and no score in it.
    """
    return shift_month(month_of(day_start(terms.ends_on)), 1)


def is_final(terms: Terms, month: str) -> bool:
    """Given a contract and a month, say whether that month is its final settlement."""
    return month == final_month(terms)


def year_and_place(terms: Terms, month: str) -> tuple[int, int]:
    """Given a contract and a month, return its contract year from 1 and its place in it from 0; (0, -1) outside.

    By the month's last day: a contract from 15 March has its first month in March.
    """
    last = month_start(shift_month(month, 1)).astimezone(ZONE).date() - timedelta(days=1)
    for number, (first, end) in enumerate(contract_years(terms), start=1):
        if first <= last and month_of(day_start(first)) <= month <= month_of(day_start(end)):
            place = _months_apart(month_of(day_start(first)), month)
            if place <= 11:
                return number, place
    return 0, -1


def _months_apart(first: str, last: str) -> int:
    (y1, m1), (y2, m2) = ((int(part) for part in month.split("-")) for month in (first, last))
    return (y2 - y1) * 12 + m2 - m1


@dataclass(frozen=True)
class Word:
    """One word about a target of the month, as its row has it."""

    id: int
    kind: str
    target: str
    text: str
    side: str
    by: str
    at: datetime
    deducted: int | None = None
    answers: int | None = None
    outcome: str = ""


@dataclass(frozen=True)
class Dispute:
    """An objection with its answer, None while nobody gave one."""

    objection: Word
    answer: Word | None


def disputes_of(words: Iterable[Word]) -> tuple[Dispute, ...]:
    """Given a month's words, return its objections, each with the last answer to it."""
    said = tuple(words)
    answers = {word.answers: word for word in said if word.kind == ANSWERED}
    return tuple(Dispute(word, answers.get(word.id)) for word in said if word.kind == OBJECTED)


def last_by_target(words: Iterable[Word], kind: str) -> dict[str, Word]:
    """Given a month's words and a kind, return the last of that kind about each target."""
    return {word.target: word for word in words if word.kind == kind}
