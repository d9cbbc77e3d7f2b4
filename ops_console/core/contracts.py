"""The kinds of clause: one frozen dataclass each, with its fields, its sentence and how it is judged by facts.

Not for the contract as a whole (`core/terms.py`), nor for finding the facts: each kind takes them as plain values
(`core/contract_facts.py`). Form, storage and the assessment's line follow from a kind's fields.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import ClassVar

from ops_console.core.contract_facts import (
    BROKEN,
    KEPT,
    NOT_APPLICABLE,
    OPEN,
    UNPROVEN,
    CapUse,
    Cases,
    Charges,
    Dues,
    Elapsed,
    Handled,
    Rated,
    Verdict,
)
from ops_console.core.sentences import Sentence, sentence

WORK, OFF = "work", "off"
CLASSES = (WORK, OFF)
CONTRACTUAL, SUPPLEMENTARY = "合同", "补充约定"
BASES = (CONTRACTUAL, SUPPLEMENTARY)
CLOCKS = ("response", "arrival", "repair", "hotline")
START_EVENTS = ("reported", "arrived")
STOP_EVENTS = ("responded", "arrived", "restored")
TIME_LIMIT, CAP, MINIMUM, EVENT_DUTY = "time_limit", "cap", "minimum", "event_duty"
STANDING_DUTY, COST_RULE, PENALTY, QUALITY = "standing_duty", "cost_rule", "penalty", "quality"
KIND_NAMES = {
    TIME_LIMIT: "时限", CAP: "年度额度", MINIMUM: "周期义务", EVENT_DUTY: "触发义务", STANDING_DUTY: "持续义务",
    COST_RULE: "费用规则", PENALTY: "违约责任", QUALITY: "定性要求",
}  # fmt: skip
BOUND_NAMES = {"hospital": "甲方", "vendor": "乙方", "both": "双方"}
LEAD, ASSIST = "lead", "assist"
RESPONSIBILITY_NAMES = {LEAD: "主责", ASSIST: "协助或配合"}
# What uses a yearly cap, where the ticket types alone do not tell (K2, K3).
SCOPE_NAMES = {
    "": "按工单类型", "planned_visit": "驻场之外事先约定的专家到场", "environment_onsite": "环境问题的全部到场",
    "all_onsite": "全部到场", "requested": "甲方要求的告知和宣传材料", "material": "只有宣传材料",
}  # fmt: skip
NO_MONEY, MONTH_FEE = "none", "month_fee"
AMOUNT_NAMES = {NO_MONEY: "不计金额", MONTH_FEE: "当月运维费用"}
OCCURRENCE, DISCOVERY, FINDING = "occurrence", "discovery", "finding"
MONTH_OF_NAMES = {OCCURRENCE: "发生当月", DISCOVERY: "发现当月", FINDING: "认定当月"}
MONTH, HALF, YEAR = "month", "half", "year"
PERIOD_NAMES = {MONTH: "每月", HALF: "每半年", YEAR: "每合同年"}
# What may begin a triggered duty; the first three are told by releases (`core/releases.py`).
RELEASE, GO_LIVE, NEW_VERSION, REQUEST, RECURRENCE = "release", "go_live", "new_version", "request", "recurrence"
EVENT_NAMES = {
    RELEASE: "软件更新", GO_LIVE: "功能上线或活动开启", NEW_VERSION: "产品发布新版本", REQUEST: "甲方提出要求",
    RECURRENCE: "同一问题再次出现",
}  # fmt: skip


@dataclass(frozen=True)
class TimeLimit:
    """One time limit of the contract (tender 二.1.⑦ and 二.3): from which event to which, for which tickets.

    `types` empty means every type not in `except_types`; `needs_onsite` None means it does not matter.
    `limit_seconds` are natural seconds. `class_rule` is `by_report_time`: the class is fixed by the report.
    `exception_to` names the limits on the same quantity that this one goes before, as the parties ranked them.
    """

    id: str
    clock: str
    name: str
    clause: str
    basis: str
    text: str
    start_event: str
    stop_event: str
    types: tuple[str, ...]
    except_types: tuple[str, ...]
    needs_onsite: bool | None
    classes: tuple[str, ...]
    limit_seconds: int
    class_rule: str
    pausable: bool
    exception_to: tuple[str, ...] = ()

    @property
    def quantity(self) -> tuple[str, str]:
        """What is measured: from which event to which."""
        return self.start_event, self.stop_event

    def covers(self, *, type: str, needs_onsite: bool) -> bool:
        """Given a ticket's type and whether somebody must come, say whether this limit is about such tickets."""
        if self.types and type not in self.types:
            return False
        if type in self.except_types:
            return False
        return self.needs_onsite is None or self.needs_onsite == needs_onsite

    def sentence(self) -> Sentence:
        """Return the rule as one sentence."""
        return sentence("从报修或到场起 %(limit)s内完成，等于时限为达标", limit=timedelta(seconds=self.limit_seconds))

    def judge(self, facts: Elapsed) -> Verdict:
        """Given the seconds that count (None: none yet, `is_open`), return the verdict; the limit is inclusive.

        30 min 00 s against 30 min is kept, 30 min 01 s is broken (C-15; domain §1.7).
        """
        if facts.seconds is None:
            return Verdict(NOT_APPLICABLE, 0, 0, sentence("没有这一时限要计的事"))
        used, limit = timedelta(seconds=facts.seconds), timedelta(seconds=self.limit_seconds)
        if facts.seconds > self.limit_seconds:
            return Verdict(BROKEN, 0, 1, sentence("用时 %(used)s，超过 %(limit)s", used=used, limit=limit))
        if facts.is_open:
            return Verdict(OPEN, 0, 1, sentence("已用 %(used)s，时限 %(limit)s", used=used, limit=limit))
        if not facts.is_proven:
            return Verdict(UNPROVEN, 0, 1, sentence("申报用时 %(used)s，时间未证实", used=used))
        return Verdict(KEPT, 1, 1, sentence("用时 %(used)s，不超过 %(limit)s", used=used, limit=limit))


