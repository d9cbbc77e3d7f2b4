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
from ops_console.services.sign_in import Beginning, SignedIn, SignInFailed, begin_session, count_try, held_person, note
from ops_console.store import audit, people
from ops_console.store import identities as store

LONGEST_NAME = 255
NOT_LINKED = "您的统一身份“%(name)s”还没有与控制台账号关联；请联系安全管理员，或用账号和密码登录。"
NOT_THE_SAME = "统一身份“%(name)s”已换了人，不再与原来的账号关联；请联系安全管理员核对后重新关联。"
DISABLED = "账号“%(account)s”已停用，不能登录。"
NOT_ADMITTED = "账号“%(account)s”的角色不能用统一身份登录；请用账号和密码登录。"


def sign_in_as(
    open_read: OpenSession, open_write: OpenSession, rule: Rule, identity: Identity, begun: Beginning, now: datetime
) -> SignedIn:
    """Given the rule, who the provider says came and where the session begins, return a new session.

    Raises SignInFailed, telling why and recording it: to who proved an identity nothing is given away.
    """
    count_try(open_write, begun.source, now)
    with open_read() as session:
        found = store.named(session, identity.issuer, identity.name)
    person = found[1] if found else None
    refused = _refusal(rule, identity, found)
    with open_write() as session:
        if refused is not None:
            _note_refused(session, identity, person, refused[0], begun, now)
        elif found is not None and found[0].subject is None:
            _bind(session, identity, now)
    if person is None or refused is not None:
        raise SignInFailed(refused[1] if refused else NOT_LINKED, name=identity.name, account=_account(person))
    return begin_session(open_write, person, begun, now)


def _account(person: people.PersonRow | None) -> str:
    return person.account if person else ""


def _refusal(
    rule: Rule, identity: Identity, found: tuple[store.IdentityRow, people.PersonRow] | None
) -> tuple[str, str] | None:
    if found is None:
        return "not_linked", NOT_LINKED
    row, person = found
    if row.subject not in (None, identity.subject):
        return "another_subject", NOT_THE_SAME
    if person.disabled_at is not None:
        return "disabled", DISABLED
    if not rule.admits(person.role, person.holder):
        return "not_admitted", NOT_ADMITTED
    return None


def _note_refused(
    session: Session, identity: Identity, person: people.PersonRow | None, why: str, begun: Beginning, now: datetime
) -> None:
    facts: dict[str, object] = {"issuer": identity.issuer, "why": why, "source": begun.source}
    if person is not None:
        note(session, person.account, "oidc_refused", SYSTEM, now, facts)
        return
    event = Event("oidc_refused", now, now, SYSTEM.account, SYSTEM.side, facts=facts)
    audit.append(session, "identity", identity.name[:80], event)


def _bind(session: Session, identity: Identity, now: datetime) -> None:
    """From the first sign-in on the name alone is not enough: a provider may give it to somebody else one day."""
    found = store.named(session, identity.issuer, identity.name)
    if found is None or found[0].subject not in (None, identity.subject):
        raise SignInFailed(NOT_LINKED, name=identity.name)
    found[0].subject = identity.subject
    note(session, found[1].account, "oidc_bound", SYSTEM, now, {"issuer": identity.issuer})


def link(session: Session, rule: Rule, account: str, name: str, actor: Actor, now: datetime) -> None:
    """Given an account and the provider's name for its person, let that identity sign in to it; told to both parties.

    A credential that somebody else gave: it signs nothing for its party during the next 24 hours. Raises Refused for
    an account that the rule does not admit, one's own, and a name or account that is linked already.
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
    person.reset_at = now
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
