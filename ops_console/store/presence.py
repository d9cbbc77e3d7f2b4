"""Whether a console stands in a database, asked without making one, and the one sentence when it does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from ops_console.core.errors import Refused
from ops_console.store.database import Database
from ops_console.store.migrate import is_migrated


@contextmanager
def answering() -> Iterator[None]:
    """Make one sentence of a database that cannot be opened."""
    try:
        yield
    except DatabaseError as exc:
        raise Refused(
            "数据库打不开：%(reason)s；请检查 config.toml 的 [database] 和数据库服务。", reason=str(exc.orig).strip()
        ) from exc


def is_made(url: str | URL, password: str | None) -> bool:
    """Given a database's address, say whether a console was made there. Raises Refused when it does not answer."""
    target = make_url(url)
    if target.get_backend_name() == "sqlite" and not _has_content(Path(target.database or "")):
        return False  # to open it would make the file
    database = Database(target, password=password, pool_size=1)
    try:
        with answering():
            return is_migrated(database)
    finally:
        database.close()


def shown(url: str) -> str:
    """Given a database's address, return it as people may read it, without a password; "" stays so."""
    return make_url(url).render_as_string() if url else ""


def _has_content(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except OSError:
        return False
