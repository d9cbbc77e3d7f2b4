"""How large a form a view takes, told beside the view. It is set before anything reads the form, the token included.

Not for what is in the file (`adapters/sheets.py`) nor for where it is kept (`adapters/files.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, request

LARGEST_FORM = 64 << 20  # of files for a ticket
MOST_AT_ONCE = 20
View = TypeVar("View", bound=Callable[..., Any])


def takes(longest: int) -> Callable[[View], View]:
    """Given a number of bytes, return a decorator: the view's forms may be that long, not only the usual length."""

    def mark(view: View) -> View:
        view.takes = longest  # type: ignore[attr-defined]
        return view

    return mark


def install(app: Flask) -> None:
    """Given the app, allow each view its length. After the guest is known, before the token is looked for."""

    @app.before_request
    def _allow() -> None:
        longest = getattr(current_app.view_functions.get(request.endpoint or ""), "takes", None)
        if longest is not None:
            request.max_content_length = longest
