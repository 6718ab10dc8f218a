"""Atomic batches: all messages of a batch enter the stream, in order and together, or none does.

Source: NATS ADR-50. ``Nats-Expected-Last-Sequence`` on the first message fences the batch: it is stored only if the
stream still ends where the sender thinks. No ``Nats-Msg-Id`` anywhere: one id seen before would refuse the batch.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

MAX_MESSAGES: Final = 1000
"""The server's limit for one batch."""
_WRONG_LAST_SEQUENCE: Final = 10071
_TIMEOUT_SECONDS: Final = 5.0


class BatchRefused(Exception):
    """The server did not store the batch; nothing of it is in the stream."""


class StaleSender(BatchRefused):
    """The stream does not end where the sender thought: somebody else has written."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to send."""

    subject: str
    headers: Mapping[str, str]
    data: bytes


class BatchSender:
    """Sends atomic batches over one connection; several may be under way, answered in order.

    Use as an async context manager: it holds the subscription on which the server answers.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._inbox = client.new_inbox()
        self._waiting: dict[str, asyncio.Future[int]] = {}
        self._count = 0
        self._answers: Subscription | None = None

    async def __aenter__(self) -> Self:
        self._answers = await self._client.subscribe(f"{self._inbox}.*", cb=self._answered)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for future in self._waiting.values():
            future.cancel()
        self._waiting.clear()
        if self._answers is not None and not self._client.is_closed:
            await self._answers.unsubscribe()

    async def send(
        self, messages: Sequence[Message], *, expected_last: int | None = None
    ) -> asyncio.Future[int]:
        """Send a batch; the future is resolved with the stream's last sequence once all of it is on disk.

        Args:
            messages: up to 1,000, of one stream.
            expected_last: the sequence the stream must end with; ``None``: wherever it ends.

        The future raises:
            StaleSender: the stream ends elsewhere.
            BatchRefused: another refusal; the text is the server's.
        """
        if not 0 < len(messages) <= MAX_MESSAGES:
            raise ValueError(f"a batch holds 1 to {MAX_MESSAGES} messages, not {len(messages)}")
        self._count += 1
        token = str(self._count)
        batch = f"{self._inbox[-22:]}-{token}"
        future = asyncio.get_running_loop().create_future()
        self._waiting[token] = future
        last = len(messages)
        for number, message in enumerate(messages, start=1):
            headers = {**message.headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}
            if number == 1 and expected_last is not None:
                headers["Nats-Expected-Last-Sequence"] = str(expected_last)
            if number == last:
                headers["Nats-Batch-Commit"] = "1"
            reply = f"{self._inbox}.{token}" if number == last else ""
            await self._client.publish(message.subject, message.data, reply, headers)
        return future

    async def confirm(self, future: asyncio.Future[int]) -> int:
        """Wait for a batch's end.

        Raises:
            TimeoutError: no answer in 5 s; whether it was stored is to be read from the stream.
        """
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            return await future

    async def _answered(self, answer: Msg) -> None:
        future = self._waiting.pop(answer.subject.rsplit(".", 1)[1], None)
        if future is None or future.done():
            return
        if not answer.data:
            status = (answer.headers or {}).get("Status", "?")
            future.set_exception(BatchRefused(f"no stream takes these subjects (status {status})"))
            return
        body = json.loads(answer.data)
        error = body.get("error")
        if error is None:
            future.set_result(int(body["seq"]))
        elif error.get("err_code") == _WRONG_LAST_SEQUENCE:
            future.set_exception(StaleSender(str(error.get("description"))))
        else:
            future.set_exception(BatchRefused(str(error.get("description"))))
