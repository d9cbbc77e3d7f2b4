"""What both parties do about the contract in the demo year: the sheet, duties, releases, cases, each month's life.

Not for tickets (`core/demo_year.py`) nor for doing (`services/demo_contract.py`). What a day brings depends upon what
is owed then; here stand the days, and the draws that decide what becomes of one thing owed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from ops_console.core import demo_steps as acts
from ops_console.core.breaches import LEAKED, TOLD_LATE
from ops_console.core.contracts import GO_LIVE, RELEASE
from ops_console.core.demo import FIRST, LAST, RELEASES, SEED, days, is_open
from ops_console.core.demo_places import CHIEF, ENGINEER, MANAGER, OFFICERS
from ops_console.core.demo_steps import Step
from ops_console.core.duties import DAY, Duty
from ops_console.core.moments import ZONE
from ops_console.core.working_time import WorkingCalendar

LEADER, FINANCE = "gao.jianguo", "liu.fang"
IN_TIME, LATE, MISSED, WAIVED = "in_time", "late", "missed", "waived"
ON_TIME_SHARE, LATE_SHARE, MISSED_SHARE = 0.93, 0.04, 0.02  # domain §6.6; the rest is waived
SENT_BACK = 0.02
MAY_BE_WAIVED = ("manual", "video", "faq", "patch")
NEVER_MISSED = ("inspection", "reconcile", "statistics", "pentest", "monthly", "annual")
JUNE_RELEASE, VIDEO_DAYS = date(2026, 6, 11), 12  # storyline 5
PENTEST_DAYS = 14  # storyline 10: two weeks after it was due
TITLES = (
    "门诊缴费支持合并支付", "春节放假安排与号源提示", "报告查询增加检验趋势图", "慢病复诊续方提醒",
    "HIS 接口改造配套版本", "科室问诊量大屏", "处方双签与打印", "健康档案新字段", "儿科分时段预约", "备药推送",
    "老年人体检结果推送", "检查互认标识", "绩效上报模板", "年终对账报表",
)  # fmt: skip
GONE_LIVE = (0, 2, 3, 6, 8, 9, 11)  # of the releases, those with something new on the home page
VERSIONS = ((2, 10, "V7.2"), (5, 12, "V7.3"), (8, 18, "V7.4"), (11, 10, "V8.0"))
ASKED = (
    (1, 26, "C-46/password", "驻场替补到岗，变更应用服务器运维账号口令"),
    (3, 30, "C-46/password", "季度口令更换：数据库与中间件"),
    (4, 22, "C-47/patch", "操作系统四月补丁，周末窗口配合验证"),
    (6, 29, "C-46/password", "季度口令更换：数据库与中间件"),
    (7, 22, "C-47/patch", "操作系统七月补丁，周末窗口配合验证"),
    (9, 11, "C-46/password", "截图外泄后变更运维账号口令"), (9, 21, "C-47/patch", "数据库安全补丁，配合停机窗口验证"),
    (11, 25, "C-47/patch", "操作系统十一月补丁，周末窗口配合验证"),
    (12, 21, "C-46/password", "年末口令更换：数据库与中间件"),
)  # fmt: skip
DELEGATED_MONTH = "2026-08"  # the chief is away when it is signed
SAMPLED = 10
AFTER_SIGNING = 15  # days until it is paid


def steps(calendar: WorkingCalendar, until: datetime) -> Iterator[Step]:
    """Given the working calendar and an instant, yield what is done about the contract up to it, in no order."""
    found = [
        *_sheet(), *_every_day(calendar), *_releases(), *_versions(calendar), *_requests(), *_cases(),
        *(step for month in range(1, 13) for step in _month(month, calendar)),
    ]  # fmt: skip
    yield from (step for step in found if step.at <= until)


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=ZONE)


def _on(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return _at(date(2026, month, day), hour, minute)


def _sheet() -> Iterator[Step]:
    yield Step(_on(1, 4, 10, 12), "", acts.SHEET_PROPOSED, CHIEF)
    yield Step(_on(1, 4, 15, 40), "", acts.SHEET_CONFIRMED, MANAGER)


def _every_day(calendar: WorkingCalendar) -> Iterator[Step]:
    """The engineer does what is owed towards the end of a working day; an officer looks at it on the next morning."""
    for day in days():
        if is_open(day, calendar):
            yield Step(_at(day, 9, 20), "", acts.DUTIES_ACCEPTED, OFFICERS[day.toordinal() % len(OFFICERS)])
            yield Step(_at(day, 16, 45), "", acts.DUTIES_DONE, ENGINEER)


def _releases() -> Iterator[Step]:
    for number, day in enumerate(RELEASES):
        told = {"number": number, "go_live": number in GONE_LIVE}
        yield Step(_at(day, 17, 30), "", acts.RELEASED, ENGINEER, told)


def _versions(calendar: WorkingCalendar) -> Iterator[Step]:
    for month, day, name in VERSIONS:
        published = date(2026, month, day)
        yield Step(_at(workday(published, 2, calendar), 11, 5), "", acts.VERSION_TOLD, MANAGER,
                   {"version": name, "published": published.isoformat()})  # fmt: skip
        yield Step(_at(workday(published, 12, calendar), 10, 30), "", acts.VERSION_DECIDED, CHIEF, {"version": name})


def _requests() -> Iterator[Step]:
    for month, day, what, text in ASKED:
        yield Step(_on(month, day, 10, 5), "", acts.DUTY_ASKED, CHIEF, {"what": what, "text": text})


def workday(day: date, count: int, calendar: WorkingCalendar) -> date:
    """Given a day, a number and the calendar, return the so-many-th working day after it (before it if negative)."""
    step = DAY if count > 0 else -DAY
    for _ in range(abs(count)):
        day += step
        while not is_open(day, calendar):
            day += step
    return day


# -- what becomes of one thing owed -----------------------------------------------------------------------------------


def fate_of(duty: Duty) -> str:
    """Given a duty, return what becomes of it: done in time, late, missed, or waived; the same for the same year."""
    if duty.task == "pentest" or _is_june_video(duty):
        return LATE
    drawn = _random(duty).random()
    if drawn < ON_TIME_SHARE or (duty.period_start is not None and duty.task in NEVER_MISSED):
        return IN_TIME
    if drawn < ON_TIME_SHARE + LATE_SHARE:
        return LATE
    if drawn < ON_TIME_SHARE + LATE_SHARE + MISSED_SHARE:
        return MISSED
    return WAIVED if duty.task in MAY_BE_WAIVED else IN_TIME


def done_on(duty: Duty, calendar: WorkingCalendar) -> date:
    """Given a duty that is done at last, return the working day on which it is."""
    due = duty.due_on
    if fate_of(duty) == LATE:
        if duty.task == "pentest":
            return due + PENTEST_DAYS * DAY
        if _is_june_video(duty):
            return JUNE_RELEASE + VIDEO_DAYS * DAY
        return workday(due, 1, calendar)
    last = due if is_open(due, calendar) else workday(due, -1, calendar)
    most = {"pentest": 1, "drill": 30, "annual": 10, "monthly": 1}.get(duty.task, 6 if duty.period_start else 2)
    found = workday(last, -_random(duty, "/day").randint(0 if duty.event or most == 1 else 1, most), calendar)
    return max(found, duty.begins_at.astimezone(ZONE).date())


def is_sent_back(duty: Duty) -> bool:
    """Given a duty, say whether the hospital sends its first delivery back."""
    return _random(duty, "/back").random() < SENT_BACK


def _is_june_video(duty: Duty) -> bool:
    begun = duty.begun_at.astimezone(ZONE).date() if duty.begun_at else None
    return duty.task == "video" and duty.event == RELEASE and begun == JUNE_RELEASE


def _random(duty: Duty, what: str = "") -> Random:
    """By clause, task and day, not by the key: that holds numbers of rows."""
    about = f"{duty.clause}/{duty.task}/{duty.begins_at.date()}"
    if duty.event == GO_LIVE:
        about += "/live"
    return Random(f"{SEED}/duty/{about}{what}")  # noqa: S311 - figures of a demo, no secrets


# -- cases ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What is said of a case: its category, when it happened and the vendor knew, what, and about which story."""

    category: str
    occurred_at: datetime
    known_at: datetime
    reported_at: datetime
    what: str
    systems: str
    impact: str
    measures: str
    story: str = ""


