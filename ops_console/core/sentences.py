"""A sentence for people: a Chinese text with named places, and the values that fill them.

Not for translating or formatting: a face hands the sentence to its translator, which knows language and zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Sentence:
    """A message id (the Chinese sentence with `%(name)s` places) and its values.

    A value may be text, a number, an aware datetime, a timedelta or another Sentence; the face renders each.
    """

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        """Given nothing, return the Chinese text filled with plain values: for logs and tests, never for a face."""
        return self.text % self.values if self.values else self.text


def sentence(text: str, **values: object) -> Sentence:
    """Given a Chinese text with named places and their values, return the Sentence."""
    return Sentence(text, values)


def to_plain(value: object) -> object:
    """Given a Sentence or one of its values, return what JSON can keep; `from_plain` gives it back."""
    if isinstance(value, Sentence):
        return {"sentence": value.text, "values": {name: to_plain(item) for name, item in value.values.items()}}
    if isinstance(value, datetime):
        return {"at": value.isoformat()}
    if isinstance(value, timedelta):
        return {"seconds": int(value.total_seconds())}
    return value if isinstance(value, str | int | bool) or value is None else str(value)


def from_plain(plain: object) -> object:
    """Given what `to_plain` made, return the Sentence or value."""
    if isinstance(plain, dict) and "sentence" in plain:
        return Sentence(plain["sentence"], {name: from_plain(item) for name, item in plain["values"].items()})
    if isinstance(plain, dict) and "at" in plain:
        return datetime.fromisoformat(plain["at"])
    if isinstance(plain, dict) and "seconds" in plain:
        return timedelta(seconds=plain["seconds"])
    return plain
