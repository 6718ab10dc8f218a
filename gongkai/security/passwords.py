"""Passwords of the staff: which may be chosen, how one is made up, and how it is kept (argon2id, RFC 9106).

A password is never logged, never put into an event and never compared in clear. Hashing takes tens of milliseconds and
64 MiB on purpose: it is done in threads, two at a time, and those who would wait too long are turned away, so that a
flood of logins costs the service neither its memory nor its other answers.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from gongkai.refusal import Reason
from gongkai.serving.errors import Unavailable

SHORTEST: Final = 10
LONGEST: Final = 200
"""Characters. More would only make hashing cost more."""
AT_ONCE: Final = 2
WAITING: Final = 40
"""Hashes that may wait for their turn; at about 50 ms each, a second's worth."""
BUSY: Final = Reason("login.busy", "登录请求过多，暂时无法处理，请稍后再试。")

COMMONEST: Final = frozenset(
    [
        "1234567890",
        "0123456789",
        "1234567891",
        "12345678910",
        "0987654321",
        "9876543210",
        "1111111111",
        "0000000000",
        "8888888888",
        "6666666666",
        "1231231231",
        "1122334455",
        "123456789a",
        "a123456789",
        "123456789q",
        "q123456789",
        "aa123456789",
        "abc123456789",
        "1q2w3e4r5t",
        "qwertyuiop",
        "1qaz2wsx3edc",
        "qwer123456",
        "asdf123456",
        "abcd123456",
        "zxcvbnm123",
        "asdfghjkl1",
        "password123",
        "password12",
        "passw0rd123",
        "admin12345",
        "admin123456",
        "administrator",
        "iloveyou1314",
        "woaini1314520",
        "woaini123456",
        "5201314520",
        "1314520520",
        "qq123456789",
        "wang123456",
        "zhang123456",
        "li123456789",
        "suzhou123456",
        "lingbi123456",
        "gongkai123",
        "zhengwu123",
        "abcdefghij",
        "1029384756",
        "q1w2e3r4t5",
    ]
)
"""Of ten characters and more; most others of the lists that guessers use are too short anyway. Lower case."""

_ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"
"""Nothing that is mistaken for something else when it is read out or copied by hand."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the policy: what breaks it, and what is said then."""

    broken: Callable[[str, str], bool]
    """(password, login) → whether."""
    reason: Reason


POLICY: Final = (
    Rule(
        lambda password, _: len(password) < SHORTEST,
        Reason("password.short", f"密码至少 {SHORTEST} 个字符，可以是一句话。", "password"),
    ),
    Rule(
        lambda password, _: len(password) > LONGEST,
        Reason("password.long", f"密码最多 {LONGEST} 个字符。", "password"),
    ),
    Rule(
        lambda password, login: bool(login) and login.casefold() in password.casefold(),
        Reason("password.login", "密码不能包含登录名，请换一个。", "password"),
    ),
    Rule(
        lambda password, _: password.casefold() in COMMONEST or len(set(password)) < 4,  # noqa: PLR2004 - "aaaabbbbcc"
        Reason("password.common", "该密码过于常见或重复，容易被猜中，请换一个。", "password"),
    ),
)
"""What a chosen password must keep. No rule asks for kinds of characters: length is what protects (NIST SP 800-63B)."""


def faults(password: str, login: str) -> Iterator[Reason]:
    """Give every reason why ``password`` cannot be the one of ``login``."""
    return (rule.reason for rule in POLICY if rule.broken(password, login))


def make_password() -> str:
    """Make a password of sixteen characters in groups of four: about 79 bits."""
    letters = [secrets.choice(_ALPHABET) for _ in range(16)]
    return "-".join("".join(letters[start : start + 4]) for start in range(0, 16, 4))


class Passwords:
    """Hashes and verifies, off the event loop, a few at a time."""

    def __init__(
        self, hasher: PasswordHasher | None = None, *, at_once: int = AT_ONCE, waiting: int = WAITING
    ) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        # a pool of its own: a call that is broken off leaves its thread working, and must not make room for another
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="argon2")
        self._most = at_once + waiting
        self._present = 0
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())
        """Verified where there is no hash, so that an unknown login takes as long as a wrong password."""

    async def hash(self, password: str) -> str:
        """Return the hash to keep.

        Raises:
            Unavailable: too many are waiting.
        """
        return await self._take_turn(lambda: self._hasher.hash(password))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Tell whether ``password`` is the one of the hash; ``None`` is nobody's, and takes the same work.

        Raises:
            Unavailable: too many are waiting.
        """
        return await self._take_turn(lambda: self._is_right(kept or self._nobodys, password)) and bool(kept)

    def is_dated(self, kept: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def _is_right(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _take_turn(self, work: Callable[[], T]) -> T:
        if self._present >= self._most:
            raise Unavailable(BUSY)
        self._present += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._present -= 1
