"""A service's database on a PostgreSQL of its own: what a bench fills and asks."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from gongkai.devstack.ports import free_port
from gongkai.devstack.postgres import Postgres
from gongkai.devstack.process import Child
from gongkai.serving.database import create_engine, migrate


@asynccontextmanager
async def database_of(service: str) -> AsyncIterator[AsyncEngine]:
    """Start a server (fsync on) below a temporary folder with an empty database of a service; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="gongkai-bench-"))
    folder.chmod(0o711)  # noqa: ASYNC240 - nothing else runs yet
    server = Postgres(folder, free_port())
    server.prepare()
    child = Child(server.spec(), run=folder / "run", logs=folder / "logs")
    child.start()
    try:
        child.wait_ready()
        server.ensure_role("gongkai")
        server.ensure_database("bench", "gongkai")
        url = server.url("gongkai", "bench")
        await migrate(f"services.{service}", url)
        engine = create_engine(url)
        yield engine
        await engine.dispose()
    finally:
        child.stop()
        shutil.rmtree(folder, ignore_errors=True)
