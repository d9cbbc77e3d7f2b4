"""The composition root: joins settings, store, services and adapters into one Console, one engine per process."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.orm import Session

from ops_console.adapters import authenticators, signing_keys
from ops_console.adapters.alone import Alone, hold_alone
from ops_console.adapters.anchor_couriers import AnchorCouriers
from ops_console.adapters.anchor_file import AnchorFile
from ops_console.adapters.certificates import held_in
from ops_console.adapters.clamd import Clamd
from ops_console.adapters.documents.papers import Papers
from ops_console.adapters.documents.stickers import sticker_sheet
from ops_console.adapters.egress import Egress
from ops_console.adapters.evidence import ZipPacker
from ops_console.adapters.files import DataFolder
from ops_console.adapters.host import (
    CODE,
    PLUGINS,
    elapsed,
    free_mib,
    has_chinese_fonts,
    open_to_others,
    readable_by_others,
    time_source,
    tree_hash,
)
from ops_console.adapters.identity_provider import IdentityProvider, Registration
from ops_console.adapters.passwords import Argon2
from ops_console.adapters.pictures import look_at
from ops_console.adapters.sealing import AesGcmSealer, KeyRing, MasterKey, read_master_key
from ops_console.adapters.sheet_lines import SheetLimits
from ops_console.adapters.sheets import read_sheet, read_table
from ops_console.adapters.sheets_out import WRITERS
from ops_console.adapters.statutory_days import StatutoryDays
from ops_console.adapters.translations import Translations
from ops_console.core import demo_places
from ops_console.core.attachments import Seen
from ops_console.core.errors import Refused
from ops_console.core.identities import Rule
from ops_console.core.personal_data import Masker
from ops_console.core.public_reports import Secrets
from ops_console.core.signing_keys import relying_party
from ops_console.core.working_time import KnownYears
from ops_console.services import (
    anchors,
    chain_checks,
    contracts,
    data_keys,
    doctor,
    evidence,
    factors,
    newcomers,
    people,
    rights,
    signing,
)
from ops_console.services.closing import Reminder
from ops_console.services.contracts import Book, Bookshelf
from ops_console.services.jobs import Job, Runs
from ops_console.services.locations import Sticker
from ops_console.services.people import NewAccount, Policy
from ops_console.services.ports import PasswordHasher, Sealer, SheetReader, SheetWriter, TableReader
from ops_console.services.quick_log import Vocabularies
from ops_console.services.rechecks import Alarm
from ops_console.settings import Settings, load
from ops_console.store import catalogue, presence, roles
from ops_console.store import data_keys as data_key_store
from ops_console.store.database import Database
from ops_console.store.masks import SEALER
from ops_console.store.migrate import hold, is_migrated, migrate, newest_version

WATERMARK = "演示"
SMALL_TABLE = SheetLimits(
    file_bytes=4 << 20, rows=2_000, columns=60, blank_rows=500, members=500, inflated_bytes=16 << 20,
    output_bytes=4 << 20, cpu_seconds=30, deadline_seconds=45,
)  # fmt: skip
PROJECT = Path(__file__).resolve().parent.parent


def utc_now() -> datetime:
    """Return the present instant; the only clock below the faces and jobs is the one passed to them."""
    return datetime.now(UTC)


def data_folder() -> Path:
    """Return the data folder that the settings name."""
    return load(PROJECT).data_folder


def settings_of_no_house() -> Settings | None:
    """Return the settings while no console has been made where they point, else None; asking makes nothing."""
    settings = load(PROJECT)
    return None if is_house(settings) else settings


def is_house(settings: Settings) -> bool:
    """Given settings, say whether a console was made where they point. Raises Refused when a database is silent."""
    return presence.is_made(_database_url(settings), _database_password(settings))


def _database_url(settings: Settings) -> str | URL:
    file = settings.data_folder.resolve() / "console.db"
    return settings.database_url or URL.create("sqlite", database=str(file))  # not parsed: it may hold a `?`


def _database_password(settings: Settings) -> str | None:
    return settings.database_password.reveal() if settings.database_password else None


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
        self.elapsed = elapsed
        clamd = settings.attachments.clamd
        self.files = DataFolder(settings.data_folder, scan=Clamd(clamd) if clamd else None)
        self.files.prepare()
        self.ring: KeyRing | None = None
        self.database = Database(_database_url(settings), password=_database_password(settings), masker=self.masker)
        self.hasher: PasswordHasher = hasher or Argon2()
        self.shelf = Bookshelf(known_years or StatutoryDays().of)
        self.translations = Translations(PROJECT / "ops_console" / "translations")
        self.vocabularies = Vocabularies([t.name for t in settings.ticket_types], settings.modules)
        self.reminder = Reminder()
        self.alarm = Alarm()
        self.identity_provider = self._identity_provider()
        self.jobs: dict[str, Job] = {}
        self.wake = threading.Event()
        self.is_new = False  # whether `prepare` made the console where there was none
        self._alone: Alone | None = None
        self.owner = f"{socket.gethostname()}/{os.getpid()}/{os.urandom(3).hex()}"

    def _migrate(self) -> None:
        """By the role that owns the tables, where there is one; the console's own role is then given its part."""
        if not self.settings.migrate_url:
            migrate(self.database, PROJECT / "migrations")
            return
        secret = self.settings.migrate_password
        owner = Database(self.settings.migrate_url, password=secret.reveal() if secret else None, pool_size=1)
        try:
            migrate(owner, PROJECT / "migrations")
            roles.grant(owner, str(self.database.engine.url.username))
        finally:
            owner.close()

    @property
    def masker(self) -> Masker:
        """The site's way of masking personal numbers."""
        return Masker(tuple(self.settings.personal.record_labels))

    @property
    def place(self) -> str:
        """Where the console's rows are, as people name it: the data folder, or the address of the database."""
        return presence.shown(self.settings.database_url) or str(self.settings.data_folder)

    @property
    def policy(self) -> Policy:
        """How accounts are treated, from the settings."""
        given = self.settings.security
        return Policy(
            given.lock_after_failures, timedelta(minutes=given.lock_minutes), timedelta(minutes=given.idle_minutes),
            timedelta(hours=given.absolute_hours), timedelta(hours=given.one_time_hours), given.password_rules,
            given.second_factor, given.duties, (self.settings.terms.hospital, self.settings.terms.vendor),
        )  # fmt: skip

    @property
    def public_secrets(self) -> Secrets:
        """What tokens and codes of reports without an account are made with."""
        return Secrets(self.files.secret_key())

    @property
    def certificate_until(self) -> datetime | None:
        """Until when our own TLS certificate counts; None without one, or when its file cannot be read."""
        path = self.settings.server.tls_cert
        try:
            return held_in(Path(path)).until if path else None
        except Refused:
            return None

    def sticker_sheet(self, stickers: Sequence[Sticker]) -> bytes:
        """Given stickers, return them as a PDF to be printed and cut."""
        return sticker_sheet(self.papers, stickers, self.settings.server.public_url, self.settings.public.hotline)

    @property
    def factors(self) -> factors.Hands:
        """What second factors need."""
        return factors.Hands(self.write, self.sealer(data_keys.SECOND_FACTORS), self.files.key_for("code-card"))

    @property
    def signing(self) -> signing.Hands:
        """What checks signatures by keys; authenticators only where browsers let them be asked."""
        return signing.Hands(signing_keys, authenticators, relying_party(self.settings.server.public_url))

    @property
    def newcomers(self) -> newcomers.Hands:
        """What importing people needs."""
        return newcomers.Hands(self.read, self.write, self.hasher, self.read_sheet, self.policy)

    def read(self) -> AbstractContextManager[Session]:
        """Open a session that reads."""
        return self.database.read()

    def write(self) -> AbstractContextManager[Session]:
        """Open a session of one transaction that writes."""
        return self.database.write()

    def book(self, session: Session, versions: tuple[int, ...] | None = None) -> Book:
        """Given a session, and the ids of the versions in force where they are known, return the contract as of now."""
        return self.shelf.book(session, versions)

    @property
    def read_sheet(self) -> SheetReader:
        """What reads ticket sheets."""
        return read_sheet

    @property
    def read_table(self) -> TableReader:
        """What reads small workbooks whose columns are named afterwards."""
        return partial(read_table, limits=SMALL_TABLE)

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
        return Papers(watermark=WATERMARK if self.settings.is_demo else "")

    @property
    def evidence(self) -> evidence.Hands:
        """What evidence packages are made with."""
        packer = ZipPacker(PROJECT / "docs", self.files.attachment)
        return evidence.Hands(self.read, self.write, self.book, packer)

    def anchoring(self) -> anchors.Hands:
        """Return what makes and delivers anchors."""
        return anchors.Hands(
            self.read, self.write, AnchorFile(self.settings.data_folder), self._couriers(), self._bound,
            self.settings.terms.number,
        )  # fmt: skip

    def checking(self) -> chain_checks.Hands:
        """Return what verifies the chain."""
        return chain_checks.Hands(self.read, self.write, AnchorFile(self.settings.data_folder), self.now)

    @property
    def identity_rule(self) -> Rule | None:
        """Whom the site's provider of identities may sign in; None without one."""
        given = self.settings.oidc
        return Rule(given.issuer, given.party, tuple(given.roles)) if given else None

    def _identity_provider(self) -> IdentityProvider | None:
        given = self.settings.oidc
        if given is None:
            return None
        registration = Registration(
            given.issuer, given.client_id, self.settings.oidc_secret, given.account_claim, tuple(given.hosts)
        )
        return IdentityProvider(registration, self._egress(given.authorities))

    def _egress(self, authorities: str = "") -> Egress:
        url = self.database.engine.url
        own = [(url.host, url.port or 5432)] if url.host else []
        return Egress(self.settings.network.allow, own, authorities)

    def _couriers(self) -> AnchorCouriers:
        folders = self.settings.network.anchor_folders
        return AnchorCouriers(self._egress(), folders, is_demo=self.settings.is_demo)

    def _bound(self) -> dict[str, object]:
        """What an anchor binds besides the chain: the code and plug-ins that run, and the state of the host's clock."""
        source = time_source()
        return {
            "code": tree_hash(PROJECT, CODE), "plugins": tree_hash(PROJECT, PLUGINS),
            "schema": newest_version(PROJECT / "migrations"), "clock_synchronised": source.synchronised,
            "clock_offset_microseconds": source.offset_microseconds,
        }  # fmt: skip

    def host(self) -> doctor.Host:
        """Return what `doctor` looks at besides the rows."""
        folder, config = self.settings.data_folder, self.settings.config_path
        code = [PROJECT / name for name in ("ops_console", "templates", "migrations", "checks", "playbooks", "run.py")]
        private = [folder, folder / "secret.key", folder / "console.db", folder / "anchors.jsonl"]
        return doctor.Host(
            self.database.is_sqlite, lambda: roles.too_much(self.database),
            open_to_others([folder, config, *code]), readable_by_others(private), time_source().synchronised,
            free_mib(folder), has_chinese_fonts(), self.settings.server.public_url, self.settings.is_demo,
        )  # fmt: skip

    def sealer(self, purpose: str) -> Sealer:
        """Given a purpose of `services.data_keys.PURPOSES`, return what seals and opens its values."""
        assert self.ring is not None, "the console is not prepared"
        return AesGcmSealer(self.ring, purpose)

    def runs(self) -> Runs:
        """Return what executes this process's job runs."""
        return Runs(self.read, self.write, self.jobs, self.owner, self.now)

    def serve_alone(self) -> None:
        """Hold the data folder's embedded database for this serving process, until `close` or the process's end.

        PostgreSQL bears several. Raises Refused while another process serves from the folder.
        """
        if not self.database.is_sqlite:
            return
        folder = self.settings.data_folder
        self._alone = hold_alone(folder / "server.lock", Refused(
            "数据目录 %(folder)s 正由另一个控制台使用，没有启动第二个；请用已经在运行的那个，或先停止它；"
            "要另开一个，请用 OPS_DATA 指定别的数据目录。",
            folder=str(folder),
        ))  # fmt: skip

    def prepare(self, *, serving: bool = True) -> None:
        """Bring the database to the version of this code, and its catalogue and contract to the settings.

        A command at the terminal prepares with `serving=False`: it takes no proposed contract back.
        """
        self.is_new = not is_migrated(self.database)
        self._migrate()
        with self.write() as session:
            hold(session)
            self._keep_keys(session)
            catalogue.keep_types(session, self.settings.ticket_types)
            catalogue.keep_nodes(session, self.settings.modules, self.settings.carriers)
            contracts.refuse_other_house(session, demo_places.CONTRACT, is_demo=self.settings.is_demo)
            contracts.load(session, self.settings.terms, self.now(), serving=serving)
            rights.record(session, self.policy, self.now())

    def _keep_keys(self, session: Session) -> None:
        """See that every purpose has a data key, and that the master key opens those there are."""
        there = data_key_store.every(session)
        given = self.settings.master_key
        key = (
            read_master_key(given.reveal(), "[security] master_key")
            if given
            else self.files.master_key(may_make=not there)
        )
        master = MasterKey(key)
        self.ring = KeyRing(master, self._data_keys)
        self.database.info[SEALER] = self.sealer(data_keys.PERSONAL)
        for row in there:
            master.unwrapped(row.purpose, row.version, row.wrapped)
        data_keys.keep(session, master, self.now())

    def _data_keys(self) -> list[tuple[int, str, bytes]]:
        with self.read() as session:
            return [(row.version, row.purpose, row.wrapped) for row in data_key_store.every(session)]

    def first_accounts(self) -> tuple[NewAccount, ...]:
        """Make the first accounts of an empty house and return them with their one-time passwords, else none."""
        return people.first_accounts(self.read, self.write, self.hasher, self.policy, self.now())

    def close(self) -> None:
        """Give back connections, and the data folder."""
        self.database.close()
        if self._alone is not None:
            self._alone.release()
