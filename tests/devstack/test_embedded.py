"""The embedded PostgreSQL and nats-server are real servers that survive being killed."""

from __future__ import annotations

import json
from pathlib import Path

import nats as nats_client
import psycopg
import pytest

from gongkai.devstack.loopback import fetch
from gongkai.devstack.nats import Nats
from gongkai.devstack.ports import free_port, is_listening
from gongkai.devstack.postgres import Postgres
from gongkai.devstack.process import Child


def _libpq(url: str) -> str:
    return url.replace("+psycopg", "")


def test_a_test_gets_an_empty_database(database_url: str) -> None:
    """Each test owns an empty database in UTF-8."""
    with psycopg.connect(_libpq(database_url)) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
        encoding = connection.execute("SHOW server_encoding").fetchone()
        connection.execute("CREATE TABLE own (id int)")
    assert tables == (0,)
    assert encoding == ("UTF8",)


def test_a_wrong_password_is_refused(postgres: Postgres) -> None:
    """Loopback is no excuse: every role needs its password."""
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"postgresql://gongkai:wrong@127.0.0.1:{postgres.port}/postgres")


def test_a_service_cannot_open_the_database_of_another(postgres: Postgres) -> None:
    """A database is closed to every role but its owner."""
    for name in ("one", "two"):
        postgres.ensure_role(name)
        postgres.ensure_database(name, name)
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        psycopg.connect(postgres.url("one", "two", driver=False))


def test_passwords_are_for_their_owner_alone(postgres: Postgres) -> None:
    """A generated password lies in a file nobody else can read."""
    assert postgres.password_file("postgres").stat().st_mode & 0o777 == 0o600


def test_postgres_killed_comes_back_with_what_was_committed(state: Path) -> None:
    """A SIGKILL of PostgreSQL loses nothing that was committed."""
    server = Postgres(state, free_port(), durable=False)
    server.prepare()
    child = Child(server.spec(), run=state / "run", logs=state / "logs")
    child.start()
    try:
        child.wait_ready()
        with psycopg.connect(server.admin_url(driver=False), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")

        child.kill()
        assert child.returncode == -9
        child.start()
        child.wait_ready()

        with psycopg.connect(server.admin_url(driver=False)) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    finally:
        child.stop()
    assert not is_listening(server.port)
    assert not child.pidfile.exists()


async def test_nats_syncs_always_and_survives_a_kill(nats_child: tuple[Nats, Child]) -> None:
    """An acknowledged message is on disk: a SIGKILL right after it loses nothing."""
    server, child = nats_child
    assert json.loads(fetch(f"{server.monitor_url}/jsz") or b"")["config"]["sync_always"] is True
    client = await nats_client.connect(server.url)
    await client.jetstream().add_stream(name="S", subjects=["s"])
    await client.jetstream().publish("s", b"kept")
    await client.close()

    child.kill()
    child.start()
    child.wait_ready()

    client = await nats_client.connect(server.url)
    info = await client.jetstream().stream_info("S")
    await client.close()
    assert info.state.messages == 1


def test_a_proxy_named_for_other_hosts_is_not_asked(
    nats_child: tuple[Nats, Child], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine behind a proxy still finds its own servers ready."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert nats_child[0].is_ready()
