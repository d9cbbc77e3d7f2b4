"""What follows a restore in the demo year: a word or none, stars, coming back, late times accepted (domain §6.5).

Not for how it came to be restored (`core/demo_lives.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from math import exp
from random import Random

from ops_console.core.demo import next_opening, shifted
from ops_console.core.demo_places import OFFICERS
from ops_console.core.demo_steps import ACCEPT, PUBLIC_ANSWER, Step
from ops_console.core.moments import whole
from ops_console.core.silence import silence_ends
from ops_console.core.tickets import CONFIRMED, REOPENED, RESTORE, RESTORE_REJECTED
from ops_console.core.working_time import WorkingCalendar

CONFIRMATION = 20 * 60.0, 1.1  # minutes; whoever takes longer than silence lasts has said nothing
SILENT, SAMPLED = 0.04, 0.13
STARS, STAR_SHARES, STARRED = (5, 4, 3, 2, 1), (66, 25, 6, 2, 1), 0.75
AGAIN, AGAIN_DEFECT = 0.035, 0.055
ACCEPTED = {True: 0.85, False: 0.25}  # late times with proof, without
SILENCE_WORKDAYS = 3
REASONS = ("同一问题又出现了，患者仍反映失败", "重启后再次出现，请继续处理", "只恢复了一部分，{who}那边还是不行")


@dataclass(frozen=True)
class End:
    """What of a life decides its end. `is_accepted`: whether late times are accepted, None when that is drawn."""

    story: str
    type: str
    reporter_answers: bool
    needs_onsite: bool
    is_backfilled: bool
    is_proved: bool
    is_accepted: bool | None = None


def ending(end: End, restore: Step, calendar: WorkingCalendar, sampled: frozenset[str], random: Random) -> list[Step]:
    """Given a life, its restore and the types whose end nobody is asked about, return the steps that follow."""
    is_asked = end.type not in sampled or end.needs_onsite
    steps = _accepting(end, restore, calendar, random)
    word = _word(end, restore, is_asked, calendar, random)
    if word is not None:
        steps.append(word)
    again = random.random() < (AGAIN_DEFECT if end.type == "缺陷" else AGAIN)
    if again and (word is not None or not is_asked):
        steps += _again(end, restore, word, calendar, random)
    return steps


def _word(end: End, restore: Step, is_asked: bool, calendar: WorkingCalendar, random: Random) -> Step | None:
    """The hospital's word, if it says one: the reporter's on the telephone, or an officer's at work."""
    silent = random.random() < (SILENT if is_asked else 1 - SAMPLED)
    at = shifted(restore.at, max(1.0, CONFIRMATION[0] * exp(CONFIRMATION[1] * random.gauss(0.0, 1.0))))
    at = next_opening(at, calendar, random)
    facts: dict[str, object] = {"rating": _stars(random)} if random.random() < STARRED or not is_asked else {}
    officer, soon = random.choice(OFFICERS), shifted(restore.at, random.uniform(2, 90))
    if end.reporter_answers and is_asked:
        return Step(soon, end.story, PUBLIC_ANSWER, "", facts)
    ends = silence_ends(whole(restore.at), SILENCE_WORKDAYS, calendar)
    if silent or (is_asked and at >= ends) or (not is_asked and at - restore.at > timedelta(days=6)):
        return None
    return Step(at, end.story, CONFIRMED, officer, facts)


def _stars(random: Random) -> int:
    return random.choices(STARS, STAR_SHARES)[0]


def _again(end: End, restore: Step, word: Step | None, calendar: WorkingCalendar, random: Random) -> list[Step]:
    """It comes back within a week: taken back by the hospital, restored a second time, confirmed."""
    after = word.at if word is not None else restore.at
    at = next_opening(shifted(after, random.uniform(60, 3 * 1440)), calendar, random)
    if at - after > timedelta(days=6, hours=12):
        return []
    reason = random.choice(REASONS).format(who="卫生院")
    kind = REOPENED if word is not None else RESTORE_REJECTED
    mended = calendar.calendar.add(at, random.randint(20 * 60, 5 * 3600))
    second = replace(restore, at=mended, claimed_at=None, proved=False)
    if second.personal:
        second = replace(second, personal={"process": f"{second.personal['process']}复发后再次处理，已观察一天。"})
    said = next_opening(shifted(mended, random.uniform(30, 900)), calendar, random)
    steps = [Step(at, end.story, kind, random.choice(OFFICERS), {"reason": reason}), replace(second, act=RESTORE)]
    if word is not None:
        steps.append(Step(said, end.story, CONFIRMED, random.choice(OFFICERS), {"rating": _stars(random)}))
    return steps


def _accepting(end: End, restore: Step, calendar: WorkingCalendar, random: Random) -> list[Step]:
    """An officer looks at times that were told late, on the next working morning, and accepts most that are proved."""
    drawn, who = random.random(), random.choice(OFFICERS)
    if not end.is_backfilled:
        return []
    wanted = drawn < ACCEPTED[end.is_proved] if end.is_accepted is None else end.is_accepted
    at = next_opening(shifted(restore.at, random.uniform(120, 1500)), calendar, random)
    return [Step(at, end.story, ACCEPT, who, {"approved": True})] if wanted else []