@dataclass(frozen=True)
class Task:
    """One thing to be done under a clause: every `period`, or after each `event`, with its own basis.

    Of a period `count` are owed, by the end of its last day or `due_days` days after that day (before it where
    negative): a month's report can only be written once the month is over. After an event it is due `workdays` working
    days later (the end of that day) or `minutes` later, and within the same Shanghai day where `same_day`. `grace_days`
    natural days follow, within which it counts as late but done. Two runs closer than `min_gap_days` count once.
    `evidence` are the codes accepted.
    """

    key: str
    name: str
    basis: str
    period: str = ""
    event: str = ""
    count: int = 1
    due_days: int = 0
    workdays: int = 0
    minutes: int = 0
    same_day: bool = False
    grace_days: int = 0
    min_gap_days: int = 0
    evidence: tuple[str, ...] = ()

    def sentence(self) -> Sentence:
        """Return when it is owed, as one sentence."""
        if self.period:
            told = {-1: "%(period)s至少 %(n)s 次%(name)s，不晚于期末前 %(days)s 天",
                    0: "%(period)s至少 %(n)s 次%(name)s",
                    1: "%(period)s至少 %(n)s 次%(name)s，不晚于期满后 %(days)s 天"}[
                (self.due_days > 0) - (self.due_days < 0)
            ]  # fmt: skip
            return sentence(
                told, period=sentence(PERIOD_NAMES[self.period]), n=self.count, name=self.name,
                days=abs(self.due_days),
            )  # fmt: skip
        event = sentence(EVENT_NAMES[self.event])
        if self.minutes:
            within = timedelta(minutes=self.minutes)
            told = "%(event)s后 %(within)s内且当日%(name)s" if self.same_day else "%(event)s后 %(within)s内%(name)s"
            return sentence(told, event=event, within=within, name=self.name)
        if self.same_day:
            return sentence("%(event)s当日%(name)s", event=event, name=self.name)
        if self.workdays:
            return sentence("%(event)s后 %(n)s 个工作日内%(name)s", event=event, n=self.workdays, name=self.name)
        return sentence("%(event)s时%(name)s", event=event, name=self.name)


