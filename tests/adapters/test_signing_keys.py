"""Public keys and signatures by them: what is taken, what is refused, and that OpenSSL's own files are understood."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from ops_console.adapters.signing_keys import is_signed, read_public_key
from ops_console.core.errors import Refused
from ops_console.core.signing_keys import LARGEST, sign_command, verify_command
from tests.real_services import require
from tests.signing import pem_of, signed

DATA = '{"month":"2026-10","字":"䶮㛃"}'.encode()


@pytest.fixture(scope="module")
def large_rsa() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


def keys(large: rsa.RSAPrivateKey) -> dict[str, Any]:
    return {
        "ed25519": ed25519.Ed25519PrivateKey.generate(), "p256": ec.generate_private_key(ec.SECP256R1()), "rsa": large,
    }  # fmt: skip


def test_three_kinds_of_keys_are_taken_and_their_signatures_hold(large_rsa: rsa.RSAPrivateKey) -> None:
    for algorithm, private in keys(large_rsa).items():
        found = read_public_key(pem_of(private))
        der = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        assert (found.algorithm, found.fingerprint) == (algorithm, hashlib.sha256(der).hexdigest())
        made = signed(private, DATA)
        assert is_signed(found.pem, DATA, made)
        assert not is_signed(found.pem, DATA + b" ", made)
        for broken in (made[:-1], made + b"\0", b"", b"\0" * 64, bytes([made[0] ^ 1]) + made[1:]):
            assert not is_signed(found.pem, DATA, broken)


def test_a_token_may_write_both_numbers_and_rsa_may_be_padded_by_pss(large_rsa: rsa.RSAPrivateKey) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    r, s = decode_dss_signature(private.sign(DATA, ec.ECDSA(hashes.SHA256())))
    assert is_signed(pem_of(private).decode(), DATA, r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    for salt in (padding.PSS.DIGEST_LENGTH, padding.PSS.MAX_LENGTH):
        made = large_rsa.sign(DATA, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())
        assert is_signed(pem_of(large_rsa).decode(), DATA, made)


def test_another_hash_is_no_signature(large_rsa: rsa.RSAPrivateKey) -> None:
    assert not is_signed(pem_of(large_rsa).decode(), DATA, large_rsa.sign(DATA, padding.PKCS1v15(), hashes.SHA1()))  # noqa: S303
    private = ec.generate_private_key(ec.SECP256R1())
    assert not is_signed(pem_of(private).decode(), DATA, private.sign(DATA, ec.ECDSA(hashes.SHA384())))


def test_a_private_key_is_refused_before_it_is_read() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for sent in (pem, pem + pem_of(private), b"-----BEGIN RSA PRIVATE KEY-----\nx"):
        with pytest.raises(Refused, match="这是私钥"):
            read_public_key(sent)


def test_weak_strange_and_broken_keys_are_refused(large_rsa: rsa.RSAPrivateKey) -> None:
    low = rsa.RSAPublicNumbers(3, large_rsa.public_key().public_numbers().n).public_key()
    low_pem = low.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    cases = {
        "3072 至 8192": pem_of(rsa.generate_private_key(65537, 2048)), "指数太小": low_pem,
        "只收 Ed25519": pem_of(ec.generate_private_key(ec.SECP384R1())),
        "读不出公钥": b"-----BEGIN PUBLIC KEY-----\nAAAA",
        "请选择文件": b" \n", "超过 16 KiB": b"a" * (LARGEST + 1),
    }  # fmt: skip
    for told, sent in cases.items():
        with pytest.raises(Refused, match=told):
            read_public_key(sent)
    for other in (ed448.Ed448PrivateKey.generate(), dsa.generate_private_key(2048)):
        with pytest.raises(Refused, match="只收 Ed25519"):
            read_public_key(pem_of(other))
    for bytes_ in (b"\x00\xff" * 40, b"hello", pem_of(large_rsa)[:200]):
        with pytest.raises(Refused, match="读不出公钥"):
            read_public_key(bytes_)


def test_a_certificate_is_told_how_to_become_a_key() -> None:
    with pytest.raises(Refused, match="openssl x509"):
        read_public_key(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


GENERATE = {
    "ed25519": "genpkey -algorithm ed25519 -out key.pem",
    "p256": "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem",
    "rsa": "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out key.pem",
}


@pytest.mark.parametrize("algorithm", GENERATE)
def test_the_commands_that_the_page_shows_do_what_it_says(algorithm: str, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    require("openssl", openssl, "no openssl in PATH")
    assert openssl is not None

    def run(command: str) -> bytes:
        return subprocess.run(  # noqa: S603 - our own commands
            [openssl, *command.removeprefix("openssl ").split()], cwd=tmp_path, check=True, capture_output=True
        ).stdout

    (tmp_path / "month.json").write_bytes(DATA)
    run(GENERATE[algorithm])
    run("pkey -in key.pem -pubout -out pub.pem")
    key = read_public_key((tmp_path / "pub.pem").read_bytes())
    assert key.algorithm == algorithm
    assert hashlib.sha256(run("pkey -pubin -in pub.pem -outform DER")).hexdigest() == key.fingerprint
    run(sign_command(algorithm))
    assert is_signed(key.pem, DATA, (tmp_path / "month.sig").read_bytes())
    assert b"erified" in run(verify_command(algorithm))
