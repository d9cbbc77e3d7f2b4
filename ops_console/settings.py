"""config.toml and the environment become frozen, validated settings: the only reader of either.

Not for deciding anything: the values are passed down, and the contract's part becomes `core` dataclasses.
Not for the shape of each section (`settings_file`).
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ops_console.core import demo_places
from ops_console.core.addresses import LOOPBACK, address_of
from ops_console.core.catalogue import Carrier, Module, TicketType
from ops_console.core.contradictions import check_terms
from ops_console.core.demo import FIRST
from ops_console.core.devices import is_network
from ops_console.core.errors import CalendarInvalid, SettingsInvalid
from ops_console.core.hours import cut
from ops_console.core.identities import is_of
from ops_console.core.people import ROLES
from ops_console.core.secrets import Secret
from ops_console.core.statutory import statutory_calendar
from ops_console.core.terms import DayOverride, Terms
from ops_console.settings_contract import ContractShape, WorkingTimeShape, spans, terms_of
from ops_console.settings_file import (
    Attachments,
    Network,
    Oidc,
    Personal,
    Public,
    Sections,
    Security,
    Server,
    read_sections,
)

REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:.+")
SECRET_KEY = re.compile(r"(password|secret|token|credential|api_?key|private_?key|master_?key)$", re.IGNORECASE)
OVERRIDABLE = ("server", "database", "security", "network")
NOT_SUPPORTED = "database.url：只支持留空（SQLite）或 postgresql:// 开头的地址"


@dataclass(frozen=True)
class Settings:
    """Everything a site may change, validated."""

    config_path: Path
    data_folder: Path
    server: Server
    database_url: str
    database_password: Secret | None
    migrate_url: str
    migrate_password: Secret | None
    security: Security
    network: Network
    master_key: Secret | None
    personal: Personal
    terms: Terms
    ticket_types: tuple[TicketType, ...]
    modules: tuple[Module, ...]
    carriers: tuple[Carrier, ...]
    public: Public
    attachments: Attachments
    oidc: Oidc | None
    oidc_secret: Secret | None
    is_demo: bool = False


def load(project: Path, environment: Mapping[str, str] = os.environ, *, demo_host: str = "") -> Settings:
    """Given the project folder and the environment, return the settings.

    `OPS_CONFIG` names another config file, `OPS_DATA` another data folder, `OPS_<SECTION>__<KEY>` replaces one
    value of [server], [database], [security] or [network]. `demo_host`: where a demo listens, loopback when not said.
    Raises SettingsInvalid with every problem in one message.
    """
    path = Path(environment.get("OPS_CONFIG") or project / "config.toml")
    raw = _read(path)
    _overlay(raw, environment)
    sections, problems = read_sections(raw)
    problems += [
        *_secrets_in_clear("", raw),
        *_url_problems(raw, "url"),
        *_url_problems(raw, "migrate_url"),
        *_contradictions(sections),
    ]
    resolved = _resolved(sections, environment, problems)
    if problems:
        raise SettingsInvalid(str(path), list(dict.fromkeys(problems)))
    found = _settings(path, Path(environment.get("OPS_DATA") or project / "data"), sections, resolved)
    return demo_of(found, demo_host) if (found.data_folder / demo_places.MARK).exists() else found


def demo_of(real: Settings, host: str = "") -> Settings:
    """Given a site's settings, return those of a demo in its data folder: invented parties and contract year.

    Nothing of the site's own is reached: no database of its, no key, no provider of identities, no place on the
    network. Of where the site listens it keeps the port alone: it is served on loopback, or at `host`.
    """
    server = replace(
        real.server, host=host or LOOPBACK[0], trusted_proxies=[], allow_plain_http=bool(host), tls_cert="", tls_key="",
        public_url=address_of(host or LOOPBACK[0], real.server.port),
    )  # fmt: skip
    terms = replace(
        real.terms, number=demo_places.CONTRACT, name=demo_places.CONTRACT_NAME, hospital=demo_places.HOSPITAL_NAME,
        vendor=demo_places.VENDOR_NAME, starts_on=FIRST, ends_on=demo_places.ENDS_ON, counts_from=FIRST,
        go_live_on=None, openings=(), fee=demo_places.FEE, nodes=(),
        clauses=tuple(replace(clause, go_live_on=None) for clause in real.terms.clauses),
    )  # fmt: skip
    return replace(
        real, is_demo=True, terms=terms, database_url="", database_password=None, migrate_url="", migrate_password=None,
        master_key=None, network=Network(), attachments=Attachments(clamd=""), server=server,
        oidc=None, oidc_secret=None,
    )  # fmt: skip


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise SettingsInvalid(str(path), [f"读不到设置文件：{exc.strerror}"]) from exc
    except UnicodeDecodeError as exc:
        raise SettingsInvalid(str(path), ["设置文件不是 UTF-8 编码，请另存为 UTF-8"]) from exc
    except tomllib.TOMLDecodeError as exc:
        raise SettingsInvalid(str(path), [f"不是有效的 TOML：{exc}"]) from exc


def _overlay(raw: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name, text in environment.items():
        section, _, key = name.removeprefix("OPS_").lower().partition("__")
        if name.startswith("OPS_") and section in OVERRIDABLE and key and isinstance(raw.get(section), dict):
            raw[section][key] = _typed(text, raw[section].get(key))


def _typed(text: str, like: object) -> object:
    if isinstance(like, bool):
        return {"true": True, "false": False}.get(text.lower(), text)
    if isinstance(like, int):
        return int(text) if text.isdigit() else text
    if isinstance(like, list):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _secrets_in_clear(path: str, value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            inner = f"{path}.{key}" if path else str(key)
            if isinstance(item, str) and item and SECRET_KEY.search(str(key)) and not REFERENCE.fullmatch(item):
                yield f"{inner}：不能写明文，请写成 env:变量名 或 file:路径"
            yield from _secrets_in_clear(inner, item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secrets_in_clear(f"{path}[{index}]", item)


def _url_problems(raw: Mapping[str, Any], key: str) -> list[str]:
    section = raw.get("database")
    url = section.get(key) if isinstance(section, dict) else None
    if not isinstance(url, str) or not url or url.startswith(("env:", "file:")):
        return []
    try:
        parts = urlsplit(url)
        has_password = bool(parts.password) or "password=" in parts.query.lower()
        parts.port  # noqa: B018 - raises when it is no number
    except ValueError:
        return [f"database.{key}：不是有效的数据库地址"]
    if has_password:
        password = key.replace("url", "password")
        return [f'database.{key}：地址里含有明文密码，请去掉并改用 database.{password} = "env:变量名"']
    return []


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _contradictions(found: Sections) -> list[str]:
    """What each section says against itself or another; sections that are missing or misshapen are passed over."""
    problems = []
    if found.server and not _may_listen(found.server):
        problems.append(
            "server.host：对外监听须有证书（见 run.py expose）、设置 trusted_proxies，或明确写 allow_plain_http = true"
        )
    if found.server:
        problems += _tls_problems(found.server)
    for index, proxy in enumerate(found.server.trusted_proxies if found.server else ()):
        if not _is_address(proxy):
            problems.append(f"server.trusted_proxies[{index}]：“{proxy}”应为一个 IP 地址")
    for index, network in enumerate(found.security.hospital_networks if found.security else ()):
        if not is_network(network):
            problems.append(f"security.hospital_networks[{index}]：“{network}”应为一个网段，例如 10.20.0.0/16")
    if found.oidc:
        problems += _oidc_problems(found.oidc)
    if found.working_time:
        problems += _working_time_problems(found.working_time)
    names = [item.name for item in found.ticket_type or ()]
    problems += [f"ticket_type：类型“{name}”重复" for name in _repeated(names)]
    if found.catalogue:
        nodes: list[Any] = [*found.catalogue.modules, *found.catalogue.carriers]
        problems += [f"catalogue：名称“{name}”重复" for name in _repeated([node.name for node in nodes])]
        problems += [f"catalogue：代码“{code}”重复" for code in _repeated([node.code for node in nodes])]
    if found.public and found.catalogue:
        problems += _public_problems(found.public, [module.name for module in found.catalogue.modules])
    if found.contract and found.ticket_type:
        problems += _type_problems(found.contract, names)
    if found.contract and found.working_time:
        problems += check_terms(terms_of(found.contract, found.working_time, found.ticket_type or ()))
    return problems


def _public_problems(public: Public, modules: Sequence[str]) -> Iterator[str]:
    named = [(f"modules[{index}]", name) for index, name in enumerate(public.modules)]
    for key, name in [*named, *([("other_module", public.other_module)] if public.other_module else [])]:
        if name not in modules:
            yield f"public.{key}：没有“{name}”这一系统模块"
    for index, network in enumerate(public.network):
        if not is_network(network.cidr):
            yield f"public.network[{index}].cidr：“{network.cidr}”应为一个网段，例如 10.20.0.0/16"


def _may_listen(server: Server) -> bool:
    return server.host in LOOPBACK or bool(server.trusted_proxies or server.tls_cert) or server.allow_plain_http


def _tls_problems(server: Server) -> Iterator[str]:
    if bool(server.tls_cert) != bool(server.tls_key):
        yield "server.tls_cert：证书和密钥（tls_key）要么都写，要么都留空"
    elif server.tls_cert and not server.public_url.startswith("https://"):
        yield "server.public_url：设了证书，地址应以 https:// 开头"


def _oidc_problems(oidc: Oidc) -> Iterator[str]:
    parts = urlsplit(oidc.issuer)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        yield "oidc.issuer：身份提供方的地址应以 https:// 开头"
    if oidc.account_claim in ("email", "email_verified", "name"):
        yield f"oidc.account_claim：“{oidc.account_claim}”会变，也会重名，不能用来认人；请用 sub 或工号一类的声明"
    for index, role in enumerate(oidc.roles):
        if role not in ROLES:
            yield f"oidc.roles[{index}]：没有“{role}”这一角色"
        elif not is_of(oidc.party, role):
            yield f"oidc.roles[{index}]：“{role}”是另一方的角色；这一身份提供方只能登录 party = {oidc.party} 的账号"


def _repeated(names: Sequence[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _type_problems(contract: ContractShape, names: Sequence[str]) -> Iterator[str]:
    given = [
        (f"contract.time_limit[{index}].{key}", getattr(limit, key))
        for index, limit in enumerate(contract.time_limit)
        for key in ("types", "except_types")
    ]
    given += [(f"contract.clause {clause.id}.types", getattr(clause, "types", ())) for clause in contract.clause]
    for question in contract.question:
        sets = [(place, value) for option in question.option for place, value in option.sets.items()]
        named = [(place, value) for place, value in sets if place.endswith("types") and isinstance(value, list)]
        given += [(f"contract.question {question.id} {place}", value) for place, value in named]
    for place, types in given:
        yield from (f"{place}：没有“{name}”这一工单类型" for name in types if name not in names)


def _working_time_problems(given: WorkingTimeShape) -> list[str]:
    problems = []
    try:
        statutory_calendar(given.zone, cut(spans(given.hours), spans(given.breaks)), [])
    except CalendarInvalid as exc:
        problems.append(f"working_time：{exc}")
    for index, override in enumerate(given.override):
        try:
            DayOverride(override.year, tuple(override.holidays), tuple(override.workdays)).days()
        except CalendarInvalid as exc:
            problems.append(f"working_time.override[{index}]：{exc}")
    years = [str(override.year) for override in given.override]
    return problems + [f"working_time.override：{year} 年重复" for year in _repeated(years)]


@dataclass(frozen=True)
class Reached:
    """What references lead to: the databases of our own role and of the tables' owner, the master key."""

    url: str = ""
    password: str = ""
    migrate_url: str = ""
    migrate_password: str = ""
    master_key: str = ""
    oidc_secret: str = ""


