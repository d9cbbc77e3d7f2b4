"""Which right a page needs, told beside the view; the service asks again. A view without one is a public page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from flask import g

from ops_console.core.people import Permission

View = TypeVar("View", bound=Callable[..., Any])


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
