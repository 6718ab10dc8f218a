"""The province: another network's server, joined by a leaf node, sourcing the city's feed."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import ExternalStream, StreamConfig, StreamSource

from gongkai.devstack.nats import nats_program
from gongkai.devstack.ports import free_port
from gongkai.messaging.follower import Place, follow
from gongkai.messaging.outgoing import Outgoing
from gongkai.messaging.topology import DOMAIN

pytestmark = pytest.mark.slow

FEED = "FEED_PUBLISHING"
CONFIG = """
listen: "127.0.0.1:{port}"
server_name: province
jetstream {{ store_dir: "{folder}/jetstream", domain: province, sync_interval: always }}
leafnodes {{ reconnect: 1, remotes: [ {{ url: "nats-leaf://127.0.0.1:{leaf}", credentials: "{folder}/city.creds" }} ] }}
"""


@dataclass
class Province:
    """The province's own nats-server, which knows the city by one credentials file."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [nats_program(), "-c", str(self.folder / "nats.conf"), "-l", str(self.folder / "nats.log")]
        self.process = subprocess.Popen(command)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    async def connect(self) -> Client:
        async with asyncio.timeout(20):
            return await nats.connect(
                f"nats://127.0.0.1:{self.port}", max_reconnect_attempts=-1, reconnect_time_wait=1
            )


@pytest.fixture
async def province(city: Any, tmp_path: Path) -> AsyncIterator[Province]:
    place = Province(tmp_path, free_port())
    (tmp_path / "city.creds").write_text(city.credentials("province"))
    (tmp_path / "nats.conf").write_text(CONFIG.format(port=place.port, folder=tmp_path, leaf=city.leaf_port))
    place.start()
    client = await place.connect()
    source = StreamSource(name=FEED, external=ExternalStream(api=f"$JS.{DOMAIN}.API", deliver=""))
    await client.jetstream().add_stream(StreamConfig(name="CITY", sources=[source]))
    await client.close()
    yield place
    place.stop()


def publish_notes(log: Any) -> Any:
    def project(event: Any) -> list[Outgoing]:
        (note,) = log.project(event)
        return [Outgoing("feed.410926000000.notice.published", note.contract, note.source, note.stream_id)]

    return project


async def followed(client: Client, count: int) -> list[str]:
    """The ids of what a reader of the province's stream is given until it has ``count``, and a little longer."""
    found: list[str] = []
    async with asyncio.timeout(150):
        while len(found) < count:
            pages = follow(client.jetstream(), "CITY", Place(), until_caught_up=True)
            found = [fact.event_id async for page in pages for fact in page]
            await asyncio.sleep(0.5)
    return found


async def test_catches_up_after_outages_and_a_refill(city: Any, province: Province, log: Any) -> None:
    """The province has every public fact once for its reader, after it was away, and after the city lost its store."""
    async with city.user("publishing") as publisher:
        relay = log.relay(publisher, stream=FEED, project=publish_notes(log))
        async with log.relaying(relay):
            await log.take(50)
            reader = await province.connect()
            assert await followed(reader, 50) == await log.event_ids()
            await reader.close()

            province.stop()  # the province is away
            await log.take(50, prefix="away")
            province.start()
            reader = await province.connect()
            assert await followed(reader, 100) == await log.event_ids()

            city.wipe()  # the city loses its store and refills it
            await asyncio.to_thread(city.start)
            await city.provision()
            await log.take(50, prefix="after")
            assert await followed(reader, 150) == await log.event_ids()
            stored = (await reader.jetstream().stream_info("CITY")).state.messages
            await reader.close()
    assert (
        stored >= 150
    )  # sourcing does not dedupe: what was refilled may stand there twice, its reader knows


async def test_the_province_reads_public_facts_only(city: Any) -> None:
    """The province's credentials reach the FEED streams and nothing else."""
    async with city.user("province") as client:
        jetstream = client.jetstream(timeout=0.5)
        assert (await jetstream.stream_info(FEED)).state.messages == 0
        for attempt in (
            lambda: jetstream.stream_info("INGEST"),
            lambda: jetstream.stream_info("EVT_PUBLISHING"),
            lambda: jetstream.add_consumer("REPLY", durable_name="spy"),
            lambda: jetstream.publish("feed.1.notice.published", b"{}", timeout=0.5),
            lambda: jetstream.purge_stream(FEED),
            lambda: jetstream.delete_stream(FEED),
        ):
            with pytest.raises((NatsError, TimeoutError)):
                await attempt()
