"""What in a ticket deserves a second look: four detectors, each a reason to ask, never a verdict (domain §5.2).

Not for what only a month shows (`core/patterns.py`), for storing flags or for judging people. Each detector reads facts
that both parties see, and says in one sentence why.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ops_console.core.chain import canonical
from ops_console.core.clocks import BREACHED, Clock, active_seconds, deadline, result
from ops_console.core.detector_words import BEGAN, FAILING, HALF_PAST, SAYS_NOTHING
from ops_console.core.moments import ZONE
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.quick_lines import Lexicon, read
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.terms import Terms
from ops_console.core.ticket_folds import not_taken_back
from ops_console.core.tickets import (
    BY_SILENCE,
    CORRECTION_DECIDED,
    GRADE_IMPORTED,
    LINKED,
    RETYPED,
    Event,
    TicketFacts,
)

BACKDATED, LATE_REPORT, RETYPE, NO_EVIDENCE = (
    "backdated_answer",
    "late_report",
    "retyped_late",
    "closed_without_evidence",
)
DETECTORS = (BACKDATED, LATE_REPORT, RETYPE, NO_EVIDENCE)
NEAR_LIMIT = 0.75
LONG_LAG = timedelta(hours=4)
EARLIER_WITHIN = timedelta(hours=2)
MENTIONED = timedelta(minutes=10), timedelta(hours=6)
ALIKE = 0.5
QUICK = timedelta(minutes=5)
LATE_TOLD = timedelta(minutes=15)
SHORTEST_ACCOUNT = 6
POOR_RATING = 2
# Which side a sheet's channel speaks of: these the hospital's people write themselves.
FROM_HOSPITAL = ("扫码", "管理端", "告警")


@dataclass(frozen=True)
class Flag:
    """That a detector found something to ask about: which, of which tickets, and why, as a sentence.

    `facts` are the figures it rests on: the same facts again are the same flag.
    """

    detector: str
    numbers: tuple[str, ...]
    why: Sentence
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """What is the same for the same detector, tickets and facts, however often they are looked at."""
        told = {"detector": self.detector, "numbers": sorted(self.numbers), "facts": dict(self.facts)}
        return hashlib.sha256(canonical(told).encode()).hexdigest()


@dataclass(frozen=True)
class Earlier:
    """Another report about the same module not long before: its number, its time, its title, whether the hospital's."""

    number: str
    reported_at: datetime
    title: str
    department: str
    from_hospital: bool


@dataclass(frozen=True)
class Case:
    """A ticket as the detectors see it: its facts, events and clocks as of `at`; reports about the same module before.

    `clocks_as` are the clocks it would have under `other_type`: the type it had before it was retyped, or (never
    retyped) the one that its own words speak of. `has_files`: whether files stand attached. A ticket of a sheet has
    none of its own, and nobody knows when its times were told.
    """

    facts: TicketFacts
    events: Sequence[Event]
    clocks: Sequence[Clock]
    at: datetime
    other_type: str = ""
    clocks_as: Sequence[Clock] = ()
    earlier: Sequence[Earlier] = ()
    has_files: bool = False


def flags_of(case: Case) -> tuple[Flag, ...]:
    """Given a case, return what deserves a second look, at most one flag of each detector."""
    if case.facts.withdrawn:
        return ()
    found = (backdated_answer(case), late_report(case), retyped_late(case), closed_without_evidence(case))
    return tuple(flag for flag in found if flag is not None)


def _flag(detector: str, case: Case, why: Sentence, **facts: object) -> Flag:
    return Flag(detector, (case.facts.number,), why, facts)


def answer_clock(clocks: Iterable[Clock]) -> Clock | None:
    """Given a ticket's clocks, return the one that its answer stops, or None."""
    return next((clock for clock in clocks if clock.limit.stop_event == "responded"), None)


def told_after_limit(case: Case) -> bool:
    """Given a case, say whether its answer was told after its limit had passed, as one given in time.

    Never of a sheet's: it does not say when an answer was told. Nor of one that the hospital accepted.
    """
    stamp, clock = case.facts.stamps.get("responded_at"), answer_clock(case.clocks)
    if stamp is None or clock is None or not _is_vendors_word(stamp.side, stamp.grade) or stamp.accepted:
        return False
    due = deadline(clock)
    return due is not None and stamp.at <= due < stamp.recorded_at


def backdated_answer(case: Case) -> Flag | None:
    """An answer told after its limit had passed, said to have been just within it, or told many hours later unproved.

    Who forgot to log an honest answer mostly tells an early one; who saves a clock tells one close to the limit. The
    grade does not matter: told within a quarter of an hour it would count as prompt.
    """
    if not told_after_limit(case):
        return None
    stamp, clock = case.facts.stamps["responded_at"], answer_clock(case.clocks)
    assert clock is not None
    used = active_seconds(clock, stamp.at)
    late = stamp.recorded_at - stamp.at
    if used < NEAR_LIMIT * clock.limit.limit_seconds and not (late >= LONG_LAG and not stamp.proof):
        return None
    why = sentence(
        "响应在时限过后才录入（晚 %(late)s），申报用时 %(used)s，时限 %(limit)s",
        late=late, used=timedelta(seconds=used), limit=timedelta(seconds=clock.limit.limit_seconds),
    )  # fmt: skip
    return _flag(BACKDATED, case, why, at=stamp.at.isoformat(), told=stamp.recorded_at.isoformat())


