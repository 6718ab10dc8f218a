"""Who is calling: short-lived tokens (JWT, EdDSA), each for one audience.

A token names its key (``kid``). A holder is known by its present key and by the one before until that is retired, so
that a key can be replaced while tokens are under way; a token that names none (of a release before this one) is tried
with both.

Services and the operator sign with their key file and are known by its public half. Tokens of the staff are signed by
catalog, for a session it has opened. An organ signs with the seed of its NATS user, so that one credential serves NATS and
HTTP alike; it is known if its key is among the organ's ``credential_keys`` in force.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

import jwt
import nkeys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gongkai.security import keys
from gongkai.security.permissions import Grant, Role, Staff
from gongkai.serving.clock import Clock, Ids, new_id, utc_now

LONGEST: Final = timedelta(minutes=5)
RENEW_BEFORE: Final = timedelta(minutes=1)
STAFF_ISSUER: Final = "catalog"
"""The service whose key signs the tokens of the staff."""
SKEW: Final = timedelta(seconds=30)
"""How far the clocks of two machines may differ."""

_KEPT: Final = 512
"""Tokens whose signature need not be verified again: one a caller and audience at a time."""
_MOST_CHARACTERS: Final = 16_384
"""Of a token: the header of a call holds no more. Anybody can send some, so that little is kept of them."""

KeySource = Callable[[], Ed25519PrivateKey]
"""Gives the key to sign with as it is now: ``keys.KeyFile``."""
Kind = Literal["service", "operator", "organ", "staff"]
OrganKeys = Callable[[str], Awaitable[Collection[str]]]
"""Gives the public NATS user keys in force of an organ code; none for an unknown organ."""


class TokenRefused(Exception):
    """The token proves nothing. ``why`` is for the log, not for the caller."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a call comes from."""

    kind: Kind
    name: str
    """Service name, ``operator``, organ code, or the opaque id of one of the staff."""
    staff: Staff | None = field(default=None, compare=False)
    """Who it is and what they hold, for a caller of kind ``staff``."""

    def __str__(self) -> str:
        return self.name if self.kind == "operator" else f"{self.kind}:{self.name}"


def issue(
    key: Ed25519PrivateKey,
    *,
    caller: Caller,
    audience: str,
    ttl: timedelta = LONGEST,
    clock: Clock = utc_now,
    ids: Ids = new_id,
    subject: str = "",
    facts: Mapping[str, object] = MappingProxyType({}),
) -> str:
    """Return a token that says ``caller`` to ``audience``.

    Args:
        key: the caller's private key.
        caller: who the token speaks for.
        audience: the one service it is for.
        ttl: how long it is good; at most five minutes.
        clock: the present.
        ids: gives the token's id.
        subject: an organ's public NATS user key; for others the caller.
        facts: further claims.

    Raises:
        ValueError: ``ttl`` is too long.
    """
    if not timedelta() < ttl <= LONGEST:
        raise ValueError("a token is good for five minutes at most")
    now = clock()
    claims = {
        "iss": f"{caller.kind}:{caller.name}",
        "sub": subject or str(caller),
        "aud": audience,
        "iat": now,
        "exp": now + ttl,
        "jti": str(ids()),
        **facts,
    }
    return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": keys.key_id(key.public_key())})


def issue_staff(
    key: Ed25519PrivateKey,
    *,
    staff: Staff,
    audience: str,
    ttl: timedelta = LONGEST,
    clock: Clock = utc_now,
    ids: Ids = new_id,
) -> str:
    """Return a token, signed by catalog, that says one of the staff to ``audience``.

    Raises:
        ValueError: ``ttl`` is too long.
    """
    held = [[grant.role.value, grant.organ, grant.division] for grant in staff.grants]
    facts = {"name": staff.name, "post": staff.post, "organ": staff.organ, "grants": held}
    caller = Caller("staff", staff.id, staff)
    return issue(key, caller=caller, audience=audience, ttl=ttl, clock=clock, ids=ids, facts=facts)


class Verifier:
    """Checks tokens made for one audience."""

    def __init__(
        self, audience: str, folder: Path, *, organ_keys: OrganKeys | None = None, clock: Clock = utc_now
    ) -> None:
        """Take the audience (this service), the folder of public keys, and where organs' keys come from."""
        self._audience = audience
        self._folder = folder
        self._organ_keys = organ_keys
        self._clock = clock

    async def verify(self, token: str) -> Caller:
        """Return who signed the token.

        Raises:
            TokenRefused: it is malformed, expired, for another audience, or signed by nobody known.
        """
        try:
            if len(token) > _MOST_CHARACTERS:
                raise TokenRefused("longer than a call can bring")
            issuer, subject, named = _unverified(token)
            kind, _, name = issuer.partition(":")
            known = await self._keys(kind, name, subject)
            # an organ signs by its own means, with whatever key id these give; it is known by its key itself
            key = known[0] if kind == "organ" else _signing(token, named, known)
            claims = _verified(token, key.public_bytes_raw(), self._audience)
        except jwt.PyJWTError as error:
            raise TokenRefused(type(error).__name__) from error
        self._check_time(claims)
        if kind == "staff":
            return Caller("staff", name, _staff(name, claims))
        return Caller(kind, name)  # type: ignore[arg-type]  # _keys knows no other kinds

    async def _keys(self, kind: str, name: str, subject: str) -> Sequence[Ed25519PublicKey]:
        if kind == "organ" and self._organ_keys is not None:
            if subject not in await self._organ_keys(name):
                raise TokenRefused("the organ's key is not in force")
            return [nats_public_key(subject)]
        if kind == "staff":
            name = STAFF_ISSUER
        if (kind in {"service", "staff"} and name != keys.OPERATOR) or (
            kind == "operator" and name == keys.OPERATOR
        ):
            known = keys.public_keys(self._folder, name)
            if known:
                return known
        raise TokenRefused("nobody known by this name")

    def _check_time(self, claims: Mapping[str, Any]) -> None:
        now = self._clock().timestamp()
        issued, expires = claims["iat"], claims["exp"]
        if not isinstance(issued, int | float) or not isinstance(expires, int | float):
            raise TokenRefused("its times are no numbers")
        if expires - issued > LONGEST.total_seconds():
            raise TokenRefused("it is good for longer than five minutes")
        if now > expires + SKEW.total_seconds() or now < issued - SKEW.total_seconds():
            raise TokenRefused("expired, or not yet good")


