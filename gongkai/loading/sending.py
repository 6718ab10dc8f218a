"""Plays a departmental system: sends the events of many rows, uploads what is too large, counts the answers."""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from gongkai.contracts.ingest import ReplyAccepted, ReplyRejected
from gongkai.loading.rows import RowEvent, Upload
from gongkai.messaging.client import Event, OrganClient, Receipt, organ_client
from gongkai.security.tokens import organ_tokens

EXAMPLES: Final = 3
_IN_FLIGHT: Final = 1_000
_UPLOAD_SECONDS: Final = 60.0
_UPLOAD_TRIES: Final = 30
_UNKNOWN_TRIES: Final = 5
"""A credential made a moment ago reaches the service that takes uploads a moment later."""
_SEED: Final = re.compile(r"^S[A-Z2-7]{57}$", re.MULTILINE)


class UploadRefused(Exception):
    """The platform does not take an upload; the text says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where an organ's events and uploads go, and as whom."""

    nats: str
    portal: str
    organ: str
    credentials: Path | str
    """Credentials file, or its text."""


@dataclass(slots=True)
class Tally:
    """What was sent and what was answered."""

    sent: int = 0
    repeated: int = 0
    """Rows that stood before in the same files: the same event, not sent again."""
    accepted: int = 0
    rejected: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    defects: Counter[str] = field(default_factory=Counter)
    messages: dict[str, str] = field(default_factory=dict)
    """Reason code → what the platform said."""
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Reason or defect code → event ids and index numbers, a few of each."""

    @property
    def unanswered(self) -> int:
        """Events without a receipt."""
        return self.sent - self.accepted - self.rejected

    def count(self, receipt: Receipt) -> None:
        """Take one answer into account."""
        reply = receipt.reply
        if isinstance(reply, ReplyAccepted):
            self.accepted += 1
            self.outcomes[reply.outcome] += 1
            for code in reply.defects:
                self.defects[code] += 1
                self._example(code, reply.index_number)
        else:
            self._refused(reply)

    def _refused(self, reply: ReplyRejected) -> None:
        self.rejected += 1
        for reason in reply.reasons:
            self.reasons[reason.code] += 1
            self.messages.setdefault(reason.code, reason.message)
            self._example(reason.code, reply.event_id)

    def _example(self, code: str, what: str) -> None:
        if len(self.examples[code]) < EXAMPLES:
            self.examples[code].append(what)


async def send_rows(
    door: Door, rows: Iterable[RowEvent], tally: Tally, progress: Callable[[int], None] | None = None
) -> None:
    """Send the event of every row and wait for every answer.

    ``progress`` is told the number of rows dealt with after each answer.

    Raises:
        OrganRefused: the platform refuses the credentials or the subject.
        UploadRefused: a body could not be uploaded.
    """
    seen: set[str] = set()
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done)

    async with (
        _uploads(door) as uploads,
        organ_client(door.nats, door.credentials, in_flight=_IN_FLIGHT) as client,
    ):
        room = asyncio.Semaphore(2 * _IN_FLIGHT)

        async def deliver(row: RowEvent) -> None:
            try:
                tally.count(await _deliver(client, uploads, door.organ, row))
            finally:
                room.release()
            advance()

        async with asyncio.TaskGroup() as group:
            for row in rows:
                if row.event_id in seen:
                    tally.repeated += 1
                    advance()
                    continue
                seen.add(row.event_id)
                await room.acquire()
                tally.sent += 1
                group.create_task(deliver(row))


async def _deliver(client: OrganClient, uploads: httpx.AsyncClient, organ: str, row: RowEvent) -> Receipt:
    if row.upload is not None:
        await _upload(uploads, row.upload)
    return await client.send(Event(row.event_id, "document", row.data), as_organ=organ)


async def _upload(uploads: httpx.AsyncClient, upload: Upload) -> None:
    """PUT the bytes; again after an outage or while the credential is news: a second upload changes nothing."""
    for attempt in range(_UPLOAD_TRIES):
        try:
            answer = await uploads.put(
                f"/api/v1/content/{upload.digest}",
                content=upload.data,
                headers={"content-type": upload.media_type},
            )
        except httpx.TransportError:
            await asyncio.sleep(min(0.5 * 2**attempt, 10))
            continue
        if answer.is_success:
            return
        new_here = answer.status_code == httpx.codes.UNAUTHORIZED and attempt < _UNKNOWN_TRIES
        if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR and not new_here:
            raise UploadRefused(f"平台没有接收上传（{answer.status_code}）：{answer.text[:300]}")
        await asyncio.sleep(min(0.5 * 2**attempt, 10))
    raise UploadRefused(
        "平台一直没有接收上传。请用 gongkai status 查看 portal 和 publishing，再运行一次：已送出的不会重复。"
    )


def _uploads(door: Door) -> httpx.AsyncClient:
    text = door.credentials.read_text() if isinstance(door.credentials, Path) else door.credentials
    seed = _SEED.search(text)
    if seed is None:
        raise UploadRefused("凭据里没有私钥种子：请使用 gongkai organ add 打印的完整内容。")
    tokens = organ_tokens(door.organ, seed[0].encode())

    async def authorise(request: httpx.Request) -> None:
        request.headers["authorization"] = f"Bearer {tokens('publishing')}"

    return httpx.AsyncClient(
        base_url=door.portal, timeout=_UPLOAD_SECONDS, event_hooks={"request": [authorise]}, trust_env=False
    )
