"""The system page: the loops' heartbeats, the newest job runs, the outbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, g, render_template

from ops_console.services import jobs
from ops_console.web import formats
from ops_console.web.database import reading
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs
from ops_console.web.sign_in import console

pages = Blueprint("jobs", __name__)


@listed("runs", "最近的作业", "jobs.read", "编号", "作业", "应在", "状态", "完成", "总数", "开始", "结束", "谁")
def _runs() -> Iterator[tuple[object, ...]]:
    titles = {name: job.title for name, job in console().jobs.items()}
    for run in jobs.overview(reading(), g.guest.actor).runs:
        what, status = word(titles.get(run.job, run.job)), word(jobs.STATUS_NAMES[run.status])
        yield (
            run.id, what, run.due_at, status, run.done, run.total, run.started_at, run.finished_at,
            formats.who(run.requested_by),
        )  # fmt: skip


@pages.get("/system")
@needs("jobs.read")
def index() -> Any:
    """What the console has been doing."""
    shown = jobs.overview(reading(), g.guest.actor)
    titles = {name: job.title for name, job in console().jobs.items()}
    return render_template("jobs/index.html", shown=shown, titles=titles, status_names=jobs.STATUS_NAMES)
