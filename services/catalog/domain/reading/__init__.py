"""Structure out of the prose of a row: what is read is certain, the rest is flagged and never guessed."""

from __future__ import annotations

from services.catalog.domain.reading.row_reading import read_row

__all__ = ["read_row"]
