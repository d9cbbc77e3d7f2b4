"""What in a ticket deserves a second look: four detectors, each a reason to ask, never a verdict (domain §5.2).

Not for storing flags or judging people. Each detector reads facts that both parties see, and says in one sentence why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops_console.core.clocks import BREACHED, Clock, deadline, result
from ops_console.core.moments import ZONE
from ops_console.core.people import HOSPITAL, VENDOR
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.tickets import BY_SILENCE, CORRECTION_DECIDED, GRADE_IMPORTED, RETYPED, Event, TicketFacts

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
SHORTEST_ACCOUNT = 6
CLOCK_TIME = re.compile(r"(?<![\d:：.])([01]?\d|2[0-3])[:：点]([0-5]\d)(?![\d:：])")


@dataclass(frozen=True)
class Flag:
    """That a detector found something to ask about: which one, and why, as a sentence."""

    detector: str
    why: Sentence


@dataclass(frozen=True)
class Earlier:
    """Another report about the same module not long before: its number, its time, its title, whose side gave it."""

    number: str
    reported_at: datetime
    title: str
    side: str


@dataclass(frozen=True)
class Case:
    """A ticket as the detectors see it: its facts, events and clocks, its clocks under the type it had before it was
    retyped (empty when it never was), reports about the same module before it, and whether it has files."""

    facts: TicketFacts
    events: Sequence[Event]
    clocks: Sequence[Clock]
    clocks_before: Sequence[Clock] = ()
    earlier: Sequence[Earlier] = ()
    has_files: bool = False


def flags_of(case: Case) -> tuple[Flag, ...]:
    """Given a case, return what deserves a second look, at most one flag of each detector."""
    if case.facts.withdrawn:
        return ()
    found = (backdated_answer(case), late_report(case), retyped_late(case), closed_without_evidence(case))
    return tuple(flag for flag in found if flag is not None)


def backdated_answer(case: Case) -> Flag | None:
    """An answer told after its limit had passed, said to have been just within it, or told many hours later.

    Who forgot to log an honest answer mostly tells an early one; who saves a clock tells one close to the limit.
    """
    stamp = case.facts.stamps.get("responded_at")
    clock = next((c for c in case.clocks if c.limit.stop_event == "responded"), None)
    if stamp is None or clock is None or not _is_vendors_word(stamp.side, stamp.grade) or stamp.accepted:
        return None
    due = deadline(clock)
    if due is None or not stamp.at <= due < stamp.recorded_at:
        return None
    share = (stamp.at - clock.started_at) / timedelta(seconds=clock.limit.limit_seconds)
    late = stamp.recorded_at - stamp.at
    if share < NEAR_LIMIT and not (late >= LONG_LAG and not stamp.evidence):
        return None
    return Flag(
        BACKDATED,
        sentence(
            "响应时间在时限过后才录入，晚了 %(late)s；申报的用时为时限的 %(share)s%%",
            late=late,
            share=round(share * 100),
        ),
    )


def late_report(case: Case) -> Flag | None:
    """A report of the vendor's whose own text names an earlier time, or that the hospital gave before."""
    facts, stamp = case.facts, case.facts.stamps["reported_at"]
    if not _is_vendors_word(stamp.side, stamp.grade):
        return None
    text = " ".join(facts.personal.get(name, "") for name in ("title", "description"))
    named = max(
        (at for at in _times_named(text, facts.reported_at) if _is_earlier(at, facts.reported_at)), default=None
    )
    if named is not None:
        return Flag(LATE_REPORT, sentence("内容里提到 %(at)s，早于登记的报修时间", at=named))
    linked = {link.number for link in facts.links}
    for other in case.earlier:
        if other.side == HOSPITAL and other.number not in linked and alike(other.title, text) >= ALIKE:
            return Flag(
                LATE_REPORT,
                sentence("医院一方 %(at)s 已报过相似的问题（%(number)s）", at=other.reported_at, number=other.number),
            )
    return None


def _is_earlier(at: datetime, reported_at: datetime) -> bool:
    least, most = MENTIONED
    return least <= reported_at - at <= most


def _times_named(text: str, reported_at: datetime) -> Iterable[datetime]:
    local = reported_at.astimezone(ZONE)
    for hour, minute in CLOCK_TIME.findall(text):
        yield local.replace(hour=int(hour), minute=int(minute), second=0).astimezone(reported_at.tzinfo)


def alike(one: str, other: str) -> float:
    """Given two texts, return how much of the shorter one's two-character pieces the other shares, 0 to 1."""
    first, second = _pieces(one), _pieces(other)
    return len(first & second) / min(len(first), len(second)) if first and second else 0.0


def _pieces(text: str) -> set[str]:
    plain = re.sub(r"\W+", "", text)
    return {plain[i : i + 2] for i in range(len(plain) - 1)}


def retyped_late(case: Case) -> Flag | None:
    """A change of type, told after a limit had been passed, that made the breach go away."""
    kinds = [e for e in case.events if e.kind == RETYPED or _corrects_type(e)]
    if not kinds or not case.clocks_before:
        return None
    at = kinds[-1].recorded_at
    broken = [c for c in case.clocks_before if result(c, at) == BREACHED]
    still = [c for c in case.clocks if result(c, at) == BREACHED]
    if not broken or still:
        return None
    return Flag(
        RETYPE, sentence("时限已过之后改了类型，原来的超时因此不再计算（改为%(type)s）", type=sentence(case.facts.type))
    )


def _corrects_type(event: Event) -> bool:
    return (
        event.kind == CORRECTION_DECIDED and event.facts.get("field") == "type" and event.facts.get("approved") is True
    )


def closed_without_evidence(case: Case) -> Flag | None:
    """A fault said to be restored with nothing to show for it, and something else that does not fit."""
    facts, stamp = case.facts, case.facts.stamps.get("restored_at")
    if stamp is None or facts.restored_at is None or not _is_vendors_word(stamp.side, stamp.grade):
        return None
    if not any(c.limit.types for c in case.clocks):  # only what the contract has a limit of its own for
        return None
    told = len(facts.personal.get("process", "").strip()) >= SHORTEST_ACCOUNT
    if stamp.evidence or case.has_files or told:
        return None
    begun = facts.arrived_at or facts.responded_at
    quick = begun is not None and facts.restored_at - begun < QUICK
    came_back = facts.taken_back_at is not None
    if not (quick or came_back or facts.closure == BY_SILENCE):
        return None
    return Flag(NO_EVIDENCE, sentence("登记恢复时没有佐证，也没有写处理过程"))


def _is_vendors_word(side: str, grade: str) -> bool:
    return side == VENDOR and grade != GRADE_IMPORTED
