"""What a page or the terminal shows of the contract: its versions with what each changes, and how contracts follow.

Not for acting on them (`services/contracts.py`, `services/readings.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from ops_console.core.people import Actor
from ops_console.core.readings import Option, Question, effective
from ops_console.core.terms import Change, Terms, differences, terms_from_json
from ops_console.services.contracts import newest_of
from ops_console.store import audit
from ops_console.store import contracts as store

REFUSED = "refused"


@dataclass(frozen=True)
class NewAnswer:
    """A question that a version answers otherwise than the one before it: both answers."""

    question: Question
    old: Option
    new: Option


@dataclass(frozen=True)
class VersionView:
    """A contract version as a page shows it, with its difference from the version in force before it.

    `terms` as they were proposed; `changes` of what counts, `answers` and `ranked` those of readings. `resets`: side ->
    when the password of who confirmed for it had been reset by somebody else, within 30 days before.
    """

    id: int
    contract_id: int
    version: int
    state: str
    digest: str
    terms: Terms
    counts_from: date
    proposed_at: datetime
    proposed_by: str
    proposed_side: str
    origin: str
    reason: str
    hospital_by: str | None
    hospital_at: datetime | None
    vendor_by: str | None
    vendor_at: datetime | None
    refused_by: str | None
    refused_at: datetime | None
    answer: str
    changes: tuple[Change, ...]
    answers: tuple[NewAnswer, ...]
    ranked: tuple[tuple[str, str], ...]
    resets: Mapping[str, datetime]


def overview(session: Session, actor: Actor) -> tuple[VersionView, ...]:
    """Given who asks, return every version, newest first, each with what it changes."""
    actor.need("contracts.read")
    rows = store.versions(session)
    resets = _resets(session)
    return tuple(_view(row, _before(row, rows), resets.get((row.contract_id, row.version), {})) for row in rows)


def _resets(session: Session) -> dict[tuple[int, int], dict[str, datetime]]:
    found: dict[tuple[int, int], dict[str, datetime]] = {}
    kinds = ("contract_confirmed_hospital", "contract_confirmed_vendor", "contract_proposed")
    for contract, event in audit.of_subject(session, "contract", kinds):
        if event.credential_reset_at is not None:
            of_version = found.setdefault((int(contract), int(str(event.facts["version"]))), {})
            of_version.setdefault(event.side, event.credential_reset_at)  # the first one is whose name stands there
    return found


def _before(row: store.VersionRow, rows: Sequence[store.VersionRow]) -> store.VersionRow | None:
    """The version of the same contract in force before it; of a contract's first, the newest of any other."""
    earlier = [other for other in rows if other.id < row.id and other.state == store.IN_FORCE]
    return newest_of([other for other in earlier if other.contract_id == row.contract_id]) or newest_of(earlier)


def _view(row: store.VersionRow, before: store.VersionRow | None, resets: Mapping[str, datetime]) -> VersionView:
    terms = terms_from_json(row.terms)
    old = terms_from_json(before.terms) if before else None
    return VersionView(
        row.id, row.contract_id, row.version, REFUSED if row.refused_by else row.state, row.digest, terms,
        row.counts_from, row.proposed_at, row.proposed_by, row.proposed_side, row.origin, row.reason,
        row.hospital_by, row.hospital_at, row.vendor_by, row.vendor_at, row.refused_by, row.refused_at, row.answer,
        _changes(old, terms) if old else (), _answers(old, terms) if old else (),
        tuple(pair for pair in terms.ranked if not old or pair not in old.ranked), resets,
    )  # fmt: skip


def _changes(old: Terms, new: Terms) -> tuple[Change, ...]:
    """Of what counts: an answer is told by its sentence and by what it sets, not by its name."""
    found = differences(effective(old), effective(new))
    return tuple(change for change in found if change.path not in ("chosen", "ranked"))


def _answers(old: Terms, new: Terms) -> tuple[NewAnswer, ...]:
    before, after = dict(old.chosen), dict(new.chosen)
    changed = [question for question in new.questions if before.get(question.id) != after.get(question.id)]
    return tuple(
        NewAnswer(question, question.option(before.get(question.id, "")), question.option(after.get(question.id, "")))
        for question in changed
    )


@dataclass(frozen=True)
class ContractView:
    """One contract of the house in their sequence: whose, from when to when, and its version in force, if any."""

    id: int
    number: str
    name: str
    vendor: str
    starts_on: date
    ends_on: date
    version: int | None


def sequence(versions: Sequence[VersionView]) -> tuple[ContractView, ...]:
    """Given every version, return the contracts in the order in which they follow one another."""
    found: dict[int, ContractView] = {}
    for view in sorted(versions, key=lambda one: (one.contract_id, one.counts_from, one.version)):
        counts = view.state == store.IN_FORCE
        if view.contract_id not in found or counts:
            terms = view.terms
            found[view.contract_id] = ContractView(
                view.contract_id, terms.number, terms.name, terms.vendor, terms.starts_on, terms.ends_on,
                view.version if counts else None,
            )  # fmt: skip
    return tuple(sorted(found.values(), key=lambda one: (one.starts_on, one.id)))
