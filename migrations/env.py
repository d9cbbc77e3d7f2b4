"""Alembic's entry: runs on the connection the console hands over, or on one of its own for the developers' commands."""

from alembic import context

from ops_console.store.base import whole_metadata
from ops_console.store.migrate import is_compared


def run() -> None:
    """Run the migrations in the transaction of the given connection."""
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=whole_metadata(),
        render_as_batch=connection.dialect.name == "sqlite",
        include_object=is_compared,
        compare_type=True,
        transaction_per_migration=False,
    )
    context.run_migrations()


run()
