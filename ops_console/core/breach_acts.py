"""What may be done with a breach case: in which state, by whom, and what they may type.

Not for what a case is or costs (`core/breaches.py`). Nothing here happens by itself but the note of silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ops_console.core.breaches import (
    APPROVED,
    CATEGORIES,
    CLUE,
    EXECUTED,
    FILED,
    HEARD,
    NOT_UPHELD,
    OPEN,
    STATE_NAMES,
    UPHELD,
    Case,
)
from ops_console.core.errors import Refused
from ops_console.core.people import HOSPITAL, VENDOR, Actor, Permission
from ops_console.core.sentences import sentence
from ops_console.core.sheet_text import has_forbidden

BEFORE_FINDING = (CLUE, FILED, HEARD)
CHANNELS = ("电话", "当面", "控制台", "微信群", "短信", "书面", "其他")
TIMES = ("occurred_at", "discovered_at", "known_at", "reported_at")
TIME_NAMES = {
    "occurred_at": "发生时间", "discovered_at": "发现时间", "known_at": "乙方知悉时间",
    "reported_at": "上报信息科时间",
}  # fmt: skip
TEXTS = ("what", "known_how", "receiver", "place", "systems", "impact", "measures")
LONGEST = {
    "what": 2000, "known_how": 500, "receiver": 40, "place": 100, "systems": 200, "impact": 500, "measures": 500,
}  # fmt: skip
LONGEST_STATEMENT, LONGEST_REASON = 2000, 500
FILE, TELL, LINK, ATTACH, STATE = "file", "tell", "link", "attach", "state"
FIND, DECIDE, EXECUTE, WITHDRAW, DISPATCH = "find", "decide", "execute", "withdraw", "dispatch"
ACKNOWLEDGE, PRINT = "acknowledge", "print"
# act -> the states in which it is possible
STATES_OF: dict[str, tuple[str, ...]] = {
    FILE: (CLUE,), TELL: BEFORE_FINDING, LINK: BEFORE_FINDING, ATTACH: OPEN, STATE: (FILED, HEARD),
    FIND: (FILED, HEARD), DECIDE: (UPHELD,), EXECUTE: (APPROVED,), WITHDRAW: OPEN,
    DISPATCH: (*OPEN, EXECUTED, NOT_UPHELD), ACKNOWLEDGE: (APPROVED, EXECUTED), PRINT: (APPROVED, EXECUTED),
}  # fmt: skip
# act -> the right, where it is not the one to record
RIGHT_OF: dict[str, Permission] = {
    FILE: "breaches.find", FIND: "breaches.find", EXECUTE: "breaches.find", DECIDE: "breaches.approve",
    PRINT: "tickets.export",
}  # fmt: skip
SIDE_OF = {STATE: VENDOR, ACKNOWLEDGE: VENDOR, DISPATCH: HOSPITAL}  # whose act it is; the others are either side's


@dataclass(frozen=True)
class Account:
    """What one side says happened. Instants are aware, None where not told; texts are "" where not told.

    `known_at`: when the vendor knew of it, `known_how` what shows that. `reported_at`: when the vendor told the
    hospital's IT department, by `channel`, to `receiver`.
    """

    occurred_at: datetime | None = None
    discovered_at: datetime | None = None
    known_at: datetime | None = None
    reported_at: datetime | None = None
    channel: str = ""
    what: str = ""
    known_how: str = ""
    receiver: str = ""
    place: str = ""
    systems: str = ""
    impact: str = ""
    measures: str = ""


def need(act: str, case: Case, actor: Actor, now: datetime) -> None:
    """Given an act, the case, who acts and now, let them pass. Raises Refused, saying why, else.

    A second factor and a fresh reset are asked for apart (`core/people.py`, `services/resets.py`).
    """
    right = _right(act, case)
    actor.need(right)
    if actor.side != SIDE_OF.get(act, actor.side):
        raise Refused("这一步由对方办理。", field="permission")
    if case.state not in STATES_OF[act]:
        raise Refused(
            "案件 %(number)s 现在是“%(state)s”，不能再办理这一步；请刷新页面。",
            number=case.number, state=sentence(STATE_NAMES[case.state]), field="state",
        )  # fmt: skip
    if act == FIND and not _is_heard(case, now):
        told = "乙方陈述期到 %(until)s 才满，乙方还没有陈述，不能先作认定。"
        raise Refused(told, until=case.statement_due_at, field="state")
    if act == DECIDE and actor.account == case.found_by:
        raise Refused("认定人与审批人不能是同一人；请由另一位院领导审批。", field="permission")
    if act == WITHDRAW and case.state == CLUE and actor.side != case.raised_side and not actor.may("breaches.find"):
        raise Refused("这条线索是对方登记的，不能由本方撤销。", field="permission")


def _right(act: str, case: Case) -> Permission:
    """Who ends a case: of a clue whoever may record, of what is filed the chief, of a leader's word a leader."""
    if act == WITHDRAW and case.state != CLUE:
        return "breaches.approve" if case.state == APPROVED else "breaches.find"
    return RIGHT_OF.get(act, "breaches.record")


