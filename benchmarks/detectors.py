"""How many seeded frauds the four detectors find, how many of their flags are about one, how many honest ones get one.

Thresholds were chosen on TUNED, the figures come from HELD_OUT. Counts, not times: the machine's load does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from benchmarks import figures
from benchmarks.frauds import EACH as SHEET_EACH
from benchmarks.frauds import Seeded, seeded, sheet_of, write_sheet
from benchmarks.history import SHEET
from benchmarks.months import Maker
from ops_console.console import PROJECT, Console
from ops_console.core.detectors import DETECTORS, Flag
from ops_console.core.moments import months_between
from ops_console.core.people import actor_of
from ops_console.jobs.schedule import registry
from ops_console.services import jobs
from ops_console.services.detectors import Hands, look_over
from ops_console.settings import load

TUNED, HELD_OUT = (1, 2), (11, 12)
NOON = datetime(2026, 11, 20, 10, tzinfo=UTC)
MONTH, EACH = "2026-09", 4
NAMES = dict(zip(DETECTORS, ("backdated answer", "late report", "re-typed", "closed without evidence"), strict=True))


class Clock:
    """A clock that is set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Score:
    """What one or several runs came to: tickets, frauds by (detector, tactic), those found, and the tickets flagged."""

    tickets: int = 0
    flags: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    flagged: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    right: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    seeded: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))
    found: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def add(self, flags: Iterable[Flag], frauds: Mapping[tuple[str, str], set[str]], tickets: int) -> None:
        """Add a run: what was flagged against what was seeded."""
        self.tickets += tickets
        named: dict[str, set[str]] = defaultdict(set)
        for flag in flags:
            self.flags[flag.detector] += 1
            named[flag.detector] |= set(flag.numbers)
        for detector in DETECTORS:
            guilty = set().union(*(numbers for (d, _), numbers in frauds.items() if d == detector))
            self.flagged[detector] += len(named[detector])
            self.right[detector] += len(named[detector] & guilty)
        for key, numbers in frauds.items():
            self.seeded[key] += len(numbers)
            self.found[key] += len(numbers & named[key[0]])


def opened(folder: Path, clock: Clock) -> Console:
    """Given a folder and a clock, return a fresh console in it."""
    console = Console(load(PROJECT, {"OPS_DATA": str(folder)}), now=clock)
    console.prepare()
    console.jobs.update(registry(console))
    return console


def looked_over(console: Console, months: Iterable[str]) -> tuple[list[Flag], int]:
    """Given a console and months, return what the detectors find there and how many tickets they looked at."""
    lexicon = console.vocabularies.shipped.lexicon
    hands = Hands(console.read, console.write, console.book, lexicon)
    found = [look_over(hands, month, console.now()) for month in months]
    return [flag for flags, _ in found for flag in flags], sum(n for _, n in found)


def of_sheet(made: Seeded, folder: Path) -> tuple[list[Flag], int]:
    """Given a sheet, import it into a fresh house and return what the detectors find in its year."""
    console = opened(folder, Clock(NOON))
    path = write_sheet(made.rows, folder / "sheet.csv")
    with path.open("rb") as stream:
        digest = console.files.keep_upload(stream, 64 << 20)
    actor = actor_of("vendor", "vendor", "vendor")
    with console.write() as session:
        params = {"file": digest, "name": path.name, "side": actor.side}
        key = f"import-tickets/{uuid4()}"
        run = jobs.ask(session, job="import-tickets", key=key, params=params, actor=actor, now=console.now())
    console.runs().execute(run)
    found = looked_over(console, months_between("2026-01", "2026-11"))
    console.close()
    if found[1] != len(made.rows):
        raise SystemExit(f"{len(made.rows)} rows, {found[1]} imported")
    return found


def of_month(seed: int, each: int, folder: Path) -> tuple[list[Flag], int, Mapping[tuple[str, str], set[str]]]:
    """Given a seed and how many frauds of each tactic, make a month and return what the detectors find in it."""
    clock = Clock(datetime(2026, 8, 31, tzinfo=UTC))
    console = opened(folder, clock)
    made = Maker(console, clock, MONTH, seed, each).run()
    clock.at = max(clock.at, NOON) + timedelta(days=7)
    with console.write() as session:
        actor = actor_of("vendor", "vendor", "vendor")
        run = jobs.ask(session, job="confirm-by-silence", key="silence", params={}, actor=actor, now=clock())
    console.runs().execute(run)
    found, looked_at = looked_over(console, [MONTH])
    console.close()
    return found, looked_at, made.frauds


