"""Open, confirm, leave. An answer never tells whether an address was known before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.errors import CommandRaced, VersionConflict
from gongkai.eventstore.ledger import Entry, fingerprint
from gongkai.eventstore.store import Append, StreamWrite
from gongkai.refusal import Reason, Refusal
from gongkai.serving.errors import InvalidRequest, NotFound
from services.notify.domain import subscriptions
from services.notify.domain.addresses import normal_address
from services.notify.domain.messages import CODE, MessageQueued
from services.notify.domain.subscriptions import (
    LAPSE,
    Left,
    Open,
    Subscription,
    SubscriptionEvent,
    SubscriptionOpened,
)
from services.notify.limits import PER_ADDRESS, PER_CLIENT, TRIES, TRIES_PER_CLIENT
from services.notify.office import ACTOR, Office
from services.notify.telling import queue_row
from services.notify.views import queue, reading

_DRAWS: Final = 20

UNKNOWN: Final = Reason("subscription.unknown", "没有这个订阅，或者它已经失效，请重新订阅。")
UNKNOWN_LINK: Final = Reason(
    "leave-token.unknown", "退订地址不完整或不是本平台发出的，请从邮件里完整复制后再打开。", "leave_token"
)
REUSED: Final = Reason("command.reused", "该命令编号已用于另一内容，请换一个编号。", "command_id")
NO_COMMAND: Final = Reason("command_id.missing", "请提供命令编号。", "command_id")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asks for at the form."""

    command_id: str
    channel: str
    address: str
    topics: tuple[str, ...]
    places: tuple[str, ...]
    client: str


async def open_subscription(office: Office, asked: Asked) -> Subscription:
    """Open a subscription and send its code; asking again under the same command id sends nothing more.

    Raises:
        InvalidRequest: there is no command id.
        Refusal: with every reason.
        Throttled: too many from this client, or to this address.
    """
    _require(asked.command_id)
    known = await _answered(office, asked)
    if known is not None:
        return known
    command = _command(office, asked, draw=0)
    subscriptions.open_subscription(command, office.channels)  # refused before anything is counted
    await office.throttle.take("subscribe", asked.client, PER_CLIENT)
    if command.address is not None:
        await office.throttle.take("code-sent", f"{asked.channel}:{command.address}", PER_ADDRESS)
    try:
        opened = await _record_opening(office, asked)
    except (CommandRaced, VersionConflict):
        raced = await _answered(office, asked)
        if raced is None:
            raise
        return raced
    office.committed()
    return _folded([opened])


async def confirm(
    office: Office, command_id: str, subscription_id: str, code: str, client: str
) -> Subscription:
    """Confirm with the code that was sent; five wrong ones and it is closed for half an hour.

    Raises:
        NotFound: there is no such subscription.
        Refusal: the code is wrong or has ended.
        Throttled: too many tries.
    """
    _require(command_id)
    # Counted before it is looked at: a thousand tries at one moment get no further than five.
    await office.throttle.take("code", subscription_id, TRIES)
    await office.throttle.take("code-client", client, TRIES_PER_CLIENT)
    async with office.engine.begin() as conn:
        state, version = await load(office, conn, subscription_id, alone=True)
        right = state.channel != "wechat" and office.secrets.is_code(state.id, state.draw, code)
        events = subscriptions.confirm(state, right=right, at=office.clock())
        confirmed = await record_confirmation(office, conn, state, version, events, command_id)
    office.committed()
    await office.throttle.forget("code", subscription_id)
    await office.throttle.give_back("code-client", client)
    return confirmed


async def record_confirmation(
    office: Office,
    conn: AsyncConnection,
    state: Subscription,
    version: int,
    events: Sequence[SubscriptionEvent],
    command_id: str,
) -> Subscription:
    """Write a confirmation; of two subscriptions of one address that want the same the older one stays.

    The older one stays because the links in what was sent before end that one.
    """
    if not events:
        return state
    after = _folded(events, state)
    mark = office.secrets.address_mark(after.channel, after.address or "")
    # Two confirmations of one address wait for each other, so that one of them sees the other.
    await _one_at_a_time(conn, mark)
    wish = {"topics": list(after.topics), "places": list(after.places), "channel": after.channel}
    older = await reading.same_active(conn, wish | {"mark": mark, "id": after.id})
    if older is None:
        await _write(office, conn, after.id, version, events, command_id)
        return after
    left = subscriptions.leave(state, "same", office.clock())
    await _write(office, conn, state.id, version, left, command_id)
    kept, _ = await load(office, conn, older)
    return kept


async def leave(office: Office, command_id: str, leave_token: str) -> Subscription:
    """End the subscription a link belongs to, and destroy the key of its address; again changes nothing.

    Raises:
        NotFound: the link is not ours.
    """
    _require(command_id)
    subscription_id = office.secrets.subscription_of(leave_token)
    if subscription_id is None:
        raise NotFound(UNKNOWN_LINK)
    return await end(office, subscription_id, "asked", command_id)


async def end(office: Office, subscription_id: str, why: Left, command_id: str) -> Subscription:
    """End a subscription.

    Raises:
        NotFound: there is none.
    """
    async with office.engine.begin() as conn:
        state, version = await load(office, conn, subscription_id, alone=True)
        events = subscriptions.leave(state, why, office.clock())
        await _write(office, conn, subscription_id, version, events, command_id)
    office.committed()
    return _folded(events, state)


