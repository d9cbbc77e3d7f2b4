"""That the console was made reachable from the network, as an event: which name, with which certificate.

Not for making certificates (`adapters/certificates.py`) nor for changing the site's file (`adapters/site_file.py`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.people import Actor
from ops_console.core.tickets import Event
from ops_console.store import audit


def note(session: Session, public_url: str, fingerprint: str, actor: Actor, now: datetime) -> None:
    """Given the address and the certificate's fingerprint, append the event that both parties see."""
    facts: dict[str, object] = {"public_url": public_url, "fingerprint": fingerprint}
    audit.append(session, "server", public_url[:80], Event("exposed", now, now, actor.account, actor.side, facts=facts))
