"""Reports from people without an account: what a tap means, how many are taken at once, what the secrets of one are.

Not for storing them (`services/public_reports.py`) and not for whose a browser is (`core/devices.py`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops_console.core.errors import Refused
from ops_console.core.moments import whole

# What the first tap says -> the words on it, and the type of ticket that it makes.
KINDS = {"broken": ("不能用了", "故障"), "question": ("想问一下", "咨询"), "other": ("其他", "咨询")}
TAKEN, PENDING, REJECTED = "ticket", "pending", "rejected"
STATES = (TAKEN, PENDING, REJECTED)
CODE_TRIES = 5
CODE_DIGITS = 4
SHORT_DIGITS = 5
MARK_LENGTH = 12
FIRST_CHARACTERS = 20
SUBJECT = "public_report"  # what the chain calls one
OLDEST_DRAFT = timedelta(hours=24)

PER_BROWSER, PER_PLACE, PER_OPEN, PER_REGISTERED, NARROW = 6, 10, 30, 30, timedelta(minutes=10)
PER_ADDRESS, WIDE = 300, timedelta(minutes=1)
PER_DAY, DAY = 200, timedelta(days=1)  # kept of one address: what nobody reports by hand, and no disk is filled with


@dataclass(frozen=True)
class Recent:
    """How many reports came of late: by this browser and through this door (in NARROW), from this address (in WIDE and
    in DAY).
    """

    browser: int
    door: int
    address: int
    address_in_day: int = 0


@dataclass(frozen=True)
class Door:
    """Which way a report came in: a registered browser, a sticker, or the open page. Each is counted by itself.

    So a flood through one door, or from one address without any, holds up nobody at another.
    """

    name: str
    at_most: int
    counts_browser: bool = True
    counts_address: bool = False


def door_of(*, location_id: int | None, is_registered: bool, browser: str) -> Door:
    """Given how a report came, return its door."""
    if is_registered:
        return Door(f"browser:{browser[:16]}", PER_REGISTERED, counts_browser=False)
    if location_id is not None:
        return Door(f"place:{location_id}", PER_PLACE)
    return Door("open", PER_OPEN, counts_address=True)


def is_too_many(door: Door, recent: Recent) -> bool:
    """Given a door and what came of late, say whether one more is to be looked at by a person before it is a ticket.

    >>> is_too_many(Door("place:1", 10), Recent(browser=0, door=9, address=0))
    False
    >>> is_too_many(Door("place:1", 10), Recent(browser=0, door=10, address=0))
    True
    """
    if door.counts_browser and recent.browser >= PER_BROWSER:
        return True
    return recent.door >= door.at_most or (door.counts_address and recent.address >= PER_ADDRESS)


def is_past_keeping(door: Door, recent: Recent) -> bool:
    """Given a door and what came of late, say whether one address sent so many that no more of it is kept.

    A browser that the hospital registered is not held up by whoever shares its address.

    >>> [is_past_keeping(Door("place:1", 10), Recent(0, 0, 0, sent)) for sent in (199, 200)]
    [False, True]
    """
    return door.counts_browser and recent.address_in_day >= PER_DAY


def claimed(device_at: datetime | None, now: datetime) -> datetime | None:
    """Given what a phone's clock said when a draft was written, return the time it claims, or None for none.

    A clock that is ahead, or a draft older than a day, claims nothing. Whatever it claims, the report counts from its
    arrival: a stranger's word must not move the other party's clocks.
    """
    if device_at is None or whole(device_at) >= whole(now) or now - device_at > OLDEST_DRAFT:
        return None
    return whole(device_at)


EXTENSION_WORDS = re.compile(r"转|分机|ext\.?", re.IGNORECASE)
CALLBACK_DIGITS = 3


def check_callback(phone: str) -> None:
    """Given a number to call back as typed, let it pass; none is allowed. Raises Refused for what cannot be dialled.

    >>> check_callback("0512-65000000 转 8150")
    >>> check_callback("")
    """
    text = EXTENSION_WORDS.sub(" ", unicodedata.normalize("NFKC", phone))
    digits = sum(c in "0123456789" for c in text)
    if phone.strip() and (digits < CALLBACK_DIGITS or any(c.isalpha() for c in text)):
        told = (
            "回电号码至少要有 3 位数字，除“转”“分机”“ext”外不能有文字，例如 8150 或 0512-65000000 转 8150；也可以不填。"
        )
        raise Refused(told, field="phone")


def first_words(title: str) -> str:
    """Given a report's title, return its beginning: enough to tell two receipts apart, no more.

    >>> first_words("缴费成功但是一直没有到账，已经试过三次，窗口前排队的人很多")
    '缴费成功但是一直没有到账，已经试过三次，…'
    """
    return title if len(title) <= FIRST_CHARACTERS else f"{title[:FIRST_CHARACTERS]}…"


def short_number(number: str) -> str:
    """Given a ticket's number, return the digits that people say on the telephone.

    >>> short_number("GD-20261120-00007")
    '00007'
    """
    return number[-SHORT_DIGITS:]


@dataclass(frozen=True)
class Secrets:
    """What the tokens and codes of public reports are made with: a key of the house that is not in the database."""

    key: bytes

    def token(self, purpose: str, name: str) -> str:
        """Given a purpose and what it is for, return its token of 128 bits: the same each time, told by nobody else."""
        return base64.urlsafe_b64encode(self._mac(purpose, name)[:16]).decode().rstrip("=")

    def code_hash(self, name: str, code: str) -> str:
        """Given what a confirmation code belongs to and the code, return what is kept of it."""
        return self._mac("code", f"{name}:{code}").hex()

    def _mac(self, purpose: str, text: str) -> bytes:
        key = hmac.digest(self.key, f"ops-console public {purpose}".encode(), hashlib.sha256)
        return hmac.digest(key, text.encode(), hashlib.sha256)


def fingerprint(text: str) -> str:
    """Given a token, return what its row is found by."""
    return hashlib.sha256(text.encode()).hexdigest()
