"""Why a clock stands where it stands: the rule, the class, the deadline, and every interval, as sentences.

Not for showing them: a face translates the sentences and formats the instants.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ops_console.core import clocks
from ops_console.core.clocks import BREACHED, MET, WHY_PAUSED, WHY_SOLVED, Clock, Interval
from ops_console.core.contracts import TimeLimit
from ops_console.core.hours import cut
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.terms import VersionInForce
from ops_console.core.tickets import Suspension
from ops_console.core.working_time import WorkingCalendar

CLOCK_NAMES = {"response": "响应", "arrival": "到场", "repair": "排除", "hotline": "热线"}
CLASS_NAMES = {"work": "工作时间", "off": "非工作时间"}
DAY_NAMES = {"workday": "工作日", "weekend": "周末", "holiday": "法定节假日", "makeup": "调休上班日"}
RESULT_NAMES = {"met": "达标", "breached": "超时", "unproven": "未证实", "running": "进行中"}
CLOSURE_NAMES = {
    "signed": "已确认", "reporter": "报修人（未登录）确认", "silence": "超时默认确认", "unasked": "免逐件确认",
}  # fmt: skip
EVENT_NAMES = {"reported": "报修", "responded": "响应", "arrived": "到场", "restored": "恢复"}


@dataclass(frozen=True)
class Line:
    """One interval of an explanation, with the seconds counted up to its end."""

    interval: Interval
    why: Sentence
    total_seconds: int


@dataclass(frozen=True)
class Explanation:
    """A clock explained as of an instant. Seconds are whole; `raw_*` is the reading without any pause."""

    clock: Clock
    headline: Sentence
    class_why: Sentence
    version: Sentence
    lines: tuple[Line, ...]
    refused_pauses: tuple[Suspension, ...]
    deadline: datetime | None
    active_seconds: int
    raw_seconds: int
    result: str
    raw_result: str
    verdict: Sentence


def explain(
    clock: Clock, version: VersionInForce, calendar: WorkingCalendar, reported_at: datetime, at: datetime
) -> Explanation:
    """Given a clock, the version and calendar it was judged by, the report time and T, return why it stands so."""
    bare = clocks.raw(clock)
    return Explanation(
        clock=clock,
        headline=rule_sentence(clock.limit, clock.klass),
        class_why=_class_why(clock, version, calendar, reported_at),
        version=sentence(
            "合同第 %(version)s 版（自 %(day)s 起计），日历：%(source)s",
            version=version.version, day=version.terms.counts_from.isoformat(), source=_source(calendar, reported_at),
        ),
        lines=_lines(clock, at),
        refused_pauses=tuple(s for s in clock.pauses if not s.approved),
        deadline=clocks.deadline(clock),
        active_seconds=clocks.active_seconds(clock, at),
        raw_seconds=clocks.active_seconds(bare, at),
        result=clocks.standing(clock, at),
        raw_result=clocks.result(bare, at),
        verdict=_verdict(clock, at),
    )  # fmt: skip


def rule_sentence(limit: TimeLimit, klass: str) -> Sentence:
    """Given a limit and a class, return the rule as one sentence with its clause."""
    return sentence(
        "%(klass)s报修，从%(start)s起应在 %(limit)s内%(stop)s；%(basis)s %(clause)s（%(id)s）",
        klass=sentence(CLASS_NAMES[klass]), start=sentence(EVENT_NAMES[limit.start_event]),
        limit=timedelta(seconds=limit.limit_seconds), stop=sentence(EVENT_NAMES[limit.stop_event]),
        basis=sentence(limit.basis), clause=limit.clause, id=limit.id,
    )  # fmt: skip


def _class_why(clock: Clock, version: VersionInForce, calendar: WorkingCalendar, reported_at: datetime) -> Sentence:
    hours = "、".join(f"{start}–{end}" for start, end in cut(version.terms.hours, version.terms.breaks))
    if clock.provisional:
        return sentence(
            "%(at)s 报修：%(year)s 年节假日安排尚未录入，按周末规则暂定为%(klass)s",
            at=reported_at, year=reported_at.astimezone(calendar.zone).year, klass=sentence(CLASS_NAMES[clock.klass]),
        )  # fmt: skip
    return sentence(
        "%(at)s 报修：当天是%(day)s，工作时间为工作日 %(hours)s（前闭后开），按报修时刻一次定为%(klass)s",
        at=reported_at, day=sentence(DAY_NAMES[calendar.day_kind(reported_at)]), hours=hours,
        klass=sentence(CLASS_NAMES[clock.klass]),
    )  # fmt: skip


def _source(calendar: WorkingCalendar, reported_at: datetime) -> object:
    known = calendar.year_of(reported_at)
    if known is None:
        return sentence("暂定（仅按周末）")
    return sentence("%(year)s 年（%(source)s）", year=known.year, source=known.source)


def _lines(clock: Clock, at: datetime) -> tuple[Line, ...]:
    total, lines = 0, []
    for interval in clocks.intervals(clock, at):
        total += interval.seconds if interval.counted else 0
        lines.append(Line(interval, _why(interval, clock), total))
    return tuple(lines)


def _why(interval: Interval, clock: Clock) -> Sentence:
    if interval.why == WHY_SOLVED:
        return sentence("已恢复并确认，不计时")
    if interval.why == WHY_PAUSED:
        return sentence("医院批准的挂起，不计时：%(reason)s", reason="；".join(_reasons(interval, clock)))
    return sentence("连续计时（自然时间）")


def _reasons(interval: Interval, clock: Clock) -> list[str]:
    """The reasons of the approved pauses inside an interval, each once: overlapping pauses are one interval."""
    inside = [
        s.reason
        for s in clock.pauses
        if s.approved and s.started_at < interval.end and (s.ended_at is None or s.ended_at > interval.start)
    ]
    return [reason for reason in dict.fromkeys(inside) if reason]


def _verdict(clock: Clock, at: datetime) -> Sentence:
    used, limit = clocks.active_seconds(clock, at), clock.limit.limit_seconds
    outcome = clocks.result(clock, at)
    values = {"used": timedelta(seconds=used), "limit": timedelta(seconds=limit)}
    if outcome == MET and not clock.proven:
        return sentence("按申报的时间用时 %(used)s，未超过 %(limit)s；时间为补录，医院认可前计为未证实", **values)
    if outcome == MET:
        return sentence("用时 %(used)s，未超过 %(limit)s：达标", **values)
    if outcome == BREACHED:
        return sentence(
            "用时 %(used)s，比时限 %(limit)s多用 %(over)s：超时", over=timedelta(seconds=used - limit), **values
        )
    return sentence("已用 %(used)s，时限 %(limit)s，还剩 %(left)s", left=timedelta(seconds=limit - used), **values)
