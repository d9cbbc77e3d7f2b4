"""Changing config.toml: only the wanted values change, and where that is not sure nothing does."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops_console.adapters.site_file import edit
from ops_console.console import PROJECT
from ops_console.core.errors import Refused

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
WANTED = {"host": "0.0.0.0", "port": 8443, "public_url": "https://ops.hospital.local:8443", "tls_cert": "/d/c.pem"}


def test_the_shipped_file_changes_in_just_these_values(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    before = (PROJECT / "config.toml").read_text(encoding="utf-8")
    path.write_text(before, encoding="utf-8")
    change = edit(path, "server", WANTED)
    kept = change.write(NOW)
    assert kept is not None
    assert kept.read_text(encoding="utf-8") == before
    old, new = tomllib.loads(before), tomllib.loads(path.read_text(encoding="utf-8"))
    assert new == {**old, "server": {**old["server"], **WANTED}}
    same = set(before.splitlines()) - set(path.read_text(encoding="utf-8").splitlines())
    assert len(same) == len(WANTED)
    assert "唯一接受" in change.difference  # comments stay
    assert edit(path, "server", WANTED).write(NOW) is None


@pytest.mark.parametrize(
    "text",
    ['[server]\nhost = "a" # x\n', "[server]\n", '[a]\nhost = "z"\n[server]\nport = 1\n[b]\nhost = "y"\n',
     '# c\n[ server ]\nhost = "a"\n', '[server]\nhost = """\n[b]\nhost = 1\n"""\n', "[b]\n"],
)  # fmt: skip
def test_it_is_right_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    try:
        after = tomllib.loads(edit(path, "server", {"host": 'q"\\q', "port": 2}).after)
    except Refused as refused:
        assert "port = 2" in str(refused)
    else:
        old = tomllib.loads(text)
        assert after == {**old, "server": {**old["server"], "host": 'q"\\q', "port": 2}}
    assert path.read_text(encoding="utf-8") == text
