"""config.toml and the environment become frozen, validated settings: the only reader of either.

Not for deciding anything: the values are passed down, and the contract's part becomes `core` dataclasses.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as shape

from ops_console.core.catalogue import Carrier, Module, TicketType
from ops_console.core.contracts import BASES, CLOCKS, DayOverride, Reading, Terms, TimeLimit, check_terms
from ops_console.core.errors import CalendarInvalid, SettingsInvalid
from ops_console.core.hours import cut
from ops_console.core.statutory import statutory_calendar

STRICT = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)
REFERENCE = re.compile(r"^(env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$")
SECRET_KEY = re.compile(r"(password|secret|token|credential|api_?key|private_?key)$", re.IGNORECASE)
OVERRIDABLE = ("server", "database", "security")
SPAN = re.compile(r"^\d{2}:\d{2}-\d{2}:\d{2}$")


class Secret:
    """A secret in memory: shows as ***, and gives its value only by `reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled")


@shape(frozen=True, kw_only=True, config=STRICT)
class Server:
    """Where the console listens, and under which address people reach it."""

    host: str = Field(min_length=1)
    port: int = Field(ge=0, le=65535)
    public_url: str = Field(pattern=r"^https?://[^/\s?#@]+(/[^\s?#]*)?$")
    trusted_proxies: list[str]
    allow_plain_http: bool
    threads: int = Field(ge=1, le=64)


@shape(frozen=True, kw_only=True, config=STRICT)
class Database:
    """Where the rows are; an empty url is the embedded SQLite file of the data folder."""

    url: str
    password: str


@shape(frozen=True, kw_only=True, config=STRICT)
class Security:
    """How passwords, sessions and failed sign-ins are treated."""

    password_rules: Literal["gb22239", "asvs"]
    idle_minutes: int = Field(ge=1, le=480)
    absolute_hours: int = Field(ge=1, le=24)
    lock_after_failures: int = Field(ge=2, le=20)
    lock_minutes: int = Field(ge=1, le=1440)
    one_time_hours: int = Field(ge=1, le=720)


@shape(frozen=True, kw_only=True, config=STRICT)
class _Override:
    year: int = Field(ge=2004, le=2100)
    holidays: list[str]
    workdays: list[str]


@shape(frozen=True, kw_only=True, config=STRICT)
class _WorkingTime:
    zone: str
    hours: list[str] = Field(min_length=1)
    breaks: list[str]
    statutory_source: Literal["chinesecalendar"]
    override: list[_Override] = Field(default_factory=list)


@shape(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", strict=True, validate_by_alias=True))
class _TimeLimit:
    id: str = Field(pattern=r"^C-\d{2}$")
    clock: Literal[CLOCKS]  # type: ignore[valid-type]
    name: str = Field(min_length=1)
    clause: str = Field(min_length=1)
    basis: Literal[BASES]  # type: ignore[valid-type]
    text: str = Field(min_length=1)
    start: Literal["reported", "arrived"] = Field(alias="from")
    stop: Literal["responded", "arrived", "restored"] = Field(alias="to")
    types: list[str]
    except_types: list[str]
    needs_onsite: Literal["any", "yes", "no"]
    classes: list[Literal["work", "off"]] = Field(min_length=1)
    class_rule: Literal["by_report_time"]
    limit_minutes: int = Field(ge=1, le=60 * 24 * 60)
    pausable: bool


@shape(frozen=True, kw_only=True, config=STRICT)
class _Reading:
    id: str = Field(min_length=1)
    clause: str = Field(min_length=1)
    basis: Literal[BASES]  # type: ignore[valid-type]
    text: str = Field(min_length=1)


@shape(frozen=True, kw_only=True, config=STRICT)
class _Contract:
    number: str = Field(min_length=1, max_length=60)
    name: str = Field(min_length=1, max_length=200)
    hospital: str = Field(min_length=1)
    vendor: str = Field(min_length=1)
    starts_on: date
    ends_on: date
    counts_from: date
    time_limit: list[_TimeLimit] = Field(min_length=1)
    reading: list[_Reading]


@shape(frozen=True, kw_only=True, config=STRICT)
class _TicketType:
    name: str = Field(min_length=1, max_length=30)
    declinable: bool


@shape(frozen=True, kw_only=True, config=STRICT)
class _Module:
    code: str = Field(min_length=1, max_length=20)
    name: str = Field(min_length=1, max_length=60)
    group: str


@shape(frozen=True, kw_only=True, config=STRICT)
class _Carrier:
    code: str = Field(min_length=1, max_length=20)
    name: str = Field(min_length=1, max_length=60)


@shape(frozen=True, kw_only=True, config=STRICT)
class _Catalogue:
    modules: list[_Module] = Field(min_length=1)
    carriers: list[_Carrier]


@shape(frozen=True, kw_only=True, config=STRICT)
class _File:
    server: Server
    database: Database
    security: Security
    working_time: _WorkingTime
    contract: _Contract
    ticket_type: list[_TicketType] = Field(min_length=1)
    catalogue: _Catalogue


@dataclass(frozen=True)
class Settings:
    """Everything a site may change, validated."""

    config_path: Path
    data_folder: Path
    server: Server
    database_url: str
    database_password: Secret | None
    security: Security
    terms: Terms
    ticket_types: tuple[TicketType, ...]
    modules: tuple[Module, ...]
    carriers: tuple[Carrier, ...]


def load(project: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Given the project folder and the environment, return the settings.

    `OPS_CONFIG` names another config file, `OPS_DATA` another data folder, `OPS_<SECTION>__<KEY>` replaces one
    value of [server], [database] or [security]. Raises SettingsInvalid with every problem in one message.
    """
    path = Path(environment.get("OPS_CONFIG") or project / "config.toml")
    raw = _read(path)
    _overlay(raw, environment)
    problems = list(_secrets_in_clear("", raw)) + _url_problems(raw)
    shaped = _shaped(raw, problems)
    if shaped is not None:
        problems += _contradictions(shaped)
    if problems or shaped is None:
        raise SettingsInvalid(str(path), sorted(set(problems)))
    return _settings(path, Path(environment.get("OPS_DATA") or project / "data"), shaped, environment)


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
            if isinstance(item, str) and item and SECRET_KEY.search(str(key)) and not REFERENCE.match(item):
                yield f"{inner}：不能写明文，请写成 env:变量名 或 file:路径"
            yield from _secrets_in_clear(inner, item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secrets_in_clear(f"{path}[{index}]", item)


def _url_problems(raw: Mapping[str, Any]) -> list[str]:
    section = raw.get("database")
    url = section.get("url") if isinstance(section, dict) else None
    if not isinstance(url, str) or not url or url.startswith(("env:", "file:")):
        return []
    try:
        parts = urlsplit(url)
        has_password = bool(parts.password) or "password=" in parts.query.lower()
    except ValueError:
        return ["database.url：不是有效的数据库地址"]
    if has_password:
        return ['database.url：地址里含有明文密码，请去掉并改用 database.password = "env:变量名"']
    if not re.match(r"^(sqlite|postgresql)(\+psycopg)?://", url):
        return ["database.url：只支持留空（SQLite）或 postgresql:// 开头的地址"]
    return []


def _shaped(raw: dict[str, Any], problems: list[str]) -> _File | None:
    try:
        # By way of JSON: a strict dataclass takes only its own instances from Python values.
        return TypeAdapter(_File).validate_json(json.dumps(raw, default=str))
    except ValidationError as exc:
        problems += [_problem(error) for error in exc.errors(include_url=False)]
        return None


def _problem(error: Any) -> str:
    path = ""
    for part in error["loc"]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else str(part)
    context = error.get("ctx") or {}
    told = {
        "missing": "缺少这一项",
        "unexpected_keyword_argument": "未知的键，请检查拼写",
        "extra_forbidden": "未知的键，请检查拼写",
        "string_type": "应为文字（加引号）",
        "int_type": "应为整数",
        "bool_type": "应为 true 或 false",
        "list_type": "应为列表 [ … ]",
        "date_type": "应为日期，例如 2026-01-01",
        "literal_error": f"只能是 {context.get('expected', '')}".replace(" or ", " 或 "),
        "greater_than_equal": f"不能小于 {context.get('ge')}",
        "less_than_equal": f"不能大于 {context.get('le')}",
        "too_short": "不能为空",
        "string_too_short": "不能为空",
        "string_too_long": f"最长 {context.get('max_length')} 个字",
        "string_pattern_mismatch": "写法不合要求",
        "dataclass_type": "应为一节 [ … ] 设置",
    }
    return f"{path}：{told.get(error['type'], '值不合要求')}"


def _contradictions(shaped: _File) -> list[str]:
    problems = _working_time_problems(shaped.working_time)
    names = [item.name for item in shaped.ticket_type]
    problems += [f"ticket_type：类型“{name}”重复" for name in sorted({n for n in names if names.count(n) > 1})]
    for index, limit in enumerate(shaped.contract.time_limit):
        for key in ("types", "except_types"):
            unknown = [name for name in getattr(limit, key) if name not in names]
            problems += [f"contract.time_limit[{index}].{key}：没有“{name}”这一工单类型" for name in unknown]
    codes = [item.name for item in shaped.catalogue.modules]
    problems += [f"catalogue.modules：模块“{name}”重复" for name in sorted({n for n in codes if codes.count(n) > 1})]
    if shaped.server.host not in ("127.0.0.1", "::1", "localhost") and not (
        shaped.server.trusted_proxies or shaped.server.allow_plain_http
    ):
        problems.append("server.host：对外监听须设置 trusted_proxies，或明确写 allow_plain_http = true")
    return problems if problems else check_terms(_terms(shaped))


def _working_time_problems(given: _WorkingTime) -> list[str]:
    problems = []
    for key in ("hours", "breaks"):
        for index, span in enumerate(getattr(given, key)):
            if not SPAN.match(span):
                problems.append(f"working_time.{key}[{index}]：“{span}”应写成 08:00-18:00")
    if problems:
        return problems
    try:
        statutory_calendar(given.zone, cut(_spans(given.hours), _spans(given.breaks)), [])
    except CalendarInvalid as exc:
        problems.append(f"working_time：{exc}")
    for index, override in enumerate(given.override):
        try:
            DayOverride(override.year, tuple(override.holidays), tuple(override.workdays)).days()
        except CalendarInvalid as exc:
            problems.append(f"working_time.override[{index}]：{exc}")
    return problems


def _spans(texts: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple((text[:5], text[6:]) for text in texts)


def _terms(shaped: _File) -> Terms:
    contract, working = shaped.contract, shaped.working_time
    return Terms(
        number=contract.number,
        name=contract.name,
        hospital=contract.hospital,
        vendor=contract.vendor,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        counts_from=contract.counts_from,
        zone=working.zone,
        hours=_spans(working.hours),
        breaks=_spans(working.breaks),
        overrides=tuple(DayOverride(o.year, tuple(o.holidays), tuple(o.workdays)) for o in working.override),
        limits=tuple(_limit(item) for item in contract.time_limit),
        readings=tuple(Reading(r.id, r.clause, r.basis, r.text) for r in contract.reading),
    )


def _limit(given: _TimeLimit) -> TimeLimit:
    return TimeLimit(
        id=given.id,
        clock=given.clock,
        name=given.name,
        clause=given.clause,
        basis=given.basis,
        text=given.text,
        start_event=given.start,
        stop_event=given.stop,
        types=tuple(given.types),
        except_types=tuple(given.except_types),
        needs_onsite={"any": None, "yes": True, "no": False}[given.needs_onsite],
        classes=tuple(given.classes),
        limit_seconds=given.limit_minutes * 60,
        class_rule=given.class_rule,
        pausable=given.pausable,
    )


def _settings(path: Path, data_folder: Path, shaped: _File, environment: Mapping[str, str]) -> Settings:
    url = _resolve(str(path), "database.url", shaped.database.url, environment)
    password = _resolve(str(path), "database.password", shaped.database.password, environment)
    return Settings(
        config_path=path,
        data_folder=data_folder,
        server=shaped.server,
        database_url=url,
        database_password=Secret(password) if password else None,
        security=shaped.security,
        terms=_terms(shaped),
        ticket_types=tuple(TicketType(t.name, t.declinable) for t in shaped.ticket_type),
        modules=tuple(Module(m.code, m.name, m.group) for m in shaped.catalogue.modules),
        carriers=tuple(Carrier(c.code, c.name) for c in shaped.catalogue.carriers),
    )


def _resolve(source: str, path: str, value: str, environment: Mapping[str, str]) -> str:
    if value.startswith("env:"):
        if value[4:] not in environment:
            raise SettingsInvalid(source, [f"{path}：环境变量 {value[4:]} 没有设置"])
        return environment[value[4:]]
    if value.startswith("file:"):
        try:
            return Path(value[5:]).read_text(encoding="utf-8").strip()
        except OSError as exc:
            raise SettingsInvalid(source, [f"{path}：读不到文件 {value[5:]}"]) from exc
    return value
