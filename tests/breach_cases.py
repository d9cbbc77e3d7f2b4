"""Arranging breach cases for tests: clues of either side, and each step up to a wanted state, on a console's clock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from ops_console.console import Console
from ops_console.core.breach_acts import Account
from ops_console.core.contracts import Penalty
from ops_console.core.money import Fee
from ops_console.core.people import Actor, actor_of
from ops_console.core.terms import Settlement
from ops_console.services import breach_accounts, breach_acts, breaches
from ops_console.services.breach_accounts import Clue
from ops_console.services.breach_acts import Dispatch, Execution, Finding
from ops_console.services.breaches import Shown
from ops_console.store import contracts as contract_rows
from ops_console.store.assessments import AssessmentRow

FOREVER = datetime.max.replace(tzinfo=UTC)
CHIEF = actor_of("hospital", "信息科长", "hospital", proved_until=FOREVER)
OFFICER = actor_of("officer", "信息科员", "officer", proved_until=FOREVER)
LEADER = actor_of("leader", "院领导", "leader", proved_until=FOREVER)
ENGINEER = actor_of("vendor", "乙方工程师", "vendor", proved_until=FOREVER)
MANAGER = actor_of("manager", "乙方项目经理", "manager", proved_until=FOREVER)
AUDITOR = actor_of("auditor", "审计员", "auditor", proved_until=FOREVER)
ACTORS = {one.account: one for one in (CHIEF, OFFICER, LEADER, ENGINEER, MANAGER, AUDITOR)}
CLAUSE_TEXT = (
    "如出现安全事故的（包括但不限于如系统故障瞒报，未及时上报，敏感信息泄露、网络泄密等事件），扣除当月运维费用。"
)
CLAUSE = Penalty(
    id="C-55", section="二.5", key="扣除当月运维费用", text=CLAUSE_TEXT, bound="vendor", basis="合同",
    rule="认定的安全事故，每月扣一次当月运维费用", signs="院领导", amount="month_fee",
)  # fmt: skip


def agree(console: Console, **given: Any) -> None:
    """Given a console and what differs in its terms, let the contract in force say so.

    Usually it has the clause and a fee, and no limits of the hospital's.
    """
    usual: dict[str, Any] = {
        "clauses": (CLAUSE,), "questions": (), "fee": Fee(annual=120_000_000), "settlement": Settlement(),
    }  # fmt: skip
    terms = replace(console.settings.terms, **{**usual, **given})
    with console.write() as session:
        for row in contract_rows.versions(session):
            row.terms, row.digest = terms.as_json(), terms.digest()
    console.shelf._made = None


def freeze(console: Console, month: str) -> None:
    """Given a console and a month, let its contract's month stand frozen, of nothing."""
    texts = dict.fromkeys(("contract", "facts", "result"), "{}")
    with console.write() as session:
        at = console.now()
        session.add(
            AssessmentRow(
                contract_id=1, month=month, state="frozen", revision=1, as_of=at, seq=1, digest="0" * 64,
                frozen_at=at, frozen_by="系统", outcome="", grade="", **texts,
            )
        )  # fmt: skip


def account(console: Console, **given: Any) -> Account:
    """Given a console and what differs, return an account of something that happened two hours ago."""
    now = console.now()
    usual: dict[str, Any] = {
        "occurred_at": now - timedelta(hours=2), "known_at": now - timedelta(minutes=90), "what": "支付回调中断",
        "known_how": "微信群", "systems": "门诊缴费", "impact": "不能缴费", "measures": "已切换",
    }  # fmt: skip
    return Account(**{**usual, **given})


def clue(console: Console, actor: Actor = CHIEF, *, category: str = "told_late", **given: Any) -> str:
    """Given a console, who raises it and what differs, raise a clue and return its number."""
    links = {name: given.pop(name) for name in ("tickets", "flags", "key") if name in given}
    command = Clue(category, account(console, **given), **{"key": uuid4().hex, **links})
    with console.write() as session:
        return breach_accounts.raise_clue(session, console.book(session), command, actor, console.now())


