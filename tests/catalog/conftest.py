"""One staff room for all tests of identity: each registers people of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from gongkai.devstack.postgres import Postgres
from tests.catalog.staffroom import Staffroom, staffroom


@pytest.fixture(scope="session")
async def shared_room(
    postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Staffroom]:
    async with staffroom(postgres, tmp_path_factory.mktemp("identity-keys")) as room:
        yield room


@pytest.fixture
def room(shared_room: Staffroom) -> Staffroom:
    """The staff room, its clock set right."""
    shared_room.later = timedelta()
    return shared_room


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as held:
        yield held
