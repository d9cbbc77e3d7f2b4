"""A duty done: said by the vendor with evidence, accepted or sent back by the hospital; files and links that show it.

Not for making duties (`services/duty_plans.py`), nor for waiving and showing them (`services/duties.py`). When a duty
was done and when that was recorded are both kept; whose word counts where they differ is the hospital's to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ops_console.core.agreements import check_reason
from ops_console.core.attachments import NewFile
from ops_console.core.contracts import Task
from ops_console.core.duties import Duty, check_gap, check_time, result_of
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import whole
from ops_console.core.people import HOSPITAL, Actor
from ops_console.core.sheet_text import has_forbidden
from ops_console.core.trust import GRADE_BARE, GRADE_PROVED, Claim, grade_of
from ops_console.services import proofs
from ops_console.services.contracts import Book
from ops_console.services.duty_plans import may_move, note, task_of
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.store import duties as store
from ops_console.store import proofs as proof_store
from ops_console.store import tickets
from ops_console.store.masks import masker_of

LONGEST_NOTE, LONGEST_REF = 500, 200
TICKET, INSPECTION, REFERENCE = "ticket", "inspection", "reference"
LINKS = (TICKET, REFERENCE)  # what people may link; inspections link themselves
LINK_NAMES = {TICKET: "工单", INSPECTION: "巡检", REFERENCE: "外部编号或地址"}
SYSTEM_TIME = "E1"  # evidence that is the console's own time: no file is asked for


@dataclass(frozen=True)
class Done:
    """What somebody says of a duty: when it was done (None: now), a note, files that show it and what they are."""

    at: datetime | None = None
    note: str = ""
    files: tuple[NewFile, ...] = ()
    code: str = ""


def held(session: Session, duty_id: int) -> store.DutyRow:
    """Given an id, return the duty held until the commit. Raises NotFound for none such."""
    row = store.one(session, duty_id, hold=True)
    if row is None:
        raise NotFound("没有这一项义务。")
    return row


def deliver(session: Session, book: Book, duty_id: int, done: Done, actor: Actor, now: datetime) -> int:
    """Given a duty and what is said of it, note it as done and return the delivery's id.

    The vendor's waits for the hospital's word; what the hospital itself saw done needs none. Raises Refused for a time
    ahead, before the period or too close to another run, without the evidence that the contract asks for, and for what
    is waived, waiting or accepted already.
    """
    row = _of_either_side(session, duty_id, actor, now)
    may_move(row)
    duty, task = store.duty_of(row), task_of(book.by_id[row.version_id], row.clause, row.task)
    at = whole(done.at or now)
    check_time(duty, at, whole(now))
    if task.min_gap_days:
        check_gap(task, at, store.other_runs(session, row, at, task.min_gap_days))
    text = _checked_note(done.note)
    evidence = _kept_evidence(session, row, task, done, actor, now)
    prompt = timedelta(minutes=book.by_id[row.version_id].terms.prompt_minutes)
    grade = grade_of(Claim(at, whole(now), evidence), actor, prompt)
    made = store.DeliveryRow(
        duty_id=row.id, happened_at=at, recorded_at=whole(now), actor=actor.account, side=actor.side, grade=grade,
        note=masker_of(session).text(text), accepted=None, claim_counts=True, decided_by="", reason="",
    )  # fmt: skip
    session.add(made)
    row.delivered_at, row.next_look_at = at, None
    session.flush()
    facts: dict[str, object] = {"delivery": made.id}
    note(session, duty, "duty_delivered", actor, now, facts, at=at, grade=grade, evidence=evidence, note=text)
    if actor.side == HOSPITAL:
        _accept(session, row, made, actor, now, claim_counts=True)
    return made.id


def _of_either_side(session: Session, duty_id: int, actor: Actor, now: datetime) -> store.DutyRow:
    actor.need("duties.accept" if actor.side == HOSPITAL else "duties.record")
    if actor.side == HOSPITAL:
        refuse_fresh_reset(session, actor, now)
    return held(session, duty_id)


def _checked_note(text: str) -> str:
    told = text.replace("\r\n", "\n").strip()
    if len(told) > LONGEST_NOTE or has_forbidden(told):
        raise Refused("说明最多 %(n)s 个字，不能含控制字符。", field="note", n=LONGEST_NOTE)
    return told


def _kept_evidence(
    session: Session, row: store.DutyRow, task: Task, done: Done, actor: Actor, now: datetime
) -> tuple[str, ...]:
    """Attach what came with the word; what stood before counts too. The vendor shows something where the task asks."""
    _attach(session, row, task, done.files, done.code, actor, now)
    standing = proof_store.of_subjects(session, store.SUBJECT, [str(row.id)]).get(str(row.id), [])
    is_asked = actor.side != HOSPITAL and task.evidence and SYSTEM_TIME not in task.evidence
    if is_asked and not standing and not store.links(session, row.id):
        raise Refused("请附上凭证文件，或先关联工单、外部编号，再登记完成。", field="file")
    return tuple(dict.fromkeys(proof.digest for proof in standing))


def _attach(
    session: Session, row: store.DutyRow, task: Task, files: Sequence[NewFile], code: str, actor: Actor, now: datetime
) -> None:
    if files and not code and len(task.evidence) == 1:
        code = task.evidence[0]
    if files and task.evidence and code not in task.evidence:
        raise Refused("请选择凭证的种类。", field="code")
    for file in files:
        proofs.attach(session, store.SUBJECT, str(row.id), file, actor, now, code=code)


def add_files(
    session: Session, book: Book, duty_id: int, files: Sequence[NewFile], code: str, *, actor: Actor, now: datetime
) -> None:
    """Given a duty and kept files, add them as evidence, before or after it was delivered. Raises Refused for none."""
    row = _of_either_side(session, duty_id, actor, now)
    if not files:
        raise Refused("请先选择要上传的文件。", field="file")
    _attach(session, row, task_of(book.by_id[row.version_id], row.clause, row.task), files, code, actor, now)


def take_back(session: Session, duty_id: int, delivery_id: int, actor: Actor, now: datetime) -> None:
    """Given one's own side's word that a duty was done, take it back while the hospital has said nothing about it."""
    row = _of_either_side(session, duty_id, actor, now)
    delivery = _seen(session, row, delivery_id)
    if delivery.side != actor.side or delivery.accepted is not None:
        raise Refused("只能撤回本方登记、甲方还没有答复的完成；已答复的请由甲方处理。")
    delivery.taken_back_at = whole(now)
    _undo(row, now)
    note(session, store.duty_of(row), "duty_taken_back", actor, now, {"delivery": delivery.id})


def accept(
    session: Session, duty_id: int, delivery_id: int, *, claim_counts: bool | None, actor: Actor, now: datetime
) -> None:
    """Given a duty, the delivery the person saw and whether the time claimed counts, note the hospital's yes.

    `claim_counts` must be said where the time was recorded late (grade C or D): else that of the recording counts.
    One that was sent back may be accepted after all while nothing new was delivered. Raises Refused otherwise.
    """
    row, delivery = _for_the_hospital(session, duty_id, delivery_id, actor, now)
    if delivery.accepted:
        raise Refused("这一项已经验收，请刷新页面。")
    if claim_counts is None and delivery.grade in (GRADE_PROVED, GRADE_BARE):
        raise Refused("完成时间是补录的，请选择认可所报时间，还是按入账时间计。", field="claim_counts")
    delivery.reason = ""
    _accept(session, row, delivery, actor, now, claim_counts=claim_counts is not False)


def _accept(
    session: Session, row: store.DutyRow, delivery: store.DeliveryRow, actor: Actor, now: datetime, *,
    claim_counts: bool,
) -> None:  # fmt: skip
    delivery.accepted, delivery.claim_counts = True, claim_counts
    delivery.decided_at, delivery.decided_by = whole(now), actor.account
    row.delivered_at = delivery.happened_at if claim_counts else delivery.recorded_at
    row.accepted_at, row.next_look_at = whole(now), None
    duty = store.duty_of(row)
    facts = {"delivery": delivery.id, "claim_counts": claim_counts, "result": _result(duty)}
    note(session, duty, "duty_accepted", actor, now, {**facts, **signing_facts(session, actor, now)})


def _result(duty: Duty) -> str:
    assert duty.delivered_at is not None
    return result_of(duty, duty.delivered_at)


def reject(session: Session, duty_id: int, delivery_id: int, reason: str, *, actor: Actor, now: datetime) -> None:
    """Given a duty, the delivery the person saw and why it is none, send it back, accepted before or not."""
    row, delivery = _for_the_hospital(session, duty_id, delivery_id, actor, now)
    told = check_reason(reason)
    if delivery.accepted is False:
        raise Refused("这一次已经退回，请刷新页面。")
    delivery.accepted, delivery.decided_at, delivery.decided_by = False, whole(now), actor.account
    delivery.reason = masker_of(session).text(told)
    _undo(row, now)
    facts = {"delivery": delivery.id, **signing_facts(session, actor, now)}
    note(session, store.duty_of(row), "duty_rejected", actor, now, facts, reason=told)


def _for_the_hospital(
    session: Session, duty_id: int, delivery_id: int, actor: Actor, now: datetime
) -> tuple[store.DutyRow, store.DeliveryRow]:
    actor.need("duties.accept")
    refuse_fresh_reset(session, actor, now)
    row = held(session, duty_id)
    if row.waived_at is not None:
        raise Refused("“%(name)s”已豁免，不用验收；如需验收，请先撤回豁免。", name=row.name)
    return row, _seen(session, row, delivery_id)


def _seen(session: Session, row: store.DutyRow, delivery_id: int) -> store.DeliveryRow:
    """The delivery that the page showed must still be the last one."""
    delivery = store.last_delivery(session, row.id)
    if delivery is None or delivery.id != delivery_id:
        raise Refused("这一项已不是您看到的样子，请刷新页面后再办理。")
    return delivery


def _undo(row: store.DutyRow, now: datetime) -> None:
    row.delivered_at = row.accepted_at = None
    row.next_look_at = whole(now)


def link(session: Session, duty_id: int, kind: str, ref: str, *, actor: Actor, now: datetime) -> int:
    """Given a duty and something that stands elsewhere, keep it as evidence and return the link's id; twice is once.

    Raises Refused for an unknown kind or ticket and for a reference that cannot be kept.
    """
    row = _of_either_side(session, duty_id, actor, now)
    told = " ".join(ref.split())
    if kind not in LINKS:
        raise Refused("请选择关联的种类。", field="kind")
    if not told or len(told) > LONGEST_REF or has_forbidden(told):
        raise Refused("请填写编号，最多 %(n)s 个字。", field="ref", n=LONGEST_REF)
    if kind == TICKET and not tickets.by_numbers(session, [told]):
        raise Refused("没有单号为 %(number)s 的工单，请核对单号。", field="ref", number=told)
    shown = masker_of(session).text(told)
    there = next((one for one in store.links(session, row.id) if (one.kind, one.ref) == (kind, shown)), None)
    if there is not None:
        return there.id
    made = store.LinkRow(
        duty_id=row.id, kind=kind, ref=shown, recorded_at=whole(now), actor=actor.account, side=actor.side
    )
    session.add(made)
    session.flush()
    facts: dict[str, object] = {"link": made.id, "kind": kind, "ref": told if kind == TICKET else ""}
    text = told if kind != TICKET else ""
    note(session, store.duty_of(row), "duty_linked", actor, now, facts, reference=text)
    return made.id


def unlink(session: Session, duty_id: int, link_id: int, *, actor: Actor, now: datetime) -> None:
    """Given a link that one's own side made, take it away; its event stays. Raises Refused for the other side's."""
    row = _of_either_side(session, duty_id, actor, now)
    found = next((one for one in store.links(session, row.id) if one.id == link_id), None)
    if found is None:
        raise NotFound("没有这一条关联。")
    if found.side != actor.side:
        raise Refused("这是对方关联的，只能由对方移除。")
    found.removed_at = whole(now)
    note(session, store.duty_of(row), "duty_unlinked", actor, now, {"link": found.id})