def late_report(case: Case) -> Flag | None:
    """A report of the vendor's whose own text names an earlier beginning, or that the hospital gave before."""
    facts, stamp = case.facts, case.facts.stamps["reported_at"]
    if _is_hospitals_report(facts):
        return None
    text = " ".join(facts.personal.get(name, "") for name in ("title", "description"))
    named = min((at for at in _times_named(text, stamp.at) if _is_earlier(at, stamp.at)), default=None)
    if named is not None:
        why = sentence("内容里说 %(at)s 就开始了，比登记的报修时间早 %(span)s", at=named, span=stamp.at - named)
        return _flag(LATE_REPORT, case, why, at=stamp.at.isoformat(), named=named.isoformat())
    for other in case.earlier:
        if other.from_hospital and _is_same_matter(case, other):
            why = sentence(
                "医院一方已在 %(at)s 报过相似的问题（%(number)s），早 %(span)s",
                at=other.reported_at, number=other.number, span=stamp.at - other.reported_at,
            )  # fmt: skip
            return _flag(LATE_REPORT, case, why, at=stamp.at.isoformat(), other=other.number)
    return None


def _is_same_matter(case: Case, other: Earlier) -> bool:
    """A fault is the same whoever tells it; a question is another one when another department asks it. The module's
    name is in both titles and says nothing.
    """
    facts = case.facts
    if other.number in _linked_by_hospital(case):
        return False
    if not any(clock.limit.types for clock in case.clocks) and other.department != facts.department:
        return False
    titles = (title.replace(facts.module, "") for title in (other.title, facts.personal.get("title", "")))
    return alike(*titles) >= ALIKE


def _linked_by_hospital(case: Case) -> set[object]:
    """The tickets that the hospital linked, or that both parties' word on a correction did: the vendor's link alone
    says nothing.
    """
    agreed = {e.recorded_at for e in case.events if e.kind == CORRECTION_DECIDED and e.facts.get("approved") is True}
    links = (event for event in case.events if event.kind == LINKED)
    return {event.facts["ticket"] for event in links if event.side == HOSPITAL or event.recorded_at in agreed}


def _is_hospitals_report(facts: TicketFacts) -> bool:
    stamp = facts.stamps["reported_at"]
    return facts.channel in FROM_HOSPITAL if stamp.grade == GRADE_IMPORTED else stamp.side != VENDOR


def _is_earlier(at: datetime, reported_at: datetime) -> bool:
    least, most = MENTIONED
    return least <= reported_at - at <= most


def _times_named(text: str, reported_at: datetime) -> Iterable[datetime]:
    local = reported_at.astimezone(ZONE)
    for match in (found for pattern in BEGAN for found in pattern.finditer(text)):
        hour, minute, spoken = int(match["hour"]), match["minute"], match["spoken"]
        minutes = 30 if spoken == HALF_PAST else int(minute or spoken or "0")
        if minutes < 60:
            hour += 12 if match["half"] and hour < 12 else 0
            yield local.replace(hour=hour, minute=minutes, second=0, microsecond=0).astimezone(reported_at.tzinfo)


def alike(one: str, other: str) -> float:
    """Given two texts, return how much of the shorter one's two-character pieces the other shares, 0 to 1."""
    first, second = _pieces(one), _pieces(other)
    return len(first & second) / min(len(first), len(second)) if first and second else 0.0


def _pieces(text: str) -> set[str]:
    plain = re.sub(r"\W+", "", text)
    return {plain[i : i + 2] for i in range(len(plain) - 1)}


def retyped_late(case: Case) -> Flag | None:
    """A type under which no limit was broken where the former one, or the one its words speak of, broke its answer's.

    Before the limit one party may retype alone, after it both must agree: either way the breach went away with it.
    What the hospital itself asked for is its own word.
    """
    answer = answer_clock(case.clocks_as)
    if answer is None or not case.facts.type or answer.limit.limit_seconds >= _allowed(case):
        return None
    broken = any(result(clock, case.at) == BREACHED for clock in case.clocks_as)
    if not broken or any(result(clock, case.at) == BREACHED for clock in case.clocks):
        return None
    told = [event for event in not_taken_back(case.events) if event.kind == RETYPED or _corrects_type(event)]
    if not told:
        return _misfiled(case, answer)
    if _asked_by(case, told[-1]) == HOSPITAL:
        return None
    at = told[-1].recorded_at
    before = sentence("时限已过之后") if at > (deadline(answer) or at) else sentence("时限将到之前")
    why = sentence(
        "%(when)s由“%(old)s”改为“%(new)s”，按原类型响应已超过 %(limit)s",
        when=before, old=sentence(case.other_type), new=sentence(case.facts.type),
        limit=timedelta(seconds=answer.limit.limit_seconds),
    )  # fmt: skip
    return _flag(RETYPE, case, why, old=case.other_type, new=case.facts.type, told=at.isoformat())


