"""The addresses of a division that ended: answered by the same address of what follows it, for ever.

Its past catalogues stay where they were: they are read by edition or day, and the successor never had them.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs

import structlog
from grpc import aio
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from services.portal.places import Place
from services.portal.portal import Portal

_ADDRESS: Final = re.compile(r"/([0-9]{12}|[0-9]{9}|[0-9]{6})(/.*)?")
_CATALOGUE: Final = "/catalogue/"
_MOVED: Final = 301
_MOVED_WITH_BODY: Final = 308
"""A form that was opened the day before keeps its method and what was typed."""
_log = structlog.get_logger()


class Successors:
    """Sends readers of an ended division on."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on what belongs to a division that is there."""
        target = await _target(scope) if scope["type"] == "http" else ""
        if not target:
            await self._app(scope, receive, send)
            return
        status = _MOVED if scope["method"] in {"GET", "HEAD"} else _MOVED_WITH_BODY
        await RedirectResponse(target, status)(scope, receive, send)


async def _target(scope: Scope) -> str:
    """Where an address has moved to; empty where it has not."""
    found = _ADDRESS.fullmatch(scope["path"])
    if found is None:
        return ""
    portal: Portal = scope["app"].state.portal
    try:
        divisions = await portal.registry.divisions()
    except aio.AioRpcError as error:
        _log.warning("not known what has moved", why=error.code().name)
        return ""
    place = divisions.find(found[1])
    if place is None or not place.heir:
        return ""
    rest, query = found[2] or "/", scope["query_string"].decode("latin-1")
    if rest.startswith(_CATALOGUE) and _is_past(place, query):
        return ""
    heir = divisions.find(place.heir)
    slug = heir.slug if heir else place.heir
    quoted = scope.get("raw_path", scope["path"].encode()).decode("latin-1").partition("?")[0]
    return f"/{slug}{quoted[len(found[1]) + 1 :] or '/'}" + (f"?{query}" if query else "")


def _is_past(place: Place, query: str) -> bool:
    """Whether an edition is asked for, or a day on which the division was there."""
    asked = parse_qs(query)
    day = asked.get("on", [""])[0]
    return "edition" in asked or bool(day and day < place.ended_on)
