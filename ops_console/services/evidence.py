"""Making a month's evidence package: documents, signatures, events, lists, files, a viewer, and programs to check it.

Not for what a month is (`services/assessments.py`) nor for writing zips (a port). The same frozen month makes the same
bytes: nothing in it tells when, where or by whom it was made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from ops_console.core import evidence as core
from ops_console.core.chain import GENESIS, canonical
from ops_console.core.errors import NotFound, Refused
from ops_console.core.evidence import Evidence, Head, Packed, SignatureLine, Withheld
from ops_console.core.evidence_lists import tables
from ops_console.core.moments import whole
from ops_console.core.months import NOT_FROZEN
from ops_console.core.people import Actor
from ops_console.core.plain import plain
from ops_console.core.signatures import OFFLINE_KEY, WEBAUTHN
from ops_console.core.tickets import Event
from ops_console.services import assessments, audit, jobs, signing
from ops_console.services.assessments import Month
from ops_console.services.contracts import Books
from ops_console.services.evidence_files import files_of, shown_files
from ops_console.services.jobs import Run
from ops_console.services.ports import OpenSession
from ops_console.store import assessments as store
from ops_console.store import audit as events
from ops_console.store import chain_checks, trail
from ops_console.store import tickets as ticket_rows

JOB, SUBJECT, TAKEN = "make-evidence", "evidence", "evidence_taken"
BATCH = 2000
MOST_SHOWN = 3000  # tickets whose events the viewer holds itself; past them it reads timelines.jsonl


class Package(Protocol):
    """A package that is being written."""

    def lines(self, name: str, lines: Iterable[str]) -> Packed:
        """Given a name and pieces of text, write them one after the other."""
        ...

    def table(self, name: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Packed:
        """Given a name, a header row and rows of texts, write them as CSV."""
        ...

    def file(self, name: str, digest: str) -> Packed | str:
        """Given a name and the SHA-256 of a kept file, copy it; where that cannot be, say why, one of WITHHELD."""
        ...


class Packer(Protocol):
    """What writes packages: the zip itself, the programs given away with it, the viewer."""

    def __call__(self, path: Path, at: datetime) -> AbstractContextManager[Package]:
        """Given a new file's path and the instant that its entries bear, open a package there."""
        ...

    def tools(self) -> dict[str, str]:
        """Return what is given away with every package: name -> text."""
        ...

    def viewer(self, data: Iterable[str]) -> Iterable[str]:
        """Given the month's data as pieces of JSON, return the viewer's page with that in it."""
        ...


@dataclass(frozen=True)
class Hands:
    """What making a package needs."""

    open_read: OpenSession
    open_write: OpenSession
    books: Books
    packer: Packer


@dataclass(frozen=True)
class Made:
    """A package that was made: which month, its file's size and SHA-256, how many files it holds and withholds."""

    head: Head
    size: int
    sha256: str
    files: int
    withheld: int


def check(session: Session, contract_id: int, month: str) -> store.AssessmentRow:
    """Given a contract and a month, return its frozen row. Raises Refused for a draft: nothing in it is settled yet."""
    row = store.heading(session, contract_id, month)
    if row is None:
        raise Refused(NOT_FROZEN, month=month)
    return row


def write(hands: Hands, path: Path, contract_id: int, month: str, actor: Actor, now: datetime) -> Made:
    """Given hands, a new file's path, a contract, a month, who asks and now, write the package there.

    Raises Refused without the right to read months and the chain, and for a month that is not frozen.
    """
    actor.need("reports.read")
    actor.need("audit.read")
    return _write(hands, path, contract_id, month, actor, now)


def _write(hands: Hands, path: Path, contract_id: int, month: str, actor: Actor, now: datetime) -> Made:
    with hands.open_read() as session:
        row = check(session, contract_id, month)
        found = assessments.of_month(session, hands.books(session), contract_id, month, _READER, now)
        with hands.packer(path, row.as_of) as package:
            made = _Making(session, hands.packer, package, found).all()
    return made


_READER = Actor("", "", "neutral", frozenset({"reports.read"}))


