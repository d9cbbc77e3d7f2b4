"""The banners of every page: a chain that failed its verification, anchors that nobody receives, a clock that was set.

Not for deciding who is told (`services/notices.py`).
"""

from __future__ import annotations

import logging

from flask import Flask, g, request

from ops_console.services import notices
from ops_console.services.notices import Told
from ops_console.web.database import reading

logger = logging.getLogger(__name__)


def told() -> Told:
    """Return what this page tells whoever looks; one statement. What cannot be read is itself told."""
    if request.endpoint in ("static", "healthz"):
        return notices.NOTHING
    guest = g.get("guest")
    try:
        return notices.of_page(reading(), guest.actor if guest else None, g.now)
    except Exception:
        logger.exception("notices not read path=%s", request.path)
        return notices.UNREADABLE


def install(app: Flask) -> None:
    """Given the app, let the frame of its pages ask what is to be told."""
    app.jinja_env.globals["notices"] = told
