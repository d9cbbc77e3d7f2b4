"""What masking and sealing cost: a line, a line with numbers, a sealed and an opened original, one core.

Run `python -m benchmarks.personal`. The import of the year is `benchmarks/imports.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from statistics import median
from time import process_time_ns

from benchmarks import figures
from benchmarks.history import SHEET
from ops_console.adapters.sealing import AesGcmSealer, KeyRing, MasterKey
from ops_console.core.personal_data import mask

CALLS, ROUNDS = 2_000, 9
TEXTS = ("报修科室", "报修人", "联系电话", "标题", "问题描述", "挂起原因", "处理人", "处理方式", "处理过程")
PLAIN = "药房刘药师反映：门诊缴费打不开，请尽快处理。"
NUMBERS = "患者 11010519491231002X，手机 138-0000-1234，病历号 20260017，打不开，请尽快处理。"
PLACE = {"table": "event_personal", "row": 7, "field": "title"}


def microseconds(call: Callable[[], object]) -> float:
    """Given a call, return its median time over some rounds of many calls."""
    taken = []
    for _ in range(ROUNDS):
        began = process_time_ns()
        for _ in range(CALLS):
            call()
        taken.append((process_time_ns() - began) / CALLS / 1000)
    return median(taken)


def sealer() -> AesGcmSealer:
    """Given nothing, return a sealer with a data key of its own."""
    master = MasterKey(bytes(32))
    wrapped = master.fresh("personal", 1)
    return AesGcmSealer(KeyRing(master, lambda: [(1, "personal", wrapped)]), "personal")


def changed_texts() -> tuple[int, int]:
    """Given nothing, return how many free texts the year's sheet has and how many of them masking changes."""
    with SHEET.open(encoding="utf-8-sig", newline="") as file:
        texts = [row[name] for row in csv.DictReader(file) for name in TEXTS if row[name]]
    return len(texts), sum(mask(text).text != text for text in texts)


def run() -> str:
    """Given nothing, measure and return the section."""
    hand = sealer()
    original = NUMBERS.encode()
    sealed = hand.seal(original, **PLACE)  # type: ignore[arg-type]
    calls: dict[str, Callable[[], object]] = {
        f"mask a line without a number ({len(PLAIN)} characters)": lambda: mask(PLAIN),
        f"mask a line with three numbers ({len(NUMBERS)} characters)": lambda: mask(NUMBERS),
        f"seal an original ({len(original)} bytes)": lambda: hand.seal(original, **PLACE),  # type: ignore[arg-type]
        "open it": lambda: hand.open(sealed, **PLACE),  # type: ignore[arg-type]
    }
    rows = [[name, f"{microseconds(call):.1f}"] for name, call in calls.items()]
    texts, changed = changed_texts()
    method = (
        f"Median of {ROUNDS} rounds of {CALLS} calls, one thread, processor time. "
        f"Of the year's {texts} free texts (which hold no personal number) masking changes {changed}."
    )
    return figures.section("Personal data", method, figures.table(["what", "µs"], rows))


def main() -> None:
    """Measure masking and sealing."""
    asked = figures.arguments(__doc__)
    figures.give("personal", run(), readme=asked.readme)


if __name__ == "__main__":
    main()
