"""Keeping a list's filters under a name: for oneself, or shown to everybody of one's side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import NEUTRAL, Actor
from ops_console.store import views as store

LONGEST_NAME, LONGEST_QUERY, MOST = 40, 500, 30


@dataclass(frozen=True)
class SaveView:
    """The command that keeps a view: of which person, its name, the list's query, and whether their side sees it."""

    person_id: int
    name: str
    query: str
    shared: bool = False


def visible(session: Session, person_id: int, actor: Actor) -> Sequence[store.ViewRow]:
    """Given who looks, return the views they may open."""
    return store.of_person(session, person_id, actor.side if actor.side != NEUTRAL else "")


def save(session: Session, command: SaveView, actor: Actor, now: datetime) -> None:
    """Given the command, keep the view; one of the same name is replaced. Raises Refused naming the field."""
    actor.need("tickets.read")
    name, query = command.name.strip(), plain_query(command.query)
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused("请给视图起一个名称，最多 %(n)s 个字。", field="name", n=LONGEST_NAME)
    if not query or len(query) > LONGEST_QUERY:
        raise Refused("请先选择筛选条件，再保存为视图。", field="query")
    row = store.named(session, command.person_id, name)
    if row is None:
        if store.count_of(session, command.person_id) >= MOST:
            raise Refused("每人最多保存 %(n)s 个视图，请先删去不用的。", field="name", n=MOST)
        row = store.ViewRow(person_id=command.person_id, name=name, created_at=now)
        session.add(row)
    row.query, row.shared = query, command.shared and actor.side != NEUTRAL
    row.side = actor.side


def plain_query(query: str) -> str:
    """Given the query of a list's address, return it in one form, without the page: it becomes a link again."""
    return urlencode([(name, value) for name, value in parse_qsl(query[:2000]) if name != "page" and value])


def drop(session: Session, person_id: int, view_id: int) -> str:
    """Given a person and a view, forget it and return its name. Raises NotFound when it is not theirs."""
    row = store.own(session, person_id, view_id)
    if row is None:
        raise NotFound("没有这个视图。")
    session.delete(row)
    return row.name
