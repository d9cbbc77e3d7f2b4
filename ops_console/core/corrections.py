"""What one party may ask of the other about a ticket: another time, class or fate; and whether that can be.

Not for who decides it (`services/corrections.py`) and not for what an approval does (`core/ticket_folds.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from ops_console.core.errors import Refused
from ops_console.core.moments import ZONE, whole
from ops_console.core.sentences import sentence
from ops_console.core.tickets import TIMES, TicketFacts, written

SUSPENSIONS = ("suspended_from", "suspended_until")
MERGE, SPLIT, AGREED, EXEMPT = "merged_into", "split_off", "agreed_on", "exempt"
CORRECTABLE = (*TIMES, *SUSPENSIONS, "needs_onsite", "type", AGREED, MERGE, SPLIT, EXEMPT)
STEPS = {"reported_at": "报修", "responded_at": "响应", "arrived_at": "到场", "restored_at": "恢复"}


def standing_value(facts: TicketFacts, name: str) -> str:
    """Given a ticket and the name of what may be corrected, return what stands now, as a proposal writes it."""
    if name == SPLIT:
        return ""
    if name in SUSPENSIONS:
        last = facts.suspensions[-1] if facts.suspensions else None
        place = "started_at" if name == "suspended_from" else "ended_at"
        return written(getattr(last, place)) if last else ""
    return written(getattr(facts, name))


def check_correction(facts: TicketFacts, name: str, new: str, now: datetime) -> None:
    """Given a ticket, what is to be another and its new value (`written`), let it pass. Raises Refused naming a field.

    A time must be known before it can be corrected, lie in the past, and keep report ≤ answer ≤ arrival ≤ restore.
    """
    known = {"number": facts.number}
    if name not in CORRECTABLE:
        raise Refused("这一项不能更正。", field="field")
    if facts.withdrawn:
        raise Refused("工单 %(number)s %(state)s，不能再更正。", state=sentence(facts.state), **known)
    old = standing_value(facts, name)
    if new == old:
        raise Refused("新值与现在的相同，不用更正。", field="new")
    if name in (*TIMES, *SUSPENSIONS):
        if not old:
            raise Refused("工单 %(number)s 还没有这一时间，请直接登记，不用更正。", field="field", **known)
        _check_order(facts, name, _moment(new), now)
    if name == EXEMPT and new not in ("true", "false"):
        raise Refused("请选择是或否。", field="new")
    if name == AGREED and _day(new) < facts.reported_at.astimezone(ZONE).date():
        raise Refused("约定日期不能早于报修日期。", field="new")


def _check_order(facts: TicketFacts, name: str, at: datetime, now: datetime) -> None:
    if at > whole(now):
        raise Refused("时间不能晚于现在，请改正时间。", field="new")
    if name not in TIMES:
        if at < facts.reported_at:
            raise Refused("挂起时间不能早于报修时间。", field="new")
        return
    times: Mapping[str, datetime | None] = {n: getattr(facts, n) for n in TIMES} | {name: at}
    known = [(n, moment) for n, moment in times.items() if moment is not None]
    for (first, earlier), (second, later) in zip(known, known[1:], strict=False):
        if later < earlier:
            raise Refused(
                "改后%(second)s时间会早于%(first)s时间，请改正。",
                field="new", first=sentence(STEPS[first]), second=sentence(STEPS[second]),
            )  # fmt: skip


def check_merge(facts: TicketFacts, into: TicketFacts | None) -> None:
    """Given a ticket and the one it is to become part of (None: there is none such), let it pass. Raises Refused.

    The later report goes into the earlier one: merging must not move a report time (sla R-23).
    """
    if into is None or into.number == facts.number:
        raise Refused("没有编号如此的另一件工单，请检查单号。", field="new")
    if into.withdrawn:
        raise Refused(
            "工单 %(number)s %(state)s，不能并入。", field="new", number=into.number, state=sentence(into.state)
        )
    if into.reported_at > facts.reported_at:
        raise Refused("请把后报的工单并入先报的：%(number)s 报得更晚。", field="new", number=into.number)


def _moment(new: str) -> datetime:
    try:
        at = datetime.fromisoformat(new)
    except ValueError:
        raise Refused("时间请写成 2026-03-05 09:12。", field="new") from None
    if at.tzinfo is None:
        raise Refused("时间请写成 2026-03-05 09:12。", field="new")
    return whole(at)


def _day(new: str) -> date:
    try:
        return date.fromisoformat(new)
    except ValueError:
        raise Refused("日期请写成 2026-03-05。", field="new") from None
