"""A month as documents that outlive the console: the contract's part, the facts, the result, each in canonical JSON.

Published form: `docs/assessment-format.md` (CAF 1). Not for storing or signing. What is signed is the SHA-256 of the
result's bytes, which names the SHA-256 of the other two.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ops_console.core.assessment_facts import MonthFacts
from ops_console.core.assessments import Adjustment, Assessment, Basis
from ops_console.core.chain import canonical
from ops_console.core.judged_clocks import judged
from ops_console.core.plain import made, plain
from ops_console.core.scores import Sheet
from ops_console.core.terms import Terms

FORMAT = "ops-console/assessment/1"
KINDS_OF_FACTS = ("tickets", "carried", "earlier", "duties", "caps", "cases", "penalties", "entries")
CODE_LENGTH = 12


@dataclass(frozen=True)
class FrozenMonth:
    """The three documents of a month, as bytes would be written: canonical JSON texts, facts one a line."""

    contract: str
    facts: str
    result: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the result: what is signed."""
        return sha256(self.result)

    @property
    def code(self) -> str:
        """Its first characters, as every printed page shows them."""
        return self.digest[:CODE_LENGTH]


def sha256(text: str) -> str:
    """Given a text, return the SHA-256 of its UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@dataclass(frozen=True)
class Beside:
    """What stands in the result beside the figures: the contract, where the chain stood, which versions, what was said.

    `disputes` and `sample` are plain values; texts that people typed are not among them.
    """

    number: str
    name: str
    hospital: str
    vendor: str
    chain_count: int
    chain_head: str
    main: str
    sheet_version: int = 0
    revision: int = 1
    disputes: tuple[Mapping[str, object], ...] = ()
    sample: Mapping[str, object] | None = None
    made_by: str = ""


def freeze(facts: MonthFacts, basis: Basis, assessment: Assessment, beside: Beside) -> FrozenMonth:
    """Given a month's facts, what it was judged by and what it came to, return its documents."""
    contract = canonical(_contract(basis, beside))
    lines = "\n".join(_fact_lines(facts, beside)) + "\n"
    result = canonical({
        "format": FORMAT, "contract": beside.number, "month": facts.month, "revision": beside.revision,
        "contract_sha256": sha256(contract), "facts_sha256": sha256(lines), "sheet_version": beside.sheet_version,
        "made_by": beside.made_by, "adjustments": plain(basis.adjustments), "disputes": plain(beside.disputes),
        "sample": plain(beside.sample), "clocks": plain(facts.judged), "result": plain(assessment),
    })  # fmt: skip
    return FrozenMonth(contract, lines, result)


def _contract(basis: Basis, beside: Beside) -> dict[str, Any]:
    return {
        "format": FORMAT, "number": beside.number, "name": beside.name, "hospital": beside.hospital,
        "vendor": beside.vendor, "main": beside.main, "fee": basis.fee, "money_basis": basis.money_basis,
        "versions": {digest: plain(basis.versions[digest]) for digest in sorted(basis.versions)},
        "sheet": plain(basis.sheet) if basis.sheet else None,
    }  # fmt: skip


def _fact_lines(facts: MonthFacts, beside: Beside) -> Iterable[str]:
    kinds = {kind: getattr(facts, kind) for kind in KINDS_OF_FACTS}
    yield _line({
        "fact": "month", "month": facts.month, "as_of": plain(facts.as_of), "chain_count": beside.chain_count,
        "chain_head": beside.chain_head, "counts": {kind: len(found) for kind, found in kinds.items()},
    })  # fmt: skip
    for kind, found in kinds.items():
        for fact in found:
            yield _line({"fact": kind, **plain(fact)})


def _line(fact: dict[str, Any]) -> str:
    """With its own hash, so that a line that was altered is named, not only the file."""
    return canonical({**fact, "sha256": sha256(canonical(fact))})


def facts_of(text: str) -> MonthFacts:
    """Given a month's lines of facts, return them. Raises ValueError for a line that is none."""
    first, *rest = [json.loads(line) for line in text.splitlines()]
    if first.get("fact") != "month":
        raise ValueError("the first line must be the month's")
    kinds: dict[str, list[Any]] = {kind: [] for kind in KINDS_OF_FACTS}
    for raw in rest:
        del raw["sha256"]
        kinds[raw.pop("fact")].append(raw)
    return made(MonthFacts, {"month": first["month"], "as_of": first["as_of"], **kinds})


def basis_of(frozen: FrozenMonth) -> Basis:
    """Given a frozen month's documents, return what it was judged by."""
    raw, result = json.loads(frozen.contract), json.loads(frozen.result)
    versions = {digest: made(Terms, terms) for digest, terms in raw["versions"].items()}
    sheet = made(Sheet, raw["sheet"]) if raw["sheet"] else None
    adjustments = tuple(made(Adjustment, one) for one in result["adjustments"])
    return Basis(versions[raw["main"]], versions, sheet, raw["fee"], raw["money_basis"], adjustments)


def assessment_of(frozen: FrozenMonth) -> Assessment:
    """Given a frozen month's documents, return what it came to, as it was signed."""
    return made(Assessment, json.loads(frozen.result)["result"])


def rejudged(frozen: FrozenMonth) -> MonthFacts:
    """Given a frozen month's documents, return its facts with every clock judged anew from them."""
    basis = basis_of(frozen)
    return judged(facts_of(frozen.facts), basis.versions)


def said_anew(
    frozen: FrozenMonth, basis: Basis, assessment: Assessment, revision: int, disputes: Iterable[Mapping[str, object]]
) -> FrozenMonth:
    """Given a frozen month and what the parties' words since make of it, return it with the result said anew.

    The contract's part and the facts stay byte for byte.
    """
    result = json.loads(frozen.result)
    told = {
        "revision": revision, "adjustments": plain(basis.adjustments), "disputes": plain(tuple(disputes)),
        "result": plain(assessment),
    }  # fmt: skip
    return FrozenMonth(frozen.contract, frozen.facts, canonical({**result, **told}))
