"""``gongkai up``: one command starts everything, says where it answers, and lets nobody start it twice.

That it survives its own SIGKILL is seen in ``test_told_once``, that it leaves nothing behind by the fixture ``city``.
"""

from __future__ import annotations

import json

import pytest

from gongkai.devstack.loopback import fetch
from gongkai.devstack.ports import is_listening
from gongkai.devstack.stack import STORING
from tests.endtoend.city import City

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_up_starts_everything_and_says_where_it_answers(city: City) -> None:
    """One line says ready with the addresses; they answer; every part is ready; no secret can be read by others."""
    ready = next(line for line in city.output.read_text().splitlines() if line.startswith("ready "))
    endpoints = city.endpoints
    assert endpoints["portal"] == f"http://127.0.0.1:{city.port}"
    assert all(
        address in ready for address in (endpoints["portal"], endpoints["nats"], endpoints["opensearch"])
    )
    assert fetch(endpoints["portal"], seconds=10) is not None
    for service in STORING:
        assert is_listening(int(endpoints["grpc"][service].rpartition(":")[2]))
    parts = json.loads(city.cli("status", "--json").stdout)
    assert {part["health"] for part in parts} == {"ready"}
    for secret in (city.state / "keys").rglob("*"):
        assert secret.is_dir() or secret.suffix == ".pub" or secret.stat().st_mode & 0o077 == 0, secret


def test_up_is_not_started_twice_on_one_state(city: City) -> None:
    """The second is told that the first runs, and ends; the first goes on."""
    refused = city.cli("up", check=False)
    assert refused.returncode == 1
    assert "已有一个平台在运行" in refused.stderr
    assert fetch(city.endpoints["portal"], seconds=10) is not None
