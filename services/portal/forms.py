"""Forms that were sent: read within bounds, and only if they are ours; the answer to a good one is a redirect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.portal.csrf import fits, from_here
from services.portal.pages import query
from services.portal.portal import portal_of

KIB: Final = 1024
MIB: Final = 1024 * KIB
MOST_BYTES: Final = MIB
MOST_FIELDS: Final = 500
_DRAINED: Final = 64 * MIB
"""Bytes of an upload that is too large which are still taken in: a browser shows no answer before it has sent."""
_OPEN: Final = "portal.forms"
_MARKS: Final = frozenset({"csrf", "command_id"})


class FormRefused(Exception):
    """The form was not taken; nothing was done. ``why`` is a key of ``failures.FORMS``."""

    def __init__(self, why: str, kept: Sequence[tuple[str, str]] = ()) -> None:
        self.why = why
        self.kept = tuple(kept)
        """What was typed, where it may be offered to be sent again."""
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Form:
    """A form of ours, as it was filled in."""

    fields: Sequence[tuple[str, str]]
    uploads: Mapping[str, Sequence[UploadFile]]
    command_id: str
    """Made when the form was shown: sent twice, it changes nothing the second time."""

    def text(self, name: str, default: str = "") -> str:
        """A field without space around it; lines end in one way; the last where several have the name."""
        found = [value for key, value in self.fields if key == name]
        return found[-1].strip() if found else default

    def secret(self, name: str) -> str:
        """A password, to the letter."""
        return next((value for key, value in self.fields if key == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a field with several (checkboxes), each once."""
        return list(dict.fromkeys(value.strip() for key, value in self.fields if key == name))

    def files(self, name: str) -> list[UploadFile]:
        """The files chosen in a field; an empty choice is none."""
        return [one for one in self.uploads.get(name, ()) if one.filename]

    @property
    def values(self) -> dict[str, str]:
        """Every field's text, to show the form again as it was filled in."""
        return {name: self.text(name) for name, _ in self.fields if name not in _MARKS}


async def read_form(
    request: Request, *, most_files: int = 0, most_bytes: int = MOST_BYTES, most_fields: int = MOST_FIELDS
) -> Form:
    """Read a form that one of our own pages sent for this reader.

    Args:
        request: a POST, urlencoded or multipart.
        most_files: how many files it may have.
        most_bytes: how large it may be as a whole.
        most_fields: how many fields it may have.

    Raises:
        FormRefused: it is not ours, too large, or cannot be read; nothing may be done.
    """
    if not from_here(request, portal_of(request).settings):
        raise FormRefused("origin")
    data = await _parse(request, most_files, most_bytes, most_fields)
    fields = [(name, _clean(value)) for name, value in data.multi_items() if isinstance(value, str)]
    request.state.typed = _kept(fields)
    marks = dict(fields)
    if not fits(request, marks.get("csrf", "")):
        raise FormRefused("token", request.state.typed)
    uploads: dict[str, list[UploadFile]] = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            uploads.setdefault(name, []).append(value)
    return Form(fields, uploads, _command_id(marks.get("command_id", "")))


async def kept_input(request: Request) -> Sequence[tuple[str, str]]:
    """What somebody typed whose form cannot be taken now, so that it is not lost. Nothing of it is acted upon."""
    typed: Sequence[tuple[str, str]] | None = getattr(request.state, "typed", None)
    if typed is not None or request.method != "POST":
        return typed or ()
    if not from_here(request, portal_of(request).settings):
        return ()
    try:
        data = await _parse(request, 20, 64 * MIB)
    except FormRefused:
        return ()
    return _kept([(name, _clean(value)) for name, value in data.multi_items() if isinstance(value, str)])


def redirect(path: str, **parameters: str) -> Response:
    """Send the browser on after a form was taken (303): reloading the page it sees sends nothing again.

    Args:
        path: an address of ours.
        parameters: added to it; ``done`` is a code of ``notices.DONE``.
    """
    answer = RedirectResponse(f"{path}{query(parameters)}", status_code=303)
    answer.headers["Cache-Control"] = "no-store"
    return answer


class ClosesForms:
    """Closes the files of forms when the answer is given."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, then close."""
        opened: list[FormData] = []
        scope[_OPEN] = opened
        try:
            await self._app(scope, receive, send)
        finally:
            for data in opened:
                await data.close()


class _TooLarge(Exception):
    """More bytes came than the limit."""


class _Counted:
    """Receives a body up to a limit."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self.seen = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self.seen += len(message.get("body", b""))
        if self.seen > self._most:
            raise _TooLarge
        return message


async def _parse(
    request: Request, most_files: int, most_bytes: int, most_fields: int = MOST_FIELDS
) -> FormData:
    counted = _Counted(request.receive, most_bytes)
    try:
        data = await Request(request.scope, counted).form(
            max_files=most_files, max_fields=most_fields, max_part_size=most_bytes
        )
    except _TooLarge as error:
        await _drain(request)
        raise FormRefused("too-large") from error
    except (HTTPException, ClientDisconnect, ValueError) as error:
        raise FormRefused("unreadable") from error
    request.scope.get(_OPEN, []).append(data)
    return data


async def _drain(request: Request) -> None:
    counted = _Counted(request.receive, _DRAINED)
    more = True
    try:
        while more:
            message = await counted()
            more = message["type"] == "http.request" and bool(message.get("more_body"))
    except _TooLarge:
        return


def _clean(text: str) -> str:
    """Text as it can be stored: no NUL, lines end in one way."""
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def _kept(fields: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    secret = any("password" in name for name, _ in fields)
    return () if secret else [(name, value) for name, value in fields if name not in _MARKS]


def _command_id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError as error:
        raise FormRefused("unreadable") from error
