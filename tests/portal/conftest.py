"""The portal before invented services: one town a session, its world invented anew for every test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.portal.person import Person
from tests.portal.town import town
from tests.portal.world import World, invent


@pytest.fixture(scope="session")
async def shared_town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[World, str, Path]]:
    """A running town: its world, the portal's address, the folder of keys."""
    world = World()
    folder = tmp_path_factory.mktemp("town")
    async with town(world, folder) as (url, _portal):
        yield world, url, folder / "keys"


@pytest.fixture
def world(shared_town: tuple[World, str, Path]) -> World:
    """What the invented services answer from; as invented, whatever the test before did."""
    world = shared_town[0]
    vars(world).update(vars(invent()))
    return world


@pytest.fixture
async def site(shared_town: tuple[World, str, Path], world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A reader before the running portal."""
    assert world.records
    async with httpx.AsyncClient(base_url=shared_town[1], trust_env=False) as client:
        yield client


@pytest.fixture
async def people(shared_town: tuple[World, str, Path], world: World) -> AsyncIterator[Callable[[], Person]]:
    """Gives browsers, each with cookies of its own."""
    assert world.offices.people
    async with AsyncExitStack() as stack:

        def come() -> Person:
            person = Person(shared_town[1])
            stack.push_async_callback(person.http.aclose)
            return person

        yield come
