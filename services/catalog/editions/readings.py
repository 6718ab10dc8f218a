"""What rows mean. The same words in 130 catalogues are read once."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from gongkai.contracts.matters import MatterReading
from services.catalog.domain.reading import read_row
from services.catalog.domain.rows import MatterRow

_READ: Final = ("content_elements", "legal_basis", "time_limit", "channels", "audience", "mode", "levels")
_KEPT: Final = 20_000


def reading_of(row: MatterRow) -> MatterReading:
    """Give the structure of a row's prose."""
    return _read(tuple(getattr(row, name) for name in _READ))


@lru_cache(maxsize=_KEPT)
def _read(cells: tuple[str, ...]) -> MatterReading:
    return read_row(dict(zip(_READ, cells, strict=True)))