class _Making:
    """One package in the making: what was written so far, what is withheld, what is to be said of it."""

    def __init__(self, session: Session, packer: Packer, package: Package, found: Month) -> None:
        assert found.row is not None
        self.session, self.packer, self.package, self.found, self.row = session, packer, package, found, found.row
        number = json.loads(self.row.contract)["number"]
        self.head = Head(number, self.row.month, self.row.revision, self.row.digest)
        self.files: list[Packed] = []
        self.withheld: list[Withheld] = []
        self.notes: list[str] = []
        numbers = sorted({one.number for one in (*found.facts.tickets, *found.facts.carried)})
        self.ids = [ticket for batch in _batches(numbers) for ticket in ticket_rows.by_numbers(session, batch).values()]

    def all(self) -> Made:
        """Write every file; the manifest last, for it names all others."""
        row, signed = self.row, self._signatures()
        self._lines(core.CONTRACT, [row.contract])
        self._lines(core.FACTS, [row.facts])
        self._lines(core.MONTH, [row.result])
        self._lines(core.SIGNATURES, [signed])
        self._lines(core.TIMELINES, self._timelines())
        self._chain()
        evidence = files_of(self.session, self.found, self.ids, signing.told(self.session, row.id))
        held = self._evidence(evidence)
        self._lists(evidence)
        for name, text in sorted(self.packer.tools().items()):
            self._lines(name, [text])
        self._lines(core.VIEWER, self.packer.viewer(self._data(signed, evidence)))
        counts = {"files": held, "withheld": len(self.withheld)}
        self._lines(core.README, [core.readme(self.head, counts)])
        self.package.lines(core.MANIFEST, [core.manifest(self.head, self.files, self.withheld, self.notes)])
        return Made(self.head, 0, "", held, len(self.withheld))

    def _lines(self, name: str, lines: Iterable[str]) -> None:
        self.files.append(self.package.lines(name, lines))

    def _signatures(self) -> str:
        row, told = self.row, signing.told(self.session, self.row.id)
        lines = [_signature(one) for one in told if one.digest == row.digest]
        return core.signatures_document(self.head, row.state, row.outcome, row.locked_at, lines)

    # -- events -------------------------------------------------------------------------------------------------------

    def _timelines(self) -> Iterator[str]:
        for ids in _batches(sorted(self.ids)):
            for entry in trail.of_tickets(self.session, ids, self.row.seq):
                yield audit.entry_line(entry)

    def _chain(self) -> None:
        """The chain from the first entry of the month's own tickets to the freeze, which its head binds."""
        own = [one.number for one in self.found.facts.tickets]
        ids = [ticket for batch in _batches(own) for ticket in ticket_rows.by_numbers(self.session, batch).values()]
        firsts = [first for batch in _batches(ids) if (first := trail.first_of(self.session, batch)) is not None]
        first = min(firsts, default=self.row.seq)
        count = self.row.seq - first + 1
        if not self.row.seq:
            return
        if count > core.MOST_CHAIN:
            self.notes.append(core.CHAIN_LEFT_OUT.format(count=count))
            return
        self._lines(core.CHAIN, self._chain_lines(first))

    def _chain_lines(self, first: int) -> Iterator[str]:
        last = self.row.seq
        known = chain_checks.hashes(self.session, [first - 1, last])
        yield canonical({
            "format": audit.FORMAT, "contract": self.head.contract, "first": first, "last": last,
            "before": known.get(first - 1, GENESIS), "head": known[last], "personal": False,
        }) + "\n"  # fmt: skip
        after = first - 1
        while after < last:
            rows = chain_checks.entries(self.session, after, min(BATCH, last - after))
            yield from (audit.entry_line(row) for row in rows)
            after = rows[-1].seq

    # -- files and lists ----------------------------------------------------------------------------------------------

    def _evidence(self, evidence: Sequence[Evidence]) -> int:
        held: set[str] = set()
        for one in evidence:
            reason = core.PATIENT if one.patient else ""
            if not reason and one.name not in held:
                packed = self.package.file(one.name, one.digest)
                if isinstance(packed, Packed):
                    self.files.append(packed)
                    held.add(one.name)
                else:
                    reason = packed
            if reason:
                self.withheld.append(Withheld(one.digest, one.subject, one.subject_id, reason))
        return len(held)

    def _lists(self, evidence: Sequence[Evidence]) -> None:
        found = self.found
        for table in tables(found.facts, found.assessment, found.words, evidence, self.withheld):
            name = f"{core.LISTS}{table.name}.csv"
            self.files.append(self.package.table(name, table.headings, table.texts()))

    def _data(self, signed: str, evidence: Sequence[Evidence]) -> Iterator[str]:
        row = self.row
        yield f'{{"contract":{row.contract},"month":{row.result},"signatures":{signed},"facts":['
        yield ",".join(row.facts.splitlines())
        shown = shown_files(evidence, self.withheld)
        yield f'],"files":{canonical(shown)},"held":{canonical(len(self.ids) <= MOST_SHOWN)},"timelines":['
        first = True
        for ids in _batches(sorted(self.ids)) if len(self.ids) <= MOST_SHOWN else ():
            for entry in trail.of_tickets(self.session, ids, row.seq):
                yield ("" if first else ",") + events.body(entry._mapping)
                first = False
        yield "]}"


