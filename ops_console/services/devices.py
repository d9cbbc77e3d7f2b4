"""Browsers as evidence: registering the hospital's own, and remembering for ever where the vendor signed in.

Not for signing in (`services/sign_in.py`), which tells this module on which browser it happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.devices import UNKNOWN_DEVICE, DeviceStanding, hashed_token
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import HOSPITAL, VENDOR, Actor
from ops_console.core.tickets import Event
from ops_console.services.resets import refuse_fresh_reset
from ops_console.store import audit
from ops_console.store import devices as store


def standing(session: Session, device_token: str) -> DeviceStanding:
    """Given a browser's token ("" for none), return what is known of it."""
    row = store.by_token(session, hashed_token(device_token)) if device_token else None
    if row is None:
        return UNKNOWN_DEVICE
    return DeviceStanding(
        is_registered=row.hospital_registered_at is not None, vendor_used=row.vendor_used_at is not None,
        label=row.label or "", department=row.department or "",
    )  # fmt: skip


def used(session: Session, device_token: str, side: str, actor: Actor, now: datetime) -> store.DeviceRow | None:
    """Given the browser that somebody of a side signs in on, note it and return its row; None without a token.

    The vendor's first time is kept for ever: what that browser reports is never the hospital's own again.
    """
    if not device_token:
        return None
    row = store.seen(session, hashed_token(device_token), now)
    if side == VENDOR and store.mark_vendor_used(session, row.id, now):
        row.vendor_used_at = now
        if row.hospital_registered_at is not None:
            _note(session, row, "device_used_by_vendor", actor, now)
    return row


def register(
    session: Session, device_token: str, label: str, department: str, actor: Actor, now: datetime
) -> store.DeviceRow:
    """Given the browser in use, its name and department, call it the hospital's own. Raises Refused naming the field.

    Only the hospital may, and never for a browser on which the vendor signed in.
    """
    actor.need("locations.manage")
    label, department = label.strip(), department.strip()
    if actor.side != HOSPITAL:
        raise Refused("只有甲方人员可以登记医院设备。", field="permission")
    if not device_token:
        raise Refused("这个浏览器没有设备标识；请允许本站保存 Cookie，重新登录后再登记。")
    if not 1 <= len(label) <= 60:
        raise Refused("请写设备名称（最多 60 个字）。", field="label")
    if not 1 <= len(department) <= 60:
        raise Refused("请写所在科室（最多 60 个字）。", field="department")
    refuse_fresh_reset(session, actor, now)
    row = store.seen(session, hashed_token(device_token), now)
    if row.vendor_used_at is not None:
        raise Refused("这个浏览器登录过乙方账号，不能登记为医院设备；请换一台设备。")
    row.label, row.department = label, department
    row.hospital_registered_at, row.registered_by = now, actor.account
    _note(session, row, "device_registered", actor, now)
    return row


def withdraw(session: Session, device_id: int, actor: Actor, now: datetime) -> None:
    """Given a registered device, call it the hospital's own no longer. Raises NotFound when there is none."""
    actor.need("locations.manage")
    row = store.by_id(session, device_id)
    if row is None or row.hospital_registered_at is None:
        raise NotFound("没有这台已登记的设备。")
    row.hospital_registered_at = None
    _note(session, row, "device_withdrawn", actor, now)


def registered(session: Session, actor: Actor) -> Sequence[store.DeviceRow]:
    """Given who asks, return the hospital's registered devices."""
    actor.need("locations.manage")
    return store.registered(session)


def _note(session: Session, row: store.DeviceRow, kind: str, actor: Actor, now: datetime) -> None:
    facts: dict[str, object] = {"label": row.label or "", "department": row.department or ""}
    audit.append(session, "device", str(row.id), Event(kind, now, now, actor.account, actor.side, facts=facts))
