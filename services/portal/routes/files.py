"""Files of a record, to be downloaded; never shown in the site's own name."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from gongkai.rpc.publishing.v1 import publishing_pb2 as pb
from services.portal import words
from services.portal.downloads import ANY, download_headers, safe_type
from services.portal.offices import Offices
from services.portal.portal import portal_of
from services.portal.reading import pieces
from services.portal.routes.record import gone


async def download(request: Request) -> Response:
    """``/r/{uscc}/{number}/files/{digest}/{name}``."""
    portal = portal_of(request)
    index_number = f"{request.path_params['uscc']}/{request.path_params['number']}"
    digest = request.path_params["digest"]
    found = await portal.offices.records.GetRecord(pb.GetRecordRequest(index_number=index_number))
    if found.HasField("tombstone"):
        return await gone(request, portal, found.tombstone)
    file = next((one for one in found.record.files if one.digest == digest), None)
    if file is None:
        raise HTTPException(404)
    if file.destroyed:
        values = {"file": file, "record": found.record}
        where = await portal.where_of(found.record.division)
        return portal.pages.render(request, "destroyed.html", values, where, status=410)
    if request.path_params["name"] != words.file_name(file.name):
        return RedirectResponse(words.file_path(index_number, digest, file.name), status_code=301)
    headers = _headers(file)
    if headers["ETag"] in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(file.size)
    media_type = safe_type(file.media_type)
    if request.method == "HEAD":
        return Response(headers=headers, media_type=media_type)
    stream = await _begun(portal.offices, digest)
    return StreamingResponse(stream, headers=headers, media_type=media_type)


async def by_digest(request: Request) -> Response:
    """``/files/{digest}``: what a contract's ``url`` names. Whoever reads contracts knows name and media type already.

    Given out while any public record refers to it, and no longer.
    """
    digest = request.path_params["digest"]
    headers = _headers(pb.File(digest=digest, name=digest))
    stream = await _begun(portal_of(request).offices, digest)
    if request.method == "HEAD":
        await stream.aclose()
        return Response(headers=headers, media_type=ANY)
    return StreamingResponse(stream, headers=headers, media_type=ANY)


async def _begun(offices: Offices, digest: str) -> AsyncGenerator[bytes, None]:
    """The pieces, the first one read already: what cannot be had is an error page, not half a file.

    Raises:
        HTTPException: 404, publishing gives nothing out under this digest.
    """
    given = pieces(offices, digest)
    first = await anext(given, None)
    if first is None:
        raise HTTPException(404)

    async def all_of_it() -> AsyncGenerator[bytes, None]:
        async with aclosing(given):
            yield first
            async for piece in given:
                yield piece

    return all_of_it()


def _headers(file: pb.File) -> dict[str, str]:
    return {**download_headers(file.name), "ETag": f'"{file.digest}"', "Cache-Control": "no-cache"}
