"""Releases and product versions: registering one, which makes its duties, and showing it with what it still lacks.

Not for changing what was registered (`services/release_changes.py`) nor for the duties (`services/duties.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.attachments import NewFile
from ops_console.core.chain import canonical
from ops_console.core.contracts import GO_LIVE, NEW_VERSION
from ops_console.core.duties import Duty, state_of
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import day_start, whole
from ops_console.core.people import HOSPITAL, Actor
from ops_console.core.releases import DECISION_NAMES, EVENTS, KINDS, PERSONAL, PRODUCT, Release, checked, triggers
from ops_console.core.tickets import Event
from ops_console.services import proofs
from ops_console.services.contracts import Book
from ops_console.services.duty_plans import task_of, trigger
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import audit, duties
from ops_console.store import proofs as proof_store
from ops_console.store import releases as store
from ops_console.store.locks import Lock, hold
from ops_console.store.masks import masker_of

PAGE = 50


def need_party(actor: Actor) -> None:
    """Given who acts, let a person of either party pass who may say such things. Raises Refused for others."""
    actor.need("duties.accept" if actor.side == HOSPITAL else "duties.record")


def register(session: Session, book: Book, told: Release, actor: Actor, now: datetime) -> int:
    """Given what happened, keep it, make its duties in the same transaction and return the release's id.

    Raises Refused for what `core.releases.checked` refuses and for a version that stands already.
    """
    need_party(actor)
    release = checked(told, now)
    contract_id = book.at(happened_at(release)).contract_id
    columns = columns_of(session, release)
    refuse_double(session, contract_id, release.kind, str(columns["version"]))
    row = store.ReleaseRow(
        contract_id=contract_id, kind=release.kind, **columns, happened_at=happened_at(release),
        late_found=False, registered_at=whole(now), registered_by=actor.account, registered_side=actor.side,
        notice_off_by="", decision="", decision_reason="", decided_by="",
    )  # fmt: skip
    session.add(row)
    session.flush()
    made: list[int] = []
    for _kind, what in triggers(release, str(row.id)):
        made += trigger(session, book, what, actor, now) if what else ()
    row.late_found = is_late_found(session, row)
    facts: dict[str, object] = {**facts_of(release), "kind": release.kind, "duties": made, "late_found": row.late_found}
    note(session, row, "release_registered", actor, now, facts, **{name: getattr(release, name) for name in PERSONAL})
    return row.id


def happened_at(release: Release) -> datetime:
    """Given a checked release, return when it happened: its release, or the day on which the version was published."""
    if release.published_on is not None:
        return day_start(release.published_on)
    assert release.released_at is not None
    return whole(release.released_at)


def refuse_double(session: Session, contract_id: int, kind: str, version: str, own: int = 0) -> None:
    """Given a kind and a masked version, let it pass unless another release (not `own`) stands for it. Raises Refused.

    Nobody else registers or corrects one until the commit.
    """
    hold(session, Lock.RELEASES)
    there = store.standing(session, contract_id, kind, version)
    if there is not None and there.id != own:
        raise Refused("版本 %(version)s 已经登记过，请在列表中打开它。", field="version", version=version)


def columns_of(session: Session, release: Release) -> dict[str, object]:
    """Given a release, return its row's columns that corrections may change, texts masked, times in whole seconds."""
    mask = masker_of(session).text
    return {
        "version": mask(release.version), "title": mask(release.title), "ends": canonical(list(release.ends)),
        "notes": mask(release.notes), "released_at": whole(release.released_at) if release.released_at else None,
        "user_visible": release.user_visible, "go_live": release.go_live,
        "go_live_at": whole(release.go_live_at) if release.go_live_at else None, "published_on": release.published_on,
    }  # fmt: skip


def facts_of(release: Release) -> dict[str, object]:
    """Given a release, return what of it is hashed as it stands: everything but the texts typed freely."""
    at = {"released_at": release.released_at, "go_live_at": release.go_live_at, "published_on": release.published_on}
    return {
        "version": release.version, "ends": list(release.ends), "user_visible": release.user_visible,
        "go_live": release.go_live, **{name: value.isoformat() if value else None for name, value in at.items()},
    }  # fmt: skip


def note(
    session: Session, row: store.ReleaseRow, kind: str, actor: Actor, now: datetime, facts: Mapping[str, object],
    **texts: str,
) -> None:  # fmt: skip
    """Given what was said of a release, append it to the chain."""
    at, texts = whole(now), {name: text for name, text in texts.items() if text}
    event = Event(kind, at, at, actor.account, actor.side, facts=facts, personal=texts)
    audit.append(session, store.SUBJECT, str(row.id), event)


def is_late_found(session: Session, row: store.ReleaseRow) -> bool:
    """Given a release, say whether the hospital found a version of which the vendor should have told it by then."""
    if row.registered_side != HOSPITAL:
        return False
    return any(d.due_at < row.registered_at for d in duties.of_events(session, [NEW_VERSION], [str(row.id)]))


# -- afterwards -------------------------------------------------------------------------------------------------------


