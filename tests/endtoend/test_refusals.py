"""What is no event, and whoever may not send: refused, kept and told, while the neighbours go through."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from nats.aio.client import Client

from gongkai.messaging.client import (
    CredentialsRefused,
    Event,
    NotPermitted,
    OrganClient,
    organ_client,
)
from gongkai.messaging.connection import connect
from tests.endtoend.city import City
from tests.endtoend.sample import credit_code

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def add_organ(city: City, code: str) -> str:
    """The credentials of a new organ, as the operator hands them over."""
    added = city.cli("organ", "add", code, "--name", f"测试机关{code}", "--uscc", credit_code(code))
    return added.stdout


def document(organ: str, record: str) -> dict[str, Any]:
    return {
        "record": record,
        "organ": organ,
        "title": f"关于{record}的通知",
        "division": "341323000000",
        "kind": "notice",
        "formed_on": "2026-01-05",
        "attribute": "proactive",
        "ground": "《政府信息公开条例》第二十条第（一）项",
        "confirmer": {"name": "审核人", "post": "办公室"},
    }


def event_of(organ: str, record: str) -> Event:
    return Event(f"event-{record}", "document", json.dumps(document(organ, record)).encode())


@asynccontextmanager
async def organ_of(city: City, credentials: str) -> AsyncIterator[OrganClient]:
    async with organ_client(city.endpoints["nats"], credentials) as client:
        yield client


@asynccontextmanager
async def raw(city: City, credentials: str, name: str) -> AsyncIterator[Client]:
    async with connect(city.endpoints["nats"], credentials, name=name) as client:
        yield client


async def test_bytes_that_are_no_event_become_one_dead_letter_and_their_neighbours_go_through(
    city: City,
) -> None:
    """One letter with the bytes, listed and shown by the command line, discarded by name; all others are accepted."""
    organ = "341323-noise"
    credentials = await asyncio.to_thread(add_organ, city, organ)
    noise = b"\x00\xff no event at all \xfe"

    async with organ_of(city, credentials) as client, raw(city, credentials, f"organ-{organ}") as noisy:
        before = [client.send(event_of(organ, f"before-{number}")) for number in range(20)]
        tasks = [asyncio.ensure_future(one) for one in before]
        await noisy.jetstream().publish(f"ingest.{organ}.document", noise)
        tasks += [
            asyncio.ensure_future(client.send(event_of(organ, f"after-{number}"))) for number in range(20)
        ]
        receipts = await asyncio.gather(*tasks)

    assert all(receipt.accepted for receipt in receipts)
    letters = await asyncio.to_thread(
        city.query,
        "publishing",
        "SELECT number, state FROM dead_letter WHERE subject = %s",
        f"ingest.{organ}.document",
    )
    assert [state for _, state in letters] == ["waiting"]
    name = f"publishing/{letters[0][0]}"
    assert name in (await asyncio.to_thread(city.cli, "deadletters", "list")).stdout
    assert "no event at all" in (await asyncio.to_thread(city.cli, "deadletters", "show", name)).stdout
    retried = await asyncio.to_thread(city.cli, "deadletters", "retry", name, check=False)
    assert retried.returncode == 1
    await asyncio.to_thread(city.cli, "deadletters", "discard", name, "--reason", "测试报文")
    assert name not in (await asyncio.to_thread(city.cli, "deadletters", "list")).stdout


async def test_an_organ_on_anothers_subject_is_refused_and_learns_it(city: City) -> None:
    """The server forbids the subject, and the sender's own client says so; nothing reaches the other organ."""
    credentials = await asyncio.to_thread(add_organ, city, "341323-mine")
    await asyncio.to_thread(add_organ, city, "341323-theirs")

    async with organ_of(city, credentials) as client:
        with pytest.raises(NotPermitted, match="只能以本机构名义报送"):
            await client.send(event_of("341323-theirs", "stolen"), as_organ="341323-theirs")
        assert (await client.send(event_of("341323-mine", "own"))).accepted

    view = "SELECT count(*) FROM record WHERE organ = %s"
    assert await asyncio.to_thread(city.query, "publishing", view, "341323-theirs") == [(0,)]


async def test_a_revoked_organ_is_cut_off_and_learns_it(city: City) -> None:
    """After ``gongkai organ revoke`` the connected client is told, and no new one gets in."""
    organ = "341323-revoked"
    credentials = await asyncio.to_thread(add_organ, city, organ)

    async with organ_of(city, credentials) as client:
        assert (await client.send(event_of(organ, "early"))).accepted
        await asyncio.to_thread(city.cli, "organ", "revoke", organ)
        with pytest.raises(CredentialsRefused, match="吊销"):
            await client.send(event_of(organ, "late"))

    with pytest.raises(CredentialsRefused):
        async with organ_of(city, credentials):
            pytest.fail("a revoked credential opened a connection")
