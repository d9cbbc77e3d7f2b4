"""Open tickets around the present of the demo: clocks at half, at four fifths, just passed; one paused, one to confirm.

Not for the year before (`core/demo.py`). Their times are reckoned back from now by the contract's own limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops_console.core.clocks import class_of
from ops_console.core.demo import on_duty, shifted
from ops_console.core.demo_lives import FAULT
from ops_console.core.demo_places import DEPARTMENTS, ENGINEER, OFFICERS, SECOND_LINE
from ops_console.core.demo_steps import OPEN, PROPOSE, PUBLIC, Step, Story
from ops_console.core.demo_words import Said, Text
from ops_console.core.terms import Terms
from ops_console.core.tickets import ARRIVED, ONSITE_DECIDED, RESPONDED, RESTORE, SUSPEND
from ops_console.core.working_time import WorkingCalendar


@dataclass(frozen=True)
class Scene:
    """One open ticket: its key, department, type, channel, who enters it, what it says, and how far its clock is.

    `clock` is the contract's word for the clock that runs; `share` of its limit has passed by now.
    """

    key: str
    department: str
    type: str
    channel: str
    who: str
    module: str
    title: str
    description: str
    clock: str
    share: float


SCENES = (
    Scene("half", "门诊收费处", FAULT, "扫码", "", "M-02", "门诊缴费：扫码后一直转圈",
          "2 号窗口扫码后一直转圈，现金窗口排队。", "response", 0.52),
    Scene("most", "检验科", FAULT, "微信群", ENGINEER, "M-04", "检验结果没有推送到手机",
          "上午的检验结果都没有推送，患者在窗口排队打印。", "response", 0.83),
    Scene("passed", "青石镇卫生院", FAULT, "管理端", OFFICERS[0], "M-09", "视频问诊进不去房间",
          "医生和患者都停在“正在连接”，换网络也一样。", "response", 1.07),
    Scene("coming", "门诊药房", FAULT, "电话", ENGINEER, "M-10", "药房打印机打不出流转处方",
          "3 号窗口打印机无反应，其他窗口正常。", "arrival", 0.55),
    Scene("paused", "体检中心", FAULT, "当面", ENGINEER, "M-08", "体检报告上传到健康档案失败",
          "体检系统提示“上传失败”，今天的报告都没有进健康档案。", "repair", 0.84),
    Scene("restored", "挂号处", FAULT, "扫码", "", "M-01", "取号机提示“网络异常”",
          "大厅 2 号取号机提示网络异常，旁边的正常。", "response", 0.0),
    Scene("hotline", "医共体办公室", "咨询", "管理端", OFFICERS[1], "M-14", "转诊单怎样补传附件",
          "卫生院问转诊单提交后怎样补传检查报告。", "hotline", 0.81),
    Scene("agreed", "内科门诊", "缺陷", "微信群", ENGINEER, "M-09", "复制上次处方时诊断没有带出",
          "医生端复制上次处方，药品带出，诊断为空。", "hotline", 0.2),
)  # fmt: skip


def present(now: datetime, terms: Terms, calendar: WorkingCalendar) -> Iterator[Story]:
    """Given now, the terms and the calendar, return the stories that are open now."""
    turn = on_duty(now, calendar, (ENGINEER, *SECOND_LINE))
    for scene in SCENES:
        department = next(d for d in DEPARTMENTS if d.name == scene.department)
        text = Text((scene.module,), scene.title, scene.description, "", "其他", "远程")
        said = Said(department, department.reporters[0], scene.module, text)
        who = turn if scene.who == ENGINEER else scene.who
        started = _started(scene, now, terms, calendar)
        yield Story(f"now/{scene.key}", scene.type, scene.channel, said, STEPS[scene.key](scene, started, who, now))


def _started(scene: Scene, now: datetime, terms: Terms, calendar: WorkingCalendar) -> datetime:
    """When the clock began that has come so far by now: the class is the one of the moment it is reported.

    For some minutes after working time begins or ends there is no such moment; then it has come less far,
    or, where it should have passed, farther.
    """
    found = []
    for klass in ("work", "off"):
        limit = terms.limit_for(scene.clock, klass)
        found.append(now - timedelta(seconds=round(limit.limit_seconds * scene.share)) if limit else now)
        if class_of(found[-1], calendar) == klass:
            return found[-1]
    return max(found) if scene.share < 1 else min(found)


def _first(scene: Scene, at: datetime, who: str) -> Step:
    if not who:
        return Step(at, f"now/{scene.key}", PUBLIC, "", {"type": scene.type})
    facts = {"type": scene.type, "answered": scene.channel in ("电话", "当面"), "needs_onsite": False}
    return Step(at, f"now/{scene.key}", OPEN, who, facts)


def _reported(scene: Scene, started: datetime, who: str, now: datetime) -> tuple[Step, ...]:
    return (_first(scene, started, who),)


def _coming(scene: Scene, started: datetime, who: str, now: datetime) -> tuple[Step, ...]:
    decided = Step(shifted(started, 3), f"now/{scene.key}", ONSITE_DECIDED, who, {"needs_onsite": True})
    return (_first(scene, started, who), decided)


def _paused(scene: Scene, started: datetime, who: str, now: datetime) -> tuple[Step, ...]:
    """On the spot since the clock started; a pause asked for a little ago, and no word from the hospital yet."""
    key = f"now/{scene.key}"
    reported = started - timedelta(minutes=14)
    facts: dict[str, object] = {"cause": "第三方原因", "reason": "体检系统厂商接口升级，正在其机房处理"}
    return (
        _first(scene, reported, who),
        Step(shifted(reported, 2), key, ONSITE_DECIDED, who, {"needs_onsite": True}),
        Step(started, key, ARRIVED, who),
        Step(now - timedelta(minutes=12), key, SUSPEND, who, facts),
    )


def _restored(scene: Scene, started: datetime, who: str, now: datetime) -> tuple[Step, ...]:
    key, reported, worker = f"now/{scene.key}", now - timedelta(minutes=68), SECOND_LINE[0]
    done = {"process": "重启取号机网卡驱动，测试取号 3 次正常。"}
    return (
        _first(scene, reported, who),
        Step(shifted(reported, 6), key, RESPONDED, worker, {"handler": worker}),
        Step(shifted(reported, 49), key, RESTORE, worker, {"handler": worker, "mode": "远程"}, done),
    )


def _agreed(scene: Scene, started: datetime, who: str, now: datetime) -> tuple[Step, ...]:
    """A defect whose date waits for the hospital's agreement."""
    key, on = f"now/{scene.key}", (now + timedelta(days=9)).date().isoformat()
    return (
        _first(scene, started, who),
        Step(shifted(started, 4), key, RESPONDED, who, {"handler": who}),
        Step(
            shifted(started, 15), key, PROPOSE, who, {"field": "agreed_on", "new": on}, {"reason": "修复并随版本发布"}
        ),
    )


STEPS = {
    **dict.fromkeys(("half", "most", "passed", "hotline"), _reported),
    "coming": _coming, "paused": _paused, "restored": _restored, "agreed": _agreed,
}  # fmt: skip
