"""Replacing a holder's key while tokens of the old one are under way, and retiring the old one when none can be.

The order of the three files makes every moment of it safe: first the old public key is kept as the previous one, then
verifiers learn the new one, and only then does the signer get it. A rotation that was broken off is finished by the
next one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gongkai.security import keys
from gongkai.security.keys import OPERATOR, PREVIOUS, KeyFault

LAST_TOKENS: Final = timedelta(minutes=6)
"""Tokens of the old key are good for five minutes, and clocks may differ by half a one."""


class NotYet(KeyFault):
    """The previous key may still be needed."""


def holders(folder: Path) -> list[str]:
    """Return who has a key: the operator and the services, by name."""
    services = sorted(path.stem for path in (folder / "services").glob("*.key"))
    return [*([OPERATOR] if (folder / f"{OPERATOR}.key").exists() else []), *services]


def rotate(folder: Path, holder: str) -> str:
    """Give a holder another key; tokens of the one before stay good until it is retired.

    Returns:
        The new key's id, as tokens carry it.

    Raises:
        KeyFault: there is no such key.
        NotYet: the key before the last rotation is not retired yet: a third one would shut out tokens of the first.
    """
    stem = keys.stem(folder, holder)
    present = keys.private_key(folder, holder).public_key()
    previous = stem.with_suffix(PREVIOUS)
    kept = keys.public_pem(present)
    if previous.exists() and previous.read_bytes() != kept:
        raise NotYet(f"{previous} is not retired yet")
    fresh = Ed25519PrivateKey.generate()
    keys.replace(previous, kept, mode=0o644)
    keys.replace(stem.with_suffix(".pub"), keys.public_pem(fresh.public_key()), mode=0o644)
    keys.replace(stem.with_suffix(".key"), keys.private_pem(fresh))
    return keys.key_id(fresh.public_key())


def waiting(folder: Path) -> Iterator[tuple[str, Path]]:
    """Give each holder whose previous key is not retired, with its file."""
    for holder in holders(folder):
        path = keys.stem(folder, holder).with_suffix(PREVIOUS)
        if path.exists():
            yield holder, path


def retire(folder: Path, holder: str, now: datetime, *, at_once: bool = False) -> bool:
    """Forget a holder's previous key; tells whether there was one.

    Args:
        folder: of the keys.
        holder: whose.
        now: the present, in UTC.
        at_once: even if tokens of it may be under way: it has become known to somebody.

    Raises:
        NotYet: tokens of it may be under way.
    """
    path = keys.stem(folder, holder).with_suffix(PREVIOUS)
    if not path.exists():
        return False
    signing = keys.stem(folder, holder).with_suffix(".key").stat().st_mtime
    if not at_once and now.timestamp() - signing < LAST_TOKENS.total_seconds():
        raise NotYet(f"{path}: tokens of it may be under way")
    if path.read_bytes() == keys.public_pem(keys.private_key(folder, holder).public_key()):
        raise NotYet(f"{path} is the key in use: a rotation was broken off")
    path.unlink()
    return True
