"""Whose form it is: what a form carries so that no other site can have it sent in a reader's name.

A form of the staff carries an HMAC under the secret of the session; a public form, and the one for logging in, the
SHA-256 of a random cookie that no script can read. A login form never hangs on a session: whoever planted one would
know its token. What is written into pages is masked anew each time: pages are compressed, and may repeat what was asked.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from gongkai.serving.settings import Settings

COOKIE: Final = "form"
STAFF: Final = "/staff/"
LOGIN: Final = "/staff/login"
_SECRET_BYTES: Final = 32


def https(request: Request) -> bool:
    """Tell whether the reader came by https (a trusted proxy's word counts)."""
    return request.url.scheme == "https"


def session_cookie(request: Request) -> str:
    """Name of the cookie a session of the staff lies in."""
    return "__Host-session" if https(request) else "session"


def form_cookie(request: Request) -> str:
    """Name of the cookie public forms hang on."""
    return f"__Host-{COOKIE}" if https(request) else COOKIE


def session_of(request: Request) -> str:
    """The secret of the session a form at this address hangs on; empty for public forms."""
    path = request.url.path
    if not path.startswith(STAFF) or path == LOGIN:
        return ""
    return request.cookies.get(session_cookie(request), "")


def token_of(session: str, cookie: str) -> str:
    """The token a form must carry; empty where there is nothing it could hang on."""
    if session:
        return hmac.new(session.encode(), b"csrf", hashlib.sha256).hexdigest()
    return hashlib.sha256(cookie.encode()).hexdigest() if cookie else ""


@dataclass(slots=True)
class FormMarks:
    """What ``m.hidden(form)`` writes into a form. Made for each page; the cookie is set only if a form was written."""

    request: Request
    written: bool = False
    _made: str = ""

    @property
    def command_id(self) -> str:
        """One of its own for each form of the page: two forms are two commands."""
        return str(uuid4())

    @property
    def csrf(self) -> str:
        """The token."""
        self.written = True
        session = session_of(self.request)
        cookie = self.request.cookies.get(form_cookie(self.request), "")
        if not session and not cookie:
            self._made = self._made or secrets.token_urlsafe(_SECRET_BYTES)
            cookie = self._made
        return masked(token_of(session, cookie))

    def finish(self, answer: Response) -> None:
        """Set the cookie the forms of the page hang on; a page with a form is kept by nobody."""
        if not self.written:
            return
        answer.headers["Cache-Control"] = "no-store"
        if self._made:
            answer.set_cookie(
                form_cookie(self.request),
                self._made,
                path="/",
                httponly=True,
                samesite="lax",
                secure=https(self.request),
            )


def fits(request: Request, token: str) -> bool:
    """Tell whether a token is the one of this reader's forms."""
    expected = token_of(session_of(request), request.cookies.get(form_cookie(request), ""))
    return bool(expected) and hmac.compare_digest(expected.encode(), _unmasked(token).encode())


def masked(token: str) -> str:
    """A token as it is written into a page: a random mask, then the token under it."""
    mask = secrets.token_bytes(_SECRET_BYTES)
    return mask.hex() + _under(mask, bytes.fromhex(token)).hex()


def _unmasked(text: str) -> str:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return ""
    return _under(data[:_SECRET_BYTES], data[_SECRET_BYTES:]).hex() if len(data) == 2 * _SECRET_BYTES else ""


def _under(mask: bytes, data: bytes) -> bytes:
    return bytes(one ^ two for one, two in zip(mask, data, strict=True))


def from_here(request: Request, settings: Settings) -> bool:
    """Tell whether the browser says that one of our own pages sent this. One that says nothing is not believed."""
    ours = {_origin(str(request.base_url)), _origin(settings.public_url)} - {""}
    origin = request.headers.get("origin")
    # "null" is also what a page of ours sends that tells nobody where its reader comes from
    if origin not in {None, "null"}:
        return (
            _origin(origin or "") in ours
            and request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
        )
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return _origin(request.headers.get("referer", "")) in ours


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.scheme and parts.netloc else ""
