"""Destroying a content for ever: its key and bytes go, its digest stays in log and contracts, nobody may bring it again."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any, Final

import nats.errors
import structlog
from nats.aio.client import Client
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.ledger import Entry, fingerprint
from gongkai.eventstore.store import StreamWrite
from gongkai.refusal import Reason, Refusal
from gongkai.serving.clock import legal_day
from services.publishing.domain.events import ContentDestroyed
from services.publishing.domain.personal import personal_reasons_of_text
from services.publishing.domain.reasons import reason
from services.publishing.domain.text import clean
from services.publishing.handlers import DURABLE, STREAM, Deciding
from services.publishing.views.reading import users_of

_DIGEST: Final = re.compile(r"^[0-9a-f]{64}$")
_NOWHERE: Final = "000000000000"
_DRAIN_SECONDS: Final = 3.0
_LOOK_SECONDS: Final = 0.1

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DestroyContent:
    """Destroy the bytes of a digest."""

    command_id: str
    actor: str
    digest: str
    reason: str
    """Public: the contract carries it."""


async def destroy_content(world: Deciding, command: DestroyContent) -> tuple[str, ...]:
    """Destroy a content; return the ids of the records that used it. Doing it twice destroys it once.

    Raises:
        Refusal: no such content, no reason, personal numbers in the reason, or the command id was another command's.
    """
    asked = {"destroy": command.digest, "reason": command.reason, "actor": command.actor}
    async with world.engine.begin() as conn:
        entry = (await world.ledger.find(conn, [command.command_id])).get(command.command_id)
        if entry is not None and entry.fingerprint != fingerprint(asked):
            raise Refusal(reason("event.id-reused", "command_id"))
        outcome = entry.outcome if entry is not None else await _destroy(world, conn, command, asked)
    # After the commit, and again whenever it is asked for: a crash in between leaves it to the next start.
    await world.contents.purge(world.engine)
    return tuple(outcome["record_ids"])


async def _destroy(
    world: Deciding, conn: AsyncConnection, command: DestroyContent, asked: dict[str, Any]
) -> dict[str, Any]:
    _check(command)
    stream = f"content:{command.digest}"
    users = await users_of(conn, command.digest)
    record_ids = tuple(record_id for record_id, _ in users)
    was_there = await world.contents.known(conn, [command.digest])
    history = await world.store.load(conn, stream)
    if not (was_there or users or history):
        raise Refusal(reason("digest.unknown"))
    outcome = {"record_ids": list(record_ids)}
    await world.contents.destroy(conn, command.digest, reason=command.reason)
    await world.ledger.record(conn, [Entry(command.command_id, command.actor, fingerprint(asked), outcome)])
    if not history:
        event = ContentDestroyed(
            digest=command.digest,
            record_ids=record_ids,
            division=users[0][1] if users else _NOWHERE,
            destroyed_on=legal_day(world.clock()),
            reason=clean(command.reason),
        )
        await world.store.append(
            conn, [StreamWrite(stream, 0, [event])], actor=command.actor, command_id=command.command_id
        )
    return outcome


def _check(command: DestroyContent) -> None:
    found: list[Reason] = []
    if not _DIGEST.match(command.digest):
        found.append(reason("content.digest", "digest"))
    if not clean(command.reason):
        found.append(reason("reason.missing"))
    found += personal_reasons_of_text("reason", command.reason)
    if found:
        raise Refusal(*found)


async def await_clean_ingest(client: Client, *, seconds: float = _DRAIN_SECONDS) -> bool:
    """Wait until INGEST held no message for a moment; tell whether it did.

    An acknowledged message leaves a work queue, but its bytes stay in the block file until the block's last message
    has left too (measured with 2.15.1: neither purging up to the acknowledged floor nor anything else short of
    that removes them; emptying does, at once, by deleting the file). Every message is answered within a bounded
    time, so the queue runs empty of itself; destroying waits for it to be able to say so.
    """
    jetstream = client.jetstream(timeout=2)
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        try:
            queue = await jetstream.consumer_info(STREAM, DURABLE)
            if not (queue.num_pending or queue.num_ack_pending):
                return True
        except nats.errors.Error as error:
            _log.warning("cannot look at the queue", error=repr(error))
        if loop.time() >= until:
            _log.warning(
                "the queue was never empty; destroyed bytes leave its files when it is", stream=STREAM
            )
            return False
        await asyncio.sleep(_LOOK_SECONDS)
