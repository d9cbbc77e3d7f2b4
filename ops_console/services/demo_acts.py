"""Doing the demo year's steps: each becomes the command that a page would send, by the person it names.

Not for which steps there are (`core/demo_*.py`) nor for their order in time (`services/demo.py`).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from ops_console.core.attachments import NewFile
from ops_console.core.demo_places import CHIEF, NAMES
from ops_console.core.demo_proofs import RECORD, proof_name, proof_of, record_of
from ops_console.core.demo_steps import (
    ACCEPT,
    DESCRIBE,
    FILE,
    OPEN,
    PROPOSE,
    PUBLIC,
    PUBLIC_ANSWER,
    RETYPE,
    Step,
    Story,
)
from ops_console.core.public_reports import KINDS, Secrets
from ops_console.core.trust import GRADE_BARE, GRADE_PROVED
from ops_console.services import (
    attachments,
    corrections,
    demo_caps,
    demo_contract,
    descriptions,
    public_answers,
    public_reports,
    tickets,
)  # fmt: skip
from ops_console.services.contracts import Books
from ops_console.services.demo_house import actor_named
from ops_console.services.demo_parts import KeepFile, Part
from ops_console.services.public_answers import Answer
from ops_console.services.signing import Hands
from ops_console.services.tickets import Move, OpenTicket

NETWORK, ADDRESS = "10.20.0.0/16", "10.20.3.{n}"
LATE = (GRADE_PROVED, GRADE_BARE)


@dataclass
class Acts:
    """Who acts on what so far: the number of each story's ticket, and its status address where one reported freely.

    `places` are the sticker's tokens by department, `modules` the names by code; `cases` are the numbers of breach
    cases by what they are about.
    """

    books: Books
    keep_file: KeepFile
    house: Secrets
    modules: Mapping[str, str]
    places: Mapping[str, str]
    signing: Hands
    numbers: dict[str, str] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    files: dict[str, NewFile] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)

    def do(self, session: Session, step: Step, story: Story | None) -> None:
        """Given a transaction, a step and its story, do it through the services, at the step's moment."""
        if story is None:
            book = self.books(session)
            demo_contract.do(Part(session, book, step, self.keep_file, self.signing, self.numbers, self.cases))
            return
        ACTS.get(step.act, Acts._move)(self, session, step, story)

    def _open(self, session: Session, step: Step, story: Story) -> None:
        proof = self._proof(story, step)
        said = story.said
        command = OpenTicket(
            type=str(step.facts["type"]), module=self.modules[said.module], channel=story.channel,
            title=said.text.title, department=said.department.name, reporter=said.reporter,
            phone=said.department.phone, description=said.text.description,
            needs_onsite=bool(step.facts["needs_onsite"]), reported_at=step.claimed_at,
            answered=bool(step.facts["answered"]), files=(self.files[story.key],) if proof else (),
        )  # fmt: skip
        self.numbers[story.key] = tickets.open_ticket(
            session, self.books(session), command, actor_named(step.who), step.at
        )

    def _public(self, session: Session, step: Step, story: Story) -> None:
        said, word = story.said, str(step.facts["type"])
        kind = next(key for key, (_, kind) in KINDS.items() if kind == word)
        sent = self._sender(session, story)
        report = public_reports.Report(
            f"demo/{story.key}", kind, self.modules[said.module], said.text.title, said.department.name,
            said.reporter, said.department.phone,
        )  # fmt: skip
        done = public_reports.receive(session, self.books(session), report, sent, self.house, step.at)
        number = done.number or self._look(session, done.report_id, step)
        self.numbers[story.key], self.addresses[story.key] = number, done.status_token

    def _look(self, session: Session, report_id: int, step: Step) -> str:
        """Too many came at once through that door: the IT department looks and takes it."""
        return public_reports.accept(session, self.books(session), report_id, actor_named(CHIEF), step.at)

    def _sender(self, session: Session, story: Story) -> public_reports.Sender:
        place = public_reports.place_of(session, self.places[story.said.department.name])
        address = ADDRESS.format(n=int(story.said.department.phone) % 250)
        return public_reports.sender(session, f"demo/{story.key}", address, [NETWORK], place)

    def _public_answer(self, session: Session, step: Step, story: Story) -> None:
        stars = step.facts.get("rating")
        said = Answer(is_restored=True, stars=stars if isinstance(stars, int) else 0)
        public_answers.answer(
            lambda: nullcontext(session), self.books, self.house, token=self.addresses[story.key], said=said,
            sent=self._sender(session, story), now=step.at,
        )  # fmt: skip

    def _retype(self, session: Session, step: Step, story: Story) -> None:
        corrections.retype(
            session, self.books(session), self.numbers[story.key], str(step.facts["type"]), step.personal["reason"],
            actor=actor_named(step.who), now=step.at,
        )  # fmt: skip

    def _describe(self, session: Session, step: Step, story: Story) -> None:
        told = {name: str(value) for name, value in step.facts.items()}
        command = descriptions.CompleteTicket(self.numbers[story.key], **told)
        descriptions.complete(session, self.books(session), command, actor_named(step.who), step.at)

    def _accept(self, session: Session, step: Step, story: Story) -> None:
        number, book, actor = self.numbers[story.key], self.books(session), actor_named(step.who)
        stamps = tickets.view(session, book, number, actor).facts.stamps
        times = {name: s.at for name, s in stamps.items() if s.grade in LATE and s.accepted is None}
        if times:
            word = corrections.Word(number, times, approved=step.facts["approved"] is True)
            corrections.accept_times(session, book, word, actor, step.at)

    def _propose(self, session: Session, step: Step, story: Story) -> None:
        command = corrections.Correction(
            self.numbers[story.key], str(step.facts["field"]), str(step.facts["new"]), step.personal["reason"]
        )
        corrections.propose(session, self.books(session), command, actor_named(step.who), step.at)

    def _move(self, session: Session, step: Step, story: Story) -> None:
        handler = step.facts.get("handler")
        facts = {**step.facts, **({"handler": NAMES[str(handler)]} if handler else {})}
        command = Move(
            self.numbers[story.key], step.act, facts, step.personal, step.claimed_at, self._proof(story, step)
        )
        tickets.move(session, self.books(session), command, actor_named(step.who), step.at)

    def _proof(self, story: Story, step: Step) -> tuple[str, ...]:
        """The digest of the file that shows the story's late times: one for all of them."""
        if not step.proved:
            return ()
        if story.key not in self.files:
            self.files[story.key] = self.keep_file(io.BytesIO(proof_of(story).encode()), proof_name(story))
        return (self.files[story.key].digest,)

    def _file(self, session: Session, step: Step, story: Story) -> None:
        kept = self.keep_file(io.BytesIO(record_of(story).encode()), RECORD)
        attachments.attach(session, self.numbers[story.key], kept, actor_named(step.who), step.at)

    def _settle(self, session: Session, step: Step, story: Story) -> None:
        demo_caps.do(session, self.books(session), step, self.numbers[story.key], self.keep_file)


ACTS: Mapping[str, Callable[[Acts, Session, Step, Story], None]] = {
    OPEN: Acts._open, PUBLIC: Acts._public, PUBLIC_ANSWER: Acts._public_answer, RETYPE: Acts._retype,
    FILE: Acts._file, DESCRIBE: Acts._describe, ACCEPT: Acts._accept, PROPOSE: Acts._propose,
    **dict.fromkeys(demo_caps.ACTS, Acts._settle),
}  # fmt: skip
