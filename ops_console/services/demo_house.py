"""The house of the demo year before its first day: accounts of both parties, places with stickers, anchors' receivers.

Not for what happens there (`services/demo.py`). Passwords are random, told once to whoever builds the demo.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.demo_places import CHIEF, DEPARTMENTS, MANAGER, PEOPLE, Person
from ops_console.core.passwords import READABLE
from ops_console.core.people import Actor, actor_of, terminal_actor
from ops_console.core.public_reports import Secrets
from ops_console.services import anchors, locations, people, sessions
from ops_console.services.people import NewPerson, OneTime, Policy
from ops_console.services.ports import OpenSession, PasswordHasher
from ops_console.store import anchors as anchor_store

BUILDER = terminal_actor("demo")


@dataclass(frozen=True)
class Key:
    """An account of the demo with the password that opens it, to be shown once."""

    account: str
    name: str
    role: str
    password: str


def furnish(
    open_write: OpenSession,
    hasher: PasswordHasher,
    policy: Policy,
    house: Secrets,
    modules: Mapping[str, str],
    now: datetime,
) -> tuple[dict[str, OneTime], dict[str, str]]:
    """Given an empty house and the modules' names by code, put people and places there.

    Return the first passwords by account and the stickers' tokens by department.
    """
    ready = {person.account: people.one_time(hasher) for person in PEOPLE}
    with open_write() as session:
        for person in PEOPLE:
            wanted = NewPerson(person.account, person.name, person.role, person.holder, person.department)
            people.add_account(session, policy, wanted, ready[person.account], BUILDER, now)
        places = _places(session, house, modules, now)
    return ready, places


def _places(session: Session, house: Secrets, modules: Mapping[str, str], now: datetime) -> dict[str, str]:
    chief = actor_named(CHIEF)
    lines = "\n".join(f"{d.name},{d.place},{modules[d.module]}" for d in DEPARTMENTS)
    rows = locations.add(session, lines, modules.values(), house, actor=chief, now=now)
    stickers = locations.stickers(session, [row.id for row in rows], house, chief, now)
    return {sticker.department: sticker.token for sticker in stickers}


def receive_anchors(hands: anchors.Hands, now: datetime) -> None:
    """Given what makes anchors, let both parties receive them, each by taking them away itself."""
    for account in (CHIEF, MANAGER):
        anchors.set_receiver(hands, "download", "", replace(actor_named(account), proved_until=now), now)


def take_anchors(session: Session, now: datetime) -> None:
    """Given a transaction, let each party note that it took the newest anchor away."""
    digest = anchor_store.last_digest(session)
    for account in (CHIEF, MANAGER):
        anchors.confirm_download(session, digest, actor_named(account), now)


def hand_keys(
    open_read: OpenSession, open_write: OpenSession, hasher: PasswordHasher, policy: Policy,
    ready: dict[str, OneTime], now: datetime,
) -> tuple[Key, ...]:  # fmt: skip
    """Given the first passwords, give every account a password of its own choice, so that it can be used at once."""
    return tuple(_key(open_read, open_write, hasher, policy, ready, person, now) for person in PEOPLE)


def _key(
    open_read: OpenSession, open_write: OpenSession, hasher: PasswordHasher, policy: Policy,
    ready: dict[str, OneTime], person: Person, now: datetime,
) -> Key:  # fmt: skip
    wished = "Demo-" + "-".join("".join(secrets.choice(READABLE) for _ in range(4)) for _ in range(3))
    actor, current = actor_named(person.account), ready[person.account].password
    signed = people.change_password(
        open_read, open_write, hasher, policy, actor=actor, current=current, new=wished, source="demo", now=now
    )
    with open_write() as session:
        sessions.sign_out(session, signed.token, actor, now)
    return Key(person.account, person.name, person.role, wished)


def actor_named(account: str) -> Actor:
    """Given an account of the demo, return who acts; the hospital's people sit at devices of its own."""
    person = next(person for person in PEOPLE if person.account == account)
    return actor_of(person.account, person.name, person.role, on_clean_device=True)
