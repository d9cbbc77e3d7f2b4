"""All figures, one section of README.md after the other; what is missing is loaded first.

Run `python -m benchmarks.run_all --sizes 10000,100000,1000000` on a quiet machine; `--only create,quick` for some
sections alone, `--minutes` for a shorter soak.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks import (
    calendars,
    chain,
    chief,
    create,
    demo,
    detectors,
    figures,
    freezing,
    houses,
    imports,
    load,
    packages,
    pages,
    papers,
    quick,
    reporting,
    reports,
    search,
    soak,
    start,
)


def load_all(sizes: Sequence[int], *, anew: bool) -> str:
    """Given sizes, load the folders that are missing (or all anew) and return the section."""
    return load.report([load.ready(count, anew=anew) for count in sizes])


def calendar_section() -> str:
    """Given nothing, return what `benchmarks/calendars.py` prints, as a section."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        calendars.main()
    return f"## Working time\n\n{printed.getvalue().strip()}"


def main() -> None:
    """Measure everything and write README.md; a section that fails is named and the others go on."""
    asked = figures.arguments(
        __doc__, sizes=(figures.sizes, (10_000, 100_000, 1_000_000), "numbers of tickets"),
        requests=(int, 300, "answers a figure"), anew=(int, 0, "1: load the folders anew"),
        only=(lambda text: text.split(","), list(figures.SECTIONS), "sections"), minutes=(float, 15.0, "of the soak"),
    )  # fmt: skip
    scripts: dict[str, Callable[[], str]] = {
        "load": partial(load_all, asked.sizes, anew=bool(asked.anew)),
        "pages": partial(pages.run, asked.sizes, asked.requests),
        "create": partial(create.run, create.AIM_SIZE, asked.requests),
        "quick": partial(quick.run, create.AIM_SIZE, 60),
        "reporting": partial(reporting.run, create.AIM_SIZE),
        "search": partial(search.run, asked.sizes, asked.requests),
        "imports": imports.run,
        "reports": partial(reports.run, asked.sizes),
        "freezing": partial(freezing.run, houses.SIZES, houses.IN_TEN_YEARS),
        "chief": partial(chief.run, chief.COUNT),
        "papers": partial(papers.run, papers.YEARS_COUNT),
        "packages": partial(packages.run, houses.SIZES),
        "start": partial(start.run, asked.sizes),
        "demo": partial(demo.run, demo.DAY),
        "chain": partial(chain.run, 1_000_000),
        "calendars": calendar_section,
        "detectors": detectors.run,
        "soak": partial(soak.run, create.AIM_SIZE, asked.minutes),
    }
    failed = [name for name, script in scripts.items() if name in asked.only and not _write(name, script)]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


def _write(name: str, script: Callable[[], str]) -> bool:
    """Measure one section and write it; False, with the reason on standard error, when it could not be measured."""
    print(f"measuring {name} …", file=sys.stderr, flush=True)
    try:
        figures.give(name, script(), readme=True)
    except Exception as exc:  # noqa: BLE001 - a section that fails is told and does not cost the others
        print(f"{name}: {type(exc).__name__}: {exc}", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    main()
