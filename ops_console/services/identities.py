"""Signing in by a provider of identities: only to an account that an administrator linked, of a party it may speak for.

Not for what the provider says (`adapters/identity_provider.py`). It makes no accounts, and its own second factor
counts for nothing here: signing asks for the console's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.errors import NotFound, Refused
from ops_console.core.identities import Identity, Rule
from ops_console.core.people import SYSTEM, Actor
from ops_console.core.tickets import Event
from ops_console.services.people import tell
from ops_console.services.ports import OpenSession
from ops_console.services.resets import mark_reset
from ops_console.services.sign_in import Beginning, SignedIn, SignInFailed, begin_session, count_try, held_person, note
from ops_console.store import audit, people
from ops_console.store import identities as store

LONGEST_NAME = 255
NOT_LINKED = "您的统一身份“%(name)s”还没有与控制台账号关联；请联系安全管理员，或用账号和密码登录。"
NOT_THE_SAME = "统一身份“%(name)s”已换了人，不再与原来的账号关联；请联系安全管理员核对后重新关联。"
ANOTHER_NAME = "统一身份“%(name)s”背后的用户已与另一账号关联；请联系安全管理员核对，先解除原来的关联。"
DISABLED = "账号“%(account)s”已停用，不能登录。"
NOT_ADMITTED = "账号“%(account)s”的角色不能用统一身份登录；请用账号和密码登录。"


class _NotAdmitted(Exception):
    """Whom a provider named is not let in: which account (or none), why for the records, and what is told."""

    def __init__(self, account: str, why: str, told: str) -> None:
        super().__init__(why)
        self.account, self.why, self.told = account, why, told


def sign_in_as(
    open_read: OpenSession,
    open_write: OpenSession,
    rule: Rule,
    identity: Identity,
    begun: Beginning,
    now: datetime,
    *,
    mark_key: bytes,
) -> SignedIn:
    """Given the rule, who the provider says came and where the session begins, return a new session.

    Raises SignInFailed, telling why and recording it: to who proved an identity nothing is given away. A name without
    an account is recorded as its mark under `mark_key`: the chain keeps for ever what it is given.
    """
    count_try(open_write, begun.source, now)
    with open_read() as session:
        found = store.named(session, identity.issuer, identity.name)
    try:
        if found is None:
            raise _NotAdmitted("", "not_linked", NOT_LINKED)
        return begin_session(
            open_write, found[1], begun, now, admit=lambda session, person: _admit(session, rule, identity, person, now)
        )
    except _NotAdmitted as refused:
        with open_write() as session:
            _note_refused(session, identity, refused, begun, now, mark_key)
        raise SignInFailed(refused.told, name=identity.name, account=refused.account) from refused


def _admit(session: Session, rule: Rule, identity: Identity, person: people.PersonRow, now: datetime) -> None:
    """Given a held person, let the identity pass that is linked to them now: it may have been unlinked meanwhile.

    From the first sign-in on the name alone is not enough: a provider may give it to somebody else one day.
    """
    row = store.of_person(session, identity.issuer, person.id)
    if row is None or row.name != identity.name:
        raise _NotAdmitted(person.account, "not_linked", NOT_LINKED)
    if row.subject not in (None, identity.subject):
        raise _NotAdmitted(person.account, "another_subject", NOT_THE_SAME)
    if person.disabled_at is not None:
        raise _NotAdmitted(person.account, "disabled", DISABLED)
    if not rule.admits(person.role, person.holder):
        raise _NotAdmitted(person.account, "not_admitted", NOT_ADMITTED)
    if row.subject is None:
        _bind(session, row, identity, person, now)


def _bind(
    session: Session, row: store.IdentityRow, identity: Identity, person: people.PersonRow, now: datetime
) -> None:
    store.hold_subjects(session)
    if store.of_subject(session, identity.issuer, identity.subject) is not None:
        raise _NotAdmitted(person.account, "subject_of_another", ANOTHER_NAME)
    row.subject = identity.subject
    note(session, person.account, "oidc_bound", SYSTEM, now, {"issuer": identity.issuer})


def _note_refused(
    session: Session, identity: Identity, refused: _NotAdmitted, begun: Beginning, now: datetime, mark_key: bytes
) -> None:
    facts: dict[str, object] = {"issuer": identity.issuer, "why": refused.why, "source": begun.source}
    if refused.account:
        note(session, refused.account, "oidc_refused", SYSTEM, now, facts)
        return
    event = Event("oidc_refused", now, now, SYSTEM.account, SYSTEM.side, facts=facts)
    audit.append(session, "identity", identity.mark(mark_key), event)


def link(session: Session, rule: Rule, account: str, name: str, actor: Actor, now: datetime) -> None:
    """Given an account and the provider's name for its person, let that identity sign in to it; told to both parties.

    A credential that somebody else gave: it signs nothing for its party during the next 24 hours and is marked for 30
    days. Raises Refused for an account that the rule does not admit, one's own, and a name or account that is linked
    already.
    """
    actor.need("people.grant")
    actor.need_proof(now)
    person, name = held_person(session, account), name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused("请写身份提供方对此人的标识（最多 %(n)s 个字）。", field="name", n=LONGEST_NAME)
    if person.account == actor.account:
        raise Refused("不能为自己关联统一身份；请由另一位安全管理员办理。", field="account")
    if person.disabled_at is not None:
        raise Refused(DISABLED, field="account", account=account)
    if not rule.admits(person.role, person.holder):
        raise Refused("账号“%(account)s”的角色或所属一方不在 [oidc] 允许的范围内。", field="account", account=account)
    if store.of_person(session, rule.issuer, person.id) is not None:
        raise Refused("账号“%(account)s”已有关联；请先解除。", field="account", account=account)
    if store.named(session, rule.issuer, name) is not None:
        raise Refused("标识“%(name)s”已与另一账号关联。", field="name", name=name)
    session.add(
        store.IdentityRow(
            issuer=rule.issuer, name=name, person_id=person.id, linked_by=actor.account, linked_at=now
        )
    )  # fmt: skip
    mark_reset(person, now)
    note(session, account, "oidc_linked", actor, now, {"issuer": rule.issuer, "name": name})
    tell(session, person.role, "oidc_linked", account, now)


def unlink(session: Session, rule: Rule, account: str, actor: Actor, now: datetime) -> None:
    """Given an account, end its link and its sessions. Raises NotFound when it has none."""
    actor.need("people.grant")
    actor.need_proof(now)
    person = held_person(session, account)
    row = store.of_person(session, rule.issuer, person.id)
    if row is None:
        raise NotFound("账号“%(account)s”没有关联统一身份。", account=account)
    store.drop(session, row.id)
    people.end_sessions_of(session, person.id)
    note(session, account, "oidc_unlinked", actor, now, {"issuer": rule.issuer, "name": row.name})
    tell(session, person.role, "oidc_unlinked", account, now)


def links(session: Session, rule: Rule, actor: Actor) -> Sequence[tuple[store.IdentityRow, people.PersonRow]]:
    """Given who asks, return every link with its person, by account."""
    actor.need("people.read")
    return store.of_issuer(session, rule.issuer)


def linkable(session: Session, rule: Rule, actor: Actor) -> list[people.PersonRow]:
    """Given who asks, return the accounts that may be linked and are not yet."""
    actor.need("people.read")
    linked = {person.id for _, person in store.of_issuer(session, rule.issuer)}
    rows = [row for row in people.everybody(session) if row.id not in linked and row.disabled_at is None]
    return [row for row in rows if rule.admits(row.role, row.holder)]