def seen(console: Console, number: str, actor: Actor = CHIEF) -> Shown:
    """Given a case and who looks, return it whole."""
    with console.read() as session:
        return breaches.view(session, console.book(session), number, actor, console.now())


def version(console: Console, number: str) -> int:
    """Given a case, return the version that its page shows now."""
    return seen(console, number).row.version


def act(
    console: Console, doing: str, number: str, actor: Actor, /, *, at_version: int | None = None, **given: Any
) -> None:
    """Given an act by its name, a case and who acts, do it with usual words; `at_version`: what their page showed."""
    shown = version(console, number) if at_version is None else at_version
    now = console.now()
    with console.write() as session:
        book = console.book(session)
        by = {"actor": actor, "now": now}
        if doing == "tell":
            told = account(console, **given)
            breach_accounts.give_account(session, book, number, shown, told, **by)
        elif doing == "link":
            breach_accounts.connect(session, number, shown, given.get("tickets", ()), given.get("flags", ()), **by)
        elif doing == "file":
            breach_acts.file_case(session, book, number, shown, given.get("category", "told_late"), **by)
        elif doing == "state":
            breach_acts.state(session, book, number, shown, given.get("text", "当时在抢修"), **by)
        elif doing == "find":
            breach_acts.find(session, book, number, shown, finding(console, **given), **by)
        elif doing in ("approve", "return"):
            reason = given.get("reason", "" if doing == "approve" else "请补充依据")
            breach_acts.decide(session, book, number, shown, reason, approved=doing == "approve", **by)
        elif doing == "execute":
            month = given.get("month") or seen(console, number).case.month
            done = Execution(month, given.get("note", ""))
            breach_acts.execute(session, book, number, shown, done, **by)
        elif doing == "withdraw":
            breach_acts.withdraw(session, book, number, shown, given.get("reason", "登记有误"), **by)
        elif doing == "dispatch":
            breach_acts.dispatch(session, book, number, shown, dispatch(console, **given), **by)
        elif doing == "acknowledge":
            breach_acts.acknowledge(session, number, shown, given.get("objection", ""), **by)
        else:
            raise AssertionError(doing)


def finding(console: Console, **given: Any) -> Finding:
    """Given what differs, return a finding: upheld, as it was told, two hours ago."""
    now = console.now()
    usual = {"occurred_at": now - timedelta(hours=2), "known_at": now - timedelta(minutes=90), "reported_at": now}
    times = Account(**{**usual, **given.pop("times", {})})
    return Finding(**{"upheld": True, "category": "told_late", "times": times, "reason": "群消息和告警为证", **given})


def dispatch(console: Console, **given: Any) -> Dispatch:
    """Given what differs, return that the chief just telephoned."""
    usual: dict[str, Any] = {
        "receiver": "区卫健局", "sent_at": console.now(), "sender": "周敏", "channel": "电话", "text": "首报",
    }  # fmt: skip
    return Dispatch(**{**usual, **given})


STEPS = (
    ("filed", "file", CHIEF), ("heard", "state", MANAGER), ("upheld", "find", CHIEF), ("approved", "approve", LEADER),
    ("executed", "execute", CHIEF),
)  # fmt: skip


def case_in(console: Console, state: str, **given: Any) -> str:
    """Given a wanted state and what differs in the finding, return the number of a case that came to stand in it."""
    number = clue(console)
    if state == "withdrawn":
        act(console, "withdraw", number, CHIEF)
        return number
    for reached, doing, actor in STEPS if state != "clue" else ():
        fails = doing == "find" and state == "not_upheld"
        found = {**given, **({"upheld": False} if fails else {})} if doing == "find" else {}
        act(console, doing, number, actor, **found)
        if reached == state or fails:
            break
    assert seen(console, number).case.state == state
    return number
