"""A PostgreSQL of our own to measure on, commits as safe as shipped, and a loaded folder's rows brought into it.

Not for the tests' cluster, which is quicker because it may lose everything (`tests/real_services.py`).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import BigInteger, Connection, Integer, Table, create_engine, select
from sqlalchemy.orm import Session

from ops_console import settings
from ops_console.console import PROJECT, Console
from ops_console.store import search
from ops_console.store.base import Base
from ops_console.store.search import TextRow
from tests import real_services

SETTINGS = {"max_connections": "100", "listen_addresses": "127.0.0.1"}
BATCH = 5_000


@contextmanager
def cluster() -> Iterator[str]:
    """Yield the address of an empty database on a PostgreSQL of our own, gone afterwards. Raises RuntimeError."""
    programs = real_services.postgres_programs()
    if programs is None:
        raise RuntimeError("no PostgreSQL server programs under /usr/lib/postgresql")
    folder = Path(tempfile.mkdtemp(prefix="ops-benchmark-pg-"))
    try:
        yield real_services.plain(real_services.start_cluster(programs, folder, SETTINGS))
    finally:
        real_services.stop_postgres(folder)
        shutil.rmtree(folder, ignore_errors=True)


def bring(folder: Path, url: str) -> None:
    """Given a loaded folder and the address of an empty database, bring all rows there; the folder stays as it is."""
    made = Console(settings.load(PROJECT, {"OPS_DATA": str(folder), "OPS_DATABASE__URL": url}))
    made.prepare()
    made.close()
    source = create_engine(f"sqlite:///{folder / 'console.db'}")
    with source.connect() as rows, psycopg.connect(url, autocommit=True) as target:
        target.execute("SET session_replication_role = replica")  # rows as they are: nothing reacts to them
        names = [table.name for table in Base.metadata.sorted_tables if table is not TextRow.__table__]
        target.execute(f"TRUNCATE {', '.join(names)}, ticket_text, ticket_pieces")
        for name in names:
            _copy(rows, target, Base.metadata.tables[name])
        _index(made, rows)
        target.execute("ANALYZE")
    source.dispose()


def _copy(rows: Connection, target: psycopg.Connection, table: Table) -> None:
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    with target.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in rows.execution_options(yield_per=BATCH).execute(select(table)):
            copy.write_row(row)
    key = table.primary_key.columns.values()
    if len(key) == 1 and key[0].autoincrement is not False and isinstance(key[0].type, (Integer, BigInteger)):
        counted = f"SELECT setval(pg_get_serial_sequence('{table.name}', '{key[0].name}'), max({key[0].name}))"
        target.execute(f"{counted} FROM {table.name}")


def _index(made: Console, rows: Connection) -> None:
    texts = rows.execution_options(yield_per=BATCH).execute(select(TextRow.__table__))
    for part in texts.partitions(BATCH):
        with Session(made.database.engine) as session:
            search.add(session, [dict(row._mapping) for row in part])
            session.commit()
    made.close()
