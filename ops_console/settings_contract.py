"""[contract] and [working_time] of config.toml: their shape, made from the core's dataclasses, and the terms of it.

Not for the other sections (`settings_file`), nor for what contradicts itself (`core/contradictions.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from datetime import date
from functools import reduce
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model
from pydantic.dataclasses import dataclass as shape

from ops_console.core import contracts, money
from ops_console.core.contracts import BASES, CLOCKS, Clause, Task, TimeLimit
from ops_console.core.errors import Refused
from ops_console.core.hours import read_hours
from ops_console.core.money import Fee, Node
from ops_console.core.people import ROLES
from ops_console.core.plain import made
from ops_console.core.readings import Option, Question
from ops_console.core.terms import DayOverride, Opening, Reading, Settlement, Terms

STRICT = ConfigDict(extra="forbid", strict=True, str_strip_whitespace=True)
BY_ALIAS = ConfigDict(extra="forbid", strict=True, validate_by_alias=True)
SPAN = r"^\d{2}:\d{2}-\d{2}:\d{2}$"
Span = Annotated[str, Field(pattern=SPAN)]
ONSITE = {"any": None, "yes": True, "no": False}
MONTH_KEY = r"^20\d{2}-(0[1-9]|1[0-2])$"
# Of fields that the core keeps as text or number: which words are one, and between which numbers it lies.
WORDS: Mapping[str, Iterable[str]] = {
    "bound": contracts.BOUND_NAMES, "basis": BASES, "period": ("", *contracts.PERIOD_NAMES),
    "event": ("", *contracts.EVENT_NAMES), "responsibility": contracts.RESPONSIBILITY_NAMES,
    "scope": contracts.SCOPE_NAMES, "amount": contracts.AMOUNT_NAMES, "month_of": contracts.MONTH_OF_NAMES,
    "penalty_month_of": contracts.MONTH_OF_NAMES, "approval": ROLES,
}  # fmt: skip
BOUNDS = {
    "limit": (1, 999), "count": (1, 31), "workdays": (0, 260), "minutes": (0, 10_080), "grace_days": (0, 60),
    "due_days": (-60, 60), "min_gap_days": (0, 31), "year": (1, 50),
    "used": (0, 999), "lock_workday": (1, 20), "answer_workdays": (1, 20),
    "sample_size": (1, 200), "security_minutes": (1, 1_440), "at_risk": (0, 10_000), "pay_days": (1, 365),
}  # fmt: skip
MAY_BE_EMPTY = ("signs", "duplicate_of", "document", "condition", "legal_basis", "matters", *WORDS)


def spans(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """Given spans as the file writes them, `08:00-18:00`, return them as pairs."""
    return tuple((text[:5], text[6:]) for text in texts)


def _apart(texts: list[str]) -> list[str]:
    read_hours(spans(texts), "working_time")
    return texts


def _money(text: str) -> str:
    try:
        money.fen_of(text)
    except Refused:
        raise ValueError('应为金额（元），例如 "120000.00"') from None
    return text


def _within(sets: dict[str, Any]) -> dict[str, Any]:
    """What an answer sets keeps to the same words and numbers as the key itself; of a task it may leave none owed."""
    for place, value in sets.items():
        key = place.rpartition(".")[2]
        values = value if isinstance(value, list) else [value]
        if key in WORDS and not all(one in tuple(WORDS[key]) for one in values):
            raise ValueError(f"{place} 只能是 {' 或 '.join(repr(word) for word in WORDS[key] if word)}")
        low, high = BOUNDS.get(key, (0, 0))
        if key in BOUNDS and not (type(value) is int and (low <= value <= high or (key, value) == ("count", 0))):
            raise ValueError(f"{place} 应为 {low} 到 {high} 的整数")
    return sets


def shaped(of: type, /, **given: Any) -> type[BaseModel]:
    """Given a dataclass of the core, return what checks such a table of the file: same fields, same defaults.

    `given` are fields that the file writes otherwise, (annotation, default); None leaves a field out.
    """
    hints, told = get_type_hints(of), dict(given)
    for field in fields(of):
        if field.init and field.name not in told:
            default = ... if field.default is MISSING and field.default_factory is MISSING else _default(field)
            told[field.name] = (_annotated(field.name, hints[field.name]), default)
    wanted = {name: value for name, value in told.items() if value is not None}
    return create_model(f"{of.__name__}Shape", __config__=STRICT, **wanted)


def _default(field: Any) -> Any:
    return field.default if field.default is not MISSING else field.default_factory()


def _annotated(name: str, hint: Any) -> Any:
    if name in WORDS:
        word = Literal[tuple(WORDS[name])]  # type: ignore[misc]
        return tuple[word, ...] if hint == tuple[str, ...] else word
    if name in BOUNDS:
        return Annotated[hint, Field(ge=BOUNDS[name][0], le=BOUNDS[name][1])]
    return Annotated[hint, Field(min_length=1)] if hint is str and name not in MAY_BE_EMPTY else hint


@shape(frozen=True, kw_only=True, config=STRICT)
class OverrideShape:
    """One [[working_time.override]]: a year's statutory days as the parties reviewed them."""

    year: int = Field(ge=2004, le=2100)
    holidays: list[str]
    workdays: list[str]