def _resolved(sections: Sections, environment: Mapping[str, str], problems: list[str]) -> Reached:
    """What [database] and [security] say by reference, followed; what cannot be followed is a problem."""
    found = {}
    if sections.database:
        for key in ("url", "password", "migrate_url", "migrate_password"):
            found[key] = _follow(f"database.{key}", getattr(sections.database, key), environment, problems)
        problems += _reach_problems(found)
    if sections.security:
        found["master_key"] = _follow("security.master_key", sections.security.master_key, environment, problems)
    if sections.oidc:
        found["oidc_secret"] = _follow("oidc.client_secret", sections.oidc.client_secret, environment, problems)
    return Reached(**found)


def _reach_problems(found: Mapping[str, str]) -> Iterator[str]:
    if found["url"] and not re.match(r"^(sqlite|postgresql)(\+psycopg)?://", found["url"]):
        yield NOT_SUPPORTED
    if found["migrate_url"] and not all(found[key].startswith("postgresql") for key in ("url", "migrate_url")):
        yield "database.migrate_url：只用于 PostgreSQL，且 database.url 也须是 postgresql:// 开头的地址"


def _follow(path: str, value: str, environment: Mapping[str, str], problems: list[str]) -> str:
    if value.startswith("env:"):
        if value[4:] not in environment:
            problems.append(f"{path}：环境变量 {value[4:]} 没有设置")
        return environment.get(value[4:], "")
    if value.startswith("file:"):
        try:
            return Path(value[5:]).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            problems.append(f"{path}：读不到文件 {value[5:]}")
            return ""
    return value


def _settings(path: Path, data_folder: Path, found: Sections, reached: Reached) -> Settings:
    assert found.server and found.security and found.network and found.personal and found.contract
    assert found.working_time and found.ticket_type and found.catalogue and found.public
    assert found.attachments  # or there had been problems
    return Settings(
        config_path=path,
        data_folder=data_folder,
        server=found.server.reached(),
        database_url=reached.url,
        database_password=Secret(reached.password) if reached.password else None,
        migrate_url=reached.migrate_url,
        migrate_password=Secret(reached.migrate_password) if reached.migrate_password else None,
        security=found.security,
        network=found.network,
        master_key=Secret(reached.master_key) if reached.master_key else None,
        personal=found.personal,
        terms=terms_of(found.contract, found.working_time, found.ticket_type or ()),
        ticket_types=tuple(TicketType(t.name, t.declinable, t.confirm, t.agreed) for t in found.ticket_type),
        modules=tuple(Module(m.code, m.name, m.group) for m in found.catalogue.modules),
        carriers=tuple(Carrier(c.code, c.name) for c in found.catalogue.carriers),
        public=found.public,
        attachments=found.attachments,
        oidc=found.oidc,
        oidc_secret=Secret(reached.oidc_secret) if reached.oidc_secret else None,
    )