# A caller shows one token for minutes. What it says, and that a key has signed it, cannot change; whether that key and
# that time are still good is asked at every call.
@lru_cache(_KEPT)
def _unverified(token: str) -> tuple[str, str, str | None]:
    """Give the issuer and subject a token says, and the id of the key it names; nothing else of it is kept."""
    told = jwt.decode_complete(token, options={"verify_signature": False})
    said = told["payload"]
    return str(said.get("iss", "")), str(said.get("sub", "")), told["header"].get("kid")


@lru_cache(_KEPT)
def _verified(token: str, key: bytes, audience: str) -> Mapping[str, Any]:
    # the clock is ours, so that time can be given in tests: the library's own checks of it are off
    options = {"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "aud", "iss", "jti"]}
    public = Ed25519PublicKey.from_public_bytes(key)
    return MappingProxyType(
        jwt.decode(token, public, algorithms=["EdDSA"], audience=audience, options=options)  # type: ignore[arg-type]
    )


def _signing(token: str, named: str | None, known: Sequence[Ed25519PublicKey]) -> Ed25519PublicKey:
    """Choose the key the token names; where it names none, the one whose signature it bears."""
    for key in known:
        if keys.key_id(key) == named or (named is None and _signed_by(token, key)):
            return key
    raise TokenRefused("its key is not in force")


def _signed_by(token: str, key: Ed25519PublicKey) -> bool:
    try:
        jwt.PyJWS().decode(token, key, algorithms=["EdDSA"])
    except jwt.PyJWTError:
        return False
    return True


def _staff(name: str, claims: Mapping[str, Any]) -> Staff:
    try:
        grants = tuple(Grant(Role(role), organ, division) for role, organ, division in claims["grants"])
        return Staff(name, str(claims["name"]), str(claims["post"]), str(claims["organ"]), grants)
    except (KeyError, TypeError, ValueError) as error:
        raise TokenRefused("it does not say what its bearer holds") from error


class KeyTokens:
    """Tokens of one caller, one an audience at a time, renewed a minute before they end. Is a ``TokenSource``.

    When the key is replaced its tokens are made anew at once, however long they would have been good.
    """

    def __init__(self, key: KeySource, caller: Caller, *, clock: Clock = utc_now, subject: str = "") -> None:
        self._key = key
        self._kept_by: Ed25519PrivateKey | None = None
        self._caller = caller
        self._clock = clock
        self._subject = subject
        self._kept: dict[str, tuple[float, str]] = {}

    def __call__(self, audience: str) -> str:
        """Return a token for ``audience`` that is good for a minute at least."""
        now = self._clock().timestamp()
        key = self._key()
        if key is not self._kept_by:
            self._kept_by, self._kept = key, {}
        until, token = self._kept.get(audience, (0.0, ""))
        if now >= until:
            token = issue(
                key, caller=self._caller, audience=audience, clock=self._clock, subject=self._subject
            )
            self._kept[audience] = (now + (LONGEST - RENEW_BEFORE).total_seconds(), token)
        return token


def service_tokens(folder: Path, service: str) -> KeyTokens:
    """Return the token source of a service."""
    return KeyTokens(keys.KeyFile(folder, service), Caller("service", service))


def operator_tokens(folder: Path) -> KeyTokens:
    """Return the token source of the operator's command line."""
    return KeyTokens(keys.KeyFile(folder, keys.OPERATOR), Caller("operator", keys.OPERATOR))


def organ_tokens(code: str, seed: bytes) -> KeyTokens:
    """Return the token source of an organ, from the seed (``SU…``) in its NATS credentials."""
    pair = nkeys.from_seed(bytearray(seed))
    _, raw = nkeys.decode_seed(bytearray(seed))
    key = Ed25519PrivateKey.from_private_bytes(bytes(raw))
    return KeyTokens(lambda: key, Caller("organ", code), subject=pair.public_key.decode())


def nats_public_key(text: str) -> Ed25519PublicKey:
    """Decode a public NATS user key (``U…``: base32 of prefix, 32 bytes, CRC-16).

    Raises:
        TokenRefused: it is no such key.
    """
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError) as error:
        raise TokenRefused("no NATS key") from error
    body, checksum = raw[:-2], raw[-2:]
    if len(body) != 1 + keys.KEY_BYTES or body[0] != nkeys.PREFIX_BYTE_USER:
        raise TokenRefused("no NATS user key")
    if nkeys.crc16_checksum(bytearray(body)) != checksum:
        raise TokenRefused("a damaged NATS key")
    return Ed25519PublicKey.from_public_bytes(body[1:])
