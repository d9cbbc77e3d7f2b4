"""The page of 今日收尾, and its mark in the menu from 17:50."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, g, render_template

from ops_console.services import closing as service
from ops_console.web.database import reading
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("closing", __name__)
TITLES = {
    service.EMPTY: "只有时间、还没有内容", service.PARTLY: "缺类型、模块或渠道", service.CHECK_IN: "需到场，还没有签到",
    service.EVIDENCE: "今天恢复，还没有凭证", service.LATE: "今天补录的时间还没有凭证",
}  # fmt: skip
ACTS = {
    service.EMPTY: "补内容", service.PARTLY: "补齐", service.CHECK_IN: "登记到场", service.EVIDENCE: "添加凭证",
    service.LATE: "补凭证",
}  # fmt: skip
WHY = {
    service.OVERDUE: "已超时", service.DUE: "将到期", service.LATE_DELIVERY: "已过约定日",
    service.DELIVERY: "约定交付", service.ON_HOLD: "挂起中",
}  # fmt: skip


@pages.app_context_processor
def _for_the_menu() -> dict[str, Any]:
    return {"closing_waits": closing_waits, "duties_today": duties_today, "duty_words": WHY}


def duties_today() -> tuple[service.Duty, ...]:
    """Return what today asks of the vendor's side, for the first page of their day."""
    return service.today(reading(), g.guest.actor, g.now)


def closing_waits() -> bool:
    """Return whether the menu marks 今日收尾: for the vendor's side, from 17:50, while something is left."""
    if not g.guest.actor.may("tickets.record") or not g.book.versions:
        return False
    return console().reminder.stands(reading(), g.book, g.now)


@listed("closing", "今日收尾", "tickets.record", "事项", "到期", "单号", "报修时间", "渠道", "报修科室", "标题")
def _left() -> Iterator[tuple[object, ...]]:
    found = service.closing(reading(), g.book, g.guest.actor, g.now)
    left = ((TITLES[section.key], None, row) for section in found.sections for row in section.rows)
    for what, due, row in (*left, *((WHY[duty.why], duty.due, duty.row) for duty in (*found.tonight, *found.tomorrow))):
        yield word(what), due, row.number, row.reported_at, word(row.channel), row.department, row.title


@pages.get("/closing")
@needs("tickets.record")
def index() -> Any:
    """What today still lacks, each row with the one act that settles it; and what tomorrow asks for."""
    console().reminder.forget()
    found = service.closing(reading(), g.book, g.guest.actor, g.now)
    return render_template(
        "closing/index.html", closing=found, titles=TITLES, acts=ACTS, in_time=service.is_time(g.now)
    )
