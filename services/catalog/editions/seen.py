"""The version of a draft's row: of the matter's stream, and of the catalogue above that its editor saw."""

from __future__ import annotations

from typing import Final

_SPAN: Final = 1_000_000
"""More events than a matter will ever have."""


def token(upper_edition: int, version: int) -> int:
    """Give the number that travels to an editor and back."""
    return upper_edition * _SPAN + version


def parts(seen: int) -> tuple[int, int]:
    """Give the edition above and the version of the stream that an editor saw."""
    return divmod(max(seen, 0), _SPAN)
