"""What the demo year's steps about the contract have at hand: where, when, by whom.

Not for doing them (`services/demo_contract.py`, `services/demo_months.py`).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import IO, TypedDict

from sqlalchemy.orm import Session

from ops_console.core.attachments import NewFile
from ops_console.core.demo_steps import Step
from ops_console.core.people import Actor
from ops_console.services import assessments
from ops_console.services.contracts import Book
from ops_console.services.demo_house import actor_named
from ops_console.services.signing import Hands

PAPER = "{title}\n{text}\n（演示）\n"
PROVED = timedelta(minutes=5)
KeepFile = Callable[[IO[bytes], str], NewFile]


class By(TypedDict):
    """Who acts and when, as services ask for it."""

    actor: Actor
    now: datetime


class Calling(By):
    """The same of a sample check, which also asks whether a month is locked."""

    is_locked: Callable[[str], bool]


@dataclass
class Part:
    """One step about the contract being done: where, when, by whom, with what at hand; `cases` are numbers by case."""

    session: Session
    book: Book
    step: Step
    keep_file: KeepFile
    signing: Hands
    numbers: Mapping[str, str]
    cases: dict[str, str] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """When the step is done."""
        return self.step.at

    @property
    def actor(self) -> Actor:
        """Who does it, a second factor just given."""
        return self.by(self.step.who)

    @property
    def contract_id(self) -> int:
        """The contract in force."""
        return self.book.at(self.now).contract_id

    @property
    def month(self) -> str:
        """The month that the step is about."""
        return str(self.step.facts["month"])

    def by(self, account: str) -> Actor:
        """Given an account, return its person with a second factor just given."""
        return replace(actor_named(account), proved_until=self.now + PROVED)

    def told(self, name: str) -> str:
        """A text among the step's facts."""
        return str(self.step.facts[name])

    def paper(self, title: str, text: str) -> NewFile:
        """Given a title and a text, keep them as a file."""
        return self.keep_file(io.BytesIO(PAPER.format(title=title, text=text).encode()), f"{title}.txt")

    def is_locked(self, month: str) -> bool:
        """Whether a month is signed."""
        return assessments.is_locked(self.session, self.contract_id, month)
