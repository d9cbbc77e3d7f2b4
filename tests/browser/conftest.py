"""One Chromium, and one served console for all tests of a module: empty, or with the year in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright

from tests.browser.served import Served, Visitor, serving, visiting
from tests.conftest import copy_sqlite, make_settings
from tests.real_services import chromium_path, require

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
Visit = Callable[..., Visitor]


@dataclass(frozen=True)
class House:
    """A served console whose vendor has signed in for the first time, and what keeps them signed in."""

    served: Served
    vendor: StorageState


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A running Chromium; skips (or in CI fails) without one. Of a module: its event loop must not outlive it."""
    path = chromium_path()
    require("chromium", path, "no Chromium in PATH (apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A console of the test's own, freshly started and empty."""
    with serving(tmp_path) as made:
        yield made


@contextmanager
def keep_house(browser: Browser, folder: Path) -> Iterator[House]:
    """Given a browser and a folder whose `data` is empty or holds no account, serve it while the block runs."""
    with serving(folder) as made:
        with visiting(browser, made) as vendor:
            vendor.first_sign_in("vendor")
            kept = vendor.context.storage_state()
        yield House(made, kept)


@pytest.fixture(scope="module")
def house(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A console that was empty before the module's first test."""
    with keep_house(chromium, tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture(scope="module")
def year(chromium: Browser, tmp_path_factory: pytest.TempPathFactory, sqlite_year: Path) -> Iterator[House]:
    """A console that holds the year; `test_year` imports it through the pages instead."""
    folder = tmp_path_factory.mktemp("year")
    make_settings(folder / "data")  # the key that sealed the year
    copy_sqlite(sqlite_year, folder / "data")
    with keep_house(chromium, folder) as made:
        yield made


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """Opens browsers: `visit(served, width=…)`. In the end there may be no error on any page they saw.

    Neither a script's nor a refused answer's nor one of the content policy.
    """
    with ExitStack() as stack:
        yield lambda served, **given: stack.enter_context(visiting(chromium, served, **given))


@pytest.fixture
def visit_as_vendor(visit: Visit, year: House) -> Visit:
    """Opens browsers on the console of the year, its vendor already signed in."""
    return lambda **given: visit(year.served, storage_state=year.vendor, **given)
