"""What only the holder of the service's key can make: codes, the links that leave, the marks of addresses.

Nothing of it is stored but marks. A code or a link is made anew from the id it belongs to whenever it is needed, so
whoever reads the database learns neither.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

CODE_DIGITS: Final = 6
_PROOF_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Secrets:
    """The service's key for all of these; each use is kept apart by a word of its own."""

    key: bytes

    def code(self, subscription_id: str, draw: int) -> str:
        """The six digits that confirm a subscription; ``draw`` gives another one where the first is in use."""
        digest = self._digest("code", f"{subscription_id}:{draw}")
        return f"{int.from_bytes(digest[:8]) % 10**CODE_DIGITS:0{CODE_DIGITS}}"

    def is_code(self, subscription_id: str, draw: int, given: str) -> bool:
        """Compare a code in constant time."""
        return hmac.compare_digest(self.code(subscription_id, draw).encode(), given.strip().encode())

    def code_mark(self, code: str) -> str:
        """By what a code sent to the official account is found again."""
        return self._digest("wechat-code", code).hex()

    def address_mark(self, channel: str, address: str) -> str:
        """By what two subscriptions of one address are known; forgotten with the address."""
        return self._digest("address", f"{channel}:{address}").hex()

    def leave_token(self, subscription_id: str) -> str:
        """What a link carries that ends the subscription: its id and a proof that we made the link."""
        identity = UUID(subscription_id).bytes
        return base64.urlsafe_b64encode(identity + self._proof(identity)).decode().rstrip("=")

    def subscription_of(self, leave_token: str) -> str | None:
        """The subscription a link belongs to; None for one that we did not make."""
        try:
            raw = base64.urlsafe_b64decode(leave_token.strip() + "=" * (-len(leave_token.strip()) % 4))
        except ValueError:
            return None
        identity, proof = raw[:16], raw[16:]
        if len(identity) < _PROOF_BYTES or not hmac.compare_digest(proof, self._proof(identity)):
            return None
        return str(UUID(bytes=identity))

    def _proof(self, identity: bytes) -> bytes:
        return self._digest("leave", identity.hex())[:_PROOF_BYTES]

    def _digest(self, use: str, text: str) -> bytes:
        return hmac.digest(self.key, f"{use}\0{text}".encode(), sha256)