def notice_off(
    session: Session, release_id: int, at: datetime | None, files: Sequence[NewFile], *, actor: Actor, now: datetime
) -> None:
    """Given a release with a go-live, when its notice was taken down (None: now) and pictures of it, note that."""
    row = _held(session, release_id, actor)
    off_at = whole(at or now)
    if not row.go_live or row.notice_off_at is not None:
        raise Refused("这一次发布没有要关闭的首页告知，或已登记关闭。")
    if off_at > whole(now) or (row.go_live_at is not None and off_at < row.go_live_at):
        raise Refused("关闭时间不能早于上线，也不能晚于现在。", field="at")
    for file in files:
        proofs.attach(session, store.SUBJECT, str(row.id), file, actor, now, code="E6")
    row.notice_off_at, row.notice_off_by = off_at, actor.account
    note(session, row, "release_notice_off", actor, now, {"off_at": off_at.isoformat()})


def decide(session: Session, release_id: int, decision: str, reason: str, *, actor: Actor, now: datetime) -> None:
    """Given a product version, what the hospital does about it and why, note that; said again, the last word counts."""
    actor.need("duties.accept")
    refuse_fresh_reset(session, actor, now)
    row = _held(session, release_id, actor)
    if row.kind != PRODUCT or decision not in DECISION_NAMES:
        raise Refused("请选择升级、暂缓或不升级。", field="decision")
    told = check_reason(reason)
    row.decision, row.decision_reason = decision, masker_of(session).text(told)
    row.decided_by, row.decided_at = actor.account, whole(now)
    facts = {"decision": decision, **signing_facts(session, actor, now)}
    note(session, row, "release_decided", actor, now, facts, reason=told)


def _held(session: Session, release_id: int, actor: Actor) -> store.ReleaseRow:
    need_party(actor)
    row = held(session, release_id)
    if row.voided_at is not None:
        raise Refused("这一次登记已作废。")
    return row


def held(session: Session, release_id: int) -> store.ReleaseRow:
    """Given an id, return the release held until the commit. Raises NotFound for none such."""
    row = store.one(session, release_id, hold=True)
    if row is None:
        raise NotFound("没有这一次发布。")
    return row


# -- showing ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Artefact:
    """One thing that a release makes owed, its state, how many files show it, and which evidence it takes."""

    duty: Duty
    state: str
    proofs: int
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listed:
    """A release on the list, with what it makes owed and whether a change of it waits."""

    row: store.ReleaseRow
    release: Release
    artefacts: Sequence[Artefact]
    waits: bool


@dataclass(frozen=True)
class Listing:
    """One page of releases, newest first, and how many there are of each kind."""

    releases: Sequence[Listed]
    counts: Mapping[str, int]


def listing(session: Session, kind: str, *, page: int, actor: Actor, now: datetime) -> Listing:
    """Given a kind ("": each) and a page from 1, return its releases. Five statements."""
    actor.need("reports.read")
    rows = store.page(session, kind if kind in KINDS else "", limit=PAGE, offset=(page - 1) * PAGE)
    counts = dict.fromkeys(KINDS, 0) | store.counts(session)
    if not rows:
        return Listing((), counts)
    owed = _artefacts(session, None, rows, now)
    waiting = store.waiting(session, [row.id for row in rows])
    shown = [Listed(row, store.release_of(row), owed.get(str(row.id), ()), row.id in waiting) for row in rows]
    return Listing(shown, counts)


def _artefacts(
    session: Session, book: Book | None, rows: Sequence[store.ReleaseRow], now: datetime
) -> dict[str, list[Artefact]]:
    """By the release's id; which evidence each takes only where the contract is given."""
    found: dict[str, list[Artefact]] = {}
    owed = duties.of_events(session, EVENTS, [str(row.id) for row in rows])
    for row, duty in zip(owed, duties.with_evidence(session, owed), strict=True):
        codes = task_of(book.by_id[row.version_id], row.clause, row.task).evidence if book else ()
        found.setdefault(row.ref, []).append(Artefact(duty, state_of(duty, now), len(duty.evidence), codes))
    return found


@dataclass(frozen=True)
class View:
    """One release as its page shows it: what it makes owed as a checklist, its files, what was asked to be changed."""

    row: store.ReleaseRow
    release: Release
    artefacts: Sequence[Artefact]
    proofs: Sequence[proof_store.ProofRow]
    changes: Sequence[store.ChangeRow]

    @property
    def notice(self) -> Artefact | None:
        """The notice on the home page that its go-live asks for, or None."""
        return next((one for one in self.artefacts if one.duty.event == GO_LIVE), None)


def find(session: Session, book: Book, release_id: int, actor: Actor, now: datetime) -> View:
    """Given an id and who asks, return the release. Raises NotFound. Five statements."""
    actor.need("reports.read")
    row = store.one(session, release_id)
    if row is None:
        raise NotFound("没有这一次发布。")
    return View(
        row, store.release_of(row), _artefacts(session, book, [row], now).get(str(row.id), []),
        proof_store.of_subject(session, store.SUBJECT, str(row.id)), store.changes(session, row.id),
    )  # fmt: skip