def _batches(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + BATCH] for start in range(0, len(values), BATCH))


def _signature(one: signing.Told) -> SignatureLine:
    return SignatureLine(
        one.side, one.role, one.name, one.account, one.method, one.at, one.digest, one.attempt, one.reservation,
        one.delegated_by, one.fingerprint, one.proof, _material(one),
    )  # fmt: skip


def _material(one: signing.Told) -> dict[str, Any] | None:
    """What anybody can check a key's signature by, without the console."""
    key = {"algorithm": one.algorithm, "public_key": one.pem}
    if one.method == OFFLINE_KEY:
        return {**key, "signature": one.material}
    if one.method != WEBAUTHN:
        return None
    kept = json.loads(one.material)
    answer = json.loads(kept["answer"])["response"]
    return {
        **key, "signature": answer["signature"], "authenticator_data": answer["authenticatorData"],
        "client_data": answer["clientDataJSON"], "rp_id": kept["rp_id"], "origin": kept["origin"],
    }  # fmt: skip


# -- that it was taken; as a run --------------------------------------------------------------------------------------


def note(session: Session, made: Made, actor: Actor, now: datetime) -> None:
    """Given a package that was made, append the event: who took which month, and the SHA-256 of the file."""
    at, head = whole(now), made.head
    facts: dict[str, object] = {
        "contract": head.contract, "month": head.month, "revision": head.revision, "digest": head.digest,
        "file": made.sha256, "size": made.size,
    }  # fmt: skip
    event = Event(TAKEN, at, at, actor.account, actor.side, facts=facts)
    audit_id = f"{head.contract}/{head.month}"[:80]
    events.append(session, SUBJECT, audit_id, event)


def ask(session: Session, contract_id: int, month: str, actor: Actor, now: datetime) -> int:
    """Given a contract, a month and who asks, keep a run that makes its package and return the run's id.

    Raises Refused without the right, and for a month that is not frozen.
    """
    for right in ("reports.read", "audit.read", "tickets.export"):
        actor.need(right)
    check(session, contract_id, month)
    params = {"contract": contract_id, "month": month, "side": actor.side, "name": actor.name}
    key = f"{JOB}/{actor.account}/{now.isoformat()}"
    return jobs.ask(session, job=JOB, key=key, params=params, actor=actor, now=now)


def make(run: Run, hands: Hands, place: Path) -> dict[str, Any]:
    """Given a run, hands and where the file shall lie, make it and note that. Running it again makes it anew."""
    contract_id, month = int(run.params["contract"]), str(run.params["month"])
    aside = place.with_name(f".{place.name}.{run.token}.part")
    by = Actor(run.requested_by, str(run.params["name"]), str(run.params["side"]), frozenset())
    try:
        made = sized(_write(hands, aside, contract_id, month, by, run.asked_at), aside)
        aside.replace(place)
    finally:
        aside.unlink(missing_ok=True)
    with hands.open_write() as session:
        note(session, made, by, run.asked_at)
    return {**plain(made.head), "size": made.size, "sha256": made.sha256, "withheld": made.withheld}


def sized(made: Made, path: Path) -> Made:
    """Given a package and its finished file, return it with the file's size and SHA-256."""
    return hashed(made, path)


def find(session: Session, run_id: int, actor: Actor) -> Any:
    """Given a run's id and who asks, return its row. Raises NotFound for what is not the asker's own package."""
    actor.need("tickets.export")
    row = jobs.find(session, run_id, actor)
    if row.job != JOB or row.requested_by != actor.account:
        raise NotFound("没有编号为 %(id)s 的证据包。", id=run_id)
    return row
