"""Frozen dataclasses as plain values that JSON keeps, and back: by their fields alone, so that storage follows a kind.

Not for canonical bytes (`core/chain.py`). A missing key takes the field's default, an unknown one is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

Made = TypeVar("Made")
KINDS = "KINDS"  # a class attribute: which subclass a value's `kind` means


def plain(value: object) -> Any:
    """Given a dataclass, date, tuple or plain value, return dicts, lists, texts, numbers. What has its default is left
    out, so that a field added later changes no stored text. Raises ValueError for a naive datetime or a float.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value) if not _is_default(f, value)}
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"naive datetime: {value!r}")
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, float):
        raise ValueError("no floats")
    return value


def _is_default(of: Field[Any], value: object) -> bool:
    if not of.init or of.metadata.get("always"):
        return False
    here = getattr(value, of.name)
    if of.default is not MISSING:
        return bool(here == of.default)
    return of.default_factory is not MISSING and bool(here == of.default_factory())


def made(kind: type[Made], raw: Any) -> Made:
    """Given a dataclass and what `plain` made of one, return it. Raises ValueError for a misfit, naming the key."""
    found: Made = _made(kind, raw, kind.__name__)
    return found


def _made(kind: Any, raw: Any, path: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        wanted = [one for one in get_args(kind) if one is not type(None)]
        return None if raw is None else _made(wanted[0], raw, path)
    if origin is tuple:
        return _tuple(get_args(kind), raw, path)
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass(kind, raw, path)
    if kind in (date, datetime):
        return _moment(kind, raw, path)
    if origin is not None or kind is Any or kind is object:
        return raw
    if not isinstance(raw, kind) or (kind is int and isinstance(raw, bool)):
        raise ValueError(f"{path}: {raw!r}")
    return raw


def _moment(kind: Any, raw: Any, path: str) -> Any:
    try:
        return kind.fromisoformat(raw)
    except (TypeError, ValueError) as exc:
        raise ValueError(f"{path}: {raw!r}") from exc


def _tuple(of: tuple[Any, ...], raw: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(raw, list | tuple):
        raise ValueError(f"{path}: {raw!r}")
    kinds = [of[0]] * len(raw) if of[-1] is Ellipsis else of
    return tuple(_made(one, item, f"{path}[{index}]") for index, (one, item) in enumerate(zip(kinds, raw, strict=True)))


def _dataclass(kind: Any, raw: Any, path: str) -> Any:
    if not isinstance(raw, Mapping):
        raise ValueError(f"{path}: {raw!r}")
    given = dict(raw)
    subkinds = getattr(kind, KINDS, None)
    if subkinds:
        kind = subkinds.get(given.pop("kind", None))
        if kind is None:
            raise ValueError(f"{path}.kind: {raw.get('kind')!r}")
    hints, known = _hints(kind), {f.name for f in fields(kind) if f.init}
    unknown = sorted(given.keys() - known)
    if unknown:
        raise ValueError(f"{path}.{unknown[0]}")
    values = {name: _made(hints[name], item, f"{path}.{name}") for name, item in given.items()}
    try:
        return kind(**values)
    except TypeError as exc:
        raise ValueError(f"{path}: {exc}") from exc


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
