"""What is written beforehand in the demo year: stories of domain §6.7 and the large change-like jobs of §6.1.

Not for the present (`core/demo_now.py`). Days are of the contract year 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

from ops_console.core.demo import RELEASES, SEED, Report, shifted
from ops_console.core.demo_lives import FAULT, Fate, story_of
from ops_console.core.demo_places import CHIEF, DEPARTMENTS, ENGINEER, MANAGER
from ops_console.core.demo_steps import PROPOSE, Step, Story
from ops_console.core.demo_words import Said, Stock, Text
from ops_console.core.moments import ZONE
from ops_console.core.tickets import CORRECTION_DECIDED, written
from ops_console.core.working_time import WorkingCalendar

OVERLOAD, OVERLOAD_ENDS = date(2026, 3, 2), time(11)
OVERLOAD_TYPES = (FAULT,) * 6 + ("咨询",) * 9 + ("对账异常",) * 2 + ("配置变更", "数据纠错")
LATE_ANSWERS = (41.0, 36.0, 53.0)  # minutes: three breaches on an honest, overloaded morning
APRIL = ((8, 9, 40), (14, 14, 5), (21, 10, 15), (27, 15, 20))
PROVED_APRIL = 2  # of the four, those that are corrected afterwards; the others stay unproven
TRUE_ANSWER = 47.0
CALLBACK = Text(
    ("M-02",), "支付回调中断，缴费成功但未入账",
    "正月初二夜里支付回调无响应，监控里最早的失败在 1:40；患者 2:05 在运维群反映缴费成功但未入账。",
    "重启回调服务并逐笔补记 14 笔；群内 3:20 首次回复。", "接口异常", "远程",
)  # fmt: skip
# Month, day, hour; type; whose department; module; title; what was done.
LARGE = (
    (1, 20, 9, "政策性修改", "医务科", "M-09", "按新版门诊病历书写要求调整问诊模板", "模板字段调整并经医务科核对。"),
    (3, 11, 10, "政策性修改", "财务科", "M-02", "医保编码贯标：15 项收费编码调整", "编码映射更新，试结算通过。"),
    (5, 13, 9, "政策性修改", "医务科", "M-10", "按处方管理新规增加药师双签", "双签流程上线，旧处方不受影响。"),
    (7, 8, 14, "政策性修改", "公卫科", "M-08", "基本公卫规范字段调整", "新增字段 9 项，历史数据迁移并抽查。"),
    (10, 14, 10, "政策性修改", "医务科", "M-04", "检查检验互认标识上线", "互认标识与目录上线。"),
    (1, 12, 9, "客户化开发", "门诊导诊台", "M-07", "便民服务增加停车缴费入口", "双方确认需求单后开发，已验收。"),
    (2, 4, 15, "客户化开发", "体检中心", "M-08", "体检预约与套餐选择", "按需求单开发，体检中心验收。"),
    (3, 18, 9, "客户化开发", "慢病门诊", "M-16", "慢病患者复诊续方提醒", "上线提醒规则，可按病种关闭。"),
    (4, 13, 10, "客户化开发", "医共体办公室", "M-14", "转诊单批量打印", "支持按日期批量打印。"),
    (5, 20, 9, "客户化开发", "医务科", "M-15", "科室问诊量大屏", "大屏上线，数据口径双方确认。"),
    (6, 24, 14, "客户化开发", "儿科", "M-01", "儿科分时段预约", "按 15 分钟分段放号，已验收。"),
    (8, 5, 9, "客户化开发", "门诊药房", "M-10", "药房备药状态推送", "备好药后推送取药提醒。"),
    (9, 9, 10, "客户化开发", "公卫科", "M-13", "老年人体检结果推送", "按家庭医生分组推送。"),
    (11, 4, 9, "客户化开发", "医共体办公室", "M-14", "医共体床位查询（第 9 项，待商定）", "双方商定转入下一合同年。"),
    (3, 25, 9, "现场专家诊断", "医务科", "M-17", "接口服务专家现场诊断", "专家到场 2 日，完成压力诊断并交报告。"),
    (6, 17, 9, "现场专家诊断", "门诊收费处", "M-02", "支付链路专家现场诊断", "专家到场复核支付链路，给出三条改进。"),
    (10, 21, 9, "现场专家诊断", "医务科", "M-15", "数据库专家现场诊断", "专家到场调优两日，慢查询清零。"),
    (11, 18, 14, "升级改造", "医务科", "M-17", "EMR 接口升级适配", "按新版接口完成改造并联调。"),
    (2, 25, 9, "指令性任务", "公卫科", "M-17", "卫健委：补报 2025 年电子健康卡数据", "按要求期限完成上报，回执存档。"),
    (4, 22, 9, "指令性任务", "医务科", "M-15", "市卫健委互联网诊疗监管数据核查", "核查 3 类数据并提交说明。"),
    (6, 3, 14, "指令性任务", "公卫科", "M-08", "家庭医生签约数据专项上报", "按模板上报。"),
    (7, 21, 9, "指令性任务", "医务科", "M-15", "省级检查：3 日内提供运行与安全材料", "加班 3 日完成，材料清单 27 项。"),
    (9, 2, 9, "指令性任务", "财务科", "M-02", "审计厅：线上收费专项数据", "按函要求提供，未含个人信息。"),
    (11, 11, 9, "指令性任务", "公卫科", "M-16", "慢病管理年度绩效数据上报", "数据核对后上报。"),
)  # fmt: skip


def storylines(stock: Stock, calendar: WorkingCalendar, sampled: frozenset[str]) -> Iterator[Story]:
    """Given the stock of texts, the calendar and the types nobody is asked about, return every scripted story."""
    yield from (story_of(report, stock, calendar, sampled, fate) for report, fate in _scripted())
    for n in range(len(APRIL)):
        yield _april(n, story_of(*_april_report(n, stock), calendar, sampled, _april_fate(n)))


def _upgrade() -> tuple[Report, Fate]:
    """Storyline 4: the vendor files what a core system's upgrade asks for as customisation: it uses no cap."""
    told = Text(
        ("M-17",), "HIS 升级后平台接口改造", "HIS 5 月升级，挂号、缴费、报告接口需同步改造。",
        "三组接口改造并联调，用时 60 小时。",
        "接口异常", "远程",
    )  # fmt: skip
    place = next(d for d in DEPARTMENTS if d.name == "医务科")
    fate = Fate(
        said=Said(place, place.reporters[0], "M-17", told), who=ENGINEER, mistaken="客户化开发", minutes=60 * 60,
        lag=4.0, onsite=False,
    )  # fmt: skip
    return Report("story/his-upgrade", _at(5, 6, 9, 20), "升级改造", "电话"), fate


