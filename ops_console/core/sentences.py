"""A sentence for people: a Chinese text with named places, and the values that fill them.

Not for translating or formatting: a face hands the sentence to its translator, which knows language and zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
