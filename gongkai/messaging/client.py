"""A department's client: sends events and resends each until the platform has answered it.

The sender picks an event's id and keeps it: the platform answers a repeated id with its first answer, so sending
again is always safe and is what makes a lost message harmless.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.errors import NotFoundError

from gongkai.contracts.ingest import IngestDocument, IngestWithdrawal, ReplyAccepted, ReplyRejected
from gongkai.messaging.auth import user_name_of
from gongkai.messaging.batch import Message
from gongkai.messaging.connection import AccessRefused, ConnectionWatch, connect, credentials_text, either
from gongkai.messaging.envelope import Envelope, Undecodable, decode_contract, headers_of, parse, registry
from gongkai.messaging.organ_errors import (
    CredentialsRefused,
    NotPermitted,
    NotProvisioned,
    OrganRefused,
    ended,
    refused,
)
from gongkai.messaging.outbox import Outbox
from gongkai.messaging.topology import organ_consumer

__all__ = [
    "CredentialsRefused",
    "Event",
    "NotPermitted",
    "NotProvisioned",
    "OrganClient",
    "OrganRefused",
    "Receipt",
    "organ_client",
]

_log = structlog.get_logger()

_REPLIES: Final = registry(ReplyAccepted, ReplyRejected)
_TYPES: Final = {"document": IngestDocument.TYPE, "withdrawal": IngestWithdrawal.TYPE}
_REFUSED_SUBJECT: Final = re.compile(r'publish to "([^"]+)"', re.IGNORECASE)
_FIRST_RESEND_SECONDS: Final = 15.0
_MOST_RESEND_SECONDS: Final = 60.0
_PULL: Final = 500
_PULL_SECONDS: Final = 5
_PULL_EXPIRED: Final = "408"
_PULL_LEFT: Final = "Nats-Pending-Messages"
"""Status header: how many messages the ended pull had still asked for."""
_OTHERS_TURNS: Final = 2
_REMEMBERED: Final = 20_000


@dataclass(frozen=True, slots=True)
class Event:
    """What a department sends."""

    id: str
    """Its own choice, for ever the same for the same content: a digest or a number of its system."""
    kind: str
    """``document`` or ``withdrawal``."""
    data: bytes
    """JSON, see ``gongkai.contracts.ingest``."""
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The platform's answer to one event."""

    event_id: str
    reply: ReplyAccepted | ReplyRejected
    sent: int
    """How often the event was sent until it was answered."""

    @property
    def accepted(self) -> bool:
        """Whether the event was applied or found to change nothing."""
        return isinstance(self.reply, ReplyAccepted)


@dataclass(slots=True)
class _Waiting:
    subject: str
    answer: asyncio.Future[ReplyAccepted | ReplyRejected]


