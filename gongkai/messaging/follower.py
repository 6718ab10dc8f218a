"""Follows a stream from a place of the reader's own, through outages, wipes and refills.

A reader's place is (epoch, position) in the owner's log, never a stream sequence: after a wipe and refill the same
facts stand at other sequences. The sequence is kept only as a guess of where to look first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

_PAGE = 500
_IDLE_SECONDS = 1.0
"""Longer fetches may stall for their whole timeout after an idle one."""
_CHECK_SECONDS = 3.0
_RETRY_SECONDS = 1.0
_FORGET_AFTER_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader is in one stream."""

    epoch: str = ""
    position: int = 0
    seen: tuple[str, ...] = field(default=())
    """Event ids read at ``position``: one position may give several messages."""
    sequence: int = 0
    """The stream sequence of the last message; a guess after a refill."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One message of a followed stream."""

    stream: str
    subject: str
    headers: dict[str, str]
    data: bytes
    place: Place
    """The reader's place once this fact is dealt with."""

    @property
    def event_id(self) -> str:
        """The event's id (``ce-id``)."""
        return self.headers.get("ce-id", "")


class _Rewound(Exception):
    """The consumer is gone, or the stream is not the one the place was taken in: begin again and skip what is known."""


async def follow(
    js: JetStreamContext, stream: str, place: Place, *, until_caught_up: bool = False
) -> AsyncIterator[Sequence[Fact]]:
    """Pages of facts after ``place``, each fact once per epoch; runs until cancelled, or until it has caught up.

    A connection that is lost, a server that restarts and a stream that is wiped and refilled are waited for, not raised.
    """
    start = place.sequence
    while True:
        try:
            async for page in _read(js, stream, place, start, until_caught_up=until_caught_up):
                place = page[-1].place
                yield page
        except _Rewound:
            start = 0 if start == place.sequence else place.sequence
        except (NatsError, TimeoutError, OSError):
            start = place.sequence
        else:
            return
        await asyncio.sleep(_RETRY_SECONDS)


async def _read(
    js: JetStreamContext, stream: str, place: Place, start: int, *, until_caught_up: bool
) -> AsyncIterator[Sequence[Fact]]:
    info = await js.stream_info(stream)
    if start > info.state.last_seq:
        raise _Rewound
    consumer = await _consumer(js, stream, max(start, 1))
    subscription = await js.pull_subscribe_bind(consumer=consumer, stream=stream)
    checked = asyncio.get_running_loop().time()
    first = start > 0
    try:
        while True:
            messages = await _fetch(subscription)
            if not messages:
                if until_caught_up and await _nothing_left(subscription):
                    return
                if asyncio.get_running_loop().time() - checked > _CHECK_SECONDS:
                    await _still_there(subscription)
                    checked = asyncio.get_running_loop().time()
                continue
            if first and not _same_place(messages[0], place):
                raise _Rewound
            first = False
            page, place = _unseen(stream, messages, place)
            if page:
                yield page
    finally:
        await _leave(js, stream, consumer, subscription)


async def _consumer(js: JetStreamContext, stream: str, sequence: int) -> str:
    info = await js.add_consumer(
        stream,
        ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=sequence,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=_FORGET_AFTER_SECONDS,
            mem_storage=True,
        ),
    )
    return info.name


async def _fetch(subscription: JetStreamContext.PullSubscription) -> list[Msg]:
    try:
        return await subscription.fetch(_PAGE, timeout=_IDLE_SECONDS)
    except TimeoutError:
        return []


async def _nothing_left(subscription: JetStreamContext.PullSubscription) -> bool:
    return (await subscription.consumer_info()).num_pending == 0


async def _still_there(subscription: JetStreamContext.PullSubscription) -> None:
    try:
        await subscription.consumer_info()
    except NotFoundError as gone:
        raise _Rewound from gone


async def _leave(
    js: JetStreamContext, stream: str, consumer: str, subscription: JetStreamContext.PullSubscription
) -> None:
    try:
        await subscription.unsubscribe()
        await js.delete_consumer(stream, consumer)
    except (NatsError, OSError):
        return  # the server forgets an unused consumer by itself after its inactive threshold


def _same_place(message: Msg, place: Place) -> bool:
    headers = message.headers or {}
    return headers.get("ce-gkepoch") == place.epoch and headers.get("ce-gkposition") == str(place.position)


def _unseen(stream: str, messages: Sequence[Msg], place: Place) -> tuple[list[Fact], Place]:
    """The facts of ``messages`` that lie after ``place``, and the place after them."""
    page = []
    for message in messages:
        headers = dict(message.headers or {})
        epoch, position = headers.get("ce-gkepoch", ""), int(headers.get("ce-gkposition", "0"))
        event_id = headers.get("ce-id", "")
        sequence = message.metadata.sequence.stream
        if epoch == place.epoch and (
            position < place.position or (position == place.position and event_id in place.seen)
        ):
            place = replace(place, sequence=sequence)
            continue
        seen = (*place.seen, event_id) if (epoch, position) == (place.epoch, place.position) else (event_id,)
        place = Place(epoch, position, seen, sequence)
        page.append(Fact(stream, message.subject, headers, message.data, place))
    return page, place
