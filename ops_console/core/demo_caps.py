"""What becomes of a change's class and its cap in the demo year: confirmed by the other side, begun, accepted.

Not for the ticket's own life (`core/demo_lives.py`). Drawn from a key of its own, so that it changes no other draw.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random

from ops_console.core.demo import SEED, next_opening, shifted
from ops_console.core.demo_places import CHIEF, ENGINEER, MANAGER, OFFICERS
from ops_console.core.demo_steps import (
    CAP_ACCEPT,
    CAP_DEFER,
    CAP_SHEET,
    CAP_SIGN,
    CAP_START,
    CLASS_ANSWER,
    CLASS_CONFIRM,
    CLASS_EXEMPT,
    CLASS_OBJECT,
    CLASS_ORDER,
    Step,
)
from ops_console.core.working_time import WorkingCalendar

# Whose class both settle, as config.toml ships them.
CHANGES = ("告知宣传", "接口与上传", "政策性修改", "客户化开发", "指令性任务", "升级改造", "现场专家诊断")
CAPPED = ("政策性修改", "客户化开发", "告知宣传", "现场专家诊断")
SHEET_FIRST, DIRECTIVE, NOTICE = "客户化开发", "指令性任务", "告知宣传"
GO_LIVE = "首页上线告知"  # how a notice of a go-live is titled, which uses no cap (domain §6.1)
UPGRADE = "由 HIS 升级引起，属一.2 的改造，费用由乙方承担，不占客户化开发的额度"
ORDER = "{who}转来上级通知，按来文要求和时限办理；来文编号见附件登记"


@dataclass(frozen=True)
class Change:
    """What of a life settles its class: the story, its type and title, who asks, who entered it, when it ended.

    `mistaken`: the type that the vendor filed it as.
    """

    story: str
    type: str
    title: str
    department: str
    entered_by: str
    entered_at: datetime
    restored_at: datetime
    mistaken: str = ""


def settling(change: Change, calendar: WorkingCalendar) -> list[Step]:
    """Given a change, return the steps by which both settle its class, and by which its cap is used; none for others.

    A step that the contract gives no cap for does nothing when it is done.
    """
    if change.type not in CHANGES or not change.entered_by:
        return []
    random = Random(f"{SEED}/class/{change.story}")  # noqa: S311 - figures of a demo, no secrets
    steps: list[Step] = []

    def then(minutes: tuple[float, float], act: str, who: str, **facts: object) -> None:
        after = steps[-1].at if steps else change.entered_at
        at = next_opening(shifted(after, random.uniform(*minutes)), calendar, random)
        steps.append(Step(at, change.story, act, who, facts))

    if change.mistaken:
        then((40, 200), CLASS_OBJECT, CHIEF, wished=change.type, reason=UPGRADE)
        then((60, 300), CLASS_ANSWER, MANAGER, wished=change.type)
        return steps
    if change.type == DIRECTIVE:
        then((5, 60), CLASS_ORDER, random.choice(OFFICERS), order=ORDER.format(who=change.department))
    if change.type == NOTICE and change.title.startswith(GO_LIVE):
        then((10, 200), CLASS_EXEMPT, CHIEF)
        then((10, 200), CLASS_CONFIRM, ENGINEER)
        return steps
    then((15, 300), CLASS_CONFIRM, ENGINEER if change.entered_by in (CHIEF, *OFFICERS) else CHIEF)
    if change.type in CAPPED:
        _use(change, then, steps, calendar, random)
    return steps


def _use(change: Change, then, steps: list[Step], calendar: WorkingCalendar, random: Random) -> None:  # type: ignore[no-untyped-def]
    if change.type == SHEET_FIRST:
        then((60, 600), CAP_SHEET, CHIEF)
        then((30, 300), CAP_SIGN, MANAGER)
    then((20, 400), CAP_START, CHIEF)
    then((600, 2000), CAP_DEFER, MANAGER)
    then((60, 500), CAP_SIGN, CHIEF)
    done = max(change.restored_at, steps[-1].at)
    at = next_opening(shifted(done, random.uniform(300, 2400)), calendar, random)
    steps.append(Step(at, change.story, CAP_ACCEPT, CHIEF))
