"""The lock of one process at a time: held until it is released or its holder is gone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ops_console.adapters.alone import hold_alone
from ops_console.console import Console
from ops_console.core.errors import Refused

REFUSAL = Refused("Somebody else is at it.")


def test_a_second_holder_is_refused_until_the_first_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "a" / "server.lock"
    first = hold_alone(path, REFUSAL)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(Refused) as told:
        hold_alone(path, REFUSAL)
    assert told.value is REFUSAL
    first.release()
    second = hold_alone(path, REFUSAL)
    second.release(forget=True)
    second.release()
    assert not path.exists()


def test_a_serving_console_holds_its_embedded_database_alone(console: Console) -> None:
    other = Console(console.settings)
    console.serve_alone()
    if console.database.is_sqlite:
        with pytest.raises(Refused, match="没有启动第二个"):
            other.serve_alone()
        console.close()
    other.serve_alone()
    other.close()
