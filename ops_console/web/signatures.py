"""Signing a month: the page with every method, the exact bytes that are signed, and the acts of both parties.

Not for where signing stands (`services/signing.py`). The month's own page takes in `signatures/_signing.html`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for

from ops_console.adapters import answers, authenticators
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import parse_month
from ops_console.core.signatures import (
    LOGIN,
    METHOD_NAMES,
    OFFLINE_KEY,
    OUTCOME_NAMES,
    PAPER,
    STRENGTHS,
    WEBAUTHN,
    challenge,
)
from ops_console.core.signing_keys import KIND_NAMES, LARGEST, grouped, sign_command, verify_command
from ops_console.services import signing
from ops_console.services.assessments import need_frozen
from ops_console.services.signatures import Pen, Sign
from ops_console.web import factors
from ops_console.web.database import reading, reading_anew
from ops_console.web.factors import is_fresh, needs_factor
from ops_console.web.formats import gettext
from ops_console.web.month_address import contract_asked
from ops_console.web.proofs import kept_files
from ops_console.web.rights import needs, status_of
from ops_console.web.sign_in import console
from ops_console.web.uploads import LARGEST_FORM, takes

pages = Blueprint("signatures", __name__)


@pages.app_template_filter("fingerprint")
def fingerprint(text: str) -> str:
    """Given a fingerprint in hex, return it in groups of four."""
    return grouped(text)


@pages.app_context_processor
def _names() -> dict[str, object]:
    return {"STRENGTHS": STRENGTHS, "METHOD_NAMES": METHOD_NAMES, "signing_panel_of": panel_of}


def panel_of(contract_id: int, month: str) -> signing.Panel | None:
    """Given a contract and a month, return the panel of its signing for who looks, None while it is not frozen."""
    return signing.panel(reading(), g.book, contract_id, month, actor=g.guest.actor, now=g.now)


@pages.get("/month/<month>/signatures")
@needs("reports.read")
def show(month: str) -> Any:
    """Who signed the month, how strong each signature is, and every way to sign it."""
    return _page(month)


def _page(month: str, refused: Refused | None = None, form: str = "") -> Any:
    contract_id, hands = contract_asked(month), console().signing
    session = reading_anew() if refused else reading()
    found = signing.sheet(session, g.book, hands, contract_id, month, actor=g.guest.actor, now=console().now())
    if found is None:
        raise NotFound("%(month)s 的事实还没有冻结。", month=month)
    own = [key for key in found.keys if key.kind == WEBAUTHN and key.account == g.guest.actor.account]
    return render_template(
        "signatures/show.html", sheet=found, panel=found.panel, month=month, contract=contract_id, refused=refused,
        form=form, typed=request.form, standing=None if is_fresh() else factors.standing(), party=hands.party,
        offline=[key for key in found.keys if key.kind == OFFLINE_KEY], own=own,
        options=_options(found, [key.credential_id for key in own]) if own and hands.party else "",
        outcome_names=OUTCOME_NAMES, kind_names=KIND_NAMES, sign_command=sign_command, verify_command=verify_command,
    ), status_of(refused)  # fmt: skip


def _options(found: signing.Sheet, known: list[str]) -> str:
    party = console().signing.party
    assert party is not None
    signed = challenge(found.number, found.panel.signing, g.guest.actor.side, found.attempt)
    return json.dumps(authenticators.signing_options(party, signed, tuple(known)))


@pages.get("/month/<month>/month.json")
@needs("reports.read")
def content(month: str) -> Any:
    """The exact bytes that are signed: the frozen result."""
    row = need_frozen(reading(), contract_asked(month), parse_month(month))
    found = Response(row.result.encode("utf-8"), mimetype="application/json")
    found.headers["Content-Disposition"] = 'attachment; filename="month.json"'
    found.headers.update(answers.DOWNLOAD)
    return found


def _act(month: str, form: str, act: Callable[[Pen], str], told: str = "") -> Any:
    """Do what a form asks with the pen over the month; say how it is locked, else what was done."""
    at = console()
    contract_id = contract_asked(month)
    try:
        with at.write() as session:
            pen = Pen(session, at.book(session), contract_id, month, actor=g.guest.actor, now=at.now())
            outcome = act(pen)
    except NotFound:
        raise
    except Refused as refused:
        return _page(month, refused, form)
    flash(gettext(OUTCOME_NAMES[outcome] if outcome else told), "success")
    return redirect(url_for("signatures.show", month=month, contract=contract_id))


def _sign(month: str, form: str, **given: Any) -> Any:
    wanted = Sign(request.form.get("digest", ""), reservation=request.form.get("reservation", ""), **given)
    return _act(month, form, lambda pen: pen.sign(console().signing, wanted), "已代表本方签署，等待对方。")


@pages.post("/month/<month>/signatures/login")
@needs("months.sign")
@needs_factor
def by_login(month: str) -> Any:
    """Sign by being signed in, with the second factor."""
    return _sign(month, LOGIN, method=LOGIN)


@pages.post("/month/<month>/signatures/offline")
@needs("months.sign")
@needs_factor
def by_offline_key(month: str) -> Any:
    """Sign by an offline signature over `month.json`, as a file or pasted."""
    file = request.files.get("file")
    sent = file.stream.read(LARGEST + 1) if file is not None and file.filename else b""
    made = sent or request.form.get("signature", "").encode("utf-8", "replace")
    return _sign(month, OFFLINE_KEY, method=OFFLINE_KEY, signature=made)


@pages.post("/month/<month>/signatures/webauthn")
@needs("months.sign")
@needs_factor
def by_authenticator(month: str) -> Any:
    """Sign by one's own authenticator."""
    return _sign(month, WEBAUTHN, method=WEBAUTHN, answer=request.form.get("answer", ""))


@pages.post("/month/<month>/signatures/paper")
@takes(LARGEST_FORM)
@needs("months.sign")
@needs_factor
def on_paper(month: str) -> Any:
    """Note the stamped paper: its code, who stamped it, its scan."""
    given = request.form
    try:
        scans = kept_files()
    except Refused as refused:
        return _page(month, refused, PAPER)
    return _sign(
        month, PAPER, method=PAPER, code=given.get("code", ""), stamped_by=given.get("stamped_by", ""),
        scan=scans[0] if scans else None,
    )  # fmt: skip


@pages.post("/month/<month>/signatures/withdrawal")
@needs("months.sign")
@needs_factor
def withdraw(month: str) -> Any:
    """Take one's own party's signature back."""
    reason = request.form.get("reason", "")
    return _act(month, "withdraw", lambda pen: pen.withdraw(reason) or "", "已撤回本方的签署。")


@pages.post("/month/<month>/signatures/refusal")
@needs("months.sign")
@needs_factor
def refuse(month: str) -> Any:
    """Refuse to sign, with the reason."""
    given = request.form
    seen, reason = given.get("digest", ""), given.get("reason", "")
    return _act(month, "refuse", lambda pen: pen.refuse(seen, reason) or "", "已记下拒签和理由，对方会看到。")


@pages.post("/month/<month>/signatures/request")
@needs("months.sign")
@needs_factor
def ask(month: str) -> Any:
    """Note that the vendor asks the hospital to sign."""
    return _act(month, "ask", lambda pen: pen.ask() or "", "已记下催请，并通知甲方。")


@pages.post("/month/<month>/signatures/alone")
@needs("months.sign")
@needs_factor
def lock_alone(month: str) -> Any:
    """Lock the month by the hospital's finding alone."""
    seen = request.form.get("digest", "")
    return _act(month, "alone", lambda pen: pen.lock_alone(seen))
