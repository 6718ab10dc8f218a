"""One service for all tests of requests: starting it costs more than most of them."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gongkai.devstack.nats import Nats
from gongkai.devstack.ports import free_port
from gongkai.devstack.postgres import Postgres
from gongkai.devstack.process import Child
from gongkai.security.keys import create_keys
from tests.requests.office import SERVICES, Notify, NotifyDoor, Now, Office, running_office

TESTER = "gongkai"


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """A folder for these tests."""
    folder = Path(tempfile.mkdtemp(prefix="gongkai-requests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def servers(postgres: Postgres, home: Path) -> Iterator[tuple[str, Nats]]:
    """A database and a nats-server for these tests."""
    name = f"test_{uuid.uuid4().hex}"
    postgres.ensure_database(name, TESTER)
    folder, port = home / "nats", free_port()
    folder.mkdir()
    server = Nats(folder, port, free_port([port]))
    server.prepare()
    child = Child(server.spec(), run=folder / "run", logs=folder / "logs")
    child.start()
    try:
        child.wait_ready()
        yield postgres.url(TESTER, name), server
    finally:
        child.stop()
        postgres.drop_database(name)


@pytest.fixture(scope="session")
async def office(servers: tuple[str, Nats], home: Path) -> AsyncIterator[Office]:
    """A service that knows two organs, the calendar and the rules; shared by all tests here."""
    database_url, nats = servers
    notify, port = Notify(), free_port()
    create_keys(home / "keys", services=SERVICES)
    door = NotifyDoor(notify, home / "keys", port)
    await door.open()
    async with running_office(database_url, nats.url, nats.folder, home, Now(), notify, door) as office:
        await office.learn()
        yield office
    await door.shut()


@pytest.fixture(autouse=True)
def present(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test begins in real time."""
    yield
    if "office" in request.fixturenames:
        office: Office = request.getfixturevalue("office")
        office.clock.at = None
        office.notify.fault = None
