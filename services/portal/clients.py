"""Calls in a person's name: their token instead of the portal's; and what a failed call means for a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final

import grpc
from grpc import aio
from starlette.requests import Request

from gongkai.refusal import Reason
from gongkai.security.permissions import Staff
from gongkai.serving.channels import STREAM_DEADLINE, UNARY_DEADLINE
from gongkai.serving.errors import is_unavailable, reasons_of
from gongkai.serving.settings import Settings

AUDIENCES: Final = ("publishing", "requests", "notify", "catalog")
"""The services a person of the staff calls through the pages."""
_V6_NETWORK: Final = 64
"""Bits of an IPv6 address that belong to one reader: the rest they choose themselves."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody of the staff who is logged in."""

    staff: Staff
    tokens: Mapping[str, str]
    """Audience → a token of at most five minutes."""
    session: str
    """The secret of the cookie: what the form tokens hang on. Never shown."""
    organ_name: str = ""
    expires_at: str = ""
    """UTC, ISO 8601."""
    must_change_password: bool = False


class Bound:
    """A stub whose every call carries one person's token and a deadline."""

    def __init__(self, stub: object, token: str) -> None:
        self._stub = stub
        self._metadata = (("authorization", f"Bearer {token}"),)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a generated stub's method
        method = getattr(self._stub, name)
        streams = isinstance(method, aio.UnaryStreamMultiCallable | aio.StreamUnaryMultiCallable)
        usual = STREAM_DEADLINE if streams else UNARY_DEADLINE

        def call(request: Any, *, timeout: float = usual) -> Any:  # noqa: ANN401 - grpcio's own name
            return method(request, timeout=timeout, metadata=self._metadata)

        return call


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a form was not accepted, for the page that shows it again with its input."""

    status: int
    reasons: tuple[Reason, ...]

    def of(self, field: str) -> list[Reason]:
        """The reasons about one field."""
        return [reason for reason in self.reasons if reason.field == field]


_PROBLEMS: Final = {
    grpc.StatusCode.INVALID_ARGUMENT: (422, "有一处写法不合要求，请改正后再提交。"),
    grpc.StatusCode.FAILED_PRECONDITION: (422, "现在还不能这样做，请按提示改正后再提交。"),
    grpc.StatusCode.NOT_FOUND: (404, "没有找到要办理的内容：它可能已经不在，或者不归您办理。"),
    grpc.StatusCode.PERMISSION_DENIED: (403, "您的角色不能这样做。需要办理的，请找本单位有相应角色的同事，或者请管理员调整。"),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (429, "尝试次数过多，请过一会儿再试。"),
    grpc.StatusCode.ABORTED: (409, "没有保存：别人刚改过这一处。您写的还在下面，请核对后再提交。"),
}  # fmt: skip
_AWAY: Final = "没有办成：办理这件事的系统没有及时回应。您填的内容还在，请过一分钟再提交一次，不会重复办理。"


def problem_of(error: aio.AioRpcError) -> Problem:
    """What to tell at the form whose call failed, so that it can be shown again with its input.

    Raises:
        AioRpcError: it is nobody's input that is at fault (a fault of ours, a token that is no longer good).
    """
    if is_unavailable(error):
        return Problem(503, (Reason("unavailable", _AWAY),))
    if error.code() not in _PROBLEMS:
        raise error
    status, usual = _PROBLEMS[error.code()]
    told = () if error.code() is grpc.StatusCode.ABORTED else reasons_of(error)
    return Problem(status, told or (Reason(error.code().name.lower(), usual),))


def client_of(request: Request, settings: Settings) -> str:
    """The reader's network address: the socket's, or what trusted proxies say stands before them.

    An IPv6 address is cut to its network of 64 bits. Empty where the server knows no address (a Unix socket).
    """
    here = _address(request.client.host if request.client else "")
    named = [part for line in request.headers.getlist("x-forwarded-for") for part in line.split(",")]
    while here is not None and named and any(here in network for network in settings.trusted_proxies):
        before = _address(named.pop())
        if before is None:
            break
        here = before
    if isinstance(here, IPv6Address):
        return str(ip_network((here, _V6_NETWORK), strict=False).network_address)
    return str(here) if here else ""


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address as proxies write it: with or without a port, in brackets or not."""
    plain = text.strip()
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        found = ip_address(plain)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
