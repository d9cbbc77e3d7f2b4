"""The same act on many tickets: each its own transaction, so that one refused leaves the others done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core import tickets as core
from ops_console.core.errors import ConsoleError, Refused
from ops_console.core.people import Actor
from ops_console.core.sentences import Sentence
from ops_console.core.trust import unproven
from ops_console.services.contracts import Book, Books
from ops_console.services.corrections import Word, accept_times
from ops_console.services.ports import OpenSession
from ops_console.services.ticket_events import held
from ops_console.services.tickets import Move, move

MOST = 200
Act = Callable[[Session, Book, str], object]


@dataclass(frozen=True)
class Outcome:
    """What became of each ticket: the numbers done, and (number, why not) of the others."""

    done: tuple[str, ...]
    refused: tuple[tuple[str, Sentence], ...]


def act_of(name: str, actor: Actor, now: datetime, assignee: str = "") -> Act:
    """Given the name of an act that many tickets can take, who acts and now, return it. Raises Refused for others."""
    kinds = {"respond": core.RESPONDED, "confirm": core.CONFIRMED, "assign": core.ASSIGNED}
    if name == "accept-times":
        return lambda session, book, number: _accept(session, book, number, actor, now)
    if name not in kinds:
        raise Refused("请选择要做的操作。", field="act")
    facts: dict[str, object] = {"assignee": assignee} if name == "assign" else {}
    return lambda session, book, number: move(session, book, Move(number, kinds[name], facts), actor, now)


def _accept(session: Session, book: Book, number: str, actor: Actor, now: datetime) -> None:
    _row, _events, facts = held(session, number)
    times = {name: facts.stamps[name].at for name in unproven(facts.stamps)}
    accept_times(session, book, Word(number, times, approved=True), actor, now)


def each(open_write: OpenSession, books: Books, numbers: Sequence[str], act: Act) -> Outcome:
    """Given ticket numbers and an act, do it to each. Raises Refused when there are none or too many."""
    chosen = tuple(dict.fromkeys(number for number in numbers if number))
    if not chosen:
        raise Refused("请先勾选工单。", field="number")
    if len(chosen) > MOST:
        raise Refused("一次最多处理 %(n)s 件，请分几次。", field="number", n=MOST)
    done: list[str] = []
    refused: list[tuple[str, Sentence]] = []
    for number in chosen:
        try:
            with open_write() as session:
                act(session, books(session), number)
            done.append(number)
        except ConsoleError as exc:
            refused.append((number, exc.sentence))
    return Outcome(tuple(done), tuple(refused))
