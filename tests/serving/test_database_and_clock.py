"""A service's database and the clock."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import dedent
from uuid import RFC_4122

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gongkai.serving.clock import legal_day, new_id, utc_now
from gongkai.serving.database import create_engine, migrate
from gongkai.serving.errors import status_of
from gongkai.serving.lifecycle import Service
from gongkai.serving.settings import Settings

ENV = "from gongkai.serving.database import run_migrations\nrun_migrations()\n"
STEP = """
    from alembic import op
    revision = "{revision}"
    down_revision = {down}

    def upgrade() -> None:
        op.execute("{sql}")
"""


@pytest.fixture
def package(tmp_path: Path) -> Iterator[str]:
    """An importable service package with two migrations."""
    name = f"made_{tmp_path.name.replace('-', '_')}"
    versions = tmp_path / name / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / name / "__init__.py").touch()
    (versions.parent / "env.py").write_text(ENV)
    first = STEP.format(revision="0001", down=None, sql="CREATE TABLE thing (name text)")
    second = STEP.format(revision="0002", down='"0001"', sql="INSERT INTO thing VALUES ('百分之 50%')")
    (versions / "0001_things.py").write_text(dedent(first))
    (versions / "0002_more.py").write_text(dedent(second))
    sys.path.insert(0, str(tmp_path))
    yield name
    sys.path.remove(str(tmp_path))


async def test_replicas_migrate_once(package: str, database_url: str) -> None:
    """Several processes that migrate at once leave each step done exactly once."""
    await asyncio.gather(*(migrate(package, database_url) for _ in range(4)))
    await migrate(package, database_url)

    engine = create_engine(database_url)
    async with engine.connect() as conn:
        assert list((await conn.execute(text("SELECT name FROM thing"))).scalars()) == ["百分之 50%"]
    await engine.dispose()


async def test_service_opens_its_database_migrated(package: str, database_url: str, tmp_path: Path) -> None:
    """A service's database is migrated when it opens, unless the settings say that a job does it."""
    async with Service("made", Settings("made", database_url=database_url, keys=tmp_path)) as service:
        engine = await service.database(package)
        async with engine.connect() as conn:
            zone = (await conn.execute(text("SHOW TimeZone"))).scalar_one()
            name = (await conn.execute(text("SHOW application_name"))).scalar_one()
            assert (await conn.execute(text("SELECT count(*) FROM thing"))).scalar_one() == 1
        (_, database) = await service.readiness.examine()
        await service.start()
    assert (zone, name) == ("UTC", "made")
    assert (database.name, database.ready) == ("database", True)

    unmigrated = Settings("made", database_url=database_url, keys=tmp_path, migrate=False)
    async with Service("made", unmigrated) as service:
        await service.database("no.such.package")


async def test_database_away_is_not_ready_and_unavailable(package: str, tmp_path: Path) -> None:
    """A database that cannot be reached fails its check in words, and calls are answered UNAVAILABLE."""
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    async with Service("made", Settings("made", database_url=url, keys=tmp_path, migrate=False)) as service:
        engine = await service.database(package)
        (_, database) = await service.readiness.examine()
        with pytest.raises(DBAPIError) as caught:
            await engine.connect()
    assert (database.ready, database.code, database.message_zh) == (
        False,
        "database-unreachable",
        "数据库无法连接",
    )
    assert status_of(caught.value)[0].name == "UNAVAILABLE"


async def test_errors_show_no_parameters(database_url: str) -> None:
    """The text of a database error never holds the values of the statement."""
    engine = create_engine(database_url)
    async with engine.connect() as conn:
        with pytest.raises(DBAPIError) as caught:
            await conn.execute(text("SELECT CAST(:value AS text) FROM nowhere"), {"value": "13812345678"})
    await engine.dispose()
    assert "13812345678" not in str(caught.value)


async def test_connections_broken_by_a_restart_are_replaced(database_url: str) -> None:
    """A server that ended our connections costs the next user no error."""
    engine = create_engine(database_url, pool_size=2)
    async with engine.connect() as conn:
        await conn.execute(text("SELECT 1"))
    other = create_engine(database_url)
    async with other.connect() as conn:
        await conn.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        )
    async with engine.connect() as conn:
        assert (await conn.execute(text("SELECT 1"))).scalar_one() == 1
    await engine.dispose()
    await other.dispose()


@pytest.mark.parametrize("url", ["postgresql://host/db", "postgresql+asyncpg://host/db", "sqlite://"])
def test_driver_is_written_out(url: str) -> None:
    """A URL that does not name our driver is refused before it does harm."""
    with pytest.raises(ValueError, match="postgresql\\+psycopg"):
        create_engine(url)


@pytest.mark.domain
def test_legal_day_changes_at_midnight_in_shanghai() -> None:
    """The law's day begins at 16:00 UTC."""
    assert legal_day(datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 3, 1)
    assert legal_day(datetime(2026, 3, 1, 16, 0, tzinfo=UTC)) == date(2026, 3, 2)
    with pytest.raises(ValueError, match="zone"):
        legal_day(datetime(2026, 3, 1))  # noqa: DTZ001 - what is refused


@pytest.mark.domain
def test_ids_are_version_seven_and_sort_by_time() -> None:
    """An id carries the millisecond it was drawn in and differs from every other."""
    before = int(utc_now().timestamp() * 1000)
    ids = [new_id() for _ in range(2000)]
    after = int(utc_now().timestamp() * 1000)

    assert all(drawn.version == 7 and drawn.variant == RFC_4122 for drawn in ids)
    assert all(before <= drawn.int >> 80 <= after for drawn in ids)
    assert len(set(ids)) == len(ids)
