"""The system page: the loops' heartbeats, the newest job runs, the outbox."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, render_template

from ops_console.services import jobs
from ops_console.web.database import reading
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("jobs", __name__)
STATUS_NAMES = {
    "queued": "等待中", "running": "进行中", "done": "完成",
    "failed": "失败", "unknown": "结果未知", "skipped": "已跳过",
}  # fmt: skip


@pages.get("/system")
@needs("jobs.read")
def index() -> Any:
    """What the console has been doing."""
    shown = jobs.overview(reading(), g.guest.actor)
    titles = {name: job.title for name, job in console().jobs.items()}
    return render_template("jobs/index.html", shown=shown, titles=titles, status_names=STATUS_NAMES)
