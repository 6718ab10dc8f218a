"""NATS keys and signed claims: the few lines of the nkey and JWT formats the platform needs.

Source: NATS JWT library v2 (header ``ed25519-nkey``; ``jti``: base32 SHA-512/256 of the claims without it).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from enum import IntEnum
from pathlib import Path
from typing import cast

import nkeys

_HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}

Claims = dict[str, object]
"""A JWT's claims as JSON."""


class Role(IntEnum):
    """What a key stands for; the first letter of its public form."""

    OPERATOR = nkeys.PREFIX_BYTE_OPERATOR
    ACCOUNT = nkeys.PREFIX_BYTE_ACCOUNT
    USER = nkeys.PREFIX_BYTE_USER


class SigningPair:
    """An Ed25519 key pair in the nkey text form."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self._pair = nkeys.from_seed(bytearray(seed.encode()))
        self.public: str = self._pair.public_key.decode()

    @classmethod
    def create(cls, role: Role) -> SigningPair:
        """A new random key of ``role``."""
        return cls(nkeys.encode_seed(secrets.token_bytes(32), int(role)).decode())

    def sign(self, data: bytes) -> bytes:
        """The 64-byte Ed25519 signature."""
        return cast("bytes", self._pair.sign(data))


def sign_claims(signer: SigningPair, *, name: str, subject: str, nats: Claims, issued_at: int) -> str:
    """A NATS JWT: ``signer`` says that ``subject`` (a public key) is ``name`` with the claims ``nats``.

    Args:
        signer: the operator for accounts, the account or its signing key for users.
        name: shown in logs and server lists.
        subject: public nkey the claims are about.
        nats: the ``nats`` object, with ``type`` and ``version``.
        issued_at: Unix seconds; servers keep the claims with the later one.
    """
    claims: Claims = {"iat": issued_at, "iss": signer.public, "name": name, "sub": subject, "nats": nats}
    digest = hashlib.new("sha512_256", _json(claims)).digest()
    claims["jti"] = base64.b32encode(digest).decode().rstrip("=")
    signed = f"{_base64url(_json(_HEADER))}.{_base64url(_json(claims))}"
    return f"{signed}.{_base64url(signer.sign(signed.encode()))}"


def read_claims(jwt: str) -> Claims:
    """The claims of a JWT of our own making; the signature is not checked."""
    body = jwt.split(".")[1]
    return cast("Claims", json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


def write_secret(path: Path, text: str) -> None:
    """Write ``text`` so that only the owner can read it, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f"{path.name}.new{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="ascii")
    fresh.replace(path)


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
