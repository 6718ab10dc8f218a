"""How content is encrypted: AES-256-GCM, a key a content, the key itself under the master key.

An object is ``version (1 byte) | nonce (12) | ciphertext | tag (16)``. Its digest is checked after decryption, and its
key is bound to the digest, so that an object cannot be passed off as another. A wrapped key is
``nonce (12) | ciphertext | tag (16)``.
"""

from __future__ import annotations

import hashlib
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import GCM

from gongkai.security.keys import derive

VERSION: Final = b"\x01"
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
PURPOSE: Final = b"content"


class ContentDamaged(Exception):
    """Stored bytes are not what was stored: altered, truncated, or under another master key."""

    def __init__(self, digest: str) -> None:
        self.digest = digest
        super().__init__(digest)


class Sealer:
    """Wraps and unwraps the keys of contents."""

    def __init__(self, master: bytes) -> None:
        self._wrapping = AESGCM(derive(master, PURPOSE))

    def wrap(self, key: bytes, digest: str) -> bytes:
        """Return ``key`` under the master key, bound to the digest."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, digest.encode())

    def unwrap(self, wrapped: bytes, digest: str) -> bytes:
        """Return the content's key.

        Raises:
            ContentDamaged: it was not wrapped by this master key for this digest.
        """
        try:
            return self._wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], digest.encode())
        except InvalidTag as error:
            raise ContentDamaged(digest) from error


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of ``data``, 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def seal(key: bytes, data: bytes) -> bytes:
    """Return the object that holds ``data``."""
    nonce = os.urandom(NONCE_BYTES)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, data, VERSION)


def unseal(key: bytes, sealed: bytes, digest: str) -> bytes:
    """Return what an object holds.

    Raises:
        ContentDamaged: the object was altered, or its bytes do not have this digest.
    """
    start = len(VERSION)
    nonce, body = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
    try:
        data = AESGCM(key).decrypt(nonce, body, sealed[:start])
    except (InvalidTag, ValueError) as error:
        raise ContentDamaged(digest) from error
    if digest_of(data) != digest:
        raise ContentDamaged(digest)
    return data


class StreamSealer:
    """Makes the same object piece by piece, for bytes that come over a wire."""

    def __init__(self) -> None:
        self.key = AESGCM.generate_key(256)
        self.size = 0
        self._nonce = os.urandom(NONCE_BYTES)
        self._encryptor = Cipher(AES(self.key), GCM(self._nonce)).encryptor()
        self._encryptor.authenticate_additional_data(VERSION)
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        """The digest of what has come so far."""
        return self._hash.hexdigest()

    def head(self) -> bytes:
        """Return what an object begins with."""
        return VERSION + self._nonce

    def update(self, piece: bytes) -> bytes:
        """Return ``piece``, sealed."""
        self.size += len(piece)
        self._hash.update(piece)
        return self._encryptor.update(piece)

    def tail(self) -> bytes:
        """Return what the object ends with; nothing can be added after it."""
        return self._encryptor.finalize() + self._encryptor.tag
