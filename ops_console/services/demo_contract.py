"""Doing the demo year's steps about the contract: the sheet, duties, releases, cases, what becomes of each month.

Not for which steps there are (`core/demo_contract.py`). What finds nothing to do passes: a contract without clauses has
a demo year too.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import IO, TypedDict

from sqlalchemy.orm import Session

from ops_console.core import demo_contract as plan
from ops_console.core.attachments import NewFile
from ops_console.core.breach_acts import Account
from ops_console.core.contracts import NEW_VERSION, RELEASE
from ops_console.core.demo import SEED
from ops_console.core.demo_places import CHIEF
from ops_console.core.demo_steps import (
    CASE_DECIDED,
    CASE_EXECUTED,
    CASE_FILED,
    CASE_FOUND,
    CASE_RAISED,
    CASE_SENT,
    CASE_STATED,
    DELEGATED,
    DUTIES_ACCEPTED,
    DUTIES_DONE,
    DUTY_ASKED,
    ENTRIES_CONFIRMED,
    ENTRIES_MADE,
    MONTH_ADJUSTED,
    MONTH_ANSWERED,
    MONTH_EXPLAINED,
    MONTH_PAID,
    MONTH_SIGNED,
    RELEASED,
    SAMPLE_ANSWERED,
    SAMPLE_DRAWN,
    SAMPLE_LISTED,
    SHEET_CONFIRMED,
    SHEET_PROPOSED,
    VERSION_DECIDED,
    VERSION_TOLD,
    Step,
)
from ops_console.core.entries import Value
from ops_console.core.measures import MEASURES
from ops_console.core.moments import ZONE
from ops_console.core.months import LOCKED, REJECTED
from ops_console.core.people import Actor
from ops_console.core.releases import PRODUCT, UPDATE, UPGRADE, Release
from ops_console.core.score_preset import PRESET
from ops_console.services import (
    assessments,
    breach_accounts,
    breach_acts,
    delegations,
    deliveries,
    duties,
    duty_plans,
    entries,
    entry_forms,
    months,
    payments,
    proofs,
    releases,
    sample_acts,
    samples,
    scores,
    signatures,
)
from ops_console.services.breach_acts import Dispatch, Execution, Finding
from ops_console.services.contracts import Book
from ops_console.services.delegations import NewDelegation
from ops_console.services.demo_house import actor_named
from ops_console.services.month_words import Desk
from ops_console.services.samples import Which
from ops_console.services.signatures import Sign
from ops_console.services.signing import Hands
from ops_console.store import assessments as assessment_store
from ops_console.store import breaches as breach_store
from ops_console.store import duties as duty_store
from ops_console.store import releases as release_store

PROVED = timedelta(minutes=5)
KeepFile = Callable[[IO[bytes], str], NewFile]
OBJECTED = "2026-04"  # the month in which the vendor disputes an unproven answer
SENT_BACK = "材料不完整，请补齐后再提交"
ADJUSTED, ADJUSTED_ITEM, ADJUSTED_TO = "2026-03", "A1", 150
# What the vendor says of what it did not keep, by the clock or, for a duty, by "duty".
ACCOUNTS: Mapping[str, tuple[str, ...]] = {
    "response": (
        "当时正在处理另一起故障，未能及时回复；已增设值班副手。",
        "节后集中报修，驻场一人应答不及；已安排二线节后首日到场。",
        "夜间值班手机静音，已改为双人值班。",
    ),
    "arrival": ("夜间由二线到场，路程较远；已约定由就近人员先到。",),
    "repair": ("故障定位耗时较长，需厂商配合；已补充应急切换办法。", "备件不在现场，已在机房存放常用备件。"),
    "hotline": ("晚间咨询未及时回复，已改为值班轮换并设提醒。", "消息被其他群消息淹没，已启用机器人提醒。"),
    "duty": ("负责人休假，交接遗漏；已补做并加入交接单。", "材料返工一次，晚于约定日完成。"),
}  # fmt: skip


class By(TypedDict):
    """Who acts and when, as services ask for it."""

    actor: Actor
    now: datetime


class Calling(By):
    """The same of a sample check, which also asks whether a month is locked."""

    is_locked: Callable[[str], bool]


@dataclass
class Part:
    """One step about the contract being done: where, when, by whom, with what at hand; `cases` are numbers by case."""

    session: Session
    book: Book
    step: Step
    keep_file: KeepFile
    signing: Hands
    numbers: Mapping[str, str]
    cases: dict[str, str] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """When the step is done."""
        return self.step.at

    @property
    def actor(self) -> Actor:
        """Who does it, a second factor just given."""
        return self.by(self.step.who)

    @property
    def contract_id(self) -> int:
        """The contract in force."""
        return self.book.at(self.now).contract_id

    @property
    def month(self) -> str:
        """The month that the step is about."""
        return str(self.step.facts["month"])

    def by(self, account: str) -> Actor:
        """Given an account, return its person with a second factor just given."""
        return replace(actor_named(account), proved_until=self.now + PROVED)

    def told(self, name: str) -> str:
        """A text among the step's facts."""
        return str(self.step.facts[name])

    def paper(self, title: str, text: str) -> NewFile:
        """Given a title and a text, keep them as a file."""
        return self.keep_file(io.BytesIO(f"{title}\n{text}\n（演示）\n".encode()), f"{title}.txt")

    def is_locked(self, month: str) -> bool:
        """Whether a month is signed."""
        return assessments.is_locked(self.session, self.contract_id, month)


