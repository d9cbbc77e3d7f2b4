"""The composition root: joins settings, store, services and adapters into one Console, one engine per process."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.orm import Session

from ops_console.adapters.clamd import Clamd
from ops_console.adapters.documents.papers import Papers
from ops_console.adapters.files import DataFolder
from ops_console.adapters.passwords import Argon2
from ops_console.adapters.pictures import look_at
from ops_console.adapters.sheets import read_sheet
from ops_console.adapters.sheets_out import WRITERS
from ops_console.adapters.statutory_days import StatutoryDays
from ops_console.adapters.translations import Translations
from ops_console.core.attachments import Seen
from ops_console.core.working_time import KnownYears
from ops_console.services import contracts, people
from ops_console.services.closing import Reminder
from ops_console.services.contracts import Book, Bookshelf
from ops_console.services.jobs import Job, Runs
from ops_console.services.people import NewAccount, Policy
from ops_console.services.ports import PasswordHasher, SheetReader, SheetWriter
from ops_console.services.quick_log import Vocabularies
from ops_console.settings import Settings, load
from ops_console.store import catalogue
from ops_console.store.database import Database
from ops_console.store.migrate import hold, migrate

PROJECT = Path(__file__).resolve().parent.parent


def utc_now() -> datetime:
    """Return the present instant; the only clock below the faces and jobs is the one passed to them."""
    return datetime.now(UTC)


def settings_of_no_house() -> Settings | None:
    """Return the settings while no database has been made for them, so that nothing is made by asking; else None."""
    settings = load(PROJECT)
    made = settings.database_url or (settings.data_folder / "console.db").exists()
    return None if made else settings


class Console:
    """Everything a face or a job needs, for one process."""

    def __init__(
        self,
        settings: Settings,
        *,
        hasher: PasswordHasher | None = None,
        known_years: KnownYears | None = None,
        now=utc_now,  # type: ignore[no-untyped-def]
    ) -> None:
        self.settings = settings
        self.now = now
        clamd = settings.attachments.clamd
        self.files = DataFolder(settings.data_folder, scan=Clamd(clamd) if clamd else None)
        self.files.prepare()
        self.database = Database(self._url(), password=self._password())
        self.hasher: PasswordHasher = hasher or Argon2()
        self.shelf = Bookshelf(known_years or StatutoryDays().of)
        self.translations = Translations(PROJECT / "ops_console" / "translations")
        self.vocabularies = Vocabularies([t.name for t in settings.ticket_types], settings.modules)
        self.reminder = Reminder()
        self.jobs: dict[str, Job] = {}
        self.wake = threading.Event()
        self.owner = f"{socket.gethostname()}/{os.getpid()}/{os.urandom(3).hex()}"

    def _url(self) -> str | URL:
        file = self.settings.data_folder.resolve() / "console.db"
        return self.settings.database_url or URL.create("sqlite", database=str(file))  # not parsed: it may hold a `?`

    def _password(self) -> str | None:
        secret = self.settings.database_password
        return secret.reveal() if secret else None

    @property
    def policy(self) -> Policy:
        """How accounts are treated, from the settings."""
        given = self.settings.security
        return Policy(
            given.lock_after_failures, timedelta(minutes=given.lock_minutes), timedelta(minutes=given.idle_minutes),
            timedelta(hours=given.absolute_hours), timedelta(hours=given.one_time_hours), given.password_rules,
        )  # fmt: skip

    def read(self) -> AbstractContextManager[Session]:
        """Open a session that reads."""
        return self.database.read()

    def write(self) -> AbstractContextManager[Session]:
        """Open a session of one transaction that writes."""
        return self.database.write()

    def book(self, session: Session) -> Book:
        """Given a session, return the contract as it counts now."""
        return self.shelf.book(session)

    @property
    def read_sheet(self) -> SheetReader:
        """What reads ticket sheets."""
        return read_sheet

    @property
    def look_at(self) -> Callable[[Path, str], Seen | None]:
        """What makes small pictures."""
        return look_at

    @property
    def sheet_writers(self) -> dict[str, SheetWriter]:
        """What writes sheets, by format."""
        return dict(WRITERS)

    @property
    def papers(self) -> Papers:
        """What sets papers as PDF."""
        return Papers(PROJECT / "templates" / "documents")

    def runs(self) -> Runs:
        """Return what executes this process's job runs."""
        return Runs(self.read, self.write, self.jobs, self.owner, self.now)

    def prepare(self, *, serving: bool = True) -> None:
        """Bring the database to the version of this code, and its catalogue and contract to the settings.

        A command at the terminal prepares with `serving=False`: it takes no proposed contract back.
        """
        migrate(self.database, PROJECT / "migrations")
        with self.write() as session:
            hold(session)
            catalogue.keep_types(session, self.settings.ticket_types)
            catalogue.keep_nodes(session, self.settings.modules, self.settings.carriers)
            contracts.load(session, self.settings.terms, self.now(), serving=serving)

    def first_accounts(self) -> tuple[NewAccount, ...]:
        """Make the first accounts of an empty house and return them with their one-time passwords, else none."""
        with self.write() as session:
            hold(session)
            return people.first_accounts(session, self.hasher, self.policy, self.now())

    def close(self) -> None:
        """Give back connections."""
        self.database.close()
