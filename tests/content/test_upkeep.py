"""Tidying content beside a service, while the bucket or the service comes and goes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import structlog
from obstore.store import S3Store

from gongkai.content import upkeep
from gongkai.content.schema import metadata
from gongkai.content.store import ContentStore
from gongkai.devstack.ports import free_port
from gongkai.serving.database import create_engine

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def unreachable(retries: int) -> ContentStore:
    """Content in a bucket at a port where nobody listens."""
    bucket = S3Store(
        "content",
        endpoint=f"http://127.0.0.1:{free_port()}",
        client_options={"allow_http": True},
        retry_config={"max_retries": retries, "retry_timeout": timedelta(minutes=3)},
        access_key_id="none",
        secret_access_key="none",
    )
    return ContentStore(bucket, bytes(32), clock=lambda: NOW, limit=1000)


async def test_a_bucket_that_is_away_is_tried_again_and_ends_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each failure is one warning without the bucket's address; asked to stop, the work ends as if all were well."""
    monkeypatch.setattr(upkeep, "AGAIN_SECONDS", 0.01)
    engine = create_engine(database_url)
    async with engine.begin() as conn:
        await conn.run_sync(metadata.create_all)
    stop = asyncio.Event()
    with structlog.testing.capture_logs() as logs:
        running = asyncio.ensure_future(upkeep.tidying(unreachable(0), engine)(stop))
        while len(logs) < 2 and not running.done():  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(0.01)
        stop.set()
        await running
    assert {line["event"] for line in logs} == {"content was not tidied"}
    assert "127.0.0.1" not in str(logs)
    await engine.dispose()


async def test_a_stop_does_not_wait_for_a_bucket_that_is_away(database_url: str) -> None:
    """A client that would knock for minutes is left alone when the process is asked to stop."""
    engine = create_engine(database_url)
    async with engine.begin() as conn:
        await conn.run_sync(metadata.create_all)
    stop = asyncio.Event()
    running = asyncio.ensure_future(upkeep.tidying(unreachable(1000), engine)(stop))
    await asyncio.sleep(0)
    stop.set()
    await running
    await engine.dispose()
