"""What every reader of this package gives back, and the small things they share."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Read = TypeVar("Read")

_SPACE: Final = re.compile(r"[\s\u200b-\u200d\u2060\ufeff]+")
_LONGEST: Final = 60  # characters of a row's words that a flag repeats


@dataclass(frozen=True, slots=True)
class Reading(Generic[Read]):
    """What was read of one column, in its order, and a Chinese sentence for each piece that was not."""

    found: tuple[Read, ...] = ()
    flags: tuple[str, ...] = ()


def plain(text: str) -> str:
    """Drop spaces and invisible characters, and write full-width digits and letters in half width.

    Punctuation stays as it is written: ``；`` separates, ``;`` may stand in an address.
    """
    return _SPACE.sub("", "".join(_narrow(char) for char in text))


def tidy(text: str) -> str:
    """Make every run of space and invisible characters one space."""
    return _SPACE.sub(" ", text).strip()


def quoted(text: str) -> str:
    """Quote a row's words in a flag, shortened where long."""
    words = tidy(text)
    return f"“{words}”" if len(words) <= _LONGEST else f"“{words[:_LONGEST]}……”"


def _narrow(char: str) -> str:
    """Give the half-width form of a full-width digit, letter or percent sign."""
    if "\uff10" <= char <= "\uff19" or "\uff21" <= char <= "\uff3a" or "\uff41" <= char <= "\uff5a":
        return unicodedata.normalize("NFKC", char)
    return char
