"""The snippet of the documentation, run as it stands there against a served console: it files a ticket."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from waitress import create_server

from ops_console.console import PROJECT
from tests.api.conftest import House
from tests.conftest import make_settings
from tests.pictures import picture

BLOCK = re.compile(r"```(python|sh)\n(.*?)```", re.DOTALL)
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def address(house: House) -> Iterator[str]:
    """The served console's address."""
    server = create_server(house.app, host="127.0.0.1", port=0, threads=2)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    thread.join(10)


def snippets(name: str = "docs/api.md") -> list[tuple[str, str]]:
    """Return the snippets of a page as (language, source), in its order."""
    return BLOCK.findall((PROJECT / name).read_text(encoding="utf-8"))


FILING = [
    pytest.param(language, source, id=f"{name}-{language}")
    for name in ("docs/api.md", "README.md", "README.zh-CN.md")
    for language, source in snippets(name)
    if "File-Name" not in source
]


def run(source: str, house: House, address: str, folder: Path, language: str = "sh") -> str:
    """Given a snippet, run it in a folder against the served console and return what it printed."""
    assert ADDRESS in source
    source = source.replace(ADDRESS, address)
    command = [sys.executable, "-c", source] if language == "python" else ["sh", "-c", source]
    done = subprocess.run(
        command, env={**os.environ, "OPS_TOKEN": house.token("vendor")}, capture_output=True, text=True, timeout=60,
        check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("language", "source"), FILING)
def test_the_snippet_files_a_ticket(house: House, address: str, tmp_path: Path, language: str, source: str) -> None:
    assert "GD-20261120-00001" in run(source, house, address, tmp_path, language)
    assert house.count() == 1


def test_both_languages_and_both_readmes_have_one() -> None:
    assert [param.id for param in FILING] == [
        "docs/api.md-python", "docs/api.md-sh", "README.md-sh", "README.zh-CN.md-sh",
    ]  # fmt: skip


def test_the_snippet_of_files_adds_one(house: House, address: str, tmp_path: Path) -> None:
    (tmp_path / "shot.png").write_bytes(picture())
    filing, adding = (source for language, source in snippets() if language == "sh")
    run(filing, house, address, tmp_path)
    added = json.loads(run(adding, house, address, tmp_path))
    assert (added["number"], added["digest"]) == ("GD-20261120-00001", sha256(picture()).hexdigest())


def test_the_address_of_the_snippets_is_the_shipped_one(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert make_settings(tmp_path).server.public_url == ADDRESS
