"""`expose`: make the console reachable on the hospital's network over HTTPS, with a certificate given or made here."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops_console.adapters import certificates, site_file
from ops_console.adapters.certificates import Held
from ops_console.adapters.documents.install_sheet import install_sheet
from ops_console.adapters.qr_codes import qr_terminal
from ops_console.core.errors import Refused
from ops_console.services import exposure

HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


@dataclass(frozen=True)
class Place:
    """Where the files of TLS lie, in the data folder."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The authority's certificate: what phones install."""
        return self.folder / "ca.crt"

    @property
    def authority_key(self) -> Path:
        """The authority's key."""
        return self.folder / "ca.key"

    @property
    def certificate(self) -> Path:
        """The console's certificate."""
        return self.folder / "cert.pem"

    @property
    def key(self) -> Path:
        """The key of the console's certificate."""
        return self.folder / "key.pem"


def add_commands(verbs: Any, terminal: Any) -> None:
    """Given the parser's verbs, add `expose`."""
    verb = verbs.add_parser("expose", help=terminal.say("在医院网络上以 HTTPS 提供服务：证书、地址、二维码"))
    verb.add_argument("--name", help=terminal.say("人们打开的主机名或 IP 地址，例如 ops.hospital.local"))
    verb.add_argument("--address", default="0.0.0.0", help=terminal.say("监听的本机地址，默认全部"))  # noqa: S104
    verb.add_argument("--port", type=int, default=8443)
    given = verb.add_mutually_exclusive_group(required=True)
    given.add_argument("--cert", type=Path, help=terminal.say("医院签发的证书链（PEM），与 --key 同用"))
    given.add_argument("--make-ca", action="store_true", help=terminal.say("在这里建立只认这一名称的证书机构"))
    given.add_argument("--renew", action="store_true", help=terminal.say("用已有的证书机构换发控制台证书"))
    verb.add_argument("--key", type=Path)
    verb.add_argument("--dry-run", action="store_true", help=terminal.say("只显示会改什么"))
    verb.add_argument("--json", action="store_true")
    verb.set_defaults(act=expose, may_found=True)


def expose(terminal: Any, given: Any) -> int:
    """Make or take the certificate, write it into config.toml, print address, QR code and the install sheet's place."""
    console = terminal.console
    place = Place(console.settings.data_folder.resolve() / "tls")
    if given.renew:
        return _renew(terminal, given, place)
    name = _name(given.name)
    url = f"https://{f'[{name}]' if ':' in name else name}:{given.port}"
    files = _files(given, place)
    wanted = {
        "host": given.address,
        "port": given.port,
        "public_url": url,
        "tls_cert": str(files[0]),
        "tls_key": str(files[1]),
    }
    change = site_file.edit(console.settings.config_path, "server", wanted)
    if given.dry_run:
        print(change.difference)
        return 0
    if given.make_ca:
        _make(place, _names(name, given.address), console.now())
    held = _checked(files, name, console.now())
    sheet = _sheet(place, url) if given.make_ca else None
    kept = change.write(console.now())
    with console.write() as session:
        exposure.note(session, url, held.fingerprint, terminal.actor, console.now())
    terminal.tell("%(file)s 已改动（原文件另存为 %(kept)s）：", file=change.path, kept=kept or "-")
    print(change.difference, file=sys.stderr)
    return _print(terminal, given, url, held, sheet)


def _name(given: str | None) -> str:
    name = (given or "").strip().lower()
    if not name or not (certificates.is_address(name) or HOST_NAME.fullmatch(name)):
        raise Refused("请用 --name 写人们打开的主机名或 IP 地址，例如 --name ops.hospital.local。")
    return name


def _names(name: str, address: str) -> tuple[str, ...]:
    is_own = certificates.is_address(address) and address not in ("0.0.0.0", "::", name)  # noqa: S104
    return (name, address) if is_own else (name,)


def _files(given: Any, place: Place) -> tuple[Path, Path]:
    if given.make_ca:
        return place.certificate, place.key
    if given.key is None:
        raise Refused("--cert 要与 --key 一起写。")
    return given.cert.resolve(), given.key.resolve()


def _make(place: Place, names: tuple[str, ...], now: Any) -> None:
    """An authority that is there already and may vouch for these names stays: phones trust it."""
    known = certificates.vouches_for(place.authority) if place.authority_key.exists() else ()
    if not set(names) <= set(known):
        authority, key = certificates.make_authority(names, now)
        certificates.keep(place.authority_key, key)
        certificates.keep(place.authority, authority)
    _issue(place, names, now)


def _issue(place: Place, names: tuple[str, ...], now: Any) -> None:
    try:
        authority, key = place.authority.read_bytes(), place.authority_key.read_bytes()
    except OSError as exc:
        raise Refused("这里没有证书机构（%(folder)s）；请先运行 expose --make-ca。", folder=str(place.folder)) from exc
    certificate, own_key = certificates.make_leaf(authority, key, names, now)
    certificates.keep(place.key, own_key)
    certificates.keep(place.certificate, certificate)


def _checked(files: tuple[Path, Path], name: str, now: Any) -> Held:
    held = certificates.held_in(files[0])
    if not certificates.fits(*files):
        raise Refused("证书 %(file)s 与密钥不匹配。", file=str(files[0]))
    if held.until <= now:
        raise Refused("证书 %(file)s 已于 %(until)s 过期。", file=str(files[0]), until=held.until)
    if not any(_covers(pattern, name) for pattern in held.names):
        raise Refused(
            "证书 %(file)s 不是给 %(name)s 的，它写的是：%(names)s。",
            file=str(files[0]), name=name, names="、".join(held.names),
        )  # fmt: skip
    return held


def _covers(pattern: str, name: str) -> bool:
    pattern = pattern.lower()
    return pattern == name or (pattern.startswith("*.") and name.partition(".")[2] == pattern[2:])


def _renew(terminal: Any, given: Any, place: Place) -> int:
    console = terminal.console
    before = certificates.held_in(place.certificate)
    if not given.dry_run:
        _issue(place, before.names, console.now())
    held = certificates.held_in(place.certificate)
    url = console.settings.server.public_url
    if not given.dry_run:
        with console.write() as session:
            exposure.note(session, url, held.fingerprint, terminal.actor, console.now())
    return _print(terminal, given, url, held, None)


def _sheet(place: Place, url: str) -> Path:
    authority = certificates.held_in(place.authority)
    leaf = certificates.held_in(place.certificate)
    made = install_sheet(url, f"http://{url.removeprefix('https://')}/ca.crt", authority.fingerprint, leaf.names)
    path = place.folder / "install.pdf"
    certificates.keep(path, made)
    return path


def _print(terminal: Any, given: Any, url: str, held: Held, sheet: Path | None) -> int:
    if given.json:
        plain = {
            "url": url, "fingerprint": held.fingerprint, "until": held.until.isoformat(), "names": held.names,
            "sheet": str(sheet) if sheet else None,
        }  # fmt: skip
        print(json.dumps(plain, ensure_ascii=False))
        return 0
    print(url)
    print(qr_terminal(url))
    print(f"SHA-256 {held.fingerprint}")
    terminal.tell(
        "证书有效到 %(until)s；到期前 30 天页面上会提示，用 expose --renew 换发，不用重启。", until=held.until
    )
    if sheet:
        terminal.tell("手机安装证书的说明（打印张贴）：%(file)s", file=str(sheet))
        terminal.tell("证书机构的私钥在数据目录 tls/ca.key，只认这一名称；建议另存到离线介质后从这里删除。")
    terminal.tell("请在防火墙放行这个端口，然后重启控制台。")
    return 0
