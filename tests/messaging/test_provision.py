"""Provisioning: what stands in the topology stands on the server, and unsafe servers are refused."""

from __future__ import annotations

from typing import Any

import pytest
from nats.errors import Error as NatsError
from nats.js.api import RetentionPolicy, StorageType

from gongkai.devstack.nats import Nats
from gongkai.devstack.ports import free_port
from gongkai.devstack.process import Child
from gongkai.messaging.auth import ServerPlace, create_keys, nats_config, system_credentials
from gongkai.messaging.connection import AccessRefused, connect
from gongkai.messaging.provision import StreamMismatch, UnsafeServer, assert_durable, provision
from gongkai.messaging.topology import Topology, load_topology


async def test_everything_of_the_topology_is_there(city: Any) -> None:
    """Every stream and durable exists as declared; provisioning again changes nothing and loses no message."""
    async with city.user("admin") as admin, city.user("publishing") as publishing:
        await publishing.jetstream().publish("reply.a.accepted", b"{}")
        await provision(admin, load_topology())
        jetstream = admin.jetstream()
        ingest = (await jetstream.stream_info("INGEST")).config
        assert (ingest.retention, ingest.storage) == (RetentionPolicy.WORK_QUEUE, StorageType.FILE)
        reply = await jetstream.stream_info("REPLY")
        assert (reply.config.max_age, reply.config.allow_atomic, reply.state.messages) == (
            30 * 86400,
            True,
            1,
        )
        for consumer in load_topology().consumers:
            found = (await jetstream.consumer_info(consumer.stream, consumer.durable)).config
            assert (found.max_deliver, found.ack_wait) == (-1, consumer.ack_wait_seconds)


async def test_a_stream_of_another_kind_is_not_overwritten(city: Any) -> None:
    """A stream whose retention differs is reported, not recreated: its messages belong to somebody."""
    topology = load_topology()
    changed = topology.streams["REPLY"].model_copy(update={"retention": "workqueue"})
    async with city.user("admin") as admin:
        with pytest.raises(StreamMismatch, match="REPLY"):
            await provision(
                admin, topology.model_copy(update={"streams": {**topology.streams, "REPLY": changed}})
            )


async def test_a_server_that_syncs_is_accepted(city: Any) -> None:
    """The configuration we write passes the check at start."""
    async with city.system() as system:
        await assert_durable(system)


async def test_a_server_that_does_not_sync_every_write_is_refused(city: Any, state: Any) -> None:
    """A server that acknowledges before the disk has the message is refused at start."""
    port = free_port()
    monitor = free_port([port])
    config = nats_config(city.keys, ServerPlace(state / "nats", port, monitor_port=monitor), city.now())
    server = Nats(state, port, monitor, config=config.replace("sync_interval: always", "sync_interval: 2m"))
    server.prepare()
    child = Child(server.spec(), run=state / "run", logs=state / "logs")
    child.start()
    try:
        child.wait_ready()
        async with connect(server.url, system_credentials(city.keys, city.now()).text) as system:
            with pytest.raises(UnsafeServer, match="sync_interval: always"):
                await assert_durable(system)
    finally:
        child.stop()


async def test_nobody_gets_in_without_credentials_of_this_installation(city: Any, tmp_path: Any) -> None:
    """No credentials, and credentials signed by other keys, are refused at once."""
    with pytest.raises(AccessRefused):
        async with connect(city.url):
            pytest.fail("let in")
    strangers = create_keys(tmp_path, city.now())
    with pytest.raises(AccessRefused):
        async with connect(city.url, system_credentials(strangers, city.now()).text):
            pytest.fail("let in")


@pytest.mark.parametrize("service", ["catalog", "publishing", "search", "oversight", "portal", "province"])
async def test_a_service_may_only_do_its_work(city: Any, service: str) -> None:
    """No service can publish for another, change a stream or consume what is not its own."""
    topology = load_topology()
    user = topology.users[service]
    own = {*user.relays}
    async with city.user(service) as client:
        jetstream = client.jetstream(timeout=0.4)
        attempts = [
            lambda: jetstream.purge_stream("EVT_CATALOG"),
            lambda: jetstream.delete_consumer("EVT_PUBLISHING", "search"),
            lambda: jetstream.publish("ingest.a.document", b"{}", timeout=0.4),
        ]
        if "EVT_CATALOG" not in own:
            attempts.append(lambda: jetstream.publish("evt.catalog.x.organ.changed", b"{}", timeout=0.4))
        if "FEED_PUBLISHING" not in own:
            attempts.append(lambda: jetstream.publish("feed.x.notice.published", b"{}", timeout=0.4))
        if "INGEST/publishing" not in user.consumes:
            attempts.append(lambda: jetstream.consumer_info("INGEST", "publishing"))
        for attempt in attempts:
            with pytest.raises((NatsError, TimeoutError)):
                await attempt()


def test_a_topology_that_refers_to_nothing_is_refused() -> None:
    """A user that consumes an undeclared durable is an error of the file, found when it is read."""
    with pytest.raises(ValueError, match="EVT_NOBODY/x"):
        Topology.model_validate(
            {"streams": {}, "consumers": [], "users": {"x": {"consumes": ["EVT_NOBODY/x"]}}}
        )
