"""Duties as people see them: a month, a due list, one with its evidence; waiving one, and asking for one.

Not for making them (`services/duty_plans.py`) nor for what is delivered (`services/deliveries.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.contracts import RECURRENCE, REQUEST, Clause, Task
from ops_console.core.duties import (
    DAY,
    DELIVERED,
    STATES,
    Duty,
    Trigger,
    last_second,
    owing,
    state_of,
)
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import ZONE, day_start, month_of, month_start, months_between, shift_month, whole
from ops_console.core.people import HOSPITAL, SYSTEM, Actor
from ops_console.core.releases import EVENTS
from ops_console.services.contracts import Book
from ops_console.services.deliveries import held
from ops_console.services.duty_plans import expected, note, task_of, terms_of, trigger
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import duties as store
from ops_console.store import proofs, releases
from ops_console.store.masks import masker_of
from ops_console.store.proofs import ProofRow

ASKABLE = (REQUEST, RECURRENCE)
# The due list's parts: what nobody did, by how far off it is; then what waits for the hospital.
PASSED, IN_7, IN_15, IN_30, LATER, TO_ACCEPT = "passed", "in_7", "in_15", "in_30", "later", "to_accept"
PARTS = (PASSED, IN_7, IN_15, IN_30, LATER, TO_ACCEPT)
REACH = {IN_7: 7, IN_15: 15, IN_30: 30}


def of_month(session: Session, contract_id: int | None, month: str) -> tuple[Duty, ...]:
    """Given a contract (None: every one) and a Shanghai month, return the duties due in it, by due time, with evidence.

    A duty belongs to the month of its due date, one that an event made too. Two statements.
    """
    return store.with_evidence(session, store.due_within(session, _month(month), contract_id))


def _month(month: str, clause: str = "") -> store.Wanted:
    return store.Wanted(month_start(month), month_start(shift_month(month, 1)), clause)


def due_list(session: Session, now: datetime, days: int) -> tuple[Duty, ...]:
    """Given now and a number of days, return what nobody did or waived and is due by the end of that day, the passed
    too, by due time. One statement.
    """
    until = last_second(now.astimezone(ZONE).date() + days * DAY) + timedelta(seconds=1)
    return tuple(store.duty_of(row) for row in store.undone(session, until))


def due_today(session: Session, actor: Actor, now: datetime) -> tuple[int, int]:
    """Given who asks, return how many duties are due until today's end, and how many have passed undone."""
    actor.need("reports.read")
    return store.undone_counts(session, now, day_start(now.astimezone(ZONE).date() + DAY))


@dataclass(frozen=True)
class Shown:
    """A duty on a list: its state, which release made it (version and title, or None), what the hospital asked for."""

    duty: Duty
    state: str
    release: tuple[str, str] | None = None
    asked: str = ""
    provisional: bool = False


@dataclass(frozen=True)
class MonthView:
    """A month's duties as chosen, how many of all of them are in each state, and which clauses there are.

    `expected`: those of periods that have not begun, of a month to come.
    """

    month: str
    duties: Sequence[Shown]
    counts: Mapping[str, int]
    clauses: Sequence[str]
    expected: Sequence[Duty] = ()


def month_view(
    session: Session, book: Book, month: str, clause: str, state: str, *, actor: Actor, now: datetime
) -> MonthView:
    """Given a month, a clause and a state ("": every one), return the month's duties. Five statements."""
    actor.need("reports.read")
    rows = store.due_within(session, _month(month, clause))
    shown = _shown(session, rows, now)
    counts = {one: sum(1 for duty in shown if duty.state == one) for one in STATES}
    chosen = [duty for duty in shown if state in ("", duty.state)]
    coming = () if state else _expected(book, month, clause, now)
    return MonthView(month, chosen, counts, store.clauses(session), coming)


def _shown(session: Session, rows: Sequence[store.DutyRow], now: datetime) -> list[Shown]:
    duties = store.with_evidence(session, rows)
    of_release = {row.id: int(row.ref) for row in rows if row.event in EVENTS}
    titles = releases.titles(session, set(of_release.values())) if of_release else {}
    return [
        Shown(duty, state_of(duty, now), titles.get(of_release.get(row.id, 0)), row.asked)
        for row, duty in zip(rows, duties, strict=True)
    ]


def _expected(book: Book, month: str, clause: str, now: datetime) -> tuple[Duty, ...]:
    """What a month to come will bring by the contract as it stands: nothing is stored before its period begins."""
    today = now.astimezone(ZONE).date()
    if month <= month_of(now):
        return ()
    until = (month_start(shift_month(month, 1)) - DAY).astimezone(ZONE).date()
    found = (duty for _version, duty in expected(book, until))
    return tuple(
        duty for duty in found
        if duty.month == month and duty.period_start and duty.period_start > today and clause in ("", duty.clause)
    )  # fmt: skip


def parts(session: Session, clause: str, *, actor: Actor, now: datetime) -> dict[str, list[Shown]]:
    """Given a clause ("": every one), return what is to be done and accepted, by PARTS. Four statements at most."""
    actor.need("reports.read")
    rows = [*store.undone(session, None, clause), *store.waiting(session, clause)]
    found: dict[str, list[Shown]] = {part: [] for part in PARTS}
    for shown in _shown(session, rows, now):
        found[_part(shown, now)].append(shown)
    found[PASSED].reverse()  # what passed last can still be mended best
    return found


def _part(shown: Shown, now: datetime) -> str:
    if shown.state == DELIVERED:
        return TO_ACCEPT
    if shown.duty.due_at < now:
        return PASSED
    days = (shown.duty.due_on - now.astimezone(ZONE).date()).days
    return next((part for part, reach in REACH.items() if days <= reach), LATER)


