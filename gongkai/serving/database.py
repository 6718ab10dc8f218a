"""A service's own database: its engine and its migrations."""

from __future__ import annotations

import asyncio
import importlib
import select
from pathlib import Path
from typing import Any, Final

import sqlalchemy
from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

MIGRATION_LOCK: Final = (
    0x676F6E676B6169  # "gongkai": replicas that start together migrate one after the other
)
DRIVER: Final = "postgresql+psycopg"


def create_engine(url: str, *, pool_size: int = 10, name: str = "gongkai") -> AsyncEngine:
    """Return an engine for ``url``.

    A connection is looked at before use, so that a restarted server costs nobody an error. Parameters never appear in
    error texts: they may hold personal data.

    Args:
        url: ``postgresql+psycopg://…``; the driver must be written out.
        pool_size: most connections kept and opened.
        name: shown in ``pg_stat_activity``.

    Raises:
        ValueError: the URL names no driver or another one.
    """
    if sqlalchemy.make_url(url).drivername != DRIVER:
        raise ValueError(f"the database URL must begin with {DRIVER}://")
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        hide_parameters=True,
        connect_args={"application_name": name, "connect_timeout": 10, "options": "-c TimeZone=UTC"},
    )
    event.listen(engine.sync_engine, "checkout", _replace_if_ended)
    return engine


def for_questions(engine: AsyncEngine) -> AsyncEngine:
    """Return the engine (and its pool) for reading alone: without a transaction, whose begin and end are two more rounds.

    Several statements see no common state of the data then, as little as they do in a transaction at PostgreSQL's usual level.
    """
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _replace_if_ended(_adapted: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Have the pool replace a connection whose server ended it: then something waits to be read on an idle socket.

    A question whether the server is there would take a round of its own before each use.
    """
    connection: Any = record.driver_connection
    looking = select.poll()
    if not connection.closed:
        looking.register(connection.fileno(), select.POLLIN)
    if connection.closed or looking.poll(0):
        raise InvalidatePoolError


async def migrate(package: str, url: str) -> None:
    """Bring the database to the newest migration of ``package`` (``services.catalog``).

    Processes that do this at the same time wait for each other; the later ones find nothing to do.
    """
    await asyncio.to_thread(_upgrade, package, url)


def _upgrade(package: str, url: str) -> None:
    module = importlib.import_module(package)
    if module.__file__ is None:
        raise ValueError(f"{package} is no package with a folder")
    config = Config()
    config.set_main_option(
        "script_location", str(Path(module.__file__).parent / "migrations").replace("%", "%%")
    )
    config.set_main_option("path_separator", "os")
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool, hide_parameters=True)
    with engine.connect() as lock:
        # a session lock on a connection of its own: a migration may need its own transactions
        lock = lock.execution_options(isolation_level="AUTOCOMMIT")  # noqa: PLW2901 - the same connection, configured
        lock.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            with engine.connect() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        finally:
            lock.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
    engine.dispose()


def run_migrations() -> None:
    """Be the body of a service's ``migrations/env.py``: run what ``migrate`` asked for on its connection.

    Raises:
        RuntimeError: alembic was started by hand instead of by ``migrate``.
    """
    connection = context.config.attributes.get("connection")
    if not isinstance(connection, Connection):
        raise RuntimeError("migrations run through gongkai.serving.database.migrate")  # noqa: TRY004 - not a type error of the caller
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
