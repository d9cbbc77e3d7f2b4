"""Doing the demo year's steps about the contract: the sheet, duties, releases, cases.

Not for which steps there are (`core/demo_contract.py`) nor for months (`services/demo_months.py`). What finds nothing
to do passes: a contract without clauses has a demo year too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from ops_console.core import demo_contract as plan
from ops_console.core import demo_steps as acts
from ops_console.core.breach_acts import Account
from ops_console.core.contracts import GO_LIVE, NEW_VERSION, RELEASE
from ops_console.core.demo import FIRST
from ops_console.core.demo_places import CHIEF
from ops_console.core.moments import ZONE, day_start
from ops_console.core.releases import PRODUCT, UPDATE, UPGRADE, Release
from ops_console.core.score_preset import PRESET
from ops_console.services import (
    assessments,
    breach_accounts,
    breach_acts,
    deliveries,
    demo_months,
    duties,
    duty_plans,
    releases,
    scores,
)
from ops_console.services.breach_acts import Dispatch, Execution, Finding
from ops_console.services.demo_parts import By, Part
from ops_console.store import breaches as breach_store
from ops_console.store import duties as duty_store
from ops_console.store import releases as release_store

CASE_ACTS = (
    acts.CASE_FILED, acts.CASE_STATED, acts.CASE_FOUND, acts.CASE_DECIDED, acts.CASE_EXECUTED, acts.CASE_SENT
)  # fmt: skip
DONE, PRODUCT_TITLE = "{clause} {name}，{day} 完成。", "产品新版本 {name}"
SENT_BACK = "材料不完整，请补齐后再提交"


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
        if not day_start(FIRST) <= duty.begins_at <= part.now:
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
    text = DONE.format(clause=row.clause, name=row.name, day=day.isoformat())
    file = part.paper(f"{row.name}-{day.isoformat()}", text)
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
    for row in duty_store.of_events(part.session, [RELEASE, GO_LIVE], [str(release_id)]):
        duty = duty_store.duty_of(row)
        if row.task in ("note", "archive", "notice") and plan.fate_of(duty) == plan.IN_TIME:
            _deliver(part, row.id)


def _tell_version(part: Part) -> None:
    name, published = part.told("version"), date.fromisoformat(part.told("published"))
    told = Release(PRODUCT, name, PRODUCT_TITLE.format(name=name), published_on=published)
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
    if act == acts.CASE_FILED:
        breach_acts.file_case(session, book, number, version, told.category, **by)
    elif act == acts.CASE_STATED:
        breach_acts.state(session, book, number, version, part.told("text"), **by)
    elif act == acts.CASE_FOUND:
        times = Account(
            occurred_at=told.occurred_at, discovered_at=told.known_at, known_at=told.known_at,
            reported_at=told.reported_at,
        )  # fmt: skip
        found = Finding(part.step.facts["upheld"] is True, told.category, times, part.told("text"))
        breach_acts.find(session, book, number, version, found, **by)
    elif act == acts.CASE_DECIDED:
        breach_acts.decide(session, book, number, version, "", approved=True, **by)
    elif act == acts.CASE_EXECUTED:
        breach_acts.execute(session, book, number, version, Execution(part.month), **by)
    else:
        needed = part.step.facts.get("needed", True) is True
        sent = Dispatch(part.told("receiver"), part.now, part.actor.name, "电话", part.told("text"), needed)
        breach_acts.dispatch(session, book, number, version, sent, **by)


ACTS: Mapping[str, Callable[[Part], None]] = {
    acts.SHEET_PROPOSED: _propose_sheet, acts.SHEET_CONFIRMED: _confirm_sheet, acts.DUTIES_DONE: _do_duties,
    acts.DUTIES_ACCEPTED: _accept_duties, acts.DUTY_ASKED: _ask, acts.RELEASED: _release,
    acts.VERSION_TOLD: _tell_version, acts.VERSION_DECIDED: _decide_version, acts.CASE_RAISED: _raise_case,
    **dict.fromkeys(CASE_ACTS, _case_act), **demo_months.ACTS,
}  # fmt: skip