def month_list(session: Session, now: datetime) -> tuple[str, ...]:
    """Given now, return the months that have duties and the next two, newest first."""
    span = store.months(session)
    first, last = (month_of(span[0]), month_of(span[1])) if span else (month_of(now), month_of(now))
    return months_between(first, max(last, shift_month(month_of(now), 2)))[::-1]


@dataclass(frozen=True)
class View:
    """One duty as its page shows it. `last` is the delivery that the hospital may have a word on; None for none."""

    duty: Duty
    state: str
    clause: Clause
    task: Task
    row: store.DutyRow
    deliveries: Sequence[store.DeliveryRow]
    links: Sequence[store.LinkRow]
    proofs: Sequence[ProofRow]
    release: tuple[str, str] | None

    @property
    def last(self) -> store.DeliveryRow | None:
        """The last delivery that was not taken back."""
        return next((one for one in reversed(self.deliveries) if one.taken_back_at is None), None)

    @property
    def by_console(self) -> bool:
        """Whether the console waived it, for the release that made it was corrected."""
        return self.row.waived_by == SYSTEM.account


def find(session: Session, book: Book, duty_id: int, actor: Actor, now: datetime) -> View:
    """Given an id and who asks, return the duty with its clause, evidence and history. Raises NotFound."""
    actor.need("reports.read")
    row = store.one(session, duty_id)
    if row is None:
        raise NotFound("没有这一项义务。")
    version = book.by_id[row.version_id]
    clause = terms_of(version).clause(row.clause)
    assert clause is not None, row.clause
    (shown,) = _shown(session, [row], now)
    return View(
        shown.duty, shown.state, clause, task_of(version, row.clause, row.task), row,
        store.deliveries(session, [row.id]).get(row.id, []), store.links(session, row.id),
        proofs.of_subject(session, store.SUBJECT, str(row.id)), shown.release,
    )  # fmt: skip


def waive(session: Session, duty_id: int, reason: str, actor: Actor, now: datetime) -> None:
    """Given a duty and why, let the hospital waive it: it leaves the count. Needs a fresh second factor.

    Raises Refused for what was done in time and accepted, and for what is waived already.
    """
    row = _for_the_hospital(session, duty_id, actor, now)
    told = check_reason(reason)
    if row.waived_at is not None:
        raise Refused("“%(name)s”已经豁免，请刷新页面。", name=row.name)
    if row.accepted_at is not None and row.delivered_at is not None and row.delivered_at <= row.due_at:
        raise Refused("“%(name)s”已按期完成并验收，不用豁免。", name=row.name)
    row.waived_at, row.waived_by, row.next_look_at = whole(now), actor.account, None
    row.waived_reason = masker_of(session).text(told)
    facts = signing_facts(session, actor, now)
    note(session, store.duty_of(row), "duty_waived", actor, now, facts, reason=told)


def take_back_waiver(session: Session, duty_id: int, actor: Actor, now: datetime) -> None:
    """Given a duty that the hospital waived, let it be owed again. Raises Refused for one the console waived."""
    row = _for_the_hospital(session, duty_id, actor, now)
    if row.waived_at is None:
        raise Refused("“%(name)s”没有豁免，请刷新页面。", name=row.name)
    if row.waived_by == SYSTEM.account:
        raise Refused("“%(name)s”因发布更正而不再需要；请更正发布登记。", name=row.name)
    row.waived_at, row.waived_by, row.waived_reason = None, "", ""
    row.next_look_at = whole(now) if row.delivered_at is None else None
    note(session, store.duty_of(row), "duty_unwaived", actor, now, signing_facts(session, actor, now))


def _for_the_hospital(session: Session, duty_id: int, actor: Actor, now: datetime) -> store.DutyRow:
    actor.need("duties.accept")
    actor.need_proof(now)
    refuse_fresh_reset(session, actor, now)
    return held(session, duty_id)


# -- asking -----------------------------------------------------------------------------------------------------------


def askable(book: Book, now: datetime) -> list[tuple[Clause, Task]]:
    """Given the contract, return what the hospital may ask for now: the tasks of a request or a recurrence."""
    if not book.versions:
        return []
    terms = terms_of(book.at(now))
    today: date = now.astimezone(ZONE).date()
    return [
        (clause, task) for clause, task in owing(terms)
        if task.event in ASKABLE and terms.live_on(clause.id) <= today <= terms.ends_on
    ]  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """What the hospital asks for: which task (`C-46/password`), what exactly, and the form's own key: asked once."""

    what: str
    text: str
    key: str


def ask(session: Session, book: Book, asked: Ask, actor: Actor, now: datetime) -> int:
    """Given what the hospital asks for, make its duty and return its id; the same form sent again is the same duty.

    It is owed from now, when it is recorded: who asks could otherwise date it back.
    """
    actor.need("duties.accept")
    if actor.side != HOSPITAL:
        raise Refused("要求由甲方提出。", field="permission")
    refuse_fresh_reset(session, actor, now)
    chosen = next((pair for pair in askable(book, now) if f"{pair[0].id}/{pair[1].key}" == asked.what), None)
    if chosen is None:
        raise Refused("请选择要求的事项。", field="what")
    text = check_reason(asked.text, "text")
    if not (asked.key.isascii() and asked.key.isalnum() and 8 <= len(asked.key) <= 32):
        raise Refused("页面已过期，请刷新后再提交。")
    clause, task = chosen
    what = Trigger(task.event, asked.key, whole(now), (clause.id, task.key))
    made = trigger(session, book, what, actor, now, asked=masker_of(session).text(text))
    for duty_id in made:
        note(session, store.duty_of(held(session, duty_id)), "duty_asked", actor, now, text=text)
    return made[0] if made else store.of_events(session, [what.kind], [what.ref])[0].id
