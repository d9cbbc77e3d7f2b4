"""The recalculator, written from the published description, agrees with the console and finds what was altered."""

from __future__ import annotations

import copy
import importlib.util
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops_console.core.chain import canonical
from ops_console.core.frozen_months import sha256
from ops_console.core.money import in_words
from tests.histories import Frozen
from tests.months import months, write_package

PROJECT = Path(__file__).parents[1]
PROGRAM = PROJECT / "docs" / "recalculate_month.py"
SCHEMA = json.loads((PROJECT / "docs" / "assessment.schema.json").read_text(encoding="utf-8"))


@cache
def program() -> ModuleType:
    """The recalculator as a module."""
    spec = importlib.util.spec_from_file_location("recalculate_month", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def differences(folder: Path) -> list[tuple[str, str]]:
    """Given a package, return what the recalculator finds: (kind, place)."""
    return [(row["kind"], row["place"]) for row in program().recalculate(folder).rows]


def validator(name: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})


# -- equality ---------------------------------------------------------------------------------------------------------


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_it_computes_every_figure_of_a_generated_month_from_the_facts(seed: int, tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("month")
    for frozen in months(seed, bursts=10):
        assert differences(write_package(frozen, folder)) == [], frozen.month


def test_the_generated_months_hold_everything_that_a_month_may_hold() -> None:
    made = [frozen for seed in range(16) for frozen in months(seed, bursts=20)]
    clocks = [one for frozen in made for one in frozen.facts.judged]
    scored = [line.scored for frozen in made for line in frozen.assessment.items]
    deductions = [one for item in scored for one in item.deductions]
    lines = [line for frozen in made for line in frozen.assessment.money.lines]

    assert {one.outcome for one in clocks} == {"kept", "broken", "unproven", "open", "not_applicable"}
    assert any(one.was for one in clocks), "corrected"
    assert any(one.was and one.was != one.state for frozen in made for one in frozen.facts.duties), "corrected duties"
    assert any(one.seconds != one.raw_seconds for one in clocks), "pauses"
    assert any(not one.two_sided for one in clocks), "seen by one side only"
    assert any(ticket.reopenings for frozen in made for ticket in frozen.facts.tickets)
    assert {"已撤回", "已驳回", "已取消"} <= {ticket.withdrawn for frozen in made for ticket in frozen.facts.tickets}
    assert any(len(frozen.basis.versions) == 2 for frozen in made), "versions that change in mid month"
    assert any(one.instead for one in deductions), "a fact that costs in one item alone"
    assert any(one.ref.kind == "ratio" for one in deductions), "bands"
    assert any(one.points < 0 for one in deductions), "what is given back"
    assert any(item.for_money != item.deducted for item in scored)
    assert any(line.adjustment for frozen in made for line in frozen.assessment.items)
    assert {line.kind for line in lines} == {"penalty", "earlier", "score"}
    assert any(frozen.assessment.money.carried_over for frozen in made)
    kinds = {(line.kind, line.outcome) for frozen in made for line in frozen.assessment.clauses}
    for kind in ("time_limit", "minimum", "event_duty", "standing_duty", "cost_rule", "penalty"):
        assert (kind, "broken") in kinds, kind


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.integers(0, 10**6), st.integers(0, 10**13)))
def test_it_writes_sums_in_words_as_the_console_does(fen: int) -> None:
    assert program().in_words(fen) == in_words(fen)


# -- the schema -------------------------------------------------------------------------------------------------------


def test_the_schema_is_the_one_that_the_documents_are_made_by() -> None:
    command = [sys.executable, str(PROJECT / "scripts" / "assessment_schema.py"), "check"]
    assert subprocess.run(command, check=False).returncode == 0, "run scripts/assessment_schema.py"


def test_every_document_is_what_the_closed_schema_says() -> None:
    for frozen in months(5):
        documents = frozen.documents
        for name, text in (("contract.json", documents.contract), ("month.json", documents.result)):
            validator(name).validate(json.loads(text))
        for line in documents.facts.splitlines():
            validator("facts.jsonl").validate(json.loads(line))


