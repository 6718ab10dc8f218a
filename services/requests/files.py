"""Files of a reply: taken in for one request, given out to who knows its code, destroyed with its applicant.

Bytes are stored behind the request's own id, so that the same document given to two people is two contents: erasing
one of them takes nothing from the other, and the document can be given again. A file's digest is that of what is
stored; its size is the file's.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.refusal import Reason, Refusal
from gongkai.serving.errors import InvalidRequest
from services.requests.domain.acts import DISCLOSED_ARTICLE
from services.requests.domain.facts import ReplyFile
from services.requests.handlers import Desk
from services.requests.views import tables

CHUNK: Final = 1024 * 1024
MOST_FILES: Final = 50
"""Files one request's reply may have, those uploaded and not used included."""

_MARK_BYTES: Final = 16
_LONGEST_NAME: Final = 120
_MEDIA_TYPE: Final = re.compile(r"^[a-z]+/[a-z0-9.+-]{1,100}$")
_BAD_NAME: Final = re.compile(r"[\x00-\x1f\x7f/\\]")


def check_file(name: str, media_type: str) -> None:
    """Check what a file is said to be.

    Raises:
        InvalidRequest: with every reason.
    """
    found = []
    if not name.strip() or len(name) > _LONGEST_NAME or _BAD_NAME.search(name):
        text = f"文件名应为 1 至 {_LONGEST_NAME} 字，不含斜杠。请改名后重新上传。"
        found.append(Reason("file.name", text, "name"))
    if not _MEDIA_TYPE.match(media_type):
        found.append(
            Reason("file.media-type", "不知道这是什么类型的文件。请换一种常见格式重新上传。", "media_type")
        )
    if found:
        raise InvalidRequest(*found)


async def keep_file(
    desk: Desk, request_id: str, pieces: AsyncIterator[bytes], *, name: str, media_type: str, limit: int
) -> ReplyFile:
    """Take a file in for a request; it is shown to nobody until a decision names it.

    Raises:
        ContentTooLarge: it is larger than ``limit`` bytes.
        Refusal: there are too many already.
    """

    async def marked() -> AsyncIterator[bytes]:
        yield UUID(request_id).bytes
        async for piece in pieces:
            yield piece

    receipt = await desk.contents.receive(marked(), media_type=media_type, limit=limit + _MARK_BYTES)
    file = tables.reply_file
    async with desk.engine.begin() as conn:
        uploaded = (await conn.execute(select(file.c.digest).where(file.c.request_id == request_id))).all()
        if len(uploaded) >= MOST_FILES:
            text = f"本件已上传 {MOST_FILES} 个文件，不能再多。请合并后再上传。"
            raise Refusal(Reason("files.too-many", text, "files", DISCLOSED_ARTICLE))
        (stored,) = await desk.contents.keep(conn, [receipt])
        size = receipt.stored.size - _MARK_BYTES
        row = {"digest": stored.digest, "request_id": request_id, "size": size, "media_type": media_type}
        await conn.execute(insert(file).values(row).on_conflict_do_nothing())
    return ReplyFile(name=name.strip(), digest=stored.digest, size=size, media_type=media_type)


async def file_bytes(desk: Desk, conn: AsyncConnection, digest: str) -> bytes | None:
    """Give a file's bytes; None where they were destroyed."""
    content = await desk.contents.get(conn, digest)
    return None if content is None else content.data[_MARK_BYTES:]
