"""The figures of a division as they stand on a day: rows of the views, held beside each other by the domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, cached_property

from sqlalchemy.ext.asyncio import AsyncConnection

from gongkai.contracts.catalog import FormerName
from gongkai.successions import Successions, name_on
from services.oversight.domain.alignment import (
    Comparison,
    Key,
    Statement,
    begins,
    compare,
    place_in,
)
from services.oversight.domain.sums import Sum, sums
from services.oversight.views import coverage, facts
from services.oversight.views.facts import Found


@dataclass(frozen=True)
class Figures:
    """The statements about a division and what lies in it, and what followed what."""

    division: str
    today: date
    ends: Successions
    statements: Sequence[Statement]

    @cached_property
    def comparisons(self) -> list[Comparison]:
        """All of them, the newest period first."""
        return compare(self.statements)

    def sums(self, divisions: Collection[str]) -> list[Sum]:
        """Hold wholes beside sums. ``divisions``: all that are registered in the division."""
        parents = cache(lambda place, day: (*self.ends.upwards(place, day), "")[1])
        families = cache(lambda day: _families(self.ends, divisions, day))
        return sums(
            self.statements,
            lambda place, period: parents(place, begins(period)),
            lambda place, period: families(begins(period)).get(place, ()),
        )


async def figures_of(conn: AsyncConnection, division: str, today: date, matter: str = "") -> Figures:
    """Read the figures of a division (of what follows it, where it ended), of one matter or of all ("")."""
    ends = await coverage.ended_divisions(conn)
    organs = await facts.ended_organs(conn)
    return await _figures(conn, ends.heir(division, today), today, ends, organs, matter)


async def figures_beside(conn: AsyncConnection, index_number: str, today: date) -> Figures | None:
    """Read the figures of one record and all that others say of the same; None for a record without."""
    own = await facts.facts_of(conn, index_number)
    if not own:
        return None
    ends = await coverage.ended_divisions(conn)
    organs = await facts.ended_organs(conn)
    division = ends.heir(own[0].division, today)
    found = await _figures(conn, division, today, ends, organs, own[0].matter)
    keys = {one.key for one in _statements(own, ends, organs, today)}
    return replace(found, statements=[one for one in found.statements if one.key in keys])


async def _figures(
    conn: AsyncConnection, division: str, today: date, ends: Successions, organs: Successions, matter: str
) -> Figures:
    rows = await facts.facts_in(conn, division, today, ends, matter)
    said = _statements(rows, ends, organs, today)
    if ends.ends:
        inside = cache(lambda place: division in ends.upwards(place, today))
        said = [one for one in said if inside(one.key.place)]
    return Figures(division, today, ends, said)


def _statements(
    rows: Iterable[Found], ends: Successions, organs: Successions, today: date
) -> list[Statement]:
    """Make statements of rows: places as they stood in the period, organs as they are asked today."""
    standing = cache(lambda place, period: place_in(place, period, ends))
    asked = cache(lambda organ: organs.heir(organ, today))
    return [
        Statement(
            Key(row.matter, standing(row.place, row.period), row.period),
            standing(row.division, row.period),
            asked(row.organ),
            row.index_number,
            row.published_on,
            row.version,
            row.amount,
            row.people,
            row.households,
            row.on,
        )
        for row in rows
    ]


async def names_of(conn: AsyncConnection, organs: Collection[str], today: date) -> Mapping[str, str]:
    """Give organs' names on a day, by code."""
    return {
        row.code: name_on(today, row.name, map(FormerName.model_validate, row.former_names))
        for row in await facts.organs_named(conn, organs)
    }


async def titles_of(conn: AsyncConnection, figures: Figures) -> Mapping[str, Found]:
    """Give each matter as the nearest catalogue above the division has it; one that is only below, as it stands there."""
    ends, today = figures.ends, figures.today
    places = {one.key.matter: one.key.place for one in figures.statements}
    line = ends.upwards(figures.division, today)
    found = await _titled(conn, dict.fromkeys(places, line))
    lacking = {matter: ends.upwards(place, today) for matter, place in places.items() if matter not in found}
    return {**found, **(await _titled(conn, lacking))}


async def _titled(conn: AsyncConnection, lines: Mapping[str, Sequence[str]]) -> dict[str, Found]:
    ids = {f"{code}/{matter}": rank for matter, line in lines.items() for rank, code in enumerate(line)}
    rows = await facts.matters_named(conn, ids) if ids else ()
    return {row.matter: row for row in sorted(rows, key=lambda row: -ids[row.id])}  # the nearest stays


def _families(ends: Successions, divisions: Collection[str], day: date) -> Mapping[str, Collection[str]]:
    """Place → the places that were there on a day directly below it."""
    below: dict[str, set[str]] = defaultdict(set)
    for code in divisions:
        line = () if ends.ended(code, day) else ends.upwards(code, day)
        if len(line) > 1:
            below[line[1]].add(code)
    return below