def test_the_program_knows_exactly_the_keys_and_defaults_of_the_schema() -> None:
    """Add a field to a document: run the schema's script, add the key here and in the description."""
    shapes, defined = program().SHAPE, SCHEMA["$defs"]
    for name, definition in {
        "contract": "contract.json", "terms": "Terms", "override": "DayOverride", "limit": "TimeLimit",
        "reading": "Reading", "task": "Task", "question": "Question", "option": "Option", "opening": "Opening",
        "fee": "Fee", "node": "Node", "settlement": "Settlement", "sheet": "Sheet", "item": "Item", "step": "Step",
        "band": "Band", "grade": "Grade", "pause": "Pause", "month": "month.json", "adjustment": "Adjustment",
        "clock": "JudgedClock", "result": "Assessment", "limits": "LimitLine", "line": "ClauseLine", "why": "Sentence",
        "scoredline": "ItemLine", "scored": "Scored", "deduction": "Deduction", "ref": "Ref", "money": "Money",
        "moneyline": "MoneyLine", "conflict": "Conflict", "signatures": "signatures.json", "manifest": "manifest.json",
    }.items():  # fmt: skip
        assert described(shapes[name]) == told(defined[definition]), name
    for line in defined["facts.jsonl"]["oneOf"]:
        kind = line["properties"]["fact"]["const"]
        assert described(shapes["first" if kind == "month" else kind]) == told(line), kind
    clauses = [
        told(defined[one["$ref"].rpartition("/")[2]])
        for one in defined["Terms"]["properties"]["clauses"]["items"]["oneOf"]
    ]
    assert described(shapes["clause"]) == {
        key: None if all(key in one and one[key] is None for one in clauses) else default
        for one in clauses for key, default in one.items()
    } | {"limit": "0"}  # of a cap alone, and needed there  # fmt: skip


def described(shape: dict[str, tuple[str, str | None]]) -> dict[str, str | None]:
    return {key: default for key, (_kind, default) in shape.items()}


def told(definition: dict[str, Any]) -> dict[str, str | None]:
    """Every key of a definition with its default as JSON, None where it must be there."""
    return {
        key: None if key in definition["required"] else canonical(schema["default"])
        for key, schema in definition["properties"].items()
    }


# -- what is altered is found -----------------------------------------------------------------------------------------


class Copy:
    """A month's documents to be altered. `sealed`: every hash is made anew, as somebody who knows the format would."""

    def __init__(self, frozen: Frozen) -> None:
        self.texts: dict[str, str] = {}
        self.contract = json.loads(frozen.documents.contract)
        self.facts = [json.loads(line) for line in frozen.documents.facts.splitlines()]
        self.month = json.loads(frozen.documents.result)

    @property
    def result(self) -> dict[str, Any]:
        return dict(self.month["result"])

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.facts if line["fact"] == kind]

    def terms(self) -> dict[str, Any]:
        return self.contract["versions"][self.contract["main"]]

    def seal(self) -> None:
        """Make every hash anew: of versions, of lines, of the two files in the result."""
        old = {}
        for digest, terms in list(self.contract["versions"].items()):
            old[digest] = sha256(canonical(terms))
            self.contract["versions"][old[digest]] = self.contract["versions"].pop(digest)
        self.contract["main"] = old[self.contract["main"]]
        for line in self.facts:
            if "terms" in line:
                line["terms"] = old.get(line["terms"], line["terms"])
            line.pop("sha256")
            line["sha256"] = sha256(canonical(line))
        self.month["contract_sha256"] = sha256(canonical(self.contract))
        self.month["facts_sha256"] = sha256("".join(canonical(line) + "\n" for line in self.facts))

    def write(self, folder: Path) -> Path:
        made = {
            "contract.json": canonical(self.contract), "month.json": canonical(self.month),
            "facts.jsonl": "".join(canonical(line) + "\n" for line in self.facts),
        }  # fmt: skip
        for name, text in (made | self.texts).items():
            (folder / name).write_text(text, encoding="utf-8")
        return folder


@cache
def rich_month() -> Frozen:
    """A month with a sheet, caps, a penalty, an adjustment, carried and corrected clocks."""
    for seed in range(400):
        for frozen in months(seed):
            found = frozen.assessment
            penalties = frozen.facts.penalties
            carried = penalties and any(one.was for one in frozen.facts.judged) and frozen.facts.carried
            answered = any(t.responded_at and not t.withdrawn for t in frozen.facts.tickets)
            deducts = any(one.scored.deductions and not one.adjustment for one in found.items)
            adjusted = any(one.adjustment for one in found.items)
            broken = any(line.broken for line in found.limits)
            opened = any(cap.opening for cap in frozen.facts.caps)
            rest = found.money.lines and opened and found.grade and frozen.facts.duties
            if carried and answered and deducts and adjusted and broken and rest:
                return frozen
    raise AssertionError("no such month")


