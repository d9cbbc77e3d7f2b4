"""PostgreSQL's two roles: one owns the tables and migrates, the console's own only adds to the facts.

Not for SQLite: there whoever has the file can change it, and only anchors show that.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, text

from ops_console.store.base import whole_metadata
from ops_console.store.database import Database

ALL = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
ADD_ONLY = frozenset({"SELECT", "INSERT"})
ADDED_TO = (
    "event", "event_personal", "anchor", "chain_check", "chain_failure", "chain_sign_off", "signature", "signing_note",
    "payment",
)  # fmt: skip
UNMAPPED = ("ticket_pieces",)  # the search index is no mapped class
KEPT_OF_PERSONAL = ("seq", "field")  # the other columns of event_personal may be emptied by a purge


def grant(owner: Database, role: str) -> bool:
    """Given the owner's database and the console's role, give that role what it needs and no more.

    Does nothing, and returns False, when it has exactly that already.
    """
    with owner.engine.execution_options(writes=True).begin() as connection:
        wanted, given = _wanted(connection), _given(connection, role)
        apart = [table for table in wanted if given.get(table, frozenset()) != wanted[table]]
        if not apart and _may_empty(connection, role):
            return False
        name = _quoted(connection, role)
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}"))
        for table in apart:
            connection.execute(text(f"REVOKE ALL ON {_quoted(connection, table)} FROM {name}"))
            listed = ", ".join(sorted(wanted[table]))
            connection.execute(text(f"GRANT {listed} ON {_quoted(connection, table)} TO {name}"))
        columns = ", ".join(_emptied(connection))
        connection.execute(text(f"GRANT UPDATE ({columns}) ON event_personal TO {name}"))
        connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}"))
    return True


def _wanted(connection: Connection) -> dict[str, frozenset[str]]:
    names = {*whole_metadata().tables, *UNMAPPED}
    tables = {table: ADD_ONLY if table in ADDED_TO else ALL for table in names}
    return {**tables, "alembic_version": frozenset({"SELECT"})}


def _given(connection: Connection, role: str) -> dict[str, frozenset[str]]:
    query = text(
        "SELECT c.relname, a.privilege_type FROM pg_class c, aclexplode(c.relacl) a, pg_roles r "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND r.oid = a.grantee AND r.rolname = :role"
    )
    found: dict[str, set[str]] = {}
    for table, privilege in connection.execute(query, {"role": role}):
        found.setdefault(table, set()).add(privilege)
    return {table: frozenset(privileges) for table, privileges in found.items()}


def _emptied(connection: Connection) -> list[str]:
    query = text(
        "SELECT attname FROM pg_attribute "
        "WHERE attrelid = 'event_personal'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    return [_quoted(connection, name) for name in connection.scalars(query) if name not in KEPT_OF_PERSONAL]


def _may_empty(connection: Connection, role: str) -> bool:
    return all(
        connection.scalar(
            text("SELECT has_column_privilege(:role, 'event_personal', :name, 'UPDATE')"),
            {"role": role, "name": column.strip('"')},
        )
        for column in _emptied(connection)
    )


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)


def too_much(database: Database, tables: Iterable[str] = ADDED_TO) -> list[str]:
    """Given the console's database on PostgreSQL, return what its own role could do to the facts, in SQL's words.

    Owning a table counts as `OWNER`: an owner disables triggers. A superuser may do everything.
    """
    with database.engine.connect() as connection:
        if connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")):
            return ["SUPERUSER"]
        query = text(
            "SELECT pg_has_role(current_user, c.relowner, 'MEMBER') AS owns, "
            "has_table_privilege(c.oid, 'UPDATE') AS updates, has_table_privilege(c.oid, 'DELETE') AS deletes, "
            "has_table_privilege(c.oid, 'TRUNCATE') AS truncates FROM pg_class c WHERE c.oid = to_regclass(:name)"
        )
        found = []
        for table in tables:
            row = connection.execute(query, {"name": table}).one_or_none()
            if row is not None:
                rights = (
                    ("OWNER", row.owns),
                    ("UPDATE", row.updates),
                    ("DELETE", row.deletes),
                    ("TRUNCATE", row.truncates),
                )
                found += [f"{right} {table}" for right, has in rights if has]
        return found
