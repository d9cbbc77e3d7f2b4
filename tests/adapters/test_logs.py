"""A log line is one line, and holds neither a secret nor a personal number."""

from __future__ import annotations

import base64
import gc
import logging
from urllib.parse import quote

import pytest

from ops_console.adapters.logs import SafeFormatter
from ops_console.core.personal_data import Masker
from ops_console.core.secrets import LIVING, Secret, struck_out


def line(message: str, *values: object, failed: Exception | None = None, masker: Masker | None = None) -> str:
    record = logging.LogRecord("ops", logging.WARNING, "x.py", 1, message, values, None)
    if failed is not None:
        record.exc_info = (type(failed), failed, failed.__traceback__)
    return SafeFormatter(masker).format(record)


@pytest.mark.parametrize("bad", ["\r", "\x1b[31m", "\x00", "\x7f", "\x9b", "\u2028", "\u202e", "\t"])
def test_control_characters_are_written_out(bad: str) -> None:
    told = line("name=%s", f"a{bad}b")
    assert bad[0] not in told
    assert "\\" in told


def test_a_name_with_a_newline_forges_no_line() -> None:
    forged = "x\n2026-11-20 00:00:00,000 CRITICAL root forged"
    lines = line("name=%s", forged).split("\n")
    assert all(following.startswith("    ") for following in lines[1:])
    try:
        raise ValueError(forged)
    except ValueError as failed:
        lines = line("failed", failed=failed).split("\n")
    assert len(lines) > 3
    assert all(following.startswith("    ") for following in lines[1:])


def test_personal_numbers_are_masked_in_lines_and_tracebacks() -> None:
    try:
        raise ValueError("row 13800001234")
    except ValueError as failed:
        told = line("phone=%s", "13800001234", failed=failed)
    assert "13800001234" not in told
    assert told.count("138****1234") >= 2


def test_the_sites_own_labels_count_in_the_log() -> None:
    assert "778899" not in line("体检号 778899", masker=Masker(("体检号",)))


@pytest.mark.parametrize(
    "form",
    [
        lambda value: value,
        quote,
        lambda value: quote(value, safe=""),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    ],
)
def test_a_living_secret_is_struck_out_however_it_is_written(form) -> None:  # type: ignore[no-untyped-def]
    secret = Secret("s3cret/+ of 'ours'?")
    told = line("url=https://x/?key=%s", form(secret.reveal()))
    assert form(secret.reveal()) not in told
    assert "***" in told


def test_a_short_secret_strikes_out_no_ordinary_word() -> None:
    kept = Secret("gone")
    assert struck_out("gone") == "gone"
    assert kept.reveal() == "gone"


def test_a_dead_secret_is_forgotten() -> None:
    Secret("forgotten-soon")
    gc.collect()
    assert "forgotten-soon" not in {secret.reveal() for secret in LIVING}
