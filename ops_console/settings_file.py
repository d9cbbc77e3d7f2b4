"""The shape of config.toml: which keys each section has, of which type and within which bounds.

Not for reading the file, for secrets or for what the sections mean together: that is `settings`. Not for the contract's
own part: that is `settings_contract`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as shape

from ops_console.core.addresses import address_of
from ops_console.core.catalogue import CONFIRMS
from ops_console.core.contracts import Clause
from ops_console.settings_contract import SPAN, STRICT, ContractShape, WorkingTimeShape


@shape(frozen=True, kw_only=True, config=STRICT)
class Server:
    """Where the console listens, and under which address people reach it."""

    host: str = Field(min_length=1)
    port: int = Field(ge=0, le=65535)
    public_url: str = Field(pattern=r"^(https?://[^/\s?#@]+(/[^\s?#]*)?)?$")
    trusted_proxies: list[str]
    allow_plain_http: bool
    threads: int = Field(ge=1, le=64)
    api_requests_per_minute: int = Field(default=600, ge=1, le=1_000_000)
    tls_cert: str = ""
    tls_key: str = ""

    def reached(self) -> Server:
        """Return it with the address people open: as it was set on purpose, else what follows from host and port."""
        return self if self.public_url else replace(self, public_url=address_of(self.host, self.port))

    def bound_to(self, port: int) -> Server:
        """Given the port that is served, return the section with it where the choice was the system's (0)."""
        if self.port:
            return self
        follows = self.public_url == address_of(self.host, self.port)
        return replace(self, port=port, public_url=address_of(self.host, port) if follows else self.public_url)


@shape(frozen=True, kw_only=True, config=STRICT)
class Database:
    """Where the rows are; an empty url is the embedded SQLite file of the data folder."""

    url: str
    password: str
    migrate_url: str = ""
    migrate_password: str = ""


@shape(frozen=True, kw_only=True, config=STRICT)
class Network:
    """Where the console may go although it usually would not, and which folders are the parties' own."""

    allow: list[Annotated[str, Field(pattern=r"^(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-f:.]+\]):\d{1,5}$")]] = Field(
        default_factory=list
    )
    anchor_folders: list[Annotated[str, Field(pattern=r"^/.+")]] = Field(default_factory=list)


@shape(frozen=True, kw_only=True, config=STRICT)
class Security:
    """How passwords, sessions and failed sign-ins are treated."""

    password_rules: Literal["gb22239", "asvs"]
    idle_minutes: int = Field(ge=1, le=480)
    absolute_hours: int = Field(ge=1, le=24)
    lock_after_failures: int = Field(ge=2, le=20)
    lock_minutes: int = Field(ge=1, le=1440)
    one_time_hours: int = Field(ge=1, le=720)
    hospital_networks: list[str] = Field(default_factory=list)
    second_factor: Literal["required", "offered"] = "required"
    duties: Literal["hospital", "any"] = "hospital"
    master_key: str


@shape(frozen=True, kw_only=True, config=STRICT)
class Contact:
    """One [[public.contact]]: whom people may call, and on which number."""

    name: str = Field(min_length=1, max_length=40)
    phone: str = Field(min_length=1, max_length=40)


@shape(frozen=True, kw_only=True, config=STRICT)
class NetworkPlace:
    """One [[public.network]]: a network of the hospital and the department that sits there."""

    cidr: str = Field(min_length=1)
    department: str = Field(min_length=1, max_length=60)


@shape(frozen=True, kw_only=True, config=STRICT)
class Public:
    """[public]: what people without an account see when they report."""

    hotline: str = Field(default="", max_length=40)
    modules: list[str] = Field(default_factory=list, max_length=8)
    other_module: str = ""
    contact: list[Contact] = Field(default_factory=list)
    network: list[NetworkPlace] = Field(default_factory=list)


@shape(frozen=True, kw_only=True, config=STRICT)
class Attachments:
    """[attachments], which may be left out: the socket of clamd, empty where nothing scans."""

    clamd: str = ""


@shape(frozen=True, kw_only=True, config=STRICT)
class Oidc:
    """[oidc], left out where nobody signs in by a provider of identities: which one, and whom it may sign in."""

    issuer: str = Field(pattern=r"^https?://[^/\s?#@]+(/[^\s?#]*)?$", max_length=200)
    client_id: str = Field(min_length=1, max_length=200)
    client_secret: str = ""
    button: str = Field(default="统一身份登录", min_length=1, max_length=20)
    account_claim: str = Field(default="sub", pattern=r"^[A-Za-z0-9_:/.-]{1,100}$")
    party: Literal["hospital", "vendor", "both"] = "hospital"
    roles: list[str] = Field(min_length=1)
    hosts: list[str] = Field(default_factory=list)
    authorities: str = ""


@shape(frozen=True, kw_only=True, config=STRICT)
class Personal:
    """[personal]: how personal data in free texts is found, and how long originals and uploads are kept."""

    record_labels: list[Annotated[str, Field(min_length=2, max_length=20)]] = Field(
        default_factory=lambda: ["就诊卡号", "就诊号", "病历号", "病案号", "住院号", "门诊号", "医保卡号"]
    )
    purge_after_days: int = Field(default=180, ge=1, le=3650)
    keep_uploads_days: int = Field(default=30, ge=1, le=3650)


