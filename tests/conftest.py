"""Real servers for every test that asks: started once a session, each test with an empty place of its own."""

from __future__ import annotations

import gc
import json
import shutil
import tempfile
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from gongkai.devstack.nats import Nats
from gongkai.devstack.opensearch import OpenSearch
from gongkai.devstack.ports import free_port
from gongkai.devstack.postgres import Postgres
from gongkai.devstack.process import Child, ChildSpec

TESTER = "gongkai"
"""The role of the databases given to tests: no superuser, like a service's."""


LONGEST = (
    "endtoend",
    "messaging",
    "catalog",
    "browser",
    "portal",
    "serving",
    "notify",
    "oversight",
    "publishing",
)
"""Folders that several processes begin with, the longest first: none of them is waited for at the end."""

WITH_OPENSEARCH = ("tests/chart", "tests/devstack", "tests/search")
"""Folders whose tests share what takes longest to start, and so go to the same process."""


class ByFolder(LoadScopeScheduling):
    """Shares the work between processes by folders: what a folder's tests start is started once."""

    def _split_scope(self, nodeid: str) -> str:
        folder = nodeid.partition("::")[0].rpartition("/")[0]
        return "tests/search" if folder in WITH_OPENSEARCH else folder


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFolder:
    """Asked by xdist, where there are several processes."""
    return ByFolder(config, log)


def pytest_configure() -> None:
    """Imports make much that stays: nobody looks for garbage in it, now or later."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Told by pytest when all tests are imported."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there are several processes, begin with the longest folders."""

    def place(item: pytest.Item) -> int:
        folder = item.nodeid.split("/")[1]
        return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)

    if hasattr(config, "workerinput"):
        items.sort(key=place)


@contextmanager
def running(spec: ChildSpec, state: Path) -> Iterator[Child]:
    """The child of this spec, ready; gone afterwards."""
    child = Child(spec, run=state / "run", logs=state / "logs")
    child.start()
    try:
        child.wait_ready()
        yield child
    finally:
        child.stop()


@pytest.fixture(scope="session")
def session_state() -> Iterator[Path]:
    """A state folder for the servers of this session."""
    folder = Path(tempfile.mkdtemp(prefix="gongkai-tests-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def state() -> Iterator[Path]:
    """An empty state folder for one test, where a server's own user can reach it."""
    folder = Path(tempfile.mkdtemp(prefix="gongkai-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(session_state: Path) -> Iterator[Postgres]:
    """A running PostgreSQL, shared by the session."""
    server = Postgres(session_state, free_port(), durable=False)
    server.prepare()
    with running(server.spec(), session_state):
        server.ensure_role(TESTER)
        yield server


@pytest.fixture(scope="session")
def postgres_admin_url(postgres: Postgres) -> str:
    """The superuser's SQLAlchemy URL."""
    return postgres.admin_url()


@contextmanager
def fresh_database(postgres: Postgres) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh empty database; dropped afterwards, whoever is still connected."""
    name = f"test_{uuid.uuid4().hex}"
    postgres.ensure_database(name, TESTER)
    yield postgres.url(TESTER, name)
    postgres.drop_database(name)


@pytest.fixture
def database_url(postgres: Postgres) -> Iterator[str]:
    """The SQLAlchemy URL of a fresh empty database for one test."""
    with fresh_database(postgres) as url:
        yield url


@contextmanager
def fresh_nats() -> Iterator[tuple[Nats, Child]]:
    """A fresh nats-server, and its process: ``kill()``, ``start()``, ``wait_ready()``."""
    folder = Path(tempfile.mkdtemp(prefix="gongkai-nats-"))
    port = free_port()
    server = Nats(folder, port, free_port([port]))
    server.prepare()
    with running(server.spec(), folder) as child:
        yield server, child
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def nats_child() -> Iterator[tuple[Nats, Child]]:
    """A fresh nats-server for one test, and its process."""
    with fresh_nats() as started:
        yield started


@pytest.fixture
def nats(nats_child: tuple[Nats, Child]) -> str:
    """The URL of a fresh nats-server: JetStream with ``sync_interval: always``, no credentials asked."""
    return nats_child[0].url


@pytest.fixture(scope="session")
def opensearch_child(session_state: Path) -> Iterator[tuple[OpenSearch, Child]]:
    """A running OpenSearch, shared by the session, and its process: who kills it starts it again."""
    port = free_port()
    server = OpenSearch(session_state, port, free_port([port]))
    server.prepare()
    with running(server.spec(), session_state) as child:
        yield server, child


@pytest.fixture(scope="session")
def opensearch(opensearch_child: tuple[OpenSearch, Child]) -> OpenSearch:
    """A running OpenSearch, shared by the session: name indices so that tests do not meet."""
    return opensearch_child[0]


@pytest.fixture
def opensearch_url(opensearch: OpenSearch) -> Iterator[str]:
    """The URL of an OpenSearch without indices and with the settings it started with; what a test made is deleted."""
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    kept = json.dumps(
        {"persistent": {"action.auto_create_index": None}}
    ).encode()  # search sets it for its own
    headers = {"Content-Type": "application/json"}
    settings = urllib.request.Request(f"{opensearch.url}/_cluster/settings", kept, headers, method="PUT")
    ask(settings, timeout=30).close()
    yield opensearch.url
    indices = urllib.request.Request(f"{opensearch.url}/*,-.*?expand_wildcards=all", method="DELETE")
    ask(indices, timeout=30).close()
