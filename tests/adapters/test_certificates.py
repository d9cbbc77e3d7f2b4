"""Certificates made here: bound to their names, which a TLS library other than the one that made them checks."""

from __future__ import annotations

import shutil
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from ops_console.adapters import certificates
from ops_console.core.errors import Refused
from tests.real_services import require

NOW = datetime.now(UTC).replace(microsecond=0)
NAME = "ops.hospital.local"


def house(folder: Path, leaf: tuple[str, ...], authority: tuple[str, ...] = (NAME,)) -> Path:
    made, key = certificates.make_authority(authority, NOW)
    own, own_key = certificates.make_leaf(made, key, leaf, NOW)
    for name, content in (("ca.crt", made), ("ca.key", key), ("cert.pem", own), ("key.pem", own_key)):
        certificates.keep(folder / name, content)
    return folder


def verifies(folder: Path, *more: str) -> bool:
    openssl = shutil.which("openssl")
    require("openssl", openssl, "no openssl in PATH")
    assert openssl
    command = [openssl, "verify", "-CAfile", folder / "ca.crt", "-purpose", "sslserver", *more, folder / "cert.pem"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_openssl_trusts_the_leaf_for_its_name_alone(tmp_path: Path) -> None:
    house(tmp_path, (NAME,))
    assert verifies(tmp_path, "-verify_hostname", NAME)
    assert not verifies(tmp_path, "-verify_hostname", "bank.example")


@pytest.mark.parametrize("other", ["bank.example", "10.9.9.9", "hospital.local"])
def test_the_authority_vouches_for_nothing_else_even_with_its_key(tmp_path: Path, other: str) -> None:
    assert not verifies(house(tmp_path, (other,)))


def test_an_authority_of_an_address_vouches_for_no_name(tmp_path: Path) -> None:
    assert verifies(house(tmp_path / "a", ("10.20.0.5",), ("10.20.0.5",)), "-verify_ip", "10.20.0.5")
    assert not verifies(house(tmp_path / "b", ("bank.example",), ("10.20.0.5",)))
    assert not verifies(house(tmp_path / "c", ("10.20.0.6",), ("10.20.0.5",)))


def test_it_lasts_no_longer_than_agreed(tmp_path: Path) -> None:
    house(tmp_path, (NAME,))
    held = certificates.held_in(tmp_path / "cert.pem")
    assert held.until == NOW - timedelta(days=1) + timedelta(days=397)
    assert certificates.held_in(tmp_path / "ca.crt").until == NOW - timedelta(days=1) + timedelta(days=3650)
    assert held.names == (NAME,)
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    house(tmp_path, (NAME,))
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ca.key", "key.pem", "cert.pem")} == {0o600}


def test_a_key_fits_its_certificate_alone(tmp_path: Path) -> None:
    house(tmp_path, (NAME,))
    assert certificates.fits(tmp_path / "cert.pem", tmp_path / "key.pem")
    assert not certificates.fits(tmp_path / "cert.pem", tmp_path / "ca.key")
    assert not certificates.fits(tmp_path / "cert.pem", tmp_path / "none")


def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello")
    with pytest.raises(Refused):
        certificates.held_in(tmp_path / "x")
