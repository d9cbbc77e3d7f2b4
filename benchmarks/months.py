"""A month of tickets made through the services with the durations of domain §6.4, frauds among them.

Same seed, same month. Acts are done in the order and at the moment they were recorded. Not for measuring.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.detectors import BACKDATED, LATE_REPORT, NO_EVIDENCE, RETYPE
from ops_console.core.moments import month_start, shift_month
from ops_console.core.people import actor_of
from ops_console.services import attachments
from ops_console.services.corrections import Correction, propose, retype
from ops_console.services.tickets import Move, OpenTicket, move, open_ticket

TYPES = {
    "咨询": 98,
    "故障": 60,
    "对账异常": 20,
    "配置变更": 17,
    "数据提取": 16,
    "数据纠错": 14,
    "缺陷": 11,
    "环境问题": 6,
}
CHANNELS = {"微信群": 42, "电话": 28, "当面": 12, "扫码": 10, "管理端": 8}
MODULES = ("门诊缴费", "支付宝预约挂号", "报告查询", "系统接口服务", "处方流转管理")
PLACES = ("门诊收费处", "挂号处", "药房", "检验科", "儿科", "体检中心", "东乡卫生院")
FAULTS = ("打不开", "白屏", "提交后一直转圈", "报系统繁忙", "支付成功但未到账", "数据显示错误", "登录不了", "报错 500")
ASKED = (
    "怎么操作",
    "患者问在哪里打开",
    "约了 9:00 的号看不到",
    "老人没有手机怎么办",
    "下午 3:30 的号能退吗",
    "使用范围咨询",
)
ACCOUNTS = (
    "重启支付服务后恢复。",
    "清理缓存并核对流水。",
    "修改配置后验证通过。",
    "联系第三方后恢复。",
    "更换网线后正常。",
)
NOTHING = ("", "已处理。", "问题已解决", "好了", "系统已恢复正常使用")
VENDORS = tuple(actor_of(f"v{n}", name, "vendor") for n, name in enumerate(("李工", "何工", "郭工")))
CHIEF = replace(actor_of("chief", "科长", "hospital"), on_clean_device=True)
Act = Callable[[datetime], None]
TACTICS = {
    BACKDATED: ("near the limit", "within a quarter of an hour", "looks early"),
    LATE_REPORT: ("named in the text", "hospital reported before", "no trace"),
    RETYPE: ("before the limit", "after it, approved", "filed as a question"),
    NO_EVIDENCE: ("quick", "came back", "told late", "confirmed unread"),
}


@dataclass
class Month:
    """What was made: how many tickets, and which are frauds by (detector, tactic)."""

    tickets: int = 0
    frauds: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))


class Maker:
    """Acts in the order of their moments, each told to the console's services at its own."""

    def __init__(self, console: Console, clock: Any, month: str, seed: int, each: int) -> None:
        self.console, self.clock, self.month, self.each = console, clock, month, each
        self.draw = Random(seed)
        self.made = Month()
        self._acts: list[tuple[datetime, int, Act]] = []
        self._serial = count()

    def at(self, when: datetime, act: Act) -> None:
        """Let an act be done at a moment."""
        heappush(self._acts, (when, next(self._serial), act))

    def run(self) -> Month:
        """Do everything and return what was made."""
        start = month_start(self.month)
        span = (month_start(shift_month(self.month, 1)) - start).total_seconds()
        kinds = [name for name, n in TYPES.items() for _ in range(n)]
        for kind in kinds:
            self._honest(start + timedelta(seconds=self.draw.uniform(0, span - 1)), kind)
        for detector, tactics in TACTICS.items():
            for tactic in tactics:
                for _ in range(self.each):
                    moment = start + timedelta(days=self.draw.randrange(27), hours=self.draw.uniform(8, 17))
                    getattr(self, f"_{detector}")(moment, tactic)
        while self._acts:
            when, _, act = heappop(self._acts)
            self.clock.at = when.replace(microsecond=0)
            act(self.clock.at)
        return self.made

    def minutes(self, median: float, sigma: float) -> timedelta:
        """Draw a lognormal time in minutes."""
        return timedelta(minutes=median * self.draw.lognormvariate(0, sigma))

    def _is_work(self, at: datetime) -> bool:
        with self.console.read() as session:
            book = self.console.book(session)
        return book.calendars[book.at(at).id].is_working(at)

    def log(self, now: datetime, kind: str, *, said: datetime | None = None, **given: Any) -> str:
        """Log a ticket, by the hospital where the channel is its own."""
        channel = given.get("channel") or self.draw.choices(list(CHANNELS), list(CHANNELS.values()))[0]
        texts = FAULTS if kind == "故障" else ASKED
        module, place = self.draw.choice(MODULES), self.draw.choice(PLACES)
        wanted = {"module": module, "department": place, "title": module + self.draw.choice(texts), **given}
        wanted |= {"type": kind, "channel": channel, "reported_at": said}
        actor = CHIEF if channel in ("扫码", "管理端") else self.draw.choice(VENDORS)
        with self.console.write() as session:
            number = open_ticket(session, self.console.book(session), OpenTicket(**wanted), actor, now)
        self.made.tickets += 1
        return number

    def move(self, now: datetime, number: str, kind: str, **given: Any) -> None:
        """Add an event, by whoever may."""
        command = Move(number, kind, **given)
        actor = CHIEF if kind in (core.CONFIRMED, core.REOPENED, core.CORRECTION_DECIDED) else self.draw.choice(VENDORS)
        if kind == core.RESPONDED:
            command = replace(command, facts={"handler": actor.name})
        with self.console.write() as session:
            move(session, self.console.book(session), command, actor, now)

    def proof(self, number: str, now: datetime) -> str:
        """Attach a file and return its hash."""
        kept = self.console.files.keep_attachment(io.BytesIO(f"{number} {now} {self.draw.random()}".encode()), "a.txt")
        with self.console.write() as session:
            attachments.attach(session, number, kept, self.draw.choice(VENDORS), now)
        return kept.digest

    def _honest(self, t0: datetime, kind: str) -> None:
        """A ticket as it is: mostly told when it happens, a fifth later, most of that with proof."""
        work, fault = self._is_work(t0), kind == "故障"
        wait = self.minutes(*(((6, 0.9) if work else (16, 0.85)) if fault else ((5, 1.1) if work else (22, 1.1))))
        t1 = t0 + min(wait, timedelta(hours=10))
        t3 = t1 + min(self.minutes(38, 1.05), timedelta(hours=20))
        channel = self.draw.choices(list(CHANNELS), list(CHANNELS.values()))[0]
        if channel in ("电话", "当面"):
            t1 = t0
        own = channel in ("扫码", "管理端")
        late = self.draw.random() < 0.2
        lag = min(self.minutes(70, 1.2), timedelta(hours=18)) if late else timedelta()
        proved = self.draw.random() < 0.875
        logged = t0 if own else max(t0 + timedelta(seconds=self.draw.choice((0, 60, 240))), t0 + lag if late else t0)

        def begin(now: datetime) -> None:
            number = self.log(now, kind, channel=channel, said=t0 if now > t0 else None)
            told = max(now, t1 + lag)
            self.at(told, lambda when: self._answered(when, number, kind, t1, t3, proved))

        self.at(logged, begin)

    def _answered(
        self, now: datetime, number: str, kind: str, t1: datetime, t3: datetime, proved: bool, *, honest: bool = True
    ) -> None:
        evidence = (self.proof(number, now),) if now - t1 > timedelta(minutes=15) and proved else ()
        if honest and kind == "环境问题" and self.draw.random() < 0.3:
            self._retyped(now, number, "咨询")
        self.move(now, number, core.RESPONDED, occurred_at=t1 if now > t1 else None, evidence=evidence)
        if honest:
            self.at(max(now, t3), lambda when: self._restored(when, number, t3))

    def _retyped(self, now: datetime, number: str, kind: str) -> None:
        with self.console.write() as session:
            actor = self.draw.choice(VENDORS)
            retype(session, self.console.book(session), number, kind, "选错类型", actor=actor, now=now)

    def _restored(self, now: datetime, number: str, at: datetime) -> None:
        told = "" if self.draw.random() < 0.05 else self.draw.choice(ACCOUNTS)
        if self.draw.random() < 0.6:
            self.proof(number, now)
        self.move(
            now, number, core.RESTORE, personal={"process": told} if told else {}, occurred_at=at if now > at else None
        )
        self._confirmed_later(now, number)

    def _confirmed_later(self, now: datetime, number: str) -> None:
        if self.draw.random() < 0.12:
            return
        stars = self.draw.choices((5, 4, 3, 2, 1), (66, 25, 6, 2, 1))[0]
        facts = {"rating": stars} if self.draw.random() < 0.38 else {}
        self.at(now + self.minutes(1200, 1.1), lambda when: self._confirm(when, number, facts))

    def _confirm(self, now: datetime, number: str, facts: dict[str, object]) -> None:
        with self.console.read() as session:
            from ops_console.store import tickets as rows

            row = rows.by_number(session, number)
            waits = row is not None and row.state == core.RESTORED
        if waits:
            self.move(now, number, core.CONFIRMED, facts=facts)

    def _backdated_answer(self, t0: datetime, tactic: str) -> None:
        """Nobody answered in time; it is told as if somebody had."""
        limit = timedelta(minutes=30 if self._is_work(t0) else 60)

        def begin(now: datetime) -> None:
            number = self.log(now, "故障", channel="微信群")
            self.made.frauds[BACKDATED, tactic].add(number)
            if tactic == "within a quarter of an hour":
                claimed = t0 + limit - timedelta(minutes=self.draw.uniform(0.5, 5))
                told = claimed + timedelta(minutes=self.draw.uniform(8, 14.9))
            else:
                share = self.draw.uniform(0.8, 1) if tactic == "near the limit" else self.draw.uniform(0.1, 0.5)
                claimed = t0 + limit * share
                told = t0 + limit + self.minutes(90, 0.7)
            claimed, proved = claimed.replace(microsecond=0), self.draw.random() < 0.5
            self.at(told, lambda when: self._answered(when, number, "故障", claimed, claimed, proved, honest=False))
            self.at(told + timedelta(minutes=50), lambda when: self._restored(when, number, when))

        self.at(t0, begin)

    def _late_report(self, t0: datetime, tactic: str) -> None:
        """It was reported earlier than it is said to have been."""
        late, module = timedelta(minutes=self.draw.uniform(20, 100)), self.draw.choice(MODULES)
        local = t0 + timedelta(hours=8)
        told = self.draw.choice(
            ("{0:%H:%M} 就不行了", "从 {0:%H:%M} 开始", "约 {0:%H:%M} 发现", "（{0:%H:%M}）")
        ).format(local)
        symptom, place = self.draw.choice(FAULTS), self.draw.choice(PLACES)
        given = {"module": module, "title": module + symptom, "department": place}
        if tactic == "named in the text":
            given["description"] = told
        if tactic == "hospital reported before":
            again = {**given, "title": f"{place}说{module}{symptom}"}
            self.at(t0, lambda now: self._plain(now, channel="扫码", **given))
            given = again

        def begin(now: datetime) -> None:
            number = self._plain(now, channel="微信群", **given)
            self.made.frauds[LATE_REPORT, tactic].add(number)

        self.at(t0 + late, begin)

    def _plain(self, now: datetime, **given: Any) -> str:
        number = self.log(now, "故障", **given)
        answered = now + min(self.minutes(6, 0.9), timedelta(minutes=28))
        self.at(
            answered,
            lambda when: self._answered(when, number, "故障", when, when + self.minutes(38, 1.05), proved=True),
        )
        return number

    def _retyped_late(self, t0: datetime, tactic: str) -> None:
        """A fault that nobody answered in time becomes a question, which may wait longer."""
        t0 = t0.replace(hour=3, minute=self.draw.randrange(60))  # 11 o'clock in Shanghai: 30 minutes or 60, never both

        def begin(now: datetime) -> None:
            kind = "咨询" if tactic == "filed as a question" else "故障"
            title = self.draw.choice(MODULES) + self.draw.choice(FAULTS)
            number = self.log(now, kind, channel="微信群", title=title)
            self.made.frauds[RETYPE, tactic].add(number)
            answered = now + timedelta(minutes=self.draw.uniform(65, 110))
            if tactic == "before the limit":
                self.at(
                    now + timedelta(minutes=self.draw.uniform(15, 29)), lambda at: self._retyped(at, number, "咨询")
                )
            if tactic == "after it, approved":
                self.at(now + timedelta(minutes=62), lambda at: self._asked(at, number))
            self.at(answered, lambda at: self._answered(at, number, "咨询", at, at, proved=False, honest=False))
            self.at(answered + timedelta(minutes=40), lambda at: self._restored(at, number, at))

        self.at(t0, begin)

    def _asked(self, now: datetime, number: str) -> None:
        with self.console.write() as session:
            asked = Correction(number, "type", "咨询", "选错类型")
            propose(session, self.console.book(session), asked, self.draw.choice(VENDORS), now)
        decision = {"field": "type", "new": "咨询", "approved": True}
        self.at(now + timedelta(hours=20), lambda at: self.move(at, number, core.CORRECTION_DECIDED, facts=decision))

    def _closed_without_evidence(self, t0: datetime, tactic: str) -> None:
        """Said to be restored, with nothing to show."""

        def begin(now: datetime) -> None:
            number = self.log(now, "故障", channel="电话", answered=True)
            self.made.frauds[NO_EVIDENCE, tactic].add(number)
            told = self.draw.choice(NOTHING)
            at = now + (timedelta(minutes=self.draw.uniform(1, 4)) if tactic == "quick" else self.minutes(38, 0.5))
            said = at.replace(microsecond=0)
            recorded = at + timedelta(hours=self.draw.uniform(1, 6)) if tactic == "told late" else at
            self.at(recorded, lambda when: close(when, number, told, said))

        def close(now: datetime, number: str, told: str, said: datetime) -> None:
            personal = {"process": told} if told else {}
            self.move(now, number, core.RESTORE, personal=personal, occurred_at=said if now > said else None)
            if tactic == "came back":
                self.at(now + timedelta(hours=5), lambda at: self._rejected(at, number))
            if tactic == "confirmed unread":
                self.at(now + timedelta(hours=20), lambda at: self._confirm(at, number, {}))

        self.at(t0, begin)

    def _rejected(self, now: datetime, number: str) -> None:
        with self.console.write() as session:
            book = self.console.book(session)
            move(session, book, Move(number, core.RESTORE_REJECTED, {"reason": "还是不行"}), CHIEF, now)
        again = now + timedelta(hours=1)
        self.at(
            again, lambda at: self.move(at, number, core.RESTORE, personal={"process": self.draw.choice(NOTHING[1:])})
        )
