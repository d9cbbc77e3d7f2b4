"""Whom the token acts for, over the API."""

from __future__ import annotations

from ops_console.api.endpoints import Endpoints
from ops_console.api.shapes import Instant, Told
from ops_console.api.tokens import caller

endpoints = Endpoints()


class Me(Told):
    """The token's owner and what the token may do; `permissions` are those of both."""

    account: str
    name: str
    side: str
    role: str
    token: str
    token_name: str
    expires_at: Instant
    scopes: list[str]
    permissions: list[str]


@endpoints.add("GET", "/me", tag="令牌", summary="令牌的主人和范围", scope="", answer=Me)
def me() -> Me:
    """Whom the token acts for."""
    found = caller()
    return Me(
        account=found.actor.account, name=found.actor.name, side=found.actor.side, role=found.role,
        token=f"ops_{found.prefix}", token_name=found.name, expires_at=found.expires_at,
        scopes=sorted(found.scopes), permissions=sorted(found.actor.permissions),
    )  # fmt: skip
