"""A month's evidence package: the same bytes each time, nothing typed in it, recomputed alone, altered files found."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema_rs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ops_console.console import Console
from ops_console.core.chain import canonical
from ops_console.core.errors import NotFound, Refused
from ops_console.core.evidence import TOOLS
from ops_console.core.frozen_months import sha256
from ops_console.core.people import SYSTEM, Actor, actor_of, terminal_actor
from ops_console.core.signatures import OFFLINE_KEY, PAPER
from ops_console.services import anchors, evidence, evidence_contents, jobs
from ops_console.services.month_words import Desk
from ops_console.store import audit
from tests.conftest import HOSPITAL, VENDOR, FakeClock, log_ticket
from tests.evidence import PATIENT, PROOF, lived_october, take, texts
from tests.services.test_histories import correct
from tests.services.test_signatures import at_localhost, by_device, enrol
from tests.signing import (
    CHIEF,
    MANAGER,
    MONTH,
    OCTOBER,
    SoftAuthenticator,
    confirm_key,
    contract,
    freeze_next,
    register,
    row_of,
    scan,
    sign,
    signed,
)
from tests.test_recalculate_month import PROGRAM, SCHEMA, program


@pytest.fixture
def clock() -> FakeClock:
    """A workday morning in October."""
    return FakeClock(OCTOBER)


@pytest.fixture
def numbers(console: Console, clock: FakeClock) -> list[str]:
    """A frozen October's tickets."""
    return lived_october(console, clock)


def found(path: Path) -> list[tuple[str, str]]:
    return [(row["kind"], row["place"]) for row in program().recalculate(path).rows]