@dataclass(frozen=True, kw_only=True)
class Clause:
    """What every clause of the contract has, whatever its kind: the card of one of C-01 to C-58.

    `section` is its place in the contract, `key` the words it is found by, `text` verbatim; `bound` is who owes it;
    `signs` who says that it was done. Nothing before `go_live_on` (None: the contract's) is judged. `duplicate_of`
    names the clause that it repeats. `responsibility` `assist`: a third party's delay is not the vendor's (K9).
    """

    id: str
    section: str
    key: str
    text: str
    bound: str
    basis: str
    rule: str
    signs: str
    evidence: tuple[str, ...] = ()
    tasks: tuple[Task, ...] = ()
    duplicate_of: str = ""
    go_live_on: date | None = None
    responsibility: str = LEAD
    kind: str = field(default="", init=False)
    KINDS: ClassVar[dict[str, type[Clause]]] = {}

    def sentence(self) -> Sentence:
        """Return the measurable rule as the contract's file gives it."""
        return sentence("%(rule)s", rule=self.rule)


@dataclass(frozen=True, kw_only=True)
class LimitClause(Clause):
    """The card of a time limit; the limit itself, with the same id, is a TimeLimit."""

    kind: str = field(default=TIME_LIMIT, init=False)


@dataclass(frozen=True, kw_only=True)
class YearlyCap(Clause):
    """每年不超过N次: how often the hospital may ask for it free in a contract year. Never a target.

    `types` are the ticket types that ask for it, `scope` what else tells (SCOPE_NAMES). With `agreement_first` work
    begins only once both parties agreed.
    """

    limit: int
    types: tuple[str, ...] = ()
    agreement_first: bool = False
    scope: str = ""
    kind: str = field(default=CAP, init=False)

    def sentence(self) -> Sentence:
        """Return the rule as one sentence."""
        return sentence("甲方每合同年免费要求不超过 %(n)s 次；用不满不算乙方未完成", n=self.limit)

    def judge(self, facts: CapUse) -> Verdict:
        """Given the contract year's use, return the verdict: low use is always kept, one over it is open until settled.

        Numerator: used and reserved, the opening balance included; denominator: the cap (domain §1.9).
        """
        taken = facts.opening + facts.used + facts.reserved
        if facts.held:
            return Verdict(OPEN, taken, self.limit, sentence("%(n)s 项超额待商定", n=facts.held))
        return Verdict(
            KEPT, taken, self.limit, sentence("已占用和已核销 %(n)s 次，上限 %(limit)s 次", n=taken, limit=self.limit)
        )


class _Owing:
    """How what is owed by a date is judged, whatever made it due."""

    def judge(self, facts: Dues) -> Verdict:
        """Given what was due, return the verdict: broken where one is missed or late, open while one is undecided.

        Late is broken although done; waived by the hospital leaves the denominator. Judged by the date of the run or
        delivery, never by that of its acceptance.
        """
        judged = facts.kept + facts.late + facts.missed
        if facts.late or facts.missed:
            told = sentence(
                "应做 %(n)s 项，迟 %(late)s 项，缺 %(missed)s 项", n=judged, late=facts.late, missed=facts.missed
            )
            return Verdict(BROKEN, facts.kept, judged, told)
        if facts.open:
            return Verdict(OPEN, facts.kept, judged + facts.open, sentence("还有 %(n)s 项未到期或待验收", n=facts.open))
        if not judged:
            return Verdict(NOT_APPLICABLE, 0, 0, sentence("本月无发生"))
        return Verdict(KEPT, facts.kept, judged, sentence("应做 %(n)s 项，均按期完成", n=judged))


@dataclass(frozen=True, kw_only=True)
class Minimum(_Owing, Clause):
    """每月至少N次: what the vendor owes every period, as its tasks tell."""

    kind: str = field(default=MINIMUM, init=False)


