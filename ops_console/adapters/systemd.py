"""The console as a systemd service: the unit's text, and installing, asking and removing it.

Not for Windows: there the manual names a documented service (`docs/service.md`).
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ops_console.core.errors import Refused

UNIT = "ops-console.service"
UNITS = Path("/etc/systemd/system")
RUNNING = Path("/run/systemd/system")
SECONDS = 60


@dataclass(frozen=True)
class Service:
    """What the unit runs: as whom, which program with which Python, with which file of settings and which data."""

    user: str
    python: Path
    program: Path
    config: Path
    data: Path
    low_port: bool = False


def unit(service: Service) -> str:
    """Given a service, return its unit's text. The code belongs to somebody else and is read only to it."""
    capability = "CAP_NET_BIND_SERVICE" if service.low_port else ""
    return f"""[Unit]
Description=Operations console
Documentation=file:{_plain(service.program.parent)}/docs/service.md
After=network-online.target postgresql.service
Wants=network-online.target

[Service]
Type=simple
User={service.user}
WorkingDirectory={_plain(service.program.parent)}
Environment=OPS_CONFIG={_plain(service.config)} OPS_DATA={_plain(service.data)}
ExecStart={_plain(service.python)} -m ops_console
Restart=on-failure
RestartSec=5
TimeoutStopSec=30
UMask=0077
LimitCORE=0
LimitNOFILE=8192
TasksMax=512
MemoryMax=2G

ReadWritePaths={_plain(service.data)}
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes

NoNewPrivileges=yes
CapabilityBoundingSet={capability}
AmbientCapabilities={capability}
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictRealtime=yes
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallArchitectures=native
SystemCallFilter=@system-service
IPAddressDeny=link-local

[Install]
WantedBy=multi-user.target
"""


def _plain(path: Path) -> str:
    text = str(path)
    if any(c.isspace() or c in "%\"'\\$" or not c.isprintable() for c in text):
        raise Refused("路径 %(path)s 含有空格或特殊字符，systemd 单元里写不了；请换一个目录。", path=text)
    return text


def need_systemd() -> None:
    """Let a machine pass that systemd runs. Raises Refused with what to do on any other."""
    if not RUNNING.is_dir() or shutil.which("systemctl") is None:
        raise Refused(
            "这台机器没有运行 systemd，不能安装服务；Windows 和其他系统请看 docs/service.md，"
            "用 --dry-run 可以先看单元内容。"
        )


def install(text: str) -> None:
    """Given the unit's text, write it, start the service now and with every start of the machine."""
    need_systemd()
    try:
        (UNITS / UNIT).write_text(text, encoding="utf-8")
        (UNITS / UNIT).chmod(0o644)
    except PermissionError as exc:
        raise Refused("没有权限写 %(file)s；请用 root 运行。", file=str(UNITS / UNIT)) from exc
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", UNIT)


def remove() -> None:
    """Stop the service and forget the unit; the data stay."""
    need_systemd()
    if not (UNITS / UNIT).exists():
        raise Refused("还没有安装服务 %(unit)s。", unit=UNIT)
    _systemctl("disable", "--now", UNIT)
    (UNITS / UNIT).unlink()
    _systemctl("daemon-reload")


def status() -> str:
    """Return what systemd says of the service."""
    need_systemd()
    return _run("status", "--no-pager", "--lines=20", UNIT).stdout


def _systemctl(*words: str) -> None:
    done = _run(*words)
    if done.returncode != 0:
        raise Refused("systemctl %(what)s 没有成功：%(reason)s", what=" ".join(words), reason=done.stderr.strip()[:500])


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    found = shutil.which("systemctl")
    assert found is not None
    try:
        return subprocess.run([found, *words], capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as exc:
        raise Refused("systemctl %(what)s 超过 %(n)s 秒没有回答。", what=" ".join(words), n=SECONDS) from exc
