"""Which right a page needs, told beside the view; the service asks again. A view without one is a public page.

And what HTTP calls a refusal.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g

from ops_console.core.errors import Refused
from ops_console.core.people import Permission

View = TypeVar("View", bound=Callable[..., Any])
STATUS = {"permission": 403, "busy": 503}  # by the field that a refusal names


def status_of(refused: Refused | None) -> int:
    """Given why something was refused, or None, return the status of the answer that says so."""
    return 200 if refused is None else STATUS.get(refused.field or "", 400)


def needs(*permissions: Permission) -> Callable[[View], View]:
    """Given permissions, return a decorator: the view is for those who have any of them. Raises Refused for others."""

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not any(g.guest.actor.may(permission) for permission in permissions):
                g.guest.actor.need(permissions[0])
            return view(*args, **kwargs)

        guarded.needs = frozenset(permissions)  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return mark
