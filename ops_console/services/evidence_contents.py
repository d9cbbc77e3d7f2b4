"""What stands in a month's evidence package: documents, signatures, events, lists, files, a viewer, programs, manifest.

Not for who may take it (`services/evidence.py`). The same frozen month makes the same bytes: nothing in it tells when,
where or by whom it was made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ops_console.core import evidence as core
from ops_console.core.chain import GENESIS, canonical
from ops_console.core.evidence import Evidence, Head, Packed, SignatureLine, Withheld
from ops_console.core.evidence_lists import tables
from ops_console.core.signatures import OFFLINE_KEY, WEBAUTHN
from ops_console.services import audit, signing
from ops_console.services.assessments import Month
from ops_console.services.evidence_files import files_of, shown_files
from ops_console.services.ports import Package, Packer
from ops_console.store import audit as audit_rows
from ops_console.store import chain_checks, trail
from ops_console.store import tickets as ticket_rows

BATCH = 2000
MOST_SHOWN = 3000  # tickets whose events the viewer holds itself; past them it reads timelines.jsonl


@dataclass(frozen=True)
class Made:
    """A package that was made: which month, its file's size and SHA-256, how many files it holds and withholds."""

    head: Head
    size: int
    sha256: str
    files: int
    withheld: int


class Contents:
    """One package in the making: what was written so far, what is withheld, what is to be said of it.

    `tell` hears how many files were written.
    """

    def __init__(
        self, session: Session, packer: Packer, package: Package, found: Month, tell: Callable[[int], None]
    ) -> None:
        assert found.row is not None
        self.tell = tell
        self.session, self.packer, self.package, self.found, self.row = session, packer, package, found, found.row
        number = json.loads(self.row.contract)["number"]
        self.head = Head(number, self.row.month, self.row.revision, self.row.digest)
        self.files: list[Packed] = []
        self.withheld: list[Withheld] = []
        self.notes: list[str] = []
        numbers = sorted({one.number for one in (*found.facts.tickets, *found.facts.carried)})
        self.ids = [ticket for batch in _batches(numbers) for ticket in ticket_rows.by_numbers(session, batch).values()]

    def write(self) -> Made:
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
        self.tell(len(self.files))

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
                yield ("" if first else ",") + audit_rows.body(dict(entry._mapping))
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
