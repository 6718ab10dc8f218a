"""A village's list beside the catalogue above: what one has and the other lacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.villages import VillageItem
from services.catalog.views import villages
from services.catalog.views.reading import Found

_BOARD: Final = "notice_board"
"""村公示栏, as `domain/reading/channels.csv` names it."""


@dataclass(frozen=True, slots=True)
class Check:
    """What the comparison found."""

    catalogue: str
    """The nearest in force; empty: none."""
    edition: int
    both: Sequence[tuple[VillageItem, Found]]
    missing: Sequence[Found]
    """Disclosed in villages by the catalogue, and not in the list."""
    own: Sequence[VillageItem]
    gone: Sequence[VillageItem]
    """They name a matter that the catalogue does not have."""


async def check(conn: AsyncConnection, village: str, items: Sequence[VillageItem], day: date) -> Check:
    """Compare a list with the nearest catalogue in force above the village on a day."""
    catalogue, edition, rows = await villages.rows_above(conn, village, day)
    above = {row.matter: row for row in rows}
    named = {item.matter for item in items}
    return Check(
        catalogue,
        edition,
        [(item, above[item.matter]) for item in items if item.matter in above],
        [row for row in rows if row.matter not in named and for_villages(row.reading)],
        [item for item in items if not item.matter],
        [item for item in items if item.matter and item.matter not in above],
    )


def for_villages(reading: Mapping[str, Any]) -> bool:
    """Tell whether a row is disclosed in villages: by its level, or on their boards."""
    channels = reading.get("channels") or ()
    return "village" in (reading.get("levels") or ()) or any(one["code"] == _BOARD for one in channels)