class OrganClient:
    """Sends for one organ; made by :func:`organ_client`.

    Args:
        client: a connection with the organ's credentials.
        organ: its code.
        watch: the connection's watch.
        in_flight: events sent and not yet answered, at most.
    """

    def __init__(self, client: Client, organ: str, watch: ConnectionWatch, in_flight: int) -> None:
        self.organ = organ
        self._client = client
        self._watch = watch
        self._slots = asyncio.Semaphore(in_flight)
        self.outbox = Outbox(client)
        self._waiting: dict[str, _Waiting] = {}
        self._answered: set[str] = set()
        self._answered_order: deque[str] = deque()
        watch.on_error = self._heard

    async def send(self, event: Event, *, as_organ: str | None = None) -> Receipt:
        """Send an event, again and again until it is answered; call it many times at once for speed.

        Args:
            event: what to send; the same event must not be under way twice in one client.
            as_organ: the organ to speak for, if not its own; the platform refuses that.

        Raises:
            NotPermitted: the subject is not this organ's.
            CredentialsRefused: the credentials are revoked; nothing more can be sent.
        """
        subject = f"ingest.{as_organ or self.organ}.{event.kind}"
        async with self._slots:
            if event.id in self._waiting:
                raise ValueError(f"event {event.id} is under way already")
            waiting = self._waiting[event.id] = _Waiting(subject, asyncio.get_running_loop().create_future())
            try:
                return await self._until_answered(event, waiting)
            finally:
                del self._waiting[event.id]

    async def _until_answered(self, event: Event, waiting: _Waiting) -> Receipt:
        envelope = Envelope(
            event.id, _TYPES.get(event.kind, event.kind), f"/organs/{self.organ}", "", event.data, event.time
        )
        message = Message(waiting.subject, headers_of(envelope), event.data)
        seconds = _FIRST_RESEND_SECONDS
        sent = 0
        while True:
            if self._watch.ended.done():
                raise ended(self._watch)
            if waiting.subject.startswith(f"ingest.{self.organ}."):
                self.outbox.put(message)
            else:
                await self.outbox.send_alone(message)
            sent += 1
            await asyncio.wait(
                either(waiting.answer, self._watch.ended),
                timeout=seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if waiting.answer.done():
                return Receipt(event.id, waiting.answer.result(), sent)
            if not self._watch.ended.done():
                _log.info("no answer yet, sending again", event_id=event.id, after_seconds=seconds)
            seconds = min(seconds * 2, _MOST_RESEND_SECONDS)

    def _heard(self, error: Exception) -> None:
        """A publish the server forbids is told here only, never to who published."""
        found = _REFUSED_SUBJECT.search(str(error))
        if found is None:
            return
        refusal = NotPermitted(
            f"平台拒绝了主题“{found[1]}”：本凭据属于机构“{self.organ}”，只能以本机构名义报送（ingest.{self.organ}.…）。"
            "请检查机构代码与所用凭据是否一致。"
        )
        for waiting in self._waiting.values():
            if waiting.subject == found[1] and not waiting.answer.done():
                waiting.answer.set_exception(refusal)

    async def listen(self) -> None:
        """Take answers from the organ's durable, for ever.

        Half a pull is always left with the server, so that answers come as they are made; nats-py's ``fetch`` would
        collect each page until its timeout.
        """
        inbox = self._client.new_inbox()
        answers = await self._client.subscribe(inbox)
        subject = f"$JS.API.CONSUMER.MSG.NEXT.REPLY.{organ_consumer(self.organ).durable}"
        pull = json.dumps({"batch": _PULL, "expires": _PULL_SECONDS * 1_000_000_000}).encode()
        asked = 0
        while True:
            try:
                if asked <= _PULL // 2:
                    await self._client.publish(subject, pull, reply=inbox)
                    asked += _PULL
                message = await answers.next_msg(timeout=_PULL_SECONDS + 1)
            except nats.errors.Error:  # nothing, not even a status: the server was away, and the pull is lost
                asked = 0
                await asyncio.sleep(0.2)
                continue
            if message.reply:
                asked -= 1
                await self._take(message)
                continue
            status = message.headers or {}
            asked = max(0, asked - int(status.get(_PULL_LEFT, asked)))  # another pull may stand beside
            if status.get("Status") != _PULL_EXPIRED:
                await asyncio.sleep(0.2)

    async def _take(self, message: Msg) -> None:
        try:
            envelope = parse(message.headers, message.data)
            reply = decode_contract(envelope, _REPLIES)
        except Undecodable as error:
            _log.warning("an answer cannot be read", subject=message.subject, reason=str(error))
            await message.ack()
            return
        assert isinstance(reply, ReplyAccepted | ReplyRejected)
        waiting = self._waiting.get(envelope.subject)
        if waiting is None and envelope.subject not in self._answered:
            # Perhaps another process of this organ waits for it: leave it a turn or two.
            if (message.metadata.num_delivered or 1) <= _OTHERS_TURNS:
                await message.nak(delay=1)
                return
        elif waiting is not None and not waiting.answer.done():
            waiting.answer.set_result(reply)
            self._remember(envelope.subject)
        await message.ack()

    def _remember(self, event_id: str) -> None:
        self._answered.add(event_id)
        self._answered_order.append(event_id)
        if len(self._answered_order) > _REMEMBERED:
            self._answered.discard(self._answered_order.popleft())


@asynccontextmanager
async def organ_client(
    url: str, credentials: Path | str, *, in_flight: int = 1000
) -> AsyncIterator[OrganClient]:
    """A department's client for the time of the block.

    Args:
        url: the platform's NATS servers, separated by commas.
        credentials: the organ's ``.creds`` file or its text, as ``gongkai organ add`` printed it.
        in_flight: events sent and not yet answered, at most.

    Raises:
        CredentialsRefused: the server does not accept the credentials.
        NotProvisioned: the organ is not (or not completely) added on the platform.
    """
    user = user_name_of(credentials_text(credentials))
    organ = user.removeprefix("organ-")
    watch = ConnectionWatch(user)
    durable = organ_consumer(organ).durable
    try:
        async with connect(url, credentials, name=user, watch=watch) as client:
            jetstream = client.jetstream()
            try:
                await jetstream.consumer_info("REPLY", durable)
            except NotFoundError:
                raise NotProvisioned(
                    f"平台上没有机构“{organ}”的回执队列：请平台管理员重新执行 gongkai organ add {organ}。"
                ) from None
            sender = OrganClient(client, organ, watch, in_flight)
            tasks = {asyncio.create_task(sender.listen()), asyncio.create_task(sender.outbox.run())}
            try:
                yield sender
            finally:
                await _end(tasks)
    except AccessRefused as error:
        raise refused(organ) from error


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    """Cancel tasks until they are gone: before Python 3.12 a cancellation that meets a message in nats-py is lost."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=1)
