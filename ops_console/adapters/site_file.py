"""Changing values of config.toml where a command was asked to: line by line, everything else as it stands.

Not for reading settings (`settings.py`). The result is parsed again and must differ in just the wanted values.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ops_console.core.errors import Refused

UNSURE = "不能可靠地改动 %(file)s（%(reason)s）；请手工在 [%(section)s] 中写入：\n%(lines)s"


@dataclass(frozen=True)
class Edit:
    """A changed file that is not written yet."""

    path: Path
    before: str
    after: str

    @property
    def difference(self) -> str:
        """The changed lines, as people read them."""
        lines = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), lineterm="", n=0)
        return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))

    def write(self, now: datetime) -> Path | None:
        """Keep the old file beside the new one and return its path; None when there is nothing to change."""
        if self.before == self.after:
            return None
        kept = self.path.with_name(f"{self.path.name}.{now:%Y%m%d-%H%M%S}.bak")
        kept.write_text(self.before, encoding="utf-8")
        temporary = self.path.with_name(f".{self.path.name}.new")
        temporary.write_text(self.after, encoding="utf-8")
        temporary.chmod(self.path.stat().st_mode & 0o777)
        temporary.replace(self.path)
        return kept


def edit(path: Path, section: str, wanted: Mapping[str, str | int | bool]) -> Edit:
    """Given a TOML file, one of its sections and the values wanted there, return the edit.

    Raises Refused, with the lines to write by hand, when the result would not be exactly that.
    """
    try:
        before = path.read_text(encoding="utf-8")
        old = tomllib.loads(before)
    except (OSError, ValueError) as exc:
        raise _unsure(path, section, wanted, str(exc)) from exc
    after = _changed(before, section, wanted)
    expected = {**old, section: {**old.get(section, {}), **wanted}}
    try:
        is_right = tomllib.loads(after) == expected
    except ValueError:
        is_right = False
    if not is_right:
        raise _unsure(path, section, wanted, f"[{section}]")
    return Edit(path, before, after)


def _changed(text: str, section: str, wanted: Mapping[str, Any]) -> str:
    lines, made, is_inside, left = text.splitlines(keepends=True), [], False, dict(wanted)
    for line in lines:
        if line.lstrip().startswith("["):
            if is_inside:
                made += _missing(left)
                left = {}
            is_inside = line.split("#")[0].strip() == f"[{section}]"
        found = re.match(r"\s*([A-Za-z_]+)\s*=", line) if is_inside else None
        if found and found.group(1) in left:
            line = _line(found.group(1), left.pop(found.group(1)), line)
        made.append(line)
    return "".join([*made, *(_missing(left) if is_inside else [])])


def _line(name: str, value: object, old: str) -> str:
    comment = re.search(r"""^[^"'#]*(?:"[^"]*"|'[^']*')?[^"'#]*(#.*)$""", old.rstrip("\n"))
    said = f"{name} = {json.dumps(value, ensure_ascii=False)}"
    return f"{said.ljust(38)} {comment.group(1)}\n" if comment else f"{said}\n"


def _missing(left: Mapping[str, object]) -> list[str]:
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in left.items()]


def _unsure(path: Path, section: str, wanted: Mapping[str, object], reason: str) -> Refused:
    lines = "".join(_missing(wanted)).rstrip()
    return Refused(UNSURE, file=str(path), reason=reason, section=section, lines=lines)
