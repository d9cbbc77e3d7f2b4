"""Which files prove something of a month: its tickets' attachments, proofs of its duties, entries, cases and caps.

Not for copying them (`services/evidence.py`). Only reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import breaches, cap_entries
from ops_console.core.evidence import Evidence, Withheld
from ops_console.core.plain import plain
from ops_console.services import assessments, caps, entries, signing
from ops_console.services.assessments import Month
from ops_console.store import attachments, duties, proofs

BATCH = 500


def files_of(
    session: Session, found: Month, ticket_ids: Sequence[int], signed: Iterable[signing.Told]
) -> tuple[Evidence, ...]:
    """Given a frozen month, the ids of its tickets and its signatures, return the files that prove something of it.

    As of the cut-off; of what parties signed on paper, the scans. A mark of patients' data counts whenever it was set.
    """
    assert found.row is not None
    at, contract_id, facts = found.row.as_of, found.contract_id, found.facts
    by_subject = {
        duties.SUBJECT: [duty.id for duty in facts.duties],
        breaches.SUBJECT: [case.number for case in facts.cases],
        cap_entries.SUBJECT: [str(entry.id) for entry in caps.of_month(session, contract_id, facts.month)],
    }
    rows = [row for subject, ids in by_subject.items() for row in proofs.every_of(session, subject, ids)]
    rows = [row for row in rows if row.recorded_at <= at]
    entered = {digest for entry in facts.entries for digest in entry.evidence}
    rows += proofs.of_digests(session, entries.SUBJECT, sorted(entered))
    scans = {one.proof for one in signed if one.proof}
    rows += [
        row for row in proofs.every_of(session, assessments.SUBJECT, [f"{contract_id}/{facts.month}"])
        if row.digest in scans
    ]  # fmt: skip
    made = [*_attached(session, ticket_ids, at), *(_proof(row, at) for row in rows)]
    return tuple(sorted(dict.fromkeys(_marked(session, made)), key=_order))


def _order(one: Evidence) -> tuple[str, str, str]:
    return one.subject, one.subject_id, one.digest


def _attached(session: Session, ticket_ids: Sequence[int], at: datetime) -> Iterator[Evidence]:
    for start in range(0, len(ticket_ids), BATCH):
        for row, number in attachments.of_tickets(session, ticket_ids[start : start + BATCH], at):
            yield Evidence(
                "ticket", number, row.digest, row.kind, row.size, row.purpose, "", row.side, row.recorded_at,
                row.patient, _by(row.voided_at, at),
            )  # fmt: skip


def _proof(row: Any, at: datetime) -> Evidence:
    return Evidence(
        row.subject, row.subject_id, row.digest, row.kind, row.size, "evidence", row.code, row.side, row.recorded_at,
        row.patient, _by(row.voided_at, at),
    )  # fmt: skip


def _by(voided_at: datetime | None, at: datetime) -> datetime | None:
    """What was marked void after the cut-off was no void file of this month."""
    return voided_at if voided_at is not None and voided_at <= at else None


def _marked(session: Session, found: Sequence[Evidence]) -> Iterator[Evidence]:
    """One mark is about the bytes, wherever else they hang."""
    digests = sorted({one.digest for one in found})
    patients = {one.digest for one in found if one.patient}
    for start in range(0, len(digests), BATCH):
        patients |= attachments.marked(session, digests[start : start + BATCH])
    return (replace(one, patient=one.digest in patients) for one in found)


def shown_files(found: Iterable[Evidence], withheld: Iterable[Withheld]) -> list[dict[str, Any]]:
    """Given files and which are withheld, return them as the viewer lists them."""
    reasons = {(one.sha256, one.subject, one.subject_id): one.reason for one in withheld}
    return [
        {**plain(one), "name": one.name, "withheld": reasons.get((one.digest, one.subject, one.subject_id), "")}
        for one in found
    ]