@dataclass(frozen=True, kw_only=True)
class EventDuty(_Owing, Clause):
    """What the vendor owes each time something happens, as its tasks tell."""

    kind: str = field(default=EVENT_DUTY, init=False)


@dataclass(frozen=True, kw_only=True)
class StandingDuty(Clause):
    """What is owed always and without number; `no_refusal`: it may not even be declined (一.3)."""

    no_refusal: bool = False
    types: tuple[str, ...] = ()
    kind: str = field(default=STANDING_DUTY, init=False)

    def judge(self, facts: Handled) -> Verdict:
        """Given how many were asked for and how many declined against the clause, return the verdict."""
        if not facts.asked:
            return Verdict(NOT_APPLICABLE, 0, 0, sentence("本月无发生"))
        done = facts.asked - facts.refused
        if facts.refused and self.no_refusal:
            return Verdict(BROKEN, done, facts.asked, sentence("%(n)s 件被驳回，该条不得拒绝", n=facts.refused))
        return Verdict(KEPT, done, facts.asked, sentence("共 %(n)s 件，已受理", n=facts.asked))


@dataclass(frozen=True, kw_only=True)
class CostRule(Clause):
    """Who pays: orders of these types cost the hospital nothing and use no cap."""

    types: tuple[str, ...] = ()
    kind: str = field(default=COST_RULE, init=False)

    def judge(self, facts: Charges) -> Verdict:
        """Given the orders and what of them was charged to the hospital (分), return the verdict."""
        if not facts.orders:
            return Verdict(NOT_APPLICABLE, 0, 0, sentence("本月无发生"))
        if facts.charged:
            return Verdict(
                BROKEN, facts.orders - facts.charged, facts.orders, sentence("%(n)s 件向甲方计费", n=facts.charged)
            )
        return Verdict(KEPT, facts.orders, facts.orders, sentence("共 %(n)s 件，甲方未付费", n=facts.orders))


@dataclass(frozen=True, kw_only=True)
class Penalty(Clause):
    """What a breach costs: `amount` `month_fee` once per month, or `none` (the file is kept, nothing is counted).

    `month_of` tells whose month pays: `occurrence`, `discovery` or `finding`. `approval` are the roles that decide.
    `outages`: an outage is a case by itself and not only hiding it or telling it late (K8).
    """

    amount: str = NO_MONEY
    month_of: str = OCCURRENCE
    approval: tuple[str, ...] = ()
    outages: bool = False
    kind: str = field(default=PENALTY, init=False)

    def judge(self, facts: Cases) -> Verdict:
        """Given the month's cases, return the verdict: broken once one is upheld and approved, open while one waits."""
        if facts.upheld:
            return Verdict(BROKEN, 0, facts.upheld, sentence("%(n)s 起经认定和审批", n=facts.upheld))
        if facts.waiting:
            return Verdict(OPEN, 0, facts.waiting, sentence("%(n)s 起在办理", n=facts.waiting))
        return Verdict(NOT_APPLICABLE, 0, 0, sentence("本月无发生"))


@dataclass(frozen=True, kw_only=True)
class Quality(Clause):
    """What the contract asks without a number: shown beside a reference, judged only by a person with a reason."""

    kind: str = field(default=QUALITY, init=False)

    def judge(self, facts: Rated) -> Verdict:
        """Given a person's word (None: nobody gave one), return the verdict."""
        if facts.kept is None:
            return Verdict(NOT_APPLICABLE, 0, 0, sentence("合同没有数字；无人提出意见"))
        told = sentence("%(reason)s", reason=facts.reason)
        return Verdict(KEPT if facts.kept else BROKEN, int(facts.kept), 1, told)


Clause.KINDS.update({
    TIME_LIMIT: LimitClause, CAP: YearlyCap, MINIMUM: Minimum, EVENT_DUTY: EventDuty, STANDING_DUTY: StandingDuty,
    COST_RULE: CostRule, PENALTY: Penalty, QUALITY: Quality,
})  # fmt: skip