@shape(frozen=True, kw_only=True, config=STRICT)
class WorkingTimeShape:
    """[working_time]: when the hospital works."""

    zone: str
    hours: Annotated[list[Span], Field(min_length=1), AfterValidator(_apart)]
    breaks: Annotated[list[Span], AfterValidator(_apart)]
    statutory_source: Literal["chinesecalendar"]
    override: list[OverrideShape] = Field(default_factory=list)


@shape(frozen=True, kw_only=True, config=BY_ALIAS)
class TimeLimitShape:
    """One [[contract.time_limit]]."""

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
    exception_to: list[str] = Field(default_factory=list)


ReadingShape = shaped(Reading)
TaskShape = shaped(Task)
OpeningShape = shaped(Opening)
CLAUSES = {
    kind: shaped(
        of_kind, kind=(Literal[kind], ...), tasks=None, id=(Annotated[str, Field(pattern=r"^C-\d{2}$")], ...),
        task=(list[TaskShape], []),  # type: ignore[valid-type]
    )
    for kind, of_kind in Clause.KINDS.items()
}  # fmt: skip
ClauseShape = Annotated[reduce(lambda one, other: one | other, CLAUSES.values()), Field(discriminator="kind")]  # type: ignore[arg-type, return-value]
OptionShape = shaped(Option, sets=(Annotated[dict[str, Any], AfterValidator(_within)], {}))
QuestionShape = shaped(Question, options=None, option=(list[OptionShape], ...))  # type: ignore[valid-type]
NodeShape = shaped(
    Node, kind=(Literal[tuple(money.NODE_NAMES)], ...), share=None,
    share_percent=(Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,2})?$")], "0"),
)  # fmt: skip
SettlementShape = shaped(
    Settlement, at_risk=None, limits_told=(dict[str, Annotated[int, Field(ge=1, le=100_000)]], {}),
    at_risk_percent=(Annotated[str, Field(pattern=r"^\d{1,3}(\.\d{1,2})?$")], "0"),
)  # fmt: skip
Yuan = Annotated[str, AfterValidator(_money)]
FeeShape = shaped(
    Fee, annual=(Yuan, ...), months=(dict[Annotated[str, Field(pattern=MONTH_KEY)], Yuan], {})
)  # fmt: skip


@shape(frozen=True, kw_only=True, config=STRICT)
class ContractShape:
    """[contract]: all but its working time."""

    number: str = Field(min_length=1, max_length=60)
    name: str = Field(min_length=1, max_length=200)
    hospital: str = Field(min_length=1)
    vendor: str = Field(min_length=1)
    starts_on: date
    ends_on: date
    counts_from: date
    go_live_on: date | None = None
    prompt_minutes: int = Field(default=15, ge=0, le=120)
    silence_workdays: int = Field(default=0, ge=0, le=30)
    time_limit: list[TimeLimitShape] = Field(min_length=1)
    reading: list[ReadingShape]  # type: ignore[valid-type]
    clause: list[ClauseShape] = Field(default_factory=list)  # type: ignore[valid-type]
    question: list[QuestionShape] = Field(default_factory=list)  # type: ignore[valid-type]
    opening: list[OpeningShape] = Field(default_factory=list)  # type: ignore[valid-type]
    fee: FeeShape | None = None  # type: ignore[valid-type]
    node: list[NodeShape] = Field(default_factory=list)  # type: ignore[valid-type]
    settlement: SettlementShape = Field(default_factory=SettlementShape)  # type: ignore[valid-type]


