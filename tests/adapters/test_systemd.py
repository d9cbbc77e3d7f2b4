"""The systemd unit: every line of the agreed hardening, nothing that a path could smuggle in, verified by systemd."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ops_console.adapters import systemd
from ops_console.adapters.systemd import Service, unit
from ops_console.core.errors import Refused

SERVICE = Service("ops", Path("/srv/ops/.venv/bin/python3"), Path("/srv/ops/run.py"), Path("/srv/ops/config.toml"),
                  Path("/srv/ops/data"))  # fmt: skip
HARDENED = (
    "Type=simple", "User=ops", "UMask=0077", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "AmbientCapabilities=",
    "RestrictSUIDSGID=yes", "LockPersonality=yes", "PrivateTmp=yes", "PrivateDevices=yes", "ProtectSystem=strict",
    "ProtectKernelTunables=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes", "ProtectControlGroups=yes",
    "ProtectClock=yes", "ProtectHostname=yes", "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces=yes", "RestrictRealtime=yes", "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service", "LimitCORE=0", "IPAddressDeny=link-local", "ReadWritePaths=/srv/ops/data",
    "Restart=on-failure",
)  # fmt: skip


@pytest.mark.parametrize("line", HARDENED)
def test_the_unit_is_hardened(line: str) -> None:
    assert line in unit(SERVICE).splitlines()


def test_it_does_not_blind_the_checks_of_its_own_machine() -> None:
    assert "ProtectProc" not in unit(SERVICE)
    assert "ProcSubset" not in unit(SERVICE)


def test_a_low_port_brings_one_capability_and_no_other() -> None:
    text = unit(replace(SERVICE, low_port=True))
    assert "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\n" in text


@pytest.mark.parametrize("path", ["/srv/o ps", "/srv/a\nUser=root", "/srv/%h", "/srv/$HOME", '/srv/"x"'])
def test_a_path_cannot_add_a_line(path: str) -> None:
    with pytest.raises(Refused):
        unit(replace(SERVICE, data=Path(path)))


def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    verify = shutil.which("systemd-analyze")
    if verify is None:
        pytest.skip("no systemd-analyze here")
    python = tmp_path / ".venv" / "bin" / "python3"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/true")
    path = tmp_path / systemd.UNIT
    path.write_text(unit(replace(SERVICE, python=python, user="root")), encoding="utf-8")
    found = subprocess.run([verify, "verify", path], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr) == (0, "")


def test_without_systemd_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(systemd, "RUNNING", tmp_path / "none")
    for act in (lambda: systemd.install("x"), systemd.remove, systemd.status):
        with pytest.raises(Refused, match="没有运行 systemd"):
            act()