Alteration = Callable[[Copy], object]


def answered_ticket(made: Copy) -> dict[str, Any]:
    numbers = {one["number"]: one["limit"] for one in made.month["clocks"] if one["limit"] in ("C-15", "C-16", "C-38")}
    return next(
        one for one in made.of("tickets")
        if one.get("responded_at") and not one.get("withdrawn") and one["number"] in numbers
    )  # fmt: skip


def later(text: str) -> str:
    """One second later, in text: 09:12:33 becomes 09:12:34."""
    head, second, rest = text[:17], int(text[17:19]), text[19:]
    return f"{head}{(second + 1) % 60:02d}{rest}"


def move_answer(made: Copy) -> None:
    ticket = answered_ticket(made)
    ticket["responded_at"] = later(ticket["responded_at"])


def answer_other(made: Copy) -> None:
    for terms in made.contract["versions"].values():
        chosen = dict(terms.get("chosen", []))
        terms["chosen"] = sorted([k, v] for k, v in {**chosen, "K2": "environment"}.items())


def change_step(made: Copy) -> None:
    item = next(
        one for one in made.contract["sheet"]["items"]
        if any(line["scored"]["code"] == one["code"] and line["scored"]["deductions"] and not line["adjustment"]
               for line in made.month["result"]["items"])
    )  # fmt: skip
    for step in item["steps"]:
        step["points"] += 1
    for band in item.get("bands", []):
        band["points"] += 1
    item["otherwise"] = item.get("otherwise", 0) + 1


def first_item(made: Copy) -> dict[str, Any]:
    return next(one for one in made.month["result"]["items"] if one["adjustment"] is None)


def drop(made: Copy, kind: str) -> dict[str, Any]:
    line = next(
        one for one in made.of(kind)
        if kind != "tickets" or any(clock["number"] == one["number"] for clock in made.month["clocks"])
    )  # fmt: skip
    made.facts.remove(line)
    return line


def drop_counted(made: Copy) -> None:
    drop(made, "tickets")
    made.facts[0]["counts"]["tickets"] -= 1


def fewer(made: Copy, *path: str) -> None:
    place: Any = made.month["result"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] -= 1


