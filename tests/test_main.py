"""Starting and stopping the whole console: accounts shown once, one sentence for each obstacle, a clean end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ops_console.console import PROJECT
from tests.conftest import copy_sqlite
from tests.real_services import free_port

READY = re.compile(r"http://\S+")


def environment(folder: Path, port: int) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPS_")}
    return {**clean, "OPS_DATA": str(folder), "OPS_SERVER__PORT": str(port), "PYTHONPATH": str(PROJECT)}


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A console that serves, ended by SIGTERM and then waited for."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ops_console"], env=environment(folder, port), cwd="/", text=True, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def answer(port: int, process: subprocess.Popen[str], seconds: float = 30) -> int:
    """Wait until the console answers and return the status of its first page."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
                return int(page.status)
        except OSError:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline, "no answer"
            time.sleep(0.05)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    return process.returncode, out, err


def test_the_first_start_shows_the_accounts_once_serves_and_ends_cleanly(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path / "data", port) as process:
        assert answer(port, process) == 200
        code, out, err = ended(process)
    assert code == 0, err
    shown = [line for line in out.splitlines() if "一次性密码 " in line]
    first = ["sysadmin", "hospital", "vendor", "secadmin", "auditadmin"]
    assert [re.search(r"账号 (\S+)", line)[1] for line in shown] == first  # type: ignore[index]
    passwords = [line.rpartition("一次性密码 ")[2] for line in shown]
    assert len({password for password in passwords if len(password) >= 20}) == 5
    assert not [password for password in passwords if password in err]
    assert READY.search(err)
    assert f"地址 http://127.0.0.1:{port} 只在这台电脑上能打开" in err
    assert "python3 run.py expose" in err
    with serving(tmp_path / "data", port) as process:
        assert answer(port, process) == 200
        assert ended(process)[:2] == (0, "")


def test_a_busy_port_is_one_sentence_and_makes_no_accounts(tmp_path: Path, sqlite_template: Path) -> None:
    copy_sqlite(sqlite_template, tmp_path / "data")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with serving(tmp_path / "data", taken.getsockname()[1]) as process:
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert str(taken) and "已被占用" in err
    assert len(err.strip().splitlines()) == 1


def test_a_folder_is_served_by_one_process_at_a_time(tmp_path: Path, sqlite_template: Path) -> None:
    folder, port = tmp_path / "data", free_port()
    copy_sqlite(sqlite_template, folder)
    with serving(folder, port) as first:
        assert answer(port, first) == 200
        with serving(folder, free_port()) as second:
            out, err = second.communicate(timeout=60)
        assert (second.returncode, out) == (1, "")
        assert str(folder) in err and "没有启动第二个" in err
        assert len(err.strip().splitlines()) == 1
        beside = subprocess.run(
            [sys.executable, "-m", "ops_console", "users", "list"], env=environment(folder, port), cwd="/",
            capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip
        assert beside.returncode == 0, beside.stderr
        assert answer(port, first) == 200
        first.kill()
        first.communicate()
    with serving(folder, port) as third:  # the system gave the lock up
        assert answer(port, third) == 200


@pytest.mark.parametrize("kind", ["a file in the way", "no leave to write"])
def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "data"
    if kind == "a file in the way":
        folder.write_text("in the way", encoding="utf-8")
    elif os.geteuid() == 0:
        folder = Path("/proc/ops-console")  # root may write anywhere else
    else:
        folder.mkdir(mode=0o500)
    with serving(folder, free_port()) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "不能写入" in err
    assert len(err.strip().splitlines()) == 1
