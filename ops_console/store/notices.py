"""What every page must tell of: the one statement behind the banners."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ops_console.core.host_clock import CLOCK_STEPPED
from ops_console.store.anchors import ReceiverRow
from ops_console.store.audit import EventRow
from ops_console.store.chain_checks import FailureRow, SignOffRow


class Notices(NamedTuple):
    """How many failures of the chain stand open, which sides proved a receiver, when the host's clock was stepped."""

    open_failures: int
    hospital_receives: bool
    vendor_receives: bool
    clock_stepped_at: datetime | None


def _signed(side: str):  # type: ignore[no-untyped-def]
    one = select(SignOffRow.failure_id).where(SignOffRow.failure_id == FailureRow.id, SignOffRow.side == side)
    return one.correlate(FailureRow).exists()


def _receives(side: str):  # type: ignore[no-untyped-def]
    proved = (ReceiverRow.side == side) & ReceiverRow.ended_at.is_(None) & ReceiverRow.acknowledged_at.is_not(None)
    return select(func.count()).where(proved).scalar_subquery()


# Asked with every page: built once, not with every request.
NOTICES = select(
    select(func.count(FailureRow.id)).where(~(_signed("hospital") & _signed("vendor"))).scalar_subquery(),
    _receives("hospital"),
    _receives("vendor"),
    select(EventRow.recorded_at)
    .where(EventRow.ticket_id.is_(None), EventRow.subject == "host", EventRow.kind == CLOCK_STEPPED)
    .order_by(EventRow.seq.desc())
    .limit(1)
    .scalar_subquery(),
)


def of_now(session: Session) -> Notices:
    """Given nothing, return what pages tell of. One statement."""
    failures, hospital, vendor, stepped = session.execute(NOTICES).one()
    return Notices(failures, hospital > 0, vendor > 0, stepped)
