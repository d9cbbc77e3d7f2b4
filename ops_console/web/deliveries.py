"""What people say of a duty on its page: that it was done, that it is accepted or sent back, and what shows it.

Not for showing it (`web/duties.py`), whose page comes back where a form is refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, g, request
from sqlalchemy.orm import Session

from ops_console.core.errors import Refused
from ops_console.services import deliveries
from ops_console.services.deliveries import Done
from ops_console.web.duties import do, page, typed_moment
from ops_console.web.proofs import kept_files
from ops_console.web.rights import needs
from ops_console.web.sign_in import console
from ops_console.web.uploads import LARGEST_FORM, takes

pages = Blueprint("deliveries", __name__)


@pages.post("/duties/<id:duty_id>/delivery")
@takes(LARGEST_FORM)
@needs("duties.record", "duties.accept")
def deliver(duty_id: int) -> Any:
    """Say that a duty was done, with what shows it."""
    given = request.form

    def act(session: Session, now: datetime) -> object:
        done = Done(typed_moment("at"), given.get("note", ""), tuple(files), given.get("code", ""))
        return deliveries.deliver(session, console().book(session), duty_id, done, g.guest.actor, now)

    try:
        files = kept_files()
    except Refused as refused:
        return page(duty_id, refused, "deliver")
    said = "已记下并验收" if g.guest.actor.side == "hospital" else "已登记完成，等待甲方验收"
    return do(duty_id, "deliver", act, said)


def _delivery_id() -> int:
    text = request.form.get("delivery", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


@pages.post("/duties/<id:duty_id>/delivery/taken-back")
@needs("duties.record", "duties.accept")
def take_back(duty_id: int) -> Any:
    """Take one's own side's word back that a duty was done."""
    return do(
        duty_id, "take_back",
        lambda session, now: deliveries.take_back(session, duty_id, _delivery_id(), g.guest.actor, now),
        "已撤回登记",
    )  # fmt: skip


@pages.post("/duties/<id:duty_id>/acceptance")
@needs("duties.accept")
def accept(duty_id: int) -> Any:
    """Note that the hospital accepts what was delivered, and whether the time claimed counts."""
    counts = {"yes": True, "no": False}.get(request.form.get("claim_counts", ""))
    return do(
        duty_id, "accept",
        lambda session, now: deliveries.accept(
            session, duty_id, _delivery_id(), claim_counts=counts, actor=g.guest.actor, now=now
        ),
        "已验收",
    )  # fmt: skip


@pages.post("/duties/<id:duty_id>/rejection")
@needs("duties.accept")
def reject(duty_id: int) -> Any:
    """Note that the hospital sends what was delivered back, with the reason."""
    return do(
        duty_id, "reject",
        lambda session, now: deliveries.reject(
            session, duty_id, _delivery_id(), request.form.get("reason", ""), actor=g.guest.actor, now=now
        ),
        "已退回，乙方需重新完成",
    )  # fmt: skip


@pages.post("/duties/<id:duty_id>/files")
@takes(LARGEST_FORM)
@needs("duties.record", "duties.accept")
def add_files(duty_id: int) -> Any:
    """Add evidence to a duty."""
    code = request.form.get("code", "")
    try:
        files = kept_files()
    except Refused as refused:
        return page(duty_id, refused, "files")
    return do(
        duty_id, "files",
        lambda session, now: deliveries.add_files(
            session, console().book(session), duty_id, files, code, actor=g.guest.actor, now=now
        ),
        "已添加凭证",
    )  # fmt: skip


@pages.post("/duties/<id:duty_id>/links")
@needs("duties.record", "duties.accept")
def link(duty_id: int) -> Any:
    """Link what stands elsewhere as evidence."""
    kind, ref = request.form.get("kind", ""), request.form.get("ref", "")
    return do(
        duty_id, "link",
        lambda session, now: deliveries.link(session, duty_id, kind, ref, actor=g.guest.actor, now=now),
        "已关联",
    )  # fmt: skip


@pages.post("/duties/<id:duty_id>/links/<id:link_id>/removal")
@needs("duties.record", "duties.accept")
def unlink(duty_id: int, link_id: int) -> Any:
    """Take a link away that one's own side made."""
    return do(
        duty_id, "link",
        lambda session, now: deliveries.unlink(session, duty_id, link_id, actor=g.guest.actor, now=now),
        "已移除关联；记录仍保留",
    )  # fmt: skip