def unpacked(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as packed:
        packed.extractall(folder)
    return folder


def test_a_stranger_recomputes_the_month_from_the_package_alone(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    take(console, tmp_path / "m.zip")

    run = subprocess.run(
        [sys.executable, "-I", str(unpacked(tmp_path / "m.zip", tmp_path / "m") / "recalculate_month.py"), "."],
        capture_output=True, text=True, check=False, cwd=tmp_path / "m",
    )  # fmt: skip

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines() == [
        "一致 EQUAL: 逐项重算，与 month.json 相同 / every figure recomputed is the one in month.json"
    ]
    clocks = json.loads(texts(tmp_path / "m.zip")["month.json"])["clocks"]
    assert {one["outcome"] for one in clocks} >= {"kept", "broken"}


def test_the_chain_in_it_is_one_that_verify_chain_accepts_up_to_the_frozen_head(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    take(console, tmp_path / "m.zip")
    folder = unpacked(tmp_path / "m.zip", tmp_path / "m")
    run = subprocess.run(
        [sys.executable, "-I", str(folder / "verify_chain.py"), "chain.jsonl", "--json"], capture_output=True,
        text=True, check=False, cwd=folder,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout
    first = json.loads((folder / "facts.jsonl").read_text(encoding="utf-8").splitlines()[0])
    (told,) = json.loads(run.stdout)["told"]
    assert (told["last"], told["head"]) == (first["chain_count"], first["chain_head"])


def test_a_partys_own_anchors_agree_with_a_package_taken_later(
    console: Console, clock: FakeClock, numbers: list[str], tmp_path: Path
) -> None:
    """The chain in a package ends with the freeze: what was anchored since accuses nobody."""
    take(console, tmp_path / "m.zip")
    folder = unpacked(tmp_path / "m.zip", tmp_path / "m")
    anchors.make_today(console.anchoring(), SYSTEM, clock.forward(days=1))
    log_ticket(console)
    anchors.make_today(console.anchoring(), SYSTEM, clock.forward(days=1))
    held = (console.settings.data_folder / "anchors.jsonl").read_text(encoding="utf-8").splitlines()
    kept = folder / "held.jsonl"
    kept.write_text("\n".join(held) + "\n", encoding="utf-8")

    def told(*more: str) -> tuple[int, list[str]]:
        run = subprocess.run(
            [sys.executable, "-I", "verify_chain.py", "chain.jsonl", "--anchors", str(kept), *more, "--json"],
            capture_output=True, text=True, check=False, cwd=folder,
        )  # fmt: skip
        return run.returncode, [one["kind"] for one in json.loads(run.stdout)["told"]]

    assert told("--part") == (0, ["ok", "anchors_late"])
    assert told() == (1, ["ok", *["anchor_cut"] * len(held)])  # a whole export cut short is found as ever


def test_the_same_month_gives_the_same_bytes_whoever_takes_it_and_whenever(
    console: Console, clock: FakeClock, numbers: list[str], tmp_path: Path
) -> None:
    first = take(console, tmp_path / "1.zip")
    clock.forward(days=40)
    with console.write() as session:
        evidence.note(session, first, CHIEF, clock.at)
    second = take(console, tmp_path / "2.zip", actor=terminal_actor("root"))
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    assert first == second
    assert first.sha256 == hashlib.sha256((tmp_path / "1.zip").read_bytes()).hexdigest()
    with zipfile.ZipFile(tmp_path / "1.zip") as packed:
        assert len({info.date_time for info in packed.infolist()}) == 1


def test_no_text_that_people_typed_and_no_patients_file_is_in_it(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    made = take(console, tmp_path / "m.zip")
    for name, text in texts(tmp_path / "m.zip").items():
        for typed in ("王小明", "李护士", "HIS厂商张三", "看错了钟", "截图"):
            assert typed not in text, (name, typed)
    with zipfile.ZipFile(tmp_path / "m.zip") as packed:
        contents = [packed.read(name) for name in packed.namelist() if name.startswith("files/")]
    assert contents == [PROOF]
    assert (made.files, made.withheld) == (1, 1)
    manifest = json.loads(texts(tmp_path / "m.zip")["manifest.json"])
    assert manifest["withheld"] == [
        {"sha256": hashlib.sha256(PATIENT).hexdigest(), "subject": "ticket", "subject_id": numbers[0],
         "reason": "patient"}
    ]  # fmt: skip


def test_every_file_is_what_the_closed_schema_says(console: Console, numbers: list[str], tmp_path: Path) -> None:
    sign(console, CHIEF)
    take(console, tmp_path / "m.zip")
    for name, text in texts(tmp_path / "m.zip").items():
        if name in SCHEMA["$defs"]:
            validator = jsonschema_rs.validator_for({"$ref": f"#/$defs/{name}", "$defs": SCHEMA["$defs"]})
            for line in text.splitlines() if name.endswith(".jsonl") else [text]:
                validator.validate(json.loads(line))


def test_the_lists_open_as_tables_and_count_what_the_month_counts(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    take(console, tmp_path / "m.zip")
    packed = texts(tmp_path / "m.zip")
    lists = {name: list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))) for name, text in packed.items()
             if name.startswith("lists/")}  # fmt: skip
    assert set(lists) == {
        f"lists/{name}.csv" for name in (
            "tickets", "carried", "clocks", "clauses", "items", "deductions", "duties", "caps", "cases", "entries",
            "payment", "objections", "files",
        )
    }  # fmt: skip
    month = json.loads(packed["month.json"])
    assert [row["单号 number"] for row in lists["lists/tickets.csv"]][:5] == sorted(numbers)
    assert len(lists["lists/clocks.csv"]) == len(month["clocks"])
    assert len(lists["lists/clauses.csv"]) == len(month["result"]["clauses"]) == 58
    assert {row["未放入的原因 withheld"] for row in lists["lists/files.csv"]} == {"", "patient"}


def test_flipping_one_byte_of_any_file_is_found_and_the_file_is_named(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    sign(console, CHIEF)
    take(console, tmp_path / "m.zip")
    folder = unpacked(tmp_path / "m.zip", tmp_path / "m")
    assert found(folder) == []
    names = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    assert len(names) > 20
    for name in names:
        whole = (folder / name).read_bytes()
        for place in (0, len(whole) // 2, len(whole) - 1):
            (folder / name).write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            try:
                told = found(folder)
            except program().Unreadable as why:
                told = [("unreadable", str(why))]
            assert any(name in where for _, where in told), (name, place, told[:3])
        (folder / name).write_bytes(whole)
    assert found(folder) == []


def test_a_removed_and_an_added_file_are_found(console: Console, numbers: list[str], tmp_path: Path) -> None:
    take(console, tmp_path / "m.zip")
    folder = unpacked(tmp_path / "m.zip", tmp_path / "m")
    kept = next(file for file in (folder / "files").iterdir())
    kept.rename(tmp_path / "elsewhere")
    (folder / "lists" / "favours.csv").write_text("x", encoding="utf-8")
    assert found(folder) == [("extra", "lists/favours.csv"), ("missing", f"files/{kept.name}")]


def test_somebody_who_makes_every_hash_anew_is_found_by_the_events_and_by_the_signature(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    sign(console, CHIEF)
    take(console, tmp_path / "m.zip")
    folder = unpacked(tmp_path / "m.zip", tmp_path / "m")
    facts = [json.loads(line) for line in (folder / "facts.jsonl").read_text(encoding="utf-8").splitlines()]
    ticket = next(one for one in facts if one.get("number") == numbers[0])
    ticket["responded_at"] = ticket["responded_at"].replace(":02:00", ":01:59")
    for line in facts:
        line.pop("sha256")
        line["sha256"] = sha256(canonical(line))
    (folder / "facts.jsonl").write_text("".join(canonical(line) + "\n" for line in facts), encoding="utf-8")
    month = json.loads((folder / "month.json").read_text(encoding="utf-8"))
    month["facts_sha256"] = sha256((folder / "facts.jsonl").read_text(encoding="utf-8"))
    for clock in month["clocks"]:
        if clock["number"] == numbers[0] and clock["clock"] == "response":
            clock["seconds"] -= 1
            clock["raw_seconds"] -= 1
    (folder / "month.json").write_text(canonical(month), encoding="utf-8")
    (folder / "manifest.json").unlink()

    told = found(folder)

    assert ("timeline", f"{numbers[0]} responded_at") in told
    assert ("hash", "signatures.json over_sha256") in told
    assert not [one for one in told if one[0] == "differs"]  # every figure follows from what was forged


def test_an_entry_of_a_timeline_that_is_not_the_chains_is_found(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    take(console, tmp_path / "m.zip")
    folder = unpacked(tmp_path / "m.zip", tmp_path / "m")
    lines = (folder / "timelines.jsonl").read_text(encoding="utf-8").splitlines()
    told = json.loads(lines[0])
    told["body"]["actor"] = "somebody else"
    content = b"ops-console/chain/v1\0" + told["prev"].encode() + b"\0" + canonical(told["body"]).encode()
    told["hash"] = hashlib.sha256(content).hexdigest()
    (folder / "timelines.jsonl").write_text("\n".join([canonical(told), *lines[1:], ""]), encoding="utf-8")
    (folder / "manifest.json").unlink()
    assert ("chain", "timelines.jsonl:1") in found(folder)
    chain = (folder / "chain.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "chain.jsonl").write_text("\n".join([*chain[:3], *chain[4:], ""]), encoding="utf-8")
    assert ("chain", "chain.jsonl:4") in found(folder)


# -- signatures -------------------------------------------------------------------------------------------------------

openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl")
KEYS = {
    "ed25519": lambda: ed25519.Ed25519PrivateKey.generate(),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 3072),
}  # fmt: skip


@openssl
@pytest.mark.parametrize("algorithm", KEYS)
def test_an_offline_signature_is_verified_with_openssl_alone(
    console: Console, numbers: list[str], tmp_path: Path, algorithm: str
) -> None:
    key = KEYS[algorithm]()
    confirm_key(console, register(console, key))
    sign(console, CHIEF, method=OFFLINE_KEY, signature=signed(key, row_of(console).result.encode()))
    take(console, tmp_path / "m.zip")
    assert found(tmp_path / "m.zip") == []
    assert program().recalculate(tmp_path / "m.zip").notes == []
    folder = unpacked(tmp_path / "m.zip", tmp_path / "m")
    (folder / "manifest.json").unlink()

    told = json.loads((folder / "signatures.json").read_text(encoding="utf-8"))
    other = KEYS[algorithm]()
    told["signatures"][0]["material"]["signature"] = base64.b64encode(signed(other, b"something else")).decode()
    (folder / "signatures.json").write_text(canonical(told), encoding="utf-8")
    assert found(folder) == [("signature", "signatures.json[0] hospital")]


@openssl
def test_an_authenticators_signature_is_verified_with_openssl_alone(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    at_localhost(console)
    device = SoftAuthenticator()
    confirm_key(console, enrol(console, device))
    by_device(console, device)
    take(console, tmp_path / "m.zip")
    assert found(tmp_path / "m.zip") == []
    folder = unpacked(tmp_path / "m.zip", tmp_path / "m")
    (folder / "manifest.json").unlink()
    told = json.loads((folder / "signatures.json").read_text(encoding="utf-8"))
    told["signatures"][0]["attempt"] = 3  # what it was asked to sign was another attempt
    (folder / "signatures.json").write_text(canonical(told), encoding="utf-8")
    assert found(folder) == [("signature", "signatures.json[0] hospital")]


def test_a_stamped_paper_comes_with_its_scan_and_a_locked_month_with_both_names(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    row = row_of(console)
    paper = scan(console)
    sign(console, CHIEF, method=PAPER, code=row.digest[:12], stamped_by="信息科长", scan=paper)
    sign(console, MANAGER)
    take(console, tmp_path / "m.zip")
    assert found(tmp_path / "m.zip") == []
    told = json.loads(texts(tmp_path / "m.zip")["signatures.json"])
    assert (told["state"], told["outcome"]) == ("locked", "both")
    assert [(one["party"], one["method"], one.get("proof", "")) for one in told["signatures"]] == [
        ("hospital", "paper", paper.digest), ("vendor", "login", ""),
    ]  # fmt: skip
    with zipfile.ZipFile(tmp_path / "m.zip") as packed:
        assert f"files/{paper.digest}.pdf" in packed.namelist()


# -- who may, when ----------------------------------------------------------------------------------------------------


def test_a_draft_has_no_package_and_it_is_said_what_to_do(console: Console, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="还没有冻结.*到冻结日"):
        take(console, tmp_path / "m.zip")
    assert list(tmp_path.glob("*.zip")) == []


@pytest.mark.parametrize("role", ["administrator", "security", "audit_administrator"])
def test_who_may_not_read_months_takes_none(console: Console, numbers: list[str], tmp_path: Path, role: str) -> None:
    actor = actor_of("x", "x", role)
    with pytest.raises(Refused, match="没有这项权限"):
        take(console, tmp_path / "m.zip", actor=actor)
    with console.write() as session, pytest.raises(Refused, match="没有这项权限"):
        evidence.ask(session, contract(console), MONTH, actor, console.now())


@pytest.mark.parametrize("actor", [HOSPITAL, VENDOR, actor_of("auditor", "审计员", "auditor")])
def test_it_is_made_as_a_run_that_its_asker_alone_finds_and_an_event_tells(
    console: Console, numbers: list[str], tmp_path: Path, actor: Actor
) -> None:
    take(console, tmp_path / "m.zip")
    with console.write() as session:
        run_id = evidence.ask(session, contract(console), MONTH, actor, console.now())
    console.runs().execute(run_id)

    with console.read() as session:
        status, result, _error = jobs.outcome(session, run_id)
        assert evidence.find(session, run_id, actor).id == run_id
        with pytest.raises(NotFound):
            evidence.find(session, run_id, actor_of("other", "别人", "hospital"))
        ((_seq, about, event),) = audit.about(session, "evidence")
    made = console.files.export(run_id).read_bytes()
    assert (status, result["month"], result["size"]) == ("done", MONTH, len(made))
    assert made == (tmp_path / "m.zip").read_bytes()
    assert (event.kind, event.actor, about) == ("evidence_taken", actor.account, f"{result['contract']}/{MONTH}")
    assert event.facts["file"] == hashlib.sha256(made).hexdigest()
    assert event.facts["digest"] == row_of(console).digest


def test_a_file_that_is_gone_or_was_changed_is_withheld_with_the_reason(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    path = console.files.attachment(hashlib.sha256(PROOF).hexdigest())
    path.write_bytes(b"something else")
    made = take(console, tmp_path / "1.zip")
    path.unlink()
    take(console, tmp_path / "2.zip")
    reasons = [
        {one["reason"] for one in json.loads(texts(tmp_path / name)["manifest.json"])["withheld"]}
        for name in ("1.zip", "2.zip")
    ]
    assert (made.files, reasons) == (0, [{"patient", "changed"}, {"patient", "missing"}])
    assert found(tmp_path / "1.zip") == []


def test_what_was_said_after_the_freeze_is_in_the_list_without_its_words(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    with console.write() as session:
        book = console.book(session)
        desk = Desk(session, book, contract(console), MONTH, actor=VENDOR, now=console.now())
        desk.object("C-15", "王小明的电话打到了旧号码")
    take(console, tmp_path / "m.zip")
    packed = texts(tmp_path / "m.zip")
    (row,) = csv.DictReader(io.StringIO(packed["lists/objections.csv"].removeprefix("\ufeff")))
    assert (row["种类 kind"], row["所指 target"], row["一方 side"]) == ("异议", "C-15", "乙方")
    assert "旧号码" not in "".join(packed.values())
    assert found(tmp_path / "m.zip") == []


def test_carried_tickets_come_with_their_events_of_earlier_months(
    console: Console, clock: FakeClock, numbers: list[str], tmp_path: Path
) -> None:
    correct(console, numbers[1], "type", "咨询")
    freeze_next(console, clock, "2026-11")
    take(console, tmp_path / "m.zip", "2026-11")
    packed = texts(tmp_path / "m.zip")
    bodies = [json.loads(line)["body"] for line in packed["timelines.jsonl"].splitlines()]
    assert {body["subject_id"] for body in bodies} == {numbers[1]}
    assert bodies[0]["kind"] == "reported"
    assert found(tmp_path / "m.zip") == []


def test_past_the_most_the_chain_is_left_out_and_that_is_said(
    console: Console, numbers: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_contents.core, "MOST_CHAIN", 3)
    take(console, tmp_path / "m.zip")
    packed = texts(tmp_path / "m.zip")
    assert "chain.jsonl" not in packed
    (note,) = json.loads(packed["manifest.json"])["notes"]
    assert re.fullmatch(r"chain left out: \d+ entries; take it with `audit export`", note)
    report = program().recalculate(tmp_path / "m.zip")
    assert report.rows == []
    assert [one["place"] for one in report.notes] == ["chain.jsonl"]


def test_the_programs_given_away_are_those_of_the_repository(
    console: Console, numbers: list[str], tmp_path: Path
) -> None:
    take(console, tmp_path / "m.zip")
    packed = texts(tmp_path / "m.zip")
    for own, name in TOOLS.items():
        assert packed[name] == (PROGRAM.parent / own).read_text(encoding="utf-8")
    assert row_of(console).digest in packed["README.txt"]
