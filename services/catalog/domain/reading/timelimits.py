"""公开时限 (first step: everything is flagged)."""

from __future__ import annotations

from gongkai.contracts.matters import TimeLimit
from services.catalog.domain.reading.pieces import Reading, quoted


def read_time_limits(text: str) -> Reading[TimeLimit]:
    """Read the clocks of a cell."""
    return Reading((), (f"公开时限{quoted(text)}未能读出，已按原文保留；请核对。",))
