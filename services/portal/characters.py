"""Addresses with characters that no text may hold."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from services.portal import failures
from services.portal.api import problems

_NUL: Final = "\0"
_SAID: Final = "地址里有一个不能用的空字符，请去掉它再打开"


class RefusesNul:
    """Answers 400 to an address with a NUL: no database keeps one as text, so that it could only fail further in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse it, or pass the request on."""
        if scope["type"] != "http" or (_NUL not in scope["path"] and b"%00" not in scope["query_string"]):
            await self._app(scope, receive, send)
            return
        answers = problems if scope["path"].startswith("/api/v1/") else failures
        answer = await answers.on_http(Request(scope, receive), HTTPException(400, _SAID))
        await answer(scope, receive, send)