def limits_of(made: Copy, test: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    return next(one for one in made.month["result"]["limits"] if test(one))


def collide(made: Copy) -> None:
    for terms in made.contract["versions"].values():
        limit = next(one for one in terms["limits"] if one["id"] == "C-15")
        terms["limits"].append({**copy.deepcopy(limit), "id": "C-15b"})


def no_limit(made: Copy) -> None:
    for terms in made.contract["versions"].values():
        terms["limits"] = [one for one in terms["limits"] if one["stop_event"] != "responded"]


def as_text(made: Copy, name: str, old: str, new: str) -> None:
    texts = {
        "contract.json": canonical(made.contract), "month.json": canonical(made.month),
        "facts.jsonl": "".join(canonical(line) + "\n" for line in made.facts),
    }  # fmt: skip
    assert old in texts[name], old
    made.texts[name] = texts[name].replace(old, new, 1)


def put(target: dict[str, Any], **values: Any) -> None:
    target.update(values)


# name -> (alteration, whether every hash is made anew after it, kind of difference, part of its place)
ALTERED: dict[str, tuple[Alteration, bool, str, str]] = {
    "one second in an answer": (move_answer, False, "hash", "facts.jsonl:"),
    "one second in an answer, hashes anew": (move_answer, True, "differs", ".seconds"),
    "one second in a cut-off": (
        lambda m: put(m.facts[0], as_of=later(m.facts[0]["as_of"])), True, "differs", "month.json.result.as_of"),
    "one second in a judged clock": (
        lambda m: put(m.month["clocks"][0], seconds=m.month["clocks"][0]["seconds"] + 1), False, "differs", ".seconds"),
    "one 分 in what is payable": (lambda m: fewer(m, "money", "payable"), False, "differs", "money.payable"),
    "one 分 in a deduction": (
        lambda m: put(m.month["result"]["money"]["lines"][0], amount=1234), False, "differs", "money.lines[0].amount"),
    "one 分 in the fee": (lambda m: put(m.contract, fee=m.contract["fee"] + 1), True, "differs", "contract.json fee"),
    "one 分 in the year's fee": (
        lambda m: put(m.terms()["fee"], annual=m.terms()["fee"]["annual"] + 12, months=[]), True, "differs", "fee"),
    "another sum in words": (
        lambda m: put(m.month["result"]["money"], words="壹元整"), False, "differs", "money.words"),
    "a deduction twice": (
        lambda m: put(m.of("penalties")[0], amount=99_999_999), True, "differs", "penalties"),
    "a line of facts removed": (lambda m: drop(m, "tickets"), False, "differs", "counts.tickets"),
    "a ticket removed, hashes anew": (drop_counted, True, "extra", "month.json.clocks["),
    "a duty removed, hashes anew": (lambda m: drop(m, "duties"), True, "differs", "counts.duties"),
    "a reading swapped": (answer_other, False, "hash", "contract.json versions."),
    "a reading swapped, hashes anew": (answer_other, True, "reading", "K2 C-12.types"),
    "a ranking turned round": (
        lambda m: put(m.terms(), ranked=[["C-15", "C-38"]]), True, "reading", "C-15>C-38 C-15.exception_to"),
    "a step of the sheet changed": (change_step, True, "differs", ".points"),
    "two limits for one quantity": (collide, True, "conflict", "故障 work reported-responded"),
    "no limit for an answer": (no_limit, True, "undefined", "reported-responded"),
    "a limit one second longer": (
        lambda m: put(m.terms()["limits"][0], limit_seconds=1801), False, "hash", "contract.json versions."),
    "a fraction in a limit": (
        lambda m: as_text(m, "contract.json", '"limit_seconds":1800', '"limit_seconds":1800.0'), False, "type",
        "limits[C-15].limit_seconds"),
    "a fraction in a clock": (
        lambda m: as_text(m, "month.json", '"raw_seconds":', '"raw_seconds":0.'), False, "type", ".raw_seconds"),
    "a number as a text": (
        lambda m: put(m.of("duties")[0], state=7), False, "type", "facts.jsonl:"),
    "a time without its zone": (
        lambda m: put(m.of("tickets")[0], reported_at="2026-01-20T09:00:00"), False, "type", ".reported_at"),
    "an unknown key in the result": (
        lambda m: put(m.month["result"], bonus=1), False, "key", "month.json.result.bonus"),
    "an unknown key in a fact": (
        lambda m: put(m.of("tickets")[0], forgiven=True), True, "key", ".forgiven"),
    "an unknown key in the contract": (
        lambda m: put(m.terms()["limits"][0], aggegatedBy="day"), True, "key", "limits[C-15].aggegatedBy"),
    "a missing key": (lambda m: m.month["result"].pop("points"), False, "missing", "month.json.result.points"),
    "a key twice": (
        lambda m: as_text(m, "month.json", '"made_by":', '"made_by":"x","made_by":'), False, "twice", "month.json"),
    "a blank more": (lambda m: as_text(m, "month.json", ",", ", "), False, "canonical", "month.json"),
    "a ticket twice": (
        lambda m: m.facts.append(copy.deepcopy(m.of("tickets")[0])), True, "twice", "tickets GD-"),
    "a fact of an unknown kind": (lambda m: put(m.of("duties")[0], fact="favours"), True, "type", "favours"),
    "an outcome turned": (
        lambda m: put(next(c for c in m.month["clocks"] if c["outcome"] == "broken"), outcome="kept"), False, "differs",
        ".outcome"),
    "a clock left out": (lambda m: m.month["clocks"].pop(0), False, "missing", "month.json.clocks["),
    "a clock that is not there": (
        lambda m: m.month["clocks"].append({**m.month["clocks"][0], "limit": "C-99"}), False, "extra", "/C-99]"),
    "a correction left out": (
        lambda m: next(c for c in m.month["clocks"] if c.get("was")).pop("was"), False, "differs", ".was"),
    "a broken ticket not listed": (
        lambda m: limits_of(m, lambda one: bool(one.get("broken")))["broken"].pop(), False, "differs", ".broken"),
    "one more kept": (
        lambda m: put(limits_of(m, lambda one: one["population"] > 0), kept=99), False, "differs", ".kept"),
    "a clause's number": (
        lambda m: put(m.month["result"]["clauses"][0], denominator=3), False, "differs", "clauses[C-01].denominator"),
    "a clause's count in its sentence": (
        lambda m: put(next(c for c in m.month["result"]["clauses"] if c["why"].get("values"))["why"]["values"], n=77),
        False, "differs", "why.values.n"),
    "an item's deduction": (
        lambda m: put(first_item(m), deducted=first_item(m)["deducted"] + 100), False, "differs", ".deducted"),
    "an item's ratio": (
        lambda m: put(first_item(m)["scored"], numerator=55), False, "differs", ".numerator"),
    "the points": (lambda m: fewer(m, "points"), False, "differs", "result.points"),
    "the grade": (lambda m: put(m.month["result"], grade="特优"), False, "differs", "result.grade"),
    "an adjustment": (
        lambda m: put(m.month["adjustments"][0], deducted=m.month["adjustments"][0]["deducted"] + 1), False, "differs",
        ".deducted"),
    "an opening balance": (
        lambda m: put(next(c for c in m.of("caps") if c["opening"]), opening=0), True, "differs", ".opening"),
    "a cap's limit": (lambda m: put(m.of("caps")[0], limit=99), True, "differs", ".limit"),
    "another month": (lambda m: put(m.month, month="2026-12"), False, "differs", "month.json.month"),
}  # fmt: skip


@pytest.mark.parametrize("name", ALTERED)
def test_whatever_is_altered_is_found_and_named_with_its_place(name: str, tmp_path: Path) -> None:
    alter, sealed, kind, place = ALTERED[name]
    made = Copy(rich_month())
    assert differences(made.write(tmp_path)) == []

    alter(made)
    if sealed:
        made.seal()

    found = differences(made.write(tmp_path))
    assert [one for one in found if one[0] == kind and place in one[1]], found


def test_there_are_enough_alterations() -> None:
    assert len(ALTERED) >= 25


def test_a_key_that_begins_with_x_is_never_read(tmp_path: Path) -> None:
    made = Copy(rich_month())
    made.month["x-note"] = made.month["result"]["x-note"] = made.contract["x-note"] = {"any": ["thing", 1]}
    made.facts[1]["x-note"] = 1
    made.seal()
    assert differences(made.write(tmp_path)) == []


# -- as people run it -------------------------------------------------------------------------------------------------


def run(*arguments: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), *map(str, arguments)], capture_output=True, text=True, check=False,
        cwd="/",
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_it_runs_alone_on_a_folder_and_on_a_zip(tmp_path: Path) -> None:
    folder = write_package(rich_month(), tmp_path / "folder")
    with zipfile.ZipFile(tmp_path / "month.zip", "w") as packed:
        for file in folder.iterdir():
            packed.write(file, file.name)
    for path in (folder, tmp_path / "month.zip"):
        code, said = run(path)
        assert code == 0, said
        assert "一致 EQUAL" in said
        assert "signatures.json | 未核验 not verified" in said


def test_it_says_1_for_a_difference_and_2_for_what_it_cannot_read(tmp_path: Path) -> None:
    folder = write_package(rich_month(), tmp_path / "folder")
    result = json.loads((folder / "month.json").read_text(encoding="utf-8"))
    result["result"]["money"]["payable"] += 1
    (folder / "month.json").write_text(canonical(result), encoding="utf-8")
    code, said = run(folder)
    assert code == 1
    assert "month.json.result.money.payable | 不同 differs |" in said
    code, said = run(folder, "--json")
    assert code == 1
    (row,) = json.loads(said)["differences"]
    assert row["place"] == "month.json.result.money.payable"
    (folder / "facts.jsonl").unlink()
    assert run(folder)[0] == 2
    assert run(tmp_path / "nowhere.zip")[0] == 2
    (tmp_path / "no.zip").write_bytes(b"PK no zip")
    assert run(tmp_path / "no.zip")[0] == 2


def test_it_imports_nothing_of_the_console_and_nothing_that_python_does_not_bring() -> None:
    source = PROGRAM.read_text(encoding="utf-8")
    assert "import ops_console" not in source
    assert "from ops_console" not in source
    names = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert names <= sys.stdlib_module_names
