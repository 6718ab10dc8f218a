"""What identity works with, and the limits and marks it works by."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gongkai.eventstore.codec import canonical
from gongkai.eventstore.vault import Vault
from gongkai.security.keys import KeyFile, derive
from gongkai.security.passwords import Passwords, make_password
from gongkai.security.throttle import Limit, Throttle
from gongkai.security.tokens import STAFF_ISSUER
from gongkai.serving.clock import Clock, Ids, new_id, utc_now
from services.catalog.handlers import Office

LOGIN: Final = "login"
CLIENT: Final = "login.client"
"""What attempts are counted under: a login, and the address they come from."""
BY_LOGIN: Final = Limit(10, timedelta(minutes=15))
"""Wrong passwords for one login, from wherever. Whoever knows a login can so keep its owner out for a quarter of an
hour; ten guesses in that time get nowhere with passwords of ten characters."""
BY_CLIENT: Final = Limit(40, timedelta(minutes=15))
"""Wrong passwords from one address. An organ's staff often share one."""


def make_secret() -> str:
    """Make a session's secret: 256 random bits, base64url."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Desk:
    """What identity works with."""

    office: Office
    vault: Vault
    passwords: Passwords
    throttle: Throttle
    signing_key: Callable[[], Ed25519PrivateKey]
    """Catalog's own key as its file holds it now."""
    mark_key: bytes
    clock: Clock
    ids: Ids
    make_password: Callable[[], str] = make_password
    make_secret: Callable[[], str] = make_secret

    def mark(self, command: str, actor: str, asked: Mapping[str, Any]) -> bytes:
        """Give the digest of a command for the ledger.

        It is keyed, for a plain digest of a name or a password can be guessed at; and it covers the actor, so that
        nobody is answered what another asked.
        """
        text = canonical({"command": command, "actor": actor, "asked": dict(asked)})
        return hmac.digest(self.mark_key, text.encode(), sha256)


def open_desk(office: Office, vault: Vault, master: bytes, keys: Path) -> Desk:
    """Put together what identity works with, from the master key and the folder of key files."""
    return Desk(
        office=office,
        vault=vault,
        passwords=Passwords(),
        throttle=Throttle(office.engine, derive(master, b"throttle"), clock=utc_now),
        signing_key=KeyFile(keys, STAFF_ISSUER),
        mark_key=derive(master, b"identity-commands"),
        clock=utc_now,
        ids=new_id,
    )
