"""Correcting a release: words by whoever registered it, what makes something owed with the other party's yes.

Not for registering (`services/releases.py`). Every correction is an event with old, new and reason; the duties follow.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.chain import canonical
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import Actor
from ops_console.core.plain import made, plain
from ops_console.core.releases import (
    AGREED,
    PERSONAL,
    PROPOSED,
    REFUSED,
    TAKEN_BACK,
    Release,
    changes,
    checked,
    needs_other_side,
    triggers,
)
from ops_console.services import releases
from ops_console.services.contracts import Book
from ops_console.services.duty_plans import follow
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import releases as store
from ops_console.store.masks import masker_of


def propose(
    session: Session, book: Book, release_id: int, wanted: Release, reason: str, *, actor: Actor, now: datetime
) -> bool:
    """Given a release as it is to be and why, correct it, or ask the other party; return whether it is corrected.

    Asking again takes one's own earlier question back. Raises Refused for no change, without a reason, for what is
    void, and while the other party's question waits.
    """
    releases.need_party(actor)
    refuse_fresh_reset(session, actor, now)
    row, told = releases.held(session, release_id), check_reason(reason)
    if row.voided_at is not None:
        raise Refused("这一次登记已作废。")
    old = store.release_of(row)
    new = old if wanted.void else checked(replace(wanted, kind=row.kind), now)
    new = _masked(session, replace(new, void=wanted.void))
    changed = changes(old, new)
    if not changed:
        raise Refused("没有改动。")
    _clear_way(session, row, actor, now)
    if not needs_other_side(changed) and row.registered_side == actor.side:
        _apply(session, book, row, new, told, actor, now)
        return True
    asked = store.ChangeRow(
        release_id=row.id, old=canonical(plain(old)), new=canonical(plain(new)), reason=masker_of(session).text(told),
        state=PROPOSED, proposed_at=whole(now), proposed_by=actor.account, proposed_side=actor.side, decided_by="",
        answer="",
    )  # fmt: skip
    session.add(asked)
    session.flush()
    facts = {"change": asked.id, "fields": sorted(changed)}
    releases.note(session, row, "release_change_proposed", actor, now, facts, reason=told)
    return False


def _masked(session: Session, release: Release) -> Release:
    mask = masker_of(session).text
    at = {name: whole(value) for name in ("released_at", "go_live_at") if (value := getattr(release, name))}
    return replace(
        release, version=mask(release.version), title=mask(release.title), notes=mask(release.notes),
        released_at=at.get("released_at"), go_live_at=at.get("go_live_at"),
    )  # fmt: skip


def _clear_way(session: Session, row: store.ReleaseRow, actor: Actor, now: datetime) -> None:
    for asked in store.changes(session, row.id):
        if asked.state != PROPOSED:
            continue
        if asked.proposed_side != actor.side:
            raise Refused("对方提出的更正还没有答复，请先答复。")
        _settle(session, row, asked, TAKEN_BACK, actor, now)


def decide(
    session: Session, book: Book, change_id: int, *, agreed: bool, answer: str, actor: Actor, now: datetime
) -> int:
    """Given a change, the other party's word and why not, note it and return the release's id. A yes corrects it.

    Raises Refused for who asked, for what waits no more, a no without why, and where the release has changed since.
    """
    row, asked = _waiting(session, change_id, actor, now)
    if asked.proposed_side == actor.side:
        raise Refused("这是本方提出的，等待对方答复。")
    if not agreed:
        asked.answer = masker_of(session).text(check_reason(answer, "answer"))
        _settle(session, row, asked, REFUSED, actor, now)
        return row.id
    if canonical(plain(store.release_of(row))) != asked.old:
        raise Refused("登记内容在提出之后又有改动，请由提出方重新提出。")
    _settle(session, row, asked, AGREED, actor, now)
    _apply(session, book, row, made(Release, json.loads(asked.new)), asked.reason, actor, now)
    return row.id


def withdraw(session: Session, change_id: int, actor: Actor, now: datetime) -> int:
    """Given one's own side's question that waits, take it back and return the release's id."""
    row, asked = _waiting(session, change_id, actor, now)
    if asked.proposed_side != actor.side:
        raise Refused("这是对方提出的；不同意请选“不同意”并写明原因。")
    _settle(session, row, asked, TAKEN_BACK, actor, now)
    return row.id


def _waiting(session: Session, change_id: int, actor: Actor, now: datetime) -> tuple[store.ReleaseRow, store.ChangeRow]:
    releases.need_party(actor)
    refuse_fresh_reset(session, actor, now)
    known = store.change(session, change_id)
    if known is None:
        raise NotFound("没有这一项更正。")
    row = releases.held(session, known.release_id)
    asked = next(one for one in store.changes(session, row.id) if one.id == change_id)
    if asked.state != PROPOSED:
        raise Refused("这一项更正已处理，请刷新页面。")
    return row, asked


def _settle(
    session: Session, row: store.ReleaseRow, asked: store.ChangeRow, state: str, actor: Actor, now: datetime
) -> None:
    asked.state, asked.decided_at, asked.decided_by = state, whole(now), actor.account
    facts = {"change": asked.id, **signing_facts(session, actor, now)}
    releases.note(session, row, f"release_change_{state}", actor, now, facts, reason=asked.answer)


def _apply(
    session: Session, book: Book, row: store.ReleaseRow, new: Release, reason: str, actor: Actor, now: datetime
) -> None:
    old = store.release_of(row)
    changed = changes(old, new)
    if not new.void:
        releases.refuse_double(session, row.contract_id, row.kind, new.version, own=row.id)
    for name, value in releases.columns_of(session, new).items():
        setattr(row, name, value)
    row.happened_at = releases.happened_at(new)
    row.voided_at = whole(now) if new.void else None
    if needs_other_side(changed):
        for kind, what in triggers(new, str(row.id)):
            follow(session, book, kind, str(row.id), what, reason=reason, actor=actor, now=now)
        row.late_found = releases.is_late_found(session, row)
    facts: dict[str, object] = {
        name: {"old": before, "new": after} for name, (before, after) in changed.items() if name not in PERSONAL
    }
    texts = {f"{name}_{which}": str(pair[n]) for name, pair in changed.items() if name in PERSONAL
             for n, which in enumerate(("old", "new"))}  # fmt: skip
    releases.note(session, row, "release_corrected", actor, now, facts, reason=reason, **texts)
