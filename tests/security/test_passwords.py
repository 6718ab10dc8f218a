"""Which passwords may be chosen, and how they are kept."""

from __future__ import annotations

import asyncio

import pytest
from argon2 import PasswordHasher

from gongkai.security.passwords import COMMONEST, SHORTEST, Passwords, faults, make_password
from gongkai.serving.errors import Unavailable

QUICK = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)


@pytest.mark.domain
@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("short", ["password.short"]),
        ("一句容易记住的话就很好", []),
        ("correct horse battery", []),
        ("1q2w3e4r5T", ["password.common"]),
        ("aaaaaaaaaaaa", ["password.common"]),
        ("bianji", ["password.short", "password.login"]),
        ("BianJi-2026-ok", ["password.login"]),
        ("x1y2" * 51, ["password.long"]),
        ("", ["password.short", "password.common"]),
    ],
)
def test_every_broken_rule_is_told(password: str, codes: list[str]) -> None:
    """A chosen password is refused with all reasons at once; length is what counts, not kinds of characters."""
    assert [reason.code for reason in faults(password, "bianji")] == codes


@pytest.mark.domain
def test_the_list_of_the_commonest_holds_none_that_is_refused_anyway() -> None:
    """The list is small because the rule of length keeps most of it out."""
    assert all(len(one) >= SHORTEST and one == one.casefold() for one in COMMONEST)


@pytest.mark.domain
def test_made_passwords_keep_the_policy_and_differ() -> None:
    """What is made up may be used as it is."""
    made = {make_password() for _ in range(50)}
    assert len(made) == 50
    assert all(not list(faults(one, "bianji")) and len(one) == 19 for one in made)


async def test_a_kept_password_is_known_again_and_nothing_else_is() -> None:
    """argon2id, salted; a wrong one, a damaged hash and nobody's hash are all just wrong."""
    passwords = Passwords()
    kept = await passwords.hash("correct horse battery")

    assert kept.startswith("$argon2id$")
    assert not passwords.is_dated(kept)
    assert await passwords.verify(kept, "correct horse battery")
    assert not await passwords.verify(kept, "correct horse batterz")
    assert not await passwords.verify("$argon2id$damaged", "correct horse battery")
    assert not await passwords.verify(None, "correct horse battery")
    assert Passwords(QUICK).is_dated(kept)


async def test_a_flood_is_turned_away_and_the_loop_goes_on() -> None:
    """Only so many wait for their turn; the others are told to come back, and everybody admitted is answered."""
    passwords = Passwords(QUICK, at_once=2, waiting=6)

    async def log_in(number: int) -> bool:
        with passwords.admitted():
            return await passwords.verify(None, str(number))

    answers = await asyncio.gather(*(log_in(number) for number in range(50)), return_exceptions=True)

    assert sum(answer is False for answer in answers) == 8
    assert sum(isinstance(answer, Unavailable) for answer in answers) == 42
    assert await passwords.verify(await passwords.hash("x"), "x")