def _is_heard(case: Case, now: datetime) -> bool:
    return case.state == HEARD or (case.statement_due_at is not None and now >= case.statement_due_at)


def possible(case: Case, actor: Actor, now: datetime) -> frozenset[str]:
    """Given a case, who looks and now, return the acts that are theirs to do."""
    return frozenset(act for act in STATES_OF if _may(act, case, actor, now))


def _may(act: str, case: Case, actor: Actor, now: datetime) -> bool:
    try:
        need(act, case, actor, now)
    except Refused:
        return False
    return True


def next_act(case: Case, acts: frozenset[str]) -> str:
    """Given a case and what somebody may do, return the one act that moves it on, "" where it is not theirs."""
    order = {CLUE: (FILE,), FILED: (STATE, FIND), HEARD: (FIND,), UPHELD: (DECIDE,), APPROVED: (EXECUTE,)}
    return next((act for act in order.get(case.state, ()) if act in acts), "")


# -- what is typed ----------------------------------------------------------------------------------------------------


def check_category(category: str) -> str:
    """Given a category as sent, return it. Raises Refused for none of ours."""
    if category not in CATEGORIES:
        raise Refused("请选择类别。", field="category")
    return category


def check_text(text: str, field: str, longest: int, *, may_be_empty: bool = False) -> str:
    """Given what was typed, its field and its length's limit, return it trimmed. Raises Refused naming the field."""
    plain = text.replace("\r\n", "\n").strip()
    if not plain and not may_be_empty:
        raise Refused("请填写这一项。", field=field)
    if len(plain) > longest or has_forbidden(plain):
        raise Refused("最多 %(n)s 个字，不能含控制字符。", field=field, n=longest)
    return plain


def check_account(account: Account, now: datetime, *, whole: bool = True) -> None:
    """Given what a side says and now, let it pass. Raises Refused for a future time, an impossible order, long texts.

    `whole`: what happened has to be told (False: only times are looked at, as found).
    """
    if account.channel and account.channel not in CHANNELS:
        raise Refused("请从列表中选上报方式。", field="channel")
    for name in TEXTS if whole else ():
        check_text(getattr(account, name), name, LONGEST[name], may_be_empty=name != "what")
    for name in TIMES:
        at = getattr(account, name)
        if at is not None and at > now:
            raise Refused("%(name)s不能晚于现在。", field=name, name=sentence(TIME_NAMES[name]))
    for first, then in (("occurred_at", "discovered_at"), ("occurred_at", "known_at"), ("known_at", "reported_at")):
        before, after = getattr(account, first), getattr(account, then)
        if before is not None and after is not None and after < before:
            raise Refused(
                "%(then)s早于%(first)s，请核对。", field=then,
                then=sentence(TIME_NAMES[then]), first=sentence(TIME_NAMES[first]),
            )  # fmt: skip


def as_it_stands(accounts: Mapping[str, Account]) -> Account:
    """Given what each side said, return the times as they stand: the hospital's word, where it gave none the vendor's.

    >>> as_it_stands({}).occurred_at is None
    True
    """
    hospital, vendor = accounts.get(HOSPITAL, Account()), accounts.get(VENDOR, Account())
    return Account(**{name: getattr(hospital, name) or getattr(vendor, name) for name in (*TIMES, "channel", *TEXTS)})
