"""What catalogues demand of whom, as sets: read once for however many organs share a catalogue."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.oversight.views import tables
from services.oversight.views.coverage import Organ, reach_of


@dataclass(frozen=True, slots=True)
class Demand:
    """What is demanded of one organ."""

    matters: frozenset[str] = frozenset()
    domains: Mapping[str, int] = field(default_factory=dict)
    """How many of them lie in each domain."""


@dataclass(frozen=True, slots=True)
class _Share:
    """The matters of a catalogue with the same 公开主体 and levels, and beside each its domain."""

    levels: tuple[str, ...]
    matters: Sequence[str]
    domains: Sequence[str]


async def demands(conn: AsyncConnection, organs: Collection[Organ]) -> dict[str, Demand]:
    """Give what is demanded of each organ by the edition that holds for it, by its code."""
    bound = {organ.code: organ.edition.catalogue for organ in organs if organ.edition is not None}
    shares = await _shares(conn, set(bound.values()))
    subjects = await _subjects(conn, {organ.division for organ in organs})
    made: dict[tuple[str, str, frozenset[str]], Demand] = {}
    found: dict[str, Demand] = {}
    for organ in organs:
        if organ.code not in bound:
            found[organ.code] = Demand()
            continue
        catalogue, words = bound[organ.code], frozenset(subjects.get((organ.division, organ.code), ()))
        key = catalogue, reach_of(organ.division, catalogue), words
        if key not in made:
            made[key] = _demand(shares[catalogue], key[1], words)
        found[organ.code] = made[key]
    return found


def _demand(shares: Mapping[str, list[_Share]], reach: str, words: Iterable[str]) -> Demand:
    taken = [
        share for subject in words for share in shares.get(subject, ()) if not reach or reach in share.levels
    ]
    domains = Counter(chain.from_iterable(share.domains for share in taken))
    return Demand(frozenset(chain.from_iterable(share.matters for share in taken)), domains)


async def _shares(conn: AsyncConnection, catalogues: Collection[str]) -> dict[str, dict[str, list[_Share]]]:
    """By catalogue and subject words."""
    column = tables.matter.c
    kinds = (column.catalogue, column.subject, column.levels)
    # two texts of one order: a row for every matter of 130 catalogues takes ten times as long to read
    asked = (
        select(
            *kinds,
            func.string_agg(column.matter, "\n").label("matters"),
            func.string_agg(column.domain, "\n").label("domains"),
        )
        .where(column.counted, column.catalogue.in_(catalogues))
        .group_by(*kinds)
    )
    found: dict[str, dict[str, list[_Share]]] = defaultdict(lambda: defaultdict(list))
    for row in await conn.execute(asked):
        share = _Share(tuple(row.levels), row.matters.split("\n"), row.domains.split("\n"))
        found[row.catalogue][row.subject].append(share)
    return found


async def _subjects(conn: AsyncConnection, divisions: Collection[str]) -> dict[tuple[str, str], list[str]]:
    """The words that mean an organ, by division and organ."""
    column = tables.subject_meant.c
    organ = func.unnest(column.organs).label("organ")
    each = select(column.division, column.subject, organ).where(column.division.in_(divisions)).subquery()
    asked = select(each.c.division, each.c.organ, func.array_agg(each.c.subject).label("subjects"))
    rows = await conn.execute(asked.group_by(each.c.division, each.c.organ))
    return {(row.division, row.organ): row.subjects for row in rows}
