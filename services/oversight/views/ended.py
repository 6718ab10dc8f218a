"""The divisions and organs that ended: a few rows at most, read by indexes of their own in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.successions import End, Successions

_ENDED: Final = text("""
    SELECT true AS is_division, code, successor, ended_on FROM division WHERE ended_on IS NOT NULL
    UNION ALL
    SELECT false, code, successor, ended_on FROM organ WHERE ended_on IS NOT NULL AND successor <> ''
""")


@dataclass(frozen=True, slots=True)
class Ended:
    """What had followed what."""

    divisions: Successions
    organs: Successions
    """Whose questions go to whom; an organ that ended without a successor is not among them."""


async def read_ended(conn: AsyncConnection) -> Ended:
    """Read all that ended or will."""
    divisions: dict[str, End] = {}
    organs: dict[str, End] = {}
    for is_division, code, successor, day in await conn.execute(_ENDED):
        (divisions if is_division else organs)[code] = End(successor, day)
    return Ended(Successions(divisions), Successions(organs))