def other_type(facts: TicketFacts, events: Sequence[Event], terms: Terms, lexicon: Lexicon) -> str:
    """Given a ticket, its events, its terms and the words lines are read by, return the type to judge it by as well.

    The type it had, of several the first with a limit of its own: a second change hides no first. Never changed, the
    one with a limit of its own that its words speak of; "" for none.
    """
    own = {name for limit in terms.limits for name in limit.types}
    had = [str(event.facts["old"]) for event in not_taken_back(events) if event.kind == RETYPED]
    had += [p.old for p in facts.proposals if p.field == "type" and p.approved]
    if had:
        return next((name for name in had if name in own and name != facts.type), had[-1])
    if facts.type in own:
        return ""
    title = facts.personal.get("title", "")
    reads_as = (read(title, lexicon).type or "") if FAILING.search(title) else ""
    return reads_as if reads_as in own else ""


def _allowed(case: Case) -> int:
    clock = answer_clock(case.clocks)
    return clock.limit.limit_seconds if clock is not None else 1 << 31


def _misfiled(case: Case, answer: Clock) -> Flag | None:
    if _is_hospitals_report(case.facts):
        return None
    why = sentence(
        "内容像“%(other)s”，登记为“%(type)s”；按“%(other)s”算响应已超过 %(limit)s",
        other=sentence(case.other_type), type=sentence(case.facts.type),
        limit=timedelta(seconds=answer.limit.limit_seconds),
    )  # fmt: skip
    return _flag(RETYPE, case, why, reads_as=case.other_type, type=case.facts.type)


def _corrects_type(event: Event) -> bool:
    return (
        event.kind == CORRECTION_DECIDED and event.facts.get("field") == "type" and event.facts.get("approved") is True
    )


def _asked_by(case: Case, event: Event) -> str:
    """Whose wish the change of type was: who retyped alone, or who proposed what the other approved."""
    if event.kind == RETYPED:
        return event.side
    asked = [p for p in case.facts.proposals if p.field == "type" and p.approved]
    return asked[-1].side if asked else event.side


def closed_without_evidence(case: Case) -> Flag | None:
    """A fault said to be restored with nothing to show for it, and something else that does not fit.

    A sheet has no files: there an account that says nothing is all that can be seen.
    """
    facts, stamp = case.facts, case.facts.stamps.get("restored_at")
    if stamp is None or facts.restored_at is None or stamp.side == HOSPITAL or stamp.accepted:
        return None
    if not any(clock.limit.types for clock in case.clocks):  # only what the contract has a limit of its own for
        return None
    if stamp.proof or case.has_files or not says_nothing(facts.personal.get("process", "")):
        return None
    odd = _oddities(case)
    if not odd:
        return None
    nothing = (
        sentence("登记恢复时没有写处理过程")
        if stamp.grade == GRADE_IMPORTED
        else sentence("登记恢复时没有佐证，也没有写处理过程")
    )
    why = sentence("%(nothing)s；%(odd)s", nothing=nothing, odd=odd[0])
    return _flag(NO_EVIDENCE, case, why, at=facts.restored_at.isoformat(), odd=[one.text for one in odd])


def says_nothing(account: str) -> bool:
    """Given an account of what was done, say whether it tells nothing: too short, or made of stock words alone.

    >>> says_nothing("问题已解决，现在使用正常。"), says_nothing("重启支付服务后恢复。")
    (True, False)
    """
    plain = account.strip()
    return len(plain) < SHORTEST_ACCOUNT or SAYS_NOTHING.fullmatch(plain) is not None


def _oddities(case: Case) -> list[Sentence]:
    facts, stamp = case.facts, case.facts.stamps["restored_at"]
    begun = facts.arrived_at or facts.responded_at
    assert facts.restored_at is not None
    found = []
    if begun is not None and facts.restored_at - begun < QUICK:
        found.append(sentence("开始处理 %(span)s 后即登记恢复", span=facts.restored_at - begun))
    if facts.taken_back_at is not None:
        found.append(sentence("之后又被医院退回或重开"))
    if facts.rating is not None and facts.rating <= POOR_RATING:
        found.append(sentence("满意度只有 %(n)s 星", n=facts.rating))
    if stamp.grade != GRADE_IMPORTED and stamp.recorded_at - stamp.at > LATE_TOLD:
        found.append(sentence("恢复时间晚 %(span)s 才录入", span=stamp.recorded_at - stamp.at))
    if facts.closure == BY_SILENCE:
        found.append(sentence("因医院未答复而默认确认"))
    return found


def _is_vendors_word(side: str, grade: str) -> bool:
    return side == VENDOR and grade != GRADE_IMPORTED
