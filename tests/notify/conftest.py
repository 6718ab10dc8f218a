"""A place for the notify service: a database, NATS and keys of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gongkai.messaging.connection import connect
from gongkai.messaging.provision import provision
from gongkai.messaging.topology import load_topology
from gongkai.security.keys import create_keys
from gongkai.serving.settings import Address, Settings
from tests.notify.world import SITE, Place


@pytest.fixture
async def place(database_url: str, nats: str, tmp_path: Path) -> AsyncIterator[Place]:
    create_keys(tmp_path, services=["notify", "portal", "requests", "catalog"])
    settings = Settings(
        "notify", database_url=database_url, nats_url=nats, keys=tmp_path, public_url=SITE,
        grpc_listen=Address("127.0.0.1", 0), wechat_token="token-of-the-account",
    )  # fmt: skip
    async with connect(nats, None, name="admin") as client:
        await provision(client, load_topology())
        yield Place(settings, client)
