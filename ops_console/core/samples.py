"""The sample check: which tickets of a month may be drawn, the list committed to, and the draw that anybody can repeat.

Not for what the answers come to (`core/sample_results.py`). Published form: `docs/sample-check.md`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ops_console.core.chain import canonical
from ops_console.core.clocks import Clock, active_seconds
from ops_console.core.errors import Refused
from ops_console.core.people import VENDOR
from ops_console.core.sheet_text import has_forbidden
from ops_console.core.tickets import PURGED, Stamp, TicketFacts
from ops_console.core.trust import GRADE_PROMPT, GRADE_PROVED, is_from_hospital

FORMAT, DRAW = "ops-console/sample-list/v1", b"ops-console/sample-draw/v1"
NEAR, VENDOR_ALONE, OTHER = "near", "vendor", "other"
STRATA = (NEAR, VENDOR_ALONE, OTHER)
STRATUM_NAMES = {NEAR: "临近或超过时限", VENDOR_ALONE: "时间只由乙方登记", OTHER: "其他"}
WEIGHTS = {NEAR: 4, VENDOR_ALONE: 3, OTHER: 1}
NEAR_PERCENT = 80  # of a limit, as the amber of a clock
SHORTEST_SEED, LONGEST_SEED, LONGEST_TEXT = 4, 100, 500
COMMITTED, DRAWN, ANSWERED = "sample_committed", "sample_drawn", "sample_answered"
UNDONE, FINISHED = "sample_undone", "sample_finished"


@dataclass(frozen=True)
class Candidate:
    """A ticket that may be drawn: its number and the strata it belongs to, at least one of STRATA."""

    number: str
    strata: tuple[str, ...]

    @property
    def weight(self) -> int:
        """How likely it is to be drawn beside others: the weights of its strata added up."""
        return sum(WEIGHTS[stratum] for stratum in self.strata)


@dataclass(frozen=True)
class SampleList:
    """What the hospital commits to before it types a seed: contract, month, how many to draw, the candidates.

    `nonce` is the console's own, unknown to people until the draw: who types the seed cannot try out beforehand which
    tickets it draws, and who could read the nonce does not know the seed.
    """

    contract: str
    month: str
    size: int
    nonce: str
    candidates: tuple[Candidate, ...]

    def as_json(self) -> str:
        """Return the canonical text that is hashed: candidates by number, in the order of their code points."""
        ordered = sorted(self.candidates, key=lambda one: one.number)
        return canonical({
            "candidates": [[one.number, list(one.strata)] for one in ordered], "contract": self.contract,
            "format": FORMAT, "month": self.month, "nonce": self.nonce, "size": self.size, "weights": WEIGHTS,
        })  # fmt: skip

    def digest(self) -> str:
        """Return the SHA-256 of the canonical text, in hex: what stands in the chain."""
        return hashlib.sha256(self.as_json().encode()).hexdigest()

    def count(self, stratum: str) -> int:
        """Given a stratum, return how many candidates belong to it."""
        return sum(stratum in one.strata for one in self.candidates)


def list_from_json(text: str) -> SampleList:
    """Given what `SampleList.as_json` wrote, return the list."""
    read = json.loads(text)
    found = tuple(Candidate(number, tuple(strata)) for number, strata in read["candidates"])
    return SampleList(read["contract"], read["month"], read["size"], read["nonce"], found)


def strata_of(facts: TicketFacts, clocks: Iterable[Clock], at: datetime) -> tuple[str, ...]:
    """Given a ticket's facts, its clocks and an instant, return its strata: those that apply, else the others.

    A clock of 30 minutes that used 24 is near its limit; one that broke it too.
    """
    near = any(active_seconds(one, at) * 100 >= one.limit.limit_seconds * NEAR_PERCENT for one in clocks)
    found = ((NEAR, near), (VENDOR_ALONE, is_vendors_alone(facts.stamps.values())))
    return tuple(stratum for stratum, applies in found if applies) or (OTHER,)


def is_vendors_alone(stamps: Iterable[Stamp]) -> bool:
    """Given where a ticket's times come from, say whether the vendor alone stands behind them (domain §5.1).

    Some time counts by the vendor's own entry (grade B or C), and the hospital's side neither gave nor accepted any.
    """
    standing = [stamp for stamp in stamps if stamp.rejected_at is None]
    by_vendor = any(s.side == VENDOR and s.grade in (GRADE_PROMPT, GRADE_PROVED) for s in standing)
    return by_vendor and not any(is_from_hospital(stamp) or stamp.accepted for stamp in standing)


def is_candidate(facts: TicketFacts) -> bool:
    """Given a ticket's facts, say whether it may be drawn: not withdrawn, and there is somebody to be asked.

    A department is enough: the hospital knows its own extensions, and a vendor that leaves out a telephone number must
    not keep its ticket out of the sample by it.
    """
    told = (facts.personal.get("phone"), facts.personal.get("reporter"), facts.department)
    return not facts.withdrawn and any(text and text != PURGED for text in told)


def draw(listed: SampleList, seed: str) -> tuple[str, ...]:
    """Given the committed list and the seed, return the numbers drawn, in their order, the same on every machine.

    First one of each stratum that nothing drawn so far belongs to, then of all that are left, each by its weight and
    none twice, until `size` are drawn or nothing is left.
    """
    left = sorted(listed.candidates, key=lambda one: one.number)
    beginning = b"\0".join((DRAW, listed.digest().encode(), listed.nonce.encode(), seed.encode()))
    drawn: list[Candidate] = []

    def take(among: Sequence[Candidate]) -> None:
        drawn.append(_picked(among, beginning + b"\0" + str(len(drawn)).encode()))
        left.remove(drawn[-1])

    for stratum in STRATA:
        own = [one for one in left if stratum in one.strata]
        if own and len(drawn) < listed.size and not any(stratum in one.strata for one in drawn):
            take(own)
    while left and len(drawn) < listed.size:
        take(left)
    return tuple(one.number for one in drawn)


def _picked(among: Sequence[Candidate], hashed: bytes) -> Candidate:
    """The candidate in whose part of the added weights the hash falls, taken as a number, modulo their sum."""
    rest = int(hashlib.sha256(hashed).hexdigest(), 16) % sum(one.weight for one in among)
    for one in among:
        if rest < one.weight:
            return one
        rest -= one.weight
    raise AssertionError("the remainder is below the sum of the weights")


def check_seed(text: str) -> str:
    """Given what was typed as seed, return it without blanks around. Raises Refused when too short or unprintable."""
    seed = text.strip()
    if not SHORTEST_SEED <= len(seed) <= LONGEST_SEED or not seed.isprintable():
        raise Refused(
            "种子要 %(least)s 到 %(most)s 个可见字符；请写当天才有的内容，如刚掷的骰子、今天报纸上的数字。",
            field="seed", least=SHORTEST_SEED, most=LONGEST_SEED,
        )  # fmt: skip
    return seed


def check_text(text: str, field: str) -> str:
    """Given a reason or a note and its field, return it without blanks around. Raises Refused when it is too long."""
    plain = text.strip()
    if len(plain) > LONGEST_TEXT or has_forbidden(plain):
        raise Refused("这一栏最多 %(n)s 个字，不能含控制字符。", field=field, n=LONGEST_TEXT)
    return plain
