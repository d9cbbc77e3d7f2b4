"""The shapes that all endpoints share: instants, months, and models that take and give listed fields only."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from ops_console.core.moments import MONTH, ZONE

INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,9})")
PLAIN = r"^[^\x00-\x1f\x7f]*$"


class Given(BaseModel):
    """What a caller sends: an unknown field is refused, and nothing is taken for something else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Told(BaseModel):
    """What the API answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _read_instant(value: Any) -> datetime:
    wrong = PydanticCustomError("instant", "an instant with its offset")
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise wrong
    try:
        whole, fraction = re.sub(r"\.\d+", "", value.upper().replace("Z", "+00:00")), re.search(r"\.(\d{1,6})", value)
        at = datetime.fromisoformat(whole)
        at = at.replace(microsecond=int(fraction[1].ljust(6, "0"))) if fraction else at
        if not FIRST <= at <= LAST:
            raise wrong
    except (ValueError, OverflowError) as exc:
        raise wrong from exc
    return at


def _write_instant(at: datetime) -> str:
    return at.astimezone(ZONE).isoformat(timespec="seconds")


def _read_flag(value: Any) -> bool:
    found = {"true": True, "false": False}.get(value)
    if found is None:
        raise PydanticCustomError("bool_parsing", "true or false")
    return found


def _read_number(value: Any) -> int:
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise PydanticCustomError("int_parsing", "a whole number")
    return int(value)


INSTANT_SCHEMA = {"type": "string", "format": "date-time", "examples": ["2026-11-20T18:00:00+08:00"]}
InstantGiven = Annotated[datetime, BeforeValidator(_read_instant), WithJsonSchema(INSTANT_SCHEMA)]
Instant = Annotated[datetime, PlainSerializer(_write_instant), WithJsonSchema(INSTANT_SCHEMA)]
Flag = Annotated[bool, BeforeValidator(_read_flag)]
Number = Annotated[int, BeforeValidator(_read_number)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Month = Annotated[str, Field(pattern=f"^{MONTH.pattern}$", examples=["2026-11"])]


def words(longest: int, *, shortest: int = 0) -> Any:
    """Given bounds, return the type of a text with so many characters."""
    return Annotated[str, Field(min_length=shortest, max_length=longest)]
