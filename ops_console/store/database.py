"""One engine per process, and the two kinds of unit of work: one that reads, one that writes.

SQLite: the driver's own BEGIN comes too late (a read before the first write lies outside the transaction and
updates are lost), so transactions are begun here: IMMEDIATE where the unit writes. A unit that reads sees one state
of the database and is refused a write by the database itself, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session, sessionmaker

from ops_console.core.personal_data import Masker
from ops_console.store import audit
from ops_console.store.masks import MASKER

PRAGMAS = (
    "PRAGMA busy_timeout=15000",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-8000",
    "PRAGMA temp_store=MEMORY",
)


class Database:
    """The engine and its sessions. `read()` and `write()` are the only ways to the rows.

    `reader` is the same engine, its transactions reading only, and `info` what its sessions carry (what seals originals
    joins it once the data keys are read): for a face that keeps a session of its own.
    """

    def __init__(
        self,
        url: str | URL,
        *,
        password: str | None = None,
        pool_size: int = 12,
        masker: Masker | None = None,
    ) -> None:
        target = make_url(url)
        if target.get_backend_name() == "postgresql":
            target = target.set(drivername="postgresql+psycopg", password=password or target.password)
        self.engine: Engine = create_engine(
            target,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=not self._sqlite(target),
            hide_parameters=True,
        )
        self.is_sqlite = self._sqlite(target)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self.reader = self.engine.execution_options(**_reading_options(self.is_sqlite))
        self.info: dict[str, object] = {MASKER: masker or Masker()}
        self.reading = sessionmaker(self.reader, expire_on_commit=False, autoflush=False, info=self.info)
        self.writing = sessionmaker(self.engine.execution_options(writes=True), expire_on_commit=False, info=self.info)
        event.listen(self.writing, "before_commit", audit.seal)

    @staticmethod
    def _sqlite(target: Any) -> bool:
        return bool(target.get_backend_name() == "sqlite")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that sees one state of the database and writes nothing."""
        with self.reading() as session:
            yield session  # closing ends the transaction; a rollback here would expire the rows handed out

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Yield a session of one transaction: committed, with its events sealed, when the block ends well."""
        with self.writing() as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()


def _reading_options(is_sqlite: bool) -> dict[str, Any]:
    if is_sqlite:
        return {"reads": True}
    return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}  # said with BEGIN: no extra round trip


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    options = connection.get_execution_options()
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if options.get('reads') else 'OFF'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")