# To whom the hospital reports, as config.toml names them, and why it need not.
CYBER, CRITICAL = "报网信部门", "报网信部门（涉及关键信息基础设施）"
NO_LEAK, NOT_CRITICAL = "不涉及信息外泄，无需报送。", "本平台未列入关键信息基础设施，无需按此时限报送。"
NEW_YEAR, SCREENSHOT, LINK = "new-year", "screenshot", "link"
CASES = {
    NEW_YEAR: Told(
        TOLD_LATE, _on(2, 18, 1, 40), _on(2, 18, 2, 5), _on(2, 18, 3, 20),
        "正月初二夜里支付回调中断；患者 2:05 在运维群反映，值班工程师 3:20 才登记并报信息科，相隔 75 分钟。",
        "门诊缴费", "14 笔缴费成功未入账，当日补记", "回调服务已重启，14 笔逐笔核对补记", "story/callback",
    ),
    LINK: Told(
        LEAKED, _on(6, 15, 9, 40), _on(6, 15, 10, 0), _on(6, 15, 10, 10),
        "有患者反映收到自称医院的缴费链接，怀疑平台号码外泄。", "微信便民服务", "1 名患者询问，没有损失",
        "核对出口日志与短信通道",
    ),
    SCREENSHOT: Told(
        LEAKED, _on(9, 10, 14, 20), _on(9, 10, 14, 55), _on(9, 10, 15, 10),
        "二线工程师把带有患者姓名和证件号的页面截图发到运维群，群内有 46 人，35 分钟后才撤回。",
        "群众健康档案", "1 名患者的身份信息被群内人员看到", "已撤回并逐人确认删除，全员重新培训",
    ),
}  # fmt: skip


