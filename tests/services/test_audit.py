"""The export and the one file that checks it without the console: what an auditor runs at another machine."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from ops_console.console import Console
from ops_console.core.chain import GENESIS
from ops_console.core.errors import Refused
from ops_console.core.people import SYSTEM
from ops_console.services import anchors
from tests.conftest import FakeClock
from tests.services.test_chain_checks import VERIFIER, as_owner, exported, kept_anchors, number_of, offline, ten

__all__ = ["ten"]  # a fixture


def test_an_export_holds_no_personal_text_unless_asked(ten: Console, tmp_path: Path) -> None:
    without = exported(ten, tmp_path / "a.jsonl").read_text(encoding="utf-8")
    assert "病人" not in without
    assert "病人 4" in exported(ten, tmp_path / "b.jsonl", personal=True).read_text(encoding="utf-8")


def test_an_export_may_begin_in_the_middle(ten: Console, tmp_path: Path) -> None:
    code, told = offline(exported(ten, tmp_path / "a.jsonl", first=5), "--anchors", kept_anchors(ten, tmp_path / "h"))
    assert (code, told[0]["first"]) == (0, 5)
    with pytest.raises(Refused, match="没有第 99 条"):
        exported(ten, tmp_path / "b.jsonl", first=99)


def test_an_export_goes_over_its_batches_without_a_gap(ten: Console, tmp_path: Path) -> None:
    for batch in (1, 3, 14, 15, 16):
        assert offline(exported(ten, tmp_path / "a.jsonl", batch=batch))[0] == 0


HEAD = (
    '{"format":"ops-console/audit-export/v1","first":1,"last":1,"before":"'
    + GENESIS
    + '","head":"","personal":false}\n'
)


@pytest.mark.parametrize(
    ("content", "kind", "code"),
    [
        ("", "header", 1),
        ("{}\n", "header", 1),
        ('{"format":"ops-console/audit-export/v2"}\n', "header", 1),
        (HEAD, "tail", 1),
        (HEAD + "not json\n", "json", 1),
        (HEAD + '{"body":{"seq":1,"seq":1},"hash":"","prev":""}\n', "json", 1),
        (HEAD + '{"body":{"seq":1.0},"hash":"","prev":""}\n', "json", 1),
        (HEAD + '{"body":{"seq":1,"a":NaN},"hash":"","prev":""}\n', "json", 1),
        (HEAD + '{"body":{"seq":1,"a":"\\ud800"},"hash":"","prev":""}\n', "shape", 1),
        (HEAD + '{"body":{"seq":2},"hash":"","prev":""}\n', "missing", 1),
        (HEAD + "[]\n", "json", 1),
    ],
)
def test_a_hostile_export_is_one_sentence(tmp_path: Path, content: str, kind: str, code: int) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(content, encoding="utf-8")
    found, told = offline(path)
    assert (found, [one["kind"] for one in told]) == (code, [kind])


def test_a_file_cut_short_a_line_repeated_and_no_file_are_told(ten: Console, tmp_path: Path) -> None:
    lines = exported(ten, tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    for name, kept, kind in (("cut", lines[:-1], "tail"), ("twice", [*lines[:4], *lines[3:]], "missing")):
        (tmp_path / name).write_text("".join(kept), encoding="utf-8")
        assert offline(tmp_path / name)[1][0]["kind"] == kind
    assert offline(tmp_path / "none")[0] == 2


def test_an_altered_anchor_or_one_left_out_is_told(ten: Console, clock: FakeClock, tmp_path: Path) -> None:
    for _day in range(2):
        anchors.make_today(ten.anchoring(), SYSTEM, clock.forward(days=1))
    export, held = exported(ten, tmp_path / "a.jsonl"), kept_anchors(ten, tmp_path / "held.jsonl")
    last, lines = number_of(ten, "9"), held.read_text(encoding="utf-8").splitlines(keepends=True)
    held.write_text(lines[0] + lines[2], encoding="utf-8")
    assert [one["kind"] for one in offline(export, "--anchors", held)[1]] == ["ok", "anchor_linked"]
    held.write_text(lines[0].replace(f'"count":{last}', f'"count":{last - 1}'), encoding="utf-8")
    assert offline(export, "--anchors", held) == (1, [{"day": "2026-11-20", "kind": "anchor_digest"}])


def test_the_verifier_speaks_both_languages_and_runs_on_python_3_8(ten: Console, tmp_path: Path) -> None:
    ast.parse(VERIFIER.read_text(encoding="utf-8"), feature_version=(3, 8))
    seq = number_of(ten, "4")
    as_owner(ten, f"UPDATE event SET actor = 'x' WHERE seq = {seq}")
    path = exported(ten, tmp_path / "a.jsonl")
    for language, words in (
        ("zh", f"第 {seq} 条的内容与它的哈希不符"),
        ("en", f"the content of entry {seq} does not match"),
    ):
        done = subprocess.run(
            [sys.executable, str(VERIFIER), str(path), "--lang", language], capture_output=True, text=True, check=False,
            encoding="utf-8",
        )  # fmt: skip
        assert done.returncode == 1
        assert words in done.stdout
