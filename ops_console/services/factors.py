"""Second factors: enrolling an authenticator app or a code card, and proving it, each code once, five tries.

Not for the arithmetic (`core/factors.py`) nor for clearing a lost one (`services/lost_factors.py`).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from sqlalchemy.orm import Session

from ops_console.core.devices import hashed_token
from ops_console.core.errors import Refused
from ops_console.core.factors import (
    CARD,
    CARD_CODES,
    LOCKED_FOR,
    TOTP,
    TRIES,
    hashed_code,
    matching_counter,
    new_card,
    new_seed,
    typed_code,
)
from ops_console.services.ports import OpenSession, Sealer
from ops_console.services.sessions import Guest
from ops_console.services.sign_in import note
from ops_console.store import factors as store
from ops_console.store import people

WRONG = "验证码不对或已经用过；请等下一个验证码再试。"
WRONG_CARD = "码卡上第 %(position)s 号码不对；请核对编号后再试。"
LOCKED = "验证码连续错误次数过多，请于 %(until)s 之后再试。"


class Place(TypedDict):
    """Where a sealed seed is kept: it opens nowhere else."""

    table: str
    row: int
    field: str


@dataclass(frozen=True)
class Hands:
    """What second factors need: a unit of work that writes, what seals seeds, and the key of card codes."""

    open_write: OpenSession
    sealer: Sealer
    card_key: bytes


@dataclass(frozen=True)
class Standing:
    """A person's second factor: which kind, since when, and of a card the next code's number and how many are left."""

    kind: str | None
    enrolled_at: datetime | None
    position: int | None = None
    left: int = 0


def standing(session: Session, person_id: int) -> Standing:
    """Given a person, return their second factor as it stands."""
    row = store.of_person(session, person_id)
    if row is None or row.kind is None:
        return Standing(None, None)
    if row.kind == TOTP or row.card is None:
        return Standing(row.kind, row.enrolled_at)
    code = store.next_code(session, person_id, row.card)
    position = code.position if code else None
    return Standing(CARD, row.enrolled_at, position, CARD_CODES + 1 - position if position else 0)


def begin_totp(session: Session, sealer: Sealer, guest: Guest) -> str:
    """Given who enrols, return the seed for their app; it counts from its first right code."""
    row = _row(session, guest)
    seed = new_seed()
    row.next_sealed = sealer.seal(seed.encode(), **_place(guest.person_id))
    return seed


def pending_seed(session: Session, sealer: Sealer, guest: Guest) -> str | None:
    """Given who enrols, return the seed that waits for its first code, or None."""
    row = store.of_person(session, guest.person_id)
    return _seed(sealer, row.person_id, row.next_sealed) if row and row.next_sealed else None


def begin_card(session: Session, card_key: bytes, guest: Guest) -> tuple[str, ...]:
    """Given who enrols, return the codes of a new card, to be printed now; it counts from its first right code."""
    row = _row(session, guest)
    codes, card = new_card(), (row.next_card or row.card or 0) + 1
    store.drop_codes(session, guest.person_id, but=row.card)
    places = [(guest.person_id, card, position) for position in range(1, len(codes) + 1)]
    hashes = [hashed_code(card_key, place, code) for place, code in zip(places, codes, strict=True)]
    store.put_codes(session, guest.person_id, card, hashes)
    row.next_card = card
    return codes


def _row(session: Session, guest: Guest) -> store.FactorRow:
    person = people.by_account(session, guest.actor.account, lock=True)  # two windows do not begin at once
    assert person is not None
    row = store.of_person(session, person.id)
    if row is None:
        row = store.FactorRow(person_id=person.id, last_counter=0, failures=0)
        session.add(row)
        session.flush()
    return row


def enrol(hands: Hands, guest: Guest, kind: str, code: str, now: datetime) -> str:
    """Given who enrols, the kind and the first code of it, put it in use and return the session's new token.

    The factor before it and its codes are forgotten. Raises Refused for a wrong code.
    """
    with hands.open_write() as session:
        row = store.of_person(session, guest.person_id, lock=True)
        refused = _try(session, hands, guest, row, code, now, next_kind=kind)
        if refused is None:
            assert row is not None
            _take_over(session, row, kind, now)
            note(session, guest.actor.account, "factor_enrolled", guest.actor, now, {"factor": kind})
            return _renewed(session, guest, now)
    raise refused


def _take_over(session: Session, row: store.FactorRow, kind: str, now: datetime) -> None:
    if kind == TOTP:
        row.sealed, row.card = row.next_sealed, None
    else:
        row.card, row.sealed = row.next_card, None
    row.kind, row.enrolled_at, row.next_sealed, row.next_card = kind, now, None, None
    row.drop_asked_by = row.drop_asked_at = None
    store.drop_codes(session, row.person_id, but=row.card)


def prove(hands: Hands, guest: Guest, code: str, now: datetime) -> str:
    """Given who is signed in and what they typed, let the factor count as fresh and return the session's new token.

    Each code counts once, however many windows send it. Raises Refused for a wrong or used code, and after five.
    """
    with hands.open_write() as session:
        row = store.of_person(session, guest.person_id, lock=True)
        refused = _try(session, hands, guest, row, code, now, next_kind=None)
        if refused is None:
            return _renewed(session, guest, now)
    raise refused


def _try(
    session: Session, hands: Hands, guest: Guest, row: store.FactorRow | None, code: str, now: datetime,
    *, next_kind: str | None,
) -> Refused | None:  # fmt: skip
    """Count the try and say what is wrong with it, or None: the transaction keeps the count either way."""
    kind = next_kind or (row.kind if row else None)
    if row is None or kind is None:
        return Refused("您还没有启用第二因素。", field="factor_code")
    if row.locked_until is not None and row.locked_until > now:
        return Refused(LOCKED, field="factor_code", until=row.locked_until)
    told = typed_code(code)
    right, refused = (
        _is_right_card(session, hands, row, row.next_card if next_kind else row.card, told, now)
        if kind == CARD
        else (_is_right_totp(session, hands, row, row.next_sealed if next_kind else row.sealed, told, now), None)
    )
    row.failures = 0 if right else row.failures + 1
    row.locked_until = None
    if right:
        return None
    if row.failures >= TRIES:
        row.failures, row.locked_until = 0, now + LOCKED_FOR
    failed = "factor_locked" if row.locked_until else "factor_failed"
    note(session, guest.actor.account, failed, guest.actor, now, {"factor": kind})
    return refused or Refused(WRONG, field="factor_code")


def _is_right_totp(
    session: Session, hands: Hands, row: store.FactorRow, sealed: bytes | None, code: str, now: datetime
) -> bool:
    if sealed is None:
        return False
    counter = matching_counter(_seed(hands.sealer, row.person_id, sealed), code, now)
    return counter is not None and store.take_counter(session, row.person_id, counter)


def _is_right_card(
    session: Session, hands: Hands, row: store.FactorRow, card: int | None, code: str, now: datetime
) -> tuple[bool, Refused | None]:
    expected = store.next_code(session, row.person_id, card) if card is not None else None
    if expected is None:
        return False, Refused("码卡已用完；请联系两位管理员清除后重新启用。", field="factor_code")
    place = (row.person_id, expected.card, expected.position)
    right = hmac.compare_digest(expected.code_hash, hashed_code(hands.card_key, place, code))
    if right and store.take_code(session, expected, now):
        return True, None
    return False, Refused(WRONG_CARD, field="factor_code", position=expected.position)


def _renewed(session: Session, guest: Guest, now: datetime) -> str:
    """A session that gained in rights goes on under a new token: the old one may have been seen."""
    token = secrets.token_urlsafe(32)
    people.prove_session(session, guest.token_hash, hashed_token(token), now)
    note(session, guest.actor.account, "factor_proved", guest.actor, now, {})
    return token


def _seed(sealer: Sealer, person_id: int, sealed: bytes) -> str:
    return sealer.open(sealed, **_place(person_id)).decode()


def _place(person_id: int) -> Place:
    return {"table": "second_factor", "row": person_id, "field": "seed"}
