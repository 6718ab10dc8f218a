"""What the tests of oversight stand on."""

from __future__ import annotations

from pathlib import Path

import pytest

from gongkai.security.keys import create_keys
from gongkai.serving.settings import Address, Settings


@pytest.fixture
def settings(database_url: str, nats: str, tmp_path: Path) -> Settings:
    """Of a whole service, with keys of its own and the portal's."""
    create_keys(tmp_path, services=["oversight", "portal"])
    return Settings(
        "oversight",
        database_url=database_url,
        nats_url=nats,
        keys=tmp_path,
        grpc_listen=Address("127.0.0.1", 0),
    )
