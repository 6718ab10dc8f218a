"""Who of the staff is asking: the cookie of their session, and what catalog says of it.

The cookie holds an opaque secret of catalog's and nothing else; it is read from the cookie alone. Every login makes a
new one, whatever the browser brought along, and ends the old.
"""

from __future__ import annotations

from typing import Final

import grpc
import structlog
from grpc import aio
from starlette.requests import Request
from starlette.responses import Response

from gongkai.rpc.catalog.v1 import identity_pb2 as pb
from gongkai.security.permissions import Grant, Role, Staff
from gongkai.serving.channels import UNARY_DEADLINE
from services.portal.clients import AUDIENCES, Signed
from services.portal.csrf import https, session_cookie
from services.portal.portal import portal_of

__all__ = ["NotSignedIn", "PasswordDue", "Signed", "keep_session", "log_out", "signed_of", "staff_of"]

LONGEST: Final = 200
"""Characters of a cookie that may be a session."""
_log = structlog.get_logger()


class NotSignedIn(Exception):
    """Nobody is logged in, or no longer: to be answered with the way to log in."""


class PasswordDue(Exception):
    """The person must choose a new password before anything else."""


async def staff_of(request: Request, *, password_due: bool = False) -> Signed:
    """Who is asking, with tokens for the services they call.

    Args:
        request: at an address of the staff.
        password_due: True on the page where the password is changed.

    Raises:
        NotSignedIn: answered with a redirect to the login page (GET), or a page that keeps what was typed (POST).
        PasswordDue: answered with a redirect to the page where it is changed.
        AioRpcError: catalog cannot be asked.
    """
    signed = await signed_of(request)
    if signed is None:
        raise NotSignedIn
    if signed.must_change_password and not password_due:
        raise PasswordDue
    return signed


async def signed_of(request: Request) -> Signed | None:
    """Who is asking; None for nobody.

    Raises:
        AioRpcError: catalog cannot be asked.
    """
    known: Signed | None = getattr(request.state, "signed", None)
    if known is not None:
        return known
    session = request.cookies.get(session_cookie(request), "")
    if not session or len(session) > LONGEST or not session.isascii():
        return None
    asked = pb.OpenSessionRequest(session=session, audiences=AUDIENCES)
    try:
        told = await portal_of(request).offices.identity.OpenSession(asked, timeout=UNARY_DEADLINE)
    except aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNAUTHENTICATED:
            return None
        raise
    signed = Signed(
        _staff(told.staff), dict(told.tokens), session, told.staff.organ_name, told.expires_at, told.must_change_password
    )  # fmt: skip
    request.state.signed = signed
    return signed


def keep_session(request: Request, answer: Response, session: str) -> None:
    """Put a new session into the cookie."""
    answer.set_cookie(
        session_cookie(request), session, path="/", httponly=True, samesite="lax", secure=https(request)
    )


async def log_out(request: Request, answer: Response | None = None) -> None:
    """End the session the browser brought along, if any; with an answer, take its cookie away too."""
    session = request.cookies.get(session_cookie(request), "")
    if session and len(session) <= LONGEST and session.isascii():
        try:
            asked = pb.LogOutRequest(session=session)
            await portal_of(request).offices.identity.LogOut(asked, timeout=UNARY_DEADLINE)
        except aio.AioRpcError as error:
            if answer is not None and error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                raise
            _log.warning("an old session could not be ended", why=error.code().name)
    if answer is not None:
        answer.delete_cookie(
            session_cookie(request), path="/", httponly=True, samesite="lax", secure=https(request)
        )


def _staff(told: pb.Staff) -> Staff:
    roles = {role.value for role in Role}
    grants = tuple(Grant(Role(one.role), one.organ, one.division) for one in told.grants if one.role in roles)
    return Staff(told.id, told.name, told.post, told.organ, grants)
