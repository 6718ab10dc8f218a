"""Division codes (区划代码): 12 digits, a parent's code with the trailing zero groups filled in."""

from __future__ import annotations

from typing import Final

_DIGITS: Final = (4, 6, 9, 12)
_LEVELS: Final = {4: "city", 6: "county", 9: "township", 12: "village"}


def stem(code: str) -> str:
    """Give the digits that a division and everything below it begin with: 341323000000 → 341323."""
    for digits in _DIGITS:
        if not code[digits:].strip("0"):
            return code[:digits]
    return code


def level_of(code: str) -> str:
    """Give a division's level: city, county, township, village."""
    return _LEVELS.get(len(stem(code)), "village")


def upwards(code: str) -> tuple[str, ...]:
    """Give a division and those above it up to its city, the nearest first.

    341323110000 → 341323110000, 341323000000, 341300000000. What is no code of 12 digits has none above.
    """
    if len(code) != _DIGITS[-1] or not code.isdecimal():
        return (code,)
    own = len(stem(code))
    line = (code[:digits].ljust(12, "0") for digits in reversed(_DIGITS) if digits <= own)
    return tuple(dict.fromkeys(line))  # a code that skips a level has nobody at it
