"""Key files: one Ed25519 key a service and one for the operator, and the master key that wraps all other keys.

Layout of the folder::

    master.key               32 bytes, base64; wraps content keys and subjects' keys
    operator.key .pub        the operator's command line
    services/<name>.key .pub each service
    *.previous.pub           the public key before the last rotation, until it is retired

Private files are readable by their owner alone. In a cluster each pod gets its own ``.key``, all ``.pub`` files and,
where it keeps content or personal data, ``master.key``.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES: Final = 32
OPERATOR: Final = "operator"
PREVIOUS: Final = ".previous.pub"
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")


Stamp = tuple[int, int, int]
"""What changes when a file is replaced: its inode, size and time of change in nanoseconds."""


class KeyFault(Exception):
    """A key file is missing or is not what it should be; the text names the file, never its content."""


def create_keys(folder: Path, *, services: Iterable[str]) -> None:
    """Create what is missing: the master key, the operator's key and each service's. What exists stays."""
    _private_folder(folder)
    _private_folder(folder / "services")
    _create(folder / "master.key", base64.b64encode(os.urandom(KEY_BYTES)) + b"\n")
    _create_pair(folder / OPERATOR)
    for name in services:
        _create_pair(folder / "services" / _checked(name))


def master_key(folder: Path) -> bytes:
    """Return the 32 bytes of the master key.

    Raises:
        KeyFault: the file is missing or damaged.
    """
    path = folder / "master.key"
    try:
        key = base64.b64decode(_read(path), validate=False)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyFault(f"{path} does not hold a key of {KEY_BYTES} bytes")
    return key


def derive(master: bytes, purpose: bytes) -> bytes:
    """Return the 32-byte key for one purpose (HKDF-SHA256), so that no two uses share a key."""
    return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"gongkai/" + purpose).derive(master)


def private_key(folder: Path, holder: str) -> Ed25519PrivateKey:
    """Return the private key of a service, or of ``operator``.

    Raises:
        KeyFault: the file is missing or damaged.
    """
    path = stem(folder, holder).with_suffix(".key")
    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except ValueError as error:
        raise KeyFault(f"{path} holds no private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFault(f"{path} holds another kind of key than Ed25519")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """Return how a token names the key it is signed with: 16 hex digits of the SHA-256 of its 32 raw bytes."""
    return sha256(key.public_bytes_raw()).hexdigest()[:16]


class KeyFile:
    """A holder's private key as its file holds it now: a replaced file is noticed at the next use."""

    def __init__(self, folder: Path, holder: str) -> None:
        self._path = stem(folder, holder).with_suffix(".key")
        self._folder = folder
        self._holder = holder
        self._kept: tuple[Stamp, Ed25519PrivateKey] | None = None

    def __call__(self) -> Ed25519PrivateKey:
        """Return the key; the same object while the file is the same.

        Raises:
            KeyFault: the file is missing or damaged.
        """
        stamp = self._stamp()
        if self._kept is None or self._kept[0] != stamp:
            self._kept = stamp, private_key(self._folder, self._holder)
        return self._kept[1]

    def _stamp(self) -> Stamp:
        try:
            found = self._path.stat()
        except OSError as error:
            raise KeyFault(f"{self._path} cannot be read: {error.strerror}") from error
        return found.st_ino, found.st_size, found.st_mtime_ns


def public_key(folder: Path, holder: str) -> Ed25519PublicKey | None:
    """Return the public key of a service, or of ``operator``; ``None`` if there is no such holder.

    Raises:
        KeyFault: the file is damaged.
    """
    return _public(folder, holder, ".pub")


def public_keys(folder: Path, holder: str) -> list[Ed25519PublicKey]:
    """Return the public keys by which a holder is known: the present one and, until it is retired, the one before.

    Raises:
        KeyFault: a file is damaged.
    """
    return [key for suffix in (".pub", PREVIOUS) if (key := _public(folder, holder, suffix)) is not None]


def _public(folder: Path, holder: str, suffix: str) -> Ed25519PublicKey | None:
    if not _NAME.fullmatch(holder):
        return None
    path = stem(folder, holder).with_suffix(suffix)
    try:
        key = _loaded(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise KeyFault(f"{path} holds no public key") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFault(f"{path} holds another kind of key than Ed25519")
    return key


@lru_cache(64)
def _loaded(pem: bytes) -> PublicKeyTypes:
    """Load a public key; the file is read at every use, its few bytes are understood once."""
    return serialization.load_pem_public_key(pem)


def private_pem(key: Ed25519PrivateKey) -> bytes:
    """Return a private key as its file holds it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(key: Ed25519PublicKey) -> bytes:
    """Return a public key as its file holds it."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def stem(folder: Path, holder: str) -> Path:
    """Return the path of a holder's key files without their suffix.

    Raises:
        KeyFault: no holder can have that name.
    """
    return folder / OPERATOR if holder == OPERATOR else folder / "services" / _checked(holder)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise KeyFault(f"{name!r} cannot name a key holder")
    return name


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFault(f"{path} cannot be read: {error.strerror}") from error


def _private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _create_pair(stem: Path) -> None:
    key = Ed25519PrivateKey.generate()
    _create(stem.with_suffix(".key"), private_pem(key))
    # read back: another process may have been first
    kept = serialization.load_pem_private_key(_read(stem.with_suffix(".key")), password=None)
    assert isinstance(kept, Ed25519PrivateKey), "we wrote it"
    _create(stem.with_suffix(".pub"), public_pem(kept.public_key()), mode=0o644)


def _create(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file that is complete or absent, and never replaced: linking fails where it exists."""
    if path.exists():
        return
    temporary = _written(path, content, mode)
    try:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink()


def replace(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Put a whole file in the place of another, in one step; readers see the one or the other."""
    _written(path, content, mode).replace(path)


def _written(path: Path, content: bytes, mode: int) -> Path:
    """Write a temporary file beside ``path``; returns it, on disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return temporary
