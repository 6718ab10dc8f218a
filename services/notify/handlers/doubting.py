"""What a person decides about a doubt: about a message's end, or about a record heard of too late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.eventstore.ledger import Entry, fingerprint
from gongkai.eventstore.store import Append, StreamWrite
from gongkai.messaging import reactor
from gongkai.messaging.reactor import NoSuchDoubt
from gongkai.refusal import Reason, Refusal
from gongkai.serving.errors import InvalidRequest, NotFound
from services.notify.domain import subscriptions
from services.notify.domain.messages import RESOLVED, DoubtResolved, MessageQueued, resolve
from services.notify.office import Office
from services.notify.telling import News, matches, queue_news
from services.notify.views import queue, reading, tables

UNKNOWN: Final = Reason("message.unknown", "没有这个编号的消息，请核对编号。", "number")


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision about one line of the list of doubts."""

    command_id: str
    actor: str
    number: int
    """Of a message; below zero, of a record heard of too late."""
    decision: str
    reason: str


async def settle_doubt(office: Office, ruling: Ruling) -> None:
    """Decide about a doubt; the same command again changes nothing.

    Raises:
        InvalidRequest: no command id, or nobody is answerable.
        NotFound: no line has this number.
        Refusal: with every reason.
    """
    missing = [
        Reason(f"{name}.missing", message, name)
        for name, text, message in (
            ("command_id", ruling.command_id, "请提供命令编号。"),
            ("actor", ruling.actor, "请提供操作人。"),
        )
        if not text.strip()
    ]
    if missing:
        raise InvalidRequest(*missing)
    asked = {"number": ruling.number, "decision": ruling.decision, "reason": ruling.reason}
    mark = fingerprint({"command": "settle-doubt", **asked})
    async with office.engine.begin() as conn:
        known = (await office.ledger.find(conn, [ruling.command_id])).get(ruling.command_id)
        if known is not None:
            if known.fingerprint != mark:
                raise Refusal(
                    Reason("command.reused", "该命令编号已用于另一内容，请换一个编号。", "command_id")
                )
            return
        await office.ledger.record(conn, [Entry(ruling.command_id, ruling.actor, mark, {})])
        await (_settle_message if ruling.number > 0 else _settle_record)(office, conn, ruling)
    office.committed()


async def _settle_message(office: Office, conn: AsyncConnection, ruling: Ruling) -> None:
    key = await reading.key_of(conn, ruling.number)
    if key is None:
        raise NotFound(UNKNOWN)
    await queue.lock(conn, [key])
    message = (await reading.lock_messages(conn, [key]))[key]
    addressable = await _addressable(office, conn, key)
    state = resolve(message.state, ruling.decision, ruling.reason, addressable=addressable)
    event = DoubtResolved.model_validate(
        {
            "key": key,
            "sender": message.sender,
            "channel": message.channel,
            "decision": ruling.decision,
            "reason": ruling.reason.strip(),
            "at": office.clock(),
        }
    )
    await queue.remove(conn, [key])
    if state == "queued":
        due = {"key": key, "number": message.number, "channel": message.channel, "due_at": event.at}
        await queue.put(conn, [due | {"attempts": message.attempts, "urgent": True}])
    write = StreamWrite(f"message:{key}", message.version, [event])
    await office.record(conn, [Append([write], ruling.actor, ruling.command_id)])


async def _settle_record(office: Office, conn: AsyncConnection, ruling: Ruling) -> None:
    """Tell everybody who wants to know of it now, or nobody."""
    resolve("doubt" if ruling.number < 0 else "sent", ruling.decision, ruling.reason, addressable=True)
    act = RESOLVED[ruling.decision] == "queued"  # type: ignore[index]  # checked by resolve
    try:
        doubt = await reactor.settle_doubt(
            conn,
            -ruling.number,
            "act" if act else "skip",
            by=f"{ruling.actor}：{ruling.reason.strip()}",
            at=office.clock(),
        )
    except NoSuchDoubt as error:
        raise NotFound(UNKNOWN) from error
    if not act:
        return
    found = select(tables.late_record.c.facts).where(
        tables.late_record.c.record_id == doubt.thing.removeprefix("record:")
    )
    news = News(**(await conn.execute(found)).scalar_one())
    told = (await matches(conn, [news]))[news.record_id]
    await office.record(conn, await queue_news(conn, told, office.clock()))


async def _addressable(office: Office, conn: AsyncConnection, key: str) -> bool:
    queued = (await office.store.load(conn, f"message:{key}"))[0].data
    assert isinstance(queued, MessageQueued)
    if queued.subscription_id is None:
        return isinstance(queued.address, str)
    history = await office.store.load(conn, f"subscription:{queued.subscription_id}")
    state = subscriptions.fold([stored.data for stored in history])
    return state is not None and state.address is not None
