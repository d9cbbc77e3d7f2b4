"""A lost second factor is cleared by two: one asks with a reason, another of another role agrees within a day.

Not for enrolling or proving one (`services/factors.py`). A reset password leaves the second factor alone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Actor
from ops_console.services.people import tell
from ops_console.services.resets import mark_reset
from ops_console.services.sign_in import held_person, note
from ops_console.store import factors as store
from ops_console.store import people

OPEN_FOR = timedelta(hours=24)


def ask(session: Session, account: str, reason: str, actor: Actor, now: datetime) -> None:
    """Given an account and why its second factor is lost, ask that it be cleared. Raises Refused naming the field."""
    row, _person = _row(session, account, actor, now)
    if not 1 <= len(reason.strip()) <= 200:
        raise Refused("请写明原因（最多 200 个字），例如当面核对了工作证。", field="reason")
    row.drop_asked_by, row.drop_asked_at = actor.account, now
    note(session, account, "factor_drop_asked", actor, now, {"reason": reason.strip()})


def agree(session: Session, account: str, actor: Actor, now: datetime) -> None:
    """Given an account whose factor somebody asked to clear, clear it and end its sessions; told to both parties.

    Raises Refused when the asker agrees alone, has the same role, or asked more than a day ago.
    """
    row, person = _row(session, account, actor, now)
    asked_by, asked_at = row.drop_asked_by, row.drop_asked_at
    if asked_by is None or asked_at is None or now - asked_at > OPEN_FOR:
        raise Refused("没有待同意的清除申请，或已超过 24 小时；请重新申请。")
    asker = people.by_account(session, asked_by)
    mine = people.by_account(session, actor.account)
    if asker is None or mine is None or asker.disabled_at is not None or asker.role == mine.role:
        raise Refused("须由另一种角色的人员同意：系统管理员、安全管理员、信息科长三者中的两位。")
    row.kind = row.sealed = row.card = row.next_sealed = row.next_card = None
    row.enrolled_at = row.drop_asked_by = row.drop_asked_at = row.locked_until = None
    row.failures = 0
    store.drop_codes(session, row.person_id)
    mark_reset(person, now)
    people.end_sessions_of(session, person.id)
    note(session, account, "factor_dropped", actor, now, {"asked_by": asked_by})
    tell(session, person.role, "factor_dropped", account, now)


def waiting(session: Session, now: datetime) -> dict[int, str]:
    """Given now, return who asked for each factor (by person) that waits for a second person's word."""
    return store.drops_asked(session, now - OPEN_FOR)


def _row(session: Session, account: str, actor: Actor, now: datetime) -> tuple[store.FactorRow, people.PersonRow]:
    actor.need("factors.reset")
    actor.need_proof(now)
    person = held_person(session, account)
    if person.account == actor.account:
        raise Refused("不能清除自己的第二因素；请联系另两位有权限的人员。")
    row = store.of_person(session, person.id, lock=True)
    if row is None or row.kind is None or person.disabled_at is not None:
        raise NotFound("账号“%(account)s”没有启用第二因素。", account=account)
    return row, person
