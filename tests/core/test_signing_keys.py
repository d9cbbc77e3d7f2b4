"""What counts as a key or a signature in an upload, where authenticators work, how a fingerprint is told."""

from __future__ import annotations

import base64
import os

import pytest

from ops_console.core import signing_keys as core
from ops_console.core.errors import Refused
from ops_console.core.signing_keys import RelyingParty


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://ops.hospital.local", RelyingParty("ops.hospital.local", "https://ops.hospital.local")),
        ("https://ops.hospital.local:443", RelyingParty("ops.hospital.local", "https://ops.hospital.local")),
        ("https://ops.hospital.local:8443", RelyingParty("ops.hospital.local", "https://ops.hospital.local:8443")),
        ("http://localhost:8000", RelyingParty("localhost", "http://localhost:8000")),
        ("http://ops.hospital.local", None), ("https://10.20.3.4", None), ("http://127.0.0.1:8000", None),
        ("https://[::1]:8443", None), ("", None),
    ],
)  # fmt: skip
def test_authenticators_work_under_https_and_a_name(url: str, wanted: RelyingParty | None) -> None:
    assert core.relying_party(url) == wanted


def test_a_signature_is_taken_raw_in_hex_and_in_base64() -> None:
    raw = os.urandom(64)
    for sent in (
        raw, raw.hex().encode(), raw.hex().upper().encode() + b"\n", base64.b64encode(raw),
        base64.encodebytes(raw), b"  " + base64.b64encode(raw) + b"\r\n",
    ):  # fmt: skip
        assert raw in core.signatures_in(sent)


def test_the_longest_upload_is_taken_and_one_byte_more_is_not() -> None:
    assert core.signatures_in(b"a" * core.LARGEST)
    with pytest.raises(Refused, match="超过 16 KiB"):
        core.signatures_in(b"a" * (core.LARGEST + 1))
    for nothing in (b"", b" \r\n"):
        with pytest.raises(Refused, match="请选择文件"):
            core.signatures_in(nothing)


def test_a_fingerprint_is_told_in_groups_and_typed_by_its_end() -> None:
    fingerprint = "0123456789abcdef" * 4
    assert core.grouped(fingerprint).split(" ")[:2] == ["0123", "4567"]
    core.check_typed(fingerprint, "89AB CDEF")
    for wrong in ("", "01234567", "89abcde", fingerprint):
        with pytest.raises(Refused, match="登记单"):
            core.check_typed(fingerprint, wrong)


@pytest.mark.parametrize("label", ["", " ", "名" * 41, "坏\x00"])
def test_a_key_has_a_name(label: str) -> None:
    with pytest.raises(Refused, match="起个名字"):
        core.check_label(label)
    assert core.check_label(" 保险柜 ") == "保险柜"


def test_every_algorithm_has_its_commands() -> None:
    for algorithm in core.ALGORITHMS:
        assert "month.json" in core.sign_command(algorithm) and "month.sig" in core.verify_command(algorithm)
    assert "-rawin" in core.sign_command(core.ED25519)
