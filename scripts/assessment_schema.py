"""Writes docs/assessment.schema.json, the closed JSON Schema of a month's documents, from the dataclasses behind them.

    .venv/bin/python scripts/assessment_schema.py [check]

Not for what a figure means (docs/assessment-format.md). `check` writes nothing and fails where the file is behind.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, the project is not yet on the path

# ruff: noqa: E402
from ops_console.core import assessment_facts as facts
from ops_console.core import contracts, scores
from ops_console.core.assessments import Adjustment, Assessment
from ops_console.core.contract_facts import KEPT, OPEN, OUTCOMES
from ops_console.core.evidence import MANIFEST_FORMAT, SIGNATURES_FORMAT, WITHHELD, SignatureLine
from ops_console.core.frozen_months import FORMAT, KINDS_OF_FACTS
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.plain import plain
from ops_console.core.sentences import Sentence
from ops_console.core.signatures import METHODS, OUTCOME_NAMES
from ops_console.core.terms import Terms

WIDTH = 118
FILE = Path(__file__).parents[1] / "docs" / "assessment.schema.json"
INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$"
TEXTS = {
    "instant": {"type": "string", "format": "date-time", "pattern": INSTANT},
    "day": {"type": "string", "format": "date", "pattern": r"^\d{4}-\d\d-\d\d$"},
    "month": {"type": "string", "pattern": r"^\d{4}-(0[1-9]|1[0-2])$"},
    "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
}
FACTS = {
    "tickets": facts.TicketFact, "carried": facts.TicketFact, "earlier": facts.Earlier, "duties": facts.DutyFact,
    "caps": facts.CapFact, "cases": facts.CaseFact, "penalties": facts.Penalty, "entries": facts.Entry,
}  # fmt: skip
SAID = [*OUTCOMES]
ENUMS: dict[str, list[Any]] = {
    "TimeLimit.clock": [*contracts.CLOCKS], "TimeLimit.start_event": [*contracts.START_EVENTS],
    "TimeLimit.stop_event": [*contracts.STOP_EVENTS], "TicketFact.klass": [*contracts.CLASSES],
    "JudgedClock.outcome": SAID, "JudgedClock.raw_outcome": SAID, "Earlier.outcome": SAID,
    "ClauseLine.outcome": SAID, "Item.compare": [scores.AT_MOST, scores.AT_LEAST],
    "DutyFact.state": [KEPT, "late", "missed", "waived", OPEN],
    "Penalty.amount": [*contracts.AMOUNT_NAMES], "Penalty.month_of": [*contracts.MONTH_OF_NAMES],
}  # fmt: skip
SPECIAL = {
    "TicketFact.terms": "sha256", "Earlier.month": "month", "JudgedClock.month": "month", "CaseFact.month": "month",
    "assessment_facts.Penalty.month": "month", "Assessment.month": "month",
}  # fmt: skip


class Definitions:
    """The schema's definitions, one for each dataclass that is met."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {name: dict(told) for name, told in TEXTS.items()}

    def of(self, kind: Any) -> dict[str, Any]:
        """Given a type, return its schema."""
        origin, parts = get_origin(kind), get_args(kind)
        if origin in (Union, UnionType):
            wanted = next(one for one in parts if one is not type(None))
            return {"anyOf": [self.of(wanted), {"type": "null"}]}
        if origin is tuple and parts[-1] is Ellipsis:
            return {"type": "array", "items": self.of(parts[0])}
        if origin is tuple:
            return {
                "type": "array", "prefixItems": [self.of(part) for part in parts], "items": False,
                "minItems": len(parts),
            }  # fmt: skip
        if origin is not None and issubclass(origin, Mapping):
            return {"type": "object"}
        if isinstance(kind, type) and is_dataclass(kind):
            return self.one_of_kinds(kind) if getattr(kind, "KINDS", None) else self.reference(kind)
        named = {datetime: "instant", date: "day"}.get(kind)
        if kind is Any:
            return {}
        if named:
            return {"$ref": f"#/$defs/{named}"}
        return {"type": {bool: "boolean", int: "integer", str: "string"}[kind]}

    def one_of_kinds(self, kind: Any) -> dict[str, Any]:
        """Given a base with subclasses by kind, return the choice of them."""
        return {"oneOf": [self.reference(one) for one in kind.KINDS.values()]}

    def reference(self, kind: Any, name: str = "") -> dict[str, Any]:
        """Given a dataclass, define it and return the reference to it."""
        name = name or (f"fact_{kind.__name__}" if kind is facts.Penalty else kind.__name__)
        if name not in self.found:
            self.found[name] = {}
            self.found[name] = self.object(kind)
        return {"$ref": f"#/$defs/{name}"}

    def object(self, kind: Any) -> dict[str, Any]:
        """Given a dataclass, return its closed object: what has no default is required, all else has its default."""
        hints, told = get_type_hints(kind), {}
        for field in fields(kind):
            told[field.name] = self.field(kind, field, hints[field.name])
        needed = [field.name for field in fields(kind) if _is_needed(field)]
        return closed(told, needed)

    def field(self, kind: Any, field: Field[Any], hint: Any) -> dict[str, Any]:
        """Given a field, return its schema with its default."""
        key = f"{kind.__name__}.{field.name}"
        told = self.of(hint)
        if not field.init:
            return {"const": field.default}
        special = SPECIAL.get(f"{kind.__module__.rpartition('.')[2]}.{key}") or SPECIAL.get(key)
        if special:
            told = {"$ref": f"#/$defs/{special}"}
        if key in ENUMS and kind is not facts.Penalty:
            told = {"enum": ENUMS[key]}
        return told if _is_needed(field) else {**told, "default": _default(field)}


