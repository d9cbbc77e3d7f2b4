"""A console with a month to be taken as a package: tickets of all fates, files, a patient's picture, two signatures.

Not for what a package is held to (`tests/services/test_evidence.py` and others).
"""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path

from ops_console.console import Console
from ops_console.core import tickets as core
from ops_console.core.people import Actor
from ops_console.services import attachments, evidence
from ops_console.services.corrections import Correction, propose
from ops_console.services.evidence_contents import Made
from tests.conftest import HOSPITAL, VENDOR, FakeClock, do, log_ticket
from tests.signing import CHIEF, MONTH, contract, frozen_october

PATIENT, PROOF = b"name of a patient, in a text file", b"a proof that everybody may see"


def attach(console: Console, number: str, content: bytes, *, patient: bool = False, actor: Actor = VENDOR) -> str:
    """Hang a file on a ticket and return its hash."""
    file = console.files.keep_attachment(io.BytesIO(content), "王小明的截图.txt")
    with console.write() as session:
        attachments.attach(session, number, file, actor, console.now(), patient=patient)
    return file.digest


def lived_october(console: Console, clock: FakeClock) -> list[str]:
    """Let an October happen and freeze it; return its tickets: solved, broken, withdrawn, paused, corrected, late."""
    numbers = [log_ticket(console, title="王小明打不开处方", reporter="李护士", needs_onsite=n == 3) for n in range(5)]
    solved, broken, gone, paused, corrected = numbers
    for number in (solved, paused, corrected):
        clock.forward(minutes=2)
        do(console, number, core.RESPONDED, handler="张工程师")
    do(console, paused, core.ARRIVED)
    do(console, paused, core.SUSPEND, reason="等HIS厂商张三", cause="第三方原因")
    clock.forward(minutes=20)
    do(console, paused, core.SUSPENSION_DECIDED, HOSPITAL, approved=True)
    do(console, paused, core.RESUMED)
    attach(console, solved, PROOF)
    attach(console, solved, PATIENT, patient=True)
    do(console, solved, core.RESTORE, personal={"process": "王小明的处方已恢复"})
    do(console, solved, core.CONFIRMED, HOSPITAL)
    do(console, gone, core.CANCEL, HOSPITAL, reason="李护士说不用了")
    clock.forward(minutes=30)
    do(console, broken, core.RESPONDED)
    clock.forward(days=1)
    at = (clock.at - timedelta(days=1, minutes=40)).isoformat()
    with console.write() as session:
        command = Correction(corrected, "responded_at", at, "看错了钟")
        propose(session, console.book(session), command, VENDOR, console.now())
    do(console, corrected, core.CORRECTION_DECIDED, HOSPITAL, field="responded_at", approved=True)
    frozen_october(console, clock)
    return numbers


def take(console: Console, path: Path, month: str = MONTH, actor: Actor = CHIEF) -> Made:
    """Make the month's package at the path."""
    return evidence.write(console.evidence, path, contract(console), month, actor, console.now())


def texts(path: Path) -> dict[str, str]:
    """Given a package, return its text files by name."""
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name).decode("utf-8") for name in packed.namelist() if not name.startswith("files/")}
