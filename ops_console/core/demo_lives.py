"""What becomes of a report in the demo year: who enters it, when it is answered, arrived at, restored (§6.4, 6.5).

Not for what follows a restore (`core/demo_ends.py`). Every life is drawn from its own key, so that one more ticket
changes no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from math import exp
from random import Random

from ops_console.core.demo import SEED, VOLUMES, Report, on_duty, shifted
from ops_console.core.demo_caps import Change, settling
from ops_console.core.demo_ends import End, ending
from ops_console.core.demo_places import ENGINEER, OFFICERS, SECOND_LINE, SUBSTITUTE
from ops_console.core.demo_steps import DESCRIBE, FILE, OPEN, PUBLIC, RETYPE, Step, Story
from ops_console.core.demo_words import Said, Stock, said
from ops_console.core.moments import ZONE
from ops_console.core.tickets import (
    ARRIVED,
    ASSIGNED,
    ESCALATED,
    ONSITE_DECIDED,
    RESPONDED,
    RESTORE,
    RESUMED,
    SUSPEND,
    SUSPENSION_DECIDED,
)  # fmt: skip
from ops_console.core.working_time import WorkingCalendar

FAULT = "故障"
AT_ONCE = ("电话", "当面")
ON_LEAVE = frozenset(
    date(2026, *day) for day in ((1, 30), (3, 20), (4, 17), (6, 5), (8, 14), (10, 23))
)  # the substitute stands in
BUSY_MONTHS, BUSY_SIGMA = (3, 12), 1.1
BACKFILLED, PROVED = 0.21, 0.845  # of what the vendor enters; of what is entered late
LAG = 70.0, 1.2  # minutes: median and sigma of a lognormal, as all that follow
ANSWER = {"work": (6.0, 0.90), "off": (16.0, 0.85), "night": (24.0, 0.80)}
HOTLINE = {"work": (5.0, 1.10), "off": (22.0, 1.10), "night": (22.0, 1.10)}
ONSITE = {"work": 0.45, "off": 0.20, "night": 0.20}
TRAVEL = {"work": (8.0, 0.70), "off": (40.0, 0.40), "night": (40.0, 0.40)}
REPAIR, REMOTE = (55.0, 0.95), (38.0, 1.05)
# Other types: minutes of working time to the end, but of an inquiry natural ones.
WORK = {
    "咨询": (6.0, 0.9), "对账异常": (95.0, 0.9), "配置变更": (150.0, 0.9), "数据提取": (360.0, 0.9),
    "数据纠错": (120.0, 0.9), "缺陷": (9 * 600.0, 0.8), "环境问题": (35.0, 0.9), "功能维护": (5 * 600.0, 0.6),
    "告知宣传": (2 * 600.0, 0.6), "接口与上传": (4 * 600.0, 0.6), "升级发布": (240.0, 0.4),
    "性能优化": (6 * 600.0, 0.6), "政策性修改": (8 * 600.0, 0.4), "客户化开发": (15 * 600.0, 0.3),
    "指令性任务": (3 * 600.0, 0.4), "升级改造": (9 * 600.0, 0.2), "现场专家诊断": (2 * 600.0, 0.2),
}  # fmt: skip
MISTAKEN = {"故障": "咨询", "数据纠错": "咨询", "缺陷": "故障", "环境问题": "故障", "咨询": "环境问题"}
RETYPED, PAUSED, UNTOLD, RAISED = 0.028, 0.03, 0.04, 0.06
CAUSE_TOLD, WITH_RECORD = 0.22, 0.975  # of faults; with more causes told, nearly every fault would be a repeated one
FREE_MINUTES, FREE_TOLD = {"数据纠错": (20, 180), "接口与上传": (120, 600), "指令性任务": (480, 1200)}, 0.85
THIRD_PARTY = "第三方系统厂商正在处理，已提交其工单，等待回复"
OWN_REASON = "等待科室提供现场配合时间和账号"
OFFICE_HELP = 0.25  # of walk-ins, those that the IT department enters itself


@dataclass(frozen=True)
class Fate:
    """What is settled beforehand for a report; what is None is drawn. Delays are minutes.

    `mistaken`: the type it is filed as, to which the hospital objects. `minutes`: what was spent on it.
    """

    answer: float | None = None
    lag: float | None = None
    proved: bool | None = None
    said: Said | None = None
    onsite: bool | None = None
    who: str = ""
    is_accepted: bool | None = None
    mistaken: str = ""
    minutes: int = 0


class Life:
    """One report on its way: the draws made for it, and the moments that follow from each other."""

    def __init__(
        self, report: Report, stock: Stock, calendar: WorkingCalendar, sampled: frozenset[str], fate: Fate = Fate()
    ) -> None:
        self.report, self.calendar, self.sampled, self.fate = report, calendar, sampled, fate
        self.random = Random(f"{SEED}/life/{report.key}")  # noqa: S311 - figures of a demo, no secrets
        self.reported_at = report.at
        local = report.at.astimezone(ZONE)
        self.month = local.month
        self.klass = "work" if calendar.is_working(report.at) else "night" if not 6 <= local.hour < 23 else "off"
        modules = next((v.modules for v in VOLUMES if v.type == report.type), ())
        self.said = fate.said or said(stock, report.type, modules, self.month, self.random)
        self.is_fault = report.type == FAULT

    def story(self) -> Story:
        """Return the whole life, from the report to the last word."""
        self._begin()
        steps = [*self._opening(), *self._working()]
        told = End(
            self.report.key, self.report.type, self.reporter_answers, self.needs_onsite, self.is_backfilled,
            self.is_proved, self.fate.is_accepted,
        )  # fmt: skip
        steps += ending(told, self.restore, self.calendar, self.sampled, self.random)
        change = Change(
            self.report.key, self.report.type, self.said.text.title, self.said.department.name, self.entered_by,
            steps[0].at, self.restore.at, self.fate.mistaken,
        )  # fmt: skip
        steps += settling(change, self.calendar)
        ordered = tuple(sorted(steps, key=lambda step: step.at))
        return Story(self.report.key, self.report.type, self.report.channel, self.said, ordered)

    def _begin(self) -> None:
        """Who enters it and when; when it is answered, as it was and as it is recorded."""
        random, channel = self.random, self.report.channel
        self.reporter_answers = channel == "扫码" and random.random() < 0.55
        is_office = channel == "管理端" or (channel == "当面" and random.random() < OFFICE_HELP)
        self.entered_by = (
            "" if channel == "扫码" else random.choice(OFFICERS) if is_office else self._turn(self.report.at)
        )
        if self.fate.who and self.entered_by:
            self.entered_by, is_office = self.fate.who, False
        is_vendor = bool(self.entered_by) and not is_office
        delay = self._draw_answer()
        self.is_called = channel in AT_ONCE and is_vendor
        self.answered_at = self.reported_at if self.is_called else shifted(self.reported_at, delay)
        late = random.random() < BACKFILLED if self.fate.lag is None else True
        self.is_backfilled = is_vendor and late
        self.is_proved = random.random() < PROVED if self.fate.proved is None else self.fate.proved
        self.entered_at = self._entered(delay, is_vendor)

    def _draw_answer(self) -> float:
        median, sigma = (ANSWER if self.is_fault else HOTLINE)[self.klass]
        sigma = BUSY_SIGMA if self.is_fault and self.month in BUSY_MONTHS else sigma
        drawn = lognormal(self.random, median, sigma)
        return drawn if self.fate.answer is None else self.fate.answer

    def _entered(self, delay: float, is_vendor: bool) -> datetime:
        random = self.random
        if not is_vendor:
            return self.reported_at
        if self.is_backfilled:
            lag = lognormal(random, *LAG) if self.fate.lag is None else self.fate.lag
            late = shifted(self.reported_at, min(max(lag, 16.0), 20 * 60.0))
            return max(late, self.answered_at + timedelta(minutes=1))
        if self.is_called:
            return shifted(self.reported_at, random.uniform(0.3, 6))
        return self.answered_at if delay <= 12 else shifted(self.reported_at, random.uniform(1, 10))

    def _turn(self, at: datetime) -> str:
        resident = SUBSTITUTE if at.astimezone(ZONE).date() in ON_LEAVE else ENGINEER
        return on_duty(at, self.calendar, (resident, *SECOND_LINE))

    def _told(self, at: datetime, act: str, facts: Mapping[str, object] | None = None, **personal: str) -> Step:
        """Something the vendor did at an instant: told then, or when the ticket is entered, whichever is later."""
        recorded = max(at, self.entered_at + timedelta(seconds=1))
        late = recorded - at > timedelta(seconds=2)
        is_backfilled = late and self.is_backfilled
        who = self.entered_by if is_backfilled else self._turn(recorded)
        return Step(
            recorded,
            self.report.key,
            act,
            who,
            facts or {},
            personal,
            at if late else None,
            is_backfilled and self.is_proved,
        )

    def _opening(self) -> list[Step]:
        """The report, its answer, and what is put right about its type."""
        type_name, wrong = self.report.type, self._mistake()
        act = PUBLIC if not self.entered_by else OPEN
        is_claimed = self.entered_at > self.reported_at
        answers = (
            is_claimed and self.is_called or self.entered_at == self.answered_at and self.entered_by not in OFFICERS
        )
        facts = {
            "type": self.fate.mistaken or wrong or type_name,
            "answered": bool(answers and self.entered_by),
            "needs_onsite": False,
        }
        first = Step(
            self.entered_at, self.report.key, act, self.entered_by, facts,
            claimed_at=self.reported_at if is_claimed else None, proved=self.is_backfilled and self.is_proved,
        )  # fmt: skip
        steps = [first]
        if not facts["answered"]:
            answer = self._told(self.answered_at, RESPONDED)
            steps.append(replace(answer, facts={"handler": answer.who}))
        if wrong:
            at = steps[-1].at + timedelta(seconds=self.random.randint(40, 150))
            reason = {"reason": "核对后按实际情况归类"}
            steps.append(Step(at, self.report.key, RETYPE, self._turn(at), {"type": type_name}, reason))
        return steps

    def _mistake(self) -> str:
        """The type it is first taken for, or nothing. People who scan a sticker say broken or ask, nothing else."""
        drawn = self.random.random() < RETYPED
        if not self.entered_by:
            return "" if self.report.type in (FAULT, "咨询") else "咨询"
        quick = (self.answered_at - self.reported_at) < timedelta(minutes=20)
        return MISTAKEN.get(self.report.type, "") if drawn and quick and not self.is_backfilled else ""

    def _working(self) -> list[Step]:
        """From the answer to the restore: on the spot, a pause, somebody else, and what was done."""
        random, began = self.random, self.answered_at
        wanted = random.random() < ONSITE[self.klass] if self.fate.onsite is None else self.fate.onsite
        self.needs_onsite = self.is_fault and wanted
        steps: list[Step] = []
        if self.needs_onsite:
            arrived = shifted(began, max(2.0, lognormal(random, *TRAVEL[self.klass])))
            decided = shifted(began, min(1.5, (arrived - began) / timedelta(minutes=2)))
            steps += [
                replace(self._told(decided, ONSITE_DECIDED, {"needs_onsite": True}), claimed_at=None, proved=False),
                self._told(arrived, ARRIVED),
            ]
            began = arrived
        restored = self._restored(began)
        if self.is_fault and random.random() < PAUSED and not self.is_backfilled:
            pause, restored = self._pause(began, restored)
            steps += pause
        if (restored - began) > timedelta(hours=1) and random.random() < RAISED:
            steps += self._raised(began)
        self.restore = self._restore(restored)
        steps.append(self.restore)
        if self.is_fault:
            steps += self._record(restored)
        if self.is_fault and random.random() < CAUSE_TOLD:
            steps.append(self._details(restored))
        elif spent := self.fate.minutes or self._free_minutes():
            steps.append(self._details(restored, spent))
        return steps

    def _record(self, restored: datetime) -> list[Step]:
        """The record of a fault, which nearly all have (domain §6.5). Draws apart."""
        random = Random(f"{SEED}/record/{self.report.key}")  # noqa: S311 - figures of a demo, no secrets
        at = max(restored, self.entered_at) + timedelta(seconds=random.randint(90, 900))
        return [Step(at, self.report.key, FILE, self._turn(at))] if random.random() < WITH_RECORD else []

    def _free_minutes(self) -> int:
        """What was spent on work that is free by the contract (C-02 to C-04), where it is told. Draws apart."""
        least, most = FREE_MINUTES.get(self.report.type, (0, 0))
        random = Random(f"{SEED}/minutes/{self.report.key}")  # noqa: S311 - figures of a demo, no secrets
        return random.randint(least, most) if random.random() < FREE_TOLD else 0

    def _restored(self, began: datetime) -> datetime:
        random = self.random
        if self.is_fault:
            return shifted(began, lognormal(random, *(REPAIR if self.needs_onsite else REMOTE)))
        minutes = lognormal(random, *WORK[self.report.type])
        if self.report.type == "咨询":
            return shifted(began, minutes)
        return self.calendar.calendar.add(began, round(minutes * 60))

    def _pause(self, began: datetime, restored: datetime) -> tuple[list[Step], datetime]:
        random, key = self.random, self.report.key
        at = max(began, self.entered_at + timedelta(seconds=2)) + (restored - began) / 3
        until = shifted(at, random.uniform(40, 240))
        third = random.random() < 2 / 3
        cause, reason = ("第三方原因", THIRD_PARTY) if third else ("甲方原因", OWN_REASON)
        decided = shifted(at, random.uniform(5, 35))
        approved = random.random() < 0.8
        word: dict[str, object] = {"approved": approved} | ({} if approved else {"reason": "该原因不属于可挂起的情形"})
        steps = [
            Step(at, key, SUSPEND, self._turn(at), {"cause": cause, "reason": reason}),
            Step(decided, key, SUSPENSION_DECIDED, random.choice(OFFICERS), word),
            Step(until, key, RESUMED, self._turn(until)),
        ]
        return steps, max(restored + (until - at), until + timedelta(minutes=4))

    def _raised(self, began: datetime) -> list[Step]:
        at = max(shifted(began, self.random.uniform(10, 45)), self.entered_at + timedelta(seconds=3))
        helper = self.random.choice(SECOND_LINE)
        facts = {"level": "二线", "reason": "现场处理未果，请二线协助定位"}
        return [
            Step(at, self.report.key, ESCALATED, self._turn(at), facts),
            Step(at + timedelta(seconds=20), self.report.key, ASSIGNED, self._turn(at), {"assignee": helper}),
        ]

    def _restore(self, restored: datetime) -> Step:
        text = self.said.text
        mode = "现场" if self.needs_onsite else text.mode if text.mode != "现场" else "远程"
        process = "" if self.is_fault and self.random.random() < UNTOLD else text.process
        step = self._told(restored, RESTORE)
        return replace(
            step, facts={"handler": step.who, "mode": mode}, personal={"process": process} if process else {}
        )

    def _details(self, restored: datetime, spent: int = 0) -> Step:
        at = max(restored, self.entered_at) + timedelta(seconds=self.random.randint(60, 400))
        minutes = spent or max(1, min(600, round((restored - self.answered_at) / timedelta(minutes=1))))
        return Step(
            at, self.report.key, DESCRIBE, self._turn(at), {"cause": self.said.text.cause, "minutes": str(minutes)}
        )


def lognormal(random: Random, median: float, sigma: float) -> float:
    """Given a median and a sigma, return a draw of that lognormal distribution."""
    return median * exp(sigma * random.gauss(0.0, 1.0))


def story_of(
    report: Report, stock: Stock, calendar: WorkingCalendar, sampled: frozenset[str], fate: Fate = Fate()
) -> Story:
    """Given a report, the texts, the calendar and the types whose end nobody is asked about, return its life."""
    return Life(report, stock, calendar, sampled, fate).story()
