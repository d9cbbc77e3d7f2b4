"""The snippet of the documentation, run as it stands there against a served console: it files a ticket."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from waitress import create_server

from ops_console.console import PROJECT
from tests.api.conftest import House
from tests.conftest import make_settings

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


def snippets() -> dict[str, str]:
    """Return the snippets of docs/api.md by language."""
    return dict(BLOCK.findall((PROJECT / "docs" / "api.md").read_text(encoding="utf-8")))


@pytest.mark.parametrize("language", ["python", "sh"])
def test_the_snippet_files_a_ticket(house: House, address: str, language: str) -> None:
    source = snippets()[language].replace(ADDRESS, address)
    assert address in source
    command = [sys.executable, "-c", source] if language == "python" else ["sh", "-c", source]

    done = subprocess.run(
        command, env={**os.environ, "OPS_TOKEN": house.token("vendor")}, capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "GD-20261120-00001" in done.stdout
    assert house.count() == 1


def test_the_address_of_the_snippets_is_the_shipped_one(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert make_settings(tmp_path).server.public_url == ADDRESS
