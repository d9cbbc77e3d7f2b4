"""The base of all rows: instants in UTC, names for every constraint. Plain SQLAlchemy, no Flask."""

from __future__ import annotations

import importlib
import pkgutil
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, MetaData, TextClause, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.types import TypeDecorator

# All five keys, or Alembic cannot name what it alters on SQLite.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
Id = BigInteger().with_variant(Integer, "sqlite")


class UTCDateTime(TypeDecorator[datetime]):
    """An aware instant, kept in UTC to the microsecond; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Given an aware datetime, return it in UTC as the database keeps it."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime refused: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Given what the database keeps, return an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every mapped class inherits this one; the web face hands it to Flask-SQLAlchemy."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING), type_annotation_map={datetime: UTCDateTime(), int: Integer()}
    )
    metadata = registry.metadata


def insert_over(session: Session, table: type[Base]) -> Any:
    """Given a session and a table, return the insert of its database, which can say what a conflict comes to."""
    return (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(table)


def not_null(column: str) -> TextClause:
    """Given a column of ours, return the condition of a partial index over the rows that have it."""
    return text(f"{column} IS NOT NULL")


def positive(column: str) -> TextClause:
    """Given a column of ours, return the condition of a partial index over the rows where it is above zero."""
    return text(f"{column} > 0")


def whole_metadata() -> MetaData:
    """Return the metadata of every table, whichever of them this process has used so far."""
    import ops_console.store as package

    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return Base.metadata
