"""`expose` and `service` as people run them: a process of its own, a site's file of its own."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from sqlalchemy import select

from ops_console import settings
from ops_console.adapters.certificates import held_in
from ops_console.console import PROJECT
from ops_console.store.audit import EventRow
from tests.cli.test_commands import run
from tests.conftest import FakeClock, make_console

NAME = "ops.hospital.local"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with the shipped file of settings."""
    (tmp_path / "config.toml").write_bytes((PROJECT / "config.toml").read_bytes())
    return tmp_path


def expose(site: Path, *arguments: object):  # type: ignore[no-untyped-def]
    return run(site / "data", "expose", *arguments, OPS_CONFIG=str(site / "config.toml"))


def test_a_house_exposed_with_its_own_authority_starts_with_valid_settings(site: Path) -> None:
    done = expose(site, "--name", NAME, "--make-ca", "--port", "18443", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["url"], told["names"]) == (f"https://{NAME}:18443", [NAME])
    assert Path(told["sheet"]).read_bytes().startswith(b"%PDF-")
    made = settings.load(PROJECT, {"OPS_CONFIG": str(site / "config.toml"), "OPS_DATA": str(site / "data")})
    assert (made.server.port, made.server.public_url) == (18443, told["url"])
    assert held_in(Path(made.server.tls_cert)).fingerprint == told["fingerprint"]
    assert stat.S_IMODE((site / "data" / "tls" / "ca.key").stat().st_mode) == 0o600
    console = make_console(site / "data", FakeClock())
    with console.read() as session:
        event = session.scalars(select(EventRow).where(EventRow.kind == "exposed")).one()
    console.close()
    assert told["fingerprint"] in event.facts

    before = (site / "data" / "tls" / "ca.crt").read_bytes()
    renewed = expose(site, "--renew", "--json")
    assert json.loads(renewed.stdout)["fingerprint"] != told["fingerprint"]
    assert (site / "data" / "tls" / "ca.crt").read_bytes() == before  # phones trust it already


def test_a_dry_run_changes_nothing(site: Path) -> None:
    before = (site / "config.toml").read_bytes()
    done = expose(site, "--name", NAME, "--make-ca", "--dry-run")
    assert (done.returncode, "+port = 8443" in done.stdout) == (0, True)
    assert (site / "config.toml").read_bytes() == before
    assert not (site / "data" / "tls").exists()


@pytest.mark.parametrize(
    "arguments",
    [("--make-ca",), ("--name", "a b", "--make-ca"), ("--name", "x..y", "--make-ca"), ("--name", NAME, "--cert", "x"),
     ("--name", NAME, "--cert", "/nowhere", "--key", "/nowhere"), ("--renew",)],
)  # fmt: skip
def test_what_is_not_right_is_told_and_changes_nothing(site: Path, arguments: tuple[str, ...]) -> None:
    before = (site / "config.toml").read_bytes()
    done = expose(site, *arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert (site / "config.toml").read_bytes() == before


def test_a_certificate_for_another_name_is_refused(site: Path) -> None:
    assert expose(site, "--name", "other.local", "--make-ca").returncode == 0
    folder = site / "data" / "tls"
    done = expose(site, "--name", NAME, "--cert", folder / "cert.pem", "--key", folder / "key.pem")
    assert (done.returncode, "other.local" in done.stderr) == (1, True)


def test_the_units_text_can_be_seen_anywhere(site: Path) -> None:
    done = run(site / "data", "service", "install", "--dry-run", OPS_CONFIG=str(site / "config.toml"))
    assert done.returncode == 0, done.stderr
    assert "NoNewPrivileges=yes" in done.stdout
    refused = run(site / "data", "service", "install", "--user", "a;b", OPS_CONFIG=str(site / "config.toml"))
    assert refused.returncode == 1