def _cases() -> Iterator[Step]:
    yield from (
        _case(_on(2, 18, 8, 40), acts.CASE_RAISED, "wu.qian", NEW_YEAR),
        _case(_on(2, 18, 8, 50), acts.CASE_SENT, CHIEF, NEW_YEAR, receiver=CYBER, text=NO_LEAK, needed=False),
        _case(_on(2, 18, 8, 52), acts.CASE_SENT, CHIEF, NEW_YEAR, receiver=CRITICAL, text=NOT_CRITICAL, needed=False),
        _case(_on(2, 24, 9, 50), acts.CASE_FILED, CHIEF, NEW_YEAR),
        _case(_on(2, 26, 16, 20), acts.CASE_STATED, MANAGER, NEW_YEAR,
              text="值班工程师 2:20 已开始远程重启回调，3:20 恢复后才登记；未及时电话报告，接受意见，但不属瞒报。"),
        _case(_on(6, 15, 11, 0), acts.CASE_RAISED, "zheng.hao", LINK),
        _case(_on(6, 15, 13, 30), acts.CASE_SENT, CHIEF, LINK, receiver=CYBER,
              text="口头报告：疑似诈骗短信，正在核查。"),
        _case(_on(6, 15, 13, 32), acts.CASE_SENT, CHIEF, LINK, receiver=CRITICAL, text=NOT_CRITICAL, needed=False),
        _case(_on(6, 16, 9, 40), acts.CASE_FILED, CHIEF, LINK),
        _case(_on(6, 17, 15, 30), acts.CASE_STATED, MANAGER, LINK,
              text="出口日志和短信通道 30 天内没有向外发送该链接，号码不在本平台任何导出中。"),
        _case(_on(6, 19, 16, 40), acts.CASE_FOUND, CHIEF, LINK, upheld=False,
              text="运营商证实为群发诈骗短信，与平台数据无关。"),
        _case(_on(9, 10, 15, 30), acts.CASE_RAISED, CHIEF, SCREENSHOT),
        _case(_on(9, 10, 16, 30), acts.CASE_SENT, CHIEF, SCREENSHOT, receiver=CYBER,
              text="首报：运维群误发带患者信息的截图，已撤回，影响 1 人，正在核查。"),
        _case(_on(9, 10, 16, 32), acts.CASE_SENT, CHIEF, SCREENSHOT, receiver=CRITICAL,
              text=NOT_CRITICAL, needed=False),
        _case(_on(9, 11, 9, 30), acts.CASE_FILED, CHIEF, SCREENSHOT),
        _case(_on(9, 14, 14, 10), acts.CASE_STATED, MANAGER, SCREENSHOT,
              text="属实。系二线为说明问题截图未遮盖，已停其查看权限并组织培训。"),
        _case(_on(9, 16, 10, 20), acts.CASE_FOUND, CHIEF, SCREENSHOT, upheld=True,
              text="群消息截图和撤回记录为证，敏感信息外泄成立，发生在 9 月 10 日。"),
        _case(_on(9, 18, 16, 0), acts.CASE_DECIDED, LEADER, SCREENSHOT),
        _case(_on(9, 21, 9, 30), acts.CASE_EXECUTED, CHIEF, SCREENSHOT, month="2026-09"),
    )  # fmt: skip


