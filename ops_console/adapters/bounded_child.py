"""Child processes that meet what the console does not trust itself with: bounded, isolated, heard over a pipe.

Not for what a child does: its script says that, and answers in JSON lines; one `{"refused": reason}` ends them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

START = Path(__file__).with_name("child_start.py")


def said_by(script: Path, stream: IO[bytes], limits: Mapping[str, Any]) -> Generator[dict[str, Any], None, None]:
    """Given a script, its standard input (a real file) and its limits, start it and yield what it says.

    `limits` holds memory_bytes, cpu_seconds, deadline_seconds, output_bytes and what else the script asks for. A child
    that breaks off ends with `refused`: `time`, `memory`, `output` or `damaged`. However this ends, the child is gone.
    """
    stream.seek(0)
    overdue = threading.Event()
    options = ("-I", "-X", "utf8", "-W", "ignore")
    command = [sys.executable, *options, str(START), str(script), json.dumps(dict(limits))]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and files; what is not ours arrives as standard input
        command, stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
    ) as child:
        timer = threading.Timer(limits["deadline_seconds"], lambda: (overdue.set(), child.kill()))
        timer.start()
        try:
            assert child.stdout is not None
            yield from _decode(child.stdout, limits["output_bytes"])
            yield {"refused": _reason(child.wait(), overdue.is_set())}
        finally:
            timer.cancel()
            child.kill()


def _decode(pipe: IO[bytes], budget: int) -> Iterator[dict[str, Any]]:
    while line := pipe.readline(budget + 1):
        budget -= len(line)
        if budget < 0:
            yield {"refused": "output"}
            return
        if not line.endswith(b"\n"):  # killed in mid-sentence
            return
        yield json.loads(line)


def _reason(status: int, is_overdue: bool) -> str:
    if status == 0:
        return "damaged"
    out_of_cpu = status == -getattr(signal, "SIGXCPU", 0)
    return "time" if is_overdue or out_of_cpu else "memory"


def _environment() -> dict[str, str]:
    """Empty, but for what Windows needs to start any process."""
    return {"SYSTEMROOT": os.environ["SYSTEMROOT"]} if sys.platform == "win32" else {}