def _is_needed(field: Field[Any]) -> bool:
    bare = field.default is MISSING and field.default_factory is MISSING
    return bare or not field.init or bool(field.metadata.get("always"))


def _default(field: Field[Any]) -> Any:
    return plain(field.default if field.default is not MISSING else field.default_factory())  # type: ignore[misc]


def closed(properties: Mapping[str, Any], needed: list[str]) -> dict[str, Any]:
    """Given properties and which must be there, return an object without any other key but `x-…`."""
    return {
        "type": "object", "properties": dict(properties), "required": needed, "patternProperties": {"^x-": True},
        "additionalProperties": False,
    }  # fmt: skip


def schema() -> dict[str, Any]:
    """Return the whole schema: one definition for each file."""
    made = Definitions()
    text, number, sha, instant, month = (
        {"type": "string"}, {"type": "integer"}, {"$ref": "#/$defs/sha256"}, {"$ref": "#/$defs/instant"},
        {"$ref": "#/$defs/month"},
    )  # fmt: skip
    free = {"type": ["object", "null"]}
    files: dict[str, Any] = {}
    files["contract.json"] = _all({
        "format": {"const": FORMAT}, "number": text, "name": text, "hospital": text, "vendor": text, "main": sha,
        "fee": made.of(int | None), "money_basis": text, "sheet": made.of(scores.Sheet | None),
        "versions": {"type": "object", "propertyNames": sha, "additionalProperties": made.reference(Terms)},
    })  # fmt: skip
    first = {
        "fact": {"const": "month"}, "sha256": sha, "month": month, "as_of": instant, "chain_count": number,
        "chain_head": sha, "counts": _all(dict.fromkeys(KINDS_OF_FACTS, number)),
    }  # fmt: skip
    lines = [_all(first)]
    for kind, of in FACTS.items():
        told = made.object(of)
        properties = {"fact": {"const": kind}, "sha256": sha, **told["properties"]}
        lines.append(closed(properties, ["fact", "sha256", *told["required"]]))
    files["facts.jsonl"] = {"oneOf": lines}
    dispute = _all({"id": number, "target": text, "side": text, "outcome": text})
    files["month.json"] = _all({
        "format": {"const": FORMAT}, "contract": text, "month": month, "revision": number, "contract_sha256": sha,
        "facts_sha256": sha, "sheet_version": number, "made_by": text,
        "adjustments": {"type": "array", "items": made.reference(Adjustment)},
        "disputes": {"type": "array", "items": dispute}, "sample": free,
        "clocks": {"type": "array", "items": made.reference(facts.JudgedClock)}, "result": made.reference(Assessment),
    })  # fmt: skip
    signature = made.object(SignatureLine)
    signature["properties"] |= {
        "party": {"enum": [HOSPITAL, VENDOR]}, "method": {"enum": [*METHODS]}, "over_sha256": sha,
        "material": {"type": ["object", "null"], "default": None},
    }  # fmt: skip
    files["signatures.json"] = _all({
        "format": {"const": SIGNATURES_FORMAT}, "contract": text, "month": month, "revision": number,
        "over_sha256": sha, "state": {"enum": ["frozen", "locked"]}, "outcome": {"enum": ["", *OUTCOME_NAMES]},
        "locked_at": {"anyOf": [instant, {"type": "null"}]},
        "signatures": {"type": "array", "items": signature},
    })  # fmt: skip
    files["manifest.json"] = _all({
        "format": {"const": MANIFEST_FORMAT}, "contract": text, "month": month, "revision": number,
        "month_sha256": sha, "code": text,
        "files": {"type": "array", "items": _all({"name": text, "size": number, "sha256": sha})},
        "withheld": {"type": "array", "items": _all({
            "sha256": sha, "subject": text, "subject_id": text, "reason": {"enum": [*WITHHELD]},
        })},
        "notes": {"type": "array", "items": text}, "sha256": sha,
    })  # fmt: skip
    _sentences(made)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "CAF 1: a month of a contract's assessment",
        "description": "A file is what $defs say under its name; of facts.jsonl each line is. See assessment-format.md",
        "$defs": {**made.found, **files},
    }  # fmt: skip


def _all(properties: Mapping[str, Any]) -> dict[str, Any]:
    return closed(properties, list(properties))


def _sentences(made: Definitions) -> None:
    """A sentence's values are whole numbers: they are compared; its text is wording."""
    name = Sentence.__name__
    if name in made.found:
        made.found[name]["properties"]["values"] = {
            "type": "object", "additionalProperties": {"type": ["integer", "string"]}, "default": {},
        }  # fmt: skip


def laid_out(value: Any, depth: int = 0) -> str:
    """Given plain values, return JSON in which what fits into a line stands in one."""
    short = json.dumps(value, ensure_ascii=False)
    if len(short) + depth <= WIDTH or not isinstance(value, dict | list):
        return short
    indent = "\n" + " " * (depth + 1)
    if isinstance(value, list):
        return "[" + ",".join(indent + laid_out(one, depth + 1) for one in value) + "\n" + " " * depth + "]"
    told = (f"{indent}{json.dumps(key, ensure_ascii=False)}: {laid_out(one, depth + 1)}" for key, one in value.items())
    return "{" + ",".join(told) + "\n" + " " * depth + "}"


def main() -> int:
    """Write the schema, or with `check` say whether the file is what would be written."""
    text = laid_out(schema()) + "\n"
    if sys.argv[1:] == ["check"]:
        return 0 if FILE.exists() and FILE.read_text(encoding="utf-8") == text else 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
