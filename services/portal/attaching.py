"""A file somebody of the staff chose, on its way to publishing's store: its digest first, then its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from starlette.datastructures import UploadFile

from gongkai.rpc.publishing.v1 import drafts_pb2, publishing_pb2
from services.portal import words
from services.portal.downloads import safe_type

if TYPE_CHECKING:
    from gongkai.rpc.publishing.v1.publishing_pb2_grpc import ContentServiceAsyncStub

CHUNK: Final = 1024 * 1024


async def attach(contents: ContentServiceAsyncStub, upload: UploadFile) -> drafts_pb2.DraftFile:
    """Store a file; return how a draft refers to it.

    Args:
        contents: publishing's contents, in the person's name.
        upload: the file as the form brought it; spooled to disk where it is large.

    Raises:
        AioRpcError: it was not taken; nothing is kept.
    """
    digest = hashlib.sha256()
    size = 0
    while piece := await upload.read(CHUNK):
        digest.update(piece)
        size += len(piece)
    media_type = safe_type(upload.content_type or "")
    await contents.UploadContent(_requests(upload, digest.hexdigest(), media_type))
    return drafts_pb2.DraftFile(
        role="attachment",
        name=words.file_name(upload.filename or ""),
        digest=digest.hexdigest(),
        size=size,
        media_type=media_type,
    )


async def _requests(
    upload: UploadFile, digest: str, media_type: str
) -> AsyncIterator[publishing_pb2.UploadContentRequest]:
    yield publishing_pb2.UploadContentRequest(digest=digest, media_type=media_type)
    await upload.seek(0)
    while piece := await upload.read(CHUNK):
        yield publishing_pb2.UploadContentRequest(chunk=piece)
