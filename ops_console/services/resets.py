"""What an account may not say once somebody else set what opens or empowers it, and the mark its word carries.

Not for resetting one (`services/people.py`). Whoever sets a password, role or identity or clears a second factor could
speak with the account's voice: so it is silent for a day, while both parties are told, and marked for a month. A new
account is silent for the day and unmarked: nobody's voice is taken over by it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.errors import Refused
from ops_console.core.people import Actor
from ops_console.core.tickets import CREDENTIAL_RESET
from ops_console.store import people as store

FRESH = "您的密码、角色、统一身份或第二因素在 24 小时内由他人设置过，期间不能代表本方确认；请于 %(until)s 之后再试。"
RESET_WAIT = timedelta(hours=24)
RESET_TOLD = timedelta(days=30)


def mark_reset(person: store.PersonRow, now: datetime) -> None:
    """Given a held account whose password, role, identity or factor somebody else sets now, begin its day and month."""
    person.reset_at = person.credential_reset_at = now


def refuse_fresh_reset(session: Session, actor: Actor, now: datetime) -> None:
    """Given who acts for a party, let them pass. Raises Refused within a day of a reset by somebody else."""
    person = store.by_account(session, actor.account)
    if person is not None and person.reset_at is not None and now - person.reset_at < RESET_WAIT:
        raise Refused(FRESH, until=person.reset_at + RESET_WAIT)


def signing_facts(session: Session, actor: Actor, now: datetime) -> dict[str, object]:
    """Given who signs, return what is to stand beside the signature: that the account was reset within 30 days."""
    person = store.by_account(session, actor.account)
    reset_at = person.credential_reset_at if person else None
    if reset_at is None or now - reset_at >= RESET_TOLD:
        return {}
    return {CREDENTIAL_RESET: reset_at.isoformat()}
