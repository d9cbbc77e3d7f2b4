"""The example sheet of 100 points (示例-100分制, domain §2.6): one that can be computed from facts, to begin with.

Not in force anywhere by itself: both parties confirm a sheet (`services/scores.py`). What is written here is a sheet's
own text, not words of the console: it stays Chinese in every language.
"""

from __future__ import annotations

from ops_console.core.scores import AT_LEAST, Band, Grade, Item, Sheet, Step

RESPONSE, ROUTINE, UPDATES, QUALITY, PEOPLE, HONESTY, OPINION = (
    "响应与恢复", "周期义务", "更新与交付", "服务质量", "人员", "记录真实", "满意度",
)  # fmt: skip


def _missed(points: int, *tasks: str) -> tuple[Step, ...]:
    return tuple(Step(f"duty_missed:{task}", points) for task in tasks)


def _late(points: int, *tasks: str) -> tuple[Step, ...]:
    return tuple(Step(f"duty_late:{task}", points) for task in tasks)


ITEMS = (
    Item("A1", RESPONSE, "工作时间故障响应", 800, ("C-15",),
         (Step("response_work_broken", 100), Step("response_work_unproven", 50))),
    Item("A2", RESPONSE, "非工作时间故障响应", 600, ("C-16",),
         (Step("response_off_broken", 150), Step("response_off_unproven", 75))),
    Item("A3", RESPONSE, "2 小时内到场", 600, ("C-17",), (Step("arrival_broken", 150),)),
    Item("A4", RESPONSE, "到场后 4 小时内排除", 600, ("C-18",),
         (Step("repair_broken", 150), Step("repair_over_8h", 300))),
    Item("A5", RESPONSE, "热线 2 小时内响应与 7×24 值班", 400, ("C-37", "C-38"),
         (Step("hotline_broken", 50), Step("spot_check_failed", 200))),
    Item("B1", ROUTINE, "月度巡检", 600, ("C-33",),
         (*_missed(600, "inspection"), Step("inspection_incomplete", 200), Step("finding_without_ticket", 100))),
    Item("B2", ROUTINE, "数据提供（对账、统计）", 600, ("C-27",),
         (*_missed(300, "reconcile", "statistics"), *_late(100, "reconcile", "statistics"))),
    Item("B3", ROUTINE, "安全例行工作", 800, ("C-43", "C-46", "C-47", "C-48", "C-49", "C-50", "C-51"),
         (*_missed(200, "check", "password"), Step("vulnerability_overdue", 200),
          *_missed(100, "logs", "antivirus", "patch"), *_missed(400, "pentest"))),
    Item("C1", UPDATES, "更新培训材料", 400, ("C-30",), _missed(200, "manual", "video")),
    Item("C2", UPDATES, "新版本提醒与升级计划", 300, ("C-35",), _missed(150, "remind", "plan")),
    Item("C3", UPDATES, "更新说明与常见问题", 300, ("C-13",), _missed(100, "note", "faq")),
    Item("C4", UPDATES, "首页同步告知", 200, ("C-24",), (*_late(100, "notice"), *_missed(100, "notice"))),
    Item("C5", UPDATES, "需求按约定日交付", 200, ("C-23", "C-29", "C-31"), (Step("delivery_late", 50),)),
    Item("D1", QUALITY, "重开率", 500, ("C-08",), (Step("reopened", 100),), "reopened",
         bands=(Band(300, 0), Band(500, 100), Band(800, 300)), otherwise=500, few=20),
    Item("D2", QUALITY, "重复故障", 300, ("C-08", "C-09"), (Step("recurring", 100),)),
    Item("D3", QUALITY, "变更失败或回退", 200, ("C-10", "C-34"), (Step("change_failed", 100),)),
    Item("D4", QUALITY, "关键模块可用率", 400, ("C-06",), (), "availability", AT_LEAST,
         (Band(9990, 0), Band(9950, 100), Band(9900, 200)), otherwise=400),
    Item("E1", PEOPLE, "驻场出勤", 500, ("C-19", "C-41"),
         (Step("absent_half_days", 100), Step("arrived_late_at_work", 25))),
    Item("E2", PEOPLE, "责任工程师稳定", 300, ("C-39",),
         (Step("engineer_changed", 300), Step("engineer_vacant_days", 100))),
    Item("F1", HONESTY, "补录真实", 400, ("C-54",),
         (Step("late_without_proof", 50, free=2), Step("late_over_24h", 25)), zeroed_by="falsified"),
    Item("F2", HONESTY, "凭证完整率", 400, ("C-54",), (), "with_evidence", AT_LEAST,
         (Band(9800, 0), Band(9500, 100), Band(9000, 200)), otherwise=400, zeroed_by="falsified"),
    Item("G1", OPINION, "满意度", 400, ("C-54",), (), "rating", AT_LEAST,
         (Band(450, 0), Band(420, 100), Band(380, 200)), otherwise=400, few=10),
    Item("G2", OPINION, "有效投诉", 200, ("C-54",), (Step("complaints", 100),)),
)  # fmt: skip
GRADES = (
    Grade("优秀", 9000, 10_000), Grade("良好", 8000, 9500), Grade("合格", 7000, 9000), Grade("基本合格", 6000, 8000),
    Grade("不合格", 0, 8000, "约谈整改"),
)  # fmt: skip
PRESET = Sheet("示例-100分制", ITEMS, GRADES)