def terms_of(contract: ContractShape, working: WorkingTimeShape, types: Iterable[Any]) -> Terms:
    """Given the checked sections and the ticket types, return the contract's terms as the file gives them."""
    return Terms(
        number=contract.number,
        name=contract.name,
        hospital=contract.hospital,
        vendor=contract.vendor,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        counts_from=contract.counts_from,
        zone=working.zone,
        hours=spans(working.hours),
        breaks=spans(working.breaks),
        overrides=tuple(DayOverride(o.year, tuple(o.holidays), tuple(o.workdays)) for o in working.override),
        limits=tuple(_limit(item) for item in contract.time_limit),
        readings=_made_of(Reading, contract.reading),
        undeclinable=tuple(t.name for t in types if not t.declinable),
        prompt_minutes=contract.prompt_minutes,
        silence_workdays=contract.silence_workdays or None,
        clauses=tuple(_clause(item) for item in contract.clause),
        questions=tuple(_question(item) for item in contract.question),
        go_live_on=contract.go_live_on,
        openings=_made_of(Opening, contract.opening),
        fee=_fee(contract.fee) if contract.fee else None,
        nodes=tuple(_node(item) for item in contract.node),
        settlement=_settlement(contract.settlement),
    )


def _plain(given: Any) -> dict[str, Any]:
    told: dict[str, Any] = given.model_dump(mode="json")
    return told


def _made_of(kind: type, given: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(made(kind, _plain(item)) for item in given)


def _limit(given: TimeLimitShape) -> TimeLimit:
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
        needs_onsite=ONSITE[given.needs_onsite],
        classes=tuple(given.classes),
        limit_seconds=given.limit_minutes * 60,
        class_rule=given.class_rule,
        pausable=given.pausable,
        exception_to=tuple(given.exception_to),
    )


def _clause(given: Any) -> Clause:
    told = _plain(given)
    tasks = told.pop("task")
    return made(Clause, {**told, "tasks": tasks})


def _question(given: Any) -> Question:
    told = _plain(given)
    options = [{**option, "sets": [_set(*one) for one in option["sets"].items()]} for option in told.pop("option")]
    return made(Question, {**told, "options": options})


def _set(place: str, value: Any) -> tuple[str, str]:
    """What an answer sets, in the file's own keys and units, as the core names and counts it."""
    before, _, key = place.rpartition(".")
    if key == "limit_minutes" and isinstance(value, int):
        return f"{before}.limit_seconds", json.dumps(value * 60)
    if key == "needs_onsite" and value in ONSITE:
        return place, json.dumps(ONSITE[value])
    if key == "at_risk_percent" and isinstance(value, str):
        return f"{before}.at_risk", json.dumps(_hundredths(value))
    named = {"from": "start_event", "to": "stop_event"}.get(key, key)
    return f"{before}.{named}".replace(".task.", ".tasks."), json.dumps(value, ensure_ascii=False)


def _hundredths(percent: str) -> int:
    whole, _, rest = percent.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


def _fee(given: Any) -> Fee:
    months = tuple((month, money.fen_of(yuan)) for month, yuan in sorted(given.months.items()))
    return Fee(money.fen_of(given.annual), months)


def _node(given: Any) -> Node:
    told = _plain(given)
    share = _hundredths(told.pop("share_percent"))
    return made(Node, {**told, "share": share})


def _settlement(given: Any) -> Settlement:
    told = _plain(given)
    at_risk = _hundredths(told.pop("at_risk_percent"))
    return made(Settlement, {**told, "at_risk": at_risk, "limits_told": list(told["limits_told"].items())})
