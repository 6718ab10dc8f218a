"""The gRPC edge for contents: given out while a public record refers to them, taken in, destroyed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from grpc import aio

from gongkai.content.store import Content
from gongkai.refusal import Reason
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from gongkai.rpc.publishing.v1 import publishing_pb2_grpc
from gongkai.security.grpc_auth import current_caller
from gongkai.serving.errors import InvalidRequest
from services.publishing.destroying import DestroyContent, destroy_content
from services.publishing.handlers import Deciding
from services.publishing.views.reading import public_digests

NO_DIGEST: Final = Reason("content.digest", "第一段应带有 64 位小写十六进制的 SHA-256 摘要", "digest")
NO_MEDIA_TYPE: Final = Reason("content.media-type", "第一段应带有媒体类型", "media_type")
TOO_MANY: Final = Reason("content.too-many", "一次至多取 1000 份内容", "digests")
NO_COMMAND: Final = Reason("command.missing", "缺少命令编号", "command_id")
NO_ACTOR: Final = Reason("actor.missing", "缺少经办人", "actor")

CHUNK: Final = 1024 * 1024
MOST_DIGESTS: Final = 1000
_AT_ONCE_BYTES: Final = 8 * 1024 * 1024
_AT_ONCE: Final = 50
_DIGEST: Final = re.compile(r"^[0-9a-f]{64}$")

Context = aio.ServicerContext[Any, Any]


class ContentApi(publishing_pb2_grpc.ContentServiceServicer):
    """Answers ``ContentService``."""

    def __init__(
        self, world: Deciding, *, wake: Callable[[], None], settle: Callable[[], Awaitable[bool]]
    ) -> None:
        """Take what deciding needs; what wakes the relays; and what waits for destroyed bytes to leave INGEST."""
        self._world = world
        self._wake = wake
        self._settle = settle

    async def FetchContent(
        self, request: pb.FetchContentRequest, _context: Context
    ) -> AsyncIterator[pb.FetchContentResponse]:
        """Give out contents that a public record refers to; the others are answered as not found."""
        digests = list(dict.fromkeys(request.digests))
        if len(digests) > MOST_DIGESTS:
            raise InvalidRequest(TOO_MANY)
        async with self._world.engine.connect() as conn:
            public = await public_digests(conn, digests)
            sizes = {
                digest: one.size for digest, one in (await self._world.contents.known(conn, public)).items()
            }
        for digest in digests:
            if digest not in sizes:
                yield pb.FetchContentResponse(digest=digest, last=True)
        for some in _portions([digest for digest in digests if digest in sizes], sizes):
            async for answer in self._give(some):
                yield answer

    async def _give(self, digests: list[str]) -> AsyncIterator[pb.FetchContentResponse]:
        """One portion; asked again whether it is public, as an earlier one may have taken its reader minutes."""
        async with self._world.engine.connect() as conn:
            public = await public_digests(conn, digests)
            found = await self._world.contents.get_many(conn, public)
        for digest in digests:
            if digest not in found:
                yield pb.FetchContentResponse(digest=digest, last=True)
                continue
            for answer in _chunks(found[digest]):
                yield answer

    async def UploadContent(
        self, request_iterator: AsyncIterator[pb.UploadContentRequest], _context: Context
    ) -> pb.UploadContentResponse:
        """Take bytes in; they are shown to nobody until a record refers to them."""
        first = await anext(request_iterator, None)
        faults = []
        if first is None or not _DIGEST.match(first.digest):
            faults.append(NO_DIGEST)
        if first is None or not first.media_type:
            faults.append(NO_MEDIA_TYPE)
        if faults or first is None:
            raise InvalidRequest(*faults)

        async def pieces() -> AsyncIterator[bytes]:
            yield first.chunk
            async for following in request_iterator:
                yield following.chunk

        contents = self._world.contents
        receipt = await contents.receive(pieces(), media_type=first.media_type, digest=first.digest)
        async with self._world.engine.begin() as conn:
            (stored,) = await contents.keep(conn, [receipt])
        return pb.UploadContentResponse(digest=stored.digest, size=stored.size)

    async def DestroyContent(
        self, request: pb.DestroyContentRequest, _context: Context
    ) -> pb.DestroyContentResponse:
        """Destroy a content for ever, everywhere."""
        faults = [
            fault
            for fault, text in ((NO_COMMAND, request.command_id), (NO_ACTOR, request.actor))
            if not text.strip()
        ]
        if faults:
            raise InvalidRequest(*faults)
        command = DestroyContent(
            request.command_id, f"{current_caller()}:{request.actor}", request.digest.strip(), request.reason
        )
        record_ids = await destroy_content(self._world, command)
        self._wake()
        await self._settle()
        return pb.DestroyContentResponse(record_ids=record_ids)


def _portions(digests: list[str], sizes: dict[str, int]) -> list[list[str]]:
    """Groups that are read at once, so that many small contents are quick and large ones do not fill the memory."""
    portions: list[list[str]] = []
    filled = _AT_ONCE_BYTES
    for digest in digests:
        if filled + sizes[digest] > _AT_ONCE_BYTES or len(portions[-1]) >= _AT_ONCE:
            portions.append([])
            filled = 0
        portions[-1].append(digest)
        filled += sizes[digest]
    return portions


def _chunks(content: Content) -> list[pb.FetchContentResponse]:
    data = content.data
    starts = range(0, len(data), CHUNK) or range(1)
    return [
        pb.FetchContentResponse(
            digest=content.digest,
            found=True,
            media_type=content.media_type,
            data=data[start : start + CHUNK],
            last=start + CHUNK >= len(data),
        )
        for start in starts
    ]