def measure(seeds: Iterable[int]) -> dict[str, Score]:
    """Given seeds, return the scores of the year's sheet and of the months, each with frauds and honest."""
    scores = {name: Score() for name in ("sheet", "sheet, honest", "months", "months, honest")}
    rows = sheet_of(SHEET)
    with TemporaryDirectory() as folder:
        calendar = _calendar(Path(folder) / "calendar")
        scores["sheet, honest"].add(*_none(of_sheet(Seeded(rows), _fresh(folder))))
        for seed in seeds:
            made = seeded(rows, calendar, seed)
            found, looked_at = of_sheet(made, _fresh(folder))
            scores["sheet"].add(found, made.frauds, looked_at)
            found, looked_at, frauds = of_month(seed, EACH, _fresh(folder))
            scores["months"].add(found, frauds, looked_at)
            found, looked_at, _ = of_month(seed, 0, _fresh(folder))
            scores["months, honest"].add(found, {}, looked_at)
    return scores


def _none(found: tuple[list[Flag], int]) -> tuple[list[Flag], dict[tuple[str, str], set[str]], int]:
    return found[0], {}, found[1]


def _fresh(folder: str) -> Path:
    made = Path(folder) / uuid4().hex
    made.mkdir()
    return made


def _calendar(folder: Path):  # type: ignore[no-untyped-def]
    console = opened(folder, Clock(NOON))
    with console.read() as session:
        book = console.book(session)
    console.close()
    return book.calendars[book.at(NOON).id]


def shown(scores: Mapping[str, Score]) -> str:
    """Given scores, return them as the tables of the README."""
    parts = []
    for name in ("sheet", "months"):
        score, honest = scores[name], scores[f"{name}, honest"]
        lines = [_line(detector, score, honest) for detector in DETECTORS]
        head = ["detector", "frauds", "found", "recall", "flagged tickets", "precision", "flags per 1000"]
        parts.append(f"### {'The year’s sheet' if name == 'sheet' else 'Months through the services'}")
        parts.append(figures.table([*head, f"honest: flags in {honest.tickets}", "honest: per 1000"], lines))
        tactics = [
            [f"{NAMES[d]}: {tactic}", f"{score.found[d, tactic]}/{n}"]
            for (d, tactic), n in sorted(score.seeded.items())
        ]
        parts.append(figures.table(["by tactic", "found"], tactics))
    return "\n\n".join(parts)


def _line(detector: str, score: Score, honest: Score) -> list[str]:
    total = sum(n for (d, _), n in score.seeded.items() if d == detector)
    found = sum(n for (d, _), n in score.found.items() if d == detector)
    flagged, right = score.flagged[detector], score.right[detector]
    return [
        NAMES[detector], str(total), str(found), f"{found / total:.0%}" if total else "–", str(flagged),
        f"{right / flagged:.0%} ({right}/{flagged})" if flagged else "–",
        f"{1000 * score.flags[detector] / score.tickets:.1f}",
        str(honest.flags[detector]), f"{1000 * honest.flags[detector] / honest.tickets:.1f}",
    ]  # fmt: skip


def run(seeds: Iterable[int] = HELD_OUT) -> str:
    """Given seeds, measure and return the section."""
    seeds = tuple(seeds)
    method = (
        f"frauds of four kinds, {SHEET_EACH} of each tactic a year (sheet) and {EACH} a month (services), seeds "
        f"{', '.join(map(str, seeds))}; the thresholds were chosen on seeds {', '.join(map(str, TUNED))}. Sheet: "
        "`tests/data/tickets-2026.csv` with frauds written into it, imported, every month looked over. Months: 242 "
        "honest tickets of September 2026 made through the services with the durations of the agreed model (a fifth "
        "told late), frauds among them. Recall and precision count tickets (a pattern's flag each ticket it lists), "
        "flags per 1000 count flags. Tactics that leave no trace are part of the recall. Who wrote the frauds wrote "
        "the detectors, and the sheet's titles come from few templates: the figures tell what is seen in principle, "
        "not what a real house would see."
    )
    return figures.section("Detectors", method, shown(measure(seeds)))


def main() -> None:
    """Measure on the held-out seeds (`--seeds 1,2`: those that the thresholds were chosen on)."""
    asked = figures.arguments(__doc__, seeds=(figures.sizes, HELD_OUT, "seeds"))
    figures.give("detectors", run(asked.seeds), readme=asked.readme)


if __name__ == "__main__":
    main()
