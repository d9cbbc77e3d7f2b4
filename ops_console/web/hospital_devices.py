"""The hospital's registered browsers: registering the one in use, and calling one the hospital's own no longer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for

from ops_console.core.errors import Refused
from ops_console.services import devices as service
from ops_console.web import devices, formats
from ops_console.web.database import reading_anew
from ops_console.web.lists import listed
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("hospital_devices", __name__)


@listed("devices", "医院设备", "locations.manage", "科室", "设备", "登记", "谁", "乙方登录过")
def _devices() -> Iterator[tuple[object, ...]]:
    for row in service.registered(reading_anew(), g.guest.actor):
        yield row.department, row.label, row.hospital_registered_at, row.registered_by, row.vendor_used_at


@pages.get("/devices")
@needs("locations.manage")
def index() -> Any:
    """Every registered device, and what this browser is."""
    return _page()


def _page(refused: Refused | None = None) -> Any:
    session = reading_anew()
    return render_template(
        "hospital_devices/index.html", devices=service.registered(session, g.guest.actor),
        this=service.standing(session, devices.token()), refused=refused, typed=request.form,
        networks=console().settings.security.hospital_networks,
    ), 400 if refused else 200  # fmt: skip


@pages.post("/devices")
@needs("locations.manage")
def register() -> Any:
    """Call the browser in use the hospital's own."""
    given, at = request.form, console()
    try:
        with at.write() as session:
            service.register(
                session, devices.token(), given.get("label", ""), given.get("department", ""), g.guest.actor, at.now()
            )
    except Refused as refused:
        return _page(refused)
    flash(formats.gettext("本机已登记为医院设备；退出登录后，用 /报修 页面报修即可。"), "success")
    return redirect(url_for("hospital_devices.index"))


@pages.post("/devices/<id:device_id>/withdraw")
@needs("locations.manage")
def withdraw(device_id: int) -> Any:
    """Call a device the hospital's own no longer."""
    with console().write() as session:
        service.withdraw(session, device_id, g.guest.actor, console().now())
    flash(formats.gettext("已取消登记。"), "success")
    return redirect(url_for("hospital_devices.index"))
