"""PUT of a content: an organ's bytes go to publishing as they come, under the organ's own token."""
# ruff: noqa: D415 - docstrings here are the interface's documentation, in Chinese, and end in 。

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from gongkai.refusal import Reason
from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from gongkai.security.grpc_auth import NO_TOKEN
from services.portal.api import models
from services.portal.api.problems import problem
from services.portal.portal import portal_of

CHUNK: Final = 1024 * 1024
SECONDS: Final = 300.0
TOO_LARGE: Final = Reason("content.too-large", "文件超过上限，请压缩或拆分后重新上传。", "size")
BAD_DIGEST: Final = Reason("content.digest", "地址末尾应是文件内容的 SHA-256：64 位小写十六进制。", "digest")
NO_MEDIA_TYPE: Final = Reason("content.media-type", "请用 Content-Type 头说明文件的媒体类型。", "media_type")
ENCODED: Final = Reason(
    "content.encoded", "请发送文件原来的字节，不要用 Content-Encoding 压缩。", "content-encoding"
)
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_OPENAPI: Final = {
    "security": [{"organ": []}],
    "requestBody": {
        "required": True,
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
}

router = APIRouter()


class _TooLarge(Exception):
    """More bytes came than the limit, whatever was announced."""


@router.put(
    "/content/{digest}",
    summary="机关上传正文或附件",
    tags=["报送"],
    response_model=models.Stored,
    openapi_extra=_OPENAPI,
)
async def upload(request: Request, digest: str) -> models.Stored | Response:
    """上传后再在报送的事件里填写摘要（digest）。重复上传同一内容没有影响；没有信息引用的内容不会公开。"""
    portal = portal_of(request)
    limit = portal.settings.content_limit
    refused = _refused(request, digest, limit)
    if refused is not None:
        return refused
    source = _Body(request, limit)
    call = portal.offices.uploads.UploadContent(
        source.requests(digest, request.headers["content-type"].strip()),
        timeout=SECONDS,
        metadata=(("authorization", request.headers["authorization"]),),
    )
    try:
        stored = await call
    except BaseException:
        if source.too_large:
            return problem(request, 413, TOO_LARGE)
        if source.left:
            return problem(request, 400, detail="连接中断，没有收完。请重新上传。")
        raise
    finally:
        call.cancel()
    return models.Stored(digest=stored.digest, size=stored.size)


def _refused(request: Request, digest: str, limit: int) -> Response | None:
    """What can be refused before the first byte of the body is read."""
    headers = request.headers
    announced = headers.get("content-length", "")
    faults = [
        fault
        for fault, wrong in (
            (BAD_DIGEST, not _DIGEST.fullmatch(digest)),
            (NO_MEDIA_TYPE, not headers.get("content-type", "").strip()),
        )
        if wrong
    ]
    refusals: tuple[tuple[bool, int, tuple[Reason, ...]], ...] = (
        (not headers.get("authorization", "").lower().startswith("bearer "), 401, (NO_TOKEN,)),
        (announced.isdecimal() and int(announced) > limit, 413, (TOO_LARGE,)),
        (headers.get("content-encoding", "identity") != "identity", 415, (ENCODED,)),
        (bool(faults), 400, tuple(faults)),
    )
    return next((problem(request, status, *reasons) for holds, status, reasons in refusals if holds), None)


class _Body:
    """The request's body as messages of at most a chunk; remembers why it ended early."""

    def __init__(self, request: Request, limit: int) -> None:
        self._request = request
        self._limit = limit
        self.too_large = False
        self.left = False

    async def requests(self, digest: str, media_type: str) -> AsyncIterator[pb.UploadContentRequest]:
        """Give the messages; the first carries digest and media type."""
        first = True
        async for chunk in self._chunks():
            if first:
                yield pb.UploadContentRequest(digest=digest, media_type=media_type, chunk=chunk)
                first = False
            else:
                yield pb.UploadContentRequest(chunk=chunk)
        if first:
            yield pb.UploadContentRequest(digest=digest, media_type=media_type)

    async def _chunks(self) -> AsyncIterator[bytes]:
        waiting = bytearray()
        received = 0
        try:
            async for piece in self._request.stream():
                received += len(piece)
                if received > self._limit:
                    self.too_large = True
                    raise _TooLarge
                waiting += piece
                while len(waiting) >= CHUNK:
                    yield bytes(waiting[:CHUNK])
                    del waiting[:CHUNK]
        except ClientDisconnect:
            self.left = True
            raise
        if waiting:
            yield bytes(waiting)
