"""Who may do what: sides, roles, and the one table that maps roles to permissions.

Not for signing in (`services/people.py`). An administrator has no business rights; an auditor only reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ops_console.core.errors import Refused

HOSPITAL, VENDOR, NEUTRAL = "hospital", "vendor", "neutral"

Permission = Literal[
    "tickets.read",
    "tickets.open",
    "tickets.record",
    "tickets.import",
    "tickets.confirm",
    "suspensions.decide",
    "corrections.decide",
    "reports.read",
    "contracts.read",
    "contracts.confirm",
    "jobs.read",
    "people.read",
    "people.manage",
    "audit.read",
    "tickets.attach",
    "tickets.export",
    "personal.reveal",
    "notes.hospital",
    "flags.review",
    "locations.manage",
    "tokens.own",
]

# role -> side, permissions. Every page, endpoint and use case asks this table and nothing else.
ROLES: dict[str, tuple[str, frozenset[Permission]]] = {
    "hospital": (
        HOSPITAL,
        frozenset(
            {
                "tickets.read", "tickets.open", "tickets.confirm", "tickets.import", "suspensions.decide",
                "corrections.decide", "reports.read", "contracts.read", "contracts.confirm", "jobs.read",
                "people.read", "audit.read", "tickets.attach", "tickets.export", "personal.reveal", "notes.hospital",
                "flags.review", "locations.manage", "tokens.own",
            }
        ),
    ),
    "vendor": (
        VENDOR,
        frozenset(
            {
                "tickets.read", "tickets.open", "tickets.record", "tickets.import", "reports.read", "contracts.read",
                "contracts.confirm", "jobs.read", "corrections.decide", "people.read", "audit.read", "tickets.attach",
                "tickets.export", "personal.reveal", "tokens.own",
            }
        ),
    ),
    "auditor": (
        NEUTRAL,
        frozenset(
            {
                "tickets.read", "reports.read", "contracts.read", "jobs.read", "people.read", "audit.read",
                "tickets.export", "tokens.own",
            }
        ),
    ),
    "administrator": (NEUTRAL, frozenset({"people.read", "people.manage", "jobs.read"})),
}  # fmt: skip


@dataclass(frozen=True)
class Actor:
    """Who acts: an account of a person, or the console itself (`系统`), with what it may do.

    `on_clean_device`: known to sit at a browser that no account of the vendor ever signed in from.
    """

    account: str
    name: str
    side: str
    permissions: frozenset[Permission]
    on_clean_device: bool = False

    def may(self, permission: Permission) -> bool:
        """Given a permission, say whether the actor has it."""
        return permission in self.permissions

    def need(self, permission: Permission) -> None:
        """Given a permission, let the actor pass. Raises Refused when the role does not have it."""
        if not self.may(permission):
            raise Refused("您的角色没有这项权限；如需办理，请联系有权限的人员。", field="permission")


def actor_of(account: str, name: str, role: str) -> Actor:
    """Given an account, its person's name and its role, return the Actor. An unknown role may do nothing."""
    side, permissions = ROLES.get(role, (NEUTRAL, frozenset()))
    return Actor(account, name, side, permissions)


def may_work(role: str) -> bool:
    """Given a role, say whether its people work on tickets, so that one can be handed to them."""
    return "tickets.record" in ROLES.get(role, (NEUTRAL, frozenset()))[1]


def terminal_actor(user: str) -> Actor:
    """Given an operating-system user, return the actor of the terminal: records, never acts for a party."""
    return Actor(
        f"系统/{user}", f"系统/{user}", NEUTRAL,
        frozenset(
            {
                "tickets.read", "tickets.import", "reports.read", "contracts.read", "jobs.read", "people.read",
                "people.manage",
            }
        ),
    )  # fmt: skip


SYSTEM = Actor("系统", "系统", NEUTRAL, frozenset())