def do(part: Part) -> None:
    """Given a step about the contract and what is at hand, do it; of a contract without clauses nothing."""
    if not part.book.at(part.now).terms.clauses:
        return
    ACTS[part.step.act](part)


# -- sheet ------------------------------------------------------------------------------------------------------------


def _propose_sheet(part: Part) -> None:
    terms = part.book.at(part.now).terms
    scores.propose(
        part.session, part.contract_id, terms, PRESET, f"{terms.live_on():%Y-%m}", "试行示例评分表，只计分，不影响付款",
        actor=part.actor, now=part.now, last_frozen=assessments.last_frozen,
    )  # fmt: skip


def _confirm_sheet(part: Part) -> None:
    terms = part.book.at(part.now).terms
    waiting = next(one for one in scores.versions(part.session, part.contract_id, terms, part.actor) if one.waits)
    scores.confirm(
        part.session, part.contract_id, terms, waiting.row.id, waiting.row.digest, actor=part.actor, now=part.now,
        last_frozen=assessments.last_frozen,
    )  # fmt: skip


# -- duties -----------------------------------------------------------------------------------------------------------


def _do_duties(part: Part) -> None:
    today = part.now.astimezone(ZONE).date()
    for row in duty_store.undone(part.session, None):
        duty = duty_store.duty_of(row)
        if duty.begins_at > part.now:
            continue
        fate = plan.fate_of(duty)
        if fate == plan.WAIVED and duty.due_on <= today:
            duties.waive(part.session, row.id, "这次更新没有界面变化，不需要另做材料", part.by(CHIEF), part.now)
        elif fate in (plan.IN_TIME, plan.LATE) and plan.done_on(duty, part.book.calendars[row.version_id]) <= today:
            _deliver(part, row.id)


def _deliver(part: Part, duty_id: int) -> None:
    row = deliveries.held(part.session, duty_id)
    task = duty_plans.task_of(part.book.by_id[row.version_id], row.clause, row.task)
    day = part.now.astimezone(ZONE).date()
    file = part.paper(f"{row.name}-{day.isoformat()}", f"{row.clause} {row.name}，{day.isoformat()} 完成。")
    done = deliveries.Done(None, "", (file,), task.evidence[0] if task.evidence else "")
    deliveries.deliver(part.session, part.book, row.id, done, part.actor, part.now)


def _accept_duties(part: Part) -> None:
    """Everything of the day before is looked at; now and then a first one is sent back."""
    for shown in duties.parts(part.session, "", actor=part.actor, now=part.now)[duties.TO_ACCEPT]:
        duty = shown.duty
        seen = duties.find(part.session, part.book, duty.id, part.actor, part.now)
        last = seen.deliveries[-1]
        if len(seen.deliveries) == 1 and plan.is_sent_back(duty):
            deliveries.reject(part.session, duty.id, last.id, SENT_BACK, actor=part.actor, now=part.now)
        else:
            deliveries.accept(part.session, duty.id, last.id, claim_counts=True, actor=part.actor, now=part.now)


def _ask(part: Part) -> None:
    if part.told("what") not in {f"{clause.id}/{task.key}" for clause, task in duties.askable(part.book, part.now)}:
        return
    asked = duties.Ask(part.told("what"), part.told("text"), f"demo{part.now:%Y%m%d}")
    duties.ask(part.session, part.book, asked, part.actor, part.now)


def _release(part: Part) -> None:
    """Registered half an hour before it is out; what must be there by then is handed in at once, if it is in time."""
    number, goes_live = int(part.told("number")), part.step.facts["go_live"] is True
    released = part.now + timedelta(minutes=30)
    told = Release(
        UPDATE, f"7.{number // 4}.{number}", plan.TITLES[number], ("患者端", "管理端"), released_at=released,
        go_live=goes_live,
    )  # fmt: skip
    release_id = releases.register(part.session, part.book, told, part.actor, part.now)
    for row in duty_store.of_events(part.session, [RELEASE, "go_live"], [str(release_id)]):
        duty = duty_store.duty_of(row)
        if row.task in ("note", "archive", "notice") and plan.fate_of(duty) == plan.IN_TIME:
            _deliver(part, row.id)


