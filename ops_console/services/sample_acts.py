"""The hospital's acts of a sample check: commit to the list, type the seed, note what is heard, undo, finish.

Not for what may be seen of it (`services/samples.py`). Each act is an event; what would tell which tickets were drawn,
or what was said, goes into its personal part, of which the chain shows a salted commitment alone.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from ops_console.core import samples as core
from ops_console.core.chain import canonical
from ops_console.core.errors import NotFound, Refused
from ops_console.core.moments import month_start, parse_month, shift_month, whole
from ops_console.core.people import Actor
from ops_console.core.sample_results import ANSWER_NAMES, ANSWERS, tally
from ops_console.core.samples import SampleList, check_seed, check_text
from ops_console.core.sentences import sentence
from ops_console.core.terms import VersionInForce
from ops_console.core.tickets import Event
from ops_console.services import personal
from ops_console.services.contracts import Book
from ops_console.services.personal import Apart
from ops_console.services.ports import OpenSession, Sealer
from ops_console.services.resets import refuse_fresh_reset, signing_facts
from ops_console.services.sample_lists import gather
from ops_console.services.samples import NO_PAGE, SUBJECT, IsLocked, Which, phone, subject_id
from ops_console.store import audit, tickets
from ops_console.store import samples as store
from ops_console.store.masks import masker_of

OVERTAKEN = "另一位同事刚刚提交了清单，请刷新页面。"


@dataclass(frozen=True)
class Heard:
    """What the person called said of a ticket: its place in the draw, one of ANSWERS, a note for the hospital alone."""

    place: int
    answer: str
    note: str = ""


def _need(session: Session, actor: Actor, month: str, now: datetime, is_locked: IsLocked) -> None:
    actor.need("months.sample")
    refuse_fresh_reset(session, actor, now)
    if is_locked(month):
        raise Refused("%(month)s 已锁定，抽查不能再改。", month=month)


def commit(
    session: Session, book: Book, which: Which, reason: str, *, actor: Actor, now: datetime, is_locked: IsLocked
) -> int:
    """Given the contract and month (its number: of the draw that the person saw last, 0 for none), commit to the list
    of candidates as of now; return the draw's number.

    Raises Refused before the month is over, once it is locked, without a reason for another draw than the first, and
    where there is nothing to draw from.
    """
    _need(session, actor, which.month, now, is_locked)
    terms = _version(book, which, now).terms
    last = store.last_number(session, which.contract_id, which.month)
    why, made = _reason(reason, which, last), replace(which, number=last + 1)
    found = gather(session, book, which.contract_id, which.month, whole(now))
    if not found.candidates:
        raise Refused("%(month)s 没有可以回访的工单。", month=which.month)
    nonce = secrets.token_hex(16)
    listed = SampleList(terms.number, which.month, terms.settlement.sample_size, nonce, found.candidates)
    counts = _counts(listed, found.left_out)
    row = {
        **counts, **asdict(made), "listed": listed.as_json(), "digest": listed.digest(),
        "reason": masker_of(session).text(why), "committed_at": whole(now), "committed_by": actor.account,
    }  # fmt: skip
    if store.add(session, row) is None:
        raise Refused(OVERTAKEN)
    facts = {"month": made.month, "list": listed.digest(), **counts}
    _note(session, made, core.COMMITTED, actor, now, facts=facts, texts={"reason": why})
    return made.number


def _counts(listed: SampleList, left_out: int) -> dict[str, int]:
    return {
        "size": listed.size, "candidates": len(listed.candidates), "near": listed.count(core.NEAR),
        "vendor_alone": listed.count(core.VENDOR_ALONE), "others": listed.count(core.OTHER), "left_out": left_out,
    }  # fmt: skip


def _version(book: Book, which: Which, now: datetime) -> VersionInForce:
    """The version that closes the month, of a month that is over and judged."""
    month = parse_month(which.month)
    found = [one for one in book.during(month, now) if one.contract_id == which.contract_id]
    if not found:
        raise NotFound(NO_PAGE)
    if now < month_start(shift_month(month, 1)):
        raise Refused("%(month)s 还没有结束；月末之后再抽查，清单才完整。", month=month)
    if f"{found[-1].terms.live_on():%Y-%m}" > month:
        raise Refused("%(month)s 在上线之前，不考核，也不抽查。", month=month)
    if found[-1].terms.settlement.sample_size < 1:
        raise Refused("合同约定每月抽查 0 件；如要抽查，请先由双方改约定。")
    return found[-1]


def _reason(typed: str, which: Which, last: int) -> str:
    if which.number != last:
        raise Refused(OVERTAKEN)
    if not last:
        return ""
    reason = check_text(typed, "reason")
    if not reason:
        raise Refused("这个月已经提交过清单；另抽一次请写明理由，前一次照样保留。", field="reason")
    return reason


def draw(
    session: Session, which: Which, digest: str, typed: str, *, actor: Actor, now: datetime, is_locked: IsLocked
) -> tuple[str, ...]:
    """Given which draw, the digest of the list that the person saw and the seed they typed, draw; return the numbers.

    Raises Refused for a list that is not the one in the chain, for a seed typed before, and for one that the console
    would mask, for then nobody could repeat the draw.
    """
    row = _held(session, which, actor, now, is_locked)
    if row.drawn_at is not None:
        raise Refused("这一次已经抽取，种子不能再改；要另抽一次，请写明理由重新提交清单。")
    seed = check_seed(typed)
    if masker_of(session).text(seed) != seed:
        raise Refused("种子像是证件号、手机号或银行卡号，会被遮盖，以后无法复算；请换一个。", field="seed")
    listed = _committed(session, which, row, digest)
    strata = {one.number: one.strata for one in listed.candidates}
    numbers = core.draw(listed, seed)
    ids = tickets.by_numbers(session, numbers)
    store.add_tickets(session, row.id, [(ids[number], ",".join(strata[number])) for number in numbers])
    row.seed, row.drawn_at, row.drawn_by = seed, whole(now), actor.account
    texts = {"seed": seed, "drawn": "\n".join(numbers)}
    _note(session, which, core.DRAWN, actor, now, facts={"list": row.digest, "n": len(numbers)}, texts=texts)
    return numbers


def _committed(session: Session, which: Which, row: store.SampleRow, digest: str) -> SampleList:
    """The list, if it is what the person saw and what was linked into the chain then."""
    if digest != row.digest:
        raise Refused("清单已不是您看到的，请刷新页面。")
    text, mine = store.listed(session, row.id), subject_id(which.contract_id, which.month)
    in_chain = [
        event.facts["list"]
        for of, event in audit.of_subject(session, SUBJECT, [core.COMMITTED])
        if of == mine and event.facts["draw"] == which.number
    ]
    if in_chain != [row.digest] or hashlib.sha256(text.encode()).hexdigest() != row.digest:
        raise Refused("清单与提交时写入审计链的不符，没有抽取；请审计管理员校验审计链。")
    return core.list_from_json(text)


def answer(session: Session, which: Which, heard: Heard, *, actor: Actor, now: datetime, is_locked: IsLocked) -> None:
    """Given which draw and what was heard, note it. The same answer once more changes nothing (a double click).

    Raises Refused when a colleague noted another meanwhile, NotFound for a place that was not drawn.
    """
    row = _held(session, which, actor, now, is_locked)
    if heard.answer not in ANSWERS:
        raise Refused("请选“属实”“不属实”或“打不通”。", field="answer")
    note = check_text(heard.note, "note")
    found = _going_on(session, row, heard.place)
    if found.answer:
        if found.answer == heard.answer:
            return
        raise Refused(
            "第 %(place)s 件已由 %(who)s 记为“%(what)s”；要改请先撤销那一次。",
            place=heard.place, who=found.answered_by, what=sentence(ANSWER_NAMES[found.answer]),
        )  # fmt: skip
    found.answer, found.note = heard.answer, masker_of(session).text(note)
    found.answered_at, found.answered_by = whole(now), actor.account
    texts = {"answer": heard.answer, "note": note}
    _note(session, which, core.ANSWERED, actor, now, facts={"item": heard.place}, texts=texts)


def undo(
    session: Session, which: Which, place: int, seen: str, *, actor: Actor, now: datetime, is_locked: IsLocked
) -> None:
    """Given a place and the answer that the person saw there, take it back. Raises Refused when it is another now."""
    row = _held(session, which, actor, now, is_locked)
    found = _going_on(session, row, place)
    if not found.answer:
        return
    if found.answer != seen:
        raise Refused("第 %(place)s 件已不是您看到的，请刷新页面。", place=place)
    found.answer, found.note, found.answered_at, found.answered_by = "", "", None, ""
    _note(session, which, core.UNDONE, actor, now, facts={"item": place}, texts={"answer": seen})


def finish(session: Session, which: Which, *, actor: Actor, now: datetime, is_locked: IsLocked) -> None:
    """Given which draw, end it as it stands; who was not asked stays unasked. Raises Refused before an answer."""
    row = _held(session, which, actor, now, is_locked)
    if row.finished_at is not None:
        return
    drawn = store.tickets_of(session, [row.id]).get(row.id, [])
    found = tally(len(drawn), (one.SampleTicketRow.answer for one in drawn))
    if not found.asked:
        raise Refused("还没有回访过一件，不能结束。")
    row.finished_at, row.finished_by = whole(now), actor.account
    low, high = found.interval or (None, None)
    told = {
        "n": found.drawn, "true": found.true, "false": found.false, "unreachable": found.unreachable,
        "share": found.share, "low": low, "high": high,
    }  # fmt: skip
    _note(session, which, core.FINISHED, actor, now, facts={}, texts={"result": canonical(told)})


def _held(session: Session, which: Which, actor: Actor, now: datetime, is_locked: IsLocked) -> store.SampleRow:
    """The draw, held: acts on one draw wait for each other. Only the month's newest goes on."""
    _need(session, actor, which.month, now, is_locked)
    row = store.one(session, which.contract_id, which.month, which.number)
    if row is None:
        raise NotFound(NO_PAGE)
    if store.last_number(session, which.contract_id, which.month) != which.number:
        raise Refused("后来又提交了新的清单，这一次已停止；请刷新页面。")
    return row