async def get(office: Office, subscription_id: str) -> Subscription:
    """A subscription as it stands.

    Raises:
        NotFound: there is none.
    """
    async with office.engine.connect() as conn:
        return (await load(office, conn, subscription_id))[0]


async def end_lapsed(office: Office) -> int:
    """End what nobody confirmed, so that its address is forgotten; how many there were."""
    async with office.engine.connect() as conn:
        ids = await reading.lapsed(conn, office.clock() - LAPSE, limit=500)
    for subscription_id in ids:
        await end(office, subscription_id, "lapsed", f"lapse:{subscription_id}")
    return len(ids)


async def _record_opening(office: Office, asked: Asked) -> SubscriptionOpened:
    async with office.engine.begin() as conn:
        opened = await _open(office, conn, asked)
        entry = Entry(asked.command_id, ACTOR, _mark(office, asked), {"id": opened.subscription_id})
        await office.ledger.record(conn, [entry])
        writes = [StreamWrite(f"subscription:{opened.subscription_id}", 0, [opened])]
        if opened.channel != "wechat":
            writes.append(await _queue_code(conn, opened))
        await office.record(conn, [Append(writes, _subscriber(opened.subscription_id), asked.command_id)])
    return opened


async def _open(office: Office, conn: AsyncConnection, asked: Asked) -> SubscriptionOpened:
    """Decide, with a code that nobody else is waiting with where codes are all there is to find it by."""
    for draw in range(_DRAWS):
        opened = subscriptions.open_subscription(_command(office, asked, draw), office.channels)
        if opened.channel != "wechat":
            return opened
        mark = office.secrets.code_mark(office.secrets.code(opened.subscription_id, draw))
        if not await reading.waiting_for_code(conn, mark, office.clock()):
            return opened
    raise Refusal(Reason("code.none-free", "正在等待确认的人太多，请几分钟后再试。"))


async def _queue_code(conn: AsyncConnection, opened: SubscriptionOpened) -> StreamWrite:
    [number] = await queue.draw_numbers(conn, 1)
    queued = MessageQueued(
        key=f"code-{opened.subscription_id}",
        number=number,
        sender="",
        channel=opened.channel,
        template=CODE,
        about="",
        subscription_id=opened.subscription_id,
        at=opened.at,
    )
    await queue.put(conn, [queue_row(queued)])
    return StreamWrite(f"message:{queued.key}", 0, [queued])


async def _answered(office: Office, asked: Asked) -> Subscription | None:
    async with office.engine.connect() as conn:
        entry = (await office.ledger.find(conn, [asked.command_id])).get(asked.command_id)
        if entry is None:
            return None
        if entry.fingerprint != _mark(office, asked):
            raise Refusal(REUSED)
        return (await load(office, conn, entry.outcome["id"]))[0]


async def load(
    office: Office, conn: AsyncConnection, subscription_id: str, *, alone: bool = False
) -> tuple[Subscription, int]:
    """A subscription with its version; ``alone``: whoever decides about the same one waits until the commit.

    Raises:
        NotFound: there is none.
    """
    if alone:
        await _one_at_a_time(conn, sha256(subscription_id.encode()).hexdigest())
    history = await office.store.load(conn, f"subscription:{subscription_id}")
    state = subscriptions.fold([stored.data for stored in history])
    if state is None:
        raise NotFound(UNKNOWN)
    return state, len(history)


async def _write(
    office: Office,
    conn: AsyncConnection,
    subscription_id: str,
    version: int,
    events: Sequence[SubscriptionEvent],
    command_id: str,
) -> None:
    if not events:
        return
    if isinstance(events[-1], subscriptions.SubscriptionLeft):
        await office.forget(conn, subscription_id, f"subscription {events[-1].why}")
    write = StreamWrite(f"subscription:{subscription_id}", version, events)
    await office.record(conn, [Append([write], _subscriber(subscription_id), command_id)])


async def _one_at_a_time(conn: AsyncConnection, mark: str) -> None:
    await conn.exec_driver_sql("SELECT pg_advisory_xact_lock(%(key)s)", {"key": int(mark[:15], 16)})


def _command(office: Office, asked: Asked, draw: int) -> Open:
    address = normal_address(asked.channel, asked.address) if asked.channel != "wechat" else None
    # From the command id and our key: asked twice at the same moment, it is one subscription.
    identity = uuid5(NAMESPACE_URL, office.secrets.address_mark("command", asked.command_id))
    return Open(str(identity), asked.channel, address, asked.topics, asked.places, draw, office.clock())


def _mark(office: Office, asked: Asked) -> bytes:
    """What was asked, without saying it: an address's plain digest would tell who has that address."""
    address = office.secrets.address_mark(asked.channel, asked.address)
    parts: dict[str, Any] = {"topics": list(asked.topics), "places": list(asked.places), "address": address}
    return fingerprint(parts | {"channel": asked.channel})


def _folded(events: Sequence[Any], state: Subscription | None = None) -> Subscription:
    for event in events:
        state = subscriptions.evolve(state, event)
    assert state is not None, "it was opened"
    return state


def _subscriber(subscription_id: str) -> str:
    return f"subscriber:{subscription_id}"


def _require(command_id: str) -> None:
    if not command_id.strip():
        raise InvalidRequest(NO_COMMAND)