@shape(frozen=True, kw_only=True, config=STRICT)
class TicketTypeShape:
    """One [[ticket_type]]."""

    name: str = Field(min_length=1, max_length=30)
    declinable: bool
    confirm: Literal[CONFIRMS] = "each"  # type: ignore[valid-type]
    agreed: bool = False


@shape(frozen=True, kw_only=True, config=STRICT)
class ModuleShape:
    """One module of [catalogue]."""

    code: str = Field(min_length=1, max_length=20)
    name: str = Field(min_length=1, max_length=60)
    group: str


@shape(frozen=True, kw_only=True, config=STRICT)
class CarrierShape:
    """One carrier of [catalogue]."""

    code: str = Field(min_length=1, max_length=20)
    name: str = Field(min_length=1, max_length=60)


@shape(frozen=True, kw_only=True, config=STRICT)
class CatalogueShape:
    """[catalogue]: what a ticket may be about."""

    modules: list[ModuleShape] = Field(min_length=1)
    carriers: list[CarrierShape]


SECTIONS: dict[str, Any] = {
    "server": Server,
    "database": Database,
    "security": Security,
    "public": Public,
    "network": Network,
    "personal": Personal,
    "working_time": WorkingTimeShape,
    "contract": ContractShape,
    "ticket_type": Annotated[list[TicketTypeShape], Field(min_length=1)],
    "catalogue": CatalogueShape,
    "attachments": Attachments,
    "oidc": Oidc,
}
ABSENT = ("oidc",)  # left out, it is off: there is nothing to take instead
OPTIONAL = ("public", "attachments", "network", "personal")  # a file written before they were there still counts


@dataclass(frozen=True)
class Sections:
    """The sections of a file; None where one is missing or misshapen."""

    server: Server | None = None
    database: Database | None = None
    security: Security | None = None
    network: Network | None = None
    personal: Personal | None = None
    working_time: WorkingTimeShape | None = None
    contract: ContractShape | None = None
    ticket_type: list[TicketTypeShape] | None = None
    catalogue: CatalogueShape | None = None
    public: Public | None = None
    attachments: Attachments | None = None
    oidc: Oidc | None = None


def read_sections(raw: Mapping[str, Any]) -> tuple[Sections, list[str]]:
    """Given a parsed file, return its sections and every problem of shape, each with its path."""
    found: dict[str, Any] = {}
    problems = [f"{key}：{TOLD['extra_forbidden']}" for key in raw if key not in SECTIONS]
    for name, kind in SECTIONS.items():
        if name not in raw and name in OPTIONAL:
            found[name] = kind()
            continue
        if name not in raw and name in ABSENT:
            continue
        if name not in raw:
            problems.append(f"{name}：{TOLD['missing']}")
            continue
        try:
            # By way of JSON: a strict dataclass takes only its own instances from Python values.
            found[name] = TypeAdapter(kind).validate_json(json.dumps(raw.get(name, {}), default=str))
        except ValidationError as exc:
            problems += [_problem(name, error) for error in exc.errors(include_url=False)]
    return Sections(**found), problems


TOLD = {
    "missing": "缺少这一项",
    "unexpected_keyword_argument": "未知的键，请检查拼写",
    "extra_forbidden": "未知的键，请检查拼写",
    "string_type": "应为文字（加引号）",
    "int_type": "应为整数",
    "bool_type": "应为 true 或 false",
    "list_type": "应为列表 [ … ]",
    "too_short": "不能为空",
    "string_too_short": "不能为空",
    "string_pattern_mismatch": "写法不合要求",
    "dataclass_type": "应为一节 [ … ] 设置",
    "model_type": "应为一节 [ … ] 设置",
    "dict_type": "应为一节 { 键 = 值 } 设置",
    "tuple_type": "应为列表 [ … ]",
    "union_tag_not_found": "缺少 kind（条款种类）",
}


def _problem(section: str, error: Any) -> str:
    path = section
    for before, part in zip(("", *error["loc"]), error["loc"], strict=False):
        if isinstance(before, int) and part in Clause.KINDS:  # which kind of clause was tried is no key of the file
            continue
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return f"{path}：{_told(error['type'], error.get('ctx') or {})}"


def _told(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "string_pattern_mismatch" and context.get("pattern") == SPAN:
        return "应写成 08:00-18:00"
    told = {
        "literal_error": f"只能是 {context.get('expected', '')}".replace(" or ", " 或 "),
        "union_tag_invalid": f"kind（条款种类）只能是 {context.get('expected_tags', '')}",
        "greater_than_equal": f"不能小于 {context.get('ge')}",
        "less_than_equal": f"不能大于 {context.get('le')}",
        "string_too_long": f"最长 {context.get('max_length')} 个字",
        "value_error": str(context.get("error", "")),
    }
    if kind.startswith("date"):
        return "应为日期，例如 2026-01-01"
    return TOLD.get(kind) or told.get(kind, "值不合要求")
