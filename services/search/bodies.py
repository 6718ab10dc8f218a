"""The words of files, asked of publishing in batches; this service keeps no copy of a file but the words in the index."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

import grpc

from gongkai.contracts.publishing import PublicFile, RecordState, RecordWithdrawn
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from gongkai.rpc.publishing.v1 import publishing_pb2_grpc as rpc
from gongkai.serving.channels import streaming
from services.search.domain.texts import is_readable, plain_text

FETCH_SECONDS: Final = 60.0
FETCH_DIGESTS: Final = 200
FETCH_BYTES: Final = 16 * 1024 * 1024
"""One call asks for at most this many digests and about this many bytes, so that no answer holds much memory."""


class BodiesUnavailable(Exception):
    """Publishing cannot be asked now. Try again later."""


class Bodies(Protocol):
    """Where the words of files come from."""

    async def texts(self, files: Iterable[PublicFile]) -> Mapping[str, str]:
        """Plain text by digest; a file that is not public any more, or was destroyed, is missing.

        Raises:
            BodiesUnavailable: nobody answers now.
        """
        ...


class PublishedBodies:
    """Publishing's content store over gRPC."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = rpc.ContentServiceStub(channel)

    async def texts(self, files: Iterable[PublicFile]) -> Mapping[str, str]:
        """See ``Bodies.texts``."""
        wanted = {file.digest: file for file in files if is_readable(file.media_type)}
        found: dict[str, str] = {}
        for batch in _batches(wanted.values()):
            found.update(await self._fetch(batch))
        return found

    async def _fetch(self, batch: Mapping[str, PublicFile]) -> dict[str, str]:
        parts: dict[str, list[bytes]] = {}
        texts: dict[str, str] = {}
        request = pb.FetchContentRequest(digests=list(batch))
        try:
            async with streaming(self._stub.FetchContent(request, timeout=FETCH_SECONDS)) as answers:
                async for answer in answers:
                    if not answer.found or answer.digest not in batch:
                        continue
                    parts.setdefault(answer.digest, []).append(answer.data)
                    if answer.last:
                        data = b"".join(parts.pop(answer.digest))
                        texts[answer.digest] = plain_text(data, batch[answer.digest].media_type)
        except grpc.aio.AioRpcError as error:
            raise BodiesUnavailable(f"publishing: {error.code().name}") from error
        if parts:
            raise BodiesUnavailable("publishing: an answer broke off")
        return texts


def readable_files(contracts: Iterable[RecordState | RecordWithdrawn]) -> Iterator[PublicFile]:
    """The files of these contracts whose words search can read."""
    for contract in contracts:
        if isinstance(contract, RecordState):
            yield from (file for file in contract.files if is_readable(file.media_type))


def _batches(files: Iterable[PublicFile]) -> Iterator[dict[str, PublicFile]]:
    batch: dict[str, PublicFile] = {}
    size = 0
    for file in files:
        if batch and (len(batch) >= FETCH_DIGESTS or size + file.size > FETCH_BYTES):
            yield batch
            batch, size = {}, 0
        batch[file.digest] = file
        size += file.size
    if batch:
        yield batch