def _case(at: datetime, act: str, who: str, case: str, **facts: object) -> Step:
    return Step(at, "", act, who, {"case": case, **facts})


# -- a month's life ---------------------------------------------------------------------------------------------------


def _month(number: int, calendar: WorkingCalendar) -> Iterator[Step]:
    """From the first working day after it to the payment, each by whose part it is."""
    month = f"2026-{number:02}"
    last = (FIRST.replace(month=number) + timedelta(days=31)).replace(day=1) - DAY if number < 12 else LAST

    def on(nth: int, hour: int, minute: int, act: str, who: str, **facts: object) -> Step:
        return Step(_at(workday(last, nth, calendar), hour, minute), "", act, who, {"month": month, **facts})

    caller = OFFICERS[number % len(OFFICERS)]
    yield on(1, 15, 10, acts.ENTRIES_MADE, caller)
    yield on(2, 9, 40, acts.ENTRIES_CONFIRMED, MANAGER)
    yield on(2, 14, 30, acts.MONTH_EXPLAINED, MANAGER)
    yield on(3, 9, 48, acts.SAMPLE_LISTED, caller)
    yield on(
        3, 9, 50, acts.SAMPLE_DRAWN, caller, seed=f"{number} 月 骰子 {number % 6 + 1} {number % 5 + 1} {number % 4 + 2}"
    )
    for place in range(1, SAMPLED + 1):
        step = on(3, 9, 52, acts.SAMPLE_ANSWERED, caller, place=place, answer=_heard(month, place))
        yield Step(step.at + timedelta(seconds=17 * place), "", step.act, step.who, step.facts)
    yield on(4, 10, 10, acts.MONTH_ADJUSTED, CHIEF)
    yield on(4, 10, 30, acts.MONTH_ANSWERED, CHIEF)
    if month == DELEGATED_MONTH:
        yield on(4, 17, 10, acts.DELEGATED, CHIEF, taker=OFFICERS[0])
    signer = OFFICERS[0] if month == DELEGATED_MONTH else CHIEF
    yield on(6, 15, 20, acts.MONTH_SIGNED, signer)
    yield on(7, 9, 35, acts.MONTH_SIGNED, MANAGER)
    paid = workday(workday(last, 7, calendar) + AFTER_SIGNING * DAY, 1, calendar)
    yield Step(_at(paid, 10, 40), "", acts.MONTH_PAID, FINANCE, {"month": month, "paid_on": paid.isoformat()})


def _heard(month: str, place: int) -> str:
    drawn = Random(f"{SEED}/sample/{month}/{place}").random()  # noqa: S311 - figures of a demo, no secrets
    return "true" if drawn < 0.93 else "unreachable" if drawn < 0.98 else "false"


def entered(month: str) -> dict[str, tuple[int, int]]:
    """Given a month of the year, return what the hospital enters by measure: so many of so many (domain §6.5)."""
    number = int(month[-2:])
    workdays = (21, 16, 22, 21, 19, 21, 23, 21, 22, 18, 21, 23)[number - 1]
    return {
        "arrived_late_at_work": ({2: 1, 4: 1, 7: 1, 9: 1, 12: 1}.get(number, 0), workdays),
        "absent_half_days": ({9: 2}.get(number, 0), 2 * workdays),
        "spot_check_failed": ({9: 1}.get(number, 0), 4),
        "complaints": ({2: 1, 9: 1, 12: 1}.get(number, 0), {2: 1, 3: 1, 6: 1, 9: 2, 11: 1, 12: 1}.get(number, 0)),
        "change_failed": ({5: 1}.get(number, 0), 17),
    }