def _going_on(session: Session, row: store.SampleRow, place: int) -> store.SampleTicketRow:
    found = store.ticket(session, row.id, place)
    if found is None:
        raise NotFound(NO_PAGE)
    if row.finished_at is not None:
        raise Refused("这一次抽查已结束，不能再改；要另抽一次，请写明理由重新提交清单。")
    return found


def reveal_phone(
    open_write: OpenSession, sealer: Sealer, which: Which, place: int, reason: str, *, actor: Actor, now: datetime,
    is_locked: IsLocked,
) -> datetime:  # fmt: skip
    """Given which draw and a place in it, show that ticket's masked telephone number, by the rules of
    `personal.reveal`; return until when.

    Recorded at the sample, not at the ticket: a trail of ten reveals would tell the vendor what was drawn.
    """
    with open_write() as session:
        _need(session, actor, which.month, now, is_locked)
        command = replace(phone(session, which, place, actor), reason=reason)
    apart = Apart(SUBJECT, subject_id(which.contract_id, which.month), {"draw": which.number})
    return personal.reveal(open_write, sealer, command, actor, now, apart=apart)


def _note(
    session: Session, which: Which, kind: str, actor: Actor, now: datetime, *, facts: Mapping[str, object],
    texts: Mapping[str, str],
) -> None:  # fmt: skip
    at = whole(now)
    told = {"draw": which.number, **facts, **signing_facts(session, actor, now)}
    event = Event(kind, at, at, actor.account, actor.side, facts=told, personal=texts)
    audit.append(session, SUBJECT, subject_id(which.contract_id, which.month), event)