def _tell_version(part: Part) -> None:
    name, published = part.told("version"), date.fromisoformat(part.told("published"))
    told = Release(PRODUCT, name, f"产品新版本 {name}", published_on=published)
    release_id = releases.register(part.session, part.book, told, part.actor, part.now)
    for row in duty_store.of_events(part.session, [NEW_VERSION], [str(release_id)]):
        if row.task == "remind":
            _deliver(part, row.id)


def _decide_version(part: Part) -> None:
    row = release_store.standing(part.session, part.contract_id, PRODUCT, part.told("version"))
    if row is not None:
        reason = "随下一次更新升级"
        releases.decide(part.session, row.id, UPGRADE, reason, actor=part.actor, now=part.now)


# -- cases ------------------------------------------------------------------------------------------------------------


def _raise_case(part: Part) -> None:
    name = part.told("case")
    told = plan.CASES[name]
    account = Account(
        occurred_at=told.occurred_at, discovered_at=told.known_at, known_at=told.known_at,
        reported_at=told.reported_at, what=told.what, known_how="群消息", receiver="信息科", channel="微信群",
        systems=told.systems, impact=told.impact, measures=told.measures,
    )  # fmt: skip
    tickets = (part.numbers[told.story],) if told.story in part.numbers else ()
    clue = breach_accounts.Clue(told.category, account, tickets, (), f"demo-{name}")
    part.cases[name] = breach_accounts.raise_clue(part.session, part.book, clue, part.actor, part.now)


def _case_act(part: Part) -> None:
    number, told = part.cases[part.told("case")], plan.CASES[part.told("case")]
    row = breach_store.one(part.session, number, part.actor.side)
    assert row is not None, number
    version, by = row.version, By(actor=part.actor, now=part.now)
    session, book, act = part.session, part.book, part.step.act
    if act == CASE_FILED:
        breach_acts.file_case(session, book, number, version, told.category, **by)
    elif act == CASE_STATED:
        breach_acts.state(session, book, number, version, part.told("text"), **by)
    elif act == CASE_FOUND:
        times = Account(
            occurred_at=told.occurred_at, discovered_at=told.known_at, known_at=told.known_at,
            reported_at=told.reported_at,
        )  # fmt: skip
        found = Finding(part.step.facts["upheld"] is True, told.category, times, part.told("text"))
        breach_acts.find(session, book, number, version, found, **by)
    elif act == CASE_DECIDED:
        breach_acts.decide(session, book, number, version, "", approved=True, **by)
    elif act == CASE_EXECUTED:
        breach_acts.execute(session, book, number, version, Execution(part.month), **by)
    else:
        sent = Dispatch(part.told("receiver"), part.now, part.actor.name, "电话", part.told("text"))
        breach_acts.dispatch(session, book, number, version, sent, **by)


# -- a month's life ---------------------------------------------------------------------------------------------------


def _enter(part: Part) -> None:
    for name, (numerator, denominator) in plan.entered(part.month).items():
        new = entries.NewEntry(part.month, MEASURES[name], Value(numerator, denominator))
        row = entries.enter(part.session, part.book, new, part.actor, part.now, last_frozen=assessments.last_frozen)
        text = f"{part.month} {MEASURES[name].title}：{numerator}／{denominator}"
        file = part.paper(f"{part.month}-{MEASURES[name].title}", text)
        proofs.attach(part.session, entries.SUBJECT, str(row.id), file, part.actor, part.now)


def _confirm_entries(part: Part) -> None:
    form = entry_forms.form(
        part.session, part.book, part.month, part.actor, part.now, last_frozen=assessments.last_frozen
    )
    waiting = [one.id for line in form.lines for one in line.versions if one.state == "entered"]
    if waiting:
        entries.confirm(part.session, part.book, waiting, part.actor, part.now, last_frozen=assessments.last_frozen)


def _explain(part: Part) -> None:
    shown = months.screen(part.session, part.book, part.contract_id, part.month, actor=part.actor, now=part.now)
    desk = _desk(part)
    for target, kind in _kinds(shown):
        texts = ACCOUNTS[kind]
        desk.explain(target, Random(f"{SEED}/explain/{part.month}/{target}").choice(texts))  # noqa: S311 - a demo's words
    if part.month == OBJECTED:
        disputed = next((target for target, kind in _kinds(shown) if kind == "response"), None)
        if disputed is not None:
            desk.object(disputed, "当时已在群内答复，登记晚了，不应按未证实计。")


def _kinds(shown: months.Screen) -> Iterator[tuple[str, str]]:
    """What waits for the vendor's account, each with the clock it is about, or `duty`."""
    clocks = {tile.limit.id: tile.limit.clock for tile in shown.tiles}
    for target in shown.unexplained:
        yield target, clocks.get(target.partition("/")[0], "duty")


