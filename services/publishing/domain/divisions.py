"""Division codes: 12 digits, a parent's code with the trailing zero groups filled in."""

from __future__ import annotations

from typing import Final

_GROUPS: Final = (("00000000", 4), ("000000", 6), ("000", 9))


def prefix_of(code: str) -> str:
    """The digits every division below ``code`` (and itself) begins with; takes 4 to 12 digits.

    341300000000 → 3413, 341323000000 → 341323, 341323104000 → 341323104; the short 341323 is read the same way.
    """
    full = code.ljust(12, "0")
    for zeros, length in _GROUPS:
        if full.endswith(zeros):
            return full[:length]
    return full


def is_within(code: str, of: str) -> bool:
    """Whether ``code`` is ``of`` or lies below it."""
    return code.startswith(prefix_of(of))
