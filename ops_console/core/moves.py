"""What may happen to a ticket next: each refusal is a sentence that says what to do.

Not for who may do it (`core/people.py`) and not for what a ticket comes to (`core/tickets.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from ops_console.core.errors import Refused
from ops_console.core.sentences import sentence
from ops_console.core.tickets import (
    ARRIVED,
    ASSIGNED,
    CANCEL,
    CONFIRMED,
    DECLINED,
    ESCALATED,
    ONSITE_DECIDED,
    REOPENED,
    RESPONDED,
    RESTORE,
    RESTORE_REJECTED,
    RESUMED,
    SUSPEND,
    SUSPENSION_DECIDED,
    UNASKED,
    TicketFacts,
)

REOPEN_WITHIN = timedelta(days=7)


def check_move(facts: TicketFacts, kind: str, at: datetime, *, declinable: bool = True) -> None:
    """Given a ticket, the kind of the next event and when it happened, let it pass.

    Raises Refused, with a sentence that says what to do, when the ticket's life does not allow it.
    """
    known: dict[str, Any] = {"number": facts.number, "state": sentence(facts.state)}
    if at < facts.reported_at:
        raise Refused("工单 %(number)s 的这一时间早于报修时间，请改正时间。", field="occurred_at", **known)
    if facts.withdrawn:
        raise Refused("工单 %(number)s %(state)s，不能再登记；如需继续请新建工单。", **known)
    if kind == DECLINED and not declinable:
        raise Refused("工单 %(number)s 是指令性任务，乙方不得驳回（合同 一.3）；请照办并登记完成时间。", **known)
    rule = GUARDS.get(kind)
    if rule is not None:
        rule(facts, at, known)


def _guard_respond(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    if facts.responded_at is not None:
        raise Refused("工单 %(number)s 已有响应，不用重复登记；时间有误请提交更正。", **known)


def _guard_arrive(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    if not facts.needs_onsite:
        raise Refused("工单 %(number)s 未判定需到场，不能签到；请先登记“需到场”。", **known)
    if facts.restored_at is not None:
        raise Refused("工单 %(number)s 已登记恢复，不能再签到；漏记的到场时间请在台账中补填后导入。", **known)
    if facts.arrived_at is not None:
        raise Refused("工单 %(number)s 已签到到场，不用重复登记；时间有误请提交更正。", **known)
    _after(facts.responded_at, at, "响应", known)


def _guard_restore(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    if facts.restored_at is not None:
        raise Refused("工单 %(number)s 已登记恢复；如未恢复，请由医院方登记“未恢复”。", **known)
    if facts.needs_onsite and facts.arrived_at is None:
        raise Refused("工单 %(number)s 需到场但还没有签到；请先登记到场，或改判为不需到场。", **known)
    _after(facts.arrived_at or facts.responded_at, at, "到场" if facts.arrived_at else "响应", known)
    if facts.taken_back_at is not None:
        _after(facts.taken_back_at, at, "重开" if facts.taken_back_at in facts.reopenings else "登记未恢复", known)


def _guard_after_restore(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    if facts.closed_at is not None and facts.closure != UNASKED:
        raise Refused("工单 %(number)s 已确认关闭；如同一问题再现，请重开。", **known)
    _after(facts.restored_at, at, "恢复", known)


def _guard_say_not_restored(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    _guard_after_restore(facts, at, known)
    if facts.closure == UNASKED and facts.restored_at and at - facts.restored_at > REOPEN_WITHIN:
        raise Refused("工单 %(number)s 恢复已超过 7 天，不能再登记未恢复；请新建工单。", **known)


def _guard_open(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    if facts.closed_at is not None:
        raise Refused("工单 %(number)s 已关闭，不能再转派或提升；如需继续处理请重开。", **known)


def _guard_suspend(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    if facts.restored_at is not None:
        raise Refused("工单 %(number)s %(state)s，不能再挂起；如需继续处理请重开。", **known)
    if facts.open_suspension is not None:
        raise Refused("工单 %(number)s 已在挂起中，不能重复挂起。", **known)
    if facts.suspensions and facts.suspensions[-1].approved is None:  # a second one would put it beyond a decision
        raise Refused("工单 %(number)s 上一次挂起还在等医院批复，批复后才能再次挂起。", **known)
    _after(facts.responded_at, at, "响应", known)


def _guard_resume(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    if facts.open_suspension is None:
        raise Refused("工单 %(number)s 没有在挂起，不能解除挂起。", **known)
    _after(facts.open_suspension.started_at, at, "挂起", known)


def _guard_decide_suspension(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    if not facts.suspensions or facts.suspensions[-1].approved is not None:
        raise Refused("工单 %(number)s 没有等待批准的挂起。", **known)


def _guard_onsite(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    if facts.arrived_at is not None or facts.restored_at is not None:
        raise Refused("工单 %(number)s %(state)s，不能再改判是否需到场；请提交更正。", **known)


def _guard_reopen(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    if facts.closed_at is None:
        raise Refused("工单 %(number)s 还没有确认关闭，不用重开。", **known)
    _after(facts.closed_at, at, "确认", known)
    if at - facts.closed_at > REOPEN_WITHIN:
        raise Refused("工单 %(number)s 关闭已超过 7 天，不能重开；请新建工单。", **known)


def _guard_withdraw(facts: TicketFacts, at: datetime, known: Mapping[str, Any]) -> None:
    if facts.restored_at is not None:
        raise Refused("工单 %(number)s %(state)s，不能再驳回或取消。", **known)


def _after(earlier: datetime | None, at: datetime, name: str, known: Mapping[str, Any]) -> None:
    if earlier is None:
        raise Refused("工单 %(number)s 还没有%(step)s，请先登记%(step)s。", step=sentence(name), **known)
    if at < earlier:
        raise Refused(
            "工单 %(number)s 的这一时间早于%(step)s时间，请改正时间。",
            field="occurred_at",
            step=sentence(name),
            **known,
        )


GUARDS = {
    RESPONDED: _guard_respond,
    ONSITE_DECIDED: _guard_onsite,
    ARRIVED: _guard_arrive,
    RESTORE: _guard_restore,
    CONFIRMED: _guard_after_restore,
    RESTORE_REJECTED: _guard_say_not_restored,
    ASSIGNED: _guard_open,
    ESCALATED: _guard_open,
    SUSPEND: _guard_suspend,
    RESUMED: _guard_resume,
    SUSPENSION_DECIDED: _guard_decide_suspension,
    REOPENED: _guard_reopen,
    DECLINED: _guard_withdraw,
    CANCEL: _guard_withdraw,
}