def is_scripted(at: datetime) -> bool:
    """Given when something would be reported by chance, say whether that morning is written beforehand."""
    local = at.astimezone(ZONE)
    return local.date() == OVERLOAD and local.time() < OVERLOAD_ENDS


def _at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


def _scripted() -> Iterator[tuple[Report, Fate]]:
    callback = Said(DEPARTMENTS[0], "夜班值守", "M-02", CALLBACK)
    night = Report("story/callback", _at(2, 18, 2, 5), FAULT, "微信群")
    yield night, Fate(answer=75.0, lag=75.5, proved=True, said=callback, onsite=False, is_accepted=False)
    yield from _overload()
    yield _upgrade()
    for number, release in enumerate(RELEASES):
        yield Report(f"story/release-{number}", _at(release.month, release.day, 8, 30), "升级发布", "管理端"), Fate()
    for number, (month, day, hour, type_name, department, module, title, process) in enumerate(LARGE):
        told = Text((module,), title, f"{department}提出，见所附材料。", process, "其他", "远程")
        place = next(d for d in DEPARTMENTS if d.name == department)
        who = Said(place, place.reporters[0], module, told)
        yield Report(f"story/large-{number}", _at(month, day, hour, 12), type_name, "管理端"), Fate(said=who)


def _overload() -> Iterator[tuple[Report, Fate]]:
    random = Random(f"{SEED}/overload")  # noqa: S311 - figures of a demo, no secrets
    types = list(OVERLOAD_TYPES)
    random.shuffle(types)
    minutes = sorted(random.uniform(3, 172) for _ in types)
    late = list(LATE_ANSWERS)
    for number, (type_name, minute) in enumerate(zip(types, minutes, strict=True)):
        at = shifted(_at(3, 2, 8), minute)
        channel = random.choice(("微信群", "微信群", "扫码")) if type_name in (FAULT, "咨询") else "管理端"
        slow = type_name == FAULT and bool(late)
        answer = late.pop() if slow else random.uniform(4, 26)
        yield Report(f"story/overload-{number:02d}", at, type_name, "微信群" if slow else channel), Fate(answer=answer)


def _april_report(n: int, stock: Stock) -> tuple[Report, Stock]:
    day, hour, minute = APRIL[n]
    return Report(f"story/april-{n}", _at(4, day, hour, minute), FAULT, "微信群"), stock


def _april_fate(n: int) -> Fate:
    """The answer exactly at its limit, told five hours later."""
    return Fate(answer=30.0, lag=300.0, proved=n < PROVED_APRIL, onsite=False, who=ENGINEER, is_accepted=False)


def _april(n: int, story: Story) -> Story:
    """The first two are corrected the next day to what the group chat shows; the others stay unproven."""
    if n >= PROVED_APRIL:
        return story
    day, hour, minute = APRIL[n]
    true = shifted(_at(4, day, hour, minute), TRUE_ANSWER)
    asked = shifted(_at(4, day, 9, 20) + timedelta(days=1), 11.0 * n)
    reason = "复核群聊记录，首次有针对性的回复在报修后 47 分"
    facts = {"field": "responded_at", "new": written(true)}
    steps = (
        Step(asked, story.key, PROPOSE, MANAGER, facts, {"reason": reason}),
        Step(shifted(asked, 95), story.key, CORRECTION_DECIDED, CHIEF, {**facts, "approved": True}),
    )
    return replace(story, steps=(*story.steps, *steps))