def _desk(part: Part) -> Desk:
    return Desk(part.session, part.book, part.contract_id, part.month, actor=part.actor, now=part.now)


def _answer_objections(part: Part) -> None:
    shown = months.screen(part.session, part.book, part.contract_id, part.month, actor=part.actor, now=part.now)
    desk = _desk(part)
    for dispute in shown.disputes:
        if dispute.answer is None:
            text = "群聊记录里没有该时刻的答复，双方看过原始记录，仍按未证实计。"
            desk.answer(dispute.objection.id, REJECTED, text)


def _adjust(part: Part) -> None:
    if part.month != ADJUSTED:
        return
    shown = months.screen(part.session, part.book, part.contract_id, part.month, actor=part.actor, now=part.now)
    line = next((one for one in shown.month.assessment.items if one.scored.code == ADJUSTED_ITEM), None)
    if line is not None and line.scored.deducted > ADJUSTED_TO:
        reason = "3 月 2 日节后首日集中报修 19 件，驻场已尽力，酌减"
        _desk(part).adjust(ADJUSTED_ITEM, ADJUSTED_TO, reason)


def _list(part: Part) -> None:
    by = Calling(actor=part.actor, now=part.now, is_locked=part.is_locked)
    sample_acts.commit(part.session, part.book, Which(part.contract_id, part.month, 0), "", **by)


def _draw(part: Part) -> None:
    which = Which(part.contract_id, part.month, 1)
    found = samples.one(part.session, which, part.actor)
    assert found is not None, part.month
    by = Calling(actor=part.actor, now=part.now, is_locked=part.is_locked)
    sample_acts.draw(part.session, which, found.row.digest, part.told("seed"), **by)


def _hear(part: Part) -> None:
    which = Which(part.contract_id, part.month, 1)
    found = samples.one(part.session, which, part.actor)
    place = int(part.told("place"))
    if found is None or place > len(found.tickets):
        return
    heard = sample_acts.Heard(place, part.told("answer"))
    by = Calling(actor=part.actor, now=part.now, is_locked=part.is_locked)
    sample_acts.answer(part.session, which, heard, **by)


def _delegate(part: Part) -> None:
    first = part.now.astimezone(ZONE).date() + timedelta(days=1)
    wanted = NewDelegation(part.told("taker"), first, first + timedelta(days=6), "外出参加区域平台会议一周")
    delegations.delegate(part.session, wanted, part.actor, part.now)


def _sign(part: Part) -> None:
    row = assessment_store.heading(part.session, part.contract_id, part.month)
    if row is None or row.state == LOCKED:
        return
    wanted = Sign(row.digest)
    signatures.sign(
        part.session, part.book, part.signing, part.contract_id, part.month, wanted, actor=part.actor, now=part.now
    )


def _pay(part: Part) -> None:
    """What the signed months make payable and nobody has paid yet."""
    finance = payments.of_year(part.session, part.book, part.contract_id, None, actor=part.actor, now=part.now)
    due = next((one for one in finance.dues if one.payment.payable and one.note is None), None)
    if due is None:
        return
    assert due.payment.payable is not None
    digest = hashlib.sha256(due.key.encode()).hexdigest()
    paid = payments.Paid(
        due.key, f"0310{int(digest[:8], 16) % 10**8:08}", date.fromisoformat(part.told("paid_on")),
        f"{due.payment.payable // 100}.{due.payment.payable % 100:02}",
    )  # fmt: skip
    payments.record(part.session, part.book, part.contract_id, finance.year, paid, actor=part.actor, now=part.now)


ACTS: Mapping[str, Callable[[Part], None]] = {
    SHEET_PROPOSED: _propose_sheet, SHEET_CONFIRMED: _confirm_sheet, DUTIES_DONE: _do_duties,
    DUTIES_ACCEPTED: _accept_duties, DUTY_ASKED: _ask, RELEASED: _release, VERSION_TOLD: _tell_version,
    VERSION_DECIDED: _decide_version, CASE_RAISED: _raise_case, CASE_FILED: _case_act, CASE_STATED: _case_act,
    CASE_FOUND: _case_act, CASE_DECIDED: _case_act, CASE_EXECUTED: _case_act, CASE_SENT: _case_act,
    ENTRIES_MADE: _enter, ENTRIES_CONFIRMED: _confirm_entries, MONTH_EXPLAINED: _explain,
    MONTH_ANSWERED: _answer_objections, MONTH_ADJUSTED: _adjust, SAMPLE_LISTED: _list,
    SAMPLE_DRAWN: _draw, SAMPLE_ANSWERED: _hear, DELEGATED: _delegate, MONTH_SIGNED: _sign, MONTH_PAID: _pay,
}  # fmt: skip
