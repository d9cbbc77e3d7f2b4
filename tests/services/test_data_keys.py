"""The master key stays outside the database; data keys are kept, turned over, and found again after a restart."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from ops_console.adapters.sealing import MasterKey, read_master_key
from ops_console.console import Console
from ops_console.core.errors import ConsoleError, Refused, Unsealable
from ops_console.services import data_keys
from ops_console.store import data_keys as store
from tests.conftest import MASTER_KEY, FakeClock, make_console, make_settings

PLACE = {"table": "person", "row": 3, "field": "seed"}
OTHER = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def test_every_purpose_has_a_key_that_opens_after_a_restart(
    console: Console, clock: FakeClock, migrated_url: str
) -> None:
    sealed = {p: console.sealer(p).seal(p.encode(), **PLACE) for p in data_keys.PURPOSES}
    again = make_console(console.files.folder, clock, migrated_url)
    assert {p: again.sealer(p).open(s, **PLACE) for p, s in sealed.items()} == {p: p.encode() for p in sealed}
    with console.read() as session:
        assert [row.purpose for row in store.every(session)] == list(data_keys.PURPOSES)
    again.close()


def test_a_key_turned_over_while_running_opens_what_the_old_one_sealed(console: Console) -> None:
    sealer = console.sealer("personal")
    old = sealer.seal(b"old", **PLACE)
    with console.write() as session:
        master = MasterKey(read_master_key(MASTER_KEY, "test"))
        version = data_keys.renew(session, master, "personal", console.now())
    assert console.ring is not None
    console.ring.refresh()
    new = sealer.seal(b"new", **PLACE)
    assert (version, new[5], old[5]) == (3, 3, 1)
    assert (sealer.open(old, **PLACE), sealer.open(new, **PLACE)) == (b"old", b"new")
    with console.read() as session:
        assert [(row.version, row.retired_at is None) for row in store.every(session)] == [
            (1, False),
            (2, True),
            (3, True),
        ]


def test_the_first_start_makes_a_master_key_for_its_owner_alone(tmp_path: Path, clock: FakeClock) -> None:
    settings = make_settings(tmp_path / "data")
    (tmp_path / "data" / "master.key").unlink()
    made = Console(settings, now=clock)
    made.prepare()
    path = tmp_path / "data" / "master.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = read_master_key(path.read_text(), "test")
    made.close()
    held = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and file != path)
    assert key not in held
    assert path.read_bytes().strip() not in held


def test_a_lost_master_key_is_not_quietly_made_anew(sqlite_console: Console, clock: FakeClock) -> None:
    folder = sqlite_console.files.folder
    (folder / "master.key").unlink()
    with pytest.raises(Refused, match=r"master\.key 不见了"):
        Console(sqlite_console.settings, now=clock).prepare()
    assert not (folder / "master.key").exists()


def test_another_master_key_is_refused_at_start(sqlite_console: Console, clock: FakeClock) -> None:
    (sqlite_console.files.folder / "master.key").write_text(OTHER)
    with pytest.raises(Unsealable, match="主密钥"):
        Console(sqlite_console.settings, now=clock).prepare()


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe\xff"])
def test_a_broken_master_key_is_told(sqlite_console: Console, clock: FakeClock, content: bytes) -> None:
    (sqlite_console.files.folder / "master.key").write_bytes(content)
    with pytest.raises(ConsoleError, match="主密钥"):
        Console(sqlite_console.settings, now=clock).prepare()


def test_the_master_key_may_come_from_the_environment(tmp_path: Path, clock: FakeClock) -> None:
    given = {"OPS_SECURITY__MASTER_KEY": "env:SEALED", "SEALED": OTHER}
    settings = make_settings(tmp_path / "data", **given)
    (tmp_path / "data" / "master.key").unlink()
    made = Console(settings, now=clock)
    made.prepare()
    assert made.sealer("personal").open(made.sealer("personal").seal(b"x", **PLACE), **PLACE) == b"x"
    assert not (tmp_path / "data" / "master.key").exists()
    assert OTHER not in repr(settings)
    made.close()


def test_a_data_key_changed_in_the_database_is_found_at_start(console: Console, clock: FakeClock) -> None:
    with console.write() as session:
        session.execute(
            text("UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE version = 2) WHERE version = 1")
        )
    with pytest.raises(Unsealable):
        Console(console.settings, now=clock).prepare()
