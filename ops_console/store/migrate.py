"""Bringing a database to the version of this code, one process at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from ops_console.store import locks
from ops_console.store.locks import Lock

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from ops_console.store.database import Database

OF_THE_DATABASE = ("alembic_version", "ticket_pieces")  # tables without a model, the index's own parts among them


def migrate(database: Database, folder: Path, to: str = "") -> None:
    """Given a database and the folder of migrations, run those that are missing, up to `to` (the newest).

    Does nothing when there are none.
    """
    if _version(database) == (to or newest_version(folder)):
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    options = {"writes": True}
    with database.engine.execution_options(**options).connect() as connection, connection.begin():
        locks.hold(connection, Lock.SCHEMA)
        config.attributes["connection"] = connection
        command.upgrade(config, to or "head")


def is_compared(_object: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """Given something of the database, say whether the models tell how it is to be."""
    return not (kind == "table" and (name or "").startswith(OF_THE_DATABASE))


def hold(session: Session) -> None:
    """Given a session that brings rows to the settings, let no other process do so until its commit."""
    locks.hold(session, Lock.SCHEMA)


def is_migrated(database: Database) -> bool:
    """Given a database, say whether a console was ever made in it; asking changes nothing."""
    return _version(database) is not None


def _version(database: Database) -> str | None:
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def newest_version(folder: Path) -> str:
    """Given the folder of migrations, return the number of the newest one."""
    return max(path.name for path in (folder / "versions").glob("[0-9]*.py")).partition("_")[0]
