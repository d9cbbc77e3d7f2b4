"""What only a month's tickets together show: answers that crowd below a limit, round minutes, one same instant.

Not for single tickets (`core/detectors.py`). A pattern is reported when it is so frequent that chance alone would
bring it about less than once in a thousand months; who answered is looked at, and never told or ranked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import exp, lgamma, log

from ops_console.core.detectors import BACKDATED, LATE_REPORT, Case, Flag, answer_clock, told_after_limit
from ops_console.core.moments import ZONE
from ops_console.core.people import HOSPITAL
from ops_console.core.sentences import Sentence, sentence
from ops_console.core.tickets import GRADE_IMPORTED

CHANCE = 0.001
FEWEST = 4
LAST_SIXTH = 5 / 6
# How often each happens honestly, at the most: by the year's sheet and the durations of domain §6.4, rounded up.
USUAL_NEAR, USUAL_SAME, USUAL_LATE = 0.10, 0.15, 0.30
# Full and half hours: where times are typed to the minute people round to five of them; where seconds are known, few.
USUAL_ROUND_TYPED, USUAL_ROUND_EXACT = 0.17, 0.03
TO_BE_READ = ("微信群", "QQ")  # somebody has to read what was written before it can be answered


@dataclass(frozen=True)
class Answer:
    """A vendor's answer as patterns see it: which ticket, by whom, under which limit, after how long."""

    number: str
    handler: str
    channel: str
    limit_id: str
    limit_seconds: int
    seconds: int
    minute: int
    second: int
    is_claimed: bool
    after_limit: bool


def answer_of(case: Case) -> Answer | None:
    """Given a case, return its answer if the vendor gave it, nobody accepted it yet and a limit is about it."""
    stamp, clock = case.facts.stamps.get("responded_at"), answer_clock(case.clocks)
    if stamp is None or clock is None or case.facts.withdrawn or stamp.side == HOSPITAL and not _is_of_sheet(case):
        return None
    if stamp.accepted:
        return None
    local = stamp.at.astimezone(ZONE)
    told_at_once = stamp.at == stamp.recorded_at and stamp.grade != GRADE_IMPORTED
    return Answer(
        case.facts.number, case.facts.handler, case.facts.channel, clock.limit.id, clock.limit.limit_seconds,
        int((stamp.at - case.facts.reported_at).total_seconds()), local.minute, local.second,
        not told_at_once, told_after_limit(case),
    )  # fmt: skip


def _is_of_sheet(case: Case) -> bool:
    return case.facts.stamps["responded_at"].grade == GRADE_IMPORTED


def patterns_of(answers: Iterable[Answer]) -> tuple[Flag, ...]:
    """Given the answers to a month's tickets, return the patterns among them that chance does not explain."""
    found: list[Flag] = []
    by_limit: dict[tuple[str, int], list[Answer]] = defaultdict(list)
    for answer in answers:
        by_limit[answer.limit_id, answer.limit_seconds].append(answer)
    for (_, limit), group in sorted(by_limit.items()):
        found += _of_persons(
            group, lambda a: LAST_SIXTH * a.limit_seconds < a.seconds <= a.limit_seconds, USUAL_NEAR, _near(limit)
        )
        found += _of_persons(group, lambda a: a.after_limit, USUAL_LATE, _late)
    everything = [answer for group in by_limit.values() for answer in group]
    claimed = [answer for answer in everything if answer.is_claimed]
    is_typed = 2 * sum(answer.second == 0 for answer in claimed) > len(claimed)
    usual = USUAL_ROUND_TYPED if is_typed else USUAL_ROUND_EXACT
    found += _of_persons(claimed, lambda a: a.second == 0 and a.minute in (0, 30), usual, _round)
    written = [answer for answer in everything if answer.channel in TO_BE_READ]
    found += _of_persons(written, lambda a: a.seconds == 0, USUAL_SAME, _same, LATE_REPORT)
    return tuple(found)


def _of_persons(
    group: Sequence[Answer],
    is_odd: Callable[[Answer], bool],
    usual: float,
    told: Callable[[int, int], Sentence],
    detector: str = BACKDATED,
) -> list[Flag]:
    """One flag for each person whose answers are odd too often; where nobody's are, one for all if theirs together are.

    Small numbers of one person may hide what all of them show, and the numbers of all what one of them does.
    """
    people: dict[str, list[Answer]] = defaultdict(list)
    for answer in group:
        people[answer.handler].append(answer)
    parts = [mine for _, mine in sorted(people.items())]
    found = [flag for mine in parts if (flag := _pattern(mine, is_odd, usual, told, detector))]
    whole = _pattern(group, is_odd, usual, told, detector)
    return found or ([whole] if whole else [])


def _pattern(
    group: Sequence[Answer],
    is_odd: Callable[[Answer], bool],
    usual: float,
    told: Callable[[int, int], Sentence],
    detector: str,
) -> Flag | None:
    odd = [answer for answer in group if is_odd(answer)]
    if len(odd) < FEWEST or tail(len(odd), len(group), usual) > CHANCE:
        return None
    numbers = tuple(sorted(answer.number for answer in odd))
    why = told(len(group), len(odd))
    return Flag(detector, numbers, why, {"of": len(group), "pattern": why.text})


def _near(limit: int) -> Callable[[int, int], Sentence]:
    low, high = timedelta(seconds=int(LAST_SIXTH * limit)), timedelta(seconds=limit)
    return lambda n, k: sentence(
        "%(n)s 件中 %(k)s 件的响应用时在 %(low)s 至 %(high)s 之间，刚好在时限之内", n=n, k=k, low=low, high=high
    )


def _late(n: int, k: int) -> Sentence:
    return sentence("%(n)s 件中 %(k)s 件的响应在时限过后才录入，申报的时间都在时限之内", n=n, k=k)


def _round(n: int, k: int) -> Sentence:
    return sentence("%(n)s 件补填或导入的响应时间中 %(k)s 件是整点或半点", n=n, k=k)


def _same(n: int, k: int) -> Sentence:
    return sentence("%(n)s 件群消息报修中 %(k)s 件的报修与响应是同一秒", n=n, k=k)


def tail(k: int, n: int, p: float) -> float:
    """Given k, n and a chance p, return how likely k or more of n are by chance alone.

    >>> round(tail(9, 12, 0.1), 9)
    1.66e-07
    """
    return sum(
        exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log(1 - p))
        for i in range(k, n + 1)
    )
