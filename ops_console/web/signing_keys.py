"""Keys that parties sign months with: registering, comparing fingerprints, revoking, the sheet for both stamps."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from ops_console.adapters import authenticators
from ops_console.core.errors import NotFound, Refused
from ops_console.core.people import Actor
from ops_console.core.signatures import WEBAUTHN
from ops_console.core.signing_keys import ALGORITHM_NAMES, KIND_NAMES, LARGEST, STATE_NAMES, TYPED
from ops_console.services import signing_keys
from ops_console.web import factors, formats
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import is_fresh, needs_factor
from ops_console.web.formats import gettext
from ops_console.web.lists import listed, word
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console

pages = Blueprint("signing_keys", __name__)
PURPOSE = "signing-keys"  # of the key that challenges are made with


def _contract() -> int:
    contract_id: int = g.book.at(g.now).contract_id
    return contract_id


@listed(
    "signing-keys", "签名密钥", "reports.read", "编号", "一方", "种类", "名称", "算法", "指纹", "状态", "登记人",
    "登记时间", "核对人", "核对时间", "吊销时间", "原因",
)  # fmt: skip
def _keys() -> Iterator[tuple[object, ...]]:
    for row in signing_keys.listing(reading(), _contract(), g.guest.actor, g.now).rows:
        yield (
            row.id, word(formats.SIDE_NAMES[row.side]), word(KIND_NAMES[row.kind]), row.label,
            ALGORITHM_NAMES[row.algorithm], row.fingerprint, word(STATE_NAMES[row.state]), row.name, row.registered_at,
            row.confirmed_by, row.confirmed_at, row.ended_at, row.end_reason,
        )  # fmt: skip


@pages.get("/signing-keys")
@needs("reports.read")
def index() -> Any:
    """Every key of the contract, and the forms to register one."""
    return _page()


def _page(refused: Refused | None = None, form: str = "") -> Any:
    session, at, actor = reading_anew() if refused else reading(), console(), g.guest.actor
    found = signing_keys.listing(session, _contract(), actor, at.now())
    asked = signing_keys.new_challenge(at.files.key_for(PURPOSE), actor, at.now())
    known = tuple(row.credential_id for row in found.rows if row.kind == WEBAUTHN and row.account == actor.account)
    party = at.signing.party
    asks = authenticators.registration_options(party, actor.account, actor.name, asked, known) if party else None
    return render_template(
        "signing_keys/index.html", found=found, refused=refused, form=form, typed=request.form, typed_length=TYPED,
        standing=None if is_fresh() else factors.standing(), party=party, asked=asked.hex(),
        options=json.dumps(asks) if asks else "", kind_names=KIND_NAMES, state_names=STATE_NAMES,
        algorithm_names=ALGORITHM_NAMES, public_url=at.settings.server.public_url,
    ), status_of(refused)  # fmt: skip


def _act(form: str, act: Callable[[Session, Actor, datetime], object], told: str) -> Any:
    at = console()
    try:
        with at.write() as session:
            act(session, g.guest.actor, at.now())
    except NotFound:
        raise
    except Refused as refused:
        return _page(refused, form)
    flash(gettext(told), "success")
    return redirect(url_for("signing_keys.index"))


@pages.post("/signing-keys")
@needs("months.sign")
@needs_factor
def register() -> Any:
    """Register a public key in PEM, as a file or pasted."""
    file, given = request.files.get("file"), request.form
    sent = file.stream.read(LARGEST + 1) if file is not None and file.filename else b""
    pem = sent or given.get("pem", "").encode("utf-8", "replace")
    return _act(
        "offline",
        lambda session, actor, now: signing_keys.register(
            session, console().signing, _contract(), pem, given.get("label", ""), actor=actor, now=now
        ),
        "已登记，等待对方核对指纹；请打印登记单，双方盖章。",
    )


@pages.post("/signing-keys/authenticator")
@needs("months.sign")
@needs_factor
def register_authenticator() -> Any:
    """Register one's own authenticator."""
    given, secret = request.form, console().files.key_for(PURPOSE)
    return _act(
        "webauthn",
        lambda session, actor, now: signing_keys.register_authenticator(
            session, console().signing, secret, _contract(), given.get("asked", ""), given.get("answer", ""),
            given.get("label", ""), actor=actor, now=now,
        ),
        "已登记，等待对方核对指纹；请打印登记单，双方盖章。",
    )  # fmt: skip


@pages.post("/signing-keys/<id:key_id>/confirm")
@needs("months.sign")
@needs_factor
def confirm(key_id: int) -> Any:
    """Confirm the other party's key, its fingerprint read from the stamped sheet."""
    given = request.form
    return _act(
        f"key-{key_id}",
        lambda session, actor, now: signing_keys.confirm(
            session, key_id, given.get("fingerprint", ""), given.get("typed", ""), actor, now
        ),
        "指纹已核对，这把密钥可以用来签署。",
    )


@pages.post("/signing-keys/<id:key_id>/refuse")
@needs("months.sign")
@needs_factor
def refuse(key_id: int) -> Any:
    """Refuse the other party's key."""
    reason = request.form.get("reason", "")
    return _act(
        f"key-{key_id}", lambda session, actor, now: signing_keys.refuse(session, key_id, reason, actor, now),
        "已记下不同意和原因。",
    )  # fmt: skip


@pages.post("/signing-keys/<id:key_id>/revoke")
@needs("months.sign")
@needs_factor
def revoke(key_id: int) -> Any:
    """Revoke one's own party's key, or take it back while it waits."""
    reason = request.form.get("reason", "")
    return _act(
        f"key-{key_id}", lambda session, actor, now: signing_keys.revoke(session, key_id, reason, actor, now),
        "这把密钥不能再用来签署；此前的签署仍然有效。",
    )  # fmt: skip


@pages.get("/signing-keys/<id:key_id>/sheet")
@needs("reports.read")
def sheet(key_id: int) -> Any:
    """The sheet of one key, to be printed and stamped by both."""
    row = signing_keys.find(reading(), key_id, g.guest.actor)
    terms = g.book.at(g.now).terms
    return render_template(
        "signing_keys/sheet.html", row=row, terms=terms, kind_names=KIND_NAMES, algorithm_names=ALGORITHM_NAMES,
        state_names=STATE_NAMES,
    )  # fmt: skip
