"""Alibaba Cloud's request signature V3, ACS3-HMAC-SHA256, from the side that checks it.

Written from the provider's page "V3版本请求体&签名机制" (help.aliyun.com, document 2593177; in English "Request syntax and
signature method V3") and tested with the fixed parameter values published there.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

ALGORITHM: Final = "ACS3-HMAC-SHA256"
WINDOW: Final = timedelta(minutes=15)
"""How far ``x-acs-date`` may lie from the provider's clock."""
AUTHORIZATION: Final = re.compile(
    rf"{ALGORITHM} Credential=(?P<key_id>[^,]+),\s*SignedHeaders=(?P<signed>[^,]+),\s*Signature=(?P<signature>[0-9a-f]+)"
)
REQUIRED: Final = frozenset(
    {"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"}
)


@dataclass(frozen=True, slots=True)
class Request:
    """What of an HTTP request is signed. Header names in lower case; query values decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes


class Denied(Exception):
    """The request is not let in; ``code`` and ``message`` are the provider's, ``status`` its HTTP status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(code)


def encode(text: str) -> str:
    """Encode for the canonical request: RFC 3986, so a space is %20, ``*`` is %2A and ``~`` stays."""
    return quote(text, safe="~")


def canonical_request(request: Request, signed: Iterable[str]) -> str:
    """Return CanonicalRequest for these signed headers."""
    names = sorted(signed)
    query = "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(request.query))
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    payload = hashlib.sha256(request.body).hexdigest()
    return "\n".join((request.method, request.path or "/", query, headers, ";".join(names), payload))


def signature(secret: str, canonical: str) -> str:
    """Return HexEncode(HMAC-SHA256(secret, StringToSign))."""
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def check(request: Request, key_id: str, secret: str, now: datetime) -> str:
    """Check who sent the request, that it is whole, and that it is fresh.

    Returns:
        Its nonce; that it was not used before is for the caller to know.

    Raises:
        Denied: with the provider's documented code.
    """
    match = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise Denied(400, "MissingParameter", "Authorization is mandatory for this action.")
    if match["key_id"] != key_id:
        raise Denied(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    signed = match["signed"].split(";")
    present = {name for name in request.headers if name == "host" or name.startswith("x-acs-")}
    if unsigned := sorted((present | REQUIRED) - set(signed)):
        raise Denied(400, "IncompleteSignature", f"These headers must be signed: {', '.join(unsigned)}")
    if missing := sorted(name for name in REQUIRED if not request.headers.get(name)):
        raise Denied(400, "MissingParameter", f"{', '.join(missing)} is mandatory for this action.")
    expected = signature(secret, canonical_request(request, signed))
    body_hash = hashlib.sha256(request.body).hexdigest()
    if (
        not hmac.compare_digest(expected, match["signature"])
        or request.headers["x-acs-content-sha256"] != body_hash
    ):
        message = "Specified signature does not match our calculation."
        raise Denied(400, "SignatureDoesNotMatch", message)
    if abs(now - _date(request.headers["x-acs-date"])) > WINDOW:
        raise Denied(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
    return request.headers["x-acs-signature-nonce"]


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise Denied(
            400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."
        ) from None


class Nonces:
    """Which nonces were used while their requests could still be replayed; forgotten when the gateway ends."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime] = {}

    def use(self, nonce: str, now: datetime) -> None:
        """Remember ``nonce``.

        Raises:
            Denied: it was used before.
        """
        if nonce in self._seen:
            raise Denied(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
        self._seen[nonce] = now
        for old, at in list(
            self._seen.items()
        ):  # insertion order is time order: stops at the first young one
            if now - at <= 2 * WINDOW:
                break
            del self._seen[old]
