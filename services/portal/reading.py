"""Contents, read from publishing a piece at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from gongkai.serving.channels import streaming
from services.portal.offices import Offices


async def pieces(offices: Offices, digest: str) -> AsyncGenerator[bytes, None]:
    """Give the pieces of a content; none where it is unknown, destroyed or not public."""
    request = pb.FetchContentRequest(digests=[digest])
    async with streaming(offices.contents.FetchContent(request)) as answers:
        async for one in answers:
            if one.found:
                yield one.data


async def fetch(offices: Offices, digest: str) -> bytes | None:
    """A whole content; None where there is none to be had."""
    async with aclosing(pieces(offices, digest)) as given:
        found = [piece async for piece in given]
    return b"".join(found) if found else None
