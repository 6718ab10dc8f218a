"""Passwords of the staff: which may be chosen, how one is made up, and how it is kept (argon2id, RFC 9106).

A password is never logged, never put into an event and never compared in clear. Hashing takes tens of milliseconds of
a core and 19 MiB on purpose: it is done two at a time in threads that give way to the rest of the process, and who would
wait too long is turned away at the door, so that a flood of logins costs the service neither its memory nor its other
answers.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gongkai.refusal import Reason
from gongkai.serving.errors import Unavailable

SHORTEST: Final = 10
LONGEST: Final = 200
"""Characters. More would only make hashing cost more."""
AT_ONCE: Final = 2
WAITING: Final = 20
"""Who may wait for their turn; at about 30 ms each, a third of a second's worth."""
PASSES: Final = 2
KIBIBYTES: Final = 19 * 1024
LANES: Final = 1
"""argon2id as OWASP's Password Storage Cheat Sheet asks at least. More lanes would take the cores of other answers.
Whoever raises them changes these numbers: a hash made with others is made anew at its owner's next login."""
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
    """Hashes and verifies, off the event loop, a few at a time.

    Whoever is about to do so first comes in by ``admitted()``, before any other work is done for them.
    """

    def __init__(
        self, hasher: PasswordHasher | None = None, *, at_once: int = AT_ONCE, waiting: int = WAITING
    ) -> None:
        self._hasher = hasher or PasswordHasher(PASSES, KIBIBYTES, LANES)
        # a pool of its own: a call that is broken off leaves its thread working, and must not make room for another
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="argon2", initializer=_give_way)
        self._most = at_once + waiting
        self._present = 0
        self._nobodys = self._hasher.hash(secrets.token_urlsafe())
        """Verified where there is no hash, so that an unknown login takes as long as a wrong password."""

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Be one of those who have a password hashed or verified.

        Raises:
            Unavailable: too many are.
        """
        if self._present >= self._most:
            raise Unavailable(BUSY)
        self._present += 1
        try:
            yield
        finally:
            self._present -= 1

    async def hash(self, password: str) -> str:
        """Return the hash to keep."""
        return await self._in_turn(lambda: self._hasher.hash(password))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Tell whether ``password`` is the one of the hash; ``None`` is nobody's, and takes the same work."""
        return await self._in_turn(lambda: self._is_right(kept or self._nobodys, password)) and bool(kept)

    def is_dated(self, kept: str) -> bool:
        """Tell whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(kept)

    def _is_right(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


def _give_way() -> None:
    """Let this thread have what the others leave; where a system cannot do that for one thread, nothing changes."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
