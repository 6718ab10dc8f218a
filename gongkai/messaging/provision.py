"""Make the servers agree with the topology; refuse to start on one that could lose what it acknowledged."""

from __future__ import annotations

import json

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from gongkai.messaging.topology import ConsumerSpec, StreamSpec, Topology

_DAY = 86_400


class UnsafeServer(Exception):
    """A nats-server acknowledges messages before they are on disk; nothing may be sent through it."""


class StreamMismatch(Exception):
    """An existing stream differs in what cannot be changed in place (retention or storage)."""


async def provision(client: Client, topology: Topology, *, replicas: int = 1) -> None:
    """Create or update every stream and durable consumer of ``topology``; what agrees is left alone.

    Args:
        client: a connection of the ``admin`` user.
        topology: see ``topology.yaml``.
        replicas: of every stream; 1 on one machine, 3 in a cluster.
    """
    jetstream = client.jetstream(timeout=15)
    for stream in topology.streams.values():
        await _upsert_stream(jetstream, stream_config(stream, replicas))
    for consumer in topology.consumers:
        await provision_consumer(client, consumer)


async def provision_consumer(client: Client, consumer: ConsumerSpec) -> None:
    """Create or update one durable; for an organ's answers: ``organ_consumer(code)`` of the topology."""
    await client.jetstream(timeout=15).add_consumer(consumer.stream, consumer_config(consumer))


async def remove_consumer(client: Client, consumer: ConsumerSpec) -> None:
    """Delete one durable; nothing happens if it is not there."""
    try:
        await client.jetstream(timeout=15).delete_consumer(consumer.stream, consumer.durable)
    except NotFoundError:
        return


async def assert_durable(system: Client) -> None:
    """Ask every server reachable (``/jsz``) whether it syncs each write before acknowledging.

    Args:
        system: a connection of the system user.

    Raises:
        UnsafeServer: one does not, or none answers.
    """
    inbox = system.new_inbox()
    answers = await system.subscribe(inbox)
    await system.publish("$SYS.REQ.SERVER.PING.JSZ", b"{}", reply=inbox)
    servers = 0
    try:
        while True:
            answer = json.loads((await answers.next_msg(timeout=5 if servers == 0 else 0.3)).data)
            servers += 1
            if not answer.get("data", {}).get("config", {}).get("sync_always", False):
                name = answer.get("server", {}).get("name", "?")
                raise UnsafeServer(
                    f"nats-server {name} does not sync every write: set jetstream.sync_interval: always"
                )
    except TimeoutError:
        if servers == 0:
            raise UnsafeServer("no nats-server with JetStream answered /jsz") from None
    finally:
        await answers.unsubscribe()


def stream_config(stream: StreamSpec, replicas: int) -> StreamConfig:
    """The server's configuration of a stream."""
    return StreamConfig(
        name=stream.name,
        description=stream.about,
        subjects=list(stream.subjects),
        retention=RetentionPolicy.WORK_QUEUE if stream.retention == "workqueue" else RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        num_replicas=replicas,
        max_age=stream.max_age_days * _DAY,
        max_msg_size=stream.max_msg_size,
        duplicate_window=stream.duplicate_window_seconds,
        deny_delete=stream.deny_delete,
        allow_atomic=True,
        allow_direct=True,
    )


def consumer_config(consumer: ConsumerSpec) -> ConsumerConfig:
    """The server's configuration of a durable: pulled, acknowledged one by one, delivered until acknowledged.

    No ``max_deliver`` and no ``backoff``: the first drops silently, the second ignores naks. Our consumer
    decides both, and keeps a dead letter before it gives up.
    """
    return ConsumerConfig(
        durable_name=consumer.durable,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=consumer.ack_wait_seconds,
        max_deliver=-1,
        max_ack_pending=consumer.max_ack_pending,
        filter_subject=consumer.filter_subject,
    )


async def _upsert_stream(jetstream: JetStreamContext, wanted: StreamConfig) -> None:
    assert wanted.name is not None
    try:
        found = (await jetstream.stream_info(wanted.name)).config
    except NotFoundError:
        await jetstream.add_stream(wanted)
        return
    if (found.retention, found.storage) != (wanted.retention, wanted.storage):
        raise StreamMismatch(
            f"stream {wanted.name} is {found.retention}, {found.storage}: move its messages and delete it"
        )
    await jetstream.update_stream(wanted)
